//! The sample events, each played in the demo's account: each one changes the findings and evaluations in its snapshot.
//! `INSTA_UPDATE=always cargo test -p eksentry-tests --test suite samples` writes the snapshots again.

use eksentry_tests::demo::Sample;
use serde_json::{Value, json};

use crate::world::{World, workspace};

/// The samples that sweep the whole account.
const SWEEPS: [&str; 3] = [
    "sweep/by-hand",
    "sweep/schedule-by-rule",
    "sweep/schedule-by-scheduler",
];

#[test]
fn each_sample_event_changes_the_expected_findings() {
    for sample in samples() {
        let title = sample.title();
        if SWEEPS.contains(&title.as_str()) {
            continue;
        }
        let mut world = World::demo().and("EKSENTRY_REPORT", "s3://reports/eksentry");
        world.change(|account| account.buckets.push("reports".to_owned()));
        let before = world.statuses();
        play(&mut world, &sample);
        let mut findings = world.statuses();
        findings.retain(|line| !before.contains(line));
        let mut evaluations = world.evaluations();
        evaluations.sort();
        let changes = json!({"findings": findings, "evaluations": evaluations});
        insta::assert_json_snapshot!(title.replace('/', "-"), changes);
        world.end();
    }
}

#[test]
fn all_samples_of_full_sweeps_have_the_same_result() {
    let [by_hand, by_rule, by_scheduler] = SWEEPS.map(|title| {
        let mut world = World::demo();
        let mut summary = play(&mut world, &sample(title));
        summary["durationMs"] = Value::Null;
        let statuses = world.statuses();
        world.end();
        (summary, statuses)
    });
    assert!(by_hand.1.len() > 100, "{:?}", by_hand.1);
    assert_eq!(by_hand, by_rule);
    assert_eq!(by_hand, by_scheduler);
}

#[test]
fn only_the_unreadable_message_fails() {
    let mut world = World::demo();
    for (title, failures) in [
        ("sweep-worker/slice", json!([])),
        ("sweep-worker/part-of-a-registry", json!([])),
        (
            "sweep-worker/slice-and-unreadable-message",
            json!([{"itemIdentifier": "037805d3-ad7b-10c5-b842-5427b516b5ce"}]),
        ),
    ] {
        let answer = play(&mut world, &sample(title));
        assert_eq!(answer, json!({"batchItemFailures": failures}), "{title}");
    }
    world.end();
}

/// Returns the answer to a sample event, which no function may reject.
fn play(world: &mut World, sample: &Sample) -> Value {
    let mut event = sample.payload.clone();
    if let (Some(rule), true) = (
        event["configRuleName"].as_str(),
        event["resultToken"].is_string(),
    ) {
        event["resultToken"] = json!(world.aws.result_token(rule));
    }
    let outcome = world.invoke(&sample.function, &event).outcome;
    outcome.unwrap_or_else(|error| panic!("{} failed: {error}", sample.title()))
}

fn sample(title: &str) -> Sample {
    samples()
        .into_iter()
        .find(|sample| sample.title() == title)
        .unwrap_or_else(|| panic!("events/{title}.json is missing"))
}

fn samples() -> Vec<Sample> {
    Sample::load_all(&workspace().join("events")).unwrap()
}
