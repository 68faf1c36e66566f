//! Cluster roles, which clusters of several Regions can share.

use eksentry_tests::stand_in::{Fault, FaultKind};
use serde_json::json;

use super::{OTHER_REGION, REGIONS, ROLE};
use crate::world::{
    ACCOUNT, CLUSTER, REGION, World, change_event, private_cluster, schedule_event,
};

/// Returns a world with clusters of the same name in two Regions, which share a role.
fn shared_role() -> World {
    let role = format!("arn:aws:iam::{ACCOUNT}:role/shared");
    let cluster = |name: &str| {
        let mut cluster = private_cluster(name);
        cluster["roleArn"] = json!(role);
        cluster
    };
    World::with(
        json!({"clusters": [cluster("twin"), private_cluster("own")], "roles": [{"RoleName": "shared"}]}),
    )
    .and_at(ACCOUNT, OTHER_REGION, json!({"clusters": [cluster("twin")]}))
    .and(REGIONS, "eu-central-1,us-east-1")
}

fn twin(region: &str) -> String {
    format!("arn:aws:eks:{region}:{ACCOUNT}:cluster/twin")
}

#[test]
fn a_role_shared_across_regions_fails_both_clusters() {
    let mut world = shared_role();
    world.sweep();
    for (region, other) in [(REGION, OTHER_REGION), (OTHER_REGION, REGION)] {
        assert_eq!(world.status(ROLE, &twin(region)), "FAILED MEDIUM");
        let finding = world.finding(ROLE, &twin(region)).unwrap();
        let reasons = finding["Compliance"]["StatusReasons"].to_string();
        assert!(
            reasons.contains("cluster twin") && reasons.contains(other),
            "{reasons}"
        );
    }
    let own = format!("arn:aws:eks:{REGION}:{ACCOUNT}:cluster/own");
    assert_eq!(world.status(ROLE, &own), "PASSED INFORMATIONAL");
    world.end();
}

#[test]
fn config_rule_and_sweep_agree_on_a_role_shared_across_regions() {
    let mut swept = shared_role();
    swept.sweep();
    for periodic in [false, true] {
        let mut world = shared_role();
        let token = world.aws.result_token(&format!("eksentry-{ROLE}"));
        let event = if periodic {
            schedule_event(&token, ROLE)
        } else {
            change_event(&token, ROLE, CLUSTER, "twin", "OK")
        };
        world.ok("config-rule", &event);
        let evaluations = world.aws.evaluations();
        let twins = evaluations
            .iter()
            .find(|one| one.resource_id == "twin")
            .unwrap();
        assert_eq!(twins.compliance, "NON_COMPLIANT");
        let annotation = twins.annotation.as_deref().unwrap_or_default();
        assert!(annotation.contains(OTHER_REGION), "{annotation}");
        let finding = |world: &World| {
            let finding = world.finding(ROLE, &twin(REGION)).unwrap();
            (
                finding["Compliance"].clone(),
                finding["ProductFields"]["eksentry/Digest"].clone(),
            )
        };
        assert_eq!(finding(&world), finding(&swept));
        let imports = world.calls("securityhub.BatchImportFindings");
        let narrowed = json!({"checks": [ROLE], "resources": [twin(REGION)]});
        assert_eq!(world.ok("sweep", &narrowed)["posted"], 0);
        assert_eq!(world.calls("securityhub.BatchImportFindings"), imports);
        world.end();
    }
    swept.end();
}

#[test]
fn without_the_list_of_regions_an_unshared_role_is_not_available() {
    let role = format!("arn:aws:iam::{ACCOUNT}:role/shared");
    let sharing = |name: &str| {
        let mut cluster = private_cluster(name);
        cluster["roleArn"] = json!(role);
        cluster
    };
    let entries = || {
        json!({
            "clusters": [private_cluster("own"), sharing("one"), sharing("two")],
            "roles": [{"RoleName": "shared"}],
        })
    };
    let arn = |name: &str| format!("arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{name}");
    let denied = || {
        let world = World::with(entries()).and(REGIONS, "all");
        world.deny("account.ListRegions");
        world
    };
    let mut world = denied();
    let error = world.error("sweep", &json!({}));
    assert_eq!(error.error_type, "NotListed");
    for name in ["one", "two"] {
        assert_eq!(
            world.status(ROLE, &arn(name)),
            "FAILED MEDIUM",
            "a shared role is certain"
        );
    }
    assert_eq!(
        world.status(ROLE, &arn("own")),
        "NOT_AVAILABLE INFORMATIONAL"
    );
    let finding = world.finding(ROLE, &arn("own")).unwrap();
    let reasons = finding["Compliance"]["StatusReasons"].to_string();
    assert!(
        reasons.contains("ACCESS_DENIED") && reasons.contains("account:ListRegions"),
        "{reasons}"
    );
    for name in ["own", "one"] {
        let status = world.status("eks-endpoint-private", &arn(name));
        assert_eq!(status, "PASSED INFORMATIONAL");
    }
    world.end();

    for (name, evaluation) in [("one", Some("NON_COMPLIANT")), ("own", None)] {
        let mut world = denied();
        let token = world.aws.result_token(&format!("eksentry-{ROLE}"));
        let event = change_event(&token, ROLE, CLUSTER, name, "OK");
        let outcome = world.invoke("config-rule", &event).outcome;
        let evaluations = world.aws.evaluations();
        let put = evaluations.first().map(|one| one.compliance.as_str());
        assert_eq!((outcome.is_ok(), put), (evaluation.is_some(), evaluation));
        world.end();
    }
}

#[test]
fn if_another_region_cannot_be_read_a_role_is_not_available() {
    let mut world = World::with(json!({"clusters": [private_cluster("own")]}))
        .and_at(
            ACCOUNT,
            OTHER_REGION,
            json!({"clusters": [private_cluster("hidden")]}),
        )
        .and(REGIONS, "eu-central-1,us-east-1");
    world.aws.fail(
        Fault::new("eks.DescribeCluster", FaultKind::AccessDenied)
            .matching(json!({"name": "hidden"})),
    );
    world.sweep();
    let own = format!("arn:aws:eks:{REGION}:{ACCOUNT}:cluster/own");
    assert_eq!(world.status(ROLE, &own), "NOT_AVAILABLE INFORMATIONAL");
    world.end();
}
