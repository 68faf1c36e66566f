//! The results by standard: the score of each standard, and the result of each of its controls.

use std::collections::HashMap;

use eksentry_core::standards::{Answer, STANDARDS};
use serde::Serialize;

use crate::coverage::Coverage;
use crate::finding::is_inside;
use crate::{Finding, Report, Status};

/// The definition of a score, which each rendering states.
pub(crate) const FORMULA: &str = "Score: the resources for which all results are PASSED, divided by the resources with \
    a result of PASSED, FAILED or WARNING. The contents of a cluster count as a part of it. A resource with a result of \
    NOT_AVAILABLE, or a cluster whose contents could not be read, never counts as passed. Failures that an exception or \
    a mute accepts are PASSED. Suppressed and archived findings do not count.";

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

    /// Returns the score of the findings of these checks.
    fn of(findings: &[&Finding], checks: &[&str], coverage: &Coverage<'_>) -> Self {
        let are_inside = checks.iter().any(|check| is_inside(check));
        let mut resources: HashMap<&str, (bool, bool)> = HashMap::new();
        for finding in findings {
            // Objects that pass have no findings of their own.
            let place = finding.place.as_ref();
            let resource = place.map_or(&finding.resource_id, |place| &place.cluster_id);
            let may_pass = || !(are_inside && coverage.is_unread(resource));
            let (is_judged, passes) = resources
                .entry(resource)
                .or_insert_with(|| (false, may_pass()));
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
    /// No resource is known to fail, but something could not be read, or a result is not known yet.
    NotAvailable,
    /// No resource is known to fail, but one needs a review.
    Warning,
    /// No resource is known to fail, but only some of the checks ran.
    PartlyRun,
    /// All checks ran, there are results, and all of them are PASSED.
    Passed,
    /// All checks ran, and there is no resource that they apply to.
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
            Self::PartlyRun => "partly run",
            Self::Passed => "passed",
            Self::NoResources => "no resources",
            Self::NotRun => "not run",
            Self::Manual => "manual",
        }
    }

    /// Returns the outcome of a control that some checks answer.
    fn of(
        findings: &[&Finding],
        checks: &[&str],
        report: &Report,
        coverage: &Coverage<'_>,
    ) -> Self {
        let has = |status| findings.iter().any(|finding| finding.status == status);
        let ran = || checks.iter().filter(|check| report.check(check).is_some());
        if has(Status::Failed) {
            Self::Failed
        } else if has(Status::NotAvailable) || ran().any(|check| coverage.may_lack_results(check)) {
            Self::NotAvailable
        } else if has(Status::Warning) {
            Self::Warning
        } else if ran().count() == 0 && findings.is_empty() {
            Self::NotRun
        } else if ran().count() < checks.len() {
            Self::PartlyRun
        } else if findings.is_empty() {
            Self::NoResources
        } else {
            Self::Passed
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
        let (by_check, coverage) = (ByCheck::of(&self.findings), Coverage::of(self));
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
                score: Score::of(&by_check.findings(&mapped), &mapped, &coverage),
                controls: answers
                    .into_iter()
                    .map(|answer| {
                        let findings = by_check.findings(&answer.checks);
                        self.control(answer, &findings, &coverage)
                    })
                    .collect(),
            }
        });
        frameworks.collect()
    }

    fn control(
        &self,
        answer: Answer,
        findings: &[&Finding],
        coverage: &Coverage<'_>,
    ) -> ControlResult {
        let outcome = if answer.checks.is_empty() {
            Outcome::Manual
        } else {
            Outcome::of(findings, &answer.checks, self, coverage)
        };
        ControlResult {
            number: answer.control.number,
            title: answer.title,
            outcome,
            score: Score::of(findings, &answer.checks, coverage),
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
    use eksentry_core::checks;

    use super::*;
    use crate::tests::{CLUSTER, plain, report};
    use crate::{Exception, Place};

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

    /// A check inside clusters and one of clusters answer this control.
    const ADMINISTRATORS: &str = "4.1.1";

    #[test]
    fn a_control_passes_only_if_all_of_its_checks_ran() {
        let passed = || plain(KEYS[1], CLUSTER, Status::Passed);
        let of = |ran: &[&str], findings: Vec<Finding>| {
            let mut report = report(findings);
            report
                .checks
                .retain(|check| ran.contains(&check.id.as_str()));
            control(&report, "CIS EKS", "5.3.1").outcome
        };
        assert_eq!(of(&KEYS, vec![passed()]), Outcome::Passed);
        assert_eq!(of(&KEYS, vec![]), Outcome::NoResources);
        assert_eq!(of(&KEYS[1..], vec![passed()]), Outcome::PartlyRun);
        assert_eq!(of(&KEYS[1..], vec![]), Outcome::PartlyRun);
        let failed = plain(KEYS[1], CLUSTER, Status::Failed);
        assert_eq!(of(&KEYS[1..], vec![failed]), Outcome::Failed);
        assert_eq!(of(&[], vec![]), Outcome::NotRun);
    }

    #[test]
    fn a_control_does_not_pass_if_results_may_be_missing() {
        let passed = || report(KEYS.map(|check| plain(check, CLUSTER, Status::Passed)));
        let of = |report: &Report| control(report, "CIS EKS", "5.3.1").outcome;
        assert_eq!(of(&passed()), Outcome::Passed);
        let with_error = passed().with_errors(["Denied.".to_owned()]);
        assert_eq!(of(&with_error), Outcome::NotAvailable);
        let pending = |check: &str| {
            let id = format!("eksentry/{check}/{CLUSTER}-2");
            of(&passed().with_pending([id]))
        };
        assert_eq!(pending(KEYS[0]), Outcome::NotAvailable);
        assert_eq!(pending("eks-endpoint-private"), Outcome::Passed);
        let nothing = report([]).with_errors(["Denied.".to_owned()]);
        assert_eq!(of(&nothing), Outcome::NotAvailable);
    }

    #[test]
    fn a_control_does_not_pass_if_the_contents_of_a_cluster_were_not_read() {
        let readable = checks::readability().id;
        for (status, outcome, expected) in [
            (Status::Passed, Outcome::Passed, score(2, 2)),
            (Status::Warning, Outcome::NotAvailable, score(1, 2)),
            (Status::NotAvailable, Outcome::NotAvailable, score(1, 2)),
        ] {
            let entries = ["r1", "r2"]
                .map(|cluster| plain("eks-access-cluster-admins", cluster, Status::Passed));
            let findings = entries.into_iter().chain([plain(readable, "r2", status)]);
            let report = report(findings);
            let control = control(&report, "CIS EKS", ADMINISTRATORS);
            assert_eq!(
                (control.outcome, control.score),
                (outcome, expected),
                "{status:?}"
            );
            // The contents do not matter for this control.
            let keys = framework(&report, "FSBP");
            assert_eq!(keys.count(Outcome::NotAvailable), 0, "{status:?}");
        }
    }

    #[test]
    fn the_contents_of_a_cluster_count_as_a_part_of_it() {
        let object = |name: &str, status| {
            let place = Place {
                cluster: "payments-prod".to_owned(),
                cluster_id: CLUSTER.to_owned(),
                namespace: String::new(),
                object: name.to_owned(),
            };
            Finding {
                place: Some(place),
                ..plain(
                    "k8s-rbac-cluster-admin",
                    &format!("{CLUSTER}/{name}"),
                    status,
                )
            }
        };
        let of = |statuses: [Status; 2]| {
            let report = report([
                object("ClusterRoleBinding/a", statuses[0]),
                object("ClusterRoleBinding/b", statuses[1]),
                plain("eks-access-cluster-admins", CLUSTER, Status::Passed),
            ]);
            control(&report, "CIS EKS", ADMINISTRATORS).score
        };
        assert_eq!(of([Status::Passed, Status::Passed]), score(1, 1));
        assert_eq!(of([Status::Passed, Status::Failed]), score(0, 1));
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
