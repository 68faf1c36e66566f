//! The results by standard: the score of each standard, and the result of each of its controls.

use std::collections::HashMap;

use eksentry_core::standards::{Answer, STANDARDS};
use serde::Serialize;

use crate::{Finding, Report, Status};

/// The definition of a score, which each rendering states.
pub(crate) const FORMULA: &str = "Score: the resources for which all results are PASSED, divided by the resources with \
    a result of PASSED, FAILED or WARNING. A resource with a result of NOT_AVAILABLE never counts as passed. Failures \
    that an exception or a mute accepts are PASSED. Suppressed and archived findings do not count.";

/// A standard, with the results of the checks that are mapped to its controls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Framework {
    /// The name and version.
    pub name: &'static str,
    /// The short name.
    pub short: &'static str,
    /// The address of a page about the standard.
    pub url: &'static str,
    /// The publisher of the mapping, as a phrase that follows "mapped by".
    pub mapped_by: &'static str,
    /// The part of the standard that the controls cover, as a sentence.
    pub extent: &'static str,
    /// The score over the resources of all mapped checks.
    pub score: Score,
    /// The controls, in the order of the standard.
    pub controls: Vec<ControlResult>,
}

impl Framework {
    /// Returns the number of controls with this outcome.
    pub fn count(&self, outcome: Outcome) -> usize {
        let controls = self.controls.iter();
        controls
            .filter(|control| control.outcome == outcome)
            .count()
    }
}

/// The resources that passed, of those that were judged.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Score {
    /// The resources for which all results are PASSED.
    pub passed: usize,
    /// The resources with a result of PASSED, FAILED or WARNING.
    pub judged: usize,
}

impl Score {
    /// Returns the score in percent, rounded down, so that only a score without failures is 100; `None` if nothing was
    /// judged.
    pub fn percent(self) -> Option<usize> {
        (self.passed * 100).checked_div(self.judged)
    }

    fn of<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> Self {
        let mut resources: HashMap<&str, (bool, bool)> = HashMap::new();
        for finding in findings {
            let (is_judged, passes) = resources
                .entry(finding.resource_id.as_str())
                .or_insert((false, true));
            *is_judged |= finding.status != Status::NotAvailable;
            *passes &= finding.status == Status::Passed;
        }
        let judged = || resources.values().filter(|(is_judged, _)| *is_judged);
        Self {
            passed: judged().filter(|(_, passes)| *passes).count(),
            judged: judged().count(),
        }
    }
}

/// The result of a control.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Outcome {
    /// A resource does not meet a check.
    Failed,
    /// No resource is known to fail, but something could not be read.
    NotAvailable,
    /// No resource is known to fail, but one needs a review.
    Warning,
    /// There are results, and all of them are PASSED.
    Passed,
    /// The checks ran, and there is no resource that they apply to.
    NoResources,
    /// None of the checks ran.
    NotRun,
    /// No check answers the control.
    Manual,
}

impl Outcome {
    /// Returns the name in words.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Failed => "failed",
            Self::NotAvailable => "not available",
            Self::Warning => "warning",
            Self::Passed => "passed",
            Self::NoResources => "no resources",
            Self::NotRun => "not run",
            Self::Manual => "manual",
        }
    }

    fn of(findings: &[&Finding], has_run: bool) -> Self {
        let has = |status| findings.iter().any(|finding| finding.status == status);
        if has(Status::Failed) {
            Self::Failed
        } else if has(Status::NotAvailable) {
            Self::NotAvailable
        } else if has(Status::Warning) {
            Self::Warning
        } else if !findings.is_empty() {
            Self::Passed
        } else if has_run {
            Self::NoResources
        } else {
            Self::NotRun
        }
    }
}

/// A control of a standard with its result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ControlResult {
    /// The number.
    pub number: &'static str,
    /// The requirement in a few words; empty if only the number is known.
    pub title: &'static str,
    /// The result.
    pub outcome: Outcome,
    /// The checks that answer the control.
    pub checks: Vec<&'static str>,
    /// The score over the resources of these checks.
    pub score: Score,
    /// The number of failures that exceptions and mutes accept.
    pub accepted: usize,
    /// The reason why no check answers the control.
    pub manual: Option<&'static str>,
}

/// The findings that count, by check.
struct ByCheck<'a>(HashMap<&'a str, Vec<&'a Finding>>);

impl<'a> ByCheck<'a> {
    fn of(findings: &'a [Finding]) -> Self {
        let mut by_check: HashMap<&str, Vec<&Finding>> = HashMap::new();
        for finding in findings {
            if !matches!(finding.status, Status::Suppressed | Status::Archived) {
                by_check.entry(&finding.check).or_default().push(finding);
            }
        }
        Self(by_check)
    }

    /// Returns the findings of these checks.
    fn findings(&self, checks: &[&str]) -> Vec<&'a Finding> {
        let findings = checks.iter().filter_map(|check| self.0.get(check));
        findings.flatten().copied().collect()
    }
}

impl Report {
    /// Returns the results by standard; none if failures are left out, since a score would ignore them.
    pub fn frameworks(&self) -> Vec<Framework> {
        if self.narrowing.severity.is_some() {
            return Vec::new();
        }
        let by_check = ByCheck::of(&self.findings);
        let frameworks = STANDARDS.into_iter().map(|standard| {
            let answers = standard.controls();
            let mut mapped: Vec<&str> = answers.iter().flat_map(|one| one.checks.clone()).collect();
            mapped.sort_unstable();
            mapped.dedup();
            Framework {
                name: standard.name,
                short: standard.short,
                url: standard.url,
                mapped_by: standard.mapped_by,
                extent: standard.extent,
                score: Score::of(by_check.findings(&mapped)),
                controls: answers
                    .into_iter()
                    .map(|answer| {
                        let findings = by_check.findings(&answer.checks);
                        self.control(answer, &findings)
                    })
                    .collect(),
            }
        });
        frameworks.collect()
    }

