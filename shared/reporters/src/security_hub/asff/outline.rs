//! The outline of a finding: whether it is reported, and whether its content has changed. It is computed without
//! rendering the finding.

use aws_sdk_securityhub::types::ComplianceStatus;
use eksentry_core::facts::image::ScanResult;
use eksentry_core::{Details, Finding, ObjectVerdict, Outcome, Reason, Severity};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::limits::{FINDING_BYTES, FRAME_BYTES, bytes};
use super::texts::{description, recommendation, requirements};
use super::vulnerabilities::{bytes_of_vulnerability, within};

/// The version of the rendering, which is part of every digest. It must be raised when the same finding is rendered
/// differently, so that all findings are sent again.
const RENDERING: u32 = 1;

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
    pub(super) vulnerabilities: Option<usize>,
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

/// Returns a digest of everything that a verdict depends on, as far as a list returns it. As long as the digest is the
/// same, describing the resource would lead to the same finding. Returns `None` if lists do not return these facts, or
/// if the finding is muted, since mutes end.
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

pub(super) fn status(outcome: Outcome) -> Option<ComplianceStatus> {
    match outcome {
        Outcome::Passed => Some(ComplianceStatus::Passed),
        Outcome::Failed(_) => Some(ComplianceStatus::Failed),
        Outcome::Warning => Some(ComplianceStatus::Warning),
        Outcome::NotAvailable => Some(ComplianceStatus::NotAvailable),
        Outcome::NotApplicable | Outcome::Pending => None,
    }
}

fn digest(content: &impl Serialize) -> String {
    let json = serde_json::to_vec(content).unwrap_or_default();
    hex::encode(&Sha256::digest(json)[..16])
}
