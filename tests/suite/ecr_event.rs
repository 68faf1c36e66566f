//! `ecr-event`, end to end.

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

#[test]
fn a_push_judges_the_repository_and_the_image_only_where_it_has_a_result() {
    let mut unscanned = world(json!({}));
    unscanned.ok("ecr-event", &action("PUSH"));
    assert_eq!(
        unscanned.statuses(),
        [
            "FAILED MEDIUM ecr-immutable-tags repository/app",
            "FAILED MEDIUM ecr-scan-on-push repository/app"
        ]
    );
    unscanned.end();

    let mut scanned = world(vulnerable());
    scanned.ok("ecr-event", &action("PUSH"));
    assert_eq!(scanned.status(SCAN, &image()), "FAILED CRITICAL");
    scanned.end();
}

#[test]
fn a_deleted_image_is_archived_only_once_the_digest_is_gone() {
    let mut world = world(vulnerable());
    world.ok("ecr-event", &scan("COMPLETE", &json!({"CRITICAL": 1})));
    world.ok("ecr-event", &action("DELETE"));
    assert_eq!(
        world.status(SCAN, &image()),
        "FAILED CRITICAL",
        "only a tag was deleted"
    );

    world.deny("ecr.*");
    assert_eq!(
        world.error("ecr-event", &action("DELETE")).error_type,
        "NotAvailable"
    );
    assert_eq!(
        world.status(SCAN, &image()),
        "FAILED CRITICAL",
        "nobody knows whether it is gone"
    );

    world.aws.heal();
    world.change(|account| account.repository("app").unwrap().images.clear());
    world.ok("ecr-event", &action("DELETE"));
    assert_eq!(world.status(SCAN, &image()), "ARCHIVED FAILED CRITICAL");
    world.end();
}

#[test]
fn an_archived_image_is_archived() {
    let mut world = world(vulnerable());
    world.ok("ecr-event", &scan("COMPLETE", &json!({"CRITICAL": 1})));
    world.change(|account| {
        let image = account.repository("app").unwrap().image(DIGEST).unwrap();
        image
            .members
            .insert("imageStatus".into(), json!("ARCHIVED"));
    });
    world.ok("ecr-event", &action("UPDATE_STORAGE_CLASS"));
    assert_eq!(world.status(SCAN, &image()), "ARCHIVED FAILED CRITICAL");
    world.end();
}

#[test]
fn the_api_decides_and_the_event_only_where_the_api_cannot_be_read() {
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
        world.aws.heal();
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
fn charts_and_others_events_post_nothing_of_an_image() {
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
fn events_from_elsewhere_or_broken_ones_are_refused() {
    let mut world = world(vulnerable());
    let mut elsewhere = action("PUSH");
    elsewhere["account"] = json!("444455556666");
    let mut hostile = action("PUSH");
    hostile["detail"]["repository-name"] = json!("<script>");
    for event in [
        elsewhere,
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
fn a_push_without_a_tag_is_a_push_all_the_same() {
    for tag in [json!(""), Value::Null] {
        let mut world = world(vulnerable());
        let mut event = action("PUSH");
        event["detail"]["image-tag"] = tag;
        world.ok("ecr-event", &event);
        assert_eq!(world.statuses().len(), 3);
        world.end();
    }
}

#[test]
fn a_pushed_chart_judges_its_repository_only() {
    let mut world = world(json!({"artifactMediaType": "application/vnd.cncf.helm.config.v1+json"}));
    world.ok("ecr-event", &action("PUSH"));
    assert_eq!(
        world.statuses(),
        [
            "FAILED MEDIUM ecr-immutable-tags repository/app",
            "FAILED MEDIUM ecr-scan-on-push repository/app"
        ]
    );
    world.end();
}

#[test]
fn a_push_that_did_not_succeed_posts_nothing() {
    let mut world = world(vulnerable());
    let mut event = action("PUSH");
    event["detail"]["result"] = json!("FAILURE");
    world.ok("ecr-event", &event);
    assert_eq!(world.statuses(), [""; 0]);
    world.end();
}

#[test]
fn a_pushed_repository_that_cannot_be_read_is_not_available() {
    let mut world = world(vulnerable());
    world.deny("ecr.DescribeRepositories");
    world.ok("ecr-event", &action("PUSH"));
    assert_eq!(
        world.statuses(),
        [
            "FAILED CRITICAL ecr-image-scan-findings repository/app/sha256:1111111111111111111111111111111111111111111111111111111111111111",
            "NOT_AVAILABLE INFORMATIONAL ecr-immutable-tags repository/app",
            "NOT_AVAILABLE INFORMATIONAL ecr-scan-on-push repository/app",
        ]
    );
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
fn a_scan_that_is_under_way_posts_nothing() {
    let mut world = world(json!({"scan": {"imageScanStatus": {"status": "IN_PROGRESS"}}}));
    world.ok("ecr-event", &scan("COMPLETE", &json!({"HIGH": 1})));
    assert_eq!(
        world.statuses(),
        [""; 0],
        "the API says that another scan is under way"
    );
    world.end();
}

#[test]
fn inspectors_event_judges_the_image_by_the_api_or_its_own_counts() {
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
fn a_delete_of_an_unknown_image_succeeds_and_posts_nothing() {
    let mut world = world(vulnerable());
    world.change(|account| account.repositories.clear());
    world.ok("ecr-event", &action("DELETE"));
    assert_eq!(world.calls("securityhub.BatchImportFindings"), 0);
    world.end();
}

#[test]
fn an_image_that_is_restored_from_the_archive_is_not_archived() {
    let mut world = world(vulnerable());
    world.ok("ecr-event", &scan("COMPLETE", &json!({"CRITICAL": 1})));
    let mut event = action("UPDATE_STORAGE_CLASS");
    event["detail"]["target-storage-class"] = json!("STANDARD");
    world.ok("ecr-event", &event);
    assert_eq!(world.status(SCAN, &image()), "FAILED CRITICAL");
    world.end();
}

#[test]
fn an_event_that_comes_twice_or_late_ends_in_the_same_state() {
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
fn an_event_of_another_region_is_refused() {
    let mut world = world(vulnerable());
    let mut event = action("PUSH");
    event["region"] = json!("us-east-1");
    let error = world.error("ecr-event", &event);
    assert_eq!(error.error_type, "InvalidEvent");
    assert!(error.error_message.contains("us-east-1"), "{error}");
    world.end();
}

#[test]
fn with_security_hub_off_nothing_is_read_from_it_or_sent_to_it() {
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

#[test]
fn the_environments_parameters_judge_images() {
    let parameters = r#"{"ecr-image-scan-findings": {"severityThreshold": "CRITICAL"}}"#;
    let mut world = world(
        json!({"scan": {"imageScanFindings": {"findings": [{"name": "CVE-2023-4911", "severity": "HIGH"}]}}}),
    )
    .and("EKSENTRY_PARAMETERS", parameters);
    world.ok("ecr-event", &scan("COMPLETE", &json!({"HIGH": 1})));
    assert_eq!(world.status(SCAN, &image()), "PASSED INFORMATIONAL");
    world.end();
}
