//! Scans of images: when a scan is read again, and which passed images have a finding.

use eksentry_tests::stand_in::{Fault, FaultKind};
use serde_json::{Value, json};

use super::{IMPORT, SCANS, name, scanned};
use crate::world::{World, repository_arn};

const SCAN: &str = "ecr-image-scan-findings";

fn image_arn(world: &World, repository: &str, tag: &str) -> String {
    let mut digest = String::new();
    world.change(|account| {
        let image = account.repository(repository).unwrap().image(tag).unwrap();
        image.digest().clone_into(&mut digest);
    });
    format!("{}/{digest}", repository_arn(repository))
}

fn rescan(world: &World, repository: &str, tag: &str, at: &str, findings: &Value) {
    world.change(|account| {
        let image = account.repository(repository).unwrap().image(tag).unwrap();
        let scan = json!({"imageScanFindings": {"findings": findings, "imageScanCompletedAt": at}});
        image.scan = serde_json::from_value(scan).unwrap();
    });
}

#[test]
fn a_scan_is_read_again_only_if_there_is_a_new_one() {
    let mut world = World::with(scanned(20));
    world.sweep();
    let state = world.state();
    assert_eq!(world.calls(SCANS), 40);
    let summary = world.sweep();
    assert_eq!(world.calls(SCANS), 40);
    assert_eq!(
        (&summary["posted"], &summary["unchanged"]),
        (&json!(0), &json!(80))
    );
    assert_eq!(
        (&summary["failed"], &summary["passed"]),
        (&json!(60), &json!(20)),
        "images with an unchanged scan are counted"
    );
    assert_eq!(world.state(), state);

    let severe = json!([{"name": "CVE-2025-0001", "severity": "CRITICAL"}]);
    rescan(&world, &name(3), "good", "2026-01-02T03:04:05Z", &severe);
    rescan(&world, &name(4), "bad", "2026-01-02T03:04:05Z", &json!([]));
    let summary = world.sweep();
    assert_eq!((world.calls(SCANS), &summary["posted"]), (42, &json!(2)));
    let status =
        |repository: &str, tag: &str| world.status(SCAN, &image_arn(&world, repository, tag));
    assert_eq!(status(&name(3), "good"), "FAILED CRITICAL");
    assert_eq!(status(&name(4), "bad"), "PASSED INFORMATIONAL");
    world.end();
}

#[test]
fn a_scan_that_could_not_be_read_is_read_again() {
    for kind in [FaultKind::AccessDenied, FaultKind::Truncated] {
        let mut world = World::with(scanned(1));
        world.aws.fail(Fault::new(SCANS, kind));
        assert_eq!(world.sweep()["notAvailable"], 2);
        world.clear_faults();
        world.sweep();
        assert_eq!(
            world.status(SCAN, &image_arn(&world, &name(0), "bad")),
            "FAILED HIGH"
        );
        assert_eq!(
            world.status(SCAN, &image_arn(&world, &name(0), "good")),
            "PASSED INFORMATIONAL"
        );
        world.end();
    }
}

#[test]
fn a_restored_image_with_an_unchanged_scan_is_active_again() {
    let mut world = World::with(scanned(2));
    world.sweep();
    let state = world.state();
    let mut images = Vec::new();
    world.change(|account| images = std::mem::take(&mut account.repositories[0].images));
    assert_eq!(world.sweep()["archived"], 2);
    world.change(|account| account.repositories[0].images = images);
    world.sweep();
    assert_eq!(world.state(), state);
    world.end();
}

#[test]
fn a_changed_threshold_applies_to_images_with_an_unchanged_scan() {
    let parameters = |threshold: &str| {
        format!(r#"{{"ecr-image-scan-findings": {{"severityThreshold": "{threshold}"}}}}"#)
    };
    let mut world = World::with(scanned(1));
    world.sweep();
    let arn = image_arn(&world, &name(0), "bad");
    assert_eq!(world.status(SCAN, &arn), "FAILED HIGH");
    let mut world = world.and("EKSENTRY_PARAMETERS", &parameters("CRITICAL"));
    world.sweep();
    assert_eq!(world.status(SCAN, &arn), "PASSED INFORMATIONAL");
    world.end();
}

#[test]
fn only_recovered_images_are_posted_as_passed_if_configured() {
    let mut world = World::with(scanned(2)).and("EKSENTRY_PASSED_IMAGES", "recovered");
    let summary = world.sweep();
    assert_eq!(
        (&summary["withheld"], &summary["passed"]),
        (&json!(2), &json!(2))
    );
    let (bad, good) = (
        image_arn(&world, &name(0), "bad"),
        image_arn(&world, &name(0), "good"),
    );
    assert_eq!(
        (world.status(SCAN, &good), world.status(SCAN, &bad)),
        ("none".into(), "FAILED HIGH".into())
    );

    rescan(&world, &name(0), "bad", "2026-01-02T03:04:05Z", &json!([]));
    assert_eq!(world.sweep()["posted"], 1);
    assert_eq!(world.status(SCAN, &bad), "PASSED INFORMATIONAL");
    let imports = world.calls(IMPORT);
    world.sweep();
    assert_eq!(world.calls(IMPORT), imports);

    let severe = json!([{"name": "CVE-2025-0001", "severity": "CRITICAL"}]);
    rescan(&world, &name(0), "bad", "2026-01-03T03:04:05Z", &severe);
    world.sweep();
    assert_eq!(world.status(SCAN, &bad), "FAILED CRITICAL");

    world.change(|account| account.repositories[0].images.clear());
    world.sweep();
    assert_eq!(world.status(SCAN, &bad), "ARCHIVED FAILED CRITICAL");
    assert_eq!(world.status(SCAN, &good), "none");
    world.end();
}

#[test]
fn an_image_that_was_not_available_can_recover() {
    let mut world = World::with(scanned(1)).and("EKSENTRY_PASSED_IMAGES", "recovered");
    world.deny(SCANS);
    world.sweep();
    let good = image_arn(&world, &name(0), "good");
    assert_eq!(world.status(SCAN, &good), "NOT_AVAILABLE INFORMATIONAL");
    world.clear_faults();
    rescan(&world, &name(0), "good", "2026-01-02T03:04:05Z", &json!([]));
    world.sweep();
    assert_eq!(world.status(SCAN, &good), "PASSED INFORMATIONAL");
    world.end();
}
