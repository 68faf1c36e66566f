//! The rules for the results of a fault.

use std::collections::{BTreeMap, BTreeSet};

use eksentry_core::{Need, checks};
use eksentry_tests::lambda::FunctionError;
use serde_json::Value;

use super::cases::{Case, Column, Faults};
use super::concerns::concerns;
use super::{Seen, Undisturbed, kubernetes};
use crate::any_faults::{state_of, status, unless_archived};
use crate::world::World;

/// The types of errors that are worth a retry: Lambda, EventBridge or the queue delivers the event again, or the next
/// schedule does.
const WORTH_A_RETRY: [&str; 5] = [
    "NotAvailable",
    "NotDelivered",
    "NotEntered",
    "NotListed",
    "OutOfTime",
];

/// The errors after which findings may not have been delivered, or not all resources have been evaluated.
const UNDELIVERED: [&str; 3] = ["NotDelivered", "NotEntered", "OutOfTime"];

/// The call that reads the mute list, and the one that reads the checks' parameters.
const MUTE_LIST: &str = "ssm.GetParameter";
const PARAMETERS: &str = "ssm.GetParametersByPath";

/// The call that distinguishes attestations from images. If it is denied, attestations count as images.
const MANIFESTS: &str = "ecr.BatchGetImage";

/// The call that reads the account's organization. If it is denied, the organization that a policy names counts as
/// another one.
const ORGANIZATION: &str = "organizations.DescribeOrganization";

/// The calls that read policies which a resource need not have. A response without a text means that there is none, and
/// one without a scope means that the registry's policy reaches no repositories.
const POLICIES: [&str; 3] = [
    "ecr.GetAccountSetting",
    "ecr.GetRegistryPolicy",
    "ecr.GetRepositoryPolicy",
];

/// The end of an invocation.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Ending {
    Success,
    /// The queue must deliver some messages again.
    Retried,
    Error(FunctionError),
    /// Lambda ended the process, or the process ended itself.
    Killed(FunctionError),
}

impl Ending {
    pub(super) fn of(outcome: Result<Value, FunctionError>) -> Self {
        match outcome {
            Ok(answer) => match answer["batchItemFailures"].as_array() {
                Some(failures) if !failures.is_empty() => Self::Retried,
                _ => Self::Success,
            },
            Err(error) if error.error_type.contains('.') => Self::Killed(error),
            Err(error) => Self::Error(error),
        }
    }

    fn may_leave_undelivered(&self) -> bool {
        match self {
            Self::Success => false,
            Self::Retried | Self::Killed(_) => true,
            Self::Error(error) => UNDELIVERED.contains(&error.error_type.as_str()),
        }
    }

    /// Applies the rule: the invocation succeeds, or its error is worth a retry. Faults in the settings, which last
    /// until they are corrected, are exempt.
    fn check(&self, case: &Case) -> Result<(), String> {
        let is_setting = [MUTE_LIST, PARAMETERS].contains(&case.call.as_str())
            && [Column::Denied, Column::NotFound, Column::Missing].contains(&case.column);
        match self {
            Self::Success | Self::Retried => Ok(()),
            Self::Error(error) if WORTH_A_RETRY.contains(&error.error_type.as_str()) => Ok(()),
            Self::Error(error) if is_setting && error.error_type == "InvalidSettings" => Ok(()),
            Self::Error(error) | Self::Killed(error) => Err(format!(
                "the invocation ended in {}, which is not worth a retry",
                error.error_type
            )),
        }
    }
}

/// Returns the findings in Security Hub.
pub(super) fn findings(world: &World) -> BTreeMap<String, Value> {
    state_of(world)
}

/// Returns the findings of each report in the bucket.
pub(super) fn reports(world: &World) -> BTreeSet<String> {
    let objects = world.aws.objects().into_iter();
    let reports = objects.filter(|(name, _)| name.contains("/reports/"));
    reports
        .map(|(_, body)| {
            let report: Value = serde_json::from_slice(&body).unwrap();
            report["findings"].to_string()
        })
        .collect()
}

/// The deviation of a finding from its expected state.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Deviation {
    None,
    /// The finding is as the earlier sweep left it.
    Kept,
    NotAvailable,
    Worse,
    /// The resource passes, since the service reports that it has no policy.
    WithoutPolicy,
    /// The finding is archived, since the service reports that the resource does not exist.
    Archived,
}

