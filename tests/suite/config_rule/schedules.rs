//! Periodic evaluations of all resources of a type.

use eksentry_tests::stand_in::{Fault, FaultKind};
use serde_json::{Value, json};

use super::{ENDPOINT, change, two_clusters};
use crate::world::{World, cluster_arn, key, key_arn, schedule_event};

#[test]
fn a_schedule_evaluates_each_resource_and_cleans_up_deleted_ones() {
    let mut world = two_clusters();
    let event = change(&world, "open", "OK");
    world.ok("config-rule", &event);
    world.change(|account| account.clusters.retain(|cluster| cluster.name() != "open"));
    let token = world.aws.result_token("eksentry-eks-endpoint-private");
    world.ok("config-rule", &schedule_event(&token, ENDPOINT));
    assert_eq!(
        world.evaluations(),
        [
            "COMPLIANT AWS::EKS::Cluster closed",
            "NOT_APPLICABLE AWS::EKS::Cluster open"
        ]
    );
    assert_eq!(
        world.status(ENDPOINT, &cluster_arn("open")),
        "ARCHIVED FAILED HIGH"
    );
    world.end();
}

#[test]
fn evaluations_are_sent_in_batches_of_at_most_100() {
    let keys: Vec<Value> = (0..250)
        .map(|n| key(&format!("key-{n:03}"), true))
        .collect();
    let mut world = World::with(json!({"keys": keys}));
    let token = world.aws.result_token("eksentry-kms-cmk-rotation");
    world.ok("config-rule", &schedule_event(&token, "kms-cmk-rotation"));
    assert_eq!(
        (
            world.evaluations().len(),
            world.calls("config.PutEvaluations")
        ),
        (250, 3)
    );
    assert_eq!(
        (
            world.statuses().len(),
            world.calls("securityhub.BatchImportFindings")
        ),
        (250, 3)
    );
    world.end();
}

#[test]
fn a_denied_resource_is_not_available_and_affects_no_other() {
    let mut world = World::with(json!({"keys": [key("denied", true), key("fine", true)]}));
    world.aws.fail(
        Fault::new("kms.DescribeKey", FaultKind::AccessDenied).matching(json!({"KeyId": "denied"})),
    );
    let token = world.aws.result_token("eksentry-kms-cmk-rotation");
    let error = world.error("config-rule", &schedule_event(&token, "kms-cmk-rotation"));
    assert_eq!(error.error_type, "NotAvailable");
    assert_eq!(world.evaluations(), ["COMPLIANT AWS::KMS::Key fine"]);
    assert_eq!(
        world.status("kms-cmk-rotation", &key_arn("denied")),
        "NOT_AVAILABLE INFORMATIONAL"
    );
    assert_eq!(
        world.status("kms-cmk-rotation", &key_arn("fine")),
        "PASSED INFORMATIONAL"
    );
    world.end();
}

#[test]
fn evaluations_of_a_schedule_have_its_time() {
    let mut world = two_clusters();
    let token = world.aws.result_token("eksentry-eks-endpoint-private");
    world.ok("config-rule", &schedule_event(&token, ENDPOINT));
    let times: Vec<String> = world
        .aws
        .evaluations()
        .iter()
        .map(|evaluation| evaluation.ordering.to_string())
        .collect();
    assert_eq!(times, ["2026-03-01T10:00:01Z", "2026-03-01T10:00:01Z"]);
    world.end();
}

#[test]
fn a_schedule_with_an_incomplete_list_cleans_up_nothing() {
    let mut world = World::with(json!({"keys": [key("k", true)]}));
    for denied in [false, true] {
        if denied {
            world.change(|account| account.keys.clear());
            world.deny("kms.ListKeys");
        }
        let token = world.aws.result_token("eksentry-kms-cmk-rotation");
        let outcome = world.invoke("config-rule", &schedule_event(&token, "kms-cmk-rotation"));
        let error = outcome.outcome.err().map(|error| error.error_type);
        assert_eq!(error.as_deref(), denied.then_some("NotListed"));
        assert_eq!(world.evaluations(), ["COMPLIANT AWS::KMS::Key k"]);
        assert_eq!(
            world.status("kms-cmk-rotation", &key_arn("k")),
            "PASSED INFORMATIONAL"
        );
    }
    world.end();
}

#[test]
fn a_schedule_in_test_mode_posts_no_finding_and_records_nothing() {
    let mut world = two_clusters();
    // AWS Config then knows the rule, which has no evaluations yet.
    world.aws.result_token("eksentry-eks-endpoint-private");
    world.ok("config-rule", &schedule_event("TESTMODE", ENDPOINT));
    let calls = world.aws.calls_of("config.PutEvaluations");
    assert!(
        !calls.is_empty() && calls.iter().all(|call| call.members["TestMode"] == true),
        "{calls:?}"
    );
    assert_eq!(world.evaluations(), [""; 0]);
    assert_eq!(world.calls("securityhub.BatchImportFindings"), 0);
    world.end();
}
