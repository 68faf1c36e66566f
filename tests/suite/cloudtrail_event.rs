//! `cloudtrail-event`: changes as they happen.

use eksentry_tests::demo::Sample;
use eksentry_tests::stand_in::{Fault, FaultKind, Message, sqs_event};
use eksentry_tests::template::{Stack, Template};
use serde_json::{Value, json};

use crate::event_patterns::{Bus, rules};
use crate::world::{
    ACCOUNT, REGION, World, cluster_arn, key, key_arn, private_cluster, repository_arn, workspace,
};

const ENDPOINT: &str = "eks-endpoint-private";
const PASSED: &str = "PASSED INFORMATIONAL";
const QUEUE: &str = "https://sqs.eu-central-1.amazonaws.com/111122223333/slices";
const OTHER: &str = "444455556666";

#[test]
fn rules_send_the_samples_but_not_the_call_that_was_denied() {
    let stack = Stack::new(Template::of_eksentry().unwrap(), ACCOUNT, REGION);
    let mut rules = rules(&stack, Bus::Default);
    rules.retain(|rule| rule.target == "changes");
    let samples = Sample::load_all(&workspace().join("events")).unwrap();
    for sample in samples {
        let title = sample.title();
        let is_expected = sample.function == "cloudtrail-event"
            && !["cloudtrail-event/batch", "cloudtrail-event/denied-call"].contains(&&*title);
        let is_sent = rules.iter().any(|rule| rule.matches(&sample.payload));
        assert_eq!(is_sent, is_expected, "{title}");
    }
}

/// Returns the event about a call.
fn call(source: &str, name: &str, request: Value) -> Value {
    json!({
        "source": format!("aws.{source}"), "detail-type": "AWS API Call via CloudTrail",
        "account": ACCOUNT, "region": REGION, "resources": [],
        "detail": {
            "eventSource": format!("{source}.amazonaws.com"), "eventName": name, "readOnly": false,
            "managementEvent": true, "eventCategory": "Management", "requestParameters": request,
        },
    })
}

fn update(cluster: &str) -> Value {
    call("eks", "UpdateClusterConfig", json!({"name": cluster}))
}

fn world() -> World {
    World::with(json!({
        "clusters": [private_cluster("pay"), private_cluster("other")],
        "keys": [key("one", false)],
        "repositories": [{"repositoryName": "app", "images": [{"imageTags": ["v1"]}]}],
    }))
}

/// Returns a batch of messages with events.
fn batch(events: &[Value]) -> Value {
    let messages: Vec<Message> = events
        .iter()
        .enumerate()
        .map(|(number, event)| Message {
            queue_url: "https://sqs.eu-central-1.amazonaws.com/111122223333/changes".to_owned(),
            id: format!("message-{number}"),
            body: event.to_string(),
        })
        .collect();
    sqs_event(&messages)
}

fn failures(answer: &Value) -> Vec<&str> {
    let failures = answer["batchItemFailures"].as_array().unwrap().iter();
    failures
        .map(|failure| failure["itemIdentifier"].as_str().unwrap())
        .collect()
}

#[test]
fn a_change_is_evaluated_by_all_checks_of_the_resource_and_nothing_else_is() {
    let mut world = world();
    world.ok("cloudtrail-event", &update("pay"));
    let statuses = world.statuses();
    world.end();
    let mut world = self::world();
    world.ok("sweep", &json!({"resources": [cluster_arn("pay")]}));
    assert_eq!(statuses, world.statuses());
    assert!(statuses.len() > 20);
    world.end();
}

#[test]
fn each_kind_of_resource_is_evaluated() {
    for (event, check, resource) in [
        (
            call(
                "kms",
                "DisableKeyRotation",
                json!({"keyId": key_arn("one")}),
            ),
            "kms-cmk-rotation",
            key_arn("one"),
        ),
        (
            call(
                "ecr",
                "SetRepositoryPolicy",
                json!({"repositoryName": "app"}),
            ),
            "ecr-scan-on-push",
            repository_arn("app"),
        ),
        (
            call(
                "ecr",
                "PutRegistryScanningConfiguration",
                json!({"rules": []}),
            ),
            "ecr-scan-on-push",
            repository_arn("app"),
        ),
    ] {
        let mut world = world();
        world.ok("cloudtrail-event", &event);
        assert_ne!(world.status(check, &resource), "none", "{event}");
        assert_eq!(world.status(ENDPOINT, &cluster_arn("pay")), "none");
        world.end();
    }
}

#[test]
fn a_cluster_that_is_gone_is_archived() {
    let mut world = world();
    world.ok("cloudtrail-event", &update("pay"));
    world.change(|account| account.clusters.retain(|cluster| cluster.name() != "pay"));
    let deleted = call("eks", "DeleteCluster", json!({"name": "pay"}));
    world.ok("cloudtrail-event", &deleted);
    let status = world.status(ENDPOINT, &cluster_arn("pay"));
    assert_eq!(status, format!("ARCHIVED {PASSED}"));
    world.end();
}

