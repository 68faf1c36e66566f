//! The configurations in images, which only an opt-in check reads.

use eksentry_core::checks;
use serde_json::{Value, json};

use crate::world::{ACCOUNT, World, exclusions, repository_arn};

const USER: &str = "ecr-image-non-root-user";
const SCAN: &str = "ecr-image-scan-findings";
const MANIFESTS: &str = "ecr.BatchGetImage";
const URLS: &str = "ecr.GetDownloadUrlForLayer";
const EXCLUSIONS: &str = "ecr.ListPullTimeUpdateExclusions";

/// Returns a world with these images, whose functions have the permissions of the opt-in and, with `excluded`, are
/// excluded from pull times.
fn world(images: Value, excluded: bool) -> World {
    let entries = json!({"repositories": [{"repositoryName": "app", "images": images}]});
    let world = World::with_all_enabled(entries).deployed_with("ImageConfigurations", "on");
    if excluded {
        exclude(&world);
    }
    world
}

/// Adds exclusions for the roles of functions.
fn exclude(world: &World) {
    let mut exclusions = exclusions(&world.deployment(), ACCOUNT);
    let other = json!({"principalArn": format!("arn:aws:iam::{ACCOUNT}:role/scanner")});
    exclusions.as_array_mut().unwrap().insert(0, other);
    world.change(|account| {
        let entries = json!({"pull_time_update_exclusions": exclusions});
        account.add(entries).unwrap();
    });
}

fn digest(number: usize) -> String {
    format!("sha256:{number:064x}")
}

fn arn(number: usize) -> String {
    format!("{}/{}", repository_arn("app"), digest(number))
}

fn tagged(number: usize) -> Value {
    json!({"imageDigest": digest(number), "imageTags": [format!("1.{number}")], "scan": {}})
}

fn with_user(number: usize, user: &str) -> Value {
    let mut image = tagged(number);
    image["configuration"] = json!({"os": "linux", "config": {"User": user}});
    image
}

fn with(mut image: Value, name: &str, value: Value) -> Value {
    image[name] = value;
    image
}

fn sweep(world: &mut World) -> Value {
    world.ok("sweep", &json!({"checks": [USER]}))
}

fn requests(world: &World) -> (usize, usize, usize) {
    (
        world.calls(MANIFESTS),
        world.calls(URLS),
        world.aws.downloads(),
    )
}

#[test]
fn without_an_exclusion_no_image_is_read() {
    assert!(!checks::find(USER).unwrap().enabled);
    for exclusions in [
        json!([]),
        json!([{"principalArn": "arn:aws:iam::111122223333:role/other"}]),
    ] {
        let mut world = world(json!([with_user(1, "root"), tagged(2)]), false);
        world.change(|account| {
            let exclusions = json!({"pull_time_update_exclusions": exclusions});
            account.add(exclusions).unwrap();
        });
        sweep(&mut world);
        for number in [1, 2] {
            assert_eq!(
                world.status(USER, &arn(number)),
                "NOT_AVAILABLE INFORMATIONAL"
            );
        }
        assert_eq!(requests(&world), (0, 0, 0));
        assert_eq!(world.calls(EXCLUSIONS), 1);
        world.end();
    }
}

#[test]
fn the_configuration_is_read_once_and_decides() {
    let schema_1 = json!({"schemaVersion": 1, "fsLayers": []});
    let statement =
        json!({"schemaVersion": 2, "layers": [{"mediaType": "application/vnd.in-toto+json"}]});
    let index = "application/vnd.oci.image.index.v1+json";
    let chart = "application/vnd.cncf.helm.config.v1+json";
    let images = json!([
        with_user(1, ""),
        with_user(2, "0:1000"),
        with_user(3, "65532"),
        with_user(4, "nginx"),
        with(tagged(5), "manifest", schema_1),
        with(tagged(6), "configuration", json!("no JSON")),
        with(tagged(7), "configuration", json!({"os": "windows"})),
        with(
            tagged(8),
            "configuration",
            json!("x".repeat(1024 * 1024 + 1))
        ),
        with(tagged(9), "imageManifestMediaType", json!(index)),
        with(tagged(10), "artifactMediaType", json!(chart)),
        with(tagged(11), "imageStatus", json!("ARCHIVED")),
        with(tagged(12), "manifest", statement),
    ]);
    let mut world = world(images, true);
    sweep(&mut world);
    let expected = [
        (1, "FAILED MEDIUM"),
        (2, "FAILED MEDIUM"),
        (3, "PASSED INFORMATIONAL"),
        (4, "PASSED INFORMATIONAL"),
        (5, "WARNING LOW"),
        (6, "WARNING LOW"),
        (7, "WARNING LOW"),
        (8, "WARNING LOW"),
        (9, "none"),
        (10, "none"),
        (11, "none"),
        (12, "none"),
    ];
    for (number, expected) in expected {
        assert_eq!(world.status(USER, &arn(number)), expected, "{number}");
    }
    let first = requests(&world);
    assert_eq!(
        first,
        (1, 6, 6),
        "what the manifest says is larger is not downloaded"
    );
    let again = sweep(&mut world);
    assert_eq!(again["posted"], json!(0));
    assert_eq!(
        requests(&world),
        (2, 6, 6),
        "only the attestation is read again"
    );
    let digests = world.aws.calls_of(MANIFESTS)[1].members["imageIds"].clone();
    assert_eq!(digests, json!([{"imageDigest": digest(12)}]));
    world.end();
}

