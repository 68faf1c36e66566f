//! Severities, with the labels of ASFF.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A severity label. Labels are ordered from least to most severe.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum Severity {
    /// Nothing requires action.
    Informational,
    /// The issue requires action at some time.
    Low,
    /// The issue requires action, but not urgently.
    Medium,
    /// The issue requires action soon.
    High,
    /// The issue requires action immediately.
    Critical,
}

impl Severity {
    /// All labels, from least to most severe.
    pub const ALL: [Self; 5] = [
        Self::Informational,
        Self::Low,
        Self::Medium,
        Self::High,
        Self::Critical,
    ];

    /// Returns the label as ASFF, Amazon ECR and Amazon Inspector write it.
    pub fn label(self) -> &'static str {
        self.into()
    }
}

/// The error for a text that is not a severity label. `UNDEFINED` and `UNTRIAGED`, which scanners use, are not labels
/// either.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a severity: use INFORMATIONAL, LOW, MEDIUM, HIGH or CRITICAL")]
pub struct SeverityError(String);

impl FromStr for Severity {
    type Err = SeverityError;

    fn from_str(text: &str) -> Result<Self, SeverityError> {
        Self::ALL
            .into_iter()
            .find(|severity| severity.label().eq_ignore_ascii_case(text.trim()))
            .ok_or_else(|| SeverityError(text.chars().take(50).collect()))
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.label())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_read_as_they_are_written() {
        for (severity, label) in
            Severity::ALL
                .into_iter()
                .zip(["INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"])
        {
            assert_eq!(severity.to_string(), label);
            for text in [label, &label.to_lowercase(), &format!(" {label} ")] {
                assert_eq!(text.parse(), Ok(severity));
            }
        }
        assert!(Severity::ALL.is_sorted());
        for text in ["", "UNDEFINED", "UNTRIAGED", "HIGHER"] {
            assert!(text.parse::<Severity>().is_err(), "{text}");
        }
    }
}
