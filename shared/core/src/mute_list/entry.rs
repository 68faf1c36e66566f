//! Mutes as the customer writes them, and the problems that make them invalid.

use jiff::civil::Date;
use serde::Deserialize;
use wildmatch::WildMatch;

use super::{Mute, TagPattern};
use crate::checks::{self, UnknownCheck};
use crate::resource::ACCOUNT;
use crate::text;

/// The maximum length of a reason, in characters. With the text around it, a reason of this length fits in an
/// annotation of AWS Config (256).
pub const LONGEST_REASON: usize = 200;

/// A mute as the customer writes it. In patterns, `*` stands for any characters and `?` for any single character.
///
/// All fields are optional here, so that an error of [`MuteProblem`] can explain how to write a missing one.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// A check's id, or `*` for every check.
    pub check: Option<String>,
    /// A pattern for the resource's ARN. The ARN of an image is `<repository ARN>/sha256:…`, so the ARN of a repository
    /// followed by `*` covers the images as well.
    pub resource: Option<String>,
    /// A tag: `key=value`, both of which are patterns, or `key` alone for any value. The first `=` separates them. If
    /// `resource` is also given, both must match.
    pub tag: Option<String>,
    /// The reason, which findings repeat.
    pub reason: Option<String>,
    /// The last day (UTC) on which the mute applies, such as `2026-12-31`.
    pub until: Option<String>,
}

/// A problem with a mute, and the way to correct it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MuteProblem {
    /// The mute names no check.
    #[error("it has no check: specify a check's id, or \"*\" for every check")]
    NoCheck,
    /// The mute names a check that does not exist.
    #[error("{0}; \"*\" stands for every check")]
    Check(#[from] UnknownCheck),
    /// The mute names no resources.
    #[error(
        "it has neither resource nor tag: specify an ARN (\"arn:aws:eks:*:*:cluster/test-*\"), a tag (\"env=test\") or both"
    )]
    NoResource,
    /// The resource can match no ARN, most likely since it is a name.
    #[error(
        "its resource {0:?} matches no ARN: use the form arn:partition:service:region:account:resource, or for an account \
         {ACCOUNT}account/region, with * and ? as wildcards"
    )]
    Resource(String),
    /// The tag has no key.
    #[error(
        "its tag {0:?} has no key: use the form \"key=value\", or \"key\" for any value, with * and ? as wildcards"
    )]
    Tag(String),
    /// The mute has no reason.
    #[error("it has no reason: explain in a sentence why failures are acceptable")]
    NoReason,
    /// The reason is too long.
    #[error("its reason has {0} characters: shorten it to {LONGEST_REASON} characters")]
    LongReason(usize),
    /// The mute has no last day.
    #[error("it has no until: specify the last day on which it applies, such as \"2026-12-31\"")]
    NoUntil,
    /// The last day is not a date in the required form.
    #[error(
        "its until {0:?} is not a day: specify the last day on which it applies, such as \"2026-12-31\""
    )]
    Until(String),
}

/// The error for a mute that is not valid and does not apply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("mute {number} is not valid and does not apply: {problem}")]
pub struct MuteError {
    /// The number of the mute, counted from 1.
    pub number: usize,
    /// The problem with the mute.
    pub problem: MuteProblem,
}

impl TryFrom<Entry> for Mute {
    type Error = MuteProblem;

    fn try_from(entry: Entry) -> Result<Self, MuteProblem> {
        let check = match entry.check.as_deref() {
            None | Some("") => return Err(MuteProblem::NoCheck),
            Some("*") => None,
            Some(id) => Some(checks::find(id)?.id),
        };
        let resource = entry.resource.as_deref().map(read_resource).transpose()?;
        let tag = entry.tag.as_deref().map(read_tag).transpose()?;
        if resource.is_none() && tag.is_none() {
            return Err(MuteProblem::NoResource);
        }
        let reason = entry.reason.unwrap_or_default();
        let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
        match reason.chars().count() {
            0 => return Err(MuteProblem::NoReason),
            1..=LONGEST_REASON => {}
            length => return Err(MuteProblem::LongReason(length)),
        }
        Ok(Self {
            check,
            resource,
            tag,
            reason,
            until: read_day(entry.until.as_deref())?,
        })
    }
}

