//! `sweep` and `sweep-worker`, end to end.

mod events;
mod failed_calls;

use std::collections::BTreeSet;

use eksentry_core::FactsOf;
use eksentry_core::facts::{EcrRepository, EfsFileSystem, EksCluster, KmsKey};
use eksentry_tests::stand_in::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::network::with_network;
use crate::world::{
    ACCOUNT, REGION, World, checks_of, key, key_arn, load_balancer, private_cluster, repository_arn,
};

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
    let balancers = balancers(&world);
    let findings = world.statuses().len();
    for (operation, most) in [
        ("eks.ListClusters", 1),
        ("eks.DescribeCluster", clusters),
        // One call lists the nodes, and one the instances that unencrypted volumes are attached to.
        ("ec2.DescribeInstances", 2),
        ("ec2.DescribeVolumes", 1),
        ("ec2.GetEbsEncryptionByDefault", 1),
        ("cloudtrail.DescribeTrails", 1),
        ("cloudtrail.GetTrailStatus", 1),
        ("cloudtrail.GetEventSelectors", 1),
        ("elasticfilesystem.DescribeFileSystems", 1),
        ("elasticfilesystem.DescribeAccessPoints", 1),
        ("eks.DescribeClusterVersions", 1),
        ("eks.ListAccessEntries", 2 * clusters),
        ("eks.ListAddons", clusters),
        ("eks.ListInsights", clusters),
        ("eks.ListNodegroups", clusters),
        ("eks.ListPodIdentityAssociations", clusters),
        ("iam.ListOpenIDConnectProviders", 1),
        ("iam.ListRoles", 1),
        // A role for each cluster and for its nodes.
        ("iam.GetRole", 2 * clusters),
        ("iam.GetInstanceProfile", clusters),
        ("ec2.DescribeSubnets", 1),
        ("ec2.DescribeSecurityGroups", 1),
        ("ec2.DescribeManagedPrefixLists", 1),
        ("ec2.DescribeImages", 1),
        ("ec2.DescribeFlowLogs", 1),
        ("ec2.DescribeVpcEndpoints", 1),
        ("elasticloadbalancing.DescribeLoadBalancers", 1),
        ("elasticloadbalancing.DescribeListeners", balancers),
        ("elasticloadbalancing.DescribeRules", balancers),
        ("elasticloadbalancing.DescribeSSLPolicies", 1),
        ("guardduty.ListDetectors", 1),
        ("guardduty.GetDetector", 1),
        ("guardduty.ListCoverage", 1),
        ("logs.DescribeLogGroups", 1),
        ("logs.DescribeSubscriptionFilters", clusters),
        ("logs.DescribeMetricFilters", clusters),
        ("logs.DescribeAccountPolicies", 1),
        ("monitoring.DescribeAlarms", 1),
        // Four calls find load balancers, and for each part, some read the tags of a hundred resources.
        ("tagging.GetResources", 10 + findings / 100),
        ("kms.GetKeyLastUsage", 2),
        ("kms.ListAliases", 0),
        ("kms.ListKeys", 1),
        // One call lists the repositories, and one checks for the account whether there are any.
        ("ecr.DescribeRepositories", 2),
        ("ecr.GetRegistryScanningConfiguration", 1),
        ("ecr.GetLifecyclePolicy", repositories),
        ("inspector2.BatchGetAccountStatus", 1),
        ("ecr.GetRegistryPolicy", 1),
        ("ecr.GetAccountSetting", 1),
        ("ecr.DescribeRepositoryCreationTemplates", 1),
        ("ecr.GetRepositoryPolicy", repositories),
        ("kms.GetKeyPolicy", keys),
        ("organizations.DescribeOrganization", 1),
        ("ecr.DescribeImages", repositories),
        ("ecr.DescribeImageScanFindings", images),
        // For each part, one call sends a hundred findings and one archives findings.
        ("securityhub.BatchImportFindings", 8 + findings / 100),
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

/// Returns the number of load balancers in the account.
fn balancers(world: &World) -> usize {
    let mut count = 0;
    world.change(|account| {
        let balancers = account.collections.get("load_balancers");
        count = balancers.and_then(Value::as_array).map_or(0, Vec::len);
    });
    count
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
fn all_pages_of_every_list_are_read() {
    let clusters: Vec<Value> = (0..5).map(|n| private_cluster(&format!("c{n}"))).collect();
    let balancers: Vec<Value> = (0..5).map(|n| load_balancer(&format!("c{n}"))).collect();
    let keys: Vec<Value> = (0..5).map(|n| key(&format!("k{n}"), true)).collect();
    let repositories: Vec<Value> = (0..5)
        .map(|n| json!({"repositoryName": format!("r{n}"), "images": [{"scan": {}}, {"imageTags": ["a"], "scan": {}}, {"imageTags": ["b"], "scan": {}}]}))
        .collect();
    let file_systems = (0..5).map(|n| json!({"FileSystemId": format!("fs-0000000{n}")}));
    let file_systems: Vec<Value> = file_systems.collect();
    let access_points = (0..5).map(|n| {
        json!({
            "AccessPointId": format!("fsap-0000000{n}"),
            "FileSystemId": format!("fs-0000000{n}"),
            "Tags": [{"Key": "efs.csi.aws.com/cluster", "Value": "true"}],
        })
    });
    let access_points: Vec<Value> = access_points.collect();
    let entries = json!({
        "clusters": clusters, "load_balancers": balancers, "keys": keys, "repositories": repositories,
        "file_systems": file_systems, "access_points": access_points,
    });
    let mut world = World::with(with_network(ACCOUNT, REGION, entries));
    world.change(|account| account.page_size = Some(2));
    let summary = world.sweep();
    let of_five = [
        EksCluster::KIND,
        KmsKey::KIND,
        EcrRepository::KIND,
        EfsFileSystem::KIND,
    ];
    let evaluated = 5 * of_five.map(checks_of).iter().sum::<usize>() + 15;
    assert_eq!(summary["evaluated"], evaluated);
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
