//! The log group of a cluster's control plane logs, and what watches its audit log.

use std::fmt;

use crate::facts::Fact;
use crate::facts::key::NamedKey;

/// A log group of Amazon CloudWatch Logs.
/// Source: <https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_LogGroup.html>.
#[derive(Debug, Clone, PartialEq)]
pub struct LogGroup {
    /// The number of days for which log events are kept; `None` if they never expire.
    pub retention_days: Option<u32>,
    /// `true` if the log group is in the Delivery log class, which keeps log events for one day.
    pub is_for_delivery: bool,
    /// The key that encrypts the log group; `None` if it names none.
    pub key: Option<LogGroupKey>,
}

/// The KMS key of a log group.
#[derive(Debug, Clone, PartialEq)]
pub struct LogGroupKey {
    /// The key as the log group names it.
    pub named: String,
    /// The key as KMS describes it; `None` if KMS has no such key.
    pub key: Fact<Option<NamedKey>>,
}

/// Something that evaluates each event of an audit log, or delivers it to a system that may.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AuditLogWatcher {
    /// GuardDuty monitors the audit logs of all clusters in the Region.
    GuardDuty,
    /// A subscription filter of the log group, by its name.
    SubscriptionFilter(String),
    /// A subscription filter policy of the account, by its name.
    AccountPolicy(String),
    /// An alarm that uses the metric of a metric filter.
    Alarm {
        /// The name of the alarm.
        name: String,
        /// The name of the metric filter.
        filter: String,
    },
}

/// Writes a sentence without its period.
impl fmt::Display for AuditLogWatcher {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GuardDuty => formatter.write_str("GuardDuty monitors the audit log"),
            Self::SubscriptionFilter(name) => write!(
                formatter,
                "The subscription filter {name} of the log group delivers the audit log"
            ),
            Self::AccountPolicy(name) => write!(
                formatter,
                "The account's subscription filter policy {name} delivers the audit log"
            ),
            Self::Alarm { name, filter } => write!(
                formatter,
                "The alarm {name} uses the metric of the log group's metric filter {filter}"
            ),
        }
    }
}
