//! Sends findings to Security Hub in batches, and archives the findings of gone resources and checks.

use std::cell::RefCell;
use std::collections::HashMap;

use eksentry_collectors::{Reader, Tags};
use eksentry_core::finding::{generator_id, parse_finding_id};
use eksentry_core::kind::TagSource;
use eksentry_core::{Finding, Outcome, Resource, Severity, checks};
use eksentry_reporters::security_hub::{
    Imported, Known, KnownFindings, Outline, SecurityHub, Status, Unsent, digest, revision, time,
};
use futures::StreamExt;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::policy::{Decision, Policy, age};
use crate::error::{Error, ErrorKind};
use crate::settings::Settings;
use crate::sinks::{Finished, Gone, Held};
use crate::summary::Summary;

/// The most findings that are gathered before they are sent, and the most bytes. A call takes no more findings, and in
/// memory a finding is several times as large.
const BATCH: usize = 100;
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// The number of batches that are sent at the same time. Security Hub takes ten a second, and needs some time for each.
const BATCHES_AT_A_TIME: usize = 3;

/// The number of findings that a run may refresh, in addition to one in ten of those that it finds unchanged. Findings
/// that were posted on one day are thus refreshed over ten days.
const REFRESHES: usize = 100;
const UNCHANGED_PER_REFRESH: usize = 10;

/// The number of findings that are archived at a time. They are read in full, and held in memory.
const ARCHIVED_AT_A_TIME: usize = 20;

/// The delivery of a run's findings to Security Hub.
pub(super) struct Delivery<'a> {
    hub: &'a SecurityHub,
    reader: &'a Reader<'a>,
    policy: Policy,
    /// The id of the run, which the findings that it sends carry.
    run: &'a str,
    /// The time at which the run's reader was created; nothing that the run reports was read before.
    started_at: Timestamp,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    /// The findings that Security Hub holds, by their ids.
    known: HashMap<String, TrackedFinding>,
    batch: Vec<QueuedFinding>,
    bytes: usize,
    /// The ids of the findings to archive, and the times at which their resources were seen to be gone.
    gone: HashMap<String, Timestamp>,
    counts: Summary,
    errors: Vec<Error>,
    /// The number of findings that this run decided to refresh.
    refreshes: usize,
}

/// A finding that Security Hub holds or that is being sent.
struct TrackedFinding {
    known: Known,
    /// `true` if the run has encountered the finding.
    encountered: bool,
}

/// Findings that are sent together.
pub(super) struct Batch(Vec<QueuedFinding>);

/// A finding that waits to be sent.
struct QueuedFinding {
    finding: Finding,
    outline: Outline,
    /// The state that Security Hub will hold once it accepts the finding.
    known: Known,
    refreshes: bool,
}

impl<'a> Delivery<'a> {
    pub(super) fn new(
        hub: &'a SecurityHub,
        reader: &'a Reader<'a>,
        settings: &Settings,
        run: &'a str,
        known: KnownFindings,
    ) -> Self {
        let known = known.into_iter().map(|(id, known)| {
            let encountered = false;
            (id, TrackedFinding { known, encountered })
        });
        Self {
            hub,
            reader,
            policy: Policy::of(settings),
            run,
            started_at: reader.started_at(),
            state: RefCell::new(State {
                known: known.collect(),
                ..State::default()
            }),
        }
    }

    /// Returns `true` if a finding, evaluated from a list alone, shows that the finding in Security Hub is up to date, so
    /// that there is no need to read the facts that decide it.
    pub(super) fn is_up_to_date(&self, finding: &Finding) -> bool {
        let state = self.state.borrow();
        let Some(TrackedFinding { known, .. }) = state.known.get(&finding.id()) else {
            return false;
        };
        let is_recent =
            age(known, finding.observed_at).is_some_and(|age| age < self.policy.refresh);
        is_recent
            && !known.archived
            && known.revision.is_some()
            && known.revision == revision(finding)
    }

