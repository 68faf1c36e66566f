//! `sweep` and `sweep-worker`, end to end.

use std::collections::BTreeSet;

use eksentry_core::FactsOf;
use eksentry_core::facts::{EcrRepository, EksCluster, KmsKey};
use eksentry_tests::stand_in::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::world::{World, checks_of, cluster_arn, key, key_arn, private_cluster, repository_arn};

const ROTATION: &str = "kms-cmk-rotation";

#[test]
fn the_counts_of_a_summary_add_up() {
    let mut world = World::demo();
    let summary = world.sweep();
    assert_eq!(summary["errors"], 0);
    let results = ["passed", "failed", "warning", "notAvailable"];
    let sum: u64 = results
        .iter()
        .map(|name| summary[name].as_u64().unwrap())
        .sum();
    assert_eq!(summary["evaluated"], sum);
    world.end();
}

#[test]
fn the_number_of_calls_is_bounded() {
    let mut world = World::demo();
    world.sweep();
    let mut counts = (0, 0, 0, 0);
    world.change(|account| {
        counts.0 = account.clusters.len();
        counts.1 = account.repositories.len();
        counts.2 = account.keys.len();
        counts.3 = account
            .repositories
            .iter()
            .map(|repository| repository.images.len())
            .sum();
    });
    let (clusters, repositories, keys, images) = counts;
    for (operation, most) in [
        ("eks.ListClusters", 1),
        ("eks.DescribeCluster", clusters),
        ("eks.ListNodegroups", clusters),
        ("iam.GetRole", clusters),
        ("kms.ListKeys", 1),
        // One call lists the repositories, and one checks for the account whether there are any.
        ("ecr.DescribeRepositories", 2),
        ("ecr.GetRegistryScanningConfiguration", 1),
        ("ecr.DescribeImages", repositories),
        ("ecr.DescribeImageScanFindings", images),
        // For each part, one call sends findings and one archives findings.
        ("securityhub.BatchImportFindings", 6),
    ] {
        assert!(
            world.calls(operation) <= most,
            "{operation}: {} calls, at most {most}",
            world.calls(operation)
        );
    }
    let of_keys = world.calls("kms.DescribeKey") + world.calls("kms.GetKeyRotationStatus");
    assert!(of_keys <= 2 * keys, "{of_keys} calls for {keys} keys");
    world.end();
}

#[test]
fn no_request_is_sent_twice() {
    let mut world = World::demo();
    world.sweep();
    let mut requests = BTreeSet::new();
    for call in world.aws.calls() {
        let request = format!("{} {}", call.name(), Value::from(call.members));
        assert!(!requests.contains(&request), "{request}");
        requests.insert(request);
    }
    world.end();
}

#[test]
fn a_sweep_can_be_narrowed_to_checks_and_resources() {
    let mut world = World::with(
        json!({"clusters": [{"name": "one"}, {"name": "two"}], "keys": [key("k", true)]}),
    );
    let narrowed =
        json!({"checks": ["eks-endpoint-private", ROTATION], "resources": [cluster_arn("one")]});
    world.ok("sweep", &narrowed);
    assert_eq!(
        world.statuses(),
        ["FAILED HIGH eks-endpoint-private cluster/one"]
    );
    world.ok("sweep", &json!({"checks": [ROTATION]}));
    assert_eq!(
        world.status(ROTATION, &key_arn("k")),
        "PASSED INFORMATIONAL"
    );
    world.end();
}

#[test]
fn errors_name_the_invalid_value() {
    let mut world = World::with(json!({}));
    for (event, mention) in [
        (json!({"checks": ["kms-rotation"]}), "kms-cmk-rotation"),
        (
            json!({"resources": ["arn:aws:eks:us-east-1:111122223333:cluster/x"]}),
            "us-east-1",
        ),
        (json!({"resources": ["payments"]}), "payments"),
        (json!({"checks": "all"}), "checks"),
        (json!([]), "{}"),
    ] {
        let error = world.error("sweep", &event);
        assert_eq!(error.error_type, "InvalidEvent");
        assert!(error.error_message.contains(mention), "{error}");
    }
    world.end();
}

