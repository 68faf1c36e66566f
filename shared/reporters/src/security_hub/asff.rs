//! Pure functions that render findings in the AWS Security Finding Format (ASFF).
//!
//! Limits: <https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format-syntax.html> and the
//! pages of its parts. For any input, no text is empty and every limit is kept.

use std::collections::HashMap;

use aws_sdk_securityhub::types::builders::{AwsSecurityFindingBuilder, ResourceDetailsBuilder};
use aws_sdk_securityhub::types::{
    AwsEcrContainerImageDetails, AwsEcrRepositoryDetails,
    AwsEcrRepositoryImageScanningConfigurationDetails, AwsEksClusterDetails,
    AwsEksClusterLoggingClusterLoggingDetails, AwsEksClusterLoggingDetails,
    AwsEksClusterResourcesVpcConfigDetails, AwsKmsKeyDetails, AwsSecurityFinding, Compliance,
    ComplianceStatus, Cvss as SdkCvss, FindingProviderFields, FindingProviderSeverity, Partition,
    Recommendation, RecordState, Remediation, Resource as SdkResource, ResourceDetails,
    SecurityControlParameter, SeverityLabel, SoftwarePackage, StatusReason,
    Vulnerability as SdkVulnerability, VulnerabilityVendor,
};
use eksentry_core::facts::image::{Cvss, Package, ScanResult, Vulnerability};
use eksentry_core::finding::generator_id;
use eksentry_core::kind::Topic;
use eksentry_core::{Detail, Details, Finding, Location, ObjectVerdict, Outcome, Reason, Severity};
use jiff::Timestamp;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::product_arn;
use crate::text::{cut, cut_or_none};

/// The product field with the digest of the reported content.
pub(super) const DIGEST: &str = "eksentry/Digest";

/// The product field with the revision of the evaluated facts.
pub(super) const REVISION: &str = "eksentry/Revision";

/// The product field with the id of the run that sent the finding.
pub(super) const RUN: &str = "eksentry/Run";

/// The version of the rendering, which is part of every digest. It must be raised when the same finding is rendered
/// differently, so that all findings are sent again.
const RENDERING: u32 = 1;

/// The prefix of the product fields that Security Hub itself adds.
const RESERVED: &str = "aws/";

const TITLE: usize = 256;
const DESCRIPTION: usize = 1_024;
const RECOMMENDATION: usize = 512;
const PRODUCT_FIELD: usize = 2_048;
const REQUIREMENTS: usize = 32;
const TAGS: usize = 50;
const OTHER: usize = 50;
const OTHER_VALUE: usize = 1_023;
/// The maximum length of lists for which ASFF documents no limit. They are short, so that the size of the finding stays
/// limited.
const LIST: usize = 20;
const FINDING_BYTES: usize = 240 * 1024;
/// The size of the parts that surround the contents: member names, ids, timestamps, product fields.
const FRAME_BYTES: usize = 30 * 1024;

/// Types taxonomy: <https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format-type-taxonomy.html>.
const CONFIGURATION: &str = "Software and Configuration Checks/AWS Security Best Practices";
const VULNERABILITIES: &str = "Software and Configuration Checks/Vulnerabilities/CVE";

/// A finding in ASFF.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendered {
    /// The document.
    pub finding: AwsSecurityFinding,
    /// The maximum size of the document as JSON, in bytes.
    pub size: usize,
}

impl Rendered {
    /// Returns the same finding, first reported at that time. A text that is not a time, as in a ledger that someone
    /// has modified, is ignored.
    pub fn created_at(mut self, created_at: &str) -> Self {
        if created_at.parse::<Timestamp>().is_ok() {
            self.finding.created_at = Some(created_at.to_owned());
        }
        self
    }

    /// Returns the same finding, sent by that run.
    pub fn with_run(mut self, run: &str) -> Self {
        let fields = self.finding.product_fields.get_or_insert_default();
        fields.extend(cut_or_none(run, PRODUCT_FIELD).map(|run| (RUN.to_owned(), run)));
        self
    }

    /// Returns the same finding, with the resource's tags.
    pub fn with_tags(mut self, tags: &[(String, String)]) -> Self {
        if let Some([resource, ..]) = self.finding.resources.as_deref_mut() {
            resource.tags = render_tags(tags);
            self.size += bytes_of_tags(resource.tags());
        }
        self
    }
}

