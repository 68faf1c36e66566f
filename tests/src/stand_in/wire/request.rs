//! Calls of operations, as they are decoded.

use jiff::Timestamp;
use serde_json::Value;

use crate::{
    account::Record,
    stand_in::{
        operation::Operation,
        paging::Paging,
        service::{AwsError, Service},
    },
};

/// One call of an operation.
#[derive(Clone, Debug)]
pub(in crate::stand_in) struct Request {
    pub service: Service,
    pub operation: String,
    /// The members, by the names in the service's model.
    pub members: Record,
    pub access_key: String,
    pub region: String,
    /// The size of the body, in bytes.
    pub size: usize,
    /// The object that S3 stores; empty for other services, whose bodies are in the members.
    pub body: Vec<u8>,
    /// The time at which the call arrived.
    pub at: Timestamp,
    /// The scheme and the host of the URL to which the call was sent.
    pub origin: String,
}

/// Returns the members of a `json!({…})`; empty for any other value.
pub(in crate::stand_in) fn record(value: Value) -> Record {
    match value {
        Value::Object(members) => members,
        _ => Record::new(),
    }
}

impl Request {
    /// Returns `service.Operation`.
    pub(in crate::stand_in) fn name(&self) -> String {
        format!("{}.{}", self.service, self.operation)
    }

    /// Returns the operation's row in the table.
    pub(in crate::stand_in) fn row(&self) -> Result<&'static Operation, AwsError> {
        let row = self.service.operation(&self.operation);
        row.ok_or_else(|| AwsError::unknown_operation(&self.operation))
    }

    /// Returns the paging of the operation.
    pub(in crate::stand_in) fn paging(&self) -> Result<&'static Paging, AwsError> {
        let paging = self.row()?.paging.as_ref();
        paging.ok_or_else(|| AwsError::unknown_operation(&format!("pages of {}", self.name())))
    }

    /// Returns the error for a request that violates a rule of the operation's documentation.
    pub(in crate::stand_in) fn invalid(&self, message: impl Into<String>) -> AwsError {
        self.service.invalid(message)
    }

    /// Returns an error if the request has a member that the stand-in would ignore.
    pub(in crate::stand_in) fn allow_members(&self, known: &[&str]) -> Result<(), AwsError> {
        let mut names = self.members.keys();
        match names.find(|name| !known.contains(&name.as_str())) {
            Some(name) => Err(self.invalid(format!("the stand-in does not know {name}"))),
            None => Ok(()),
        }
    }

    pub(in crate::stand_in) fn has(&self, name: &str) -> bool {
        self.member(name).is_some()
    }

    /// Returns a member that is present and not null.
    pub(in crate::stand_in) fn member(&self, name: &str) -> Option<&Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    pub(in crate::stand_in) fn text(&self, name: &str) -> Result<Option<&str>, AwsError> {
        self.typed(name, "text", Value::as_str)
    }

    /// Returns a text member, or an empty text if there is none.
    pub(in crate::stand_in) fn text_or_empty(&self, name: &str) -> &str {
        let text = self.member(name).and_then(Value::as_str);
        text.unwrap_or_default()
    }

    pub(in crate::stand_in) fn required_text(&self, name: &str) -> Result<&str, AwsError> {
        match self.text(name)? {
            Some(text) if !text.is_empty() => Ok(text),
            _ => Err(self.invalid(format!("{name} is missing"))),
        }
    }

    pub(in crate::stand_in) fn number(&self, name: &str) -> Result<Option<i64>, AwsError> {
        self.typed(name, "a whole number", Value::as_i64)
    }

    pub(in crate::stand_in) fn list(&self, name: &str) -> Result<Option<&[Value]>, AwsError> {
        self.typed(name, "a list", |value| value.as_array().map(Vec::as_slice))
    }

    /// Returns a list of texts, which must have 1 to `most` items if it is present.
    pub(in crate::stand_in) fn texts(
        &self,
        name: &str,
        most: usize,
    ) -> Result<Option<Vec<&str>>, AwsError> {
        let Some(items) = self.list(name)? else {
            return Ok(None);
        };
        if items.is_empty() || items.len() > most {
            return Err(self.invalid(format!("{name} has {} items, not 1 to {most}", items.len())));
        }
        let texts: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
        texts
            .map(Some)
            .ok_or_else(|| self.invalid(format!("{name} has an item that is not text")))
    }

    fn typed<'a, T>(
        &'a self,
        name: &str,
        kind: &str,
        convert: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, AwsError> {
        self.member(name)
            .map(|value| {
                convert(value).ok_or_else(|| self.invalid(format!("{name} is {value}, not {kind}")))
            })
            .transpose()
    }
}

#[cfg(test)]
impl Request {
    /// Creates a request of an operation such as `kms.ListKeys` in eu-central-1.
    pub(in crate::stand_in) fn of(name: &str, members: Value) -> Self {
        let (service, operation) = name.split_once('.').expect("there is a dot");
        Self {
            service: Service::of_signing_name(service).expect("there is such a service"),
            operation: operation.to_owned(),
            size: members.to_string().len(),
            members: record(members),
            access_key: String::new(),
            region: "eu-central-1".to_owned(),
            body: Vec::new(),
            at: Timestamp::UNIX_EPOCH,
            origin: "http://127.0.0.1".to_owned(),
        }
    }
}
