//! Why an invocation failed.

use std::fmt;

use lambda_runtime::Diagnostic;

/// The kinds of failure. Their names are stable: alarms and destinations may tell invocations apart by them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The event can't be read, or names what can't be judged. Trying again won't help.
    InvalidEvent,
    /// The function's environment is wrong. Trying again helps only once it is mended.
    InvalidSettings,
    /// A resource could not be read, so that Config has no evaluation of it.
    NotAvailable,
    /// An account could not be entered.
    NotEntered,
    /// Resources could not be listed.
    NotListed,
    /// There was no time left to look at everything, and no queue to hand the rest to.
    OutOfTime,
    /// A report could not be delivered.
    NotDelivered,
}

impl ErrorKind {
    /// The name, which is the Lambda error's type.
    pub const fn name(self) -> &'static str {
        match self {
            Self::InvalidEvent => "InvalidEvent",
            Self::InvalidSettings => "InvalidSettings",
            Self::NotAvailable => "NotAvailable",
            Self::NotEntered => "NotEntered",
            Self::NotListed => "NotListed",
            Self::OutOfTime => "OutOfTime",
            Self::NotDelivered => "NotDelivered",
        }
    }
}

/// An invocation's failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// Of which kind.
    pub kind: ErrorKind,
    /// What was tried on what, what came of it, and what to do about it.
    pub message: String,
}

impl Error {
    /// A failure.
    pub fn new(kind: ErrorKind, message: impl fmt::Display) -> Self {
        Self {
            kind,
            message: message.to_string(),
        }
    }

    /// A failure of [`ErrorKind::InvalidEvent`].
    pub fn invalid_event(message: impl fmt::Display) -> Self {
        Self::new(ErrorKind::InvalidEvent, message)
    }

    /// Several failures as one, of the first one's kind; `None` where there are none. The first few are told, the log
    /// has all.
    pub fn all(errors: &[Self]) -> Option<Self> {
        const TOLD: usize = 5;
        let first = errors.first()?;
        let mut message = errors
            .iter()
            .take(TOLD)
            .map(|error| error.message.as_str())
            .collect::<Vec<_>>()
            .join("; ");
        if errors.len() > TOLD {
            message = format!(
                "{message}; and {} more, which the log names",
                errors.len() - TOLD
            );
        }
        Some(Self::new(first.kind, message))
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

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

    #[test]
    fn many_failures_are_one_of_bounded_length() {
        let errors: Vec<Error> = (0..7)
            .map(|n| Error::new(ErrorKind::NotDelivered, format!("finding {n} failed")))
            .collect();
        let error = Error::all(&errors).unwrap();
        assert_eq!(error.kind, ErrorKind::NotDelivered);
        assert!(
            error
                .message
                .starts_with("finding 0 failed; finding 1 failed"),
            "{error}"
        );
        assert!(
            error.message.ends_with("; and 2 more, which the log names"),
            "{error}"
        );
        assert_eq!(Error::all(&[]), None);
    }
}
