//! `config-rule`: runs one check, as an AWS Config custom Lambda rule.

mod event;

use std::cell::RefCell;
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

/// Handles an invocation of a rule: answers a change with one evaluation, and a periodic invocation with an evaluation
/// of each resource. Returns a [`Summary`](crate::Summary).
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
        spans_regions: span_regions(needs_of([check])),
        processes: 1,
    };
    let account = Account::enter(aws, home, environment, &home.location.account, options).await?;
    // A test or a proactive evaluation is only answered; no sink receives findings.
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
        Message::Nothing => {
            tracing::info!("the message is about no resource");
            return Ok(json!({}));
        }
        Message::Change(item) => rule.answer_change(item, event.left_scope).await?,
        Message::Schedule { ordering, .. } => rule.answer_schedule(*ordering).await,
    };
    if outcome.summary.not_available > 0 {
        let message = format!(
            "{} result(s) of {} are not available, so Config has no evaluation of them; the log says why",
            outcome.summary.not_available, check.id
        );
        outcome
            .errors
            .push(Error::new(ErrorKind::NotAvailable, message));
    }
    let RunReport {
        summary, errors, ..
    } = outcome;
    invocation.answer(summary, errors)
}

/// The rule to answer.
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
            invocation: self.invocation,
            place: home,
            reader: &self.account.reader(home),
            checks: &self.checks,
            targets,
            sinks: self.sinks,
        };
        run.make(filter_observation, each).await.in_time()
    }

    /// Answers a change with exactly one evaluation, of the resource in the event; with none if the result is not
    /// available or pending.
    async fn answer_change(&self, item: &Item, left_scope: bool) -> Result<RunReport, Error> {
        let not_applicable = |why: &str| Evaluation {
            resource_type: item.resource_type.clone(),
            resource_id: item.resource_id.clone(),
            compliance: Compliance::NotApplicable,
            annotation: why.to_owned(),
            ordering: item.captured_at,
        };
        if self.check.kind().config_type() != Some(item.resource_type.as_str()) {
            let why = format!("{} judges no {}.", self.check.id, item.resource_type);
            return Ok(self
                .put(&[not_applicable(&why)], RunReport::default())
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
            let why = if left_scope {
                "The resource left the rule's scope."
            } else {
                "Config does not record it."
            };
            return Ok(self.put(&[not_applicable(why)], RunReport::default()).await);
        }
        let mut evaluations = Vec::new();
        let outcome = self
            .run(Targets::Resources(vec![resource]), Some, |finding| {
                evaluations.extend(Evaluation::of(
                    &finding.resource,
                    &finding.verdict,
                    item.captured_at,
                ));
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
                let message = format!("whether the resource is gone is not known: {}", reason.text);
                *unread.borrow_mut() = Some(Error::new(ErrorKind::NotAvailable, message));
            }
            let decision = self.check.judge(&observation, &self.checks[0].1).outcome;
            (decision == Outcome::NotApplicable).then_some(observation)
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

    /// Answers a periodic invocation with an evaluation of each resource, and cleans up results of resources that are
    /// gone.
    async fn answer_schedule(&self, ordering: Timestamp) -> RunReport {
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
                        annotation: "The resource is gone.".to_owned(),
                        ordering,
                    }));
                }
                Err(error) => {
                    let message = format!(
                        "results of the rule {} could not be cleaned up: {error}",
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
                tracing::error!(
                    check = self.check.id,
                    "evaluations were not delivered: {error}"
                );
                outcome
                    .errors
                    .push(Error::new(ErrorKind::NotDelivered, error));
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
                let message = format!("{item} names another resource as well, {arn}");
                return Err(Error::invalid_event(message));
            }
        }
        Ok(resource)
    }
}

impl RuleEvent {
    /// Returns an error if the rule, or the resource that it is invoked for, is of another account than the function's
    /// own: the answer would be about resources of the wrong account.
    fn expect_home(&self, home: &eksentry_core::Location) -> Result<(), Error> {
        expect_home("the event", self.account.as_deref(), None, home)?;
        match &self.message {
            Message::Change(item) => {
                let what = "the configuration item";
                expect_home(what, item.account.as_deref(), None, home)
            }
            Message::Schedule { account, .. } => {
                expect_home("the schedule", account.as_deref(), None, home)
            }
            Message::Nothing => Ok(()),
        }
    }
}

/// Returns the resource that a change is about, as far as the event shows it without a call.
#[cfg(any(test, fuzzing))]
pub(crate) fn named(
    payload: &Value,
    home: &eksentry_core::Location,
) -> Result<Option<Resource>, Error> {
    let event = RuleEvent::read(payload, Timestamp::UNIX_EPOCH)?;
    let (check, _) = event.check()?;
    match event.message {
        Message::Change(item) if check.kind().config_type() == Some(&item.resource_type) => {
            item.resource(check.kind(), home).map(Some)
        }
        Message::Change(_) | Message::Schedule { .. } | Message::Nothing => Ok(None),
    }
}