/// Reads the pattern of a resource. A pattern that can match no ARN is an error, since it would mute nothing without
/// any notice.
fn read_resource(text: &str) -> Result<WildMatch, MuteProblem> {
    let begin = text.split(['*', '?']).next().unwrap_or_default();
    let wild = begin.len() < text.len();
    let may_begin = |id: &str| begin.starts_with(id) || (wild && id.starts_with(begin));
    if ["arn:", ACCOUNT].into_iter().any(may_begin) && !text.chars().any(char::is_whitespace) {
        Ok(WildMatch::new(text))
    } else {
        Err(MuteProblem::Resource(cut(text)))
    }
}

fn read_tag(text: &str) -> Result<TagPattern, MuteProblem> {
    let (key, value) = text.split_once('=').unwrap_or((text, "*"));
    if key.trim().is_empty() {
        return Err(MuteProblem::Tag(cut(text)));
    }
    Ok(TagPattern {
        key: WildMatch::new(key),
        value: WildMatch::new(value),
    })
}

/// Reads a day. A time of day is an error, since a mute does not end at an hour.
fn read_day(text: Option<&str>) -> Result<Date, MuteProblem> {
    let text = text
        .filter(|text| !text.is_empty())
        .ok_or(MuteProblem::NoUntil)?;
    text.parse()
        .ok()
        .filter(|day: &Date| day.to_string() == text)
        .ok_or_else(|| MuteProblem::Until(cut(text)))
}

fn cut(text: &str) -> String {
    text::cut(text, 100).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mute_list::tests::{entry, read};

    #[test]
    fn an_invalid_mute_is_reported_and_the_others_apply() {
        let valid = || entry("*", "*", "", "2026-12-31");
        let long = "ä".repeat(LONGEST_REASON + 1);
        for (field, text, expected) in [
            ("check", None, "specify a check's id, or \"*\""),
            ("check", Some(""), "it has no check"),
            ("check", Some("eks-*"), "is not a check; the checks are "),
            ("resource", None, "it has neither resource nor tag"),
            ("resource", Some(""), "resource \"\" matches no ARN"),
            ("resource", Some("payments"), "use the form arn:partition:"),
            ("resource", Some("arn:aws:eks:* "), "matches no ARN"),
            ("resource", Some("aws:eks:*"), "matches no ARN"),
            ("tag", Some(""), "tag \"\" has no key"),
            ("tag", Some("=test"), "use the form \"key=value\""),
            ("reason", None, "it has no reason"),
            ("reason", Some(" \n"), "it has no reason"),
            (
                "reason",
                Some(&long),
                "201 characters: shorten it to 200 characters",
            ),
            ("until", None, "it has no until"),
            ("until", Some(""), "such as \"2026-12-31\""),
            ("until", Some("2026-02-30"), "\"2026-02-30\" is not a day"),
            ("until", Some("31.12.2026"), "such as \"2026-12-31\""),
            ("until", Some("2026-12-31T12:00:00"), "is not a day"),
        ] {
            let mut invalid = valid();
            let value = match field {
                "check" => &mut invalid.check,
                "resource" => &mut invalid.resource,
                "tag" => &mut invalid.tag,
                "reason" => &mut invalid.reason,
                _ => &mut invalid.until,
            };
            *value = text.map(str::to_owned);
            let (list, errors) = read([valid(), invalid, valid()]);
            let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
            assert!(
                matches!(errors.as_slice(), [error]
                    if error.starts_with("mute 2 is not valid and does not apply: ") && error.contains(expected)),
                "{field} {text:?} {errors:?}"
            );
            assert_eq!(list.0.len(), 2, "{field} {text:?}");
        }
    }

    #[test]
    fn reasons_may_be_long_and_are_one_line() {
        for (reason, expected) in [
            ("ä".repeat(LONGEST_REASON), "ä".repeat(LONGEST_REASON)),
            (" Goes\n  away. ".to_owned(), "Goes away.".to_owned()),
        ] {
            let mute = Mute::try_from(Entry {
                reason: Some(reason),
                ..entry("*", "*", "", "2026-12-31")
            });
            assert_eq!(mute.unwrap().reason(), expected);
        }
    }

    #[test]
    fn entries_are_read_from_json() {
        let read = serde_json::from_str::<Entry>;
        assert_eq!(read("{}").unwrap(), Entry::default());
        assert_eq!(
            read(r#"{"check": "*", "resource": "*", "reason": "* ", "until": "2026-12-31"}"#)
                .unwrap(),
            entry("*", "*", "", "2026-12-31")
        );
        assert!(read(r#"{"resources": "*"}"#).is_err());
    }
}
