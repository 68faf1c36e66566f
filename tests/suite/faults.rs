//! Faults in the calls to AWS.

use std::time::Duration;

use eksentry_tests::stand_in::{Fault, FaultKind};
use serde_json::json;

use crate::world::{World, cluster_arn, key, key_arn, private_cluster};

const ROTATION: &str = "kms-cmk-rotation";
const IMPORT: &str = "securityhub.BatchImportFindings";

fn two_keys() -> World {
    World::with(json!({"keys": [key("hit", true), key("fine", true)]}))
}

fn internal() -> FaultKind {
    FaultKind::Error {
        code: "InternalException".into(),
        status: 500,
        message: "out of order".into(),
    }
}

#[test]
fn transient_failures_are_retried() {
    for kind in [FaultKind::Reset, internal(), FaultKind::Latency(300)] {
        let mut world = two_keys();
        for operation in ["kms.*", IMPORT, "securityhub.GetFindings"] {
            world.aws.fail(Fault::new(operation, kind.clone()).times(1));
        }
        let summary = world.sweep();
        assert_eq!(
            (&summary["passed"], &summary["posted"]),
            (&json!(2), &json!(2)),
            "{kind:?}"
        );
        world.end();
    }
}

#[test]
fn an_invalid_response_is_not_available_and_affects_no_other() {
    let mut world = two_keys();
    world.aws.fail(
        Fault::new("kms.GetKeyRotationStatus", FaultKind::Truncated)
            .matching(json!({"KeyId": "hit"})),
    );
    world.sweep();
    assert_eq!(
        world.statuses(),
        [
            "NOT_AVAILABLE INFORMATIONAL kms-cmk-rotation key/hit",
            "PASSED INFORMATIONAL kms-cmk-rotation key/fine"
        ]
    );
    world.end();
}

#[test]
fn a_call_without_response_affects_no_other() {
    let mut world = two_keys();
    let never = FaultKind::Latency(3_600_000);
    let hit = json!({"KeyId": "hit"});
    let fault = Fault::new("kms.GetKeyRotationStatus", never);
    world.aws.fail(fault.matching(hit));
    world.limit(Duration::from_secs(8));
    let error = world.error("sweep", &json!({}));
    assert_eq!(error.error_type, "OutOfTime", "{error}");
    assert_eq!(
        world.statuses(),
        ["PASSED INFORMATIONAL kms-cmk-rotation key/fine"]
    );
    world.end();
}

/// The other users of a role are unknown then, which must not count as none.
#[test]
fn without_a_list_of_clusters_or_node_groups_a_role_is_not_available() {
    let check = "eks-dedicated-cluster-role";
    for (operation, list) in [
        ("eks.ListClusters", "/clusters"),
        ("eks.ListNodegroups", "/nodegroups"),
    ] {
        let mut world = World::with(json!({"clusters": [private_cluster("c")]}));
        world.sweep();
        assert_eq!(
            world.status(check, &cluster_arn("c")),
            "PASSED INFORMATIONAL"
        );
        let missing = FaultKind::Missing(list.to_owned());
        world.aws.fail(Fault::new(operation, missing));
        world.ok("sweep", &json!({"resources": [cluster_arn("c")]}));
        assert_eq!(
            world.status(check, &cluster_arn("c")),
            "NOT_AVAILABLE INFORMATIONAL",
            "{operation}"
        );
        world.end();
    }
}

/// A part of truncated XML can be read; here it lacks the last and worst policy.
#[test]
fn a_truncated_list_of_policies_is_not_available() {
    let policy = |name: &str, action: &str| {
        let statement = json!({"Effect": "Allow", "Action": action, "Resource": "*"});
        json!({"name": name, "document": {"Statement": [statement]}})
    };
    let attached = [
        policy("first", "s3:Get*"),
        policy("second", "s3:Get*"),
        policy("worst", "*"),
    ];
    let mut world = World::with(json!({
        "clusters": [{"name": "c", "roleArn": "arn:aws:iam::111122223333:role/of-c"}],
        "roles": [{"RoleName": "of-c", "attached": attached}],
    }));
    let role = "eks-dedicated-cluster-role";
    let list = "iam.ListAttachedRolePolicies";
    world.aws.fail(Fault::new(list, FaultKind::Truncated));
    world.sweep();
    assert_eq!(
        world.status(role, &cluster_arn("c")),
        "NOT_AVAILABLE INFORMATIONAL"
    );
    let finding = world.finding(role, &cluster_arn("c")).unwrap();
    let why = finding["Compliance"]["StatusReasons"].to_string();
    let expected = "iam:ListAttachedRolePolicies on role of-c failed (the response is invalid)";
    assert!(why.contains(expected), "{why}");
    world.clear_faults();
    world.sweep();
    assert_eq!(world.status(role, &cluster_arn("c")), "FAILED MEDIUM");
    world.end();
}

