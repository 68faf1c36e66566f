//! Forged events: functions read, send and enter nothing outside of their settings, and the error names the given value
//! and the places that the function reads.

use eksentry_tests::account::{Account, MemberRole};
use eksentry_tests::stand_in::Message;
use serde_json::{Value, json};

use crate::world::{
    ACCOUNT, CLUSTER, REGION, World, change_event, cluster_arn, key, private_cluster,
    repository_arn, rule_event, schedule_event,
};

const OTHER_ACCOUNT: &str = "444455556666";
const OTHER_REGION: &str = "us-east-1";
const ENDPOINT: &str = "eks-endpoint-private";
const DIGEST: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

/// Returns an account with resources, and another one that would let a sweep enter.
fn world() -> World {
    let entries = || {
        json!({
            "clusters": [{"name": "c"}], "keys": [key("k", false)],
            "repositories": [{"repositoryName": "app", "images": [{"imageDigest": DIGEST, "imageTags": ["v1"]}]}],
        })
    };
    World::with(entries())
        .and_at(OTHER_ACCOUNT, REGION, entries())
        .and_at(ACCOUNT, OTHER_REGION, entries())
}

/// Asserts that the function rejects the event, that the error names the given value and the places that the function
/// reads, and that the function made no calls.
fn assert_rejected(world: &mut World, function: &str, event: &Value, given: &str) {
    let error = world.error(function, event);
    assert_eq!(error.error_type, "InvalidEvent", "{event}: {error}");
    for part in [given, ACCOUNT, REGION] {
        assert!(error.error_message.contains(part), "{part:?}: {error}");
    }
    assert_no_calls_and_reports(world, event);
}

fn assert_no_calls_and_reports(world: &World, event: &Value) {
    assert_eq!(world.aws.calls().len(), 0, "{event}");
    assert_eq!(world.statuses(), [""; 0], "{event}");
    assert_eq!(world.evaluations(), [""; 0], "{event}");
}

fn ecr_event(source: &str, kind: &str, detail: Value) -> Value {
    json!({
        "version": "0", "source": source, "detail-type": kind, "account": ACCOUNT, "region": REGION, "detail": detail,
    })
}

fn inspector(repository: &str, digest: &str) -> Value {
    let detail = json!({
        "scan-status": "INITIAL_SCAN_COMPLETE", "repository-name": repository, "image-digest": digest,
        "finding-severity-counts": {"CRITICAL": 1, "TOTAL": 1}, "image-tags": ["v1"],
    });
    ecr_event("aws.inspector2", "Inspector2 Scan", detail)
}

fn push(repository: &str, digest: &str) -> Value {
    let detail = json!({
        "action-type": "PUSH", "result": "SUCCESS", "repository-name": repository, "image-digest": digest,
    });
    ecr_event("aws.ecr", "ECR Image Action", detail)
}

/// Returns an ARN of these parts.
fn arn(partition: &str, service: &str, region: &str, account: &str, resource: &str) -> String {
    format!("arn:{partition}:{service}:{region}:{account}:{resource}")
}

#[test]
fn ecr_event_rejects_arns_of_other_accounts_and_regions() {
    let mut world = world();
    let app = "repository/app";
    for (repository, given) in [
        (arn("aws", "ecr", REGION, OTHER_ACCOUNT, app), OTHER_ACCOUNT),
        (arn("aws", "ecr", OTHER_REGION, ACCOUNT, app), OTHER_REGION),
        (arn("aws-cn", "ecr", REGION, ACCOUNT, app), "aws-cn"),
    ] {
        assert_rejected(
            &mut world,
            "ecr-event",
            &inspector(&repository, DIGEST),
            given,
        );
    }
    for (member, value) in [
        ("account", OTHER_ACCOUNT),
        ("region", OTHER_REGION),
        ("account", ""),
    ] {
        for mut event in [
            push("app", DIGEST),
            inspector(&repository_arn("app"), DIGEST),
        ] {
            event[member] = json!(value);
            assert_rejected(&mut world, "ecr-event", &event, value);
        }
    }
    world.end();
}

