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

impl FromStr for FailOn {
    type Err = SeverityError;

    fn from_str(text: &str) -> Result<Self, SeverityError> {
        match text {
            "never" => Ok(Self::Never),
            severity => severity.parse().map(Self::AtLeast),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fail_on_takes_a_severity_or_never() {
        for (text, expected) in [
            ("never", FailOn::Never),
            ("high", FailOn::AtLeast(Severity::High)),
        ] {
            assert_eq!(text.parse(), Ok(expected));
        }
        assert!("sometimes".parse::<FailOn>().is_err());
    }
}
