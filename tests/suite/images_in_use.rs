//! The use of images: in clusters, as Amazon Inspector reports it, and by pulls.

use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

use crate::world::{World, repository_arn};

const SCAN: &str = "ecr-image-scan-findings";
const AGE: &str = "ecr-image-age";

fn digest(number: usize) -> String {
    format!("sha256:{number:064x}")
}

fn arn(number: usize) -> String {
    format!("{}/{}", repository_arn("app"), digest(number))
}

fn world(images: Value) -> World {
    World::with(json!({"repositories": [{"repositoryName": "app", "images": images}]}))
}

/// Returns an image with a vulnerability, of which the finding reports this use.
fn used(number: usize, in_use: Value) -> Value {
    let finding = json!({
        "title": "CVE-2024-3094", "severity": "HIGH", "status": "ACTIVE", "type": "PACKAGE_VULNERABILITY",
        "resources": [{"type": "AWS_ECR_CONTAINER_IMAGE", "details": {"awsEcrContainerImage": in_use}}],
    });
    json!({
        "imageDigest": digest(number), "imageTags": [format!("1.{number}")],
        "scan": {"imageScanFindings": {"enhancedFindings": [finding]}},
    })
}

#[test]
fn the_use_of_an_image_is_reported_and_does_not_change_the_severity() {
    let mut world = world(json!([
        used(
            1,
            json!({"inUseCount": 2, "lastInUseAt": "2026-11-21T23:59:59Z"})
        ),
        used(2, json!({"inUseCount": 0})),
        used(3, json!({})),
    ]));
    world.ok("sweep", &json!({"checks": [SCAN]}));
    for (number, text, count, last) in [
        (
            1,
            Some("running in 2 clusters, last on 2026-11-21."),
            json!("2"),
            json!("2026-11-21"),
        ),
        (
            2,
            Some("not running in any cluster."),
            json!("0"),
            Value::Null,
        ),
        (3, None, Value::Null, Value::Null),
    ] {
        assert_eq!(world.status(SCAN, &arn(number)), "FAILED HIGH");
        let finding = Value::from(world.finding(SCAN, &arn(number)).unwrap());
        let reason = finding["Compliance"]["StatusReasons"][0]["Description"]
            .as_str()
            .unwrap();
        assert_eq!(
            reason.contains("Use of the image"),
            text.is_some(),
            "{reason}"
        );
        assert!(text.is_none_or(|text| reason.ends_with(text)), "{reason}");
        let other = &finding["Resources"][0]["Details"]["Other"];
        assert_eq!(
            (&other["inUseCount"], &other["lastInUseAt"]),
            (&count, &last)
        );
    }
    let again = world.ok("sweep", &json!({"checks": [SCAN]}));
    assert_eq!(again["posted"], json!(0));
    world.end();
}

#[test]
fn images_that_no_cluster_runs_can_be_excluded() {
    let mut world = world(json!([
        used(1, json!({"inUseCount": 1})),
        used(2, json!({"inUseCount": 0})),
        used(3, json!({})),
    ]));
    world.ok("sweep", &json!({"checks": [SCAN]}));
    let parameters = json!({SCAN: {"inUseOnly": true}}).to_string();
    let mut world = world.and("EKSENTRY_PARAMETERS", &parameters);
    world.ok("sweep", &json!({"checks": [SCAN]}));
    for (number, expected) in [
        (1, "FAILED HIGH"),
        (2, "ARCHIVED FAILED HIGH"),
        (3, "FAILED HIGH"),
    ] {
        assert_eq!(world.status(SCAN, &arn(number)), expected, "{number}");
    }
    world.end();
}

#[test]
fn only_images_that_were_pulled_recently_may_be_too_old() {
    let days_ago = |days: i64| json!((Timestamp::now() - (days * 24).hours()).to_string());
    let image = |number: usize, pushed: i64, pulled: Option<i64>| {
        let mut image = json!({
            "imageDigest": digest(number), "imageTags": [format!("1.{number}")], "imagePushedAt": days_ago(pushed),
        });
        if let Some(days) = pulled {
            image["lastRecordedPullTime"] = days_ago(days);
        }
        image
    };
    let mut restored = image(5, 300, Some(0));
    restored["lastActivatedAt"] = days_ago(1);
    let mut unknown = image(6, 0, Some(1));
    unknown["imagePushedAt"] = Value::Null;
    let mut world = world(json!([
        image(1, 200, Some(1)),
        image(2, 179, Some(1)),
        image(3, 400, None),
        image(4, 400, Some(40)),
        restored,
        unknown,
    ]));
    world.ok("sweep", &json!({"checks": [AGE]}));
    for (number, expected) in [
        (1, "FAILED LOW"),
        (2, "PASSED INFORMATIONAL"),
        (3, "none"),
        (4, "none"),
        (5, "FAILED LOW"),
        (6, "NOT_AVAILABLE INFORMATIONAL"),
    ] {
        assert_eq!(world.status(AGE, &arn(number)), expected, "{number}");
    }
    assert_eq!(world.calls("ecr.DescribeImages"), 1);
    assert_eq!(world.calls("ecr.DescribeImageScanFindings"), 0);
    let again = world.ok("sweep", &json!({"checks": [AGE]}));
    assert_eq!(again["posted"], json!(0));
    world.end();
}
