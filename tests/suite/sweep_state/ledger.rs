//! The ledger of a registry, which avoids reading findings back.

use std::time::Duration;

use eksentry_tests::stand_in::{Fault, FaultKind};
use serde_json::{Value, json};

use super::{BUCKET, FEW, IMPORT, name, repositories};
use crate::any_faults::{EMPTY, ledger};
use crate::world::{ACCOUNT, REGION, World, repository_arn};

const LEDGER: &str = "EKSENTRY_LEDGER_BUCKET";
const READ: &str = "securityhub.GetFindings";
const TAGS: &str = "ecr-immutable-tags";

/// Returns a world whose registry is large enough for a ledger.
fn large() -> World {
    World::with(repositories(600)).and(LEDGER, BUCKET)
}

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
    // One page each for the clusters, the keys, the file systems and the account; for the registry, the changes and a
    // sample of the ledger.
    assert!(reads <= 6, "{reads} pages");
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
    world.clear_faults();
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
        world.clear_faults();
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
        .fail(Fault::new(IMPORT, FaultKind::Truncated).times(1));
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
        .fail(Fault::new(IMPORT, FaultKind::Truncated).times(1));
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
