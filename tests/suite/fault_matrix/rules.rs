//! What may come of a fault, and what may not.

use std::collections::{BTreeMap, BTreeSet};

use eksentry_tests::lambda::FunctionError;
use serde_json::Value;

use super::cases::{Case, Column};
use super::{Seen, Undisturbed};
use crate::any_faults::{in_the_end, state_of, status};
use crate::world::World;

/// The kinds of error that are worth a retry: Lambda, EventBridge or the queue brings the event again, and the next
/// schedule does.
const WORTH_A_RETRY: [&str; 5] = [
    "NotAvailable",
    "NotDelivered",
    "NotEntered",
    "NotListed",
    "OutOfTime",
];

/// With these, what was looked at may not have been delivered, or not all have been looked at.
const UNDELIVERED: [&str; 3] = ["NotDelivered", "NotEntered", "OutOfTime"];

/// The call that reads the mute list, and the one that reads the checks' parameters.
const MUTE_LIST: &str = "ssm.GetParameter";
const PARAMETERS: &str = "ssm.GetParametersByPath";

/// The call that tells attestations from images. Where it is denied, they are taken for images.
const MANIFESTS: &str = "ecr.BatchGetImage";

/// How an invocation ended.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Ending {
    Success,
    /// The queue is to bring messages again.
    Again,
    Error(FunctionError),
    /// Lambda had to end it, or it ended itself.
    Killed(FunctionError),
}

impl Ending {
    pub(super) fn of(outcome: Result<Value, FunctionError>) -> Self {
        match outcome {
            Ok(answer) => match answer["batchItemFailures"].as_array() {
                Some(failures) if !failures.is_empty() => Self::Again,
                _ => Self::Success,
            },
            Err(error) if error.error_type.contains('.') => Self::Killed(error),
            Err(error) => Self::Error(error),
        }
    }

    fn may_leave_undelivered(&self) -> bool {
        match self {
            Self::Success => false,
            Self::Again | Self::Killed(_) => true,
            Self::Error(error) => UNDELIVERED.contains(&error.error_type.as_str()),
        }
    }

    /// The rule: it succeeds, or it is worth a retry. What is wrong until somebody mends the settings is not.
    fn judge(&self, case: &Case) -> Result<(), String> {
        let is_setting = [MUTE_LIST, PARAMETERS].contains(&case.call.as_str())
            && [Column::Denied, Column::NotFound, Column::Missing].contains(&case.column);
        match self {
            Self::Success | Self::Again => Ok(()),
            Self::Error(error) if WORTH_A_RETRY.contains(&error.error_type.as_str()) => Ok(()),
            Self::Error(error) if is_setting && error.error_type == "InvalidSettings" => Ok(()),
            Self::Error(error) | Self::Killed(error) => Err(format!(
                "it ended in {}, which is not worth a retry",
                error.error_type
            )),
        }
    }
}

/// What Security Hub holds.
pub(super) fn findings(world: &World) -> BTreeMap<String, Value> {
    state_of(world)
}

/// How far a finding is from what it will be.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Deviation {
    None,
    /// As the earlier sweep left it.
    Left,
    NotAvailable,
    Worse,
    /// Archived, since the service says that there is no such thing.
    Archived,
}

/// Judges what was there when the invocation with the fault had ended; a word for it, or what was wrong.
pub(super) fn judge_meanwhile(
    case: &Case,
    undisturbed: &Undisturbed,
    meanwhile: &Seen,
    ending: &Ending,
) -> Result<String, String> {
    let mut problems: Vec<String> = ending.judge(case).err().into_iter().collect();
    let Undisturbed { before, after, .. } = undisturbed;
    let ids: BTreeSet<&String> = before
        .findings
        .keys()
        .chain(after.findings.keys())
        .chain(meanwhile.findings.keys())
        .collect();
    let mut most = Deviation::None;
    for id in ids {
        let [was, will, is] = [before, after, meanwhile].map(|seen| seen.findings.get(id));
        let is_push = undisturbed.scenario.is_push();
        match deviation(case, id, [was, will, is], ending, is_push) {
            Ok(deviation) => most = most.max(deviation),
            Err(problem) => problems.push(format!("{id} {problem}: {is:?}, in the end {will:?}")),
        }
    }
    for line in &meanwhile.evaluations {
        let known = before.evaluations.contains(line) || after.evaluations.contains(line);
        let worse = case.column.speaks() && line.starts_with("NON_COMPLIANT");
        let gone = case.column == Column::NotFound && line.starts_with("NOT_APPLICABLE");
        if !(known || worse || gone) {
            problems.push(format!("Config was told {line}"));
        }
    }
    if !meanwhile.messages.is_subset(&after.messages) {
        problems.push("messages were sent that nobody asked for".to_owned());
    }
    if problems.is_empty() {
        Ok(word(ending, most))
    } else {
        Err(problems.join("; "))
    }
}

