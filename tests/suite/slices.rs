//! The slices that a sweep hands on to workers, and the results of the workers.

use std::time::Duration;

use eksentry_tests::account::Parameter;
use eksentry_tests::stand_in::{Fault, FaultKind, Message};
use serde_json::{Value, json};

use crate::world::{
    ACCOUNT, REGION, World, cluster_arn, key, key_arn, private_cluster, repository_arn,
};

const QUEUE_URL: &str = "EKSENTRY_QUEUE_URL";
const QUEUE: &str = "https://sqs.eu-central-1.amazonaws.com/111122223333/slices";
const ACCOUNTS: &str = "EKSENTRY_ACCOUNTS";
const THREE: &str = "111122223333,444455556666,777788889999";
const IMPORT: &str = "securityhub.BatchImportFindings";
const ROTATION: &str = "kms-cmk-rotation";
const TAGS: &str = "ecr-immutable-tags";
const SHORT: Duration = Duration::from_secs(6);

fn three_accounts() -> World {
    let shared = "arn:aws:iam::444455556666:role/shared";
    let scanned = json!({"repositoryName": "app", "images": [
        {"imageTags": ["v1"], "scan": {"imageScanFindings": {"findings": [{"name": "CVE-2024-3094", "severity": "HIGH"}]}}},
        {"imageTags": ["v2"], "scan": {}},
    ]});
    let others = json!({
        "clusters": [{"name": "one", "roleArn": shared}, {"name": "two", "roleArn": shared}],
        "roles": [{"RoleName": "shared"}], "keys": [key("k", true)], "repositories": [scanned.clone()],
    });
    World::with(
        json!({"clusters": [private_cluster("c")], "keys": [key("k", false)], "repositories": [scanned]}),
    )
    .and_at("444455556666", REGION, others)
    .and_at(
        "777788889999",
        REGION,
        json!({"keys": [key("l", true), key("m", false)]}),
    )
    .and(ACCOUNTS, THREE)
}

fn message(id: &str, body: impl ToString) -> Message {
    Message {
        queue_url: QUEUE.to_owned(),
        id: id.to_owned(),
        body: body.to_string(),
    }
}

fn body(message: &Message) -> Value {
    serde_json::from_str(&message.body).unwrap()
}

#[test]
fn workers_have_the_same_result_as_one_sweep() {
    let mut alone = three_accounts();
    let whole = alone.sweep();
    let mut world = three_accounts().and(QUEUE_URL, QUEUE);
    let summary = world.sweep();
    assert_eq!(
        (&summary["evaluated"], &summary["slices"]),
        (&json!(0), &json!(3))
    );
    let services = world.aws.calls();
    assert!(
        services.iter().all(|call| call.service == "sqs"),
        "{services:?}"
    );
    let messages = world.aws.take_messages();
    let accounts: Vec<Value> = messages
        .iter()
        .map(|one| body(one)["account"].clone())
        .collect();
    assert_eq!(accounts, THREE.split(',').collect::<Vec<_>>());
    assert!(messages.iter().all(|one| one.queue_url == QUEUE));

    assert_eq!(world.work(&messages), [""; 0]);
    assert_eq!(world.aws.take_messages(), []);
    assert_eq!(world.state(), alone.state());
    assert_eq!(whole["evaluated"], world.state().len());
    alone.end();
    world.end();
}

#[test]
fn duplicate_messages_change_nothing() {
    let mut alone = three_accounts();
    alone.sweep();
    let mut world = three_accounts().and(QUEUE_URL, QUEUE);
    world.sweep();
    let messages = world.aws.take_messages();
    let event = eksentry_tests::stand_in::sqs_event(&messages);
    for invocation in
        world.invoke_together(&[("sweep-worker", event.clone()), ("sweep-worker", event)])
    {
        assert_eq!(
            invocation.outcome.unwrap(),
            json!({"batchItemFailures": []})
        );
    }
    assert_eq!(world.state(), alone.state());
    let (imports, created) = (world.calls(IMPORT), world.times("CreatedAt"));
    assert_eq!(world.work(&messages), [""; 0]);
    assert_eq!(
        (world.calls(IMPORT), world.times("CreatedAt")),
        (imports, created)
    );
    assert_eq!(world.state(), alone.state());
    alone.end();
    world.end();
}

