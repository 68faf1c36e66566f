//! The comparison of a report with an earlier one.

use std::collections::HashMap;
use std::fmt;

use jiff::Timestamp;
use serde::Serialize;

use crate::coverage::Coverage;
use crate::{Finding, Report, Status};

/// The difference between a finding and the one with the same id in an earlier report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Change {
    /// The finding requires action, and did not in the earlier report. It may have been there already if the earlier
    /// report did not cover it.
    New,
    /// The finding required action, and it is more serious now: the resource fails, or fails with a higher severity.
    Worse,
    /// The finding required action, and the resource passes now without an exception.
    Fixed,
    /// The finding required action, and is no longer there: the resource no longer exists, or the check no longer
    /// reports the object in a cluster.
    Gone,
    /// The finding required action, and this report does not tell about it: the check did not run there, an error
    /// occurred, or the result is not known yet. Nothing shows that it was fixed.
    NotEvaluated,
    /// None of these.
    Unchanged,
}

/// The differences between a report and an earlier one.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// The time of the earlier report.
    made_at: Timestamp,
    /// The version of eksentry that created the earlier report.
    version: String,
    /// The change of each finding of the report, in the order of the findings.
    changes: Vec<Change>,
    /// The findings that only the earlier report has, and that required action there.
    former: Vec<Former>,
}

/// A finding that only the earlier report has.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Former {
    /// [`Change::Gone`] or [`Change::NotEvaluated`].
    pub change: Change,
    /// The finding in the earlier report.
    pub finding: Finding,
}

impl Comparison {
    /// Returns the number of findings that changed in this way.
    pub fn count(&self, change: Change) -> usize {
        let former = self.former.iter().map(|former| &former.change);
        let changes = self.changes.iter().chain(former);
        changes.filter(|one| **one == change).count()
    }

    /// Returns the findings that only the earlier report has.
    pub fn former(&self) -> &[Former] {
        &self.former
    }

    /// Returns the change of a finding, given its index in the report.
    pub(crate) fn change(&self, index: usize) -> Change {
        self.changes
            .get(index)
            .copied()
            .unwrap_or(Change::Unchanged)
    }
}

/// Writes the numbers of the changes as a sentence.
impl fmt::Display for Comparison {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "Since {}: {} new, {} worse, {} fixed, {} gone, {} not evaluated.",
            self.made_at,
            self.count(Change::New),
            self.count(Change::Worse),
            self.count(Change::Fixed),
            self.count(Change::Gone),
            self.count(Change::NotEvaluated)
        )
    }
}

impl Report {
    /// Compares the report with an earlier one.
    pub fn compare(&self, baseline: &Self) -> Comparison {
        let earlier: HashMap<&str, &Finding> = by_id(&baseline.findings);
        let now: HashMap<&str, &Finding> = by_id(&self.findings);
        let coverage = Coverage::of(self);
        let changes = self.findings.iter().map(|finding| {
            let earlier = earlier.get(finding.id.as_str());
            change(earlier.copied(), finding)
        });
        let former = baseline
            .findings
            .iter()
            .filter(|finding| finding.status.is_open() && !now.contains_key(finding.id.as_str()));
        Comparison {
            made_at: baseline.made_at,
            version: baseline.version.clone(),
            changes: changes.collect(),
            former: former
                .map(|finding| Former {
                    change: if coverage.would_have(finding) {
                        Change::Gone
                    } else {
                        Change::NotEvaluated
                    },
                    finding: finding.clone(),
                })
                .collect(),
        }
    }
}

fn by_id(findings: &[Finding]) -> HashMap<&str, &Finding> {
    let findings = findings.iter();
    findings
        .map(|finding| (finding.id.as_str(), finding))
        .collect()
}

fn change(earlier: Option<&Finding>, now: &Finding) -> Change {
    let Some(earlier) = earlier.filter(|earlier| earlier.status.is_open()) else {
        return if now.status.is_open() {
            Change::New
        } else {
            Change::Unchanged
        };
    };
    match now.status {
        Status::Failed if earlier.status != Status::Failed || now.severity > earlier.severity => {
            Change::Worse
        }
        Status::Passed if !is_newly_accepted(earlier, now) => Change::Fixed,
        Status::Archived => Change::Gone,
        _ => Change::Unchanged,
    }
}

/// Returns `true` if a finding has an exception that it did not have. A failure that an exception accepts is still
/// there. An exception that a finding about many objects already had is for other objects than those that failed.
fn is_newly_accepted(earlier: &Finding, now: &Finding) -> bool {
    let mut accepting = now.reasons.iter().filter(|reason| reason.accepts());
    accepting.any(|reason| !earlier.reasons.contains(reason))
}

