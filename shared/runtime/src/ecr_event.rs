//! `ecr-event`: evaluates images and repositories when EventBridge sends an event about Amazon ECR images or their
//! scans.

mod event;

use std::cell::{OnceCell, RefCell};
use std::fmt::Display;
use std::sync::Arc;

use eksentry_core::facts::{EcrImage, EcrRepository};
use eksentry_core::kind::Family;
use eksentry_core::{Check, FactsOf, Location, Need, Observation, Resource, State};
use lambda_runtime::LambdaEvent;
use serde_json::{Value, json};

use crate::app::App;
use crate::error::{Error, ErrorKind};
use crate::invocation::Invocation;
use crate::origin::{expect_evaluated, place_of};
use crate::place::{Account, EntryOptions};
use crate::run::{Run, RunReport};
use crate::scope::Targets;
use crate::settings::Settings;
use event::{Change, EcrEvent};

/// Handles an event. Returns a [`Summary`](crate::Summary); for an event that does not concern this function, nothing
/// is sent, and the response is an empty object.
///
/// # Errors
///
/// Returns an error if the event cannot be read or is of an account or a Region that is not evaluated, if the account
/// can't be entered, or if something could not be delivered.
pub async fn handle(app: Arc<App>, event: LambdaEvent<Value>) -> Result<Value, Error> {
    let (payload, context) = event.into_parts();
    let Some(ecr_event) = EcrEvent::read(&payload)? else {
        tracing::info!(
            "the event isn't about an image, a scan or a change of scanning, so nothing is evaluated"
        );
        return Ok(json!({}));
    };
    // An invocation may read documents, so the event is checked before.
    let home = &app.aws(&context).await?.home.location;
    let (targets, invalid) = ecr_event.resources(app.settings()?, home)?;
    let place = ecr_event.place(home);
    let invocation = Invocation::new("ecr-event", &app, &context).await?;
    let run = ecr_event.run(&invocation, &place, targets).await;
    let mut outcome = run.unwrap_or_else(|error| RunReport {
        errors: vec![error],
        ..RunReport::default()
    });
    outcome.errors.extend(invalid);
    let RunReport {
        summary, errors, ..
    } = outcome;
    invocation.into_response(summary, errors)
}

impl EcrEvent {
    /// Evaluates resources of a place, which is entered with the role there if it is in another account.
    ///
    /// # Errors
    ///
    /// Returns an error if the place can't be entered.
    async fn run(
        &self,
        invocation: &Invocation<'_>,
        place: &Location,
        targets: Vec<Resource>,
    ) -> Result<RunReport, Error> {
        if targets.is_empty() {
            return Ok(RunReport::default());
        }
        let (selection, aws) = (&invocation.selection, invocation.aws);
        let checks = selection.enabled_checks();
        let checks = checks.filter(|check| self.concerns(check));
        let checks: Vec<_> = checks.map(|check| (check, selection.of(check))).collect();
        let options = EntryOptions {
            regions: std::slice::from_ref(&place.region),
            // No cluster is evaluated.
            spans_regions: false,
            processes: 1,
        };
        let settings = invocation.settings;
        let entered = Account::enter(&aws.aws, &aws.home, settings, &place.account, options);
        let account = entered.await?;
        let place = account.place(&place.region)?;
        let run = Run {
            id: invocation.next_run_id(),
            invocation,
            place,
            reader: &account.reader(place),
            checks: &checks,
            targets: Targets::Resources(targets),
            sinks: invocation.sinks(),
            cluster: OnceCell::new(),
        };
        let unread = RefCell::new(None);
        let filter = |observation| self.filter_observation(observation, &unread);
        let mut outcome = run.execute(filter, |_| ()).await.fail_if_cut_off();
        outcome.errors.extend(unread.into_inner());
        Ok(outcome)
    }

    /// Returns the place of the event, for a function that runs in `home`.
    fn place(&self, home: &Location) -> Location {
        place_of(self.account.as_deref(), self.region.as_deref(), home)
    }

    /// Returns `true` if the event may change the verdict of a check.
    fn concerns(&self, check: &Check) -> bool {
        let kind = check.kind();
        if self.change == Change::ScanningChanged {
            return kind == EcrRepository::KIND && check.needs.contains(&Need::RegistryScanning);
        }
        kind.family == Family::Registry
    }

