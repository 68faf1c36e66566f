//! The customer's exceptions: the failures that do not count, the reasons, and the dates on which the exceptions end.
//!
//! Every exception ends, since a failure that was once accepted for good reasons must be reviewed again.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Deserialize;
use wildmatch::WildMatch;

use crate::check::Check;
use crate::checks::{self, UnknownCheck};
use crate::resource::{ACCOUNT, Resource};

/// The maximum length of a reason, in characters. With the text around it, a reason of this length fits in an
/// annotation of AWS Config (256).
pub const LONGEST_REASON: usize = 200;

/// An exception as the customer writes it. In patterns, `*` stands for any characters and `?` for any single character.
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
    /// The last day (UTC) on which the exception applies, such as `2026-12-31`.
    pub until: Option<String>,
}

/// An exception: until a day, the failures of these checks for these resources do not count.
#[derive(Debug, Clone, PartialEq)]
pub struct Mute {
    /// The id of the check; `None` stands for every check.
    check: Option<&'static str>,
    resource: Option<WildMatch>,
    tag: Option<TagPattern>,
    reason: String,
    until: Date,
}

#[derive(Debug, Clone, PartialEq)]
struct TagPattern {
    key: WildMatch,
    value: WildMatch,
}

/// A problem with an exception, and the way to correct it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MuteProblem {
    /// The exception names no check.
    #[error("it has no check: specify a check's id, or \"*\" for every check")]
    NoCheck,
    /// The exception names a check that does not exist.
    #[error("{0}; \"*\" stands for every check")]
    Check(#[from] UnknownCheck),
    /// The exception names no resources.
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
    /// The exception has no reason.
    #[error("it has no reason: explain in a sentence why failures are acceptable")]
    NoReason,
    /// The reason is too long.
    #[error("its reason has {0} characters: shorten it to {LONGEST_REASON} characters")]
    LongReason(usize),
    /// The exception has no last day.
    #[error("it has no until: specify the last day on which it applies, such as \"2026-12-31\"")]
    NoUntil,
    /// The last day is not a date in the required form.
    #[error(
        "its until {0:?} is not a day: specify the last day on which it applies, such as \"2026-12-31\""
    )]
    Until(String),
}

/// The error for an exception that is not valid and does not apply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("exception {number} is not valid and does not apply: {problem}")]
pub struct MuteError {
    /// The number of the exception, counted from 1.
    pub number: usize,
    /// The problem with the exception.
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

/// Reads a day. A time of day is an error, since an exception does not end at an hour.
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
    text.chars().take(100).collect()
}

impl Mute {
    /// Returns the reason why failures do not count.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Returns the last day (UTC) on which failures do not count.
    pub fn until(&self) -> Date {
        self.until
    }

    /// Returns `true` if the exception has not ended and covers the check and the resource, regardless of tags.
    fn matches_except_for_tag(&self, check: &Check, resource: &Resource, at: Timestamp) -> bool {
        TimeZone::UTC.to_datetime(at).date() <= self.until
            && self.check.is_none_or(|id| id == check.id)
            && self
                .resource
                .as_ref()
                .is_none_or(|pattern| pattern.matches(resource.id()))
    }

    fn matches_tags(&self, tags: &[(String, String)]) -> bool {
        self.tag.as_ref().is_none_or(|tag| {
            tags.iter()
                .any(|(key, value)| tag.key.matches(key) && tag.value.matches(value))
        })
    }
}

/// All exceptions, in the customer's order. The default list is empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MuteList(Vec<Mute>);

impl FromIterator<Mute> for MuteList {
    fn from_iter<I: IntoIterator<Item = Mute>>(mutes: I) -> Self {
        Self(mutes.into_iter().collect())
    }
}

impl MuteList {
    /// Returns the first exception that has not ended and covers the check and a resource with these tags.
    pub fn find(
        &self,
        check: &Check,
        resource: &Resource,
        tags: &[(String, String)],
        at: Timestamp,
    ) -> Option<&Mute> {
        self.0.iter().find(|mute| {
            mute.matches_except_for_tag(check, resource, at) && mute.matches_tags(tags)
        })
    }

