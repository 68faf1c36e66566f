//! `sweep`: every resource of the accounts and Regions that are looked at, or those that the event narrows it to.

use std::cell::RefCell;
use std::sync::Arc;

use eksentry_collectors::Reader;
use eksentry_core::{Check, Part, RepositoryNames, Resource, Settings as CheckSettings};
use futures::StreamExt;
use lambda_runtime::LambdaEvent;
use serde_json::Value;

use crate::accounts::accounts;
use crate::app::App;
use crate::error::{Error, ErrorKind};
use crate::invocation::{Invocation, SWEEP};
use crate::place::{Account, Place};
use crate::run::{Run, Targets};
use crate::summary::Summary;
use crate::task::Task;

/// How many accounts are looked at at the same time, and how many parts of one and of a kind. What a part holds of
/// findings is in memory, and its calls keep to the services' rates together with those of the others.
const ACCOUNTS_AT_A_TIME: usize = 2;
const PARTS_AT_A_TIME: usize = 3;

/// How many repositories make one part of a registry. A worker lists the whole registry for its part, a thousand
/// repositories a call, to know what is gone; and a part's findings are in memory.
const REPOSITORIES_A_PART: usize = 2_000;

/// Among how many Security Hub's rates are divided at most. With smaller shares nothing gets done in time; then workers
/// are told off now and then, and try again.
const MOST_NEIGHBOURS: u32 = 20;

/// How often a slice is handed on at most. One that does not get done in so many invocations never will.
const MOST_HANDED_ON: u32 = 5;

/// Handles a schedule's event, or one sent by hand; answers with a [`Summary`].
///
/// # Errors
///
/// When the event is wrong, an account could not be entered, something could not be listed or delivered, or there was no
/// time left to look at everything.
pub async fn handle(app: Arc<App>, event: LambdaEvent<Value>) -> Result<Value, Error> {
    let (payload, context) = event.into_parts();
    let task = Task::read(&payload)?;
    let invocation = Invocation::new(SWEEP, &app, &context).await?;
    let (summary, mut errors) = sweep(&invocation, &task).await?;
    errors.extend(invocation.wrong().cloned());
    invocation.answer(summary, errors)
}

/// Makes a sweep, or a slice of one; returns what was done and what went wrong.
///
/// # Errors
///
/// When the task is wrong; then nothing was done.
pub(crate) async fn sweep(
    invocation: &Invocation<'_>,
    task: &Task,
) -> Result<(Summary, Vec<Error>), Error> {
    let home = &invocation.aws.home.location;
    task.check_place(invocation.settings, home)?;
    let sweep = Sweep {
        invocation,
        task,
        checks: task.checks(&invocation.selection)?,
        done: RefCell::default(),
    };
    let named = task.named(invocation.settings, home)?;
    if named.is_empty() {
        sweep.everything().await;
    } else {
        for (account, regions) in named {
            let regions = regions.into_iter().collect();
            Box::pin(sweep.resources(&account, regions)).await;
        }
    }
    let Done {
        mut summary,
        mut errors,
        rest,
    } = sweep.done.into_inner();
    for (check, _) in &sweep.checks {
        summary.checks.entry(check.id).or_default();
    }
    errors.extend(hand_on(invocation, rest, &mut summary).await);
    Ok((summary, errors))
}

/// A sweep under way.
struct Sweep<'a> {
    invocation: &'a Invocation<'a>,
    task: &'a Task,
    checks: Vec<(&'static Check, CheckSettings)>,
    done: RefCell<Done>,
}

#[derive(Default)]
struct Done {
    summary: Summary,
    errors: Vec<Error>,
    /// What others are to do.
    rest: Vec<Task>,
}

