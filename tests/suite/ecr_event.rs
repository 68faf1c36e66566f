//! `ecr-event`, end to end.

use eksentry_tests::demo::Sample;
use eksentry_tests::template::{Stack, Template};
use serde_json::{Value, json};

use crate::world::{ACCOUNT, REGION, World, repository_arn, workspace};

const DIGEST: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
const SCAN: &str = "ecr-image-scan-findings";

fn world(image: Value) -> World {
    let mut image = image;
    image["imageDigest"] = json!(DIGEST);
    World::with(
        json!({"repositories": [{"repositoryName": "app", "imageTagMutability": "MUTABLE", "images": [image]}]}),
    )
}

fn vulnerable() -> Value {
    json!({"imageTags": ["v1"], "scan": {"imageScanFindings": {"findings": [{"name": "CVE-2024-3094", "severity": "CRITICAL"}]}}})
}

fn event(kind: &str, detail: Value) -> Value {
    let mut detail = detail;
    detail["repository-name"] = json!("app");
    detail["image-digest"] = json!(DIGEST);
    json!({
        "version": "0", "source": "aws.ecr", "detail-type": kind, "account": ACCOUNT, "region": REGION,
        "time": "2026-03-01T10:00:00Z", "resources": [], "detail": detail,
    })
}

fn action(action: &str) -> Value {
    event(
        "ECR Image Action",
        json!({"action-type": action, "result": "SUCCESS", "target-storage-class": "ARCHIVE"}),
    )
}

fn scan(status: &str, counts: &Value) -> Value {
    event(
        "ECR Image Scan",
        json!({"scan-status": status, "finding-severity-counts": counts, "image-tags": []}),
    )
}

fn image() -> String {
    format!("{}/{DIGEST}", repository_arn("app"))
}

#[test]
fn a_push_evaluates_the_repository_and_a_scanned_image() {
    let mut unscanned = world(json!({}));
    unscanned.ok("ecr-event", &action("PUSH"));
    assert_eq!(
        unscanned.statuses(),
        [
            "FAILED MEDIUM ecr-immutable-tags repository/app",
            "FAILED MEDIUM ecr-scan-on-push repository/app"
        ]
    );
    unscanned.end();

    let mut scanned = world(vulnerable());
    scanned.ok("ecr-event", &action("PUSH"));
    assert_eq!(scanned.status(SCAN, &image()), "FAILED CRITICAL");
    scanned.end();
}

#[test]
fn a_deleted_image_is_archived_once_its_digest_no_longer_exists() {
    let mut world = world(vulnerable());
    world.ok("ecr-event", &scan("COMPLETE", &json!({"CRITICAL": 1})));
    world.ok("ecr-event", &action("DELETE"));
    assert_eq!(
        world.status(SCAN, &image()),
        "FAILED CRITICAL",
        "only a tag was deleted"
    );

    world.deny("ecr.*");
    assert_eq!(
        world.error("ecr-event", &action("DELETE")).error_type,
        "NotAvailable"
    );
    assert_eq!(
        world.status(SCAN, &image()),
        "FAILED CRITICAL",
        "the deletion is not confirmed"
    );

    world.aws.heal();
    world.change(|account| account.repository("app").unwrap().images.clear());
    world.ok("ecr-event", &action("DELETE"));
    assert_eq!(world.status(SCAN, &image()), "ARCHIVED FAILED CRITICAL");
    world.end();
}

#[test]
fn the_finding_of_an_archived_image_is_archived() {
    let mut world = world(vulnerable());
    world.ok("ecr-event", &scan("COMPLETE", &json!({"CRITICAL": 1})));
    world.change(|account| {
        let image = account.repository("app").unwrap().image(DIGEST).unwrap();
        image
            .members
            .insert("imageStatus".into(), json!("ARCHIVED"));
    });
    world.ok("ecr-event", &action("UPDATE_STORAGE_CLASS"));
    assert_eq!(world.status(SCAN, &image()), "ARCHIVED FAILED CRITICAL");
    world.end();
}

