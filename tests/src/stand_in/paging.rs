//! Pages of a list, and the opaque page tokens that lead from one to the next.

use std::{
    hash::{DefaultHasher, Hash, Hasher},
    ops::Range,
};

use super::{service::AwsError, wire::Request};
use crate::account::Account;

/// The prefix of every page token, by which one is recognized wherever it appears.
pub const TOKEN: &str = "next-page-";

/// The paging of an operation.
pub(super) struct Paging {
    /// The member that requests a page size.
    pub size: &'static str,
    /// The member with a page token, which requests the page after it.
    pub token: &'static str,
    /// The page size if none is requested.
    pub usual: usize,
    /// The minimum and the maximum page size that may be requested.
    pub sizes: (usize, usize),
    /// The error code for a token that the service did not return.
    pub bad_token: &'static str,
}

impl Paging {
    /// Returns the requested range of `count` items, and the token of the next range.
    pub(super) fn page(
        &self,
        account: &Account,
        request: &Request,
        count: usize,
    ) -> Result<(Range<usize>, Option<String>), AwsError> {
        let size = self
            .size(request)?
            .min(account.page_size.unwrap_or(usize::MAX));
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
        let size = self
            .size(request)?
            .min(account.page_size.unwrap_or(usize::MAX));
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
                    "{} is {given:?}, which no answer to this very request contained",
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
            serde_json::Value::Object(members).to_string(),
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
    use serde_json::{Value, json};

    use super::*;
    use crate::stand_in::{service::Service, wire::record};

    const PAGING: Paging = Paging {
        size: "maxResults",
        token: "nextToken",
        usual: 3,
        sizes: (1, 5),
        bad_token: "BadToken",
    };

    fn request(operation: &str, members: Value) -> Request {
        Request {
            service: Service::Eks,
            operation: operation.to_owned(),
            members: record(members),
            access_key: String::new(),
            region: "eu-central-1".to_owned(),
            size: 0,
            body: Vec::new(),
            at: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    fn page(operation: &str, members: Value) -> Result<(Range<usize>, Option<String>), AwsError> {
        let request = request(operation, members);
        PAGING.page(&Account::empty("123456789012", "eu-central-1"), &request, 7)
    }

    #[test]
    fn pages_follow_each_other_to_the_end() {
        let (first, token) = page("List", json!({})).unwrap();
        assert_eq!(first, 0..3);
        let (second, token) = page("List", json!({"nextToken": token})).unwrap();
        assert_eq!(second, 3..6);
        assert_eq!(
            page("List", json!({"nextToken": token, "maxResults": 5})).unwrap(),
            (6..7, None)
        );
    }

    #[test]
    fn a_page_holds_what_is_wanted_only() {
        let items = [0, 1, 2, 3, 4, 5, 6, 8];
        let account = Account::empty("123456789012", "eu-central-1");
        let even = |members: Value| {
            PAGING
                .page_of(&account, &request("List", members), &items, |item| {
                    item % 2 == 0
                })
                .unwrap()
        };
        let (first, token) = even(json!({}));
        assert_eq!(first, [&0, &2, &4]);
        assert_eq!(even(json!({"nextToken": token})), (vec![&6, &8], None));
    }

    #[test]
    fn sizes_out_of_range_are_refused() {
        for size in [json!(0), json!(6), json!(-1), json!("many")] {
            let error =
                page("List", json!({"maxResults": size})).expect_err("the size is out of range");
            assert_eq!(
                (error.code.as_str(), error.violation),
                ("InvalidParameterException", true)
            );
        }
    }

    #[test]
    fn a_token_is_good_for_its_own_request_only() {
        let (_, token) = page("List", json!({"status": "a"})).unwrap();
        for (operation, members) in [
            ("List", json!({"nextToken": "made up"})),
            ("List", json!({"nextToken": token, "status": "b"})),
            ("Other", json!({"nextToken": token, "status": "a"})),
        ] {
            assert_eq!(
                page(operation, members)
                    .expect_err("the token is not for this")
                    .code,
                "BadToken"
            );
        }
        assert!(page("List", json!({"nextToken": token, "status": "a"})).is_ok());
    }
}
