//! The resources for reports, which exist only if there is a bucket.

use std::collections::BTreeSet;

use eksentry_tests::template::{Stack, members, scalar};
use serde_json::{Value, json};

use super::stack;

const BUCKET: (&str, &str) = ("ReportBucket", "reports");

/// Returns the logical IDs of the resources that a stack creates.
fn resources(stack: &Stack) -> BTreeSet<String> {
    let all = members(&stack.template().body()["Resources"]);
    let types: BTreeSet<String> = all.map(|(_, resource)| scalar(&resource["Type"])).collect();
    let made = types.iter().map(|of_type| {
        let made = stack.made(of_type);
        made.expect("the conditions can be evaluated")
    });
    made.flatten().map(|(name, _)| name.clone()).collect()
}

/// Returns a property of a resource.
fn property(stack: &Stack, name: &str, property: &str) -> Option<Value> {
    let resource = &stack.template().body()["Resources"][name];
    let value = stack.resolve(&resource["Properties"][property]);
    value.expect("the value can be evaluated")
}

#[test]
fn nothing_is_created_for_reports_without_a_bucket_or_without_security_hub() {
    let without = resources(&stack(&[]));
    let with = resources(&stack(&[BUCKET]));
    let added: Vec<_> = with.difference(&without).map(String::as_str).collect();
    assert_eq!(
        added,
        [
            "ReportErrors",
            "ReportFunction",
            "ReportLogs",
            "ReportRole",
            "Reports",
            "ReportsDeadLetters",
            "ReportsDeadLettersAlarm",
        ]
    );
    assert!(without.is_subset(&with));
    let off = ("SecurityHub", "off");
    assert_eq!(resources(&stack(&[BUCKET, off])), resources(&stack(&[off])));
}

#[test]
fn sweeps_that_succeed_send_a_message_to_the_queue_of_reports() {
    let destinations =
        |stack: &Stack| property(stack, "SweepFunctionEventInvokeConfig", "DestinationConfig");
    let dead_letters =
        "arn:aws:sqs:eu-central-1:111122223333:eksentry-SweepDeadLetters-1A2B3C4D5E6F";
    let queue = "arn:aws:sqs:eu-central-1:111122223333:eksentry-reports";
    assert_eq!(
        destinations(&stack(&[])),
        Some(json!({"OnFailure": {"Destination": dead_letters}}))
    );
    assert_eq!(
        destinations(&stack(&[BUCKET])),
        Some(
            json!({"OnFailure": {"Destination": dead_letters}, "OnSuccess": {"Destination": queue}})
        )
    );
}

/// The configuration of invocations is a resource of its own, with the logical ID that SAM would generate. SAM would
/// add a second one if the function had that property too.
#[test]
fn the_sweep_has_one_configuration_of_invocations() {
    let stack = stack(&[]);
    assert_eq!(
        property(&stack, "SweepFunction", "EventInvokeConfig"),
        Some(Value::Null)
    );
    let configured = property(&stack, "SweepFunctionEventInvokeConfig", "FunctionName");
    let function = stack.resolve(&json!({"Ref": "SweepFunction"}));
    assert_eq!(configured, function.expect("it can be evaluated"));
}

#[test]
fn a_report_waits_for_workers_and_is_retried() {
    let stack = stack(&[BUCKET]);
    let of_queue = |name: &str| property(&stack, "Reports", name);
    assert_eq!(of_queue("DelaySeconds"), Some(json!(900)));
    let timeout = property(&stack, "ReportFunction", "Timeout").and_then(|value| value.as_u64());
    let visible = of_queue("VisibilityTimeout").and_then(|value| value.as_u64());
    assert_eq!(visible, timeout.map(|timeout| 6 * timeout));
    let redrive = of_queue("RedrivePolicy").expect("it has one");
    assert_eq!(redrive["maxReceiveCount"], 5);
}