/// Checks the state after the invocation with the fault. Returns a word for the result, or the problems.
pub(super) fn check_meanwhile(
    case: &Case,
    undisturbed: &Undisturbed,
    meanwhile: &Seen,
    ending: &Ending,
) -> Result<String, String> {
    let mut problems: Vec<String> = ending.check(case).err().into_iter().collect();
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
            Err(problem) => problems.push(format!("{id} {problem}: {is:?}, expected {will:?}")),
        }
    }
    for line in &meanwhile.evaluations {
        let known = before.evaluations.contains(line) || after.evaluations.contains(line);
        let worse = case.column.is_response_of_aws() && line.starts_with("NON_COMPLIANT");
        let gone = case.column == Column::NotFound && line.starts_with("NOT_APPLICABLE");
        if !(known || worse || gone) {
            problems.push(format!("AWS Config received {line}"));
        }
    }
    if !meanwhile.messages.is_subset(&after.messages) {
        problems.push("unexpected messages were sent".to_owned());
    }
    // A report that lacks findings would look like one without failures.
    let is_reported = *ending != Ending::Success || meanwhile.reports == after.reports;
    if !is_reported || !meanwhile.reports.is_subset(&after.reports) {
        problems.push("the report is another one, or is missing".to_owned());
    }
    if *ending == Ending::Success && !matches!(case.faults, Faults::Aws(_)) {
        let is_unchanged = most == Deviation::None;
        let checked = kubernetes::check_report(case, undisturbed, meanwhile, is_unchanged);
        problems.extend(checked.err());
    }
    if problems.is_empty() {
        Ok(word(ending, most))
    } else {
        Err(problems.join("; "))
    }
}

/// Checks one finding.
fn deviation(
    case: &Case,
    id: &str,
    [was, will, is]: [Option<&Value>; 3],
    ending: &Ending,
    is_push: bool,
) -> Result<Deviation, &'static str> {
    if unless_archived(is) == unless_archived(will) {
        return Ok(Deviation::None);
    }
    let concerned = concerns(case, id);
    let is_in_cluster = !matches!(case.faults, Faults::Aws(_)) || case.call == "lambda.Invoke";
    let status_of = |says: Option<&Value>| says.map_or("ARCHIVED", |says| status(says)).to_owned();
    let (is_now, will_be) = (status_of(is), status_of(will));
    if is == was {
        // An answer that lacks its list leaves the items of the list unknown, and an answer that there is no such
        // resource contains no data about it. After a push, a function knows of an image only the state of its scan:
        // the scan's own event follows, and so does the next sweep.
        // The findings about the contents of a cluster stay as they were if it was not read.
        let is_incomplete =
            [Column::Missing, Column::NotFound].contains(&case.column) || is_push || is_in_cluster;
        return if (concerned && (is_incomplete || *ending != Ending::Success))
            || ending.may_leave_undelivered()
        {
            Ok(Deviation::Kept)
        } else {
            Err("was not updated")
        };
    }
    if !concerned {
        return Err("changed, but does not depend on the call");
    }
    match is_now.as_str() {
        "NOT_AVAILABLE" => Ok(Deviation::NotAvailable),
        // Something in a cluster was not read.
        "WARNING" if kubernetes::tells_what_is_unread(id) => Ok(Deviation::NotAvailable),
        // The verdict is the same, with less detail.
        now if now == will_be => Ok(Deviation::None),
        _ if is_in_cluster => Err("changed, although something in the cluster was not read"),
        "FAILED" | "WARNING" if case.column.is_response_of_aws() || case.call == MUTE_LIST => {
            Ok(Deviation::Worse)
        }
        // A key that is pending deletion and whose use is unknown may be in use.
        "FAILED" if concerns_use_of_key(id) => Ok(Deviation::Worse),
        "FAILED"
            if [MANIFESTS, ORGANIZATION].contains(&case.call.as_str())
                && case.column == Column::Denied =>
        {
            Ok(Deviation::Worse)
        }
        "PASSED"
            if POLICIES.contains(&case.call.as_str())
                && [Column::NotFound, Column::Missing].contains(&case.column) =>
        {
            Ok(Deviation::WithoutPolicy)
        }
        // The service reports that there is no such resource, or returns an unknown kind of key, for which rotation is
        // unknown too.
        "ARCHIVED" if case.column == Column::NotFound => Ok(Deviation::Archived),
        "ARCHIVED" if case.column == Column::UnknownValue && case.call == "kms.DescribeKey" => {
            Ok(Deviation::Archived)
        }
        // Without its mode or its logs, a cluster has the defaults of EKS: no access entries, and no logs.
        "ARCHIVED" if case.column == Column::Missing && case.call == "eks.DescribeCluster" => {
            if concerns_access_or_logs(id) {
                Ok(Deviation::Archived)
            } else {
                Err("was archived incorrectly")
            }
        }
        // Without its tags, an image is untagged, and without the time of its last pull, it was never pulled.
        "ARCHIVED"
            if case.column == Column::Missing
                && case.call == "ecr.DescribeImages"
                && ["ecr-image-age", "ecr-image-signed"]
                    .iter()
                    .any(|check| id.contains(check)) =>
        {
            Ok(Deviation::Archived)
        }
        "ARCHIVED" => Err("was archived incorrectly"),
        _ => Err("improved incorrectly"),
    }
}

