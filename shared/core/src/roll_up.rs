//! Roll-up: the step between verdicts and findings, in which verdicts about many objects become few findings.
//!
//! A check whose [`Unit`] is not [`Unit::Resource`] judges all objects that one resource, the subject, holds: all workloads
//! of a cluster, for example. Exceptions for single objects apply before the roll-up, and those for the subject after it.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet};
use std::ptr;

use crate::facts::Unread;
use crate::reason_code::ReasonCode;
use crate::resource::Resource;
use crate::verdict::{ObjectVerdict, Outcome, Reason, Verdict};

/// How many objects of one subject have findings of their own, unless a parameter says otherwise.
pub const MOST_FINDINGS: usize = 500;

/// How many objects a reason names.
const NAMES: usize = 20;

/// How many different reasons of objects a finding about their subject has.
const REASONS: usize = 10;

/// No object failed.
const ALL_PASSED: ReasonCode = ReasonCode::AllPassed;

/// Some objects passed only since exceptions cover them.
const EXCEPTED: ReasonCode = ReasonCode::Excepted;

/// The objects have findings of their own.
const OBJECTS_REPORTED: ReasonCode = ReasonCode::ObjectsReported;

/// More objects did not pass than may have findings of their own.
const MORE_OBJECTS: ReasonCode = ReasonCode::MoreObjects;

/// More reasons than a finding has.
const MORE_REASONS: ReasonCode = ReasonCode::MoreReasons;

/// There is no object to which the check applies.
const NO_OBJECTS: ReasonCode = ReasonCode::NoObjects;

/// Results of objects are under way.
const RESULTS_PENDING: ReasonCode = ReasonCode::ResultsPending;

/// The unit of a check's findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// One finding for each resource that the check judges.
    Resource,
    /// One finding for each object that does not pass, and one about the subject while none does so. It suits dangers: each
    /// has an owner of its own, and most objects pass.
    Object(Noun),
    /// One finding about the subject, a namespace, which tells of all its objects. It suits hygiene: many objects of one
    /// owner fail for the same reason.
    Namespace(Noun),
}

/// The common noun for the objects that a check judges.
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
pub struct Judged {
    /// The object.
    pub resource: Resource,
    /// The name of the object in texts, `shop/Deployment/web` for example.
    pub name: String,
    /// The decision, to which the exceptions for the object have been applied.
    pub verdict: Verdict,
}

impl Judged {
    fn outcome(&self) -> Outcome {
        self.verdict.outcome
    }

    fn does_not_pass(&self) -> bool {
        self.outcome() >= Outcome::Warning
    }

    /// Compares such that the order of objects does not depend on the order in which they were judged.
    fn worst_first(&self, other: &Self) -> Ordering {
        let worse = other.outcome().cmp(&self.outcome());
        worse
            .then_with(|| self.name.cmp(&other.name))
            .then_with(|| self.resource.cmp(&other.resource))
    }
}

impl From<&Judged> for ObjectVerdict {
    fn from(judged: &Judged) -> Self {
        Self {
            resource: judged.resource.clone(),
            name: judged.name.clone(),
            outcome: judged.outcome(),
            reasons: judged.verdict.reasons.clone(),
        }
    }
}

/// The verdicts of a check about the objects of one subject.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Verdicts {
    /// The objects, each once and in any order.
    pub objects: Vec<Judged>,
    /// The lists that the check needs and that could not be read, or not to their ends. There may be objects that nobody
    /// knows of.
    pub unread: Vec<Unread>,
    /// Remarks that the reasons of the subject's verdict end with.
    pub remarks: Vec<Reason>,
}

/// A verdict of which a finding is made.
#[derive(Debug, Clone, PartialEq)]
pub struct RolledUp {
    /// The resource that the finding is about.
    pub resource: Resource,
    /// The decision.
    pub verdict: Verdict,
    /// When the finding is sent.
    pub sending: Sending,
}

/// When a finding is sent, if it says something new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sending {
    /// In any case.
    Always,
    /// If the last finding that was sent about the resource is not archived and did not pass. The resource has then
    /// recovered, which is told once.
    OnRecovery,
    /// Never, since the finding about the subject speaks for the object. An earlier finding is archived.
    Never,
}

