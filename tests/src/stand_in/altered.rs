//! Alters answers in ways that AWS's documentation does not lead callers to expect.

use serde_json::{Map, Value, json};

use super::{faults::FaultKind, service::Service, wire::Request};
use crate::account::Record;

/// The page tokens that only faults return.
const AFTER_EMPTY: &str = "behind-an-empty-page";
const REPEATED: &str = "again-and-again";
const BY_TURNS: [&str; 2] = ["there", "and-back"];

/// A value that no enumeration has.
pub(super) const UNKNOWN: &str = "SOMETHING_NEW";

/// The page that a proxy would send.
pub(super) const GARBAGE: &str = "<html><body><h1>Welcome to the guest network</h1></body></html>";

/// The names of a service's page tokens, in requests and in answers, and of the flag that indicates a further page.
struct Tokens {
    asks: &'static str,
    tells: &'static str,
    flag: Option<&'static str>,
}

fn tokens(service: Service) -> Option<Tokens> {
    let (asks, tells, flag) = match service {
        Service::Ecr | Service::Eks => ("nextToken", "nextToken", None),
        Service::Account
        | Service::Config
        | Service::Organizations
        | Service::SecurityHub
        | Service::Ssm => ("NextToken", "NextToken", None),
        Service::Iam => ("Marker", "Marker", Some("IsTruncated")),
        Service::Kms => ("Marker", "NextMarker", Some("Truncated")),
        Service::S3 | Service::Sqs | Service::Sts | Service::Tagging => return None,
    };
    Some(Tokens { asks, tells, flag })
}

/// Returns `true` if the answer to a request may come in pages, which is the case for requests that list everything.
pub(super) fn is_paged(service: Service, operation: &str, members: &Record) -> bool {
    let asks_for_one = ["repositoryNames", "imageIds"]
        .iter()
        .any(|name| members.contains_key(*name));
    let is_list = operation.starts_with("List")
        || [
            "DescribeImages",
            "DescribeImageScanFindings",
            "DescribeRepositories",
            "GetComplianceDetailsByConfigRule",
            "GetFindings",
            "GetParametersByPath",
        ]
        .contains(&operation);
    is_list && tokens(service).is_some() && !asks_for_one
}

/// Changes a request for the page of a fault into one for the first page. Returns the token of the fault's page.
pub(super) fn resume(request: &mut Request) -> Option<&'static str> {
    let Tokens { asks, .. } = tokens(request.service)?;
    let token = request.members.get(asks)?.as_str()?;
    let of_faults = [AFTER_EMPTY, REPEATED].into_iter().chain(BY_TURNS);
    let found = of_faults.into_iter().find(|of_fault| *of_fault == token)?;
    request.members.remove(asks);
    Some(found)
}

/// Alters a successful answer as the fault requires, given the token of the fault's page that was requested.
pub(super) fn alter(
    kind: &FaultKind,
    request: &Request,
    resumed: Option<&str>,
    answer: &mut Value,
) {
    let service = request.service;
    let is_paged = is_paged(service, &request.operation, &request.members);
    match kind {
        FaultKind::EmptyPage if is_paged && resumed != Some(AFTER_EMPTY) && !has_token(request) => {
            empty(answer);
            tell(service, AFTER_EMPTY, answer);
        }
        FaultKind::RepeatedToken if is_paged => tell(service, REPEATED, answer),
        FaultKind::TokensByTurns if is_paged => {
            let turn = usize::from(resumed == Some(BY_TURNS[0]));
            tell(service, BY_TURNS[turn], answer);
        }
        FaultKind::Missing(pointer) => {
            remove(answer, pointer);
        }
        FaultKind::UnknownWord(pointer) => {
            if let Some(word) = answer.pointer_mut(pointer) {
                *word = UNKNOWN.into();
            }
        }
        _ => {}
    }
}

fn has_token(request: &Request) -> bool {
    tokens(request.service).is_some_and(|tokens| request.has(tokens.asks))
}

/// Empties the lists of an answer, which hold the items of its page.
fn empty(answer: &mut Value) {
    for member in members(answer) {
        match member {
            Value::Array(items) => items.clear(),
            // The scan findings of an image are one level below.
            Value::Object(_) => empty(member),
            _ => {}
        }
    }
}

