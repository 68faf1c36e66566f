//! One run: look at resources, judge them, report.

use eksentry_collectors::{Reader, Step, Unlisted};
use eksentry_core::finding::{finding_id, generator_id};
use eksentry_core::{
    Check, Finding, Location, Mute, Needs, Observation, Outcome as Decision, Part, Resource,
    ResourceKind, Settings, checks,
};
use eksentry_reporters::ReportError;
use eksentry_reporters::ocsf::Log;
use eksentry_reporters::security_hub::{KnownFindings, Ledger, Selection};
use jiff::Timestamp;
use tokio::sync::mpsc;

use crate::delivery::{Batch, Delivery};
use crate::error::{Error, ErrorKind};
use crate::invocation::{Invocation, Sinks};
use crate::place::Place;
use crate::summary::Summary;

/// How many observations may wait to be judged; more hold up the looking.
const WAITING: usize = 16;

/// How many findings wait for their resources' tags at most, where an exception asks for those or a sink tells them.
const UNTAGGED: usize = 100;

/// From how many findings on a ledger is kept: reading as many back takes Security Hub three seconds.
const LEDGER_PAYS: usize = 1_000;

/// How many findings of a ledger are held against Security Hub; one call takes as many.
const SAMPLE: usize = 20;

/// What a run looks at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Targets {
    /// Every resource of a part that a check of the run judges.
    Part(Part),
    /// These.
    Resources(Vec<Resource>),
}

impl Targets {
    /// What they are, in the log.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Part(part) => serde_json::to_string(part).unwrap_or_default(),
            Self::Resources(resources) => format!("{} resources", resources.len()),
        }
    }
}

/// A run to be made.
pub(crate) struct Run<'a> {
    pub(crate) invocation: &'a Invocation<'a>,
    pub(crate) place: &'a Place,
    pub(crate) reader: &'a Reader<'a>,
    pub(crate) checks: &'a [(&'static Check, Settings)],
    pub(crate) targets: Targets,
    pub(crate) sinks: Sinks<'a>,
}

/// What came of a run.
#[derive(Debug, Default)]
pub(crate) struct Outcome {
    pub(crate) summary: Summary,
    /// What could not be listed or delivered.
    pub(crate) errors: Vec<Error>,
    /// Whether the enumeration is complete.
    pub(crate) all_listed: bool,
    /// Whether time was up before everything was looked at.
    pub(crate) cut_off: bool,
}

impl Outcome {
    /// The same, where nobody takes over what there was no time for: then that is an error.
    pub(crate) fn in_time(mut self) -> Self {
        if self.cut_off {
            let message = "time was up before everything was looked at; give the function more time or memory";
            self.errors.push(Error::new(ErrorKind::OutOfTime, message));
        }
        self
    }
}

/// What was known before a run, and from where.
#[derive(Default)]
struct Before {
    known: KnownFindings,
    /// Since when what others changed would have to be read again.
    as_of: Timestamp,
    /// The runs whose findings the ledger had, if there was one.
    runs: Option<Vec<(String, Timestamp)>>,
}

