//! Mutes: the effect of a mute list on failures, and of changes to the mute list.

use eksentry_tests::account::Parameter;
use eksentry_tests::stand_in::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::world::{
    CLUSTER, World, change_event, cluster_arn, key, key_arn, private_cluster, repository_arn,
};

const NAME: &str = "/eksentry/mute-list";
const MUTE_LIST: &str = "EKSENTRY_MUTE_LIST";
const ROTATION: &str = "kms-cmk-rotation";
const TAGS: &str = "ecr-immutable-tags";
const SCAN: &str = "ecr-image-scan-findings";
const ENDPOINT: &str = "eks-endpoint-private";
const LAST_DAY: &str = "2999-12-31";
const DIGEST: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

fn of_resource(check: &str, resource: &str) -> Value {
    json!({"check": check, "resource": resource, "reason": "Moves away", "until": LAST_DAY})
}

fn of_tag(check: &str, tag: &str) -> Value {
    json!({"check": check, "tag": tag, "reason": "Moves away", "until": LAST_DAY})
}

/// Returns a world with these resources and this mute list.
fn muting(entries: Value, list: &Value) -> World {
    let world = World::with(entries).and(MUTE_LIST, NAME);
    set(&world, &list.to_string());
    world
}

/// Replaces the text of the mute list.
fn set(world: &World, text: &str) {
    world.change(|account| {
        account.parameters.retain(|one| one.name != NAME);
        account.parameters.push(Parameter {
            name: NAME.to_owned(),
            value: text.to_owned(),
            kind: None,
        });
    });
}

fn two_keys() -> Value {
    json!({"keys": [key("k", false), key("other", false)]})
}

fn reasons(world: &World, check: &str, resource: &str) -> Value {
    world.finding(check, resource).unwrap()["Compliance"]["StatusReasons"].clone()
}

fn is_muted(world: &World, check: &str, resource: &str) -> bool {
    let reasons = reasons(world, check, resource);
    let text = reasons[0]["Description"].as_str().unwrap_or_default();
    let muted =
        reasons[0]["ReasonCode"] == "MUTED" && text.contains("Muted until 2999-12-31: Moves away.");
    assert_eq!(
        muted,
        world.status(check, resource).starts_with("PASSED"),
        "{reasons}"
    );
    muted
}

#[test]
fn a_muted_failure_passes_and_keeps_its_reason() {
    let list = json!([of_resource(ROTATION, &key_arn("k"))]);
    let mut world = muting(two_keys(), &list);
    let summary = world.sweep();
    assert_eq!(
        (&summary["muted"], &summary["passed"], &summary["failed"]),
        (&json!(1), &json!(1), &json!(1))
    );
    assert_eq!(
        world.status(ROTATION, &key_arn("k")),
        "PASSED INFORMATIONAL"
    );
    assert!(is_muted(&world, ROTATION, &key_arn("k")));
    let said = reasons(&world, ROTATION, &key_arn("k"));
    let open = reasons(&world, ROTATION, &key_arn("other"));
    assert_eq!(said[1]["ReasonCode"], open[0]["ReasonCode"]);
    assert_eq!(world.status(ROTATION, &key_arn("other")), "FAILED MEDIUM");
    assert_eq!(world.sweep()["posted"], 0, "the finding is unchanged");
    world.end();
}

#[test]
fn a_muted_resource_is_compliant_in_aws_config() {
    for list in [
        json!([of_resource(ENDPOINT, "arn:aws:eks:*:cluster/pay*")]),
        json!([of_tag("*", "env=test")]),
    ] {
        let entries =
            json!({"clusters": [{"name": "payments", "tags": {"env": "test"}}, {"name": "cards"}]});
        let mut world = muting(entries, &list);
        for name in ["payments", "cards"] {
            let token = world.aws.result_token("eksentry-eks-endpoint-private");
            world.ok(
                "config-rule",
                &change_event(&token, ENDPOINT, CLUSTER, name, "OK"),
            );
        }
        assert_eq!(
            world.evaluations(),
            [
                "NON_COMPLIANT AWS::EKS::Cluster cards",
                "COMPLIANT AWS::EKS::Cluster payments"
            ]
        );
        let evaluations = world.aws.evaluations();
        let annotation = evaluations[1].annotation.as_deref().unwrap_or_default();
        assert!(
            annotation.starts_with("Muted until 2999-12-31: Moves away."),
            "{annotation}"
        );
        assert!(is_muted(&world, ENDPOINT, &cluster_arn("payments")));
        assert!(!is_muted(&world, ENDPOINT, &cluster_arn("cards")));
        world.end();
    }
}

