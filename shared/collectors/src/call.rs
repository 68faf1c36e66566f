//! Calls of AWS APIs: one function makes a call, and others read all pages of a list.

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use eksentry_aws::{IncompleteList, Pace, Pages, Rate};
use eksentry_core::facts::List;
use eksentry_core::{Fact, ReasonCode, State, Unread};

use crate::unread::unread;

/// A call, or the calls that read a list page by page. It holds the action and the target, which the reason for a
/// failure names.
#[derive(Debug)]
pub struct Call<'a> {
    action: &'static str,
    pace: &'a Pace,
    rate: Option<Rate>,
    target: String,
    absent: &'static [&'static str],
}

/// The failure of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Failure {
    /// The error code of the service; empty if the service returned none.
    code: String,
    /// The message of the service; empty if the service returned none.
    message: String,
    is_absent: bool,
    reason: Unread,
}

/// The next page of a list, if there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Next {
    token: Option<String>,
    is_truncated: bool,
}

impl Next {
    /// Returns the page with that token; there is no next page if the token is absent or empty.
    pub(crate) fn token(token: Option<String>) -> Self {
        Self {
            token,
            is_truncated: false,
        }
    }

    /// Returns the page with that marker. If the service reports that the list is truncated, a list without a marker is
    /// incomplete.
    pub(crate) fn marker(is_truncated: bool, marker: Option<String>) -> Self {
        Self {
            token: marker,
            is_truncated,
        }
    }
}

impl<'a> Call<'a> {
    /// Creates a call that needs this IAM action. `pace` limits the concurrent calls of the service; messages name the
    /// `target`.
    pub fn new(action: &'static str, pace: &'a Pace, target: impl Into<String>) -> Self {
        Self {
            action,
            pace,
            rate: None,
            target: target.into(),
            absent: &[],
        }
    }

    /// Returns the same call at a rate that the service documents.
    pub(crate) fn at(self, rate: Rate) -> Self {
        Self {
            rate: Some(rate),
            ..self
        }
    }

