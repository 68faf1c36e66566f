//! The checks' parameters and the lists of enabled and disabled checks, in documents below a path of Parameter Store.

use std::time::Duration;

use eksentry_tests::account::Parameter;
use eksentry_tests::lambda::FunctionError;
use eksentry_tests::stand_in::{Fault, FaultKind, Message};
use serde_json::{Value, json};

use crate::world::{CLUSTER, World, change_event, key, key_arn, private_cluster, repository_arn};

const PATHS: &str = "EKSENTRY_PARAMETERS_PATHS";
const PATH: &str = "/eksentry/checks";
const ROTATION: &str = "kms-cmk-rotation";
const TAGS: &str = "ecr-immutable-tags";
const PUSH: &str = "ecr-scan-on-push";
const ENDPOINT: &str = "eks-endpoint-private";
const STRICT: &str = "kms-cmk-rotation:\n  maxRotationPeriodDays: 180\n";
const PASSED: &str = "PASSED INFORMATIONAL";
const LIMIT: Duration = Duration::from_mins(5);

/// Returns a world with a key that rotates once a year, and with this document.
fn world(document: &str) -> World {
    let world = World::with(json!({"keys": [key("k", true)]})).and(PATHS, PATH);
    set(&world, "all", document);
    world
}

/// Writes a document, or replaces it.
fn set(world: &World, name: &str, text: &str) {
    put(world, name, text, None);
}

fn put(world: &World, name: &str, text: &str, kind: Option<&str>) {
    remove(world, name);
    world.change(|account| {
        account.parameters.push(Parameter {
            name: format!("{PATH}/{name}"),
            value: text.to_owned(),
            kind: kind.map(str::to_owned),
        });
    });
}

fn remove(world: &World, name: &str) {
    let name = format!("{PATH}/{name}");
    world.change(|account| account.parameters.retain(|one| one.name != name));
}

fn push(repository: &str) -> Value {
    json!({
        "source": "aws.ecr", "detail-type": "ECR Image Action",
        "detail": {"result": "SUCCESS", "action-type": "PUSH", "repository-name": repository},
    })
}

fn slice(body: &Value) -> Message {
    Message {
        queue_url: "https://sqs.eu-central-1.amazonaws.com/111122223333/slices".to_owned(),
        body: body.to_string(),
        id: "message".to_owned(),
    }
}

fn changed_cluster(world: &World, check: &str) -> Value {
    let token = world.aws.result_token(&format!("eksentry-{check}"));
    change_event(&token, check, CLUSTER, "c", "OK")
}

#[test]
fn every_function_reads_the_document() {
    let document = "
        disabledChecks: [ecr-scan-on-push, eks-control-plane-logging]
        ecr-immutable-tags: {allowedMutableTagFilters: [dev-*]}
        eks-endpoint-private: {allowedPublicCidrs: [203.0.113.0/24]}
        kms-cmk-rotation: {maxRotationPeriodDays: 180}";
    let mut cluster = private_cluster("c");
    cluster["resourcesVpcConfig"] = json!({
        "endpointPublicAccess": true, "endpointPrivateAccess": true, "publicAccessCidrs": ["203.0.113.7/32"],
    });
    let repository = json!({
        "repositoryName": "app", "imageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
        "imageTagMutabilityExclusionFilters": [{"filterType": "WILDCARD", "filter": "dev-*"}],
    });
    let entries = json!({
        "keys": [key("k", true)], "clusters": [cluster], "repositories": [repository],
    });
    let world = || {
        let world = World::with(entries.clone()).and(PATHS, PATH);
        set(&world, "all", document);
        world
    };
    let cluster_arn = crate::world::cluster_arn("c");

    let mut swept = world();
    let summary = swept.sweep();
    for off in [PUSH, "eks-control-plane-logging"] {
        assert_eq!(summary["checks"].get(off), None);
    }
    assert_eq!(swept.status(ROTATION, &key_arn("k")), "FAILED MEDIUM");
    assert_eq!(swept.status(TAGS, &repository_arn("app")), PASSED);
    assert_eq!(swept.status(ENDPOINT, &cluster_arn), PASSED);
    swept.end();

    let mut worked = world();
    assert_eq!(worked.work(&[slice(&json!({"part": "keys"}))]), [""; 0]);
    assert_eq!(worked.status(ROTATION, &key_arn("k")), "FAILED MEDIUM");
    worked.end();

    let mut pushed = world();
    pushed.ok("ecr-event", &push("app"));
    assert_eq!(pushed.status(TAGS, &repository_arn("app")), PASSED);
    assert_eq!(pushed.status(PUSH, &repository_arn("app")), "none");
    pushed.end();

    let mut changed = world();
    let event = changed_cluster(&changed, ENDPOINT);
    changed.ok("config-rule", &event);
    assert_eq!(changed.evaluations(), ["COMPLIANT AWS::EKS::Cluster c"]);
    changed.end();
}

