//! Amazon CloudWatch Logs: log groups with their filters, and policies of the account.

use serde_json::{Value, json};

use super::{
    access::{ANY, RequiredPermission},
    collection::{Collection, described, entries, missing},
    collections::{LOG_ACCOUNT_POLICIES, LOG_GROUPS, METRIC_FILTERS, SUBSCRIPTION_FILTERS},
    service::AwsError,
    wire::{Request, record},
};
use crate::account::{Account, Record, text};

/// The most log groups that a request can name.
const MOST_NAMES: usize = 50;

/// Lists the log groups that a request names, or whose names begin with a text. The list does not contain names that do
/// not exist.
pub(super) fn describe_log_groups(account: &Account, request: &Request) -> Result<Value, AwsError> {
    request.allow_members(&[
        "logGroupIdentifiers",
        "logGroupNamePrefix",
        "limit",
        "nextToken",
    ])?;
    let names = request.texts("logGroupIdentifiers", MOST_NAMES)?;
    let prefix = request.text("logGroupNamePrefix")?;
    if names.is_some() && prefix.is_some() {
        let message = "logGroupIdentifiers can't be used together with logGroupNamePrefix";
        return Err(request.invalid(message.to_owned()));
    }
    let mut groups = log_groups(account);
    groups.sort_by(|one, other| name(one).cmp(name(other)));
    groups.retain(|group| {
        let is_named = |names: &Vec<&str>| names.contains(&name(group));
        names.as_ref().is_none_or(is_named)
            && prefix.is_none_or(|prefix| name(group).starts_with(prefix))
    });
    let (range, token) = request.paging()?.page(account, request, groups.len())?;
    let describe = |group: &Record| {
        let filters = entries(group.get(METRIC_FILTERS.name)).count();
        let mut members = record(json!({"metricFilterCount": filters}));
        members.extend(described(&LOG_GROUPS, account, group));
        members
    };
    let groups: Vec<Record> = groups[range].iter().map(describe).collect();
    Ok(request.paging()?.response(groups, token).into())
}

/// Lists the subscription filters of a log group.
pub(super) fn describe_subscription_filters(
    account: &Account,
    request: &Request,
) -> Result<Value, AwsError> {
    filters(&SUBSCRIPTION_FILTERS, account, request)
}

/// Lists the metric filters of a log group.
pub(super) fn describe_metric_filters(
    account: &Account,
    request: &Request,
) -> Result<Value, AwsError> {
    filters(&METRIC_FILTERS, account, request)
}

fn filters(
    collection: &'static Collection,
    account: &Account,
    request: &Request,
) -> Result<Value, AwsError> {
    request.allow_members(&["logGroupName", "limit", "nextToken"])?;
    let group = request.required_text("logGroupName")?;
    let mut groups = log_groups(account).into_iter();
    let found = groups.find(|one| name(one) == group);
    let found = found.ok_or_else(|| missing(&LOG_GROUPS, request, account, group))?;
    let describe = |filter: &Record| {
        let mut members = described(collection, account, filter);
        members.insert("logGroupName".to_owned(), group.into());
        members
    };
    let filters: Vec<Record> = entries(found.get(collection.name)).map(describe).collect();
    let (range, token) = request.paging()?.page(account, request, filters.len())?;
    Ok(request
        .paging()?
        .response(filters[range].to_vec(), token)
        .into())
}

/// Lists the policies of the account that are of a type. The list has one page, since an account has few.
pub(super) fn describe_account_policies(
    account: &Account,
    request: &Request,
) -> Result<Value, AwsError> {
    request.allow_members(&["policyType"])?;
    let kind = request.required_text("policyType")?;
    let policies = account.entries(LOG_ACCOUNT_POLICIES.name).into_iter();
    let policies = policies.map(|policy| described(&LOG_ACCOUNT_POLICIES, account, policy));
    let policies: Vec<Record> = policies
        .filter(|policy| text(policy, "policyType") == kind)
        .collect();
    Ok(json!({"accountPolicies": policies}))
}

/// Returns the permissions to list subscription filter policies. Those that list subscription filters are among them.
/// Source:
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeAccountPolicies.html>.
pub(super) fn permissions_on_policies(
    action: &'static str,
    account: &Account,
    _: &Request,
) -> Vec<RequiredPermission> {
    let groups = account.arn("logs", &account.region, "log-group:*");
    vec![
        RequiredPermission::new(action, ANY),
        RequiredPermission::new("logs:DescribeSubscriptionFilters", groups),
    ]
}

fn name(group: &Record) -> &str {
    text(group, "logGroupName")
}

/// Returns the log groups in the account file, or those that EKS creates for the clusters that send logs.
fn log_groups(account: &Account) -> Vec<Record> {
    if let Some(stated) = account.collections.get(LOG_GROUPS.name) {
        return entries(Some(stated)).cloned().collect();
    }
    let clusters = account.clusters.iter();
    let sending = clusters.filter(|cluster| sends_logs(&cluster.members));
    let group = |name: &str| record(json!({"logGroupName": format!("/aws/eks/{name}/cluster")}));
    sending.map(|cluster| group(cluster.name())).collect()
}

fn sends_logs(cluster: &Record) -> bool {
    let logging = cluster.get("logging");
    let groups = logging.and_then(|logging| logging.get("clusterLogging"));
    entries(groups).any(|group| group.get("enabled") == Some(&true.into()))
}
