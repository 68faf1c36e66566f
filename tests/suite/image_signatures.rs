//! The signing of images in sweeps and after events.

use eksentry_core::checks;
use eksentry_tests::stand_in::{Fault, FaultKind};
use jiff::{Timestamp, ToSpan as _};
use serde_json::{Value, json};

use crate::world::{ACCOUNT, REGION, World, repository_arn};

const SIGNED: &str = "ecr-image-signed";
const SIGNING: &str = "ecr-managed-signing";
const STATUSES: &str = "ecr.DescribeImageSigningStatus";
const CONFIGURATION: &str = "ecr.GetSigningConfiguration";
const LIST: &str = "ecr.DescribeImages";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";

/// Returns a world with these images in the repository `prod/api`, whose registry signs what is pushed to `prod/`.
fn world(images: Value) -> World {
    World::with_all_enabled(json!({
        "repositories": [{"repositoryName": "prod/api", "images": images}],
        "signing_configuration": rules(&["prod/*"]),
    }))
}

fn rules(filters: &[&str]) -> Value {
    let filters = filters
        .iter()
        .map(|filter| json!({"filter": filter, "filterType": "WILDCARD_MATCH"}));
    let arn = format!("arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/images");
    let filters: Vec<Value> = filters.collect();
    json!({"rules": [{"signingProfileArn": arn, "repositoryFilters": filters}]})
}

fn digest(number: usize) -> String {
    format!("sha256:{number:064x}")
}

fn arn(number: usize) -> String {
    format!("{}/{}", repository_arn("prod/api"), digest(number))
}

fn tagged(number: usize) -> Value {
    json!({"imageDigest": digest(number), "imageTags": [format!("1.{number}")]})
}

/// Returns an artifact of this type that refers to an image.
fn referrer(number: usize, subject: usize, artifact_type: &str) -> Value {
    json!({
        "imageDigest": digest(number), "artifactMediaType": artifact_type,
        "subjectManifestDigest": digest(subject),
    })
}

fn signature(number: usize, subject: usize) -> Value {
    referrer(number, subject, "application/vnd.cncf.notary.signature")
}

fn signed_sweep(world: &mut World) {
    world.ok("sweep", &json!({"checks": [SIGNED]}));
}

fn with(mut image: Value, name: &str, value: Value) -> Value {
    image[name] = value;
    image
}

#[test]
fn an_image_is_evaluated_by_its_signature_and_its_status() {
    let status = |status: &str| json!([{"status": status, "failureCode": "ACCESS_DENIED"}]);
    let minutes_ago = |minutes: i64| json!((Timestamp::now() - minutes.minutes()).to_string());
    let cosign = json!([format!("{}.sig", digest(2).replace(':', "-"))]);
    let mut world = world(json!([
        with(tagged(1), "imageManifestMediaType", json!(INDEX)),
        signature(21, 1),
        json!({"imageDigest": digest(22)}),
        tagged(2),
        json!({"imageDigest": digest(23), "imageTags": cosign}),
        with(tagged(3), "signingStatuses", status("FAILED")),
        with(tagged(4), "imagePushedAt", minutes_ago(5)),
        with(tagged(5), "signingStatuses", status("IN_PROGRESS")),
        with(tagged(6), "signingStatuses", status("COMPLETE")),
        tagged(7),
        referrer(24, 7, "application/spdx+json"),
        with(
            tagged(8),
            "artifactMediaType",
            json!("application/vnd.cncf.helm.config.v1+json")
        ),
        with(tagged(9), "imageStatus", json!("ARCHIVED")),
        with(tagged(10), "imagePushedAt", minutes_ago(5)),
        signature(25, 10),
    ]));
    signed_sweep(&mut world);
    for (number, expected) in [
        (1, "PASSED INFORMATIONAL"),
        (2, "PASSED INFORMATIONAL"),
        (3, "FAILED MEDIUM"),
        (4, "none"),
        (5, "none"),
        (6, "WARNING LOW"),
        (7, "FAILED MEDIUM"),
        (8, "none"),
        (9, "none"),
        (10, "PASSED INFORMATIONAL"),
        (21, "none"),
        (22, "none"),
        (23, "none"),
        (24, "none"),
    ] {
        assert_eq!(world.status(SIGNED, &arn(number)), expected, "{number}");
    }
    assert_eq!(world.calls(CONFIGURATION), 1);
    assert_eq!(
        world.calls(STATUSES),
        4,
        "only unsigned images are asked for"
    );
    let failed = Value::from(world.finding(SIGNED, &arn(3)).unwrap());
    let reason = &failed["Compliance"]["StatusReasons"][0];
    assert_eq!(reason["ReasonCode"], "SIGNING_FAILED");
    assert!(
        reason["Description"]
            .as_str()
            .unwrap()
            .contains("ACCESS_DENIED")
    );
    world.end();
}