    /// Returns `true` if the resource's tags decide whether an exception applies. For most resources, reading the tags
    /// costs a call, so they are read only if an exception by tag may apply and none without a tag applies.
    pub fn needs_tags(&self, check: &Check, resource: &Resource, at: Timestamp) -> bool {
        let mut by_tag = false;
        for mute in &self.0 {
            if mute.matches_except_for_tag(check, resource, at) {
                if mute.tag.is_none() {
                    return false;
                }
                by_tag = true;
            }
        }
        by_tag
    }

    /// Returns `true` if there is no exception.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the valid exceptions, and the errors of the others.
    fn read(entries: impl IntoIterator<Item = Entry>) -> (MuteList, Vec<MuteError>) {
        let (mut mutes, mut errors) = (Vec::new(), Vec::new());
        for (number, entry) in (1..).zip(entries) {
            match Mute::try_from(entry) {
                Ok(mute) => mutes.push(mute),
                Err(problem) => errors.push(MuteError { number, problem }),
            }
        }
        (mutes.into_iter().collect(), errors)
    }

    const CLUSTER: &str = "arn:aws:eks:eu-central-1:111122223333:cluster/payments";
    const IMAGE: &str = "arn:aws:ecr:eu-central-1:111122223333:repository/cards/api/sha256:0a1b";
    const PRIVATE: &str = "eks-endpoint-private";
    const SCAN: &str = "ecr-image-scan-findings";
    const NOW: &str = "2026-06-01T12:00:00Z";

    /// Returns an exception. An empty resource or tag is left out.
    fn entry(check: &str, resource: &str, tag: &str, until: &str) -> Entry {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        Entry {
            check: given(check),
            resource: given(resource),
            tag: given(tag),
            reason: Some(format!("{resource} {tag}")),
            until: given(until),
        }
    }

    fn list(entries: impl IntoIterator<Item = Entry>) -> MuteList {
        let (list, errors) = read(entries);
        assert_eq!(errors, []);
        list
    }

