//! The values of parameters in JSON.

use serde::Deserialize;
use serde::de::IgnoredAny;

/// The value of a parameter in JSON: typed, or as the text that AWS Config makes of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Raw {
    /// The parameter is not set.
    Null,
    /// `true` or `false`.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// A number that is written with a fraction, such as `365.0`.
    Decimal(f64),
    /// A text, or several texts that are joined by commas.
    Text(String),
    /// A list.
    List(Vec<Raw>),
    /// A value that no parameter takes.
    Other(IgnoredAny),
}

impl Raw {
    /// Returns the value as texts, or `None` if no parameter takes such a value.
    pub fn texts(&self) -> Option<Vec<String>> {
        match self {
            Self::Null => Some(Vec::new()),
            Self::Flag(flag) => Some(vec![flag.to_string()]),
            Self::Number(number) => Some(vec![number.to_string()]),
            Self::Decimal(number) => Some(vec![number.to_string()]),
            Self::Text(text) => {
                let parts = text
                    .split(',')
                    .map(str::trim)
                    .filter(|part| !part.is_empty());
                Some(parts.map(str::to_owned).collect())
            }
            Self::List(list) => Some(
                list.iter()
                    .map(Raw::texts)
                    .collect::<Option<Vec<_>>>()?
                    .concat(),
            ),
            Self::Other(_) => None,
        }
    }
}
