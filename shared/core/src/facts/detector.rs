//! The Amazon GuardDuty detector of an account in a Region.

use super::{Fact, Unread};
use crate::reason_code::ReasonCode;

/// A detector, which represents GuardDuty in a Region.
/// Source: <https://docs.aws.amazon.com/guardduty/latest/APIReference/API_GetDetector.html>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Detector {
    /// The ID.
    pub id: String,
    /// `true` if the detector is active, and `false` if GuardDuty is suspended.
    pub is_active: bool,
    /// The monitoring of the audit logs of EKS clusters (EKS Protection).
    pub audit_logs: Feature,
    /// The monitoring of the processes on the nodes of EKS clusters (Runtime Monitoring).
    pub runtime_monitoring: Feature,
}

/// The status of a feature of a detector.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Feature {
    /// The feature is enabled.
    Enabled,
    /// The feature is disabled.
    Disabled,
    /// GuardDuty does not offer the feature in the partition.
    NotOffered,
    /// GuardDuty did not return a known status of the feature.
    Unknown,
}

impl Detector {
    /// Returns `true` if GuardDuty monitors the audit logs of EKS clusters.
    pub fn monitors_audit_logs(&self) -> Fact<bool> {
        self.uses(self.audit_logs, "the audit logs of EKS clusters")
    }

    /// Returns `true` if GuardDuty monitors the processes on the nodes of EKS clusters.
    pub fn monitors_runtime(&self) -> Fact<bool> {
        self.uses(self.runtime_monitoring, "the nodes of EKS clusters")
    }

    /// Returns `true` if the detector is active and the feature, which monitors `what`, is enabled.
    fn uses(&self, feature: Feature, what: &str) -> Fact<bool> {
        match feature {
            _ if !self.is_active => Ok(false),
            Feature::Enabled => Ok(true),
            Feature::Disabled | Feature::NotOffered => Ok(false),
            Feature::Unknown => Err(Unread {
                code: ReasonCode::DetectorFeatureUnknown,
                text: format!(
                    "guardduty:GetDetector on detector {} did not return whether GuardDuty monitors {what}.",
                    self.id
                ),
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::detector;

    #[test]
    fn a_feature_is_used_if_it_is_enabled_and_the_detector_is_active() {
        let uses = |is_active, feature| {
            let by_audit_logs = Detector {
                is_active,
                audit_logs: feature,
                ..detector()
            };
            let by_runtime = Detector {
                is_active,
                runtime_monitoring: feature,
                ..detector()
            };
            [
                by_audit_logs.monitors_audit_logs(),
                by_runtime.monitors_runtime(),
            ]
            .map(|uses| uses.map_err(|unread| unread.code.word()))
        };
        for (is_active, feature, expected) in [
            (true, Feature::Enabled, Ok(true)),
            (true, Feature::Disabled, Ok(false)),
            (true, Feature::NotOffered, Ok(false)),
            (true, Feature::Unknown, Err("DETECTOR_FEATURE_UNKNOWN")),
            (false, Feature::Enabled, Ok(false)),
            (false, Feature::Unknown, Ok(false)),
        ] {
            let found = uses(is_active, feature);
            assert_eq!(found, [expected, expected], "{is_active} {feature:?}");
        }
    }
}
