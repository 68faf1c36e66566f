//! The content of events: parameters, oversized items, unknown members, and invalid values.

use serde_json::{Value, json};

use super::{ENDPOINT, change, two_clusters};
use crate::world::{ACCOUNT, CLUSTER, REGION, change_event, cluster_arn, rule_event};

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
        (unknown, "is not a check"),
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
