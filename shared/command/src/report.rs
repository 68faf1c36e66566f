//! The results of a scan.

use eksentry_core::Severity;
use eksentry_runtime::Scanned;
use jiff::Timestamp;
use serde::Serialize;

use crate::finding::{Finding, Status};

/// The results of a scan, as outputs contain them.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Report {
    /// The version of the command.
    pub(crate) version: &'static str,
    pub(crate) made_at: Timestamp,
    /// The account of the credentials.
    pub(crate) account: String,
    /// The home Region of the credentials.
    pub(crate) region: String,
    pub(crate) counts: Counts,
    /// The findings: failures first, the most severe of them first.
    pub(crate) findings: Vec<Finding>,
    /// The errors because of which something was not evaluated.
    pub(crate) errors: Vec<String>,
}

/// The numbers of a scan.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Counts {
    pub(crate) resources: usize,
    pub(crate) failed: usize,
    pub(crate) warning: usize,
    pub(crate) not_available: usize,
    pub(crate) passed: usize,
    /// Failures that count as passed because of a mute.
    pub(crate) muted: usize,
    /// Images whose scan is under way.
    pub(crate) pending: usize,
    /// Calls to AWS; each try counts.
    pub(crate) calls: u64,
    pub(crate) throttled: u64,
    pub(crate) duration_ms: u64,
}

impl Report {
    /// Creates the report of a scan with these findings. Failures and warnings below `lowest` are left out; what could
    /// not be read may have any severity.
    pub(crate) fn new(
        scanned: &Scanned,
        findings: &[eksentry_core::Finding],
        lowest: Option<Severity>,
        made_at: Timestamp,
    ) -> Self {
        let findings = findings.iter().filter_map(Finding::of);
        let is_shown = |finding: &Finding| match finding.status {
            Status::Failed | Status::Warning => {
                lowest.is_none_or(|lowest| finding.severity >= lowest)
            }
            Status::NotAvailable | Status::Passed => true,
        };
        let mut findings: Vec<Finding> = findings.filter(is_shown).collect();
        findings.sort_by(|one, other| one.order().cmp(&other.order()));
        let count = |status| findings.iter().filter(|one| one.status == status).count();
        let summary = &scanned.summary;
        Self {
            version: env!("CARGO_PKG_VERSION"),
            made_at,
            account: scanned.home.account.clone(),
            region: scanned.home.region.clone(),
            counts: Counts {
                resources: summary.resources,
                failed: count(Status::Failed),
                warning: count(Status::Warning),
                not_available: count(Status::NotAvailable),
                passed: count(Status::Passed),
                muted: findings.iter().filter(|one| one.muted.is_some()).count(),
                pending: summary.pending,
                calls: summary.calls,
                throttled: summary.throttled,
                duration_ms: summary.duration_ms,
            },
            findings,
            errors: scanned.errors.iter().map(ToString::to_string).collect(),
        }
    }

    /// Returns `true` if a failure has at least this severity.
    pub(crate) fn has_failure(&self, lowest: Severity) -> bool {
        let mut findings = self.findings.iter();
        findings.any(|finding| finding.status == Status::Failed && finding.severity >= lowest)
    }

    /// Returns `true` if everything could be read.
    pub(crate) fn is_complete(&self) -> bool {
        self.errors.is_empty() && self.counts.not_available == 0
    }
}
