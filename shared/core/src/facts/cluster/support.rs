//! The support of Kubernetes versions by Amazon EKS.
//!
//! Source: <https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html>.

use jiff::civil::Date;

use super::KubernetesVersion;
use crate::facts::{Fact, List, Unread};
use crate::reason_code::ReasonCode;

/// The kinds of support.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SupportStatus {
    /// Standard support.
    Standard,
    /// Extended support, which costs more.
    Extended,
    /// No support.
    Unsupported,
}

impl SupportStatus {
    /// Reads the status from the members `versionStatus` and `status` of a version; the latter is the older form.
    /// Returns `None` if neither has a known value.
    pub fn read(version_status: Option<&str>, status: Option<&str>) -> Option<Self> {
        let read = |text: &str| match text.to_ascii_lowercase().replace('_', "-").as_str() {
            "standard-support" => Some(Self::Standard),
            "extended-support" => Some(Self::Extended),
            "unsupported" => Some(Self::Unsupported),
            _ => None,
        };
        version_status
            .and_then(read)
            .or_else(|| status.and_then(read))
    }
}

/// The last day of a kind of support.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EndOfSupport {
    /// The day.
    pub date: Date,
    /// The number of days until then; negative if the day is past.
    pub days_left: i64,
}

impl EndOfSupport {
    /// Returns `true` if the day is past.
    pub const fn is_past(&self) -> bool {
        self.days_left < 0
    }
}

/// A Kubernetes version that EKS lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedVersion {
    /// The version.
    pub version: KubernetesVersion,
    /// `true` if the entry is about local clusters on AWS Outposts.
    pub on_outpost: bool,
    /// The status; `None` if the entry has none that is known.
    pub status: Option<SupportStatus>,
    /// The end of standard support.
    pub end_of_standard: Option<EndOfSupport>,
    /// The end of extended support.
    pub end_of_extended: Option<EndOfSupport>,
}

impl ListedVersion {
    /// Returns `true` if EKS still supports the version, in standard or extended support; `None` if neither the status
    /// nor the dates tell.
    pub fn is_supported(&self) -> Option<bool> {
        let has_ended = |end: Option<EndOfSupport>| end.map(|end| end.is_past());
        let ends = [self.end_of_standard, self.end_of_extended].map(has_ended);
        if self.status == Some(SupportStatus::Unsupported) || ends[1] == Some(true) {
            return Some(false);
        }
        (self.status.is_some() || ends.contains(&Some(false))).then_some(true)
    }
}

/// The support of one version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersionSupport {
    /// EKS lists the version.
    Listed(ListedVersion),
    /// EKS lists only newer versions.
    OlderThanAll,
    /// EKS does not list the version, although it lists an older one.
    NotListed,
}

impl VersionSupport {
    /// Returns the support of a version according to the list of all versions. For a local cluster, the entry about
    /// local clusters counts if there is one.
    pub fn of(
        version: KubernetesVersion,
        on_outpost: bool,
        all: &List<ListedVersion>,
    ) -> Fact<Self> {
        let entries = || all.items.iter().filter(|listed| listed.version == version);
        let own = entries().find(|listed| listed.on_outpost == on_outpost);
        if let Some(listed) = own.or_else(|| entries().next()) {
            return Ok(Self::Listed(listed.clone()));
        }
        if let Some(missing) = &all.missing {
            return Err(missing.clone());
        }
        match all.items.iter().map(|listed| listed.version).min() {
            None => Err(Unread {
                code: ReasonCode::NoList,
                text:
                    "eks:DescribeClusterVersions returned no versions. The next evaluation tries again."
                        .to_owned(),
            }),
            Some(oldest) if version < oldest => Ok(Self::OlderThanAll),
            Some(_) => Ok(Self::NotListed),
        }
    }
}

/// The kind of support that a cluster's upgrade policy selects for the time after standard support.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UpgradePolicy {
    /// At the end of standard support, EKS upgrades the control plane.
    Standard,
    /// At the end of standard support, extended support begins. This is the default.
    Extended,
}

