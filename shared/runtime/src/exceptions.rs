//! The customer's mute list, from a parameter in the Systems Manager Parameter Store.

use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_smithy_types::error::display::DisplayErrorContext;
use eksentry_aws::{Aws, client};
use eksentry_core::MuteList;
use eksentry_core::mute_list::{Entry, Mute, MuteError};
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;

use crate::error::{Error, ErrorKind};

pub(crate) const ACTIONS: &[&str] = &["ssm:GetParameter"];

/// For how long a list that was read is used: the Parameter Store takes forty calls a second from a whole account.
const GOOD_FOR: Duration = Duration::from_mins(5);

/// The mute list of a process.
#[derive(Debug)]
pub(crate) struct Exceptions {
    source: Option<(aws_sdk_ssm::Client, String)>,
    read: Mutex<Option<(Instant, Read)>>,
}

/// A list that was read, and what in it is wrong.
#[derive(Debug, Clone, Default)]
pub(crate) struct Read {
    pub(crate) mutes: Arc<MuteList>,
    pub(crate) errors: Vec<Error>,
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
        let read = match answer {
            Ok(answer) => {
                let value = answer.parameter.and_then(|parameter| parameter.value);
                let read = parse(name, &value.unwrap_or_default());
                *kept = Some((Instant::now(), read.clone()));
                read
            }
            Err(error) => {
                let problem = format!("ssm:GetParameter failed: {}", DisplayErrorContext(error));
                unreadable(name, &problem)
            }
        };
        for error in &read.errors {
            tracing::error!(errorType = error.kind.name(), "{error}");
        }
        read
    }
}

/// Reads a JSON list of exceptions, each by itself.
fn parse(name: &str, json: &str) -> Read {
    let entries: Vec<Value> = match serde_json::from_str(json) {
        Ok(entries) => entries,
        Err(error) => return unreadable(name, &format!("it is no JSON list: {error}")),
    };
    let mut errors = Vec::new();
    let mut mutes = Vec::new();
    for (number, entry) in (1..).zip(entries) {
        let read = Entry::deserialize(&entry)
            .map_err(|error| format!("exception {number} can't be read: {error}"))
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

fn unreadable(name: &str, problem: &str) -> Read {
    let message = format!(
        "the mute list {name} could not be read, so nothing is muted: {problem}; it is a JSON list of exceptions, see \
         docs/mute-list.md"
    );
    Read {
        mutes: Arc::default(),
        errors: vec![Error::new(ErrorKind::InvalidSettings, message)],
    }
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
