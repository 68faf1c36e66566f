//! Any faults during a run: once the faults are over, the findings are the same as without them.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use eksentry_tests::account::Account;
use eksentry_tests::stand_in::{Fault, FaultKind, Message};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::subsequence;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::world::{ACCOUNT, REGION, World, key, private_cluster};

const IMPORT: &str = "securityhub.BatchImportFindings";

pub(crate) const BUCKET: &str = "eksentry-ledgers";
/// A ledger without findings. Without an existing ledger, a sweep with so few findings would not write one.
pub(crate) const EMPTY: &str =
    r#"{"version": 1, "asOf": "2020-01-01T00:00:00Z", "runs": [], "findings": {}}"#;

/// Returns the name of the object with the ledger of the whole registry.
pub(crate) fn ledger() -> String {
    let digest = Sha256::digest(r#"{"registry":{"prefix":""}}"#);
    let name = hex::encode(&digest[..12]);
    format!("{BUCKET}/ledger/{ACCOUNT}/{REGION}/{name}.json")
}

/// The resources of a case. A resource does not exist where its number is 0; other numbers stand for its different
/// states.
#[derive(Clone, Debug)]
struct State {
    /// The state of each repository and of its two images.
    repositories: Vec<(u8, u8, u8)>,
    clusters: Vec<u8>,
    keys: Vec<u8>,
}

/// The faults that occur at the same time, and the seed that decides which calls fail.
#[derive(Clone, Debug)]
struct Faults {
    seed: u64,
    kinds: Vec<Kind>,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// The function is killed while it sends findings.
    Killed,
    Denied,
    /// A third of all calls is throttled.
    Throttled,
    Reset,
    ServerError,
    /// Answers are cut off.
    Truncated,
    /// Security Hub rejects a tenth of the findings.
    Rejected,
}

fn state() -> impl Strategy<Value = State> {
    (
        vec((0..5_u8, 0..7_u8, 0..7_u8), 6),
        vec(0..3_u8, 3),
        vec(0..4_u8, 4),
    )
        .prop_map(|(repositories, clusters, keys)| State {
            repositories,
            clusters,
            keys,
        })
}

fn faults() -> impl Strategy<Value = Faults> {
    use Kind::{Denied, Killed, Rejected, Reset, ServerError, Throttled, Truncated};
    let all = vec![
        Killed,
        Denied,
        Throttled,
        Reset,
        ServerError,
        Truncated,
        Rejected,
    ];
    (any::<u64>(), subsequence(all, 1..=5)).prop_map(|(seed, kinds)| Faults { seed, kinds })
}

fn image(tag: &str, state: u8) -> Option<Value> {
    let found = |severity: &str| json!({"imageScanFindings": {"findings": [{"name": "CVE-2024-3094", "severity": severity}]}});
    let scan = match state {
        0 => return None,
        1 => Value::Null,
        2 => json!({}),
        3 => found("LOW"),
        4 => found("CRITICAL"),
        5 => json!({"imageScanStatus": {"status": "FAILED"}}),
        _ => json!({"imageScanStatus": {"status": "UNSUPPORTED_IMAGE"}}),
    };
    Some(json!({"imageTags": [tag], "scan": scan}))
}

/// Returns the resources in that state. The first two clusters share a role.
fn entries(state: &State) -> Value {
    let mut repositories = Vec::new();
    for (number, (kind, one, other)) in state.repositories.iter().enumerate() {
        let images = [image("one", *one), image("other", *other)];
        if *kind > 0 {
            repositories.push(json!({
                "repositoryName": format!("team/service-{number}"),
                "imageTagMutability": if kind % 2 == 0 { "IMMUTABLE" } else { "MUTABLE" },
                "imageScanningConfiguration": {"scanOnPush": *kind > 2},
                "tags": {"team": number.to_string()},
                "images": images.into_iter().flatten().collect::<Vec<_>>(),
            }));
        }
    }
    let mut clusters = Vec::new();
    for (number, kind) in state.clusters.iter().enumerate() {
        let name = format!("cluster-{number}");
        let mut cluster = if *kind == 2 {
            private_cluster(&name)
        } else {
            json!({"name": name})
        };
        if number < 2 {
            cluster["roleArn"] = json!(format!("arn:aws:iam::{ACCOUNT}:role/shared"));
        }
        clusters.extend((*kind > 0).then_some(cluster));
    }
    let keys = state.keys.iter().enumerate().filter(|(_, kind)| **kind > 0);
    let keys = keys.map(|(number, kind)| {
        let mut key = key(&format!("key-{number}"), kind % 2 == 0);
        if *kind == 3 {
            key["KeyState"] = json!("PendingDeletion");
        }
        key
    });
    json!({
        "repositories": repositories, "clusters": clusters, "keys": keys.collect::<Vec<_>>(),
        "roles": [{"RoleName": "shared"}],
    })
}

fn account(state: &State) -> Account {
    let mut account = Account::empty(ACCOUNT, REGION);
    account.buckets.push(BUCKET.to_owned());
    account.add(entries(state)).unwrap();
    account
}

impl Faults {
    /// Starts the faults.
    fn begin(&self, world: &mut World) {
        let some = |operation: &str, kind: FaultKind, one_in: u32| {
            world
                .aws
                .fail(Fault::new(operation, kind).one_in(one_in).seed(self.seed));
        };
        for kind in &self.kinds {
            match kind {
                Kind::Killed => {
                    let hold = Fault::new(IMPORT, FaultKind::Latency(60_000));
                    world.aws.fail(hold.one_in(2).seed(self.seed).times(1));
                }
                Kind::Denied => {
                    for operation in ["ecr.*", "kms.*", "eks.*", "iam.*"] {
                        some(operation, FaultKind::AccessDenied, 8);
                    }
                }
                Kind::Throttled => some("*", FaultKind::Throttle, 3),
                Kind::Reset => some("*", FaultKind::Reset, 10),
                Kind::ServerError => {
                    let error = FaultKind::Error {
                        code: "InternalFailure".to_owned(),
                        status: 500,
                        message: "out of order".to_owned(),
                    };
                    some("*", error, 10);
                }
                Kind::Truncated => some("*", FaultKind::Truncated, 10),
                Kind::Rejected => {
                    let rejected = FaultKind::Partial {
                        ids: Vec::new(),
                        code: "InternalError".to_owned(),
                    };
                    some(IMPORT, rejected, 10);
                }
            }
        }
        if self.kinds.iter().any(|kind| matches!(kind, Kind::Killed)) {
            world.limit(Duration::from_millis(2_500));
        }
    }
}

/// Returns the state of Security Hub without tags: findings whose tags can't be read are sent, and remain, without
/// tags.
pub(crate) fn state_of(world: &World) -> BTreeMap<String, Value> {
    let mut state = world.state();
    for content in state.values_mut() {
        if let Some(resource) = content[3][0].as_object_mut() {
            resource.remove("Tags");
        }
    }
    state
}

/// Returns the status of a finding without its severity.
pub(crate) fn status(content: &Value) -> &str {
    content[0].as_str().unwrap().split(' ').next().unwrap()
}

/// Checks the findings in Security Hub during the faults. Each one is as before, as it will be, or not available. No
/// existing resource's finding is archived, and no finding passes that will not pass.
fn check_meanwhile(
    meanwhile: &BTreeMap<String, Value>,
    before: &BTreeMap<String, Value>,
    expected: &BTreeMap<String, Value>,
) -> Result<(), TestCaseError> {
    for (id, content) in meanwhile {
        let (was, will) = (before.get(id), expected.get(id));
        if was == Some(content) || will == Some(content) {
            continue;
        }
        let will = will.map_or("ARCHIVED", status);
        let fits = match status(content) {
            "NOT_AVAILABLE" => true,
            "FAILED" | "WARNING" | "ARCHIVED" => status(content) == will,
            _ => false,
        };
        prop_assert!(fits, "{id}: {content}; before {was:?}, expected {will}");
    }
    Ok(())
}

/// Returns a finding, or `None` if it is archived. The content of an archived finding depends on the faults, and so
/// does whether the finding was ever sent.
pub(crate) fn unless_archived(content: Option<&Value>) -> Option<&Value> {
    content.filter(|content| status(content) != "ARCHIVED")
}

/// Serves both states in turn, the second with faults, and compares the result with that of an undisturbed run.
/// `disturbed` runs functions during the faults, and `recover` after them.
fn compare_with_undisturbed(
    states: [&State; 2],
    faults: &Faults,
    disturbed: impl Fn(&mut World),
    recover: impl Fn(&mut World),
) -> Result<(), TestCaseError> {
    let mut world = World::of(account(states[0])).and("EKSENTRY_LEDGER_BUCKET", BUCKET);
    world.aws.put_object(&ledger(), EMPTY.into());
    world.sweep();
    prop_assert_ne!(
        &world.aws.objects()[&ledger()],
        EMPTY.as_bytes(),
        "no ledger was written"
    );
    let (before, created) = (state_of(&world), world.times("CreatedAt"));

    let mut second = account(states[1]);
    second.findings = world.aws.findings();
    let mut undisturbed = World::of(second);
    undisturbed.sweep();
    let expected = state_of(&undisturbed);
    undisturbed.end();

    let Account {
        repositories,
        clusters,
        keys,
        ..
    } = account(states[1]);
    world.change(|account| {
        account.repositories = repositories;
        account.clusters = clusters;
        account.keys = keys;
    });
    faults.begin(&mut world);
    disturbed(&mut world);
    let meanwhile = state_of(&world);
    check_meanwhile(&meanwhile, &before, &expected)?;
    let mut first_reported = world.times("CreatedAt");
    first_reported.extend(created);

    world.clear_faults();
    recover(&mut world);
    let state = state_of(&world);
    let ids: BTreeSet<&String> = state.keys().chain(expected.keys()).collect();
    for id in ids {
        prop_assert_eq!(
            unless_archived(state.get(id)),
            unless_archived(expected.get(id)),
            "{}, during the faults {:?}",
            id,
            meanwhile.get(id)
        );
    }
    let reported = world.times("CreatedAt");
    for (id, at) in first_reported {
        prop_assert_eq!(reported.get(&id), Some(&at), "{}", id);
    }
    let summary = world.sweep();
    prop_assert_eq!(
        (&summary["posted"], &summary["archived"]),
        (&json!(0), &json!(0))
    );
    world.end();
    Ok(())
}

fn message(number: usize, body: &Value) -> Message {
    Message {
        queue_url: format!("https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/slices"),
        id: number.to_string(),
        body: body.to_string(),
    }
}

/// Returns one message for each part.
fn slices() -> Vec<Message> {
    let parts = [
        json!("clusters"),
        json!({"registry": {"prefix": ""}}),
        json!("keys"),
    ];
    let bodies = parts.iter().map(|part| json!({"part": part}));
    bodies
        .enumerate()
        .map(|(number, body)| message(number, &body))
        .collect()
}

fn work(world: &mut World, messages: &[Message]) {
    let event = eksentry_tests::stand_in::sqs_event(messages);
    // The invocation may fail, or be killed.
    drop(world.invoke("sweep-worker", &event));
}

fn few() -> ProptestConfig {
    ProptestConfig {
        cases: 6,
        max_shrink_iters: 4,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(few())]

    #[test]
    fn the_next_sweep_recovers_from_faults(first in state(), second in state(), faults in faults(), runs in 1..=2) {
        let disturbed = |world: &mut World| {
            for _ in 0..runs {
                drop(world.invoke("sweep", &json!({})));
            }
        };
        let recover = |world: &mut World| drop(world.sweep());
        compare_with_undisturbed([&first, &second], &faults, disturbed, recover)?;
    }

    #[test]
    fn redelivered_messages_recover_from_faults(
        first in state(), second in state(), faults in faults(), twice in 0..3_usize,
    ) {
        let disturbed = |world: &mut World| {
            let mut messages = slices();
            messages.push(messages[twice].clone());
            let (some, others) = messages.split_at(2);
            work(world, some);
            work(world, others);
        };
        let recover = |world: &mut World| {
            let mut messages = slices();
            messages.push(messages[twice].clone());
            assert_eq!(world.work(&messages), [""; 0]);
        };
        compare_with_undisturbed([&first, &second], &faults, disturbed, recover)?;
    }
}