/// The events of a burst arrive in up to five batches, since Lambda polls a queue with five pollers at first.
#[test]
fn two_hundred_events_about_a_cluster_lead_to_one_look_a_batch() {
    let mut world = world();
    let events = vec![update("pay"); 40];
    for _ in 0..5 {
        let answer = world.ok("cloudtrail-event", &batch(&events));
        assert_eq!(failures(&answer), [""; 0]);
    }
    assert_eq!(world.calls("eks.ListInsights"), 5);
    world.end();
}

#[test]
fn an_event_that_cannot_be_processed_does_not_affect_the_others_and_is_not_delivered_again() {
    let mut world = world();
    let mut stranger = update("pay");
    stranger["account"] = json!(OTHER);
    let events = [
        update("pay"),
        stranger,
        json!("no event"),
        json!({"source": "aws.health"}),
    ];
    let answer = world.ok("cloudtrail-event", &batch(&events));
    // Another delivery would not help.
    assert_eq!(failures(&answer), [""; 0]);
    assert_eq!(world.status(ENDPOINT, &cluster_arn("pay")), PASSED);
    world.end();
}

#[test]
fn findings_that_were_not_delivered_are_delivered_with_the_message() {
    let mut world = world();
    world.deny("securityhub.BatchImportFindings");
    let answer = world.ok("cloudtrail-event", &batch(&[update("pay")]));
    assert_eq!(failures(&answer), ["message-0"]);
    world.clear_faults();
    world.ok("cloudtrail-event", &batch(&[update("pay")]));
    assert_eq!(world.status(ENDPOINT, &cluster_arn("pay")), PASSED);
    world.end();
}

#[test]
fn a_cluster_that_is_changing_is_evaluated_again_six_times_at_most() {
    let mut world = world().and("EKSENTRY_QUEUE_URL", QUEUE);
    let set_status = |world: &World, status: &str| {
        world.change(|account| {
            let members = &mut account.cluster("pay").unwrap().members;
            members.insert("status".to_owned(), status.into());
        });
    };
    set_status(&world, "UPDATING");
    world.ok("cloudtrail-event", &update("pay"));
    assert_eq!(world.status(ENDPOINT, &cluster_arn("pay")), PASSED);
    for look in 1..=6 {
        let messages = world.aws.take_messages();
        let body: Value = serde_json::from_str(&messages[0].body).unwrap();
        assert_eq!((messages.len(), &body["looks"]), (1, &json!(look)));
        assert_eq!(world.work(&messages), [""; 0]);
    }
    assert!(world.aws.take_messages().is_empty());
    let sent = &world.aws.calls_of("sqs.SendMessageBatch")[0];
    assert_eq!(sent.members["Entries"][0]["DelaySeconds"], 180);

    // The change is done, so nothing is looked at again.
    set_status(&world, "ACTIVE");
    world.ok("cloudtrail-event", &update("pay"));
    assert!(world.aws.take_messages().is_empty());
    world.end();
}

/// The message is delivered again and leads to another look, so that looks don't multiply.
#[test]
fn a_changing_cluster_is_looked_at_later_only_if_nothing_failed() {
    let mut world = world().and("EKSENTRY_QUEUE_URL", QUEUE);
    world.change(|account| {
        let members = &mut account.cluster("pay").unwrap().members;
        members.insert("status".to_owned(), "UPDATING".into());
    });
    world.deny("securityhub.BatchImportFindings");
    let answer = world.ok("cloudtrail-event", &batch(&[update("pay")]));
    assert_eq!(failures(&answer), ["message-0"]);
    assert!(world.aws.take_messages().is_empty());
    world.end();
}

/// Another message of the batch is delivered again, which leads to no look at this cluster.
#[test]
fn a_rejected_finding_fails_only_the_message_about_its_resource() {
    let mut world = world().and("EKSENTRY_QUEUE_URL", QUEUE);
    world.change(|account| {
        let members = &mut account.cluster("pay").unwrap().members;
        members.insert("status".to_owned(), "UPDATING".into());
    });
    let rejected = format!("eksentry/{ENDPOINT}/{}", cluster_arn("other"));
    let partial = FaultKind::Partial {
        ids: vec![rejected],
        code: "InvalidInput".to_owned(),
    };
    world
        .aws
        .fail(Fault::new("securityhub.BatchImportFindings", partial));
    let answer = world.ok(
        "cloudtrail-event",
        &batch(&[update("pay"), update("other")]),
    );
    assert_eq!(failures(&answer), ["message-1"]);
    let looks = world.aws.take_messages();
    let [look] = looks.as_slice() else {
        panic!("{looks:?}");
    };
    assert!(look.body.contains(&cluster_arn("pay")), "{look:?}");
    assert!(!look.body.contains(&cluster_arn("other")), "{look:?}");
    world.end();
}

