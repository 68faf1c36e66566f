//! ## What it checks
//!
//! GuardDuty Runtime Monitoring should cover the nodes of an EKS cluster. The check fails when GuardDuty is not enabled
//! or suspended in the Region, when neither `RUNTIME_MONITORING` nor the older `EKS_RUNTIME_MONITORING` is enabled, when
//! the cluster is excluded by a tag or not listed by GuardDuty, and when GuardDuty reports that the coverage of the
//! cluster is unhealthy. It does not matter whether GuardDuty manages the agent or you do. If GuardDuty covers only some
//! of the nodes, or reports a status that is not known here, the result is a warning.
//!
//! There is no result yet while GuardDuty prepares the coverage, and in the first hour of a cluster. The check does not
//! apply to clusters without nodes that GuardDuty can cover, such as clusters that run only on AWS Fargate, to local
//! clusters on AWS Outposts, and in partitions in which GuardDuty does not offer the feature. If you use another product
//! to monitor nodes, disable this check.
//!
//! ## Why it matters
//!
//! The audit log shows requests to the Kubernetes API, but not what happens inside a container: a shell, a connection to
//! a command server, or a process that escapes to its node. If the agent can't report, the protection is only believed
//! to exist, so an unhealthy coverage has severity HIGH, and a coverage that was never enabled has severity MEDIUM.
//!
//! ## How to fix it
//!
//! Enable Runtime Monitoring with automated agent configuration for Amazon EKS. If the coverage is unhealthy, follow the
//! troubleshooting steps of GuardDuty for the issue in the finding.

use std::time::Duration;

use crate::check::{Check, Evaluate, Remediation};
use crate::facts::cluster::{CoverageStatus, RuntimeCoverage};
use crate::facts::{EksCluster, Fact, Feature, Unread};
use crate::need::Need;
use crate::parameters::ParameterValues;
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::{Reason, Verdict};

/// The time after the creation of a cluster for which its coverage is not expected yet.
const FIRST_HOUR: Duration = Duration::from_hours(1);

