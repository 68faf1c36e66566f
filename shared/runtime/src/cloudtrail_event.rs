//! `cloudtrail-event`: evaluates what a call has changed, when CloudTrail reports the call.
//!
//! Events arrive one at a time, or in batches through a queue. A resource that several events of a batch are about is
//! evaluated once. An event names a resource, and the API has its current state.

pub mod calls;
mod event;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use eksentry_core::facts::{EcrRepository, EksCluster};
use eksentry_core::{Check, FactsOf as _, Location, Need, Resource, ResourceKind};
use lambda_runtime::LambdaEvent;
use serde_json::{Value, json};

use self::event::{Change, Target};
use crate::app::App;
use crate::error::{Error, ErrorKind};
use crate::invocation::Invocation;
use crate::messages::{self, Failures};
use crate::settings::Settings;
use crate::summary::Summary;
use crate::sweep::{Swept, look_again, sweep};
use crate::task::Task;

const NAME: &str = "cloudtrail-event";

/// The facts about repositories that depend on the settings of the registry.
const OF_REGISTRY: [Need; 3] = [
    Need::RegistryScanning,
    Need::RegistryPolicy,
    Need::ManagedSigning,
];

/// Handles an event, or a batch of messages with events. Returns a [`Summary`], or the messages that SQS must deliver
/// again; for an event that reports no change, nothing is sent, and the response is an empty object. In a batch, an event
/// that can't be read, or that is of an account or a Region that is not evaluated, is logged and not delivered again.
///
/// # Errors
///
/// Returns an error if an event can't be read, is of an account or a Region that is not evaluated, or if something could
/// not be delivered.
pub async fn handle(app: Arc<App>, event: LambdaEvent<Value>) -> Result<Value, Error> {
    let (payload, context) = event.into_parts();
    if messages::is_batch(&payload) {
        let messages = messages::read(&payload)?;
        let invocation = Invocation::new(NAME, &app, &context).await?;
        return Ok(handle_batch(invocation, messages).await);
    }
    let Some(change) = Change::read(&payload)? else {
        tracing::info!("the event reports no change of anything that a check evaluates");
        return Ok(json!({}));
    };
    // An invocation may read documents, so the event is checked before.
    let home = &app.aws(&context).await?.home.location;
    resource_of(&change, app.settings()?, home)?;
    let invocation = Invocation::new(NAME, &app, &context).await?;
    let mut work = Work::default();
    work.add(&invocation, &change, None)?;
    let of_mute_list: Vec<Error> = invocation.mute_list.temporary_errors().cloned().collect();
    let (summary, failed) = work.execute(&invocation, &of_mute_list).await;
    let errors = failed.into_iter().flat_map(|failed| failed.errors);
    // The response contains those of the mute list in any case.
    let errors = errors.filter(|error| !of_mute_list.contains(error));
    invocation.into_response(summary, errors.collect())
}

async fn handle_batch(invocation: Invocation<'_>, messages: Vec<messages::Message>) -> Value {
    let mut failures = Failures::default();
    let mut work = Work::default();
    for message in messages {
        let change = message.body.and_then(|body| Change::read(&body));
        let added = change.and_then(|change| match change {
            Some(change) => work.add(&invocation, &change, Some(&message.id)),
            None => Ok(()),
        });
        match added {
            // Another delivery would not help.
            Err(error) if error.kind == ErrorKind::InvalidEvent => {
                tracing::warn!(messageId = message.id, "an event was ignored: {error}");
            }
            Err(error) => failures.add(message.id, &error),
            Ok(()) => {}
        }
    }
    // The findings that could not be muted are sent again when the mute list can be read.
    let of_mute_list: Vec<Error> = invocation.mute_list.temporary_errors().cloned().collect();
    let (mut summary, failed) = work.execute(&invocation, &of_mute_list).await;
    for Failed { messages, errors } in failed {
        if let Some(error) = Error::combine(&errors) {
            for id in messages {
                failures.add(id, &error);
            }
        }
    }
    summary.errors = failures.len() + invocation.additional_errors(&[]);
    invocation.conclude(summary);
    failures.into_response()
}