#[test]
fn all_pages_of_every_list_are_read() {
    let clusters: Vec<Value> = (0..5).map(|n| private_cluster(&format!("c{n}"))).collect();
    let keys: Vec<Value> = (0..5).map(|n| key(&format!("k{n}"), true)).collect();
    let repositories: Vec<Value> = (0..5)
        .map(|n| json!({"repositoryName": format!("r{n}"), "images": [{"scan": {}}, {"imageTags": ["a"], "scan": {}}, {"imageTags": ["b"], "scan": {}}]}))
        .collect();
    let mut world =
        World::with(json!({"clusters": clusters, "keys": keys, "repositories": repositories}));
    world.change(|account| account.page_size = Some(2));
    let summary = world.sweep();
    let of_five = [EksCluster::KIND, KmsKey::KIND, EcrRepository::KIND];
    let evaluated = 5 * of_five.map(checks_of).iter().sum::<usize>() + 15;
    assert_eq!(summary["evaluated"], evaluated);
    world.end();
}

#[test]
fn a_denied_resource_is_not_available_and_the_sweep_succeeds() {
    let mut world = World::with(
        json!({"clusters": [private_cluster("one"), private_cluster("two")], "keys": [key("k", true)]}),
    );
    world.aws.fail(
        Fault::new("eks.DescribeCluster", FaultKind::AccessDenied).matching(json!({"name": "one"})),
    );
    let summary = world.sweep();
    assert_eq!(
        world.status("eks-endpoint-private", &cluster_arn("one")),
        "NOT_AVAILABLE INFORMATIONAL"
    );
    assert_eq!(
        world.status("eks-endpoint-private", &cluster_arn("two")),
        "PASSED INFORMATIONAL"
    );
    assert_eq!(
        world.status("eks-dedicated-cluster-role", &cluster_arn("two")),
        "NOT_AVAILABLE INFORMATIONAL",
        "the cluster that can't be read may use the same role"
    );
    assert_eq!(summary["errors"], 0);
    world.end();
}

#[test]
fn a_shared_role_fails_even_if_iam_cannot_be_read() {
    let mut world = World::with(json!({"clusters": [
        {"name": "one", "roleArn": "arn:aws:iam::111122223333:role/shared"},
        {"name": "two", "roleArn": "arn:aws:iam::111122223333:role/shared"},
    ], "roles": [{"RoleName": "shared"}]}));
    world.deny("iam.*");
    world.sweep();
    assert_eq!(
        world.status("eks-dedicated-cluster-role", &cluster_arn("one")),
        "FAILED MEDIUM"
    );
    world.end();
}

#[test]
fn a_denied_list_is_an_error_and_archives_nothing_of_its_kind() {
    let entries = json!({"clusters": [private_cluster("c")], "keys": [key("k", true)], "repositories": [{"repositoryName": "repo", "images": [{"scan": {}}]}]});
    for (operation, kept) in [
        ("eks.ListClusters", "cluster/"),
        ("kms.ListKeys", "key/"),
        ("ecr.DescribeRepositories", "repository/"),
        ("ecr.DescribeImages", "/sha256:"),
    ] {
        let mut world = World::with(entries.clone());
        world.sweep();
        world.change(|account| {
            account.clusters.clear();
            account.keys.clear();
            if operation == "ecr.DescribeImages" {
                account.repository("repo").unwrap().images.clear();
            } else {
                account.repositories.clear();
            }
        });
        world.deny(operation);
        assert_eq!(
            world.error("sweep", &json!({})).error_type,
            "NotListed",
            "{operation}"
        );
        for line in world.statuses() {
            let stays = line.contains(kept)
                || operation == "ecr.DescribeImages" && line.contains("repository/");
            assert_eq!(!line.starts_with("ARCHIVED"), stays, "{operation}: {line}");
        }
        world.end();
    }
}

#[test]
fn throttled_calls_are_retried() {
    let mut world =
        World::with(json!({"clusters": [private_cluster("c")], "keys": [key("k", true)]}));
    for operation in ["eks.*", "kms.*", "iam.*", "securityhub.*"] {
        world
            .aws
            .fail(Fault::new(operation, FaultKind::Throttle).times(1));
    }
    assert_eq!(world.sweep()["notAvailable"], 0);
    world.end();
}

