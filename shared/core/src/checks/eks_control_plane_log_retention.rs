//! ## What it checks
//!
//! The log group `/aws/eks/<cluster>/cluster`, which contains the control plane logs of an EKS cluster, should keep log
//! events for at least `minRetentionDays`, and be readable. The check fails when the retention period is shorter, or the
//! log group is in the Delivery log class, which keeps log events for one day; when the KMS key of the log group does
//! not exist or can't be used; and, if `requireCustomerManagedKey` is set, when the log group names no key. A log group
//! without a retention period never expires log events. If the log group does not exist although logs are enabled, the
//! result is a warning: it was deleted, or no log event was written yet.
//!
//! A key that can't be described counts as usable. The check does not apply to a cluster that sends no logs to
//! CloudWatch Logs; `eks-control-plane-logging` reports those.
//!
//! ## Why it matters
//!
//! Attackers are often noticed only after months. If the audit log of that time has expired, nobody can determine how
//! they got in and what they did. If the key of the log group is disabled or deleted, nobody can read what is stored,
//! and CloudWatch Logs rejects new log events.
//!
//! ## How to fix it
//!
//! Set the retention period of the log group. Enable a disabled key, cancel its deletion, or associate another key with
//! the log group.

use crate::check::{Check, Evaluate, Remediation};
use crate::facts::EksCluster;
use crate::facts::cluster::{LogGroup, LogGroupKey};
use crate::facts::key::KeyState;
use crate::need::Need;
use crate::parameters::{Parameter, ParameterValues};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::{Reason, Verdict};

static MIN_RETENTION_DAYS: Parameter<u32> = Parameter {
    name: "minRetentionDays",
    description: "The number of days for which log events must be kept. CloudWatch Logs supports retention periods of \
                  up to 3653 days, among them 365, 400, 545, 731, 1096 and 1827.",
    default: 365,
};

static REQUIRE_CUSTOMER_MANAGED_KEY: Parameter<bool> = Parameter {
    name: "requireCustomerManagedKey",
    description: "Whether the log group must be encrypted with a customer managed KMS key.",
    default: false,
};

