//! The data that no log and no error may contain. The suite checks every line that a function logs, and every error in
//! which it ends, since errors are kept in logs and dead-letter queues too.

use eksentry_tests::account::{Account, Parameter};
use eksentry_tests::lambda::FunctionError;
use eksentry_tests::stand_in::{
    ACCESS_KEY, Fault, FaultKind, PAGE_TOKEN, SECRET_KEY, SESSION_KEY, SESSION_TOKEN,
};
use serde_json::{Value, json};
use std::thread;

use crate::any_faults::{BUCKET, EMPTY, ledger};
use crate::world::{
    ACCOUNT, CLUSTER, REGION, World, change_event, key, key_arn, load_balancer, private_cluster,
    repository_arn, rule_event, schedule_event, workspace,
};

/// A text that every event of the suite holds in an extra member.
const CANARY: &str = "a payload that no log repeats";

/// Credentials in every form in which a function sends or receives them, and page tokens. Tokens of EKS have a prefix.
const SECRETS: [&str; 11] = [
    ACCESS_KEY,
    SESSION_KEY,
    SECRET_KEY,
    SESSION_TOKEN,
    PAGE_TOKEN,
    CANARY,
    "AWS4-HMAC-SHA256",
    "Signature=",
    "X-Amz-Signature",
    "-amz-security-token",
    "k8s-aws-v1.",
];

const MUTE_LIST: &str = "/eksentry/mute-list";

/// The greatest length of the message about an invalid event: 4,000 characters and the mark of the cut.
const LONGEST_MESSAGE: usize = 4_001;

pub(crate) fn with_canary(event: &Value) -> Value {
    let mut event = event.clone();
    if let Some(members) = event.as_object_mut() {
        members.insert("canary".to_owned(), json!(CANARY));
    }
    event
}

/// Returns a secret that a text contains, in any case; one of [`SECRETS`] or of `others`.
pub(crate) fn secret_in<'a>(text: &str, others: &'a [String]) -> Option<&'a str> {
    let text = text.to_lowercase();
    let others = others.iter().map(String::as_str);
    let mut secrets = SECRETS.into_iter().chain(others);
    secrets.find(|secret| text.contains(&secret.to_lowercase()))
}

pub(crate) fn assert_no_secrets(
    logs: &[String],
    outcome: &Result<Value, FunctionError>,
    secrets: &[String],
) {
    let error = outcome.as_ref().err();
    let message = error.map(|error| &error.error_message);
    for text in logs.iter().chain(message) {
        let secret = secret_in(text, secrets);
        assert_eq!(secret, None, "a secret is in {text}");
    }
    // A killed function may end in the middle of a line.
    let killed = error.is_some_and(|error| error.error_type.starts_with("Sandbox."));
    for line in logs {
        let value = serde_json::from_str::<Value>(line);
        assert!(
            killed || value.is_ok_and(|value| value.is_object()),
            "a line of the log is not a JSON object: {line}"
        );
    }
    if let Some(error) = error.filter(|error| error.error_type == "InvalidEvent") {
        let length = error.error_message.chars().count();
        assert!(length <= LONGEST_MESSAGE, "{length}: {error}");
    }
}

/// Returns the world with functions that log at the most detailed level.
fn with_trace_logs(world: World) -> World {
    world
        .and("AWS_LAMBDA_LOG_LEVEL", "TRACE")
        .and("RUST_LOG", "trace")
        .unlimited("no stack sets RUST_LOG")
}

/// Returns a world with two accounts, the first of which is the given one, and with everything that a function can be
/// set to read or write.
fn with_all_settings(mut account: Account) -> World {
    account.buckets.push(BUCKET.to_owned());
    account.page_size = Some(2);
    // The exception matches no resource.
    let mute = json!({
        "check": "kms-cmk-rotation", "resource": key_arn("none"), "until": "2999-12-31", "reason": CANARY.repeat(10),
    });
    set_mute_list(&mut account, &json!([mute]).to_string());
    let there = json!({"clusters": [private_cluster("there")], "keys": [key("there", false)]});
    let world = with_trace_logs(World::of(account))
        .and_at("444455556666", REGION, there)
        .and("EKSENTRY_ACCOUNTS", "111122223333,444455556666")
        .and("EKSENTRY_EXTERNAL_ID", "between-us-two-7f3a")
        .and("EKSENTRY_LEDGER_BUCKET", BUCKET)
        .and("EKSENTRY_MUTE_LIST", MUTE_LIST);
    world.aws.put_object(&ledger(), EMPTY.into());
    world
}

