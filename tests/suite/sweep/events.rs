//! The events of `sweep` and `sweep-worker`.

use serde_json::{Value, json};

use super::ROTATION;
use crate::world::{ACCOUNT, REGION, World, cluster_arn, key, key_arn, private_cluster};

#[test]
fn a_sweep_can_be_narrowed_to_checks_and_resources() {
    let mut world = World::with(
        json!({"clusters": [{"name": "one"}, {"name": "two"}], "keys": [key("k", true)]}),
    );
    let narrowed =
        json!({"checks": ["eks-endpoint-private", ROTATION], "resources": [cluster_arn("one")]});
    world.ok("sweep", &narrowed);
    assert_eq!(
        world.statuses(),
        ["FAILED HIGH eks-endpoint-private cluster/one"]
    );
    world.ok("sweep", &json!({"checks": [ROTATION]}));
    assert_eq!(
        world.status(ROTATION, &key_arn("k")),
        "PASSED INFORMATIONAL"
    );
    world.end();
}

#[test]
fn a_sweep_can_be_narrowed_to_an_account_in_all_regions() {
    let clusters = || json!({"clusters": [private_cluster("one")]});
    let mut world = World::with(clusters())
        .and_at(ACCOUNT, "us-east-1", clusters())
        .and("EKSENTRY_REGIONS", "eu-central-1,us-east-1");
    let check = "ebs-encryption-by-default";
    let id = format!("AWS::::Account:{ACCOUNT}");
    let expected = [REGION, "us-east-1"]
        .map(|region| format!("PASSED INFORMATIONAL {check} {ACCOUNT}/{region}"));
    world.ok("sweep", &json!({"checks": [check], "resources": [id]}));
    assert_eq!(world.statuses(), expected);
    assert_eq!(world.calls("eks.DescribeCluster"), 0);
    let here = cluster_arn("one");
    let event = json!({"checks": [check, "eks-endpoint-private"], "resources": [id, here]});
    world.ok("sweep", &event);
    let of_cluster = "PASSED INFORMATIONAL eks-endpoint-private cluster/one".to_owned();
    assert_eq!(world.statuses(), [&expected[..], &[of_cluster]].concat());
    world.end();
}

#[test]
fn errors_name_the_invalid_value() {
    let mut world = World::with(json!({}));
    for (event, mention) in [
        (
            json!({"checks": ["kms-rotation"]}),
            "\"kms-rotation\" is not a check",
        ),
        (
            json!({"resources": ["arn:aws:eks:us-east-1:111122223333:cluster/x"]}),
            "us-east-1",
        ),
        (json!({"resources": ["payments"]}), "payments"),
        (
            json!({"resources": ["AWS::::Account:444455556666"]}),
            "444455556666",
        ),
        (json!({"checks": "all"}), "checks"),
        (json!([]), "{}"),
    ] {
        let error = world.error("sweep", &event);
        assert_eq!(error.error_type, "InvalidEvent");
        assert!(error.error_message.contains(mention), "{error}");
    }
    world.end();
}

#[test]
fn a_worker_processes_messages_independently() {
    let mut world =
        World::with(json!({"clusters": [private_cluster("c")], "keys": [key("k", true)]}));
    world.deny("kms.ListKeys");
    let message =
        |id: &str, body: &str| json!({"messageId": id, "body": body, "eventSource": "aws:sqs"});
    let event = json!({"Records": [
        message("fine", r#"{"checks": ["eks-endpoint-private"], "slice": 7}"#),
        message("poison", "not JSON"),
        message("unknown", r#"{"checks": ["nothing"]}"#),
        message("unlisted", r#"{"checks": ["kms-cmk-rotation"]}"#),
        message("unread", &json!({"checks": [ROTATION], "resources": [key_arn("k")]}).to_string()),
    ]});
    let answer = world.ok("sweep-worker", &event);
    let failures: Vec<&Value> = answer["batchItemFailures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|failure| &failure["itemIdentifier"])
        .collect();
    assert_eq!(failures, ["poison", "unknown", "unlisted"]);
    assert_eq!(
        world.statuses(),
        [
            "PASSED INFORMATIONAL eks-endpoint-private cluster/c",
            "PASSED INFORMATIONAL kms-cmk-rotation key/k"
        ]
    );
    assert_eq!(
        world.error("sweep-worker", &json!({})).error_type,
        "InvalidEvent"
    );
    world.end();
}

#[test]
fn resources_of_a_scheduled_event_are_ignored() {
    let mut world = World::with(json!({"keys": [key("k", true)]}));
    for event in [
        Value::Null,
        json!({"checks": null, "resources": []}),
        json!({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {},
            "resources": ["arn:aws:events:eu-central-1:111122223333:rule/sweep"]}),
        json!({"source": "aws.scheduler", "detail-type": "Scheduled Event", "detail": "{}",
            "resources": ["arn:aws:scheduler:eu-central-1:111122223333:schedule/default/sweep"]}),
    ] {
        let summary = world.ok("sweep", &event);
        assert_eq!(summary["evaluated"], 1, "{event}");
    }
    world.end();
}

#[test]
fn a_narrowed_sweep_finds_other_users_of_a_role() {
    let shared = "arn:aws:iam::111122223333:role/shared";
    let mut world = World::with(json!({
        "clusters": [{"name": "one", "roleArn": shared}, {"name": "two", "roleArn": shared}],
        "roles": [{"RoleName": "shared"}],
    }));
    world.ok(
        "sweep",
        &json!({"checks": ["eks-dedicated-cluster-role"], "resources": [cluster_arn("one")]}),
    );
    assert_eq!(
        world.statuses(),
        ["FAILED MEDIUM eks-dedicated-cluster-role cluster/one"]
    );
    world.end();
}

#[test]
fn a_redelivered_slice_posts_nothing() {
    let ids: Vec<String> = (0..45).map(|n| format!("key-{n:02}")).collect();
    let keys: Vec<Value> = ids.iter().map(|id| key(id, true)).collect();
    let arns: Vec<String> = ids.iter().map(|id| key_arn(id)).collect();
    let mut world = World::with(json!({"keys": keys}));
    let slice =
        json!({"Records": [{"messageId": "m", "body": json!({"resources": arns}).to_string()}]});
    for _ in 0..2 {
        let answer = world.ok("sweep-worker", &slice);
        assert_eq!(answer, json!({"batchItemFailures": []}));
    }
    assert_eq!(world.statuses().len(), 45);
    assert_eq!(world.calls("securityhub.BatchImportFindings"), 1);
    world.end();
}
