//! `config-rule`, end to end.

use eksentry_tests::stand_in::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::world::{
    ACCOUNT, CLUSTER, REGION, World, change_event, cluster_arn, key, key_arn, private_cluster,
    rule_event, schedule_event,
};

const ENDPOINT: &str = "eks-endpoint-private";

fn two_clusters() -> World {
    World::with(json!({"clusters": [{"name": "open"}, private_cluster("closed")]}))
}

fn change(world: &World, id: &str, status: &str) -> Value {
    change_event(
        &world.aws.result_token("eksentry-eks-endpoint-private"),
        ENDPOINT,
        CLUSTER,
        id,
        status,
    )
}

#[test]
fn a_change_is_reported_as_an_evaluation_and_a_finding() {
    let mut world = two_clusters();
    let event = change(&world, "open", "OK");
    world.ok("config-rule", &event);
    assert_eq!(
        world.evaluations(),
        ["NON_COMPLIANT AWS::EKS::Cluster open"]
    );
    let evaluation = &world.aws.evaluations()[0];
    assert_eq!(evaluation.ordering.to_string(), "2026-03-01T10:00:00.123Z");
    assert!(
        evaluation
            .annotation
            .as_deref()
            .unwrap_or_default()
            .contains("open to the whole internet")
    );
    assert_eq!(
        world.statuses(),
        ["FAILED HIGH eks-endpoint-private cluster/open"]
    );
    world.end();
}

#[test]
fn each_resource_type_is_evaluated() {
    let entries = json!({
        "repositories": [{"repositoryName": "cards/api", "imageTagMutability": "MUTABLE"}],
        "keys": [key("1234abcd", true)],
    });
    let mut world = World::with(entries);
    for (check, kind, id) in [
        ("ecr-immutable-tags", "AWS::ECR::Repository", "cards/api"),
        ("kms-cmk-rotation", "AWS::KMS::Key", "1234abcd"),
    ] {
        let token = world.aws.result_token(check);
        world.ok(
            "config-rule",
            &change_event(&token, check, kind, id, "ResourceDiscovered"),
        );
    }
    assert_eq!(
        world.evaluations(),
        [
            "NON_COMPLIANT AWS::ECR::Repository cards/api",
            "COMPLIANT AWS::KMS::Key 1234abcd"
        ]
    );
    world.end();
}

#[test]
fn resources_out_of_scope_are_not_applicable_and_have_no_finding() {
    let mut world = two_clusters();
    let token = world.aws.result_token("r");
    let other = change_event(&token, ENDPOINT, "AWS::KMS::Key", "1234abcd", "OK");
    let unrecorded = change(&world, "open", "ResourceNotRecorded");
    let mut left_scope = change(&world, "closed", "OK");
    left_scope["eventLeftScope"] = json!("True");
    for event in [other, unrecorded, left_scope] {
        world.ok("config-rule", &event);
    }
    let evaluations = world.evaluations();
    assert!(
        evaluations.len() == 3
            && evaluations
                .iter()
                .all(|line| line.starts_with("NOT_APPLICABLE")),
        "{evaluations:?}"
    );
    assert_eq!(world.statuses(), [""; 0]);
    assert_eq!(world.calls("eks.DescribeCluster"), 0);
    world.end();
}

#[test]
fn a_deleted_clusters_finding_is_archived_once_the_api_confirms_the_deletion() {
    let mut world = two_clusters();
    let event = change(&world, "open", "OK");
    world.ok("config-rule", &event);
    let deleted = change(&world, "open", "ResourceDeleted");
    world.ok("config-rule", &deleted);
    assert_eq!(
        world.evaluations(),
        ["NOT_APPLICABLE AWS::EKS::Cluster open"]
    );
    assert_eq!(
        world.status(ENDPOINT, &cluster_arn("open")),
        "FAILED HIGH",
        "a cluster of this name exists"
    );

    world.change(|account| account.clusters.retain(|cluster| cluster.name() != "open"));
    let deleted = change(&world, "open", "ResourceDeleted");
    world.ok("config-rule", &deleted);
    assert_eq!(
        world.status(ENDPOINT, &cluster_arn("open")),
        "ARCHIVED FAILED HIGH"
    );
    world.end();
}

