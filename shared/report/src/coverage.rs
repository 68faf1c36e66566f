//! The extent of a report: the resources and results that it cannot tell about.

use std::collections::HashSet;

use eksentry_core::finding::parse_finding_id;
use eksentry_core::{ReasonCode, checks};

use crate::finding::is_inside;
use crate::{Finding, Narrowing, Report, Status};

/// The extent of a report: whether it would state a failure if there was one. Nothing that was not evaluated may look as
/// if it passed, or as if it was gone.
pub(crate) struct Coverage<'a> {
    report: &'a Report,
    /// The ARNs of the clusters whose contents were not read completely. Most checks report nothing about these, since
    /// one finding reports the reason for all checks.
    unread_clusters: HashSet<String>,
    /// The checks and clusters for which not all failing objects have findings of their own, or none could be evaluated.
    incomplete: HashSet<(&'a str, &'a str)>,
    /// The checks with results that are not known yet.
    pending: HashSet<&'a str>,
}

impl<'a> Coverage<'a> {
    pub(crate) fn of(report: &'a Report) -> Self {
        let findings = report.findings.iter();
        let unread = findings.clone().filter(|one| is_about_unread(one));
        let mut unread_clusters: HashSet<String> =
            unread.map(|one| one.resource_id.clone()).collect();
        let mut pending = HashSet::new();
        for id in &report.pending {
            if let Some((check, resource)) = parse_finding_id(id) {
                pending.insert(check);
                if check == checks::readability().id {
                    unread_clusters.insert(resource.id().to_owned());
                }
            }
        }
        let incomplete = findings.filter_map(|finding| {
            let cluster = finding.place.as_ref()?.cluster_id.as_str();
            let is_incomplete = finding.status == Status::NotAvailable
                || has_reason(finding, ReasonCode::MoreObjects);
            (is_incomplete && cluster == finding.resource_id)
                .then_some((finding.check.as_str(), cluster))
        });
        Self {
            report,
            unread_clusters,
            incomplete: incomplete.collect(),
            pending,
        }
    }

    /// Returns `true` if the contents of the cluster with this ARN were not read completely.
    pub(crate) fn is_unread(&self, cluster: &str) -> bool {
        self.unread_clusters.contains(cluster)
    }

    /// Returns `true` if results of a check may be missing, so that it is not known to pass.
    pub(crate) fn may_lack_results(&self, check: &str) -> bool {
        !self.report.errors.is_empty()
            || self.pending.contains(check)
            || (is_inside(check) && !self.unread_clusters.is_empty())
    }

    /// Returns `true` if the report would have a finding with this check and resource if there still was one.
    pub(crate) fn would_have(&self, finding: &Finding) -> bool {
        let report = self.report;
        let is_in_scope = report
            .scopes
            .iter()
            .any(|scope| scope.account == finding.account && scope.region == finding.region);
        let cluster = finding.place.as_ref().map(|place| &place.cluster_id);
        let was_read = cluster.is_none_or(|cluster| {
            let subject = (finding.check.as_str(), cluster.as_str());
            !self.is_unread(cluster) && !self.incomplete.contains(&subject)
        });
        let Narrowing {
            resources,
            severity,
            ..
        } = &report.narrowing;
        // The contents of a cluster are evaluated with it.
        let subject = cluster.unwrap_or(&finding.resource_id);
        let was_evaluated = resources.is_empty() || resources.contains(subject);
        report.check(&finding.check).is_some()
            && is_in_scope
            && was_read
            && was_evaluated
            // A failure that is less severe now would be missing, too.
            && severity.is_none()
            && report.errors.is_empty()
            && !report.pending.contains(&finding.id)
    }
}

/// Returns `true` if a finding states that the contents of a cluster were not read completely.
pub(crate) fn is_about_unread(finding: &Finding) -> bool {
    finding.check == checks::readability().id
        && match finding.status {
            Status::Passed => has_reason(finding, ReasonCode::PodsNotRead),
            // The cluster is gone, and its contents with it.
            Status::Archived => false,
            _ => true,
        }
}

fn has_reason(finding: &Finding, code: ReasonCode) -> bool {
    let mut reasons = finding.reasons.iter();
    reasons.any(|reason| reason.code == code.word())
}
