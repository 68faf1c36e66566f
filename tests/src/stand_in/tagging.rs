//! Resource Groups Tagging API: the tags of many resources at once.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{ecr, eks, kms, paging::Paging, service::AwsError, wire::Request};
use crate::account::{Account, Cluster};

const PAGES: Paging = Paging {
    size: "ResourcesPerPage",
    token: "PaginationToken",
    usual: 50,
    sizes: (1, 100),
    bad_token: "InvalidParameterException",
};

pub(super) fn answer(account: &Account, request: &Request) -> Result<Value, AwsError> {
    match request.operation.as_str() {
        "GetResources" => get_resources(account, request),
        other => Err(AwsError::unknown_operation(other)),
    }
}

/// Only resources that have tags are listed; one that does not exist is no error.
fn get_resources(account: &Account, request: &Request) -> Result<Value, AwsError> {
    let known = [
        "ResourceARNList",
        "ResourceTypeFilters",
        "ResourcesPerPage",
        "PaginationToken",
    ];
    if let Some(name) = request
        .members
        .keys()
        .find(|name| !known.contains(&name.as_str()))
    {
        return Err(request.invalid(format!("the stand-in does not know {name}")));
    }
    let mut resources = tagged(account);
    let token = if let Some(arns) = request.texts("ResourceARNList", 100)? {
        check_arns(request, &arns)?;
        resources.retain(|(arn, _)| arns.contains(&arn.as_str()));
        None
    } else {
        if let Some(types) = request.texts("ResourceTypeFilters", 100)? {
            resources.retain(|(arn, _)| types.iter().any(|wanted| is_of_type(arn, wanted)));
        }
        let (range, token) = PAGES.page(account, request, resources.len())?;
        resources = resources[range].to_vec();
        token
    };
    let mappings: Vec<Value> = resources.iter().map(mapping).collect();
    Ok(json!({"ResourceTagMappingList": mappings, "PaginationToken": token.unwrap_or_default()}))
}

fn check_arns(request: &Request, arns: &[&str]) -> Result<(), AwsError> {
    let others = ["ResourceTypeFilters", "ResourcesPerPage", "PaginationToken"];
    if let Some(name) = others.into_iter().find(|name| request.has(name)) {
        return Err(request.invalid(format!(
            "ResourceARNList and {name} cannot be used together"
        )));
    }
    match arns
        .iter()
        .find(|arn| !arn.starts_with("arn:") || arn.split(':').count() < 6)
    {
        Some(arn) => Err(request.invalid(format!("{arn} in ResourceARNList is no ARN"))),
        None => Ok(()),
    }
}

fn tagged(account: &Account) -> Vec<(String, BTreeMap<String, String>)> {
    let clusters = account
        .clusters
        .iter()
        .map(|cluster| (eks::cluster_arn(account, cluster), cluster_tags(cluster)));
    let repositories = account.repositories.iter().map(|repository| {
        (
            ecr::repository_arn(account, repository),
            repository.tags.clone(),
        )
    });
    let keys = account
        .keys
        .iter()
        .map(|key| (kms::key_arn(account, key), key.tags.clone()));
    clusters
        .chain(repositories)
        .chain(keys)
        .filter(|(_, tags)| !tags.is_empty())
        .collect()
}

fn cluster_tags(cluster: &Cluster) -> BTreeMap<String, String> {
    let tags = cluster
        .members
        .get("tags")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    tags.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
        .collect()
}

/// Whether an ARN is of a type such as `kms` or `ecr:repository`.
fn is_of_type(arn: &str, wanted: &str) -> bool {
    let mut parts = arn.splitn(6, ':').skip(2);
    let service = parts.next().unwrap_or_default();
    let kind = parts
        .nth(2)
        .and_then(|resource| resource.split('/').next())
        .unwrap_or_default();
    wanted == service || wanted == format!("{service}:{kind}")
}

fn mapping((arn, tags): &(String, BTreeMap<String, String>)) -> Value {
    let tags: Vec<Value> = tags
        .iter()
        .map(|(key, value)| json!({"Key": key, "Value": value}))
        .collect();
    json!({"ResourceARN": arn, "Tags": tags})
}