#[test]
fn a_scan_that_must_be_read_again_does_not_read_the_configuration_again() {
    let finding = json!({"title": "CVE-2024-3094", "severity": "HIGH", "status": "ACTIVE"});
    let scan = json!({"imageScanFindings": {"enhancedFindings": [finding]}});
    let image = with(with_user(1, "root"), "scan", scan);
    let mut world = world(json!([image]), true);
    let checks = json!({"checks": [USER, SCAN]});
    let scans = "ecr.DescribeImageScanFindings";
    world.ok("sweep", &checks);
    assert_eq!((requests(&world), world.calls(scans)), ((1, 1, 1), 1));
    let again = world.ok("sweep", &checks);
    assert_eq!((requests(&world), world.calls(scans)), ((1, 1, 1), 2));
    assert_eq!(
        (&again["unchanged"], &again["resources"]),
        (&json!(2), &json!(1)),
        "{again}"
    );
    assert_eq!(again["posted"], json!(0));
    world.change(|account| {
        let repository = account.repository("app").unwrap();
        repository.image(&digest(1)).unwrap().scan = Some(serde_json::Map::new());
    });
    world.ok("sweep", &checks);
    assert_eq!(requests(&world), (1, 1, 1));
    assert_eq!(world.status(SCAN, &arn(1)), "PASSED INFORMATIONAL");
    assert_eq!(world.status(USER, &arn(1)), "FAILED MEDIUM");
    world.end();
}

#[test]
fn a_download_that_fails_is_not_available() {
    let blob = |number: usize, download: Value| {
        let mut image = with_user(number, "root");
        // Each image has its own configuration.
        image["configuration"]["created"] = json!(number);
        image["download"] = download;
        image
    };
    let elsewhere = "http://127.0.0.1/layers/eu-central-1/app/other?X-Amz-Signature=1";
    let mut world = world(
        json!([
            blob(1, json!({"status": 307, "location": elsewhere})),
            blob(2, json!({"content": "{\"config\": {\"User\": \"65532\"}}"})),
            blob(3, json!({"status": 403})),
            blob(4, json!({"content": "x".repeat(1024 * 1024 + 1)})),
        ]),
        true,
    );
    sweep(&mut world);
    for (number, expected, mention) in [
        (1, "NOT_AVAILABLE INFORMATIONAL", "status 307"),
        (2, "NOT_AVAILABLE INFORMATIONAL", "another digest"),
        (3, "NOT_AVAILABLE INFORMATIONAL", "status 403"),
        (4, "WARNING LOW", "1 MiB"),
    ] {
        assert_eq!(world.status(USER, &arn(number)), expected, "{number}");
        let finding = Value::from(world.finding(USER, &arn(number)).unwrap());
        let reason = finding["Compliance"]["StatusReasons"][0]["Description"].to_string();
        assert!(reason.contains(mention), "{reason}");
        assert!(!reason.contains("X-Amz-Signature"), "{reason}");
    }
    assert_eq!(world.aws.downloads(), 4, "a redirect is not followed");
    world.end();
}

#[test]
fn repositories_of_a_pull_through_cache_are_not_read() {
    let mut world = world(json!([with_user(1, "root")]), true);
    world.change(|account| {
        let rules = json!({"pull_through_cache_rules": [{"ecrRepositoryPrefix": "ROOT"}]});
        account.add(rules).unwrap();
    });
    sweep(&mut world);
    assert_eq!(world.status(USER, &arn(1)), "none");
    assert_eq!(requests(&world), (0, 0, 0));
    world.end();
}

#[test]
fn each_denied_call_is_not_available() {
    for operation in [
        EXCLUSIONS,
        MANIFESTS,
        URLS,
        "ecr.DescribePullThroughCacheRules",
        "sts.GetCallerIdentity",
    ] {
        let mut world = world(json!([with_user(1, "root")]), true);
        world.deny(operation);
        sweep(&mut world);
        let status = world.status(USER, &arn(1));
        assert_eq!(status, "NOT_AVAILABLE INFORMATIONAL", "{operation}");
        world.end();
    }
}

#[test]
fn an_event_reads_the_configuration_of_its_image() {
    let mut world = world(json!([with_user(1, "root")]), true).and("EKSENTRY_ENABLED_CHECKS", USER);
    let event = json!({
        "source": "aws.ecr", "detail-type": "ECR Image Scan", "account": ACCOUNT, "region": "eu-central-1",
        "detail": {
            "scan-status": "COMPLETE", "repository-name": "app", "image-digest": digest(1),
            "finding-severity-counts": {},
        },
    });
    world.ok("ecr-event", &event);
    assert_eq!(world.status(USER, &arn(1)), "FAILED MEDIUM");
    assert_eq!(requests(&world), (1, 1, 1));
    world.end();
}
