//! Events that arrive twice, late and in any order, and processes that are frozen, killed, disconnected or signed out:
//! in the end, Security Hub holds the latest state that a function read.

use std::collections::BTreeMap;
use std::net::{SocketAddr, TcpListener};
use std::thread;
use std::time::{Duration, Instant};

use eksentry_tests::account::Account;
use eksentry_tests::lambda::{Function, Invocation, freeze};
use eksentry_tests::stand_in::{Fault, FaultKind, Message, StandIn, sqs_event};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

use crate::world::{
    ACCOUNT, CLUSTER, REGION, World, change_event, cluster_arn, key, key_arn, private_cluster,
    repository_arn,
};

const ROTATION: &str = "kms-cmk-rotation";
const ENDPOINT: &str = "eks-endpoint-private";
const IMPORT: &str = "securityhub.BatchImportFindings";
const TIMEOUT: Duration = Duration::from_secs(30);
const DIGEST: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

/// Waits until this number of calls of an operation was made.
fn await_calls(world: &World, operation: &str, count: usize) {
    let until = Instant::now() + TIMEOUT;
    while world.calls(operation) < count {
        assert!(Instant::now() < until, "{operation} was not called");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Invokes a sweep, freezes it at a call of that operation, calls `meanwhile`, and resumes the sweep.
fn freeze_at_call(
    world: &mut World,
    operation: &str,
    meanwhile: impl FnOnce(&mut World),
) -> Invocation {
    let count = world.calls(operation) + 1;
    // The delay leaves time to freeze the sweep before it receives the answer.
    let slow = FaultKind::Latency(1_500);
    world.aws.fail(Fault::new(operation, slow).times(1));
    let mut sweep = world.start_process("sweep");
    sweep.first_poll().unwrap();
    let process = sweep.process_id();
    thread::scope(|scope| {
        let invocation = scope.spawn(|| sweep.invoke(b"{}", TIMEOUT));
        await_calls(world, operation, count);
        freeze(process, true).unwrap();
        meanwhile(world);
        thread::sleep(Duration::from_secs(2));
        freeze(process, false).unwrap();
        invocation.join().unwrap()
    })
}

/// Replaces all keys of the account.
fn replace_keys(world: &World, keys: &Value) {
    world.change(|account| {
        account.keys.clear();
        account.add(json!({"keys": keys})).unwrap();
    });
}

#[test]
fn a_resumed_sweep_does_not_overwrite_newer_findings() {
    let mut world = World::with(json!({"keys": [key("k", false)]}));
    let resumed = freeze_at_call(&mut world, "kms.GetKeyRotationStatus", |world| {
        replace_keys(world, &json!([key("k", true), key("new", false)]));
        world.sweep();
    });
    resumed.outcome.unwrap();
    assert_eq!(
        world.statuses(),
        [
            "FAILED MEDIUM kms-cmk-rotation key/new",
            "PASSED INFORMATIONAL kms-cmk-rotation key/k"
        ]
    );
    world.end();
}

/// The clusters of all Regions are described when the first Region is evaluated, since they may share roles.
#[test]
fn a_description_from_another_regions_evaluation_does_not_overwrite_newer_findings() {
    let (first, second) = ("ap-south-1", "ap-southeast-1");
    // The clusters that use a role are known only if all clusters were described.
    let cluster = |name: &str| {
        let mut cluster = private_cluster(name);
        cluster["roleArn"] = format!("arn:aws:iam::{ACCOUNT}:role/{name}").into();
        json!({"clusters": [cluster], "roles": [{"RoleName": name}]})
    };
    let mut world = World::with(cluster("late"))
        .and_at(ACCOUNT, first, cluster("early"))
        .and_at(ACCOUNT, second, json!({}))
        .and("EKSENTRY_REGIONS", &format!("{first},{second},{REGION}"));
    // Two Regions are evaluated at a time, so their keys delay the clusters of the third.
    let slow = FaultKind::Latency(4_000);
    world.aws.fail(Fault::new("kms.ListKeys", slow).times(2));
    let event = json!({"resources": [cluster_arn("late")], "checks": [ENDPOINT]});
    let resumed = freeze_at_call(&mut world, IMPORT, |world| {
        let mut public = private_cluster("late");
        public["resourcesVpcConfig"]["endpointPublicAccess"] = true.into();
        world.change(|account| {
            account.clusters.clear();
            account.add(json!({"clusters": [public]})).unwrap();
        });
        world.ok("sweep", &event);
    });
    // The finding about the endpoint is not sent.
    assert_eq!(resumed.outcome.unwrap()["unchanged"], 1);
    let status = world.status(ENDPOINT, &cluster_arn("late"));
    assert!(status.starts_with("FAILED"), "{status}");
    world.end();
}

/// A sweep whose findings Security Hub already holds sends nothing, so Security Hub can't detect that later findings
/// are older.
#[test]
fn the_next_sweep_corrects_outdated_findings_of_a_resumed_sweep() {
    let mut world = World::with(json!({"keys": [key("k", true)]}));
    world.sweep();
    replace_keys(&world, &json!([key("k", false)]));
    let resumed = freeze_at_call(&mut world, "kms.GetKeyRotationStatus", |world| {
        replace_keys(world, &json!([key("k", true)]));
        assert_eq!(world.sweep()["posted"], 0);
    });
    resumed.outcome.unwrap();
    world.sweep();
    assert_eq!(
        world.status(ROTATION, &key_arn("k")),
        "PASSED INFORMATIONAL"
    );
    world.end();
}

#[test]
fn a_resumed_sweep_does_not_archive_a_restored_resource() {
    let mut world = World::with(json!({"keys": [key("k", false), key("other", true)]}));
    world.sweep();
    world.change(|account| account.keys.retain(|key| key.id() == "other"));
    let resumed = freeze_at_call(&mut world, "kms.GetKeyRotationStatus", |world| {
        world.change(|account| account.add(json!({"keys": [key("k", true)]})).unwrap());
        world.sweep();
    });
    resumed.outcome.unwrap();
    assert_eq!(
        world.status(ROTATION, &key_arn("k")),
        "PASSED INFORMATIONAL"
    );
    world.end();
}

#[test]
fn the_same_process_recovers_from_a_deadline_during_an_import() {
    let mut world =
        World::with(json!({"keys": [key("k", false)], "clusters": [private_cluster("c")]}));
    let mut sweep = world.start("sweep");
    let never = FaultKind::Latency(3_600_000);
    world.aws.fail(Fault::new(IMPORT, never));
    let error = sweep
        .invoke(b"{}", Duration::from_secs(4))
        .outcome
        .unwrap_err();
    assert_eq!(error.error_type, "OutOfTime");
    for part in ["not responded", "next invocation"] {
        assert!(error.error_message.contains(part), "{error}");
    }
    world.clear_faults();
    sweep.invoke(b"{}", TIMEOUT).outcome.unwrap();
    let imports = world.calls(IMPORT);
    assert_eq!(world.status(ROTATION, &key_arn("k")), "FAILED MEDIUM");
    let summary = sweep.invoke(b"{}", TIMEOUT).outcome.unwrap();
    assert_eq!(
        (&summary["posted"], world.calls(IMPORT)),
        (&json!(0), imports)
    );
    world.end();
}

fn message(body: &Value) -> Message {
    Message {
        queue_url: format!("https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/slices"),
        id: "1".to_owned(),
        body: body.to_string(),
    }
}

/// Returns an address on which nothing listens yet.
fn unused_address() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap()
}

#[test]
fn a_function_that_starts_without_a_network_fails_and_then_recovers() {
    let events = [
        ("sweep", json!({})),
        (
            "sweep-worker",
            sqs_event(&[message(&json!({"part": "keys"}))]),
        ),
        (
            "config-rule",
            change_event("TESTMODE", ENDPOINT, CLUSTER, "c", "OK"),
        ),
        ("ecr-event", push()),
    ];
    let address = unused_address();
    let environment = |function: &str| {
        let world = World::with(json!({}));
        let credentials = world.aws.environment().into_iter();
        let endpoint = ("AWS_ENDPOINT_URL".to_owned(), format!("http://{address}"));
        let binary = eksentry_tests::lambda::binaries().unwrap().join(function);
        let function = Function::start(&binary, credentials.chain([endpoint]));
        function.unwrap().of_account(ACCOUNT)
    };
    let mut functions: Vec<(Function, &Value)> = events
        .iter()
        .map(|(function, event)| (environment(function), event))
        .collect();
    let outcomes = thread::scope(|scope| {
        let waits: Vec<_> = functions
            .iter_mut()
            .map(|(function, event)| {
                let event = event.to_string();
                scope.spawn(move || function.invoke(event.as_bytes(), TIMEOUT).outcome)
            })
            .collect();
        waits
            .into_iter()
            .map(|wait| wait.join().unwrap())
            .collect::<Vec<_>>()
    });
    for outcome in outcomes {
        match outcome {
            Ok(answer) => assert_eq!(answer["batchItemFailures"][0]["itemIdentifier"], "1"),
            Err(error) => assert!(
                ["NotListed", "NotDelivered", "NotAvailable"].contains(&error.error_type.as_str()),
                "{error}"
            ),
        }
    }

    let mut account = Account::empty(ACCOUNT, REGION);
    let entries = json!({"keys": [key("k", true)], "clusters": [private_cluster("c")], "repositories": [{"repositoryName": "app"}]});
    account.add(entries).unwrap();
    let aws = StandIn::start_at(address, account).unwrap();
    for (function, event) in &mut functions {
        let event = event.to_string();
        let answer = function.invoke(event.as_bytes(), TIMEOUT).outcome.unwrap();
        let failures = answer.get("batchItemFailures").and_then(Value::as_array);
        assert!(failures.is_none_or(Vec::is_empty), "{answer}");
    }
    assert!(aws.findings().len() >= 8, "{:?}", aws.findings().len());
    assert_eq!(aws.violations(), [""; 0]);
}

#[test]
fn credentials_that_expire_during_a_sweep_change_no_findings() {
    let keys: Vec<Value> = (0..40)
        .map(|number| key(&format!("k{number}"), number % 2 == 0))
        .collect();
    let mut world = World::with(json!({"keys": keys, "clusters": [private_cluster("c")]}));
    world.sweep();
    let before = world.statuses();
    world.change(|account| account.keys.retain(|key| key.id() != "k0"));
    world.change(|account| account.add(json!({"keys": [key("new", false)]})).unwrap());
    let earlier = world.calls("kms.DescribeKey");
    world.aws.fail(Fault::new("kms.*", FaultKind::Latency(40)));
    let mut sweep = world.start_process("sweep");
    let outcome = thread::scope(|scope| {
        let invocation = scope.spawn(|| sweep.invoke(b"{}", TIMEOUT));
        await_calls(&world, "kms.DescribeKey", earlier + 5);
        world.aws.fail(Fault::new(
            "*",
            FaultKind::Error {
                code: "ExpiredTokenException".to_owned(),
                status: 403,
                message: "The security token included in the request is expired".to_owned(),
            },
        ));
        invocation.join().unwrap().outcome
    });
    let error = outcome.unwrap_err();
    assert!(
        ["NotListed", "NotDelivered"].contains(&error.error_type.as_str()),
        "{error}"
    );
    assert_eq!(world.statuses(), before, "no findings could be sent");

    world.clear_faults();
    world.sweep();
    assert_eq!(world.status(ROTATION, &key_arn("new")), "FAILED MEDIUM");
    assert_eq!(
        world.status(ROTATION, &key_arn("k0")),
        "ARCHIVED PASSED INFORMATIONAL"
    );
    assert_eq!(
        world.status(ENDPOINT, &cluster_arn("c")),
        "PASSED INFORMATIONAL"
    );
    world.end();
}

fn ecr_event(detail_type: &str, detail: &Value) -> Value {
    json!({
        "source": "aws.ecr", "detail-type": detail_type, "account": ACCOUNT, "region": REGION, "detail": detail,
    })
}

fn action(action: &str) -> Value {
    let detail = json!({
        "result": "SUCCESS", "action-type": action, "repository-name": "app", "image-digest": DIGEST, "image-tag": "v1",
    });
    ecr_event("ECR Image Action", &detail)
}

fn push() -> Value {
    action("PUSH")
}

/// Returns the events that ECR sends in the life of an image.
fn events() -> [Value; 4] {
    let scan = json!({
        "scan-status": "COMPLETE", "repository-name": "app", "image-digest": DIGEST, "image-tags": ["v1"],
        "finding-severity-counts": {"CRITICAL": 9},
    });
    [
        push(),
        ecr_event("ECR Image Scan", &scan),
        action("DELETE"),
        action("UPDATE_STORAGE_CLASS"),
    ]
}

/// Returns a repository whose image is deleted, never scanned, or scanned with one of two results.
fn repository(state: u8) -> Value {
    let scan = match state {
        1 => Value::Null,
        2 => json!({}),
        _ => {
            json!({"imageScanFindings": {"findings": [{"name": "CVE-2024-3094", "severity": "HIGH"}]}})
        }
    };
    let image = json!({"imageDigest": DIGEST, "imageTags": ["v1"], "scan": scan});
    let images = if state == 0 {
        json!([])
    } else {
        json!([image])
    };
    let mutability = if state.is_multiple_of(2) {
        "MUTABLE"
    } else {
        "IMMUTABLE"
    };
    json!({"repositories": [{"repositoryName": "app", "imageTagMutability": mutability, "images": images}]})
}

/// Sweeps, a worker, events and a rule, some of them twice, read the same cluster and the same image.
#[test]
fn concurrent_invocations_have_the_same_result_as_one() {
    let mut world = World::with(json!({}));
    let token = world.aws.result_token(&format!("eksentry-{ENDPOINT}"));
    let change = change_event(&token, ENDPOINT, CLUSTER, "c", "OK");
    let [push, scan, delete, _] = events();
    let clusters = sqs_event(&[message(&json!({"part": "clusters"}))]);
    let together = [
        ("sweep", json!({})),
        ("ecr-event", push.clone()),
        ("ecr-event", scan.clone()),
        ("config-rule", change.clone()),
        ("sweep-worker", clusters),
        ("ecr-event", delete),
        ("config-rule", change),
        ("ecr-event", scan),
        ("ecr-event", push),
        ("sweep", json!({})),
    ];
    let image = format!("{}/{DIGEST}", repository_arn("app"));
    let mut created = BTreeMap::new();
    for (state, cluster, expected) in [
        (
            2,
            json!({"name": "c"}),
            ["FAILED HIGH", "PASSED INFORMATIONAL"],
        ),
        (
            3,
            private_cluster("c"),
            ["PASSED INFORMATIONAL", "FAILED HIGH"],
        ),
        (
            0,
            json!({"name": "c"}),
            ["FAILED HIGH", "ARCHIVED FAILED HIGH"],
        ),
    ] {
        world.change(|account| {
            account.clusters.clear();
            account.repositories.clear();
            account.add(repository(state)).unwrap();
            account.add(json!({"clusters": [cluster]})).unwrap();
        });
        for invocation in world.invoke_together(&together) {
            invocation.outcome.unwrap();
        }
        let ended = [
            world.status(ENDPOINT, &cluster_arn("c")),
            world.status("ecr-image-scan-findings", &image),
        ];
        assert_eq!(ended, expected);
        let summary = world.sweep();
        let changes = (&summary["posted"], &summary["archived"]);
        assert_eq!(changes, (&json!(0), &json!(0)), "a sweep changes nothing");
        let times = world.times("CreatedAt");
        assert!(created.iter().all(|(id, at)| times.get(id) == Some(at)));
        created = times;
    }
    world.end();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, max_shrink_iters: 8, ..ProptestConfig::default() })]

    /// Events of earlier states arrive late, and some arrive twice. Only the data that ECR returns on their arrival
    /// counts.
    #[test]
    fn events_in_any_order_end_in_the_current_state(
        states in prop::collection::vec(0..4_u8, 1..4),
        early in prop::collection::vec((any::<Index>(), any::<Index>()), 0..5),
        order in Just([0_usize, 1, 2, 3]).prop_shuffle(),
        twice in 0..4_usize,
    ) {
        let mut world = World::with(repository(states[0]));
        let events = events();
        let mut function = world.start("ecr-event");
        let mut deliver = |event: &Value| function.invoke(event.to_string().as_bytes(), TIMEOUT).outcome.unwrap();
        for (position, state) in states.iter().enumerate() {
            let repositories = repository(*state);
            world.change(|account| {
                account.repositories.clear();
                account.add(repositories).unwrap();
            });
            for (_, event) in early.iter().filter(|(at, _)| at.index(states.len()) == position) {
                deliver(event.get(&events));
            }
        }
        for which in order.into_iter().chain([twice]) {
            deliver(&events[which]);
        }
        drop(function);
        let ended = world.statuses();
        let summary = world.sweep();
        // A sweep changes nothing, except that it reports an existing image that was never scanned, for which there is
        // no event.
        let state = states[states.len() - 1];
        prop_assert_eq!(&summary["archived"], &json!(0));
        if state != 1 {
            prop_assert_eq!(&summary["posted"], &json!(0), "{:?}", ended);
        }
        world.end();
    }
}
