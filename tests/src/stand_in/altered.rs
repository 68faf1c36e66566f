//! Alters responses in ways that AWS's documentation does not lead callers to expect.

use serde_json::{Map, Value, json};

use super::{faults::FaultKind, paging::Paging, service::Service, wire::Request};
use crate::account::Record;

/// The page tokens that only faults return.
const AFTER_EMPTY: &str = "behind-an-empty-page";
const REPEATED: &str = "again-and-again";
const BY_TURNS: [&str; 2] = ["there", "and-back"];

/// A value that no enumeration has.
pub(super) const UNKNOWN: &str = "SOMETHING_NEW";

/// The page that a proxy would send.
pub(super) const GARBAGE: &str = "<html><body><h1>Welcome to the guest network</h1></body></html>";

/// Returns the paging of an operation; `None` if the response to a request with these members has only one page,
/// because the operation has no pages or the request names its resources.
pub(super) fn paging(
    service: Service,
    operation: &str,
    members: &Record,
) -> Option<&'static Paging> {
    let operation = service.operation(operation)?;
    let is_paged = operation.is_paged(|name| members.contains_key(name));
    operation.paging.as_ref().filter(|_| is_paged)
}

/// Changes a request for the page of a fault into one for the first page. Returns the token of the fault's page.
pub(super) fn resume(request: &mut Request) -> Option<&'static str> {
    let paging = request.paging().ok()?;
    let token = request.members.get(paging.token)?.as_str()?;
    let of_faults = [AFTER_EMPTY, REPEATED].into_iter().chain(BY_TURNS);
    let found = of_faults.into_iter().find(|of_fault| *of_fault == token)?;
    request.members.remove(paging.token);
    Some(found)
}

/// Alters a successful response as the fault requires, given the token of the fault's page that was requested.
pub(super) fn alter(
    kind: &FaultKind,
    request: &Request,
    resumed: Option<&str>,
    response: &mut Value,
) {
    let paging = paging(request.service, &request.operation, &request.members);
    match (kind, paging) {
        (FaultKind::EmptyPage, Some(paging))
            if resumed != Some(AFTER_EMPTY) && !request.has(paging.token) =>
        {
            empty(response);
            add_token(paging, AFTER_EMPTY, response);
        }
        (FaultKind::RepeatedToken, Some(paging)) => add_token(paging, REPEATED, response),
        (FaultKind::AlternatingTokens, Some(paging)) => {
            let turn = usize::from(resumed == Some(BY_TURNS[0]));
            add_token(paging, BY_TURNS[turn], response);
        }
        (FaultKind::Missing(pointer), _) => {
            remove(response, pointer);
        }
        (FaultKind::UnknownValue(pointer), _) => {
            if let Some(word) = response.pointer_mut(pointer) {
                *word = UNKNOWN.into();
            }
        }
        _ => {}
    }
}

/// Empties the lists of a response, which hold the items of its page.
fn empty(response: &mut Value) {
    for member in members(response) {
        match member {
            Value::Array(items) => items.clear(),
            // The scan findings of an image are one level below.
            Value::Object(_) => empty(member),
            _ => {}
        }
    }
}

fn members(response: &mut Value) -> impl Iterator<Item = &mut Value> {
    response
        .as_object_mut()
        .into_iter()
        .flat_map(Map::values_mut)
}

fn add_token(paging: &Paging, token: &str, response: &mut Value) {
    response[paging.next_token] = token.into();
    if let Some(flag) = paging.flag {
        response[flag] = json!(true);
    }
}

/// Removes a member of an object, or an item of a list.
fn remove(response: &mut Value, pointer: &str) -> Option<Value> {
    let (parent, name) = pointer.rsplit_once('/')?;
    match response.pointer_mut(parent)? {
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
    #[test]
    fn an_empty_page_leads_to_the_first_one() {
        let mut first = Request::of("kms.ListKeys", json!({}));
        let mut response = json!({"Keys": [{"KeyId": "k"}], "Truncated": false});
        alter(&FaultKind::EmptyPage, &first, None, &mut response);
        assert_eq!(
            response,
            json!({"Keys": [], "Truncated": true, "NextMarker": AFTER_EMPTY})
        );

        first
            .members
            .insert("Marker".to_owned(), AFTER_EMPTY.into());
        let resumed = resume(&mut first);
        assert_eq!(resumed, Some(AFTER_EMPTY));
        assert!(!first.has("Marker"));
        let mut response = json!({"Keys": [{"KeyId": "k"}]});
        alter(&FaultKind::EmptyPage, &first, resumed, &mut response);
        assert_eq!(response, json!({"Keys": [{"KeyId": "k"}]}));
    }

    #[test]
    fn a_repeated_token_never_ends() {
        let mut list = Request::of("eks.ListClusters", json!({"nextToken": REPEATED}));
        let resumed = resume(&mut list);
        assert_eq!(resumed, Some(REPEATED));
        let mut response = json!({"clusters": ["a"]});
        alter(&FaultKind::RepeatedToken, &list, resumed, &mut response);
        assert_eq!(response["nextToken"], REPEATED);
        let one = Request::of(
            "ecr.DescribeImages",
            json!({"imageIds": [{"imageDigest": "sha256:0a"}]}),
        );
        assert!(paging(one.service, &one.operation, &one.members).is_none());
    }

    #[test]
    fn tokens_by_turns_lead_back() {
        let mut list = Request::of("iam.ListRolePolicies", json!({}));
        for expected in ["there", "and-back", "there", "and-back"] {
            let resumed = resume(&mut list);
            assert!(!list.has("Marker"));
            let mut response = json!({"PolicyNames": []});
            alter(&FaultKind::AlternatingTokens, &list, resumed, &mut response);
            assert_eq!(
                response,
                json!({"PolicyNames": [], "IsTruncated": true, "Marker": expected})
            );
            list.members.insert("Marker".to_owned(), expected.into());
        }
    }

    #[test]
    fn members_are_removed_and_values_become_unknown() {
        let describe = Request::of("eks.DescribeCluster", json!({}));
        let altered = |kind: FaultKind| {
            let mut response =
                json!({"cluster": {"status": "ACTIVE", "tags": {"a/b": "c"}, "ids": ["x", "y"]}});
            alter(&kind, &describe, None, &mut response);
            response["cluster"].take()
        };
        let missing = |pointer: &str| altered(FaultKind::Missing(pointer.to_owned()));
        assert_eq!(missing("/cluster/tags/a~1b")["tags"], json!({}));
        assert_eq!(missing("/cluster/ids/0")["ids"], json!(["y"]));
        assert_eq!(missing("/cluster/nothing"), missing("/nothing/at/all"));
        let unknown = altered(FaultKind::UnknownValue("/cluster/status".to_owned()));
        assert_eq!(unknown["status"], UNKNOWN);
    }
}
