//! The events of a sweep, which evaluates all resources.

use std::collections::BTreeMap;

use eksentry_tests::account::Parameter;
use serde_json::json;

use super::{an_image, lake, lines_of, text, two_keys};
use crate::world::{World, key, key_arn, private_cluster};

const SCANS: &str = "ecr.DescribeImageScanFindings";

#[test]
fn every_run_writes_every_verdict() {
    let mut world = lake(two_keys());
    let expected = [
        "Compliance Finding: Unknown | New | Medium | Fail | kms-cmk-rotation | off",
        "Compliance Finding: Unknown | Resolved | Informational | Pass | kms-cmk-rotation | on",
    ];
    world.sweep();
    assert_eq!(world.take_lines(), expected);
    // Nothing has changed, so no findings are sent to Security Hub.
    assert_eq!(world.sweep()["posted"], 0);
    assert_eq!(world.take_lines(), expected);
    world.end();
}

#[test]
fn findings_of_deleted_resources_are_closed() {
    let mut world = lake(two_keys());
    world.sweep();
    world.take();
    world.change(|account| account.keys.retain(|key| key.members["KeyId"] != "off"));
    assert_eq!(world.sweep()["archived"], 1);
    assert_eq!(
        world.take_lines(),
        [
            "Compliance Finding: Close | Resolved | Informational | Not Applicable | kms-cmk-rotation | off",
            "Compliance Finding: Unknown | Resolved | Informational | Pass | kms-cmk-rotation | on",
        ]
    );
    // The closing event is written once: then the finding is archived.
    world.sweep();
    assert_eq!(world.take_lines().len(), 1);
    // A sweep that names the key reports again that the key does not exist.
    world.ok("sweep", &json!({"resources": [key_arn("off")]}));
    assert_eq!(
        world.take_lines(),
        [
            "Compliance Finding: Close | Resolved | Informational | Not Applicable | kms-cmk-rotation | off"
        ]
    );
    world.end();
}

#[test]
fn findings_of_unlisted_resources_are_not_closed() {
    let mut world = lake(two_keys());
    world.sweep();
    world.take();
    world.deny("kms.ListKeys");
    world.error("sweep", &json!({}));
    assert_eq!(world.take_lines(), [""; 0]);
    world.end();
}

#[test]
fn findings_of_unread_resources_are_unknown() {
    let mut world = lake(two_keys());
    world.deny("kms.GetKeyRotationStatus");
    world.sweep();
    let (_, events) = world.take();
    for event in &events {
        assert_eq!(event["status"], "Unknown");
        assert_eq!(event["compliance"]["status_id"], 0);
        assert!(
            text(event, "/status_detail").contains("kms:GetKeyRotationStatus"),
            "{event}"
        );
    }
    assert_eq!(events.len(), 2);
    world.end();
}

#[test]
fn muted_findings_are_suppressed_with_their_reason() {
    let mut muted = key("off", false);
    muted["tags"] = json!({"team": "cards"});
    let keys = json!({"keys": [key("on", true), muted]});
    let mut world = lake(keys).and("EKSENTRY_MUTE_LIST", "/eksentry/mute-list");
    let list =
        json!([{"check": "*", "tag": "team=cards", "reason": "SEC-1", "until": "2999-12-31"}]);
    world.change(|account| {
        account.parameters.push(Parameter {
            name: "/eksentry/mute-list".to_owned(),
            value: list.to_string(),
            kind: None,
        });
    });
    world.sweep();
    let (_, events) = world.take();
    assert_eq!(
        lines_of(&events)[1],
        "Compliance Finding: Unknown | Suppressed | Informational | Pass | kms-cmk-rotation | off"
    );
    let muted = events
        .iter()
        .find(|event| event["status"] == "Suppressed")
        .unwrap();
    assert_eq!(muted["status_detail"], "Muted until 2999-12-31: SEC-1.");
    world.end();
}

#[test]
fn events_contain_the_tags_of_resources() {
    let mut entries = an_image();
    entries["repositories"][0]["tags"] = json!({"team": "app"});
    let (mut tagged_key, mut cluster) = (key("k", true), private_cluster("payments"));
    tagged_key["tags"] = json!({"team": "keys"});
    cluster["tags"] = json!({"team": "pay"});
    entries["keys"] = json!([tagged_key]);
    entries["clusters"] = json!([cluster]);
    let mut world = lake(entries);
    world.sweep();
    let (_, events) = world.take();
    let tags: BTreeMap<&str, &str> = events
        .iter()
        .map(|event| {
            (
                text(event, "/resources/0/type"),
                text(event, "/resources/0/tags/0/value"),
            )
        })
        .collect();
    let expected = [
        ("AwsEcrContainerImage", ""),
        ("AwsEcrRepository", "app"),
        ("AwsEksCluster", "pay"),
        ("AwsKmsKey", "keys"),
    ];
    assert_eq!(tags, BTreeMap::from(expected));
    world.end();
}

#[test]
fn events_of_images_with_an_unchanged_scan_are_written() {
    let entries = an_image();
    let mut without_ocsf = World::with(entries.clone());
    without_ocsf.sweep();
    let calls = without_ocsf.calls(SCANS);
    without_ocsf.sweep();
    assert_eq!(without_ocsf.calls(SCANS), calls);
    without_ocsf.end();

    let mut world = lake(entries);
    world.sweep();
    let first = world.take_lines();
    assert_eq!(world.sweep()["posted"], 0);
    assert_eq!(world.take_lines(), first);
    assert_eq!(first.len(), 4);
    world.end();
}
