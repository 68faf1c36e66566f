//! The responses of CloudWatch Logs, as far as they are read. Members that are not named here are ignored.

use serde::Deserialize;

/// A page of a list. The name of the list differs between operations.
#[derive(Debug, Deserialize)]
#[serde(bound = "T: Deserialize<'de>")]
pub(super) struct Page<T> {
    /// The items; `None` if the response lacks the list.
    #[serde(
        rename = "logGroups",
        alias = "subscriptionFilters",
        alias = "metricFilters",
        alias = "accountPolicies"
    )]
    pub(super) items: Option<Vec<T>>,
    #[serde(rename = "nextToken")]
    pub(super) next_token: Option<String>,
}

/// A log group.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ListedGroup {
    pub(super) log_group_name: Option<String>,
    pub(super) retention_in_days: Option<u32>,
    pub(super) metric_filter_count: Option<u64>,
    pub(super) kms_key_id: Option<String>,
    pub(super) log_group_class: Option<String>,
}

/// A subscription filter of a log group.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct SubscriptionFilter {
    pub(super) filter_name: Option<String>,
}

/// A metric filter of a log group.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MetricFilter {
    pub(super) filter_name: Option<String>,
    pub(super) metric_transformations: Option<Vec<Transformation>>,
}

/// The metric that a metric filter writes.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Transformation {
    pub(super) metric_name: Option<String>,
    pub(super) metric_namespace: Option<String>,
}

/// A policy of the account.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct AccountPolicy {
    pub(super) policy_name: Option<String>,
    pub(super) selection_criteria: Option<String>,
}
