//! ## What it checks
//!
//! The check evaluates the findings of basic or enhanced scanning for an image in an ECR repository. It fails when the
//! scan is complete and a finding is at or above `severityThreshold`, when the image was never scanned, or when its
//! scan failed. If ECR has no result and will have none, the check results in a warning.
//!
//! Nothing is reported while the scan is in progress, while ECR reports it as complete before its findings have
//! arrived, and in the first hour after the push of an image that has no scan yet. If the event of a scan counts
//! findings that ECR does not list yet and one of them is at or above `severityThreshold`, the image fails, and the
//! details follow. Findings that Amazon Inspector suppressed or closed do not count.
//!
//! For an index, the images of its platforms are evaluated. Charts, signatures, attestations and other artifacts are
//! not evaluated. Build tools push attestations without a tag and with the media types of an image. To distinguish
//! them, the manifest of an image with no tag and no scan is read (`ecr:BatchGetImage`). If access to the manifest is
//! denied, the image is evaluated even though it may be an attestation.
//!
//! If Amazon Inspector reports it with the findings of an enhanced scan, the result states how many EKS and ECS
//! clusters run the image, and the last day on which one did. This does not change the severity. With `inUseOnly`,
//! images that no cluster runs are not evaluated.
//!
//! ## Why it matters
//!
//! A known vulnerability in an image is present in every pod that is created from it. The finding lists the vulnerable
//! packages, the worst first, and the versions that fix the vulnerabilities.
//!
//! ## How to fix it
//!
//! Rebuild the image with the fixed versions of its packages, deploy it, and delete the old one. `activeDays` limits
//! the check to images that were pushed or pulled recently, and `inUseOnly` to images that clusters run.

use std::sync::Arc;

use crate::check::{Check, Evaluate, Remediation};
use crate::evaluation::images::{inactive, index};
use crate::facts::image::{Manifest, Scan, ScanResult, ScanStatus};
use crate::facts::{EcrImage, Unread};
use crate::need::Need;
use crate::parameters::{Parameter, ParameterValues};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::Verdict;

static SEVERITY_THRESHOLD: Parameter<Severity> = Parameter {
    name: "severityThreshold",
    description: "The lowest severity of a scan finding that fails the image.",
    default: Severity::High,
};

static ACTIVE_DAYS: Parameter<u32> = Parameter {
    name: "activeDays",
    description: "Evaluate only images that were pushed or pulled within this number of days; 0 evaluates all images.",
    default: 0,
};

static IN_USE_ONLY: Parameter<bool> = Parameter {
    name: "inUseOnly",
    description: "Do not evaluate images that, according to Amazon Inspector, no EKS or ECS cluster runs. Images whose \
                  use ECR does not report are evaluated.",
    default: false,
};

