//! The scan of an image: its status and its result.

use std::sync::Arc;

use jiff::civil::Date;
use serde::Serialize;

use super::severity_counts::SeverityCounts;
use super::vulnerability::Vulnerability;
use crate::details::Details;

/// The result of scanning an image.
#[derive(Debug, Clone, PartialEq)]
pub enum Scan {
    /// The image was never scanned.
    Never,
    /// The event of the scan counts findings that ECR does not list yet.
    Announced(Arc<ScanResult>),
    /// The image was scanned, or a scan was attempted.
    Tried {
        /// The status of the scan.
        status: ScanStatus,
        /// ECR's description of the status.
        description: Option<String>,
        /// The findings; `None` if there is no result, which is not the same as no findings.
        result: Option<Arc<ScanResult>>,
    },
}

impl Scan {
    /// Returns the result, if there is one.
    pub fn result(&self) -> Option<&Arc<ScanResult>> {
        match self {
            Self::Tried {
                status: ScanStatus::Complete | ScanStatus::Arriving,
                result,
                ..
            } => result.as_ref(),
            Self::Never | Self::Announced(_) | Self::Tried { .. } => None,
        }
    }

    /// Returns `true` if the scan may have more results than ECR reports: ECR reports no scan, or its response does not
    /// prove that the findings have arrived.
    pub fn may_be_behind(&self) -> bool {
        match self {
            Self::Never => true,
            Self::Announced(_) => false,
            Self::Tried { status, result, .. } => match status {
                ScanStatus::Arriving => true,
                ScanStatus::Complete => result.is_none(),
                ScanStatus::UnderWay
                | ScanStatus::Failed
                | ScanStatus::ImageArchived
                | ScanStatus::NoResult(_) => false,
            },
        }
    }
}

/// The status of a scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScanStatus {
    /// COMPLETE (basic) or ACTIVE (enhanced).
    Complete,
    /// COMPLETE or ACTIVE, but without a completion time and without counts. ECR reports this status before the
    /// findings arrive.
    Arriving,
    /// PENDING or IN_PROGRESS.
    UnderWay,
    /// FAILED.
    Failed,
    /// IMAGE_ARCHIVED.
    ImageArchived,
    /// There is no result and will be none: UNSUPPORTED_IMAGE, SCAN_ELIGIBILITY_EXPIRED, … or a status that did not
    /// exist when this was written.
    NoResult(String),
}

impl ScanStatus {
    /// Returns `true` if the scanner could not scan the image, which happens with artifacts that are not images.
    pub(super) fn is_unscannable(&self) -> bool {
        match self {
            Self::Failed => true,
            Self::NoResult(word) => word == "UNSUPPORTED_IMAGE",
            Self::Complete | Self::Arriving | Self::UnderWay | Self::ImageArchived => false,
        }
    }

    /// Reads the status from its name in ECR.
    pub fn read(name: &str) -> Self {
        match name {
            "COMPLETE" | "ACTIVE" => Self::Complete,
            "PENDING" | "IN_PROGRESS" => Self::UnderWay,
            "FAILED" => Self::Failed,
            "IMAGE_ARCHIVED" => Self::ImageArchived,
            other => Self::NoResult(other.to_owned()),
        }
    }
}

/// The findings of a scan.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct ScanResult {
    /// The number of findings of each severity.
    pub counts: SeverityCounts,
    /// The findings, the worst first; empty if only their number is known.
    pub vulnerabilities: Vec<Vulnerability>,
    /// The use of the image in clusters; `None` if ECR does not report it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub in_use: Option<Use>,
}

/// The use of an image in EKS and ECS clusters, as Amazon Inspector reports it for enhanced scans.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Use {
    /// The number of clusters that run the image.
    pub clusters: Option<u64>,
    /// The last day on which a cluster ran the image. The time of day would change the finding with each scan.
    pub last: Option<Date>,
}

impl Use {
    /// Returns the larger number and the later day of both.
    pub fn or_more(self, other: Self) -> Self {
        Self {
            clusters: self.clusters.max(other.clusters),
            last: self.last.max(other.last),
        }
    }

