//! The state that a sweep keeps for the next one: the ledger, scans that need not be read again, and findings to
//! refresh.

use std::collections::BTreeSet;
use std::time::Duration;

use eksentry_tests::stand_in::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::any_faults::{EMPTY, ledger};
use crate::world::{ACCOUNT, REGION, World, key, key_arn, repository_arn, text};

const BUCKET: &str = "eksentry-ledgers";
const LEDGER: &str = "EKSENTRY_LEDGER_BUCKET";
const IMPORT: &str = "securityhub.BatchImportFindings";
const READ: &str = "securityhub.GetFindings";
const SCANS: &str = "ecr.DescribeImageScanFindings";
const TAGS: &str = "ecr-immutable-tags";
const SCAN: &str = "ecr-image-scan-findings";
const ROTATION: &str = "kms-cmk-rotation";
const DAY: i64 = 24 * 60 * 60;

fn name(number: usize) -> String {
    format!("team-{}/service-{number:03}", number % 7)
}

/// Returns this number of repositories, each with two findings.
fn repositories(count: usize) -> Value {
    let repositories = (0..count).map(|number| json!({"repositoryName": name(number)}));
    json!({"buckets": [BUCKET], "repositories": repositories.collect::<Vec<_>>()})
}

/// Returns a world whose registry is large enough for a ledger.
fn large() -> World {
    World::with(repositories(600)).and(LEDGER, BUCKET)
}

/// The number of repositories of a registry that is too small for a new ledger. Its findings take several calls.
const FEW: usize = 200;

/// Returns a world whose registry has a ledger already, which is kept however small the registry is.
fn small() -> World {
    let world = World::with(repositories(FEW)).and(LEDGER, BUCKET);
    world.aws.put_object(&ledger(), EMPTY.into());
    world
}

fn only_object(world: &World) -> (String, Vec<u8>) {
    let mut objects = world.aws.objects().into_iter();
    let object = objects.next().expect("there is a ledger");
    assert_eq!(objects.next(), None);
    object
}

fn set_mutability(world: &World, repository: &str, to: &str) {
    world.change(|account| {
        let repository = account.repository(repository).unwrap();
        repository
            .members
            .insert("imageTagMutability".into(), json!(to));
    });
}

fn pushed(repository: &str) -> Value {
    let digest = format!("sha256:{}", "1".repeat(64));
    json!({
        "version": "0", "source": "aws.ecr", "detail-type": "ECR Image Action", "account": ACCOUNT,
        "region": REGION, "time": "2026-03-01T10:00:00Z", "resources": [],
        "detail": {"repository-name": repository, "image-digest": digest, "action-type": "PUSH", "result": "SUCCESS"},
    })
}

#[test]
fn a_ledger_avoids_reading_findings_back() {
    let mut world = large();
    assert_eq!(world.sweep()["posted"], 1_200);
    let (name, _) = only_object(&world);
    assert!(
        name.starts_with(&format!("{BUCKET}/ledger/{ACCOUNT}/{REGION}/")),
        "{name}"
    );
    let (reads, imports) = (world.calls(READ), world.calls(IMPORT));
    let summary = world.sweep();
    assert_eq!(
        (&summary["posted"], &summary["unchanged"]),
        (&json!(0), &json!(1_200))
    );
    assert_eq!(world.calls(IMPORT), imports);
    let reads = world.calls(READ) - reads;
    // One page each for the clusters, the keys and the account; for the registry, the changes and a sample of the
    // ledger.
    assert!(reads <= 5, "{reads} pages");
    assert_eq!(
        world
            .logs()
            .iter()
            .filter(|line| line.contains("ledger"))
            .count(),
        0
    );
    world.end();
}

#[test]
fn small_registries_and_narrowed_sweeps_write_no_ledger() {
    let mut world = World::with(repositories(3)).and(LEDGER, BUCKET);
    world.sweep();
    assert!(world.aws.objects().is_empty());
    world.end();

    let mut world = World::with(repositories(1_100)).and(LEDGER, BUCKET);
    world.ok("sweep", &json!({"checks": [TAGS]}));
    assert_eq!(world.statuses().len(), 1_100);
    assert!(world.aws.objects().is_empty());
    world.end();
}

