//! Amazon CloudWatch Logs: the log groups of clusters, and what watches their audit logs.

mod response;
mod selection;
mod watchers;

use std::sync::Arc;

use eksentry_aws::{JsonRequest, Service};
use eksentry_core::facts::List;
use eksentry_core::facts::cluster::{EksCluster, LogGroup, LogGroupKey};
use eksentry_core::{Fact, Needs};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use self::response::{AccountPolicy, ListedGroup, Page};
use crate::call::Call;
use crate::permission::{Arns, Permission};
use crate::{Memo, Reader};

/// Amazon CloudWatch Logs.
pub(crate) const SERVICE: Service = Service {
    name: "logs",
    id: "CloudWatch Logs",
};

/// The name of the service's interface in requests.
const TARGET: &str = "Logs_20140328";

const DESCRIBE_GROUPS: Permission = Permission::new("logs:DescribeLogGroups", &[Arns::Any]);

/// The permissions of the calls that list log groups.
pub(crate) const OF_GROUPS: &[Permission] = &[DESCRIBE_GROUPS];
/// The permissions of the calls that find out what watches a log group.
pub(crate) const OF_WATCHERS: &[Permission] = &[
    watchers::DESCRIBE_SUBSCRIPTIONS,
    watchers::DESCRIBE_METRIC_FILTERS,
    watchers::DESCRIBE_POLICIES,
];

/// The error code for a log group that does not exist.
const ABSENT: &[&str] = &["ResourceNotFoundException"];

/// The most log groups that a request can name.
/// Source: <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeLogGroups.html>.
const NAMES: usize = 50;

/// The beginning of the names of the log groups of all clusters.
const PREFIX: &str = "/aws/eks/";

/// The log class that keeps log events for one day.
const DELIVERY: &str = "DELIVERY";

/// The facts of a Region that were already read.
#[derive(Debug, Default)]
pub(crate) struct Memos {
    /// The log groups of the cluster with this name, or of all clusters.
    groups: Memo<Option<String>, Arc<List<ListedGroup>>>,
    policies: OnceCell<List<AccountPolicy>>,
}

impl Reader<'_> {
    /// Returns the log group of a cluster that sends logs, with its key; `None` if the log group does not exist.
    pub(crate) async fn log_group(&self, cluster: &EksCluster) -> Option<Fact<Option<LogGroup>>> {
        if cluster.enabled_logs.is_empty() {
            return None;
        }
        Some(match self.listed_group(cluster).await {
            Ok(Some(listed)) => Ok(Some(self.with_key(listed).await)),
            Ok(None) => Ok(None),
            Err(unread) => Err(unread),
        })
    }

    async fn with_key(&self, listed: ListedGroup) -> LogGroup {
        let key = match listed.kms_key_id.filter(|key| !key.is_empty()) {
            Some(named) => Some(LogGroupKey {
                key: self.described_key(&named).await,
                named,
            }),
            None => None,
        };
        LogGroup {
            retention_days: listed.retention_in_days,
            is_for_delivery: listed.log_group_class.as_deref() == Some(DELIVERY),
            key,
        }
    }

    /// Returns the log group of a cluster as CloudWatch Logs lists it; `None` if the complete list lacks it. If all
    /// clusters of the Region are evaluated, their log groups are listed together.
    async fn listed_group(&self, cluster: &EksCluster) -> Fact<Option<ListedGroup>> {
        let wanted = cluster.log_group_name();
        let only = (!self.reads_whole_region()).then(|| cluster.name.clone());
        let list = || async {
            let names = match &only {
                Some(_) => vec![wanted.clone()],
                None => self.names_of_groups().await,
            };
            Arc::new(Box::pin(self.list_groups(&names)).await)
        };
        let groups = self.logs.groups.get(only.clone(), list).await;
        let mut items = groups.items.iter();
        let found = items.find(|group| group.log_group_name.as_ref() == Some(&wanted));
        match (found, &groups.missing) {
            (Some(group), _) => Ok(Some(group.clone())),
            (None, Some(missing)) => Err(missing.clone()),
            (None, None) => Ok(None),
        }
    }

    /// Returns the names of the log groups of all clusters that send logs.
    async fn names_of_groups(&self) -> Vec<String> {
        let clusters = self.all_clusters(Needs::empty()).await;
        let clusters = clusters
            .iter()
            .filter(|cluster| !cluster.enabled_logs.is_empty());
        let mut names: Vec<String> = clusters.map(EksCluster::log_group_name).collect();
        names.sort_unstable();
        names
    }

    /// Lists log groups by their names.
    async fn list_groups(&self, names: &[String]) -> List<ListedGroup> {
        let mut found = List::complete(Vec::new());
        for some in names.chunks(NAMES) {
            let call = self.logs_call(&DESCRIBE_GROUPS, self.location.to_string());
            let call = call.absent(ABSENT);
            let input = json!({"logGroupIdentifiers": some});
            let listed = self.logs_list("DescribeLogGroups", &input, &call).await;
            let Some(listed) = listed else {
                // The documentation does not state that a request may name log groups that do not exist.
                return self.list_groups_by_prefix(names).await;
            };
            found.items.extend(listed.items);
            found.missing = found.missing.or(listed.missing);
        }
        found
    }

    /// Lists the log groups whose names begin like these.
    async fn list_groups_by_prefix(&self, names: &[String]) -> List<ListedGroup> {
        let prefix = match names {
            [only] => only,
            _ => PREFIX,
        };
        let call = self.logs_call(&DESCRIBE_GROUPS, self.location.to_string());
        let input = json!({"logGroupNamePrefix": prefix, "limit": NAMES});
        self.logs_list("DescribeLogGroups", &input, &call)
            .await
            .unwrap_or_else(|| List::complete(Vec::new()))
    }

    fn logs_call(&self, permission: &Permission, target: String) -> Call<'_> {
        Call::new(permission.action, &self.clients.paces.logs, target)
    }

    /// Lists all items; `None` if the target of the call does not exist.
    async fn logs_list<T>(
        &self,
        operation: &'static str,
        input: &Value,
        call: &Call<'_>,
    ) -> Option<List<T>>
    where
        T: DeserializeOwned + std::fmt::Debug + Send + Sync + 'static,
    {
        let request = |token: Option<String>| {
            let mut input = input.clone();
            if let Some(token) = token {
                input["nextToken"] = token.into();
            }
            let request = JsonRequest::target(TARGET, operation, input);
            self.clients.logs.send(request)
        };
        let read = |page: Page<T>| (page.items, page.next_token);
        Box::pin(call.list_if_present(request, read)).await
    }
}