    /// Adds the use to the properties that reports show, under the names in ECR's API.
    pub fn add_to(&self, details: Details) -> Details {
        let text =
            |value: Option<String>, name, details: Details| details.text(name, value.as_deref());
        let clusters = self.clusters.map(|clusters| clusters.to_string());
        let details = text(clusters, "inUseCount", details);
        text(self.last.map(|day| day.to_string()), "lastInUseAt", details)
    }

    /// Returns the use in a sentence; `None` if nothing is known.
    pub fn describe(&self) -> Option<String> {
        let clusters = self.clusters.map(|clusters| match clusters {
            0 => "not running in any cluster".to_owned(),
            1 => "running in 1 cluster".to_owned(),
            _ => format!("running in {clusters} clusters"),
        });
        let last = self.last.map(|day| format!("last on {day}"));
        let parts: Vec<String> = clusters.into_iter().chain(last).collect();
        (!parts.is_empty()).then(|| format!("Use of the image: {}.", parts.join(", ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_use_of_an_image_is_described() {
        let day = |day| Some(Date::constant(2026, 11, day));
        for (clusters, last, expected) in [
            (None, None, None),
            (
                Some(0),
                None,
                Some("Use of the image: not running in any cluster."),
            ),
            (
                Some(1),
                None,
                Some("Use of the image: running in 1 cluster."),
            ),
            (
                Some(2),
                day(21),
                Some("Use of the image: running in 2 clusters, last on 2026-11-21."),
            ),
            (None, day(1), Some("Use of the image: last on 2026-11-01.")),
        ] {
            let one = Use { clusters, last };
            assert_eq!(one.describe().as_deref(), expected);
        }
    }

    #[test]
    fn the_most_use_counts() {
        let one = |clusters, day| Use {
            clusters,
            last: Some(Date::constant(2026, 11, day)),
        };
        assert_eq!(one(Some(1), 3).or_more(one(Some(2), 1)), one(Some(2), 3));
        assert_eq!(one(None, 1).or_more(one(Some(0), 1)), one(Some(0), 1));
        assert_eq!(one(Some(3), 2).or_more(Use::default()), one(Some(3), 2));
    }

    #[test]
    fn only_a_complete_scan_has_a_result() {
        let found = Arc::new(ScanResult::default());
        let scan = |word: &str, result: Option<&Arc<ScanResult>>| Scan::Tried {
            status: ScanStatus::read(word),
            description: None,
            result: result.cloned(),
        };
        for (scan, expected) in [
            (scan("COMPLETE", Some(&found)), Some(&found)),
            (scan("ACTIVE", Some(&found)), Some(&found)),
            (scan("COMPLETE", None), None),
            (scan("IN_PROGRESS", Some(&found)), None),
            (scan("FAILED", Some(&found)), None),
            (Scan::Never, None),
            (Scan::Announced(Arc::clone(&found)), None),
        ] {
            assert_eq!(scan.result(), expected, "{scan:?}");
        }
    }

    #[test]
    fn a_scan_without_a_proven_result_may_be_behind() {
        let found = Arc::new(ScanResult::default());
        let scan = |status: ScanStatus, result: Option<&Arc<ScanResult>>| Scan::Tried {
            status,
            description: None,
            result: result.cloned(),
        };
        for (scan, expected) in [
            (Scan::Never, true),
            (Scan::Announced(Arc::clone(&found)), false),
            (scan(ScanStatus::Arriving, None), true),
            (scan(ScanStatus::Arriving, Some(&found)), true),
            (scan(ScanStatus::Complete, None), true),
            (scan(ScanStatus::Complete, Some(&found)), false),
            (scan(ScanStatus::UnderWay, None), false),
            (scan(ScanStatus::Failed, None), false),
            (scan(ScanStatus::NoResult("X".into()), None), false),
        ] {
            assert_eq!(scan.may_be_behind(), expected, "{scan:?}");
        }
    }
}
