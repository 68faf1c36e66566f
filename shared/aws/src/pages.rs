//! Detection of lists whose pages do not lead to an end.

use std::collections::HashSet;
use std::hash::{BuildHasher, RandomState};

/// The pages of one list that were read so far. The SDK's paginators end without an error when a page leads to itself,
/// so that an incomplete list would be taken for a complete one. When a page leads back to an earlier one, the
/// paginators never end.
#[derive(Debug, Default)]
pub struct Pages {
    hasher: RandomState,
    /// The hashes of all page tokens so far; hashes, since a token may have some thousand characters.
    tokens: HashSet<u64>,
}

/// The error of a page that leads back to one that was already read, or to none although there are more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a page token of the list is missing or repeated, so the list is incomplete")]
pub struct IncompleteList;

impl Pages {
    /// Notes the page token of the next page.
    ///
    /// # Errors
    ///
    /// Returns an error if an earlier page had the same token, so that the list would begin again there. The caller
    /// must not request that page.
    pub fn add_token(&mut self, next: Option<&str>) -> Result<(), IncompleteList> {
        let Some(next) = next.filter(|token| !token.is_empty()) else {
            return Ok(());
        };
        if self.tokens.insert(self.hasher.hash_one(next)) {
            Ok(())
        } else {
            Err(IncompleteList)
        }
    }

    /// Notes the page token of the next page, for services that also report if there are more pages.
    ///
    /// # Errors
    ///
    /// Returns an error if an earlier page had the same token, or if there are more pages but no token.
    pub fn add_marker(
        &mut self,
        is_truncated: bool,
        next: Option<&str>,
    ) -> Result<(), IncompleteList> {
        if is_truncated && next.is_none_or(str::is_empty) {
            return Err(IncompleteList);
        }
        self.add_token(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_token_is_rejected() {
        for (before, next) in [
            (&["one"][..], "one"),
            (&["one", "two"], "one"),
            (&["one", "two", "three"], "two"),
        ] {
            let mut pages = Pages::default();
            for token in before {
                assert_eq!(pages.add_token(Some(token)), Ok(()), "{before:?}");
            }
            assert_eq!(
                pages.add_token(Some(next)),
                Err(IncompleteList),
                "{before:?}"
            );
        }
    }

    #[test]
    fn an_absent_or_empty_token_ends_a_list() {
        let mut pages = Pages::default();
        for next in [None, Some(""), Some(""), None, Some("one")] {
            assert_eq!(pages.add_token(next), Ok(()), "{next:?}");
        }
    }

    #[test]
    fn a_long_list_with_distinct_tokens_is_accepted() {
        let mut pages = Pages::default();
        for page in 0..10_000 {
            assert_eq!(pages.add_token(Some(&page.to_string())), Ok(()), "{page}");
        }
    }

    #[test]
    fn a_truncated_page_without_a_token_is_rejected() {
        for (is_truncated, next, expected) in [
            (true, Some("one"), Ok(())),
            (true, None, Err(IncompleteList)),
            (true, Some(""), Err(IncompleteList)),
            (false, None, Ok(())),
        ] {
            assert_eq!(Pages::default().add_marker(is_truncated, next), expected);
        }
    }
}
