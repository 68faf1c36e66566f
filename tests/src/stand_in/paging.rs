//! Pages of a list, and the opaque page tokens that lead from one to the next.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    ops::Range,
};

use serde_json::Value;

use super::{service::AwsError, wire::Request};
use crate::{
    account::{Account, Record},
    model::{Model, Shape},
};

/// The prefix of every page token, by which one is recognized wherever it appears.
pub const TOKEN: &str = "next-page-";

/// The page size of an operation that allows more, if none is requested.
const USUAL_SIZE: usize = 100;

/// The paging of an operation.
#[derive(Debug)]
pub(super) struct Paging {
    /// The member that requests a page size; empty if there is none.
    pub size: &'static str,
    /// The member with a page token, which requests the page after it.
    pub token: &'static str,
    /// The member of a response with the token of the next page.
    pub next_token: &'static str,
    /// The member of a response that indicates a next page.
    pub flag: Option<&'static str>,
    /// The member of a response with the items of the page.
    pub items: &'static str,
    /// The page size if none is requested.
    usual: usize,
    /// The minimum and the maximum page size that may be requested.
    sizes: (usize, usize),
    /// The error code for a token that the service did not return.
    bad_token: &'static str,
}

/// The number of findings in a page for each other item that a page may have: there are many more findings than other
/// items.
const FINDINGS: usize = 20;

/// Returns the most items that a page has in the account.
fn most(account: &Account, request: &Request) -> usize {
    let most = account.page_size.unwrap_or(usize::MAX);
    if request.name().starts_with("securityhub.") {
        most.saturating_mul(FINDINGS)
    } else {
        most
    }
}

impl Paging {
    /// Returns the paging of an operation; `None` if its model has none. `sizes` are the page size if none is requested
    /// and the maximum, for operations whose model does not state them.
    pub(super) fn of(
        model: &'static Model,
        operation: &str,
        sizes: Option<(usize, usize)>,
        invalid: &'static str,
    ) -> Option<Self> {
        let paginator = model.operations.get(operation)?.paginator.as_ref()?;
        let size = paginator.limit_key.as_deref().unwrap_or_default();
        let member = model.input(operation)?.members.get(size);
        let shape = member.and_then(|member| model.shape_of(member));
        let (least, most) = shape.map_or((None, None), Shape::bounds);
        let least = least.unwrap_or(1);
        let (usual, most) = sizes.unwrap_or_else(|| {
            let most = most.unwrap_or(USUAL_SIZE);
            (most.min(USUAL_SIZE), most)
        });
        let is_about_tokens = |name: &&str| name.contains("NextToken") || name.contains("Marker");
        let errors = &model.operations.get(operation)?.errors;
        let bad_token = errors.iter().map(String::as_str).find(is_about_tokens);
        Some(Self {
            size,
            token: &paginator.input_token,
            next_token: &paginator.output_token,
            flag: paginator.more_results.as_deref(),
            items: paginator.result_key.first()?,
            usual,
            sizes: (least, most),
            bad_token: bad_token.unwrap_or(invalid),
        })
    }

    /// Returns a response with a page of items and the token of the next page.
    pub(super) fn response(&self, items: impl Into<Value>, next: Option<String>) -> Record {
        let mut response = Record::from_iter([(self.items.to_owned(), items.into())]);
        if let Some(flag) = self.flag {
            response.insert(flag.to_owned(), next.is_some().into());
        }
        response.insert(self.next_token.to_owned(), next.into());
        response
    }

    /// Returns the requested range of `count` items, and the token of the next range.
    pub(super) fn page(
        &self,
        account: &Account,
        request: &Request,
        count: usize,
    ) -> Result<(Range<usize>, Option<String>), AwsError> {
        let size = self.size(request)?.min(most(account, request));
        let start = self.start(request)?.min(count);
        let end = (start + size).min(count);
        let next = (end < count).then(|| token(self.fingerprint(request), end));
        Ok((start..end, next))
    }

    /// Returns the requested page of the items that are wanted, and the token of the next page. The token contains a
    /// position among all items, so that items that were skipped are not read again.
    pub(super) fn page_of<'a, T>(
        &self,
        account: &Account,
        request: &Request,
        items: &'a [T],
        wanted: impl Fn(&T) -> bool,
    ) -> Result<(Vec<&'a T>, Option<String>), AwsError> {
        let size = self.size(request)?.min(most(account, request));
        let start = self.start(request)?.min(items.len());
        let mut rest = items
            .iter()
            .enumerate()
            .skip(start)
            .filter(|(_, item)| wanted(item));
        let page = rest.by_ref().take(size).map(|(_, item)| item).collect();
        let next = rest
            .next()
            .map(|(position, _)| token(self.fingerprint(request), position));
        Ok((page, next))
    }

    /// Returns `true` if the request is for the first page.
    pub(super) fn is_first(&self, request: &Request) -> bool {
        !matches!(request.text(self.token), Ok(Some(given)) if !given.is_empty())
    }

    fn size(&self, request: &Request) -> Result<usize, AwsError> {
        let (least, most) = self.sizes;
        match request.number(self.size)? {
            None => Ok(self.usual),
            Some(size) => match usize::try_from(size) {
                Ok(0) if least == 0 => Ok(self.usual),
                Ok(size) if (least..=most).contains(&size) => Ok(size),
                _ => {
                    Err(request.invalid(format!("{} is {size}, not {least} to {most}", self.size)))
                }
            },
        }
    }

    fn start(&self, request: &Request) -> Result<usize, AwsError> {
        let Some(given) = request.text(self.token)?.filter(|given| !given.is_empty()) else {
            return Ok(0);
        };
        let position = given
            .strip_prefix(TOKEN)
            .and_then(|rest| rest.get(16..))
            .and_then(|digits| usize::from_str_radix(digits, 16).ok());
        position
            .filter(|position| token(self.fingerprint(request), *position) == given)
            .ok_or_else(|| {
                let message = format!(
                    "{} is {given:?}, which no response to the same request contained",
                    self.token
                );
                AwsError::new(self.bad_token, message).violation()
            })
    }

    /// Returns a hash of the request without its paging. A token is valid only for the same operation in the same
    /// Region with the same members.
    fn fingerprint(&self, request: &Request) -> u64 {
        let mut members = request.members.clone();
        members.remove(self.size);
        members.remove(self.token);
        let mut hasher = DefaultHasher::new();
        (
            request.name(),
            &request.region,
            Value::Object(members).to_string(),
        )
            .hash(&mut hasher);
        hasher.finish()
    }
}