#[cfg(test)]
mod tests {
    use eksentry_core::{ReasonCode, Severity, checks};

    use super::*;
    use crate::tests::{CLUSTER, finding, plain, report};
    use crate::{Narrowing, Place, Reason, Scope};

    const CHECK: &str = "eks-endpoint-private";

    /// Returns the changes of all findings of the report, and of those that only the baseline has.
    fn changes(before: Vec<Finding>, now: &Report) -> (Vec<Change>, Vec<Change>) {
        let comparison = now.compare(&report(before));
        let former = comparison.former.iter().map(|former| former.change);
        (comparison.changes.clone(), former.collect())
    }

    fn of(before: Option<Status>, now: Option<Status>) -> (Vec<Change>, Vec<Change>) {
        let finding = |status| plain(CHECK, CLUSTER, status);
        let before = before.map(finding).into_iter().collect();
        changes(before, &report(now.map(finding)))
    }

    #[test]
    fn the_change_follows_from_both_statuses() {
        use Status::{Archived, Failed, NotAvailable, Passed, Suppressed, Warning};
        for (before, now, expected) in [
            (None, Failed, Change::New),
            (Some(Passed), Failed, Change::New),
            (Some(Passed), NotAvailable, Change::New),
            (Some(Archived), Warning, Change::New),
            (Some(Suppressed), Failed, Change::New),
            (Some(Failed), Passed, Change::Fixed),
            (Some(NotAvailable), Passed, Change::Fixed),
            (Some(Failed), Archived, Change::Gone),
            (Some(Failed), Failed, Change::Unchanged),
            (Some(Warning), Failed, Change::Worse),
            (Some(NotAvailable), Failed, Change::Worse),
            (Some(NotAvailable), Warning, Change::Unchanged),
            (Some(Failed), NotAvailable, Change::Unchanged),
            (Some(Failed), Suppressed, Change::Unchanged),
            (Some(Passed), Passed, Change::Unchanged),
            (Some(Passed), Archived, Change::Unchanged),
            (None, Passed, Change::Unchanged),
        ] {
            assert_eq!(
                of(before, Some(now)),
                (vec![expected], vec![]),
                "{before:?} {now:?}"
            );
        }
        assert_eq!(of(Some(Failed), None), (vec![], vec![Change::Gone]));
        assert_eq!(of(Some(Passed), None), (vec![], vec![]));
    }

    #[test]
    fn a_failure_of_a_higher_severity_is_worse() {
        use Severity::{Critical, High, Low};
        let of = |severity| finding(CHECK, CLUSTER, Status::Failed, severity);
        for (before, now, expected) in [
            (Low, Critical, Change::Worse),
            (High, High, Change::Unchanged),
            (Critical, Low, Change::Unchanged),
        ] {
            let (changes, _) = changes(vec![of(before)], &report([of(now)]));
            assert_eq!(changes, [expected], "{before} {now}");
        }
    }

    #[test]
    fn an_accepted_failure_is_not_fixed() {
        let reason = |code: ReasonCode, text: &str| Reason {
            code: code.word().to_owned(),
            text: text.to_owned(),
        };
        let failure = || reason(ReasonCode::RotationOff, "Off.");
        let mute = || {
            reason(
                ReasonCode::Muted,
                "1 workload passed only because of the mute list: a.",
            )
        };
        let passed = || reason(ReasonCode::AllPassed, "None of the workloads failed.");
        let of = |status, reasons| Finding {
            reasons,
            ..plain(CHECK, CLUSTER, status)
        };
        for (before, now, expected) in [
            (vec![failure()], vec![mute(), failure()], Change::Unchanged),
            (vec![failure()], vec![passed(), mute()], Change::Unchanged),
            // The mute is for another object than the one that failed.
            (
                vec![failure(), mute()],
                vec![passed(), mute()],
                Change::Fixed,
            ),
            (vec![failure(), mute()], vec![passed()], Change::Fixed),
        ] {
            let before = vec![of(Status::Failed, before)];
            let (changes, _) = changes(before, &report([of(Status::Passed, now)]));
            assert_eq!(changes, [expected]);
        }
    }

