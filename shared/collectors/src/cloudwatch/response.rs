//! The responses of CloudWatch, as far as they are read. Elements that are not named here are ignored.

use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::members::Members;

/// A response with a page of alarms.
#[derive(Debug, Deserialize)]
pub(super) struct Response {
    #[serde(rename = "DescribeAlarmsResult")]
    pub(super) result: Option<Page>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Page {
    pub(super) metric_alarms: Option<Members<MetricAlarm>>,
    pub(super) composite_alarms: Option<Members<CompositeAlarm>>,
    pub(super) next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MetricAlarm {
    pub(super) alarm_name: Option<String>,
    pub(super) actions_enabled: Option<bool>,
    pub(super) alarm_actions: Option<Members<IgnoredAny>>,
    #[serde(rename = "OKActions")]
    pub(super) ok_actions: Option<Members<IgnoredAny>>,
    pub(super) insufficient_data_actions: Option<Members<IgnoredAny>>,
    pub(super) metric_name: Option<String>,
    pub(super) namespace: Option<String>,
    pub(super) metrics: Option<Members<MetricQuery>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct CompositeAlarm {
    pub(super) alarm_name: Option<String>,
    pub(super) actions_enabled: Option<bool>,
    pub(super) alarm_actions: Option<Members<IgnoredAny>>,
    #[serde(rename = "OKActions")]
    pub(super) ok_actions: Option<Members<IgnoredAny>>,
    pub(super) insufficient_data_actions: Option<Members<IgnoredAny>>,
    pub(super) alarm_rule: Option<String>,
}

/// A metric that an alarm uses, or an expression.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MetricQuery {
    pub(super) metric_stat: Option<MetricStat>,
    pub(super) expression: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct MetricStat {
    pub(super) metric: Option<Metric>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Metric {
    pub(super) namespace: Option<String>,
    pub(super) metric_name: Option<String>,
}
