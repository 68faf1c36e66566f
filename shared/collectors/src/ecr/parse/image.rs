//! Images.

use std::time::Duration;

use aws_sdk_ecr::types::{ImageDetail, ImageStatus};
use eksentry_core::facts::image::{Content, EcrImage, Manifest, Scan, ScanStatus, SeverityCounts};
use eksentry_core::{Observation, Resource, State, Unread};
use jiff::Timestamp;

use super::scan::{ReadScan, counts_of};
use crate::timestamp;

/// An image that a list returned.
#[derive(Debug)]
pub(in crate::ecr) struct ListedImage {
    pub(in crate::ecr) resource: Resource,
    pub(in crate::ecr) observed_at: Timestamp,
    pub(in crate::ecr) image: EcrImage,
    /// The number of findings of each severity in the summary of its scan.
    pub(in crate::ecr) summarized: Option<SeverityCounts>,
}

impl ListedImage {
    /// Returns an observation of the listed facts.
    pub(in crate::ecr) fn observation(&self) -> Observation {
        Observation {
            resource: self.resource.clone(),
            observed_at: self.observed_at,
            state: State::present(self.image.clone()),
        }
    }
}

/// Returns an image that DescribeImages returned.
pub(in crate::ecr) fn listed_image(
    resource: Resource,
    detail: &ImageDetail,
    observed_at: Timestamp,
) -> ListedImage {
    let summary = detail.image_scan_findings_summary();
    let counts = summary.and_then(|summary| summary.finding_severity_counts());
    ListedImage {
        image: image(resource.repository_and_digest().0, detail, observed_at),
        summarized: counts.map(counts_of),
        resource,
        observed_at,
    }
}

/// Returns an image with the facts that DescribeImages returns.
fn image(repository: &str, detail: &ImageDetail, now: Timestamp) -> EcrImage {
    let mut tags = detail.image_tags().to_vec();
    tags.sort_unstable();
    tags.dedup();
    let pushed_at = timestamp(detail.image_pushed_at());
    EcrImage {
        repository: repository.to_owned(),
        digest: detail.image_digest().unwrap_or_default().to_owned(),
        undescribed: None,
        registry: detail.registry_id().map(str::to_owned),
        content: Content::read(
            detail.image_manifest_media_type(),
            detail.artifact_media_type(),
            detail.subject_manifest_digest(),
            &tags,
        ),
        tags,
        manifest: Manifest::Unread,
        archived: matches!(
            detail.image_status(),
            Some(ImageStatus::Archived | ImageStatus::Activating)
        ),
        pushed_at,
        age: pushed_at.map(|at| difference(at, now)),
        idle_days: idle_days(detail, now),
        pulled_days: timestamp(detail.last_recorded_pull_time()).and_then(|at| days(at, now)),
        scan_revision: scan_revision(detail),
        scan: Err(Unread::not_requested("the image's scan")),
        signed_on_push: Err(Unread::not_requested("the registry's managed signing")),
        signature: Err(Unread::not_requested("the image's signature")),
        configuration: Err(Unread::not_requested("the image's configuration")),
    }
}

/// Returns the absolute difference between two times, since ECR's clock may be ahead of the local one.
fn difference(one: Timestamp, other: Timestamp) -> Duration {
    one.duration_since(other).unsigned_abs()
}

/// Returns the number of days since the image was last pushed, pulled or restored.
fn idle_days(detail: &ImageDetail, now: Timestamp) -> Option<u32> {
    let used = [
        detail.image_pushed_at(),
        detail.last_recorded_pull_time(),
        detail.last_activated_at(),
    ];
    days(used.into_iter().filter_map(timestamp).max()?, now)
}

/// Returns the number of days since a time. A day that has begun counts as a whole day.
fn days(at: Timestamp, now: Timestamp) -> Option<u32> {
    let seconds = now.duration_since(at).as_secs().max(0);
    u32::try_from(seconds.unsigned_abs().div_ceil(24 * 60 * 60)).ok()
}

