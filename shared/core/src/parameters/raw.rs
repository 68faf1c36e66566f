//! The values of parameters in JSON.

use std::collections::BTreeMap;

use serde::Deserialize;

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
    /// An object.
    Object(BTreeMap<String, Raw>),
}

impl Raw {
    /// Returns the value as texts.
    ///
    /// # Errors
    ///
    /// Returns an error if the value is or contains an object.
    pub fn texts(&self) -> Result<Vec<String>, String> {
        match self {
            Self::Null => Ok(Vec::new()),
            Self::Flag(flag) => Ok(vec![flag.to_string()]),
            Self::Number(number) => Ok(vec![number.to_string()]),
            Self::Decimal(number) => Ok(vec![number.to_string()]),
            Self::Text(text) => {
                let parts = text
                    .split(',')
                    .map(str::trim)
                    .filter(|part| !part.is_empty());
                Ok(parts.map(str::to_owned).collect())
            }
            Self::List(list) => {
                let texts: Result<Vec<_>, _> = list.iter().map(Raw::texts).collect();
                Ok(texts?.concat())
            }
            Self::Object(_) => Err("that is an object".to_owned()),
        }
    }
}