    /// Returns the same call, for which errors with these codes mean that the target does not exist.
    pub(crate) fn absent(self, codes: &'static [&'static str]) -> Self {
        Self {
            absent: codes,
            ..self
        }
    }

    /// Makes the call as soon as the rate and the pace allow it.
    ///
    /// # Errors
    ///
    /// Returns an error if the service does not respond, or responds with an error.
    pub(crate) async fn send<T, E, R>(
        &self,
        request: impl Future<Output = Result<T, SdkError<E, R>>>,
    ) -> Result<T, Failure>
    where
        E: ProvideErrorMetadata,
    {
        if let Some(rate) = &self.rate {
            Box::pin(rate.acquire()).await;
        }
        // The futures of the SDK take tens of kilobytes, and many futures contain this one.
        let response = self.pace.call(Box::pin(request)).await;
        response.map_err(|error| self.failure(&error))
    }

    /// Reads the pages of a list: `request` requests the page with a token, the first page without one; `read` takes a
    /// page and returns the next one.
    ///
    /// # Errors
    ///
    /// Returns an error if a page can't be read, if its token is missing although the service reports more, or if its
    /// token leads back to an earlier page. The pages before it were read.
    pub(crate) async fn pages<T, E, R, F>(
        &self,
        mut request: impl FnMut(Option<String>) -> F,
        mut read: impl AsyncFnMut(T) -> Next,
    ) -> Result<(), Failure>
    where
        E: ProvideErrorMetadata,
        F: Future<Output = Result<T, SdkError<E, R>>>,
    {
        let mut pages = Pages::default();
        let mut token = None;
        loop {
            let page = self.send(request(token)).await?;
            let next = read(page).await;
            let noted = pages.add_marker(next.is_truncated, next.token.as_deref());
            noted.map_err(|error| self.incomplete(error))?;
            token = next.token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(());
            }
        }
    }

    /// Reads the pages of a list of names: `read` returns the names of a page, and the token of the next one.
    ///
    /// # Errors
    ///
    /// Returns an error if a page can't be read, or if a listed item has no name, since it could not be described.
    pub async fn names<T, E, R, F, N>(
        &self,
        request: impl FnMut(Option<String>) -> F,
        read: impl Fn(T) -> (N, Option<String>),
    ) -> Fact<Vec<String>>
    where
        E: ProvideErrorMetadata,
        F: Future<Output = Result<T, SdkError<E, R>>>,
        N: IntoIterator<Item = Option<String>>,
    {
        let mut listed = Vec::new();
        let pages = self.pages(request, async |page| {
            let (names, next) = read(page);
            listed.extend(names);
            Next::token(next)
        });
        pages.await?;
        let names: Option<Vec<String>> = listed.into_iter().collect();
        names.ok_or_else(|| self.cannot_describe("the item has no name"))
    }

    /// Lists names, sorted: `read` returns the names of a page, and the token of the next one. There are none if the
    /// target does not exist. A name that two pages contain is listed once.
    pub(crate) async fn list_names<T, E, R, F>(
        &self,
        request: impl FnMut(Option<String>) -> F,
        read: impl Fn(T) -> (Option<Vec<String>>, Option<String>),
    ) -> List<String>
    where
        E: ProvideErrorMetadata,
        F: Future<Output = Result<T, SdkError<E, R>>>,
    {
        let names = self.list_if_present(request, read).await;
        let mut names = names.unwrap_or_else(|| List::complete(Vec::new()));
        names.items.sort_unstable();
        names.items.dedup();
        names
    }

    /// Lists items: `read` returns the items of a page, and the token of the next one. Returns `None` if the target does
    /// not exist.
    pub(crate) async fn list_if_present<T, I, E, R, F>(
        &self,
        request: impl FnMut(Option<String>) -> F,
        read: impl Fn(T) -> (Option<Vec<I>>, Option<String>),
    ) -> Option<List<I>>
    where
        E: ProvideErrorMetadata,
        F: Future<Output = Result<T, SdkError<E, R>>>,
    {
        let mut list = List::complete(Vec::new());
        let pages = self.pages(request, async |page| {
            let (items, next) = read(page);
            match items {
                Some(items) => list.items.extend(items),
                None => list.missing = Some(self.no_list()),
            }
            Next::token(next)
        });
        if let Err(failure) = pages.await {
            list.missing = Some(failure.or_none::<()>().err()?);
        }
        Some(list)
    }

    fn failure<E, R>(&self, error: &SdkError<E, R>) -> Failure
    where
        E: ProvideErrorMetadata,
    {
        let service_error = error.as_service_error();
        let code = service_error.and_then(|error| error.code());
        let code = code.unwrap_or_default();
        let message = service_error.and_then(|error| error.message());
        Failure {
            is_absent: self.absent.contains(&code),
            reason: unread(self.action, &self.target, error),
            code: code.to_owned(),
            message: message.unwrap_or_default().to_owned(),
        }
    }

    fn incomplete(&self, error: IncompleteList) -> Failure {
        Failure {
            code: String::new(),
            message: String::new(),
            is_absent: false,
            reason: self.failed(&error.to_string()),
        }
    }

    /// Returns the reason to report if the service responded, but did not return something that was requested.
    pub(crate) fn failed(&self, problem: &str) -> Unread {
        let Self { action, target, .. } = self;
        Unread {
            code: ReasonCode::ReadFailed,
            text: format!(
                "{action} on {target} failed ({problem}). The next evaluation tries again."
            ),
        }
    }

    /// Returns the reason to report if a response lacks a member that the service always returns.
    pub fn without(&self, member: &str) -> Unread {
        let Self { action, target, .. } = self;
        Unread {
            code: ReasonCode::ReadFailed,
            text: format!("The response of {action} on {target} lacks {member}."),
        }
    }

    /// Returns the reason to report if a response lacks the requested list. There may be nothing to list, as the
    /// service's interface allows; but the missing list does not prove that a resource is gone.
    pub(crate) fn no_list(&self) -> Unread {
        let Self { action, target, .. } = self;
        Unread {
            code: ReasonCode::NoList,
            text: format!(
                "The response of {action} on {target} lacks the list, so it's unknown which resources exist."
            ),
        }
    }

    /// Returns the reason to report if a list contains an item that can't be described.
    pub(crate) fn cannot_describe(&self, problem: &str) -> Unread {
        let Self { action, target, .. } = self;
        Unread {
            code: ReasonCode::ReadFailed,
            text: format!(
                "{action} on {target} listed an item that can't be described: {problem}. Review the item manually."
            ),
        }
    }
}

impl Failure {
    /// Returns `true` if the service returned that error code.
    pub(crate) fn has_code(&self, code: &str) -> bool {
        self.code == code
    }

    /// Returns `true` if the message of the service contains these words, which are in lower case.
    pub(crate) fn mentions(&self, words: &str) -> bool {
        self.message.to_ascii_lowercase().contains(words)
    }

    /// Returns `true` if the service reports that the target does not exist.
    pub(crate) fn is_absent(&self) -> bool {
        self.is_absent
    }