/// Returns `true` if a finding is about the access entries or the logs of a cluster.
fn concerns_access_or_logs(id: &str) -> bool {
    let mut checks = checks::CHECKS.iter();
    checks.any(|check| {
        let needs = [
            Need::AccessEntries,
            Need::ClusterAdmins,
            Need::LogGroup,
            Need::AuditLogWatcher,
        ];
        id.contains(&format!("eksentry/{}/", check.id))
            && needs.iter().any(|need| check.needs.contains(need))
    })
}

/// Returns `true` if a finding is about the use of a key.
fn concerns_use_of_key(id: &str) -> bool {
    let mut checks = checks::CHECKS.iter();
    checks.any(|check| {
        id.contains(&format!("eksentry/{}/", check.id)) && check.needs.contains(&Need::KeyUse)
    })
}

/// Returns the table's word for the result of a case.
fn word(ending: &Ending, most: Deviation) -> String {
    match ending {
        Ending::Retried => "retried".to_owned(),
        Ending::Error(error) | Ending::Killed(error) => error.error_type.clone(),
        Ending::Success => match most {
            Deviation::None => "unchanged",
            Deviation::Kept => "kept",
            Deviation::NotAvailable => "not available",
            Deviation::Worse => "worse",
            Deviation::WithoutPolicy => "no policy",
            Deviation::Archived => "archived",
        }
        .to_owned(),
    }
}

/// Checks the state after the fault is over.
pub(super) fn check_recovery(
    undisturbed: &Undisturbed,
    seen: &Seen,
    ending: &Ending,
) -> Result<(), String> {
    if *ending != Ending::Success {
        return Err(format!(
            "the invocation after the fault ended in {ending:?}"
        ));
    }
    let after = &undisturbed.after;
    let ids: BTreeSet<&String> = after.findings.keys().chain(seen.findings.keys()).collect();
    for id in ids {
        let (is, should) = (seen.findings.get(id), after.findings.get(id));
        if unless_archived(is) != unless_archived(should) {
            return Err(format!(
                "after the fault {id} is {is:?}, expected {should:?}"
            ));
        }
    }
    if seen.evaluations != after.evaluations {
        return Err(format!(
            "after the fault AWS Config holds {:?}",
            seen.evaluations
        ));
    }
    if seen.reports != after.reports {
        return Err("after the fault the report is another one, or is missing".to_owned());
    }
    if seen.messages != after.messages {
        return Err(format!(
            "after the fault the queue holds {:?}",
            seen.messages
        ));
    }
    Ok(())
}

/// Checks that the time at which each finding was first reported is kept.
pub(super) fn check_creation_times(
    first: &BTreeMap<String, String>,
    now: &BTreeMap<String, String>,
) -> Result<(), String> {
    match first.iter().find(|(id, at)| now.get(*id) != Some(*at)) {
        None => Ok(()),
        Some((id, at)) => Err(format!("{id} lost its creation time {at}")),
    }
}
