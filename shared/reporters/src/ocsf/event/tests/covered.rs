//! The objects that a finding about a namespace or a cluster covers.

use eksentry_core::{ObjectVerdict, Outcome, Reason};

use super::super::covered::COVERED_BYTES;
use super::*;

const CLUSTER: &str = "arn:aws:eks:eu-central-1:111122223333:cluster/prod";

fn cluster() -> Resource {
    Resource::parse(CLUSTER).unwrap()
}

fn object(number: usize, outcome: Outcome, text: &str) -> ObjectVerdict {
    let object = ObjectName {
        namespace: Some("shop".to_owned()),
        kind: "Deployment".to_owned(),
        api_version: "apps/v1".to_owned(),
        plural: "deployments".to_owned(),
        name: format!("web-{number}"),
    };
    ObjectVerdict {
        resource: object.resource(&cluster()).unwrap(),
        name: object.to_string(),
        object: Some(object),
        outcome,
        reasons: vec![Reason::new(ReasonCode::PrivilegedContainer, text)],
    }
}

/// Returns the event of the finding about the namespace `shop` that covers these objects.
fn event(objects: Vec<ObjectVerdict>) -> Value {
    let mut finding = rotation(Rotation::Off);
    finding.resource = ObjectName::namespace("shop", &cluster()).unwrap();
    finding.details = ObjectName::details_of_namespace("shop", &cluster());
    finding.verdict.objects = objects;
    only(&finding)
}

#[test]
fn all_objects_that_a_finding_covers_follow_the_namespace_and_the_cluster() {
    let failing = 3_000;
    let mut objects: Vec<_> = (0..failing)
        .map(|number| object(number, Outcome::Failed(Severity::High), "Seen."))
        .collect();
    objects.push(object(failing, Outcome::Warning, "Odd."));
    objects.push(object(failing + 1, Outcome::NotAvailable, "Unread."));
    objects.push(object(failing + 2, Outcome::Passed, "Muted until May."));
    let event = event(objects);
    assert!(event["metadata"].get("is_truncated").is_none());
    let resources = event["resources"].as_array().unwrap();
    let uids: Vec<&str> = resources
        .iter()
        .filter_map(|one| one["uid"].as_str())
        .collect();
    assert_eq!(uids[..2], [&format!("{CLUSTER}/namespaces/shop"), CLUSTER]);
    assert_eq!(uids.len(), 2 + failing + 3);
    for (number, uid) in uids[2..].iter().enumerate() {
        let expected = format!("{CLUSTER}/namespaces/shop/deployments.apps/web-{number}");
        assert_eq!(*uid, expected);
    }
    for (number, expected) in [
        (0, json!(["Affected", "Fail", "High", "Seen."])),
        (failing, json!(["Affected", "Warning", "Low", "Odd."])),
        (
            failing + 1,
            json!(["Affected", "Unknown", "Informational", "Unread."]),
        ),
        (
            failing + 2,
            json!(["Related", "Pass", "Informational", "Muted until May."]),
        ),
    ] {
        let resource = &resources[2 + number];
        let names = ["name", "type", "namespace", "group", "region"].map(|name| &resource[name]);
        let name = format!("web-{number}");
        let group = json!({"name": "apps"});
        assert_eq!(
            json!(names),
            json!([name, "Deployment", "shop", group, "eu-central-1"])
        );
        let data = &resource["data"];
        let reason = &data["reasons"][0];
        assert_eq!(reason["code"], "PRIVILEGED_CONTAINER");
        let found = json!([
            resource["role"],
            data["status"],
            data["severity"],
            reason["text"]
        ]);
        assert_eq!(found, expected);
    }
}

#[test]
fn the_objects_of_an_event_have_a_maximum_size_and_the_worst_come_first() {
    for (length, is_truncated) in [(1_000, false), (2_000, true)] {
        let text = "x".repeat(length);
        let objects = (0..2_500)
            .map(|number| object(number, Outcome::Failed(Severity::Low), &text))
            .collect();
        let event = event(objects);
        let resources = event["resources"].as_array().unwrap();
        let (subjects, objects) = resources.split_at(2);
        assert_eq!(subjects[1]["uid"], CLUSTER);
        assert_eq!(event["metadata"]["is_truncated"] == true, is_truncated);
        assert_eq!(objects.len() < 2_500, is_truncated);
        let last = format!("web-{}", objects.len() - 1);
        assert_eq!(objects.last().unwrap()["name"], last);
        let bytes: usize = objects.iter().map(|one| one.to_string().len()).sum();
        assert!(
            bytes <= COVERED_BYTES && bytes > COVERED_BYTES / 2,
            "{bytes}"
        );
        assert!(event.to_string().len() < COVERED_BYTES + 64 * 1024);
    }
}

#[test]
fn a_namespace_that_a_check_evaluates_itself_is_not_repeated() {
    let namespace = ObjectName::of_namespace("shop");
    let itself = ObjectVerdict {
        resource: ObjectName::namespace("shop", &cluster()).unwrap(),
        name: namespace.to_string(),
        object: Some(namespace),
        ..object(0, Outcome::Failed(Severity::Low), "Seen.")
    };
    let event = event(vec![itself]);
    assert_eq!(event["resources"].as_array().map(Vec::len), Some(2));
}
