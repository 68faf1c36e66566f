//! The digests that show whether a finding has changed. They cover what a finding is rendered from, so that none is
//! rendered to find out that Security Hub already holds it.

use std::collections::HashMap;
use std::sync::LazyLock;

use eksentry_core::facts::image::ScanResult;
use eksentry_core::{Check, Details, Finding, ObjectVerdict, Outcome, Reason, Severity, checks};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::outline::status;
use super::texts::requirements;

/// The version of the rendering, which is part of every digest. It must be raised when the same finding is rendered
/// differently, so that all findings are sent again.
const RENDERING: u32 = 1;

/// Room for the content of most findings as JSON.
const USUAL_BYTES: usize = 4 * 1024;

/// The digests of the texts of each check, by the check's id. They are the same in all of its findings.
static WORDINGS: LazyLock<HashMap<&str, String>> = LazyLock::new(|| {
    let wordings = checks::CHECKS.iter();
    wordings.map(|check| (check.id, wording(check))).collect()
});

/// The content of a finding that determines whether it has changed. The resource is not part of it, since findings with
/// the same id are about the same resource.
#[derive(Serialize)]
struct Content<'a> {
    rendering: u32,
    wording: Option<&'a String>,
    status: &'a str,
    severity: Severity,
    reasons: &'a [Reason],
    parameters: &'a [(&'static str, Vec<String>)],
    url: &'a str,
    details: &'a Details,
    scan: Option<&'a ScanResult>,
    /// The verdicts about all objects, since the reasons name only some of them.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    objects: &'a [ObjectVerdict],
}

/// Returns the digest that shows whether the content of a finding equals that of an earlier one; `None` if its outcome
/// is not reported to Security Hub. Times and tags are not part of the content.
pub fn digest(finding: &Finding) -> Option<String> {
    let status = status(finding.verdict.outcome)?;
    Some(digest_of(&Content {
        rendering: RENDERING,
        wording: WORDINGS.get(finding.check.id),
        status: status.as_str(),
        severity: finding.verdict.outcome.severity(),
        reasons: &finding.verdict.reasons,
        parameters: &finding.parameters,
        url: &finding.link,
        details: &finding.details,
        scan: finding.verdict.scan.as_deref(),
        objects: &finding.verdict.objects,
    }))
}

/// Returns the digest of everything that a verdict depends on, as far as a list returns it. As long as it is the same,
/// describing the resource would lead to the same finding. Returns `None` if lists do not return these facts, or if the
/// finding is muted, since mutes end.
pub fn revision(finding: &Finding) -> Option<String> {
    let listed = finding.revision.as_deref()?;
    if finding.verdict.is_muted() {
        return None;
    }
    Some(digest_of(&(
        (RENDERING, WORDINGS.get(finding.check.id)),
        (listed, &finding.details),
        (&finding.parameters, &finding.link),
    )))
}

/// Returns the [`revision`] to report with a finding. Facts that could not be read may be readable the next time, with
/// nothing else changed.
pub(super) fn reported_revision(finding: &Finding) -> Option<String> {
    if finding.verdict.outcome == Outcome::NotAvailable {
        return None;
    }
    revision(finding)
}

/// Returns the digest of the texts of a check.
fn wording(check: &Check) -> String {
    digest_of(&(
        (check.id, check.title, check.requirement),
        (check.severities, requirements(check)),
        (check.remediation.text, check.remediation.command),
    ))
}

fn digest_of(content: &impl Serialize) -> String {
    let mut json = Vec::with_capacity(USUAL_BYTES);
    let written = serde_json::to_writer(&mut json, content);
    let json = written.map_or_else(|_| Vec::new(), |()| json);
    hex::encode(&Sha256::digest(&json)[..16])
}