impl Run<'_> {
    /// Makes the run. `weigh` may leave out an observation or complete it before it is judged; `each` is shown every
    /// finding once.
    pub(crate) async fn make(
        &self,
        weigh: impl Fn(Observation) -> Option<Observation>,
        mut each: impl FnMut(&Finding),
    ) -> Outcome {
        let mut outcome = Outcome::default();
        let mut before = Before::default();
        let mut delivery = None;
        if self.sinks.security_hub {
            let read = tokio::time::timeout_at(self.invocation.ends_at, self.before()).await;
            let Ok(read) = read else {
                outcome.cut_off = true;
                return outcome;
            };
            match read {
                Ok(mut read) => {
                    let known = std::mem::take(&mut read.known);
                    before = read;
                    let hub = &self.place.security_hub;
                    let Invocation { settings, id, .. } = self.invocation;
                    delivery = Some(Delivery::new(hub, self.reader, settings, id, known));
                }
                Err(error) => outcome.errors.push(error),
            }
        }

        let log = self.sinks.ocsf.map(|ocsf| {
            let Self {
                place, invocation, ..
            } = self;
            ocsf.log(&place.location, &invocation.id)
        });
        let (out, observations) = mpsc::channel(WAITING);
        let look = async {
            let out = out;
            let look = Box::pin(self.look(delivery.as_ref(), &out));
            tokio::time::timeout_at(self.invocation.ends_at, look).await
        };
        let (batches, sent) = mpsc::channel(1);
        let summary = &mut outcome.summary;
        let judge = async {
            let batches = batches;
            let judged = Judged {
                summary,
                each: &mut each,
                log,
                delivery: delivery.as_ref(),
                batches: &batches,
            };
            self.judge_all(observations, weigh, judged).await
        };
        let deliver = async {
            if let Some(delivery) = &delivery {
                delivery.send_all(sent).await;
            }
        };
        let (looked, mut log, ()) = futures::join!(look, judge, deliver);
        outcome.cut_off = looked.is_err();
        let unlisted = looked.unwrap_or_default();
        outcome.all_listed = !outcome.cut_off && unlisted.is_empty();

        for list in &unlisted {
            if !list.is_loss() {
                tracing::warn!(reason = list.reason.code, "{}", list.reason.text);
                continue;
            }
            tracing::error!(
                reason = list.reason.code,
                "not all could be listed: {}",
                list.reason.text
            );
            outcome
                .errors
                .push(Error::new(ErrorKind::NotListed, &list.reason.text));
        }
        if let Some(delivery) = delivery {
            if let Targets::Part(part) = &self.targets
                && !outcome.cut_off
            {
                let gone = delivery.archive_unmet(|check, resource| {
                    part.holds(resource) && self.is_gone(check, resource, &unlisted)
                });
                if let Some(log) = &mut log {
                    for (check, resource) in &gone {
                        log.close(check, resource, self.reader.began_at()).await;
                    }
                }
            }
            let until = self.invocation.ends_at;
            let (known, counts, errors, left) = delivery.finish(until).await;
            outcome.summary.add(&counts);
            outcome.errors.extend(errors);
            outcome.cut_off |= left;
            self.keep(known, &before, &counts).await;
        }
        if let Some(log) = log
            && let Err(error) = log.finish().await
        {
            let message = format!("not all events of OCSF could be written: {error}");
            tracing::error!("{message}");
            outcome
                .errors
                .push(Error::new(ErrorKind::NotDelivered, message));
        }
        outcome
    }

    /// Judges what is observed, and shows the findings to the sinks; what they wrote of it comes back.
    async fn judge_all<'l, E: FnMut(&Finding)>(
        &self,
        mut observations: mpsc::Receiver<Observation>,
        weigh: impl Fn(Observation) -> Option<Observation>,
        mut judged: Judged<'_, 'l, E>,
    ) -> Option<Log<'l>> {
        let mut untagged = Vec::new();
        while let Some(observation) = observations.recv().await {
            judged.summary.resources += 1;
            let Some(observation) = weigh(observation) else {
                continue;
            };
            for finding in self.judge(&observation) {
                if self.waits_for_tags(&finding) {
                    untagged.push(finding);
                } else {
                    judged.report(&finding).await;
                }
            }
            if untagged.len() >= UNTAGGED {
                for finding in self.with_tags(std::mem::take(&mut untagged)).await {
                    judged.report(&finding).await;
                }
            }
        }
        for finding in self.with_tags(untagged).await {
            judged.report(&finding).await;
        }
        if let Some(delivery) = judged.delivery {
            delivery.hand_out(judged.batches).await;
        }
        judged.log
    }

    async fn look(
        &self,
        delivery: Option<&Delivery<'_>>,
        out: &mpsc::Sender<Observation>,
    ) -> Vec<Unlisted> {
        let needs = Needs::of(self.checks.iter().map(|(check, _)| *check));
        match &self.targets {
            Targets::Part(part) => {
                let kinds = part.kinds().iter().copied();
                let kinds: Vec<ResourceKind> = kinds.filter(|kind| self.judges(*kind)).collect();
                let gate = |listed: &Observation| self.weigh_listed(listed, delivery);
                self.reader
                    .look_at_part(part, &kinds, needs, &gate, out)
                    .await
            }
            Targets::Resources(resources) => {
                let judged: Vec<Resource> = resources
                    .iter()
                    .filter(|resource| self.judges(resource.kind()))
                    .cloned()
                    .collect();
                self.reader.look_at(&judged, needs, out).await;
                Vec::new()
            }
        }
    }

    /// Whether what a list tells of a resource is enough to judge it, or to say that nothing has changed.
    fn weigh_listed(&self, listed: &Observation, delivery: Option<&Delivery<'_>>) -> Step {
        let findings = self.judge(listed);
        let undecided: Vec<Finding> = findings
            .into_iter()
            .filter(|finding| finding.verdict.outcome == Decision::NotAvailable)
            .collect();
        if undecided.is_empty() {
            return Step::Enough;
        }
        let excepted =
            |finding: &Finding| self.mute(finding, &[]).is_some() || self.asks_for_tags(finding);
        match delivery {
            // Events tell each run's verdicts, whether they are new or not.
            Some(delivery)
                if self.sinks.ocsf.is_none()
                    && !undecided.iter().any(excepted)
                    && delivery.settles(&undecided) =>
            {
                Step::Settled
            }
            _ => Step::Look,
        }
    }

    fn judges(&self, kind: ResourceKind) -> bool {
        self.checks.iter().any(|(check, _)| check.kind() == kind)
    }

    /// What the checks say, under the exceptions that need no more than the resource's name and what was seen of it.
    fn judge(&self, observation: &Observation) -> Vec<Finding> {
        let kind = observation.resource.kind();
        let checks = self.checks.iter().filter(|(check, _)| check.kind() == kind);
        let docs = self.invocation.settings.docs_url.as_deref();
        let findings =
            checks.map(|(check, settings)| Finding::of(check, observation, settings, docs));
        findings
            .map(|finding| {
                let tags = finding.tags.clone().unwrap_or_default();
                self.except(finding, &tags)
            })
            .collect()
    }

    fn except(&self, finding: Finding, tags: &[(String, String)]) -> Finding {
        match self.mute(&finding, tags) {
            Some(mute) => finding.excepted(mute),
            None => finding,
        }
    }

    fn mute(&self, finding: &Finding, tags: &[(String, String)]) -> Option<&Mute> {
        let mutes = &self.invocation.exceptions.mutes;
        mutes.find(finding.check, &finding.resource, tags, finding.observed_at)
    }

    fn asks_for_tags(&self, finding: &Finding) -> bool {
        let mutes = &self.invocation.exceptions.mutes;
        finding.tags.is_none()
            && mutes.asks_for_tags(finding.check, &finding.resource, finding.observed_at)
    }

    /// Whether an exception may hold of a finding, which only its tags tell.
    fn may_be_excepted(&self, finding: &Finding) -> bool {
        matches!(finding.verdict.outcome, Decision::Failed(_)) && self.asks_for_tags(finding)
    }

    /// Whether tags are to be read before a finding is reported. Events tell them; who delivers to Security Hub reads
    /// them for itself, for findings that have changed.
    fn waits_for_tags(&self, finding: &Finding) -> bool {
        let there = !matches!(
            finding.verdict.outcome,
            Decision::NotApplicable | Decision::Pending
        );
        let told = self.sinks.ocsf.is_some() && there && has_tags(finding);
        (told && finding.tags.is_none()) || self.may_be_excepted(finding)
    }

    /// Reads the tags that these wait for, all at once, and applies the exceptions that ask for them.
    async fn with_tags(&self, findings: Vec<Finding>) -> Vec<Finding> {
        let waiting = findings
            .iter()
            .filter(|finding| self.waits_for_tags(finding));
        let mut resources: Vec<Resource> = waiting.map(tagged).collect();
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
                if findings.iter().any(|finding| self.may_be_excepted(finding)) {
                    tracing::error!(
                        reason = unread.code,
                        "exceptions by tag do not hold in this run: {}",
                        unread.text
                    );
                } else {
                    tracing::warn!(
                        reason = unread.code,
                        "events are written without tags: {}",
                        unread.text
                    );
                }
                return findings;
            }
        };
        let tell = |finding: Finding| {
            if !self.waits_for_tags(&finding) {
                return finding;
            }
            let tags = tags.get(tagged(&finding).arn().as_str());
            let tags = tags.cloned().unwrap_or_default();
            let finding = self.except(finding, &tags);
            let own = has_tags(&finding).then_some(tags);
            Finding {
                tags: own.or(finding.tags),
                ..finding
            }
        };
        findings.into_iter().map(tell).collect()
    }

    /// What Security Hub holds of ours about the targets.
    async fn before(&self) -> Result<Before, Error> {
        let hub = &self.place.security_hub;
        let as_of = Timestamp::now();
        let failed = |error| {
            let message = format!(
                "no finding was sent, since those that Security Hub holds could not be read: {error}"
            );
            Error::new(ErrorKind::NotDelivered, message)
        };
        let part = match &self.targets {
            Targets::Resources(resources) => {
                let ids = self.ids(resources);
                let known = hub.known(Selection::Ids(&ids)).await.map_err(failed)?;
                return Ok(Before {
                    known,
                    as_of,
                    runs: None,
                });
            }
            Targets::Part(part) => part,
        };
        let ledger = match self.ledger(part).await {
            Some(ledger) if self.is_borne_out(&ledger).await.map_err(failed)? => Some(ledger),
            Some(_) => {
                tracing::warn!("the ledger is not used, since Security Hub holds something else");
                None
            }
            None => None,
        };
        let since = ledger.as_ref().map(Ledger::since);
        let generators = self.generators();
        let (prefix, without) = part.arns(&self.place.location);
        let changed = hub.known(Selection::Within {
            prefix: &prefix,
            without: &without,
            generators: &generators,
            since: since.as_ref(),
        });
        let changed = changed.await.map_err(failed)?;
        let runs = ledger.as_ref().map(|ledger| ledger.runs().to_vec());
        let mut known = ledger.map(|ledger| ledger.findings).unwrap_or_default();
        known.extend(changed);
        Ok(Before { known, as_of, runs })
    }

    /// The ids of the checks' findings about these resources.
    fn ids(&self, resources: &[Resource]) -> Vec<String> {
        let ids = resources.iter().flat_map(|resource| {
            let checks = self
                .checks
                .iter()
                .filter(|(check, _)| check.kind() == resource.kind());
            checks.map(move |(check, _)| finding_id(check, resource))
        });
        ids.collect()
    }

    /// The generators of the checks' findings; none where all of ours are meant, those of retired checks too.
    fn generators(&self) -> Vec<String> {
        if self.covers_every_check() {
            return Vec::new();
        }
        self.checks
            .iter()
            .map(|(check, _)| generator_id(check))
            .collect()
    }

    /// The ledger of a part, where there is one to be used. One that can't be read costs time and nothing else.
    async fn ledger(&self, part: &Part) -> Option<Ledger> {
        if !self.keeps_a_ledger(part) {
            return None;
        }
        let ledgers = self.invocation.aws.ledgers.as_ref()?;
        let read = ledgers.read(&self.place.location, part).await;
        read.unwrap_or_else(|error| {
            tracing::warn!("the ledger is not used, and all is read from Security Hub: {error}");
            None
        })
    }

    /// Whether Security Hub still holds some findings of the ledger, whichever come first out of the map. It would not
    /// after it was switched off and on again.
    async fn is_borne_out(&self, ledger: &Ledger) -> Result<bool, ReportError> {
        let listed = ledger.findings.iter().filter(|(_, known)| !known.archived);
        let sample: Vec<String> = listed.take(SAMPLE).map(|(id, _)| id.clone()).collect();
        let held = self
            .place
            .security_hub
            .known(Selection::Ids(&sample))
            .await?;
        // Of those without a digest it is not known whether they were taken.
        let is_held = |id: &String| held.contains_key(id) || ledger.findings[id].digest.is_none();
        Ok(sample.iter().all(is_held))
    }

    /// Keeps what is known now, where it will save reading it back.
    async fn keep(&self, findings: KnownFindings, before: &Before, counts: &Summary) {
        let Targets::Part(part) = &self.targets else {
            return;
        };
        let Some(ledgers) = &self.invocation.aws.ledgers else {
            return;
        };
        let pays = findings.len() >= LEDGER_PAYS || before.runs.is_some();
        if !self.keeps_a_ledger(part) || !pays {
            return;
        }
        let ledger = Ledger::new(
            before.as_of,
            &self.invocation.id,
            before.runs.as_deref(),
            findings,
        );
        if let Err(error) = ledgers.write(&self.place.location, part, &ledger).await {
            tracing::warn!(
                posted = counts.posted,
                "the ledger could not be written; the next sweep reads from Security Hub what this one sent: {error}"
            );
        }
    }

    /// Registries are what grows large, and only a sweep by all checks sees all findings.
    fn keeps_a_ledger(&self, part: &Part) -> bool {
        matches!(part, Part::Registry(_)) && self.covers_every_check()
    }

    fn covers_every_check(&self) -> bool {
        let mut enabled = self.invocation.selection.enabled_checks();
        enabled.all(|check| self.runs(check.id))
    }

    fn runs(&self, check: &str) -> bool {
        self.checks.iter().any(|(known, _)| known.id == check)
    }

    /// Whether a finding that the run has not come across is of a resource that is gone, or of a check that is gone or
    /// switched off.
    fn is_gone(&self, check: &str, resource: &Resource, unlisted: &[Unlisted]) -> bool {
        let here = Location::of(resource.arn()) == self.place.location;
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
        let gone = if self.runs(check) { listed } else { !enabled };
        here && gone
    }
}

