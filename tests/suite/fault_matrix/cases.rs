//! The cases: a call and the faults in it.

use std::collections::BTreeSet;
use std::time::Duration;

use eksentry_tests::kubernetes::{self, Endpoint};
use eksentry_tests::model::{ResponseMember, response_members};
use eksentry_tests::stand_in::{Call, Fault, FaultKind, is_paged, not_found_errors};
use serde_json::{Map, Value};

use super::Undisturbed;
use super::contents::FAULTY;
use crate::world::World;

/// A latency in milliseconds that exceeds every time limit.
pub(super) const NEVER: u64 = 3_600_000;

/// The members of requests that identify the resource of a call.
const SUBJECTS: [&str; 11] = [
    "KeyId",
    "PolicyArn",
    "PolicyName",
    "RoleArn",
    "RoleName",
    "clusterName",
    "imageId",
    "name",
    "nodegroupName",
    "repositoryName",
    "ParentId",
];

/// The kind of fault, which is a column of the table.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) enum Column {
    Transient,
    Slow,
    Throttled,
    Internal,
    Unavailable,
    NoResponse,
    Deadline,
    Reset,
    Refused,
    Untrusted,
    Truncated,
    TooLarge,
    HtmlPage,
    Redirect,
    Unknown,
    Denied,
    NotFound,
    ExpiredOnce,
    Expired,
    EmptyPage,
    RepeatedToken,
    AlternatingTokens,
    UnknownValue,
    Missing,
}

impl Column {
    pub(super) const ALL: [Self; 24] = [
        Self::Transient,
        Self::Slow,
        Self::Throttled,
        Self::Internal,
        Self::Unavailable,
        Self::NoResponse,
        Self::Deadline,
        Self::Reset,
        Self::Refused,
        Self::Untrusted,
        Self::Truncated,
        Self::TooLarge,
        Self::HtmlPage,
        Self::Redirect,
        Self::Unknown,
        Self::Denied,
        Self::NotFound,
        Self::ExpiredOnce,
        Self::Expired,
        Self::EmptyPage,
        Self::RepeatedToken,
        Self::AlternatingTokens,
        Self::UnknownValue,
        Self::Missing,
    ];

    /// Returns the heading of the column.
    pub(super) fn heading(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Slow => "slow",
            Self::Throttled => "throttled",
            Self::Internal => "500",
            Self::Unavailable => "503",
            Self::NoResponse => "no response",
            Self::Deadline => "deadline",
            Self::Reset => "reset",
            Self::Refused => "refused",
            Self::Untrusted => "certificate",
            Self::Truncated => "truncated",
            Self::TooLarge => "too large",
            Self::HtmlPage => "HTML page",
            Self::Redirect => "redirect",
            Self::Unknown => "unknown caller",
            Self::Denied => "denied",
            Self::NotFound => "not found",
            Self::ExpiredOnce => "expired once",
            Self::Expired => "expired",
            Self::EmptyPage => "empty page",
            Self::RepeatedToken => "repeated token",
            Self::AlternatingTokens => "alternating tokens",
            Self::UnknownValue => "unknown value",
            Self::Missing => "missing",
        }
    }

    /// Returns `true` if the fault is always tried with all checks of a scenario, since it shows whether a call that
    /// fails, or uses up the time, affects the results of other calls.
    pub(super) fn needs_all_checks(self) -> bool {
        matches!(
            self,
            Self::Denied | Self::Deadline | Self::Refused | Self::Untrusted
        )
    }

    /// Returns `true` if AWS itself could give the answer, so that a verdict may follow from it.
    pub(super) fn is_response_of_aws(self) -> bool {
        matches!(self, Self::NotFound | Self::UnknownValue | Self::Missing)
    }

    /// Returns `true` if the result is the same as without the fault.
    pub(super) fn is_survived(self) -> bool {
        matches!(self, Self::Transient | Self::Slow | Self::ExpiredOnce)
    }
}

/// The faults of a case.
#[derive(Clone, Debug)]
pub(super) enum Faults {
    /// Faults in a call of AWS.
    Aws(Vec<FaultKind>),
    /// Faults in a request to the Kubernetes API of a cluster.
    Kubernetes(Vec<kubernetes::Fault>),
    /// A fault of the endpoint of a cluster.
    Endpoint(Endpoint),
}

/// Faults in a call.
#[derive(Clone, Debug)]
pub(super) struct Case {
    /// The position of the result without faults.
    pub(super) undisturbed: usize,
    /// The call, as `service.Operation`.
    pub(super) call: String,
    /// The members of the request that identify its resource, which select the calls with the fault; empty for all
    /// calls.
    pub(super) subject: Map<String, Value>,
    pub(super) column: Column,
    pub(super) faults: Faults,
}

impl Case {
    pub(super) fn name(&self, undisturbed: &[Undisturbed]) -> String {
        let scenario = undisturbed[self.undisturbed].scenario.name;
        let what = match &self.faults {
            Faults::Aws(kinds) => match &kinds[..] {
                [FaultKind::Missing(pointer) | FaultKind::UnknownValue(pointer)] => pointer.clone(),
                [FaultKind::NotFound(number)] => number.to_string(),
                _ => String::new(),
            },
            Faults::Kubernetes(faults) => match &faults[..] {
                [kubernetes::Fault { kind, times, .. }] => format!("{kind:?} {times:?}"),
                _ => String::new(),
            },
            Faults::Endpoint(endpoint) => format!("{endpoint:?}"),
        };
        format!("{scenario}, {} {} {what}", self.call, self.column.heading())
    }

