//! The reasons that are reported for failed calls.

use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use eksentry_core::{ReasonCode, Unread};

/// The maximum number of characters of a service's message. Messages come from outside, so longer ones are cut.
const MESSAGE: usize = 400;

/// Returns the reason to report for a failed call: the action, its target, the problem, and advice.
pub(crate) fn unread<E: ProvideErrorMetadata, R>(
    action: &str,
    target: &str,
    error: &SdkError<E, R>,
) -> Unread {
    let name = error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code)
        .unwrap_or_default();
    let (code, advice) = match error {
        SdkError::ServiceError(_)
            if name.contains("AccessDenied") || name.contains("Unauthorized") =>
        {
            (
                ReasonCode::AccessDenied,
                format!(
                    "Allow {action} in the caller's IAM policy and in the resource's own policy."
                ),
            )
        }
        SdkError::ServiceError(_) if is_throttling(name) => (
            ReasonCode::Throttled,
            "The next evaluation tries again. If this continues, request a higher quota from AWS."
                .to_owned(),
        ),
        SdkError::TimeoutError(_) | SdkError::DispatchFailure(_) => (
            ReasonCode::NotReached,
            "Check the network and the service's health.".to_owned(),
        ),
        _ => (
            ReasonCode::ReadFailed,
            "The next evaluation tries again.".to_owned(),
        ),
    };
    let problem = match error {
        SdkError::ServiceError(_) => {
            let message = error
                .as_service_error()
                .and_then(ProvideErrorMetadata::message)
                .unwrap_or_default();
            format!("{name}: {message}")
        }
        SdkError::TimeoutError(_) => "no response in time".to_owned(),
        SdkError::DispatchFailure(_) => "the service couldn't be reached".to_owned(),
        _ => "the response is invalid".to_owned(),
    };
    let problem: String = problem
        .trim_matches([' ', ':', '.'])
        .chars()
        .take(MESSAGE)
        .collect();
    Unread {
        code,
        text: format!("{action} on {target} failed ({problem}). {advice}"),
    }
}

fn is_throttling(code: &str) -> bool {
    [
        "Throttl",
        "TooManyRequests",
        "RequestLimitExceeded",
        "SlowDown",
    ]
    .iter()
    .any(|part| code.contains(part))
}
