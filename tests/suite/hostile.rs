//! Hostile input, end to end: payloads that are not events, unusual names and texts, policies of every shape, and
//! findings that eksentry must not change.

use std::time::Duration;

use eksentry_tests::account::{Account, Parameter};
use eksentry_tests::hostile::PIECES;
use eksentry_tests::lambda::{Function, FunctionError, binaries};
use serde_json::{Value, json};

use crate::world::{
    ACCOUNT, REGION, World, change_event, cluster_arn, key, key_arn, repository_arn, rule_event,
};

const ROTATION: &str = "kms-cmk-rotation";
const KEY: &str = "AWS::KMS::Key";
const OTHER_ACCOUNT: &str = "444455556666";
const DIGEST: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

/// Invokes one process of a function with payloads, which may be invalid JSON.
fn invoke_raw(
    world: &World,
    function: &str,
    payloads: &[&str],
) -> Vec<Result<Value, FunctionError>> {
    let environment = world.aws.sign_in(&world.deployment(), function).unwrap();
    let binary = binaries().unwrap().join(function);
    let mut running = Function::start(&binary, environment)
        .unwrap()
        .of_account(ACCOUNT);
    let limit = Duration::from_mins(5);
    let outcomes = payloads
        .iter()
        .map(|payload| running.invoke(payload.as_bytes(), limit).outcome);
    let outcomes = outcomes.collect();
    assert_eq!(running.problems(), Vec::<String>::new());
    running.end();
    outcomes
}

/// Returns every piece that hostile texts are made of, repeated.
fn long_text() -> String {
    let all = PIECES.concat();
    all.repeat(100_000 / all.chars().count() + 1)
}

fn names() -> Vec<String> {
    let mut names: Vec<String> = PIECES.map(|piece| format!("app{piece}")).into();
    names.retain(|name| !["appa", "app*?"].contains(&name.as_str()));
    names.extend(["", "../../app", "app/../..", "*", "app:latest"].map(str::to_owned));
    names.push("a".repeat(100_000));
    names
}

fn ecr_event(repository: &str) -> Value {
    json!({
        "version": "0", "source": "aws.ecr", "detail-type": "ECR Image Action", "account": ACCOUNT, "region": REGION,
        "time": "2026-03-01T10:00:00Z", "resources": [],
        "detail": {"action-type": "PUSH", "result": "SUCCESS", "repository-name": repository, "image-digest": DIGEST},
    })
}