#[test]
fn nothing_is_asked_about_images_until_someone_decides_to_sign() {
    for configuration in [None, Some(rules(&["team/*"])), Some(json!({"rules": []}))] {
        let mut entries = json!({"repositories": [
            {"repositoryName": "prod/api", "images": [tagged(1), tagged(2)]},
        ]});
        if let Some(configuration) = configuration {
            entries["signing_configuration"] = configuration;
        }
        let mut world = World::with_all_enabled(entries);
        signed_sweep(&mut world);
        assert_eq!(world.statuses(), [""; 0]);
        assert_eq!((world.calls(CONFIGURATION), world.calls(STATUSES)), (1, 0));
        assert_eq!(world.calls("ecr.DescribePullThroughCacheRules"), 0);
        world.end();
    }
}

#[test]
fn a_signature_on_another_page_counts() {
    let mut world = world(json!([
        tagged(1),
        tagged(2),
        tagged(3),
        signature(21, 2),
        signature(22, 1),
    ]));
    world.change(|account| account.page_size = Some(1));
    signed_sweep(&mut world);
    for (number, expected) in [
        (1, "PASSED INFORMATIONAL"),
        (2, "PASSED INFORMATIONAL"),
        (3, "FAILED MEDIUM"),
    ] {
        assert_eq!(world.status(SIGNED, &arn(number)), expected, "{number}");
    }
    assert_eq!((world.calls(LIST), world.calls(STATUSES)), (5, 1));
    world.end();
}

#[test]
fn an_incomplete_list_does_not_show_that_a_signature_is_missing() {
    let mut world = world(json!([
        tagged(1),
        signature(21, 1),
        tagged(2),
        tagged(3),
        signature(22, 2)
    ]));
    world.change(|account| account.page_size = Some(3));
    world.aws.fail(Fault::new(LIST, FaultKind::RepeatedToken));
    let error = world.error("sweep", &json!({"checks": [SIGNED]}));
    assert_eq!(error.error_type, "NotListed");
    assert_eq!(world.status(SIGNED, &arn(1)), "PASSED INFORMATIONAL");
    assert_eq!(world.status(SIGNED, &arn(2)), "NOT_AVAILABLE INFORMATIONAL");
    assert_eq!(world.calls(STATUSES), 0);
    world.clear_faults();
    signed_sweep(&mut world);
    assert_eq!(world.status(SIGNED, &arn(2)), "PASSED INFORMATIONAL");
    world.end();
}

#[test]
fn all_checks_of_an_image_that_waits_for_its_signature_are_reported() {
    let mut world = world(json!([
        with(tagged(1), "scan", json!({})),
        tagged(2),
        signature(21, 1),
    ]));
    world.change(|account| account.page_size = Some(1));
    world.sweep();
    let scan = "ecr-image-scan-findings";
    assert_eq!(world.status(SIGNED, &arn(1)), "PASSED INFORMATIONAL");
    assert_eq!(world.status(scan, &arn(1)), "PASSED INFORMATIONAL");
    assert_eq!(world.status(SIGNED, &arn(2)), "FAILED MEDIUM");
    assert_eq!(world.status(scan, &arn(2)), "FAILED MEDIUM");
    let again = world.sweep();
    assert_eq!(again["posted"], json!(0));
    assert_eq!(
        world.calls("ecr.DescribeImageScanFindings"),
        3,
        "the complete scan is not read again"
    );
    world.end();
}

#[test]
fn cached_images_are_evaluated_only_by_the_parameter() {
    let entries = |prefix: &str| {
        json!({
            "repositories": [{"repositoryName": "prod/api", "images": [tagged(1)]}],
            "signing_configuration": rules(&["*"]),
            "pull_through_cache_rules": [{"ecrRepositoryPrefix": prefix}],
        })
    };
    for (prefix, parameters, expected) in [
        ("prod", json!({}), "none"),
        (
            "prod",
            json!({SIGNED: {"repositories": ["prod/*"]}}),
            "FAILED MEDIUM",
        ),
        // With this prefix, any image that ECR did not try to sign may be a copy.
        ("ROOT", json!({}), "none"),
    ] {
        let world = World::with_all_enabled(entries(prefix));
        let mut world = world.and("EKSENTRY_PARAMETERS", &parameters.to_string());
        signed_sweep(&mut world);
        let status = world.status(SIGNED, &arn(1));
        assert_eq!(status, expected, "{prefix} {parameters}");
        assert_eq!(world.calls("ecr.DescribePullThroughCacheRules"), 1);
        world.end();
    }
}