    /// Returns `true` if Security Hub holds an active finding with this id.
    pub(super) fn may_close(&self, finding: &Finding) -> bool {
        let state = self.state.borrow();
        let tracked = state.known.get(&finding.id());
        tracked.is_some_and(|tracked| !tracked.known.archived)
    }

    /// Returns the active findings that Security Hub holds.
    pub(super) fn held_findings(&self) -> Vec<Held> {
        let state = self.state.borrow();
        let held = state.known.iter().filter_map(|(id, tracked)| {
            let (check, resource) = parse_finding_id(id)?;
            Some(Held {
                check: checks::find(check).ok()?,
                resource,
                unread_since: tracked.known.unread_since,
            })
            .filter(|_| !tracked.known.archived)
        });
        held.collect()
    }

    /// Counts a finding that is up to date as unchanged.
    pub(super) fn count_unchanged(&self, finding: &Finding) {
        let mut state = self.state.borrow_mut();
        let state = &mut *state;
        state.counts.unchanged += 1;
        if let Some(tracked) = state.known.get_mut(&finding.id()) {
            tracked.encountered = true;
            if let Some(status) = tracked.known.status {
                state.counts.count(finding.check.id, outcome(status));
            }
        }
    }

    /// Removes and returns the findings that wait to be sent; `None` if there are none.
    pub(super) fn batch(&self) -> Option<Batch> {
        let mut state = self.state.borrow_mut();
        state.bytes = 0;
        let batch = std::mem::take(&mut state.batch);
        (!batch.is_empty()).then_some(Batch(batch))
    }

    /// Sends batches as they are queued, several at the same time.
    pub(super) async fn send_all(&self, batches: mpsc::Receiver<Batch>) {
        let next = async |mut batches: mpsc::Receiver<Batch>| {
            let batch = batches.recv().await?;
            Some((batch, batches))
        };
        futures::stream::unfold(batches, next)
            .for_each_concurrent(BATCHES_AT_A_TIME, |Batch(batch)| Box::pin(self.send(batch)))
            .await;
    }

    /// Queues or skips a finding, or notes that it must be archived. Returns `true` when a batch is full.
    pub(super) fn take(&self, finding: &Finding) -> bool {
        let id = finding.id();
        let mut state = self.state.borrow_mut();
        let state = &mut *state;
        let may_refresh =
            state.refreshes < REFRESHES + state.counts.unchanged / UNCHANGED_PER_REFRESH;
        let known = state.mark_encountered(&id);
        let Some(digest) = digest(finding) else {
            if finding.verdict.outcome == Outcome::NotApplicable
                && known.is_some_and(|known| !known.archived)
            {
                state.gone.insert(id, finding.observed_at);
            }
            return false;
        };
        let decision = self.policy.decide(known, finding, &digest, may_refresh);
        let created_at = known.map(|known| known.created_at.clone());
        match decision {
            Decision::Skip => state.counts.unchanged += 1,
            Decision::Withheld => state.counts.withheld += 1,
            Decision::Post | Decision::Refresh => {
                state.refreshes += usize::from(decision == Decision::Refresh);
                let outline = Outline::of(finding, digest);
                state.bytes += outline.size;
                state
                    .batch
                    .push(QueuedFinding::new(finding, outline, created_at, decision));
            }
        }
        state.batch.len() >= BATCH || state.bytes >= BATCH_BYTES
    }

    /// Returns the findings that the run has not encountered, although it should have: `is_gone` decides that from the
    /// check's id and the resource. Findings that are newer than the run are left out, since the run could not
    /// encounter them.
    pub(super) fn gone_findings(&self, is_gone: &dyn Fn(&str, &Resource) -> bool) -> Vec<Gone> {
        let state = self.state.borrow();
        let gone = state.known.iter().filter_map(|(id, tracked)| {
            let TrackedFinding { known, encountered } = tracked;
            let before = known.updated_at.is_none_or(|at| at < self.started_at);
            let (check, resource) = parse_finding_id(id)?;
            let gone = !encountered && !known.archived && before && is_gone(check, &resource);
            gone.then(|| Gone {
                id: id.clone(),
                check: check.to_owned(),
                resource,
                at: self.started_at,
            })
        });
        gone.collect()
    }