impl Unit {
    /// Returns the verdicts to make findings of: those about objects, the worst first, and then the one about the subject.
    /// `most` is how many objects may have findings of their own, for example [`MOST_FINDINGS`].
    ///
    /// For [`Unit::Object`], the verdict about the subject speaks for the objects that have no findings of their own:
    ///
    /// - More than `most` objects do not pass: it is as bad as the worst of the others.
    /// - A list is unread: it is not available, unless one of those others failed.
    /// - Otherwise, if an object does not pass: it is not applicable, so that nothing is reported twice.
    /// - Otherwise it passes, or is pending while the result of an object is.
    ///
    /// For [`Unit::Namespace`], it is as bad as the worst of the objects and of the unread lists, and not applicable if
    /// there are none.
    ///
    /// For [`Unit::Resource`], there is no subject; each verdict stays as it is, but is not available instead of something
    /// better if a list is unread.
    pub fn roll_up(self, subject: &Resource, verdicts: Verdicts, most: usize) -> Vec<RolledUp> {
        match self {
            Self::Resource => each(verdicts),
            Self::Object(noun) => by_object(noun, subject, verdicts, most),
            Self::Namespace(noun) => by_namespace(noun, subject, verdicts),
        }
    }
}

/// Returns the verdicts as they are, unless they are better than what unread lists allow.
fn each(verdicts: Verdicts) -> Vec<RolledUp> {
    let better = Outcome::Passed..Outcome::NotAvailable;
    let unread = reasons_of_unread(verdicts.unread);
    let mut rolled_up = Vec::with_capacity(verdicts.objects.len());
    for Judged {
        resource,
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
            verdict,
            sending: Sending::Always,
        });
    }
    rolled_up
}

/// Returns the verdicts about the objects and the one about the subject.
fn by_object(noun: Noun, subject: &Resource, verdicts: Verdicts, most: usize) -> Vec<RolledUp> {
    let mut objects = verdicts.objects;
    objects.sort_by(Judged::worst_first);
    let failing = objects.partition_point(Judged::does_not_pass);
    let reported = failing.min(most);
    let about_subject = Subject {
        noun,
        objects: &objects,
        spoken_for: &objects[reported..failing],
        unread: reasons_of_unread(verdicts.unread),
        remarks: verdicts.remarks,
    };
    let about_subject = RolledUp {
        resource: subject.clone(),
        verdict: about_subject.verdict_besides(reported),
        sending: Sending::Always,
    };
    let objects = objects.into_iter().enumerate().map(|(at, object)| {
        let sending = if (reported..failing).contains(&at) {
            Sending::Never
        } else if object.outcome() == Outcome::Passed {
            Sending::OnRecovery
        } else {
            Sending::Always
        };
        RolledUp {
            resource: object.resource,
            verdict: object.verdict,
            sending,
        }
    });
    objects.chain([about_subject]).collect()
}

/// Returns the verdict about the subject.
fn by_namespace(noun: Noun, subject: &Resource, verdicts: Verdicts) -> Vec<RolledUp> {
    let mut objects = verdicts.objects;
    objects.sort_by(Judged::worst_first);
    let failing = objects.partition_point(Judged::does_not_pass);
    let about_subject = Subject {
        noun,
        objects: &objects,
        spoken_for: &objects[..failing],
        unread: reasons_of_unread(verdicts.unread),
        remarks: verdicts.remarks,
    };
    vec![RolledUp {
        resource: subject.clone(),
        verdict: about_subject.verdict_on_all(),
        sending: Sending::Always,
    }]
}

/// Returns each unread list once, in an order of its own.
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

/// All that a verdict about a subject rests on.
struct Subject<'a> {
    noun: Noun,
    /// All objects, the worst first.
    objects: &'a [Judged],
    /// Those that did not pass and have no findings of their own, the worst first.
    spoken_for: &'a [Judged],
    unread: Vec<Reason>,
    remarks: Vec<Reason>,
}

