//! The outline of a finding: whether it is reported, and whether its content has changed. It is computed without
//! rendering the finding.

use aws_sdk_securityhub::types::ComplianceStatus;
use eksentry_core::facts::image::ScanResult;
use eksentry_core::{Details, Finding, ObjectVerdict, Outcome, Reason, Severity};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::limits::{FINDING_BYTES, FRAME_BYTES, bytes};
use super::texts::{Texts, recommendation, requirements};
use super::vulnerabilities::{bytes_of_vulnerability, within};

/// The version of the rendering, which is part of every digest. It must be raised when the same finding is rendered
/// differently, so that all findings are sent again.
const RENDERING: u32 = 1;

/// Room for the content of most findings as JSON.
const USUAL_BYTES: usize = 4 * 1024;

/// The properties of a finding that are known before it is rendered. The rendered finding takes tens of kilobytes of
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
    pub(super) texts: Texts,
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
    let texts = Texts::of(finding);
    let content = Content {
        rendering: RENDERING,
        title: check.title,
        description: &texts.description,
        status: status.as_str(),
        severity: finding.verdict.outcome.severity(),
        reasons: &finding.verdict.reasons,
        parameters: &finding.parameters,
        requirements: &texts.requirements,
        recommendation: &texts.recommendation,
        url: &finding.link,
        details: &finding.details,
        scan: finding.verdict.scan.as_deref(),
        objects: &finding.verdict.objects,
    };
    let json = json(&content);
    let digest = digest(&json);
    // Facts that could not be read may be readable the next time, with nothing else changed.
    let read = finding.verdict.outcome != Outcome::NotAvailable;
    let revision = revision_with(finding, &texts.requirements, &texts.recommendation);
    let revision = revision.filter(|_| read);
    let bytes_of_content = if content.scan.is_none() && content.objects.is_empty() {
        json.len()
    } else {
        bytes(&Content {
            scan: None,
            objects: &[],
            ..content
        })
    };
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
        texts,
    })
}

/// Returns a digest of everything that a verdict depends on, as far as a list returns it. As long as the digest is the
/// same, describing the resource would lead to the same finding. Returns `None` if lists do not return these facts, or
/// if the finding is muted, since mutes end.
pub fn revision(finding: &Finding) -> Option<String> {
    finding.revision.as_ref()?;
    revision_with(finding, &requirements(finding), &recommendation(finding))
}

/// Returns the [`revision`] of a finding with these texts.
fn revision_with(
    finding: &Finding,
    requirements: &[String],
    recommendation: &str,
) -> Option<String> {
    let listed = finding.revision.as_deref()?;
    if finding.verdict.is_muted() {
        return None;
    }
    let check = finding.check;
    Some(digest(&json(&(
        (RENDERING, check.id, check.title, check.requirement),
        (listed, &finding.details),
        (&finding.parameters, requirements),
        (recommendation, &finding.link),
    ))))
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

fn json(content: &impl Serialize) -> Vec<u8> {
    let mut json = Vec::with_capacity(USUAL_BYTES);
    let written = serde_json::to_writer(&mut json, content);
    written.map_or_else(|_| Vec::new(), |()| json)
}

fn digest(json: &[u8]) -> String {
    hex::encode(&Sha256::digest(json)[..16])
}
