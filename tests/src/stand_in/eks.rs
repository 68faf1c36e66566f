//! Amazon EKS: clusters, the versions that EKS offers, and access entries.

use serde_json::{Value, json};

use super::{
    collection::entries,
    service::AwsError,
    wire::{Request, record},
};
use crate::account::{Account, Cluster, Record, text};

/// The Kubernetes versions that EKS offers unless the account file lists others: each with the last days of its standard
/// and its extended support. Those that have not passed are far away, so that results do not change with time.
const VERSIONS: [(&str, &str, &str); 6] = [
    ("1.36", "2098-08-02", "2099-08-02"),
    ("1.35", "2098-03-27", "2099-03-27"),
    ("1.34", "2097-12-02", "2098-12-02"),
    ("1.33", "2097-07-29", "2098-07-29"),
    ("1.32", "2026-03-23", "2097-03-23"),
    ("1.31", "2025-11-26", "2096-11-26"),
];

/// Returns `true` if a cluster is only registered, through EKS Connector.
pub(super) fn is_connected(cluster: &Record) -> bool {
    !cluster.get("connectorConfig").is_none_or(Value::is_null)
}

pub(super) fn describe_cluster_versions(
    account: &Account,
    request: &Request,
) -> Result<Value, AwsError> {
    request.allow_members(&["includeAll", "maxResults", "nextToken"])?;
    let listed = account.entries("cluster_versions");
    let versions: Vec<Record> = if listed.is_empty() {
        VERSIONS.map(version).to_vec()
    } else {
        listed.into_iter().cloned().collect()
    };
    let (range, token) = request.paging()?.page(account, request, versions.len())?;
    Ok(request
        .paging()?
        .response(versions[range].to_vec(), token)
        .into())
}

fn version((version, standard, extended): (&str, &str, &str)) -> Record {
    let (status, older) = if standard < "2027" {
        ("EXTENDED_SUPPORT", "extended-support")
    } else {
        ("STANDARD_SUPPORT", "standard-support")
    };
    record(json!({
        "clusterVersion": version,
        "clusterType": "eks",
        "defaultPlatformVersion": "eks.9",
        "defaultVersion": version == "1.35",
        "endOfStandardSupportDate": format!("{standard}T00:00:00Z"),
        "endOfExtendedSupportDate": format!("{extended}T00:00:00Z"),
        "status": older,
        "versionStatus": status,
    }))
}

/// Lists the principals of access entries, of those with an associated policy if the request names one.
pub(super) fn list_access_entries(account: &Account, request: &Request) -> Result<Value, AwsError> {
    request.allow_members(&[
        "clusterName",
        "associatedPolicyArn",
        "maxResults",
        "nextToken",
    ])?;
    let cluster = cluster(account, request)?;
    let policy = request.text("associatedPolicyArn")?;
    let has_policy = |entry: &&Record| {
        let mut policies = entries(entry.get("associatedAccessPolicies"));
        policy.is_none_or(|wanted| policies.any(|policy| text(policy, "policyArn") == wanted))
    };
    let all = entries(cluster.members.get("accessEntries")).filter(has_policy);
    let names: Vec<&str> = all.map(|entry| text(entry, "principalArn")).collect();
    let (range, token) = request.paging()?.page(account, request, names.len())?;
    Ok(request
        .paging()?
        .response(names[range].to_vec(), token)
        .into())
}

pub(super) fn list_associated_access_policies(
    account: &Account,
    request: &Request,
) -> Result<Value, AwsError> {
    request.allow_members(&["clusterName", "principalArn", "maxResults", "nextToken"])?;
    let cluster = cluster(account, request)?;
    let principal = request.required_text("principalArn")?;
    let mut all = entries(cluster.members.get("accessEntries"));
    let entry = all.find(|entry| text(entry, "principalArn") == principal);
    let entry = entry.ok_or_else(|| {
        let message = format!("The specified principalArn could not be found: {principal}.");
        AwsError::new("ResourceNotFoundException", message).status(404)
    })?;
    let policies: Vec<Record> = entries(entry.get("associatedAccessPolicies"))
        .cloned()
        .collect();
    let (range, token) = request.paging()?.page(account, request, policies.len())?;
    let mut response = request.paging()?.response(policies[range].to_vec(), token);
    response.insert("clusterName".to_owned(), cluster.name().into());
    response.insert("principalArn".to_owned(), principal.into());
    Ok(response.into())
}

/// Returns the cluster of a request about access entries. Its authentication mode must include these.
fn cluster<'a>(account: &'a Account, request: &Request) -> Result<&'a Cluster, AwsError> {
    let name = request.required_text("clusterName")?;
    let cluster = account.served_cluster(name).ok_or_else(|| {
        let message = format!("No cluster found for name: {name}.");
        AwsError::new("ResourceNotFoundException", message).status(404)
    })?;
    let access = cluster.members.get("accessConfig");
    let mode = access.and_then(|access| access.get("authenticationMode"));
    if mode.is_none_or(|mode| mode == "CONFIG_MAP") {
        let message = "The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation.";
        return Err(AwsError::new("InvalidRequestException", message));
    }
    Ok(cluster)
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
