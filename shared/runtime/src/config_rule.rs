//! `config-rule`: runs one check, as an AWS Config custom Lambda rule.

mod event;

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeSet;
use std::sync::Arc;

use eksentry_collectors::span_regions;
use eksentry_core::check::needs_of;
use eksentry_core::{Check, Finding, Observation, Outcome, ParameterValues, Part, Resource, State};
use eksentry_reporters::aws_config::is_test;
use eksentry_reporters::{Compliance, Evaluation};
use jiff::Timestamp;
use lambda_runtime::LambdaEvent;
use serde_json::{Value, json};

use crate::app::{App, Connections};
use crate::error::{Error, ErrorKind};
use crate::invocation::{Invocation, Sinks};
use crate::origin::{expect_here, expect_home};
use crate::place::{Account, EntryOptions};
use crate::run::{Run, RunReport};
use crate::scope::Targets;
use event::{Item, Message, RuleEvent};

/// Handles an invocation of a rule: sends one evaluation for a change, and an evaluation of each resource for a
/// periodic invocation. Returns a [`Summary`](crate::Summary).
///
/// # Errors
///
/// Returns an error if the event is wrong, a resource could not be read, or something could not be listed or delivered.
pub async fn handle(app: Arc<App>, event: LambdaEvent<Value>) -> Result<Value, Error> {
    let (payload, context) = event.into_parts();
    let event = RuleEvent::read(&payload, app.clock().now())?;
    let (check, settings) = event.check()?;
    let invocation = Invocation::new("config-rule", &app, &context).await?;
    let environment = invocation.settings;
    event.expect_home(&invocation.aws.home.location)?;
    let Connections { aws, home, .. } = invocation.aws;
    let options = EntryOptions {
        regions: std::slice::from_ref(&home.location.region),
        spans_regions: span_regions(needs_of([(check, &settings)])),
        processes: 1,
    };
    let account = Account::enter(aws, home, environment, &home.location.account, options).await?;
    // A test or a proactive evaluation only receives its evaluations; no sink receives findings.
    let reports = !is_test(&event.token) && !event.is_proactive;
    let rule = Rule {
        invocation: &invocation,
        account: &account,
        check,
        checks: [(check, settings.or(invocation.selection.of(check)))],
        name: &event.rule,
        token: &event.token,
        sinks: if reports {
            invocation.sinks()
        } else {
            Sinks::default()
        },
        aws_config: environment.aws_config,
    };
    let mut outcome = match &event.message {
        Message::Other => {
            tracing::info!("the message isn't about a resource, so nothing is evaluated");
            return Ok(json!({}));
        }
        Message::Change(item) => rule.evaluate_change(item, event.left_scope).await?,
        Message::Schedule { ordering, .. } => rule.evaluate_all(*ordering).await,
    };
    if outcome.summary.not_available > 0 {
        let message = format!(
            "{} result(s) of {} are not available, so no evaluations of them were sent to AWS Config; the log shows \
             the reasons",
            outcome.summary.not_available, check.id
        );
        outcome
            .errors
            .push(Error::new(ErrorKind::NotAvailable, message));
    }
    let RunReport {
        summary, errors, ..
    } = outcome;
    invocation.into_response(summary, errors)
}