impl Sweep<'_> {
    /// Looks at all accounts; where there are several, each is a slice if there is a queue.
    async fn everything(&self) {
        let Invocation { settings, aws, .. } = self.invocation;
        let accounts = match &self.task.account {
            Some(account) => vec![account.clone()],
            None if self.task.region.is_some() || self.task.part.is_some() => {
                vec![aws.home.location.account.clone()]
            }
            None => {
                let home = &aws.home.location.account;
                let (accounts, errors) = accounts(&aws.aws, settings, home).await;
                self.done.borrow_mut().errors.extend(errors);
                accounts
            }
        };
        if accounts.len() > 1 && aws.queue.is_some() {
            let slices = accounts.into_iter().map(|account| Task {
                account: Some(account),
                ..self.task.clone()
            });
            self.done.borrow_mut().rest.extend(slices);
            return;
        }
        futures::stream::iter(accounts)
            .for_each_concurrent(ACCOUNTS_AT_A_TIME, |account| async move {
                if self.invocation.is_over() {
                    self.leave(Task {
                        account: Some(account),
                        ..self.task.clone()
                    });
                } else {
                    Box::pin(self.account(&account)).await;
                }
            })
            .await;
    }

    /// Looks at one account, part by part.
    async fn account(&self, id: &str) {
        let Some(account) = self.enter(id).await else {
            return;
        };
        let narrowed = self.task.region.as_ref();
        let places = account.places().iter();
        let places =
            places.filter(|place| narrowed.is_none_or(|one| *one == place.location.region));
        let readers: Vec<(&Place, Reader<'_>)> =
            places.map(|place| (place, account.reader(place))).collect();
        if let Some(region) = narrowed
            && readers.is_empty()
        {
            return self.fail(not_enabled(region, id));
        }
        let mut parts = Vec::new();
        for (place, reader) in &readers {
            for part in self.parts(place, reader).await {
                parts.push((*place, reader, part));
            }
        }
        // Clusters and keys are few, and should not keep a registry waiting.
        let (registries, few): (Vec<_>, Vec<_>) = parts
            .into_iter()
            .partition(|(.., part)| matches!(part, Part::Registry(_)));
        let look = |parts| {
            futures::stream::iter(parts)
                .for_each_concurrent(PARTS_AT_A_TIME, |(place, reader, part)| {
                    Box::pin(self.part(place, reader, part))
                })
        };
        futures::join!(look(registries), look(few));
    }

    /// The parts of a place that are to be looked at here. A large registry is many, which are slices if there is a queue.
    async fn parts(&self, place: &Place, reader: &Reader<'_>) -> Vec<Part> {
        if let Some(part) = &self.task.part {
            return vec![part.clone()];
        }
        let all = Part::all().into_iter();
        let mut parts: Vec<Part> = all.filter(|part| self.concerns(part)).collect();
        let registry = Part::Registry(RepositoryNames::all());
        if !parts.contains(&registry) || self.invocation.is_over() {
            return parts;
        }
        // Where they can't be listed, or not in time, looking at them will say so.
        let names = tokio::time::timeout_at(self.invocation.ends_at, reader.repository_names());
        let names = names.await.ok().and_then(Result::ok).unwrap_or_default();
        if names.len() <= REPOSITORIES_A_PART {
            return parts;
        }
        parts.retain(|part| *part != registry);
        let split = RepositoryNames::split(&names, REPOSITORIES_A_PART);
        tracing::info!(
            place = %place.location,
            repositories = names.len(),
            parts = split.len(),
            "the registry is looked at in parts"
        );
        let registries = split.into_iter().map(Part::Registry);
        if self.invocation.aws.queue.is_some() {
            let neighbours = u32::try_from(registries.len()).unwrap_or(u32::MAX);
            // The rest of the place is looked at here meanwhile.
            let neighbours = neighbours.min(self.invocation.settings.workers);
            let neighbours = neighbours.saturating_add(1).min(MOST_NEIGHBOURS);
            let slices = registries.map(|part| self.slice(place, part, Some(neighbours)));
            self.done.borrow_mut().rest.extend(slices);
        } else {
            parts.extend(registries);
        }
        parts
    }

    /// Whether a check is about resources of that part, or was: a sweep that is not narrowed archives what is left of
    /// checks that were switched off.
    fn concerns(&self, part: &Part) -> bool {
        if self.task.checks.is_empty() {
            return true;
        }
        let mut kinds = self.checks.iter().map(|(check, _)| check.kind());
        kinds.any(|kind| part.kinds().contains(&kind))
    }

    async fn part(&self, place: &Place, reader: &Reader<'_>, part: Part) {
        let slice = self.slice(place, part.clone(), self.task.neighbours);
        if self.invocation.is_over() {
            return self.leave(slice);
        }
        if self.run(place, reader, Targets::Part(part)).await {
            self.leave(slice);
        }
    }

    /// Looks at resources of one account that were named.
    async fn resources(&self, id: &str, regions: Vec<(String, Vec<Resource>)>) {
        let Some(account) = self.enter(id).await else {
            return;
        };
        for (region, resources) in regions {
            let place = account.places().iter();
            let home = &self.invocation.aws.home;
            let place = place
                .chain([home])
                .find(|place| place.location.region == region && place.location.account == id);
            let Some(place) = place else {
                self.fail(not_enabled(&region, id));
                continue;
            };
            let arns: Vec<String> = resources
                .iter()
                .map(|resource| resource.arn().to_string())
                .collect();
            let reader = account.reader(place);
            let targets = Targets::Resources(resources);
            if Box::pin(self.run(place, &reader, targets)).await {
                self.leave(Task {
                    resources: arns,
                    ..self.task.clone()
                });
            }
        }
    }

    /// Makes one run; says whether it was cut off.
    async fn run(&self, place: &Place, reader: &Reader<'_>, targets: Targets) -> bool {
        let run = Run {
            invocation: self.invocation,
            place,
            reader,
            checks: &self.checks,
            targets,
            sinks: self.invocation.sinks(),
        };
        let outcome = run.make(Some, |_| ()).await;
        tracing::info!(
            place = %place.location,
            targets = run.targets.name(),
            resources = outcome.summary.resources,
            posted = outcome.summary.posted,
            unchanged = outcome.summary.unchanged,
            archived = outcome.summary.archived,
            "a part of the sweep is {}",
            if outcome.cut_off { "cut off" } else { "done" }
        );
        let mut done = self.done.borrow_mut();
        done.summary.add(&outcome.summary);
        done.errors.extend(outcome.errors);
        outcome.cut_off
    }

    async fn enter(&self, id: &str) -> Option<Account> {
        let Invocation { settings, aws, .. } = self.invocation;
        let processes = self.task.neighbours.unwrap_or(1);
        let entered = Account::enter(aws, settings, id, processes);
        match tokio::time::timeout_at(self.invocation.ends_at, entered).await {
            Err(_) => {
                self.leave(Task {
                    account: Some(id.to_owned()),
                    ..self.task.clone()
                });
                None
            }
            Ok(Ok(account)) => Some(account),
            Ok(Err(error)) => {
                tracing::error!(account = id, errorType = error.kind.name(), "{error}");
                self.fail(error);
                None
            }
        }
    }

    fn fail(&self, error: Error) {
        self.done.borrow_mut().errors.push(error);
    }

    fn slice(&self, place: &Place, part: Part, neighbours: Option<u32>) -> Task {
        Task {
            account: Some(place.location.account.clone()),
            region: Some(place.location.region.clone()),
            part: Some(part),
            neighbours,
            ..self.task.clone()
        }
    }

    /// Leaves what there is no time for to another invocation, which gets more of the rates: reading back what Security
    /// Hub holds is what takes long, where no ledger helps.
    fn leave(&self, task: Task) {
        self.done.borrow_mut().rest.push(Task {
            handed_on: self.task.handed_on.saturating_add(1),
            neighbours: task.neighbours.map(|neighbours| (neighbours / 2).max(1)),
            ..task
        });
    }
}