#[test]
fn each_verdict_is_logged() {
    let mut world = World::with(json!({"keys": [key("k", true), key("l", false)]}));
    world.ok("sweep", &json!({"checks": [ROTATION]}));
    let lines: Vec<Value> = world
        .logs()
        .iter()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let decisions = lines
        .iter()
        .filter(|line| line["check"] == ROTATION && line["outcome"].is_string());
    assert_eq!(decisions.count(), 2);
    world.end();
}

#[test]
fn a_worker_processes_messages_independently() {
    let mut world =
        World::with(json!({"clusters": [private_cluster("c")], "keys": [key("k", true)]}));
    world.deny("kms.ListKeys");
    let message =
        |id: &str, body: &str| json!({"messageId": id, "body": body, "eventSource": "aws:sqs"});
    let event = json!({"Records": [
        message("fine", r#"{"checks": ["eks-endpoint-private"], "slice": 7}"#),
        message("poison", "not JSON"),
        message("unknown", r#"{"checks": ["nothing"]}"#),
        message("unlisted", r#"{"checks": ["kms-cmk-rotation"]}"#),
        message("unread", &json!({"checks": [ROTATION], "resources": [key_arn("k")]}).to_string()),
    ]});
    let answer = world.ok("sweep-worker", &event);
    let failures: Vec<&Value> = answer["batchItemFailures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|failure| &failure["itemIdentifier"])
        .collect();
    assert_eq!(failures, ["poison", "unknown", "unlisted"]);
    assert_eq!(
        world.statuses(),
        [
            "PASSED INFORMATIONAL eks-endpoint-private cluster/c",
            "PASSED INFORMATIONAL kms-cmk-rotation key/k"
        ]
    );
    assert_eq!(
        world.error("sweep-worker", &json!({})).error_type,
        "InvalidEvent"
    );
    world.end();
}

#[test]
fn resources_of_a_scheduled_event_are_ignored() {
    let mut world = World::with(json!({"keys": [key("k", true)]}));
    for event in [
        Value::Null,
        json!({"checks": null, "resources": []}),
        json!({"source": "aws.events", "detail-type": "Scheduled Event", "detail": {},
            "resources": ["arn:aws:events:eu-central-1:111122223333:rule/sweep"]}),
        json!({"source": "aws.scheduler", "detail-type": "Scheduled Event", "detail": "{}",
            "resources": ["arn:aws:scheduler:eu-central-1:111122223333:schedule/default/sweep"]}),
    ] {
        let summary = world.ok("sweep", &event);
        assert_eq!(summary["evaluated"], 1, "{event}");
    }
    world.end();
}

#[test]
fn scan_statuses_map_to_findings() {
    let status = |status: &str| json!({"imageScanStatus": {"status": status}});
    let found = |severity: &str| json!({"imageScanFindings": {"findings": [{"name": "CVE-2024-3094", "severity": severity}]}});
    let images = [
        ("never", Value::Null, "FAILED MEDIUM"),
        ("failed", status("FAILED"), "FAILED MEDIUM"),
        ("clean", json!({}), "PASSED INFORMATIONAL"),
        ("low", found("LOW"), "PASSED INFORMATIONAL"),
        ("high", found("HIGH"), "FAILED HIGH"),
        ("undefined", found("UNDEFINED"), "PASSED INFORMATIONAL"),
        (
            "active",
            json!({"imageScanFindings": {"enhancedFindings": []}}),
            "PASSED INFORMATIONAL",
        ),
        (
            "empty",
            json!({"imageScanStatus": {"status": "COMPLETE"}, "imageScanFindings": null}),
            "WARNING LOW",
        ),
        ("unsupported", status("UNSUPPORTED_IMAGE"), "WARNING LOW"),
        ("expired", status("SCAN_ELIGIBILITY_EXPIRED"), "WARNING LOW"),
        ("unavailable", status("FINDINGS_UNAVAILABLE"), "WARNING LOW"),
        ("limit", status("LIMIT_EXCEEDED"), "WARNING LOW"),
        ("size", status("IMAGE_SIZE_EXCEEDED"), "WARNING LOW"),
        ("new", status("SOMETHING_NEW"), "WARNING LOW"),
        ("pending", status("PENDING"), "none"),
        ("progress", status("IN_PROGRESS"), "none"),
    ];
    let entries: Vec<Value> = images
        .iter()
        .map(|(tag, scan, _)| json!({"imageTags": [tag], "scan": scan}))
        .collect();
    let mut world =
        World::with(json!({"repositories": [{"repositoryName": "repo", "images": entries}]}));
    world.sweep();
    for (tag, _, expected) in images {
        let mut digest = String::new();
        world.change(|account| {
            let image = account.repository("repo").unwrap().image(tag).unwrap();
            image.digest().clone_into(&mut digest);
        });
        let arn = format!("{}/{digest}", repository_arn("repo"));
        assert_eq!(
            world.status("ecr-image-scan-findings", &arn),
            expected,
            "{tag}"
        );
    }
    world.end();
}

#[test]
fn a_role_is_dedicated_only_if_nothing_else_uses_it() {
    let role = |name: &str| format!("arn:aws:iam::111122223333:role/{name}");
    let mut world = World::with(json!({
        "clusters": [
            private_cluster("own"),
            {"name": "one", "roleArn": role("shared")},
            {"name": "two", "roleArn": role("shared")},
            {"name": "nodes", "roleArn": role("nodes"), "nodegroups": [{"nodegroupName": "n", "nodeRole": role("nodes")}]},
            {"name": "missing", "roleArn": role("missing")},
            {"name": "unread", "roleArn": role("unread")},
        ],
        "roles": [{"RoleName": "shared"}, {"RoleName": "nodes"}, {"RoleName": "unread"}],
    }));
    world.aws.fail(
        Fault::new("iam.GetRole", FaultKind::AccessDenied).matching(json!({"RoleName": "unread"})),
    );
    world.ok("sweep", &json!({"checks": ["eks-dedicated-cluster-role"]}));
    assert_eq!(
        world.statuses(),
        [
            "FAILED MEDIUM eks-dedicated-cluster-role cluster/missing",
            "FAILED MEDIUM eks-dedicated-cluster-role cluster/nodes",
            "FAILED MEDIUM eks-dedicated-cluster-role cluster/one",
            "FAILED MEDIUM eks-dedicated-cluster-role cluster/two",
            "NOT_AVAILABLE INFORMATIONAL eks-dedicated-cluster-role cluster/unread",
            "PASSED INFORMATIONAL eks-dedicated-cluster-role cluster/own",
        ]
    );
    world.end();
}

#[test]
fn a_narrowed_sweep_finds_other_users_of_a_role() {
    let shared = "arn:aws:iam::111122223333:role/shared";
    let mut world = World::with(json!({
        "clusters": [{"name": "one", "roleArn": shared}, {"name": "two", "roleArn": shared}],
        "roles": [{"RoleName": "shared"}],
    }));
    world.ok(
        "sweep",
        &json!({"checks": ["eks-dedicated-cluster-role"], "resources": [cluster_arn("one")]}),
    );
    assert_eq!(
        world.statuses(),
        ["FAILED MEDIUM eks-dedicated-cluster-role cluster/one"]
    );
    world.end();
}

#[test]
fn unlisted_images_keep_their_findings_and_affect_no_other_repository() {
    let repository = |name: &str| json!({"repositoryName": name, "images": [{"imageTags": ["gone"], "scan": {}}, {"scan": {}}]});
    let mut world =
        World::with(json!({"repositories": [repository("denied"), repository("fine")]}));
    world.sweep();
    world.change(|account| {
        for repository in &mut account.repositories {
            repository.images.retain(|image| !image.has_tag("gone"));
        }
    });
    world.aws.fail(
        Fault::new("ecr.DescribeImages", FaultKind::AccessDenied)
            .matching(json!({"repositoryName": "denied"})),
    );
    let error = world.error("sweep", &json!({}));
    assert_eq!(error.error_type, "NotListed");
    assert!(error.error_message.contains("denied"), "{error}");
    let archived: Vec<String> = world
        .statuses()
        .into_iter()
        .filter(|line| line.starts_with("ARCHIVED"))
        .collect();
    assert!(
        archived.len() == 1 && archived[0].contains("repository/fine/"),
        "{archived:?}"
    );
    world.end();
}

#[test]
fn a_resource_that_can_no_longer_be_read_is_not_available_and_not_archived() {
    let mut world = World::with(json!({"keys": [key("denied", true), key("fine", true)]}));
    world.sweep();
    world.aws.fail(
        Fault::new("kms.DescribeKey", FaultKind::AccessDenied).matching(json!({"KeyId": "denied"})),
    );
    let summary = world.sweep();
    assert_eq!(
        (
            &summary["posted"],
            &summary["unchanged"],
            &summary["archived"]
        ),
        (&json!(1), &json!(1), &json!(0))
    );
    let finding = world.finding(ROTATION, &key_arn("denied")).unwrap();
    assert_eq!(
        world.status(ROTATION, &key_arn("denied")),
        "NOT_AVAILABLE INFORMATIONAL"
    );
    assert!(
        finding["Compliance"]["StatusReasons"][0]["ReasonCode"].is_string(),
        "{finding:?}"
    );
    world.end();
}

#[test]
fn a_resource_deleted_during_a_sweep_has_no_finding() {
    let mut world = World::with(json!({"keys": [key("gone", true), key("fine", true)]}));
    let gone = FaultKind::Error {
        code: "NotFoundException".into(),
        status: 400,
        message: "Key 'gone' does not exist".into(),
    };
    world
        .aws
        .fail(Fault::new("kms.DescribeKey", gone).matching(json!({"KeyId": "gone"})));
    assert_eq!(world.sweep()["errors"], 0);
    assert_eq!(
        world.statuses(),
        ["PASSED INFORMATIONAL kms-cmk-rotation key/fine"]
    );
    world.end();
}

#[test]
fn an_unread_scanning_configuration_affects_only_scan_on_push() {
    let mut world = World::with(
        json!({"repositories": [{"repositoryName": "repo", "imageTagMutability": "IMMUTABLE"}]}),
    );
    world.deny("ecr.GetRegistryScanningConfiguration");
    world.sweep();
    assert_eq!(
        world.statuses(),
        [
            "NOT_AVAILABLE INFORMATIONAL ecr-scan-on-push repository/repo",
            "PASSED INFORMATIONAL ecr-immutable-tags repository/repo",
        ]
    );
    world.end();
}

#[test]
fn a_sweep_uses_parameters_from_the_environment() {
    let parameters = r#"{"kms-cmk-rotation": {"maxRotationPeriodDays": "90"}}"#;
    let mut world =
        World::with(json!({"keys": [key("k", true)]})).and("EKSENTRY_PARAMETERS", parameters);
    world.sweep();
    assert_eq!(world.status(ROTATION, &key_arn("k")), "FAILED MEDIUM");
    world.end();
}

#[test]
fn with_security_hub_off_a_sweep_evaluates_and_posts_nothing() {
    let mut world =
        World::with(json!({"keys": [key("k", true)]})).and("EKSENTRY_SECURITY_HUB", "off");
    let summary = world.sweep();
    assert_eq!(
        (&summary["passed"], &summary["posted"]),
        (&json!(1), &json!(0))
    );
    let calls = world.aws.calls();
    assert!(
        calls.iter().all(|call| call.service != "securityhub"),
        "{calls:?}"
    );
    world.end();
}

#[test]
fn a_redelivered_slice_posts_nothing() {
    let ids: Vec<String> = (0..45).map(|n| format!("key-{n:02}")).collect();
    let keys: Vec<Value> = ids.iter().map(|id| key(id, true)).collect();
    let arns: Vec<String> = ids.iter().map(|id| key_arn(id)).collect();
    let mut world = World::with(json!({"keys": keys}));
    let slice =
        json!({"Records": [{"messageId": "m", "body": json!({"resources": arns}).to_string()}]});
    for _ in 0..2 {
        let answer = world.ok("sweep-worker", &slice);
        assert_eq!(answer, json!({"batchItemFailures": []}));
    }
    assert_eq!(world.statuses().len(), 45);
    assert_eq!(world.calls("securityhub.BatchImportFindings"), 1);
    world.end();
}