/// The content of a finding that determines whether it has changed.
#[derive(Serialize)]
struct Content<'a> {
    rendering: u32,
    title: &'a str,
    description: &'a str,
    status: &'a str,
    severity: Severity,
    reasons: &'a [Reason],
    parameters: &'a [(&'static str, Vec<String>)],
    requirements: &'a [String],
    recommendation: &'a str,
    url: &'a str,
    details: &'a Details,
    scan: Option<&'a ScanResult>,
    /// The verdicts about all objects, since the reasons name only some of them.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    objects: &'a [ObjectVerdict],
}

/// Returns a digest of everything that a verdict depends on, as far as a list returns it. As long as the digest is the
/// same, describing the resource would lead to the same finding. Returns `None` if lists do not return these facts, or
/// if the finding is under an exception, since exceptions end.
pub fn revision(finding: &Finding) -> Option<String> {
    let listed = finding.revision.as_deref()?;
    if finding.verdict.is_muted() {
        return None;
    }
    let check = finding.check;
    Some(digest(&(
        (RENDERING, check.id, check.title, check.requirement),
        (listed, &finding.details),
        (&finding.parameters, requirements(finding)),
        (recommendation(finding), &finding.link),
    )))
}

/// The properties of a finding that are known before it is rendered. The document itself takes tens of kilobytes of
/// memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// The digest that shows whether the content equals that of an earlier finding. Times and tags are not part of it.
    pub digest: String,
    /// The revision that shows, without describing the resource, whether the finding would be the same; see
    /// [`revision`].
    pub revision: Option<String>,
    /// The maximum size of the document as JSON, in bytes.
    pub size: usize,
    /// The number of vulnerabilities that the document has room for, worst first.
    vulnerabilities: Option<usize>,
}

/// Returns the outline of a finding; `None` if its outcome is not reported to Security Hub.
pub fn outline(finding: &Finding) -> Option<Outline> {
    let check = finding.check;
    let status = status(finding.verdict.outcome)?;
    let description = description(finding);
    let requirements = requirements(finding);
    let recommendation = recommendation(finding);
    let content = Content {
        rendering: RENDERING,
        title: check.title,
        description: &description,
        status: status.as_str(),
        severity: finding.verdict.outcome.severity(),
        reasons: &finding.verdict.reasons,
        parameters: &finding.parameters,
        requirements: &requirements,
        recommendation: &recommendation,
        url: &finding.link,
        details: &finding.details,
        scan: finding.verdict.scan.as_deref(),
        objects: &finding.verdict.objects,
    };
    let digest = digest(&content);
    // Facts that could not be read may be readable the next time, with nothing else changed.
    let read = finding.verdict.outcome != Outcome::NotAvailable;
    let revision = revision(finding).filter(|_| read);
    let bytes_of_content = bytes(&Content {
        scan: None,
        objects: &[],
        ..content
    });
    let vulnerabilities = finding.verdict.scan.as_deref().map(|scan| {
        within(
            &scan.vulnerabilities,
            FINDING_BYTES.saturating_sub(FRAME_BYTES + bytes_of_content),
        )
    });
    let size = FRAME_BYTES
        + bytes_of_content
        + finding.tags.as_deref().map_or(0, |tags| bytes(&tags))
        + vulnerabilities
            .unwrap_or_default()
            .iter()
            .map(bytes_of_vulnerability)
            .sum::<usize>();
    Some(Outline {
        digest,
        revision,
        size,
        vulnerabilities: vulnerabilities.map(<[_]>::len),
    })
}

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

fn description(finding: &Finding) -> String {
    let requirement = finding.check.requirement;
    let severity = severity(finding);
    let rest = format!(" {severity}{requirement}");
    let explanation = cut(
        &finding.verdict.explanation(),
        DESCRIPTION.saturating_sub(rest.chars().count()),
    );
    cut(&(explanation + &rest), DESCRIPTION)
}

/// Returns the sentence that explains the severity of a failure, and a space; an empty text if there is no such
/// sentence.
fn severity(finding: &Finding) -> String {
    let reason = finding.severity_reason();
    reason.map_or_else(String::new, |reason| reason + " ")
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
            check.kind().topic,
        ))
        .remediation(
            Remediation::builder()
                .recommendation(recommendation)
                .build(),
        )
        .compliance(compliance(finding, status))
        .resources(resource(finding, &location))
        .record_state(RecordState::Active)
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

fn requirements(finding: &Finding) -> Vec<String> {
    finding
        .check
        .controls()
        .take(REQUIREMENTS)
        .map(|control| control.to_string())
        .collect()
}

