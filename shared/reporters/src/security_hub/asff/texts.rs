//! The texts that a finding is rendered with: its description, requirements and recommendation.

use eksentry_core::{Check, Finding};

use super::limits::{DESCRIPTION, RECOMMENDATION, REQUIREMENTS};
use crate::text::cut;

/// The texts of a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Texts {
    pub(super) description: String,
    pub(super) requirements: Vec<String>,
    pub(super) recommendation: String,
}

impl Texts {
    pub(super) fn of(finding: &Finding) -> Self {
        Self {
            description: description(finding),
            requirements: requirements(finding.check),
            recommendation: recommendation(finding),
        }
    }
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

/// Returns the controls of standards that a check is mapped to.
pub(super) fn requirements(check: &Check) -> Vec<String> {
    let controls = check.controls().take(REQUIREMENTS);
    controls.map(|control| control.to_string()).collect()
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