/// Returns a world with more repositories than one part holds, and with one cluster and one key.
fn large_registry() -> (World, Vec<String>) {
    let names: Vec<String> = (0..4_100)
        .map(|n| format!("team-{:02}/service-{n:04}", n % 41))
        .collect();
    let repositories = names.iter().map(|name| json!({"repositoryName": name}));
    let world = World::with(json!({
        "repositories": repositories.collect::<Vec<_>>(),
        "clusters": [private_cluster("c")], "keys": [key("k", true)],
    }));
    (world, names)
}

/// Returns an event for a sweep without images, which would require a call for each repository.
fn large_sweep() -> Value {
    json!({"checks": [TAGS, "eks-endpoint-private", ROTATION]})
}

/// Returns the messages that a worker sends for a large sweep of the account.
fn messages_of_worker(world: &mut World) -> Vec<Message> {
    let mut whole = large_sweep();
    whole["account"] = json!(ACCOUNT);
    assert_eq!(world.work(&[message("m", whole)]), [""; 0]);
    world.aws.take_messages()
}

/// Returns the parts in messages that a worker has to do again.
fn parts_again(messages: &[Message]) -> Vec<Value> {
    let again = messages.iter().filter(|one| body(one)["handedOn"] == 1);
    let mut parts: Vec<Value> = again.map(|one| body(one)["part"].clone()).collect();
    parts.sort_by_key(Value::to_string);
    parts
}

/// Checks that each repository has its finding, and that only the finding of `gone` is archived.
fn check_large(world: &World, names: &[String], gone: Option<&str>) {
    let mut expected: Vec<String> = names
        .iter()
        .map(|name| {
            let archived = if Some(name.as_str()) == gone {
                "ARCHIVED "
            } else {
                ""
            };
            format!("{archived}FAILED MEDIUM {TAGS} repository/{name}")
        })
        .collect();
    expected.push("PASSED INFORMATIONAL eks-endpoint-private cluster/c".to_owned());
    expected.push("PASSED INFORMATIONAL kms-cmk-rotation key/k".to_owned());
    expected.sort();
    let found = world.statuses();
    assert_eq!(found.len(), expected.len());
    assert!(
        found == expected,
        "{:?}",
        found
            .iter()
            .zip(&expected)
            .find(|(one, other)| one != other)
    );
}

fn holds(message: &Message, name: &str) -> bool {
    let names = &body(message)["part"]["registry"];
    let begins = |prefix: &Value| name.starts_with(prefix.as_str().unwrap());
    let without = names["without"].as_array().into_iter().flatten();
    begins(&names["prefix"]) && !without.into_iter().any(begins)
}

#[test]
fn a_large_registry_is_split_and_each_slice_archives_only_its_own_findings() {
    let (world, names) = large_registry();
    let mut world = world.and(QUEUE_URL, QUEUE);
    let summary = world.ok("sweep", &large_sweep());
    let messages = world.aws.take_messages();
    assert_eq!(
        (&summary["evaluated"], &summary["slices"]),
        (&json!(2), &json!(messages.len())),
        "clusters and keys are evaluated immediately"
    );
    assert!(messages.len() > 1, "{messages:?}");
    for name in &names {
        let holders = messages.iter().filter(|message| holds(message, name));
        assert_eq!(holders.count(), 1, "{name}");
    }
    assert_eq!(world.work(&messages), [""; 0]);
    assert_eq!(world.aws.take_messages(), []);
    check_large(&world, &names, None);

    let gone = &names[2_000];
    world.change(|account| account.repositories.retain(|one| one.name() != gone));
    let imports = world.calls(IMPORT);
    let (holder, others): (Vec<Message>, Vec<Message>) = messages
        .into_iter()
        .partition(|message| holds(message, gone));
    assert_eq!(world.work(&others), [""; 0]);
    check_large(&world, &names, None);
    assert_eq!(world.calls(IMPORT), imports);
    assert_eq!(world.work(&holder), [""; 0]);
    check_large(&world, &names, Some(gone));
    assert_eq!(world.calls(IMPORT), imports + 1);
    world.end();
}

#[test]
fn without_a_queue_a_large_registry_is_swept_at_once() {
    let (mut world, names) = large_registry();
    world.ok("sweep", &large_sweep());
    check_large(&world, &names, None);
    let gone = &names[2_000];
    world.change(|account| account.repositories.retain(|one| one.name() != gone));
    let imports = world.calls(IMPORT);
    let summary = world.ok("sweep", &large_sweep());
    assert_eq!(
        (&summary["posted"], &summary["archived"]),
        (&json!(0), &json!(1))
    );
    assert_eq!(world.calls(IMPORT), imports + 1);
    check_large(&world, &names, Some(gone));
    assert_eq!(world.aws.take_messages(), []);
    world.end();
}

