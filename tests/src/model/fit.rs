//! Validates values against their shapes.

use std::ops::RangeInclusive;

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::{
    Model, Protocol,
    shape::{Kind, Member, Shape},
};

/// Returns the problems of a value as this shape.
pub(super) fn problems(model: &Model, shape: &str, value: &Value) -> Vec<String> {
    let mut check = Check {
        model,
        problems: Vec::new(),
    };
    let part = Part {
        shape,
        is_text: model.sends_text(),
        timestamp_format: None,
    };
    check.value(shape, part, value);
    check.problems
}

impl Model {
    /// Returns `true` if requests are forms, in which every value is a text.
    fn sends_text(&self) -> bool {
        matches!(self.protocol, Protocol::Ec2 | Protocol::Query)
    }
}

/// The range of the models' integers, which have 32 bits.
const WHOLE: RangeInclusive<f64> = -2_147_483_648.0..=2_147_483_647.0;

struct Check<'a> {
    model: &'a Model,
    problems: Vec<String>,
}

/// A shape in the place where it is used.
#[derive(Clone, Copy)]
struct Part<'a> {
    shape: &'a str,
    /// `true` if the value is sent as text, whatever its type.
    is_text: bool,
    timestamp_format: Option<&'a str>,
}

impl<'a> Check<'a> {
    fn value(&mut self, path: &str, part: Part<'a>, value: &Value) {
        let Some(shape) = self.model.shapes.get(part.shape) else {
            return self.add(path, &format!("is of {}, which is not a shape", part.shape));
        };
        match (shape.kind, value) {
            (Kind::Structure, Value::Object(members)) => self.structure(path, shape, members),
            (Kind::Map, Value::Object(entries)) => self.map(path, part, shape, entries),
            (Kind::List, Value::Array(entries)) => self.list(path, part, shape, entries),
            (Kind::String, Value::String(text)) => self.text(path, shape, text),
            (Kind::Boolean, Value::Bool(_)) | (Kind::Blob, Value::String(_)) => {}
            (Kind::Boolean, Value::String(text))
                if part.is_text && ["true", "false"].contains(&text.as_str()) => {}
            (Kind::Timestamp, value) if is_moment(part, shape, value) => {}
            (Kind::Integer | Kind::Long | Kind::Float | Kind::Double, value) => {
                self.number(path, part, shape, value);
            }
            (kind, value) => self.add(path, &format!("is {}, not {kind:?}", brief(value))),
        }
    }

    fn structure(&mut self, path: &str, shape: &'a Shape, members: &Map<String, Value>) {
        let mut there = Vec::new();
        for (name, value) in members {
            let path = format!("{path}.{name}");
            match shape.member_called(name) {
                Some((known, member)) => {
                    there.push(known);
                    let part = self.part(member);
                    self.value(&path, part, value);
                }
                None => self.add(&path, "is not a member"),
            }
        }
        for name in &shape.required {
            if !there.contains(&name.as_str()) {
                self.add(path, &format!("lacks {name}"));
            }
        }
    }

    fn map(&mut self, path: &str, part: Part<'a>, shape: &'a Shape, entries: &Map<String, Value>) {
        self.size(path, shape, entries.len(), "entries");
        for (name, value) in entries {
            if let Some(key) = &shape.key {
                let key = self.inside(part, key);
                self.value(&format!("{path} key"), key, &Value::from(name.as_str()));
            }
            if let Some(member) = &shape.value {
                let member = self.inside(part, member);
                self.value(&format!("{path}[{name:?}]"), member, value);
            }
        }
    }

    fn list(&mut self, path: &str, part: Part<'a>, shape: &'a Shape, entries: &[Value]) {
        self.size(path, shape, entries.len(), "entries");
        let Some(member) = &shape.member else { return };
        let member = self.inside(part, member);
        for (number, entry) in entries.iter().enumerate() {
            self.value(&format!("{path}[{number}]"), member, entry);
        }
    }

    fn text(&mut self, path: &str, shape: &Shape, text: &str) {
        self.size(path, shape, text.chars().count(), "characters");
        if !shape.words.is_empty() && !shape.words.iter().any(|word| word == text) {
            self.add(
                path,
                &format!("is {text:?}, none of {}", shape.words.join(", ")),
            );
        }
        if let Some(pattern) = &shape.pattern
            && let Some(read) = &pattern.read
            && !read.is_match(text)
        {
            let problem = format!("is {text:?}, which {} does not match", pattern.text);
            self.add(path, &problem);
        }
    }

    fn number(&mut self, path: &str, part: Part<'a>, shape: &Shape, value: &Value) {
        let text = value.as_str().filter(|_| part.is_text);
        let number = match text {
            Some(text) => text.parse().ok(),
            None => value.as_f64(),
        };
        let fits = |number: &f64| match shape.kind {
            Kind::Integer => number.fract() == 0.0 && WHOLE.contains(number),
            Kind::Long => number.fract() == 0.0,
            _ => number.is_finite(),
        };
        match number.filter(fits) {
            None => self.add(path, &format!("is {}, not {:?}", brief(value), shape.kind)),
            Some(number) => self.range(path, shape, number, &format!("is {number}")),
        }
    }

    fn size(&mut self, path: &str, shape: &Shape, size: usize, unit: &str) {
        #[expect(
            clippy::cast_precision_loss,
            reason = "no text or list here is so long"
        )]
        self.range(path, shape, size as f64, &format!("has {size} {unit}"));
    }

    fn range(&mut self, path: &str, shape: &Shape, size: f64, said: &str) {
        if shape.min.is_some_and(|least| size < least) || shape.max.is_some_and(|most| size > most)
        {
            let (least, most) = (bound(shape.min), bound(shape.max));
            let problem = format!("{said}, where {least} to {most} may be");
            self.add(path, &problem);
        }
    }

    /// Returns the form in which a member of a structure is sent.
    fn part(&self, member: &'a Member) -> Part<'a> {
        Part {
            shape: &member.shape,
            is_text: self.model.sends_text() || member.location.is_some(),
            timestamp_format: self.model.timestamp_format(member),
        }
    }

    /// Returns the form in which the contents of a list or a map are sent: that of the whole.
    fn inside(&self, whole: Part<'a>, member: &'a Member) -> Part<'a> {
        Part {
            shape: &member.shape,
            timestamp_format: self.model.timestamp_format(member),
            ..whole
        }
    }

    fn add(&mut self, path: &str, problem: &str) {
        self.problems.push(format!("{path} {problem}"));
    }
}

/// Returns `true` if a value is a timestamp in its format. Timestamps in JSON are seconds since 1970 unless the model
/// states another format; those sent as text are RFC 3339.
fn is_moment(part: Part<'_>, shape: &Shape, value: &Value) -> bool {
    let format = part.timestamp_format.or(shape.timestamp_format.as_deref());
    let in_seconds = format.map_or(!part.is_text, |format| format == "unixTimestamp");
    match value {
        Value::Number(_) => in_seconds,
        Value::String(text) => {
            !in_seconds && (format == Some("rfc822") || text.parse::<Timestamp>().is_ok())
        }
        _ => false,
    }
}

fn bound(bound: Option<f64>) -> String {
    bound.map_or_else(|| "any".to_owned(), |bound| bound.to_string())
}

/// Returns a value as text, cut after 60 characters.
fn brief(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