pub(super) static CHECK: Check = Check {
    id: "eks-control-plane-log-retention",
    enabled: true,
    title: "The control plane logs of EKS clusters should be kept for long enough, and be readable",
    requirement: "The log group of the control plane logs should keep log events for the required time, with a KMS key \
                  that can be used if it has one.",
    severities: &[
        (
            Severity::High,
            "nobody can read the logs that are stored, and new log events are rejected",
        ),
        (
            Severity::Medium,
            "the logs may have expired when an investigation needs them",
        ),
        (
            Severity::Low,
            "the logs are not encrypted with a key whose use you can audit and revoke",
        ),
    ],
    remediation: Remediation {
        text: "Set the retention period of the log group, and make sure that its KMS key can be used.",
        command: "aws logs put-retention-policy --region {region} --log-group-name /aws/eks/{name}/cluster \
                  --retention-in-days 365",
        url: "https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html",
    },
    parameters: &[&MIN_RETENTION_DAYS, &REQUIRE_CUSTOMER_MANAGED_KEY],
    needs: &[Need::LogGroup],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(cluster: &EksCluster, settings: &ParameterValues) -> Verdict {
    if cluster.enabled_logs.is_empty() {
        let text = "The cluster sends no control plane logs to CloudWatch Logs.";
        return Verdict::not_applicable(ReasonCode::NoLogsEnabled, text);
    }
    let name = cluster.log_group_name();
    match &cluster.monitoring.log_group {
        Err(unread) => Verdict::not_available(unread),
        Ok(None) => {
            let text = format!(
                "The log group {name} does not exist: it was deleted, or no log event was written yet."
            );
            Verdict::warning(ReasonCode::LogGroupMissing, text)
        }
        Ok(Some(group)) => evaluate_log_group(&name, group, settings),
    }
}

fn evaluate_log_group(name: &str, group: &LogGroup, settings: &ParameterValues) -> Verdict {
    let required = settings.get(&MIN_RETENTION_DAYS);
    let requires_key = settings.get(&REQUIRE_CUSTOMER_MANAGED_KEY);
    let without_key = (requires_key && group.key.is_none()).then(|| {
        let text =
            format!("The log group {name} is not encrypted with a customer managed KMS key.");
        Reason::new(ReasonCode::LogGroupWithoutKey, text)
    });
    let failed = Verdict::failed_by([
        (Severity::High, group.key.as_ref().and_then(unusable)),
        (Severity::Medium, kept_too_short(name, group, required)),
        (Severity::Low, without_key),
    ]);
    failed.unwrap_or_else(|| {
        let text = match group.retention_days {
            Some(days) => format!("The log group {name} keeps log events for {days} days."),
            None => format!("Log events in the log group {name} never expire."),
        };
        Verdict::passed(ReasonCode::LogsKept, text)
    })
}

/// Returns why a key can't be used; `None` if it can, or if that is not known.
fn unusable(key: &LogGroupKey) -> Option<Reason> {
    let LogGroupKey { named, key } = key;
    match key {
        Ok(None) => {
            let text = format!("The KMS key {named} of the log group does not exist.");
            Some(Reason::new(ReasonCode::KeyGone, text))
        }
        Ok(Some(key)) => match &key.state {
            KeyState::Other(state) => {
                let text = format!(
                    "The KMS key {named} of the log group can't be used: its state is {state}."
                );
                Some(Reason::new(ReasonCode::KeyUnusable, text))
            }
            KeyState::Enabled | KeyState::Updating | KeyState::Unknown => None,
        },
        Err(_) => None,
    }
}

/// Returns why log events are not kept for the required number of days; `None` if they are.
fn kept_too_short(name: &str, group: &LogGroup, required: u32) -> Option<Reason> {
    if group.is_for_delivery && required > 1 {
        let text = format!(
            "The log group {name} is in the Delivery log class, which keeps log events for one day."
        );
        return Some(Reason::new(ReasonCode::LogsForDeliveryOnly, text));
    }
    let days = group.retention_days.filter(|days| *days < required)?;
    let text = format!(
        "The log group {name} keeps log events for {days} days, and the required minimum is {required} days."
    );
    Some(Reason::new(ReasonCode::LogsKeptTooShort, text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{cluster, log_group, monitoring, secrets_key, settings, unread};
    use crate::facts::Fact;
    use crate::facts::cluster::{LogType, LogTypes, Monitoring};
    use crate::facts::key::NamedKey;
    use crate::verdict::Outcome;

    const HIGH: Outcome = Outcome::Failed(Severity::High);
    const MEDIUM: Outcome = Outcome::Failed(Severity::Medium);
    const LOW: Outcome = Outcome::Failed(Severity::Low);
    const PASSED: Outcome = Outcome::Passed;

    fn verdict(log_group: Fact<Option<LogGroup>>, parameters: &str) -> Verdict {
        let cluster = EksCluster {
            monitoring: Monitoring {
                log_group,
                ..monitoring()
            },
            ..cluster()
        };
        evaluate(&cluster, &settings(CHECK.parameters, parameters))
    }

    fn with_key(key: Fact<Option<NamedKey>>) -> LogGroup {
        LogGroup {
            key: Some(LogGroupKey {
                named: "arn:aws:kms:eu-central-1:111122223333:key/1".into(),
                key,
            }),
            ..log_group()
        }
    }

    fn of_state(state: KeyState) -> LogGroup {
        with_key(secrets_key(state).key)
    }

    #[test]
    fn log_events_must_be_kept_for_the_required_time() {
        for (days, for_delivery, parameters, expected) in [
            (None, false, "{}", PASSED),
            (Some(364), false, "{}", MEDIUM),
            (Some(365), false, "{}", PASSED),
            (Some(400), false, r#"{"minRetentionDays": 731}"#, MEDIUM),
            (Some(731), false, r#"{"minRetentionDays": "731"}"#, PASSED),
            (None, false, r#"{"minRetentionDays": 3653}"#, PASSED),
            (None, true, "{}", MEDIUM),
            (Some(400), true, "{}", MEDIUM),
            (None, true, r#"{"minRetentionDays": 2}"#, MEDIUM),
            (None, true, r#"{"minRetentionDays": 1}"#, PASSED),
        ] {
            let group = LogGroup {
                retention_days: days,
                is_for_delivery: for_delivery,
                ..log_group()
            };
            let outcome = verdict(Ok(Some(group)), parameters).outcome;
            assert_eq!(outcome, expected, "{days:?} {for_delivery} {parameters}");
        }
    }

    #[test]
    fn the_key_must_be_usable() {
        let other = |state: &str| of_state(KeyState::Other(state.into()));
        for (group, expected) in [
            (of_state(KeyState::Enabled), PASSED),
            (of_state(KeyState::Updating), PASSED),
            (of_state(KeyState::Unknown), PASSED),
            (other("Disabled"), HIGH),
            (other("PendingDeletion"), HIGH),
            (with_key(Ok(None)), HIGH),
            (with_key(Err(unread())), PASSED),
        ] {
            let outcome = verdict(Ok(Some(group.clone())), "{}").outcome;
            assert_eq!(outcome, expected, "{group:?}");
        }
    }

    #[test]
    fn a_key_is_required_on_demand() {
        let required = r#"{"requireCustomerManagedKey": true}"#;
        let without = LogGroup {
            key: None,
            ..log_group()
        };
        for (group, parameters, expected) in [
            (without.clone(), "{}", PASSED),
            (without, required, LOW),
            (of_state(KeyState::Enabled), required, PASSED),
            (with_key(Err(unread())), required, PASSED),
        ] {
            let outcome = verdict(Ok(Some(group.clone())), parameters).outcome;
            assert_eq!(outcome, expected, "{group:?} {parameters}");
        }
    }

    #[test]
    fn all_failures_are_reported_the_worst_first() {
        let group = LogGroup {
            retention_days: Some(1),
            ..with_key(Ok(None))
        };
        let verdict = verdict(Ok(Some(group)), "{}");
        assert_eq!(verdict.outcome, HIGH);
        assert_eq!(verdict.codes(), ["KEY_GONE", "LOGS_KEPT_TOO_SHORT"]);
    }

    #[test]
    fn a_cluster_that_logs_needs_a_log_group() {
        for (group, expected) in [
            (Ok(Some(log_group())), PASSED),
            (Ok(None), Outcome::Warning),
            (Err(unread()), Outcome::NotAvailable),
        ] {
            let monitoring = Monitoring {
                log_group: group.clone(),
                ..monitoring()
            };
            let outcome = |enabled_logs| {
                let cluster = EksCluster {
                    enabled_logs,
                    monitoring: monitoring.clone(),
                    ..cluster()
                };
                evaluate(&cluster, &ParameterValues::default()).outcome
            };
            for enabled_logs in [LogTypes::ALL, LogTypes::NONE.with(LogType::Authenticator)] {
                assert_eq!(outcome(enabled_logs), expected, "{group:?}");
            }
            assert_eq!(outcome(LogTypes::NONE), Outcome::NotApplicable);
        }
    }
}
