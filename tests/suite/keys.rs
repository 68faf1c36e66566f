//! The use of keys that are pending deletion, and the keys of repositories.

use eksentry_tests::stand_in::{Fault, FaultKind, Message};
use serde_json::{Value, json};

use crate::world::{
    ACCOUNT, REGION, World, change_event, key_arn, private_cluster, repository_arn,
};

const DELETION: &str = "kms-key-not-pending-deletion";
const OF_REPOSITORY: &str = "ecr-customer-managed-key";
const OF_CLUSTER: &str = "eks-secrets-customer-managed-key";
const PASSED: &str = "PASSED INFORMATIONAL";
const CRITICAL: &str = "FAILED CRITICAL";
const HIGH: &str = "FAILED HIGH";
const LOW: &str = "FAILED LOW";
const WARNING: &str = "WARNING LOW";
const UNAVAILABLE: &str = "NOT_AVAILABLE INFORMATIONAL";

/// Returns a key that is pending deletion.
fn pending(id: &str) -> Value {
    json!({
        "KeyId": id, "KeyState": "PendingDeletion", "CreationDate": "2024-01-01T00:00:00Z",
        "DeletionDate": "2099-01-01T00:00:00Z",
    })
}

fn cluster(name: &str, key: &str) -> Value {
    let mut cluster = private_cluster(name);
    cluster["encryptionConfig"] = json!([{"resources": ["secrets"], "provider": {"keyArn": key}}]);
    cluster
}

fn repository(name: &str, key: &str) -> Value {
    json!({
        "repositoryName": name, "encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": key},
    })
}

fn alias_arn(name: &str) -> String {
    format!("arn:aws:kms:{REGION}:{ACCOUNT}:alias/{name}")
}

/// Evaluates one check for the whole Region.
fn sweep(world: &mut World, check: &str) {
    world.ok("sweep", &json!({"checks": [check]}));
}

/// Returns a world with keys that are pending deletion: one that a cluster names by an alias, one that a repository
/// names, and one that nothing names.
fn world() -> World {
    let mut aliased = pending("of-cluster");
    aliased["aliases"] = json!(["alias/secrets"]);
    World::with(json!({
        "keys": [aliased, pending("of-repository"), pending("of-none"), {"KeyId": "enabled"}],
        "clusters": [cluster("pay", &alias_arn("secrets")), private_cluster("other")],
        "repositories": [repository("app", &key_arn("of-repository")), {"repositoryName": "other"}],
    }))
}

fn statuses(world: &World) -> [String; 4] {
    ["of-cluster", "of-repository", "of-none", "enabled"]
        .map(|id| world.status(DELETION, &key_arn(id)))
}

#[test]
fn a_key_that_a_cluster_or_repository_names_is_in_use() {
    let mut world = world();
    sweep(&mut world, DELETION);
    assert_eq!(statuses(&world), [CRITICAL, CRITICAL, WARNING, PASSED]);
    for (operation, calls) in [
        ("kms.GetKeyLastUsage", 3),
        ("eks.ListClusters", 1),
        ("eks.DescribeCluster", 2),
        ("ecr.DescribeRepositories", 1),
        // The alias is described besides the keys.
        ("kms.DescribeKey", 5),
    ] {
        assert_eq!(world.calls(operation), calls, "{operation}");
    }
    world.end();
}

#[test]
fn clusters_and_repositories_are_read_only_if_a_key_is_pending_deletion() {
    let entries = json!({
        "keys": [{"KeyId": "enabled"}], "clusters": [private_cluster("pay")],
        "repositories": [{"repositoryName": "app"}],
    });
    let mut world = World::with(entries);
    sweep(&mut world, DELETION);
    for operation in [
        "kms.GetKeyLastUsage",
        "eks.ListClusters",
        "ecr.DescribeRepositories",
    ] {
        assert_eq!(world.calls(operation), 0, "{operation}");
    }
    world.end();
}

#[test]
fn a_worker_and_a_rule_find_the_users_of_a_key_as_well() {
    let mut world = world();
    let message = Message {
        queue_url: String::new(),
        id: "keys".to_owned(),
        body: json!({"part": "keys", "checks": [DELETION]}).to_string(),
    };
    assert_eq!(world.work(&[message]), [""; 0]);
    assert_eq!(statuses(&world), [CRITICAL, CRITICAL, WARNING, PASSED]);
    let token = world.aws.result_token(&format!("eksentry-{DELETION}"));
    let event = change_event(&token, DELETION, "AWS::KMS::Key", "of-repository", "OK");
    world.ok("config-rule", &event);
    let evaluations = world.evaluations();
    assert_eq!(evaluations.len(), 1);
    assert!(evaluations[0].contains("NON_COMPLIANT"), "{evaluations:?}");
    world.end();
}