#[test]
fn test_mode_and_proactive_evaluations_post_no_finding() {
    let mut world = two_clusters();
    world.ok(
        "config-rule",
        &change_event("TESTMODE", ENDPOINT, CLUSTER, "open", "OK"),
    );
    let calls = world.aws.calls_of("config.PutEvaluations");
    assert_eq!(calls[0].members["TestMode"], true);
    let mut proactive = change(&world, "open", "OK");
    proactive["evaluationMode"] = json!("PROACTIVE");
    world.ok("config-rule", &proactive);
    assert_eq!(
        world.evaluations(),
        ["NON_COMPLIANT AWS::EKS::Cluster open"]
    );
    assert_eq!(world.calls("securityhub.BatchImportFindings"), 0);
    world.end();
}

#[test]
fn a_schedule_evaluates_each_resource_and_cleans_up_deleted_ones() {
    let mut world = two_clusters();
    let event = change(&world, "open", "OK");
    world.ok("config-rule", &event);
    world.change(|account| account.clusters.retain(|cluster| cluster.name() != "open"));
    let token = world.aws.result_token("eksentry-eks-endpoint-private");
    world.ok("config-rule", &schedule_event(&token, ENDPOINT));
    assert_eq!(
        world.evaluations(),
        [
            "COMPLIANT AWS::EKS::Cluster closed",
            "NOT_APPLICABLE AWS::EKS::Cluster open"
        ]
    );
    assert_eq!(
        world.status(ENDPOINT, &cluster_arn("open")),
        "ARCHIVED FAILED HIGH"
    );
    world.end();
}

#[test]
fn evaluations_are_sent_in_batches_of_at_most_100() {
    let keys: Vec<Value> = (0..250)
        .map(|n| key(&format!("key-{n:03}"), true))
        .collect();
    let mut world = World::with(json!({"keys": keys}));
    let token = world.aws.result_token("eksentry-kms-cmk-rotation");
    world.ok("config-rule", &schedule_event(&token, "kms-cmk-rotation"));
    assert_eq!(
        (
            world.evaluations().len(),
            world.calls("config.PutEvaluations")
        ),
        (250, 3)
    );
    assert_eq!(
        (
            world.statuses().len(),
            world.calls("securityhub.BatchImportFindings")
        ),
        (250, 3)
    );
    world.end();
}

#[test]
fn a_denied_resource_is_not_available_and_affects_no_other() {
    let mut world = World::with(json!({"keys": [key("denied", true), key("fine", true)]}));
    world.aws.fail(
        Fault::new("kms.DescribeKey", FaultKind::AccessDenied).matching(json!({"KeyId": "denied"})),
    );
    let token = world.aws.result_token("eksentry-kms-cmk-rotation");
    let error = world.error("config-rule", &schedule_event(&token, "kms-cmk-rotation"));
    assert_eq!(error.error_type, "NotAvailable");
    assert_eq!(world.evaluations(), ["COMPLIANT AWS::KMS::Key fine"]);
    assert_eq!(
        world.status("kms-cmk-rotation", &key_arn("denied")),
        "NOT_AVAILABLE INFORMATIONAL"
    );
    assert_eq!(
        world.status("kms-cmk-rotation", &key_arn("fine")),
        "PASSED INFORMATIONAL"
    );
    world.end();
}

#[test]
fn failed_evaluations_are_sent_again_once() {
    for (times, works) in [(1, true), (2, false)] {
        let mut world = two_clusters();
        let partial = FaultKind::Partial {
            ids: vec!["open".into()],
            code: String::new(),
        };
        world
            .aws
            .fail(Fault::new("config.PutEvaluations", partial).times(times));
        let event = change(&world, "open", "OK");
        let outcome = world.invoke("config-rule", &event).outcome;
        assert_eq!(outcome.is_ok(), works, "{outcome:?}");
        assert_eq!(world.calls("config.PutEvaluations"), 2);
        world.end();
    }
}