/// Returns the resource that a change is about; `None` if a principal of the place used a resource of another one.
///
/// # Errors
///
/// Returns an error if the place of the change is not evaluated, or if there can't be such a resource.
fn resource_of(
    change: &Change,
    settings: &Settings,
    home: &Location,
) -> Result<Option<Resource>, Error> {
    let resource = change.resource(home)?;
    if resource.location() != change.place(home) {
        return Ok(None);
    }
    let task = Task {
        resources: vec![resource.id().to_owned()],
        ..Task::default()
    };
    task.named_resources(settings, home)?;
    Ok(Some(resource))
}

/// Returns the resource that an event leads to.
#[cfg(any(test, fuzzing))]
pub(crate) fn named_resource(
    event: &Value,
    settings: &Settings,
    home: &Location,
) -> Result<Option<Resource>, Error> {
    match Change::read(event)? {
        Some(change) => resource_of(&change, settings, home),
        None => Ok(None),
    }
}

/// The tasks of an invocation: the resources of each, and for each resource the messages that lead to it.
#[derive(Debug, Default)]
struct Work(BTreeMap<Key, Resources>);

/// The members that tasks about different resources must have in common to become one.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    /// `true` if the task is about all resources of the place, and not about those that events name. Such tasks come
    /// last.
    is_about_all: bool,
    account: String,
    region: String,
    checks: Vec<String>,
}

/// Messages that failed.
struct Failed {
    messages: BTreeSet<String>,
    errors: Vec<Error>,
}

impl Work {
    /// Adds the tasks that a change leads to.
    ///
    /// # Errors
    ///
    /// Returns an error if the place of the change is not evaluated, or if there can't be such a resource.
    fn add(
        &mut self,
        invocation: &Invocation<'_>,
        change: &Change,
        message: Option<&str>,
    ) -> Result<(), Error> {
        let home = &invocation.aws.home.location;
        let Some(resource) = resource_of(change, invocation.settings, home)? else {
            tracing::info!("the event is about a resource of another account or Region");
            return Ok(());
        };
        let place = change.place(home);
        let checks = |is_wanted: &dyn Fn(&Check) -> bool| -> Vec<String> {
            let enabled = invocation.selection.enabled_checks();
            let wanted = enabled.filter(|check| is_wanted(check));
            wanted.map(|check| check.id.to_owned()).collect()
        };
        let own = checks(&|check| check.kind() == resource.kind());
        let mut add = |checks: Vec<String>, resource: Option<String>| {
            if checks.is_empty() {
                return;
            }
            let key = Key {
                is_about_all: resource.is_none(),
                account: place.account.clone(),
                region: place.region.clone(),
                checks,
            };
            let messages = self.0.entry(key).or_default().entry(resource).or_default();
            messages.extend(message.map(str::to_owned));
        };
        let of_all: Option<(&ResourceKind, &[Need])> = match change.target {
            Target::Registry => Some((EcrRepository::KIND, &OF_REGISTRY)),
            Target::Clusters => Some((EksCluster::KIND, &[Need::AuditLogWatcher])),
            Target::Named(..) | Target::Arn(_) | Target::Account => None,
        };
        if change.target != Target::Clusters {
            add(own, Some(resource.id().to_owned()));
        }
        if let Some((kind, needs)) = of_all {
            let depends = |check: &Check| {
                check.kind() == kind && check.needs.iter().any(|need| needs.contains(need))
            };
            let all = Task {
                account: Some(place.account.clone()),
                region: Some(place.region.clone()),
                ..Task::default()
            };
            // Only sweeps evaluate all resources of a kind, and they don't evaluate the function's own Region if the
            // settings name others.
            if all.check_place(invocation.settings, home).is_ok() {
                add(checks(&depends), None);
            }
        }
        Ok(())
    }