pub(super) static CHECK: Check = Check {
    id: "ecr-image-scan-findings",
    enabled: true,
    title: "ECR images should be scanned and free of severe vulnerabilities",
    requirement: "The image should have been scanned and have no finding at or above the severity threshold.",
    severities: &[
        (
            Severity::Critical,
            "the most severe vulnerability in the image is critical",
        ),
        (
            Severity::High,
            "the most severe vulnerability in the image has this severity",
        ),
        (
            Severity::Medium,
            "the most severe vulnerability in the image has this severity, or there is no scan result",
        ),
        (
            Severity::Low,
            "the most severe vulnerability in the image has this severity",
        ),
        (
            Severity::Informational,
            "the most severe vulnerability in the image has this severity",
        ),
    ],
    remediation: Remediation {
        text: "Rebuild the image with the fixed versions of its packages, deploy the new image, and delete this one. \
               To list all findings:",
        command: "aws ecr describe-image-scan-findings --region {region} --repository-name {repository} --image-id \
                  imageDigest={name}",
        url: "https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning.html",
    },
    parameters: &[&SEVERITY_THRESHOLD, &ACTIVE_DAYS, &IN_USE_ONLY],
    needs: &[Need::ImageScan],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(image: &EcrImage, settings: &ParameterValues) -> Verdict {
    let active_days = settings.get(&ACTIVE_DAYS);
    if let Some(verdict) = index(image).or_else(|| inactive(image, active_days)) {
        return verdict;
    }
    if image.needs_manifest() {
        return Verdict::not_available(&Unread::not_requested("the image's manifest"));
    }
    let (status, description, result) = match &image.scan {
        Err(unread) => return Verdict::not_available(unread),
        Ok(Scan::Never) if image.awaits_first_scan() => {
            return Verdict::pending(
                ReasonCode::FirstScanAwaited,
                "The image was pushed less than an hour ago and has no scan yet.",
            );
        }
        Ok(Scan::Never) => {
            let note = unread_manifest_note(image);
            return Verdict::failed(
                Severity::Medium,
                ReasonCode::NeverScanned,
                format!("The image was never scanned.{note}"),
            );
        }
        Ok(Scan::Announced(result)) => {
            return evaluate_announced_result(result, settings.get(&SEVERITY_THRESHOLD));
        }
        Ok(Scan::Tried {
            status,
            description,
            result,
        }) => (status, description, result),
    };
    let ecr_description = description
        .as_deref()
        .map(|text| format!(" ECR reports: {text}"))
        .unwrap_or_default();
    let note = unread_manifest_note(image);
    match (status, result) {
        (ScanStatus::Complete | ScanStatus::Arriving, Some(result)) => {
            evaluate_result(result, settings)
        }
        (ScanStatus::Arriving, None) => Verdict::pending(
            ReasonCode::FindingsAwaited,
            "ECR reports that the scan is complete, but does not list its findings yet.",
        ),
        (ScanStatus::Complete, None) => Verdict::warning(
            ReasonCode::ScanWithoutResult,
            format!(
                "The scan is complete, but ECR returns no list of findings, not even an empty one.{ecr_description}"
            ),
        ),
        (ScanStatus::Failed, _) => Verdict::failed(
            Severity::Medium,
            ReasonCode::ScanFailed,
            format!("The scan failed.{ecr_description}{note}"),
        ),
        (ScanStatus::UnderWay, _) => {
            Verdict::pending(ReasonCode::ScanUnderWay, "The scan is in progress.")
        }
        (ScanStatus::ImageArchived, _) => {
            Verdict::not_applicable(ReasonCode::ImageArchived, "The image is archived.")
        }
        (ScanStatus::NoResult(word), _) => Verdict::warning(
            ReasonCode::ScanHasNoResult,
            format!("The scan's status is {word}.{ecr_description}{note}"),
        ),
    }
}

/// Returns the sentence for an image whose manifest could not be read, since the manifest could have shown that it is
/// not an image. For other images, the text is empty.
fn unread_manifest_note(image: &EcrImage) -> &'static str {
    match image.manifest {
        Manifest::Withheld => {
            " It may be an attestation: its manifest could not be read with ecr:BatchGetImage."
        }
        Manifest::Unread | Manifest::OfImage => "",
    }
}

/// Returns the verdict on the counts in the event of a scan, while ECR lists no findings of it. The verdict may be a
/// failure but is never a pass.
fn evaluate_announced_result(result: &Arc<ScanResult>, threshold: Severity) -> Verdict {
    match result.counts.highest() {
        Some(highest) if highest >= threshold => {
            let text = format!(
                "The event of the scan reports these findings: {}. ECR does not list them yet; details will follow.",
                result.counts.describe()
            );
            Verdict::failed(highest, ReasonCode::VulnerabilitiesAnnounced, text).with_scan(result)
        }
        _ => Verdict::pending(
            ReasonCode::FindingsAwaited,
            format!(
                "The event of the scan reports no finding of severity {threshold} or higher, but ECR does not list the \
                 findings yet."
            ),
        ),
    }
}

