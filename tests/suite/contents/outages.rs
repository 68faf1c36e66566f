//! Clusters that can't be read for days, and the earlier findings about their contents.

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{HIGH, PASSED, PRIVILEGED, READABLE, cluster, deployment, sweep, workload, world};
use crate::world::{World, cluster_arn};

const UNKNOWN: &str = "NOT_AVAILABLE INFORMATIONAL";

/// Returns a world with a cluster in which a workload fails, and one in which none does.
fn two_clusters(parameters: &Value) -> World {
    world([
        cluster("bad", vec![deployment("shop", "web", true)]),
        cluster("good", vec![deployment("shop", "web", false)]),
    ])
    .and("EKSENTRY_PARAMETERS", &parameters.to_string())
}

/// Closes clusters, or opens them again.
fn open(world: &World, names: &[&str], is_open: bool) {
    for name in names {
        let groups = is_open.then(|| vec!["eksentry-readers".to_owned()]);
        world.api(name).configure(|cluster| cluster.groups = groups);
    }
}

fn wait(world: &World, days: i64) {
    world
        .aws
        .advance_time(SignedDuration::from_hours(24 * days));
}

/// Returns the statuses of the workload that fails, and of the finding that covers those that don't.
fn statuses(world: &World) -> [String; 2] {
    [
        world.status(PRIVILEGED, &workload("bad", "shop", "web")),
        world.status(PRIVILEGED, &cluster_arn("good")),
    ]
}

fn reasons(world: &World, check: &str, resource: &str) -> String {
    let finding = world.finding(check, resource).unwrap();
    finding["Compliance"]["StatusReasons"].to_string()
}

#[test]
fn earlier_findings_count_for_the_days_of_the_parameter() {
    let held = [HIGH, PASSED];
    let stale = [UNKNOWN, UNKNOWN];
    for (parameters, days) in [
        (
            json!({}),
            [(0, held), (6, held), (7, stale), (8, stale), (40, stale)],
        ),
        (
            json!({READABLE: {"staleDays": "2"}}),
            [(0, held), (1, held), (2, stale), (3, stale), (40, stale)],
        ),
        (
            json!({READABLE: {"staleDays": 0}}),
            [(0, stale), (1, stale), (7, stale), (8, stale), (40, stale)],
        ),
    ] {
        let mut world = two_clusters(&parameters);
        sweep(&mut world);
        assert_eq!(statuses(&world), held);
        // The findings are older than the last sweep that read the clusters, since they did not change.
        wait(&world, 20);
        assert_eq!(sweep(&mut world)["posted"], 0);
        open(&world, &["bad", "good"], false);
        let mut before = 0;
        let mut earlier = held;
        for (day, expected) in days {
            wait(&world, day - before);
            before = day;
            let summary = sweep(&mut world);
            assert_eq!(statuses(&world), expected, "{parameters} {day}");
            let changed = if expected == earlier { 0 } else { 2 };
            // The reports that the clusters can't be read.
            let reports = if day == 0 { 2 } else { 0 };
            assert_eq!(summary["posted"], changed + reports, "{parameters} {day}");
            earlier = expected;
        }
        world.end();
    }
}

#[test]
fn another_reason_does_not_end_an_outage_and_a_sweep_that_reads_the_cluster_does() {
    let mut world = two_clusters(&json!({}));
    sweep(&mut world);
    open(&world, &["bad"], false);
    sweep(&mut world);
    let first = reasons(&world, READABLE, &cluster_arn("bad"));
    wait(&world, 3);
    world.api("bad").configure(|cluster| {
        cluster.groups = Some(vec!["others".to_owned()]);
    });
    sweep(&mut world);
    let second = reasons(&world, READABLE, &cluster_arn("bad"));
    assert_ne!(first, second);
    wait(&world, 2);
    world.deny("eks.DescribeCluster");
    sweep(&mut world);
    let third = reasons(&world, READABLE, &cluster_arn("bad"));
    assert_ne!(second, third);
    wait(&world, 2);
    world.clear_faults();
    sweep(&mut world);
    // The other cluster could not be described for two days.
    assert_eq!(statuses(&world), [UNKNOWN, PASSED]);
    let stale = reasons(&world, PRIVILEGED, &workload("bad", "shop", "web"));
    assert!(stale.contains("UNREAD_SINCE"), "{stale}");

    open(&world, &["bad"], true);
    sweep(&mut world);
    assert_eq!(statuses(&world), [HIGH, PASSED]);
    assert_eq!(world.status(READABLE, &cluster_arn("bad")), PASSED);
    wait(&world, 1);
    open(&world, &["bad"], false);
    sweep(&mut world);
    wait(&world, 6);
    sweep(&mut world);
    assert_eq!(statuses(&world), [HIGH, PASSED]);
    wait(&world, 1);
    sweep(&mut world);
    assert_eq!(statuses(&world), [UNKNOWN, PASSED]);
    world.end();
}

#[test]
fn after_an_outage_findings_have_their_results_again_and_those_of_gone_objects_are_archived() {
    let mut world = two_clusters(&json!({}));
    let objects = ["web", "gone"].map(|name| deployment("shop", name, true));
    world.api("bad").set_objects(objects.to_vec()).unwrap();
    sweep(&mut world);
    open(&world, &["bad", "good"], false);
    sweep(&mut world);
    wait(&world, 7);
    sweep(&mut world);
    let gone = workload("bad", "shop", "gone");
    assert_eq!(statuses(&world), [UNKNOWN, UNKNOWN]);
    assert_eq!(world.status(PRIVILEGED, &gone), UNKNOWN);
    let finding = world.finding(PRIVILEGED, &gone).unwrap();
    let details = &finding["Resources"][0]["Details"]["Other"];
    assert_eq!(
        (&details["Namespace"], &details["Name"]),
        (&json!("shop"), &json!("gone"))
    );

    open(&world, &["bad", "good"], true);
    let objects = vec![deployment("shop", "web", false)];
    world.api("bad").set_objects(objects).unwrap();
    sweep(&mut world);
    assert_eq!(statuses(&world), [PASSED, PASSED]);
    assert_eq!(
        world.status(PRIVILEGED, &gone),
        format!("ARCHIVED {UNKNOWN}")
    );
    assert_eq!(sweep(&mut world)["posted"], 0);
    world.end();
}

#[test]
fn without_security_hub_no_day_is_known() {
    let mut world = two_clusters(&json!({READABLE: {"staleDays": 0}}));
    sweep(&mut world);
    open(&world, &["bad"], false);
    let mut world = world.and("EKSENTRY_SECURITY_HUB", "off");
    sweep(&mut world);
    assert_eq!(statuses(&world), [HIGH, PASSED]);
    assert!(
        !world
            .logs()
            .iter()
            .any(|line| line.contains("UNREAD_SINCE"))
    );
    world.end();
}

#[test]
fn the_days_are_a_whole_number() {
    for value in [
        json!(-1),
        json!("1.5"),
        json!("a week"),
        json!([1, 2]),
        json!(4_294_967_296_u64),
    ] {
        let mut world = two_clusters(&json!({READABLE: {"staleDays": value}}));
        let error = world.error("sweep", &json!({"checks": [PRIVILEGED]}));
        assert!(error.error_message.contains("staleDays"), "{error}");
        world.end();
    }
}