    /// Returns the resources that the event is about: the image, for a push also its repository, or the repositories
    /// whose scanning changed. If some of these repositories are invalid, their errors are returned beside the others.
    ///
    /// # Errors
    ///
    /// Returns an error if the event is of an account or a Region that is not evaluated, or is about nothing that can be
    /// evaluated.
    fn resources(
        &self,
        settings: &Settings,
        home: &Location,
    ) -> Result<(Vec<Resource>, Vec<Error>), Error> {
        let location = &self.place(home);
        expect_evaluated("the resource of the event", location, settings, home)?;
        let mut resources = Vec::new();
        let mut invalid = Vec::new();
        for named in &self.repositories {
            let named = named.as_deref().map_err(Error::invalid_event);
            let targets =
                named.and_then(|named| self.targets(&repository(named, location)?, location));
            match targets {
                Ok(targets) => resources.extend(targets),
                Err(error) if self.change == Change::ScanningChanged => invalid.push(error),
                Err(error) => return Err(error),
            }
        }
        resources.sort();
        resources.dedup();
        Ok((resources, invalid))
    }

    /// Returns the resources to evaluate for a repository that the event names.
    fn targets(&self, repository: &Resource, location: &Location) -> Result<Vec<Resource>, Error> {
        let image = self
            .digest
            .as_ref()
            .map(|digest| Resource::image(repository.name(), digest, location));
        let image = image.transpose().map_err(invalid_name)?;
        let is_target = matches!(self.change, Change::Pushed | Change::ScanningChanged);
        let repository = is_target.then(|| repository.clone());
        Ok(repository.into_iter().chain(image).collect())
    }

    /// Returns the observation to evaluate, completed by the event; `None` if there is nothing to evaluate. Sets
    /// `unread` if it is not known whether a removed image is gone.
    fn filter_observation(
        &self,
        observation: Observation,
        unread: &RefCell<Option<Error>>,
    ) -> Option<Observation> {
        if observation.resource.kind() != EcrImage::KIND {
            return Some(observation);
        }
        match (&self.change, &observation.state) {
            (Change::Scanned(report), _) => Some(report.complete(observation)),
            (Change::Pushed, State::Present(facts)) => {
                let scan = facts.of::<EcrImage>().map(|image| &image.scan);
                let has_result = scan
                    .is_some_and(|scan| scan.as_ref().is_ok_and(|scan| scan.result().is_some()));
                has_result.then_some(observation)
            }
            (Change::Removed, State::Present(facts)) => {
                let image = facts.of::<EcrImage>();
                image
                    .is_some_and(|image| image.archived)
                    .then_some(observation)
            }
            (Change::Removed, State::Unread(reason)) => {
                let message = format!(
                    "couldn't determine whether {} still exists: {}",
                    observation.resource, reason.text
                );
                *unread.borrow_mut() = Some(Error::new(ErrorKind::NotAvailable, message));
                None
            }
            (Change::Removed, State::Gone) => Some(observation),
            (Change::ScanningChanged, _) | (Change::Pushed, State::Gone | State::Unread(_)) => None,
        }
    }
}

/// Returns the resources that an event is about, each with the observation that is evaluated if the API cannot be read.
#[cfg(any(test, fuzzing))]
pub(crate) fn named_resources(
    event: &Value,
    settings: &Settings,
    home: &Location,
) -> Result<Vec<(Resource, Option<Observation>)>, Error> {
    let Some(ecr_event) = EcrEvent::read(event)? else {
        return Ok(Vec::new());
    };
    let filter_observation = |resource: Resource| {
        let observation = Observation {
            resource: resource.clone(),
            observed_at: jiff::Timestamp::UNIX_EPOCH,
            state: State::Unread(eksentry_core::Unread::not_requested("it")),
        };
        (
            resource,
            ecr_event.filter_observation(observation, &RefCell::default()),
        )
    };
    Ok(ecr_event
        .resources(settings, home)?
        .0
        .into_iter()
        .map(filter_observation)
        .collect())
}

/// Returns the repository of a name or, as Inspector sends it, of an ARN, which must be in the place of the event: the
/// administrator of Inspector also receives events about the repositories of other accounts.
fn repository(named: &str, location: &Location) -> Result<Resource, Error> {
    let repository = if named.starts_with("arn:") {
        let repository = Resource::parse(named).map_err(|error| {
            Error::invalid_event(format!("couldn't read an ARN in the event: {error}"))
        })?;
        if repository.location() != *location {
            let message = format!(
                "the event is of {location}, but contains {named}: to fix this, send only events about repositories of \
                 the account and Region that sends them"
            );
            return Err(Error::invalid_event(message));
        }
        repository
    } else {
        let repository = Resource::named(EcrRepository::KIND, named, location);
        // The account and the Region are of the event, so they are checked too.
        let repository = repository.and_then(|repository| Resource::parse(repository.id()));
        repository.map_err(invalid_name)?
    };
    if repository.kind() != EcrRepository::KIND {
        let message = format!("the event is about {repository}, which isn't a repository");
        return Err(Error::invalid_event(message));
    }
    Ok(repository)
}

