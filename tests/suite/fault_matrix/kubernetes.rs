//! The requests to the Kubernetes API of a cluster, and the faults in them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use eksentry_core::checks::CHECKS;
use eksentry_core::facts::KubernetesCluster;
use eksentry_core::facts::kubernetes::lists_for;
use eksentry_core::{FactsOf as _, Need, Needs};
use eksentry_tests::kubernetes::{Endpoint, Fault, FaultKind, Received};
use serde_json::{Value, json};

use super::cases::{Case, Column, Faults, NEVER};
use super::contents::FAULTY;
use super::{Checks, Seen, Undisturbed};
use crate::world::cluster_arn;

/// The service, in the names of calls.
pub(super) const SERVICE: &str = "kubernetes";

/// The name of a connection to the endpoint, which all requests need.
const CONNECTION: &str = "connect";

/// The check that reports what could not be read.
const READABLE: &str = "k8s-api-readable";

/// Requests for a list, an object and the API groups. They stand for all in cases which differ from others only in what
/// the client does before it knows what a response is about.
const SAMPLES: [&str; 3] = ["list pods", "get configmaps/aws-auth", "get /apis"];

/// A delay of each answer in milliseconds that a client bears.
const SLOW: u64 = 5_000;

/// Returns the name of a request's call.
pub(super) fn call_of(request: &str) -> String {
    format!("{SERVICE}.{request}")
}

/// Returns the cases of the requests to the cluster whose API has faults, and of the connection to it.
pub(super) fn cases(number: usize, undisturbed: &Undisturbed) -> Vec<Case> {
    let mut most_pages: BTreeMap<&str, usize> = BTreeMap::new();
    for Received { name, page, .. } in requests(undisturbed) {
        let most = most_pages.entry(name).or_default();
        *most = (*page).max(*most);
    }
    let case = |request: &str, column, faults| Case {
        undisturbed: number,
        call: call_of(request),
        subject: [("cluster".to_owned(), FAULTY.into())]
            .into_iter()
            .collect(),
        column,
        faults,
    };
    let mut cases = Vec::new();
    for (request, pages) in most_pages {
        let columns = Column::ALL.into_iter();
        for column in columns.filter(|column| undisturbed.tries(&call_of(request), *column)) {
            for faults in faults(column, request, pages) {
                cases.push(case(request, column, Faults::Kubernetes(faults)));
            }
        }
    }
    if undisturbed.checks != Checks::All {
        return cases;
    }
    let closed = (Column::Refused, Endpoint::Closed);
    let untrusted = [
        Endpoint::Expired,
        Endpoint::OtherName,
        Endpoint::OtherAuthority,
    ];
    let untrusted = untrusted.map(|endpoint| (Column::Untrusted, endpoint));
    for (column, endpoint) in untrusted.into_iter().chain([closed]) {
        cases.push(case(CONNECTION, column, Faults::Endpoint(endpoint)));
    }
    cases
}

/// Returns checks of the contents of clusters that stand for all: one for each unit of findings with the same needs. The
/// same code evaluates the others with the same facts.
pub(super) fn few_checks() -> BTreeSet<&'static str> {
    let checks = CHECKS.iter();
    let checks = checks.filter(|check| check.kind() == KubernetesCluster::KIND);
    let few: HashMap<_, _> = checks
        .map(|check| {
            let needs: Needs = check.needs.iter().copied().collect();
            (format!("{needs:?} {:?}", check.unit()), check.id)
        })
        .collect();
    few.into_values().collect()
}

/// Returns the requests that the cluster received whose API has faults.
fn requests(undisturbed: &Undisturbed) -> impl Iterator<Item = &Received> {
    let requests = undisturbed.requests.iter();
    requests.filter(|received| received.cluster == FAULTY)
}

/// Returns the faults in each case of a column.
fn faults(column: Column, request: &str, pages: usize) -> Vec<Vec<Fault>> {
    let mut cases = all_faults(column, request, pages);
    if !SAMPLES.contains(&request) {
        cases.truncate(match column {
            Column::Slow
            | Column::Unavailable
            | Column::Deadline
            | Column::Reset
            | Column::TooLarge
            | Column::HtmlPage
            | Column::Redirect => 0,
            Column::Throttled | Column::Truncated => 1,
            _ => cases.len(),
        });
    }
    cases
}

