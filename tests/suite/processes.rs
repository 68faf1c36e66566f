//! The functions as Lambda runs them: binaries, the Runtime API, HTTP. Most other tests run the functions in process,
//! which is faster; these tests check that the results are the same.

use std::collections::BTreeMap;
use std::time::Duration;

use eksentry_tests::lambda::Invocation;
use eksentry_tests::stand_in::{Fault, FaultKind, Message, sqs_event};
use serde_json::{Value, json};

use crate::world::{ACCOUNT, CLUSTER, REGION, World, change_event, key, private_cluster};

const TIMEOUT: Duration = Duration::from_mins(5);

fn world() -> World {
    World::with(json!({
        "clusters": [private_cluster("closed"), {"name": "open"}],
        "keys": [key("turns", true), key("stays", false)],
        "repositories": [{"repositoryName": "app", "images": [{"imageTags": ["v1"]}]}],
    }))
}

/// Returns an event of that function.
fn event(world: &World, function: &str) -> Value {
    let check = "eks-endpoint-private";
    match function {
        "config-rule" => {
            let token = world.aws.result_token(&format!("eksentry-{check}"));
            change_event(&token, check, CLUSTER, "open", "OK")
        }
        "ecr-event" => json!({
            "source": "aws.ecr", "detail-type": "ECR Image Action", "account": ACCOUNT, "region": REGION,
            "detail": {"result": "SUCCESS", "action-type": "PUSH", "repository-name": "app", "image-tag": "v1"},
        }),
        "sweep-worker" => sqs_event(&[Message {
            queue_url: format!("https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/slices"),
            id: "1".to_owned(),
            body: json!({"part": "keys"}).to_string(),
        }]),
        _ => json!({}),
    }
}

/// Invokes a function in a separate process, and checks that each line of its log is a JSON object.
fn invoke(world: &mut World, function: &str, event: &Value) -> Invocation {
    let mut process = world.start_process(function);
    let invocation = process.invoke(event.to_string().as_bytes(), TIMEOUT);
    assert_eq!(process.problems(), [""; 0]);
    for line in process.end() {
        let object: Value = serde_json::from_str(&line).unwrap();
        assert!(object.is_object(), "{line}");
    }
    invocation
}

/// Returns the id of a finding that a sweep imports.
fn a_finding() -> String {
    let mut world = world();
    world.sweep();
    let finding = world
        .state()
        .into_keys()
        .next()
        .expect("a sweep imports findings");
    world.end();
    finding
}

/// The results of an invocation: the answer without its duration, the findings in Security Hub, and the evaluations in
/// AWS Config.
type Seen = (Result<Value, String>, BTreeMap<String, Value>, Vec<String>);

fn seen(
    function: &str,
    fault: Option<&Fault>,
    invoke: impl Fn(&mut World, &str, &Value) -> Invocation,
) -> Seen {
    let mut world = world();
    let event = event(&world, function);
    if let Some(fault) = fault {
        world.aws.fail(fault.clone());
    }
    let mut answer = invoke(&mut world, function, &event)
        .outcome
        .map_err(|error| error.to_string());
    if let Ok(Value::Object(members)) = &mut answer {
        members.remove("durationMs");
    }
    assert!(
        fault.is_none() || world.aws.hits() > 0,
        "no call had the fault {fault:?}"
    );
    let seen = (answer, world.state(), world.evaluations());
    world.end();
    seen
}

fn assert_the_same(function: &str, fault: Option<&Fault>) {
    let here = seen(function, fault, World::invoke);
    let in_a_process = seen(function, fault, invoke);
    assert_eq!(in_a_process, here, "{function}, {fault:?}");
}

#[test]
fn functions_have_the_same_results_in_separate_processes() {
    for function in ["config-rule", "ecr-event", "sweep", "sweep-worker"] {
        assert_the_same(function, None);
    }
}

#[test]
fn a_report_is_written_by_a_separate_process() {
    let mut world = world().and("EKSENTRY_REPORT", "s3://reports/eksentry");
    world.change(|account| account.buckets.push("reports".to_owned()));
    world.sweep();
    let answer = invoke(&mut world, "report", &json!({})).outcome.unwrap();
    assert_eq!(answer["findings"], world.aws.findings().len());
    let objects = world.aws.objects();
    let [(name, body)] = &objects.iter().collect::<Vec<_>>()[..] else {
        panic!("{:?}", objects.keys());
    };
    assert_eq!(answer["report"], format!("s3://{name}"));
    assert_eq!(answer["bytes"], body.len());
    world.end();
}

#[test]
fn faults_have_the_same_results_over_http() {
    let describe = "kms.DescribeKey";
    let list = "kms.ListKeys";
    let internal = FaultKind::Error {
        code: "InternalFailure".to_owned(),
        status: 500,
        message: "out of order".to_owned(),
    };
    // One finding, since an error names the first few, and their order depends on the speed of calls.
    let partial = FaultKind::Partial {
        ids: vec![a_finding()],
        code: "InvalidInput".to_owned(),
    };
    for fault in [
        Fault::new(describe, FaultKind::Throttle).times(2),
        Fault::new(describe, internal).times(2),
        Fault::new(describe, FaultKind::Reset).times(2),
        Fault::new(describe, FaultKind::AccessDenied),
        Fault::new(describe, FaultKind::NotFound(0)),
        Fault::new(describe, FaultKind::Truncated),
        Fault::new(describe, FaultKind::HtmlPage),
        Fault::new(
            describe,
            FaultKind::Missing("/KeyMetadata/KeyManager".to_owned()),
        ),
        Fault::new(
            describe,
            FaultKind::UnknownValue("/KeyMetadata/KeyState".to_owned()),
        ),
        Fault::new(describe, FaultKind::Latency(100)),
        Fault::new(list, FaultKind::EmptyPage),
        Fault::new(list, FaultKind::RepeatedToken),
        Fault::new(list, FaultKind::AlternatingTokens),
        Fault::new("securityhub.BatchImportFindings", partial),
    ] {
        assert_the_same("sweep", Some(&fault));
    }
}
