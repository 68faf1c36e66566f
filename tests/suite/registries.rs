//! The lifecycle policies of repositories, and the scanning of a registry by Amazon Inspector.

use eksentry_tests::stand_in::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::world::{ACCOUNT, REGION, World, repository_arn};

const LIFECYCLE: &str = "ecr-lifecycle-policy";
const SCANNING: &str = "ecr-enhanced-scanning";
const READ_POLICY: &str = "ecr.GetLifecyclePolicy";
const READ_INSPECTOR: &str = "inspector2.BatchGetAccountStatus";
const PASSED: &str = "PASSED INFORMATIONAL";
const LOW: &str = "FAILED LOW";
const HIGH: &str = "FAILED HIGH";
const UNAVAILABLE: &str = "NOT_AVAILABLE INFORMATIONAL";

/// Evaluates one check for the whole Region.
fn sweep(world: &mut World, check: &str) {
    world.ok("sweep", &json!({"checks": [check]}));
}

fn with_policy() -> World {
    let policy = json!({"rules": [{"rulePriority": 1}]});
    World::with_all_enabled(
        json!({"repositories": [{"repositoryName": "app", "lifecycle_policy": policy}]}),
    )
}

fn policy_status(world: &World) -> String {
    world.status(LIFECYCLE, &repository_arn("app"))
}

fn error(code: &str) -> FaultKind {
    FaultKind::Error {
        code: code.to_owned(),
        status: 400,
        message: String::new(),
    }
}

#[test]
fn an_unread_policy_is_not_a_missing_one() {
    for (kind, expected) in [
        (FaultKind::AccessDenied, UNAVAILABLE),
        (FaultKind::Throttle, UNAVAILABLE),
        (error("LifecyclePolicyNotFoundException"), LOW),
        // The repository was deleted between the list and the call.
        (
            error("RepositoryNotFoundException"),
            "ARCHIVED PASSED INFORMATIONAL",
        ),
    ] {
        let mut world = with_policy();
        sweep(&mut world, LIFECYCLE);
        assert_eq!(policy_status(&world), PASSED);
        world.aws.fail(Fault::new(READ_POLICY, kind.clone()));
        sweep(&mut world, LIFECYCLE);
        assert_eq!(policy_status(&world), expected, "{kind:?}");
        world.end();
    }
}

#[test]
fn a_policy_is_read_for_each_repository_and_after_a_push() {
    let mut world = with_policy();
    sweep(&mut world, "ecr-immutable-tags");
    assert_eq!(world.calls(READ_POLICY), 0);
    let detail = json!({
        "action-type": "PUSH", "result": "SUCCESS", "repository-name": "app", "image-tag": "v1",
        "image-digest": format!("sha256:{}", "1".repeat(64)),
    });
    let push = json!({
        "source": "aws.ecr", "detail-type": "ECR Image Action", "account": ACCOUNT, "region": REGION,
        "resources": [], "detail": detail,
    });
    world.ok("ecr-event", &push);
    assert_eq!(
        (policy_status(&world).as_str(), world.calls(READ_POLICY)),
        (PASSED, 1)
    );
    world.end();
}

fn scanned(scan_type: &str, inspector: Value) -> World {
    let entries = json!({"repositories": [{"repositoryName": "app"}], "inspector": inspector});
    let world = World::with(entries).and("EKSENTRY_DISABLED_CHECKS", "");
    let scanning = json!({"scanType": scan_type, "rules": []});
    world.change(|account| account.registry_scanning = scanning.as_object().cloned());
    world
}

fn inspector(account: &str, images: &str) -> Value {
    json!({"state": {"status": account}, "resourceState": {"ecr": {"status": images}}})
}

fn scanning_status(world: &World) -> String {
    world.status(SCANNING, &format!("AWS::::Account:{ACCOUNT}/{REGION}"))
}

#[test]
fn enhanced_scanning_depends_on_the_status_of_inspector() {
    for (scan_type, inspector, expected) in [
        ("ENHANCED", inspector("ENABLED", "ENABLED"), PASSED),
        ("ENHANCED", inspector("ENABLED", "SUSPENDED"), HIGH),
        ("ENHANCED", inspector("DISABLED", "DISABLED"), HIGH),
        ("ENHANCED", inspector("ENABLED", "ENABLING"), "none"),
        (
            "ENHANCED",
            inspector("ENABLED", "SOMETHING_NEW"),
            UNAVAILABLE,
        ),
        ("BASIC", inspector("ENABLED", "ENABLED"), LOW),
    ] {
        let mut world = scanned(scan_type, inspector.clone());
        sweep(&mut world, SCANNING);
        assert_eq!(scanning_status(&world), expected, "{scan_type} {inspector}");
        assert_eq!(world.calls(READ_INSPECTOR), 1);
        world.end();
    }
}

#[test]
fn an_unread_status_matters_only_with_enhanced_scanning() {
    for (scan_type, expected) in [("ENHANCED", UNAVAILABLE), ("BASIC", LOW)] {
        let mut world = scanned(scan_type, inspector("ENABLED", "ENABLED"));
        world.deny(READ_INSPECTOR);
        sweep(&mut world, SCANNING);
        assert_eq!(scanning_status(&world), expected, "{scan_type}");
        world.end();
    }
}

#[test]
fn inspector_is_called_only_for_the_check_and_in_a_region_with_repositories() {
    for (repositories, check) in [
        (json!([]), SCANNING),
        (
            json!([{"repositoryName": "app"}]),
            "config-records-resources",
        ),
    ] {
        let entries = json!({"repositories": repositories});
        let mut world = World::with(entries).and("EKSENTRY_DISABLED_CHECKS", "");
        sweep(&mut world, check);
        assert_eq!(scanning_status(&world), "none");
        assert_eq!(world.calls(READ_INSPECTOR), 0, "{check}");
        world.end();
    }
}
