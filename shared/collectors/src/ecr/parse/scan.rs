//! Scans.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_ecr::operation::describe_image_scan_findings::DescribeImageScanFindingsOutput;
use aws_sdk_ecr::types::{EnhancedImageScanFinding, FindingSeverity, ImageScanFindings};
use eksentry_core::facts::image::{
    Scan, ScanResult, ScanStatus, SeverityCounts, Use, Vulnerability, sort_worst_first,
};
use jiff::tz::TimeZone;

use super::vulnerability::{UNKNOWN_ID, basic, enhanced};
use crate::ecr::epss::Scores;
use crate::timestamp;

/// The maximum number of an image's vulnerabilities that are kept, worst first. A finding has room for some hundreds.
const VULNERABILITIES: usize = 1_000;

/// A scan that was read with all of its findings.
#[derive(Debug)]
pub(in crate::ecr) struct ReadScan {
    pub(in crate::ecr) scan: Scan,
    /// `true` if Inspector made the scan.
    pub(in crate::ecr) enhanced: bool,
}

impl From<Scan> for ReadScan {
    fn from(scan: Scan) -> Self {
        Self {
            scan,
            enhanced: false,
        }
    }
}

impl ReadScan {
    /// Returns `true` if the scan is complete, and each counted finding is listed with its name and severity, up to the
    /// limit of findings that are kept.
    pub(in crate::ecr) fn is_complete(&self) -> bool {
        let Scan::Tried {
            status: ScanStatus::Complete,
            result: Some(result),
            ..
        } = &self.scan
        else {
            return false;
        };
        let listed = result.vulnerabilities.len() as u64;
        let is_complete = |one: &Vulnerability| one.id != UNKNOWN_ID && one.severity.is_some();
        result.counts.total().min(VULNERABILITIES as u64) == listed
            && result.vulnerabilities.iter().all(is_complete)
    }
}

/// The pages of a scan that were read so far.
#[derive(Debug, Default)]
pub(in crate::ecr) struct ScanPages {
    status: Option<String>,
    description: Option<String>,
    found: Option<Found>,
}

impl ScanPages {
    /// Adds a page, with the EPSS scores of its findings.
    pub(in crate::ecr) fn add(&mut self, page: &DescribeImageScanFindingsOutput, epss: &Scores) {
        if let Some(scan) = page.image_scan_status() {
            self.status = scan.status().map(|status| status.as_str().to_owned());
            self.description = scan.description().map(str::to_owned);
        }
        // A response without findings and counts has no result, which differs from a result without findings.
        if let Some(findings) = page.image_scan_findings().filter(|found| has_result(found)) {
            self.found.get_or_insert_default().add(findings, epss);
        }
    }

    /// Returns the scan after all pages were read.
    pub(in crate::ecr) fn scan(self) -> ReadScan {
        let mut status = ScanStatus::read(self.status.as_deref().unwrap_or("unknown"));
        let proven = self.found.as_ref().is_none_or(|found| found.proven);
        if status == ScanStatus::Complete && !proven {
            status = ScanStatus::Arriving;
        }
        let found = self.found.filter(|found| found.proven || found.listed_any);
        ReadScan {
            enhanced: found.as_ref().is_some_and(|found| found.enhanced),
            scan: Scan::Tried {
                status,
                description: self.description,
                result: found.map(|found| Arc::new(found.result())),
            },
        }
    }
}

/// The result of a scan, from the pages that were read so far.
#[derive(Debug, Default)]
struct Found {
    /// `true` if ECR returned the time of the scan's completion, or counts of its findings. Before these arrive, ECR
    /// reports that a scan is complete, with an empty list and nothing else.
    proven: bool,
    listed_any: bool,
    enhanced: bool,
    counts: Option<SeverityCounts>,
    /// The counts of the listed findings that are active.
    active: SeverityCounts,
    /// The counts of the listed findings that Inspector has closed or that a user suppressed. ECR's own counts may
    /// still include them.
    inactive: SeverityCounts,
    /// The worst active findings.
    vulnerabilities: Vec<Vulnerability>,
    in_use: Use,
}

