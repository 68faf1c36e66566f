//! The failures that matter for the exit code of a scan.

use std::str::FromStr;

use eksentry_core::Severity;
use eksentry_core::severity::SeverityError;

/// The failures that end a scan with an exit code of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FailOn {
    /// No failures.
    Never,
    /// The failures of this severity and of higher ones.
    AtLeast(Severity),
}

/// The error for a text that is neither a severity nor `never`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}, or never")]
pub(crate) struct FailOnError(SeverityError);

impl FromStr for FailOn {
    type Err = FailOnError;

    fn from_str(text: &str) -> Result<Self, FailOnError> {
        if text.eq_ignore_ascii_case("never") {
            return Ok(Self::Never);
        }
        text.parse().map(Self::AtLeast).map_err(FailOnError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fail_on_takes_a_severity_or_never() {
        for (text, expected) in [
            ("never", FailOn::Never),
            ("Never", FailOn::Never),
            ("high", FailOn::AtLeast(Severity::High)),
        ] {
            assert_eq!(text.parse(), Ok(expected));
        }
        let error = "sometimes".parse::<FailOn>().unwrap_err().to_string();
        assert!(error.ends_with("HIGH or CRITICAL, or never"), "{error}");
    }
}