#[test]
fn the_rule_overrides_the_environment_and_the_environment_overrides_the_document() {
    let environment = r#"{"ecr-image-scan-findings": {"severityThreshold": "LOW"}}"#;
    let image = json!({
        "imageDigest": "sha256:1111111111111111111111111111111111111111111111111111111111111111",
        "scan": {"imageScanFindings": {"findings": [{"name": "CVE-2024-3094", "severity": "MEDIUM"}]}},
    });
    let entries = json!({"repositories": [{"repositoryName": "app", "images": [image]}]});
    let mut images = World::with(entries)
        .and(PATHS, PATH)
        .and("EKSENTRY_PARAMETERS", environment);
    set(
        &images,
        "all",
        "ecr-image-scan-findings: {severityThreshold: CRITICAL, activeDays: 0}",
    );
    images.sweep();
    assert!(
        images
            .statuses()
            .iter()
            .any(|line| line.starts_with("FAILED MEDIUM ecr-image-scan-findings")),
        "{:?}",
        images.statuses()
    );
    images.end();

    for (parameters, period, expected) in [
        (None, "180", "NON_COMPLIANT"),
        (
            Some(r#"{"kms-cmk-rotation": {"maxRotationPeriodDays": 400}}"#),
            "180",
            "COMPLIANT",
        ),
        (Some(r#"{"kms-cmk-rotation": {}}"#), "180", "NON_COMPLIANT"),
    ] {
        let document = format!("kms-cmk-rotation: {{maxRotationPeriodDays: {period}}}");
        let mut world = world(&document);
        if let Some(parameters) = parameters {
            world = world.and("EKSENTRY_PARAMETERS", parameters);
        }
        let token = world.aws.result_token("eksentry-kms-cmk-rotation");
        let mut event = change_event(&token, ROTATION, "AWS::KMS::Key", "k", "OK");
        world.ok("config-rule", &event);
        let evaluation = format!("{expected} AWS::KMS::Key k");
        assert_eq!(world.evaluations(), [evaluation.as_str()], "{parameters:?}");
        let own = json!({"checkId": ROTATION, "maxRotationPeriodDays": "90"});
        event["ruleParameters"] = own.to_string().into();
        world.ok("config-rule", &event);
        assert_eq!(world.evaluations(), ["NON_COMPLIANT AWS::KMS::Key k"]);
        world.end();
    }
}

#[test]
fn checks_can_be_disabled_in_the_environment_and_in_the_document() {
    let entries = json!({"repositories": [{"repositoryName": "app"}]});
    let mut world = World::with(entries)
        .and(PATHS, PATH)
        .and("EKSENTRY_DISABLED_CHECKS", PUSH)
        .and(
            "EKSENTRY_ENABLED_CHECKS",
            "ecr-immutable-tags,ecr-scan-on-push",
        );
    set(&world, "all", "disabledChecks: ecr-immutable-tags");
    let summary = world.sweep();
    for off in [PUSH, TAGS] {
        assert_eq!(summary["checks"].get(off), None, "{off}");
    }
    assert!(summary["checks"].get(ROTATION).is_some());
    world.ok("sweep", &json!({"checks": [TAGS]}));
    assert_eq!(world.status(TAGS, &repository_arn("app")), "FAILED MEDIUM");
    world.end();
}

/// A page holds ten parameters.
#[test]
fn documents_on_several_pages_are_read() {
    let mut world = world("disabledChecks: [eks-endpoint-private]");
    for n in 0..25 {
        set(&world, &format!("part-{n}"), "enabledChecks: []");
    }
    set(&world, "zzz", STRICT);
    set(&world, "below/it", "documents in subfolders are ignored");
    let summary = world.sweep();
    assert_eq!(summary["checks"].get(ENDPOINT), None);
    assert_eq!(world.status(ROTATION, &key_arn("k")), "FAILED MEDIUM");
    assert_eq!(world.calls("ssm.GetParametersByPath"), 3);
    world.end();
}

#[test]
fn documents_below_several_paths_are_read() {
    let mut world = World::with(json!({"keys": [key("k", true)]}))
        .and(PATHS, "/eksentry/eksentry,/eksentry/checks")
        .deployed_with("DisabledChecks", ENDPOINT);
    set(&world, "all", STRICT);
    world.change(|account| {
        account.parameters.push(Parameter {
            name: "/eksentry/eksentry/disabled-checks".to_owned(),
            value: format!("disabledChecks: {ENDPOINT}"),
            kind: None,
        });
    });
    let summary = world.sweep();
    assert_eq!(summary["checks"].get(ENDPOINT), None);
    assert_eq!(world.status(ROTATION, &key_arn("k")), "FAILED MEDIUM");
    world.end();
}

/// Returns the error of each function, each invoked in a new instance.
fn errors(world: &mut World) -> Vec<FunctionError> {
    let event = changed_cluster(world, ENDPOINT);
    let slice = eksentry_tests::stand_in::sqs_event(&[slice(&json!({"part": "keys"}))]);
    [
        ("sweep", json!({})),
        ("sweep-worker", slice),
        ("ecr-event", push("app")),
        ("config-rule", event),
    ]
    .map(|(function, event)| world.error(function, &event))
    .into()
}

#[test]
fn an_invalid_document_is_an_error_and_nothing_is_evaluated() {
    for (document, mentions) in [
        (None, &["there is no parameter below /eksentry/checks"][..]),
        (
            Some("kms-cmk-rotation: ["),
            &["/eksentry/checks/all, line 1", "isn't valid YAML"],
        ),
        (
            Some("# of keys\nkms-rotation:\n  days: 90\n"),
            &[
                "/eksentry/checks/all, line 2",
                "\"kms-rotation\" is not a check",
                ROTATION,
            ],
        ),
        (
            Some("kms-cmk-rotation:\n  maxRotationPeriodDays: soon"),
            &[
                "/eksentry/checks/all, line 2",
                ROTATION,
                "soon",
                "a whole number",
            ],
        ),
        (
            Some("kms-cmk-rotation:\n  maxDays: 90"),
            &[
                "/eksentry/checks/all, line 2",
                "maxDays",
                "it has maxRotationPeriodDays",
            ],
        ),
    ] {
        let mut world = world("{}");
        match document {
            None => remove(&world, "all"),
            Some(document) => set(&world, "all", document),
        }
        for error in errors(&mut world) {
            assert_eq!(error.error_type, "InvalidSettings", "{error}");
            assert!(
                error.error_message.contains("nothing was evaluated"),
                "{error}"
            );
            for mention in mentions {
                assert!(error.error_message.contains(mention), "{mention}: {error}");
            }
        }
        assert!(world.aws.findings().is_empty() && world.evaluations().is_empty());
        world.end();
    }
}

#[test]
fn an_unreadable_document_is_an_error_and_nothing_is_evaluated() {
    for (kind, error_type) in [
        (Some(FaultKind::AccessDenied), "InvalidSettings"),
        (Some(FaultKind::HtmlPage), "NotAvailable"),
        (None, "InvalidSettings"),
    ] {
        let mut world = world(STRICT);
        match &kind {
            Some(kind) => world
                .aws
                .fail(Fault::new("ssm.GetParametersByPath", kind.clone())),
            None => put(&world, "all", STRICT, Some("SecureString")),
        }
        for error in errors(&mut world) {
            assert_eq!(error.error_type, error_type, "{kind:?} {error}");
            assert!(error.error_message.contains(PATH), "{error}");
        }
        assert!(world.aws.findings().is_empty() && world.evaluations().is_empty());
        world.end();
    }
}

#[test]
fn a_sweep_with_an_invalid_document_uses_the_previous_one_and_fails() {
    let invalid_documents = [
        Some("kms-cmk-rotation:\n  maxRotationPeriodDays: soon"),
        Some("nonsense"),
        None,
    ];
    for document in invalid_documents {
        let world = world(STRICT);
        let mut sweep = world.start("sweep");
        let mut invoke = || sweep.invoke(b"{}", LIMIT).outcome;
        let first = invoke().unwrap();
        assert_eq!((&first["failed"], &first["errors"]), (&json!(1), &json!(0)));

        match document {
            Some(document) => set(&world, "all", document),
            None => remove(&world, "all"),
        }
        world.change(|account| account.add(json!({"keys": [key("new", true)]})).unwrap());
        for _ in 0..2 {
            let error = invoke().unwrap_err();
            assert_eq!(error.error_type, "InvalidSettings", "{error}");
            for mention in [PATH, "used as they were", "docs/parameters.md"] {
                assert!(error.error_message.contains(mention), "{error}");
            }
            assert_eq!(world.status(ROTATION, &key_arn("new")), "FAILED MEDIUM");
        }

        set(
            &world,
            "all",
            "kms-cmk-rotation: {maxRotationPeriodDays: 365}",
        );
        let corrected = invoke().unwrap();
        assert_eq!(corrected["errors"], 0);
        assert_eq!(world.status(ROTATION, &key_arn("new")), PASSED);
        let logs = sweep.end();
        let messages = logs
            .iter()
            .filter(|line| line.contains("used as they were"));
        assert!(messages.filter(|line| line.contains("ERROR")).count() >= 2);
        world.end();
    }
}

#[test]
fn a_sweep_with_an_unavailable_document_uses_the_previous_one_and_counts_an_error() {
    let mut world = world(STRICT);
    let mut sweep = world.start("sweep");
    let mut invoke = || sweep.invoke(b"{}", LIMIT).outcome.unwrap();
    assert_eq!(invoke()["errors"], 0);
    world
        .aws
        .fail(Fault::new("ssm.GetParametersByPath", FaultKind::Throttle));
    let meanwhile = invoke();
    assert_eq!(
        (&meanwhile["failed"], &meanwhile["errors"]),
        (&json!(1), &json!(1))
    );
    world.clear_faults();
    assert_eq!(invoke()["errors"], 0);
    drop(sweep.end());
    world.end();
}

#[test]
fn events_use_a_cached_document_and_sweeps_read_it_each_time() {
    let world = world("{}");
    world.change(|account| {
        let repository = json!({"repositories": [{"repositoryName": "app"}]});
        account.add(repository).unwrap();
    });
    for (function, event, calls) in [("ecr-event", push("app"), 1), ("sweep", json!({}), 3)] {
        let before = world.calls("ssm.GetParametersByPath");
        let mut function = world.start(function);
        for _ in 0..3 {
            let event = event.to_string();
            function.invoke(event.as_bytes(), LIMIT).outcome.unwrap();
        }
        let after = world.calls("ssm.GetParametersByPath");
        assert_eq!(after - before, calls);
        drop(function.end());
    }
    world.end();
}

#[test]
fn without_a_path_no_document_is_read() {
    let mut world = World::with(json!({"keys": [key("k", true)]}));
    world.sweep();
    assert_eq!(world.calls("ssm.GetParametersByPath"), 0);
    world.end();
}

#[test]
fn metrics_can_be_disabled() {
    for (value, written) in [("on", true), ("off", false)] {
        let mut world =
            World::with(json!({"keys": [key("k", true)]})).and("EKSENTRY_METRICS", value);
        world.sweep();
        world.ok("ecr-event", &push("app"));
        let lines = world.logs().iter();
        let metrics = lines.filter(|line| line.contains("CloudWatchMetrics"));
        assert_eq!(metrics.count() > 0, written, "{value}");
        world.end();
    }
}
