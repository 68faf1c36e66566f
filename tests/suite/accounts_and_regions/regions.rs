//! Other Regions of an account: which are evaluated, and when they are listed.

use std::collections::BTreeSet;
use std::time::Duration;

use eksentry_tests::stand_in::{Fault, FaultKind};
use serde_json::json;

use super::{OTHER_REGION, REGIONS, ROLE, keys, line, places};
use crate::world::{
    ACCOUNT, CLUSTER, REGION, World, change_event, key, key_arn, private_cluster, schedule_event,
};

const ROTATION: &str = "kms-cmk-rotation";

#[test]
fn findings_are_posted_in_their_own_region() {
    for regions in ["eu-central-1,us-east-1", "all"] {
        let mut world = World::with(keys("here"))
            .and_at(ACCOUNT, OTHER_REGION, keys("away"))
            .and(REGIONS, regions);
        assert_eq!(world.sweep()["evaluated"], 2);
        let expected = [
            line(ACCOUNT, REGION, "key/here"),
            line(ACCOUNT, OTHER_REGION, "key/away"),
        ];
        assert_eq!(places(&world), expected, "{regions}");
        world.end();
    }
}

#[test]
fn only_the_configured_regions_are_evaluated() {
    let mut world = World::with(keys("here"))
        .and_at(ACCOUNT, OTHER_REGION, keys("away"))
        .and_at(ACCOUNT, "eu-west-1", keys("west"))
        .and(REGIONS, OTHER_REGION);
    world.sweep();
    assert_eq!(places(&world), [line(ACCOUNT, OTHER_REGION, "key/away")]);
    world.end();
}

#[test]
fn if_regions_cannot_be_listed_only_the_functions_own_is_evaluated() {
    let mut world = World::with(json!({"keys": [key("here", true), key("gone", true)]}))
        .and_at(ACCOUNT, OTHER_REGION, keys("away"))
        .and(REGIONS, "all");
    world.sweep();
    world.change(|account| account.keys.retain(|key| key.id() != "gone"));
    world.change(|account| account.add(json!({"keys": [key("new", false)]})).unwrap());
    world.deny("account.ListRegions");
    let error = world.error("sweep", &json!({}));
    assert_eq!(error.error_type, "NotListed");
    for part in [ACCOUNT, REGION, "account:ListRegions", "EKSENTRY_REGIONS"] {
        assert!(error.error_message.contains(part), "{error}");
    }
    assert_eq!(
        world.statuses(),
        [
            "ARCHIVED PASSED INFORMATIONAL kms-cmk-rotation key/gone",
            "FAILED MEDIUM kms-cmk-rotation key/new",
            "PASSED INFORMATIONAL kms-cmk-rotation key/away",
            "PASSED INFORMATIONAL kms-cmk-rotation key/here",
        ]
    );
    world.end();
}

/// An answer without the list of Regions, or with an empty list, is invalid: every account has Regions.
#[test]
fn a_response_without_regions_is_an_error() {
    for fault in ["/Regions", "/Regions/0"] {
        let mut world = World::with(keys("here")).and(REGIONS, "all");
        world.aws.fail(Fault::new(
            "account.ListRegions",
            FaultKind::Missing(fault.to_owned()),
        ));
        let error = world.error("sweep", &json!({}));
        assert_eq!(error.error_type, "NotListed", "{error}");
        assert_eq!(places(&world), [line(ACCOUNT, REGION, "key/here")]);
        world.end();
    }
}

#[test]
fn regions_are_listed_only_if_needed() {
    let cluster = |name: &str| format!("arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{name}");
    for (event, lists) in [
        (json!({"resources": [key_arn("here")]}), 0),
        (
            json!({"resources": [cluster("own")], "checks": ["eks-endpoint-private"]}),
            0,
        ),
        (json!({"resources": [cluster("own")], "checks": [ROLE]}), 1),
        (json!({"resources": [cluster("own")]}), 1),
        (
            json!({"region": REGION, "checks": ["eks-endpoint-private"]}),
            0,
        ),
        (json!({"region": REGION, "part": "keys"}), 0),
        (json!({"region": REGION, "part": "clusters"}), 1),
        (json!({"region": REGION}), 1),
        (json!({"region": OTHER_REGION, "part": "keys"}), 1),
        (json!({"part": "keys"}), 1),
    ] {
        let mut world =
            World::with(json!({"clusters": [private_cluster("own")], "keys": [key("here", true)]}))
                .and_at(ACCOUNT, OTHER_REGION, keys("away"))
                .and(REGIONS, "all");
        world.ok("sweep", &event);
        assert_eq!(world.calls("account.ListRegions"), lists, "{event}");
        world.end();
    }
}