fn invalid_name(error: impl Display) -> Error {
    Error::invalid_event(format!("in the event, {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    pub(super) fn event(source: &str, detail_type: &str, detail: &Value) -> Value {
        json!({
            "source": source, "detail-type": detail_type, "account": "111122223333", "region": "eu-central-1",
            "detail": detail,
        })
    }

    fn here() -> Location {
        Location {
            partition: "aws".into(),
            region: "eu-central-1".into(),
            account: "111122223333".into(),
        }
    }

    #[test]
    fn an_invalid_repository_in_a_scanning_change_does_not_affect_the_others() {
        let arn = |account: &str, name: &str| {
            format!("arn:aws:ecr:eu-central-1:{account}:repository/{name}")
        };
        let detail = json!({"action-type": "SCAN_FREQUENCY_CHANGE", "repositories": [
            {"repository-name": "b", "repository-arn": arn("111122223333", "b"), "scan-frequency": "MANUAL"},
            {"repository-arn": arn("444455556666", "elsewhere")},
            {"repository-name": "a", "repository-arn": null},
            {"repository-name": "b"},
            {"repository-name": "<script>"},
            {"repository-name": 7},
            {"repository-arn": arn("111122223333", "app/sha256:0a")},
            {},
            null,
        ]});
        let ecr_event = EcrEvent::read(&event("aws.ecr", "ECR Scan Resource Change", &detail));
        let (resources, errors) = ecr_event
            .unwrap()
            .unwrap()
            .resources(&Settings::default(), &here())
            .unwrap();
        let names: Vec<_> = resources.iter().map(Resource::id).collect();
        assert_eq!(names, [arn("111122223333", "a"), arn("111122223333", "b")]);
        for (error, mention) in errors.iter().zip([
            "444455556666",
            "<script>",
            "entry 6 of detail.repositories",
            "which isn't a repository",
            "entry 8 of detail.repositories contains no repository",
            "entry 9 of detail.repositories",
        ]) {
            assert_eq!(error.kind, ErrorKind::InvalidEvent);
            assert!(error.message.contains(mention), "{error}: {mention}");
        }
        assert_eq!(errors.len(), 6, "{errors:?}");
    }

    #[test]
    fn a_scanning_change_may_contain_no_repository() {
        let read =
            |detail: &Value| EcrEvent::read(&event("aws.ecr", "ECR Scan Resource Change", detail));
        for detail in [
            json!({}),
            json!({"repositories": null}),
            json!({"repositories": []}),
        ] {
            let nothing = read(&detail)
                .unwrap()
                .unwrap()
                .resources(&Settings::default(), &here());
            assert_eq!(nothing.unwrap(), (Vec::new(), Vec::new()), "{detail}");
        }
        for broken in [json!({"repositories": "app"}), json!("text")] {
            let kind = read(&broken).unwrap_err().kind;
            assert_eq!(kind, ErrorKind::InvalidEvent, "{broken}");
        }
    }

    #[test]
    fn a_scanning_change_concerns_only_checks_that_depend_on_scanning() {
        let concerned = |kind: &str, detail: &Value| {
            let ecr_event = EcrEvent::read(&event("aws.ecr", kind, detail));
            let ecr_event = ecr_event.unwrap().unwrap();
            let checks = eksentry_core::checks::CHECKS.iter();
            let concerned = checks.filter(|check| ecr_event.concerns(check));
            concerned.map(|check| check.id).collect::<Vec<_>>()
        };
        let push = json!({"action-type": "PUSH", "repository-name": "app"});
        let all = concerned("ECR Image Action", &push);
        assert!(
            all.len() > 1 && all.iter().all(|id| id.starts_with("ecr-")),
            "{all:?}"
        );
        assert_eq!(
            concerned("ECR Scan Resource Change", &json!({})),
            ["ecr-scan-on-push"]
        );
    }

    fn inspected(repository: &str) -> Result<Vec<Resource>, Error> {
        let detail = json!({
            "scan-status": "INITIAL_SCAN_COMPLETE", "image-digest": "sha256:0a", "image-tags": null,
            "repository-name": repository,
        });
        let ecr_event = EcrEvent::read(&event("aws.inspector2", "Inspector2 Scan", &detail));
        let (resources, errors) = ecr_event
            .unwrap()
            .unwrap()
            .resources(&Settings::default(), &here())?;
        assert_eq!(errors, []);
        Ok(resources)
    }

    #[test]
    fn inspector_events_may_contain_the_arn_of_the_repository() {
        let image = "arn:aws:ecr:eu-central-1:111122223333:repository/cards/api/sha256:0a";
        let expected = [Resource::parse(image).unwrap()];
        let by_arn = inspected("arn:aws:ecr:eu-central-1:111122223333:repository/cards/api");
        assert_eq!(by_arn.unwrap(), expected);
        assert_eq!(inspected("cards/api").unwrap(), expected);
    }

    #[test]
    fn arns_of_other_places_or_kinds_are_rejected() {
        for (repository, mention) in [
            (
                "arn:aws:ecr:eu-central-1:444455556666:repository/app",
                "444455556666",
            ),
            (
                "arn:aws:ecr:us-east-1:111122223333:repository/app",
                "us-east-1",
            ),
            (
                "arn:aws-cn:ecr:eu-central-1:111122223333:repository/app",
                "aws-cn",
            ),
            (
                "arn:aws:ecr:eu-central-1::repository/app",
                "arn:aws:ecr:eu-central-1::repository/app",
            ),
            (
                "arn:aws:ecr:eu-central-1:111122223333:repository/app/sha256:0a",
                "isn't a repository",
            ),
            (
                "arn:aws:eks:eu-central-1:111122223333:cluster/app",
                "isn't a repository",
            ),
            (
                "arn:aws:s3:eu-central-1:111122223333:repository/app",
                "couldn't read an ARN",
            ),
            ("arn:aws:ecr", "couldn't read an ARN"),
            ("foo:repository/app", "foo:repository/app"),
        ] {
            let error = inspected(repository).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidEvent);
            assert!(error.message.contains(mention), "{error}");
        }
    }

    #[test]
    fn events_of_other_places_are_accepted_only_if_the_settings_name_them() {
        let settings = |regions: &str, accounts: &str| {
            let read = |name: &str| match name {
                "EKSENTRY_REGIONS" => Some(regions.to_owned()),
                "EKSENTRY_ACCOUNTS" => Some(accounts.to_owned()),
                _ => None,
            };
            Settings::from_environment(read).unwrap()
        };
        let delete =
            json!({"action-type": "DELETE", "repository-name": "app", "image-digest": "sha256:0a"});
        let scan = |region: &str, account: &str| {
            json!({
                "scan-status": "INITIAL_SCAN_COMPLETE", "image-digest": "sha256:0a",
                "repository-name": format!("arn:aws:ecr:{region}:{account}:repository/app"),
            })
        };
        for (regions, accounts, region, account) in [
            ("us-east-1", "", "us-east-1", "111122223333"),
            ("", "444455556666", "eu-central-1", "444455556666"),
            ("all", "organization", "us-east-1", "444455556666"),
        ] {
            let mut events = [
                event("aws.ecr", "ECR Image Action", &delete),
                event("aws.inspector2", "Inspector2 Scan", &scan(region, account)),
            ];
            for event in &mut events {
                event["region"] = json!(region);
                event["account"] = json!(account);
                let ecr_event = EcrEvent::read(event).unwrap().unwrap();
                let error = ecr_event.resources(&Settings::default(), &here());
                let error = error.unwrap_err();
                assert_eq!(error.kind, ErrorKind::InvalidEvent);
                assert!(error.message.contains(region) && error.message.contains(account));
                let evaluated = ecr_event.resources(&settings(regions, accounts), &here());
                let (resources, _) = evaluated.unwrap();
                let expected = format!("arn:aws:ecr:{region}:{account}:repository/app/sha256:0a");
                assert_eq!(resources, [Resource::parse(&expected).unwrap()]);
            }
            // The repository must be in the place of the event, although both places are evaluated.
            let own = event("aws.inspector2", "Inspector2 Scan", &scan(region, account));
            let ecr_event = EcrEvent::read(&own).unwrap().unwrap();
            let error = ecr_event.resources(&settings(regions, accounts), &here());
            assert_eq!(error.unwrap_err().kind, ErrorKind::InvalidEvent);
        }
        // Any Region is accepted with these settings, but not a text that is none.
        let mut odd = event("aws.ecr", "ECR Image Action", &delete);
        odd["region"] = json!("example.com/");
        let ecr_event = EcrEvent::read(&odd).unwrap().unwrap();
        let error = ecr_event.resources(&settings("all", ""), &here());
        assert_eq!(error.unwrap_err().kind, ErrorKind::InvalidEvent);
    }
}