    /// Executes the tasks. Returns the summary of all, and the messages that failed. `shared` are errors that each
    /// evaluation has.
    async fn execute(
        self,
        invocation: &Invocation<'_>,
        shared: &[Error],
    ) -> (Summary, Vec<Failed>) {
        let mut summary = Summary::default();
        let mut failed: Vec<Failed> = Vec::new();
        for (key, resources) in self.0 {
            let mut task = Task {
                checks: key.checks,
                ..Task::default()
            };
            if key.is_about_all {
                // An event that is delivered again, because another of its tasks failed, would send its slice again.
                let mut messages = resources.values().flatten();
                let is_due = invocation.aws.queue.is_none()
                    || failed.is_empty()
                    || messages.any(|id| !failed.iter().any(|one| one.messages.contains(id)));
                if !is_due {
                    continue;
                }
                task.account = Some(key.account);
                task.region = Some(key.region);
            } else {
                task.resources = resources.keys().flatten().cloned().collect();
                task.looks = Some(0);
            }
            let errors = match &invocation.aws.queue {
                // There can be more repositories than there is time for.
                Some(queue) if key.is_about_all => {
                    let (unsent, errors) = queue.send(vec![task]).await;
                    summary.slices += usize::from(unsent.is_empty());
                    errors
                }
                _ => match Box::pin(sweep(invocation, &task)).await {
                    Ok(Swept {
                        summary: of_task,
                        mut errors,
                        mut changing,
                        ..
                    }) => {
                        summary.add(&of_task);
                        errors.extend_from_slice(shared);
                        // An event that is delivered again leads to another look.
                        let failed = failures(&resources, &errors);
                        changing.retain(|cluster| !is_repeated(cluster, &resources, &failed));
                        errors.extend(look_again(invocation, &task, changing).await);
                        errors
                    }
                    Err(error) => vec![error],
                },
            };
            failed.extend(failures(&resources, &errors));
        }
        (summary, failed)
    }
}

/// The resources of a task, each with the messages that lead to it.
type Resources = BTreeMap<Option<String>, BTreeSet<String>>;

/// Returns the messages that errors of a task concern: those that lead to the resources that the errors are about, or
/// all if an error is about no resource of the task.
fn failures(resources: &Resources, errors: &[Error]) -> Vec<Failed> {
    if errors.is_empty() {
        return Vec::new();
    }
    let names_one =
        |error: &Error| error.resource.is_some() && resources.contains_key(&error.resource);
    if !errors.iter().all(names_one) {
        let messages = resources.values().flatten().cloned().collect();
        let errors = errors.to_vec();
        return vec![Failed { messages, errors }];
    }
    let failed = resources.iter().filter_map(|(resource, messages)| {
        let about = errors.iter().filter(|error| error.resource == *resource);
        let errors: Vec<Error> = about.cloned().collect();
        let messages = messages.clone();
        (!errors.is_empty()).then_some(Failed { messages, errors })
    });
    failed.collect()
}

/// Returns `true` if all messages that lead to a resource are among those that failed, so that they are delivered again.
/// An event outside a batch is delivered again after any failure.
fn is_repeated(resource: &str, resources: &Resources, failed: &[Failed]) -> bool {
    let messages = resources.get(&Some(resource.to_owned()));
    !failed.is_empty()
        && messages
            .into_iter()
            .flatten()
            .all(|id| failed.iter().any(|one| one.messages.contains(id)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_about_one_resource_fails_only_the_messages_that_lead_to_it() {
        let of = |ids: &[&str]| {
            ids.iter()
                .map(|id| (*id).to_owned())
                .collect::<BTreeSet<_>>()
        };
        let resources = || {
            BTreeMap::from([
                (Some("a".to_owned()), of(&["1", "2"])),
                (Some("b".to_owned()), of(&["3"])),
            ])
        };
        let about = |resource: Option<&str>| {
            let error = Error::new(ErrorKind::NotDelivered, "not accepted");
            match resource {
                Some(resource) => error.about(resource.to_owned()),
                None => error,
            }
        };
        for (errors, failed) in [
            (vec![], of(&[])),
            (vec![about(Some("a"))], of(&["1", "2"])),
            (vec![about(Some("b")), about(Some("b"))], of(&["3"])),
            (
                vec![about(Some("a")), about(Some("b"))],
                of(&["1", "2", "3"]),
            ),
            (vec![about(Some("a")), about(None)], of(&["1", "2", "3"])),
            (vec![about(Some("other"))], of(&["1", "2", "3"])),
        ] {
            let messages = failures(&resources(), &errors);
            let messages: BTreeSet<String> = messages
                .into_iter()
                .flat_map(|failed| failed.messages)
                .collect();
            assert_eq!(messages, failed, "{errors:?}");
        }
    }
}
