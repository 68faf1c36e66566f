//! The roll-up: the step between verdicts and findings, in which verdicts about many objects become few findings.
//!
//! A check whose [`Unit`] is not [`Unit::Resource`] evaluates all objects in one resource, the subject: for example,
//! all workloads of a cluster. Exceptions and mutes for single objects apply before the roll-up, and mutes for the
//! subject after it.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet};
use std::ptr;

use crate::details::Details;
use crate::facts::Unread;
use crate::facts::kubernetes::ObjectName;
use crate::parameters::Parameter;
use crate::reason_code::ReasonCode;
use crate::resource::Resource;
use crate::verdict::{ObjectVerdict, Outcome, Reason, Verdict};

/// The maximum number of objects of one subject that have their own findings.
pub static MOST_FINDINGS: Parameter<u32> = Parameter {
    name: "maxObjectFindings",
    description: "The number of objects in a cluster that have their own findings of a check, at most.",
    default: 500,
};

/// The maximum number of objects that a reason names.
const NAMES: usize = 20;

/// The maximum number of different reasons of objects in a finding about their subject.
const REASONS: usize = 10;

/// The reason code if no object failed.
const ALL_PASSED: ReasonCode = ReasonCode::AllPassed;

/// The reason code if the objects have their own findings.
const OBJECTS_REPORTED: ReasonCode = ReasonCode::ObjectsReported;

/// The reason code if more objects did not pass than may have their own findings.
const MORE_OBJECTS: ReasonCode = ReasonCode::MoreObjects;

/// The reason code if there are more reasons than a finding has.
const MORE_REASONS: ReasonCode = ReasonCode::MoreReasons;

/// The reason code if there is no object to which the check applies.
const NO_OBJECTS: ReasonCode = ReasonCode::NoObjects;

/// The reason code if results of objects are not available yet.
const RESULTS_PENDING: ReasonCode = ReasonCode::ResultsPending;

/// The unit of a check's findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// One finding for each resource that the check evaluates.
    Resource,
    /// One finding for each object that does not pass, and one about the subject, which covers the objects without
    /// findings of their own. This unit suits security risks: each has a different owner, and most objects pass.
    Object(Noun),
    /// One finding about the subject, which covers all its objects. This unit suits good practice: many objects fail
    /// for the same reason. The subject is a namespace, so that each owner has a finding, unless it is up to one owner
    /// to correct all failures in the cluster.
    Subject(Noun),
}

/// The common noun for the objects that a check evaluates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Noun {
    /// The noun for one object: `workload`.
    pub one: &'static str,
    /// The noun for several objects: `workloads`.
    pub many: &'static str,
}

impl Noun {
    /// Returns a number of objects in words: `1 workload`, `412 workloads`.
    fn counted(self, count: usize) -> String {
        let noun = if count == 1 { self.one } else { self.many };
        format!("{count} {noun}")
    }
}

/// The verdict about one object.
#[derive(Debug, Clone, PartialEq)]
pub struct EvaluatedObject {
    /// The object.
    pub resource: Resource,
    /// The name of the object in texts, such as `shop/Deployment/web`.
    pub name: String,
    /// The object in its cluster, by which exceptions name it; `None` if it is the cluster itself.
    pub object: Option<ObjectName>,
    /// The properties of the object that reports show.
    pub details: Details,
    /// The decision, to which the exceptions and mutes for the object have been applied.
    pub verdict: Verdict,
}

impl EvaluatedObject {
    /// Begins the reasons with the name of the object.
    pub(crate) fn introduce(&mut self) {
        let introduction = match self.verdict.outcome {
            Outcome::NotApplicable | Outcome::Pending => return,
            Outcome::Passed => "passes",
            Outcome::Warning => "needs a review",
            Outcome::NotAvailable => "could not be evaluated",
            Outcome::Failed(_) => "does not pass",
        };
        if let Some(first) = self.verdict.reasons.first_mut() {
            first.text = format!("{} {introduction}. {}", self.name, first.text);
        }
    }

    fn outcome(&self) -> Outcome {
        self.verdict.outcome
    }

    fn does_not_pass(&self) -> bool {
        self.outcome() >= Outcome::Warning
    }

    /// Compares such that the worst objects come first, in an order that does not depend on the order of evaluation.
    fn worst_first(&self, other: &Self) -> Ordering {
        let worse = other.outcome().cmp(&self.outcome());
        worse
            .then_with(|| self.name.cmp(&other.name))
            .then_with(|| self.resource.cmp(&other.resource))
    }
}

impl From<&EvaluatedObject> for ObjectVerdict {
    fn from(object: &EvaluatedObject) -> Self {
        Self {
            resource: object.resource.clone(),
            name: object.name.clone(),
            object: object.object.clone(),
            outcome: object.outcome(),
            reasons: object.verdict.reasons.clone(),
        }
    }
}