#[test]
fn each_sink_can_be_disabled() {
    for (variable, findings, evaluations) in [
        ("EKSENTRY_SECURITY_HUB", 0, 1),
        ("EKSENTRY_AWS_CONFIG", 1, 0),
    ] {
        let mut world = two_clusters().and(variable, "off");
        if variable == "EKSENTRY_AWS_CONFIG" {
            world = world.unlimited("a stack without AWS Config has no config-rule");
        }
        let event = change(&world, "open", "OK");
        world.ok("config-rule", &event);
        assert_eq!(
            (world.statuses().len(), world.evaluations().len()),
            (findings, evaluations),
            "{variable}"
        );
        world.end();
    }
}

#[test]
fn evaluations_are_sent_even_if_security_hub_fails() {
    let mut world = two_clusters();
    let off = FaultKind::Error {
        code: "InvalidAccessException".into(),
        status: 401,
        message: "not subscribed".into(),
    };
    world.aws.fail(Fault::new("securityhub.*", off));
    let event = change(&world, "open", "OK");
    assert_eq!(
        world.error("config-rule", &event).error_type,
        "NotDelivered"
    );
    assert_eq!(
        world.evaluations(),
        ["NON_COMPLIANT AWS::EKS::Cluster open"]
    );
    world.end();
}

#[test]
fn parameters_of_the_rule_override_the_environment() {
    let parameters = r#"{"eks-endpoint-private": {"allowedPublicCidrs": "0.0.0.0/0"}}"#;
    let mut world = two_clusters().and("EKSENTRY_PARAMETERS", parameters);
    let mut event = change(&world, "open", "OK");
    world.ok("config-rule", &event);
    assert_eq!(world.evaluations(), ["COMPLIANT AWS::EKS::Cluster open"]);
    event["ruleParameters"] =
        json!(json!({"checkId": ENDPOINT, "allowedPublicCidrs": "203.0.113.0/24"}).to_string());
    world.ok("config-rule", &event);
    assert_eq!(
        world.evaluations(),
        ["NON_COMPLIANT AWS::EKS::Cluster open"]
    );
    world.end();
}

#[test]
fn invalid_events_are_rejected_and_post_nothing() {
    let mut world = two_clusters();
    let token = world.aws.result_token("r");
    let unknown = change_event(&token, "eks-endpoint-privat", CLUSTER, "open", "OK");
    let images = change_event(&token, "ecr-image-scan-findings", CLUSTER, "open", "OK");
    let mut elsewhere = change(&world, "open", "OK");
    let text = elsewhere["invokingEvent"]
        .as_str()
        .unwrap()
        .replace(ACCOUNT, "444455556666");
    elsewhere["invokingEvent"] = json!(text);
    let broken = rule_event(
        &token,
        ENDPOINT,
        &json!({"messageType": "ConfigurationItemChangeNotification"}),
    );
    for (event, mention) in [
        (unknown, "kms-cmk-rotation"),
        (images, "images"),
        (elsewhere, "444455556666"),
        (broken, "configuration item"),
        (json!(["no", "event"]), "JSON object"),
    ] {
        let error = world.error("config-rule", &event);
        assert_eq!(error.error_type, "InvalidEvent");
        assert!(error.error_message.contains(mention), "{error}");
    }
    assert_eq!((world.statuses().len(), world.evaluations().len()), (0, 0));
    world.end();
}

#[test]
fn an_invalid_setting_error_names_the_variable() {
    let mut world = two_clusters().and("EKSENTRY_SECURITY_HUB", "maybe");
    let event = change(&world, "open", "OK");
    let error = world.error("config-rule", &event);
    assert_eq!(error.error_type, "InvalidSettings");
    assert!(
        error.error_message.contains("EKSENTRY_SECURITY_HUB"),
        "{error}"
    );
    world.end();
}