    /// Nothing that was not evaluated may look as if it was fixed.
    #[test]
    fn a_finding_that_could_not_be_evaluated_is_not_gone() {
        let before = || vec![plain(CHECK, CLUSTER, Status::Failed)];
        let nothing = || report([]);
        assert_eq!(changes(before(), &nothing()).1, [Change::Gone]);

        let with_error = nothing().with_errors(["Denied.".to_owned()]);
        assert_eq!(changes(before(), &with_error).1, [Change::NotEvaluated]);

        let id = before()[0].id.clone();
        let pending = nothing().with_pending([id]);
        assert_eq!(changes(before(), &pending).1, [Change::NotEvaluated]);

        let narrowed = |resources: &[&str], severity| {
            let resources = resources.iter().map(|&resource| resource.to_owned());
            nothing().narrowed(Narrowing {
                resources: resources.collect(),
                severity,
                ..Narrowing::default()
            })
        };
        for (now, expected) in [
            (narrowed(&[CLUSTER], None), Change::Gone),
            (narrowed(&["another"], None), Change::NotEvaluated),
            (narrowed(&[], Some(Severity::Low)), Change::NotEvaluated),
        ] {
            assert_eq!(changes(before(), &now).1, [expected], "{:?}", now.narrowing);
        }

        let scope = Scope {
            account: "111122223333".to_owned(),
            region: "eu-west-1".to_owned(),
        };
        let elsewhere = Report {
            scopes: vec![scope],
            ..nothing()
        };
        assert_eq!(changes(before(), &elsewhere).1, [Change::NotEvaluated]);

        let without_check = Report {
            checks: Vec::new(),
            ..nothing()
        };
        assert_eq!(changes(before(), &without_check).1, [Change::NotEvaluated]);
    }

    /// Returns a finding about the contents of the cluster, with a reason of this code.
    fn inside(check: &str, object: &str, status: Status, code: ReasonCode) -> Finding {
        let id = match object {
            "payments-prod" => CLUSTER.to_owned(),
            object => format!("{CLUSTER}/{object}"),
        };
        Finding {
            place: Some(Place {
                cluster: "payments-prod".to_owned(),
                cluster_id: CLUSTER.to_owned(),
                namespace: String::new(),
                object: object.to_owned(),
            }),
            reasons: vec![Reason {
                code: code.word().to_owned(),
                text: String::new(),
            }],
            ..plain(check, &id, status)
        }
    }

    #[test]
    fn an_object_in_a_cluster_is_gone_only_if_its_kind_was_read() {
        let check = "k8s-pod-privileged";
        let readable = checks::readability().id;
        let object = || {
            inside(
                check,
                "Deployment/web",
                Status::Failed,
                ReasonCode::PrivilegedContainer,
            )
        };
        for (about_cluster, status, code, expected) in [
            (
                readable,
                Status::Passed,
                ReasonCode::ContentsRead,
                Change::Gone,
            ),
            (
                readable,
                Status::Archived,
                ReasonCode::ContentsRead,
                Change::Gone,
            ),
            (
                readable,
                Status::Passed,
                ReasonCode::PodsNotRead,
                Change::NotEvaluated,
            ),
            (
                readable,
                Status::Warning,
                ReasonCode::AccessDenied,
                Change::NotEvaluated,
            ),
            (
                readable,
                Status::NotAvailable,
                ReasonCode::NotReached,
                Change::NotEvaluated,
            ),
            (
                readable,
                Status::Suppressed,
                ReasonCode::NotReached,
                Change::NotEvaluated,
            ),
            (check, Status::Passed, ReasonCode::AllPassed, Change::Gone),
            (
                check,
                Status::Failed,
                ReasonCode::MoreObjects,
                Change::NotEvaluated,
            ),
            (
                check,
                Status::NotAvailable,
                ReasonCode::UnreadSince,
                Change::NotEvaluated,
            ),
        ] {
            let now = report([inside(about_cluster, "payments-prod", status, code)]);
            assert_eq!(
                changes(vec![object()], &now).1,
                [expected],
                "{status:?} {code:?}"
            );
        }
        assert_eq!(changes(vec![object()], &report([])).1, [Change::Gone]);
        let being_created = report([]).with_pending([format!("eksentry/{readable}/{CLUSTER}")]);
        assert_eq!(
            changes(vec![object()], &being_created).1,
            [Change::NotEvaluated]
        );
    }

    #[test]
    fn changes_are_counted_in_both_reports() {
        let resources = ["r1", "r2", "r3", "r4"];
        let before = report(resources.map(|resource| plain(CHECK, resource, Status::Failed)));
        let now = report([
            plain(CHECK, "r1", Status::Failed),
            plain(CHECK, "r2", Status::Passed),
            plain(CHECK, "r5", Status::Failed),
        ]);
        let comparison = now.compare(&before);
        let counts = [
            Change::New,
            Change::Worse,
            Change::Fixed,
            Change::Gone,
            Change::NotEvaluated,
            Change::Unchanged,
        ]
        .map(|change| comparison.count(change));
        assert_eq!(counts, [1, 0, 1, 2, 0, 1]);
    }
}
