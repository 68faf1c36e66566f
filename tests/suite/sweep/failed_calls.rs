//! Calls that are denied, throttled or answered with an error.

use eksentry_tests::stand_in::{Fault, FaultKind};
use serde_json::json;

use super::ROTATION;
use crate::world::{World, cluster_arn, key, key_arn, private_cluster};

#[test]
fn a_denied_resource_is_not_available_and_the_sweep_succeeds() {
    let mut world = World::with(
        json!({"clusters": [private_cluster("one"), private_cluster("two")], "keys": [key("k", true)]}),
    );
    world.aws.fail(
        Fault::new("eks.DescribeCluster", FaultKind::AccessDenied).matching(json!({"name": "one"})),
    );
    let summary = world.sweep();
    assert_eq!(
        world.status("eks-endpoint-private", &cluster_arn("one")),
        "NOT_AVAILABLE INFORMATIONAL"
    );
    assert_eq!(
        world.status("eks-endpoint-private", &cluster_arn("two")),
        "PASSED INFORMATIONAL"
    );
    assert_eq!(
        world.status("eks-dedicated-cluster-role", &cluster_arn("two")),
        "NOT_AVAILABLE INFORMATIONAL",
        "the cluster that can't be read may use the same role"
    );
    assert_eq!(summary["errors"], 0);
    world.end();
}

#[test]
fn a_shared_role_fails_even_if_iam_cannot_be_read() {
    let mut world = World::with(json!({"clusters": [
        {"name": "one", "roleArn": "arn:aws:iam::111122223333:role/shared"},
        {"name": "two", "roleArn": "arn:aws:iam::111122223333:role/shared"},
    ], "roles": [{"RoleName": "shared"}]}));
    world.deny("iam.*");
    world.sweep();
    assert_eq!(
        world.status("eks-dedicated-cluster-role", &cluster_arn("one")),
        "FAILED MEDIUM"
    );
    world.end();
}

#[test]
fn a_denied_list_is_an_error_and_archives_nothing_of_its_kind() {
    let entries = json!({"clusters": [private_cluster("c")], "keys": [key("k", true)], "repositories": [{"repositoryName": "repo", "images": [{"scan": {}}]}]});
    for (operation, kept) in [
        ("eks.ListClusters", "cluster/"),
        ("kms.ListKeys", "key/"),
        ("ecr.DescribeRepositories", "repository/"),
        ("ecr.DescribeImages", "/sha256:"),
    ] {
        let mut world = World::with(entries.clone());
        world.sweep();
        world.change(|account| {
            account.clusters.clear();
            account.keys.clear();
            if operation == "ecr.DescribeImages" {
                account.repository("repo").unwrap().images.clear();
            } else {
                account.repositories.clear();
            }
        });
        world.deny(operation);
        assert_eq!(
            world.error("sweep", &json!({})).error_type,
            "NotListed",
            "{operation}"
        );
        for line in world.statuses() {
            let stays = line.contains(kept)
                || operation == "ecr.DescribeImages" && line.contains("repository/");
            assert_eq!(!line.starts_with("ARCHIVED"), stays, "{operation}: {line}");
        }
        world.end();
    }
}

#[test]
fn throttled_calls_are_retried() {
    let mut world =
        World::with(json!({"clusters": [private_cluster("c")], "keys": [key("k", true)]}));
    for operation in ["eks.*", "kms.*", "iam.*", "securityhub.*"] {
        world
            .aws
            .fail(Fault::new(operation, FaultKind::Throttle).times(1));
    }
    assert_eq!(world.sweep()["notAvailable"], 0);
    world.end();
}

#[test]
fn unlisted_images_keep_their_findings_and_affect_no_other_repository() {
    let repository = |name: &str| json!({"repositoryName": name, "images": [{"imageTags": ["gone"], "scan": {}}, {"scan": {}}]});
    let mut world =
        World::with(json!({"repositories": [repository("denied"), repository("fine")]}));
    world.sweep();
    world.change(|account| {
        for repository in &mut account.repositories {
            repository.images.retain(|image| !image.has_tag("gone"));
        }
    });
    world.aws.fail(
        Fault::new("ecr.DescribeImages", FaultKind::AccessDenied)
            .matching(json!({"repositoryName": "denied"})),
    );
    let error = world.error("sweep", &json!({}));
    assert_eq!(error.error_type, "NotListed");
    assert!(error.error_message.contains("denied"), "{error}");
    let archived: Vec<String> = world
        .statuses()
        .into_iter()
        .filter(|line| line.starts_with("ARCHIVED"))
        .collect();
    assert!(
        archived.len() == 1 && archived[0].contains("repository/fine/"),
        "{archived:?}"
    );
    world.end();
}

#[test]
fn a_resource_that_can_no_longer_be_read_is_not_available_and_not_archived() {
    let mut world = World::with(json!({"keys": [key("denied", true), key("fine", true)]}));
    world.sweep();
    world.aws.fail(
        Fault::new("kms.DescribeKey", FaultKind::AccessDenied).matching(json!({"KeyId": "denied"})),
    );
    let summary = world.sweep();
    assert_eq!(
        (
            &summary["posted"],
            &summary["unchanged"],
            &summary["archived"]
        ),
        (&json!(1), &json!(1), &json!(0))
    );
    let finding = world.finding(ROTATION, &key_arn("denied")).unwrap();
    assert_eq!(
        world.status(ROTATION, &key_arn("denied")),
        "NOT_AVAILABLE INFORMATIONAL"
    );
    assert!(
        finding["Compliance"]["StatusReasons"][0]["ReasonCode"].is_string(),
        "{finding:?}"
    );
    world.end();
}

#[test]
fn a_resource_deleted_during_a_sweep_has_no_finding() {
    let mut world = World::with(json!({"keys": [key("gone", true), key("fine", true)]}));
    let gone = FaultKind::Error {
        code: "NotFoundException".into(),
        status: 400,
        message: "Key 'gone' does not exist".into(),
    };
    world
        .aws
        .fail(Fault::new("kms.DescribeKey", gone).matching(json!({"KeyId": "gone"})));
    assert_eq!(world.sweep()["errors"], 0);
    assert_eq!(
        world.statuses(),
        ["PASSED INFORMATIONAL kms-cmk-rotation key/fine"]
    );
    world.end();
}

#[test]
fn an_unread_scanning_configuration_affects_only_scan_on_push() {
    let mut world = World::with(
        json!({"repositories": [{"repositoryName": "repo", "imageTagMutability": "IMMUTABLE"}]}),
    );
    world.deny("ecr.GetRegistryScanningConfiguration");
    world.sweep();
    assert_eq!(
        world.statuses(),
        [
            "NOT_AVAILABLE INFORMATIONAL ecr-scan-on-push repository/repo",
            "PASSED INFORMATIONAL ecr-immutable-tags repository/repo",
        ]
    );
    world.end();
}