    /// Notes that a finding must be archived, if Security Hub holds it.
    pub(super) fn close(&self, gone: &Gone) {
        let mut state = self.state.borrow_mut();
        if state.known.contains_key(&gone.id) {
            state.gone.insert(gone.id.clone(), gone.at);
        }
    }

    /// Archives the findings of gone resources and checks, as long as there is time until the deadline `until`. Returns
    /// the findings that Security Hub is known to hold now, and the results of the whole delivery.
    pub(super) async fn finish(self, until: Instant) -> (KnownFindings, Finished) {
        let gone = std::mem::take(&mut self.state.borrow_mut().gone);
        // A later sweep finds out by these findings that there are others about a cluster that is gone, so they are
        // archived only after all others.
        let readability = generator_id(checks::readability());
        let is_last = |(id, _): &(String, Timestamp)| id.starts_with(&readability);
        let (last, first): (Vec<_>, Vec<_>) = gone.into_iter().partition(is_last);
        let mut cut_off = false;
        for gone in [first, last] {
            for chunk in gone.chunks(ARCHIVED_AT_A_TIME) {
                cut_off = Instant::now() >= until;
                if cut_off || !self.archive(chunk).await {
                    break;
                }
            }
            if cut_off || !self.state.borrow().errors.is_empty() {
                break;
            }
        }
        let State {
            known,
            counts,
            errors,
            ..
        } = self.state.into_inner();
        let known = known.into_iter();
        let known = known.map(|(id, tracked)| (id, tracked.known));
        let finished = Finished {
            counts,
            errors,
            cut_off,
        };
        (known.collect(), finished)
    }

    /// Archives some findings. Returns `true` unless a call failed.
    async fn archive(&self, gone: &[(String, Timestamp)]) -> bool {
        let _permit = self.hub.rendering_permit().await;
        self.state.borrow_mut().forget_until_archived(gone);
        let gone: HashMap<_, _> = gone.iter().cloned().collect();
        let archived = Box::pin(self.hub.archive(&gone, self.run)).await;
        let mut state = self.state.borrow_mut();
        match archived {
            Ok((imported, before)) => {
                state.counts.archived += imported.accepted.len();
                for id in imported.accepted.iter().chain(&before) {
                    if let Some(TrackedFinding { known, .. }) = state.known.get_mut(id) {
                        known.archived = true;
                        known.updated_at = gone.get(id).copied();
                    }
                }
                state.note_failures(imported);
                true
            }
            Err(error) => {
                state
                    .errors
                    .push(Error::new(ErrorKind::NotDelivered, error));
                false
            }
        }
    }

    async fn send(&self, batch: Vec<QueuedFinding>) {
        let _permit = self.hub.rendering_permit().await;
        let untagged: Vec<&Resource> = batch.iter().filter_map(QueuedFinding::untagged).collect();
        let tags = self.tags(&untagged).await;
        let unsent: Vec<Unsent<'_>> = batch
            .iter()
            .map(|queued| self.unsent(queued, &tags))
            .collect();
        let mut sent: HashMap<String, &QueuedFinding> = HashMap::new();
        sent.extend(batch.iter().map(|queued| (queued.finding.id(), queued)));
        self.state.borrow_mut().forget_until_confirmed(&sent);
        let imported = self.hub.import(&unsent).await;
        let mut state = self.state.borrow_mut();
        for id in &imported.accepted {
            if let Some(queued) = sent.remove(id) {
                state.counts.refreshed += usize::from(queued.refreshes);
                state.counts.posted += usize::from(!queued.refreshes);
                let encountered = true;
                let known = queued.known.clone();
                let tracked = TrackedFinding { known, encountered };
                state.known.insert(id.clone(), tracked);
            }
        }
        state.note_failures(imported);
    }