#[test]
fn a_use_that_is_unknown_is_a_failure() {
    for (operation, expected) in [
        ("kms.GetKeyLastUsage", [CRITICAL, CRITICAL, HIGH, PASSED]),
        ("eks.ListClusters", [HIGH, CRITICAL, HIGH, PASSED]),
        ("eks.DescribeCluster", [HIGH, CRITICAL, HIGH, PASSED]),
        ("ecr.DescribeRepositories", [CRITICAL, HIGH, HIGH, PASSED]),
    ] {
        let mut world = world();
        world.deny(operation);
        sweep(&mut world, DELETION);
        assert_eq!(statuses(&world), expected, "{operation}");
        world.end();
    }
}

#[test]
fn a_key_that_was_used_recently_is_in_use() {
    let mut used = pending("used");
    used["last_use"] = json!({
        "KeyLastUsage": {"Operation": "Decrypt", "Timestamp": "2999-01-01T00:00:00Z"},
    });
    let mut world = World::with(json!({"keys": [used]}));
    sweep(&mut world, DELETION);
    assert_eq!(world.status(DELETION, &key_arn("used")), CRITICAL);
    world.end();
}

#[test]
fn the_key_of_many_repositories_is_described_once() {
    let repositories = (0..2_500).map(|number| repository(&format!("r{number}"), &key_arn("k")));
    let mut world = World::with(json!({
        "keys": [{"KeyId": "k", "aliases": ["alias/images"]}],
        "repositories": repositories.collect::<Vec<_>>(),
    }));
    sweep(&mut world, OF_REPOSITORY);
    assert_eq!(world.calls("kms.DescribeKey"), 1);
    assert_eq!(world.calls("kms.ListAliases"), 0);
    let statuses = world.statuses();
    assert_eq!(statuses.len(), 2_500);
    assert!(statuses.iter().all(|line| line.starts_with(PASSED)));
    world.end();
}

#[test]
fn a_parameter_may_name_keys_by_aliases() {
    let elsewhere = format!("arn:aws:kms:{REGION}:444455556666:alias/images");
    for (allowed, expected) in [
        (vec![alias_arn("images")], [PASSED, LOW]),
        (vec![key_arn("of-images")], [PASSED, LOW]),
        (
            vec![alias_arn("images"), key_arn("other")],
            [PASSED, PASSED],
        ),
        (vec![elsewhere], [LOW, LOW]),
    ] {
        let parameters = json!({
            OF_REPOSITORY: {"allowedKeyArns": allowed}, OF_CLUSTER: {"allowedKeyArns": allowed},
        });
        let mut world = World::with(json!({
            "keys": [{"KeyId": "of-images", "aliases": ["alias/images"]}, {"KeyId": "other"}],
            "repositories": [repository("one", &key_arn("of-images")), repository("two", &key_arn("other"))],
            "clusters": [cluster("one", &key_arn("of-images")), cluster("two", &key_arn("other"))],
        }))
        .and("EKSENTRY_PARAMETERS", &parameters.to_string());
        world.ok("sweep", &json!({"checks": [OF_REPOSITORY, OF_CLUSTER]}));
        let of_repositories =
            ["one", "two"].map(|name| world.status(OF_REPOSITORY, &repository_arn(name)));
        let of_clusters = ["one", "two"].map(|name| {
            let arn = format!("arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{name}");
            world.status(OF_CLUSTER, &arn)
        });
        assert_eq!(of_repositories, expected, "{allowed:?}");
        assert_eq!(of_clusters, expected, "{allowed:?}");
        world.end();
    }
}

#[test]
fn without_the_aliases_only_keys_that_are_named_are_allowed() {
    let parameters = json!({
        OF_REPOSITORY: {"allowedKeyArns": [alias_arn("images"), key_arn("named")]},
    });
    let keys = ["aliased", "named", "disabled"];
    let repositories = keys.map(|key| repository(key, &key_arn(key)));
    let mut world = World::with(json!({
        "keys": [
            {"KeyId": "aliased", "aliases": ["alias/images"]}, {"KeyId": "named"},
            {"KeyId": "disabled", "KeyState": "Disabled"},
        ],
        "repositories": repositories,
    }))
    .and("EKSENTRY_PARAMETERS", &parameters.to_string());
    world.deny("kms.ListAliases");
    sweep(&mut world, OF_REPOSITORY);
    for (name, expected) in [
        ("aliased", UNAVAILABLE),
        ("named", PASSED),
        ("disabled", HIGH),
    ] {
        let status = world.status(OF_REPOSITORY, &repository_arn(name));
        assert_eq!(status, expected, "{name}");
    }
    world.end();
}

#[test]
fn a_key_that_can_not_be_described_counts_as_named_only_if_that_is_denied() {
    for (kind, expected) in [
        (FaultKind::AccessDenied, PASSED),
        (FaultKind::Throttle, UNAVAILABLE),
    ] {
        let mut world = World::with(json!({
            "keys": [{"KeyId": "k"}], "repositories": [repository("app", &key_arn("k"))],
        }));
        world.aws.fail(Fault::new("kms.DescribeKey", kind));
        sweep(&mut world, OF_REPOSITORY);
        let status = world.status(OF_REPOSITORY, &repository_arn("app"));
        assert_eq!(status, expected);
        world.end();
    }
}