pub(super) static CHECK: Check = Check {
    id: "eks-guardduty-runtime-coverage",
    enabled: true,
    title: "GuardDuty Runtime Monitoring should cover the nodes of EKS clusters",
    requirement: "GuardDuty Runtime Monitoring should be enabled, and receive events from the nodes of the cluster.",
    severities: &[
        (
            Severity::High,
            "Runtime Monitoring is enabled, so people rely on it, but GuardDuty receives no events from the cluster",
        ),
        (
            Severity::Medium,
            "GuardDuty does not notice attacks inside the containers of the cluster",
        ),
    ],
    remediation: Remediation {
        text: "Enable Runtime Monitoring with automated agent configuration, or resolve the issue that GuardDuty \
               reports.",
        command: "aws guardduty update-detector --region {region} --detector-id <detector> --features \
                  'Name=RUNTIME_MONITORING,Status=ENABLED,AdditionalConfiguration=[{Name=EKS_ADDON_MANAGEMENT,Status=ENABLED}]'",
        url: "https://docs.aws.amazon.com/guardduty/latest/ug/eks-runtime-monitoring-coverage.html",
    },
    parameters: &[],
    needs: &[Need::Detector, Need::RuntimeCoverage],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(cluster: &EksCluster, _: &ParameterValues) -> Verdict {
    let coverage = cluster.monitoring.runtime_coverage.as_ref();
    let known = coverage.ok().and_then(Option::as_ref);
    if let Some(Reason { code, text }) = inapplicable(cluster, known) {
        return Verdict::not_applicable(code, text);
    }
    if let Some(Reason { code, text }) = awaited(cluster, known) {
        return Verdict::pending(code, text);
    }
    match not_enabled(cluster) {
        Err(unread) => return Verdict::not_available(&unread),
        Ok(Some(Reason { code, text })) => return Verdict::failed(Severity::Medium, code, text),
        Ok(None) => {}
    }
    match coverage {
        Err(unread) => Verdict::not_available(unread),
        Ok(None) => Verdict::failed(
            Severity::Medium,
            ReasonCode::ClusterNotCovered,
            "Runtime Monitoring is enabled, but GuardDuty does not list the cluster among those that it covers.",
        ),
        Ok(Some(coverage)) => evaluate_coverage(coverage),
    }
}

/// Returns why GuardDuty can't cover the cluster; `None` if it can.
fn inapplicable(cluster: &EksCluster, coverage: Option<&RuntimeCoverage>) -> Option<Reason> {
    if let Ok(Some(detector)) = &cluster.monitoring.detector
        && detector.runtime_monitoring == Feature::NotOffered
    {
        return Some(Reason::new(
            ReasonCode::DetectorFeatureNotOffered,
            "GuardDuty does not offer Runtime Monitoring for EKS in this partition.",
        ));
    }
    let coverage = coverage?;
    if coverage.compatible_nodes == Some(0) {
        return Some(Reason::new(
            ReasonCode::NoCompatibleNodes,
            "The cluster has no nodes that GuardDuty can cover.",
        ));
    }
    coverage.is_of_local_cluster().then(|| {
        Reason::new(
            ReasonCode::RuntimeMonitoringOfLocalCluster,
            "GuardDuty does not cover local clusters on AWS Outposts.",
        )
    })
}

/// Returns why there is no result yet; `None` if there is one.
fn awaited(cluster: &EksCluster, coverage: Option<&RuntimeCoverage>) -> Option<Reason> {
    if coverage.is_some_and(RuntimeCoverage::is_being_provisioned) {
        let text = "GuardDuty is still preparing the coverage of the cluster.";
        return Some(Reason::new(ReasonCode::RuntimeMonitoringPrepared, text));
    }
    let is_new = cluster.age.is_some_and(|age| age < FIRST_HOUR);
    is_new.then(|| {
        Reason::new(
            ReasonCode::ClusterRecentlyCreated,
            "The cluster was created less than an hour ago.",
        )
    })
}

/// Returns why Runtime Monitoring does not monitor clusters of the Region; `None` if it does.
fn not_enabled(cluster: &EksCluster) -> Fact<Option<Reason>> {
    let Some(detector) = cluster
        .monitoring
        .detector
        .as_ref()
        .map_err(Unread::clone)?
    else {
        let text = "GuardDuty is not enabled: the account has no detector in the Region.";
        return Ok(Some(Reason::new(ReasonCode::NoDetector, text)));
    };
    let id = &detector.id;
    Ok(match detector.monitors_runtime()? {
        true => None,
        false if detector.is_active => Some(Reason::new(
            ReasonCode::RuntimeMonitoringNotEnabled,
            format!("Runtime Monitoring is not enabled in the GuardDuty detector {id}."),
        )),
        false => Some(Reason::new(
            ReasonCode::DetectorSuspended,
            format!("The GuardDuty detector {id} is suspended."),
        )),
    })
}

fn evaluate_coverage(coverage: &RuntimeCoverage) -> Verdict {
    if coverage.is_excluded {
        let text = "The cluster is excluded from Runtime Monitoring.";
        return Verdict::failed(
            Severity::Medium,
            ReasonCode::RuntimeMonitoringExcluded,
            text,
        );
    }
    match &coverage.status {
        Some(CoverageStatus::Unhealthy) => {
            let issue = coverage.issue.as_deref().unwrap_or("no issue is named");
            let issue = issue.trim().trim_end_matches('.');
            let text = format!("GuardDuty receives no events from nodes of the cluster: {issue}.");
            Verdict::failed(Severity::High, ReasonCode::RuntimeMonitoringUnhealthy, text)
        }
        Some(CoverageStatus::Healthy) => {
            evaluate_nodes(coverage.covered_nodes, coverage.compatible_nodes)
        }
        Some(CoverageStatus::Other(status)) => {
            let text = format!(
                "GuardDuty reports the coverage status {status}, which this version of eksentry doesn't support."
            );
            Verdict::warning(ReasonCode::UnknownCoverageStatus, text)
        }
        None => Verdict::not_available(&unknown("no status")),
    }
}

fn evaluate_nodes(covered: Option<u64>, compatible: Option<u64>) -> Verdict {
    match (covered, compatible) {
        // The numbers change with every node, and with them the finding would.
        (Some(covered), Some(compatible)) if covered < compatible => Verdict::warning(
            ReasonCode::NodesPartlyCovered,
            "GuardDuty receives no events from some nodes of the cluster, although its coverage is healthy.",
        ),
        (Some(_), Some(_)) => Verdict::passed(
            ReasonCode::NodesCovered,
            "GuardDuty receives events from all nodes of the cluster that it can cover.",
        ),
        (None, _) | (_, None) => Verdict::not_available(&unknown("no numbers of nodes")),
    }
}

fn unknown(what: &str) -> Unread {
    Unread {
        code: ReasonCode::RuntimeCoverageUnknown,
        text: format!("guardduty:ListCoverage returned {what} for the coverage of the cluster."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{cluster, detector, monitoring, runtime_coverage, unread};
    use crate::facts::Detector;
    use crate::facts::cluster::Monitoring;
    use crate::verdict::Outcome;

    const HIGH: Outcome = Outcome::Failed(Severity::High);
    const MEDIUM: Outcome = Outcome::Failed(Severity::Medium);
    const NOTHING: Outcome = Outcome::NotApplicable;
    const UNKNOWN: Outcome = Outcome::NotAvailable;

    fn verdict(cluster: &EksCluster) -> Verdict {
        evaluate(cluster, &ParameterValues::default())
    }

    fn monitored(
        detector: Fact<Option<Detector>>,
        runtime_coverage: Fact<Option<RuntimeCoverage>>,
    ) -> EksCluster {
        EksCluster {
            monitoring: Monitoring {
                detector,
                runtime_coverage,
                ..monitoring()
            },
            ..cluster()
        }
    }

    fn covered(coverage: RuntimeCoverage) -> Verdict {
        verdict(&monitored(Ok(Some(detector())), Ok(Some(coverage))))
    }

    /// Returns the outcome for a coverage in words: its status, its issue, and the numbers of covered and compatible
    /// nodes.
    fn outcome_of(status: &str, issue: &str, nodes: (Option<u64>, Option<u64>)) -> Outcome {
        let coverage = RuntimeCoverage {
            status: CoverageStatus::read(status),
            issue: (!issue.is_empty()).then(|| issue.to_owned()),
            covered_nodes: nodes.0,
            compatible_nodes: nodes.1,
            ..runtime_coverage()
        };
        covered(coverage).outcome
    }

    #[test]
    fn the_status_of_the_coverage_decides() {
        let all = (Some(3), Some(3));
        for (status, issue, nodes, expected) in [
            ("HEALTHY", "", all, Outcome::Passed),
            ("HEALTHY", "", (Some(4), Some(5)), Outcome::Warning),
            ("HEALTHY", "", (None, Some(5)), UNKNOWN),
            ("HEALTHY", "", (Some(5), None), UNKNOWN),
            ("HEALTHY", "", (Some(0), Some(0)), NOTHING),
            (
                "UNHEALTHY",
                "Addon Creation Failed",
                (Some(0), Some(3)),
                HIGH,
            ),
            ("UNHEALTHY", "", (None, None), HIGH),
            ("UNHEALTHY", "No nodes", (Some(0), Some(0)), NOTHING),
            ("UNHEALTHY", "Local EKS clusters", (None, None), NOTHING),
            (
                "UNHEALTHY",
                "EKS Runtime Monitoring enablement resource provisioning in progress",
                (Some(0), Some(3)),
                Outcome::Pending,
            ),
            ("DEGRADED", "", all, Outcome::Warning),
            ("", "", all, UNKNOWN),
        ] {
            assert_eq!(
                outcome_of(status, issue, nodes),
                expected,
                "{status} {issue} {nodes:?}"
            );
        }
    }

    #[test]
    fn an_excluded_cluster_fails_whatever_its_status() {
        for status in ["HEALTHY", "UNHEALTHY", ""] {
            let coverage = RuntimeCoverage {
                status: CoverageStatus::read(status),
                is_excluded: true,
                ..runtime_coverage()
            };
            let verdict = covered(coverage);
            assert_eq!(verdict.outcome, MEDIUM, "{status}");
            assert_eq!(verdict.codes(), ["RUNTIME_MONITORING_EXCLUDED"], "{status}");
        }
    }

    #[test]
    fn runtime_monitoring_must_be_enabled() {
        use Feature::{Disabled, Enabled, NotOffered, Unknown};
        let with = |is_active, runtime_monitoring| {
            Ok(Some(Detector {
                is_active,
                runtime_monitoring,
                ..detector()
            }))
        };
        for (detector, coverage, expected) in [
            (with(true, Enabled), Ok(None), MEDIUM),
            (with(true, Enabled), Err(unread()), UNKNOWN),
            (with(true, Disabled), Err(unread()), MEDIUM),
            (with(true, Disabled), Ok(None), MEDIUM),
            (with(true, Unknown), Ok(None), UNKNOWN),
            (with(true, NotOffered), Err(unread()), NOTHING),
            (with(false, Enabled), Err(unread()), MEDIUM),
            (Ok(None), Err(unread()), MEDIUM),
            (Err(unread()), Err(unread()), UNKNOWN),
        ] {
            let cluster = monitored(detector, coverage);
            assert_eq!(
                verdict(&cluster).outcome,
                expected,
                "{:?}",
                cluster.monitoring
            );
        }
    }

    #[test]
    fn the_reason_tells_a_suspended_detector_from_a_disabled_feature() {
        for (is_active, runtime_monitoring, code) in [
            (true, Feature::Disabled, "RUNTIME_MONITORING_NOT_ENABLED"),
            (false, Feature::Enabled, "DETECTOR_SUSPENDED"),
            (false, Feature::Disabled, "DETECTOR_SUSPENDED"),
        ] {
            let detector = Detector {
                is_active,
                runtime_monitoring,
                ..detector()
            };
            let verdict = verdict(&monitored(Ok(Some(detector)), Ok(None)));
            assert_eq!(
                verdict.codes(),
                [code],
                "{is_active} {runtime_monitoring:?}"
            );
        }
        let verdict = verdict(&monitored(Ok(None), Ok(None)));
        assert_eq!(verdict.codes(), ["NO_DETECTOR"]);
    }

    #[test]
    fn a_cluster_has_an_hour_to_be_covered() {
        for (seconds, detector, coverage, expected) in [
            (Some(3599), Ok(Some(detector())), Ok(None), Outcome::Pending),
            (Some(3599), Ok(None), Err(unread()), Outcome::Pending),
            (Some(3600), Ok(Some(detector())), Ok(None), MEDIUM),
            (None, Ok(Some(detector())), Ok(None), MEDIUM),
        ] {
            let cluster = EksCluster {
                age: seconds.map(Duration::from_secs),
                ..monitored(detector, coverage)
            };
            assert_eq!(verdict(&cluster).outcome, expected, "{seconds:?}");
        }
    }

    #[test]
    fn the_reason_has_the_issue_in_the_words_of_guardduty() {
        for (issue, end) in [
            (Some("Addon Creation Failed. "), ": Addon Creation Failed."),
            (None, ": no issue is named."),
        ] {
            let coverage = RuntimeCoverage {
                status: Some(CoverageStatus::Unhealthy),
                issue: issue.map(str::to_owned),
                ..runtime_coverage()
            };
            let text = covered(coverage).explanation();
            assert!(text.ends_with(end), "{text}");
        }
    }
}