#[test]
fn invalid_unicode_is_an_error_and_the_next_event_is_processed() {
    let world = World::with(json!({}));
    let snapshot = json!({"messageType": "ConfigurationSnapshotDeliveryCompleted"});
    let snapshot = rule_event("token", ROTATION, &snapshot).to_string();
    for (function, good) in [
        ("sweep", "{}"),
        ("sweep-worker", r#"{"Records": []}"#),
        ("ecr-event", r#"{"source": "aws.s3"}"#),
        ("config-rule", &snapshot),
    ] {
        let bad = [
            r#"{"checks": ["\ud800"], "source": "\udfff"}"#,
            r#"{"detail-type": "ECR Image Action", "\ud83d": 1}"#,
            r#"{"Records": [{"body": "\ude00\ud83d"}]}"#,
        ];
        let mut payloads = bad.to_vec();
        payloads.push(good);
        let outcomes = invoke_raw(&world, function, &payloads);
        let (good, bad) = outcomes.split_last().unwrap();
        assert!(bad.iter().all(Result::is_err), "{function}: {bad:?}");
        assert!(good.is_ok(), "{function}: {good:?}");
    }
    assert!(world.aws.findings().is_empty());
    world.end();
}

#[test]
fn a_lone_surrogate_affects_only_its_own_document() {
    let mut world = World::with(json!({"keys": [key("k", false)]}));
    let event = json!({"invokingEvent": r#"{"messageType": "\ud800"}"#, "resultToken": "t"});
    let error = world.error("config-rule", &event);
    assert_eq!(error.error_type, "InvalidEvent");
    let batch = json!({"Records": [
        {"messageId": "bad", "body": r#"{"checks": ["\ud800"]}"#},
        {"messageId": "good", "body": "{}"},
    ]});
    let answer = world.ok("sweep-worker", &batch);
    assert_eq!(
        answer["batchItemFailures"],
        json!([{"itemIdentifier": "bad"}])
    );
    assert_eq!(world.status(ROTATION, &key_arn("k")), "FAILED MEDIUM");
    world.end();
}

#[test]
fn invalid_names_are_rejected_without_calls() {
    let world = World::with(json!({"repositories": [{"repositoryName": "app"}]}));
    let names = names();
    let pushes: Vec<String> = names
        .iter()
        .map(|name| ecr_event(name).to_string())
        .collect();
    let token = world.aws.result_token("eksentry-kms-cmk-rotation");
    let changes = names
        .iter()
        .map(|name| change_event(&token, ROTATION, KEY, name, "OK").to_string());
    let changes: Vec<String> = changes.collect();
    for (function, events) in [("ecr-event", pushes), ("config-rule", changes)] {
        let payloads: Vec<&str> = events.iter().map(String::as_str).collect();
        for (name, outcome) in names.iter().zip(invoke_raw(&world, function, &payloads)) {
            let error = outcome.expect_err(name);
            assert_eq!(error.error_type, "InvalidEvent", "{name:?}");
            assert!(error.error_message.len() < 4_000, "{}", error.error_message);
        }
    }
    assert!(world.aws.findings().is_empty());
    assert_eq!(
        world.calls("ecr.DescribeRepositories") + world.calls("kms.DescribeKey"),
        0
    );
    world.end();
}

#[test]
fn findings_are_valid_for_any_text_from_services_and_customers() {
    let text = long_text();
    let tags = json!({"a": text, "html": "<script>alert(1)</script>", "turned": "\u{202e}gnp.exe"});
    let entries = json!({
        "keys": [{"KeyId": "k", "Description": text, "rotation": {"KeyRotationEnabled": false}, "tags": tags}],
        "clusters": [{"name": "c", "version": text, "endpoint": text, "tags": tags}],
        "repositories": [{"repositoryName": "app", "tags": tags, "images": [{
            "imageDigest": DIGEST, "imageTags": ["v1"],
            "scan": {"imageScanFindings": {"findings": [
                {"name": text, "severity": "CRITICAL", "uri": text, "attributes": [
                    {"key": "package_name", "value": text}, {"key": "CVSS3_SCORE", "value": "NaN"},
                ]},
                {"name": "", "severity": "\u{202e}HGIH"},
            ]}},
        }]}],
    });
    let list = json!([
        {"check": ROTATION, "resource": key_arn("k"), "reason": "\u{202e}<b>Moves away</b>\u{0}", "until": "2999-12-31"},
        {"check": text, "resource": text, "reason": text, "until": text},
        {"check": "*", "tag": text, "reason": "Fine", "until": "2999-12-31"},
    ]);
    let mut world = World::with(entries).and("EKSENTRY_MUTE_LIST", "/mute");
    world.change(|account| {
        account.parameters.push(Parameter {
            name: "/mute".to_owned(),
            value: list.to_string(),
            kind: None,
        });
    });
    // The second exception is invalid, which the run reports at its end.
    let error = world.error("sweep", &json!({}));
    assert_eq!(error.error_type, "InvalidSettings");
    assert!(error.error_message.len() < 4_000, "{}", error.error_message);
    assert_eq!(
        world.status(ROTATION, &key_arn("k")),
        "PASSED INFORMATIONAL"
    );
    let image = format!("{}/{DIGEST}", repository_arn("app"));
    assert_eq!(
        world.status("ecr-image-scan-findings", &image),
        "FAILED CRITICAL"
    );
    assert!(world.logs().iter().all(|line| !line.contains('\u{0}')));
    world.end();
}

/// Returns a world with a cluster whose role has this trust policy and these permissions.
fn role_world(trust: Value, permissions: Value) -> World {
    let role = "arn:aws:iam::111122223333:role/of-c";
    World::with(json!({
        "clusters": [{"name": "c", "roleArn": role}],
        "roles": [{"RoleName": "of-c", "AssumeRolePolicyDocument": trust, "attached": [], "inline": {"own": permissions}}],
    }))
}

#[test]
fn policies_that_cannot_be_parsed_never_pass() {
    let eks = json!({"Service": "eks.amazonaws.com"});
    let trust = |principal: &Value| {
        json!({"Version": "2012-10-17", "Statement": {"Effect": "Allow",
        "Principal": principal, "Action": ["sts:TagSession", "STS:assumerole"], "Condition": {"Bool": {"a": true}}}})
    };
    let may = |action: Value, resource: &str| {
        json!({"Id": "a+b %2B \u{202e}", "Statement": [{"Sid": "",
        "Effect": "Allow", "Action": action, "Resource": resource}]})
    };
    let few = may(json!("s3:Get*"), "arn:aws:s3:::b");
    for (trust, permissions, status) in [
        (trust(&eks), few.clone(), "PASSED INFORMATIONAL"),
        (
            trust(&json!({"Service": ["eks.amazonaws.com", "ec2.amazonaws.com"]})),
            few.clone(),
            "FAILED MEDIUM",
        ),
        (
            trust(&json!({"AWS": "arn:aws:iam::111122223333:user/a+b"})),
            few.clone(),
            "FAILED MEDIUM",
        ),
        (trust(&json!("*")), few.clone(), "FAILED MEDIUM"),
        (
            json!({"Statement": [{"Effect": "Allow", "NotPrincipal": eks, "Action": "sts:*"}]}),
            few.clone(),
            "FAILED MEDIUM",
        ),
        (
            trust(&eks),
            may(json!(["s3:*", "?*:*"]), "arn:aws:*:*:*:*"),
            "FAILED MEDIUM",
        ),
        (
            trust(&eks),
            may(json!("e*s:*"), "*"),
            "PASSED INFORMATIONAL",
        ),
        (
            trust(&json!(["*"])),
            few.clone(),
            "NOT_AVAILABLE INFORMATIONAL",
        ),
        (
            trust(&eks),
            json!({"Statement": {"Effect": "Allow", "action": "*", "Resource": "*"}}),
            "NOT_AVAILABLE INFORMATIONAL",
        ),
    ] {
        let policies = format!("{trust} {permissions}");
        let mut world = role_world(trust, permissions);
        world.sweep();
        let found = world.status("eks-dedicated-cluster-role", &cluster_arn("c"));
        assert_eq!(found, status, "{policies}");
        world.end();
    }
}

/// Returns a finding that Security Hub holds before any function runs.
fn held(id: &str, product: &str, account: &str, generator: &str, resource: &str) -> Value {
    json!({
        "SchemaVersion": "2018-10-08", "Id": id, "ProductArn": product, "GeneratorId": generator,
        "AwsAccountId": account, "CreatedAt": "2025-01-01T00:00:00Z", "UpdatedAt": "2025-01-02T00:00:00Z",
        "Title": "A finding", "Description": "Of another product.", "Compliance": {"Status": "FAILED"},
        "FindingProviderFields": {"Severity": {"Label": "HIGH"}, "Types": ["TTPs/Discovery"]},
        "Resources": [{"Type": "AwsKmsKey", "Id": resource}], "RecordState": "ACTIVE",
    })
}

fn product(account: &str) -> String {
    format!("arn:aws:securityhub:{REGION}:{account}:product/{account}/default")
}

fn not_ours() -> Vec<Value> {
    let guard_duty = format!("arn:aws:securityhub:{REGION}::product/aws/guardduty");
    let (own, theirs) = (product(ACCOUNT), product(OTHER_ACCOUNT));
    let (gone, there) = (key_arn("gone"), key_arn("there"));
    let their_key = gone.replace(ACCOUNT, OTHER_ACCOUNT);
    let their_other = key_arn("other").replace(ACCOUNT, OTHER_ACCOUNT);
    let rotation = "eksentry/kms-cmk-rotation";
    let id = |resource: &str| format!("{rotation}/{resource}");
    vec![
        held(
            "arn:aws:guardduty:1",
            &guard_duty,
            ACCOUNT,
            "guardduty",
            &there,
        ),
        held(&id(&gone), &guard_duty, ACCOUNT, rotation, &gone),
        held(&id(&there), &guard_duty, ACCOUNT, rotation, &there),
        held(
            &id(&their_key),
            &theirs,
            OTHER_ACCOUNT,
            rotation,
            &their_key,
        ),
        held(&id("not-an-arn"), &own, ACCOUNT, rotation, &gone),
        held(&id(&their_other), &own, ACCOUNT, rotation, &gone),
        held("eksentry/../..", &own, ACCOUNT, "eksentry/../..", &gone),
        held("eksentry/", &own, ACCOUNT, "eksentry/", &gone),
        held(
            &format!("{rotation}-2/{gone}"),
            &own,
            ACCOUNT,
            "another/tool",
            &gone,
        ),
        held(&format!("other/{gone}"), &own, ACCOUNT, rotation, &gone),
    ]
}

#[test]
fn findings_of_other_accounts_and_products_are_not_changed() {
    let ours = held(
        &format!("eksentry/kms-cmk-rotation/{}", key_arn("old")),
        &product(ACCOUNT),
        ACCOUNT,
        "eksentry/kms-cmk-rotation",
        &key_arn("old"),
    );
    let not_ours = not_ours();
    let names: Vec<(Value, Value)> = not_ours
        .iter()
        .map(|one| (one["Id"].clone(), one["ProductArn"].clone()))
        .collect();
    let mut findings = not_ours.clone();
    findings.push(ours);
    let entries =
        json!({"keys": [key("there", false)], "repositories": [{"repositoryName": "app"}]});
    let mut account = Account::empty(ACCOUNT, REGION);
    account.add(entries).unwrap();
    account.findings = findings
        .into_iter()
        .map(|one| one.as_object().unwrap().clone())
        .collect();
    let mut world = World::of(account);
    let others = |world: &World| {
        let mut findings = world.aws.findings();
        findings.retain(|one| names.contains(&(one["Id"].clone(), one["ProductArn"].clone())));
        findings
    };
    let before = others(&world);
    assert_eq!(before.len(), not_ours.len());

    world.sweep();
    assert_eq!(
        world.status(ROTATION, &key_arn("old")),
        "ARCHIVED FAILED HIGH",
        "findings of eksentry are archived"
    );
    world.ok("sweep", &json!({"checks": [ROTATION]}));
    let token = world.aws.result_token("eksentry-kms-cmk-rotation");
    world.ok(
        "config-rule",
        &change_event(&token, ROTATION, KEY, "gone", "ResourceDeleted"),
    );
    for (resource, detail) in [("not-an-arn", "PUSH"), ("app", "DELETE"), ("..", "DELETE")] {
        let mut event = ecr_event(resource);
        event["detail"]["action-type"] = json!(detail);
        // Most of these events are about resources that do not exist.
        let _ = world.invoke("ecr-event", &event);
    }
    world.error(
        "sweep",
        &json!({"resources": [key_arn("gone").replace(ACCOUNT, OTHER_ACCOUNT)]}),
    );
    world.sweep();
    assert_eq!(others(&world), before);
    world.end();
}
