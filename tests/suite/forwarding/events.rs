//! The functions that process forwarded events.

use serde_json::{Value, json};

use super::{AWAY, OTHER, PLACES, moved};
use crate::world::{ACCOUNT, REGION, World, private_cluster, repository_arn};

const DIGEST: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";
const SCAN: &str = "ecr-image-scan-findings";
const SCAN_ON_PUSH: &str = "ecr-scan-on-push";
const ENDPOINT: &str = "eks-endpoint-private";

fn entries() -> Value {
    json!({
        "clusters": [private_cluster("pay")],
        "repositories": [{"repositoryName": "app", "images": [{
            "imageDigest": DIGEST, "imageTags": ["v1"],
            "scan": {"imageScanFindings": {"findings": [{"name": "CVE-2024-3094", "severity": "CRITICAL"}]}},
        }]}],
    })
}

/// Returns a world with the same resources in each place.
fn world() -> World {
    PLACES
        .iter()
        .fold(World::with(entries()), |world, (account, region)| {
            world.and_at(account, region, entries())
        })
}

/// Returns the world, in which functions evaluate each place.
fn evaluated() -> World {
    world()
        .and("EKSENTRY_ACCOUNTS", OTHER)
        .and("EKSENTRY_REGIONS", "eu-central-1,us-east-1")
}

fn event(source: &str, kind: &str, detail: &Value) -> Value {
    json!({
        "version": "0", "source": source, "detail-type": kind, "account": ACCOUNT, "region": REGION,
        "resources": [], "detail": detail,
    })
}

fn push() -> Value {
    let detail = json!({
        "action-type": "PUSH", "result": "SUCCESS", "repository-name": "app", "image-digest": DIGEST,
        "image-tag": "v1",
    });
    event("aws.ecr", "ECR Image Action", &detail)
}

fn scan() -> Value {
    let detail = json!({
        "scan-status": "COMPLETE", "repository-name": "app", "image-digest": DIGEST, "image-tags": ["v1"],
        "finding-severity-counts": {"CRITICAL": 1},
    });
    event("aws.ecr", "ECR Image Scan", &detail)
}

fn inspection() -> Value {
    let detail = json!({
        "scan-status": "INITIAL_SCAN_COMPLETE", "repository-name": repository_arn("app"), "image-digest": DIGEST,
        "image-tags": ["v1"], "finding-severity-counts": {"CRITICAL": 1, "TOTAL": 1}, "version": "1.0",
    });
    event("aws.inspector2", "Inspector2 Scan", &detail)
}

fn scanning_change() -> Value {
    let repositories = json!([{"repository-arn": repository_arn("app"), "repository-name": "app"}]);
    let detail = json!({"action-type": "SCAN_FREQUENCY_CHANGE", "repositories": repositories});
    event("aws.ecr", "ECR Scan Resource Change", &detail)
}

fn call(source: &str, name: &str, request: &Value) -> Value {
    let detail = json!({
        "eventSource": format!("{source}.amazonaws.com"), "eventName": name, "readOnly": false,
        "managementEvent": true, "eventCategory": "Management", "requestParameters": request,
    });
    event(
        &format!("aws.{source}"),
        "AWS API Call via CloudTrail",
        &detail,
    )
}

/// Returns the function and the event for each way in which a change is reported, and the check and the resource of a
/// finding that results.
fn reports() -> [(&'static str, Value, &'static str, String); 5] {
    let repository = repository_arn("app");
    let image = format!("{repository}/{DIGEST}");
    let cluster = format!("arn:aws:eks:{REGION}:{ACCOUNT}:cluster/pay");
    let update = call("eks", "UpdateClusterConfig", &json!({"name": "pay"}));
    [
        ("ecr-event", push(), SCAN_ON_PUSH, repository.clone()),
        ("ecr-event", scan(), SCAN, image.clone()),
        ("ecr-event", inspection(), SCAN, image),
        ("ecr-event", scanning_change(), SCAN_ON_PUSH, repository),
        ("cloudtrail-event", update, ENDPOINT, cluster),
    ]
}