#[test]
fn ecr_event_rejects_invalid_repositories_and_digests() {
    let mut world = world();
    let own = repository_arn("app");
    let long = "a".repeat(100_000);
    for (repository, digest) in [
        (arn("aws", "s3", REGION, ACCOUNT, "repository/app"), DIGEST),
        (arn("aws", "ecr", REGION, "", "repository/app"), DIGEST),
        (arn("aws", "ecr", "", ACCOUNT, "repository/app"), DIGEST),
        (
            arn("aws", "ecr", "EU-CENTRAL-1", ACCOUNT, "repository/app"),
            DIGEST,
        ),
        (arn("aws", "eks", REGION, ACCOUNT, "cluster/c"), DIGEST),
        (format!("{own}/{DIGEST}"), DIGEST),
        ("x:repository/app".to_owned(), DIGEST),
        (format!("{own}:repository/app"), DIGEST),
        ("../app".to_owned(), DIGEST),
        ("app/".to_owned(), DIGEST),
        ("app//x".to_owned(), DIGEST),
        ("ap*".to_owned(), DIGEST),
        (long.clone(), DIGEST),
        (format!("arn:{long}"), DIGEST),
        (own.clone(), "latest"),
        (own.clone(), "sha256:"),
        (own.clone(), "sha256:../../other"),
        (own.clone(), "sha256:0a/sha256:0b"),
        (own.clone(), "sha256:*"),
        (own.clone(), &format!("{DIGEST}0")),
        (format!("app/{DIGEST}"), DIGEST),
    ] {
        for event in [inspector(&repository, digest), push(&repository, digest)] {
            let error = world.error("ecr-event", &event);
            assert_eq!(error.error_type, "InvalidEvent", "{error}");
            assert_no_calls_and_reports(&world, &event);
        }
    }
    world.end();
}

#[test]
fn a_missing_account_or_region_is_the_functions_own() {
    let mut world = world();
    for mut event in [
        push("app", DIGEST),
        inspector(&repository_arn("app"), DIGEST),
    ] {
        for value in [None, Some(Value::Null)] {
            for member in ["account", "region"] {
                match &value {
                    None => drop(event.as_object_mut().unwrap().remove(member)),
                    Some(value) => event[member] = value.clone(),
                }
            }
            world.ok("ecr-event", &event);
        }
    }
    // AWS Config must know the rule.
    world.aws.result_token(&format!("eksentry-{ENDPOINT}"));
    for mut event in [
        change_event("TESTMODE", ENDPOINT, CLUSTER, "c", "OK"),
        schedule_event("TESTMODE", ENDPOINT),
    ] {
        event["accountId"] = Value::Null;
        world.ok("config-rule", &event);
    }
    world.end();
}

fn item(members: &Value) -> Value {
    let mut item = json!({
        "resourceType": CLUSTER, "resourceId": "c", "awsAccountId": ACCOUNT, "awsRegion": REGION,
        "ARN": cluster_arn("c"), "configurationItemStatus": "OK",
        "configurationItemCaptureTime": "2026-03-01T10:00:00.123Z",
    });
    let members = members.as_object().unwrap().clone();
    item.as_object_mut().unwrap().extend(members);
    let message =
        json!({"messageType": "ConfigurationItemChangeNotification", "configurationItem": item});
    rule_event("TESTMODE", ENDPOINT, &message)
}

#[test]
fn config_rule_rejects_other_accounts_and_regions() {
    let mut answered = world();
    answered.ok("config-rule", &item(&json!({})));
    answered.end();
    let mut world = world();
    for (members, given) in [
        (json!({"awsAccountId": OTHER_ACCOUNT}), OTHER_ACCOUNT),
        (json!({"awsRegion": OTHER_REGION}), OTHER_REGION),
        (
            json!({"ARN": arn("aws", "eks", REGION, OTHER_ACCOUNT, "cluster/c")}),
            OTHER_ACCOUNT,
        ),
        (
            json!({"ARN": arn("aws", "eks", OTHER_REGION, ACCOUNT, "cluster/c")}),
            OTHER_REGION,
        ),
        (
            json!({"ARN": arn("aws-us-gov", "eks", REGION, ACCOUNT, "cluster/c")}),
            "aws-us-gov",
        ),
        (json!({"ARN": cluster_arn("d")}), "cluster/d"),
        (json!({"ARN": null, "arn": cluster_arn("d")}), "cluster/d"),
        // The same applies to resources that the rule does not evaluate.
        (
            json!({"resourceType": "AWS::EC2::Instance", "awsAccountId": OTHER_ACCOUNT}),
            OTHER_ACCOUNT,
        ),
    ] {
        assert_rejected(&mut world, "config-rule", &item(&members), given);
    }
    for mut event in [item(&json!({})), schedule_event("TESTMODE", ENDPOINT)] {
        event["accountId"] = json!(OTHER_ACCOUNT);
        assert_rejected(&mut world, "config-rule", &event, OTHER_ACCOUNT);
    }
    let schedule = json!({"messageType": "ScheduledNotification", "awsAccountId": OTHER_ACCOUNT});
    let event = rule_event("TESTMODE", ENDPOINT, &schedule);
    assert_rejected(&mut world, "config-rule", &event, OTHER_ACCOUNT);
    for id in [
        "../c",
        "c/d",
        "c?x=1",
        "*",
        "arn:aws:eks:x",
        &"c".repeat(100_000),
        "",
    ] {
        let event = item(&json!({"resourceId": id, "ARN": null}));
        assert_eq!(
            world.error("config-rule", &event).error_type,
            "InvalidEvent",
            "{id}"
        );
        assert_no_calls_and_reports(&world, &event);
    }
    world.end();
}

