//! The description of a call that failed.

use std::error::Error;

use aws_smithy_types::error::ErrorMetadata;

/// The most characters of a description, since messages come from outside.
const MOST: usize = 800;

/// Returns an error's message, followed by those of its causes. The SDK's own display of an error ends in a debug view
/// with the whole answer, headers and body; in a broken answer of STS, these contain credentials.
pub fn problem(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        // Errors that the SDK does not know also end in a debug view.
        let told = match error.downcast_ref::<ErrorMetadata>() {
            Some(said) => said.message().unwrap_or_default().to_owned(),
            None => error.to_string(),
        };
        // An error of a service is also its own cause.
        if !text.ends_with(&told) {
            text = format!("{text}: {told}");
        }
        cause = error.source();
    }
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{told}")]
    struct Failure {
        told: String,
        #[source]
        cause: Option<Box<Failure>>,
        answer: &'static str,
    }

    #[test]
    fn all_causes_are_told_and_no_answer_is() {
        let cause = Failure {
            told: "it is no XML".to_owned(),
            cause: None,
            answer: "<SessionToken>",
        };
        let error = Failure {
            told: "response error".to_owned(),
            cause: Some(Box::new(cause)),
            answer: "<SessionToken>",
        };
        assert_eq!(error.answer, "<SessionToken>");
        assert_eq!(problem(&error), "response error: it is no XML");
    }

    #[test]
    fn what_a_service_says_is_told_in_its_words() {
        #[derive(Debug, thiserror::Error)]
        #[error("unhandled error (SlowDown)")]
        struct Unhandled {
            source: ErrorMetadata,
        }
        let said = || ErrorMetadata::builder().code("SlowDown");
        for (source, told) in [
            (
                said().message("Rate exceeded").build(),
                "unhandled error (SlowDown): Rate exceeded",
            ),
            (said().build(), "unhandled error (SlowDown)"),
        ] {
            assert_eq!(problem(&Unhandled { source }), told);
        }
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        let error = Failure {
            told: "ä".repeat(MOST + 1),
            cause: None,
            answer: "",
        };
        assert_eq!(problem(&error), format!("{}…", "ä".repeat(MOST)));
    }
}
