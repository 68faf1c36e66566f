//! The outline of a finding: what is known of it before it is rendered.

use aws_sdk_securityhub::types::ComplianceStatus;
use eksentry_core::{Details, Finding, Outcome, Reason};
use serde::Serialize;

use super::digest::{digest, reported_revision};
use super::limits::{FINDING_BYTES, FRAME_BYTES, bytes};
use super::texts::Texts;
use super::vulnerabilities::{bytes_of_vulnerability, within};

/// The properties of a finding that are known before it is rendered. The rendered finding takes tens of kilobytes of
/// memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outline {
    /// The [`digest`] of the finding.
    pub digest: String,
    /// The [revision](super::revision()) of the finding.
    pub revision: Option<String>,
    /// The maximum size of the document as JSON, in bytes.
    pub size: usize,
    /// The number of vulnerabilities that the document has room for, worst first.
    pub(super) vulnerabilities: Option<usize>,
    pub(super) texts: Texts,
}

/// The parts of a finding that determine its size, without vulnerabilities and tags.
#[derive(Serialize)]
struct Measured<'a> {
    title: &'a str,
    description: &'a str,
    reasons: &'a [Reason],
    parameters: &'a [(&'static str, Vec<String>)],
    requirements: &'a [String],
    recommendation: &'a str,
    url: &'a str,
    details: &'a Details,
}

/// Returns the outline of a finding; `None` if its outcome is not reported to Security Hub.
pub fn outline(finding: &Finding) -> Option<Outline> {
    digest(finding).map(|digest| Outline::of(finding, digest))
}

impl Outline {
    /// Returns the outline of a finding that has this [`digest`].
    pub fn of(finding: &Finding, digest: String) -> Self {
        let texts = Texts::of(finding);
        let bytes_of_content = bytes(&Measured {
            title: finding.check.title,
            description: &texts.description,
            reasons: &finding.verdict.reasons,
            parameters: &finding.parameters,
            requirements: &texts.requirements,
            recommendation: &texts.recommendation,
            url: &finding.link,
            details: &finding.details,
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
        Self {
            digest,
            revision: reported_revision(finding),
            size,
            vulnerabilities: vulnerabilities.map(<[_]>::len),
            texts,
        }
    }
}

pub(super) fn status(outcome: Outcome) -> Option<ComplianceStatus> {
    match outcome {
        Outcome::Passed => Some(ComplianceStatus::Passed),
        Outcome::Failed(_) => Some(ComplianceStatus::Failed),
        Outcome::Warning => Some(ComplianceStatus::Warning),
        Outcome::NotAvailable => Some(ComplianceStatus::NotAvailable),
        Outcome::NotApplicable | Outcome::Pending => None,
    }
}