#[test]
fn an_oversized_item_is_evaluated_from_its_summary() {
    let mut world = two_clusters();
    let token = world.aws.result_token("r");
    let message = json!({
        "messageType": "OversizedConfigurationItemChangeNotification",
        "notificationCreationTime": "2026-03-01T10:00:01Z",
        "configurationItemSummary": {
            "resourceType": CLUSTER, "resourceId": "open", "awsAccountId": ACCOUNT, "awsRegion": REGION,
            "configurationItemStatus": "OK", "configurationItemCaptureTime": "2026-03-01T10:00:00.123Z",
        },
        "s3DeliverySummary": {"s3BucketLocation": "bucket/key", "errorCode": null},
    });
    world.ok("config-rule", &rule_event(&token, ENDPOINT, &message));
    assert_eq!(
        world.evaluations(),
        ["NON_COMPLIANT AWS::EKS::Cluster open"]
    );
    assert_eq!(
        world.aws.evaluations()[0].ordering.to_string(),
        "2026-03-01T10:00:00.123Z"
    );
    assert_eq!(world.status(ENDPOINT, &cluster_arn("open")), "FAILED HIGH");
    world.end();
}

#[test]
fn a_rule_without_parameters_runs_the_check_in_its_name() {
    let mut world = two_clusters();
    for parameters in [Value::Null, json!(""), json!("{}"), json!({})] {
        let mut event = change(&world, "open", "OK");
        event["ruleParameters"] = parameters;
        world.ok("config-rule", &event);
    }
    assert_eq!(
        world.statuses(),
        ["FAILED HIGH eks-endpoint-private cluster/open"]
    );
    world.end();
}

#[test]
fn unknown_and_missing_members_of_events_are_ignored() {
    let mut world = two_clusters();
    let token = world.aws.result_token("r");
    let message = json!({
        "messageType": "ConfigurationItemChangeNotification", "recordVersion": null, "somethingNew": {"a": [1]},
        "configurationItem": {
            "resourceType": CLUSTER, "resourceId": "open", "awsAccountId": null, "tags": null, "relationships": [],
            "configuration": null, "configurationItemCaptureTime": "2026-03-01T10:00:00Z", "somethingNew": 1,
        },
    });
    let event = json!({
        "resultToken": token, "invokingEvent": message.to_string(), "ruleParameters": {"checkId": ENDPOINT},
        "configRuleName": null, "somethingNew": [],
    });
    world.ok("config-rule", &event);
    assert_eq!(
        world.evaluations(),
        ["NON_COMPLIANT AWS::EKS::Cluster open"]
    );
    world.end();
}

#[test]
fn leaving_a_rules_scope_archives_no_finding() {
    let mut world = two_clusters();
    let event = change(&world, "open", "OK");
    world.ok("config-rule", &event);
    let mut left = change(&world, "open", "OK");
    left["eventLeftScope"] = json!(true);
    world.ok("config-rule", &left);
    assert_eq!(
        world.evaluations(),
        ["NOT_APPLICABLE AWS::EKS::Cluster open"]
    );
    assert_eq!(world.status(ENDPOINT, &cluster_arn("open")), "FAILED HIGH");
    world.end();
}

#[test]
fn a_deletion_that_the_api_does_not_confirm_archives_nothing() {
    let mut world = two_clusters();
    let event = change(&world, "open", "OK");
    world.ok("config-rule", &event);
    world.deny("eks.DescribeCluster");
    let deleted = change(&world, "open", "ResourceDeleted");
    let error = world.error("config-rule", &deleted);
    assert_eq!(
        error.error_type, "NotAvailable",
        "Lambda must retry the event"
    );
    assert_eq!(
        world.evaluations(),
        ["NOT_APPLICABLE AWS::EKS::Cluster open"]
    );
    assert_eq!(world.status(ENDPOINT, &cluster_arn("open")), "FAILED HIGH");
    world.end();
}