    /// Lets the faults begin.
    pub(super) fn begin(&self, world: &World) {
        let of_aws = |kind: &FaultKind| {
            let fault = Fault::new(&self.call, kind.clone());
            let fault = fault.matching(Value::Object(self.subject.clone()));
            if self.column == Column::Transient {
                fault.times(1)
            } else {
                fault
            }
        };
        match &self.faults {
            Faults::Aws(kinds) => kinds
                .iter()
                .map(of_aws)
                .for_each(|fault| world.aws.fail(fault)),
            Faults::Kubernetes(faults) => {
                let api = world.api(FAULTY);
                api.configure(|cluster| cluster.faults.clone_from(faults));
            }
            Faults::Endpoint(endpoint) => world.api(FAULTY).set_endpoint(*endpoint),
        }
    }

    /// Returns the time limit of the function: that in template.yaml, or for [`Column::Deadline`] twice the time of the
    /// undisturbed run.
    pub(super) fn limit(&self, undisturbed: &Undisturbed) -> Duration {
        match self.column {
            Column::Deadline => undisturbed.took * 2,
            _ if undisturbed.scenario.function == "ecr-event" => Duration::from_mins(2),
            _ => Duration::from_mins(15),
        }
    }
}

/// Returns all cases of these scenarios.
pub(super) fn of(undisturbed: &[Undisturbed]) -> Vec<Case> {
    let mut cases = Vec::new();
    for (number, one) in undisturbed.iter().enumerate() {
        let mut names = BTreeSet::new();
        for call in &one.calls {
            if names.insert(call.name()) {
                cases.extend(of_call(number, one, call));
            }
        }
        if one.covers_kubernetes() {
            cases.extend(super::kubernetes::cases(number, one));
        }
    }
    cases
}

fn of_call(number: usize, undisturbed: &Undisturbed, call: &Call) -> Vec<Case> {
    let subject = call
        .members
        .iter()
        .filter(|(name, _)| SUBJECTS.contains(&name.as_str()));
    let subject: Map<String, Value> = subject
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    let mut cases = Vec::new();
    let columns = Column::ALL.into_iter();
    for column in columns.filter(|column| undisturbed.tries(&call.name(), *column)) {
        for kinds in kinds(column, call, undisturbed.scenario.alters_responses) {
            cases.push(Case {
                undisturbed: number,
                call: call.name(),
                subject: subject.clone(),
                column,
                faults: Faults::Aws(kinds),
            });
        }
    }
    cases
}

/// Returns the faults in each case of a column.
fn kinds(column: Column, call: &Call, alters_responses: bool) -> Vec<Vec<FaultKind>> {
    let internal = error("InternalFailure", 500);
    let unavailable = error("ServiceUnavailable", 503);
    let in_pages = |kind: FaultKind| {
        if is_paged(call) {
            vec![vec![kind]]
        } else {
            Vec::new()
        }
    };
    match column {
        Column::Transient => vec![vec![
            FaultKind::Throttle,
            internal,
            unavailable,
            FaultKind::Reset,
        ]],
        Column::Throttled => vec![vec![FaultKind::Throttle]],
        Column::Internal => vec![vec![internal]],
        Column::Unavailable => vec![vec![unavailable]],
        Column::NoResponse | Column::Deadline => vec![vec![FaultKind::Latency(NEVER)]],
        Column::Reset => vec![vec![FaultKind::Reset]],
        Column::Truncated => vec![vec![FaultKind::Truncated]],
        Column::HtmlPage => vec![vec![FaultKind::HtmlPage]],
        Column::Denied => vec![vec![FaultKind::AccessDenied]],
        Column::NotFound => (0..not_found_errors(&call.name()))
            .map(|number| vec![FaultKind::NotFound(number)])
            .collect(),
        Column::EmptyPage => in_pages(FaultKind::EmptyPage),
        Column::RepeatedToken => in_pages(FaultKind::RepeatedToken),
        Column::AlternatingTokens => in_pages(FaultKind::AlternatingTokens),
        Column::UnknownValue | Column::Missing if !alters_responses => Vec::new(),
        Column::UnknownValue => members_of_response(call)
            .into_iter()
            .filter(|member| member.is_enumerated)
            .map(|member| vec![FaultKind::UnknownValue(member.pointer)])
            .collect(),
        Column::Missing => members_of_response(call)
            .into_iter()
            .filter(|member| member.is_member && !is_valid_without(&member.pointer))
            .map(|member| vec![FaultKind::Missing(member.pointer)])
            .collect(),
        Column::Slow
        | Column::Refused
        | Column::Untrusted
        | Column::TooLarge
        | Column::Redirect
        | Column::Unknown
        | Column::ExpiredOnce
        | Column::Expired => Vec::new(),
    }
}

/// Lists the members of the response that the service's published model describes.
fn members_of_response(call: &Call) -> Vec<ResponseMember> {
    let answer = call.answer.iter();
    answer
        .flat_map(|answer| response_members(&call.service, &call.operation, answer))
        .collect()
}

/// Returns `true` if an answer is valid without this member: a page that lacks its token looks like the last page.
fn is_valid_without(pointer: &str) -> bool {
    ["/nextToken", "/NextToken", "/NextMarker", "/Marker"].contains(&pointer)
}

fn error(code: &str, status: u16) -> FaultKind {
    FaultKind::Error {
        code: code.to_owned(),
        status,
        message: "out of order".to_owned(),
    }
}