/// Returns the name of a member that a finding lacks and that must be sent with it again; `None` if the finding is
/// complete. The SDK reads an absent text as an empty one.
pub(super) fn missing_member(finding: &AwsSecurityFinding) -> Option<&'static str> {
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

/// Returns a finding that Security Hub holds in the form in which it is sent to be archived; `None` if it is archived
/// already, or not older than the observation. Members that belong to the customer or to Security Hub are left out,
/// since they can't be sent.
pub(super) fn archived(
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

fn status(outcome: Outcome) -> Option<ComplianceStatus> {
    match outcome {
        Outcome::Passed => Some(ComplianceStatus::Passed),
        Outcome::Failed(_) => Some(ComplianceStatus::Failed),
        Outcome::Warning => Some(ComplianceStatus::Warning),
        Outcome::NotAvailable => Some(ComplianceStatus::NotAvailable),
        Outcome::NotApplicable | Outcome::Pending => None,
    }
}

fn recommendation(finding: &Finding) -> String {
    let remediation = &finding.check.remediation;
    let command = remediation.command_for(&finding.resource);
    let whole = format!("{} {command}", remediation.text);
    // An incomplete command is worse than none.
    if whole.chars().count() <= RECOMMENDATION {
        whole
    } else {
        cut(remediation.text, RECOMMENDATION)
    }
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

fn resource(finding: &Finding, location: &Location) -> SdkResource {
    SdkResource::builder()
        .r#type(finding.resource.kind().asff_type)
        .id(finding.resource.asff_id())
        .set_partition(partition(&location.partition))
        .region(&location.region)
        .set_tags(finding.tags.as_deref().and_then(render_tags))
        .set_details(details(
            finding.resource.kind().asff_type,
            finding.details.clone(),
        ))
        .build()
}

/// Returns the value that ASFF defines for a partition; `None` for partitions that are newer than the format.
/// Sources: <https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_Resource.html> and
/// <https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html>.
fn partition(of_arn: &str) -> Option<Partition> {
    match of_arn {
        "aws" => Some(Partition::Aws),
        "aws-cn" => Some(Partition::AwsCn),
        "aws-us-gov" => Some(Partition::AwsUsGov),
        "aws-iso" => Some(Partition::AwsUsIso),
        "aws-iso-b" => Some(Partition::AwsUsIsoB),
        _ => None,
    }
}

fn render_tags(tags: &[(String, String)]) -> Option<HashMap<String, String>> {
    let tags = tags
        .iter()
        .filter_map(|(key, value)| Some((cut_or_none(key, 128)?, cut_or_none(value, 256)?)));
    let tags: HashMap<String, String> = tags.take(TAGS).collect();
    Some(tags).filter(|tags| !tags.is_empty())
}

/// A function that moves the properties that ASFF defines to the member of ASFF's details for a resource type.
type Fill = fn(ResourceDetailsBuilder, &mut Details) -> ResourceDetailsBuilder;

/// The resource types that have a member of their own in ASFF's details.
static MEMBERS: [(&str, Fill); 4] = [
    ("AwsEksCluster", |details, remaining| {
        details.aws_eks_cluster(cluster(remaining))
    }),
    ("AwsEcrRepository", |details, remaining| {
        details.aws_ecr_repository(repository(remaining))
    }),
    ("AwsEcrContainerImage", |details, remaining| {
        details.aws_ecr_container_image(image(remaining))
    }),
    ("AwsKmsKey", |details, remaining| {
        details.aws_kms_key(key(remaining))
    }),
];

/// Returns the details of a resource. Properties that ASFF defines are moved to their members, the others to `Other`.
fn details(asff_type: &str, mut remaining: Details) -> Option<ResourceDetails> {
    if remaining.is_empty() {
        return None;
    }
    let details = ResourceDetails::builder();
    let details = match MEMBERS.iter().find(|(name, _)| *name == asff_type) {
        Some((_, fill)) => fill(details, &mut remaining),
        None => details,
    };
    let other = remaining.iter().filter_map(|(name, detail)| {
        Some((name.to_owned(), cut_or_none(&to_text(detail), OTHER_VALUE)?))
    });
    let other: HashMap<String, String> = other.take(OTHER).collect();
    Some(
        details
            .set_other(Some(other).filter(|other| !other.is_empty()))
            .build(),
    )
}

fn cluster(remaining: &mut Details) -> AwsEksClusterDetails {
    let logs = texts(remaining, "enabledLogTypes").map(|types| {
        AwsEksClusterLoggingDetails::builder()
            .cluster_logging(
                AwsEksClusterLoggingClusterLoggingDetails::builder()
                    .enabled(true)
                    .set_types(Some(types))
                    .build(),
            )
            .build()
    });
    let network = AwsEksClusterResourcesVpcConfigDetails::builder()
        .set_subnet_ids(texts(remaining, "subnetIds"))
        .set_security_group_ids(texts(remaining, "securityGroupIds"))
        .set_endpoint_public_access(flag(remaining, "endpointPublicAccess"))
        .build();
    AwsEksClusterDetails::builder()
        .set_arn(text(remaining, "arn"))
        .set_name(text(remaining, "name"))
        .set_cluster_status(text(remaining, "status"))
        .set_version(text(remaining, "version"))
        .set_endpoint(text(remaining, "endpoint"))
        .set_role_arn(text(remaining, "roleArn"))
        .resources_vpc_config(network)
        .set_logging(logs)
        .build()
}

fn repository(remaining: &mut Details) -> AwsEcrRepositoryDetails {
    let scanning = flag(remaining, "scanOnPush").map(|on| {
        AwsEcrRepositoryImageScanningConfigurationDetails::builder()
            .scan_on_push(on)
            .build()
    });
    AwsEcrRepositoryDetails::builder()
        .set_arn(text(remaining, "arn"))
        .set_repository_name(text(remaining, "repositoryName"))
        .set_image_tag_mutability(text(remaining, "imageTagMutability"))
        .set_image_scanning_configuration(scanning)
        .build()
}

fn image(remaining: &mut Details) -> AwsEcrContainerImageDetails {
    AwsEcrContainerImageDetails::builder()
        .set_registry_id(text(remaining, "registryId"))
        .set_repository_name(text(remaining, "repositoryName"))
        .set_image_digest(text(remaining, "imageDigest"))
        .set_image_tags(texts(remaining, "imageTags"))
        .set_image_published_at(timestamp(remaining, "imagePushedAt").and_then(time_or_none))
        .build()
}

fn key(remaining: &mut Details) -> AwsKmsKeyDetails {
    #[expect(
        clippy::cast_precision_loss,
        reason = "seconds since 1970 are far below 2^53"
    )]
    let created = timestamp(remaining, "CreationDate").map(|at| at.as_second() as f64);
    AwsKmsKeyDetails::builder()
        .set_key_id(text(remaining, "KeyId"))
        .set_aws_account_id(text(remaining, "AWSAccountId"))
        .set_key_manager(text(remaining, "KeyManager"))
        .set_key_state(text(remaining, "KeyState"))
        .set_origin(text(remaining, "Origin"))
        .set_description(text(remaining, "Description"))
        .set_key_rotation_status(flag(remaining, "KeyRotationEnabled"))
        .set_creation_date(created)
        .build()
}

