//! The combination of what a check found in the pods of a workload and in its template.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::reason_code::ReasonCode;
use crate::verdict::{Outcome, Reason, Verdict};

use super::inspection::{Inspected, LocatedIssue};

/// The maximum number of containers that a reason names.
const NAMES: usize = 20;

/// The issues of a workload.
#[derive(Debug)]
pub(super) struct Combination {
    /// The issues of the template, if there is one.
    pub(super) template: Option<Inspected>,
    /// The issues of the running pods, by different settings, each with the number of pods.
    pub(super) pods: Vec<(Inspected, u32)>,
    /// The text if there is no issue.
    pub(super) passed: &'static str,
}

impl Combination {
    /// Returns the verdict if all running pods are known; `None` if there are neither pods nor a template.
    pub(super) fn verdict(self) -> Option<Verdict> {
        let mut reasons = Reasons::default();
        let inspected: Vec<&Inspected> = if self.pods.is_empty() {
            let template = self.template.as_ref()?;
            for issue in template {
                reasons.add(issue, "");
            }
            vec![template]
        } else {
            self.add_issues_of_pods(&mut reasons);
            self.pods.iter().map(|(issues, _)| issues).collect()
        };
        let outcomes = inspected.into_iter().map(outcome);
        let worst = outcomes.max()?;
        reasons.add_difference(self.only_in_template());
        Some(reasons.verdict(worst, self.passed))
    }

    /// Returns the verdict if there may be pods that are not known, so that only certain problems count; `None` if
    /// there is none.
    pub(super) fn verdict_without_other_pods(mut self) -> Option<Verdict> {
        if !self.pods.is_empty() {
            return self
                .verdict()
                .filter(|verdict| verdict.outcome >= Outcome::Warning);
        }
        // Admission may add what the template lacks, but it is not known to remove anything.
        let template = self.template.take()?;
        let certain = |one: &&LocatedIssue| {
            one.issue.is_explicit && matches!(one.issue.outcome, Outcome::Failed(_))
        };
        let mut reasons = Reasons::default();
        let mut worst = None;
        for one in template.iter().filter(certain) {
            worst = worst.max(Some(one.issue.outcome));
            reasons.add(one, "the template asks for this; the pods were not read");
        }
        worst.map(|worst| reasons.verdict(worst, self.passed))
    }

    fn add_issues_of_pods<'a>(&'a self, reasons: &mut Reasons<'a>) {
        let mut all: BTreeMap<&LocatedIssue, (usize, u32)> = BTreeMap::new();
        for (issues, count) in &self.pods {
            for one in issues {
                let (settings, pods) = all.entry(one).or_default();
                *settings += 1;
                *pods = pods.saturating_add(*count);
            }
        }
        for (one, (settings, pods)) in all {
            let is_in_template = |template: &Inspected| template.contains(one);
            let origin = if self.template.as_ref().is_none_or(is_in_template) {
                String::new()
            } else if one.is_ephemeral() {
                let noun = if pods == 1 { "pod" } else { "pods" };
                format!("in {pods} running {noun}, not in the template")
            } else if settings == self.pods.len() {
                "added at admission".to_owned()
            } else {
                "in some running pods, not in the template".to_owned()
            };
            reasons.add(one, &origin);
        }
    }

    /// Returns the issues that the template has and no running pod.
    fn only_in_template(&self) -> impl Iterator<Item = &LocatedIssue> {
        let template = self.template.iter().flatten();
        template.filter(|one| {
            let mut pods = self.pods.iter();
            let is_certain = matches!(one.issue.outcome, Outcome::Failed(_) | Outcome::Warning);
            is_certain && !self.pods.is_empty() && pods.all(|(issues, _)| !issues.contains(one))
        })
    }
}

/// Returns the outcome of pods with these issues.
fn outcome(issues: &Inspected) -> Outcome {
    let outcomes = issues.iter().map(|one| one.issue.outcome);
    outcomes.max().unwrap_or(Outcome::Passed)
}

/// An issue that several containers may have: its outcome, its code, its text and its origin.
type Group<'a> = (Reverse<Outcome>, ReasonCode, &'a str, String);

/// The reasons of a verdict. Their order does not depend on the order in which issues are added.
#[derive(Default)]
struct Reasons<'a> {
    groups: BTreeMap<Group<'a>, BTreeSet<&'a str>>,
    differences: Vec<String>,
}

impl<'a> Reasons<'a> {
    fn add(&mut self, one: &'a LocatedIssue, origin: &str) {
        let issue = &one.issue;
        let group = (
            Reverse(issue.outcome),
            issue.code,
            issue.text.as_str(),
            origin.to_owned(),
        );
        let containers = self.groups.entry(group).or_default();
        let titles = one.container.iter();
        containers.extend(titles.map(|container| container.title.as_str()));
    }

    /// Adds that running pods do not have the issues of the template.
    fn add_difference<'b>(&mut self, issues: impl Iterator<Item = &'b LocatedIssue>) {
        let mut only = Reasons::default();
        for one in issues {
            only.add(one, "");
        }
        let texts = only.groups.iter();
        self.differences = texts
            .map(|(group, containers)| sentence(group, containers))
            .collect();
    }

    fn verdict(self, worst: Outcome, passed: &str) -> Verdict {
        let is_reason = |outcome: Outcome| outcome == worst || outcome >= Outcome::Warning;
        let groups = self.groups.iter();
        let groups = groups.filter(|((Reverse(outcome), ..), _)| is_reason(*outcome));
        let mut reasons: Vec<Reason> = groups
            .map(|(group, containers)| Reason::new(group.1, sentence(group, containers)))
            .collect();
        if reasons.is_empty() {
            reasons.push(Reason::new(ReasonCode::WorkloadPassed, passed));
        }
        reasons.extend(self.differences.into_iter().map(|text| {
            let text = format!("In the template, but not in running pods: {text}");
            Reason::new(ReasonCode::TemplateDiffers, text)
        }));
        Verdict::about_many(worst, reasons, Vec::new())
    }
}

/// Returns an issue as a sentence, with the containers that have it and its origin.
fn sentence((_, _, text, origin): &Group, containers: &BTreeSet<&str>) -> String {
    let mut names = containers.iter().copied();
    let mut listed = names.by_ref().take(NAMES).collect::<Vec<_>>().join(", ");
    if names.next().is_some() {
        listed += " and others";
    }
    let mut sentence = (*text).to_owned();
    if !listed.is_empty() {
        sentence = format!("{sentence}: {listed}");
    }
    if !origin.is_empty() {
        sentence = format!("{sentence} ({origin})");
    }
    sentence + "."
}
