//! The customer's mute list, from a parameter in the Systems Manager Parameter Store or from a file.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use eksentry_aws::Aws;
use eksentry_core::MuteList;
use eksentry_core::mute_list::{Entry, Mute, MuteError};
use serde::Deserialize;
use serde_json::Value;

use crate::documents::{Document, ParseError, Part, Reading, Source};
use crate::error::{Error, ErrorKind, without_values};
use crate::settings::MuteListLocation;

/// The longest time for which a list is used while it cannot be read again.
const MAX_AGE: Duration = Duration::from_hours(24);

/// The mute list of a process.
#[derive(Debug)]
pub(crate) struct StoredMuteList {
    source: Option<(String, Document<ReadMuteList>)>,
}

/// A list that was read, and the errors in it.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReadMuteList {
    pub(crate) mutes: Arc<MuteList>,
    pub(crate) errors: Vec<Error>,
}

/// The error of a mute list, or of one mute in it. An error of serde is not kept as a source, since its text
/// quotes values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MuteListError {
    /// The text is not a JSON list.
    #[error("it isn't a JSON list: {0}")]
    NotAList(String),
    /// A mute does not have the form of one.
    #[error("mute {number} can't be read: {problem}")]
    Unreadable { number: usize, problem: String },
    /// A mute has the form of one, but is not valid.
    #[error(transparent)]
    Invalid(#[from] MuteError),
}

impl ReadMuteList {
    fn failed(kind: ErrorKind, message: String) -> Self {
        Self {
            mutes: Arc::default(),
            errors: vec![Error::new(kind, message)],
        }
    }

    fn log(&self) {
        for error in &self.errors {
            tracing::error!(errorType = error.kind.name(), "{error}");
        }
    }

    /// Returns the errors because of which the list is not known for now. An invocation that ran without it must be
    /// repeated.
    pub(crate) fn temporary_errors(&self) -> impl Iterator<Item = &Error> {
        let errors = self.errors.iter();
        errors.filter(|error| error.kind == ErrorKind::NotAvailable)
    }

    /// Returns the errors that last until somebody corrects the list. Sweeps report them.
    pub(crate) fn lasting_errors(&self) -> impl Iterator<Item = &Error> {
        let errors = self.errors.iter();
        errors.filter(|error| error.kind != ErrorKind::NotAvailable)
    }
}

impl StoredMuteList {
    pub(crate) fn new(aws: &Aws, location: Option<&MuteListLocation>) -> Self {
        let source = location.map(|location| {
            let (name, source) = match location {
                MuteListLocation::Parameter(name) => (name, Source::Parameter(name.clone())),
                MuteListLocation::File { path, text } => {
                    let (name, text) = (path.clone(), text.clone());
                    (path, Source::File(Part { name, text }))
                }
            };
            (name.clone(), Document::new(aws, source, read))
        });
        Self { source }
    }

    /// Returns the list as it is now or, unless `reread` is `true`, as it was some minutes ago; while it cannot be read
    /// for now, as it was up to a day ago. A list or an entry that cannot be read at all mutes nothing; the errors
    /// report it.
    pub(crate) async fn now(&self, reread: bool) -> ReadMuteList {
        let Some((name, document)) = &self.source else {
            return ReadMuteList::default();
        };
        let read = match document.now(reread).await {
            Reading::Current(read) => return (*read).clone(),
            Reading::Outdated { last, age, error } if !error.is_lasting() && age < MAX_AGE => {
                tracing::warn!(
                    "couldn't read the mute list {name}, so it is used as it was last read: {error}"
                );
                return (*last).clone();
            }
            Reading::Outdated { error, .. } | Reading::Unknown(error) => {
                if error.is_lasting() {
                    unreadable(name, &error)
                } else {
                    unread(name, &error)
                }
            }
        };
        read.log();
        read
    }
}

/// Parses the list, and logs the errors in it.
fn read(parts: &[Part]) -> Result<ReadMuteList, ParseError> {
    let read = parse(parts)?;
    read.log();
    Ok(read)
}

/// Parses JSON lists of mutes, each mute separately.
///
/// # Errors
///
/// Returns an error if a text is not a JSON list.
pub(crate) fn parse(parts: &[Part]) -> Result<ReadMuteList, MuteListError> {
    let mut errors = Vec::new();
    let mut mutes = Vec::new();
    for Part { name, text } in parts {
        let entries: Vec<Value> = serde_json::from_str(text)
            .map_err(|error| MuteListError::NotAList(without_values(&error)))?;
        for (number, entry) in (1..).zip(entries) {
            match mute(number, &entry) {
                Ok(mute) => mutes.push(mute),
                Err(error) => {
                    let message = format!("in the mute list {name}, {error}");
                    errors.push(Error::new(ErrorKind::InvalidSettings, message));
                }
            }
        }
    }
    Ok(ReadMuteList {
        mutes: Arc::new(mutes.into_iter().collect()),
        errors,
    })
}

fn mute(number: usize, entry: &Value) -> Result<Mute, MuteListError> {
    let entry = Entry::deserialize(entry).map_err(|error| MuteListError::Unreadable {
        number,
        problem: without_values(&error),
    })?;
    let mute = Mute::try_from(entry).map_err(|problem| MuteError { number, problem })?;
    Ok(mute)
}

/// Returns an empty list, with an error that lasts until somebody corrects its cause.
fn unreadable(name: &str, error: impl Display) -> ReadMuteList {
    let message = format!(
        "couldn't read the mute list {name}, so nothing is muted: {error}; it must be a JSON list of mutes, see \
         docs/mute-list.md"
    );
    ReadMuteList::failed(ErrorKind::InvalidSettings, message)
}

/// Returns an empty list, with the error that it could not be read for now.
fn unread(name: &str, error: impl Display) -> ReadMuteList {
    let message = format!("couldn't read the mute list {name}, so nothing is muted: {error}");
    ReadMuteList::failed(ErrorKind::NotAvailable, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Result<ReadMuteList, MuteListError> {
        parse(&[Part {
            name: "/eksentry/mute-list".to_owned(),
            text: text.to_owned(),
        }])
    }

    #[test]
    fn an_invalid_mute_does_not_affect_the_others() {
        let read = list(
            r#"[
            {"check": "kms-cmk-rotation", "resource": "arn:aws:kms:*:*:key/1", "reason": "moving", "until": "2030-01-01"},
            {"check": "kms", "resource": "*", "reason": "x", "until": "2030-01-01"},
            {"check": "*", "ressource": "*", "reason": "x", "until": "2030-01-01"},
            7
        ]"#,
        );
        let read = read.unwrap();
        assert!(!read.mutes.is_empty());
        let errors: Vec<String> = read.errors.iter().map(ToString::to_string).collect();
        assert_eq!(errors.len(), 3, "{errors:?}");
        for (error, mention) in errors.iter().zip(["mute 2", "ressource", "mute 4"]) {
            assert!(
                error.contains(mention) && error.contains("/eksentry/mute-list"),
                "{error}"
            );
        }
    }

    #[test]
    fn a_text_that_is_not_a_list_is_an_error_and_mutes_nothing() {
        for json in ["", "{}", "[", "null"] {
            let read = unreadable("list", list(json).unwrap_err());
            assert!(read.mutes.is_empty(), "{json}");
            let message = &read.errors[0].message;
            assert!(
                message.contains("nothing is muted") && message.contains("isn't a JSON list"),
                "{json}: {message}"
            );
        }
    }
}
