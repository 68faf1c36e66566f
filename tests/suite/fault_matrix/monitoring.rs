//! The services that record and monitor the clusters of the scenarios.

use serde_json::{Value, json};

use crate::world::{ACCOUNT, REGION};

/// Returns a detector that does not monitor audit logs.
pub(super) fn detectors() -> Value {
    let feature = |name: &str, status: &str| json!({"Name": name, "Status": status});
    json!([{
        "DetectorId": "12abc34d567e8fa901bc2d34e56789f0",
        "Features": [feature("EKS_AUDIT_LOGS", "DISABLED"), feature("RUNTIME_MONITORING", "ENABLED")],
    }])
}

/// Returns the log groups of the cluster alpha, which has a subscription filter, and of another one, on whose metric
/// filter an alarm is set.
pub(super) fn log_groups(of_another: &str) -> Value {
    let metric = json!({"metricName": "denied", "metricNamespace": "audit", "metricValue": "1"});
    json!([
        {
            "logGroupName": "/aws/eks/alpha/cluster",
            "retentionInDays": 400,
            "kmsKeyId": format!("arn:aws:kms:{REGION}:{ACCOUNT}:key/named"),
            "subscriptionFilters": [{"filterName": "siem"}],
        },
        {
            "logGroupName": format!("/aws/eks/{of_another}/cluster"),
            "metricFilters": [{"filterName": "denied", "metricTransformations": [metric]}],
        },
    ])
}

pub(super) fn metric_alarms() -> Value {
    json!([{
        "AlarmName": "denied", "Namespace": "audit", "MetricName": "denied", "AlarmActions": ["arn:aws:sns:::page"],
    }])
}