#[test]
fn a_cluster_with_a_changing_node_group_is_evaluated_again() {
    let mut world = world().and("EKSENTRY_QUEUE_URL", QUEUE);
    world.change(|account| {
        let members = &mut account.cluster("pay").unwrap().members;
        members.insert(
            "nodegroups".to_owned(),
            json!([{"nodegroupName": "new", "status": "CREATING"}]),
        );
    });
    let created = call(
        "eks",
        "CreateNodegroup",
        json!({"clusterName": "pay", "nodegroupName": "new"}),
    );
    world.ok("cloudtrail-event", &created);
    assert_eq!(world.aws.take_messages().len(), 1);
    world.end();
}

/// Sweeps don't evaluate the function's own Region if the settings name others.
#[test]
fn a_change_of_a_registry_that_is_not_swept_is_not_left_to_workers() {
    let mut world = world()
        .and("EKSENTRY_QUEUE_URL", QUEUE)
        .and("EKSENTRY_REGIONS", "us-east-1");
    let event = call(
        "ecr",
        "PutRegistryScanningConfiguration",
        json!({"rules": []}),
    );
    world.ok("cloudtrail-event", &event);
    assert!(world.aws.take_messages().is_empty());
    world.end();
}

#[test]
fn without_a_queue_the_next_sweep_sees_the_end_of_a_change() {
    let mut world = world();
    world.change(|account| {
        let members = &mut account.cluster("pay").unwrap().members;
        members.insert("status".to_owned(), "UPDATING".into());
    });
    world.ok("cloudtrail-event", &update("pay"));
    assert_eq!(world.status(ENDPOINT, &cluster_arn("pay")), PASSED);
    world.end();
}

#[test]
fn with_a_queue_the_registry_is_left_to_workers() {
    let mut world = world().and("EKSENTRY_QUEUE_URL", QUEUE);
    let event = call(
        "ecr",
        "PutRegistryScanningConfiguration",
        json!({"rules": []}),
    );
    world.ok("cloudtrail-event", &event);
    assert_eq!(
        world.status("ecr-scan-on-push", &repository_arn("app")),
        "none"
    );
    let messages = world.aws.take_messages();
    assert_eq!(world.work(&messages), [""; 0]);
    assert_ne!(
        world.status("ecr-scan-on-push", &repository_arn("app")),
        "none"
    );
    world.end();
}

/// Returns the event about an alarm that was deleted.
fn deleted_alarm() -> Value {
    call(
        "monitoring",
        "DeleteAlarms",
        json!({"alarmNames": ["denied"]}),
    )
}

#[test]
fn an_alarm_leads_to_all_clusters_by_the_check_that_depends_on_alarms() {
    let expected = ["other", "pay"].map(|name| format!("eks-audit-log-watched cluster/{name}"));
    let mut world = world();
    world.ok("cloudtrail-event", &deleted_alarm());
    let found = |world: &World| -> Vec<String> {
        let statuses = world.statuses();
        let found = statuses
            .iter()
            .map(|line| line.split(' ').skip(2).collect::<Vec<_>>());
        found.map(|parts| parts.join(" ")).collect()
    };
    assert_eq!(found(&world), expected);
    world.end();

    let mut world = self::world().and("EKSENTRY_QUEUE_URL", QUEUE);
    world.ok("cloudtrail-event", &batch(&vec![deleted_alarm(); 40]));
    assert!(world.statuses().is_empty());
    let messages = world.aws.take_messages();
    assert_eq!(messages.len(), 1);
    assert_eq!(world.work(&messages), [""; 0]);
    assert_eq!(found(&world), expected);
    world.end();
}

#[test]
fn a_change_in_another_account_is_evaluated_there() {
    let mut world = world()
        .and_at(OTHER, REGION, json!({"clusters": [private_cluster("far")]}))
        .and("EKSENTRY_ACCOUNTS", OTHER);
    let mut event = update("far");
    event["account"] = json!(OTHER);
    world.ok("cloudtrail-event", &event);
    let arn = cluster_arn("far").replace(ACCOUNT, OTHER);
    assert_eq!(world.status(ENDPOINT, &arn), PASSED);
    world.end();
}

#[test]
fn an_event_of_a_stranger_leads_to_no_call() {
    let mut world = world();
    let mut event = update("pay");
    event["account"] = json!(OTHER);
    let error = world.error("cloudtrail-event", &event);
    assert_eq!(error.error_type, "InvalidEvent");
    assert!(world.aws.calls().is_empty());
    world.end();
}

#[test]
fn a_resource_of_another_account_is_not_evaluated() {
    let mut world = world().and("EKSENTRY_ACCOUNTS", OTHER);
    let arn = key_arn("one").replace(ACCOUNT, OTHER);
    world.ok(
        "cloudtrail-event",
        &call("kms", "DisableKey", json!({"keyId": arn})),
    );
    assert!(world.statuses().is_empty());
    world.end();
}
