//! The customer's mutes: the failures that do not count, the reasons, and the dates on which the mutes end.
//!
//! Every mute ends, since a failure that was once accepted for good reasons must be reviewed again.

mod entry;

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use wildmatch::WildMatch;

use crate::check::Check;
use crate::resource::Resource;

pub use entry::{Entry, LONGEST_REASON, MuteError, MuteProblem};

/// A mute: until a day, the failures of these checks for these resources do not count.
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

impl Mute {
    /// Returns the reason why failures do not count.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Returns the last day (UTC) on which failures do not count.
    pub fn until(&self) -> Date {
        self.until
    }

    /// Returns `true` if the mute has not ended and covers the check and the resource, regardless of tags.
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

/// All mutes, in the customer's order. The default list is empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MuteList(Vec<Mute>);

impl FromIterator<Mute> for MuteList {
    fn from_iter<I: IntoIterator<Item = Mute>>(mutes: I) -> Self {
        Self(mutes.into_iter().collect())
    }
}

impl MuteList {
    /// Returns the first mute that has not ended and covers the check and a resource with these tags.
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

    /// Returns `true` if the resource's tags decide whether a mute applies. For most resources, reading the tags
    /// costs a call, so they are read only if a mute by tag may apply and none without a tag applies.
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

    /// Returns `true` if there is no mute.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks;

    /// Returns the valid mutes, and the errors of the others.
    pub(super) fn read(entries: impl IntoIterator<Item = Entry>) -> (MuteList, Vec<MuteError>) {
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

    /// Returns a mute. An empty resource or tag is left out.
    pub(super) fn entry(check: &str, resource: &str, tag: &str, until: &str) -> Entry {
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
    fn a_mute_applies_until_the_end_of_its_last_day() {
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
    fn the_first_mute_that_applies_is_found() {
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
            // These mutes are by tag, but have ended, or cover another resource or check.
            (vec![entry("*", "", "env", "2026-05-31")], false),
            (vec![entry("*", "*:cluster/a", "env", "2026-12-31")], false),
            (vec![entry(SCAN, "", "env", "2026-12-31")], false),
            // Another mute applies regardless of tags.
            (vec![tagged(), entry("*", "*", "", "2026-12-31")], false),
            (vec![entry("*", "*", "", "2026-12-31"), tagged()], false),
            // Another mute would apply, but has ended or covers another check.
            (vec![tagged(), entry("*", "*", "", "2026-05-31")], true),
            (vec![tagged(), entry(SCAN, "*", "", "2026-12-31")], true),
        ] {
            let list = list(entries);
            assert_eq!(needs_tags(&list, PRIVATE, CLUSTER), expected, "{list:?}");
        }
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
