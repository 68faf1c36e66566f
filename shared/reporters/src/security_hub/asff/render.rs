//! The rendering of findings.

use std::collections::HashMap;

use aws_sdk_securityhub::types::{
    AwsSecurityFinding, Compliance, FindingProviderFields, FindingProviderSeverity, Recommendation,
    RecordState, Remediation, SecurityControlParameter, SeverityLabel, StatusReason,
};
use eksentry_core::facts::kubernetes::object;
use eksentry_core::finding::generator_id;
use eksentry_core::kind::{Family, Topic};
use eksentry_core::{Finding, Reason, Severity};

use super::limits::{DESCRIPTION, LIST, PRODUCT_FIELD, TITLE, bytes_of_tags};
use super::outline::{Outline, status};
use super::resource::{render_tags, resources};
use super::vulnerabilities::vulnerability;
use super::{DIGEST, REVISION, Rendered, UNREAD_SINCE, time};
use crate::security_hub::product_arn;
use crate::text::{cut, cut_or_none};

/// Types taxonomy: <https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format-type-taxonomy.html>.
const CONFIGURATION: &str = "Software and Configuration Checks/AWS Security Best Practices";
const VULNERABILITIES: &str = "Software and Configuration Checks/Vulnerabilities/CVE";

impl Outline {
    /// Renders the finding that this is the outline of.
    pub fn render(&self, finding: &Finding) -> Rendered {
        Rendered {
            finding: document(finding, self),
            size: self.size,
        }
    }

    /// Returns the size of the finding with the resource's tags, in bytes.
    pub fn size_with(&self, tags: &[(String, String)]) -> usize {
        self.size + bytes_of_tags(render_tags(tags).as_ref())
    }
}

fn document(finding: &Finding, outline: &Outline) -> AwsSecurityFinding {
    let location = finding.resource.location();
    let observed_at = time(finding.observed_at);
    let recommendation = Recommendation::builder()
        .text(&outline.texts.recommendation)
        .url(&finding.link)
        .build();
    let remediation = Remediation::builder().recommendation(recommendation);
    let fields = provider_fields(finding.verdict.outcome.severity(), finding.check.topic());
    let listed = outline.vulnerabilities.unwrap_or_default();
    let scan = finding.verdict.scan.iter();
    let vulnerabilities: Vec<_> = scan
        .flat_map(|scan| &scan.vulnerabilities)
        .take(listed)
        .map(vulnerability)
        .collect();
    // Each method of the builder would move several kilobytes.
    let mut document = AwsSecurityFinding::builder().build();
    document.schema_version = Some("2018-10-08".to_owned());
    document.id = Some(finding.id());
    document.product_arn = Some(product_arn(&location));
    document.generator_id = Some(generator_id(finding.check));
    document.aws_account_id = Some(location.account.clone());
    document.created_at = Some(observed_at.clone());
    document.updated_at = Some(observed_at);
    document.title = Some(cut(finding.check.title, TITLE));
    document.description = Some(outline.texts.description.clone());
    document.finding_provider_fields = Some(fields);
    document.remediation = Some(remediation.build());
    document.compliance = Some(compliance(finding, outline));
    document.resources = Some(resources(finding, &location));
    document.record_state = Some(RecordState::Active);
    document.vulnerabilities = Some(vulnerabilities).filter(|list| !list.is_empty());
    document.product_fields = Some(product_fields(finding, outline));
    document
}

fn provider_fields(severity: Severity, topic: Topic) -> FindingProviderFields {
    let branch = match topic {
        Topic::Configuration => CONFIGURATION,
        Topic::Vulnerabilities => VULNERABILITIES,
    };
    FindingProviderFields::builder()
        .severity(
            FindingProviderSeverity::builder()
                .label(SeverityLabel::from(severity.label()))
                .build(),
        )
        .types(branch)
        .build()
}

fn compliance(finding: &Finding, outline: &Outline) -> Compliance {
    let requirements = outline.texts.requirements.clone();
    let parameters: Vec<_> = finding.parameters.iter().map(control_parameter).collect();
    Compliance::builder()
        .set_status(status(finding.verdict.outcome))
        .set_related_requirements(Some(requirements).filter(|list| !list.is_empty()))
        .set_status_reasons(Some(
            finding
                .verdict
                .reasons
                .iter()
                .take(LIST)
                .map(status_reason)
                .collect(),
        ))
        .set_security_control_parameters(Some(parameters).filter(|list| !list.is_empty()))
        .build()
}

fn status_reason(reason: &Reason) -> StatusReason {
    StatusReason::builder()
        .reason_code(reason.code.word())
        .set_description(cut_or_none(&reason.text, DESCRIPTION))
        .build()
}

fn control_parameter((name, values): &(&'static str, Vec<String>)) -> SecurityControlParameter {
    let values = values
        .iter()
        .take(LIST)
        .filter_map(|value| cut_or_none(value, PRODUCT_FIELD));
    SecurityControlParameter::builder()
        .name(*name)
        .set_value(Some(values.collect()))
        .build()
}

fn product_fields(finding: &Finding, outline: &Outline) -> HashMap<String, String> {
    let mut fields = HashMap::from([
        ("ProviderName".to_owned(), "eksentry".to_owned()),
        (
            "ProviderVersion".to_owned(),
            env!("CARGO_PKG_VERSION").to_owned(),
        ),
        ("eksentry/CheckId".to_owned(), finding.check.id.to_owned()),
        (DIGEST.to_owned(), outline.digest.clone()),
    ]);
    let revision = outline.revision.iter();
    fields.extend(revision.map(|revision| (REVISION.to_owned(), revision.clone())));
    let unread_since = finding.unread_since.iter();
    fields.extend(unread_since.map(|day| (UNREAD_SINCE.to_owned(), day.to_string())));
    if finding.resource.kind().family == Family::Kubernetes {
        for (field, property) in [
            ("kind", object::KIND),
            ("namespace", object::NAMESPACE),
            ("name", object::NAME),
        ] {
            let text = finding.details.get_text(property);
            let text = text.and_then(|text| cut_or_none(text, PRODUCT_FIELD));
            fields.extend(text.map(|text| (format!("eksentry/kubernetes/{field}"), text)));
        }
    }
    if let Some(scan) = &finding.verdict.scan {
        let mut total = |name: &str, count: u64| {
            fields.insert(
                format!("eksentry/Vulnerabilities/{name}"),
                count.to_string(),
            );
        };
        for severity in Severity::ALL {
            total(severity.label(), scan.counts.of(severity));
        }
        total("UNTRIAGED", scan.counts.untriaged());
        total("TOTAL", scan.counts.total());
        total("LISTED", outline.vulnerabilities.unwrap_or_default() as u64);
    }
    fields
}
