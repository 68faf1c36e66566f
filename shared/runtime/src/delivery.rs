//! The way of findings to Security Hub: what changed is sent, what is gone is archived, the rest is left alone.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::Duration;

use eksentry_collectors::{Reader, Tags};
use eksentry_core::finding::GENERATOR;
use eksentry_core::kind::TagSource;
use eksentry_core::{Finding, Outcome, Resource, Severity};
use eksentry_reporters::security_hub::{
    Imported, Known, KnownFindings, Outline, SecurityHub, Status, outline, render, revision, time,
};
use futures::StreamExt;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::error::{Error, ErrorKind};
use crate::settings::{PassedImages, Settings};
use crate::summary::Summary;

/// How many findings are gathered before they are sent, and how many bytes at most: a call takes no more findings, and
/// in memory a finding is several times as large.
const BATCH: usize = 100;
const BATCH_BYTES: usize = 4 * 1024 * 1024;

/// How many batches are sent at the same time: Security Hub takes ten a second, and a good while for each.
const BATCHES_AT_A_TIME: usize = 3;

/// How many findings a run may refresh, besides one in ten of those that it finds unchanged. Findings that were posted on
/// one day are so refreshed over ten.
const REFRESHES: usize = 100;
const ONE_IN: usize = 10;

/// A finding that is this many times as old as it should be is refreshed in any case, and so is one that Security Hub
/// will drop soon.
const OVERDUE: u32 = 2;
const DROPPED_SOON: Duration = Duration::from_hours(80 * 24);

/// How many findings are archived at a time: they are read in full, and held in memory so.
const ARCHIVED_AT_A_TIME: usize = 20;

/// Findings on their way to Security Hub.
pub(crate) struct Delivery<'a> {
    hub: &'a SecurityHub,
    reader: &'a Reader<'a>,
    policy: Policy,
    /// The id that findings carry of the run that sent them.
    run: &'a str,
    /// Nothing that the run tells was read before.
    started_at: Timestamp,
    state: RefCell<State>,
}

/// When what is sent.
#[derive(Debug, Clone, Copy)]
struct Policy {
    refresh: Duration,
    passed_images: PassedImages,
}

#[derive(Default)]
struct State {
    /// What Security Hub holds.
    known: HashMap<String, Remembered>,
    batch: Vec<Waiting>,
    bytes: usize,
    /// The findings to archive, and when their resources were seen to be gone.
    gone: HashMap<String, Timestamp>,
    counts: Summary,
    errors: Vec<Error>,
    /// How many findings this run decided to refresh.
    refreshes: usize,
}

struct Remembered {
    known: Known,
    /// Whether the run has come across it.
    met: bool,
}

/// Findings that are sent together.
pub(crate) struct Batch(Vec<Waiting>);

/// A finding that is to be sent.
struct Waiting {
    finding: Finding,
    /// What will be known of it then.
    known: Known,
    refreshes: bool,
}

/// What there is to do about a finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum News {
    /// It is new or says something else than before.
    Changed,
    /// It says the same, but long ago.
    Old,
    /// Security Hub holds the same, or something newer.
    Nothing,
    /// It is one of those that are not wanted.
    Withheld,
}

impl<'a> Delivery<'a> {
    pub(crate) fn new(
        hub: &'a SecurityHub,
        reader: &'a Reader<'a>,
        settings: &Settings,
        run: &'a str,
        known: KnownFindings,
    ) -> Self {
        let known = known
            .into_iter()
            .map(|(id, known)| (id, Remembered { known, met: false }));
        Self {
            hub,
            reader,
            policy: Policy {
                refresh: settings.refresh,
                passed_images: settings.passed_images,
            },
            run,
            started_at: reader.began_at(),
            state: RefCell::new(State {
                known: known.collect(),
                ..State::default()
            }),
        }
    }

    /// Whether these findings, of one resource and made of no more than a list tells, say that a look at it would bring
    /// nothing new. If so, they are done with.
    pub(crate) fn settles(&self, findings: &[Finding]) -> bool {
        let mut state = self.state.borrow_mut();
        let is_known = |finding: &Finding| {
            let Some(Remembered { known, .. }) = state.known.get(&finding.id()) else {
                return false;
            };
            let revision = revision(finding);
            let same = revision.is_some() && revision == known.revision && !known.archived;
            same && age(known, finding.observed_at).is_some_and(|age| age < self.policy.refresh)
        };
        if !findings.iter().all(is_known) {
            return false;
        }
        let state = &mut *state;
        for finding in findings {
            state.counts.unchanged += 1;
            if let Some(remembered) = state.known.get_mut(&finding.id()) {
                remembered.met = true;
                if let Some(status) = remembered.known.status {
                    state.counts.count(finding.check.id, outcome(status));
                }
            }
        }
        state.counts.resources += 1;
        true
    }

