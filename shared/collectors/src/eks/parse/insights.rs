//! The insights of EKS into clusters.

use aws_sdk_eks::types::{Category, InsightStatusValue, InsightSummary};
use eksentry_core::facts::cluster::{Insight, InsightStatus};
use jiff::Timestamp;

use super::versions::SECONDS_A_DAY;
use crate::timestamp;

/// Returns the facts in the summary of an insight.
pub(in crate::eks) fn insight(summary: &InsightSummary, now: Timestamp) -> Insight {
    let status = summary.insight_status().and_then(|status| status.status());
    let version = summary.kubernetes_version();
    Insight {
        id: summary.id().unwrap_or_default().to_owned(),
        name: summary.name().unwrap_or_default().to_owned(),
        is_about_rollback: summary.category() == Some(&Category::RollbackReadiness),
        version: version.and_then(|version| version.parse().ok()),
        status: InsightStatus::read(status.map(InsightStatusValue::as_str)),
        days_old: timestamp(summary.last_refresh_time())
            .map(|at| (now.as_second() - at.as_second()).div_euclid(SECONDS_A_DAY)),
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_eks::types::InsightStatus as SdkInsightStatus;
    use aws_smithy_types::DateTime;

    use super::*;

    #[test]
    fn the_age_of_an_insight_is_in_whole_days() {
        let now: Timestamp = "2026-11-28T12:00:00Z".parse().unwrap();
        for (refreshed_at, days_old) in [
            ("2026-11-28T12:00:00Z", 0),
            ("2026-11-27T12:00:01Z", 0),
            ("2026-11-27T12:00:00Z", 1),
            ("2026-11-21T12:00:00Z", 7),
            ("2026-11-20T12:00:01Z", 7),
            ("2026-11-20T12:00:00Z", 8),
            ("2026-11-28T12:00:01Z", -1),
        ] {
            let at: Timestamp = refreshed_at.parse().unwrap();
            let summary = InsightSummary::builder()
                .last_refresh_time(DateTime::from_secs(at.as_second()))
                .build();
            let days = insight(&summary, now).days_old;
            assert_eq!(days, Some(days_old), "{refreshed_at}");
        }
    }

    #[test]
    fn a_summary_has_a_status_and_a_category() {
        use Category::{Misconfiguration, RollbackReadiness, UpgradeReadiness};
        for (category, is_about_rollback) in [
            (UpgradeReadiness, false),
            (Misconfiguration, false),
            (RollbackReadiness, true),
            (Category::from("BRANDNEW"), false),
        ] {
            let status = SdkInsightStatus::builder().status(InsightStatusValue::UnknownValue);
            let summary = InsightSummary::builder()
                .id("4cf936e8")
                .name("Kubelet version skew")
                .category(category)
                .kubernetes_version("1.36")
                .insight_status(status.build());
            let expected = Insight {
                id: "4cf936e8".into(),
                name: "Kubelet version skew".into(),
                is_about_rollback,
                version: "1.36".parse().ok(),
                status: InsightStatus::Unknown,
                days_old: None,
            };
            let read = insight(&summary.build(), Timestamp::UNIX_EPOCH);
            assert_eq!(read, expected);
        }
    }

    #[test]
    fn an_empty_summary_has_an_unknown_status() {
        let read = insight(&InsightSummary::builder().build(), Timestamp::UNIX_EPOCH);
        assert_eq!(read.status, InsightStatus::Unknown);
        assert_eq!((read.id.as_str(), read.name.as_str()), ("", ""));
        assert!(!read.is_about_rollback && read.version.is_none());
    }
}