#[test]
fn a_failed_message_affects_no_other() {
    let mut world = three_accounts();
    world.aws.fail(
        Fault::new("sts.AssumeRole", FaultKind::AccessDenied)
            .matching(json!({"RoleArn": "arn:aws:iam::444455556666:role/eksentry-member"})),
    );
    let messages = [
        message("uncovered", json!({"account": "999988887777"})),
        message(
            "elsewhere",
            json!({"account": "777788889999", "region": "us-east-1"}),
        ),
        message("denied", json!({"account": "444455556666"})),
        message(
            "part",
            r#"{"account": "777788889999", "part": "everything"}"#,
        ),
        message("good", json!({"account": "777788889999"})),
    ];
    assert_eq!(
        world.work(&messages),
        ["uncovered", "elsewhere", "denied", "part"]
    );
    assert_eq!(
        world.statuses(),
        [
            "FAILED MEDIUM kms-cmk-rotation key/m",
            "PASSED INFORMATIONAL kms-cmk-rotation key/l",
        ]
    );
    let error = world.error("sweep", &json!({"account": "999988887777"}));
    assert_eq!(error.error_type, "InvalidEvent");
    assert!(error.error_message.contains("999988887777"), "{error}");
    world.end();
}

/// Returns the fault that SQS refuses the second message of a call.
fn refusal() -> Fault {
    let ids = vec!["1".to_owned()];
    let code = "InternalError".to_owned();
    Fault::new("sqs.SendMessageBatch", FaultKind::Partial { ids, code })
}

#[test]
fn a_rejected_message_is_retried_and_then_an_error() {
    let mut world = three_accounts().and(QUEUE_URL, QUEUE);
    world.aws.fail(refusal().times(2));
    assert_eq!(world.sweep()["slices"], 3);
    let bodies = |messages: &[Message]| {
        let mut bodies: Vec<String> = messages.iter().map(|one| one.body.clone()).collect();
        bodies.sort();
        bodies
    };
    let sent = bodies(&world.aws.take_messages());
    assert_eq!(sent.len(), 3);
    world.aws.clear_faults();
    world.aws.fail(refusal());
    let error = world.error("sweep", &json!({}));
    assert_eq!(error.error_type, "NotDelivered");
    assert!(error.error_message.contains(QUEUE), "{error}");
    assert_eq!(world.aws.take_messages().len(), 2);
    world.end();
}

#[test]
fn a_part_that_fails_beside_slices_becomes_a_slice_of_its_own() {
    let (world, names) = large_registry();
    let mut world = world.and(QUEUE_URL, QUEUE);
    world.deny("kms.ListKeys");
    let messages = messages_of_worker(&mut world);
    let keys = messages.iter().find(|one| body(one)["part"] == "keys");
    let keys = [keys.unwrap().clone()];
    assert_eq!(body(&keys[0])["handedOn"], 1);
    let again = world.work(&keys);
    assert_eq!(again, [keys[0].id.clone()]);
    assert_eq!(world.aws.take_messages(), []);
    world.clear_faults();
    assert_eq!(world.work(&messages), [""; 0]);
    check_large(&world, &names, None);
    world.end();
}

#[test]
fn parts_evaluated_without_the_mute_list_become_slices_of_their_own() {
    let (world, names) = large_registry();
    let mut world = world
        .and(QUEUE_URL, QUEUE)
        .and("EKSENTRY_MUTE_LIST", "/list");
    world.change(|account| {
        account.keys = vec![serde_json::from_value(key("k", false)).unwrap()];
        let mute = json!([{"check": ROTATION, "resource": key_arn("k"), "reason": "Moves away", "until": "2999-12-31"}]);
        account.parameters.push(Parameter {
            name: "/list".to_owned(),
            value: mute.to_string(),
            kind: None,
        });
    });
    world
        .aws
        .fail(Fault::new("ssm.GetParameter", FaultKind::Throttle));
    let messages = messages_of_worker(&mut world);
    assert_eq!(parts_again(&messages), [json!("clusters"), json!("keys")]);
    assert_eq!(world.status(ROTATION, &key_arn("k")), "FAILED MEDIUM");

    world.clear_faults();
    assert_eq!(world.work(&messages), [""; 0]);
    check_large(&world, &names, None);
    world.end();
}

