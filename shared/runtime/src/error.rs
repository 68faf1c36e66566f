//! The errors of an invocation.

use std::fmt::Display;
use std::time::Duration;

use lambda_runtime::Diagnostic;

/// The kinds of failure. Their names are stable: alarms and destinations may distinguish invocations by them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
pub enum ErrorKind {
    /// The event cannot be read, or names something that cannot be evaluated. A retry does not help.
    InvalidEvent,
    /// The function's environment, its parameters or the mute list are wrong. A retry helps only after they are
    /// corrected.
    InvalidSettings,
    /// Something could not be read: a resource, so that AWS Config has no evaluation of it, the findings for a report,
    /// the parameters or the mute list.
    NotAvailable,
    /// An account could not be entered.
    NotEntered,
    /// Resources could not be listed.
    NotListed,
    /// There was no time left to evaluate everything, and the rest could not be sent to the queue; or a service did not
    /// respond in time.
    OutOfTime,
    /// A report, or a slice of a sweep, could not be delivered.
    NotDelivered,
}

impl ErrorKind {
    /// Returns the name, which is the type of the error that Lambda reports.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// An invocation's failure. It has no source: its message contains the messages of the causes, since Lambda reports one
/// text, and errors are combined, copied and compared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// The kind of failure.
    pub kind: ErrorKind,
    /// The message: what was tried on which resource, the result, and the remedy.
    pub message: String,
    /// The id of the only resource that the failure is about; `None` if it is about others, too.
    pub(crate) resource: Option<String>,
}

impl Error {
    /// Creates an error.
    pub fn new(kind: ErrorKind, message: impl Display) -> Self {
        Self {
            kind,
            message: message.to_string(),
            resource: None,
        }
    }

    /// Returns the same error, which is about one resource.
    pub(crate) fn about(self, resource: String) -> Self {
        Self {
            resource: Some(resource),
            ..self
        }
    }

    /// Creates an error of [`ErrorKind::InvalidEvent`]. The message contains what senders wrote, and is written to logs
    /// and dead-letter queues, so it is cut to 4,000 characters, which is enough for the ids of all checks.
    pub fn invalid_event(message: impl Display) -> Self {
        const MAX_CHARS: usize = 4_000;
        let mut message = message.to_string();
        if let Some((end, _)) = message.char_indices().nth(MAX_CHARS) {
            message.truncate(end);
            message.push('…');
        }
        Self::new(ErrorKind::InvalidEvent, message)
    }

    /// Creates the error of an invocation that waited for a response until its time was up.
    pub(crate) fn timed_out(waited: Duration) -> Self {
        let message = format!(
            "an AWS service had not responded after {:.1} s, so not everything was evaluated and delivered; the next \
             invocation tries again. To fix this, check the function's network and the health of the services, and \
             increase the function's timeout",
            waited.as_secs_f64()
        );
        Self::new(ErrorKind::OutOfTime, message)
    }

    /// Combines several errors into one, of the first one's kind; `None` if there are none. The message has the first
    /// five, the log has all.
    pub fn combine(errors: &[Self]) -> Option<Self> {
        const MAX_REPORTED: usize = 5;
        let first = errors.first()?;
        let mut message = errors
            .iter()
            .take(MAX_REPORTED)
            .map(|error| error.message.as_str())
            .collect::<Vec<_>>()
            .join("; ");
        if errors.len() > MAX_REPORTED {
            message = format!(
                "{message}; and {} more, which are in the log",
                errors.len() - MAX_REPORTED
            );
        }
        Some(Self::new(first.kind, message))
    }
}

/// Returns the message of a serde error without the value that it quotes: events and files hold values that must not be
/// logged, and a whole document may be one string.
pub(crate) fn without_values(error: &serde_json::Error) -> String {
    const MAX_CHARS: usize = 300;
    let text = error.to_string();
    for (open, close) in [
        ("string \"", "\", expected "),
        ("variant `", "`, expected "),
    ] {
        if let (Some(from), Some(to)) = (text.find(open), text.rfind(close))
            && from + open.len() <= to
        {
            let kind = &text[..from + open.len() - " `".len()];
            return [kind, &text[to + "`".len()..]].concat();
        }
    }
    text.chars().take(MAX_CHARS).collect()
}

impl From<Error> for Diagnostic {
    fn from(error: Error) -> Self {
        Self {
            error_type: error.kind.name().to_owned(),
            error_message: error.message,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    enum One {
        Known,
    }

    #[test]
    fn messages_of_serde_errors_contain_no_values() {
        use serde_json::from_str;
        let hidden = r#"se\"cret", expected x"#;
        let json = serde_json::to_string(hidden).unwrap();
        for (error, expected) in [
            (
                from_str::<Vec<u8>>(&json).unwrap_err(),
                "invalid type: string, expected a sequence",
            ),
            (
                from_str::<u8>(&json).unwrap_err(),
                "invalid type: string, expected u8",
            ),
            (from_str::<u8>("[1").unwrap_err(), "invalid type: sequence"),
            (
                from_str::<Vec<u8>>("nonsense").unwrap_err(),
                "expected ident at line 1 column 2",
            ),
        ] {
            let text = without_values(&error);
            assert!(text.starts_with(expected), "{text}");
            assert!(!text.contains("cret"), "{text}");
        }
        assert!(matches!(from_str(r#""Known""#), Ok(One::Known)));
        let text = without_values(&from_str::<One>(&json).unwrap_err());
        assert!(
            text.starts_with("unknown variant, expected `Known`"),
            "{text}"
        );
    }

    #[test]
    fn messages_about_invalid_events_are_cut() {
        let message = Error::invalid_event("ä".repeat(100_000)).message;
        assert_eq!(message, format!("{}…", "ä".repeat(4_000)));
    }

    #[test]
    fn a_message_about_an_unknown_check_names_all_checks() {
        let unknown = eksentry_core::checks::find(&"x".repeat(200)).unwrap_err();
        let message = Error::invalid_event(format!("in checks, {unknown}")).message;
        for check in eksentry_core::checks::CHECKS {
            assert!(message.contains(check.id), "{}", check.id);
        }
    }

    #[test]
    fn combined_errors_contain_the_first_five_messages() {
        let errors: Vec<Error> = (0..7)
            .map(|n| Error::new(ErrorKind::NotDelivered, format!("finding {n} failed")))
            .collect();
        let error = Error::combine(&errors).unwrap();
        assert_eq!(error.kind, ErrorKind::NotDelivered);
        assert!(
            error
                .message
                .starts_with("finding 0 failed; finding 1 failed"),
            "{error}"
        );
        assert!(
            error
                .message
                .ends_with("; and 2 more, which are in the log"),
            "{error}"
        );
        assert_eq!(Error::combine(&[]), None);
    }
}