/// The verdicts of a check about the objects of one subject.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Verdicts {
    /// The objects, each once, in any order.
    pub objects: Vec<EvaluatedObject>,
    /// The lists that the check needs and that could not be read, or not completely. They may have objects that are not
    /// known.
    pub unread: Vec<Unread>,
    /// The remarks at the end of the reasons of the subject's verdict.
    pub remarks: Vec<Reason>,
}

/// A resource with objects, such as a namespace.
#[derive(Debug, Clone, PartialEq)]
pub struct Subject {
    /// The resource.
    pub resource: Resource,
    /// The properties of the resource that reports show.
    pub details: Details,
    /// The decisions about the objects.
    pub verdicts: Verdicts,
}

/// A verdict from which a finding is created.
#[derive(Debug, Clone, PartialEq)]
pub struct RolledUp {
    /// The resource that the finding is about.
    pub resource: Resource,
    /// The properties of an object, or of a subject that is not the observed resource, that reports show.
    pub details: Details,
    /// The decision.
    pub verdict: Verdict,
    /// The condition for sending the finding.
    pub sending: Sending,
}

/// The condition for sending a finding that differs from the last one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sending {
    /// The finding is always sent.
    Always,
    /// The finding is sent if the last finding that was sent about the resource is not archived and did not pass. The
    /// resource has then recovered, which is reported once.
    OnRecovery,
}

impl Unit {
    /// Returns the verdicts from which findings are created: those about objects, the worst first, and then the one
    /// about the subject. `most` is the maximum number of objects with findings of their own.
    ///
    /// For [`Unit::Object`], the verdict about the subject covers the objects that have no findings of their own, to
    /// which the check is then not applicable:
    ///
    /// - If more than `most` objects do not pass, it is as bad as the worst of the others.
    /// - If a list is unread, it is not available, unless one of those others failed.
    /// - Otherwise, if an object does not pass, it is not applicable, so that nothing is reported twice.
    /// - Otherwise it passes, or is pending while the result of an object is pending.
    ///
    /// For [`Unit::Subject`], it is as bad as the worst of the objects and of the unread lists, and not applicable if
    /// there are none.
    ///
    /// For [`Unit::Resource`], there is no subject. Each verdict stays as it is, except that a pass, a pending result
    /// or a warning becomes not available if a list is unread.
    pub fn roll_up(self, subject: Subject, most: u32) -> Vec<RolledUp> {
        match self {
            Self::Resource => by_resource(subject.verdicts),
            Self::Object(noun) => {
                by_object(noun, subject, usize::try_from(most).unwrap_or(usize::MAX))
            }
            Self::Subject(noun) => by_subject(noun, subject),
        }
    }
}

/// Returns the verdicts as they are. If a list is unread, those that passed, are pending or are a warning become not
/// available.
fn by_resource(verdicts: Verdicts) -> Vec<RolledUp> {
    let better = Outcome::Passed..Outcome::NotAvailable;
    let unread = reasons_of_unread(verdicts.unread);
    let mut rolled_up = Vec::with_capacity(verdicts.objects.len());
    for EvaluatedObject {
        resource,
        details,
        mut verdict,
        ..
    } in verdicts.objects
    {
        if !unread.is_empty() && better.contains(&verdict.outcome) {
            verdict = Verdict::about_many(Outcome::NotAvailable, unread.clone(), Vec::new());
        }
        verdict.reasons.extend_from_slice(&verdicts.remarks);
        rolled_up.push(RolledUp {
            resource,
            details,
            verdict,
            sending: Sending::Always,
        });
    }
    rolled_up
}

/// Returns the verdicts about the objects and the one about the subject.
fn by_object(noun: Noun, subject: Subject, most: usize) -> Vec<RolledUp> {
    let verdicts = subject.verdicts;
    let mut objects = verdicts.objects;
    objects.sort_by(EvaluatedObject::worst_first);
    let failing = objects.partition_point(EvaluatedObject::does_not_pass);
    let reported = failing.min(most);
    let about_subject = Basis {
        noun,
        objects: &objects,
        unreported: &objects[reported..failing],
        unread: reasons_of_unread(verdicts.unread),
        remarks: verdicts.remarks,
    };
    let about_subject = RolledUp {
        resource: subject.resource,
        details: subject.details,
        verdict: about_subject.verdict_on_unreported(reported),
        sending: Sending::Always,
    };
    let objects = objects.into_iter().enumerate().map(|(at, object)| {
        let verdict = if (reported..failing).contains(&at) {
            let text = "The finding about the cluster covers the object.";
            Verdict::not_applicable(MORE_OBJECTS, text)
        } else {
            object.verdict
        };
        let sending = match verdict.outcome {
            Outcome::Passed => Sending::OnRecovery,
            _ => Sending::Always,
        };
        RolledUp {
            resource: object.resource,
            details: object.details,
            verdict,
            sending,
        }
    });
    objects.chain([about_subject]).collect()
}

