//! Facts about GuardDuty and the logs of clusters.

use arbitrary::{Result, Unstructured};
use eksentry_core::facts::{
    Detector, Fact, Feature,
    cluster::{
        AuditLogWatcher, CoverageStatus, LogGroup, LogGroupKey, Monitoring, RuntimeCoverage,
    },
};

use super::super::texts::{maybe, text};
use super::{cluster::maybe_key, fact};

pub(super) fn monitoring(bytes: &mut Unstructured<'_>) -> Result<Monitoring> {
    Ok(Monitoring {
        log_group: log_group(bytes)?,
        audit_log_watcher: audit_log_watcher(bytes)?,
        detector: detector(bytes)?,
        runtime_coverage: runtime_coverage(bytes)?,
    })
}

pub(super) fn detector(bytes: &mut Unstructured<'_>) -> Result<Fact<Option<Detector>>> {
    const FEATURES: [Feature; 4] = [
        Feature::Enabled,
        Feature::Disabled,
        Feature::NotOffered,
        Feature::Unknown,
    ];
    let detector = Detector {
        id: text(bytes)?,
        is_active: bytes.arbitrary()?,
        audit_logs: *bytes.choose(&FEATURES)?,
        runtime_monitoring: *bytes.choose(&FEATURES)?,
    };
    let is_there: bool = bytes.arbitrary()?;
    fact(is_there.then_some(detector), bytes)
}

fn runtime_coverage(bytes: &mut Unstructured<'_>) -> Result<Fact<Option<RuntimeCoverage>>> {
    let statuses = ["HEALTHY".to_owned(), "UNHEALTHY".to_owned(), text(bytes)?];
    let coverage = RuntimeCoverage {
        status: CoverageStatus::read(bytes.choose(&statuses)?),
        issue: maybe(bytes)?,
        is_excluded: bytes.arbitrary()?,
        covered_nodes: bytes.arbitrary()?,
        compatible_nodes: bytes.arbitrary()?,
    };
    let is_there: bool = bytes.arbitrary()?;
    fact(is_there.then_some(coverage), bytes)
}

fn log_group(bytes: &mut Unstructured<'_>) -> Result<Fact<Option<LogGroup>>> {
    let key = LogGroupKey {
        named: text(bytes)?,
        key: maybe_key(bytes)?,
    };
    let group = LogGroup {
        retention_days: bytes.arbitrary()?,
        is_for_delivery: bytes.arbitrary()?,
        key: bytes.arbitrary::<bool>()?.then_some(key),
    };
    let is_there: bool = bytes.arbitrary()?;
    fact(is_there.then_some(group), bytes)
}

fn audit_log_watcher(bytes: &mut Unstructured<'_>) -> Result<Fact<Option<AuditLogWatcher>>> {
    let watcher = match bytes.int_in_range(0..=4)? {
        0 => None,
        1 => Some(AuditLogWatcher::GuardDuty),
        2 => Some(AuditLogWatcher::SubscriptionFilter(text(bytes)?)),
        3 => Some(AuditLogWatcher::AccountPolicy(text(bytes)?)),
        _ => Some(AuditLogWatcher::Alarm {
            name: text(bytes)?,
            filter: text(bytes)?,
        }),
    };
    fact(watcher, bytes)
}
