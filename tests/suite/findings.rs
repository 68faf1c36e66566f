//! The complete findings that Security Hub receives of the demo's account: these snapshots show each change of them.

use std::collections::BTreeMap;

use eksentry_core::checks::CHECKS;
use eksentry_tests::account::Record;
use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

use crate::world::{World, status, text};

/// The parameters of checks that don't apply without one.
const PARAMETERS: &str = r#"{"k8s-allowed-registries": {"allowedRegistries": "ecr:own"}}"#;

/// For each check, the snapshots hold the status of each resource, and for each status the finding with the first id.
#[test]
fn findings_match_their_snapshots() {
    let mut world = World::demo_with_contents()
        .with_all_checks()
        .and("EKSENTRY_PARAMETERS", PARAMETERS);
    let role = world.deployment().role("sweep").unwrap().arn;
    world.change(|account| {
        // The times in the account's file are fixed, but an image that is too old must have been pulled recently.
        let repository = account.repository("kyc/document-ocr").unwrap();
        let image = repository.image("v14").unwrap();
        let now = json!(Timestamp::now().to_string());
        image.members.insert("lastRecordedPullTime".into(), now);
        let exclusions = json!({"pull_time_update_exclusions": [{"principalArn": role}]});
        account.add(exclusions).unwrap();
    });
    world.sweep();
    let statuses = world.statuses();
    let findings: BTreeMap<String, Record> = world
        .aws
        .findings()
        .into_iter()
        .map(|finding| (text(&finding, "Id").to_owned(), finding))
        .collect();
    for check in CHECKS {
        let of_check = format!("eksentry/{}/", check.id);
        let mut examples: BTreeMap<String, Value> = BTreeMap::new();
        let ours = findings.iter().filter(|(id, _)| id.starts_with(&of_check));
        for (_, finding) in ours {
            examples
                .entry(status(finding))
                .or_insert_with(|| without_run(finding.clone()));
        }
        assert!(
            !examples.is_empty(),
            "the demo's account has no {}",
            check.id
        );
        let of_check = format!(" {} ", check.id);
        let statuses = statuses.iter().filter(|line| line.contains(&of_check));
        let statuses: Vec<String> = statuses.map(|line| line.replace(&of_check, " ")).collect();
        insta::assert_json_snapshot!(
            check.id,
            json!({"statuses": statuses, "examples": examples})
        );
    }
    world.end();
}

/// Returns the finding without the values that differ between runs.
fn without_run(mut finding: Record) -> Value {
    for name in [
        "CreatedAt",
        "UpdatedAt",
        "FirstObservedAt",
        "LastObservedAt",
        "ProcessedAt",
    ] {
        if let Some(time) = finding.get_mut(name) {
            *time = "(a time)".into();
        }
    }
    let mut finding = Value::from(finding);
    finding["ProductFields"]["eksentry/Run"] = "(a run)".into();
    if let Some(today) = finding["ProductFields"]["eksentry/UnreadSince"].as_str() {
        let today: Date = today.parse().unwrap();
        let stale_from = today + 7.days();
        let text = finding.to_string();
        let text = text.replace(&today.to_string(), "(today)");
        let text = text.replace(&stale_from.to_string(), "(in seven days)");
        finding = serde_json::from_str(&text).unwrap();
        finding["ProductFields"]["eksentry/Digest"] = "(a digest)".into();
    }
    finding
}