#[test]
fn unread_signing_is_not_available() {
    for (operation, expected) in [
        (CONFIGURATION, "NOT_AVAILABLE INFORMATIONAL"),
        (STATUSES, "NOT_AVAILABLE INFORMATIONAL"),
        (
            "ecr.DescribePullThroughCacheRules",
            "NOT_AVAILABLE INFORMATIONAL",
        ),
    ] {
        let mut world = world(json!([tagged(1)]));
        world.deny(operation);
        signed_sweep(&mut world);
        assert_eq!(world.status(SIGNED, &arn(1)), expected, "{operation}");
        let asks = usize::from(operation == STATUSES);
        assert_eq!(world.calls(STATUSES), asks, "{operation}");
        world.end();
    }
}

/// Returns the event of a scan of an image.
fn event(number: usize) -> Value {
    json!({
        "source": "aws.ecr", "detail-type": "ECR Image Scan", "account": ACCOUNT, "region": REGION,
        "detail": {
            "scan-status": "COMPLETE", "repository-name": "prod/api", "image-digest": digest(number),
            "finding-severity-counts": {},
        },
    })
}

#[test]
fn an_event_reads_the_signature_of_one_image() {
    let cosign = json!([format!("{}.sig", digest(2).replace(':', "-"))]);
    let status = |status: &str| json!([{"status": status}]);
    let images = json!([
        tagged(1),
        tagged(2),
        json!({"imageDigest": digest(23), "imageTags": cosign}),
        with(tagged(3), "signingStatuses", status("FAILED")),
        with(tagged(4), "signingStatuses", status("COMPLETE")),
        with(tagged(5), "signingStatuses", status("IN_PROGRESS")),
    ]);
    let by_pipeline = json!({SIGNED: {"repositories": ["prod/*"]}}).to_string();
    // Only a sweep lists all signatures, so an image without any that the event shows is left to it.
    for (number, expected, calls) in [
        (1, "none", 2),
        (2, "PASSED INFORMATIONAL", 2),
        (3, "FAILED MEDIUM", 2),
        (4, "PASSED INFORMATIONAL", 1),
        (5, "none", 1),
    ] {
        let mut ruled = world(images.clone());
        ruled.ok("ecr-event", &event(number));
        assert_eq!(ruled.status(SIGNED, &arn(number)), expected, "{number}");
        assert_eq!(
            (ruled.calls(STATUSES), ruled.calls(LIST)),
            (1, calls),
            "{number}"
        );
        ruled.end();
        let entries = json!({"repositories": [{"repositoryName": "prod/api", "images": images}]});
        let mut named = World::with_all_enabled(entries).and("EKSENTRY_PARAMETERS", &by_pipeline);
        named.ok("ecr-event", &event(number));
        assert_eq!(named.status(SIGNED, &arn(number)), expected, "{number}");
        named.end();
    }
}

#[test]
fn an_event_keeps_the_result_of_a_sweep_until_the_next_one() {
    let mut world = world(json!([tagged(1), signature(21, 1), tagged(2)]));
    signed_sweep(&mut world);
    for number in [1, 2] {
        world.ok("ecr-event", &event(number));
    }
    assert_eq!(world.status(SIGNED, &arn(1)), "PASSED INFORMATIONAL");
    assert_eq!(world.status(SIGNED, &arn(2)), "FAILED MEDIUM");
    world.end();
}

#[test]
fn an_event_about_an_image_that_need_not_be_signed_asks_for_no_signature() {
    let entries = json!({"repositories": [{"repositoryName": "prod/api", "images": [tagged(1)]}]});
    let mut world = World::with_all_enabled(entries);
    world.ok("ecr-event", &event(1));
    assert_eq!((world.calls(CONFIGURATION), world.calls(STATUSES)), (1, 0));
    assert_eq!(world.status(SIGNED, &arn(1)), "none");
    world.end();
}

#[test]
fn repositories_should_be_covered_by_a_signing_rule() {
    assert!(!checks::find(SIGNING).unwrap().enabled);
    let unsupported = |code: &str| FaultKind::Error {
        code: code.to_owned(),
        status: 400,
        message: String::new(),
    };
    for (filters, fault, expected) in [
        (Some(&["prod/*"][..]), None, "PASSED INFORMATIONAL"),
        (Some(&["pro/*"]), None, "FAILED LOW"),
        (None, None, "FAILED LOW"),
        (None, Some("UnknownOperationException"), "none"),
        (None, Some("ValidationException"), "none"),
        (
            None,
            Some("AccessDeniedException"),
            "NOT_AVAILABLE INFORMATIONAL",
        ),
    ] {
        let mut entries = json!({"repositories": [{"repositoryName": "prod/api"}]});
        if let Some(filters) = filters {
            entries["signing_configuration"] = rules(filters);
        }
        let mut world = World::with_all_enabled(entries);
        if let Some(code) = fault {
            let fault = Fault::new(CONFIGURATION, unsupported(code));
            world.aws.fail(fault);
        }
        world.ok("sweep", &json!({"checks": [SIGNING]}));
        let status = world.status(SIGNING, &repository_arn("prod/api"));
        assert_eq!(status, expected, "{filters:?} {fault:?}");
        world.end();
    }
}
