//! The accounts that are swept.

use std::fmt;

use eksentry_tests::account::{Account, AccountError};
use serde_json::{Value, json};

use super::{ACCOUNT, BUCKET, REGION};

const REPOSITORIES_A_CLUSTER: usize = 100;
const REPOSITORIES_A_KEY: usize = 20;

const NODES_A_CLUSTER: usize = 15;

/// The subnets of a cluster, all of which its node groups use.
const SUBNETS_A_CLUSTER: usize = 3;

const ADDONS: [&str; 5] = [
    "aws-ebs-csi-driver",
    "coredns",
    "eks-pod-identity-agent",
    "kube-proxy",
    "vpc-cni",
];

/// The size of an account.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Size {
    /// A number of repositories with as many images each, and a few clusters and keys.
    Repositories { repositories: usize, images: usize },
    /// Clusters of a fleet, and repositories and keys independent of them.
    Mixed {
        clusters: usize,
        repositories: usize,
        images: usize,
        keys: usize,
    },
    /// Clusters, and the number of their nodes together.
    Clusters { clusters: usize, nodes: usize },
    /// One cluster with a number of pods.
    Pods(usize),
}

impl fmt::Display for Size {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repositories {
                repositories,
                images,
            } => write!(formatter, "{repositories} repositories of {images} images"),
            Self::Mixed {
                clusters,
                repositories,
                images,
                keys,
            } => write!(
                formatter,
                "{clusters} clusters, {repositories} repositories of {images} images, {keys} keys"
            ),
            Self::Clusters { clusters, nodes } => {
                write!(formatter, "{clusters} clusters, {nodes} nodes")
            }
            Self::Pods(count) => write!(formatter, "{count} pods"),
        }
    }
}

impl Size {
    pub(crate) fn account(self) -> Result<Account, AccountError> {
        match self {
            Self::Repositories {
                repositories,
                images,
            } => registries(repositories, images),
            Self::Mixed {
                clusters,
                repositories,
                images,
                keys,
            } => {
                let mut account = fleet(clusters, clusters * NODES_A_CLUSTER)?;
                account.add(json!({
                    "repositories": each_repository(repositories, images),
                    "keys": each_key(keys),
                }))?;
                Ok(account)
            }
            Self::Clusters { clusters, nodes } => fleet(clusters, nodes),
            Self::Pods(_) => fleet(0, 0),
        }
    }

    /// Returns the name of the sweep after a change.
    pub(crate) fn change_name(self) -> &'static str {
        match self {
            Self::Repositories { .. } | Self::Mixed { .. } | Self::Pods(_) => "1 % changed",
            Self::Clusters { .. } => "nodes replaced",
        }
    }

    /// Gives one repository in a hundred other settings, and removes one image in a hundred; or replaces all nodes. The
    /// pods are not in the account.
    pub(crate) fn change(self, account: &mut Account) {
        match self {
            Self::Repositories { images, .. } | Self::Mixed { images, .. } => {
                change_repositories(account, images);
            }
            Self::Clusters { clusters, nodes } => {
                let instances = (0..nodes).map(|number| instance(number, clusters, "j"));
                let instances: Vec<Value> = instances.collect();
                account
                    .collections
                    .insert("instances".to_owned(), instances.into());
            }
            Self::Pods(_) => {}
        }
    }
}

/// Returns an account with one cluster and five keys per hundred repositories.
fn registries(repositories: usize, images: usize) -> Result<Account, AccountError> {
    let clusters = 0..repositories / REPOSITORIES_A_CLUSTER;
    let mut account = Account::empty(ACCOUNT, REGION);
    account.add(json!({
        "repositories": each_repository(repositories, images),
        "clusters": clusters.map(cluster).collect::<Vec<_>>(),
        "keys": each_key(repositories / REPOSITORIES_A_KEY),
        "buckets": [BUCKET],
    }))?;
    Ok(account)
}

fn each_repository(repositories: usize, images: usize) -> Vec<Value> {
    let each = 0..repositories;
    each.map(|number| repository(number, images)).collect()
}

fn each_key(keys: usize) -> Vec<Value> {
    let each = 0..keys;
    each.map(|number| json!({"rotation": {"KeyRotationEnabled": number % 2 == 0}}))
        .collect()
}

/// Returns a repository. The last image of one repository in ten has vulnerabilities.
fn repository(number: usize, images: usize) -> Value {
    let found = ["CVE-2024-3094", "CVE-2021-44228", "CVE-2022-37434"];
    let found = found.map(|name| json!({"name": name, "severity": "HIGH"}));
    let found = if number.is_multiple_of(10) {
        &found[..]
    } else {
        &[]
    };
    let images: Vec<Value> = (1..=images)
        .map(|version| {
            let scan = if version == images {
                json!({"imageScanFindings": {"findings": found}})
            } else {
                json!({})
            };
            json!({"imageTags": [format!("v{version}")], "scan": scan})
        })
        .collect();
    json!({
        "repositoryName": format!("team-{}/service-{:04}", number / 100, number % 100),
        "imageTagMutability": if number.is_multiple_of(2) { "MUTABLE" } else { "IMMUTABLE" },
        "images": images,
    })
}