/// Returns the faults in each case of a column, as [`SAMPLES`] have them.
fn all_faults(column: Column, request: &str, pages: usize) -> Vec<Vec<Fault>> {
    let always = |kind| vec![Fault::new(request, kind)];
    let status = |status: u16, headers: &[(&str, &str)]| FaultKind::Status {
        status,
        headers: headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect(),
    };
    let expired = |times: &[Option<u32>]| {
        let faults = times.iter().map(|times| Fault {
            times: *times,
            ..Fault::new(request, FaultKind::Expired).on_page(2)
        });
        // Only the tokens of pages expire.
        let faults = faults.filter(|_| pages > 1);
        faults.map(|fault| vec![fault]).collect()
    };
    match column {
        Column::Transient => {
            let kinds = [
                status(429, &[]),
                status(500, &[]),
                status(503, &[]),
                FaultKind::Closed,
            ];
            vec![
                kinds
                    .map(|kind| Fault::new(request, kind).times(1))
                    .to_vec(),
            ]
        }
        Column::Slow => vec![always(FaultKind::Delay(SLOW))],
        Column::Throttled => vec![
            always(status(429, &[])),
            always(status(429, &[("retry-after", "")])),
        ],
        Column::Internal => vec![always(status(500, &[]))],
        Column::Unavailable => vec![always(status(503, &[]))],
        Column::NoResponse | Column::Deadline => vec![always(FaultKind::Delay(NEVER))],
        Column::Reset => vec![always(FaultKind::Closed)],
        Column::Truncated => vec![always(FaultKind::Cut), always(FaultKind::Broken)],
        Column::TooLarge => vec![always(FaultKind::TooLarge)],
        Column::HtmlPage => vec![always(FaultKind::HtmlPage), always(FaultKind::NotJson)],
        Column::Redirect => vec![always(status(302, &[]))],
        Column::Unknown => vec![always(status(401, &[]))],
        Column::Denied => vec![always(status(403, &[]))],
        Column::NotFound => vec![always(status(404, &[]))],
        Column::ExpiredOnce => expired(&[Some(1)]),
        Column::Expired => expired(&[Some(2), None]),
        Column::Refused
        | Column::Untrusted
        | Column::EmptyPage
        | Column::RepeatedToken
        | Column::AlternatingTokens
        | Column::UnknownValue
        | Column::Missing => Vec::new(),
    }
}

/// Returns `true` if a check of the contents of clusters depends on the response to the request of a case.
pub(super) fn is_needed(case: &Case, check: &str, needs: Needs) -> bool {
    let ends_reading = matches!(
        case.column,
        Column::NoResponse
            | Column::Deadline
            | Column::Reset
            | Column::Unknown
            | Column::Refused
            | Column::Untrusted
    );
    check == READABLE || ends_reading || requests_for(needs).contains(request_of(case))
}

/// Returns `true` if a resource is the cluster whose API has faults, or in it.
pub(super) fn is_in_cluster(case: &Case, resource: &str) -> bool {
    let cluster = case.subject.get("cluster").and_then(Value::as_str);
    is_in(cluster.unwrap_or_default(), resource)
}

/// Returns `true` if a resource is a cluster, or in it.
pub(super) fn is_in(cluster: &str, resource: &str) -> bool {
    let arn = cluster_arn(cluster);
    let rest = resource.strip_prefix(&arn);
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Returns `true` if a finding tells what could not be read in a cluster.
pub(super) fn tells_what_is_unread(id: &str) -> bool {
    id.contains(&format!("eksentry/{READABLE}/"))
}

/// Returns the requests whose responses checks with these needs evaluate.
fn requests_for(needs: Needs) -> BTreeSet<String> {
    let lists = lists_for(needs, true).map(|list| format!("list {list}"));
    let others = [
        (Need::AwsAuth, "get configmaps/aws-auth"),
        (Need::NetworkPolicies, "get configmaps/amazon-vpc-cni"),
        (Need::NetworkPolicies, "get /apis"),
    ];
    let others = others.into_iter().filter(|(need, _)| needs.contains(*need));
    lists
        .chain(others.map(|(_, request)| request.to_owned()))
        .collect()
}

fn request_of(case: &Case) -> &str {
    let call = case.call.split_once('.');
    call.map_or("", |(_, request)| request)
}

/// Applies the rules for a cluster that has faults: it is read nevertheless, if the faults end or the responses are only
/// slow, and otherwise a finding names the request that failed.
pub(super) fn check_report(
    case: &Case,
    undisturbed: &Undisturbed,
    meanwhile: &Seen,
    is_unchanged: bool,
) -> Result<(), String> {
    if case.column.is_survived() || is_without_optional_kind(case) {
        return if is_unchanged {
            Ok(())
        } else {
            Err("the cluster was not read, although its API answered at last".to_owned())
        };
    }
    // Without the right to list volumes, they are out of scope, and the findings of the check say so.
    if case.column == Column::Denied && request_of(case) == "list persistentvolumes" {
        return Ok(());
    }
    let mut requests = requests(undisturbed);
    let request = match request_of(case) {
        CONNECTION => requests.next().map_or("", |first| &first.name),
        request => request,
    };
    let id = format!("eksentry/{READABLE}/{}", cluster_arn(FAULTY));
    let mut findings = meanwhile.findings.iter();
    let report = findings.find(|(other, _)| other.ends_with(&id));
    let reasons = report.map_or(json!(null), |(_, finding)| finding[1].clone());
    if reasons.to_string().contains(request) {
        Ok(())
    } else {
        Err(format!("{READABLE} does not name {request}: {reasons}"))
    }
}

/// Returns `true` if the cluster answers that it has no kind of objects that only some clusters have.
fn is_without_optional_kind(case: &Case) -> bool {
    case.column == Column::NotFound && request_of(case).contains("eks.amazonaws.com")
}