/// The rule that is evaluated.
struct Rule<'a> {
    invocation: &'a Invocation<'a>,
    account: &'a Account,
    check: &'static Check,
    checks: [(&'static Check, ParameterValues); 1],
    name: &'a str,
    token: &'a str,
    sinks: Sinks<'a>,
    aws_config: bool,
}

impl Rule<'_> {
    async fn run(
        &self,
        targets: Targets,
        filter_observation: impl Fn(Observation) -> Option<Observation>,
        each: impl FnMut(&Finding),
    ) -> RunReport {
        let home = &self.invocation.aws.home;
        let run = Run {
            id: self.invocation.next_run_id(),
            invocation: self.invocation,
            place: home,
            reader: &self.account.reader(home),
            checks: &self.checks,
            targets,
            sinks: self.sinks,
            cluster: OnceCell::new(),
        };
        run.execute(filter_observation, each)
            .await
            .fail_if_cut_off()
    }

    /// Sends exactly one evaluation for a change, of the resource in the event; none if the result is not available.
    /// Without an evaluation, a rule that runs only on changes would have no result until the next change.
    async fn evaluate_change(&self, item: &Item, left_scope: bool) -> Result<RunReport, Error> {
        let not_applicable = |reason: &str| Evaluation {
            resource_type: item.resource_type.clone(),
            resource_id: item.resource_id.clone(),
            compliance: Compliance::NotApplicable,
            annotation: reason.to_owned(),
            ordering: item.captured_at,
        };
        if self.check.kind().config_type() != Some(item.resource_type.as_str()) {
            let reason = format!(
                "{} doesn't evaluate resources of the type {}.",
                self.check.id, item.resource_type
            );
            return Ok(self
                .put(&[not_applicable(&reason)], RunReport::default())
                .await);
        }
        let resource = item.resource(self.check.kind(), &self.invocation.aws.home.location)?;
        if item.is_deleted() {
            let outcome = if self.sinks.are_any() {
                self.close_if_gone(resource).await
            } else {
                RunReport::default()
            };
            return Ok(self
                .put(&[not_applicable("The resource was deleted.")], outcome)
                .await);
        }
        if left_scope || !item.is_recorded() {
            let reason = if left_scope {
                "The resource is no longer in the rule's scope."
            } else {
                "AWS Config doesn't record the resource."
            };
            return Ok(self
                .put(&[not_applicable(reason)], RunReport::default())
                .await);
        }
        let mut evaluations = Vec::new();
        let outcome = self
            .run(Targets::Resources(vec![resource]), Some, |finding| {
                let verdict = &finding.verdict;
                evaluations.extend(match verdict.outcome {
                    Outcome::Pending => Some(not_applicable(&verdict.explanation())),
                    _ => Evaluation::of(&finding.resource, verdict, item.captured_at),
                });
            })
            .await;
        Ok(self.put(&evaluations, outcome).await)
    }

    /// Closes the finding of a deleted resource, once the API confirms that it is gone or being deleted: there may be a
    /// new resource of that name.
    async fn close_if_gone(&self, resource: Resource) -> RunReport {
        let unread = RefCell::new(None);
        let filter_observation = |observation: Observation| {
            if let State::Unread(reason) = &observation.state {
                let message = format!(
                    "couldn't determine whether {} still exists: {}",
                    observation.resource, reason.text
                );
                *unread.borrow_mut() = Some(Error::new(ErrorKind::NotAvailable, message));
            }
            let settings = &self.checks[0].1;
            let verdicts = self
                .check
                .verdicts(&observation, settings, &|_, verdict| verdict);
            let is_gone = verdicts
                .iter()
                .all(|one| one.verdict.outcome == Outcome::NotApplicable);
            is_gone.then_some(observation)
        };
        let mut outcome = self
            .run(
                Targets::Resources(vec![resource]),
                filter_observation,
                |_| (),
            )
            .await;
        outcome.errors.extend(unread.into_inner());
        outcome
    }

    /// Sends an evaluation of each resource for a periodic invocation, and cleans up results of resources that are
    /// gone.
    async fn evaluate_all(&self, ordering: Timestamp) -> RunReport {
        let mut evaluations = Vec::new();
        let mut seen = BTreeSet::new();
        let part = Part::of(self.check.kind());
        let mut outcome = self
            .run(Targets::Part(part), Some, |finding| {
                seen.insert(finding.resource.name().to_owned());
                evaluations.extend(Evaluation::of(
                    &finding.resource,
                    &finding.verdict,
                    ordering,
                ));
            })
            .await;
        // Without the rule's name, its results cannot be read from AWS Config.
        if self.aws_config && outcome.all_listed && !self.name.is_empty() {
            match self.invocation.aws.aws_config.results(self.name).await {
                Ok(results) => {
                    let kind = self.check.kind().config_type().unwrap_or_default();
                    let gone = results
                        .into_iter()
                        .filter(|(known, id)| known != kind || !seen.contains(id));
                    evaluations.extend(gone.map(|(resource_type, resource_id)| Evaluation {
                        resource_type,
                        resource_id,
                        compliance: Compliance::NotApplicable,
                        annotation: "The resource no longer exists.".to_owned(),
                        ordering,
                    }));
                }
                Err(error) => {
                    let message = format!(
                        "couldn't list the results of the rule {}, so those of deleted resources remain in AWS Config: \
                         {error}",
                        self.name
                    );
                    outcome
                        .errors
                        .push(Error::new(ErrorKind::NotListed, message));
                }
            }
        }
        self.put(&evaluations, outcome).await
    }

    async fn put(&self, evaluations: &[Evaluation], mut outcome: RunReport) -> RunReport {
        if self.aws_config && !evaluations.is_empty() {
            for evaluation in evaluations {
                tracing::debug!(
                    check = self.check.id,
                    resourceType = evaluation.resource_type,
                    resourceId = evaluation.resource_id,
                    compliance = ?evaluation.compliance,
                    "{}",
                    evaluation.annotation
                );
            }
            if let Err(error) = self
                .invocation
                .aws
                .aws_config
                .put(self.token, evaluations)
                .await
            {
                let message = format!(
                    "couldn't send evaluations of {} to AWS Config: {error}",
                    self.check.id
                );
                tracing::error!(check = self.check.id, "{message}");
                outcome
                    .errors
                    .push(Error::new(ErrorKind::NotDelivered, message));
            }
        }
        outcome
    }
}