fn token(fingerprint: u64, position: usize) -> String {
    format!("{TOKEN}{fingerprint:016x}{position:08x}")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn page(operation: &str, members: Value) -> Result<(Range<usize>, Option<String>), AwsError> {
        let mut account = Account::empty("123456789012", "eu-central-1");
        account.page_size = Some(3);
        let request = Request::of(operation, members);
        request.paging().unwrap().page(&account, &request, 7)
    }

    #[test]
    fn models_state_tokens_and_sizes() {
        for (name, members, sizes, bad_token) in [
            (
                "eks.ListClusters",
                ["maxResults", "nextToken", "nextToken", "clusters"],
                (100, (1, 100)),
                "InvalidParameterException",
            ),
            (
                "kms.ListKeys",
                ["Limit", "Marker", "NextMarker", "Keys"],
                (100, (1, 1000)),
                "InvalidMarkerException",
            ),
            (
                "config.GetComplianceDetailsByConfigRule",
                ["Limit", "NextToken", "NextToken", "EvaluationResults"],
                (10, (0, 100)),
                "InvalidNextTokenException",
            ),
            (
                "tagging.GetResources",
                [
                    "ResourcesPerPage",
                    "PaginationToken",
                    "PaginationToken",
                    "ResourceTagMappingList",
                ],
                (50, (1, 100)),
                "InvalidParameterException",
            ),
        ] {
            let request = Request::of(name, json!({}));
            let paging = request.paging().unwrap();
            assert_eq!(
                [paging.size, paging.token, paging.next_token, paging.items],
                members
            );
            assert_eq!((paging.usual, paging.sizes), sizes);
            assert_eq!(paging.bad_token, bad_token);
        }
    }

    #[test]
    fn responses_have_the_members_of_their_operation() {
        let response = |name: &str, next: Option<&str>| {
            let request = Request::of(name, json!({}));
            let paging = request.paging().unwrap();
            Value::Object(paging.response(vec!["a"], next.map(str::to_owned)))
        };
        assert_eq!(
            response("eks.ListClusters", None),
            json!({"clusters": ["a"], "nextToken": null})
        );
        assert_eq!(
            response("kms.ListKeys", Some("t")),
            json!({"Keys": ["a"], "NextMarker": "t", "Truncated": true})
        );
    }

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let (first, token) = page("eks.ListClusters", json!({})).unwrap();
        assert_eq!(first, 0..3);
        let (second, token) = page("eks.ListClusters", json!({"nextToken": token})).unwrap();
        assert_eq!(second, 3..6);
        let last = json!({"nextToken": token, "maxResults": 2});
        assert_eq!(page("eks.ListClusters", last).unwrap(), (6..7, None));
    }

    #[test]
    fn a_page_has_only_wanted_items() {
        let items = [0, 1, 2, 3, 4, 5, 6, 8];
        let account = Account::empty("123456789012", "eu-central-1");
        let even = |token: Option<String>| {
            let request = Request::of(
                "eks.ListClusters",
                json!({"maxResults": 3, "nextToken": token}),
            );
            let paging = request.paging().unwrap();
            let page = paging.page_of(&account, &request, &items, |item| item % 2 == 0);
            page.unwrap()
        };
        let (first, token) = even(None);
        assert_eq!(first, [&0, &2, &4]);
        assert_eq!(even(token), (vec![&6, &8], None));
    }

    #[test]
    fn sizes_out_of_range_are_rejected() {
        for size in [json!(0), json!(101), json!(-1), json!("many")] {
            let error = page("eks.ListClusters", json!({"maxResults": size}))
                .expect_err("the size is out of range");
            assert_eq!(
                (error.code.as_str(), error.violation),
                ("InvalidParameterException", true)
            );
        }
    }

    #[test]
    fn a_token_is_valid_only_for_its_own_request() {
        let list = "eks.ListNodegroups";
        let (_, token) = page(list, json!({"clusterName": "a"})).unwrap();
        for (operation, members) in [
            (list, json!({"nextToken": "made up"})),
            (list, json!({"nextToken": token, "clusterName": "b"})),
            (
                "eks.ListClusters",
                json!({"nextToken": token, "clusterName": "a"}),
            ),
        ] {
            let error = page(operation, members).expect_err("the token is not for this request");
            assert_eq!(
                (error.code.as_str(), error.violation),
                ("InvalidParameterException", true)
            );
        }
        assert!(page(list, json!({"nextToken": token, "clusterName": "a"})).is_ok());
    }
}
