//! The networks and nodes of clusters: which calls are made, and what a failed call leaves.

use std::collections::BTreeSet;

use eksentry_tests::stand_in::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::network::with_network;
use crate::world::{ACCOUNT, CLUSTER, REGION, World, change_event, cluster_arn, private_cluster};

const GROUPS: &str = "eks-security-groups-restricted";
const PRIVATE: &str = "eks-nodes-private";
const CURRENT: &str = "eks-nodes-current";
const ENDPOINTS: &str = "eks-ecr-endpoints";
const FLOW_LOGS: &str = "eks-vpc-flow-logs";

/// The checks that need neither nodes nor networks, and that no check of these may make more expensive.
const FIRST: [&str; 9] = [
    "ecr-image-scan-findings",
    "ecr-immutable-tags",
    "ecr-scan-on-push",
    "eks-control-plane-logging",
    "eks-dedicated-cluster-role",
    "eks-endpoint-private",
    "eks-secrets-customer-managed-key",
    "eks-secrets-envelope-encryption",
    "kms-cmk-rotation",
];

/// Returns a world with clusters that each have a node.
fn clusters(names: &[&str]) -> World {
    let node = |name: &&str| {
        json!({
            "InstanceId": format!("i-{name}"),
            "Tags": [{"Key": "aws:eks:cluster-name", "Value": name}, {"Key": "eks:nodegroup-name", "Value": "general"}],
        })
    };
    let entries = json!({
        "clusters": names.iter().map(|name| private_cluster(name)).collect::<Vec<_>>(),
        "instances": names.iter().map(node).collect::<Vec<_>>(),
    });
    World::with(with_network(ACCOUNT, REGION, entries))
}

/// Returns the names of the operations that were called.
fn called(world: &World) -> BTreeSet<String> {
    let calls = world.aws.calls().into_iter();
    calls.map(|call| call.name()).collect()
}

/// Asserts that there are findings, and that all of them passed.
fn assert_all_passed(world: &World) {
    let statuses = world.statuses();
    assert!(!statuses.is_empty());
    assert!(
        statuses.iter().all(|line| line.starts_with("PASSED")),
        "{statuses:?}"
    );
}

#[test]
fn a_sweep_of_the_first_checks_makes_no_call_for_others() {
    let mut world = World::demo();
    world.ok("sweep", &json!({"checks": FIRST}));
    let of_resources = [
        "ec2.",
        "ecr.",
        "eks.",
        "elasticloadbalancing.",
        "iam.",
        "kms.",
    ];
    let called = called(&world).into_iter();
    let called: Vec<String> = called
        .filter(|name| of_resources.iter().any(|service| name.starts_with(service)))
        .collect();
    assert_eq!(
        called,
        [
            "ecr.BatchGetImage",
            "ecr.DescribeImageScanFindings",
            "ecr.DescribeImages",
            "ecr.DescribeRepositories",
            "ecr.GetRegistryScanningConfiguration",
            "eks.DescribeCluster",
            "eks.DescribeNodegroup",
            "eks.ListClusters",
            "eks.ListNodegroups",
            "iam.GetPolicy",
            "iam.GetPolicyVersion",
            "iam.GetRole",
            "iam.GetRolePolicy",
            "iam.ListAttachedRolePolicies",
            "iam.ListRolePolicies",
            "kms.DescribeKey",
            "kms.GetKeyRotationStatus",
            "kms.ListKeys",
        ]
    );
    world.end();
}

#[test]
fn a_sweep_lists_what_all_clusters_use_once() {
    let mut world = clusters(&["a", "b", "c"]);
    world.ok(
        "sweep",
        &json!({"checks": [GROUPS, PRIVATE, CURRENT, ENDPOINTS, FLOW_LOGS]}),
    );
    for operation in [
        "ec2.DescribeInstances",
        "ec2.DescribeSubnets",
        "ec2.DescribeSecurityGroups",
        "ec2.DescribeManagedPrefixLists",
        "ec2.GetManagedPrefixListEntries",
        "ec2.DescribeImages",
        "ec2.DescribeFlowLogs",
        "ec2.DescribeVpcEndpoints",
    ] {
        assert_eq!(world.calls(operation), 1, "{operation}");
    }
    assert_all_passed(&world);
    world.end();
}

#[test]
fn a_rule_asks_only_for_what_its_cluster_uses() {
    let mut world = clusters(&["a", "b"]);
    world.change(|account| {
        let other = json!({"resourcesVpcConfig": {
            "vpcId": "vpc-b", "subnetIds": ["subnet-b"], "clusterSecurityGroupId": "sg-b",
            "endpointPublicAccess": false, "endpointPrivateAccess": true,
        }});
        let cluster = account.clusters.iter_mut().find(|one| one.name() == "b");
        let cluster = &mut cluster.unwrap().members;
        cluster.extend(other.as_object().unwrap().clone());
    });
    for check in [GROUPS, ENDPOINTS, FLOW_LOGS] {
        let token = world.aws.result_token(&format!("eksentry-{check}"));
        world.ok(
            "config-rule",
            &change_event(&token, check, CLUSTER, "a", "OK"),
        );
    }
    for call in world.aws.calls() {
        let members = Value::from(call.members.clone()).to_string();
        for of_other in ["vpc-b", "subnet-b", "sg-b", "\"b\""] {
            assert!(!members.contains(of_other), "{} {members}", call.name());
        }
    }
    assert_eq!(world.calls("eks.ListClusters"), 0);
    assert_eq!(world.calls("ec2.DescribeFlowLogs"), 1);
    world.end();
}

#[test]
fn a_denied_list_concerns_only_the_checks_that_need_it() {
    let mut world = clusters(&["a"]);
    world.deny("ec2.DescribeFlowLogs");
    let checks = json!({"checks": [GROUPS, PRIVATE, ENDPOINTS, FLOW_LOGS]});
    world.ok("sweep", &checks);
    let arn = cluster_arn("a");
    for (check, expected) in [
        (GROUPS, "PASSED INFORMATIONAL"),
        (PRIVATE, "PASSED INFORMATIONAL"),
        (ENDPOINTS, "PASSED INFORMATIONAL"),
        (FLOW_LOGS, "NOT_AVAILABLE INFORMATIONAL"),
    ] {
        assert_eq!(world.status(check, &arn), expected, "{check}");
    }
    world.end();
}

#[test]
fn throttling_of_ec2_slows_a_sweep_down_and_changes_no_result() {
    let mut world = clusters(&["a", "b"]);
    world
        .aws
        .fail(Fault::new("ec2.*", FaultKind::Throttle).times(8));
    world.ok(
        "sweep",
        &json!({"checks": [GROUPS, PRIVATE, CURRENT, ENDPOINTS, FLOW_LOGS]}),
    );
    assert_all_passed(&world);
    world.end();
}