impl Item {
    fn resource(
        &self,
        kind: &'static eksentry_core::ResourceKind,
        here: &eksentry_core::Location,
    ) -> Result<Resource, Error> {
        let resource = Resource::named(kind, &self.resource_id, here)
            .map_err(|error| Error::invalid_event(format!("in the configuration item, {error}")))?;
        let item = format!("the configuration item of {resource}");
        expect_home(&item, None, self.region.as_deref(), here)?;
        for arn in self.arns.iter().filter(|arn| !arn.is_empty()) {
            if expect_here(&item, arn, here)? != resource {
                let message = format!("{item} also contains the ARN of another resource, {arn}");
                return Err(Error::invalid_event(message));
            }
        }
        Ok(resource)
    }
}

impl RuleEvent {
    /// Returns an error if the rule, or the resource that it is invoked for, is of another account than the function's
    /// own: the evaluations would be about resources of the wrong account.
    fn expect_home(&self, home: &eksentry_core::Location) -> Result<(), Error> {
        expect_home("the event", self.account.as_deref(), None, home)?;
        match &self.message {
            Message::Change(item) => {
                let subject = "the configuration item";
                expect_home(subject, item.account.as_deref(), None, home)
            }
            Message::Schedule { account, .. } => {
                expect_home("the schedule", account.as_deref(), None, home)
            }
            Message::Other => Ok(()),
        }
    }
}

/// Returns the resource that a change is about, as far as the event shows it without a call.
#[cfg(any(test, fuzzing))]
pub(crate) fn named_resource(
    payload: &Value,
    home: &eksentry_core::Location,
) -> Result<Option<Resource>, Error> {
    let event = RuleEvent::read(payload, Timestamp::UNIX_EPOCH)?;
    let (check, _) = event.check()?;
    match event.message {
        Message::Change(item) if check.kind().config_type() == Some(&item.resource_type) => {
            item.resource(check.kind(), home).map(Some)
        }
        Message::Change(_) | Message::Schedule { .. } | Message::Other => Ok(None),
    }
}