#[test]
fn an_incomplete_list_archives_nothing() {
    let mut world = two_keys();
    world.change(|account| account.page_size = Some(1));
    world.sweep();
    world.change(|account| account.keys.retain(|key| key.id() == "hit"));
    world.change(|account| account.add(json!({"keys": [key("new", true)]})).unwrap());
    let marker = world
        .aws
        .calls_of("kms.ListKeys")
        .iter()
        .find_map(|call| call.members.get("Marker").cloned())
        .expect("there was a second page");
    world.aws.fail(
        Fault::new("kms.ListKeys", FaultKind::AccessDenied).matching(json!({"Marker": marker})),
    );
    assert_eq!(world.error("sweep", &json!({})).error_type, "NotListed");
    assert_eq!(
        world.status(ROTATION, &key_arn("fine")),
        "PASSED INFORMATIONAL"
    );
    world.end();
}

#[test]
fn findings_of_a_failed_import_are_logged() {
    let mut world = two_keys();
    world.deny(IMPORT);
    let error = world.error("sweep", &json!({}));
    assert_eq!(error.error_type, "NotDelivered");
    for id in ["hit", "fine"] {
        let id = format!("eksentry/{ROTATION}/{}", key_arn(id));
        assert!(world.logs().iter().any(|line| line.contains(&id)), "{id}");
    }
    world.end();
}

#[test]
fn a_sweep_fails_if_security_hub_is_not_enabled() {
    let mut world = two_keys();
    let off = FaultKind::Error {
        code: "InvalidAccessException".into(),
        status: 401,
        message: "Account 111122223333 is not subscribed to AWS Security Hub".into(),
    };
    world.aws.fail(Fault::new("securityhub.*", off));
    let error = world.error("sweep", &json!({}));
    assert_eq!(error.error_type, "NotDelivered");
    for part in ["not subscribed", "turn it on", "EKSENTRY_SECURITY_HUB=off"] {
        assert!(error.error_message.contains(part), "{error}");
    }
    world.end();
}

#[test]
fn a_not_available_finding_names_the_call_and_the_resource() {
    let mut world = two_keys();
    world.aws.fail(
        Fault::new("kms.DescribeKey", FaultKind::AccessDenied).matching(json!({"KeyId": "hit"})),
    );
    world.sweep();
    let finding = world.finding(ROTATION, &key_arn("hit")).unwrap();
    let reason = &finding["Compliance"]["StatusReasons"][0];
    assert_eq!(reason["ReasonCode"], "ACCESS_DENIED");
    let text = reason["Description"].as_str().unwrap();
    for part in ["kms:DescribeKey", "hit"] {
        assert!(text.contains(part), "{text}");
    }
    world.end();
}

#[test]
fn a_throttled_resource_is_not_available_and_affects_no_other() {
    let mut world = two_keys();
    world.aws.fail(
        Fault::new("kms.GetKeyRotationStatus", FaultKind::Throttle)
            .matching(json!({"KeyId": "hit"})),
    );
    let summary = world.sweep();
    assert_eq!(summary["errors"], 0);
    assert_eq!(
        world.statuses(),
        [
            "NOT_AVAILABLE INFORMATIONAL kms-cmk-rotation key/hit",
            "PASSED INFORMATIONAL kms-cmk-rotation key/fine"
        ]
    );
    let finding = world.finding(ROTATION, &key_arn("hit")).unwrap();
    assert_eq!(
        finding["Compliance"]["StatusReasons"][0]["ReasonCode"],
        "THROTTLED"
    );
    world.end();
}