    /// Takes a finding over; whenever there are enough to be sent, they go out.
    pub(crate) async fn take(&self, finding: &Finding, out: &mpsc::Sender<Batch>) {
        if self.decide(finding) {
            self.hand_out(out).await;
        }
    }

    /// Hands out what is left to be sent.
    pub(crate) async fn hand_out(&self, out: &mpsc::Sender<Batch>) {
        let batch = {
            let mut state = self.state.borrow_mut();
            state.bytes = 0;
            std::mem::take(&mut state.batch)
        };
        if !batch.is_empty() {
            // The receiver goes only when its run was given up.
            let _ = out.send(Batch(batch)).await;
        }
    }

    /// Sends what is handed out, some batches at the same time.
    pub(crate) async fn send_all(&self, batches: mpsc::Receiver<Batch>) {
        let next = async |mut batches: mpsc::Receiver<Batch>| {
            let batch = batches.recv().await?;
            Some((batch, batches))
        };
        futures::stream::unfold(batches, next)
            .for_each_concurrent(BATCHES_AT_A_TIME, |Batch(batch)| Box::pin(self.send(batch)))
            .await;
    }

    /// Puts a finding where it belongs; says whether there is enough to be sent.
    fn decide(&self, finding: &Finding) -> bool {
        let id = finding.id();
        let mut state = self.state.borrow_mut();
        let state = &mut *state;
        let may_refresh = state.refreshes < REFRESHES + state.counts.unchanged / ONE_IN;
        let known = state.meet(&id);
        let Some(outline) = outline(finding) else {
            if finding.verdict.outcome == Outcome::NotApplicable
                && known.is_some_and(|known| !known.archived)
            {
                state.gone.insert(id, finding.observed_at);
            }
            return false;
        };
        let news = self.policy.news(known, finding, &outline, may_refresh);
        let created_at = known.map(|known| known.created_at.clone());
        match news {
            News::Nothing => state.counts.unchanged += 1,
            News::Withheld => state.counts.withheld += 1,
            News::Changed | News::Old => {
                state.refreshes += usize::from(news == News::Old);
                state.bytes += outline.size;
                state
                    .batch
                    .push(Waiting::new(finding, outline, created_at, news));
            }
        }
        state.batch.len() >= BATCH || state.bytes >= BATCH_BYTES
    }

    /// Archives what the run has not come across, where `is_gone` says of the check and resource that it should have;
    /// these are what comes back. What is newer than the run was not there to be come across.
    pub(crate) fn archive_unmet(
        &self,
        is_gone: impl Fn(&str, &Resource) -> bool,
    ) -> Vec<(String, Resource)> {
        let mut state = self.state.borrow_mut();
        let state = &mut *state;
        let mut unmet = Vec::new();
        for (id, Remembered { known, met }) in &state.known {
            let before = known.updated_at.is_none_or(|at| at < self.started_at);
            if !met
                && !known.archived
                && before
                && let Some((check, resource)) = parse(id)
                && is_gone(check, &resource)
            {
                state.gone.insert(id.clone(), self.started_at);
                unmet.push((check.to_owned(), resource));
            }
        }
        unmet
    }

    /// Archives what is gone, as far as there is time until then. Returns what Security Hub is known to hold now, what
    /// was done, what went wrong on the whole way, and whether something is left to archive.
    pub(crate) async fn finish(self, until: Instant) -> (KnownFindings, Summary, Vec<Error>, bool) {
        let gone: Vec<_> = std::mem::take(&mut self.state.borrow_mut().gone)
            .into_iter()
            .collect();
        let mut left = false;
        for chunk in gone.chunks(ARCHIVED_AT_A_TIME) {
            left = Instant::now() >= until;
            if left || !self.archive(chunk).await {
                break;
            }
        }
        let state = self.state.into_inner();
        let known = state.known.into_iter();
        let known = known.map(|(id, remembered)| (id, remembered.known));
        (known.collect(), state.counts, state.errors, left)
    }

