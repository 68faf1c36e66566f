//! Changes and deletions of resources.

use serde_json::json;

use super::{ENDPOINT, change, two_clusters};
use crate::world::{World, change_event, cluster_arn, key, key_arn};

#[test]
fn a_change_is_reported_as_an_evaluation_and_a_finding() {
    let mut world = two_clusters();
    let event = change(&world, "open", "OK");
    world.ok("config-rule", &event);
    assert_eq!(
        world.evaluations(),
        ["NON_COMPLIANT AWS::EKS::Cluster open"]
    );
    let evaluation = &world.aws.evaluations()[0];
    assert_eq!(evaluation.ordering.to_string(), "2026-03-01T10:00:00.123Z");
    assert!(
        evaluation
            .annotation
            .as_deref()
            .unwrap_or_default()
            .contains("open to the whole internet")
    );
    assert_eq!(
        world.statuses(),
        ["FAILED HIGH eks-endpoint-private cluster/open"]
    );
    world.end();
}

#[test]
fn each_resource_type_is_evaluated() {
    let entries = json!({
        "repositories": [{"repositoryName": "cards/api", "imageTagMutability": "MUTABLE"}],
        "keys": [key("1234abcd", true)],
    });
    let mut world = World::with(entries);
    for (check, kind, id) in [
        ("ecr-immutable-tags", "AWS::ECR::Repository", "cards/api"),
        ("kms-cmk-rotation", "AWS::KMS::Key", "1234abcd"),
    ] {
        let token = world.aws.result_token(check);
        world.ok(
            "config-rule",
            &change_event(&token, check, kind, id, "ResourceDiscovered"),
        );
    }
    assert_eq!(
        world.evaluations(),
        [
            "NON_COMPLIANT AWS::ECR::Repository cards/api",
            "COMPLIANT AWS::KMS::Key 1234abcd"
        ]
    );
    world.end();
}

#[test]
fn resources_out_of_scope_are_not_applicable_and_have_no_finding() {
    let mut world = two_clusters();
    let token = world.aws.result_token("r");
    let other = change_event(&token, ENDPOINT, "AWS::KMS::Key", "1234abcd", "OK");
    let unrecorded = change(&world, "open", "ResourceNotRecorded");
    let mut left_scope = change(&world, "closed", "OK");
    left_scope["eventLeftScope"] = json!("True");
    for event in [other, unrecorded, left_scope] {
        world.ok("config-rule", &event);
    }
    let evaluations = world.evaluations();
    assert!(
        evaluations.len() == 3
            && evaluations
                .iter()
                .all(|line| line.starts_with("NOT_APPLICABLE")),
        "{evaluations:?}"
    );
    assert_eq!(world.statuses(), [""; 0]);
    assert_eq!(world.calls("eks.DescribeCluster"), 0);
    world.end();
}

#[test]
fn a_deleted_clusters_finding_is_archived_once_the_api_confirms_the_deletion() {
    let mut world = two_clusters();
    let event = change(&world, "open", "OK");
    world.ok("config-rule", &event);
    let deleted = change(&world, "open", "ResourceDeleted");
    world.ok("config-rule", &deleted);
    assert_eq!(
        world.evaluations(),
        ["NOT_APPLICABLE AWS::EKS::Cluster open"]
    );
    assert_eq!(
        world.status(ENDPOINT, &cluster_arn("open")),
        "FAILED HIGH",
        "a cluster of this name exists"
    );

    world.change(|account| account.clusters.retain(|cluster| cluster.name() != "open"));
    let deleted = change(&world, "open", "ResourceDeleted");
    world.ok("config-rule", &deleted);
    assert_eq!(
        world.status(ENDPOINT, &cluster_arn("open")),
        "ARCHIVED FAILED HIGH"
    );
    world.end();
}

#[test]
fn leaving_a_rules_scope_archives_no_finding() {
    let mut world = two_clusters();
    let event = change(&world, "open", "OK");
    world.ok("config-rule", &event);
    let mut left = change(&world, "open", "OK");
    left["eventLeftScope"] = json!(true);
    world.ok("config-rule", &left);
    assert_eq!(
        world.evaluations(),
        ["NOT_APPLICABLE AWS::EKS::Cluster open"]
    );
    assert_eq!(world.status(ENDPOINT, &cluster_arn("open")), "FAILED HIGH");
    world.end();
}

#[test]
fn a_deletion_that_the_api_does_not_confirm_archives_nothing() {
    let mut world = two_clusters();
    let event = change(&world, "open", "OK");
    world.ok("config-rule", &event);
    world.deny("eks.DescribeCluster");
    let deleted = change(&world, "open", "ResourceDeleted");
    let error = world.error("config-rule", &deleted);
    assert_eq!(
        error.error_type, "NotAvailable",
        "Lambda must retry the event"
    );
    assert_eq!(
        world.evaluations(),
        ["NOT_APPLICABLE AWS::EKS::Cluster open"]
    );
    assert_eq!(world.status(ENDPOINT, &cluster_arn("open")), "FAILED HIGH");
    world.end();
}

/// AWS Config expects an evaluation for each change.
#[test]
fn a_result_that_is_pending_is_not_applicable() {
    const CHECK: &str = "efs-encrypted";
    const KIND: &str = "AWS::EFS::FileSystem";
    const ID: &str = "fs-0123456789abcdef0";
    let mut world = World::with(json!({"file_systems": [{
        "FileSystemId": ID, "Encrypted": false, "LifeCycleState": "creating",
        "Tags": [{"Key": "efs.csi.aws.com/cluster", "Value": "true"}],
    }]}));
    let token = world.aws.result_token("eksentry-efs-encrypted");
    world.ok("config-rule", &change_event(&token, CHECK, KIND, ID, "OK"));
    assert_eq!(world.evaluations(), [format!("NOT_APPLICABLE {KIND} {ID}")]);
    assert_eq!(world.statuses(), [""; 0]);
    world.end();
}

#[test]
fn a_key_pending_deletion_is_not_applicable_and_its_finding_is_archived() {
    let mut world = World::with(json!({"keys": [key("k", false)]}));
    let event = |world: &World| {
        let token = world.aws.result_token("eksentry-kms-cmk-rotation");
        change_event(&token, "kms-cmk-rotation", "AWS::KMS::Key", "k", "OK")
    };
    let changed = event(&world);
    world.ok("config-rule", &changed);
    assert_eq!(world.evaluations(), ["NON_COMPLIANT AWS::KMS::Key k"]);
    world.change(|account| {
        let members = &mut account.key("k").unwrap().members;
        members.insert("KeyState".into(), json!("PendingDeletion"));
    });
    let changed = event(&world);
    world.ok("config-rule", &changed);
    assert_eq!(world.evaluations(), ["NOT_APPLICABLE AWS::KMS::Key k"]);
    assert_eq!(
        world.status("kms-cmk-rotation", &key_arn("k")),
        "ARCHIVED FAILED MEDIUM"
    );
    world.end();
}