#[test]
fn a_slice_that_is_refused_beside_others_is_sent_again() {
    let (world, names) = large_registry();
    let mut world = world.and(QUEUE_URL, QUEUE);
    world.aws.fail(refusal().times(3));
    let messages = messages_of_worker(&mut world);
    assert_eq!(parts_again(&messages).len(), 1, "{messages:?}");
    world.clear_faults();
    assert_eq!(world.work(&messages), [""; 0]);
    check_large(&world, &names, None);
    world.end();
}

#[test]
fn a_registry_that_was_deferred_as_a_whole_is_split() {
    let (world, names) = large_registry();
    let mut world = world.and(QUEUE_URL, QUEUE);
    let registry = json!({"part": {"registry": {"prefix": "", "without": []}}, "checks": [TAGS], "handedOn": 1});
    assert_eq!(world.work(&[message("m", registry)]), [""; 0]);
    let messages = world.aws.take_messages();
    assert!(messages.len() > 1, "{messages:?}");
    for message in &messages {
        assert_eq!(body(message)["handedOn"], 1);
    }
    assert_eq!(world.work(&messages), [""; 0]);
    assert_eq!(world.statuses().len(), names.len());
    world.end();
}

/// Returns a world with more keys than a sweep has time for while KMS is slow. One key was deleted since the last
/// sweep, and one has changed.
fn too_many_keys() -> World {
    let keys: Vec<Value> = (0..150)
        .map(|n| key(&format!("key-{n:03}"), true))
        .collect();
    let mut world = World::with(json!({"keys": keys, "clusters": [private_cluster("c")]}));
    world.sweep();
    world.change(|account| {
        account.keys.retain(|key| key.id() != "key-007");
        account.key("key-149").unwrap().rotation =
            serde_json::from_value(json!({"KeyRotationEnabled": false})).unwrap();
    });
    world
        .aws
        .fail(Fault::new("kms.DescribeKey", FaultKind::Latency(1_000)));
    world.limit(SHORT);
    world
}

fn archived(world: &World) -> Vec<String> {
    let lines = world.statuses().into_iter();
    lines.filter(|line| line.starts_with("ARCHIVED")).collect()
}

#[test]
fn a_part_without_time_left_is_enqueued_and_archives_nothing() {
    let mut world = too_many_keys().and(QUEUE_URL, QUEUE);
    let summary = world.sweep();
    assert_eq!(summary["slices"], 1);
    assert_eq!(archived(&world), [""; 0]);
    let messages = world.aws.take_messages();
    let expected =
        json!({"account": "111122223333", "region": REGION, "part": "keys", "handedOn": 1});
    assert_eq!(messages.iter().map(body).collect::<Vec<_>>(), [expected]);

    world.clear_faults();
    assert_eq!(world.work(&messages), [""; 0]);
    assert_eq!(
        archived(&world),
        ["ARCHIVED PASSED INFORMATIONAL kms-cmk-rotation key/key-007"]
    );
    assert_eq!(world.status(ROTATION, &key_arn("key-149")), "FAILED MEDIUM");
    assert_eq!(world.aws.take_messages(), []);
    world.end();
}

#[test]
fn without_a_queue_a_sweep_out_of_time_fails_and_archives_nothing() {
    let mut world = too_many_keys();
    let error = world.error("sweep", &json!({}));
    assert_eq!(error.error_type, "OutOfTime");
    for part in [QUEUE_URL, "keys"] {
        assert!(error.error_message.contains(part), "{error}");
    }
    assert_eq!(archived(&world), [""; 0]);
    world.end();
}

#[test]
fn the_error_counts_accounts_without_time_left() {
    let mut world = three_accounts();
    world
        .aws
        .fail(Fault::new("kms.ListKeys", FaultKind::Latency(9_000)));
    world.limit(SHORT);
    let error = world.error("sweep", &json!({}));
    assert_eq!(error.error_type, "OutOfTime");
    assert!(error.error_message.contains("3 part(s)"), "{error}");
    world.end();
}

