//! Findings that Security Hub holds, in the form in which they are sent to be archived.

use aws_sdk_securityhub::types::{
    AwsSecurityFinding, FindingProviderFields, FindingProviderSeverity, RecordState, SeverityLabel,
};
use jiff::Timestamp;

use super::limits::{FINDING_BYTES, FRAME_BYTES, bytes_of_tags};
use super::{Rendered, time};

/// The prefix of the product fields that Security Hub itself adds.
const RESERVED: &str = "aws/";

/// Returns a finding that Security Hub holds in the form in which it is sent to be archived; `None` if it is archived
/// already, or not older than the observation. Members that belong to the customer or to Security Hub are left out,
/// since they can't be sent.
pub(in crate::security_hub) fn archived(
    mut finding: AwsSecurityFinding,
    observed_at: Timestamp,
) -> Option<Rendered> {
    let newer = finding
        .updated_at()
        .and_then(|time| time.parse::<Timestamp>().ok())
        .is_some_and(|at| at >= observed_at);
    if newer || finding.record_state == Some(RecordState::Archived) {
        return None;
    }
    // Old findings may have these members only at the top level.
    let given = finding.finding_provider_fields.take();
    let label = given
        .as_ref()
        .and_then(|fields| fields.severity()?.label.clone());
    let label = label.or_else(|| finding.severity.as_ref()?.label.clone());
    let types = given
        .as_ref()
        .map(|fields| fields.types().to_vec())
        .filter(|types| !types.is_empty());
    let fields = FindingProviderFields::builder()
        .severity(
            FindingProviderSeverity::builder()
                .label(label.unwrap_or(SeverityLabel::Informational))
                .build(),
        )
        .set_types(types.or_else(|| finding.types.clone()))
        .build();
    let mut product_fields = finding.product_fields.take().unwrap_or_default();
    product_fields.retain(|name, _| !name.starts_with(RESERVED));
    let document = AwsSecurityFinding::builder()
        .set_schema_version(finding.schema_version)
        .set_id(finding.id)
        .set_product_arn(finding.product_arn)
        .set_generator_id(finding.generator_id)
        .set_aws_account_id(finding.aws_account_id)
        .set_created_at(finding.created_at)
        .updated_at(time(observed_at))
        .set_title(finding.title)
        .set_description(finding.description)
        .finding_provider_fields(fields)
        .set_remediation(finding.remediation)
        .set_compliance(finding.compliance)
        .set_resources(finding.resources)
        .set_vulnerabilities(finding.vulnerabilities)
        .set_product_fields(Some(product_fields).filter(|fields| !fields.is_empty()))
        .record_state(RecordState::Archived)
        .build();
    // Only vulnerabilities make a finding large.
    let tags: usize = document
        .resources()
        .iter()
        .map(|resource| bytes_of_tags(resource.tags()))
        .sum();
    let size = if document.vulnerabilities().is_empty() {
        2 * FRAME_BYTES + tags
    } else {
        FINDING_BYTES
    };
    Some(Rendered {
        finding: document,
        size,
    })
}

/// Returns the name of a member that a finding lacks and that must be sent with it again; `None` if the finding is
/// complete. The SDK reads an absent text as an empty one.
pub(in crate::security_hub) fn missing_member(
    finding: &AwsSecurityFinding,
) -> Option<&'static str> {
    let is_present = |text: Option<&str>| text.is_some_and(|text| !text.is_empty());
    let resources = finding.resources();
    let compliance = finding.compliance();
    let mut reasons = compliance.iter().flat_map(|one| one.status_reasons());
    let mut vulnerabilities = finding.vulnerabilities().iter();
    [
        ("SchemaVersion", is_present(finding.schema_version())),
        ("Id", is_present(finding.id())),
        ("ProductArn", is_present(finding.product_arn())),
        ("GeneratorId", is_present(finding.generator_id())),
        ("AwsAccountId", is_present(finding.aws_account_id())),
        ("CreatedAt", is_present(finding.created_at())),
        ("UpdatedAt", is_present(finding.updated_at())),
        ("Title", is_present(finding.title())),
        ("Description", is_present(finding.description())),
        ("Resources", !resources.is_empty()),
        (
            "Resources.Id",
            resources.iter().all(|one| is_present(one.id())),
        ),
        (
            "Resources.Type",
            resources.iter().all(|one| is_present(one.r#type())),
        ),
        (
            "Compliance.StatusReasons.ReasonCode",
            reasons.all(|one| is_present(one.reason_code())),
        ),
        (
            "Vulnerabilities.Id",
            vulnerabilities.all(|one| is_present(one.id())),
        ),
    ]
    .into_iter()
    .find(|(_, is_present)| !is_present)
    .map(|(name, _)| name)
}
