//! Disabled checks.

use serde_json::{Value, json};

use crate::world::{World, cluster_arn, key, key_arn, private_cluster};

const ROTATION: &str = "kms-cmk-rotation";
const ENDPOINT: &str = "eks-endpoint-private";
const DISABLED: &str = "EKSENTRY_DISABLED_CHECKS";

fn world() -> World {
    World::with(json!({"keys": [key("k", false)], "clusters": [private_cluster("c")]}))
}

#[test]
fn a_disabled_check_is_not_evaluated_and_the_others_are() {
    let mut world = world().and(DISABLED, ROTATION);
    let summary = world.sweep();
    assert_eq!(summary["checks"].get(ROTATION), None);
    assert_eq!(world.status(ROTATION, &key_arn("k")), "none");
    assert_eq!(
        world.status(ENDPOINT, &cluster_arn("c")),
        "PASSED INFORMATIONAL"
    );
    world.end();
}

/// The check is the only one about keys, so the sweep must archive findings of a kind for which no check is enabled.
#[test]
fn findings_of_a_disabled_check_are_archived_until_it_is_enabled() {
    let mut world = world();
    world.sweep();
    let endpoint = world.status(ENDPOINT, &cluster_arn("c"));
    world = world.and(DISABLED, ROTATION);
    assert_eq!(world.sweep()["archived"], 1);
    assert_eq!(
        world.status(ROTATION, &key_arn("k")),
        "ARCHIVED FAILED MEDIUM"
    );
    assert_eq!(world.status(ENDPOINT, &cluster_arn("c")), endpoint);
    world = world.and(DISABLED, "");
    world.sweep();
    assert_eq!(world.status(ROTATION, &key_arn("k")), "FAILED MEDIUM");
    world.end();
}

#[test]
fn a_narrowed_sweep_archives_nothing_of_a_disabled_check() {
    let mut world = world();
    world.sweep();
    world = world.and(DISABLED, ROTATION);
    world.ok("sweep", &json!({"checks": [ENDPOINT]}));
    world.ok("sweep", &json!({"resources": [key_arn("k")]}));
    assert_eq!(world.status(ROTATION, &key_arn("k")), "FAILED MEDIUM");
    world.end();
}

#[test]
fn a_disabled_check_is_evaluated_if_the_event_names_it() {
    let mut world = world().and(DISABLED, ROTATION);
    world.ok("sweep", &json!({"checks": [ROTATION]}));
    assert_eq!(world.status(ROTATION, &key_arn("k")), "FAILED MEDIUM");
    world.end();
}

#[test]
fn events_skip_a_disabled_check() {
    let repository = json!({"repositoryName": "app", "imageTagMutability": "MUTABLE"});
    let mut world =
        World::with(json!({"repositories": [repository]})).and(DISABLED, "ecr-immutable-tags");
    let push = json!({
        "source": "aws.ecr", "detail-type": "ECR Image Action",
        "detail": {"result": "SUCCESS", "action-type": "PUSH", "repository-name": "app"},
    });
    world.ok("ecr-event", &push);
    let checks: Vec<Value> = world
        .aws
        .findings()
        .iter()
        .map(|finding| finding["GeneratorId"].clone())
        .collect();
    assert!(checks.contains(&"eksentry/ecr-scan-on-push".into()));
    assert!(!checks.contains(&"eksentry/ecr-immutable-tags".into()));
    world.end();
}

#[test]
fn an_unknown_disabled_check_error_lists_the_known_checks() {
    let mut world = world().and(DISABLED, "kms-rotation");
    let error = world.error("sweep", &json!({}));
    assert_eq!(error.error_type, "InvalidSettings");
    for part in [DISABLED, "kms-rotation", ROTATION] {
        assert!(error.error_message.contains(part), "{error}");
    }
    assert!(world.aws.findings().is_empty());
    world.end();
}
