//! Images that are pushed, deleted, archived or restored.

use serde_json::{Value, json};

use super::{DIGEST, SCAN, action, image, scan, scanned_without_findings, vulnerable, world};

#[test]
fn a_push_evaluates_the_repository_and_a_scanned_image() {
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
fn a_deleted_image_is_archived_once_its_digest_no_longer_exists() {
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
        "the deletion is not confirmed"
    );

    world.aws.clear_faults();
    world.change(|account| account.repository("app").unwrap().images.clear());
    world.ok("ecr-event", &action("DELETE"));
    assert_eq!(world.status(SCAN, &image()), "ARCHIVED FAILED CRITICAL");
    world.end();
}

#[test]
fn the_finding_of_an_archived_image_is_archived() {
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
fn a_push_without_a_tag_is_evaluated() {
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
fn a_pushed_chart_evaluates_only_its_repository() {
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
fn a_failed_push_posts_nothing() {
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
fn deleting_an_unknown_image_succeeds_and_posts_nothing() {
    let mut world = world(vulnerable());
    world.change(|account| account.repositories.clear());
    world.ok("ecr-event", &action("DELETE"));
    assert_eq!(world.calls("securityhub.BatchImportFindings"), 0);
    world.end();
}

#[test]
fn the_finding_of_a_restored_image_is_not_archived() {
    let mut world = world(vulnerable());
    world.ok("ecr-event", &scan("COMPLETE", &json!({"CRITICAL": 1})));
    let mut event = action("UPDATE_STORAGE_CLASS");
    event["detail"]["target-storage-class"] = json!("STANDARD");
    world.ok("ecr-event", &event);
    assert_eq!(world.status(SCAN, &image()), "FAILED CRITICAL");
    world.end();
}

#[test]
fn a_push_posts_nothing_for_an_image_without_findings_yet() {
    let mut world = world(scanned_without_findings());
    world.ok("ecr-event", &action("PUSH"));
    assert_eq!(world.status(SCAN, &image()), "none");
    world.end();
}