/// Judges one finding.
fn deviation(
    case: &Case,
    id: &str,
    [was, will, is]: [Option<&Value>; 3],
    ending: &Ending,
    is_push: bool,
) -> Result<Deviation, &'static str> {
    if in_the_end(is) == in_the_end(will) {
        return Ok(Deviation::None);
    }
    let concerned = concerns(case, id);
    let status_of = |says: Option<&Value>| says.map_or("ARCHIVED", |says| status(says)).to_owned();
    let (is_now, will_be) = (status_of(is), status_of(will));
    if is == was {
        // An answer without the list tells nothing of what is in it, and of what is not there nothing is told.
        // A push tells of an image only what is known of its scan: the scan's own event comes later, and the next sweep.
        let untold = [Column::Missing, Column::NotFound].contains(&case.column) || is_push;
        return if (concerned && (untold || *ending != Ending::Success))
            || ending.may_leave_undelivered()
        {
            Ok(Deviation::Left)
        } else {
            Err("was left as it was")
        };
    }
    if !concerned {
        return Err("has nothing to do with the call");
    }
    match is_now.as_str() {
        "NOT_AVAILABLE" => Ok(Deviation::NotAvailable),
        // The same verdict with less detail.
        now if now == will_be => Ok(Deviation::None),
        "FAILED" | "WARNING" if case.column.speaks() || case.call == MUTE_LIST => {
            Ok(Deviation::Worse)
        }
        "FAILED" if case.call == MANIFESTS && case.column == Column::Denied => Ok(Deviation::Worse),
        // The service says that there is no such thing, or that a key is of a kind that no rotation is known of.
        "ARCHIVED" if case.column == Column::NotFound => Ok(Deviation::Archived),
        "ARCHIVED" if case.column == Column::UnknownWord && case.call == "kms.DescribeKey" => {
            Ok(Deviation::Archived)
        }
        "ARCHIVED" => Err("was archived"),
        _ => Err("is better than it should be"),
    }
}

/// Whether a call tells something that a finding depends on.
fn concerns(case: &Case, id: &str) -> bool {
    let Some((check, resource)) = id
        .split_once("eksentry/")
        .and_then(|(_, rest)| rest.split_once('/'))
    else {
        return false;
    };
    let (service, operation) = case.call.split_once('.').unwrap_or_default();
    let text = |name: &str| case.subject.get(name).and_then(Value::as_str);
    let is_about = |part: Option<&str>| part.is_none_or(|part| resource.contains(part));
    match (service, operation) {
        // Who uses a cluster's role depends on all clusters.
        ("eks", _) if check == "eks-dedicated-cluster-role" => true,
        ("eks", "ListNodegroups" | "DescribeNodegroup") => false,
        ("eks", _) => check.starts_with("eks-") && is_about(text("name")),
        ("iam", _) => check == "eks-dedicated-cluster-role",
        ("kms", "DescribeKey") if check.starts_with("eks-secrets-") => true,
        ("kms", _) => check.starts_with("kms-") && is_about(text("KeyId")),
        ("ecr", "GetRegistryScanningConfiguration") => check == "ecr-scan-on-push",
        ("ecr", "DescribeImages" | "DescribeImageScanFindings" | "BatchGetImage") => {
            let digest = case
                .subject
                .get("imageId")
                .and_then(|id| id["imageDigest"].as_str());
            check == "ecr-image-scan-findings"
                && is_about(text("repositoryName"))
                && is_about(digest)
        }
        ("ecr", _) => check.starts_with("ecr-"),
        ("config", "DescribeConfigurationRecorders" | "DescribeConfigurationRecorderStatus") => {
            check == "config-records-resources"
        }
        // Without the mute list, muted failures are not muted. Without the parameters nothing is judged.
        ("ssm", "GetParameter") => resource.ends_with("key/muted"),
        ("organizations" | "account" | "ssm" | "sts", _) => true,
        _ => false,
    }
}

/// How a case ended, in the words of the table.
fn word(ending: &Ending, most: Deviation) -> String {
    match ending {
        Ending::Again => "again".to_owned(),
        Ending::Error(error) | Ending::Killed(error) => error.error_type.clone(),
        Ending::Success => match most {
            Deviation::None => "as ever",
            Deviation::Left => "left",
            Deviation::NotAvailable => "not available",
            Deviation::Worse => "worse",
            Deviation::Archived => "archived",
        }
        .to_owned(),
    }
}

/// Judges what is there after the fault.
pub(super) fn judge_after(
    undisturbed: &Undisturbed,
    seen: &Seen,
    ending: &Ending,
) -> Result<(), String> {
    if *ending != Ending::Success {
        return Err(format!("afterwards it ended in {ending:?}"));
    }
    let after = &undisturbed.after;
    let ids: BTreeSet<&String> = after.findings.keys().chain(seen.findings.keys()).collect();
    for id in ids {
        let (is, should) = (seen.findings.get(id), after.findings.get(id));
        if in_the_end(is) != in_the_end(should) {
            return Err(format!("afterwards {id} is {is:?}, not {should:?}"));
        }
    }
    if seen.evaluations != after.evaluations {
        return Err(format!("afterwards Config holds {:?}", seen.evaluations));
    }
    if seen.messages != after.messages {
        return Err(format!("afterwards the queue holds {:?}", seen.messages));
    }
    Ok(())
}

/// When findings were first reported is never lost.
pub(super) fn judge_created(
    first: &BTreeMap<String, String>,
    now: &BTreeMap<String, String>,
) -> Result<(), String> {
    match first.iter().find(|(id, at)| now.get(*id) != Some(*at)) {
        None => Ok(()),
        Some((id, at)) => Err(format!("{id} was first reported at {at}, which is lost")),
    }
}
