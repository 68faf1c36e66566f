//! The watchers of the audit logs of clusters.

use eksentry_core::facts::List;
use eksentry_core::facts::cluster::{AuditLogWatcher, EksCluster, LogType};
use eksentry_core::{Fact, ReasonCode, Unread};
use futures::FutureExt;
use serde_json::json;

use super::response::{AccountPolicy, MetricFilter, SubscriptionFilter, Transformation};
use super::{ABSENT, selection::selects};
use crate::Reader;
use crate::call::Call;
use crate::permission::{Arns, Permission};

/// CloudWatch Logs also checks this permission for the subscription filter policies of the account.
/// Source:
/// <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeAccountPolicies.html>.
pub(super) const DESCRIBE_SUBSCRIPTIONS: Permission = Permission::new(
    "logs:DescribeSubscriptionFilters",
    &[Arns::InRegion("log-group:*")],
);
pub(super) const DESCRIBE_METRIC_FILTERS: Permission = Permission::new(
    "logs:DescribeMetricFilters",
    &[Arns::InRegion("log-group:/aws/eks/*")],
);
pub(super) const DESCRIBE_POLICIES: Permission =
    Permission::new("logs:DescribeAccountPolicies", &[Arns::Any]);

/// The type of the account's policies that deliver log groups.
const SUBSCRIPTION_POLICY: &str = "SUBSCRIPTION_FILTER_POLICY";

/// The maximum number of characters of a name. Names come from outside, so longer ones are cut.
const NAME: usize = 512;

impl Reader<'_> {
    /// Returns something that watches the audit log of a cluster, if the audit log is enabled; `None` if nothing does.
    /// The calls end with the first watcher: most accounts have GuardDuty, whose detector other facts need too.
    pub(crate) async fn audit_log_watcher(
        &self,
        cluster: &EksCluster,
    ) -> Option<Fact<Option<AuditLogWatcher>>> {
        if !cluster.enabled_logs.has(LogType::Audit) {
            return None;
        }
        let group = cluster.log_group_name();
        let sources = [
            self.watching_detector().boxed_local(),
            self.subscription_filter(&group).boxed_local(),
            self.account_policy(&group).boxed_local(),
            self.alarm(cluster, &group).boxed_local(),
        ];
        let mut unread = None;
        for source in sources {
            match source.await {
                Ok(None) => {}
                Ok(watcher) => return Some(Ok(watcher)),
                Err(reason) => unread = unread.or(Some(reason)),
            }
        }
        Some(unread.map_or(Ok(None), Err))
    }

    async fn watching_detector(&self) -> Fact<Option<AuditLogWatcher>> {
        let Some(detector) = self.detector().await? else {
            return Ok(None);
        };
        let watches = detector.monitors_audit_logs()?;
        Ok(watches.then_some(AuditLogWatcher::GuardDuty))
    }

    async fn subscription_filter(&self, group: &str) -> Fact<Option<AuditLogWatcher>> {
        let call = self.filters_call(&DESCRIBE_SUBSCRIPTIONS, group);
        let input = json!({"logGroupName": group});
        let filters = self.logs_list("DescribeSubscriptionFilters", &input, &call);
        let Some(List { items, missing }) = filters.await else {
            return Ok(None);
        };
        let first: Option<SubscriptionFilter> = items.into_iter().next();
        let watcher =
            first.map(|filter| AuditLogWatcher::SubscriptionFilter(name(filter.filter_name)));
        found_or(watcher, missing)
    }

    /// Returns the account's policy that delivers a log group.
    async fn account_policy(&self, group: &str) -> Fact<Option<AuditLogWatcher>> {
        let call = self.logs_call(&DESCRIBE_POLICIES, self.location.to_string());
        let call = call.absent(ABSENT);
        let list = || async {
            let input = json!({"policyType": SUBSCRIPTION_POLICY});
            let policies = self.logs_list("DescribeAccountPolicies", &input, &call);
            policies.await.unwrap_or_else(|| List::complete(Vec::new()))
        };
        let policies = self.logs.policies.get_or_init(list).await;
        let mut unread = policies.missing.clone();
        for policy in &policies.items {
            match is_delivered(policy, group) {
                Ok(false) => {}
                Ok(true) => {
                    let name = name(policy.policy_name.clone());
                    return Ok(Some(AuditLogWatcher::AccountPolicy(name)));
                }
                Err(reason) => unread = unread.or(Some(reason)),
            }
        }
        found_or(None, unread)
    }

    /// Returns an alarm that uses the metric of a metric filter of a cluster's log group.
    async fn alarm(&self, cluster: &EksCluster, group: &str) -> Fact<Option<AuditLogWatcher>> {
        match self.listed_group(cluster).await {
            Ok(None) => return Ok(None),
            Ok(Some(listed)) if listed.metric_filter_count == Some(0) => return Ok(None),
            // The metric filters show whether there are any.
            Ok(Some(_)) | Err(_) => {}
        }
        let call = self.filters_call(&DESCRIBE_METRIC_FILTERS, group);
        let input = json!({"logGroupName": group});
        let filters = self.logs_list("DescribeMetricFilters", &input, &call);
        let Some(List { items, missing }) = filters.await else {
            return Ok(None);
        };
        let mut unread = missing;
        for filter in items {
            let filter: MetricFilter = filter;
            match self.alarm_on(&filter, &call).await {
                Ok(None) => {}
                Ok(Some(alarm)) => {
                    return Ok(Some(AuditLogWatcher::Alarm {
                        name: alarm,
                        filter: name(filter.filter_name),
                    }));
                }
                Err(reason) => unread = unread.or(Some(reason)),
            }
        }
        found_or(None, unread)
    }

    /// Returns the name of an alarm that uses a metric of a metric filter.
    async fn alarm_on(&self, filter: &MetricFilter, call: &Call<'_>) -> Fact<Option<String>> {
        let metrics = filter.metric_transformations.as_ref();
        let metrics = metrics.ok_or_else(|| call.without("the metrics of a metric filter"))?;
        for metric in metrics {
            let Transformation {
                metric_name: Some(metric),
                metric_namespace: Some(namespace),
            } = metric
            else {
                return Err(call.without("the name of a metric"));
            };
            let alarm = self.alarm_on_metric(namespace, metric).await?;
            if let Some(alarm) = alarm {
                return Ok(Some(name(Some(alarm))));
            }
        }
        Ok(None)
    }

    fn filters_call(&self, permission: &Permission, group: &str) -> Call<'_> {
        self.logs_call(permission, format!("log group {group}"))
            .absent(ABSENT)
    }
}

