//! The files that scans write.

use std::fs;
use std::os::unix::fs::symlink;

use eksentry_tests::stand_in::StandIn;
use serde_json::{Value, json};

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
    let findings = report["findings"].as_array().unwrap();
    let fails = |finding: &&Value| finding["status"] == "FAILED";
    assert_eq!(findings.iter().filter(fails).count(), failed.count());
    for finding in findings {
        for member in [
            "check",
            "resource",
            "resourceId",
            "account",
            "region",
            "observedAt",
            "command",
        ] {
            let text = finding[member].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{member} of {finding}");
        }
        assert!(
            !finding["reasons"].as_array().unwrap().is_empty(),
            "{finding}"
        );
    }
    let mut files = desk.files();
    files.sort();
    assert_eq!(files, ["events.ocsf.jsonl", "report.json"]);
    world.end();
}

#[test]
fn each_format_has_each_finding() {
    let desk = Desk::new("formats");
    let world = World::demo();
    let outputs = ["report.html", "report.csv", "report.md", "report.sarif"];
    let options: Vec<&str> = outputs.iter().flat_map(|one| ["--output", one]).collect();
    let (_, report) = desk.scan(&world.aws, &options);
    let verdicts = verdicts(&report);

    let rows = desk.read("report.csv");
    let mut rows = csv::Reader::from_reader(rows.as_bytes());
    let rows: Vec<_> = rows.records().map(Result::unwrap).collect();
    let (pending, rows): (Vec<_>, Vec<_>) = rows.iter().partition(|row| &row[0] == "PENDING");
    assert_eq!(rows.len(), verdicts.len());
    assert_eq!(pending.len(), report["pending"].as_array().unwrap().len());

    let sarif: Value = serde_json::from_str(&desk.read("report.sarif")).unwrap();
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let fails = |result: &&Value| result["kind"] == "fail" && result["suppressions"].is_null();
    let failed = verdicts.values().filter(|one| one.starts_with("FAILED"));
    assert_eq!(results.iter().filter(fails).count(), failed.count());

    let (markdown, page) = (desk.read("report.md"), desk.read("report.html"));
    for id in verdicts.keys() {
        assert!(page.contains(&format!("\"id\":\"{id}\"")), "{id}");
    }
    for (id, verdict) in &verdicts {
        let check = id.split('/').nth(1).unwrap();
        let is_open = !verdict.starts_with("PASSED");
        assert!(!is_open || markdown.contains(&format!("`{check}`")), "{id}");
    }
    let mut files = desk.files();
    files.sort();
    let mut expected = [&outputs[..], &["report.json"]].concat();
    expected.sort_unstable();
    assert_eq!(files, expected);
    world.end();
}

#[test]
fn an_earlier_report_tells_what_is_new_and_what_is_fixed() {
    let desk = Desk::new("baseline");
    let keys = |rotates: [bool; 2]| {
        let key = |id: &str, rotates: bool| json!({"KeyId": id, "rotation": {"KeyRotationEnabled": rotates, "RotationPeriodInDays": 365}});
        json!({"keys": [key("1", rotates[0]), key("2", rotates[1])]})
    };
    let rotation = ["scan", "--checks", "kms-cmk-rotation"];
    let before = World::with_all_enabled(keys([false, true]));
    desk.run(
        &before.aws,
        &[&rotation[..], &["--output", "old.json"]].concat(),
    );
    before.end();

    let world = World::with_all_enabled(keys([true, false]));
    let options = ["--baseline", "old.json", "--output", "changes.csv"];
    let ran = desk.run(&world.aws, &[&rotation[..], &options].concat());
    assert_eq!(ran.code, Some(1), "{}", ran.stderr);
    assert!(
        ran.stdout
            .contains(": 1 new, 0 worse, 1 fixed, 0 gone, 0 not evaluated."),
        "{}",
        ran.stdout
    );
    let changes = desk.read("changes.csv");
    for change in [",NEW,", ",FIXED,"] {
        assert_eq!(changes.matches(change).count(), 1, "{changes}");
    }

    desk.write("old.json", "{\"format\":\"eksentry-report/1\"");
    let error = refused(&desk, &world.aws, &["--baseline", "old.json"]);
    assert!(
        error.contains("old.json is damaged") && error.contains("EOF"),
        "{error}"
    );
    world.end();
}

#[test]
fn a_link_leads_to_the_new_file() {
    let desk = Desk::new("link");
    let world = World::with(json!({"keys": [{"KeyId": "1"}]}));
    desk.write("files/today.json", "earlier");
    symlink("files/today.json", desk.0.join("report.json")).unwrap();
    let (_, report) = desk.scan(&world.aws, &["--checks", "kms-cmk-rotation"]);
    assert_eq!(verdicts(&report).len(), 1);
    let link = fs::symlink_metadata(desk.0.join("report.json")).unwrap();
    assert!(link.is_symlink());
    assert!(desk.read("files/today.json").contains("kms-cmk-rotation"));
    world.end();
}

/// Returns the error of a scan with these options, which must make no call.
fn refused(desk: &Desk, aws: &StandIn, options: &[&str]) -> String {
    let calls = aws.calls().len();
    let ran = desk.run(aws, &[&["scan"], options].concat());
    assert_eq!(ran.code, Some(2), "{options:?}");
    assert_eq!(aws.calls().len(), calls, "{options:?}");
    ran.stderr
}

#[test]
fn outputs_that_cannot_be_written_are_refused_at_once() {
    let desk = Desk::new("refused");
    let world = World::demo();
    let error = refused(&desk, &world.aws, &["--output", "report.xyz"]);
    assert!(error.contains(".json, .ocsf.jsonl"), "{error}");
    let error = refused(&desk, &world.aws, &["--output", "absent/report.json"]);
    assert!(
        error.contains("absent/report.json can't be written"),
        "{error}"
    );
    desk.write("folder.json/file", "");
    symlink("/dev/null", desk.0.join("device.json")).unwrap();
    for path in ["folder.json", "device.json"] {
        let error = refused(&desk, &world.aws, &["--output", path]);
        assert!(
            error.contains(&format!("{path} can't be written")),
            "{error}"
        );
    }
    fs::remove_file(desk.0.join("device.json")).unwrap();
    fs::remove_dir_all(desk.0.join("folder.json")).unwrap();
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
