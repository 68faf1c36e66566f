//! The decisions of checks about resources.

use std::cmp::Reverse;
use std::sync::Arc;

use jiff::civil::Date;
use serde::Serialize;

use crate::facts::Unread;
use crate::facts::image::ScanResult;
use crate::facts::kubernetes::ObjectName;
use crate::reason_code::ReasonCode;
use crate::resource::Resource;
use crate::severity::Severity;
use crate::text::with_full_stop;

/// The kinds of decision, from best to worst. A certain failure is worse than a fact that could not be read, and that
/// is worse than an uncertain result.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, strum::IntoStaticStr,
)]
#[strum(serialize_all = "camelCase")]
pub enum Outcome {
    /// The check does not apply to the resource, or the resource does not exist.
    NotApplicable,
    /// The resource meets the requirement.
    Passed,
    /// The result is not available yet. Nothing is reported until it is.
    Pending,
    /// The result is uncertain for a reason that lies in the resource, and a person should review the resource.
    Warning,
    /// A fact that decides the result could not be read. This outcome never counts as passed.
    NotAvailable,
    /// The resource does not meet the requirement. The severity states how serious the failure is.
    Failed(Severity),
}

impl Outcome {
    /// Returns the severity of a finding with this outcome.
    pub const fn severity(self) -> Severity {
        match self {
            Self::Failed(severity) => severity,
            Self::Warning => Severity::Low,
            _ => Severity::Informational,
        }
    }

    /// Returns the name of the outcome in log lines and summaries: `passed`, `notAvailable`, …
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// The reason for an outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// The reason as a code, for machines.
    pub code: ReasonCode,
    /// The reason as a sentence, for people, which states the observed facts.
    pub text: String,
}

impl Reason {
    /// Creates a reason.
    pub fn new(code: ReasonCode, text: impl Into<String>) -> Self {
        Self {
            code,
            text: text.into(),
        }
    }

    /// Creates a reason whose text ends with these names. Returns `None` if there are none.
    pub(crate) fn naming(code: ReasonCode, text: &str, names: &str) -> Option<Self> {
        (!names.is_empty()).then(|| Self::new(code, format!("{text}: {names}.")))
    }
}

/// A check's decision about one of the many objects that a verdict covers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ObjectVerdict {
    /// The object.
    pub resource: Resource,
    /// The name of the object in the texts of findings.
    pub name: String,
    /// The object in its cluster; `None` if it is the cluster itself. Digests don't contain it, since the resource
    /// identifies the object.
    #[serde(skip)]
    pub object: Option<ObjectName>,
    /// The decision.
    pub outcome: Outcome,
    /// The reasons, the most important first.
    pub reasons: Vec<Reason>,
}

/// The reason code of a failure that passes under a mute.
const MUTED: ReasonCode = ReasonCode::Muted;

/// A check's decision and its reasons, of which there is at least one.
#[derive(Debug, Clone, PartialEq)]
pub struct Verdict {
    /// The decision.
    pub outcome: Outcome,
    /// The reasons, the most important first.
    pub reasons: Vec<Reason>,
    /// The image scan on which the decision is based, if there is one.
    pub scan: Option<Arc<ScanResult>>,
    /// The objects of a verdict about many objects: all that do not pass, the worst first, followed by those that pass
    /// only under a mute. The reasons name the first of them.
    pub objects: Vec<ObjectVerdict>,
    /// The reason for the exception because of which the resource passes, if there is one. The first of the reasons states
    /// it, too.
    pub exception: Option<Reason>,
    /// The last day (UTC) of the mute under which a failure passes, if there is one. The first of the reasons states it,
    /// too.
    pub muted_until: Option<Date>,
}

impl Verdict {
    fn new(outcome: Outcome, reasons: Vec<Reason>) -> Self {
        Self {
            outcome,
            reasons,
            scan: None,
            objects: Vec::new(),
            exception: None,
            muted_until: None,
        }
    }

    /// Returns a verdict for a resource that meets the requirement.
    pub fn passed(code: ReasonCode, text: impl Into<String>) -> Self {
        Self::passed_for(vec![Reason::new(code, text)])
    }

    /// Returns a verdict for a resource that meets the requirement for several reasons.
    pub(crate) fn passed_for(reasons: Vec<Reason>) -> Self {
        Self::new(Outcome::Passed, reasons)
    }

    /// Returns a verdict for a resource that does not meet the requirement.
    pub fn failed(severity: Severity, code: ReasonCode, text: impl Into<String>) -> Self {
        Self::failed_for(severity, vec![Reason::new(code, text)])
    }

