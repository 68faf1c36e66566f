//! A finding as the results of a scan contain it.

use eksentry_core::{Outcome, Severity, service};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

/// The status of a finding, in the order in which results list them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Status {
    /// The resource does not meet the requirement.
    Failed,
    /// The result is uncertain for a reason that lies in the resource.
    Warning,
    /// A fact that decides the result could not be read.
    NotAvailable,
    /// The resource meets the requirement.
    Passed,
}

impl Status {
    /// Returns the status of an outcome; `None` for outcomes that are not results.
    pub(crate) fn of(outcome: Outcome) -> Option<Self> {
        match outcome {
            Outcome::Failed(_) => Some(Self::Failed),
            Outcome::Warning => Some(Self::Warning),
            Outcome::NotAvailable => Some(Self::NotAvailable),
            Outcome::Passed => Some(Self::Passed),
            Outcome::NotApplicable | Outcome::Pending => None,
        }
    }

    /// Returns the status in words.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::Warning => "warning",
            Self::NotAvailable => "not available",
            Self::Passed => "passed",
        }
    }
}

/// A reason for the status of a finding.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Reason {
    pub(crate) code: &'static str,
    pub(crate) text: String,
}

impl Reason {
    fn of(reason: &eksentry_core::Reason) -> Self {
        Self {
            code: reason.code.word(),
            text: reason.text.clone(),
        }
    }
}

/// The steps that correct a failure.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Remediation {
    /// The steps, in words.
    pub(crate) text: &'static str,
    /// The command for the resource. People fill in the placeholders in `<…>`.
    pub(crate) command: String,
    /// The address of a page about the steps.
    pub(crate) url: String,
}

/// A mute because of which a failure counts as passed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Muted {
    /// The last day (UTC) of the mute.
    pub(crate) until: Date,
    /// The sentence about the mute, with its reason.
    pub(crate) text: String,
}

/// The decision of a check about a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Finding {
    /// The id, `eksentry/<check>/<resource>`, which is the same in all reports and at all times.
    pub(crate) id: String,
    pub(crate) status: Status,
    /// The severity of the failure; of other findings, the one that Security Hub would show.
    pub(crate) severity: Severity,
    pub(crate) check: &'static str,
    pub(crate) title: &'static str,
    pub(crate) service: &'static str,
    /// The related controls of standards.
    pub(crate) controls: Vec<String>,
    /// The ARN of the resource, or the text that takes its place.
    pub(crate) resource: String,
    /// The noun for the resource, such as `cluster`.
    pub(crate) resource_kind: &'static str,
    /// The name of the resource, which is not unique.
    pub(crate) resource_name: String,
    pub(crate) account: String,
    pub(crate) region: String,
    /// The reasons for the status, the most important first.
    pub(crate) reasons: Vec<Reason>,
    pub(crate) remediation: Remediation,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) muted: Option<Muted>,
    /// The exception because of which the resource passes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) exception: Option<Reason>,
    /// The time at which the resource was read.
    pub(crate) observed_at: Timestamp,
}

impl Finding {
    /// Returns the finding for results; `None` if it is no result, because the check does not apply to the resource or
    /// its result is not known yet.
    pub(crate) fn of(finding: &eksentry_core::Finding) -> Option<Self> {
        let eksentry_core::Finding {
            check,
            resource,
            verdict,
            ..
        } = finding;
        let muted = verdict.muted_until.zip(verdict.reasons.first());
        Some(Self {
            id: finding.id(),
            status: Status::of(verdict.outcome)?,
            severity: verdict.outcome.severity(),
            check: check.id,
            title: check.title,
            service: service::of(check.id).map_or("", |service| service.name),
            controls: check.controls().map(|one| one.to_string()).collect(),
            resource: resource.id().to_owned(),
            resource_kind: resource.kind().noun,
            resource_name: resource.name().to_owned(),
            account: resource.account().to_owned(),
            region: resource.region().to_owned(),
            reasons: verdict.reasons.iter().map(Reason::of).collect(),
            remediation: Remediation {
                text: check.remediation.text,
                command: check.remediation.command_for(resource),
                url: finding.link.clone(),
            },
            muted: muted.map(|(until, reason)| Muted {
                until,
                text: reason.text.clone(),
            }),
            exception: verdict.exception.as_ref().map(Reason::of),
            observed_at: finding.observed_at,
        })
    }

    /// Returns the key by which findings are sorted.
    pub(crate) fn order(&self) -> impl Ord + use<'_> {
        let severity = std::cmp::Reverse(self.severity);
        (self.status, severity, self.check, self.resource.as_str())
    }

    /// Returns all reasons as one text.
    pub(crate) fn explanation(&self) -> String {
        let texts: Vec<&str> = self.reasons.iter().map(|one| one.text.as_str()).collect();
        texts.join(" ")
    }
}
