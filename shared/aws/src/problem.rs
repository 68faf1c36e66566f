//! The description of a call that failed.

use std::error::Error;

use aws_smithy_types::error::ErrorMetadata;

/// The most characters of a description, since messages come from outside.
const MAX_CHARACTERS: usize = 800;

/// Returns an error's message, followed by those of its causes. The SDK's own display of an error ends in a debug view
/// with the whole response, headers and body; in a malformed response of STS, these contain credentials.
pub fn problem(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Errors that the SDK does not know also end in a debug view.
        let message = match error.downcast_ref::<ErrorMetadata>() {
            Some(metadata) => metadata.message().unwrap_or_default().to_owned(),
            None => error.to_string(),
        };
        // An error of a service is also its own cause.
        if !text.ends_with(&message) {
            text = format!("{text}: {message}");
        }
        cause = error.source();
    }
    match text.char_indices().nth(MAX_CHARACTERS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{message}")]
    struct Failure {
        message: String,
        #[source]
        cause: Option<Box<Failure>>,
        response: &'static str,
    }

    #[test]
    fn causes_are_included_and_responses_are_not() {
        let cause = Failure {
            message: "it is not XML".to_owned(),
            cause: None,
            response: "<SessionToken>",
        };
        let error = Failure {
            message: "response error".to_owned(),
            cause: Some(Box::new(cause)),
            response: "<SessionToken>",
        };
        assert_eq!(error.response, "<SessionToken>");
        assert_eq!(problem(&error), "response error: it is not XML");
    }

    #[test]
    fn the_message_of_a_service_is_included() {
        #[derive(Debug, thiserror::Error)]
        #[error("unhandled error (SlowDown)")]
        struct Unhandled {
            source: ErrorMetadata,
        }
        let metadata = || ErrorMetadata::builder().code("SlowDown");
        for (source, message) in [
            (
                metadata().message("Rate exceeded").build(),
                "unhandled error (SlowDown): Rate exceeded",
            ),
            (metadata().build(), "unhandled error (SlowDown)"),
        ] {
            assert_eq!(problem(&Unhandled { source }), message);
        }
    }

    #[test]
    fn long_messages_are_cut_at_a_character() {
        let error = Failure {
            message: "ä".repeat(MAX_CHARACTERS + 1),
            cause: None,
            response: "",
        };
        assert_eq!(problem(&error), format!("{}…", "ä".repeat(MAX_CHARACTERS)));
    }
}