    /// Returns a verdict for a resource that does not meet the requirement for several reasons.
    pub fn failed_for(severity: Severity, reasons: Vec<Reason>) -> Self {
        Self::new(Outcome::Failed(severity), reasons)
    }

    /// Returns a verdict for a resource that does not meet the requirement for reasons of different severities: the
    /// worst of them counts, and its reasons come first. Returns `None` if there is no reason.
    pub(crate) fn failed_by(
        failures: impl IntoIterator<Item = (Severity, Option<Reason>)>,
    ) -> Option<Self> {
        let failures = failures.into_iter();
        let failures = failures.filter_map(|(severity, reason)| Some((severity, reason?)));
        let mut failures: Vec<(Severity, Reason)> = failures.collect();
        failures.sort_by_key(|(severity, _)| Reverse(*severity));
        let worst = failures.first()?.0;
        let reasons = failures.into_iter().map(|(_, reason)| reason);
        Some(Self::failed_for(worst, reasons.collect()))
    }

    /// Returns a verdict for a resource that a person should review.
    pub fn warning(code: ReasonCode, text: impl Into<String>) -> Self {
        Self::warning_for(vec![Reason::new(code, text)])
    }

    /// Returns a verdict for a resource that a person should review for several reasons.
    pub fn warning_for(reasons: Vec<Reason>) -> Self {
        Self::new(Outcome::Warning, reasons)
    }

    /// Returns a verdict for a resource about which a decisive fact could not be read.
    pub fn not_available(unread: &Unread) -> Self {
        Self::not_available_for(vec![Reason::new(unread.code, unread.text.clone())])
    }

    /// Returns a verdict for a resource about which a decisive fact is not known for several reasons.
    pub(crate) fn not_available_for(reasons: Vec<Reason>) -> Self {
        Self::new(Outcome::NotAvailable, reasons)
    }

    /// Returns a verdict for a resource to which the check does not apply.
    pub fn not_applicable(code: ReasonCode, text: impl Into<String>) -> Self {
        Self::new(Outcome::NotApplicable, vec![Reason::new(code, text)])
    }

    /// Returns a verdict for a resource whose result is not available yet.
    pub fn pending(code: ReasonCode, text: impl Into<String>) -> Self {
        Self::new(Outcome::Pending, vec![Reason::new(code, text)])
    }

    /// Returns a verdict that is based on the decisions about many objects.
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

    /// Returns the same decision, based on this scan.
    pub fn with_scan(mut self, scan: &Arc<ScanResult>) -> Self {
        self.scan = Some(Arc::clone(scan));
        self
    }

    /// Applies an exception, which is by design: a failure or a warning becomes a pass, or is not available if a reason
    /// for it is that a fact could not be read, since that must never look like a pass. For the same cause, all other
    /// outcomes stay as they are.
    pub(crate) fn except(&mut self, exception: Reason) {
        if !matches!(self.outcome, Outcome::Failed(_) | Outcome::Warning) {
            return;
        }
        if self.reasons.iter().any(|reason| reason.code.is_unread()) {
            self.outcome = Outcome::NotAvailable;
            self.reasons.sort_by_key(|reason| !reason.code.is_unread());
        } else {
            self.outcome = Outcome::Passed;
            self.pass_because_of(exception);
        }
    }

    /// Records that the resource passes because of an exception. The reason for it precedes the other reasons.
    pub(crate) fn pass_because_of(&mut self, exception: Reason) {
        self.reasons.insert(0, exception.clone());
        self.exception = Some(exception);
    }

    /// Returns the decision under a mute: a failure becomes a pass, and the reason for the mute precedes the
    /// other reasons. All other outcomes stay as they are, since a fact that could not be read must never look like a
    /// pass.
    ///
    /// A failure becomes a pass rather than a warning for two reasons. Security Hub resets a notified or resolved
    /// finding to NEW when it changes from PASSED to anything else, so a failure is visible again when its mute
    /// ends. From WARNING to FAILED, the finding would stay resolved. In addition, AWS Config has only COMPLIANT and
    /// NON_COMPLIANT, and a resource that stays NON_COMPLIANT is not muted.
    pub fn muted(mut self, reason: &str, until: Date) -> Self {
        if matches!(self.outcome, Outcome::Failed(_)) {
            let text = format!("Muted until {until}: {}", with_full_stop(reason));
            self.outcome = Outcome::Passed;
            self.reasons.insert(0, Reason::new(MUTED, text));
            self.muted_until = Some(until);
        }
        self
    }

    /// Returns `true` if the verdict would be a failure without a mute.
    pub fn is_muted(&self) -> bool {
        self.reasons
            .first()
            .is_some_and(|reason| reason.code == MUTED)
    }

