//! Scans of images, by ECR and by Inspector.

use serde_json::{Value, json};

use super::{
    DIGEST, SCAN, image, inspector_event, scan, scanned_without_findings, vulnerable, world,
};
use crate::world::{ACCOUNT, REGION, repository_arn};

#[test]
fn the_event_is_used_only_if_the_api_cannot_be_read() {
    let mut world = world(vulnerable());
    world.ok("ecr-event", &scan("COMPLETE", &json!({"LOW": 1})));
    assert_eq!(world.status(SCAN, &image()), "FAILED CRITICAL");
    for (operation, counts, expected) in [
        (
            "ecr.DescribeImageScanFindings",
            json!({"HIGH": 2}),
            "FAILED HIGH",
        ),
        ("ecr.DescribeImages", json!({"LOW": 1}), "FAILED CRITICAL"),
        ("ecr.*", json!({"LOW": 2}), "PASSED INFORMATIONAL"),
        ("ecr.*", Value::Null, "NOT_AVAILABLE INFORMATIONAL"),
    ] {
        world.aws.clear_faults();
        world.deny(operation);
        world.ok("ecr-event", &scan("COMPLETE", &counts));
        assert_eq!(
            world.status(SCAN, &image()),
            expected,
            "{operation} {counts}"
        );
    }
    world.end();
}

#[test]
fn a_failed_scan_fails_with_or_without_the_api() {
    let failed =
        json!({"scan": {"imageScanStatus": {"status": "FAILED", "description": "no such system"}}});
    for denied in [false, true] {
        let mut world = world(failed.clone());
        if denied {
            world.deny("ecr.Describe*");
        }
        world.ok("ecr-event", &scan("FAILED", &Value::Null));
        assert_eq!(world.status(SCAN, &image()), "FAILED MEDIUM", "{denied}");
        world.end();
    }
}

#[test]
fn a_scan_in_progress_posts_nothing() {
    let mut world = world(json!({"scan": {"imageScanStatus": {"status": "IN_PROGRESS"}}}));
    world.ok("ecr-event", &scan("COMPLETE", &json!({"HIGH": 1})));
    assert_eq!(
        world.statuses(),
        [""; 0],
        "the API reports that another scan is in progress"
    );
    world.end();
}

#[test]
fn an_inspector_event_uses_the_api_or_its_own_counts() {
    for (denied, expected) in [(false, "FAILED CRITICAL"), (true, "FAILED HIGH")] {
        let mut world = world(vulnerable());
        if denied {
            world.deny("ecr.Describe*");
        }
        let event = json!({
            "version": "0", "source": "aws.inspector2", "detail-type": "Inspector2 Scan", "account": ACCOUNT,
            "region": REGION, "resources": [repository_arn("app")],
            "detail": {
                "scan-status": "INITIAL_SCAN_COMPLETE", "repository-name": repository_arn("app"), "version": "1.0",
                "image-digest": DIGEST, "image-tags": ["v1"],
                "finding-severity-counts": {"CRITICAL": 0, "HIGH": 2, "MEDIUM": 1, "TOTAL": 5},
            },
        });
        world.ok("ecr-event", &event);
        assert_eq!(world.status(SCAN, &image()), expected);
        world.end();
    }
}

#[test]
fn images_are_evaluated_with_parameters_from_the_environment() {
    let parameters = r#"{"ecr-image-scan-findings": {"severityThreshold": "CRITICAL"}}"#;
    let mut world = world(
        json!({"scan": {"imageScanFindings": {"findings": [{"name": "CVE-2023-4911", "severity": "HIGH"}]}}}),
    )
    .and("EKSENTRY_PARAMETERS", parameters);
    world.ok("ecr-event", &scan("COMPLETE", &json!({"HIGH": 1})));
    assert_eq!(world.status(SCAN, &image()), "PASSED INFORMATIONAL");
    world.end();
}

#[test]
fn counts_in_the_event_fail_an_image_without_findings_yet() {
    let mut world = world(scanned_without_findings());
    world.ok("ecr-event", &scan("COMPLETE", &json!({})));
    world.ok("ecr-event", &scan("COMPLETE", &json!({"MEDIUM": 3})));
    assert_eq!(world.statuses(), [""; 0], "a missing result is not a pass");

    let counts = json!({"CRITICAL": 4, "HIGH": 8, "MEDIUM": 11, "TOTAL": 30});
    let detail = json!({
        "repository-name": repository_arn("app"), "image-digest": DIGEST, "finding-severity-counts": counts,
    });
    world.ok("ecr-event", &inspector_event(detail));
    assert_eq!(world.status(SCAN, &image()), "FAILED CRITICAL");
    let announced = Value::from(world.finding(SCAN, &image()).unwrap());
    let reason = &announced["Compliance"]["StatusReasons"][0];
    assert_eq!(reason["ReasonCode"], "VULNERABILITIES_ANNOUNCED");
    assert_eq!(announced.get("Vulnerabilities"), None);

    world.sweep();
    assert_eq!(world.status(SCAN, &image()), "FAILED CRITICAL");
    world.change(|account| {
        let image = account.repository("app").unwrap().image(DIGEST).unwrap();
        image.scan = vulnerable()["scan"].as_object().cloned();
    });
    world.sweep();
    let arrived = Value::from(world.finding(SCAN, &image()).unwrap());
    assert_eq!(arrived["Vulnerabilities"][0]["Id"], "CVE-2024-3094");
    world.end();
}

#[test]
fn inspector_scans_of_other_resources_post_nothing() {
    let mut world = world(vulnerable());
    for detail in [
        json!({"instance-id": "i-0a1b2c3d4e5f60718"}),
        json!({"machine-image-id": "ami-0a1b2c3d4e5f60718"}),
        json!({}),
    ] {
        world.ok("ecr-event", &inspector_event(detail));
    }
    assert_eq!(world.aws.calls().len(), 0);
    world.end();
}