/// Returns the verdict about the subject.
fn by_subject(noun: Noun, subject: Subject) -> Vec<RolledUp> {
    let verdicts = subject.verdicts;
    let mut objects = verdicts.objects;
    objects.sort_by(EvaluatedObject::worst_first);
    let failing = objects.partition_point(EvaluatedObject::does_not_pass);
    let about_subject = Basis {
        noun,
        objects: &objects,
        unreported: &objects[..failing],
        unread: reasons_of_unread(verdicts.unread),
        remarks: verdicts.remarks,
    };
    vec![RolledUp {
        resource: subject.resource,
        details: subject.details,
        verdict: about_subject.verdict_on_all(),
        sending: Sending::Always,
    }]
}

/// Returns a reason for each unread list, each once and in a fixed order.
fn reasons_of_unread(unread: Vec<Unread>) -> Vec<Reason> {
    let texts: BTreeSet<_> = unread
        .into_iter()
        .map(|unread| (unread.code, unread.text))
        .collect();
    let reasons = texts.into_iter();
    reasons
        .map(|(code, text)| Reason::new(code, text))
        .collect()
}

/// The data on which a verdict about a subject is based.
struct Basis<'a> {
    noun: Noun,
    /// All objects, the worst first.
    objects: &'a [EvaluatedObject],
    /// The objects that did not pass and have no findings of their own, the worst first.
    unreported: &'a [EvaluatedObject],
    unread: Vec<Reason>,
    remarks: Vec<Reason>,
}

impl Basis<'_> {
    /// Returns the verdict if the first objects have findings of their own; `reported` is their number.
    fn verdict_on_unreported(self, reported: usize) -> Verdict {
        let outcome = self.outcome();
        let mut reasons = Vec::new();
        if let Some(worst) = self.unreported.first() {
            reasons.push((worst.outcome(), self.unreported_reason(reported)));
        } else if self.unread.is_empty() && reported > 0 {
            let count = self.noun.counted(reported);
            let text = format!("{count} did not pass; the reasons are in separate findings.");
            return Verdict::not_applicable(OBJECTS_REPORTED, text);
        }
        if outcome <= Outcome::Passed {
            let text = match self.evaluated() {
                0 => format!("There are no {} to evaluate.", self.noun.many),
                1 => format!("{} passed.", self.noun.counted(1)),
                count => format!("All {} passed.", self.noun.counted(count)),
            };
            reasons.push((Outcome::Passed, Reason::new(ALL_PASSED, text)));
        }
        self.verdict(outcome.max(Outcome::Passed), reasons)
    }

    /// Returns the verdict that covers all objects.
    fn verdict_on_all(self) -> Verdict {
        let outcome = self.outcome();
        let mut reasons = grouped(self.unreported);
        match outcome {
            Outcome::NotApplicable => {
                let text = format!("There are no {} to evaluate.", self.noun.many);
                return Verdict::not_applicable(NO_OBJECTS, text);
            }
            // The text leaves out the number of objects, since it changes more often than anything that matters.
            Outcome::Passed => {
                let text = format!("None of the {} failed.", self.noun.many);
                reasons.push((outcome, Reason::new(ALL_PASSED, text)));
            }
            Outcome::Pending | Outcome::Warning | Outcome::NotAvailable | Outcome::Failed(_) => {}
        }
        self.verdict(outcome, reasons)
    }

    /// Returns the worst outcome of the objects that the verdict covers and of the unread lists.
    fn outcome(&self) -> Outcome {
        let of_objects = if let Some(worst) = self.unreported.first() {
            worst.outcome()
        } else {
            let others = self.objects.iter().map(EvaluatedObject::outcome);
            let others = others.filter(|outcome| *outcome < Outcome::Warning);
            others.max().unwrap_or(Outcome::NotApplicable)
        };
        if self.unread.is_empty() {
            of_objects
        } else {
            of_objects.max(Outcome::NotAvailable)
        }
    }

    /// Returns the number of objects to which the check applies.
    fn evaluated(&self) -> usize {
        let outcomes = self.objects.iter().map(EvaluatedObject::outcome);
        outcomes
            .filter(|outcome| *outcome > Outcome::NotApplicable)
            .count()
    }

    fn unreported_reason(&self, reported: usize) -> Reason {
        let names = listed(self.unreported);
        let count = self.unreported.len();
        let text = if reported == 0 {
            let count = self.noun.counted(count);
            format!("{count} did not pass: {names}.")
        } else {
            let reported = self.noun.counted(reported);
            format!(
                "In addition to {reported} with separate findings, {count} more did not pass: {names}."
            )
        };
        Reason::new(MORE_OBJECTS, text)
    }

    /// Returns the verdict with these reasons, the unread lists, the exceptions and the remarks.
    fn verdict(self, outcome: Outcome, mut reasons: Vec<(Outcome, Reason)>) -> Verdict {
        if outcome == Outcome::Pending {
            let text = "Some results are not available yet.";
            reasons.push((outcome, Reason::new(RESULTS_PENDING, text)));
        }
        let unread = self.unread.into_iter();
        reasons.extend(unread.map(|reason| (Outcome::NotAvailable, reason)));
        reasons.sort_by_key(|(outcome, _)| Reverse(*outcome));
        let mut reasons: Vec<Reason> = reasons.into_iter().map(|(_, reason)| reason).collect();

        let muted = self.objects.iter().filter(|one| one.verdict.is_muted());
        let muted: Vec<&EvaluatedObject> = muted.collect();
        if !muted.is_empty() {
            let count = self.noun.counted(muted.len());
            let names = listed(muted.iter().copied());
            let ends = muted.iter().filter_map(|one| one.verdict.muted_until);
            let until = ends
                .min()
                .map_or_else(String::new, |end| format!("Muted until {end}: "));
            let text = format!("{until}{count} passed only because of the mute list: {names}.");
            reasons.push(Reason::new(ReasonCode::Muted, text));
        }
        reasons.extend(exceptions(self.noun, self.objects));
        reasons.extend(self.remarks);
        let excepted = self.objects.iter();
        let excepted = excepted.filter(|one| one.verdict.exception.is_some());
        let objects = self.unreported.iter().chain(muted).chain(excepted);
        Verdict::about_many(outcome, reasons, objects.map(ObjectVerdict::from).collect())
    }
}

