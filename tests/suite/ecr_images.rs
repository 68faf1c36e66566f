//! Images in sweeps: the manifests that count as images, the results of scans, and differences that are no changes.

use eksentry_tests::account::Account;
use serde_json::{Value, json};

use crate::world::{World, repository_arn};

const SCAN: &str = "ecr-image-scan-findings";
const MANIFESTS: &str = "ecr.BatchGetImage";
const SCANS: &str = "ecr.DescribeImageScanFindings";
const IMPORTS: &str = "securityhub.BatchImportFindings";

fn world(images: Value) -> World {
    World::with(json!({"repositories": [repository(images)]}))
}

fn repository(images: Value) -> Value {
    json!({
        "repositoryName": "app", "imageTagMutability": "IMMUTABLE",
        "imageScanningConfiguration": {"scanOnPush": true}, "images": images,
    })
}

fn digest(number: usize) -> String {
    format!("sha256:{number:064x}")
}

fn image(number: usize) -> String {
    format!("{}/{}", repository_arn("app"), digest(number))
}

/// Returns a provenance attestation as BuildKit pushes it.
fn attestation(number: usize) -> Value {
    let manifest = json!({"layers": [{"mediaType": "application/vnd.in-toto+json", "size": 1245}]});
    json!({"imageDigest": digest(number), "manifest": manifest})
}

fn untagged(number: usize) -> Value {
    json!({"imageDigest": digest(number)})
}

