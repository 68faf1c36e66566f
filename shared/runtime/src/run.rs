//! A run: resources are listed and described, checks evaluate them, and the findings are reported.

use std::cell::OnceCell;

use eksentry_collectors::{Reader, Step, Unlisted};
use eksentry_core::check::needs_of;
use eksentry_core::facts::KubernetesCluster;
use eksentry_core::facts::kubernetes::ObjectName;
use eksentry_core::kind::{Family, TagSource};
use eksentry_core::{
    Check, FactsOf as _, Finding, Mute, Observation, Outcome, ParameterValues, ReasonCode,
    Resource, State, Unread, Verdict, checks,
};
use tokio::sync::mpsc;

use crate::error::{Error, ErrorKind};
use crate::invocation::{Invocation, Sinks};
use crate::outages::Outages;
use crate::place::Place;
use crate::scope::{Scope, Targets};
use crate::settled::Settled;
use crate::sinks::{OcsfSink, SecurityHubSink, Sink, WatcherSink};
use crate::summary::Summary;
use crate::watcher::Watcher;

/// The most observations that wait to be evaluated; when there are more, reading pauses.
const MAX_WAITING: usize = 16;

/// The most findings that wait for their resources' tags, which a mute depends on or a sink reports.
const MAX_UNTAGGED: usize = 100;

/// A run of checks over the resources of one place.
pub(crate) struct Run<'a> {
    /// The id, which the findings that it sends carry.
    pub(crate) id: String,
    pub(crate) invocation: &'a Invocation<'a>,
    pub(crate) place: &'a Place,
    pub(crate) reader: &'a Reader<'a>,
    pub(crate) checks: &'a [(&'static Check, ParameterValues)],
    pub(crate) targets: Targets,
    pub(crate) sinks: Sinks<'a>,
    /// The cluster whose contents the run has evaluated.
    pub(crate) cluster: OnceCell<Observation>,
}

/// The results of a run.
#[derive(Debug, Default)]
pub(crate) struct RunReport {
    pub(crate) summary: Summary,
    /// The errors about resources that could not be listed and findings that could not be delivered.
    pub(crate) errors: Vec<Error>,
    /// `true` if the enumeration of resources is complete.
    pub(crate) all_listed: bool,
    /// `true` if time was up before everything was evaluated and sent.
    pub(crate) cut_off: bool,
}

impl RunReport {
    /// Returns the outcome, with an error if the run was cut off, for functions that cannot enqueue the rest.
    pub(crate) fn fail_if_cut_off(mut self) -> Self {
        if self.cut_off {
            let message = "the time was up before everything was evaluated; to fix this, increase the function's \
                           timeout or memory";
            self.errors.push(Error::new(ErrorKind::OutOfTime, message));
        }
        self
    }

    /// Logs the lists that failed, and adds an error for those that may have missed resources.
    fn note_unlisted(&mut self, unlisted: &[Unlisted], watcher: Option<&dyn Watcher>) {
        for list in unlisted {
            let Unread { code, text } = &list.reason;
            if list.is_failure() {
                tracing::error!(reason = code.word(), "couldn't list all resources: {text}");
                self.errors.push(Error::new(ErrorKind::NotListed, text));
            } else {
                tracing::warn!(reason = code.word(), "{text}");
                if let Some(watcher) = watcher {
                    watcher.no_list(&list.reason);
                }
            }
        }
    }
}