#[test]
fn the_event_is_used_only_if_the_api_cannot_be_read() {
    let mut world = world(vulnerable());
    world.ok("ecr-event", &scan("COMPLETE", &json!({"LOW": 1})));
    assert_eq!(world.status(SCAN, &image()), "FAILED CRITICAL");
    for (operation, counts, expected) in [
        (
            "ecr.DescribeImageScanFindings",
            json!({"HIGH": 2}),
            "FAILED HIGH",
        ),
        ("ecr.DescribeImages", json!({"LOW": 1}), "FAILED CRITICAL"),
        ("ecr.*", json!({"LOW": 2}), "PASSED INFORMATIONAL"),
        ("ecr.*", Value::Null, "NOT_AVAILABLE INFORMATIONAL"),
    ] {
        world.aws.heal();
        world.deny(operation);
        world.ok("ecr-event", &scan("COMPLETE", &counts));
        assert_eq!(
            world.status(SCAN, &image()),
            expected,
            "{operation} {counts}"
        );
    }
    world.end();
}

#[test]
fn charts_and_unrelated_events_post_nothing() {
    let mut world =
        world(json!({"artifactMediaType": "application/vnd.cncf.helm.config.v1+json", "scan": {}}));
    world.ok("ecr-event", &scan("COMPLETE", &json!({"HIGH": 1})));
    for event in [
        event("ECR Replication Action", json!({})),
        json!({"source": "aws.cloudhsm", "detail-type": "AWS API Call via CloudTrail", "detail": {}}),
    ] {
        world.ok("ecr-event", &event);
    }
    assert_eq!(world.statuses(), [""; 0]);
    assert_eq!(world.calls("securityhub.BatchImportFindings"), 0);
    world.end();
}

#[test]
fn invalid_events_and_events_of_other_accounts_are_rejected() {
    let mut world = world(vulnerable());
    let mut other_account = action("PUSH");
    other_account["account"] = json!("444455556666");
    let mut hostile = action("PUSH");
    hostile["detail"]["repository-name"] = json!("<script>");
    for event in [
        other_account,
        hostile,
        json!("text"),
        event("ECR Image Action", json!({"action-type": 7})),
    ] {
        assert_eq!(
            world.error("ecr-event", &event).error_type,
            "InvalidEvent",
            "{event}"
        );
    }
    assert_eq!(world.aws.calls().len(), 0);
    world.end();
}

#[test]
fn a_push_without_a_tag_is_evaluated() {
    for tag in [json!(""), Value::Null] {
        let mut world = world(vulnerable());
        let mut event = action("PUSH");
        event["detail"]["image-tag"] = tag;
        world.ok("ecr-event", &event);
        assert_eq!(world.statuses().len(), 3);
        world.end();
    }
}

#[test]
fn a_pushed_chart_evaluates_only_its_repository() {
    let mut world = world(json!({"artifactMediaType": "application/vnd.cncf.helm.config.v1+json"}));
    world.ok("ecr-event", &action("PUSH"));
    assert_eq!(
        world.statuses(),
        [
            "FAILED MEDIUM ecr-immutable-tags repository/app",
            "FAILED MEDIUM ecr-scan-on-push repository/app"
        ]
    );
    world.end();
}

#[test]
fn a_failed_push_posts_nothing() {
    let mut world = world(vulnerable());
    let mut event = action("PUSH");
    event["detail"]["result"] = json!("FAILURE");
    world.ok("ecr-event", &event);
    assert_eq!(world.statuses(), [""; 0]);
    world.end();
}

#[test]
fn a_pushed_repository_that_cannot_be_read_is_not_available() {
    let mut world = world(vulnerable());
    world.deny("ecr.DescribeRepositories");
    world.ok("ecr-event", &action("PUSH"));
    assert_eq!(
        world.statuses(),
        [
            "FAILED CRITICAL ecr-image-scan-findings repository/app/sha256:1111111111111111111111111111111111111111111111111111111111111111",
            "NOT_AVAILABLE INFORMATIONAL ecr-immutable-tags repository/app",
            "NOT_AVAILABLE INFORMATIONAL ecr-scan-on-push repository/app",
        ]
    );
    world.end();
}

#[test]
fn a_failed_scan_fails_with_or_without_the_api() {
    let failed =
        json!({"scan": {"imageScanStatus": {"status": "FAILED", "description": "no such system"}}});
    for denied in [false, true] {
        let mut world = world(failed.clone());
        if denied {
            world.deny("ecr.Describe*");
        }
        world.ok("ecr-event", &scan("FAILED", &Value::Null));
        assert_eq!(world.status(SCAN, &image()), "FAILED MEDIUM", "{denied}");
        world.end();
    }
}