fn set_mute_list(account: &mut Account, text: &str) {
    account.parameters = vec![Parameter {
        name: MUTE_LIST.to_owned(),
        value: text.to_owned(),
        kind: None,
    }];
}

/// Returns every sample event, with the name of its function.
fn samples() -> Vec<(String, Value)> {
    let mut samples = Vec::new();
    for function in std::fs::read_dir(workspace().join("events")).unwrap() {
        let folder = function.unwrap();
        for event in std::fs::read_dir(folder.path()).unwrap() {
            let text = std::fs::read(event.unwrap().path()).unwrap();
            let function = folder.file_name().into_string().unwrap();
            samples.push((function, serde_json::from_slice(&text).unwrap()));
        }
    }
    assert!(samples.len() > 20, "{}", samples.len());
    samples
}

#[test]
fn sample_events_log_no_secrets_at_the_most_detailed_level() {
    let account = Account::load(&workspace().join("tests/demo/account.yaml")).unwrap();
    let mut world = with_all_settings(account);
    for (function, mut event) in samples() {
        if event.get("resultToken").is_some() {
            event["resultToken"] = json!(world.aws.result_token("any"));
        }
        world.invoke(&function, &event);
    }
    let lines = world.logs();
    assert!(
        lines.iter().any(|line| line.contains("\"DEBUG\"")),
        "no line has the level DEBUG"
    );
}

#[test]
fn failures_log_no_secrets() {
    // A truncated answer contains the first part of the data from AWS.
    let quoting = FaultKind::Error {
        code: "ValidationException".into(),
        status: 400,
        message: "it is not valid\n\u{1b}[31m\"quoted\"".into(),
    };
    let kinds = [
        FaultKind::Truncated,
        FaultKind::Reset,
        FaultKind::AccessDenied,
        FaultKind::HtmlPage,
        quoting,
    ];
    for kind in kinds {
        // The repeated attempts mostly wait, so they run at the same time.
        thread::scope(|scope| {
            for service in [
                "sts",
                "ssm",
                "s3",
                "config",
                "securityhub",
                "eks",
                "ec2",
                "elasticloadbalancing",
                "guardduty",
                "logs",
                "monitoring",
                "ecr",
                "kms",
                "iam",
                "tagging",
            ] {
                let fault = Fault::new(&format!("{service}.*"), kind.clone());
                scope.spawn(|| fail_by(fault));
            }
        });
    }
    // The other parts of the credentials are present.
    let missing = FaultKind::Missing("/Credentials/SecretAccessKey".to_owned());
    fail_by(Fault::new("sts.AssumeRole", missing));
}

/// Runs a sweep and a rule with that fault.
fn fail_by(fault: Fault) {
    let mut account = Account::empty(ACCOUNT, REGION);
    account
        .add(json!({
            "clusters": [{"name": "c", "tags": {"team": "payments"}, "logging": {"clusterLogging": [
                {"types": ["audit"], "enabled": true},
            ]}}],
            "detectors": [{"DetectorId": "d", "Features": []}],
            "log_groups": [{"logGroupName": "/aws/eks/c/cluster", "metricFilters": [
                {"filterName": "f", "metricTransformations": [{"metricName": "m", "metricNamespace": "n"}]},
            ]}],
            "keys": [key("k", false), key("l", true), key("m", true)],
            "load_balancers": [load_balancer("c")],
            "repositories": [{"repositoryName": "app", "images": [{"imageTags": ["v1"]}]}],
        }))
        .unwrap();
    let mut world = with_all_settings(account);
    world.aws.fail(fault);
    world.invoke("sweep", &json!({}));
    let token = world.aws.result_token("eksentry-eks-endpoint-private");
    world.invoke(
        "config-rule",
        &schedule_event(&token, "eks-endpoint-private"),
    );
}