#[test]
fn named_resources_without_time_left_are_enqueued() {
    let mut world = too_many_keys().and(QUEUE_URL, QUEUE);
    let arns: Vec<String> = (0..150).map(|n| key_arn(&format!("key-{n:03}"))).collect();
    world.ok("sweep", &json!({"resources": arns}));
    let messages = world.aws.take_messages();
    assert_eq!(messages.len(), 1);
    let enqueued = body(&messages[0]);
    assert_eq!(
        (&enqueued["handedOn"], &enqueued["resources"]),
        (&json!(1), &json!(arns))
    );
    world.clear_faults();
    assert_eq!(world.work(&messages), [""; 0]);
    assert_eq!(
        archived(&world),
        ["ARCHIVED PASSED INFORMATIONAL kms-cmk-rotation key/key-007"]
    );
    assert_eq!(world.status(ROTATION, &key_arn("key-149")), "FAILED MEDIUM");
    world.end();
}

#[test]
fn enqueued_resources_are_split_within_the_sqs_limit() {
    const MOST_BYTES: usize = 256 * 1024;
    let mut world = too_many_keys().and(QUEUE_URL, QUEUE);
    world.limit(Duration::from_secs(15));
    let arns: Vec<String> = (0..5_000)
        .map(|n| key_arn(&format!("key-{n:04}")))
        .collect();
    let narrowed = json!({"resources": arns, "checks": [ROTATION, ROTATION]});
    let summary = world.ok("sweep", &narrowed);
    let messages = world.aws.take_messages();
    assert!(messages.len() > 1, "{} bytes", messages[0].body.len());
    assert_eq!(summary["slices"], messages.len());
    let mut enqueued: Vec<Value> = Vec::new();
    for message in &messages {
        assert!(message.body.len() < MOST_BYTES);
        let mut body = body(message);
        enqueued.extend(body["resources"].as_array().unwrap().iter().cloned());
        body["resources"].take();
        let rest = json!({"checks": [ROTATION], "resources": null, "handedOn": 1});
        assert_eq!(body, rest);
    }
    for call in world.aws.calls_of("sqs.SendMessageBatch") {
        let entries = call.members["Entries"].as_array().unwrap().iter();
        let bytes = entries.map(|entry| entry["MessageBody"].as_str().unwrap().len());
        assert!(bytes.sum::<usize>() < MOST_BYTES);
    }
    let arns: Vec<Value> = arns.into_iter().map(Value::from).collect();
    assert!(enqueued == arns, "{} of {}", enqueued.len(), arns.len());
    world.end();
}

#[test]
fn an_unconfirmed_message_is_sent_again() {
    let silent = || {
        let missing = FaultKind::Missing("/Successful".to_owned());
        Fault::new("sqs.SendMessageBatch", missing)
    };
    let mut world = three_accounts().and(QUEUE_URL, QUEUE);
    world.aws.fail(silent().times(1));
    assert_eq!(world.sweep()["slices"], 3);
    assert_eq!(world.calls("sqs.SendMessageBatch"), 2);
    world.aws.fail(silent());
    let error = world.error("sweep", &json!({}));
    assert_eq!(error.error_type, "NotDelivered");
    assert!(error.error_message.contains(QUEUE), "{error}");
    world.end();
}

#[test]
fn a_slice_is_enqueued_a_limited_number_of_times() {
    let mut world = too_many_keys().and(QUEUE_URL, QUEUE);
    let messages = [message("often", json!({"part": "keys", "handedOn": 5}))];
    assert_eq!(world.work(&messages), ["often"]);
    assert_eq!(world.aws.take_messages(), []);
    assert_eq!(archived(&world), [""; 0]);
    world.end();
}

#[test]
fn a_slice_is_limited_to_its_part() {
    let mut world = World::with(json!({
        "clusters": [private_cluster("c")], "keys": [key("k", true)],
        "repositories": [{"repositoryName": "payments/api"}, {"repositoryName": "cards"}],
    }));
    let registry =
        json!({"part": {"registry": {"prefix": "", "without": ["pay"]}}, "checks": [TAGS]});
    assert_eq!(world.work(&[message("m", registry)]), [""; 0]);
    assert_eq!(
        world.statuses(),
        ["FAILED MEDIUM ecr-immutable-tags repository/cards"]
    );
    assert_eq!(world.status(TAGS, &repository_arn("payments/api")), "none");
    assert_eq!(
        world.work(&[message("m", json!({"part": "clusters"}))]),
        [""; 0]
    );
    assert_eq!(
        world.status("eks-endpoint-private", &cluster_arn("c")),
        "PASSED INFORMATIONAL"
    );
    assert_eq!(world.status(ROTATION, &key_arn("k")), "none");
    world.end();
}