#[test]
fn a_scan_in_progress_posts_nothing() {
    let mut world = world(json!({"scan": {"imageScanStatus": {"status": "IN_PROGRESS"}}}));
    world.ok("ecr-event", &scan("COMPLETE", &json!({"HIGH": 1})));
    assert_eq!(
        world.statuses(),
        [""; 0],
        "the API reports that another scan is in progress"
    );
    world.end();
}

#[test]
fn an_inspector_event_uses_the_api_or_its_own_counts() {
    for (denied, expected) in [(false, "FAILED CRITICAL"), (true, "FAILED HIGH")] {
        let mut world = world(vulnerable());
        if denied {
            world.deny("ecr.Describe*");
        }
        let event = json!({
            "version": "0", "source": "aws.inspector2", "detail-type": "Inspector2 Scan", "account": ACCOUNT,
            "region": REGION, "resources": [repository_arn("app")],
            "detail": {
                "scan-status": "INITIAL_SCAN_COMPLETE", "repository-name": repository_arn("app"), "version": "1.0",
                "image-digest": DIGEST, "image-tags": ["v1"],
                "finding-severity-counts": {"CRITICAL": 0, "HIGH": 2, "MEDIUM": 1, "TOTAL": 5},
            },
        });
        world.ok("ecr-event", &event);
        assert_eq!(world.status(SCAN, &image()), expected);
        world.end();
    }
}

#[test]
fn deleting_an_unknown_image_succeeds_and_posts_nothing() {
    let mut world = world(vulnerable());
    world.change(|account| account.repositories.clear());
    world.ok("ecr-event", &action("DELETE"));
    assert_eq!(world.calls("securityhub.BatchImportFindings"), 0);
    world.end();
}

#[test]
fn the_finding_of_a_restored_image_is_not_archived() {
    let mut world = world(vulnerable());
    world.ok("ecr-event", &scan("COMPLETE", &json!({"CRITICAL": 1})));
    let mut event = action("UPDATE_STORAGE_CLASS");
    event["detail"]["target-storage-class"] = json!("STANDARD");
    world.ok("ecr-event", &event);
    assert_eq!(world.status(SCAN, &image()), "FAILED CRITICAL");
    world.end();
}

#[test]
fn duplicate_and_late_events_change_nothing() {
    let mut world = world(vulnerable());
    let (scanned, pushed) = (scan("COMPLETE", &json!({"CRITICAL": 1})), action("PUSH"));
    for event in [&pushed, &scanned] {
        world.ok("ecr-event", event);
    }
    let (state, imports) = (
        world.aws.findings(),
        world.calls("securityhub.BatchImportFindings"),
    );
    for event in [&scanned, &pushed, &scanned] {
        world.ok("ecr-event", event);
    }
    assert_eq!(
        (
            world.aws.findings(),
            world.calls("securityhub.BatchImportFindings")
        ),
        (state, imports)
    );
    world.end();
}

#[test]
fn an_event_of_another_region_is_rejected() {
    let mut world = world(vulnerable());
    let mut event = action("PUSH");
    event["region"] = json!("us-east-1");
    let error = world.error("ecr-event", &event);
    assert_eq!(error.error_type, "InvalidEvent");
    assert!(error.error_message.contains("us-east-1"), "{error}");
    world.end();
}

#[test]
fn with_security_hub_off_it_is_not_called() {
    let mut world = world(vulnerable()).and("EKSENTRY_SECURITY_HUB", "off");
    for event in [
        action("PUSH"),
        scan("COMPLETE", &json!({"CRITICAL": 1})),
        action("DELETE"),
    ] {
        world.ok("ecr-event", &event);
    }
    let calls = world.aws.calls();
    assert!(
        calls.iter().all(|call| call.service != "securityhub"),
        "{calls:?}"
    );
    world.end();
}

#[test]
fn images_are_evaluated_with_parameters_from_the_environment() {
    let parameters = r#"{"ecr-image-scan-findings": {"severityThreshold": "CRITICAL"}}"#;
    let mut world = world(
        json!({"scan": {"imageScanFindings": {"findings": [{"name": "CVE-2023-4911", "severity": "HIGH"}]}}}),
    )
    .and("EKSENTRY_PARAMETERS", parameters);
    world.ok("ecr-event", &scan("COMPLETE", &json!({"HIGH": 1})));
    assert_eq!(world.status(SCAN, &image()), "PASSED INFORMATIONAL");
    world.end();
}