fn vulnerable(repository: &str, tags: Value) -> Value {
    json!({"repositoryName": repository, "tags": tags, "images": [{
        "imageDigest": DIGEST,
        "scan": {"imageScanFindings": {"findings": [{"name": "CVE-2024-3094", "severity": "CRITICAL"}]}},
    }]})
}

fn image(repository: &str) -> String {
    format!("{}/{DIGEST}", repository_arn(repository))
}

fn tagged() -> Value {
    let test = json!({"env": "test"});
    json!({
        "clusters": [{"name": "test", "tags": {"env": "test"}}, {"name": "prod", "tags": {"env": "prod"}}],
        "keys": [{"KeyId": "test", "tags": {"env": "test"}}, {"KeyId": "prod"}],
        "repositories": [vulnerable("test", test), vulnerable("prod", json!({"env": "prod"}))],
    })
}

/// Returns the findings that fail unless they are muted, of the resources with this name.
fn failures(name: &str) -> [(&'static str, String); 4] {
    [
        (ENDPOINT, cluster_arn(name)),
        (ROTATION, key_arn(name)),
        (TAGS, repository_arn(name)),
        (SCAN, image(name)),
    ]
}

#[test]
fn tag_exceptions_apply_to_resources_and_their_images() {
    let mut world = muting(tagged(), &json!([of_tag("*", "env=test")]));
    world.sweep();
    for (name, muted) in [("test", true), ("prod", false)] {
        for (check, resource) in failures(name) {
            assert_eq!(
                is_muted(&world, check, &resource),
                muted,
                "{check} {resource}"
            );
        }
    }
    assert_eq!(world.sweep()["posted"], 0);
    world.end();
}

#[test]
fn a_changed_exception_applies_to_images_with_an_unchanged_scan() {
    let mut world = muting(tagged(), &json!([]));
    world.sweep();
    for list in [
        json!([of_tag(SCAN, "env")]),
        json!([of_resource(SCAN, "*:repository/*")]),
        json!([]),
    ] {
        set(&world, &list.to_string());
        world.sweep();
        for name in ["test", "prod"] {
            let muted = list != json!([]);
            assert_eq!(is_muted(&world, SCAN, &image(name)), muted, "{list}");
        }
    }
    world.end();
}

#[test]
fn tag_exceptions_apply_to_events() {
    let mut world = muting(tagged(), &json!([of_tag(SCAN, "env=test")]));
    for name in ["test", "prod"] {
        let event = json!({
            "source": "aws.ecr", "detail-type": "ECR Image Scan", "account": crate::world::ACCOUNT,
            "region": crate::world::REGION, "time": "2026-03-01T10:00:00Z", "resources": [],
            "detail": {"repository-name": name, "image-digest": DIGEST, "scan-status": "COMPLETE",
                "finding-severity-counts": {"CRITICAL": 1}, "image-tags": []},
        });
        world.ok("ecr-event", &event);
    }
    assert!(is_muted(&world, SCAN, &image("test")));
    assert_eq!(world.status(SCAN, &image("prod")), "FAILED CRITICAL");
    world.end();
}

#[test]
fn mutes_by_tag_do_not_apply_if_tags_cannot_be_read_and_the_sweep_is_repeated() {
    let list = json!([of_tag(ROTATION, "env=test"), of_resource(TAGS, "*")]);
    let mut world = muting(tagged(), &list);
    world.deny("tagging.GetResources");
    let error = world.error("sweep", &json!({}));
    assert_eq!(error.error_type, "NotAvailable");
    for part in ["tag:GetResources", "mutes by tag"] {
        assert!(error.error_message.contains(part), "{error}");
    }
    assert_eq!(world.status(ROTATION, &key_arn("test")), "FAILED MEDIUM");
    assert!(is_muted(&world, TAGS, &repository_arn("prod")));
    world.clear_faults();
    world.sweep();
    assert!(is_muted(&world, ROTATION, &key_arn("test")));
    world.end();
}

#[test]
fn an_expired_exception_mutes_nothing() {
    let mut entry = of_resource(ROTATION, "*");
    entry["until"] = json!("2020-12-31");
    let mut world = muting(two_keys(), &json!([entry]));
    assert_eq!(world.sweep()["muted"], 0);
    assert_eq!(world.status(ROTATION, &key_arn("k")), "FAILED MEDIUM");
    world.end();
}

#[test]
fn a_failure_is_new_again_after_its_exception_is_removed() {
    for (before, after) in [
        ("NOTIFIED", "NEW"),
        ("RESOLVED", "NEW"),
        ("SUPPRESSED", "SUPPRESSED"),
    ] {
        let mut world = muting(two_keys(), &json!([]));
        world.sweep();
        let id = format!("eksentry/{ROTATION}/{}", key_arn("k"));
        let created = world.times("CreatedAt");
        assert!(world.aws.edit_finding(&id, |finding| {
            finding.insert("Workflow".into(), json!({"Status": before}));
        }));
        set(
            &world,
            &json!([of_resource("*", &key_arn("k"))]).to_string(),
        );
        assert_eq!(world.sweep()["posted"], 1);
        assert!(is_muted(&world, ROTATION, &key_arn("k")));
        set(&world, "[]");
        assert_eq!(world.sweep()["posted"], 1);
        let finding = world.finding(ROTATION, &key_arn("k")).unwrap();
        assert_eq!(world.status(ROTATION, &key_arn("k")), "FAILED MEDIUM");
        assert_eq!(finding["Workflow"]["Status"], after, "{before}");
        assert_eq!(world.times("CreatedAt"), created);
        world.end();
    }
}

#[test]
fn an_unreadable_mute_list_is_an_error_and_mutes_nothing() {
    let good = json!([of_resource("*", "*")]);
    for (text, denied) in [
        (None, false),
        (Some("not JSON"), false),
        (Some("{}"), false),
        (Some(""), false),
        (Some(good.to_string().as_str()), true),
    ] {
        let mut world = World::with(two_keys()).and(MUTE_LIST, NAME);
        if let Some(text) = text {
            set(&world, text);
        }
        if denied {
            world.deny("ssm.GetParameter");
        }
        let error = world.error("sweep", &json!({}));
        assert_eq!(error.error_type, "InvalidSettings", "{text:?}");
        assert!(error.error_message.contains(NAME), "{error}");
        assert_eq!(
            world.statuses(),
            [
                "FAILED MEDIUM kms-cmk-rotation key/k",
                "FAILED MEDIUM kms-cmk-rotation key/other",
            ]
        );
        world.end();
    }
}

#[test]
fn an_invalid_exception_is_an_error_and_affects_no_other() {
    let list = json!([
        of_resource("kms-rotation", &key_arn("other")),
        of_resource(ROTATION, &key_arn("k")),
        7,
    ]);
    let mut world = muting(two_keys(), &list);
    let error = world.error("sweep", &json!({}));
    assert_eq!(error.error_type, "InvalidSettings");
    for part in [NAME, "mute 1", "mute 3", "kms-cmk-rotation"] {
        assert!(error.error_message.contains(part), "{error}");
    }
    assert!(is_muted(&world, ROTATION, &key_arn("k")));
    assert!(!is_muted(&world, ROTATION, &key_arn("other")));
    world.end();
}

#[test]
fn only_failures_are_muted() {
    let entries = json!({
        "clusters": [private_cluster("fine"), {"name": "unread"}],
        "keys": [key("k", false)],
        "repositories": [{"repositoryName": "app", "images": [{"imageDigest": DIGEST, "scan": {"imageScanStatus": {"status": "UNSUPPORTED_IMAGE"}}}]}],
    });
    let mut world = muting(entries, &json!([of_resource("*", "*")]));
    world.deny("kms.DescribeKey");
    world.aws.fail(
        Fault::new("eks.DescribeCluster", FaultKind::AccessDenied)
            .matching(json!({"name": "unread"})),
    );
    world.sweep();
    for (check, resource, expected) in [
        (ROTATION, key_arn("k"), "NOT_AVAILABLE INFORMATIONAL"),
        (
            ENDPOINT,
            cluster_arn("unread"),
            "NOT_AVAILABLE INFORMATIONAL",
        ),
        (SCAN, image("app"), "WARNING LOW"),
        (ENDPOINT, cluster_arn("fine"), "PASSED INFORMATIONAL"),
    ] {
        assert_eq!(world.status(check, &resource), expected);
        let reasons = reasons(&world, check, &resource).to_string();
        assert!(!reasons.contains("MUTED"), "{reasons}");
    }
    world.end();
}
