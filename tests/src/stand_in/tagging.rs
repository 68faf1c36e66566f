//! Resource Groups Tagging API: the tags of many resources at once.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{collection::entries, ecr, eks, kms, service::AwsError, wire::Request};
use crate::account::{Account, Cluster, Index, Position, Record, text};

/// Lists resources that have tags. The ARN of a resource that does not exist is not an error.
pub(super) fn get_resources(account: &Account, request: &Request) -> Result<Value, AwsError> {
    let known = [
        "ResourceARNList",
        "ResourceTypeFilters",
        "ResourcesPerPage",
        "PaginationToken",
        "TagFilters",
    ];
    request.allow_members(&known)?;
    let (positions, token) = if let Some(arns) = request.texts("ResourceARNList", 100)? {
        check_arns(request, &arns)?;
        // Resources are in the order of the account, each only once.
        let positions: BTreeSet<Position> =
            arns.iter().filter_map(|arn| find(account, arn)).collect();
        (positions.into_iter().collect(), None)
    } else {
        let types = request.texts("ResourceTypeFilters", 100)?;
        let filters = request.list("TagFilters")?.unwrap_or_default();
        let is_wanted = |position: &Position| {
            let is_of_types = types.as_ref().is_none_or(|types| {
                let arn = arn(account, *position);
                types.iter().any(|wanted| is_of_type(&arn, wanted))
            });
            is_of_types && has_tags(&tags(account, *position), filters)
        };
        let (positions, token) =
            request
                .paging()?
                .page_of(account, request, &account.index.tagged, is_wanted)?;
        (positions.into_iter().copied().collect::<Vec<_>>(), token)
    };
    let mappings: Vec<Value> = positions
        .into_iter()
        .map(|position| (arn(account, position), tags(account, position)))
        .filter(|(_, tags)| !tags.is_empty())
        .map(|resource| mapping(&resource))
        .collect();
    let token = token.or_else(|| Some(String::new()));
    Ok(request.paging()?.response(mappings, token).into())
}

fn check_arns(request: &Request, arns: &[&str]) -> Result<(), AwsError> {
    let others = [
        "ResourceTypeFilters",
        "ResourcesPerPage",
        "PaginationToken",
        "TagFilters",
    ];
    if let Some(name) = others.into_iter().find(|name| request.has(name)) {
        return Err(request.invalid(format!("ResourceARNList and {name} can't be used together")));
    }
    match arns
        .iter()
        .find(|arn| !arn.starts_with("arn:") || arn.split(':').count() < 6)
    {
        Some(arn) => Err(request.invalid(format!("{arn} in ResourceARNList is not an ARN"))),
        None => Ok(()),
    }
}

/// Returns the resource of this ARN, if it is of a kind that can have tags.
fn find(account: &Account, wanted: &str) -> Option<Position> {
    let by_name = || {
        let (kind, name) = wanted.splitn(6, ':').nth(5)?.split_once('/')?;
        let Index {
            clusters,
            repositories,
            keys,
            ..
        } = &account.index;
        Some(match kind {
            "cluster" => Position::Cluster(*clusters.get(name)?),
            "repository" => Position::Repository(*repositories.get(name)?),
            "key" => Position::Key(*keys.get(name)?),
            _ => return None,
        })
    };
    let position = account.index.arns.get(wanted).copied().or_else(by_name)?;
    (arn(account, position) == wanted).then_some(position)
}

fn arn(account: &Account, position: Position) -> String {
    match position {
        Position::Cluster(position) => eks::cluster_arn(account, &account.clusters[position]),
        Position::Repository(position) => {
            ecr::repository_arn(account, &account.repositories[position])
        }
        Position::Key(position) => kms::key_arn(account, &account.keys[position]),
        Position::LoadBalancer(position) => {
            text(load_balancer(account, position), "LoadBalancerArn").to_owned()
        }
    }
}

fn load_balancer(account: &Account, position: usize) -> &Record {
    account.entries("load_balancers")[position]
}

fn tags(account: &Account, position: Position) -> BTreeMap<String, String> {
    match position {
        Position::Cluster(position) => cluster_tags(&account.clusters[position]),
        Position::Repository(position) => account.repositories[position].tags.clone(),
        Position::Key(position) => account.keys[position].tags.clone(),
        Position::LoadBalancer(position) => {
            let tags = entries(load_balancer(account, position).get("Tags"));
            tags.map(|tag| (text(tag, "Key").to_owned(), text(tag, "Value").to_owned()))
                .collect()
        }
    }
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

/// Returns `true` if tags pass all filters: each names a key and, if it has values, the possible values.
fn has_tags(tags: &BTreeMap<String, String>, filters: &[Value]) -> bool {
    filters.iter().all(|filter| {
        let value = filter["Key"].as_str().and_then(|key| tags.get(key));
        let values = filter["Values"]
            .as_array()
            .filter(|values| !values.is_empty());
        value.is_some_and(|value| {
            values.is_none_or(|values| values.iter().any(|one| one == value.as_str()))
        })
    })
}

/// Returns `true` if an ARN is of a type such as `kms` or `ecr:repository`.
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