#[test]
fn a_forwarded_event_is_evaluated_in_its_place_with_the_role_there() {
    for (account, region) in PLACES {
        for (function, event, check, resource) in reports() {
            let mut world = evaluated();
            world.ok(function, &moved(&event, account, region));
            let resource = resource.replace(ACCOUNT, account).replace(REGION, region);
            let finding = world.finding(check, &resource).unwrap();
            let product =
                format!("arn:aws:securityhub:{region}:{account}:product/{account}/default");
            assert_eq!(finding["ProductArn"], product, "{event}");
            assert_eq!(finding["AwsAccountId"], account);
            let here = format!(":{region}:{account}:");
            assert!(world.state().keys().all(|id| id.contains(&here)), "{event}");
            let entered = usize::from(account != ACCOUNT);
            assert_eq!(world.calls("sts.AssumeRole"), entered, "{event}");
            world.end();
        }
    }
}

#[test]
fn an_event_that_is_delivered_twice_changes_nothing() {
    for (function, event, ..) in reports() {
        let mut world = evaluated();
        let event = moved(&event, OTHER, AWAY);
        world.ok(function, &event);
        let imports = world.calls("securityhub.BatchImportFindings");
        let state = world.state();
        world.ok(function, &event);
        assert_eq!(world.calls("securityhub.BatchImportFindings"), imports);
        assert_eq!(world.state(), state, "{event}");
        world.end();
    }
}

/// The documents in Parameter Store are not read either.
#[test]
fn an_event_of_a_place_that_is_not_evaluated_leads_to_no_call() {
    for (accounts, regions, account, region) in [
        ("", "", OTHER, REGION),
        ("777788889999", "", OTHER, REGION),
        ("", "", ACCOUNT, AWAY),
        ("", "eu-central-1,eu-west-1", ACCOUNT, AWAY),
        (OTHER, "", OTHER, AWAY),
        // Only the own place is evaluated although no setting names it.
        (OTHER, AWAY, OTHER, REGION),
    ] {
        for (function, event, ..) in reports() {
            let mut world = world()
                .and("EKSENTRY_ACCOUNTS", accounts)
                .and("EKSENTRY_REGIONS", regions)
                .and("EKSENTRY_MUTE_LIST", "/eksentry/mute-list");
            let error = world.error(function, &moved(&event, account, region));
            assert_eq!(error.error_type, "InvalidEvent", "{error}");
            for part in [account, region, "EKSENTRY_ACCOUNTS"] {
                assert!(error.error_message.contains(part), "{error}");
            }
            assert!(world.aws.calls().is_empty(), "{event}");
            world.end();
        }
    }
}

/// The administrator of Inspector receives events about the repositories of other accounts.
#[test]
fn an_event_about_a_repository_of_another_place_leads_to_no_call() {
    for mut event in [inspection(), scanning_change()] {
        let mut world = evaluated();
        event["account"] = json!(OTHER);
        let error = world.error("ecr-event", &event);
        assert_eq!(error.error_type, "InvalidEvent", "{error}");
        assert!(world.aws.calls().is_empty(), "{event}");
        world.end();
    }
}

#[test]
fn an_account_that_cannot_be_entered_is_an_error() {
    let mut world = evaluated();
    world.deny("sts.AssumeRole");
    let error = world.error("ecr-event", &moved(&push(), OTHER, REGION));
    assert_eq!(error.error_type, "NotEntered", "{error}");
    assert!(world.statuses().is_empty());
    world.end();
}

#[test]
fn a_region_that_is_not_enabled_in_the_account_is_an_error() {
    let mut world = world().and("EKSENTRY_REGIONS", "all");
    let error = world.error("ecr-event", &moved(&push(), ACCOUNT, "ap-south-2"));
    assert_eq!(error.error_type, "NotListed", "{error}");
    assert!(error.error_message.contains("ap-south-2"), "{error}");
    assert!(world.statuses().is_empty());
    world.end();
}
