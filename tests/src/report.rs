//! The findings in Security Hub and the evaluations in AWS Config, for display: tables for a terminal and a page for a
//! browser.
//!
//! A [`Report`] is made from the findings as Security Hub stores them (ASFF) and from the evaluations that AWS Config
//! stores. It trusts neither: both carry names and texts from the evaluated account.

mod page;
mod table;

use serde::Serialize;
use serde_json::Value;

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

/// The status of a finding. The variants are in the order in which the report lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RowStatus {
    /// The resource does not meet the check.
    Failed,
    /// The resource may not meet the check: the facts are incomplete, and a person should review the resource.
    Warning,
    /// The facts could not be read.
    NotAvailable,
    /// The resource meets the check.
    Passed,
    /// The customer has suppressed the finding.
    Suppressed,
    /// The resource no longer exists, or the check no longer applies to it.
    Archived,
}

impl RowStatus {
    /// Returns `true` if the finding requires action.
    fn is_open(self) -> bool {
        matches!(self, Self::Failed | Self::Warning | Self::NotAvailable)
    }

    fn label(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Warning => "warning",
            Self::NotAvailable => "not available",
            Self::Passed => "passed",
            Self::Suppressed => "suppressed",
            Self::Archived => "archived",
        }
    }
}

/// The severity of a finding, the most severe first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Severity {
    /// To be fixed immediately.
    Critical,
    /// To be fixed with priority.
    High,
    /// To be fixed.
    Medium,
    /// To be fixed at some time.
    Low,
    /// Nothing to fix.
    Informational,
}

impl Severity {
    fn label(self) -> &'static str {
        match self {
            Self::Critical => "CRITICAL",
            Self::High => "HIGH",
            Self::Medium => "MEDIUM",
            Self::Low => "LOW",
            Self::Informational => "INFORMATIONAL",
        }
    }
}

/// One finding: the values that the report's tables show, and the whole ASFF document.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    status: RowStatus,
    severity: Severity,
    check: String,
    title: String,
    /// The resource's name for display: the last part of its ARN, with an image's tag instead of its digest, and with a
    /// key's description, since a key's id is not meaningful.
    resource: String,
    resource_id: String,
    #[serde(rename = "type")]
    resource_type: String,
    /// The reason for the status; empty if the finding has none.
    reason: String,
    asff: Value,
}

impl Finding {
    fn read(asff: Value) -> Self {
        let resource_id = text(&asff, "/Resources/0/Id");
        Self {
            status: status(&asff),
            severity: severity(&asff),
            check: check(&asff),
            title: text(&asff, "/Title").to_owned(),
            resource: short_name(resource_id, &asff),
            resource_id: resource_id.to_owned(),
            resource_type: text(&asff, "/Resources/0/Type").to_owned(),
            reason: reason(&asff),
            asff,
        }
    }

    fn order(&self) -> impl Ord + use<'_> {
        (
            self.status,
            self.severity,
            &self.check,
            &self.resource,
            &self.resource_id,
        )
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

fn text<'a>(value: &'a Value, pointer: &str) -> &'a str {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

fn status(asff: &Value) -> RowStatus {
    if text(asff, "/RecordState") == "ARCHIVED" {
        return RowStatus::Archived;
    }
    if text(asff, "/Workflow/Status") == "SUPPRESSED" {
        return RowStatus::Suppressed;
    }
    match text(asff, "/Compliance/Status") {
        "PASSED" => RowStatus::Passed,
        "FAILED" => RowStatus::Failed,
        "WARNING" => RowStatus::Warning,
        _ => RowStatus::NotAvailable,
    }
}

/// Returns the severity that Security Hub shows, which the customer may have changed; otherwise the provider's
/// severity.
fn severity(asff: &Value) -> Severity {
    let label = ["/Severity/Label", "/FindingProviderFields/Severity/Label"]
        .into_iter()
        .map(|pointer| text(asff, pointer))
        .find(|label| !label.is_empty());
    match label {
        Some("CRITICAL") => Severity::Critical,
        Some("HIGH") => Severity::High,
        Some("MEDIUM") => Severity::Medium,
        Some("LOW") => Severity::Low,
        _ => Severity::Informational,
    }
}

