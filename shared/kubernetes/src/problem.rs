//! The reasons for which something in a cluster could not be read.

use std::fmt::Display;

use eksentry_core::{ReasonCode, Unread};
use serde::{Deserialize, Serialize};

/// The reason why a request to the API server of a cluster failed. Its text names the request, what happened, and what
/// to do. It contains no message of the server, which may name users, and no token.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The API server was not reached, or did not respond.
    #[error(
        "{call} failed: the endpoint of the cluster was not reached ({cause}). Check that the function can reach the \
         endpoint at port 443."
    )]
    NotReached {
        /// The request: `list pods`.
        call: String,
        /// The cause, in words.
        cause: String,
    },
    /// The function that makes requests in the VPC of the cluster could not be invoked.
    #[error("{call} was not sent: {failure}")]
    NoReader {
        /// The request: `list pods`.
        call: String,
        /// The reason.
        failure: ReaderFailure,
    },
    /// The server at the endpoint is not trusted. The request was not sent.
    #[error(
        "{distrust} {call} was not sent, nor was a token. Check where the endpoint's name leads from the function."
    )]
    NotTrusted {
        /// The request: `list pods`.
        call: String,
        /// The fault of the certificate.
        distrust: Distrust,
    },
    /// There is no token to send.
    #[error("{call} was not sent: {cause}. Check the credentials of the function.")]
    NoToken {
        /// The request: `list pods`.
        call: String,
        /// The cause, in words.
        cause: String,
    },
    /// The API server does not know the caller, also with a new token.
    #[error(
        "{call} was refused (401): the cluster does not know the role of the function. Create an access entry for the \
         role in the cluster."
    )]
    Unauthorized {
        /// The request: `list pods`.
        call: String,
    },
    /// The caller is not allowed to make the request.
    #[error(
        "{call} was refused (403). Allow it in the cluster, by the role that is bound to the group of eksentry's access \
         entry."
    )]
    Forbidden {
        /// The request: `list pods`.
        call: String,
    },
    /// The cluster has no such kind of object.
    #[error(
        "{call} failed (404): the cluster does not serve this kind of object. Check the version of Kubernetes and the \
         installed API groups."
    )]
    NotServed {
        /// The request: `list pods`.
        call: String,
    },
    /// The API server throttled the request until the last try.
    #[error("{call} was throttled (429) after {}. The next evaluation tries again.", count(*tries, "try", "tries"))]
    Throttled {
        /// The request: `list pods`.
        call: String,
        /// The number of tries.
        tries: u32,
    },
    /// The request failed for another reason, or its response can't be used.
    #[error("{call} failed: {cause}. The next evaluation tries again.")]
    Failed {
        /// The request: `list pods`.
        call: String,
        /// The cause, in words.
        cause: String,
    },
    /// The time for reading the cluster is over.
    #[error("{call} was not completed: time ran out{}. The next evaluation tries again.", after(*.pages))]
    OutOfTime {
        /// The request: `list pods`.
        call: String,
        /// The number of pages that were read until then; `None` if the request was not for a list.
        pages: Option<usize>,
    },
}

/// The reason why the function that makes requests in the VPC of a cluster could not be invoked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReaderFailure {
    /// There is no function of that name.
    #[error("the function {0} does not exist. Deploy template-vpc.yaml in the VPC of the cluster.")]
    Missing(String),
    /// The function was not invoked, or failed.
    #[error("the function {function} {cause}. Check its log, and the permission to invoke it.")]
    Failed {
        /// The name or the ARN of the function.
        function: String,
        /// The result of the invocation, in words: `could not be invoked`.
        cause: String,
    },
}

/// The fault of the certificate that the server at an endpoint shows.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Distrust {
    /// Another authority issued the certificate.
    #[error("The endpoint's certificate is not of the cluster's authority.")]
    OtherAuthority,
    /// The certificate is for other names.
    #[error("The endpoint's certificate is for another name.")]
    OtherName,
    /// The time in which the certificate is valid is over, or has not begun.
    #[error("The endpoint's certificate has expired or is not valid yet.")]
    NotValidNow,
    /// The handshake failed for another reason.
    #[error("The endpoint's TLS handshake failed ({0}).")]
    Handshake(String),
}

/// Returns the number of pages as the end of a sentence.
fn after(pages: Option<usize>) -> String {
    let pages = pages.map(|pages| format!(" after {}", count(pages, "page", "pages")));
    pages.unwrap_or_default()
}

/// Returns a number with its noun.
pub(crate) fn count<N: Display + PartialEq + From<u8>>(number: N, one: &str, many: &str) -> String {
    let noun = if number == N::from(1) { one } else { many };
    format!("{number} {noun}")
}

impl Problem {
    /// Returns the reason code of the problem.
    pub fn code(&self) -> ReasonCode {
        match self {
            Self::NotReached { .. }
            | Self::NoReader { .. }
            | Self::NotTrusted { .. }
            | Self::OutOfTime { .. } => ReasonCode::NotReached,
            Self::Unauthorized { .. } | Self::Forbidden { .. } => ReasonCode::AccessDenied,
            Self::Throttled { .. } => ReasonCode::Throttled,
            Self::NoToken { .. } | Self::NotServed { .. } | Self::Failed { .. } => {
                ReasonCode::ReadFailed
            }
        }
    }