    fn control(&self, answer: Answer, findings: &[&Finding]) -> ControlResult {
        let has_run = answer
            .checks
            .iter()
            .any(|check| self.check(check).is_some());
        let outcome = if answer.checks.is_empty() {
            Outcome::Manual
        } else {
            Outcome::of(findings, has_run)
        };
        ControlResult {
            number: answer.control.number,
            title: answer.title,
            outcome,
            score: Score::of(findings.iter().copied()),
            accepted: findings
                .iter()
                .filter(|one| one.exception.is_some())
                .count(),
            checks: answer.checks,
            manual: answer.manual,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Exception;
    use crate::tests::{CLUSTER, plain, report};

    fn framework(report: &Report, short: &str) -> Framework {
        let mut frameworks = report.frameworks().into_iter();
        frameworks.find(|one| one.short == short).unwrap()
    }

    fn control(report: &Report, short: &str, number: &str) -> ControlResult {
        let mut controls = framework(report, short).controls.into_iter();
        controls.find(|one| one.number == number).unwrap()
    }

    fn score(passed: usize, judged: usize) -> Score {
        Score { passed, judged }
    }

    /// Control 5.3.1 has two checks.
    const KEYS: [&str; 2] = [
        "eks-secrets-customer-managed-key",
        "eks-secrets-envelope-encryption",
    ];

    #[test]
    fn the_result_of_a_control_is_the_worst_of_its_checks() {
        use Status::{Archived, Failed, NotAvailable, Passed, Suppressed, Warning};
        for (statuses, outcome, expected) in [
            ([Passed, Passed], Outcome::Passed, score(1, 1)),
            ([Passed, Failed], Outcome::Failed, score(0, 1)),
            ([NotAvailable, Failed], Outcome::Failed, score(0, 1)),
            ([Passed, Warning], Outcome::Warning, score(0, 1)),
            ([NotAvailable, Warning], Outcome::NotAvailable, score(0, 1)),
            ([Passed, NotAvailable], Outcome::NotAvailable, score(0, 1)),
            (
                [NotAvailable, NotAvailable],
                Outcome::NotAvailable,
                score(0, 0),
            ),
            ([Archived, Suppressed], Outcome::NoResources, score(0, 0)),
            ([Passed, Suppressed], Outcome::Passed, score(1, 1)),
        ] {
            let findings = [0, 1].map(|index| plain(KEYS[index], CLUSTER, statuses[index]));
            let control = control(&report(findings), "CIS EKS", "5.3.1");
            assert_eq!(
                (control.outcome, control.score),
                (outcome, expected),
                "{statuses:?}"
            );
        }
    }

    #[test]
    fn a_control_without_results_does_not_pass() {
        let nothing = report([]);
        assert_eq!(
            control(&nothing, "CIS EKS", "5.3.1").outcome,
            Outcome::NoResources
        );
        let manual = control(&nothing, "CIS EKS", "3.2.1");
        assert_eq!(manual.outcome, Outcome::Manual);
        assert!(manual.manual.unwrap().contains("kube-bench"));
        let nothing_ran = Report {
            checks: Vec::new(),
            ..nothing.clone()
        };
        assert_eq!(
            control(&nothing_ran, "CIS EKS", "5.3.1").outcome,
            Outcome::NotRun
        );
        for framework in nothing.frameworks().iter().chain(&nothing_ran.frameworks()) {
            assert_eq!(framework.count(Outcome::Passed), 0, "{}", framework.name);
            assert_eq!(framework.score.percent(), None, "{}", framework.name);
        }
    }

    #[test]
    fn a_score_counts_each_resource_once() {
        let findings = [
            plain("eks-secrets-customer-managed-key", "r1", Status::Passed),
            plain("eks-secrets-envelope-encryption", "r1", Status::Passed),
            plain("eks-endpoint-private", "r1", Status::Passed),
            plain("eks-endpoint-private", "r2", Status::Failed),
            plain("eks-endpoint-private", "r3", Status::NotAvailable),
            plain("eks-deletion-protection", "r4", Status::Failed),
        ];
        let report = report(findings);
        let framework = framework(&report, "CIS EKS");
        assert_eq!(framework.score, score(1, 2));
        assert_eq!(framework.score.percent(), Some(50));
        assert_eq!(control(&report, "FSBP", "EKS.1").score, score(1, 2));
    }

    #[test]
    fn a_score_is_rounded_down() {
        assert_eq!(score(299, 300).percent(), Some(99));
        assert_eq!(score(300, 300).percent(), Some(100));
        assert_eq!(score(0, 3).percent(), Some(0));
    }

    #[test]
    fn accepted_failures_pass_and_are_counted() {
        let accepted = Finding {
            exception: Some(Exception {
                reason: "Why.".to_owned(),
                until: None,
            }),
            ..plain("eks-endpoint-private", CLUSTER, Status::Passed)
        };
        let control = control(&report([accepted]), "FSBP", "EKS.1");
        assert_eq!((control.outcome, control.accepted), (Outcome::Passed, 1));
    }

    #[test]
    fn all_standards_are_listed_with_all_their_controls() {
        let frameworks = report([]).frameworks();
        assert_eq!(frameworks.len(), STANDARDS.len());
        for (framework, standard) in frameworks.iter().zip(STANDARDS) {
            assert_eq!(framework.name, standard.name);
            assert_eq!(framework.controls.len(), standard.controls().len());
        }
    }
}