impl Run<'_> {
    /// Executes the run. `filter` may leave out an observation or complete it before it is evaluated; `each` is called
    /// with every finding once.
    pub(crate) async fn execute(
        &self,
        filter: impl Fn(Observation) -> Option<Observation>,
        each: impl FnMut(&Finding),
    ) -> RunReport {
        let mut outcome = RunReport::default();
        let opened = tokio::time::timeout_at(self.invocation.ends_at, self.open(&mut outcome));
        let Ok(sinks) = opened.await else {
            outcome.cut_off = true;
            return outcome;
        };
        let evaluated = self.read_and_evaluate(&sinks, filter, each, &mut outcome);
        let evaluated = evaluated.await;
        outcome.cut_off = evaluated.is_none();
        let unlisted = evaluated.unwrap_or_default();
        outcome.all_listed = !outcome.cut_off && unlisted.is_empty();
        outcome.note_unlisted(&unlisted, self.sinks.watcher);
        if !outcome.cut_off {
            self.close_gone_findings(&sinks, &unlisted).await;
        }
        for sink in sinks {
            let finished = sink.finish(self.invocation.ends_at).await;
            outcome.summary.add(&finished.counts);
            outcome.errors.extend(finished.errors);
            outcome.cut_off |= finished.cut_off;
        }
        outcome
    }

    fn scope(&self) -> Scope<'_> {
        Scope {
            checks: self.checks,
            targets: &self.targets,
        }
    }

    /// Opens the sinks. One that cannot be opened is an error, and the others receive the findings regardless.
    async fn open<'s>(&'s self, outcome: &mut RunReport) -> Vec<Box<dyn Sink + 's>> {
        let Self {
            invocation,
            place,
            reader,
            ..
        } = self;
        let mut sinks: Vec<Box<dyn Sink + 's>> = Vec::new();
        if self.sinks.security_hub {
            match SecurityHubSink::open(invocation, place, reader, self.scope(), &self.id).await {
                Ok(sink) => sinks.push(Box::new(sink)),
                Err(error) => outcome.errors.push(error),
            }
        }
        if let Some(ocsf) = self.sinks.ocsf {
            let log = ocsf.log(&place.location, &invocation.id);
            sinks.push(Box::new(OcsfSink::new(log)));
        }
        if let Some(watcher) = self.sinks.watcher {
            let part = match &self.targets {
                Targets::Part(part) => Some(part),
                Targets::Resources(_) => None,
            };
            let sink = WatcherSink::open(watcher, &place.location, part);
            sinks.push(Box::new(sink));
        }
        sinks
    }

    /// Reads the targets, evaluates the observations and passes the findings to the sinks, which send them at the same
    /// time. Returns the lists that failed; `None` if time was up.
    async fn read_and_evaluate(
        &self,
        sinks: &[Box<dyn Sink + '_>],
        filter: impl Fn(Observation) -> Option<Observation>,
        mut each: impl FnMut(&Finding),
        outcome: &mut RunReport,
    ) -> Option<Vec<Unlisted>> {
        let (out, observations) = mpsc::channel(MAX_WAITING);
        let settled = Settled::default();
        let read = async {
            let out = out;
            let read = Box::pin(self.read_targets(sinks, &settled, &out));
            tokio::time::timeout_at(self.invocation.ends_at, read).await
        };
        let evaluate = async {
            let receivers = Receivers {
                outcome,
                each: &mut each,
                sinks,
            };
            self.evaluate_all(observations, filter, &settled, receivers)
                .await;
            for sink in sinks {
                sink.end().await;
            }
        };
        let send = futures::future::join_all(sinks.iter().map(|sink| sink.send()));
        let (read, (), _) = futures::join!(read, evaluate, send);
        outcome.summary.resources += settled.skipped();
        read.ok()
    }

    /// Closes the findings that the run has not encountered, although it should have.
    async fn close_gone_findings(&self, sinks: &[Box<dyn Sink + '_>], unlisted: &[Unlisted]) {
        let Targets::Part(part) = &self.targets else {
            return;
        };
        let is_gone = |check: &str, resource: &Resource| {
            part.holds(resource) && self.is_gone(check, resource, unlisted)
        };
        let gone = sinks.iter().flat_map(|sink| sink.gone_findings(&is_gone));
        for gone in gone.collect::<Vec<_>>() {
            for sink in sinks {
                sink.close(&gone).await;
            }
        }
    }

    /// Evaluates the observations, and passes the findings to the sinks.
    async fn evaluate_all<E: FnMut(&Finding)>(
        &self,
        mut observations: mpsc::Receiver<Observation>,
        filter: impl Fn(Observation) -> Option<Observation>,
        settled: &Settled,
        mut receivers: Receivers<'_, E>,
    ) {
        let sinks = receivers.sinks;
        let outages = Outages {
            checks: self.checks,
            docs: self.invocation.settings.docs_url.as_deref(),
            sinks,
        };
        let mut untagged = Vec::new();
        while let Some(observation) = observations.recv().await {
            receivers.outcome.summary.resources += 1;
            let Some(observation) = filter(observation) else {
                continue;
            };
            if observation.resource.kind() == KubernetesCluster::KIND {
                let _ = self.cluster.set(observation.clone());
            }
            let findings = outages.complete(self.evaluate(&observation), &observation);
            for finding in findings
                .into_iter()
                .filter(|finding| !settled.take(finding))
            {
                if self.waits_for_tags(&finding, sinks) {
                    untagged.push(finding);
                } else {
                    receivers.report(&finding).await;
                }
            }
            if untagged.len() >= MAX_UNTAGGED {
                let findings = std::mem::take(&mut untagged);
                self.report_with_tags(findings, &mut receivers).await;
            }
        }
        self.report_with_tags(untagged, &mut receivers).await;
    }

    /// Reports these findings with the tags that they wait for.
    async fn report_with_tags<E: FnMut(&Finding)>(
        &self,
        findings: Vec<Finding>,
        receivers: &mut Receivers<'_, E>,
    ) {
        let sinks = receivers.sinks;
        let errors = &mut receivers.outcome.errors;
        for finding in self.with_tags(findings, sinks, errors).await {
            receivers.report(&finding).await;
        }
    }

    /// Lists and describes the targets. Returns the lists that failed.
    async fn read_targets(
        &self,
        sinks: &[Box<dyn Sink + '_>],
        settled: &Settled,
        out: &mpsc::Sender<Observation>,
    ) -> Vec<Unlisted> {
        let needs = needs_of(
            self.checks
                .iter()
                .map(|(check, settings)| (*check, settings)),
        );
        match &self.targets {
            Targets::Part(part) => {
                let kinds = part.kinds().filter(|kind| self.scope().evaluates(kind));
                let kinds: Vec<_> = kinds.collect();
                let gate = |listed: &Observation| self.step(listed, sinks, settled);
                self.reader
                    .describe_part(part, &kinds, needs, &gate, out)
                    .await
            }
            Targets::Resources(resources) => {
                let evaluated: Vec<Resource> = resources
                    .iter()
                    .filter(|resource| self.scope().evaluates(resource.kind()))
                    .cloned()
                    .collect();
                let gate = |observation: &Observation| {
                    let findings = self.evaluate(observation);
                    step_to(findings.iter().filter(|finding| is_undecided(finding)))
                };
                self.reader
                    .describe_all(&evaluated, needs, &gate, out)
                    .await;
                Vec::new()
            }
        }
    }

    /// Returns the next step for a listed resource: the facts to read for the findings that are not decided yet, and
    /// that the list does not show to be unchanged. The resource is skipped if no finding about it is left to report.
    fn step(&self, listed: &Observation, sinks: &[Box<dyn Sink + '_>], settled: &Settled) -> Step {
        let findings = self.evaluate(listed);
        let mut undecided = Vec::new();
        for finding in findings.iter().filter(|finding| is_undecided(finding)) {
            if settled.contains(finding) {
                continue;
            }
            if self.is_up_to_date(finding, sinks) {
                for sink in sinks {
                    sink.count_unchanged(finding);
                }
                settled.add(finding);
            } else {
                undecided.push(finding);
            }
        }
        let is_reported = |finding: &&Finding| {
            let has_result = has_result(finding);
            has_result || sinks.iter().any(|sink| sink.may_close(finding))
        };
        let reported: Vec<&Finding> = findings.iter().filter(is_reported).collect();
        if undecided.is_empty() && settled.skip_if_all(&reported) {
            return Step::Skip;
        }
        step_to(undecided)
    }

    /// Returns `true` if the list shows that all sinks hold the same finding.
    fn is_up_to_date(&self, finding: &Finding, sinks: &[Box<dyn Sink + '_>]) -> bool {
        let may_be_muted = self.mute(finding, &[]).is_some() || self.mute_depends_on_tags(finding);
        let is_held = !sinks.is_empty() && sinks.iter().all(|sink| sink.is_up_to_date(finding));
        is_held && !may_be_muted
    }

    /// Returns the findings of the checks, with those mutes applied that depend only on the resource's name and
    /// the observation.
    fn evaluate(&self, observation: &Observation) -> Vec<Finding> {
        let kind = observation.resource.kind();
        let checks = self.checks.iter().filter(|(check, _)| check.kind() == kind);
        let docs = self.invocation.settings.docs_url.as_deref();
        let facts = observation.facts();
        let tags = facts.and_then(|facts| facts.tags()).unwrap_or_default();
        let findings = checks.flat_map(|(check, settings)| {
            // The tags of a cluster apply to everything in it.
            let muted = |resource: &Resource, verdict: Verdict| {
                let at = observation.observed_at;
                let mutes = &self.invocation.mute_list.mutes;
                let mute = mutes.find(check, resource, tags, at);
                mute.map_or(verdict.clone(), |mute| {
                    verdict.muted(mute.reason(), mute.until())
                })
            };
            Finding::all(check, observation, settings, docs, &muted)
        });
        findings.collect()
    }

    fn apply_mute(&self, finding: Finding, tags: &[(String, String)]) -> Finding {
        match self.mute(&finding, tags) {
            Some(mute) => finding.muted(mute),
            None => finding,
        }
    }

    fn mute(&self, finding: &Finding, tags: &[(String, String)]) -> Option<&Mute> {
        let mutes = &self.invocation.mute_list.mutes;
        mutes.find(finding.check, &finding.resource, tags, finding.observed_at)
    }

    /// Returns `true` if a mute depends on tags of the resource that were not read yet.
    fn mute_depends_on_tags(&self, finding: &Finding) -> bool {
        let mutes = &self.invocation.mute_list.mutes;
        finding.tags.is_none()
            && mutes.needs_tags(finding.check, &finding.resource, finding.observed_at)
    }

    /// Returns `true` if a mute may apply to a finding, depending on tags that were not read yet.
    fn may_be_muted(&self, finding: &Finding) -> bool {
        matches!(finding.verdict.outcome, Outcome::Failed(_)) && self.mute_depends_on_tags(finding)
    }

    /// Returns `true` if tags must be read before a finding is reported. OCSF events include the tags; the Security Hub
    /// sink reads them itself, for findings that have changed.
    fn waits_for_tags(&self, finding: &Finding, sinks: &[Box<dyn Sink + '_>]) -> bool {
        let is_sent_with_tags =
            has_result(finding) && has_tags(finding) && sinks.iter().any(|sink| sink.needs_tags());
        (is_sent_with_tags && finding.tags.is_none()) || self.may_be_muted(finding)
    }

    /// Reads the tags that these findings wait for, all at once, and applies the mutes that depend on them. Adds an error
    /// if mutes can't be applied, so that the findings are evaluated again.
    async fn with_tags(
        &self,
        findings: Vec<Finding>,
        sinks: &[Box<dyn Sink + '_>],
        errors: &mut Vec<Error>,
    ) -> Vec<Finding> {
        let waiting = findings
            .iter()
            .filter(|finding| self.waits_for_tags(finding, sinks));
        let mut resources: Vec<Resource> = waiting.map(tagged_resource).collect();
        if resources.is_empty() {
            return findings;
        }
        resources.sort();
        resources.dedup();
        let tags = self
            .reader
            .tags(&resources.iter().collect::<Vec<_>>())
            .await;
        let tags = match tags {
            Ok(tags) => tags,
            Err(unread) => {
                let reason = unread.code.word();
                if findings.iter().any(|finding| self.may_be_muted(finding)) {
                    let message = format!(
                        "couldn't read tags, so failures are reported that mutes by tag may accept: {}",
                        unread.text
                    );
                    tracing::error!(reason, "{message}");
                    let error = Error::new(ErrorKind::NotAvailable, message);
                    // Each batch of findings has the same one.
                    if !errors.contains(&error) {
                        errors.push(error);
                    }
                } else {
                    tracing::warn!(
                        reason,
                        "couldn't read tags, so results are written without them: {}",
                        unread.text
                    );
                }
                return findings;
            }
        };
        let complete = |finding: Finding| {
            if !self.waits_for_tags(&finding, sinks) {
                return finding;
            }
            let tags = tags.get(tagged_resource(&finding).id());
            let tags = tags.cloned().unwrap_or_default();
            let finding = self.apply_mute(finding, &tags);
            let own = has_tags(&finding).then_some(tags);
            Finding {
                tags: own.or(finding.tags),
                ..finding
            }
        };
        findings.into_iter().map(complete).collect()
    }

    /// Returns `true` if a finding that the run has not encountered is of a resource that is gone, or of a check that
    /// is gone or switched off.
    fn is_gone(&self, check: &str, resource: &Resource, unlisted: &[Unlisted]) -> bool {
        let here = resource.location() == self.place.location;
        let enabled =
            checks::find(check).is_ok_and(|check| self.invocation.selection.is_enabled(check));
        let listed = !unlisted.iter().any(|list| {
            let repository = resource.repository_and_digest().0;
            list.kind == resource.kind()
                && list
                    .repository
                    .as_deref()
                    .is_none_or(|one| one == repository)
        });
        let gone = if self.scope().runs(check) {
            listed && self.is_absent(check, resource)
        } else {
            !enabled
        };
        here && gone
    }

    /// Returns `true` unless a resource in a cluster may exist although the run has not encountered it.
    fn is_absent(&self, check: &str, resource: &Resource) -> bool {
        if resource.kind().family != Family::Kubernetes {
            return true;
        }
        let needs = checks::find(check).map(|check| check.needs.iter().copied().collect());
        let of_cluster = self.cluster.get();
        let of_cluster = of_cluster.filter(|one| one.resource.cluster() == resource.cluster());
        match of_cluster.map(|cluster| &cluster.state) {
            Some(State::Gone) => true,
            Some(State::Present(facts)) => needs
                .is_ok_and(|needs| facts.shows_absence(ObjectName::namespace_of(resource), needs)),
            Some(State::Unread(_)) | None => false,
        }
    }
}

/// Returns `true` if a finding has a result to report.
fn has_result(finding: &Finding) -> bool {
    !matches!(
        finding.verdict.outcome,
        Outcome::NotApplicable | Outcome::Pending
    )
}

/// Returns `true` if a fact that was not requested yet decides a finding.
fn is_undecided(finding: &Finding) -> bool {
    let mut reasons = finding.verdict.reasons.iter();
    finding.verdict.outcome == Outcome::NotAvailable
        && reasons.any(|reason| reason.code == ReasonCode::NotRead)
}

/// Returns the step to the facts that decide these findings.
fn step_to<'a>(undecided: impl IntoIterator<Item = &'a Finding>) -> Step {
    let mut undecided = undecided.into_iter().peekable();
    match undecided.peek() {
        Some(_) => {
            let needs = undecided.flat_map(|finding| finding.check.needs);
            Step::Describe(needs.copied().collect())
        }
        None => Step::UseListed,
    }
}

/// Returns `true` if the resource may have tags of its own; images have none.
fn has_tags(finding: &Finding) -> bool {
    matches!(
        finding.resource.kind().tags,
        TagSource::Description | TagSource::TaggingApi
    )
}

/// Returns the resource that has the tags; for an image, its repository.
fn tagged_resource(finding: &Finding) -> Resource {
    let resource = &finding.resource;
    let parent = match resource.kind().tags {
        TagSource::Parent => resource.parent(),
        TagSource::Description | TagSource::TaggingApi | TagSource::None => None,
    };
    parent.unwrap_or_else(|| resource.clone())
}

/// The receivers of a run's findings: its report, its caller and its sinks.
struct Receivers<'a, E> {
    outcome: &'a mut RunReport,
    each: &'a mut E,
    sinks: &'a [Box<dyn Sink + 'a>],
}

impl<E: FnMut(&Finding)> Receivers<'_, E> {
    /// Counts a finding, logs it in one line, and passes it to the caller and to the sinks.
    async fn report(&mut self, finding: &Finding) {
        let outcome = finding.verdict.outcome;
        tracing::info!(
            check = finding.check.id,
            resource = finding.resource.id(),
            outcome = outcome.name(),
            severity = outcome.severity().label(),
            reasons = finding.verdict.codes().join(","),
            "{}",
            finding.verdict.explanation()
        );
        let summary = &mut self.outcome.summary;
        summary.count(finding.check.id, outcome);
        summary.muted += usize::from(finding.verdict.is_muted());
        (self.each)(finding);
        for sink in self.sinks {
            sink.take(finding).await;
        }
    }
}
