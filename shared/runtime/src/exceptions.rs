//! The customer's mute list, from a parameter in the Systems Manager Parameter Store.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_ssm::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ssm::operation::get_parameter::GetParameterError;
use eksentry_aws::{Aws, Lazy, client, problem};
use eksentry_core::MuteList;
use eksentry_core::mute_list::{Entry, Mute, MuteError};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::error::{Error, ErrorKind, without_values};

pub(crate) const ACTIONS: &[&str] = &["ssm:GetParameter"];

/// For how long a list that was read is used: the Parameter Store takes forty calls a second from a whole account.
const GOOD_FOR: Duration = Duration::from_mins(5);

/// For how long it is used when it can't be read again.
const BEST_FOR: Duration = Duration::from_hours(24);

/// The mute list of a process.
#[derive(Debug)]
pub(crate) struct Exceptions {
    source: Option<(Lazy<aws_sdk_ssm::Client>, String)>,
    read: Mutex<Option<(Instant, Read)>>,
}

/// A list that was read, and what in it is wrong.
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

    /// Why the list is not known for now, if so. An invocation that did without has to be made again.
    pub(crate) fn unread(&self) -> impl Iterator<Item = &Error> {
        let errors = self.errors.iter();
        errors.filter(|error| error.kind == ErrorKind::NotAvailable)
    }

    /// What is wrong with the list until somebody mends it. Sweeps say so.
    pub(crate) fn wrong(&self) -> impl Iterator<Item = &Error> {
        let errors = self.errors.iter();
        errors.filter(|error| error.kind != ErrorKind::NotAvailable)
    }
}

impl Exceptions {
    pub(crate) fn new(aws: &Aws, parameter: Option<&str>) -> Self {
        Self {
            source: parameter.map(|name| (client!(aws_sdk_ssm, aws), name.to_owned())),
            read: Mutex::new(None),
        }
    }

    /// The list as it is now, or was some minutes ago. One that can't be read mutes nothing, and an entry that can't be
    /// read mutes nothing; the errors say so.
    pub(crate) async fn now(&self) -> Read {
        let Some((client, name)) = &self.source else {
            return Read::default();
        };
        let mut kept = self.read.lock().await;
        if let Some((at, read)) = &*kept
            && at.elapsed() < GOOD_FOR
        {
            return read.clone();
        }
        let answer = client.get_parameter().name(name).send().await;
        let value = match answer {
            Ok(answer) => answer
                .parameter
                .and_then(|parameter| parameter.value)
                .ok_or_else(|| {
                    (
                        false,
                        "ssm:GetParameter answered without a value".to_owned(),
                    )
                }),
            Err(error) => {
                let told = format!("ssm:GetParameter failed: {}", problem(&error));
                Err((is_lasting(&error), told))
            }
        };
        let read = match (value, &*kept) {
            (Ok(value), _) => {
                let read = parse(name, &value);
                *kept = Some((Instant::now(), read.clone()));
                read
            }
            (Err((true, problem)), _) => unreadable(name, &problem),
            (Err((false, problem)), Some((at, read))) if at.elapsed() < BEST_FOR => {
                tracing::warn!("the mute list {name} is used as it was: {problem}");
                read.clone()
            }
            (Err((false, problem)), _) => unread(name, &problem),
        };
        for error in &read.errors {
            tracing::error!(errorType = error.kind.name(), "{error}");
        }
        read
    }
}

/// Reads a JSON list of exceptions, each by itself.
pub(crate) fn parse(name: &str, json: &str) -> Read {
    let entries: Vec<Value> = match serde_json::from_str(json) {
        Ok(entries) => entries,
        Err(error) => {
            return unreadable(
                name,
                &format!("it is no JSON list: {}", without_values(&error)),
            );
        }
    };
    let mut errors = Vec::new();
    let mut mutes = Vec::new();
    for (number, entry) in (1..).zip(entries) {
        let read = Entry::deserialize(&entry)
            .map_err(|error| {
                format!(
                    "exception {number} can't be read: {}",
                    without_values(&error)
                )
            })
            .and_then(|entry| {
                Mute::try_from(entry).map_err(|problem| MuteError { number, problem }.to_string())
            });
        match read {
            Ok(mute) => mutes.push(mute),
            Err(problem) => {
                let message = format!("in the mute list {name}, {problem}");
                errors.push(Error::new(ErrorKind::InvalidSettings, message));
            }
        }
    }
    Read {
        mutes: Arc::new(mutes.into_iter().collect()),
        errors,
    }
}

/// Whether a call fails until somebody mends the settings, the parameter or the role.
fn is_lasting(error: &SdkError<GetParameterError>) -> bool {
    let code = error.code().unwrap_or_default();
    ["NotFound", "AccessDenied", "InvalidKeyId"]
        .iter()
        .any(|word| code.contains(word))
}

/// A list that is none.
fn unreadable(name: &str, problem: &str) -> Read {
    let message = format!(
        "the mute list {name} could not be read, so nothing is muted: {problem}; it is a JSON list of exceptions, see \
         docs/mute-list.md"
    );
    Read::failed(ErrorKind::InvalidSettings, message)
}

/// A list that could not be read for now.
fn unread(name: &str, problem: &str) -> Read {
    let message = format!("the mute list {name} could not be read, so nothing is muted: {problem}");
    Read::failed(ErrorKind::NotAvailable, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_wrong_exception_takes_none_of_the_others_back() {
        let list = r#"[
            {"check": "kms-cmk-rotation", "resource": "arn:aws:kms:*:*:key/1", "reason": "moving", "until": "2030-01-01"},
            {"check": "kms", "resource": "*", "reason": "x", "until": "2030-01-01"},
            {"check": "*", "ressource": "*", "reason": "x", "until": "2030-01-01"},
            7
        ]"#;
        let read = parse("/eksentry/mute-list", list);
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
            let read = parse("list", json);
            assert!(read.mutes.is_empty(), "{json}");
            assert!(
                read.errors[0].message.contains("nothing is muted"),
                "{json}"
            );
        }
    }
}