impl Subject<'_> {
    /// Returns the verdict besides the findings of the first objects.
    fn verdict_besides(self, reported: usize) -> Verdict {
        let outcome = self.outcome();
        let mut reasons = Vec::new();
        if let Some(worst) = self.spoken_for.first() {
            reasons.push((worst.outcome(), self.more_than(reported)));
        } else if self.unread.is_empty() && reported > 0 {
            let count = self.noun.counted(reported);
            let text = format!("The findings of {count} say what did not pass.");
            return Verdict::not_applicable(OBJECTS_REPORTED, text);
        }
        if outcome <= Outcome::Passed {
            let text = match self.judged() {
                0 => format!("There are no {} to judge.", self.noun.many),
                1 => format!("{} passed.", self.noun.counted(1)),
                count => format!("All {} passed.", self.noun.counted(count)),
            };
            reasons.push((Outcome::Passed, Reason::new(ALL_PASSED, text)));
        }
        self.verdict(outcome.max(Outcome::Passed), reasons)
    }

    /// Returns the verdict that speaks for all objects.
    fn verdict_on_all(self) -> Verdict {
        let outcome = self.outcome();
        let mut reasons = grouped(self.spoken_for);
        match outcome {
            Outcome::NotApplicable => {
                let text = format!("There are no {} to judge.", self.noun.many);
                return Verdict::not_applicable(NO_OBJECTS, text);
            }
            // Without their number, since it changes more often than anything that matters.
            Outcome::Passed => {
                let text = format!("None of the {} failed.", self.noun.many);
                reasons.push((outcome, Reason::new(ALL_PASSED, text)));
            }
            Outcome::Pending | Outcome::Warning | Outcome::NotAvailable | Outcome::Failed(_) => {}
        }
        self.verdict(outcome, reasons)
    }

    /// Returns the worst of the objects that the verdict speaks for, and of the unread lists.
    fn outcome(&self) -> Outcome {
        let of_objects = if let Some(worst) = self.spoken_for.first() {
            worst.outcome()
        } else {
            let others = self.objects.iter().map(Judged::outcome);
            let others = others.filter(|outcome| *outcome < Outcome::Warning);
            others.max().unwrap_or(Outcome::NotApplicable)
        };
        if self.unread.is_empty() {
            of_objects
        } else {
            of_objects.max(Outcome::NotAvailable)
        }
    }

    /// Returns how many objects the check applies to.
    fn judged(&self) -> usize {
        let outcomes = self.objects.iter().map(Judged::outcome);
        outcomes
            .filter(|outcome| *outcome > Outcome::NotApplicable)
            .count()
    }

    fn more_than(&self, reported: usize) -> Reason {
        let names = listed(self.spoken_for);
        let count = self.spoken_for.len();
        let text = if reported == 0 {
            let count = self.noun.counted(count);
            format!("{count} did not pass: {names}.")
        } else {
            let reported = self.noun.counted(reported);
            format!(
                "Besides {reported} with findings of their own, {count} more did not pass: {names}."
            )
        };
        Reason::new(MORE_OBJECTS, text)
    }

    /// Returns the verdict with these reasons, the unread lists, the exceptions and the remarks.
    fn verdict(self, outcome: Outcome, mut reasons: Vec<(Outcome, Reason)>) -> Verdict {
        if outcome == Outcome::Pending {
            let text = "Not all results are there yet.";
            reasons.push((outcome, Reason::new(RESULTS_PENDING, text)));
        }
        let unread = self.unread.into_iter();
        reasons.extend(unread.map(|reason| (Outcome::NotAvailable, reason)));
        reasons.sort_by_key(|(outcome, _)| Reverse(*outcome));
        let mut reasons: Vec<Reason> = reasons.into_iter().map(|(_, reason)| reason).collect();

        let excepted = self.objects.iter();
        let excepted: Vec<&Judged> = excepted.filter(|one| one.verdict.is_muted()).collect();
        if !excepted.is_empty() {
            let count = self.noun.counted(excepted.len());
            let names = listed(excepted.iter().copied());
            let text = format!("{count} passed under an exception: {names}.");
            reasons.push(Reason::new(EXCEPTED, text));
        }
        reasons.extend(self.remarks);
        let objects = self.spoken_for.iter().chain(excepted);
        Verdict::about_many(outcome, reasons, objects.map(ObjectVerdict::from).collect())
    }
}

/// Returns the reasons of objects, the worst first: each once, with the names of its objects.
fn grouped(objects: &[Judged]) -> Vec<(Outcome, Reason)> {
    let mut groups: BTreeMap<(ReasonCode, &str), (Outcome, Vec<&Judged>)> = BTreeMap::new();
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
        let text = "Others did not pass for other reasons.";
        (worst, Reason::new(MORE_REASONS, text))
    }));
    reasons
}

/// Returns the names of objects in one text, as far as a reason names them.
fn listed<'a>(objects: impl IntoIterator<Item = &'a Judged>) -> String {
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