/// Whether the resource may have tags of its own, as images have none.
fn has_tags(finding: &Finding) -> bool {
    finding.resource.kind() != ResourceKind::EcrImage
}

/// The resource that has the tags: of an image its repository.
fn tagged(finding: &Finding) -> Resource {
    let resource = &finding.resource;
    let (repository, digest) = resource.repository_and_digest();
    let location = Location::of(resource.arn());
    if digest.is_empty() {
        return resource.clone();
    }
    Resource::named(ResourceKind::EcrRepository, repository, &location)
        .unwrap_or_else(|_| resource.clone())
}

/// What is judged, on its way.
struct Judged<'a, 'l, E> {
    summary: &'a mut Summary,
    each: &'a mut E,
    log: Option<Log<'l>>,
    delivery: Option<&'a Delivery<'a>>,
    batches: &'a mpsc::Sender<Batch>,
}

impl<E: FnMut(&Finding)> Judged<'_, '_, E> {
    /// Counts a finding, logs it in one line, and hands it on.
    async fn report(&mut self, finding: &Finding) {
        let outcome = finding.verdict.outcome;
        tracing::info!(
            check = finding.check.id,
            resource = finding.resource.arn().as_str(),
            outcome = outcome.name(),
            severity = outcome.severity().label(),
            reasons = finding.verdict.codes().join(","),
            "{}",
            finding.verdict.explanation()
        );
        self.summary.count(finding.check.id, outcome);
        self.summary.muted += usize::from(finding.verdict.is_muted());
        (self.each)(finding);
        if let Some(log) = &mut self.log {
            log.take(finding).await;
        }
        if let Some(delivery) = self.delivery {
            delivery.take(finding, self.batches).await;
        }
    }
}