fn evaluate_result(result: &Arc<ScanResult>, settings: &ParameterValues) -> Verdict {
    let clusters = result.in_use.and_then(|in_use| in_use.clusters);
    if settings.get(&IN_USE_ONLY) && clusters == Some(0) {
        return Verdict::not_applicable(ReasonCode::ImageNotInUse, "No cluster runs the image.");
    }
    let threshold = settings.get(&SEVERITY_THRESHOLD);
    let found = result.counts.describe();
    let in_use = result.in_use.and_then(|in_use| in_use.describe());
    let in_use = in_use.map_or_else(String::new, |text| format!(" {text}"));
    let verdict = match result.counts.highest() {
        Some(highest) if highest >= threshold => Verdict::failed(
            highest,
            ReasonCode::VulnerabilitiesFound,
            format!("The scan has these findings: {found}.{in_use}"),
        ),
        _ => Verdict::passed(
            ReasonCode::NoSevereVulnerabilities,
            format!(
                "No scan finding has severity {threshold} or higher; findings: {found}.{in_use}"
            ),
        ),
    };
    verdict.with_scan(result)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{image, scan, settings, unread};
    use crate::facts::Fact;
    use crate::facts::image::Use;
    use crate::verdict::Outcome;

    fn outcome(scan: Fact<Scan>, parameters: &str) -> Outcome {
        evaluate(
            &EcrImage { scan, ..image() },
            &settings(CHECK.parameters, parameters),
        )
        .outcome
    }

    #[test]
    fn a_failure_has_the_highest_severity_of_the_findings() {
        use Severity::{Critical, High, Low, Medium};
        for (found, threshold, expected) in [
            (&[] as &[_], "HIGH", Outcome::Passed),
            (&[(Some(Medium), 3)], "HIGH", Outcome::Passed),
            (&[(Some(High), 0), (Some(Low), 1)], "HIGH", Outcome::Passed),
            (&[(Some(High), 1)], "HIGH", Outcome::Failed(High)),
            (
                &[(Some(High), 1), (Some(Critical), 1)],
                "HIGH",
                Outcome::Failed(Critical),
            ),
            (&[(Some(Low), 1)], "LOW", Outcome::Failed(Low)),
            (&[(None, 9)], "INFORMATIONAL", Outcome::Passed),
        ] {
            for status in ["COMPLETE", "ACTIVE"] {
                let parameters = format!(r#"{{"severityThreshold": "{threshold}"}}"#);
                assert_eq!(
                    outcome(Ok(scan(status, found)), &parameters),
                    expected,
                    "{status} {found:?} {threshold}"
                );
            }
        }
    }

    #[test]
    fn a_missing_result_is_never_a_pass() {
        let without = |status: &str| {
            Ok(Scan::Tried {
                status: ScanStatus::read(status),
                description: None,
                result: None,
            })
        };
        for (scan, expected) in [
            (Ok(Scan::Never), Outcome::Failed(Severity::Medium)),
            (without("FAILED"), Outcome::Failed(Severity::Medium)),
            (without("COMPLETE"), Outcome::Warning),
            (without("UNSUPPORTED_IMAGE"), Outcome::Warning),
            (without("SOMETHING_NEW"), Outcome::Warning),
            (
                Ok(Scan::Tried {
                    status: ScanStatus::Arriving,
                    description: None,
                    result: None,
                }),
                Outcome::Pending,
            ),
            (without("PENDING"), Outcome::Pending),
            (without("IN_PROGRESS"), Outcome::Pending),
            (without("IMAGE_ARCHIVED"), Outcome::NotApplicable),
            (Err(unread()), Outcome::NotAvailable),
        ] {
            assert_eq!(outcome(scan.clone(), "{}"), expected, "{scan:?}");
        }
    }

    #[test]
    fn inactive_images_can_be_excluded() {
        for (idle_days, expected) in [(90, Outcome::Passed), (91, Outcome::NotApplicable)] {
            let image = EcrImage {
                idle_days: Some(idle_days),
                ..image()
            };
            let settings = settings(CHECK.parameters, r#"{"activeDays": 90}"#);
            assert_eq!(evaluate(&image, &settings).outcome, expected, "{idle_days}");
        }
    }

    #[test]
    fn images_that_no_cluster_runs_can_be_excluded() {
        let high = Outcome::Failed(Severity::High);
        for (in_use, all, in_use_only, text) in [
            (None, high, high, "1 HIGH."),
            (Some(None), high, high, "1 HIGH."),
            (
                Some(Some(0)),
                high,
                Outcome::NotApplicable,
                "Use of the image: not running in any cluster.",
            ),
            (
                Some(Some(2)),
                high,
                high,
                "Use of the image: running in 2 clusters.",
            ),
        ] {
            let result = ScanResult {
                in_use: in_use.map(|clusters| Use {
                    clusters,
                    last: None,
                }),
                ..ScanResult::clone(&counts(&[(Some(Severity::High), 1)]))
            };
            let image = EcrImage {
                scan: Ok(Scan::Tried {
                    status: ScanStatus::Complete,
                    description: None,
                    result: Some(Arc::new(result)),
                }),
                ..image()
            };
            for (parameters, expected) in [("{}", all), (r#"{"inUseOnly": true}"#, in_use_only)] {
                let verdict = evaluate(&image, &settings(CHECK.parameters, parameters));
                assert_eq!(verdict.outcome, expected, "{in_use:?} {parameters}");
                let is_evaluated = expected != Outcome::NotApplicable;
                let explanation = verdict.explanation();
                assert_eq!(explanation.ends_with(text), is_evaluated, "{explanation}");
            }
        }
    }

    fn counts(found: &[(Option<Severity>, u64)]) -> Arc<ScanResult> {
        let scan = scan("COMPLETE", found);
        Arc::clone(scan.result().unwrap())
    }

    #[test]
    fn announced_counts_can_fail_an_image_but_never_pass_it() {
        use Severity::{Critical, High, Medium};
        for (found, expected) in [
            (&[] as &[_], Outcome::Pending),
            (&[(None, 4)], Outcome::Pending),
            (&[(Some(Medium), 3)], Outcome::Pending),
            (&[(Some(High), 1)], Outcome::Failed(High)),
            (
                &[(Some(Critical), 4), (Some(High), 8)],
                Outcome::Failed(Critical),
            ),
        ] {
            let announced = Ok(Scan::Announced(counts(found)));
            assert_eq!(outcome(announced, "{}"), expected, "{found:?}");
        }
    }

    #[test]
    fn findings_that_have_arrived_are_evaluated() {
        for (found, expected) in [
            (Severity::High, Outcome::Failed(Severity::High)),
            (Severity::Low, Outcome::Passed),
        ] {
            let arriving = Scan::Tried {
                status: ScanStatus::Arriving,
                description: None,
                result: Some(counts(&[(Some(found), 1)])),
            };
            assert_eq!(outcome(Ok(arriving), "{}"), expected);
        }
    }

    #[test]
    fn a_recently_pushed_image_may_have_no_scan_yet() {
        use std::time::Duration;
        for (minutes, expected) in [
            (1, Outcome::Pending),
            (59, Outcome::Pending),
            (60, Outcome::Failed(Severity::Medium)),
        ] {
            let image = EcrImage {
                scan: Ok(Scan::Never),
                age: Some(Duration::from_mins(minutes)),
                ..image()
            };
            let verdict = evaluate(&image, &ParameterValues::default());
            assert_eq!(verdict.outcome, expected, "{minutes}");
        }
    }

    #[test]
    fn an_untagged_image_without_a_scan_is_evaluated_after_its_manifest_was_requested() {
        let failed = Outcome::Failed(Severity::Medium);
        for (manifest, expected, note) in [
            (Manifest::Unread, Outcome::NotAvailable, false),
            (Manifest::OfImage, failed, false),
            (Manifest::Withheld, failed, true),
        ] {
            let failed_scan = Scan::Tried {
                status: ScanStatus::Failed,
                description: None,
                result: None,
            };
            for scan in [Scan::Never, failed_scan] {
                let image = EcrImage {
                    tags: Vec::new(),
                    scan: Ok(scan),
                    manifest,
                    ..image()
                };
                let verdict = evaluate(&image, &ParameterValues::default());
                assert_eq!(verdict.outcome, expected, "{image:?}");
                let text = verdict.explanation();
                assert_eq!(text.contains("ecr:BatchGetImage"), note, "{text}");
            }
        }
    }
}