    fn find<'a>(
        list: &'a MuteList,
        check: &str,
        arn: &str,
        tags: &[(&str, &str)],
        at: &str,
    ) -> Option<&'a str> {
        let tags: Vec<(String, String)> = tags
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect();
        let (check, resource) = (checks::find(check).unwrap(), Resource::parse(arn).unwrap());
        list.find(check, &resource, &tags, at.parse().unwrap())
            .map(Mute::reason)
    }

    fn needs_tags(list: &MuteList, check: &str, arn: &str) -> bool {
        let (check, resource) = (checks::find(check).unwrap(), Resource::parse(arn).unwrap());
        list.needs_tags(check, &resource, NOW.parse().unwrap())
    }

    #[test]
    fn check_and_resource_must_match() {
        for (check, pattern, expected) in [
            (PRIVATE, "*", true),
            (PRIVATE, CLUSTER, true),
            (PRIVATE, "arn:aws:eks:*:cluster/pay*", true),
            ("*", "*:cluster/payment?", true),
            ("*", "*:cluster/pay", false),
            ("*", "*:cluster/Payments", false),
            ("*", "arn:aws:eks:eu-central-1:*/cards", false),
            ("eks-control-plane-logging", "*", false),
        ] {
            let list = list([entry(check, pattern, "", "2026-12-31")]);
            let found = find(&list, PRIVATE, CLUSTER, &[], NOW);
            assert_eq!(found.is_some(), expected, "{check} {pattern}");
        }
    }

    #[test]
    fn images_are_named_by_digest() {
        for (pattern, expected) in [
            (IMAGE, true),
            ("*:repository/cards/*", true),
            ("*:repository/cards/api/*", true),
            ("*/sha256:0a1b", true),
            ("*:repository/cards/api", false),
        ] {
            let list = list([entry("*", pattern, "", "2026-12-31")]);
            let found = find(&list, SCAN, IMAGE, &[], NOW);
            assert_eq!(found.is_some(), expected, "{pattern}");
        }
    }

    #[test]
    fn a_tag_must_match_in_addition_to_the_resource() {
        let env = &[("team", "cards"), ("env", "test")][..];
        for (resource, tag, tags, expected) in [
            ("", "env=test", env, true),
            ("", "e*=t?st", env, true),
            ("", "env", env, true),
            ("", "env=cards", env, false),
            ("", "Env=test", env, false),
            ("", "env=", env, false),
            ("", "env=test", &[], false),
            ("", "*", &[], false),
            ("", "env=", &[("env", "")], true),
            ("", "env=a=b", &[("env", "a=b")], true),
            ("*:cluster/pay*", "env=test", env, true),
            ("*:cluster/pay*", "env=test", &[], false),
            ("*:cluster/cards", "env=test", env, false),
        ] {
            let list = list([entry("*", resource, tag, "2026-12-31")]);
            let found = find(&list, PRIVATE, CLUSTER, tags, NOW);
            assert_eq!(found.is_some(), expected, "{resource} {tag} {tags:?}");
        }
    }

    #[test]
    fn an_exception_applies_until_the_end_of_its_last_day() {
        let list = list([entry("*", "*", "", "2026-12-31")]);
        for (at, expected) in [
            ("2020-01-01T00:00:00Z", true),
            ("2026-12-31T00:00:00Z", true),
            ("2026-12-31T23:59:59.999Z", true),
            ("2026-12-31T23:59:59-01:00", false),
            ("2027-01-01T00:00:00Z", false),
            ("2027-01-01T00:00:00+01:00", true),
        ] {
            let found = find(&list, PRIVATE, CLUSTER, &[], at);
            assert_eq!(found.is_some(), expected, "{at}");
        }
    }

    #[test]
    fn the_first_exception_that_applies_is_found() {
        let list = list([
            entry("*", "arn:*", "", "2026-05-31"),
            entry("*", "", "env=test", "2026-06-01"),
            entry("*", "*:cluster/*", "", "2026-06-01"),
            entry("*", "*", "", "2026-06-01"),
        ]);
        for (tags, expected) in [(&[][..], "*:cluster/*"), (&[("env", "test")], "env=test")] {
            let found = find(&list, PRIVATE, CLUSTER, tags, NOW);
            assert_eq!(found.map(str::trim), Some(expected));
        }
    }

    #[test]
    fn tags_are_needed_only_if_they_decide() {
        let tagged = || entry("*", "", "env=test", "2026-12-31");
        for (entries, expected) in [
            (vec![], false),
            (vec![tagged()], true),
            (vec![entry("*", "*", "", "2026-12-31")], false),
            // These exceptions are by tag, but have ended, or cover another resource or check.
            (vec![entry("*", "", "env", "2026-05-31")], false),
            (vec![entry("*", "*:cluster/a", "env", "2026-12-31")], false),
            (vec![entry(SCAN, "", "env", "2026-12-31")], false),
            // Another exception applies regardless of tags.
            (vec![tagged(), entry("*", "*", "", "2026-12-31")], false),
            (vec![entry("*", "*", "", "2026-12-31"), tagged()], false),
            // Another exception would apply, but has ended or covers another check.
            (vec![tagged(), entry("*", "*", "", "2026-05-31")], true),
            (vec![tagged(), entry(SCAN, "*", "", "2026-12-31")], true),
        ] {
            let list = list(entries);
            assert_eq!(needs_tags(&list, PRIVATE, CLUSTER), expected, "{list:?}");
        }
    }

    #[test]
    fn an_invalid_exception_is_reported_and_the_others_apply() {
        let valid = || entry("*", "*", "", "2026-12-31");
        let long = "ä".repeat(LONGEST_REASON + 1);
        for (field, text, expected) in [
            ("check", None, "specify a check's id, or \"*\""),
            ("check", Some(""), "it has no check"),
            ("check", Some("eks-*"), "the checks are config-records-"),
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
                    if error.starts_with("exception 2 is not valid and does not apply: ") && error.contains(expected)),
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

    #[test]
    fn the_default_mutes_nothing() {
        let list = MuteList::default();
        assert!(list.is_empty());
        assert_eq!(find(&list, PRIVATE, CLUSTER, &[], NOW), None);
        let one: MuteList = [Mute::try_from(entry("*", "*", "", "2026-12-31")).unwrap()]
            .into_iter()
            .collect();
        assert!(!one.is_empty());
    }
}
