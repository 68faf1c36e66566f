//! ## What it checks
//!
//! An EKS cluster should send its control plane logs to Amazon CloudWatch Logs. The check fails when a type in
//! `requiredLogTypes` is not in an *enabled* group of the cluster's `clusterLogging`. All enabled groups are combined.
//!
//! ## Why it matters
//!
//! If the audit log of a cluster was off, an investigation can't determine later who did what in the cluster, since EKS
//! itself keeps none of these logs. A missing `audit` or `authenticator` log has severity MEDIUM, and any other has
//! severity LOW.
//!
//! ## How to fix it
//!
//! Turn on the missing log types; the cluster keeps running. CloudWatch Logs charges for the data that it ingests, so
//! set a retention period on the log group.

use crate::check::{Check, Evaluate, Remediation};
use crate::facts::EksCluster;
use crate::facts::cluster::{LogType, LogTypes};
use crate::parameters::{Parameter, ParameterValues};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::Verdict;

static REQUIRED_LOG_TYPES: Parameter<LogTypes> = Parameter {
    name: "requiredLogTypes",
    description: "The control plane log types that must be enabled.",
    default: LogTypes::ALL,
};

pub(super) static CHECK: Check = Check {
    id: "eks-control-plane-logging",
    enabled: true,
    title: "EKS clusters should send their control plane logs to CloudWatch Logs",
    requirement: "Every required control plane log type should be enabled.",
    severities: &[
        (
            Severity::Medium,
            "without audit and authenticator logs, an investigation can't determine who did what",
        ),
        (
            Severity::Low,
            "the missing logs are used for operations rather than for investigations",
        ),
    ],
    remediation: Remediation {
        text: "Enable all control plane log types of the cluster.",
        command: r#"aws eks update-cluster-config --region {region} --name {name} --logging '{"clusterLogging":[{"types":["api","audit","authenticator","controllerManager","scheduler"],"enabled":true}]}'"#,
        url: "https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html",
    },
    parameters: &[&REQUIRED_LOG_TYPES],
    needs: &[],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(cluster: &EksCluster, settings: &ParameterValues) -> Verdict {
    let required = settings.get(&REQUIRED_LOG_TYPES);
    let missing = required.without(cluster.enabled_logs);
    if missing.is_empty() {
        return Verdict::passed(
            ReasonCode::LogsEnabled,
            format!("These control plane log types are enabled: {required}."),
        );
    }
    let hinders_investigation = missing.has(LogType::Audit) || missing.has(LogType::Authenticator);
    let severity = if hinders_investigation {
        Severity::Medium
    } else {
        Severity::Low
    };
    Verdict::failed(
        severity,
        ReasonCode::LogsNotEnabled,
        format!("These control plane log types are not enabled: {missing}."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{cluster, settings};
    use crate::verdict::Outcome;

    fn outcome(enabled: &[LogType], parameters: &str) -> Outcome {
        let enabled_logs = enabled
            .iter()
            .fold(LogTypes::NONE, |types, log| types.with(*log));
        evaluate(
            &EksCluster {
                enabled_logs,
                ..cluster()
            },
            &settings(CHECK.parameters, parameters),
        )
        .outcome
    }

    #[test]
    fn the_severity_depends_on_the_missing_log_types() {
        use LogType::{Api, Audit, Authenticator, ControllerManager, Scheduler};
        for (enabled, expected) in [
            (
                &[Api, Audit, Authenticator, ControllerManager, Scheduler] as &[_],
                Outcome::Passed,
            ),
            (&[], Outcome::Failed(Severity::Medium)),
            (
                &[Api, Authenticator, ControllerManager, Scheduler],
                Outcome::Failed(Severity::Medium),
            ),
            (
                &[Api, Audit, ControllerManager, Scheduler],
                Outcome::Failed(Severity::Medium),
            ),
            (&[Audit, Authenticator], Outcome::Failed(Severity::Low)),
        ] {
            assert_eq!(outcome(enabled, "{}"), expected, "{enabled:?}");
        }
    }

    #[test]
    fn only_required_log_types_must_be_enabled() {
        for (parameters, expected) in [
            (r#"{"requiredLogTypes": "audit"}"#, Outcome::Passed),
            (
                r#"{"requiredLogTypes": ["audit", "api"]}"#,
                Outcome::Failed(Severity::Low),
            ),
        ] {
            assert_eq!(
                outcome(&[LogType::Audit], parameters),
                expected,
                "{parameters}"
            );
        }
    }
}