/// Returns a text that changes with each scan of an image: the time of its completion, and a summary of its result.
/// Returns `None` without that time, which newer scanning omits; the scan itself must be read then.
fn scan_revision(detail: &ImageDetail) -> Option<String> {
    let summary = detail.image_scan_findings_summary()?;
    let completed_at = summary.image_scan_completed_at()?;
    let status = detail
        .image_scan_status()
        .and_then(|status| status.status())
        .map_or("", |status| status.as_str());
    let sources = summary.vulnerability_source_updated_at();
    let mut counts: Vec<_> = summary
        .finding_severity_counts()
        .into_iter()
        .flatten()
        .map(|(severity, count)| format!("{} {count}", severity.as_str()))
        .collect();
    counts.sort();
    Some(format!(
        "{status}, {}, {}, {}",
        completed_at.as_nanos(),
        sources.map_or(0, aws_smithy_types::DateTime::as_nanos),
        counts.join(", ")
    ))
}

/// Returns the revision that an image without a scan result has after its manifest was read. The manifest itself never
/// changes.
pub(in crate::ecr) fn revision_without_scan(image: &EcrImage) -> Option<String> {
    let (status, description) = match image.scan.as_ref().ok()? {
        Scan::Never => return Some("an image, never scanned".to_owned()),
        Scan::Tried {
            status: ScanStatus::Failed,
            description,
            ..
        } => ("FAILED", description),
        Scan::Tried {
            status: ScanStatus::NoResult(word),
            description,
            ..
        } => (word.as_str(), description),
        Scan::Tried { .. } | Scan::Announced(_) => return None,
    };
    let description = description.as_deref().unwrap_or_default();
    Some(format!("an image, {status}, {description}"))
}

