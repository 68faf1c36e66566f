//! The services that record and monitor clusters: GuardDuty, and CloudWatch Logs with the control plane logs.

use eksentry_core::facts::cluster::{EksCluster, Monitoring};
use eksentry_core::{Need, Needs};

use crate::Reader;
use crate::needed::{set, when};

impl Reader<'_> {
    /// Returns the facts about the monitoring of a cluster, with those that are needed.
    pub(super) async fn monitoring(&self, cluster: &EksCluster, needs: Needs) -> Monitoring {
        let (detector, runtime_coverage, log_group, audit_log_watcher) = futures::join!(
            when(needs, Need::Detector, self.detector()),
            when(
                needs,
                Need::RuntimeCoverage,
                self.runtime_coverage(&cluster.name)
            ),
            when(needs, Need::LogGroup, self.log_group(cluster)),
            when(
                needs,
                Need::AuditLogWatcher,
                self.audit_log_watcher(cluster)
            ),
        );
        let mut monitoring = cluster.monitoring.clone();
        set(&mut monitoring.detector, detector);
        set(&mut monitoring.runtime_coverage, runtime_coverage.flatten());
        set(&mut monitoring.log_group, log_group.flatten());
        set(
            &mut monitoring.audit_log_watcher,
            audit_log_watcher.flatten(),
        );
        monitoring
    }
}