#[test]
fn a_missing_or_invalid_ledger_is_rebuilt() {
    let mut world = large();
    world.sweep();
    let (state, imports) = (world.state(), world.calls(IMPORT));
    let (name, whole) = only_object(&world);
    let mut other_version: Value = serde_json::from_slice(&whole).unwrap();
    other_version["version"] = json!(1_000);
    other_version["findings"] = json!({});
    let damages = [
        None,
        Some(whole[..whole.len() / 2].to_vec()),
        Some(other_version.to_string().into_bytes()),
        Some(b"[]".to_vec()),
    ];
    for damage in damages {
        world.aws.remove_objects();
        if let Some(body) = &damage {
            world.aws.put_object(&name, body.clone());
        }
        assert_eq!(world.sweep()["unchanged"], 1_200);
        assert_eq!(
            (world.calls(IMPORT), world.state()),
            (imports, state.clone())
        );
        let ledger: Value = serde_json::from_slice(&only_object(&world).1).unwrap();
        assert_eq!(
            ledger["findings"].as_object().unwrap().len(),
            1_200,
            "the ledger is rebuilt"
        );
    }
    world.end();
}

#[test]
fn an_unavailable_bucket_and_an_outdated_ledger_do_not_affect_findings() {
    let mut world = large();
    world.sweep();
    let imports = world.calls(IMPORT);
    world.deny("s3.*");
    assert_eq!(world.sweep()["posted"], 0);
    set_mutability(&world, &name(1), "IMMUTABLE");
    world.change(|account| account.repositories.retain(|one| one.name() != name(2)));
    let summary = world.sweep();
    assert_eq!(
        (&summary["posted"], &summary["archived"]),
        (&json!(2), &json!(2))
    );
    assert!(world.logs().iter().any(|line| line.contains("ledger")));

    // The ledger has neither of the two changes.
    world.heal();
    set_mutability(&world, &name(1), "MUTABLE");
    let summary = world.sweep();
    assert_eq!(
        (&summary["posted"], &summary["archived"]),
        (&json!(2), &json!(0))
    );
    assert_eq!(
        world.status(TAGS, &repository_arn(&name(1))),
        "FAILED MEDIUM"
    );
    assert_eq!(
        world.status(TAGS, &repository_arn(&name(2))),
        "ARCHIVED FAILED MEDIUM"
    );
    assert_eq!(world.calls(IMPORT), imports + 3);
    world.end();
}

#[test]
fn findings_changed_by_others_since_the_ledger_are_corrected() {
    let mut world = small();
    world.sweep();
    let created = world.times("CreatedAt");
    // The function read the repository while its setting was different; the change back was not read.
    set_mutability(&world, &name(5), "IMMUTABLE");
    world.ok("ecr-event", &pushed(&name(5)));
    assert_eq!(
        world.status(TAGS, &repository_arn(&name(5))),
        "PASSED INFORMATIONAL"
    );
    set_mutability(&world, &name(5), "MUTABLE");
    // The function ran while the repository did not exist; then the repository was restored.
    let mut back = None;
    world.change(|account| {
        let repositories = &mut account.repositories;
        let at = repositories
            .iter()
            .position(|one| one.name() == name(6))
            .unwrap();
        back = Some(repositories.remove(at));
    });
    world.ok("sweep", &json!({"resources": [repository_arn(&name(6))]}));
    assert_eq!(
        world.status(TAGS, &repository_arn(&name(6))),
        "ARCHIVED FAILED MEDIUM"
    );
    world.change(|account| account.repositories.extend(back));

    let summary = world.sweep();
    assert_eq!(
        (&summary["posted"], &summary["archived"]),
        (&json!(4), &json!(0))
    );
    for number in [5, 6] {
        assert_eq!(
            world.status(TAGS, &repository_arn(&name(number))),
            "FAILED MEDIUM"
        );
    }
    assert_eq!(world.times("CreatedAt"), created);
    world.end();
}

#[test]
fn deleted_and_restored_resources_are_detected_with_a_ledger() {
    let mut world = small();
    world.sweep();
    let state = world.state();
    let mut gone = Vec::new();
    world.change(|account| gone = account.repositories.split_off(FEW - 50));
    let summary = world.sweep();
    assert_eq!(
        (&summary["posted"], &summary["archived"]),
        (&json!(0), &json!(100))
    );
    assert_eq!(world.sweep()["archived"], 0, "findings are archived once");
    world.change(|account| account.repositories.extend(gone));
    assert_eq!(world.sweep()["posted"], 100);
    assert_eq!(world.state(), state);
    world.end();
}

