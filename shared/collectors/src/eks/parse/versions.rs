//! The Kubernetes versions that EKS lists.

use aws_sdk_eks::types::{ClusterVersionInformation, ClusterVersionStatus, VersionStatus};
use aws_smithy_types::DateTime;
use eksentry_core::facts::cluster::{EndOfSupport, ListedVersion, SupportStatus};
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::timestamp;

pub(super) const SECONDS_A_DAY: i64 = 24 * 60 * 60;

/// Returns the facts in the description of a version; `None` if the version is absent or not a number.
pub(in crate::eks) fn version(
    version: &ClusterVersionInformation,
    now: Timestamp,
) -> Option<ListedVersion> {
    let status = version.status().map(ClusterVersionStatus::as_str);
    Some(ListedVersion {
        version: version.cluster_version()?.parse().ok()?,
        on_outpost: version
            .cluster_type()
            .is_some_and(|kind| kind.to_ascii_lowercase().contains("outpost")),
        status: SupportStatus::read(version.version_status().map(VersionStatus::as_str), status),
        end_of_standard: end(version.end_of_standard_support_date(), now),
        end_of_extended: end(version.end_of_extended_support_date(), now),
    })
}

fn end(end: Option<&DateTime>, now: Timestamp) -> Option<EndOfSupport> {
    let end = timestamp(end)?;
    let seconds = end.as_second() - now.as_second();
    Some(EndOfSupport {
        date: end.to_zoned(TimeZone::UTC).date(),
        days_left: seconds.div_euclid(SECONDS_A_DAY),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_days_until_the_end_of_support_are_whole_days() {
        let now: Timestamp = "2026-11-28T12:00:00Z".parse().unwrap();
        for (at, days_left) in [
            ("2026-11-27T00:00:00Z", -2),
            ("2026-11-28T00:00:00Z", -1),
            ("2026-11-29T00:00:00Z", 0),
            ("2026-12-28T12:00:00Z", 30),
            ("2026-12-28T11:59:59Z", 29),
        ] {
            let at: Timestamp = at.parse().unwrap();
            let end = end(Some(&DateTime::from_secs(at.as_second())), now).unwrap();
            assert_eq!(
                (end.days_left, end.is_past()),
                (days_left, days_left < 0),
                "{at}"
            );
            assert_eq!(end.date, at.to_zoned(TimeZone::UTC).date());
        }
    }

    #[test]
    fn an_entry_is_read_in_its_newer_and_older_form() {
        let now = Timestamp::UNIX_EPOCH;
        let entry = || ClusterVersionInformation::builder().cluster_version("1.33");
        let newer = entry()
            .version_status(VersionStatus::ExtendedSupport)
            .build();
        assert_eq!(
            version(&newer, now).unwrap().status,
            Some(SupportStatus::Extended)
        );
        let older = entry().status(ClusterVersionStatus::Unsupported).build();
        assert_eq!(
            version(&older, now).unwrap().status,
            Some(SupportStatus::Unsupported)
        );
        let outpost = entry().cluster_type("eks-local-outposts").build();
        let outpost = version(&outpost, now).unwrap();
        assert_eq!((outpost.on_outpost, outpost.status), (true, None));
        let unnamed = ClusterVersionInformation::builder().build();
        assert_eq!(version(&unnamed, now), None);
    }
}