#[test]
fn sweeps_reject_events_outside_of_their_settings() {
    let mut world = world();
    for (event, given) in [
        (
            json!({"resources": [arn("aws", "eks", REGION, OTHER_ACCOUNT, "cluster/c")]}),
            OTHER_ACCOUNT,
        ),
        (
            json!({"resources": [arn("aws", "ecr", OTHER_REGION, ACCOUNT, "repository/app")]}),
            OTHER_REGION,
        ),
        (
            json!({"resources": [arn("aws-cn", "kms", REGION, ACCOUNT, "key/k")]}),
            "aws-cn",
        ),
        (json!({"account": OTHER_ACCOUNT}), OTHER_ACCOUNT),
        (
            json!({"account": OTHER_ACCOUNT, "region": REGION, "part": "clusters"}),
            OTHER_ACCOUNT,
        ),
        (json!({"account": ""}), "account"),
        (json!({"region": OTHER_REGION}), OTHER_REGION),
        (json!({"region": ""}), "in"),
    ] {
        assert_rejected(&mut world, "sweep", &event, given);
        let message = Message {
            id: "m".into(),
            body: event.to_string(),
            queue_url: String::new(),
        };
        assert_eq!(world.work(&[message]), ["m"]);
        assert_no_calls_and_reports(&world, &event);
    }
    for resource in [
        "*",
        "arn:aws:eks:*:*:cluster/*",
        &cluster_arn("*"),
        &cluster_arn("../c"),
        &arn("aws", "eks", REGION, "", "cluster/c"),
        &arn("aws", "eks", "", ACCOUNT, "cluster/c"),
        &arn("aws", "EKS", REGION, ACCOUNT, "cluster/c"),
        &arn("aws", "eks", REGION, ACCOUNT, "Cluster/c"),
        &arn("aws", "kms", REGION, ACCOUNT, "alias/k"),
        &arn("aws", "eks", REGION, ACCOUNT, &"c".repeat(100_000)),
        &"a".repeat(100_000),
    ] {
        let event = json!({"resources": [resource]});
        assert_eq!(
            world.error("sweep", &event).error_type,
            "InvalidEvent",
            "{event}"
        );
        assert_no_calls_and_reports(&world, &event);
    }
    world.end();
}

/// The settings do not list the accounts of an organization, so IAM decides: a sweep enters an account only if the
/// account has a role of that name that trusts the roles of this stack's sweeps and, where an external ID is set, has
/// this stack's external ID.
#[test]
fn an_organization_account_is_entered_only_if_its_role_trusts_this_stack() {
    let mut there = Account::empty(OTHER_ACCOUNT, REGION);
    there
        .add(json!({"clusters": [private_cluster("theirs")]}))
        .unwrap();
    there.member_role = Some(MemberRole {
        name: "eksentry-member".to_owned(),
        external_id: Some("another-one".to_owned()),
    });
    let mut world = World::with(json!({"clusters": [private_cluster("c")]}))
        .and("EKSENTRY_ACCOUNTS", "organization")
        .and("EKSENTRY_REGIONS", "all")
        .and("EKSENTRY_EXTERNAL_ID", "between-us-two-7f3a");
    world.aws.also(there).unwrap();
    let theirs = arn("aws", "eks", REGION, OTHER_ACCOUNT, "cluster/theirs");
    let error = world.error("sweep", &json!({"resources": [theirs]}));
    assert_eq!(error.error_type, "NotEntered", "{error}");
    for account in [
        "999900001111:role/x",
        "99990000111",
        "99990000111a",
        "*",
        "../x",
        "",
    ] {
        let error = world.error("sweep", &json!({"account": account}));
        assert_eq!(error.error_type, "InvalidEvent", "{error}");
    }
    let named = arn("aws", "eks", REGION, "", "cluster/theirs");
    let error = world.error("sweep", &json!({"resources": [named]}));
    assert_eq!(error.error_type, "InvalidEvent", "{error}");
    assert_eq!(world.statuses(), [""; 0]);
    assert!(
        !world
            .aws
            .counts()
            .keys()
            .any(|call| call.starts_with("eks."))
    );
    world.end();
}