#[test]
fn the_next_sweep_completes_an_interrupted_one() {
    for first in [true, false] {
        let mut world = small();
        if !first {
            world.sweep();
            world.change(|account| {
                account.repositories.truncate(FEW - 50);
                for repository in account.repositories.iter_mut().step_by(2) {
                    repository
                        .members
                        .insert("imageTagMutability".into(), json!("IMMUTABLE"));
                }
            });
        }
        let created = world.times("CreatedAt");
        let hold = Fault::new(IMPORT, FaultKind::Latency(60_000));
        world
            .aws
            .fail(hold.one_in(3).seed(u64::from(first)).times(1));
        world.limit(Duration::from_secs(5));
        let error = world.error("sweep", &json!({}));
        assert_eq!(error.error_type, "OutOfTime");
        world.heal();
        world.sweep();

        let mut undisturbed = World::with(repositories(if first { FEW } else { FEW - 50 }));
        if !first {
            undisturbed.change(|account| {
                for repository in account.repositories.iter_mut().step_by(2) {
                    repository
                        .members
                        .insert("imageTagMutability".into(), json!("IMMUTABLE"));
                }
            });
        }
        undisturbed.sweep();
        let mut state = world.state();
        if !first {
            state.retain(|_, says| !says[0].as_str().unwrap().starts_with("ARCHIVED"));
            assert_eq!(world.state().len() - state.len(), 100);
            assert_eq!(world.times("CreatedAt"), created);
        }
        assert_eq!(state, undisturbed.state());
        assert_eq!(world.sweep()["posted"], 0);
        undisturbed.end();
        world.end();
    }
}

#[test]
fn a_finding_without_acknowledgement_is_archived_later() {
    let mut world = small();
    world
        .aws
        .fail(Fault::new(IMPORT, FaultKind::Malformed).times(1));
    assert_eq!(world.error("sweep", &json!({})).error_type, "NotDelivered");
    assert_eq!(
        world.statuses().len(),
        2 * FEW,
        "Security Hub accepted the findings"
    );
    let created = world.times("CreatedAt");
    world.change(|account| account.repositories.clear());
    assert_eq!(world.sweep()["archived"], 2 * FEW);
    assert!(
        world
            .statuses()
            .iter()
            .all(|line| line.starts_with("ARCHIVED"))
    );
    assert_eq!(world.times("CreatedAt"), created);
    world.end();
}

#[test]
fn a_restored_resource_is_active_again_after_unacknowledged_archiving() {
    let mut world = small();
    world.sweep();
    let mut gone = Vec::new();
    world.change(|account| gone = account.repositories.split_off(FEW - 10));
    world
        .aws
        .fail(Fault::new(IMPORT, FaultKind::Malformed).times(1));
    assert_eq!(world.error("sweep", &json!({})).error_type, "NotDelivered");
    assert_eq!(
        world.status(TAGS, &repository_arn(&name(FEW - 5))),
        "ARCHIVED FAILED MEDIUM"
    );
    world.change(|account| account.repositories.extend(gone));
    world.sweep();
    assert_eq!(
        world.status(TAGS, &repository_arn(&name(FEW - 5))),
        "FAILED MEDIUM"
    );
    world.end();
}

