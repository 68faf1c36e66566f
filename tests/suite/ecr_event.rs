//! `ecr-event`, end to end.

mod event_patterns;
mod image_actions;
mod scanning_changes;
mod scans;

use serde_json::{Value, json};

use crate::world::{ACCOUNT, REGION, World, repository_arn};

const DIGEST: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
const SCAN: &str = "ecr-image-scan-findings";

fn world(image: Value) -> World {
    let mut image = image;
    image["imageDigest"] = json!(DIGEST);
    World::with(
        json!({"repositories": [{"repositoryName": "app", "imageTagMutability": "MUTABLE", "images": [image]}]}),
    )
}

fn vulnerable() -> Value {
    json!({"imageTags": ["v1"], "scan": {"imageScanFindings": {"findings": [{"name": "CVE-2024-3094", "severity": "CRITICAL"}]}}})
}

fn event(kind: &str, detail: Value) -> Value {
    let mut detail = detail;
    detail["repository-name"] = json!("app");
    detail["image-digest"] = json!(DIGEST);
    json!({
        "version": "0", "source": "aws.ecr", "detail-type": kind, "account": ACCOUNT, "region": REGION,
        "time": "2026-03-01T10:00:00Z", "resources": [], "detail": detail,
    })
}

fn action(action: &str) -> Value {
    event(
        "ECR Image Action",
        json!({"action-type": action, "result": "SUCCESS", "target-storage-class": "ARCHIVE"}),
    )
}

fn scan(status: &str, counts: &Value) -> Value {
    event(
        "ECR Image Scan",
        json!({"scan-status": status, "finding-severity-counts": counts, "image-tags": []}),
    )
}

fn image() -> String {
    format!("{}/{DIGEST}", repository_arn("app"))
}

/// Returns an image whose scan ECR calls complete before its findings have arrived.
fn scanned_without_findings() -> Value {
    json!({"imageTags": ["v1"], "scan": {"imageScanFindings": {
        "findings": [], "imageScanCompletedAt": null, "findingSeverityCounts": null,
    }}})
}

fn inspector_event(detail: Value) -> Value {
    let mut event = json!({
        "version": "0", "source": "aws.inspector2", "detail-type": "Inspector2 Scan", "account": ACCOUNT,
        "region": REGION, "resources": [], "detail": {"scan-status": "INITIAL_SCAN_COMPLETE", "version": "1.0"},
    });
    let more = detail.as_object().unwrap().clone();
    event["detail"].as_object_mut().unwrap().extend(more);
    event
}

fn scanning_changed(repositories: &Value) -> Value {
    json!({
        "version": "0", "source": "aws.ecr", "detail-type": "ECR Scan Resource Change", "account": ACCOUNT,
        "region": REGION, "resources": [],
        "detail": {"action-type": "SCAN_FREQUENCY_CHANGE", "repositories": repositories},
    })
}

#[test]
fn charts_and_unrelated_events_post_nothing() {
    let mut world =
        world(json!({"artifactMediaType": "application/vnd.cncf.helm.config.v1+json", "scan": {}}));
    world.ok("ecr-event", &scan("COMPLETE", &json!({"HIGH": 1})));
    for event in [
        event("ECR Replication Action", json!({})),
        json!({"source": "aws.cloudhsm", "detail-type": "AWS API Call via CloudTrail", "detail": {}}),
    ] {
        world.ok("ecr-event", &event);
    }
    assert_eq!(world.statuses(), [""; 0]);
    assert_eq!(world.calls("securityhub.BatchImportFindings"), 0);
    world.end();
}

#[test]
fn invalid_events_and_events_of_other_accounts_are_rejected() {
    let mut world = world(vulnerable());
    let mut other_account = action("PUSH");
    other_account["account"] = json!("444455556666");
    let mut hostile = action("PUSH");
    hostile["detail"]["repository-name"] = json!("<script>");
    for event in [
        other_account,
        hostile,
        json!("text"),
        event("ECR Image Action", json!({"action-type": 7})),
    ] {
        assert_eq!(
            world.error("ecr-event", &event).error_type,
            "InvalidEvent",
            "{event}"
        );
    }
    assert_eq!(world.aws.calls().len(), 0);
    world.end();
}

#[test]
fn duplicate_and_late_events_change_nothing() {
    let mut world = world(vulnerable());
    let (scanned, pushed) = (scan("COMPLETE", &json!({"CRITICAL": 1})), action("PUSH"));
    for event in [&pushed, &scanned] {
        world.ok("ecr-event", event);
    }
    let (state, imports) = (
        world.aws.findings(),
        world.calls("securityhub.BatchImportFindings"),
    );
    for event in [&scanned, &pushed, &scanned] {
        world.ok("ecr-event", event);
    }
    assert_eq!(
        (
            world.aws.findings(),
            world.calls("securityhub.BatchImportFindings")
        ),
        (state, imports)
    );
    world.end();
}

#[test]
fn an_event_of_another_region_is_rejected() {
    let mut world = world(vulnerable());
    let mut event = action("PUSH");
    event["region"] = json!("us-east-1");
    let error = world.error("ecr-event", &event);
    assert_eq!(error.error_type, "InvalidEvent");
    assert!(error.error_message.contains("us-east-1"), "{error}");
    world.end();
}

#[test]
fn with_security_hub_off_it_is_not_called() {
    let mut world = world(vulnerable()).and("EKSENTRY_SECURITY_HUB", "off");
    for event in [
        action("PUSH"),
        scan("COMPLETE", &json!({"CRITICAL": 1})),
        action("DELETE"),
    ] {
        world.ok("ecr-event", &event);
    }
    let calls = world.aws.calls();
    assert!(
        calls.iter().all(|call| call.service != "securityhub"),
        "{calls:?}"
    );
    world.end();
}