/// Returns an image whose scan ECR calls complete before its findings have arrived.
fn scanned_without_findings() -> Value {
    json!({"imageTags": ["v1"], "scan": {"imageScanFindings": {
        "findings": [], "imageScanCompletedAt": null, "findingSeverityCounts": null,
    }}})
}

fn inspector_event(detail: Value) -> Value {
    let mut event = json!({
        "version": "0", "source": "aws.inspector2", "detail-type": "Inspector2 Scan", "account": ACCOUNT,
        "region": REGION, "resources": [], "detail": {"scan-status": "INITIAL_SCAN_COMPLETE", "version": "1.0"},
    });
    let more = detail.as_object().unwrap().clone();
    event["detail"].as_object_mut().unwrap().extend(more);
    event
}

#[test]
fn counts_in_the_event_fail_an_image_without_findings_yet() {
    let mut world = world(scanned_without_findings());
    world.ok("ecr-event", &scan("COMPLETE", &json!({})));
    world.ok("ecr-event", &scan("COMPLETE", &json!({"MEDIUM": 3})));
    assert_eq!(world.statuses(), [""; 0], "a missing result is not a pass");

    let counts = json!({"CRITICAL": 4, "HIGH": 8, "MEDIUM": 11, "TOTAL": 30});
    let detail = json!({
        "repository-name": repository_arn("app"), "image-digest": DIGEST, "finding-severity-counts": counts,
    });
    world.ok("ecr-event", &inspector_event(detail));
    assert_eq!(world.status(SCAN, &image()), "FAILED CRITICAL");
    let announced = Value::from(world.finding(SCAN, &image()).unwrap());
    let reason = &announced["Compliance"]["StatusReasons"][0];
    assert_eq!(reason["ReasonCode"], "VULNERABILITIES_ANNOUNCED");
    assert_eq!(announced.get("Vulnerabilities"), None);

    world.sweep();
    assert_eq!(world.status(SCAN, &image()), "FAILED CRITICAL");
    world.change(|account| {
        let image = account.repository("app").unwrap().image(DIGEST).unwrap();
        image.scan = vulnerable()["scan"].as_object().cloned();
    });
    world.sweep();
    let arrived = Value::from(world.finding(SCAN, &image()).unwrap());
    assert_eq!(arrived["Vulnerabilities"][0]["Id"], "CVE-2024-3094");
    world.end();
}

#[test]
fn a_push_posts_nothing_for_an_image_without_findings_yet() {
    let mut world = world(scanned_without_findings());
    world.ok("ecr-event", &action("PUSH"));
    assert_eq!(world.status(SCAN, &image()), "none");
    world.end();
}

#[test]
fn inspector_scans_of_other_resources_post_nothing() {
    let mut world = world(vulnerable());
    for detail in [
        json!({"instance-id": "i-0a1b2c3d4e5f60718"}),
        json!({"machine-image-id": "ami-0a1b2c3d4e5f60718"}),
        json!({}),
    ] {
        world.ok("ecr-event", &inspector_event(detail));
    }
    assert_eq!(world.aws.calls().len(), 0);
    world.end();
}

fn scanning_changed(repositories: &Value) -> Value {
    json!({
        "version": "0", "source": "aws.ecr", "detail-type": "ECR Scan Resource Change", "account": ACCOUNT,
        "region": REGION, "resources": [],
        "detail": {"action-type": "SCAN_FREQUENCY_CHANGE", "repositories": repositories},
    })
}

#[test]
fn a_scanning_change_evaluates_each_repository() {
    let repositories = ["prod/api", "dev/api", "other"]
        .map(|name| json!({"repositoryName": name, "imageTagMutability": "MUTABLE"}));
    let mut world = World::with(json!({"repositories": repositories}));
    world.change(|account| {
        let scanning = json!({"scanType": "ENHANCED", "rules": [{
            "scanFrequency": "CONTINUOUS_SCAN",
            "repositoryFilters": [{"filter": "prod/*", "filterType": "WILDCARD"}],
        }]});
        account.registry_scanning = scanning.as_object().cloned();
    });
    let named = json!([
        {"repository-name": "prod/api", "repository-arn": repository_arn("prod/api")},
        {"repository-name": "gone"},
        {"repository-name": "dev/api", "scan-frequency": "CONTINUOUS_SCAN"},
    ]);
    let expected = [
        "FAILED MEDIUM ecr-scan-on-push repository/dev/api",
        "PASSED INFORMATIONAL ecr-scan-on-push repository/prod/api",
    ];
    world.ok("ecr-event", &scanning_changed(&named));
    assert_eq!(world.statuses(), expected);
    world.end();
}