fn text(remaining: &mut Details, name: &str) -> Option<String> {
    match remaining.take(name)? {
        Detail::Text(text) => cut_or_none(&text, OTHER_VALUE),
        other => Some(to_text(&other)),
    }
}

fn texts(remaining: &mut Details, name: &str) -> Option<Vec<String>> {
    match remaining.take(name)? {
        Detail::Texts(texts) => Some(
            texts
                .iter()
                .take(TAGS)
                .filter_map(|text| cut_or_none(text, 512))
                .collect(),
        ),
        other => Some(vec![to_text(&other)]),
    }
}

fn flag(remaining: &mut Details, name: &str) -> Option<bool> {
    match remaining.take(name)? {
        Detail::Flag(flag) => Some(flag),
        _ => None,
    }
}

fn timestamp(remaining: &mut Details, name: &str) -> Option<Timestamp> {
    match remaining.take(name)? {
        Detail::Time(time) => Some(time),
        _ => None,
    }
}

fn to_text(detail: &Detail) -> String {
    match detail {
        Detail::Text(text) => text.clone(),
        Detail::Texts(texts) => texts.join(", "),
        Detail::Flag(flag) => flag.to_string(),
        Detail::Time(at) => time(*at),
    }
}

/// Returns a time in the format of findings: RFC 3339 in UTC with milliseconds.
pub fn time(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// Returns the same for a time from outside; `None` if RFC 3339 can't represent it, before the year 0.
fn time_or_none(at: Timestamp) -> Option<String> {
    Some(time(at)).filter(|text| !text.starts_with('-'))
}

/// Returns a number from outside; `None` if it is not finite, since JSON can't represent it.
fn number(number: Option<f64>) -> Option<f64> {
    number.filter(|number| number.is_finite())
}

/// Returns the first vulnerabilities, which are the worst, that fit into `most` bytes.
fn within(vulnerabilities: &[Vulnerability], most: usize) -> &[Vulnerability] {
    let mut remaining = most;
    let fits = |vulnerability: &Vulnerability| {
        let rest = remaining.checked_sub(bytes_of_vulnerability(vulnerability));
        remaining = rest.unwrap_or_default();
        rest.is_some()
    };
    let count = vulnerabilities
        .iter()
        .map(fits)
        .take_while(|fits| *fits)
        .count();
    &vulnerabilities[..count]
}

fn vulnerability(from: &Vulnerability) -> SdkVulnerability {
    let vendor = from
        .vendor
        .as_deref()
        .and_then(|name| cut_or_none(name, 256))
        .map(|name| {
            VulnerabilityVendor::builder()
                .name(name)
                .set_url(optional(from.vendor_url.as_deref()))
                .set_vendor_severity(optional(from.vendor_severity.as_deref()))
                .set_vendor_created_at(from.published_at.and_then(time_or_none))
                .set_vendor_updated_at(from.updated_at.and_then(time_or_none))
                .build()
        });
    let packages: Vec<SoftwarePackage> = from.packages.iter().take(LIST).map(package).collect();
    SdkVulnerability::builder()
        .id(cut_or_none(&from.id, 512).unwrap_or_else(|| "unknown".to_owned()))
        .set_vulnerable_packages(Some(packages).filter(|list| !list.is_empty()))
        .set_cvss(
            Some(from.cvss.iter().take(LIST).map(cvss).collect::<Vec<_>>())
                .filter(|list| !list.is_empty()),
        )
        .set_vendor(vendor)
        .set_reference_urls(list(&from.references))
        .set_related_vulnerabilities(list(&from.related))
        .set_fix_available(
            from.fix_available
                .as_deref()
                .filter(|word| ["YES", "NO", "PARTIAL"].contains(word))
                .map(Into::into),
        )
        .set_exploit_available(
            from.exploit_available
                .as_deref()
                .filter(|word| ["YES", "NO"].contains(word))
                .map(Into::into),
        )
        .set_epss_score(number(from.epss))
        .build()
}

fn package(from: &Package) -> SoftwarePackage {
    SoftwarePackage::builder()
        .set_name(optional(from.name.as_deref()))
        .set_version(optional(from.version.as_deref()))
        .set_epoch(optional(from.epoch.as_deref()))
        .set_release(optional(from.release.as_deref()))
        .set_architecture(optional(from.architecture.as_deref()))
        .set_package_manager(optional(from.manager.as_deref()))
        .set_file_path(optional(from.path.as_deref()))
        .set_fixed_in_version(optional(from.fixed_in.as_deref()))
        .set_source_layer_hash(optional(from.layer.as_deref()))
        .build()
}

fn cvss(from: &Cvss) -> SdkCvss {
    SdkCvss::builder()
        .set_version(optional(from.version.as_deref()))
        .set_base_score(number(from.score))
        .set_base_vector(optional(from.vector.as_deref()))
        .set_source(optional(from.source.as_deref()))
        .build()
}

fn optional(text: Option<&str>) -> Option<String> {
    text.and_then(|text| cut_or_none(text, 512))
}

fn list(texts: &[String]) -> Option<Vec<String>> {
    let texts: Vec<String> = texts
        .iter()
        .filter_map(|text| cut_or_none(text, 512))
        .take(LIST)
        .collect();
    Some(texts).filter(|texts| !texts.is_empty())
}

/// Returns the maximum size of a vulnerability in ASFF, in bytes. eksentry's own form has the same texts under shorter
/// names, and contains `null` where ASFF omits a member.
fn bytes_of_vulnerability(vulnerability: &Vulnerability) -> usize {
    bytes(vulnerability) + 256 + 32 * vulnerability.packages.len() + 16 * vulnerability.cvss.len()
}

fn bytes_of_tags(tags: Option<&HashMap<String, String>>) -> usize {
    tags.map_or(0, bytes)
}

fn bytes(value: &impl Serialize) -> usize {
    /// A writer that counts the bytes that are written.
    struct Count(usize);
    impl std::io::Write for Count {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0 += bytes.len();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let mut count = Count(0);
    serde_json::to_writer(&mut count, value).map_or(usize::MAX, |()| count.0)
}

fn digest(content: &impl Serialize) -> String {
    let json = serde_json::to_vec(content).unwrap_or_default();
    hex::encode(&Sha256::digest(json)[..16])
}

#[cfg(test)]
mod tests;
