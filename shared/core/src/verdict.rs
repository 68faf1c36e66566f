//! What a check decides about a resource.

use std::sync::Arc;

use jiff::civil::Date;
use serde::Serialize;

use crate::facts::Unread;
use crate::facts::image::ScanResult;
use crate::reason_code::ReasonCode;
use crate::resource::Resource;
use crate::severity::Severity;

/// The kinds of decision, least bad first: what failed for certain is worse than what could not be read, and that is worse
/// than what is in doubt. [`Verdict`] says what each means for the reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub enum Outcome {
    /// The check does not apply to the resource, or the resource is gone.
    NotApplicable,
    /// The resource is as it should be.
    Passed,
    /// The result is under way; nothing is reported until it is there.
    Pending,
    /// It can't be told for a reason that lies in the resource; somebody should look.
    Warning,
    /// What decides could not be read. Never a pass.
    NotAvailable,
    /// The resource is not as it should be, and this is how bad that is.
    Failed(Severity),
}

impl Outcome {
    /// The severity of a finding with this outcome.
    pub const fn severity(self) -> Severity {
        match self {
            Self::Failed(severity) => severity,
            Self::Warning => Severity::Low,
            _ => Severity::Informational,
        }
    }

    /// The outcome in a log line or a summary: `passed`, `notAvailable`, …
    pub const fn name(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed(_) => "failed",
            Self::Warning => "warning",
            Self::NotAvailable => "notAvailable",
            Self::NotApplicable => "notApplicable",
            Self::Pending => "pending",
        }
    }
}

/// Why an outcome is what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// A word for machines.
    pub code: ReasonCode,
    /// A sentence for people that says what was seen.
    pub text: String,
}

impl Reason {
    /// A reason.
    pub fn new(code: ReasonCode, text: impl Into<String>) -> Self {
        Self {
            code,
            text: text.into(),
        }
    }
}

/// A check's decision about one of many objects that a verdict is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ObjectVerdict {
    /// The object.
    pub resource: Resource,
    /// The name of the object in texts.
    pub name: String,
    /// The decision.
    pub outcome: Outcome,
    /// Why, the weightiest first.
    pub reasons: Vec<Reason>,
}

/// The reason of a failure that an exception makes none.
const MUTED: ReasonCode = ReasonCode::Muted;

/// A check's decision and its reasons, of which there is at least one.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The decision.
    pub outcome: Outcome,
    /// Why, the weightiest first.
    pub reasons: Vec<Reason>,
    /// The image scan that the decision rests on, if it does.
    pub scan: Option<Arc<ScanResult>>,
    /// Of a verdict about many objects, all those that do not pass, the worst first, and then those that pass under an
    /// exception only. The reasons name the first of them.
    pub objects: Vec<ObjectVerdict>,
}

impl Verdict {
    fn new(outcome: Outcome, reasons: Vec<Reason>) -> Self {
        Self {
            outcome,
            reasons,
            scan: None,
            objects: Vec::new(),
        }
    }

    /// The resource is as it should be.
    pub fn passed(code: ReasonCode, text: impl Into<String>) -> Self {
        Self::new(Outcome::Passed, vec![Reason::new(code, text)])
    }

    /// The resource is not as it should be.
    pub fn failed(severity: Severity, code: ReasonCode, text: impl Into<String>) -> Self {
        Self::failed_for(severity, vec![Reason::new(code, text)])
    }

    /// The resource is not as it should be, for several reasons.
    pub fn failed_for(severity: Severity, reasons: Vec<Reason>) -> Self {
        Self::new(Outcome::Failed(severity), reasons)
    }

    /// Somebody should look.
    pub fn warning(code: ReasonCode, text: impl Into<String>) -> Self {
        Self::new(Outcome::Warning, vec![Reason::new(code, text)])
    }

    /// What decides could not be read.
    pub fn not_available(unread: &Unread) -> Self {
        Self::new(
            Outcome::NotAvailable,
            vec![Reason::new(unread.code, unread.text.clone())],
        )
    }

    /// The check does not apply.
    pub fn not_applicable(code: ReasonCode, text: impl Into<String>) -> Self {
        Self::new(Outcome::NotApplicable, vec![Reason::new(code, text)])
    }

    /// The result is under way.
    pub fn pending(code: ReasonCode, text: impl Into<String>) -> Self {
        Self::new(Outcome::Pending, vec![Reason::new(code, text)])
    }

    /// Returns a decision that rests on those about many objects.
    pub(crate) fn about_many(
        outcome: Outcome,
        reasons: Vec<Reason>,
        objects: Vec<ObjectVerdict>,
    ) -> Self {
        Self {
            objects,
            ..Self::new(outcome, reasons)
        }
    }