/// Returns the check's id: a `GeneratorId` is `eksentry/<check>`.
fn check(asff: &Value) -> String {
    let generator = text(asff, "/GeneratorId");
    generator
        .strip_prefix("eksentry/")
        .unwrap_or(generator)
        .to_owned()
}

fn short_name(resource_id: &str, asff: &Value) -> String {
    // arn:partition:service:region:account:kind/name
    let path = resource_id.splitn(6, ':').nth(5).unwrap_or(resource_id);
    let name = path.split_once('/').map_or(path, |(_, name)| name);
    let details = "/Resources/0/Details";
    if let Some((repository, digest)) = name.split_once("/sha256:") {
        return match text(asff, &format!("{details}/AwsEcrContainerImage/ImageTags/0")) {
            "" => format!(
                "{repository}@{}",
                digest.chars().take(12).collect::<String>()
            ),
            tag => format!("{repository}:{tag}"),
        };
    }
    match text(asff, &format!("{details}/AwsKmsKey/Description")) {
        "" => name.to_owned(),
        description => format!("{name} ({description})"),
    }
}

fn reason(asff: &Value) -> String {
    let reasons = asff
        .pointer("/Compliance/StatusReasons")
        .and_then(Value::as_array);
    let described: Vec<&str> = reasons
        .into_iter()
        .flatten()
        .map(|reason| text(reason, "/Description"))
        .filter(|description| !description.is_empty())
        .collect();
    if described.is_empty() {
        text(asff, "/Description").to_owned()
    } else {
        described.join(" ")
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

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
    fn archived_and_suppressed_findings_do_not_count_as_failed() {
        let mut archived = finding("a", CLUSTER, "FAILED", "HIGH");
        archived["RecordState"] = json!("ARCHIVED");
        let mut suppressed = finding("a", CLUSTER, "FAILED", "HIGH");
        suppressed["Workflow"] = json!({"Status": "SUPPRESSED"});
        assert_eq!(status(&archived), RowStatus::Archived);
        assert_eq!(status(&suppressed), RowStatus::Suppressed);
    }

    #[test]
    fn the_severity_set_by_the_customer_takes_precedence() {
        let mut asff = finding("a", CLUSTER, "FAILED", "HIGH");
        asff["Severity"] = json!({"Label": "LOW"});
        assert_eq!(severity(&asff), Severity::Low);
    }

    #[test]
    fn resource_names_are_short() {
        let image = "arn:aws:ecr:eu-central-1:111122223333:repository/cards/api/sha256:0123456789abcdef0123";
        let tagged = json!({"Resources": [{"Details": {"AwsEcrContainerImage": {"ImageTags": ["4.2.0", "latest"]}}}]});
        let key = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
        assert_eq!(short_name(CLUSTER, &Value::Null), "payments-prod");
        assert_eq!(short_name(image, &Value::Null), "cards/api@0123456789ab");
        assert_eq!(short_name(image, &tagged), "cards/api:4.2.0");
        assert_eq!(
            short_name(key, &Value::Null),
            "1234abcd-12ab-34cd-56ef-1234567890ab"
        );
        let described =
            json!({"Resources": [{"Details": {"AwsKmsKey": {"Description": "Card numbers"}}}]});
        assert_eq!(
            short_name(key, &described),
            "1234abcd-12ab-34cd-56ef-1234567890ab (Card numbers)"
        );
        assert_eq!(short_name("not an ARN", &Value::Null), "not an ARN");
    }

    #[test]
    fn the_reason_is_the_status_reasons_or_the_description() {
        let mut asff = finding("a", CLUSTER, "FAILED", "HIGH");
        assert_eq!(reason(&asff), "What was seen.");
        asff["Compliance"]["StatusReasons"] = json!([{"ReasonCode": "A", "Description": "One."}, {"ReasonCode": "B"}, {"ReasonCode": "C", "Description": "Two."}]);
        assert_eq!(reason(&asff), "One. Two.");
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
