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
    /// The member that is the whole body of a request or a response, if there is one.
    pub payload: Option<String>,
    /// The shape of a list's entries.
    pub member: Option<Member>,
    /// The shape of a map's keys.
    pub key: Option<Member>,
    /// The shape of a map's values.
    pub value: Option<Member>,
    /// `true` if the entries of this list have no common element in a form or in XML.
    #[serde(default)]
    pub flattened: bool,
    /// `true` if a value has the same form in the model and on the wire: no names differ, and it has no timestamps.
    #[serde(skip)]
    pub is_plain: bool,
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
    /// The place in a request or a response, if it is not the body.
    pub location: Option<Location>,
    /// Its name on the wire, if it differs.
    #[serde(rename = "locationName")]
    pub wire_name: Option<String>,
    /// Its name in a request in the protocol `ec2`, if the name on the wire does not determine it.
    #[serde(rename = "queryName")]
    pub query_name: Option<String>,
    /// `true` if the entries of this list have no common element in a form or in XML.
    #[serde(default)]
    pub flattened: bool,
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
    /// The HTTP status of the response.
    pub status: u16,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ErrorTraits {
    code: Option<String>,
    http_status_code: Option<u16>,
}

impl Member {
    /// Returns the name on the wire of the member that has this name in the model.
    pub fn wire_name<'a>(&'a self, name: &'a str) -> &'a str {
        self.wire_name.as_deref().unwrap_or(name)
    }
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

    /// Returns the minimum and the maximum, as whole numbers that are not negative.
    pub fn bounds(&self) -> (Option<usize>, Option<usize>) {
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a conversion from a float saturates"
        )]
        let whole = |bound: f64| bound as usize;
        (self.min.map(whole), self.max.map(whole))
    }

    /// Returns the member that has this name in the model or on the wire, with its name in the model.
    pub fn member_called(&self, name: &str) -> Option<(&str, &Member)> {
        let has_wire_name =
            |(_, member): &(&String, &Member)| member.wire_name.as_deref() == Some(name);
        self.members
            .get_key_value(name)
            .or_else(|| self.members.iter().find(has_wire_name))
            .map(|(name, member)| (name.as_str(), member))
    }

    /// Returns `true` if a value differs between the model and the wire, given whether one of a part's shape does.
    pub(super) fn is_converted(&self, is_part_converted: impl Fn(&Member) -> bool) -> bool {
        let is_renamed = |(name, member): (&String, &Member)| member.wire_name(name) != name;
        let parts = [&self.member, &self.value].into_iter().flatten();
        self.kind == Kind::Timestamp
            || self.members.iter().any(is_renamed)
            || parts.chain(self.members.values()).any(is_part_converted)
    }
}