    /// Returns the request that failed: `list pods`.
    pub fn call(&self) -> &str {
        match self {
            Self::NotReached { call, .. }
            | Self::NoReader { call, .. }
            | Self::NotTrusted { call, .. }
            | Self::NoToken { call, .. }
            | Self::Unauthorized { call }
            | Self::Forbidden { call }
            | Self::NotServed { call }
            | Self::Throttled { call, .. }
            | Self::Failed { call, .. }
            | Self::OutOfTime { call, .. } => call,
        }
    }

    /// Returns `true` if all further requests to the cluster would fail in the same way.
    pub fn concerns_all_requests(&self) -> bool {
        match self {
            Self::NotReached { .. }
            | Self::NoReader { .. }
            | Self::NotTrusted { .. }
            | Self::NoToken { .. }
            | Self::Unauthorized { .. }
            | Self::OutOfTime { .. } => true,
            Self::Forbidden { .. }
            | Self::NotServed { .. }
            | Self::Throttled { .. }
            | Self::Failed { .. } => false,
        }
    }
}

impl From<Problem> for Unread {
    fn from(problem: Problem) -> Self {
        Self {
            code: problem.code(),
            text: problem.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_problems_concern_all_requests() {
        let call = || "list pods".to_owned();
        let unknown = Problem::Unauthorized { call: call() };
        let denied = Problem::Forbidden { call: call() };
        assert!(unknown.concerns_all_requests() && !denied.concerns_all_requests());
    }

    #[test]
    fn a_problem_has_a_code_and_a_text_that_says_what_to_do() {
        let call = || "list pods".to_owned();
        let cause = || "it broke".to_owned();
        for (problem, code, text) in [
            (
                Problem::NotReached {
                    call: call(),
                    cause: cause(),
                },
                "NOT_REACHED",
                "list pods failed: the endpoint of the cluster was not reached (it broke). Check that the function can \
                 reach the endpoint at port 443.",
            ),
            (
                Problem::NotTrusted {
                    call: call(),
                    distrust: Distrust::OtherAuthority,
                },
                "NOT_REACHED",
                "The endpoint's certificate is not of the cluster's authority. list pods was not sent, nor was a token. \
                 Check where the endpoint's name leads from the function.",
            ),
            (
                Problem::NoToken {
                    call: call(),
                    cause: cause(),
                },
                "READ_FAILED",
                "list pods was not sent: it broke. Check the credentials of the function.",
            ),
            (
                Problem::Unauthorized { call: call() },
                "ACCESS_DENIED",
                "list pods was refused (401): the cluster does not know the role of the function. Create an access \
                 entry for the role in the cluster.",
            ),
            (
                Problem::Forbidden { call: call() },
                "ACCESS_DENIED",
                "list pods was refused (403). Allow it in the cluster, by the role that is bound to the group of \
                 eksentry's access entry.",
            ),
            (
                Problem::NotServed { call: call() },
                "READ_FAILED",
                "list pods failed (404): the cluster does not serve this kind of object. Check the version of \
                 Kubernetes and the installed API groups.",
            ),
            (
                Problem::Throttled {
                    call: call(),
                    tries: 5,
                },
                "THROTTLED",
                "list pods was throttled (429) after 5 tries. The next evaluation tries again.",
            ),
            (
                Problem::Failed {
                    call: call(),
                    cause: cause(),
                },
                "READ_FAILED",
                "list pods failed: it broke. The next evaluation tries again.",
            ),
            (
                Problem::OutOfTime {
                    call: call(),
                    pages: Some(412),
                },
                "NOT_REACHED",
                "list pods was not completed: time ran out after 412 pages. The next evaluation tries again.",
            ),
            (
                Problem::OutOfTime {
                    call: call(),
                    pages: Some(1),
                },
                "NOT_REACHED",
                "list pods was not completed: time ran out after 1 page. The next evaluation tries again.",
            ),
            (
                Problem::OutOfTime {
                    call: call(),
                    pages: None,
                },
                "NOT_REACHED",
                "list pods was not completed: time ran out. The next evaluation tries again.",
            ),
        ] {
            assert_eq!(problem.call(), "list pods");
            let unread = Unread::from(problem);
            assert_eq!((unread.code.word(), unread.text.as_str()), (code, text));
        }
    }
    #[test]
    fn a_missing_reader_and_one_that_fails_are_told_apart() {
        let function = || "reader-vpc-1".to_owned();
        for (failure, text) in [
            (
                ReaderFailure::Missing(function()),
                "list pods was not sent: the function reader-vpc-1 does not exist. Deploy template-vpc.yaml in the VPC \
                 of the cluster.",
            ),
            (
                ReaderFailure::Failed {
                    function: function(),
                    cause: "could not be invoked: it broke".to_owned(),
                },
                "list pods was not sent: the function reader-vpc-1 could not be invoked: it broke. Check its log, \
                 and the permission to invoke it.",
            ),
        ] {
            let call = "list pods".to_owned();
            let problem = Problem::NoReader { call, failure };
            assert!(problem.concerns_all_requests());
            let unread = Unread::from(problem);
            assert_eq!(
                (unread.code.word(), unread.text.as_str()),
                ("NOT_REACHED", text)
            );
        }
    }
}
