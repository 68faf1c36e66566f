//! What records and monitors clusters: GuardDuty, and the log groups of their control plane logs.

use eksentry_core::facts::Detector;
use eksentry_core::facts::cluster::{AuditLogWatcher, EksCluster, LogGroup, RuntimeCoverage};
use eksentry_core::{Fact, Need, Needs};

use crate::Reader;
use crate::needed::{set, when};

/// The facts about the monitoring of a cluster, each of them absent if it was not read.
#[derive(Debug)]
pub(super) struct Monitoring {
    detector: Option<Fact<Option<Detector>>>,
    runtime_coverage: Option<Fact<Option<RuntimeCoverage>>>,
    log_group: Option<Fact<Option<LogGroup>>>,
    audit_log_watcher: Option<Fact<Option<AuditLogWatcher>>>,
}

impl Monitoring {
    /// Adds the facts to those of the cluster.
    pub(super) fn add_to(self, cluster: &mut EksCluster) {
        set(&mut cluster.detector, self.detector);
        set(&mut cluster.runtime_coverage, self.runtime_coverage);
        set(&mut cluster.log_group, self.log_group);
        set(&mut cluster.audit_log_watcher, self.audit_log_watcher);
    }
}

impl Reader<'_> {
    /// Reads the facts about the monitoring of a cluster that are needed.
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
        Monitoring {
            detector,
            runtime_coverage: runtime_coverage.flatten(),
            log_group: log_group.flatten(),
            audit_log_watcher: audit_log_watcher.flatten(),
        }
    }
}
