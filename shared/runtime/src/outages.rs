//! Clusters whose contents can't be read: the day on which that began, and the earlier findings that no longer count.
//!
//! Security Hub stores the day, in the finding that the cluster can't be read. Without Security Hub, there are no earlier
//! findings.

use eksentry_core::{Check, Finding, Observation, Outage, Outcome, ParameterValues, checks};

use crate::sinks::{Held, Sink};

/// The part of a run that completes the findings about clusters that can't be read.
pub(crate) struct Outages<'a> {
    pub(crate) checks: &'a [(&'static Check, ParameterValues)],
    /// The address at which the checks' pages are published.
    pub(crate) docs: Option<&'a str>,
    pub(crate) sinks: &'a [Box<dyn Sink + 'a>],
}

impl Outages<'_> {
    /// Completes the findings of an observation. If one of them is that a cluster can't be read, it receives the day on
    /// which that began. Findings that take the place of earlier ones are added once these no longer count.
    pub(crate) fn complete(
        &self,
        mut findings: Vec<Finding>,
        observation: &Observation,
    ) -> Vec<Finding> {
        let readability = checks::readability();
        let is_unread = |finding: &Finding| {
            finding.check.id == readability.id && finding.verdict.outcome == Outcome::NotAvailable
        };
        let mut settings = self.checks.iter();
        let settings = settings.find(|(check, _)| check.id == readability.id);
        let (Some(at), Some((_, settings))) = (findings.iter().position(is_unread), settings)
        else {
            return findings;
        };
        let Some(held) = self.sinks.iter().find_map(|sink| sink.held_findings()) else {
            return findings;
        };
        let cluster = observation.resource.cluster();
        let of_cluster = held.into_iter();
        let of_cluster = of_cluster.filter(|held| held.resource.cluster() == cluster);
        let (reports, others): (Vec<Held>, Vec<Held>) =
            of_cluster.partition(|held| held.check.id == readability.id);
        let since = reports.iter().find_map(|report| report.unread_since);
        let outage = Outage::new(since, observation.observed_at, settings);
        let report = findings.remove(at).with_outage(&outage);
        findings.insert(at, report);
        if outage.is_stale() {
            let stale = others.into_iter().filter_map(|held| {
                let mut checks = self.checks.iter();
                let (check, settings) = checks.find(|(check, _)| check.id == held.check.id)?;
                let at = observation.observed_at;
                let finding =
                    Finding::stale(check, held.resource, &outage, settings, self.docs, at);
                Some(finding)
            });
            findings.extend(stale);
        }
        findings
    }
}
