//! ## What it checks
//!
//! Something should evaluate the audit log of an EKS cluster as it is written. The check passes if one of the following
//! exists:
//!
//! - GuardDuty monitors the audit logs of EKS clusters in the Region.
//! - The log group of the cluster has a subscription filter.
//! - The account has a subscription filter policy that does not exclude the log group.
//! - The log group has a metric filter, and an alarm that uses its metric performs an action, or a composite alarm that
//!   includes that alarm does. The alarm may use the metric in a metric math expression.
//!
//! Which events a filter selects is not evaluated: nobody can say which selection is right. A product that reads the log
//! group from time to time leaves no trace that AWS shows; set `watchedElsewhere` if you use one. The check does not
//! apply to clusters whose audit log is not enabled; `eks-control-plane-logging` reports those.
//!
//! ## Why it matters
//!
//! A log that nobody evaluates helps only after the damage was noticed in another way. The audit log shows attempts that
//! were denied, anonymous requests, commands inside containers, and access to secrets while they happen.
//!
//! ## How to fix it
//!
//! Enable EKS Protection in GuardDuty, or deliver the log group to the system that evaluates your logs.

use crate::check::{Check, Evaluate, Remediation};
use crate::facts::EksCluster;
use crate::facts::cluster::LogType;
use crate::need::Need;
use crate::parameters::{Parameter, ParameterValues};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::Verdict;

static WATCHED_ELSEWHERE: Parameter<bool> = Parameter {
    name: "watchedElsewhere",
    description: "Whether a product that AWS does not show evaluates the audit logs.",
    default: false,
};

pub(super) static CHECK: Check = Check {
    id: "eks-audit-log-watched",
    enabled: true,
    title: "The audit logs of EKS clusters should be evaluated as they are written",
    requirement: "GuardDuty, a subscription filter, or an alarm on a metric filter should watch the audit log of the \
                  cluster.",
    severities: &[(
        Severity::Medium,
        "attacks that the audit log shows are not noticed, unless a product that AWS does not show reads the log",
    )],
    remediation: Remediation {
        text: "Enable EKS Protection in GuardDuty, or deliver the log group to the system that evaluates your logs.",
        command: "aws guardduty update-detector --region {region} --detector-id <detector> --features \
                  Name=EKS_AUDIT_LOGS,Status=ENABLED",
        url: "https://docs.aws.amazon.com/eks/latest/best-practices/auditing-and-logging.html",
    },
    parameters: &[&WATCHED_ELSEWHERE],
    needs: &[Need::AuditLogWatcher],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(cluster: &EksCluster, settings: &ParameterValues) -> Verdict {
    if !cluster.enabled_logs.has(LogType::Audit) {
        let text = "The audit log of the cluster is not enabled.";
        return Verdict::not_applicable(ReasonCode::AuditLogNotEnabled, text);
    }
    if settings.get(&WATCHED_ELSEWHERE) {
        let text =
            "The audit log is watched by other means, according to the parameter watchedElsewhere.";
        return Verdict::passed(ReasonCode::AuditLogWatchedElsewhere, text);
    }
    match &cluster.monitoring.audit_log_watcher {
        Err(unread) => Verdict::not_available(unread),
        Ok(Some(watcher)) => Verdict::passed(ReasonCode::AuditLogWatched, format!("{watcher}.")),
        Ok(None) => {
            let text = format!(
                "Nothing that AWS shows watches the audit log in the log group {}: neither GuardDuty, nor a \
                 subscription filter, nor an alarm on a metric filter.",
                cluster.log_group_name()
            );
            Verdict::failed(Severity::Medium, ReasonCode::AuditLogNotWatched, text)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{cluster, monitoring, settings, unread};
    use crate::facts::Fact;
    use crate::facts::cluster::{AuditLogWatcher, LogTypes, Monitoring};
    use crate::verdict::Outcome;

    const ELSEWHERE: &str = r#"{"watchedElsewhere": true}"#;

    fn verdict(audit_log_watcher: Fact<Option<AuditLogWatcher>>, parameters: &str) -> Verdict {
        let cluster = EksCluster {
            monitoring: Monitoring {
                audit_log_watcher,
                ..monitoring()
            },
            ..cluster()
        };
        evaluate(&cluster, &settings(CHECK.parameters, parameters))
    }

    #[test]
    fn something_must_watch_the_audit_log() {
        let guardduty = || Ok(Some(AuditLogWatcher::GuardDuty));
        for (watcher, parameters, expected) in [
            (guardduty(), "{}", Outcome::Passed),
            (Ok(None), "{}", Outcome::Failed(Severity::Medium)),
            (Err(unread()), "{}", Outcome::NotAvailable),
            (guardduty(), ELSEWHERE, Outcome::Passed),
            (Ok(None), ELSEWHERE, Outcome::Passed),
            (Err(unread()), ELSEWHERE, Outcome::Passed),
        ] {
            let outcome = verdict(watcher.clone(), parameters).outcome;
            assert_eq!(outcome, expected, "{watcher:?} {parameters}");
        }
    }

    #[test]
    fn the_finding_names_what_watches() {
        let name = || "siem".to_owned();
        for (watcher, named) in [
            (AuditLogWatcher::GuardDuty, "GuardDuty"),
            (AuditLogWatcher::SubscriptionFilter(name()), "filter siem"),
            (AuditLogWatcher::AccountPolicy(name()), "policy siem"),
            (
                AuditLogWatcher::Alarm {
                    name: name(),
                    filter: "denied".into(),
                },
                "alarm siem uses the metric of the log group's metric filter denied.",
            ),
        ] {
            let text = verdict(Ok(Some(watcher)), "{}").explanation();
            assert!(text.contains(named) && text.ends_with('.'), "{text}");
        }
    }

    #[test]
    fn only_a_cluster_with_an_audit_log_is_evaluated() {
        for parameters in ["{}", ELSEWHERE] {
            let without = EksCluster {
                enabled_logs: LogTypes::NONE.with(LogType::Authenticator),
                ..cluster()
            };
            let verdict = evaluate(&without, &settings(CHECK.parameters, parameters));
            assert_eq!(verdict.codes(), ["AUDIT_LOG_NOT_ENABLED"], "{parameters}");
        }
    }
}
