//! The trails of an account and of its organization.

use eksentry_tests::stand_in::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::world::{ACCOUNT, REGION, World, private_cluster};

const CHECK: &str = "cloudtrail-multi-region-trail";
const STATUS: &str = "cloudtrail.GetTrailStatus";
const SELECTORS: &str = "cloudtrail.GetEventSelectors";
const PASSED: &str = "PASSED INFORMATIONAL";
const HIGH: &str = "FAILED HIGH";
const MEDIUM: &str = "FAILED MEDIUM";
const LOW: &str = "FAILED LOW";
const NOT_AVAILABLE: &str = "NOT_AVAILABLE INFORMATIONAL";
const ORGANIZATION: &str = "arn:aws:cloudtrail:eu-west-1:444455556666:trail/organization";

fn arn(name: &str) -> String {
    format!("arn:aws:cloudtrail:{REGION}:{ACCOUNT}:trail/{name}")
}

/// Returns a multi-Region trail with these members.
fn trail(name: &str, members: &Value) -> Value {
    let mut trail = json!({"TrailARN": arn(name)});
    let own = trail.as_object_mut().unwrap();
    own.extend(members.as_object().unwrap().clone());
    trail
}

/// Returns a world with a cluster and these trails.
fn world(trails: Vec<Value>) -> World {
    World::with(json!({"clusters": [private_cluster("alpha")], "trails": trails}))
}

/// Evaluates the check for the Region, and returns the status of the account.
fn sweep(world: &mut World) -> String {
    world.ok("sweep", &json!({"checks": [CHECK]}));
    world.status(CHECK, &format!("AWS::::Account:{ACCOUNT}/{REGION}"))
}

/// Returns the numbers of calls that read the states and the selectors of trails.
fn calls(world: &World) -> [usize; 2] {
    [STATUS, SELECTORS].map(|operation| world.calls(operation))
}

#[test]
fn a_complete_trail_of_the_account_or_its_organization_passes() {
    let organization = json!({"TrailARN": ORGANIZATION, "IsOrganizationTrail": true});
    let two_halves = json!({"selectors": {"EventSelectors": [
        {"ReadWriteType": "ReadOnly", "IncludeManagementEvents": true},
        {"ReadWriteType": "WriteOnly", "IncludeManagementEvents": true},
    ]}});
    let all = json!({"selectors": {"AdvancedEventSelectors": [
        {"Name": "all", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]},
    ]}});
    for (trail, selectors) in [
        (trail("main", &json!({})), 0),
        (organization, 0),
        (trail("main", &two_halves), 1),
        (trail("main", &all), 1),
    ] {
        let mut world = world(vec![trail.clone()]);
        assert_eq!(sweep(&mut world), PASSED, "{trail}");
        assert_eq!(calls(&world), [1, selectors], "{trail}");
        world.end();
    }
}

#[test]
fn the_severity_depends_on_what_is_missing() {
    let without_kms = json!({"selectors": {"EventSelectors": [
        {"ExcludeManagementEventSources": ["kms.amazonaws.com"]},
    ]}});
    for (trails, expected) in [
        (vec![], HIGH),
        (
            vec![trail("one", &json!({"IsMultiRegionTrail": false}))],
            HIGH,
        ),
        (
            vec![trail("off", &json!({"status": {"IsLogging": false}}))],
            HIGH,
        ),
        (
            vec![trail(
                "broken",
                &json!({"status": {"LatestDeliveryError": "NoSuchBucket"}}),
            )],
            MEDIUM,
        ),
        (vec![trail("main", &without_kms)], MEDIUM),
        (
            vec![trail("main", &json!({"LogFileValidationEnabled": null}))],
            LOW,
        ),
        (
            vec![
                trail(
                    "broken",
                    &json!({"status": {"LatestDeliveryError": "NoSuchBucket"}}),
                ),
                trail("good", &json!({})),
            ],
            PASSED,
        ),
    ] {
        let mut world = world(trails.clone());
        assert_eq!(sweep(&mut world), expected, "{trails:?}");
        world.end();
    }
}

#[test]
fn states_are_read_until_a_trail_is_complete() {
    let trails = vec![
        trail("c", &json!({"LogFileValidationEnabled": false})),
        trail("b", &json!({"status": {"IsLogging": false}})),
        trail("a", &json!({"HasInsightSelectors": true})),
    ];
    let mut world = world(trails);
    assert_eq!(sweep(&mut world), PASSED);
    assert_eq!(calls(&world), [1, 0]);
    world.end();
}

#[test]
fn an_unknown_state_never_passes() {
    let custom = json!({"selectors": {"EventSelectors": [{}]}});
    for (operation, trail) in [
        ("cloudtrail.DescribeTrails", trail("main", &json!({}))),
        (STATUS, trail("main", &json!({}))),
        (SELECTORS, trail("main", &custom)),
    ] {
        let mut world = world(vec![trail]);
        world.deny(operation);
        assert_eq!(sweep(&mut world), NOT_AVAILABLE, "{operation}");
        world.clear_faults();
        assert_eq!(sweep(&mut world), PASSED, "{operation}");
        world.end();
    }
}

fn not_found() -> FaultKind {
    FaultKind::Error {
        code: "TrailNotFoundException".to_owned(),
        status: 400,
        message: String::new(),
    }
}

#[test]
fn a_trail_that_was_deleted_in_the_meantime_does_not_count() {
    let mut world = world(vec![trail("a", &json!({})), trail("b", &json!({}))]);
    let fault = Fault::new(STATUS, not_found()).matching(json!({"Name": arn("a")}));
    world.aws.fail(fault);
    assert_eq!(sweep(&mut world), PASSED);
    assert_eq!(calls(&world), [2, 0]);
    world.aws.fail(Fault::new(STATUS, not_found()));
    assert_eq!(sweep(&mut world), HIGH);
    world.end();
}

#[test]
fn a_trail_of_another_account_that_is_not_found_may_log_events() {
    let organization = |members: &Value| {
        let mut trail = trail("organization", members);
        trail["TrailARN"] = ORGANIZATION.into();
        trail
    };
    let custom = organization(&json!({"selectors": {"EventSelectors": [{}]}}));
    let preferred = organization(&json!({"HasInsightSelectors": true}));
    let stopped = trail("off", &json!({"status": {"IsLogging": false}}));
    for (trails, operation, member, expected) in [
        (vec![preferred.clone()], STATUS, "Name", NOT_AVAILABLE),
        (vec![custom], SELECTORS, "TrailName", NOT_AVAILABLE),
        (
            vec![preferred.clone(), stopped],
            STATUS,
            "Name",
            NOT_AVAILABLE,
        ),
        (
            vec![preferred, trail("main", &json!({}))],
            STATUS,
            "Name",
            PASSED,
        ),
    ] {
        let mut world = world(trails.clone());
        let fault = Fault::new(operation, not_found()).matching(json!({member: ORGANIZATION}));
        world.aws.fail(fault);
        assert_eq!(sweep(&mut world), expected, "{trails:?}");
        world.end();
    }
}

#[test]
fn a_region_without_clusters_and_repositories_needs_no_trail() {
    let mut world = World::with(json!({"trails": []}));
    assert_eq!(sweep(&mut world), "none");
    assert_eq!(world.calls("cloudtrail.DescribeTrails"), 0);
    world.end();
}