    /// Archives some findings; says whether Security Hub let it.
    async fn archive(&self, gone: &[(String, Timestamp)]) -> bool {
        let _room = self.hub.room().await;
        self.state.borrow_mut().doubt_archived(gone);
        let gone: HashMap<_, _> = gone.iter().cloned().collect();
        let archived = Box::pin(self.hub.archive(&gone, self.run)).await;
        let mut state = self.state.borrow_mut();
        match archived {
            Ok((imported, before)) => {
                state.counts.archived += imported.taken.len();
                for id in imported.taken.iter().chain(&before) {
                    if let Some(Remembered { known, .. }) = state.known.get_mut(id) {
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

    async fn send(&self, batch: Vec<Waiting>) {
        let _room = self.hub.room().await;
        let untagged: Vec<&Resource> = batch.iter().filter_map(Waiting::untagged).collect();
        let tags = self.tags(&untagged).await;
        let mut findings = Vec::new();
        let mut sent = HashMap::new();
        for waiting in batch {
            let Some(mut rendered) = render(&waiting.finding) else {
                continue;
            };
            rendered = rendered
                .created_at(&waiting.known.created_at)
                .of_run(self.run);
            if let Some(tags) = waiting
                .untagged()
                .and_then(|resource| tags.get(resource.id()))
            {
                rendered = rendered.with_tags(tags);
            }
            findings.push(rendered);
            sent.insert(waiting.finding.id(), (waiting.known, waiting.refreshes));
        }
        self.state.borrow_mut().doubt(&sent);
        let imported = self.hub.import(findings).await;
        let mut state = self.state.borrow_mut();
        for id in &imported.taken {
            if let Some((known, refreshes)) = sent.remove(id) {
                state.counts.refreshed += usize::from(refreshes);
                state.counts.posted += usize::from(!refreshes);
                let met = true;
                state.known.insert(id.clone(), Remembered { known, met });
            }
        }
        state.note_failures(imported);
    }

    /// The resources' tags; a finding without tags is worth more than none.
    async fn tags(&self, resources: &[&Resource]) -> Tags {
        self.reader.tags(resources).await.unwrap_or_else(|unread| {
            tracing::warn!(
                reason = unread.code,
                "findings are sent without tags: {}",
                unread.text
            );
            Tags::default()
        })
    }
}

impl State {
    /// Remembers that the run came across a finding.
    fn meet(&mut self, id: &str) -> Option<&Known> {
        let remembered = self.known.get_mut(id)?;
        remembered.met = true;
        Some(&remembered.known)
    }

    /// From when findings are sent until Security Hub says that it took them, what it holds of them is not known. When
    /// they were first reported is.
    fn doubt(&mut self, sent: &HashMap<String, (Known, bool)>) {
        for (id, (known, _)) in sent {
            let doubtful = |updated_at| Known {
                updated_at,
                status: None,
                digest: None,
                revision: None,
                ..known.clone()
            };
            self.known
                .entry(id.clone())
                .and_modify(|before| before.known = doubtful(before.known.updated_at))
                .or_insert_with(|| Remembered {
                    known: doubtful(None),
                    met: true,
                });
        }
    }

    /// The same of findings that are about to be archived.
    fn doubt_archived(&mut self, gone: &[(String, Timestamp)]) {
        for (id, _) in gone {
            if let Some(Remembered { known, .. }) = self.known.get_mut(id) {
                known.digest = None;
                known.revision = None;
            }
        }
    }

    fn note_failures(&mut self, imported: Imported) {
        for failure in imported.failed {
            tracing::error!(
                finding = failure.id,
                "the finding was not delivered: {}",
                failure.problem
            );
            let message = format!(
                "the finding {} was not delivered: {}",
                failure.id, failure.problem
            );
            self.errors
                .push(Error::new(ErrorKind::NotDelivered, message));
        }
    }
}

impl Waiting {
    fn new(finding: &Finding, outline: Outline, created_at: Option<String>, news: News) -> Self {
        Self {
            known: Known {
                created_at: created_at.unwrap_or_else(|| time(finding.observed_at)),
                updated_at: Some(finding.observed_at),
                archived: false,
                status: Status::of(finding.verdict.outcome),
                digest: Some(outline.digest),
                revision: outline.revision,
            },
            finding: finding.clone(),
            refreshes: news == News::Old,
        }
    }

    /// The resource, where its tags are still to be read.
    fn untagged(&self) -> Option<&Resource> {
        let has_tags = self.finding.resource.kind().tags == TagSource::TaggingApi;
        (has_tags && self.finding.tags.is_none()).then_some(&self.finding.resource)
    }
}

impl Policy {
    fn news(
        &self,
        known: Option<&Known>,
        finding: &Finding,
        outline: &Outline,
        may_refresh: bool,
    ) -> News {
        let unwanted = self.passed_images == PassedImages::Recovered
            && !finding.resource.kind().sends_every_pass
            && finding.verdict.outcome == Outcome::Passed;
        let ends_a_failure =
            known.is_some_and(|known| !known.archived && known.status != Some(Status::Passed));
        if unwanted && !ends_a_failure {
            return News::Withheld;
        }
        let Some(known) = known else {
            return News::Changed;
        };
        if known.updated_at.is_some_and(|at| at >= finding.observed_at) {
            return News::Nothing;
        }
        let same = !known.archived && known.digest.as_ref() == Some(&outline.digest);
        match age(known, finding.observed_at) {
            Some(_) if !same => News::Changed,
            Some(age) if age < self.refresh => News::Nothing,
            Some(age) if may_refresh || age >= (self.refresh * OVERDUE).min(DROPPED_SOON) => {
                News::Old
            }
            Some(_) => News::Nothing,
            None => News::Changed,
        }
    }
}

/// The outcome that a finding tells of; how bad a failure is does not count here.
fn outcome(status: Status) -> Outcome {
    match status {
        Status::Passed => Outcome::Passed,
        Status::Failed => Outcome::Failed(Severity::Informational),
        Status::Warning => Outcome::Warning,
        Status::NotAvailable => Outcome::NotAvailable,
    }
}

/// How long ago a finding was last updated; `None` where it does not say.
fn age(known: &Known, now: Timestamp) -> Option<Duration> {
    let age = now.duration_since(known.updated_at?);
    Some(Duration::try_from(age).unwrap_or_default())
}

/// The check and the resource in a finding's id.
fn parse(id: &str) -> Option<(&str, Resource)> {
    let (check, arn) = id.strip_prefix(GENERATOR)?.split_once('/')?;
    Some((check, Resource::parse(arn).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use eksentry_core::{Settings as CheckSettings, checks};

    const DAY: Duration = Duration::from_hours(24);

    fn finding() -> Finding {
        let resource =
            Resource::parse("arn:aws:kms:eu-central-1:111122223333:key/1234abcd").unwrap();
        let unread = eksentry_core::Unread {
            code: "ACCESS_DENIED",
            text: "Denied.".to_owned(),
        };
        let observation = eksentry_core::Observation {
            resource,
            observed_at: "2026-03-01T00:00:00Z".parse().unwrap(),
            state: eksentry_core::State::Unread(unread),
        };
        Finding::of(
            checks::find("kms-cmk-rotation").unwrap(),
            &observation,
            &CheckSettings::default(),
            None,
        )
    }

    #[test]
    fn only_news_are_sent() {
        let policy = Policy {
            refresh: 30 * DAY,
            passed_images: PassedImages::All,
        };
        let finding = finding();
        let outline = outline(&finding).unwrap();
        let known = |updated_at: &str, archived, digest: &str| Known {
            created_at: "2026-01-01T00:00:00Z".to_owned(),
            updated_at: updated_at.parse().ok(),
            archived,
            status: Some(Status::NotAvailable),
            digest: Some(digest.to_owned()),
            revision: None,
        };
        let same = outline.digest.as_str();
        for (known, may_refresh, news) in [
            (
                known("2026-02-20T00:00:00Z", false, same),
                true,
                News::Nothing,
            ),
            (known("2026-01-20T00:00:00Z", false, same), true, News::Old),
            (
                known("2026-01-20T00:00:00Z", false, same),
                false,
                News::Nothing,
            ),
            (known("2025-12-20T00:00:00Z", false, same), false, News::Old),
            (
                known("2026-02-20T00:00:00Z", false, "other"),
                false,
                News::Changed,
            ),
            (
                known("2026-02-20T00:00:00Z", true, same),
                false,
                News::Changed,
            ),
            (
                known("2026-03-02T00:00:00Z", false, "other"),
                true,
                News::Nothing,
            ),
            (known("long ago", false, same), false, News::Changed),
        ] {
            assert_eq!(
                policy.news(Some(&known), &finding, &outline, may_refresh),
                news,
                "{known:?}"
            );
        }
        assert_eq!(policy.news(None, &finding, &outline, false), News::Changed);
    }

    #[test]
    fn an_id_names_its_check_and_resource() {
        let id = finding().id();
        let (check, resource) = parse(&id).unwrap();
        assert_eq!((check, resource.name()), ("kms-cmk-rotation", "1234abcd"));
        for id in [
            "eksentry/x",
            "other/kms-cmk-rotation/arn:aws:kms:r:1:key/1",
            "eksentry/x/y",
        ] {
            assert!(parse(id).is_none(), "{id}");
        }
    }
}