#[test]
fn an_invalid_repository_in_a_list_is_an_error_and_affects_no_other() {
    for wrong in [
        json!({"repository-arn": "arn:aws:ecr:eu-central-1:444455556666:repository/app"}),
        json!({"repository-arn": format!("arn:aws:ecr:us-east-1:{ACCOUNT}:repository/app")}),
        json!({"repository-name": "<script>"}),
        json!(7),
    ] {
        let mut world = world(json!({}));
        let event = scanning_changed(&json!([wrong, {"repository-name": "app"}]));
        let error = world.error("ecr-event", &event);
        assert_eq!(error.error_type, "InvalidEvent", "{wrong}");
        assert_eq!(
            world.statuses(),
            ["FAILED MEDIUM ecr-scan-on-push repository/app"],
            "{wrong}"
        );
        world.end();
    }
}

#[test]
fn a_scanning_change_without_repositories_posts_nothing() {
    let mut world = world(vulnerable());
    for repositories in [json!([]), Value::Null] {
        world.ok("ecr-event", &scanning_changed(&repositories));
    }
    assert_eq!(world.statuses(), [""; 0]);
    assert_eq!(world.aws.calls().len(), 0);
    world.end();
}

/// Returns the event patterns of the rules that trigger the function.
fn patterns() -> Vec<Value> {
    let template = Template::of_eksentry().unwrap();
    let stack = Stack::new(template, ACCOUNT, REGION);
    let mut functions = stack.template().resources("AWS::Serverless::Function");
    let (_, function) = functions
        .find(|(_, function)| function["Properties"]["CodeUri"] == "functions/ecr-event")
        .unwrap();
    let events = function["Properties"]["Events"].as_object().unwrap();
    let patterns = events.values().map(|event| &event["Properties"]["Pattern"]);
    patterns
        .map(|pattern| stack.resolve(pattern).unwrap().unwrap())
        .collect()
}

/// Returns `true` if an event matches a pattern, for the features of EventBridge patterns that are used here: values,
/// prefixes and members.
fn matches(pattern: &Value, event: &Value) -> bool {
    match pattern {
        Value::Object(members) => members
            .iter()
            .all(|(name, pattern)| matches(pattern, &event[name.as_str()])),
        Value::Array(options) => options.iter().any(|option| match option {
            Value::Object(test) => {
                assert!(test.len() == 1, "{test:?} is not supported");
                let prefix = test["prefix"].as_str().unwrap();
                event.as_str().is_some_and(|text| text.starts_with(prefix))
            }
            option => option == event,
        }),
        other => panic!("{other} is not a pattern"),
    }
}

#[test]
fn event_patterns_match_the_events_that_the_function_processes() {
    let patterns = patterns();
    let matches_a_pattern = |event: &Value| patterns.iter().any(|pattern| matches(pattern, event));
    let samples = Sample::load_all(&workspace().join("events")).unwrap();
    let samples = samples
        .iter()
        .filter(|sample| sample.function == "ecr-event");
    for sample in samples {
        // The stack's rules do not match Inspector's scans of other resources; those reach the function only by other
        // rules.
        let of_other_things = sample.title().contains("inspector-scan-of-");
        assert_eq!(
            matches_a_pattern(&sample.payload),
            !of_other_things,
            "{}",
            sample.title()
        );
    }

    let own = inspector_event(json!({"repository-name": repository_arn("app")}));
    assert!(matches_a_pattern(&own));
    let member = "arn:aws:ecr:eu-central-1:444455556666:repository/app";
    assert!(!matches_a_pattern(&inspector_event(
        json!({"repository-name": member})
    )));
    for (name, value) in [("account", "444455556666"), ("region", "us-east-1")] {
        for mut event in [own.clone(), action("PUSH"), scanning_changed(&json!([]))] {
            assert!(matches_a_pattern(&event), "{event}");
            event[name] = json!(value);
            assert!(!matches_a_pattern(&event), "{event}");
        }
    }
}