    /// The same decision, resting on that scan.
    pub fn with_scan(mut self, scan: &Arc<ScanResult>) -> Self {
        self.scan = Some(Arc::clone(scan));
        self
    }

    /// The same decision, but no failure while an exception holds: it passes, and says why before what was seen. All
    /// other outcomes stay; what could not be read must never look like a pass.
    ///
    /// It passes rather than warns for two reasons. Security Hub sets a notified or resolved finding back to NEW when
    /// it goes from PASSED to anything else, so a failure shows again by itself when its exception ends; from WARNING
    /// to FAILED it would stay resolved. And AWS Config knows only COMPLIANT and NON_COMPLIANT: what stays
    /// NON_COMPLIANT is not excepted.
    pub fn muted(mut self, reason: &str, until: Date) -> Self {
        if matches!(self.outcome, Outcome::Failed(_)) {
            let stop = if reason.ends_with(['.', '!', '?']) {
                ""
            } else {
                "."
            };
            let text = format!("Excepted until {until}: {reason}{stop}");
            self.outcome = Outcome::Passed;
            self.reasons.insert(0, Reason::new(MUTED, text));
        }
        self
    }

    /// Whether it would be a failure but for an exception.
    pub fn is_muted(&self) -> bool {
        self.reasons
            .first()
            .is_some_and(|reason| reason.code == MUTED)
    }

    /// All reasons as one text.
    pub fn explanation(&self) -> String {
        let texts: Vec<&str> = self
            .reasons
            .iter()
            .map(|reason| reason.text.as_str())
            .collect();
        texts.join(" ")
    }

    /// The codes of the reasons.
    pub fn codes(&self) -> Vec<&'static str> {
        self.reasons
            .iter()
            .map(|reason| reason.code.word())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::unread;
    use crate::facts::image::SeverityCounts;

    fn until() -> Date {
        "2026-12-31".parse().unwrap()
    }

    #[test]
    fn a_muted_failure_passes_and_says_why() {
        for (reason, expected) in [
            (
                "Goes away in May",
                "Excepted until 2026-12-31: Goes away in May. Seen.",
            ),
            ("Goes away.", "Excepted until 2026-12-31: Goes away. Seen."),
            ("Who cares?", "Excepted until 2026-12-31: Who cares? Seen."),
        ] {
            let muted = Verdict::failed(Severity::High, ReasonCode::RotationOff, "Seen.")
                .muted(reason, until());
            assert_eq!(muted.outcome, Outcome::Passed);
            assert_eq!(muted.codes(), ["MUTED", "ROTATION_OFF"]);
            assert_eq!(muted.explanation(), expected);
        }
    }

    #[test]
    fn only_failures_are_muted() {
        let scan = Arc::new(ScanResult {
            counts: SeverityCounts::default(),
            vulnerabilities: Vec::new(),
        });
        for verdict in [
            Verdict::passed(ReasonCode::RotationOff, "Seen."),
            Verdict::warning(ReasonCode::RotationOff, "Seen."),
            Verdict::not_available(&unread()),
            Verdict::not_applicable(ReasonCode::RotationOff, "Seen."),
            Verdict::pending(ReasonCode::RotationOff, "Seen."),
        ] {
            assert_eq!(verdict.clone().muted("Why", until()), verdict);
        }
        let failed =
            Verdict::failed(Severity::Low, ReasonCode::RotationOff, "Seen.").with_scan(&scan);
        assert_eq!(failed.muted("Why", until()).scan, Some(scan));
    }

    #[test]
    fn each_outcome_has_a_name_and_a_severity() {
        use Severity::{Critical, Informational, Low};
        for (outcome, name, severity) in [
            (Outcome::Passed, "passed", Informational),
            (Outcome::Failed(Critical), "failed", Critical),
            (Outcome::Failed(Informational), "failed", Informational),
            (Outcome::Warning, "warning", Low),
            (Outcome::NotAvailable, "notAvailable", Informational),
            (Outcome::NotApplicable, "notApplicable", Informational),
            (Outcome::Pending, "pending", Informational),
        ] {
            assert_eq!((outcome.name(), outcome.severity()), (name, severity));
        }
    }

    #[test]
    fn only_what_an_exception_covers_is_muted() {
        let failed = Verdict::failed(Severity::High, ReasonCode::RotationOff, "Seen.");
        assert!(!failed.is_muted() && failed.muted("Why", until()).is_muted());
        assert!(!Verdict::passed(ReasonCode::RotationOff, "Seen.").is_muted());
    }
}
