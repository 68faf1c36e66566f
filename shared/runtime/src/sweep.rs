//! `sweep`: evaluates every resource of the accounts and Regions in the settings, or those that the event names.

mod later;

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeSet;
use std::sync::Arc;

use eksentry_collectors::{Reader, span_regions};
use eksentry_core::check::needs_of;
use eksentry_core::facts::EksCluster;
use eksentry_core::finding::{generator_id, parse_finding_id};
use eksentry_core::{
    Check, FactsOf as _, Observation, ParameterValues, Part, ReasonCode, RepositoryNames, Resource,
    ResourceKind, State, checks,
};
use eksentry_reporters::ReportError;
use eksentry_reporters::security_hub::{Generators, Selection};
use futures::{Stream, StreamExt};
use lambda_runtime::LambdaEvent;
use serde_json::Value;
use tokio::sync::mpsc;

use crate::accounts::accounts;
use crate::app::{App, Connections};
use crate::error::{Error, ErrorKind};
use crate::invocation::{Invocation, SWEEP};
use crate::place::{Account, EntryOptions, Place};
use crate::run::Run;
use crate::scope::Targets;
use crate::summary::Summary;
use crate::task::Task;
pub(crate) use later::{enqueue, look_again};

/// The number of accounts that are evaluated at the same time, and the number of parts of one account: of registries
/// and of the contents of clusters. The findings of a part are held in memory, and the calls of all parts together keep
/// to the services' rates. Two parts of a registry have as many calls in flight as ECR takes.
const ACCOUNTS_AT_A_TIME: usize = 2;
const REGISTRIES_AT_A_TIME: usize = 2;
const CLUSTERS_AT_A_TIME: usize = 3;

/// The number of Regions of an account in which other parts are evaluated at the same time, and the number of these
/// parts in each Region. More parts would delay the first registry: Security Hub is read before each part, and accepts
/// few reads at once in a Region.
const REGIONS_AT_A_TIME: usize = 2;
const OTHERS_AT_A_TIME: usize = 2;

/// The number of repositories that make one part of a registry. A worker lists the whole registry for its part, a
/// thousand repositories a call, to know which repositories are gone; and the findings of a part are held in memory.
const REPOSITORIES_A_PART: usize = 1_000;

/// The most processes among which Security Hub's rates are divided. With smaller shares, a slice would not be done in
/// time; more workers than this are throttled now and then, and retry.
const MAX_NEIGHBOURS: u32 = 20;

/// Handles an event that a schedule or a person sends. Returns a [`Summary`].
///
/// # Errors
///
/// Returns an error if the event is wrong, an account could not be entered, something could not be listed or delivered,
/// or there was no time left to evaluate everything.
pub async fn handle(app: Arc<App>, event: LambdaEvent<Value>) -> Result<Value, Error> {
    let (payload, context) = event.into_parts();
    let task = Task::read(&payload)?;
    let invocation = Invocation::new(SWEEP, &app, &context).await?;
    let Swept {
        summary,
        mut errors,
        changing,
        ..
    } = sweep(&invocation, &task).await?;
    // After an error, Lambda repeats the invocation, which leads to another look.
    if errors.is_empty() {
        errors.extend(look_again(&invocation, &task, changing).await);
    }
    errors.extend(invocation.lasting_errors().cloned());
    invocation.into_response(summary, errors)
}

/// The results of a sweep, or of a slice of one.
pub(crate) struct Swept {
    pub(crate) summary: Summary,
    pub(crate) errors: Vec<Error>,
    /// The tasks for everything that must be done again because of an error.
    pub(crate) failed: Vec<Task>,
    /// The clusters whose settings are being changed, if changes are waited for.
    pub(crate) changing: BTreeSet<String>,
}

/// Makes a sweep, or a slice of one.
///
/// # Errors
///
/// Returns an error if the task is wrong; then nothing was done.
pub(crate) async fn sweep(invocation: &Invocation<'_>, task: &Task) -> Result<Swept, Error> {
    let home = &invocation.aws.home.location;
    let checks = task.checks(&invocation.selection, invocation.settings)?;
    let mut tasks = Vec::new();
    for task in task.with_accounts_apart() {
        task.check_place(invocation.settings, home)?;
        let named = task.named_resources(invocation.settings, home)?;
        tasks.push((task, named));
    }
    let mut progress = Progress::default();
    for (task, named) in tasks {
        let sweep = Sweep {
            invocation,
            task: &task,
            checks: checks.clone(),
            progress: RefCell::new(progress),
        };
        if named.is_empty() {
            sweep.evaluate_accounts().await;
        }
        for (account, regions) in named {
            let regions = regions.into_iter().collect();
            Box::pin(sweep.evaluate_resources(&account, regions)).await;
        }
        progress = sweep.progress.into_inner();
    }
    let Progress {
        mut summary,
        mut errors,
        rest,
        mut failed,
        changing,
    } = progress;
    for (check, _) in &checks {
        summary.checks.entry(check.id).or_default();
    }
    let (unsent, of_queue) = enqueue(invocation, rest, &mut summary).await;
    failed.extend(unsent);
    errors.extend(of_queue);
    Ok(Swept {
        summary,
        errors,
        failed,
        changing,
    })
}