fn members(answer: &mut Value) -> impl Iterator<Item = &mut Value> {
    answer.as_object_mut().into_iter().flat_map(Map::values_mut)
}

fn tell(service: Service, token: &str, answer: &mut Value) {
    let Some(Tokens { tells, flag, .. }) = tokens(service) else {
        return;
    };
    answer[tells] = token.into();
    if let Some(flag) = flag {
        answer[flag] = json!(true);
    }
}

/// Removes a member of an object, or an item of a list.
fn remove(answer: &mut Value, pointer: &str) -> Option<Value> {
    let (parent, name) = pointer.rsplit_once('/')?;
    match answer.pointer_mut(parent)? {
        Value::Object(members) => members.remove(&name.replace("~1", "/").replace("~0", "~")),
        Value::Array(items) => {
            let position = name.parse().ok().filter(|at| *at < items.len())?;
            Some(items.remove(position))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stand_in::wire::record;

    fn request(service: Service, operation: &str, members: Value) -> Request {
        Request {
            service,
            operation: operation.to_owned(),
            members: record(members),
            access_key: String::new(),
            region: String::new(),
            size: 0,
            body: Vec::new(),
            at: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn an_empty_page_leads_to_the_first_one() {
        let mut first = request(Service::Kms, "ListKeys", json!({}));
        let mut answer = json!({"Keys": [{"KeyId": "k"}], "Truncated": false});
        alter(&FaultKind::EmptyPage, &first, None, &mut answer);
        assert_eq!(
            answer,
            json!({"Keys": [], "Truncated": true, "NextMarker": AFTER_EMPTY})
        );

        first
            .members
            .insert("Marker".to_owned(), AFTER_EMPTY.into());
        let resumed = resume(&mut first);
        assert_eq!(resumed, Some(AFTER_EMPTY));
        assert!(!first.has("Marker"));
        let mut answer = json!({"Keys": [{"KeyId": "k"}]});
        alter(&FaultKind::EmptyPage, &first, resumed, &mut answer);
        assert_eq!(answer, json!({"Keys": [{"KeyId": "k"}]}));
    }

    #[test]
    fn a_repeated_token_never_ends() {
        let mut list = request(Service::Eks, "ListClusters", json!({"nextToken": REPEATED}));
        let resumed = resume(&mut list);
        assert_eq!(resumed, Some(REPEATED));
        let mut answer = json!({"clusters": ["a"]});
        alter(&FaultKind::RepeatedToken, &list, resumed, &mut answer);
        assert_eq!(answer["nextToken"], REPEATED);
        let one = request(
            Service::Ecr,
            "DescribeImages",
            json!({"imageIds": [{"imageDigest": "sha256:0a"}]}),
        );
        assert!(!is_paged(one.service, &one.operation, &one.members));
    }

    #[test]
    fn tokens_by_turns_lead_back() {
        let mut list = request(Service::Iam, "ListRolePolicies", json!({}));
        for expected in ["there", "and-back", "there", "and-back"] {
            let resumed = resume(&mut list);
            assert!(!list.has("Marker"));
            let mut answer = json!({"PolicyNames": []});
            alter(&FaultKind::TokensByTurns, &list, resumed, &mut answer);
            assert_eq!(
                answer,
                json!({"PolicyNames": [], "IsTruncated": true, "Marker": expected})
            );
            list.members.insert("Marker".to_owned(), expected.into());
        }
    }

    #[test]
    fn members_go_missing_and_words_are_unknown() {
        let describe = request(Service::Eks, "DescribeCluster", json!({}));
        let altered = |kind: FaultKind| {
            let mut answer =
                json!({"cluster": {"status": "ACTIVE", "tags": {"a/b": "c"}, "ids": ["x", "y"]}});
            alter(&kind, &describe, None, &mut answer);
            answer["cluster"].take()
        };
        let missing = |pointer: &str| altered(FaultKind::Missing(pointer.to_owned()));
        assert_eq!(missing("/cluster/tags/a~1b")["tags"], json!({}));
        assert_eq!(missing("/cluster/ids/0")["ids"], json!(["y"]));
        assert_eq!(missing("/cluster/nothing"), missing("/nothing/at/all"));
        let unknown = altered(FaultKind::UnknownWord("/cluster/status".to_owned()));
        assert_eq!(unknown["status"], UNKNOWN);
    }
}