    /// Returns `None` if the target does not exist.
    ///
    /// # Errors
    ///
    /// Returns the reason of the failure if it is any other one.
    pub(crate) fn or_none<T>(self) -> Fact<Option<T>> {
        if self.is_absent {
            Ok(None)
        } else {
            Err(self.reason)
        }
    }
}

impl From<Failure> for Unread {
    fn from(failure: Failure) -> Self {
        failure.reason
    }
}

impl From<Failure> for State {
    fn from(failure: Failure) -> Self {
        if failure.is_absent {
            Self::Gone
        } else {
            Self::Unread(failure.reason)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::VecDeque;

    use aws_smithy_types::error::ErrorMetadata;

    use super::*;

    type Response = Result<(u32, Next), SdkError<ErrorMetadata, ()>>;

    fn error(code: &str) -> SdkError<ErrorMetadata, ()> {
        let error = ErrorMetadata::builder().code(code).message("No.").build();
        SdkError::service_error(error, ())
    }

    /// Reads these pages. Returns the numbers of the pages that were read, the tokens that were requested, and the
    /// result.
    async fn read(pages: Vec<Response>) -> (Vec<u32>, Vec<Option<String>>, Result<(), Failure>) {
        let pace = Pace::default();
        let (responses, requested) = (RefCell::new(VecDeque::from(pages)), RefCell::default());
        let mut read_pages = Vec::new();
        let call = Call::new("eks:ListThings", &pace, "account 1").absent(&["GoneException"]);
        let result = call
            .pages(
                |token| {
                    let requested: &RefCell<Vec<Option<String>>> = &requested;
                    requested.borrow_mut().push(token);
                    let response = responses.borrow_mut().pop_front();
                    async move { response.expect("an additional page is requested") }
                },
                async |(number, next)| {
                    read_pages.push(number);
                    next
                },
            )
            .await;
        (read_pages, requested.into_inner(), result)
    }

    fn token(token: &str) -> Next {
        Next::token(Some(token.to_owned()))
    }

    #[tokio::test]
    async fn pages_are_read_to_the_last_one() {
        let (none, empty) = (Next::token(None), token(""));
        let end = Next::marker(false, Some("unused".to_owned()));
        for last in [none, empty] {
            let pages = vec![Ok((1, token("a"))), Ok((2, token("b"))), Ok((3, last))];
            let (read_pages, requested, result) = read(pages).await;
            assert_eq!((read_pages, result), (vec![1, 2, 3], Ok(())));
            let tokens = [None, Some("a".to_owned()), Some("b".to_owned())];
            assert_eq!(requested, tokens);
        }
        let (read_pages, _, result) = read(vec![Ok((1, end)), Ok((2, Next::token(None)))]).await;
        assert_eq!(
            (read_pages, result),
            (vec![1, 2], Ok(())),
            "a marker alone leads to the next page"
        );
    }

    #[tokio::test]
    async fn a_missing_or_repeated_token_makes_a_list_incomplete() {
        let promised = Next::marker(true, None);
        for pages in [
            vec![Ok((1, token("a"))), Ok((2, token("a")))],
            vec![Ok((1, token("a"))), Ok((2, promised))],
        ] {
            let (read_pages, _, result) = read(pages).await;
            assert_eq!(read_pages, [1, 2]);
            let reason = Unread::from(result.unwrap_err());
            assert_eq!(reason.code.word(), "READ_FAILED");
            let begin = "eks:ListThings on account 1 failed (a page";
            assert!(reason.text.starts_with(begin), "{}", reason.text);
        }
    }

    #[tokio::test]
    async fn pages_before_a_failure_are_read() {
        let (read_pages, _, result) =
            read(vec![Ok((1, token("a"))), Err(error("AccessDenied"))]).await;
        assert_eq!(read_pages, [1]);
        let failure = result.unwrap_err();
        assert!(failure.has_code("AccessDenied") && !failure.is_absent);
        assert!(failure.mentions("no.") && !failure.mentions("yes"));
        assert_eq!(Unread::from(failure).code.word(), "ACCESS_DENIED");
    }

    #[tokio::test]
    async fn only_the_listed_error_codes_mean_that_the_target_is_absent() {
        for (code, is_absent) in [("GoneException", true), ("Gone", false), ("", false)] {
            let (_, _, result) = read(vec![Err(error(code))]).await;
            let failure = result.unwrap_err();
            assert_eq!(failure.clone().or_none::<()>().is_ok(), is_absent, "{code}");
            let state = State::from(failure);
            assert_eq!(matches!(state, State::Gone), is_absent, "{code}");
        }
        let timed_out: Response = Err(SdkError::timeout_error("late"));
        let (_, _, result) = read(vec![timed_out]).await;
        assert!(!result.unwrap_err().is_absent);
    }
}