#[test]
fn invalid_input_is_not_repeated_in_logs_and_errors() {
    let mut world = with_trace_logs(World::with(json!({})));
    let text = json!(CANARY).to_string();
    let long = CANARY.repeat(20_000);
    let scan = |member: &str, value: Value| {
        let mut detail = json!({"scan-status": "COMPLETE", "repository-name": "app", "image-digest": "sha256:0a"});
        detail[member] = value;
        json!({"source": "aws.ecr", "detail-type": "ECR Image Scan", "detail": detail})
    };
    let rule = |invoking: &str, parameters: &str| json!({"invokingEvent": invoking, "ruleParameters": parameters, "resultToken": "t", "configRuleName": "eks-endpoint-private"});
    let schedule = r#"{"messageType": "ScheduledNotification"}"#;
    for (function, event) in [
        ("ecr-event", json!(CANARY)),
        ("ecr-event", json!({"source": [CANARY]})),
        ("ecr-event", json!({"account": {"x": CANARY}})),
        ("ecr-event", scan("image-tags", json!(CANARY))),
        ("ecr-event", scan("image-digest", json!([CANARY]))),
        ("config-rule", json!([CANARY])),
        ("config-rule", rule(CANARY, "{}")),
        ("config-rule", rule(&text, "{}")),
        ("config-rule", rule(schedule, &text)),
        ("config-rule", rule(schedule, CANARY)),
        (
            "config-rule",
            rule(&json!({"messageType": [CANARY]}).to_string(), "{}"),
        ),
        ("sweep", json!(CANARY)),
        ("sweep", json!({"checks": CANARY})),
        ("sweep", json!({"resources": {"all": CANARY}})),
        ("sweep", json!({"part": CANARY})),
        ("sweep", json!({"part": {"registry": CANARY}})),
        ("sweep", json!({"handedOn": CANARY})),
        ("sweep-worker", json!({"Records": CANARY})),
        ("sweep-worker", json!({"Records": [CANARY]})),
    ] {
        assert_eq!(
            world.error(function, &event).error_type,
            "InvalidEvent",
            "{event}"
        );
    }
    let mut files = with_all_settings(Account::empty(ACCOUNT, REGION));
    files.aws.put_object(&ledger(), text.clone().into());
    for mute_list in [
        CANARY,
        &text,
        &json!([CANARY]).to_string(),
        &json!([{"check": [CANARY]}]).to_string(),
    ] {
        files.change(|account| set_mute_list(account, mute_list));
        assert_eq!(
            files.error("sweep", &json!({})).error_type,
            "InvalidSettings"
        );
    }
    for body in [CANARY, &text, &json!({"checks": CANARY}).to_string(), &long] {
        let event = json!({"Records": [{"messageId": "m", "body": body}]});
        let answer = world.ok("sweep-worker", &event);
        assert_eq!(answer["batchItemFailures"][0]["itemIdentifier"], "m");
    }
    world.end();
}

#[test]
fn control_characters_in_names_are_escaped() {
    let evil = "a\r\n{\"level\":\"ERROR\"}\u{1b}[2J\u{0}\u{2028}\u{202e}";
    let mut world = with_trace_logs(World::with(json!({
        "repositories": [{"repositoryName": "app", "tags": {evil: evil}, "images": [{
            "imageTags": ["v1"],
            "scan": {"imageScanFindings": {"findings": [{
                "name": evil, "severity": "CRITICAL", "attributes": [{"key": "package_name", "value": evil}],
            }]}},
        }]}],
        "keys": [{"KeyId": "k", "Description": evil, "tags": {evil: evil}}],
    })));
    world.aws.fail(Fault::new(
        "kms.GetKeyRotationStatus",
        FaultKind::Error {
            code: "ValidationException".into(),
            status: 400,
            message: evil.into(),
        },
    ));
    world.sweep();
    for event in [
        json!({"checks": [evil]}),
        json!({"resources": [evil]}),
        json!({"account": evil}),
        json!({"region": evil}),
        json!({"resources": [format!("arn:{evil}:eks:{REGION}:{ACCOUNT}:cluster/c")]}),
    ] {
        assert_eq!(
            world.error("sweep", &event).error_type,
            "InvalidEvent",
            "{event}"
        );
    }
    let item = change_event("token", "eks-endpoint-private", CLUSTER, evil, "OK");
    assert_eq!(world.error("config-rule", &item).error_type, "InvalidEvent");
    let rule = rule_event(
        "token",
        evil,
        &json!({"messageType": "ScheduledNotification"}),
    );
    assert_eq!(world.error("config-rule", &rule).error_type, "InvalidEvent");
    let event = json!({
        "source": "aws.ecr", "detail-type": "ECR Image Action", "account": evil,
        "detail": {"action-type": "PUSH", "repository-name": repository_arn(evil)},
    });
    assert_eq!(world.error("ecr-event", &event).error_type, "InvalidEvent");
    world.end();
}