impl Found {
    fn add(&mut self, page: &ImageScanFindings, epss: &Scores) {
        if let Some(counts) = page.finding_severity_counts() {
            self.proven |= !counts.is_empty();
            self.counts = Some(counts_of(counts));
        }
        self.proven |= page.image_scan_completed_at().is_some();
        self.enhanced |= page.enhanced_findings.is_some();
        self.listed_any |= !page.enhanced_findings().is_empty() || !page.findings().is_empty();
        let uses = page.enhanced_findings().iter().map(use_in);
        self.in_use = uses.fold(self.in_use, Use::or_more);
        let (active, inactive): (Vec<_>, Vec<_>) = page
            .enhanced_findings()
            .iter()
            .partition(|finding| is_active(finding));
        for finding in inactive {
            self.inactive.add(enhanced(finding, epss).severity, 1);
        }
        let active = active.into_iter().map(|finding| enhanced(finding, epss));
        for vulnerability in page.findings().iter().map(basic).chain(active) {
            self.active.add(vulnerability.severity, 1);
            self.vulnerabilities.push(vulnerability);
        }
        sort_worst_first(&mut self.vulnerabilities);
        self.vulnerabilities.truncate(VULNERABILITIES);
    }

    /// Returns the result. It has ECR's own counts without the inactive findings, but for each severity at least the
    /// number of listed active findings.
    fn result(self) -> ScanResult {
        let counts = self.counts.unwrap_or_default();
        ScanResult {
            counts: counts.without(self.inactive).or_more(self.active),
            vulnerabilities: self.vulnerabilities,
            in_use: Some(self.in_use).filter(|in_use| *in_use != Use::default()),
        }
    }
}

/// Returns the use of the image that a finding reports. The finding may name the index that the image belongs to, and
/// clusters that run the index run the image.
fn use_in(finding: &EnhancedImageScanFinding) -> Use {
    let resources = finding.resources().iter();
    let images = resources.filter_map(|resource| resource.details()?.aws_ecr_container_image());
    let uses = images.map(|image| {
        let last = timestamp(image.last_in_use_at());
        Use {
            clusters: image.in_use_count().and_then(|count| count.try_into().ok()),
            last: last.map(|at| at.to_zoned(TimeZone::UTC).date()),
        }
    });
    uses.fold(Use::default(), Use::or_more)
}

fn has_result(found: &ImageScanFindings) -> bool {
    found.findings.is_some()
        || found.enhanced_findings.is_some()
        || found.finding_severity_counts.is_some()
}

pub(super) fn counts_of(counts: &HashMap<FindingSeverity, i32>) -> SeverityCounts {
    let mut read = SeverityCounts::default();
    for (severity, count) in counts {
        read.add(
            severity.as_str().parse().ok(),
            u64::try_from(*count).unwrap_or(0),
        );
    }
    read
}

/// Returns `true` if a finding is active. Inspector keeps findings that were closed or suppressed; they no longer count
/// against the image. A status that did not exist when this was written counts as active.
fn is_active(finding: &EnhancedImageScanFinding) -> bool {
    let status = finding.status().unwrap_or_default();
    !["CLOSED", "SUPPRESSED"].contains(&status)
}

#[cfg(test)]
mod tests {
    use aws_sdk_ecr::types::{ImageScanFinding, ImageScanStatus};
    use aws_smithy_types::DateTime;
    use eksentry_core::Severity;

    use super::*;

