//! Amazon EKS: clusters and their node groups.

use serde_json::{Value, json};

use super::{
    paging::Paging,
    service::AwsError,
    wire::{Request, epochs, record},
};
use crate::account::{Account, Cluster, Record, digest, text};

const PAGES: Paging = Paging {
    size: "maxResults",
    token: "nextToken",
    usual: 100,
    sizes: (1, 100),
    bad_token: "InvalidParameterException",
};
const MOMENTS: [&str; 3] = ["activationExpiry", "createdAt", "modifiedAt"];

pub(super) fn answer(account: &Account, request: &Request) -> Result<Value, AwsError> {
    let mut answer = match request.operation.as_str() {
        "ListClusters" => list_clusters(account, request),
        "DescribeCluster" => describe_cluster(account, request),
        "ListNodegroups" => list_nodegroups(account, request),
        "DescribeNodegroup" => describe_nodegroup(account, request),
        other => Err(AwsError::unknown_operation(other)),
    }?;
    epochs(&mut answer, &MOMENTS);
    Ok(answer)
}

fn list_clusters(account: &Account, request: &Request) -> Result<Value, AwsError> {
    // EKS lists registered clusters only if a request has `include`.
    let is_of_eks = |cluster: &Cluster| !is_connected(cluster);
    let (clusters, token) = PAGES.page_of(account, request, &account.clusters, is_of_eks)?;
    let names: Vec<&str> = clusters.into_iter().map(Cluster::name).collect();
    Ok(json!({"clusters": names, "nextToken": token}))
}

/// Returns `true` if a cluster is only registered, through EKS Connector.
fn is_connected(cluster: &Cluster) -> bool {
    let connector = cluster.members.get("connectorConfig");
    connector.is_some_and(|connector| !connector.is_null())
}

fn describe_cluster(account: &Account, request: &Request) -> Result<Value, AwsError> {
    let cluster = find(account, request.required_text("name")?)?;
    Ok(json!({"cluster": described(account, cluster)}))
}

fn list_nodegroups(account: &Account, request: &Request) -> Result<Value, AwsError> {
    let groups = &find(account, request.required_text("clusterName")?)?.nodegroups;
    let (range, token) = PAGES.page(account, request, groups.len())?;
    let names: Vec<&str> = groups[range]
        .iter()
        .map(|group| text(group, "nodegroupName"))
        .collect();
    Ok(json!({"nodegroups": names, "nextToken": token}))
}

fn describe_nodegroup(account: &Account, request: &Request) -> Result<Value, AwsError> {
    let cluster = find(account, request.required_text("clusterName")?)?;
    let name = request.required_text("nodegroupName")?;
    let group = cluster
        .nodegroups
        .iter()
        .find(|group| text(group, "nodegroupName") == name);
    let group = group.ok_or_else(|| not_found(format!("No node group found for name: {name}.")))?;
    Ok(json!({"nodegroup": described_nodegroup(account, cluster, group)}))
}

fn find<'a>(account: &'a Account, name: &str) -> Result<&'a Cluster, AwsError> {
    let cluster = account.served_cluster(name);
    cluster.ok_or_else(|| not_found(format!("No cluster found for name: {name}.")))
}

fn not_found(message: String) -> AwsError {
    AwsError::new("ResourceNotFoundException", message).status(404)
}

/// Returns EKS's description of a cluster that was created with only a name, overridden by the account file.
fn described(account: &Account, cluster: &Cluster) -> Record {
    let (name, region) = (cluster.name(), &account.region);
    if is_connected(cluster) {
        return registered(account, cluster);
    }
    let issuer = &digest(name)[..32];
    let mut members = record(json!({
        "arn": cluster_arn(account, cluster),
        "createdAt": "2024-05-06T07:08:09Z",
        "version": "1.33",
        "endpoint": format!("https://{}.gr7.{region}.eks.amazonaws.com", issuer.to_uppercase()),
        "roleArn": account.arn("iam", "", &format!("role/{}", own_role(cluster))),
        "resourcesVpcConfig": {
            "subnetIds": ["subnet-0a1b2c3d4e5f60001", "subnet-0a1b2c3d4e5f60002"],
            "securityGroupIds": [],
            "clusterSecurityGroupId": "sg-0a1b2c3d4e5f60001",
            "vpcId": "vpc-0a1b2c3d4e5f60001",
            "endpointPublicAccess": true,
            "endpointPrivateAccess": false,
            "publicAccessCidrs": ["0.0.0.0/0"],
        },
        "kubernetesNetworkConfig": {"serviceIpv4Cidr": "10.100.0.0/16", "ipFamily": "ipv4"},
        "logging": {"clusterLogging": [{
            "types": ["api", "audit", "authenticator", "controllerManager", "scheduler"],
            "enabled": false,
        }]},
        "identity": {"oidc": {"issuer": format!("https://oidc.eks.{region}.amazonaws.com/id/{issuer}")}},
        "status": "ACTIVE",
        "certificateAuthority": {"data": "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t"},
        "platformVersion": "eks.1",
        "tags": {},
        "health": {"issues": []},
        "accessConfig": {"authenticationMode": "CONFIG_MAP"},
        "deletionProtection": false,
    }));
    members.extend(cluster.members.clone());
    members
}

/// Returns EKS's description of a cluster that is only registered. It has no endpoint, logs, key or role.
fn registered(account: &Account, cluster: &Cluster) -> Record {
    let mut members = record(json!({
        "arn": cluster_arn(account, cluster),
        "createdAt": "2024-05-06T07:08:09Z",
        "status": "ACTIVE",
        "tags": {},
    }));
    members.extend(cluster.members.clone());
    members
}

fn described_nodegroup(account: &Account, cluster: &Cluster, group: &Record) -> Record {
    let (name, cluster_name) = (text(group, "nodegroupName"), cluster.name());
    let mut members = record(json!({
        "clusterName": cluster_name,
        "nodegroupArn": account.arn("eks", &account.region, &format!("nodegroup/{cluster_name}/{name}/{}", &digest(name)[..8])),
        "version": cluster.members.get("version").unwrap_or(&"1.33".into()),
        "createdAt": "2024-05-06T07:18:09Z",
        "modifiedAt": "2024-05-06T07:28:09Z",
        "status": "ACTIVE",
        "capacityType": "ON_DEMAND",
        "scalingConfig": {"minSize": 2, "maxSize": 6, "desiredSize": 3},
        "instanceTypes": ["m7g.large"],
        "subnets": ["subnet-0a1b2c3d4e5f60001", "subnet-0a1b2c3d4e5f60002"],
        "amiType": "AL2023_ARM_64_STANDARD",
        "nodeRole": account.arn("iam", "", &format!("role/{}", own_node_role(cluster))),
        "diskSize": 20,
        "health": {"issues": []},
        "tags": {},
    }));
    members.extend(group.clone());
    members
}

pub(super) fn cluster_arn(account: &Account, cluster: &Cluster) -> String {
    match text(&cluster.members, "arn") {
        "" => account.arn(
            "eks",
            &account.region,
            &format!("cluster/{}", cluster.name()),
        ),
        given => given.to_owned(),
    }
}

/// Returns the name of the role that exists for a cluster whose entry names none.
pub(super) fn own_role(cluster: &Cluster) -> String {
    format!("eks-{}", cluster.name())
}

/// Returns the name of the role that exists for the node groups whose entries name none.
pub(super) fn own_node_role(cluster: &Cluster) -> String {
    format!("eks-{}-nodes", cluster.name())
}
