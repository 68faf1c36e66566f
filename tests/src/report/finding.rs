//! One finding, as the report shows it.

mod place;

use std::collections::BTreeSet;

use eksentry_core::{service, standards::standard_of};
use serde::Serialize;
use serde_json::Value;

use place::Place;

/// The status of a finding. The variants are in the order in which the report lists them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum RowStatus {
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
    pub(super) fn is_open(self) -> bool {
        matches!(self, Self::Failed | Self::Warning | Self::NotAvailable)
    }

    /// Returns the name in words.
    pub(super) fn label(self) -> &'static str {
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
pub(super) enum Severity {
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
    /// Returns the name as Security Hub writes it.
    pub(super) fn label(self) -> &'static str {
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
pub(super) struct Finding {
    pub(super) status: RowStatus,
    pub(super) severity: Severity,
    /// The name of the service that the check is about, or [`OTHER`].
    pub(super) service: &'static str,
    pub(super) check: String,
    title: String,
    /// The resource's name for display: the last part of its ARN, with an image's tag instead of its digest, and with a
    /// key's description, since a key's id is not meaningful. The name of an object in a cluster is that of its [`Place`].
    pub(super) resource: String,
    /// The place in a cluster, if the finding is about the contents of a cluster.
    place: Option<Place>,
    resource_id: String,
    #[serde(rename = "type")]
    resource_type: String,
    /// The reason for the status; empty if the finding has none.
    pub(super) reason: String,
    /// The names of the standards of the related requirements, sorted and distinct.
    standards: BTreeSet<String>,
    asff: Value,
}

/// The service of checks whose ids do not begin with a known service.
const OTHER: &str = "Other";

/// The first word of the ids of checks of the contents of clusters.
const KUBERNETES: &str = "k8s";

impl Finding {
    /// Reads an ASFF document, of which any part may be missing or invalid.
    pub(super) fn read(asff: Value) -> Self {
        let resource_id = text(&asff, "/Resources/0/Id");
        let check = check(&asff);
        let service = service::of(&check);
        let is_in_cluster = service.is_some_and(|service| service.prefix == KUBERNETES);
        let place = is_in_cluster.then(|| Place::read(&asff));
        let resource = match &place {
            Some(place) => place.to_string(),
            None => short_name(resource_id, &asff),
        };
        Self {
            status: status(&asff),
            severity: severity(&asff),
            service: service.map_or(OTHER, |service| service.name),
            check,
            title: text(&asff, "/Title").to_owned(),
            resource,
            place,
            resource_id: resource_id.to_owned(),
            resource_type: text(&asff, "/Resources/0/Type").to_owned(),
            reason: reason(&asff),
            standards: standards(&asff),
            asff,
        }
    }

    /// Returns the key by which findings are sorted.
    pub(super) fn order(&self) -> impl Ord + use<'_> {
        (
            self.status,
            self.severity,
            &self.check,
            &self.resource,
            &self.resource_id,
        )
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

/// Lists the names of the standards of the related requirements.
fn standards(asff: &Value) -> BTreeSet<String> {
    let requirements = asff
        .pointer("/Compliance/RelatedRequirements")
        .and_then(Value::as_array);
    requirements
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(|requirement| standard(requirement).to_owned())
        .filter(|standard| !standard.is_empty())
        .collect()
}

/// Returns the short name of a standard that checks are mapped to. For other standards, which findings of other versions
/// can contain, returns the text before the number of the control.
fn standard(requirement: &str) -> &str {
    if let Some(standard) = standard_of(requirement) {
        return standard.short;
    }
    let parts = requirement.rsplit_once(['/', ' ']);
    parts.map_or(requirement, |(standard, _)| standard)
}

#[cfg(test)]
mod tests {
    use eksentry_core::{Control, standards::STANDARDS};
    use serde_json::json;

    use super::super::tests::{CLUSTER, finding};
    use super::*;

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
    fn the_service_follows_from_the_id_of_the_check() {
        for (check, expected) in [
            ("eks-endpoint-private", "Amazon EKS"),
            ("eks-check-of-the-future", "Amazon EKS"),
            ("config-records-resources", "AWS Config"),
            ("", OTHER),
            ("eks", OTHER),
            ("unknown-check", OTHER),
            ("<b>-check", OTHER),
        ] {
            let finding = Finding::read(finding(check, CLUSTER, "FAILED", "HIGH"));
            assert_eq!(finding.service, expected, "{check}");
        }
    }

    #[test]
    fn the_standards_are_those_of_the_related_requirements() {
        let of = |requirements: Value| {
            let asff = json!({"Compliance": {"RelatedRequirements": requirements}});
            standards(&asff).into_iter().collect::<Vec<_>>()
        };
        for standard in STANDARDS {
            let control = Control {
                standard,
                number: "1.2",
            };
            assert_eq!(of(json!([control.to_string()])), [standard.short]);
        }
        assert_eq!(
            of(json!([
                "PCI DSS v4.0.1/1.4.4",
                "PCI DSS v4.0.1/10.2.1",
                "NIST.800-53.r5 AC-3(7)"
            ])),
            ["NIST 800-53", "PCI DSS"]
        );
        assert_eq!(
            of(json!([
                "CIS AWS Foundations Benchmark v1.2.0/2.8",
                "ISO 27001 A.12",
                "Unnumbered",
                "/1",
                " 2",
                "",
                3,
                null
            ])),
            [
                "CIS AWS Foundations Benchmark v1.2.0",
                "ISO 27001",
                "Unnumbered"
            ]
        );
        for invalid in [json!(null), json!("text"), json!({"a": "b"}), json!([])] {
            assert_eq!(of(invalid), [""; 0]);
        }
    }
}
