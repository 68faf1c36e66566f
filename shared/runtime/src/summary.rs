//! The results of a run, in numbers.

use std::collections::BTreeMap;

use eksentry_core::Outcome;
use serde::Serialize;

/// The results of a run, in numbers. A result is the outcome of one check for one resource.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Summary {
    /// Resources that the run covered.
    pub resources: usize,
    /// Results that are passed, failed, warning or not available.
    pub evaluated: usize,
    /// Results that passed.
    pub passed: usize,
    /// Results that failed.
    pub failed: usize,
    /// Results with a warning, which you should review.
    pub warning: usize,
    /// Results for which a fact could not be read.
    pub not_available: usize,
    /// Resources to which a check does not apply, counted for each check.
    pub not_applicable: usize,
    /// Images whose scan is under way.
    pub pending: usize,
    /// Failures that a mute turned into passes; they are also counted as passed.
    pub muted: usize,
    /// Findings that were sent to Security Hub, new or changed.
    pub posted: usize,
    /// Findings that were sent again only because they were last sent long ago.
    pub refreshed: usize,
    /// Findings that were not sent, since Security Hub holds the same ones.
    pub unchanged: usize,
    /// PASSED findings of images that were not sent, since the settings send only those that end a failure.
    pub withheld: usize,
    /// Findings that were archived.
    pub archived: usize,
    /// Errors, such as findings that could not be delivered and lists that could not be read.
    pub errors: usize,
    /// Parts of the sweep that were sent to the queue.
    pub slices: usize,
    /// Calls to AWS; each try counts.
    pub calls: u64,
    /// Calls that were throttled.
    pub throttled: u64,
    /// The duration of the run, in milliseconds.
    pub duration_ms: u64,
    /// The results by check id. Those of a sweep include checks without results.
    pub checks: BTreeMap<&'static str, CheckSummary>,
}

/// One check's results, in numbers.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckSummary {
    /// Results that passed.
    pub passed: usize,
    /// Results that failed.
    pub failed: usize,
    /// Results with a warning, which you should review.
    pub warning: usize,
    /// Results for which a fact could not be read.
    pub not_available: usize,
}

impl Summary {
    /// Counts the outcome of the check with this id for one resource.
    pub fn count(&mut self, check: &'static str, outcome: Outcome) {
        let mut of_check = CheckSummary::default();
        let (all, one) = match outcome {
            Outcome::Passed => (&mut self.passed, &mut of_check.passed),
            Outcome::Failed(_) => (&mut self.failed, &mut of_check.failed),
            Outcome::Warning => (&mut self.warning, &mut of_check.warning),
            Outcome::NotAvailable => (&mut self.not_available, &mut of_check.not_available),
            Outcome::NotApplicable => {
                self.not_applicable += 1;
                return;
            }
            Outcome::Pending => {
                self.pending += 1;
                return;
            }
        };
        *all += 1;
        *one += 1;
        self.evaluated += 1;
        self.checks.entry(check).or_default().add(&of_check);
    }

    /// Adds the numbers of another run, except for its duration: the duration of two runs together depends on how they
    /// were made.
    pub fn add(&mut self, other: &Self) {
        // The summary is destructured, so that no number is forgotten.
        let Self {
            resources,
            evaluated,
            passed,
            failed,
            warning,
            not_available,
            not_applicable,
            pending,
            muted,
            posted,
            refreshed,
            unchanged,
            withheld,
            archived,
            errors,
            slices,
            calls,
            throttled,
            duration_ms: _,
            checks,
        } = other;
        self.resources += resources;
        self.evaluated += evaluated;
        self.passed += passed;
        self.failed += failed;
        self.warning += warning;
        self.not_available += not_available;
        self.not_applicable += not_applicable;
        self.pending += pending;
        self.muted += muted;
        self.posted += posted;
        self.refreshed += refreshed;
        self.unchanged += unchanged;
        self.withheld += withheld;
        self.archived += archived;
        self.errors += errors;
        self.slices += slices;
        self.calls += calls;
        self.throttled += throttled;
        for (check, results) in checks {
            self.checks.entry(check).or_default().add(results);
        }
    }
}

impl CheckSummary {
    fn add(&mut self, other: &Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.warning += other.warning;
        self.not_available += other.not_available;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use eksentry_core::Severity;
    use serde_json::{Value, json};

    const OUTCOMES: [Outcome; 6] = [
        Outcome::Passed,
        Outcome::Failed(Severity::High),
        Outcome::Warning,
        Outcome::NotAvailable,
        Outcome::NotApplicable,
        Outcome::Pending,
    ];

    fn read(summary: &Summary) -> Value {
        serde_json::to_value(summary).unwrap()
    }

    #[test]
    fn results_are_counted_by_check() {
        for outcome in OUTCOMES {
            let mut summary = Summary::default();
            summary.count("b", outcome);
            let read = read(&summary);
            let name = outcome.name();
            assert_eq!(read[name], 1, "{name}");
            let is_result = !matches!(outcome, Outcome::NotApplicable | Outcome::Pending);
            assert_eq!(read["evaluated"], usize::from(is_result), "{name}");
            let mut checks = json!({});
            if is_result {
                checks["b"] = json!({"passed": 0, "failed": 0, "warning": 0, "notAvailable": 0});
                checks["b"][name] = json!(1);
            }
            assert_eq!(read["checks"], checks, "{name}");
        }
    }

    #[test]
    fn the_summary_contains_every_number() {
        let mut read = read(&Summary::default());
        let members = read.as_object_mut().unwrap();
        assert_eq!(members.remove("checks"), Some(json!({})));
        let mut names: Vec<&str> = members.keys().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(
            names,
            [
                "archived",
                "calls",
                "durationMs",
                "errors",
                "evaluated",
                "failed",
                "muted",
                "notApplicable",
                "notAvailable",
                "passed",
                "pending",
                "posted",
                "refreshed",
                "resources",
                "slices",
                "throttled",
                "unchanged",
                "warning",
                "withheld"
            ]
        );
        assert!(members.values().all(|number| *number == 0));
    }

    #[test]
    fn add_sums_everything_except_the_duration() {
        let one = Summary {
            resources: 1,
            evaluated: 2,
            passed: 3,
            failed: 4,
            warning: 5,
            not_available: 6,
            not_applicable: 7,
            pending: 8,
            muted: 9,
            posted: 10,
            refreshed: 11,
            unchanged: 12,
            withheld: 12,
            archived: 13,
            errors: 14,
            slices: 15,
            calls: 16,
            throttled: 17,
            duration_ms: 18,
            checks: BTreeMap::from([(
                "a",
                CheckSummary {
                    passed: 1,
                    failed: 2,
                    warning: 3,
                    not_available: 4,
                },
            )]),
        };
        let mut sum = one.clone();
        sum.add(&one);
        let mut doubled = read(&one);
        let twice = |members: &mut Value| {
            for number in members.as_object_mut().unwrap().values_mut() {
                if let Some(once) = number.as_u64() {
                    *number = json!(once * 2);
                }
            }
        };
        twice(&mut doubled);
        twice(&mut doubled["checks"]["a"]);
        doubled["durationMs"] = json!(18);
        assert_eq!(read(&sum), doubled);

        let mut other = Summary::default();
        other.count("b", Outcome::Warning);
        sum.add(&other);
        assert_eq!(sum.checks.keys().copied().collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(sum.checks["a"].warning, 6);
        assert_eq!(sum.checks["b"].warning, 1);
    }
}