/// Returns `true` if a scan is complete and agrees with the summary that DescribeImages returned, so that its result
/// remains valid until the next scan. The result of an enhanced scan does not, since Inspector may suppress findings
/// between two scans.
pub(in crate::ecr) fn is_complete_scan(
    read: &ReadScan,
    summarized: Option<SeverityCounts>,
) -> bool {
    let (Some(summarized), Some(result)) = (summarized, read.scan.result()) else {
        return false;
    };
    read.is_complete() && !read.enhanced && result.counts == summarized
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::sync::Arc;

    use aws_sdk_ecr::types::{
        FindingSeverity, ImageScanFindingsSummary, ImageScanStatus, ScanStatus as SdkScanStatus,
    };
    use aws_smithy_types::DateTime;
    use eksentry_core::Severity;
    use eksentry_core::facts::image::{ScanResult, Vulnerability};

    use super::*;

    const HOUR: i64 = 60 * 60;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn the_order_of_tags_is_ignored() {
        let read = |tags: &[&str]| {
            let tags = tags.iter().map(|tag| (*tag).to_owned()).collect();
            let detail = ImageDetail::builder().set_image_tags(Some(tags)).build();
            image("app", &detail, at(0))
        };
        let sorted = read(&["1.0", "latest"]);
        assert_eq!(sorted.tags, ["1.0", "latest"]);
        for tags in [&["latest", "1.0"][..], &["1.0", "latest", "1.0"]] {
            assert_eq!(read(tags), sorted);
        }
    }

    #[test]
    fn the_age_is_absolute_whichever_clock_is_ahead() {
        for (pushed, now, expected) in [
            (0, 60, Some(60)),
            (0, 2 * HOUR, Some(7200)),
            (60, 0, Some(60)),
        ] {
            let detail = ImageDetail::builder().image_pushed_at(DateTime::from_secs(pushed));
            let image = image("app", &detail.build(), at(now));
            assert_eq!(image.age, expected.map(Duration::from_secs));
        }
        let unknown = image("app", &ImageDetail::builder().build(), at(0));
        assert_eq!((unknown.age, unknown.idle_days), (None, None));
    }

    #[test]
    fn idle_days_count_from_the_last_use() {
        let day = 24 * HOUR;
        let detail = ImageDetail::builder().image_pushed_at(DateTime::from_secs(0));
        let pulled = detail
            .clone()
            .last_recorded_pull_time(DateTime::from_secs(8 * day));
        let restored = pulled
            .clone()
            .last_activated_at(DateTime::from_secs(9 * day));
        for (detail, now, idle, since_pull) in [
            (&detail, 10 * day, 10, None),
            (&pulled, 10 * day, 2, Some(2)),
            (&restored, 10 * day, 1, Some(2)),
            (&restored, 10 * day + 1, 2, Some(3)),
            (&restored, 0, 0, Some(0)),
        ] {
            let image = image("app", &detail.clone().build(), at(now));
            assert_eq!(
                (image.idle_days, image.pulled_days),
                (Some(idle), since_pull)
            );
        }
    }

    #[test]
    fn a_referrer_is_not_an_image() {
        let detail = ImageDetail::builder()
            .image_manifest_media_type("application/vnd.oci.image.manifest.v1+json")
            .artifact_media_type("application/vnd.oci.image.config.v1+json");
        let own = image("app", &detail.clone().build(), at(0));
        assert_eq!(own.content, Content::Image);
        let referrer = detail.subject_manifest_digest("sha256:0a").build();
        let referrer = image("app", &referrer, at(0));
        assert!(referrer.inapplicable().is_some());
    }

    fn summarized(counts: &[(FindingSeverity, i32)], completed_at: Option<i64>) -> ImageDetail {
        let counts: HashMap<_, _> = counts.iter().cloned().collect();
        let summary = ImageScanFindingsSummary::builder()
            .set_finding_severity_counts(Some(counts))
            .set_image_scan_completed_at(completed_at.map(DateTime::from_secs));
        ImageDetail::builder()
            .image_scan_status(
                ImageScanStatus::builder()
                    .status(SdkScanStatus::Complete)
                    .build(),
            )
            .image_scan_findings_summary(summary.build())
            .build()
    }

    #[test]
    fn each_scan_has_its_own_revision() {
        use FindingSeverity::{High, Low};
        let revision = |counts: &[_], at| scan_revision(&summarized(counts, at));
        let first = revision(&[(High, 1), (Low, 2)], Some(1));
        assert!(first.is_some());
        assert_eq!(revision(&[(Low, 2), (High, 1)], Some(1)), first);
        assert_ne!(revision(&[(High, 1)], Some(1)), first);
        assert_ne!(revision(&[(High, 1), (Low, 2)], Some(2)), first);
        assert_eq!(revision(&[(High, 1)], None), None);
        assert_eq!(scan_revision(&ImageDetail::builder().build()), None);
    }

    fn read_scan(status: ScanStatus, high: u64, listed: usize) -> ReadScan {
        let mut counts = SeverityCounts::default();
        counts.add(Some(Severity::High), high);
        let vulnerability = Vulnerability {
            id: "CVE-1".into(),
            severity: Some(Severity::High),
            ..Vulnerability::default()
        };
        ReadScan::from(Scan::Tried {
            status,
            description: None,
            result: Some(Arc::new(ScanResult {
                counts,
                vulnerabilities: vec![vulnerability; listed],
                in_use: None,
            })),
        })
    }

    #[test]
    fn only_a_complete_basic_scan_remains_valid() {
        let detail = summarized(&[(FindingSeverity::High, 2)], Some(1));
        let resource = Resource::parse("arn:aws:ecr:r:111122223333:repository/app/sha256:0a");
        let summarized = listed_image(resource.unwrap(), &detail, at(0)).summarized;
        let complete = || read_scan(ScanStatus::Complete, 2, 2);
        assert!(is_complete_scan(&complete(), summarized));
        let enhanced = ReadScan {
            enhanced: true,
            ..complete()
        };
        for other in [
            enhanced,
            read_scan(ScanStatus::Complete, 2, 1),
            read_scan(ScanStatus::Complete, 3, 3),
            read_scan(ScanStatus::Arriving, 2, 2),
            ReadScan::from(Scan::Never),
        ] {
            assert!(!is_complete_scan(&other, summarized), "{other:?}");
        }
        assert!(!is_complete_scan(&complete(), None));
    }

    #[test]
    fn an_image_without_a_scan_result_has_a_revision_by_status() {
        let revision = |scan| {
            let image = EcrImage {
                scan,
                ..image("app", &ImageDetail::builder().build(), at(0))
            };
            revision_without_scan(&image)
        };
        let tried = |word: &str, description: Option<&str>| {
            Ok(Scan::Tried {
                status: ScanStatus::read(word),
                description: description.map(str::to_owned),
                result: None,
            })
        };
        let all = [
            revision(Ok(Scan::Never)),
            revision(tried("FAILED", None)),
            revision(tried("FAILED", Some("no such system"))),
            revision(tried("UNSUPPORTED_IMAGE", None)),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(one.is_some() && !all[..index].contains(one), "{all:?}");
        }
        assert_eq!(revision(tried("COMPLETE", None)), None);
        assert_eq!(revision(Err(Unread::not_requested("it"))), None);
    }
}