#[test]
fn a_key_pending_deletion_is_not_applicable_and_its_finding_is_archived() {
    let mut world = World::with(json!({"keys": [key("k", false)]}));
    let event = |world: &World| {
        let token = world.aws.result_token("eksentry-kms-cmk-rotation");
        change_event(&token, "kms-cmk-rotation", "AWS::KMS::Key", "k", "OK")
    };
    let changed = event(&world);
    world.ok("config-rule", &changed);
    assert_eq!(world.evaluations(), ["NON_COMPLIANT AWS::KMS::Key k"]);
    world.change(|account| {
        let members = &mut account.key("k").unwrap().members;
        members.insert("KeyState".into(), json!("PendingDeletion"));
    });
    let changed = event(&world);
    world.ok("config-rule", &changed);
    assert_eq!(world.evaluations(), ["NOT_APPLICABLE AWS::KMS::Key k"]);
    assert_eq!(
        world.status("kms-cmk-rotation", &key_arn("k")),
        "ARCHIVED FAILED MEDIUM"
    );
    world.end();
}

#[test]
fn long_reasons_are_truncated() {
    let cidrs: Vec<String> = (0..200).map(|n| format!("203.0.113.{n}/32")).collect();
    let mut world = World::with(json!({"clusters": [
        {"name": "open", "resourcesVpcConfig": {"endpointPublicAccess": true, "publicAccessCidrs": cidrs}},
    ]}));
    let event = change(&world, "open", "OK");
    world.ok("config-rule", &event);
    let annotation = world.aws.evaluations()[0].annotation.clone().unwrap();
    let length = annotation.chars().count();
    assert!((1..=256).contains(&length), "{length}: {annotation}");
    assert_eq!(
        world.status(ENDPOINT, &cluster_arn("open")),
        "FAILED MEDIUM"
    );
    world.end();
}

#[test]
fn evaluations_of_a_schedule_have_its_time() {
    let mut world = two_clusters();
    let token = world.aws.result_token("eksentry-eks-endpoint-private");
    world.ok("config-rule", &schedule_event(&token, ENDPOINT));
    let times: Vec<String> = world
        .aws
        .evaluations()
        .iter()
        .map(|evaluation| evaluation.ordering.to_string())
        .collect();
    assert_eq!(times, ["2026-03-01T10:00:01Z", "2026-03-01T10:00:01Z"]);
    world.end();
}

#[test]
fn a_schedule_with_an_incomplete_list_cleans_up_nothing() {
    let mut world = World::with(json!({"keys": [key("k", true)]}));
    for denied in [false, true] {
        if denied {
            world.change(|account| account.keys.clear());
            world.deny("kms.ListKeys");
        }
        let token = world.aws.result_token("eksentry-kms-cmk-rotation");
        let outcome = world.invoke("config-rule", &schedule_event(&token, "kms-cmk-rotation"));
        let error = outcome.outcome.err().map(|error| error.error_type);
        assert_eq!(error.as_deref(), denied.then_some("NotListed"));
        assert_eq!(world.evaluations(), ["COMPLIANT AWS::KMS::Key k"]);
        assert_eq!(
            world.status("kms-cmk-rotation", &key_arn("k")),
            "PASSED INFORMATIONAL"
        );
    }
    world.end();
}

#[test]
fn a_schedule_in_test_mode_posts_no_finding_and_records_nothing() {
    let mut world = two_clusters();
    // AWS Config then knows the rule, which has no evaluations yet.
    world.aws.result_token("eksentry-eks-endpoint-private");
    world.ok("config-rule", &schedule_event("TESTMODE", ENDPOINT));
    let calls = world.aws.calls_of("config.PutEvaluations");
    assert!(
        !calls.is_empty() && calls.iter().all(|call| call.members["TestMode"] == true),
        "{calls:?}"
    );
    assert_eq!(world.evaluations(), [""; 0]);
    assert_eq!(world.calls("securityhub.BatchImportFindings"), 0);
    world.end();
}

#[test]
fn an_item_of_another_region_is_rejected() {
    let mut world = two_clusters();
    let mut event = change(&world, "open", "OK");
    let text = event["invokingEvent"]
        .as_str()
        .unwrap()
        .replace(REGION, "us-east-1");
    event["invokingEvent"] = json!(text);
    let error = world.error("config-rule", &event);
    assert_eq!(error.error_type, "InvalidEvent");
    assert!(error.error_message.contains("us-east-1"), "{error}");
    assert_eq!((world.statuses().len(), world.evaluations().len()), (0, 0));
    world.end();
}