/// Returns the number of digests in each call that requests manifests, in ascending order.
fn requested_digests(world: &World) -> Vec<usize> {
    let calls = world.aws.calls_of(MANIFESTS);
    let mut numbers: Vec<usize> = calls
        .iter()
        .map(|call| call.members["imageIds"].as_array().unwrap().len())
        .collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn manifests_are_read_in_batches_of_100_and_once_per_image() {
    let mut images: Vec<Value> = (0..150).map(untagged).collect();
    images.push(attestation(150));
    images.push(json!({"imageDigest": digest(151), "imageTags": ["v1"]}));
    images.push(json!({"imageDigest": digest(152), "scan": {}}));
    let mut world = world(json!(images));
    world.sweep();
    assert_eq!(requested_digests(&world), [51, 100]);
    for number in [0, 149, 151] {
        assert_eq!(world.status(SCAN, &image(number)), "FAILED MEDIUM");
    }
    assert_eq!(world.status(SCAN, &image(150)), "none");
    assert_eq!(world.status(SCAN, &image(152)), "PASSED INFORMATIONAL");

    let imports = world.calls(IMPORTS);
    let again = world.sweep();
    assert_eq!(
        requested_digests(&world),
        [1, 51, 100],
        "only the attestation is read again"
    );
    assert_eq!(
        (world.calls(IMPORTS), &again["posted"]),
        (imports, &json!(0))
    );
    world.end();
}

#[test]
fn an_image_with_a_new_tag_or_scan_is_evaluated_again() {
    let mut world = world(json!([untagged(1), untagged(2)]));
    world.sweep();
    assert_eq!(requested_digests(&world), [2]);
    world.change(|account| {
        let repository = account.repository("app").unwrap();
        let tagged = repository.image(&digest(1)).unwrap();
        tagged.members.insert("imageTags".into(), json!(["v1"]));
        repository.image(&digest(2)).unwrap().scan = Some(serde_json::Map::new());
    });
    world.sweep();
    assert_eq!(requested_digests(&world), [2]);
    let details = Value::from(world.finding(SCAN, &image(1)).unwrap());
    let details = &details["Resources"][0]["Details"]["AwsEcrContainerImage"];
    assert_eq!(details["ImageTags"], json!(["v1"]));
    assert_eq!(world.status(SCAN, &image(2)), "PASSED INFORMATIONAL");
    world.end();
}

#[test]
fn a_narrowed_sweep_reads_the_manifests_of_a_repository_together() {
    let mut world = world(json!([attestation(1), untagged(2), untagged(3)]));
    world.change(|account| {
        let other = json!({"repositoryName": "other", "images": [untagged(4)]});
        account.add(json!({"repositories": [other]})).unwrap();
    });
    let other = format!("{}/{}", repository_arn("other"), digest(4));
    world.ok(
        "sweep",
        &json!({"resources": [image(1), &other, image(2), image(3)]}),
    );
    assert_eq!(requested_digests(&world), [1, 3]);
    assert_eq!(world.status(SCAN, &image(1)), "none");
    for image in [image(2), image(3), other] {
        assert_eq!(world.status(SCAN, &image), "FAILED MEDIUM");
    }
    world.end();
}

#[test]
fn attestations_count_as_images_if_manifests_are_denied() {
    let mut world = world(json!([attestation(1), untagged(2)]));
    world.deny(MANIFESTS);
    world.sweep();
    for number in [1, 2] {
        assert_eq!(world.status(SCAN, &image(number)), "FAILED MEDIUM");
    }
    world.aws.clear_faults();
    world.sweep();
    assert_eq!(world.status(SCAN, &image(1)), "ARCHIVED FAILED MEDIUM");
    assert_eq!(world.status(SCAN, &image(2)), "FAILED MEDIUM");
    world.end();
}

#[test]
fn events_about_attestations_post_nothing() {
    let mut world = world(json!([attestation(1), untagged(2)]));
    let scanned = |number: usize| {
        json!({
            "source": "aws.ecr", "detail-type": "ECR Image Scan",
            "detail": {"scan-status": "FAILED", "repository-name": "app", "image-digest": digest(number)},
        })
    };
    world.ok("ecr-event", &scanned(1));
    world.ok("ecr-event", &scanned(2));
    assert_eq!(world.status(SCAN, &image(1)), "none");
    assert_eq!(world.status(SCAN, &image(2)), "FAILED MEDIUM");
    assert_eq!(requested_digests(&world), [1, 1]);
    world.end();
}

#[test]
fn an_unscanned_image_of_the_last_hour_is_skipped() {
    let minutes_ago = |minutes: i64| {
        let at = jiff::Timestamp::now() - jiff::SignedDuration::from_mins(minutes);
        json!(at.to_string())
    };
    let mut recent = untagged(1);
    recent["imagePushedAt"] = minutes_ago(59);
    let mut before = untagged(2);
    before["imagePushedAt"] = minutes_ago(61);
    let mut world = world(json!([recent, before]));
    world.sweep();
    assert_eq!(world.status(SCAN, &image(1)), "none");
    assert_eq!(world.status(SCAN, &image(2)), "FAILED MEDIUM");
    assert_eq!(
        requested_digests(&world),
        [1],
        "only the manifest of the older image is read"
    );
    world.end();
}

#[test]
fn an_image_without_findings_yet_keeps_its_previous_finding() {
    let arriving = json!({"imageScanFindings": {
        "findings": [], "imageScanCompletedAt": null, "findingSeverityCounts": null,
    }});
    let critical =
        json!({"imageScanFindings": {"findings": [{"name": "CVE-1", "severity": "CRITICAL"}]}});
    let mut world = world(json!([{"imageDigest": digest(1), "imageTags": ["v1"]}]));
    for (scan, expected) in [
        (&arriving, "none"),
        (&critical, "FAILED CRITICAL"),
        (&arriving, "FAILED CRITICAL"),
    ] {
        world.change(|account| {
            let repository = account.repository("app").unwrap();
            repository.image(&digest(1)).unwrap().scan = scan.as_object().cloned();
        });
        world.sweep();
        assert_eq!(world.status(SCAN, &image(1)), expected);
    }
    world.end();
}

fn enhanced(status: &str) -> Value {
    let finding = |id: &str, severity: &str, status: &str| {
        json!({
            "findingArn": format!("arn:aws:inspector2:eu-central-1:111122223333:finding/{id}"),
            "title": id, "severity": severity, "status": status,
            "packageVulnerabilityDetails": {"vulnerabilityId": id},
        })
    };
    let mut low = finding("CVE-2", "LOW", "ACTIVE");
    low["epssDetails"] = json!({"score": 0.875});
    json!({
        "imageDigest": digest(1), "imageTags": ["v1"],
        "scan": {"imageScanFindings": {
            "enhancedFindings": [finding("CVE-1", "CRITICAL", status), low],
        }},
    })
}

#[test]
fn a_suppressed_vulnerability_no_longer_fails_an_image() {
    let mut world = world(json!([enhanced("ACTIVE")]));
    world.sweep();
    assert_eq!(world.status(SCAN, &image(1)), "FAILED CRITICAL");
    world.change(|account| {
        account.repositories.clear();
        let repositories = json!({"repositories": [repository(json!([enhanced("SUPPRESSED")]))]});
        account.add(repositories).unwrap();
    });
    world.sweep();
    assert_eq!(world.status(SCAN, &image(1)), "PASSED INFORMATIONAL");
    let finding = Value::from(world.finding(SCAN, &image(1)).unwrap());
    assert_eq!(
        finding["ProductFields"]["eksentry/Vulnerabilities/CRITICAL"],
        "0"
    );
    world.end();
}

#[test]
fn vulnerabilities_have_epss_scores() {
    let mut world = world(json!([enhanced("CLOSED")]));
    world.sweep();
    let finding = Value::from(world.finding(SCAN, &image(1)).unwrap());
    let vulnerabilities = finding["Vulnerabilities"].as_array().unwrap();
    assert_eq!(vulnerabilities.len(), 1);
    assert_eq!(vulnerabilities[0]["Id"], "CVE-2");
    assert_eq!(vulnerabilities[0]["EpssScore"], json!(0.875));
    world.end();
}

/// Returns a repository and scanning rules whose lists are in one order or in the reverse order.
fn ordered(reversed: bool) -> Value {
    let mut tags = vec!["1.0", "latest", "stable"];
    let mut filters = ["dev-*", "latest"];
    let mut packages = vec![json!({"name": "libssl"}), json!({"name": "openssl"})];
    let mut urls = vec!["https://a.example", "https://b.example"];
    let mut rules = ["CONTINUOUS_SCAN", "SCAN_ON_PUSH"];
    if reversed {
        tags.reverse();
        filters.reverse();
        packages.reverse();
        urls.reverse();
        rules.reverse();
    }
    let filters: Vec<Value> = filters
        .iter()
        .map(|filter| json!({"filterType": "WILDCARD", "filter": filter}))
        .collect();
    let finding = json!({
        "title": "CVE-1", "severity": "HIGH", "status": "ACTIVE",
        "packageVulnerabilityDetails": {
            "vulnerabilityId": "CVE-1", "vulnerablePackages": packages, "referenceUrls": urls,
        },
    });
    let images = [
        json!({"imageDigest": digest(1), "imageTags": tags,
               "scan": {"imageScanFindings": {"enhancedFindings": [finding]}}}),
        json!({"imageDigest": digest(2), "imageTags": tags, "scan": {}}),
    ];
    let rules: Vec<Value> = rules
        .iter()
        .map(|frequency| {
            let filter = json!({"filterType": "WILDCARD", "filter": "*"});
            json!({"scanFrequency": frequency, "repositoryFilters": [filter]})
        })
        .collect();
    json!({
        "repositoryName": "app", "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": filters, "images": images, "rules": rules,
    })
}

#[test]
fn reordered_lists_are_not_a_change() {
    let serve = |account: &mut Account, reversed: bool| {
        let mut repository = ordered(reversed);
        let rules = repository["rules"].take();
        repository.as_object_mut().unwrap().remove("rules");
        account.repositories.clear();
        account.add(json!({"repositories": [repository]})).unwrap();
        let scanning = json!({"scanType": "ENHANCED", "rules": rules});
        account.registry_scanning = scanning.as_object().cloned();
    };
    let mut world = World::with(json!({}));
    world.change(|account| serve(account, false));
    world.sweep();
    assert_eq!(world.statuses().len(), 4);
    let (imports, scans) = (world.calls(IMPORTS), world.calls(SCANS));
    assert_eq!(scans, 2);
    world.change(|account| serve(account, true));
    world.sweep();
    assert_eq!(world.calls(IMPORTS), imports, "nothing is sent");
    let digests = world.aws.calls_of(SCANS);
    let again: Vec<_> = digests[scans..]
        .iter()
        .map(|call| &call.members["imageId"]["imageDigest"])
        .collect();
    assert_eq!(
        again,
        [&json!(digest(1))],
        "the list of images decides the other one"
    );
    world.end();
}