fn not_enabled(region: &str, account: &str) -> Error {
    let message =
        format!("{region} was not looked at, since the Region is not enabled in account {account}");
    Error::new(ErrorKind::NotListed, message)
}

/// Hands slices to the queue. What can't be handed on comes back as an error.
async fn hand_on(
    invocation: &Invocation<'_>,
    rest: Vec<Task>,
    summary: &mut Summary,
) -> Vec<Error> {
    let (rest, hopeless): (Vec<_>, Vec<_>) = rest
        .into_iter()
        .partition(|task| task.handed_on <= MOST_HANDED_ON && invocation.aws.queue.is_some());
    let mut errors = Vec::new();
    if let Some(first) = hopeless.first() {
        let advice = if invocation.aws.queue.is_some() {
            "it was handed on too often: give the functions more time or memory"
        } else {
            "give the function more time or memory, or set EKSENTRY_QUEUE_URL so that workers take them"
        };
        let message = format!(
            "time was up with {} part(s) of the sweep left, the first of them {}; {advice}",
            hopeless.len(),
            serde_json::to_string(first).unwrap_or_default()
        );
        errors.push(Error::new(ErrorKind::OutOfTime, message));
    }
    if let Some(queue) = &invocation.aws.queue
        && !rest.is_empty()
    {
        let (sent, failed) = queue.send(&rest).await;
        summary.slices += sent;
        errors.extend(failed);
    }
    errors
}
