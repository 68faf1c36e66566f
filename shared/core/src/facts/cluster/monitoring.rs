//! The services that record and monitor a cluster.

use super::{AuditLogWatcher, EksCluster, LogGroup, RuntimeCoverage};
use crate::facts::{Detector, Fact, Unread};

/// The log group of a cluster, and what monitors the cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Monitoring {
    /// The log group of the control plane logs; `None` if it does not exist. It is read only if a log type is enabled.
    pub log_group: Fact<Option<LogGroup>>,
    /// Something that watches the audit log, even if other possible watchers are unread; `None` if nothing does. It is
    /// read only if the audit log is enabled.
    pub audit_log_watcher: Fact<Option<AuditLogWatcher>>,
    /// The GuardDuty detector of the Region; `None` if there is none.
    pub detector: Fact<Option<Detector>>,
    /// The coverage by GuardDuty Runtime Monitoring; `None` if GuardDuty does not list the cluster. It is read only if
    /// the detector is active.
    pub runtime_coverage: Fact<Option<RuntimeCoverage>>,
}

impl Monitoring {
    /// Returns facts of which none was requested.
    pub(super) fn not_requested() -> Self {
        let not_requested = Unread::not_requested;
        Self {
            log_group: Err(not_requested("the cluster's log group")),
            audit_log_watcher: Err(not_requested("watchers of the cluster's audit log")),
            detector: Err(not_requested("the GuardDuty detector")),
            runtime_coverage: Err(not_requested(
                "the coverage by GuardDuty Runtime Monitoring",
            )),
        }
    }
}

impl EksCluster {
    /// Returns the name of the log group to which EKS writes the control plane logs.
    /// Source: <https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html>.
    pub fn log_group_name(&self) -> String {
        format!("/aws/eks/{}/cluster", self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::cluster;

    #[test]
    fn the_log_group_has_the_name_of_the_cluster() {
        let cluster = EksCluster {
            name: "payments".into(),
            ..cluster()
        };
        assert_eq!(cluster.log_group_name(), "/aws/eks/payments/cluster");
    }
}
