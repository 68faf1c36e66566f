//! The findings in Security Hub and the evaluations in AWS Config, for display: tables for a terminal and a page for a
//! browser.
//!
//! A [`Report`] is made from the findings as Security Hub stores them (ASFF) and from the evaluations that AWS Config
//! stores. It trusts neither: both carry names and texts from the evaluated account.

mod finding;
mod page;
mod table;

use serde::Serialize;
use serde_json::Value;

use finding::Finding;

/// The content of both sinks at one time.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    account: String,
    region: String,
    made_at: String,
    findings: Vec<Finding>,
    evaluations: Vec<Evaluation>,
}

impl Report {
    /// Creates a report on `account` in `region` as of `made_at` (an ISO 8601 timestamp in UTC).
    pub fn new(
        account: &str,
        region: &str,
        made_at: &str,
        findings: impl IntoIterator<Item = Value>,
        evaluations: impl IntoIterator<Item = Evaluation>,
    ) -> Self {
        let mut findings: Vec<Finding> = findings.into_iter().map(Finding::read).collect();
        findings.sort_by(|left, right| left.order().cmp(&right.order()));
        let mut evaluations: Vec<Evaluation> = evaluations.into_iter().collect();
        evaluations.sort_by(|left, right| left.order().cmp(&right.order()));
        Self {
            account: account.to_owned(),
            region: region.to_owned(),
            made_at: made_at.to_owned(),
            findings,
            evaluations,
        }
    }

    /// Returns `true` if neither sink holds anything.
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty() && self.evaluations.is_empty()
    }
}

/// An evaluation that AWS Config holds for one rule and one resource.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Evaluation {
    /// The name of the AWS Config rule.
    pub rule: String,
    /// The type of the resource, for example `AWS::EKS::Cluster`.
    pub resource_type: String,
    /// The resource's id in AWS Config: the name of a cluster or repository, the id of a key.
    pub resource_id: String,
    /// `COMPLIANT`, `NON_COMPLIANT` or `NOT_APPLICABLE`.
    pub compliance: String,
    /// The reason, if the evaluation has one.
    pub annotation: Option<String>,
    /// The time at which the facts of the evaluation were captured.
    pub ordering_timestamp: String,
}

impl Evaluation {
    fn order(&self) -> impl Ord + use<'_> {
        let rank = match self.compliance.as_str() {
            "NON_COMPLIANT" => 0,
            "COMPLIANT" => 1,
            _ => 2,
        };
        (rank, &self.rule, &self.resource_type, &self.resource_id)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::finding::{RowStatus, Severity};
    use super::*;

    /// Returns a finding of this status and severity.
    pub(super) fn finding(check: &str, resource: &str, status: &str, severity: &str) -> Value {
        json!({
            "Id": format!("eksentry/{check}/{resource}"),
            "GeneratorId": format!("eksentry/{check}"),
            "Title": format!("The title of {check}"),
            "Description": "What was seen.",
            "RecordState": "ACTIVE",
            "Compliance": {"Status": status},
            "FindingProviderFields": {"Severity": {"Label": severity}},
            "Resources": [{"Type": "AwsEksCluster", "Id": resource}],
        })
    }

    pub(super) fn evaluation(rule: &str, resource: &str, compliance: &str) -> Evaluation {
        Evaluation {
            rule: rule.to_owned(),
            resource_type: "AWS::EKS::Cluster".to_owned(),
            resource_id: resource.to_owned(),
            compliance: compliance.to_owned(),
            annotation: None,
            ordering_timestamp: "2026-11-23T09:00:00.000Z".to_owned(),
        }
    }

    pub(super) fn report<const N: usize>(
        findings: [Value; N],
        evaluations: Vec<Evaluation>,
    ) -> Report {
        Report::new(
            "111122223333",
            "eu-central-1",
            "2026-11-23T09:00:00Z",
            findings,
            evaluations,
        )
    }

    pub(super) const CLUSTER: &str = "arn:aws:eks:eu-central-1:111122223333:cluster/payments-prod";

    #[test]
    fn findings_are_ordered_by_status_then_severity() {
        let report = report(
            [
                finding("c", CLUSTER, "PASSED", "INFORMATIONAL"),
                finding("b", CLUSTER, "WARNING", "LOW"),
                finding("a", CLUSTER, "FAILED", "LOW"),
                finding("a", CLUSTER, "FAILED", "CRITICAL"),
            ],
            Vec::new(),
        );
        let order: Vec<_> = report
            .findings
            .iter()
            .map(|finding| (finding.status, finding.severity))
            .collect();
        assert_eq!(
            order,
            [
                (RowStatus::Failed, Severity::Critical),
                (RowStatus::Failed, Severity::Low),
                (RowStatus::Warning, Severity::Low),
                (RowStatus::Passed, Severity::Informational),
            ]
        );
    }

    #[test]
    fn invalid_findings_are_not_available() {
        let report = report(
            [
                Value::Null,
                json!({}),
                json!({"Resources": "none", "Compliance": []}),
            ],
            Vec::new(),
        );
        assert!(
            report
                .findings
                .iter()
                .all(|finding| finding.status == RowStatus::NotAvailable)
        );
    }
}
