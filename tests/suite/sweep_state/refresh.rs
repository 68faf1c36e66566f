//! Unchanged findings, which are refreshed before Security Hub deletes them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{FEW, IMPORT, SCANS, repositories, scanned};
use crate::world::{World, key, key_arn, text};

const ROTATION: &str = "kms-cmk-rotation";
const DAY: i64 = 24 * 60 * 60;

fn days_ago(days: i64) -> String {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let at = i64::try_from(now.as_secs()).unwrap() - days * DAY;
    jiff::Timestamp::from_second(at).unwrap().to_string()
}

fn make_older(world: &World, ids: impl IntoIterator<Item = String>, days: i64) {
    let at = days_ago(days);
    for id in ids {
        assert!(world.aws.edit_finding(&id, |finding| {
            finding.insert("UpdatedAt".into(), json!(at));
        }));
    }
}

/// Lists the ids of the findings in all calls after the first `since` calls.
fn imported(world: &World, since: usize) -> Vec<String> {
    let calls = world.aws.calls_of(IMPORT).into_iter().skip(since);
    let findings = calls.flat_map(|call| call.members["Findings"].as_array().unwrap().clone());
    findings
        .map(|finding| text(finding.as_object().unwrap(), "Id").to_owned())
        .collect()
}

#[test]
fn findings_are_refreshed_only_after_the_refresh_period() {
    let ids: Vec<String> = (0..20).map(|number| format!("key-{number:02}")).collect();
    let keys: Vec<Value> = ids.iter().map(|id| key(id, true)).collect();
    for (variable, days, refreshed) in [("", 31, 20), ("", 29, 0), ("7", 8, 20), ("60", 31, 0)] {
        let mut world = World::with(json!({"keys": keys})).and("EKSENTRY_REFRESH_DAYS", variable);
        world.sweep();
        let (state, created) = (world.state(), world.times("CreatedAt"));
        make_older(&world, created.keys().cloned(), days);
        let summary = world.sweep();
        assert_eq!(
            (&summary["refreshed"], &summary["posted"]),
            (&json!(refreshed), &json!(0)),
            "{variable} {days}"
        );
        assert_eq!((world.state(), world.times("CreatedAt")), (state, created));
        let is_fresh = world.times("UpdatedAt")
            [&format!("eksentry/{ROTATION}/{}", key_arn("key-00"))]
            > days_ago(1);
        assert_eq!(is_fresh, refreshed > 0);
        assert_eq!(world.sweep()["refreshed"], 0);
        world.end();
    }
}

#[test]
fn refreshes_are_spread_over_several_sweeps() {
    let mut world = World::with(repositories(FEW));
    world.sweep();
    let ids: Vec<String> = world.times("UpdatedAt").into_keys().collect();
    assert_eq!(ids.len(), 2 * FEW);
    make_older(&world, ids.clone(), 31);
    let before = world.calls(IMPORT);
    for _ in 0..2 {
        let refreshed = world.sweep()["refreshed"].as_u64().unwrap();
        assert!((20..150).contains(&refreshed), "{refreshed}");
    }
    let sent = imported(&world, before);
    let distinct: BTreeSet<&String> = sent.iter().collect();
    assert_eq!(distinct.len(), sent.len());

    make_older(&world, ids, 61);
    assert_eq!(
        world.sweep()["refreshed"],
        2 * FEW,
        "overdue findings are refreshed at once"
    );
    world.end();
}

#[test]
fn images_with_an_unchanged_scan_are_refreshed() {
    let mut world = World::with(scanned(5));
    world.sweep();
    let ids: Vec<String> = world.times("UpdatedAt").into_keys().collect();
    make_older(&world, ids, 31);
    assert_eq!(world.sweep()["refreshed"], 20);
    let calls = world.calls(SCANS);
    assert_eq!(world.sweep()["refreshed"], 0);
    assert_eq!(world.calls(SCANS), calls);
    world.end();
}