fn cluster(number: usize) -> Value {
    let node_groups = if number.is_multiple_of(4) {
        json!([{"nodegroupName": "general"}])
    } else {
        json!([])
    };
    json!({"name": format!("cluster-{number}"), "nodegroups": node_groups})
}

/// Returns an account with clusters, each with its own VPC, two administrators and five add-ons. Every other cluster has
/// two node groups.
fn fleet(clusters: usize, nodes: usize) -> Result<Account, AccountError> {
    let each = || 0..clusters;
    let subnets = each().flat_map(|number| {
        (0..SUBNETS_A_CLUSTER).map(
            move |position| json!({"SubnetId": subnet(number, position), "VpcId": vpc(number)}),
        )
    });
    let endpoints = each().flat_map(|number| {
        ["ecr.api", "ecr.dkr", "s3"].map(|service| {
            json!({
                "VpcEndpointId": format!("vpce-{service}-{number}"),
                "VpcId": vpc(number),
                "ServiceName": format!("com.amazonaws.{REGION}.{service}"),
            })
        })
    });
    let mut account = Account::empty(ACCOUNT, REGION);
    account.add(json!({
        "clusters": each().map(cluster_of_fleet).collect::<Vec<_>>(),
        "roles": [{"RoleName": "operations"}, {"RoleName": "pipeline"}],
        "instances": (0..nodes).map(|number| instance(number, clusters, "i")).collect::<Vec<_>>(),
        "subnets": subnets.collect::<Vec<_>>(),
        "security_groups": each().map(|number| json!({"GroupId": group(number)})).collect::<Vec<_>>(),
        "flow_logs": each().map(|number| json!({"FlowLogId": format!("fl-{number}"), "ResourceId": vpc(number)}))
            .collect::<Vec<_>>(),
        "vpc_endpoints": endpoints.collect::<Vec<_>>(),
        "buckets": [BUCKET],
    }))?;
    Ok(account)
}

fn vpc(cluster: usize) -> String {
    format!("vpc-{cluster}")
}

fn subnet(cluster: usize, position: usize) -> String {
    format!("subnet-{cluster}-{position}")
}

fn group(cluster: usize) -> String {
    format!("sg-{cluster}")
}

fn cluster_of_fleet(number: usize) -> Value {
    let subnets: Vec<String> = (0..SUBNETS_A_CLUSTER)
        .map(|position| subnet(number, position))
        .collect();
    let groups = if number.is_multiple_of(2) {
        &["general", "batch"][..]
    } else {
        &["general"]
    };
    let groups = groups
        .iter()
        .map(|name| json!({"nodegroupName": name, "subnets": subnets}));
    let admin = |role: &str| {
        json!({
            "principalArn": format!("arn:aws:iam::{ACCOUNT}:role/{role}"),
            "associatedAccessPolicies": [{
                "policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
                "accessScope": {"type": "cluster"},
                "associatedAt": "2024-06-07T08:09:10Z",
                "modifiedAt": "2024-06-07T08:09:10Z",
            }],
        })
    };
    let admins = ["operations", "pipeline"].map(admin);
    let addons = ADDONS.map(|name| json!({"addonName": name}));
    json!({
        "name": format!("cluster-{number}"),
        "resourcesVpcConfig": {
            "vpcId": vpc(number),
            "subnetIds": subnets,
            "clusterSecurityGroupId": group(number),
            "endpointPublicAccess": false,
            "endpointPrivateAccess": true,
        },
        "accessConfig": {"authenticationMode": "API"},
        "accessEntries": admins,
        "addons": addons,
        "insights": [{"id": "4cf936e8", "name": "Kubelet version skew"}],
        "nodegroups": groups.collect::<Vec<_>>(),
    })
}

/// Returns a node of one of the clusters. `prefix` distinguishes it from the node that it replaces.
fn instance(number: usize, clusters: usize, prefix: &str) -> Value {
    let cluster = number % clusters.max(1);
    let group = json!([{"GroupId": group(cluster)}]);
    let subnet = subnet(cluster, number / clusters.max(1) % SUBNETS_A_CLUSTER);
    json!({
        "InstanceId": format!("i-{prefix}{number}"),
        "SubnetId": subnet,
        "VpcId": vpc(cluster),
        "SecurityGroups": group,
        "NetworkInterfaces": [{"SubnetId": subnet, "Groups": group}],
        "Tags": [
            {"Key": "aws:eks:cluster-name", "Value": format!("cluster-{cluster}")},
            {"Key": "eks:nodegroup-name", "Value": "general"},
        ],
    })
}

/// Gives one repository in a hundred other settings, and removes one image in a hundred.
fn change_repositories(account: &mut Account, images: usize) {
    for repository in account.repositories.iter_mut().step_by(100) {
        let members = &mut repository.members;
        members.insert("imageTagMutability".to_owned(), "IMMUTABLE".into());
    }
    let every = 100 / images.clamp(1, 100);
    for repository in account.repositories.iter_mut().skip(1).step_by(every) {
        repository.images.pop();
    }
}
