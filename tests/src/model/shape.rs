//! What a value is made of.

use std::collections::BTreeMap;

use regex::Regex;
use serde::Deserialize;

/// The form of a value.
#[derive(Debug, Deserialize)]
pub struct Shape {
    /// What it is.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// The members of a structure, by the model's names.
    #[serde(default)]
    pub members: BTreeMap<String, Member>,
    /// The members that must be there.
    #[serde(default)]
    pub required: Vec<String>,
    /// What a text may be; nothing: any text.
    #[serde(default, rename = "enum")]
    pub words: Vec<String>,
    /// The least of a number, the fewest characters of a text or entries of a list or map.
    pub min: Option<f64>,
    /// The most of the same.
    pub max: Option<f64>,
    /// What a text must have somewhere.
    pub pattern: Option<Pattern>,
    /// How a timestamp is written, where not as its protocol does by itself.
    #[serde(rename = "timestampFormat")]
    pub timestamp_format: Option<String>,
    /// The entries of a list.
    pub member: Option<Member>,
    /// The names in a map.
    pub key: Option<Member>,
    /// The values in a map.
    pub value: Option<Member>,
    error: Option<ErrorTraits>,
}

/// What there is at all.
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

/// A part of a shape, and how it travels.
#[derive(Debug, Deserialize)]
pub struct Member {
    /// The name of its shape.
    pub shape: String,
    /// Where in a request or an answer it is, if not in the body.
    pub location: Option<Location>,
    /// Its name on the wire, where that is another.
    #[serde(rename = "locationName")]
    pub wire_name: Option<String>,
    /// How this timestamp is written.
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
    /// As it is published.
    pub text: String,
    /// None: it is of a dialect that is not read here.
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
    /// What it is called.
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
    /// The same as an error. Protocols that know no better answer with 400.
    pub(super) fn error(&self, name: &str) -> ErrorShape {
        let code = self.error.as_ref().and_then(|error| error.code.clone());
        let status = self.error.as_ref().and_then(|error| error.http_status_code);
        ErrorShape {
            code: code.unwrap_or_else(|| name.to_owned()),
            status: status.unwrap_or(400),
        }
    }

    /// The member that has this name on the wire or in the model, and what the model calls it.
    pub(super) fn member_called(&self, name: &str) -> Option<(&str, &Member)> {
        let on_the_wire =
            |(_, member): &(&String, &Member)| member.wire_name.as_deref() == Some(name);
        let by_wire_name = self.members.iter().find(on_the_wire);
        by_wire_name
            .or_else(|| self.members.get_key_value(name))
            .map(|(name, member)| (name.as_str(), member))
    }
}
