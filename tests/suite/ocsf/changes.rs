//! The events of `config-rule` and `ecr-event`, which evaluate what has changed.

use serde_json::{Value, json};

use super::{DIGEST, HUB, an_image, lake, lines_of, text};
use crate::world::{
    ACCOUNT, CLUSTER, REGION, World, change_event, cluster_arn, private_cluster, repository_arn,
    schedule_event,
};

const ENDPOINT: &str = "eks-endpoint-private";
const SCAN: &str = "ecr-image-scan-findings";

fn image_arn() -> String {
    format!("{}/{DIGEST}", repository_arn("app"))
}

#[test]
fn rule_evaluations_are_written_except_in_test_mode() {
    let mut world = lake(json!({"clusters": [private_cluster("payments")]}));
    let event = |world: &World, token: &str| {
        let token = if token == "TESTMODE" {
            token.to_owned()
        } else {
            world.aws.result_token(token)
        };
        change_event(&token, ENDPOINT, CLUSTER, "payments", "OK")
    };
    let passed = [
        "Compliance Finding: Unknown | Resolved | Informational | Pass | eks-endpoint-private | payments",
    ];
    let change = event(&world, "eksentry-eks-endpoint-private");
    world.ok("config-rule", &change);
    assert_eq!(world.take_lines(), passed);

    let schedule = schedule_event(
        &world.aws.result_token("eksentry-eks-endpoint-private"),
        ENDPOINT,
    );
    world.ok("config-rule", &schedule);
    assert_eq!(world.take_lines(), passed);

    let test = event(&world, "TESTMODE");
    world.ok("config-rule", &test);
    let mut proactive = event(&world, "eksentry-eks-endpoint-private");
    proactive["evaluationMode"] = json!("PROACTIVE");
    world.ok("config-rule", &proactive);
    assert_eq!(world.take_lines(), [""; 0]);
    world.end();
}

#[test]
fn a_rule_closes_the_finding_of_a_deleted_resource_without_security_hub() {
    let mut world = lake(json!({"clusters": []})).and(HUB, "off");
    let token = world.aws.result_token("eksentry-eks-endpoint-private");
    let deleted = change_event(&token, ENDPOINT, CLUSTER, "payments", "ResourceDeleted");
    world.ok("config-rule", &deleted);
    let (_, events) = world.take();
    assert_eq!(
        lines_of(&events),
        [
            "Compliance Finding: Close | Resolved | Informational | Not Applicable | eks-endpoint-private | payments"
        ]
    );
    assert_eq!(
        text(&events[0], "/resources/0/uid"),
        cluster_arn("payments")
    );
    world.end();
}

#[test]
fn a_finding_is_written_when_an_image_is_scanned_and_closed_when_it_is_deleted() {
    let mut world = lake(an_image());
    let event = |kind: &str, detail: Value| {
        json!({
            "version": "0", "source": "aws.ecr", "detail-type": kind, "account": ACCOUNT, "region": REGION,
            "time": "2026-03-01T10:00:00Z", "resources": [], "detail": detail,
        })
    };
    let scanned = json!({
        "scan-status": "COMPLETE", "repository-name": "app", "image-digest": DIGEST, "image-tags": ["1.0"],
        "finding-severity-counts": {"CRITICAL": 1},
    });
    world.ok("ecr-event", &event("ECR Image Scan", scanned));
    let (_, events) = world.take();
    let classes: Vec<&str> = events
        .iter()
        .map(|event| text(event, "/class_name"))
        .collect();
    assert_eq!(classes, ["Compliance Finding", "Vulnerability Finding"]);
    assert_eq!(
        text(&events[0], "/finding_info/uid"),
        format!("eksentry/{SCAN}/{}", image_arn())
    );

    world.change(|account| account.repositories[0].images.clear());
    let deleted = json!({
        "result": "SUCCESS", "action-type": "DELETE", "repository-name": "app", "image-digest": DIGEST, "image-tag": "",
    });
    world.ok("ecr-event", &event("ECR Image Action", deleted));
    assert_eq!(world.take().1[0]["type_name"], "Compliance Finding: Close");
    world.end();
}