    /// Returns a finding to send, with the tags of its resource.
    fn unsent<'q>(&'q self, queued: &'q QueuedFinding, tags: &'q Tags) -> Unsent<'q> {
        let QueuedFinding {
            finding,
            outline,
            known,
            ..
        } = queued;
        let tags = queued
            .untagged()
            .and_then(|resource| tags.get(resource.id()));
        let size = tags.map_or(outline.size, |tags| outline.size_with(tags));
        Unsent::new(size, move || {
            let rendered = outline.render(finding);
            let rendered = rendered.created_at(&known.created_at).with_run(self.run);
            let rendered = match tags {
                Some(tags) => rendered.with_tags(tags),
                None => rendered,
            };
            rendered.finding
        })
    }

    /// Returns the tags of resources; no tags if they cannot be read, since a finding without tags is better than none.
    async fn tags(&self, resources: &[&Resource]) -> Tags {
        self.reader.tags(resources).await.unwrap_or_else(|unread| {
            tracing::warn!(
                reason = unread.code.word(),
                "couldn't read tags, so findings are sent without them: {}",
                unread.text
            );
            Tags::default()
        })
    }
}

impl State {
    /// Marks a finding as encountered by the run. Returns it as Security Hub holds it.
    fn mark_encountered(&mut self, id: &str) -> Option<&Known> {
        let tracked = self.known.get_mut(id)?;
        tracked.encountered = true;
        Some(&tracked.known)
    }

    /// Forgets the state of findings that are being sent, since it is unknown until Security Hub confirms that it took
    /// them. The time at which they were first reported stays known.
    fn forget_until_confirmed(&mut self, sent: &HashMap<String, &QueuedFinding>) {
        for (id, QueuedFinding { known, .. }) in sent {
            let unconfirmed = |updated_at| Known {
                updated_at,
                status: None,
                digest: None,
                revision: None,
                ..known.clone()
            };
            self.known
                .entry(id.clone())
                .and_modify(|before| before.known = unconfirmed(before.known.updated_at))
                .or_insert_with(|| TrackedFinding {
                    known: unconfirmed(None),
                    encountered: true,
                });
        }
    }

    /// Forgets the digests and revisions of findings that are about to be archived, for the same reason.
    fn forget_until_archived(&mut self, gone: &[(String, Timestamp)]) {
        for (id, _) in gone {
            if let Some(TrackedFinding { known, .. }) = self.known.get_mut(id) {
                known.digest = None;
                known.revision = None;
            }
        }
    }

    fn note_failures(&mut self, imported: Imported) {
        for failure in imported.failed {
            tracing::error!(
                finding = failure.id,
                "couldn't send the finding to Security Hub: {}",
                failure.problem
            );
            let message = format!(
                "couldn't send the finding {} to Security Hub: {}",
                failure.id, failure.problem
            );
            let error = Error::new(ErrorKind::NotDelivered, message);
            self.errors.push(match parse_finding_id(&failure.id) {
                Some((_, resource)) => error.about(resource.id().to_owned()),
                None => error,
            });
        }
    }
}

impl QueuedFinding {
    fn new(
        finding: &Finding,
        outline: Outline,
        created_at: Option<String>,
        decision: Decision,
    ) -> Self {
        Self {
            known: Known {
                created_at: created_at.unwrap_or_else(|| time(finding.observed_at)),
                updated_at: Some(finding.observed_at),
                archived: false,
                status: Status::of(finding.verdict.outcome),
                digest: Some(outline.digest.clone()),
                revision: outline.revision.clone(),
                unread_since: finding.unread_since,
            },
            finding: finding.clone(),
            outline,
            refreshes: decision == Decision::Refresh,
        }
    }

    /// Returns the resource, if its tags must still be read.
    fn untagged(&self) -> Option<&Resource> {
        let has_tags = self.finding.resource.kind().tags == TagSource::TaggingApi;
        (has_tags && self.finding.tags.is_none()).then_some(&self.finding.resource)
    }
}

/// Returns the outcome for the status of a finding. The severity of a failure does not matter here.
fn outcome(status: Status) -> Outcome {
    match status {
        Status::Passed => Outcome::Passed,
        Status::Failed => Outcome::Failed(Severity::Informational),
        Status::Warning => Outcome::Warning,
        Status::NotAvailable => Outcome::NotAvailable,
    }
}