    type Counts<'a> = &'a [(&'a str, u64)];

    fn counts(named: Counts<'_>) -> SeverityCounts {
        let mut counts = SeverityCounts::default();
        for (name, count) in named {
            counts.add(name.parse().ok(), *count);
        }
        counts
    }

    /// A page as ECR returns it.
    #[derive(Default)]
    struct Page<'a> {
        status: &'a str,
        basic: Option<&'a [&'a str]>,
        /// The severity and status of each finding.
        enhanced: Option<&'a [(&'a str, &'a str)]>,
        counts: Option<&'a [(&'a str, i32)]>,
        completed: bool,
        no_findings_at_all: bool,
    }

    impl Page<'_> {
        fn output(&self) -> DescribeImageScanFindingsOutput {
            let basic = self.basic.map(|severities| {
                let finding = |severity: &&str| {
                    ImageScanFinding::builder()
                        .name("CVE-1")
                        .severity((*severity).into())
                        .build()
                };
                severities.iter().map(finding).collect()
            });
            let enhanced = self.enhanced.map(|findings| {
                let finding = |(severity, status): &(&str, &str)| {
                    EnhancedImageScanFinding::builder()
                        .title("CVE-1")
                        .severity(*severity)
                        .set_status(Some((*status).to_owned()).filter(|status| !status.is_empty()))
                        .build()
                };
                findings.iter().map(finding).collect()
            });
            let counts = self.counts.map(|counts| {
                let count = |(name, count): &(&str, i32)| (FindingSeverity::from(*name), *count);
                counts.iter().map(count).collect()
            });
            let findings = ImageScanFindings::builder()
                .set_findings(basic)
                .set_enhanced_findings(enhanced)
                .set_finding_severity_counts(counts)
                .set_image_scan_completed_at(self.completed.then(|| DateTime::from_secs(1)));
            let status = ImageScanStatus::builder().status(self.status.into());
            DescribeImageScanFindingsOutput::builder()
                .image_scan_status(status.build())
                .set_image_scan_findings((!self.no_findings_at_all).then(|| findings.build()))
                .build()
        }
    }

    fn read(pages: &[Page<'_>]) -> ReadScan {
        let mut all = ScanPages::default();
        for page in pages {
            all.add(&page.output(), &Scores::new());
        }
        all.scan()
    }

    #[test]
    fn an_empty_response_has_no_result() {
        let none = Some(&[] as &[_]);
        let complete = || Page {
            status: "COMPLETE",
            basic: none,
            ..Page::default()
        };
        for (page, status, has_result) in [
            (complete(), ScanStatus::Arriving, false),
            (
                Page {
                    status: "ACTIVE",
                    ..complete()
                },
                ScanStatus::Arriving,
                false,
            ),
            (
                Page {
                    counts: Some(&[]),
                    ..complete()
                },
                ScanStatus::Arriving,
                false,
            ),
            (
                Page {
                    completed: true,
                    ..complete()
                },
                ScanStatus::Complete,
                true,
            ),
            (
                Page {
                    counts: Some(&[("LOW", 0)]),
                    ..complete()
                },
                ScanStatus::Complete,
                true,
            ),
            (
                Page {
                    basic: Some(&["LOW"]),
                    ..complete()
                },
                ScanStatus::Arriving,
                true,
            ),
            (
                Page {
                    no_findings_at_all: true,
                    ..complete()
                },
                ScanStatus::Complete,
                false,
            ),
            (
                Page {
                    basic: None,
                    ..complete()
                },
                ScanStatus::Complete,
                false,
            ),
            (
                Page {
                    status: "PENDING",
                    ..complete()
                },
                ScanStatus::UnderWay,
                false,
            ),
        ] {
            let scan = read(&[page]).scan;
            let Scan::Tried { status: read, .. } = &scan else {
                panic!("{scan:?}")
            };
            assert_eq!(*read, status, "{scan:?}");
            assert_eq!(scan.result().is_some(), has_result, "{scan:?}");
        }
    }

    #[test]
    fn a_complete_scan_lists_each_counted_finding_with_its_severity() {
        for (status, counted, listed, expected) in [
            ("COMPLETE", &[("LOW", 1)][..], &["LOW"][..], true),
            ("COMPLETE", &[("LOW", 0)], &[], true),
            ("COMPLETE", &[("LOW", 2)], &["LOW"], false),
            ("COMPLETE", &[("NEW", 1)], &["NEW"], false),
            (
                "COMPLETE",
                &[("LOW", 1), ("NEW", 1)],
                &["LOW", "NEW"],
                false,
            ),
            ("PENDING", &[("LOW", 1)], &["LOW"], false),
        ] {
            let page = Page {
                status,
                basic: Some(listed),
                counts: Some(counted),
                ..Page::default()
            };
            let read = read(&[page]);
            assert_eq!(read.is_complete(), expected, "{status} {counted:?}");
        }
    }

    #[test]
    fn inactive_findings_are_not_counted() {
        let page_with = |counts| Page {
            status: "ACTIVE",
            counts: Some(counts),
            completed: true,
            ..Page::default()
        };
        for (counted, listed, expected) in [
            (
                &[("CRITICAL", 1), ("MEDIUM", 1)][..],
                &[("CRITICAL", "SUPPRESSED"), ("MEDIUM", "ACTIVE")][..],
                &[("MEDIUM", 1)][..],
            ),
            (&[("HIGH", 1)], &[("HIGH", "CLOSED")], &[]),
            // The counts may exclude inactive findings.
            (
                &[("HIGH", 1)],
                &[("HIGH", "CLOSED"), ("HIGH", "ACTIVE")],
                &[("HIGH", 1)],
            ),
            // More findings are counted than are listed.
            (
                &[("HIGH", 5), ("LOW", 3)],
                &[("HIGH", "SUPPRESSED"), ("HIGH", "")],
                &[("HIGH", 4), ("LOW", 3)],
            ),
            (
                &[("UNDEFINED", 2)],
                &[("UNTRIAGED", "SUPPRESSED")],
                &[("UNTRIAGED", 1)],
            ),
            (&[], &[("HIGH", "ACTIVE")], &[("HIGH", 1)]),
            (&[("HIGH", 1)], &[("HIGH", "SOMETHING_NEW")], &[("HIGH", 1)]),
        ] {
            let page = Page {
                enhanced: Some(listed),
                ..page_with(counted)
            };
            let read = read(&[page]);
            let result = read.scan.result().unwrap();
            assert_eq!(result.counts, counts(expected), "{counted:?} {listed:?}");
            let active = listed
                .iter()
                .filter(|(_, status)| !["CLOSED", "SUPPRESSED"].contains(status));
            assert_eq!(result.vulnerabilities.len(), active.count());
            assert!(read.enhanced);
        }
    }

    #[test]
    fn counts_include_at_least_the_listed_findings() {
        for (counted, listed, expected) in [
            (&[("HIGH", 1)][..], &["HIGH"][..], &[("HIGH", 1)][..]),
            (&[("LOW", 1)], &["HIGH"], &[("HIGH", 1), ("LOW", 1)]),
            (&[("HIGH", 7)], &["HIGH"], &[("HIGH", 7)]),
        ] {
            let page = Page {
                status: "COMPLETE",
                basic: Some(listed),
                counts: Some(counted),
                ..Page::default()
            };
            let read = read(&[page]);
            assert_eq!(read.scan.result().unwrap().counts, counts(expected));
            assert!(!read.enhanced);
        }
    }

    #[test]
    fn pages_are_combined() {
        let page = |severity: &'static [(&'static str, &'static str)]| Page {
            status: "ACTIVE",
            enhanced: Some(severity),
            counts: Some(&[("CRITICAL", 1), ("HIGH", 2)]),
            completed: true,
            ..Page::default()
        };
        let read = read(&[
            page(&[("HIGH", "ACTIVE"), ("CRITICAL", "SUPPRESSED")]),
            page(&[("HIGH", "ACTIVE")]),
        ]);
        let result = read.scan.result().unwrap();
        assert_eq!(result.counts.highest(), Some(Severity::High));
        assert_eq!(result.counts.total(), 2);
    }

    #[test]
    fn the_most_use_of_the_image_or_its_index_counts() {
        use aws_sdk_ecr::types::{AwsEcrContainerImageDetails, Resource, ResourceDetails};
        let finding = |uses: &[(Option<i64>, Option<i64>)], status: &str| {
            let resource = |(count, last): &(Option<i64>, Option<i64>)| {
                let image = AwsEcrContainerImageDetails::builder()
                    .set_in_use_count(*count)
                    .set_last_in_use_at(last.map(DateTime::from_secs));
                let details = ResourceDetails::builder();
                let details = details.aws_ecr_container_image(image.build());
                Resource::builder().details(details.build()).build()
            };
            EnhancedImageScanFinding::builder()
                .status(status)
                .set_resources(Some(uses.iter().map(resource).collect()))
                .build()
        };
        let day = 24 * 60 * 60;
        let active = "ACTIVE";
        for (findings, expected) in [
            (vec![], None),
            (vec![finding(&[], active)], None),
            (vec![finding(&[(None, None)], active)], None),
            (
                vec![finding(&[(Some(0), None)], active)],
                Some((Some(0), None)),
            ),
            (
                vec![
                    finding(&[(Some(2), Some(day)), (Some(3), None)], active),
                    finding(&[(Some(1), Some(3 * day - 1))], "SUPPRESSED"),
                ],
                Some((Some(3), Some("1970-01-03"))),
            ),
            (vec![finding(&[(Some(-1), Some(i64::MAX))], active)], None),
        ] {
            let findings = ImageScanFindings::builder()
                .set_enhanced_findings(Some(findings))
                .image_scan_completed_at(DateTime::from_secs(1));
            let page = DescribeImageScanFindingsOutput::builder()
                .image_scan_status(ImageScanStatus::builder().status("ACTIVE".into()).build())
                .image_scan_findings(findings.build());
            let mut pages = ScanPages::default();
            pages.add(&page.build(), &Scores::new());
            let scan = pages.scan().scan;
            let expected = expected.map(|(clusters, last): (_, Option<&str>)| Use {
                clusters,
                last: last.map(|last| last.parse().unwrap()),
            });
            assert_eq!(scan.result().unwrap().in_use, expected);
        }
    }
}
