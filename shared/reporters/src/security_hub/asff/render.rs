//! The rendering of findings.

use std::collections::HashMap;

use aws_sdk_securityhub::types::builders::AwsSecurityFindingBuilder;
use aws_sdk_securityhub::types::{
    AwsSecurityFinding, Compliance, ComplianceStatus, FindingProviderFields,
    FindingProviderSeverity, Recommendation, RecordState, Remediation, SecurityControlParameter,
    SeverityLabel, StatusReason,
};
use eksentry_core::facts::kubernetes::object;
use eksentry_core::finding::generator_id;
use eksentry_core::kind::{Family, Topic};
use eksentry_core::{Finding, Reason, Severity};

use super::limits::{DESCRIPTION, LIST, PRODUCT_FIELD, TITLE};
use super::outline::{Outline, outline, status};
use super::resource::resources;
use super::texts::{description, recommendation, requirements};
use super::vulnerabilities::vulnerability;
use super::{DIGEST, REVISION, Rendered, UNREAD_SINCE, time};
use crate::security_hub::product_arn;
use crate::text::{cut, cut_or_none};

/// Types taxonomy: <https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format-type-taxonomy.html>.
const CONFIGURATION: &str = "Software and Configuration Checks/AWS Security Best Practices";
const VULNERABILITIES: &str = "Software and Configuration Checks/Vulnerabilities/CVE";

/// Renders a finding; returns `None` if its outcome is not reported to Security Hub.
pub fn render(finding: &Finding) -> Option<Rendered> {
    let status = status(finding.verdict.outcome)?;
    let outline = outline(finding)?;
    let listed = outline.vulnerabilities.unwrap_or_default();
    let scan = finding.verdict.scan.iter();
    let vulnerabilities: Vec<_> = scan
        .flat_map(|scan| &scan.vulnerabilities)
        .take(listed)
        .map(vulnerability)
        .collect();
    let document = document(finding, status)
        .set_vulnerabilities(Some(vulnerabilities).filter(|list| !list.is_empty()))
        .set_product_fields(Some(product_fields(finding, &outline)))
        .build();
    Some(Rendered {
        finding: document,
        size: outline.size,
    })
}

fn document(finding: &Finding, status: ComplianceStatus) -> AwsSecurityFindingBuilder {
    let check = finding.check;
    let location = finding.resource.location();
    let observed_at = time(finding.observed_at);
    let recommendation = Recommendation::builder()
        .text(recommendation(finding))
        .url(&finding.link)
        .build();
    AwsSecurityFinding::builder()
        .schema_version("2018-10-08")
        .id(finding.id())
        .product_arn(product_arn(&location))
        .generator_id(generator_id(check))
        .aws_account_id(&location.account)
        .created_at(&observed_at)
        .updated_at(observed_at)
        .title(cut(check.title, TITLE))
        .description(description(finding))
        .finding_provider_fields(provider_fields(
            finding.verdict.outcome.severity(),
            check.topic(),
        ))
        .remediation(
            Remediation::builder()
                .recommendation(recommendation)
                .build(),
        )
        .compliance(compliance(finding, status))
        .set_resources(Some(resources(finding, &location)))
        .record_state(RecordState::Active)
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

fn compliance(finding: &Finding, status: ComplianceStatus) -> Compliance {
    let requirements = requirements(finding);
    let parameters: Vec<_> = finding.parameters.iter().map(control_parameter).collect();
    Compliance::builder()
        .status(status)
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
