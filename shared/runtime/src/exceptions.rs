//! The customer's mute list, from a parameter in the Systems Manager Parameter Store.

use std::sync::Arc;
use std::time::Duration;

use eksentry_aws::Aws;
use eksentry_core::MuteList;
use eksentry_core::mute_list::{Entry, Mute, MuteError};
use serde::Deserialize;
use serde_json::Value;

use crate::documents::{Document, Part, Reading, Source};
use crate::error::{Error, ErrorKind, without_values};

/// The longest time for which a list is used while it cannot be read again.
const BEST_FOR: Duration = Duration::from_hours(24);

/// The mute list of a process.
#[derive(Debug)]
pub(crate) struct Exceptions {
    source: Option<(String, Document<Read>)>,
}

/// A list that was read, and the errors in it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Read {
    pub(crate) mutes: Arc<MuteList>,
    pub(crate) errors: Vec<Error>,
}

impl Read {
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
    pub(crate) fn unread(&self) -> impl Iterator<Item = &Error> {
        let errors = self.errors.iter();
        errors.filter(|error| error.kind == ErrorKind::NotAvailable)
    }

    /// Returns the errors that last until somebody corrects the list. Sweeps report them.
    pub(crate) fn wrong(&self) -> impl Iterator<Item = &Error> {
        let errors = self.errors.iter();
        errors.filter(|error| error.kind != ErrorKind::NotAvailable)
    }
}

impl Exceptions {
    pub(crate) fn new(aws: &Aws, parameter: Option<&str>) -> Self {
        let source = parameter.map(|name| {
            let source = Source::Parameter(name.to_owned());
            (name.to_owned(), Document::new(aws, source, read))
        });
        Self { source }
    }

    /// Returns the list as it is now or, unless `afresh` is `true`, as it was some minutes ago; while it cannot be read
    /// for now, as it was up to a day ago. A list or an entry that cannot be read at all mutes nothing; the errors
    /// report it.
    pub(crate) async fn now(&self, afresh: bool) -> Read {
        let Some((name, document)) = &self.source else {
            return Read::default();
        };
        let read = match document.now(afresh).await {
            Reading::Current(read) => return (*read).clone(),
            Reading::Outdated { last, age, problem } if !problem.is_lasting && age < BEST_FOR => {
                tracing::warn!("the mute list {name} is used as it was: {}", problem.text);
                return (*last).clone();
            }
            Reading::Outdated { problem, .. } | Reading::Unknown(problem) => {
                if problem.is_lasting {
                    unreadable(name, &problem.text)
                } else {
                    unread(name, &problem.text)
                }
            }
        };
        read.log();
        read
    }
}

/// Parses the list, and logs the errors in it.
fn read(parts: &[Part]) -> Result<Read, String> {
    let read = parse(parts)?;
    read.log();
    Ok(read)
}

/// Parses JSON lists of exceptions, each exception separately.
///
/// # Errors
///
/// Returns an error if a text is not a JSON list.
pub(crate) fn parse(parts: &[Part]) -> Result<Read, String> {
    let mut errors = Vec::new();
    let mut mutes = Vec::new();
    for Part { name, text } in parts {
        let entries: Vec<Value> = serde_json::from_str(text)
            .map_err(|error| format!("it is no JSON list: {}", without_values(&error)))?;
        for (number, entry) in (1..).zip(entries) {
            match exception(number, &entry) {
                Ok(mute) => mutes.push(mute),
                Err(problem) => {
                    let message = format!("in the mute list {name}, {problem}");
                    errors.push(Error::new(ErrorKind::InvalidSettings, message));
                }
            }
        }
    }
    Ok(Read {
        mutes: Arc::new(mutes.into_iter().collect()),
        errors,
    })
}

fn exception(number: usize, entry: &Value) -> Result<Mute, String> {
    let entry = Entry::deserialize(entry).map_err(|error| {
        let problem = without_values(&error);
        format!("exception {number} can't be read: {problem}")
    })?;
    Mute::try_from(entry).map_err(|problem| MuteError { number, problem }.to_string())
}

/// Returns an empty list, with an error that lasts until somebody corrects its cause.
fn unreadable(name: &str, problem: &str) -> Read {
    let message = format!(
        "the mute list {name} could not be read, so nothing is muted: {problem}; it is a JSON list of exceptions, see \
         docs/mute-list.md"
    );
    Read::failed(ErrorKind::InvalidSettings, message)
}

/// Returns an empty list, with the error that it could not be read for now.
fn unread(name: &str, problem: &str) -> Read {
    let message = format!("the mute list {name} could not be read, so nothing is muted: {problem}");
    Read::failed(ErrorKind::NotAvailable, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Result<Read, String> {
        parse(&[Part {
            name: "/eksentry/mute-list".to_owned(),
            text: text.to_owned(),
        }])
    }

    #[test]
    fn one_wrong_exception_takes_none_of_the_others_back() {
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
        for (error, mention) in errors
            .iter()
            .zip(["exception 2", "ressource", "exception 4"])
        {
            assert!(
                error.contains(mention) && error.contains("/eksentry/mute-list"),
                "{error}"
            );
        }
    }

    #[test]
    fn what_is_no_list_mutes_nothing_and_says_so() {
        for json in ["", "{}", "[", "null"] {
            let read = unreadable("list", &list(json).unwrap_err());
            assert!(read.mutes.is_empty(), "{json}");
            let message = &read.errors[0].message;
            assert!(
                message.contains("nothing is muted") && message.contains("no JSON list"),
                "{json}: {message}"
            );
        }
    }
}
