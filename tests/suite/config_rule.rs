//! `config-rule`, end to end.

mod changes;
mod events;
mod schedules;

use eksentry_tests::stand_in::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::world::{CLUSTER, World, change_event, cluster_arn, private_cluster};

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
