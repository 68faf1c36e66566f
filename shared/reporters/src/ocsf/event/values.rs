//! The values of attributes whose numbers and captions the schema defines.

use eksentry_core::{Finding, Outcome, Severity};

/// A class of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Compliance Finding.
    Compliance,
    /// Vulnerability Finding.
    Vulnerability,
}

impl Class {
    /// Returns the name in the schema.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Compliance => "compliance_finding",
            Self::Vulnerability => "vulnerability_finding",
        }
    }

    pub(super) const fn caption(self) -> &'static str {
        match self {
            Self::Compliance => "Compliance Finding",
            Self::Vulnerability => "Vulnerability Finding",
        }
    }

    pub(super) const fn uid(self) -> u32 {
        match self {
            Self::Compliance => 2003,
            Self::Vulnerability => 2002,
        }
    }
}

/// The activity of an event. It is not known here whether a finding existed before a run. The activity of a finding
/// that is not closed is therefore `Unknown`, which is a value of the schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Activity {
    Unknown,
    Close,
}

impl Activity {
    pub(super) const fn id_and_name(self) -> (u32, &'static str) {
        match self {
            Self::Unknown => (0, "Unknown"),
            Self::Close => (3, "Close"),
        }
    }
}

pub(super) const fn type_uid(class: Class, activity: Activity) -> u32 {
    class.uid() * 100 + activity.id_and_name().0
}

/// The progress of the work on a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EventStatus {
    /// It is unknown whether the finding requires any work.
    Unknown,
    /// The work on the finding has not begun, as far as is known here.
    New,
    /// An exception applies to the finding.
    Suppressed,
    /// The finding requires no more work.
    Resolved,
}

impl EventStatus {
    pub(super) fn of(finding: &Finding) -> Self {
        match finding.verdict.outcome {
            Outcome::Passed if finding.verdict.is_muted() => Self::Suppressed,
            Outcome::Passed | Outcome::NotApplicable => Self::Resolved,
            Outcome::Failed(_) | Outcome::Warning => Self::New,
            Outcome::NotAvailable | Outcome::Pending => Self::Unknown,
        }
    }

    pub(super) const fn id_and_name(self) -> (u32, &'static str) {
        match self {
            Self::Unknown => (0, "Unknown"),
            Self::New => (1, "New"),
            Self::Suppressed => (3, "Suppressed"),
            Self::Resolved => (4, "Resolved"),
        }
    }
}

/// The schema's id for a status that the schema does not define, and eksentry's caption for it.
pub(super) const NOT_APPLICABLE: (u32, &str) = (99, "Not Applicable");

pub(super) const fn compliance_status(outcome: Outcome) -> (u32, &'static str) {
    match outcome {
        Outcome::Passed => (1, "Pass"),
        Outcome::Warning => (2, "Warning"),
        Outcome::Failed(_) => (3, "Fail"),
        Outcome::NotAvailable | Outcome::Pending => (0, "Unknown"),
        Outcome::NotApplicable => NOT_APPLICABLE,
    }
}

pub(super) const fn severity(severity: Option<Severity>) -> (u32, &'static str) {
    match severity {
        None => (0, "Unknown"),
        Some(Severity::Informational) => (1, "Informational"),
        Some(Severity::Low) => (2, "Low"),
        Some(Severity::Medium) => (3, "Medium"),
        Some(Severity::High) => (4, "High"),
        Some(Severity::Critical) => (5, "Critical"),
    }
}
