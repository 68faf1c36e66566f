//! `eksentry policy`: the policy that it prints is enough for a scan of the same checks.

use eksentry_core::checks::CHECKS;
use serde_json::Value;

use super::{Desk, World};

/// Returns the printed policy.
fn policy(desk: &Desk, options: &[&str]) -> Value {
    let ran = desk.run_with(Vec::new(), &[&["policy"], options].concat());
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    serde_json::from_str(&ran.stdout).unwrap()
}

#[test]
fn the_policy_of_each_check_allows_its_scan() {
    let desk = Desk::new("policies");
    let world = World::demo().with_all_checks();
    let mut denied = Vec::new();
    for check in CHECKS.iter().filter(|check| !check.id.starts_with("k8s-")) {
        let policy = policy(&desk, &["--checks", check.id]);
        let environment = world.aws.sign_in_with_policy(&policy).unwrap();
        let before = world.aws.denials().len();
        let ran = desk.run_with(environment, &["scan", "--quiet", "--checks", check.id]);
        let denials = world.aws.denials().split_off(before);
        denied.extend(
            denials
                .iter()
                .map(|denial| format!("{}: {denial}", check.id)),
        );
        assert_eq!(ran.stderr, "", "{}", check.id);
    }
    assert_eq!(denied, [""; 0]);
    world.end();
}

#[test]
fn a_policy_without_a_permission_is_not_enough() {
    let desk = Desk::new("too-little");
    let world = World::demo();
    let policy = policy(&desk, &["--checks", "eks-endpoint-private"]);
    let environment = world.aws.sign_in_with_policy(&policy).unwrap();
    let ran = desk.run_with(
        environment,
        &["scan", "--quiet", "--checks", "kms-cmk-rotation"],
    );
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("kms:ListKeys"), "{}", ran.stderr);
    assert!(!world.aws.denials().is_empty());
}

#[test]
fn roles_in_clusters_are_printed_for_kubectl() {
    let desk = Desk::new("cluster-roles");
    let ran = desk.run_with(Vec::new(), &["policy", "--kubernetes", "--cluster-role"]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(ran.stdout.contains("kind: ClusterRole\n") && !ran.stdout.contains("[secrets]"));
}