/// A sweep in progress.
struct Sweep<'a> {
    invocation: &'a Invocation<'a>,
    task: &'a Task,
    checks: Vec<(&'static Check, ParameterValues)>,
    progress: RefCell<Progress>,
}

#[derive(Default)]
struct Progress {
    summary: Summary,
    errors: Vec<Error>,
    /// The tasks that are left to other invocations.
    rest: Vec<Task>,
    /// The tasks for everything that must be done again because of an error.
    failed: Vec<Task>,
    /// The clusters whose settings are being changed, if changes are waited for.
    changing: BTreeSet<String>,
}

/// The end of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// Everything was evaluated and sent.
    Done,
    /// Time was up.
    CutOff,
    /// Something could not be listed or sent.
    Failed,
}

impl Sweep<'_> {
    /// Evaluates all accounts. If there are several accounts and a queue, each account becomes a slice.
    async fn evaluate_accounts(&self) {
        let Invocation { settings, aws, .. } = self.invocation;
        let accounts = match &self.task.account {
            Some(account) => vec![account.clone()],
            None if self.task.region.is_some() || self.task.part.is_some() => {
                vec![aws.home.location.account.clone()]
            }
            None => {
                let home = &aws.home.location.account;
                let (accounts, errors) = accounts(&aws.aws, settings, home).await;
                for error in errors {
                    self.fail(error, [self.task.clone()]);
                }
                accounts
            }
        };
        if accounts.len() > 1 && aws.queue.is_some() {
            let slices = accounts.into_iter().map(|account| Task {
                account: Some(account),
                ..self.task.clone()
            });
            self.progress.borrow_mut().rest.extend(slices);
            return;
        }
        futures::stream::iter(accounts)
            .for_each_concurrent(ACCOUNTS_AT_A_TIME, |account| async move {
                if self.invocation.is_time_up() {
                    self.defer(Task {
                        account: Some(account),
                        ..self.task.clone()
                    });
                } else {
                    Box::pin(self.evaluate_account(&account)).await;
                }
            })
            .await;
    }

    /// Evaluates one account, part by part.
    async fn evaluate_account(&self, id: &str) {
        let parts = self.parts();
        let options = EntryOptions {
            regions: self.task.region.as_slice(),
            spans_regions: self.spans_regions(|kind| {
                let mut kinds = parts.iter().flat_map(Part::kinds);
                kinds.any(|of_part| of_part == kind)
            }),
            processes: self.task.neighbours.unwrap_or(1),
        };
        let deferred = Task {
            account: Some(id.to_owned()),
            ..self.task.clone()
        };
        let Some(account) = self.enter(id, options, deferred.clone()).await else {
            return;
        };
        if let Some(error) = account.regions_error() {
            self.fail(error.clone(), []);
        }
        if let Some(region) = &self.task.region
            && let Err(error) = account.place(region)
        {
            return self.fail(error, [deferred]);
        }
        let places = account.places().iter();
        let readers: Vec<(&Place, Reader<'_>)> =
            places.map(|place| (place, account.reader(place))).collect();
        let (divisible, others): (Vec<Part>, Vec<Part>) = parts
            .into_iter()
            .partition(|part| matches!(part, Part::Registry(_) | Part::Kubernetes(_)));
        // The registries and the clusters of all Regions are listed, and their parts evaluated, beside the other parts:
        // neither waits for the other.
        let (listed, parts_of_registries) = mpsc::unbounded_channel();
        let (listed_clusters, parts_of_clusters) = mpsc::unbounded_channel();
        let list = async {
            let (listed, listed_clusters) = (listed, listed_clusters);
            let of_places = readers.iter().map(async |(place, reader)| {
                for part in &divisible {
                    let (parts, listed) = if matches!(part, Part::Kubernetes(_)) {
                        (
                            self.split_clusters(place, reader, part).await,
                            &listed_clusters,
                        )
                    } else {
                        (self.split_registry(place, reader, part).await, &listed)
                    };
                    for part in parts {
                        // The receiver is dropped only together with this future.
                        let _ = listed.send((*place, reader, part));
                    }
                }
            });
            futures::future::join_all(of_places).await;
        };
        let next = async |mut parts: mpsc::UnboundedReceiver<_>| {
            let part = parts.recv().await?;
            Some((part, parts))
        };
        let parts_of_registries = futures::stream::unfold(parts_of_registries, next);
        let parts_of_clusters = futures::stream::unfold(parts_of_clusters, next);
        let evaluate_others = futures::stream::iter(&readers).for_each_concurrent(
            REGIONS_AT_A_TIME,
            |(place, reader)| {
                let parts = others
                    .iter()
                    .map(move |part| (*place, reader, part.clone()));
                self.evaluate_parts(OTHERS_AT_A_TIME, futures::stream::iter(parts))
            },
        );
        futures::join!(
            list,
            self.evaluate_parts(REGISTRIES_AT_A_TIME, parts_of_registries),
            self.evaluate_parts(CLUSTERS_AT_A_TIME, parts_of_clusters),
            evaluate_others
        );
    }

    /// Returns the parts of each place that the sweep evaluates. A slice with the contents of clusters may be older than
    /// the setting that switched these off.
    fn parts(&self) -> Vec<Part> {
        if let Some(part) = &self.task.part {
            let is_off =
                matches!(part, Part::Kubernetes(_)) && !self.invocation.settings.kubernetes;
            return (!is_off).then(|| part.clone()).into_iter().collect();
        }
        let all = Part::all().into_iter();
        all.filter(|part| self.concerns(part)).collect()
    }

    /// Evaluates parts, as many at a time.
    async fn evaluate_parts<'p>(
        &self,
        at_a_time: usize,
        parts: impl Stream<Item = (&'p Place, &'p Reader<'p>, Part)>,
    ) {
        parts
            .for_each_concurrent(at_a_time, |(place, reader, part)| {
                Box::pin(self.evaluate_part(place, reader, part))
            })
            .await;
    }

    /// Returns the parts of a place's registry that this invocation evaluates. A large registry is split into several
    /// parts; if there is a queue, these become slices, and none is returned.
    async fn split_registry(
        &self,
        place: &Place,
        reader: &Reader<'_>,
        registry: &Part,
    ) -> Vec<Part> {
        let whole = vec![registry.clone()];
        // A registry that was deferred as a whole was not split yet.
        let is_split = *registry != Part::Registry(RepositoryNames::all());
        if is_split || self.invocation.is_time_up() {
            return whole;
        }
        // If repositories cannot be listed, or not in time, the evaluation of the part reports it.
        let names = tokio::time::timeout_at(self.invocation.ends_at, reader.repository_names());
        let names = names.await.ok().and_then(Result::ok).unwrap_or_default();
        if names.len() <= REPOSITORIES_A_PART {
            return whole;
        }
        let split = RepositoryNames::split(&names, REPOSITORIES_A_PART);
        tracing::info!(
            place = %place.location,
            repositories = names.len(),
            parts = split.len(),
            "the registry is evaluated in parts"
        );
        let registries = split.into_iter().map(Part::Registry);
        if self.invocation.aws.queue.is_some() {
            self.leave(place, registries);
            Vec::new()
        } else {
            registries.collect()
        }
    }

    /// Leaves parts of a place to other invocations, which share Security Hub's rates.
    fn leave(&self, place: &Place, parts: impl ExactSizeIterator<Item = Part>) {
        let neighbours = u32::try_from(parts.len()).unwrap_or(u32::MAX);
        // This invocation counts too, since it evaluates the rest of the place at the same time.
        let neighbours = neighbours.min(self.invocation.settings.workers);
        let neighbours = neighbours.saturating_add(1).min(MAX_NEIGHBOURS);
        let slices = parts.map(|part| self.slice(place, part, Some(neighbours)));
        self.progress.borrow_mut().rest.extend(slices);
    }

    /// Returns the parts into which the contents of a place's clusters are split: one for each cluster, also for those
    /// that are gone and that Security Hub holds findings about. If there is a queue, these become slices, and none is
    /// returned.
    async fn split_clusters(&self, place: &Place, reader: &Reader<'_>, all: &Part) -> Vec<Part> {
        if matches!(all, Part::Kubernetes(Some(_))) || self.invocation.is_time_up() {
            return vec![all.clone()];
        }
        let mut names = BTreeSet::new();
        let listed = tokio::time::timeout_at(self.invocation.ends_at, reader.cluster_names());
        match listed.await {
            Ok(Ok(listed)) => names.extend(listed),
            // AWS may omit a list without items.
            Ok(Err(unread)) if unread.code == ReasonCode::NoList => {
                tracing::warn!(reason = unread.code.word(), "{}", unread.text);
            }
            Ok(Err(unread)) => {
                let again = self.slice(place, all.clone(), self.task.neighbours);
                self.fail(Error::new(ErrorKind::NotListed, unread.text), [again]);
            }
            Err(_) => return vec![all.clone()],
        }
        if self.invocation.settings.security_hub {
            let reported = reported_clusters(place);
            match tokio::time::timeout_at(self.invocation.ends_at, reported).await {
                Ok(Ok(reported)) => names.extend(reported),
                // Only findings of clusters that are gone stay active, until the next sweep.
                Ok(Err(error)) => self.fail(Error::new(ErrorKind::NotDelivered, error), []),
                Err(_) => return vec![all.clone()],
            }
        }
        let parts = names.into_iter().map(|name| Part::Kubernetes(Some(name)));
        if self.invocation.aws.queue.is_some() && self.task.part.is_none() {
            self.leave(place, parts);
            Vec::new()
        } else {
            parts.collect()
        }
    }

    /// Returns `true` if a check of the sweep evaluates resources of the part. A sweep that is not narrowed to some
    /// checks includes every part, since it archives the findings of checks that were switched off. The contents of
    /// clusters are included only if they are read.
    fn concerns(&self, part: &Part) -> bool {
        if matches!(part, Part::Kubernetes(_)) && !self.invocation.settings.kubernetes {
            return false;
        }
        if self.task.checks.is_empty() {
            return true;
        }
        let mut kinds = self.checks.iter().map(|(check, _)| check.kind());
        kinds.any(|kind| part.kinds().any(|one| one == kind))
    }

    /// Returns `true` if a check of the sweep that evaluates one of the included kinds needs facts that span Regions.
    fn spans_regions(&self, includes: impl Fn(&'static ResourceKind) -> bool) -> bool {
        let checks = self
            .checks
            .iter()
            .map(|(check, settings)| (*check, settings));
        let checks = checks.filter(|(check, _)| includes(check.kind()));
        span_regions(needs_of(checks))
    }

    async fn evaluate_part(&self, place: &Place, reader: &Reader<'_>, part: Part) {
        let slice = self.slice(place, part.clone(), self.task.neighbours);
        if self.invocation.is_time_up() {
            return self.defer(slice);
        }
        let ended = self.run(place, reader, Targets::Part(part)).await;
        self.end(ended, slice);
    }

    /// Notes the end of a run for a task.
    fn end(&self, ended: Ended, task: Task) {
        match ended {
            Ended::Done => {}
            Ended::CutOff => self.defer(task),
            Ended::Failed => self.progress.borrow_mut().failed.push(task),
        }
    }

    /// Evaluates resources of one account that the task names.
    async fn evaluate_resources(&self, id: &str, regions: Vec<(String, Vec<Resource>)>) {
        let names: Vec<String> = regions.iter().map(|(region, _)| region.clone()).collect();
        let all = || regions.iter().flat_map(|(_, resources)| resources);
        let options = EntryOptions {
            regions: &names,
            spans_regions: self.spans_regions(|kind| all().any(|resource| resource.kind() == kind)),
            processes: self.task.neighbours.unwrap_or(1),
        };
        let deferred = Task {
            resources: ids(all()),
            ..self.task.clone()
        };
        let Some(account) = self.enter(id, options, deferred).await else {
            return;
        };
        for (region, resources) in regions {
            let again = Task {
                resources: ids(&resources),
                ..self.task.clone()
            };
            let place = match account.place(&region) {
                Ok(place) => place,
                Err(error) => {
                    self.fail(error, [again]);
                    continue;
                }
            };
            let reader = account.reader(place);
            if self.concerns(&Part::Kubernetes(None)) {
                for cluster in clusters(&resources) {
                    let part = Part::Kubernetes(Some(cluster));
                    Box::pin(self.evaluate_part(place, &reader, part)).await;
                }
            }
            let targets = Targets::Resources(resources);
            self.end(Box::pin(self.run(place, &reader, targets)).await, again);
        }
    }

    /// Executes one run.
    async fn run(&self, place: &Place, reader: &Reader<'_>, targets: Targets) -> Ended {
        let run = Run {
            id: self.invocation.next_run_id(),
            invocation: self.invocation,
            place,
            reader,
            checks: &self.checks,
            targets,
            sinks: self.invocation.sinks(),
            cluster: OnceCell::new(),
        };
        let note = |observation| {
            self.note_change(&observation);
            Some(observation)
        };
        let outcome = run.execute(note, |_| ()).await;
        tracing::info!(
            place = %place.location,
            targets = run.targets.name(),
            resources = outcome.summary.resources,
            posted = outcome.summary.posted,
            unchanged = outcome.summary.unchanged,
            archived = outcome.summary.archived,
            "a part of the sweep {}",
            if outcome.cut_off { "was cut off" } else { "has finished" }
        );
        let mut progress = self.progress.borrow_mut();
        progress.summary.add(&outcome.summary);
        // A run without the mute list must be repeated, too.
        let mut of_mute_list = self.invocation.mute_list.temporary_errors();
        let has_failed = !outcome.errors.is_empty() || of_mute_list.next().is_some();
        progress.errors.extend(outcome.errors);
        match (outcome.cut_off, has_failed) {
            (true, _) => Ended::CutOff,
            (false, true) => Ended::Failed,
            (false, false) => Ended::Done,
        }
    }

    /// Enters an account. Returns `None` if it could not be entered; if that is for lack of time, the task `deferred`
    /// is left to another invocation.
    async fn enter(&self, id: &str, options: EntryOptions<'_>, deferred: Task) -> Option<Account> {
        let Connections { aws, home, .. } = self.invocation.aws;
        let entered = Account::enter(aws, home, self.invocation.settings, id, options);
        match tokio::time::timeout_at(self.invocation.ends_at, entered).await {
            Err(_) => {
                self.defer(deferred);
                None
            }
            Ok(Ok(account)) => Some(account),
            Ok(Err(error)) => {
                tracing::error!(account = id, errorType = error.kind.name(), "{error}");
                self.fail(error, [deferred]);
                None
            }
        }
    }

    /// Notes a cluster that EKS is changing: until the change is done, EKS returns the earlier settings.
    fn note_change(&self, observation: &Observation) {
        if self.task.looks.is_none() {
            return;
        }
        if let State::Present(facts) = &observation.state
            && let Some(cluster) = facts.of::<EksCluster>()
            && cluster.is_changing()
        {
            let id = observation.resource.id().to_owned();
            self.progress.borrow_mut().changing.insert(id);
        }
    }

    /// Notes an error, and the tasks that must be done again because of it.
    fn fail(&self, error: Error, again: impl IntoIterator<Item = Task>) {
        let mut progress = self.progress.borrow_mut();
        progress.errors.push(error);
        for task in again {
            if !progress.failed.contains(&task) {
                progress.failed.push(task);
            }
        }
    }

    fn slice(&self, place: &Place, part: Part, neighbours: Option<u32>) -> Task {
        Task {
            account: Some(place.location.account.clone()),
            region: Some(place.location.region.clone()),
            part: Some(part),
            neighbours,
            // The part says what is left of the resources that the task names.
            resources: Vec::new(),
            ..self.task.clone()
        }
    }

    /// Leaves a task for which there is no time to another invocation, with a larger share of Security Hub's rates:
    /// where there is no ledger, most of the time is spent on reading the findings that Security Hub holds.
    fn defer(&self, task: Task) {
        self.progress.borrow_mut().rest.push(Task {
            handed_on: self.task.handed_on.saturating_add(1),
            neighbours: task.neighbours.map(|neighbours| (neighbours / 2).max(1)),
            ..task
        });
    }
}

fn ids<'r>(resources: impl IntoIterator<Item = &'r Resource>) -> Vec<String> {
    let ids = resources.into_iter().map(Resource::id);
    ids.map(ToOwned::to_owned).collect()
}

/// Returns the names of the clusters among resources.
fn clusters(resources: &[Resource]) -> Vec<String> {
    let clusters = resources.iter();
    let clusters = clusters.filter(|resource| resource.kind() == EksCluster::KIND);
    clusters.map(|cluster| cluster.name().to_owned()).collect()
}

/// Returns the names of the clusters that Security Hub holds a finding about which says whether their contents can be
/// read, since every cluster has one whose contents were ever evaluated.
async fn reported_clusters(place: &Place) -> Result<Vec<String>, ReportError> {
    let generators = [generator_id(checks::readability())];
    let mut names = Vec::new();
    for range in Part::Kubernetes(None).ranges(&place.location) {
        let selection = Selection::Within {
            range: &range,
            generators: Generators::These(&generators),
            since: None,
        };
        let known = place.security_hub.known(selection).await?;
        let active = known.iter().filter(|(_, known)| !known.archived);
        let clusters = active.filter_map(|(id, _)| parse_finding_id(id));
        names.extend(clusters.map(|(_, cluster)| cluster.name().to_owned()));
    }
    Ok(names)
}
