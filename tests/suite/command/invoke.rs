//! `eksentry invoke`: events for functions, with the credentials of the command.

use crate::world::workspace;

use super::{Desk, World, assert_only_reads};

/// Returns the path of a sample event.
fn event(name: &str) -> String {
    workspace().join("events").join(name).display().to_string()
}

#[test]
fn an_event_is_evaluated_and_nothing_is_sent() {
    let desk = Desk::new("invoke");
    let world = World::demo();
    let changed = event("config-rule/changed-cluster.json");
    let ran = desk.run(&world.aws, &["invoke", "config-rule", "--event", &changed]);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(
        ran.stdout
            .contains("failed eks-endpoint-private arn:aws:eks:"),
        "{}",
        ran.stdout
    );
    assert!(ran.stdout.contains("\"failed\": 1"), "{}", ran.stdout);
    assert_only_reads(&world.aws);
    world.end();
}

#[test]
fn findings_are_sent_on_request() {
    let desk = Desk::new("invoke-send");
    let world = World::demo();
    let narrowed = event("sweep/narrowed.json");
    let arguments = ["invoke", "sweep", "--event", &narrowed, "--send"];
    let ran = desk.run(&world.aws, &arguments);
    assert_eq!(ran.code, Some(0), "{}", ran.stderr);
    assert!(!world.aws.findings().is_empty());
    world.end();
}

#[test]
fn events_that_a_function_refuses_are_errors() {
    let desk = Desk::new("invoke-refused");
    let world = World::demo();
    desk.write("event.json", r#"{"checks": "all"}"#);
    let ran = desk.run(&world.aws, &["invoke", "sweep", "--event", "event.json"]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.stderr.contains("the event doesn't have the form"),
        "{}",
        ran.stderr
    );
    desk.write("event.json", "{");
    let ran = desk.run(&world.aws, &["invoke", "sweep", "--event", "event.json"]);
    assert!(
        ran.stderr.contains("event.json is not JSON"),
        "{}",
        ran.stderr
    );
    world.end();
}
