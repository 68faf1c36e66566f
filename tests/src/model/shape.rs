//! The shapes of values.

use std::collections::BTreeMap;

use regex::Regex;
use serde::Deserialize;

/// The shape of a value.
#[derive(Debug, Deserialize)]
pub struct Shape {
    /// Its type.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// The members of a structure, by the model's names.
    #[serde(default)]
    pub members: BTreeMap<String, Member>,
    /// The members that must be present.
    #[serde(default)]
    pub required: Vec<String>,
    /// The values that a text may have; empty if any text is allowed.
    #[serde(default, rename = "enum")]
    pub words: Vec<String>,
    /// The minimum of a number, or of the characters of a text or the entries of a list or map.
    pub min: Option<f64>,
    /// The maximum of the same.
    pub max: Option<f64>,
    /// The pattern that must match somewhere in a text.
    pub pattern: Option<Pattern>,
    /// The format of a timestamp, if it is not the default of the protocol.
    #[serde(rename = "timestampFormat")]
    pub timestamp_format: Option<String>,
    /// The shape of a list's entries.
    pub member: Option<Member>,
    /// The shape of a map's keys.
    pub key: Option<Member>,
    /// The shape of a map's values.
    pub value: Option<Member>,
    error: Option<ErrorTraits>,
}

/// The type of a shape.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the models' own words")]
pub enum Kind {
    Blob,
    Boolean,
    Double,
    Float,
    Integer,
    List,
    Long,
    Map,
    String,
    Structure,
    Timestamp,
}

/// A part of a shape, and its form on the wire.
#[derive(Debug, Deserialize)]
pub struct Member {
    /// The name of its shape.
    pub shape: String,
    /// The place in a request or an answer, if it is not the body.
    pub location: Option<Location>,
    /// Its name on the wire, if it differs.
    #[serde(rename = "locationName")]
    pub wire_name: Option<String>,
    /// The format of this timestamp.
    #[serde(rename = "timestampFormat")]
    pub timestamp_format: Option<String>,
}

/// A place outside of the body, where everything is text.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "camelCase")]
#[expect(missing_docs, reason = "the models' own words")]
pub enum Location {
    Header,
    Headers,
    Querystring,
    StatusCode,
    Uri,
}

/// A regular expression of a model.
#[derive(Debug, Deserialize)]
#[serde(from = "String")]
pub struct Pattern {
    /// The text of the expression, as it is published.
    pub text: String,
    /// The compiled expression; `None` if its dialect is not supported here.
    pub read: Option<Regex>,
}

impl From<String> for Pattern {
    fn from(text: String) -> Self {
        let read = Regex::new(&text).ok();
        Self { text, read }
    }
}

/// An error, as it is on the wire.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ErrorShape {
    /// The error code.
    pub code: String,
    /// The HTTP status of the answer.
    pub status: u16,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ErrorTraits {
    code: Option<String>,
    http_status_code: Option<u16>,
}

impl Shape {
    /// Returns this shape as an error. The status is 400 if the model states none.
    pub(super) fn error(&self, name: &str) -> ErrorShape {
        let code = self.error.as_ref().and_then(|error| error.code.clone());
        let status = self.error.as_ref().and_then(|error| error.http_status_code);
        ErrorShape {
            code: code.unwrap_or_else(|| name.to_owned()),
            status: status.unwrap_or(400),
        }
    }

    /// Returns the member that has this name on the wire or in the model, with its name in the model.
    pub(super) fn member_called(&self, name: &str) -> Option<(&str, &Member)> {
        let on_the_wire =
            |(_, member): &(&String, &Member)| member.wire_name.as_deref() == Some(name);
        let by_wire_name = self.members.iter().find(on_the_wire);
        by_wire_name
            .or_else(|| self.members.get_key_value(name))
            .map(|(name, member)| (name.as_str(), member))
    }
}
