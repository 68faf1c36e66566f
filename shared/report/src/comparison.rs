//! The comparison of a report with an earlier one.

use std::collections::{HashMap, HashSet};
use std::fmt;

use eksentry_core::ReasonCode;
use jiff::Timestamp;
use serde::Serialize;

use crate::{Finding, Narrowing, Report, Status};

/// The difference between a finding and the one with the same id in an earlier report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Change {
    /// The finding requires action, and did not in the earlier report.
    New,
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
            "Since {}: {} new, {} fixed, {} gone, {} not evaluated.",
            self.made_at,
            self.count(Change::New),
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
                    change: coverage.change_of_missing(finding),
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
    let was_open = earlier.is_some_and(|earlier| earlier.status.is_open());
    match (was_open, now.status) {
        (false, status) if status.is_open() => Change::New,
        // A failure that an exception accepts is still there.
        (true, Status::Passed) if now.exception.is_none() => Change::Fixed,
        (true, Status::Archived) => Change::Gone,
        _ => Change::Unchanged,
    }
}

/// The statements of a report about resources that it has no findings about.
struct Coverage<'a> {
    report: &'a Report,
    /// The check and the cluster of each finding about a cluster whose contents were not reported completely.
    incomplete: HashSet<(&'a str, &'a str)>,
}

impl<'a> Coverage<'a> {
    fn of(report: &'a Report) -> Self {
        let findings = report.findings.iter();
        let incomplete = findings.filter_map(|finding| {
            let place = finding.place.as_ref()?;
            let is_incomplete = finding.status == Status::NotAvailable
                || finding
                    .reasons
                    .iter()
                    .any(|reason| reason.code == ReasonCode::MoreObjects.word());
            (is_incomplete && place.cluster_id == finding.resource_id)
                .then_some((finding.check.as_str(), place.cluster_id.as_str()))
        });
        Self {
            report,
            incomplete: incomplete.collect(),
        }
    }

    fn change_of_missing(&self, finding: &Finding) -> Change {
        let report = self.report;
        let is_in_scope = report
            .scopes
            .iter()
            .any(|scope| scope.account == finding.account && scope.region == finding.region);
        let place = finding.place.as_ref();
        let is_incomplete = place.is_some_and(|place| {
            let subject = (finding.check.as_str(), place.cluster_id.as_str());
            self.incomplete.contains(&subject)
        });
        let Narrowing {
            resources,
            severity,
        } = &report.narrowing;
        // The contents of a cluster are evaluated with it.
        let subject = place.map_or(&finding.resource_id, |place| &place.cluster_id);
        let was_evaluated = resources.is_empty() || resources.contains(subject);
        let is_gone = report.check(&finding.check).is_some()
            && is_in_scope
            && was_evaluated
            && !is_incomplete
            // What is less severe now would be missing, too.
            && severity.is_none()
            && report.errors.is_empty()
            && !report.pending.contains(&finding.id);
        if is_gone {
            Change::Gone
        } else {
            Change::NotEvaluated
        }
    }
}

#[cfg(test)]
mod tests {
    use eksentry_core::Severity;

    use super::*;
    use crate::tests::{CLUSTER, plain, report};
    use crate::{Exception, Place, Reason, Scope};

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
    fn an_accepted_failure_is_not_fixed() {
        let before = vec![plain(CHECK, CLUSTER, Status::Failed)];
        let accepted = Finding {
            exception: Some(Exception {
                reason: "Why.".to_owned(),
                until: None,
            }),
            ..plain(CHECK, CLUSTER, Status::Passed)
        };
        let (changes, _) = changes(before, &report([accepted]));
        assert_eq!(changes, [Change::Unchanged]);
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

    #[test]
    fn an_object_of_an_unread_cluster_is_not_gone() {
        let check = "k8s-pod-privileged";
        let place = |object: &str| {
            Some(Place {
                cluster: "payments-prod".to_owned(),
                cluster_id: CLUSTER.to_owned(),
                namespace: String::new(),
                object: object.to_owned(),
            })
        };
        let object = Finding {
            place: place("Deployment/web"),
            ..plain(
                check,
                &format!("{CLUSTER}/deployments.apps/web"),
                Status::Failed,
            )
        };
        let of_cluster = |status, code: &str| {
            report([Finding {
                place: place("payments-prod"),
                reasons: vec![Reason {
                    code: code.to_owned(),
                    text: String::new(),
                }],
                ..plain(check, CLUSTER, status)
            }])
        };
        for (status, code, expected) in [
            (Status::Passed, "ALL_PASSED", Change::Gone),
            (Status::Failed, "OBJECTS_REPORTED", Change::Gone),
            (Status::Failed, "MORE_OBJECTS", Change::NotEvaluated),
            (Status::NotAvailable, "NOT_REACHED", Change::NotEvaluated),
        ] {
            let now = of_cluster(status, code);
            assert_eq!(changes(vec![object.clone()], &now).1, [expected], "{code}");
        }
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
            Change::Fixed,
            Change::Gone,
            Change::NotEvaluated,
            Change::Unchanged,
        ]
        .map(|change| comparison.count(change));
        assert_eq!(counts, [1, 1, 2, 0, 1]);
    }
}