/// Returns repositories with two scanned images each, one of which has a severe vulnerability.
fn scanned(count: usize) -> Value {
    let image = |tag: &str, findings: Value| json!({"imageTags": [tag], "scan": {"imageScanFindings": {"findings": findings}}});
    let repositories = (0..count).map(|number| {
        let found = json!([{"name": "CVE-2024-3094", "severity": "HIGH"}]);
        json!({"repositoryName": name(number), "images": [image("bad", found), image("good", json!([]))]})
    });
    json!({"buckets": [BUCKET], "repositories": repositories.collect::<Vec<_>>()})
}

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
    for kind in [FaultKind::AccessDenied, FaultKind::Malformed] {
        let mut world = World::with(scanned(1));
        world.aws.fail(Fault::new(SCANS, kind));
        assert_eq!(world.sweep()["notAvailable"], 2);
        world.heal();
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

fn days_ago(days: i64) -> String {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let at = i64::try_from(now.as_secs()).unwrap() - days * DAY;
    jiff::Timestamp::from_second(at).unwrap().to_string()
}

fn make_older(world: &World, ids: impl IntoIterator<Item = String>, days: i64) {
    let at = days_ago(days);
    for id in ids {
        assert!(world.aws.edit_finding(&id, |finding| {
            finding.insert("UpdatedAt".into(), json!(at));
        }));
    }
}

/// Lists the ids of the findings in all calls after the first `since` calls.
fn imported(world: &World, since: usize) -> Vec<String> {
    let calls = world.aws.calls_of(IMPORT).into_iter().skip(since);
    let findings = calls.flat_map(|call| call.members["Findings"].as_array().unwrap().clone());
    findings
        .map(|finding| text(finding.as_object().unwrap(), "Id").to_owned())
        .collect()
}

#[test]
fn findings_are_refreshed_only_after_the_refresh_period() {
    let ids: Vec<String> = (0..20).map(|number| format!("key-{number:02}")).collect();
    let keys: Vec<Value> = ids.iter().map(|id| key(id, true)).collect();
    for (variable, days, refreshed) in [("", 31, 20), ("", 29, 0), ("7", 8, 20), ("60", 31, 0)] {
        let mut world = World::with(json!({"keys": keys})).and("EKSENTRY_REFRESH_DAYS", variable);
        world.sweep();
        let (state, created) = (world.state(), world.times("CreatedAt"));
        make_older(&world, created.keys().cloned(), days);
        let summary = world.sweep();
        assert_eq!(
            (&summary["refreshed"], &summary["posted"]),
            (&json!(refreshed), &json!(0)),
            "{variable} {days}"
        );
        assert_eq!((world.state(), world.times("CreatedAt")), (state, created));
        let is_fresh = world.times("UpdatedAt")
            [&format!("eksentry/{ROTATION}/{}", key_arn("key-00"))]
            > days_ago(1);
        assert_eq!(is_fresh, refreshed > 0);
        assert_eq!(world.sweep()["refreshed"], 0);
        world.end();
    }
}

#[test]
fn refreshes_are_spread_over_several_sweeps() {
    let mut world = World::with(repositories(FEW));
    world.sweep();
    let ids: Vec<String> = world.times("UpdatedAt").into_keys().collect();
    assert_eq!(ids.len(), 2 * FEW);
    make_older(&world, ids.clone(), 31);
    let before = world.calls(IMPORT);
    for _ in 0..2 {
        let refreshed = world.sweep()["refreshed"].as_u64().unwrap();
        assert!((20..150).contains(&refreshed), "{refreshed}");
    }
    let sent = imported(&world, before);
    let distinct: BTreeSet<&String> = sent.iter().collect();
    assert_eq!(distinct.len(), sent.len());

    make_older(&world, ids, 61);
    assert_eq!(
        world.sweep()["refreshed"],
        2 * FEW,
        "overdue findings are refreshed at once"
    );
    world.end();
}

#[test]
fn images_with_an_unchanged_scan_are_refreshed() {
    let mut world = World::with(scanned(5));
    world.sweep();
    let ids: Vec<String> = world.times("UpdatedAt").into_keys().collect();
    make_older(&world, ids, 31);
    assert_eq!(world.sweep()["refreshed"], 20);
    let calls = world.calls(SCANS);
    assert_eq!(world.sweep()["refreshed"], 0);
    assert_eq!(world.calls(SCANS), calls);
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
    world.heal();
    rescan(&world, &name(0), "good", "2026-01-02T03:04:05Z", &json!([]));
    world.sweep();
    assert_eq!(world.status(SCAN, &good), "PASSED INFORMATIONAL");
    world.end();
}

#[test]
fn a_ledger_that_differs_from_security_hub_is_ignored() {
    let mut before = small();
    before.sweep();
    let (name, ledger) = only_object(&before);
    let mut world = small();
    world.aws.put_object(&name, ledger);
    assert_eq!(world.sweep()["posted"], 2 * FEW);
    assert_eq!(world.sweep()["posted"], 0);
    before.end();
    world.end();
}
