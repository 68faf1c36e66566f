//! The files that scans write.

use eksentry_tests::stand_in::StandIn;
use serde_json::Value;

use super::{Desk, World, verdicts};

#[test]
fn files_contain_all_findings() {
    let desk = Desk::new("files");
    let world = World::demo();
    let (_, report) = desk.scan(&world.aws, &["--output", "events.ocsf.jsonl"]);
    let events = desk.read("events.ocsf.jsonl");
    let events: Vec<Value> = events
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let compliance = events.iter().filter(|event| event["class_uid"] == 2003);
    let uids: Vec<&str> = compliance
        .clone()
        .filter_map(|event| event["finding_info"]["uid"].as_str())
        .collect();
    for id in verdicts(&report).keys() {
        assert!(uids.contains(&id.as_str()), "{id} has no event");
    }
    let failed = compliance.filter(|event| event["compliance"]["status"] == "Fail");
    assert_eq!(report["counts"]["failed"], failed.count());
    for finding in report["findings"].as_array().unwrap() {
        for member in [
            "check",
            "title",
            "resource",
            "account",
            "region",
            "observedAt",
        ] {
            let text = finding[member].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{member} of {finding}");
        }
        assert!(
            !finding["reasons"].as_array().unwrap().is_empty(),
            "{finding}"
        );
        assert!(
            !finding["remediation"]["command"]
                .as_str()
                .unwrap()
                .is_empty()
        );
    }
    let mut files = desk.files();
    files.sort();
    assert_eq!(files, ["events.ocsf.jsonl", "report.json"]);
    world.end();
}

/// Returns the error of a scan with these options, which must not have made a call.
fn refused(desk: &Desk, aws: &StandIn, options: &[&str]) -> String {
    let ran = desk.run(aws, &[&["scan"], options].concat());
    assert_eq!(ran.code, Some(2), "{options:?}");
    assert_eq!(aws.calls().len(), 0, "{options:?}");
    ran.stderr
}

#[test]
fn outputs_that_cannot_be_written_are_refused_at_once() {
    let desk = Desk::new("refused");
    let world = World::demo();
    let error = refused(&desk, &world.aws, &["--output", "report.xyz"]);
    assert!(error.contains(".ocsf.jsonl, .json"), "{error}");
    let error = refused(&desk, &world.aws, &["--output", "absent/report.json"]);
    assert!(
        error.contains("absent/report.json can't be written"),
        "{error}"
    );
    let error = refused(&desk, &world.aws, &["--mute-list", "absent.json"]);
    assert!(
        error.contains("--mute-list absent.json can't be read"),
        "{error}"
    );
    let error = refused(&desk, &world.aws, &["--region", "Frankfurt"]);
    assert!(error.contains("Regions such as eu-central-1"), "{error}");
    let error = refused(&desk, &world.aws, &["--checks", "kms-cmk-rotatoin"]);
    assert!(error.contains("kms-cmk-rotation"), "{error}");
    assert_eq!(desk.files(), [""; 0]);
    world.end();
}