/// Returns the different reasons of objects, the worst first, each with the names of its objects.
fn grouped(objects: &[EvaluatedObject]) -> Vec<(Outcome, Reason)> {
    let mut groups: BTreeMap<(ReasonCode, &str), (Outcome, Vec<&EvaluatedObject>)> =
        BTreeMap::new();
    for object in objects {
        for reason in &object.verdict.reasons {
            let (_, group) = groups
                .entry((reason.code, &reason.text))
                .or_insert_with(|| (object.outcome(), Vec::new()));
            // An object may have the same reason twice.
            if group.last().is_none_or(|last| !ptr::eq(*last, object)) {
                group.push(object);
            }
        }
    }
    let mut groups: Vec<_> = groups.into_iter().collect();
    groups.sort_by_key(|(_, (worst, _))| Reverse(*worst));
    let more = groups.get(REASONS).map(|(_, (worst, _))| *worst);
    let reasons = groups.into_iter().take(REASONS);
    let mut reasons: Vec<_> = reasons
        .map(|((code, text), (worst, group))| {
            let text = text.trim_end_matches('.');
            let text = format!("{text} ({}).", listed(group));
            (worst, Reason::new(code, text))
        })
        .collect();
    reasons.extend(more.map(|worst| {
        let text = "Other objects did not pass for other reasons.";
        (worst, Reason::new(MORE_REASONS, text))
    }));
    reasons
}

/// Returns the different exceptions because of which objects pass, each with the number and the names of its objects.
fn exceptions(noun: Noun, objects: &[EvaluatedObject]) -> Vec<Reason> {
    let mut groups: BTreeMap<(ReasonCode, &str), Vec<&EvaluatedObject>> = BTreeMap::new();
    for object in objects {
        if let Some(exception) = &object.verdict.exception {
            let group = (exception.code, exception.text.as_str());
            groups.entry(group).or_default().push(object);
        }
    }
    let mut groups = groups.into_iter();
    let reason = |code, text: &str, objects: &[&EvaluatedObject]| {
        let text = text.trim_end_matches('.');
        let count = noun.counted(objects.len());
        let names = listed(objects.iter().copied());
        Reason::new(code, format!("{text} ({count}: {names})."))
    };
    let first = groups.by_ref().take(REASONS);
    let mut reasons: Vec<Reason> = first
        .map(|((code, text), group)| reason(code, text, &group))
        .collect();
    let others: Vec<_> = groups.flat_map(|(_, group)| group).collect();
    if !others.is_empty() {
        reasons.push(reason(
            ReasonCode::Excepted,
            "Excepted for other reasons",
            &others,
        ));
    }
    reasons
}

/// Returns the names of objects as one text, up to the number that a reason names.
fn listed<'a>(objects: impl IntoIterator<Item = &'a EvaluatedObject>) -> String {
    let mut names = objects.into_iter().map(|object| object.name.as_str());
    let first: Vec<&str> = names.by_ref().take(NAMES).collect();
    let others = if names.next().is_some() {
        " and others"
    } else {
        ""
    };
    first.join(", ") + others
}

#[cfg(test)]
mod tests;