#[test]
fn a_slow_registry_does_not_delay_other_parts_or_regions() {
    let entries = |name: &str| {
        json!({
            "clusters": [private_cluster(name)], "keys": [key(name, true)], "repositories": [{"repositoryName": name}],
        })
    };
    let mut world = World::with(entries("here"))
        .and_at(ACCOUNT, OTHER_REGION, entries("away"))
        .and(REGIONS, "all");
    world.aws.fail(Fault::new(
        "ecr.DescribeRepositories",
        FaultKind::Latency(3_600_000),
    ));
    world.limit(Duration::from_secs(8));
    let checks = json!({"checks": [ROTATION, "eks-endpoint-private", "ecr-immutable-tags"]});
    let error = world.error("sweep", &checks);
    assert_eq!(error.error_type, "OutOfTime", "{error}");
    let calls = world.aws.calls_of("ecr.DescribeRepositories").into_iter();
    let regions: BTreeSet<String> = calls.map(|call| call.region).collect();
    assert_eq!(Vec::from_iter(regions), [REGION, OTHER_REGION]);
    assert_eq!(
        world.statuses(),
        [
            "PASSED INFORMATIONAL eks-endpoint-private cluster/away",
            "PASSED INFORMATIONAL eks-endpoint-private cluster/here",
            "PASSED INFORMATIONAL kms-cmk-rotation key/away",
            "PASSED INFORMATIONAL kms-cmk-rotation key/here",
        ]
    );
    world.end();
}

/// Checks that do not depend on other Regions are evaluated and their findings sent, and the invocation succeeds.
#[test]
fn a_part_of_a_sweep_does_not_need_the_list_of_regions() {
    let mut world = World::with(keys("here"))
        .and_at(ACCOUNT, OTHER_REGION, keys("away"))
        .and(REGIONS, "all");
    world.deny("account.ListRegions");
    for region in [REGION, OTHER_REGION] {
        world.ok("sweep", &json!({"region": region, "part": "keys"}));
    }
    let expected = [
        line(ACCOUNT, REGION, "key/here"),
        line(ACCOUNT, OTHER_REGION, "key/away"),
    ];
    assert_eq!(places(&world), expected);
    world.end();
}

#[test]
fn an_event_for_an_unconfigured_region_is_rejected() {
    for (regions, requested) in [
        ("all", "us-west-2"),
        (OTHER_REGION, REGION),
        (OTHER_REGION, "us-west-2"),
        ("", OTHER_REGION),
    ] {
        let mut world = World::with(keys("here"))
            .and_at(ACCOUNT, OTHER_REGION, keys("away"))
            .and(REGIONS, regions);
        let outcome = world.invoke("sweep", &json!({"region": requested})).outcome;
        let error = outcome.expect_err(&format!("{requested} is not among {regions}"));
        assert!(error.error_message.contains(requested), "{error}");
        world.end();
    }
}

#[test]
fn a_rule_of_a_regional_check_does_not_list_regions() {
    for check in [
        "eks-endpoint-private",
        "eks-control-plane-logging",
        "eks-secrets-envelope-encryption",
        "eks-secrets-customer-managed-key",
    ] {
        for periodic in [false, true] {
            let mut world =
                World::with(json!({"clusters": [private_cluster("own")]})).and(REGIONS, "all");
            world.deny("account.ListRegions");
            let token = world.aws.result_token(&format!("eksentry-{check}"));
            let event = if periodic {
                schedule_event(&token, check)
            } else {
                change_event(&token, check, CLUSTER, "own", "OK")
            };
            world.ok("config-rule", &event);
            assert_eq!(world.aws.evaluations().len(), 1, "{check}");
            assert_eq!(world.calls("account.ListRegions"), 0, "{check}");
            world.end();
        }
    }
}

#[test]
fn a_sweep_can_be_narrowed_to_a_region() {
    let mut world = World::with(keys("here"))
        .and_at(ACCOUNT, OTHER_REGION, keys("away"))
        .and(REGIONS, "all");
    world.ok("sweep", &json!({"region": OTHER_REGION}));
    assert_eq!(places(&world), [line(ACCOUNT, OTHER_REGION, "key/away")]);
    world.end();
}