impl UpgradePolicy {
    /// Reads the policy from the member `supportType`.
    pub fn read(support_type: Option<&str>) -> Self {
        match support_type {
            Some("STANDARD") => Self::Standard,
            _ => Self::Extended,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::unread;

    fn listed(version: &str, on_outpost: bool) -> ListedVersion {
        ListedVersion {
            version: version.parse().unwrap(),
            on_outpost,
            status: Some(SupportStatus::Standard),
            end_of_standard: None,
            end_of_extended: None,
        }
    }

    #[test]
    fn the_newer_form_of_the_status_counts_first() {
        use SupportStatus::{Extended, Standard, Unsupported};
        for (newer, older, expected) in [
            (Some("STANDARD_SUPPORT"), None, Some(Standard)),
            (
                Some("EXTENDED_SUPPORT"),
                Some("standard-support"),
                Some(Extended),
            ),
            (Some("UNSUPPORTED"), None, Some(Unsupported)),
            (None, Some("extended-support"), Some(Extended)),
            (Some("LONG_TERM"), Some("unsupported"), Some(Unsupported)),
            (Some(""), None, None),
            (None, None, None),
        ] {
            assert_eq!(
                SupportStatus::read(newer, older),
                expected,
                "{newer:?} {older:?}"
            );
        }
    }

    #[test]
    fn support_ends_after_its_last_day() {
        let date = "2026-11-28".parse().unwrap();
        for (days_left, is_past) in [(-1, true), (0, false), (1, false)] {
            assert_eq!(
                EndOfSupport { date, days_left }.is_past(),
                is_past,
                "{days_left}"
            );
        }
    }

    #[test]
    fn a_version_is_supported_until_the_end_of_extended_support() {
        use SupportStatus::{Extended, Standard, Unsupported};
        let end = |days_left| EndOfSupport {
            date: "2026-11-28".parse().unwrap(),
            days_left,
        };
        for (status, standard, extended, expected) in [
            (Some(Standard), None, None, Some(true)),
            (Some(Standard), Some(-1), None, Some(true)),
            (Some(Standard), Some(-400), Some(-1), Some(false)),
            (Some(Extended), Some(-1), Some(0), Some(true)),
            (Some(Extended), Some(-400), Some(-1), Some(false)),
            (Some(Unsupported), Some(100), Some(100), Some(false)),
            (None, Some(0), None, Some(true)),
            (None, Some(-1), Some(0), Some(true)),
            (None, None, Some(0), Some(true)),
            (None, None, Some(-1), Some(false)),
            (None, Some(-1), None, None),
            (None, None, None, None),
        ] {
            let version = ListedVersion {
                status,
                end_of_standard: standard.map(end),
                end_of_extended: extended.map(end),
                ..listed("1.33", false)
            };
            assert_eq!(version.is_supported(), expected, "{version:?}");
        }
    }

    #[test]
    fn extended_support_is_the_default_of_the_upgrade_policy() {
        for (support_type, expected) in [
            (Some("STANDARD"), UpgradePolicy::Standard),
            (Some("EXTENDED"), UpgradePolicy::Extended),
            (Some("LATEST"), UpgradePolicy::Extended),
            (None, UpgradePolicy::Extended),
        ] {
            assert_eq!(
                UpgradePolicy::read(support_type),
                expected,
                "{support_type:?}"
            );
        }
    }

    #[test]
    fn a_version_is_found_in_the_list_or_compared_with_it() {
        let all = List::complete(vec![
            listed("1.30", false),
            listed("1.31", false),
            listed("1.31", true),
            listed("1.33", false),
        ]);
        for (version, on_outpost, expected) in [
            ("1.30", false, VersionSupport::Listed(listed("1.30", false))),
            ("1.30", true, VersionSupport::Listed(listed("1.30", false))),
            ("1.31", true, VersionSupport::Listed(listed("1.31", true))),
            ("1.31", false, VersionSupport::Listed(listed("1.31", false))),
            ("1.9", false, VersionSupport::OlderThanAll),
            ("1.32", false, VersionSupport::NotListed),
            ("1.34", false, VersionSupport::NotListed),
        ] {
            let support = VersionSupport::of(version.parse().unwrap(), on_outpost, &all);
            assert_eq!(support, Ok(expected), "{version} {on_outpost}");
        }
    }

    #[test]
    fn an_incomplete_list_decides_only_about_the_versions_in_it() {
        let part = List {
            items: vec![listed("1.33", false)],
            missing: Some(unread()),
        };
        let of = |version: &str| VersionSupport::of(version.parse().unwrap(), false, &part);
        assert!(matches!(of("1.33"), Ok(VersionSupport::Listed(_))));
        assert_eq!(of("1.20"), Err(unread()));
        let none = VersionSupport::of("1.33".parse().unwrap(), false, &List::complete(Vec::new()));
        assert_eq!(none.unwrap_err().code, ReasonCode::NoList);
    }
}