/// Returns what was found or, if nothing was and something is unread, the reason.
fn found_or<T>(found: Option<T>, unread: Option<Unread>) -> Fact<Option<T>> {
    match (found, unread) {
        (None, Some(reason)) => Err(reason),
        (found, _) => Ok(found),
    }
}

/// Returns `true` if a policy delivers the log group.
fn is_delivered(policy: &AccountPolicy, group: &str) -> Fact<bool> {
    let criteria = policy.selection_criteria.as_deref().map(str::trim);
    let Some(criteria) = criteria.filter(|criteria| !criteria.is_empty()) else {
        return Ok(true);
    };
    selects(criteria, group).ok_or_else(|| Unread {
        code: ReasonCode::SelectionNotUnderstood,
        text: format!(
            "The log groups that the account's subscription filter policy {} selects are not understood.",
            name(policy.policy_name.clone())
        ),
    })
}

/// Returns a name for texts.
fn name(name: Option<String>) -> String {
    let name = name.filter(|name| !name.is_empty());
    let name = name.unwrap_or_else(|| "without a name".to_owned());
    name.chars().take(NAME).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_without_criteria_delivers_every_log_group() {
        for (criteria, expected) in [
            (None, Ok(true)),
            (Some(" "), Ok(true)),
            (Some(r#"LogGroupName NOT IN ["b"]"#), Ok(true)),
            (Some(r#"LogGroupName NOT IN ["a"]"#), Ok(false)),
            (Some("everything"), Err("SELECTION_NOT_UNDERSTOOD")),
        ] {
            let policy = AccountPolicy {
                policy_name: Some("siem".into()),
                selection_criteria: criteria.map(str::to_owned),
            };
            let found = is_delivered(&policy, "a");
            let found = found.map_err(|unread| unread.code.word());
            assert_eq!(found, expected, "{criteria:?}");
        }
    }

    #[test]
    fn names_in_texts_are_short_and_not_empty() {
        assert_eq!(name(Some("siem".into())), "siem");
        for absent in [None, Some(String::new())] {
            assert_eq!(name(absent), "without a name");
        }
        assert_eq!(name(Some("é".repeat(513))), "é".repeat(512));
    }
}