    /// Returns all reasons as one text.
    pub fn explanation(&self) -> String {
        let texts: Vec<&str> = self
            .reasons
            .iter()
            .map(|reason| reason.text.as_str())
            .collect();
        texts.join(" ")
    }

    /// Returns the codes of the reasons.
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
    fn a_muted_failure_passes_and_states_the_exception() {
        for (reason, expected) in [
            (
                "Goes away in May",
                "Muted until 2026-12-31: Goes away in May. Seen.",
            ),
            ("Goes away.", "Muted until 2026-12-31: Goes away. Seen."),
            ("Who cares?", "Muted until 2026-12-31: Who cares? Seen."),
        ] {
            let muted = Verdict::failed(Severity::High, ReasonCode::RotationOff, "Seen.")
                .muted(reason, until());
            assert_eq!(muted.outcome, Outcome::Passed);
            assert_eq!(muted.codes(), ["MUTED", "ROTATION_OFF"]);
            assert_eq!(muted.explanation(), expected);
            assert_eq!(muted.muted_until, Some(until()));
        }
    }

    #[test]
    fn an_exception_accepts_failures_and_warnings_only() {
        let exception = || Reason::new(ReasonCode::ExceptedSystem, "Excepted.");
        let seen = ReasonCode::RotationOff;
        for verdict in [
            Verdict::failed(Severity::High, seen, "Seen."),
            Verdict::warning(seen, "Seen."),
        ] {
            let mut excepted = verdict;
            excepted.except(exception());
            assert_eq!(excepted.outcome, Outcome::Passed);
            assert_eq!(excepted.codes(), ["EXCEPTED_SYSTEM", "ROTATION_OFF"]);
            assert_eq!(excepted.exception, Some(exception()));
            assert!(!excepted.is_muted());
        }
        for verdict in [
            Verdict::passed(seen, "Seen."),
            Verdict::not_available(&unread()),
            Verdict::not_applicable(seen, "Seen."),
            Verdict::pending(seen, "Seen."),
        ] {
            let mut excepted = verdict.clone();
            excepted.except(exception());
            assert_eq!(excepted, verdict);
        }
    }

    #[test]
    fn an_exception_does_not_hide_that_a_fact_is_unread() {
        let unread = unread();
        let failure = Reason::new(ReasonCode::RotationOff, "Seen.");
        let missing = Reason::new(unread.code, unread.text);
        let mut verdict = Verdict::failed_for(Severity::High, vec![failure, missing.clone()]);
        verdict.except(Reason::new(ReasonCode::ExceptedSystem, "Excepted."));
        assert_eq!(verdict.outcome, Outcome::NotAvailable);
        assert_eq!(verdict.reasons[0], missing);
        assert_eq!(verdict.exception, None);
    }

    #[test]
    fn the_worst_of_several_failures_counts() {
        use ReasonCode::{RotationOff, RotationOn, RotationPeriodTooLong};
        use Severity::{Critical, High, Low, Medium};
        let reason = |code| Some(Reason::new(code, "Seen."));
        let verdict = Verdict::failed_by([
            (Low, reason(RotationOff)),
            (High, reason(RotationPeriodTooLong)),
            (Critical, None),
            (High, reason(RotationOn)),
            (Medium, reason(RotationOff)),
        ]);
        let verdict = verdict.unwrap();
        assert_eq!(verdict.outcome, Outcome::Failed(High));
        assert_eq!(
            verdict.codes(),
            [
                "ROTATION_PERIOD_TOO_LONG",
                "ROTATION_ON",
                "ROTATION_OFF",
                "ROTATION_OFF"
            ]
        );
        assert_eq!(Verdict::failed_by([(High, None)]), None);
    }

    #[test]
    fn a_reason_names_items_if_there_are_any() {
        let naming = |names| Reason::naming(ReasonCode::RotationOff, "No rotation", names);
        let reason = Reason::new(ReasonCode::RotationOff, "No rotation: a, b.");
        assert_eq!(naming("a, b"), Some(reason));
        assert_eq!(naming(""), None);
    }

    #[test]
    fn only_failures_are_muted() {
        let scan = Arc::new(ScanResult {
            counts: SeverityCounts::default(),
            vulnerabilities: Vec::new(),
            in_use: None,
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
    fn only_a_failure_under_a_mute_is_muted() {
        let failed = Verdict::failed(Severity::High, ReasonCode::RotationOff, "Seen.");
        assert!(!failed.is_muted() && failed.muted("Why", until()).is_muted());
        assert!(!Verdict::passed(ReasonCode::RotationOff, "Seen.").is_muted());
    }
}
