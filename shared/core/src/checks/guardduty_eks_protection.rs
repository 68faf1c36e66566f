//! ## What it checks
//!
//! Amazon GuardDuty should monitor the audit logs of EKS clusters (EKS Protection) in each account and Region that has a
//! cluster. The check fails when the account has no GuardDuty detector in the Region, when GuardDuty is suspended, and
//! when the feature `EKS_AUDIT_LOGS` of the detector is disabled. If the response names no such feature, the older
//! setting of the data source decides.
//!
//! GuardDuty receives the audit logs directly from EKS, so this check does not depend on whether a cluster sends its
//! logs to CloudWatch Logs. Each account is evaluated by its own detector, also if an administrator account manages it.
//! In partitions in which GuardDuty does not offer the feature, the check does not apply.
//!
//! ## Why it matters
//!
//! The audit log is the only record of an attack through the Kubernetes API server, and nobody reads it without a
//! reason. GuardDuty reports anonymous access, calls from malicious addresses, and credentials and containers that are
//! used in unusual ways.
//!
//! ## How to fix it
//!
//! Enable GuardDuty in the Region, and EKS Protection in GuardDuty. If the account is a member of an organization, do so
//! in the administrator account of GuardDuty.

use crate::check::{Check, Evaluate, Remediation};
use crate::facts::{Account, Detector, Feature};
use crate::need::Need;
use crate::parameters::ParameterValues;
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::Verdict;

pub(super) static CHECK: Check = Check {
    id: "guardduty-eks-protection",
    enabled: true,
    title: "GuardDuty should monitor the audit logs of EKS clusters",
    requirement: "GuardDuty should be active, with EKS Protection enabled, in each Region that has an EKS cluster.",
    severities: &[(
        Severity::High,
        "nobody notices attacks through the Kubernetes API server, of which only the audit logs have a record",
    )],
    remediation: Remediation {
        text: "Enable GuardDuty with EKS Protection in the Region, in the administrator account if there is one.",
        command: "aws guardduty update-detector --region {region} --detector-id <detector> --features \
                  Name=EKS_AUDIT_LOGS,Status=ENABLED",
        url: "https://docs.aws.amazon.com/guardduty/latest/ug/kubernetes-protection.html",
    },
    parameters: &[],
    needs: &[Need::Detector],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(account: &Account, _: &ParameterValues) -> Verdict {
    if account.has_clusters == Ok(false) {
        let text = "The Region has no EKS clusters.";
        return Verdict::not_applicable(ReasonCode::NoClusters, text);
    }
    match &account.detector {
        Err(unread) => Verdict::not_available(unread),
        Ok(None) => {
            let text =
                "GuardDuty is not enabled: the account has no detector in the Region.".to_owned();
            Verdict::failed(Severity::High, ReasonCode::NoDetector, text)
        }
        Ok(Some(detector)) => evaluate_detector(detector),
    }
}

fn evaluate_detector(detector: &Detector) -> Verdict {
    let id = &detector.id;
    let failed = |code, text: String| Verdict::failed(Severity::High, code, text);
    if detector.audit_logs == Feature::NotOffered {
        let text = "GuardDuty does not offer the monitoring of EKS audit logs in this partition.";
        return Verdict::not_applicable(ReasonCode::DetectorFeatureNotOffered, text);
    }
    match detector.monitors_audit_logs() {
        Err(unread) => Verdict::not_available(&unread),
        Ok(true) => Verdict::passed(
            ReasonCode::AuditLogsMonitored,
            format!("The GuardDuty detector {id} monitors the audit logs of EKS clusters."),
        ),
        Ok(false) if detector.is_active => failed(
            ReasonCode::AuditLogsNotMonitored,
            format!("The GuardDuty detector {id} does not monitor the audit logs of EKS clusters."),
        ),
        Ok(false) => failed(
            ReasonCode::DetectorSuspended,
            format!("The GuardDuty detector {id} is suspended."),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{account, detector, unread};
    use crate::facts::Fact;
    use crate::verdict::Outcome;

    const HIGH: Outcome = Outcome::Failed(Severity::High);

    fn verdict(has_clusters: Fact<bool>, detector: Fact<Option<Detector>>) -> Verdict {
        let account = Account {
            has_clusters,
            detector,
            ..account()
        };
        evaluate(&account, &ParameterValues::default())
    }

    #[test]
    fn the_detector_must_be_active_and_monitor_audit_logs() {
        use Feature::{Disabled, Enabled, NotOffered, Unknown};
        for (is_active, audit_logs, outcome, code) in [
            (true, Enabled, Outcome::Passed, "AUDIT_LOGS_MONITORED"),
            (true, Disabled, HIGH, "AUDIT_LOGS_NOT_MONITORED"),
            (false, Enabled, HIGH, "DETECTOR_SUSPENDED"),
            (false, Disabled, HIGH, "DETECTOR_SUSPENDED"),
            (false, Unknown, HIGH, "DETECTOR_SUSPENDED"),
            (
                true,
                Unknown,
                Outcome::NotAvailable,
                "DETECTOR_FEATURE_UNKNOWN",
            ),
            (
                true,
                NotOffered,
                Outcome::NotApplicable,
                "DETECTOR_FEATURE_NOT_OFFERED",
            ),
            (
                false,
                NotOffered,
                Outcome::NotApplicable,
                "DETECTOR_FEATURE_NOT_OFFERED",
            ),
        ] {
            let detector = Detector {
                is_active,
                audit_logs,
                ..detector()
            };
            let verdict = verdict(Ok(true), Ok(Some(detector)));
            assert_eq!(
                (verdict.outcome, verdict.codes()),
                (outcome, vec![code]),
                "{is_active} {audit_logs:?}"
            );
        }
    }

    #[test]
    fn only_a_region_that_may_hold_clusters_needs_a_detector() {
        for (has_clusters, found, outcome) in [
            (Ok(true), Ok(None), HIGH),
            (Err(unread()), Ok(None), HIGH),
            (Ok(false), Ok(None), Outcome::NotApplicable),
            (Ok(false), Err(unread()), Outcome::NotApplicable),
            (Ok(true), Err(unread()), Outcome::NotAvailable),
            (Err(unread()), Err(unread()), Outcome::NotAvailable),
            (Err(unread()), Ok(Some(detector())), Outcome::Passed),
        ] {
            let verdict = verdict(has_clusters.clone(), found.clone());
            assert_eq!(verdict.outcome, outcome, "{has_clusters:?} {found:?}");
        }
    }
}
