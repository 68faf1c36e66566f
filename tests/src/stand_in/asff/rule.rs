//! The rules for the values in a finding.

use serde_json::Value;

use super::moment;
use Rule::{
    AccountId, FindingType, Flag, List, Moment, Number, Object, OneOf, Pairs, Percent, Text,
};

/// The rule that a value must follow.
pub(super) enum Rule {
    /// Text of 1 to this many characters, not only whitespace.
    Text(usize),
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// Twelve digits.
    AccountId,
    /// `namespace/category/classifier`.
    FindingType,
    /// An RFC 3339 timestamp.
    Moment,
    Flag,
    Number,
    /// A whole number from 0 to 100.
    Percent,
    /// A list with a minimum and a maximum number of items, all of which follow one rule.
    List(usize, usize, &'static Rule),
    /// A map from text to text, with limits on the number of pairs and on the characters of keys and values.
    Pairs {
        most: usize,
        key: usize,
        value: usize,
    },
    /// An object with these members and no others. Those marked as required must be present.
    Object(&'static [(&'static str, Presence, Rule)]),
}

#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Presence {
    Required,
    Optional,
}

const NAMESPACES: [&str; 5] = [
    "Software and Configuration Checks",
    "TTPs",
    "Effects",
    "Unusual Behaviors",
    "Sensitive Data Identifications",
];

impl Rule {
    pub(super) fn check(&self, path: &str, value: &Value, problems: &mut Vec<String>) {
        match self {
            List(least, most, item) => check_list(path, value, (*least, *most), item, problems),
            Pairs {
                most,
                key,
                value: longest,
            } => check_pairs(path, value, *most, (*key, *longest), problems),
            Object(members) => check_object(path, value, members, problems),
            single => problems.extend(
                single
                    .problem(value)
                    .map(|problem| format!("{path} {problem}")),
            ),
        }
    }

    /// Returns the problem of a value that contains no other values.
    fn problem(&self, value: &Value) -> Option<String> {
        let fits = match self {
            Text(most) => return text_problem(value, *most),
            OneOf(allowed) => value.as_str().is_some_and(|text| allowed.contains(&text)),
            AccountId => value
                .as_str()
                .is_some_and(|id| id.len() == 12 && id.bytes().all(|byte| byte.is_ascii_digit())),
            FindingType => value.as_str().is_some_and(is_finding_type),
            Moment => value.as_str().is_some_and(|text| moment(text).is_some()),
            Flag => value.is_boolean(),
            Number => value.is_number(),
            Percent => value.as_u64().is_some_and(|number| number <= 100),
            List(..) | Pairs { .. } | Object(_) => true,
        };
        (!fits).then(|| format!("is {value}, not {}", self.wanted()))
    }

    fn wanted(&self) -> String {
        match self {
            OneOf(allowed) => format!("one of {}", allowed.join(", ")),
            AccountId => "twelve digits".to_owned(),
            FindingType => "namespace/category/classifier in a known namespace".to_owned(),
            Moment => "an RFC 3339 timestamp".to_owned(),
            Flag => "true or false".to_owned(),
            Number => "a number".to_owned(),
            Percent => "a whole number from 0 to 100".to_owned(),
            Text(_) => "text".to_owned(),
            List(..) => "a list".to_owned(),
            Pairs { .. } | Object(_) => "an object".to_owned(),
        }
    }
}

fn text_problem(value: &Value, most: usize) -> Option<String> {
    let Some(text) = value.as_str() else {
        return Some(format!("is {value}, not text"));
    };
    if text.trim().is_empty() {
        return Some("is empty".to_owned());
    }
    let length = text.chars().count();
    (length > most).then(|| format!("has {length} characters, {most} are allowed"))
}

fn is_finding_type(text: &str) -> bool {
    let parts: Vec<&str> = text.split('/').collect();
    parts.len() <= 3
        && NAMESPACES.contains(&parts[0])
        && parts.iter().all(|part| !part.trim().is_empty())
}

fn check_list(
    path: &str,
    value: &Value,
    (least, most): (usize, usize),
    item: &Rule,
    problems: &mut Vec<String>,
) {
    let Some(items) = value.as_array() else {
        return problems.push(format!("{path} is {value}, not a list"));
    };
    if items.len() < least || items.len() > most {
        problems.push(format!(
            "{path} has {} items, {least} to {most} are allowed",
            items.len()
        ));
    }
    for (index, member) in items.iter().enumerate() {
        item.check(&format!("{path}[{index}]"), member, problems);
    }
}

fn check_pairs(
    path: &str,
    value: &Value,
    most: usize,
    (key, longest): (usize, usize),
    problems: &mut Vec<String>,
) {
    let Some(members) = value.as_object() else {
        return problems.push(format!("{path} is {value}, not a map"));
    };
    if members.len() > most {
        problems.push(format!(
            "{path} has {} pairs, {most} are allowed",
            members.len()
        ));
    }
    for (name, member) in members {
        let name_problem = text_problem(&name.as_str().into(), key);
        problems.extend(
            name_problem.map(|problem| format!("{path} has a key that {problem}: {name:?}")),
        );
        problems.extend(
            text_problem(member, longest).map(|problem| format!("{path}.{name} {problem}")),
        );
    }
}

fn check_object(
    path: &str,
    value: &Value,
    known: &[(&str, Presence, Rule)],
    problems: &mut Vec<String>,
) {
    let Some(members) = value.as_object() else {
        return problems.push(format!("{path} is {value}, not an object"));
    };
    for (name, need, _) in known {
        if *need == Presence::Required && !members.contains_key(*name) {
            problems.push(format!("{path}.{name} is missing"));
        }
    }
    for (name, member) in members {
        match known.iter().find(|(own, ..)| own == name) {
            Some((_, _, rule)) => rule.check(&format!("{path}.{name}"), member, problems),
            None => problems.push(format!("{path}.{name} is not a member of the format")),
        }
    }
}
