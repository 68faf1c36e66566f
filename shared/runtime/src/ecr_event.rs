//! `ecr-event`: what EventBridge tells of images in Amazon ECR.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use eksentry_collectors::{AccountClusters, Reader};
use eksentry_core::facts::{EcrImage, EcrRepository};
use eksentry_core::kind::Family;
use eksentry_core::{FactsOf, Location, Observation, Resource, ResourceKind, State};
use lambda_runtime::LambdaEvent;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::error::{Error, ErrorKind, without_values};
use crate::invocation::Invocation;
use crate::origin::{expect_here, expect_home};
use crate::run::{Outcome, Run};
use crate::scan_event::ScanReport;
use crate::scope::Targets;

/// Handles an event; one that is none of this function's business succeeds and posts nothing. Answers with a
/// [`Summary`](crate::Summary).
///
/// # Errors
///
/// When the event can't be read or is of another account or Region, or something could not be delivered.
pub async fn handle(app: Arc<App>, event: LambdaEvent<Value>) -> Result<Value, Error> {
    let (payload, context) = event.into_parts();
    let Some(news) = News::read(&payload)? else {
        tracing::info!("the event is none of ecr-event's business");
        return Ok(json!({}));
    };
    let invocation = Invocation::new("ecr-event", &app, &context).await?;
    let (selection, home) = (&invocation.selection, &invocation.aws.home);
    let targets = news.resources(&home.location)?;
    let ecr = |kind: &ResourceKind| kind.family == Family::Registry;
    let checks = selection.enabled_checks();
    let checks = checks.filter(|check| ecr(check.kind()));
    let checks: Vec<_> = checks.map(|check| (check, selection.of(check))).collect();
    // No cluster is looked at.
    let clusters = AccountClusters::new([]);
    let run = Run {
        invocation: &invocation,
        place: home,
        reader: &Reader::new(&home.clients, home.location.clone(), &clusters),
        checks: &checks,
        targets: Targets::Resources(targets),
        sinks: invocation.sinks(),
    };
    let unread = RefCell::new(None);
    let mut outcome = run
        .make(|observation| news.weigh(observation, &unread), |_| ())
        .await
        .in_time();
    outcome.errors.extend(unread.into_inner());
    let Outcome {
        summary, errors, ..
    } = outcome;
    invocation.answer(summary, errors)
}

/// What an event tells.
#[derive(Debug, PartialEq, Eq)]
struct News {
    account: Option<String>,
    region: Option<String>,
    /// Its name, or as Inspector has it its ARN.
    repository: String,
    digest: Option<String>,
    what: What,
}

#[derive(Debug, PartialEq, Eq)]
enum What {
    Pushed,
    /// Perhaps deleted, if not only a tag was, or moved to the archive: the API knows.
    Removed,
    Scanned(ScanReport),
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Envelope {
    #[serde(default)]
    source: Option<String>,
    #[serde(default)]
    detail_type: Option<String>,
    #[serde(default)]
    account: Option<String>,
    #[serde(default)]
    region: Option<String>,
    #[serde(default)]
    detail: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct ActionDetail {
    #[serde(default)]
    result: Option<String>,
    action_type: String,
    repository_name: String,
    #[serde(default)]
    image_digest: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct ScanDetail {
    scan_status: String,
    repository_name: String,
    image_digest: String,
    #[serde(default)]
    image_tags: Option<Vec<Option<String>>>,
    #[serde(default)]
    finding_severity_counts: Option<Value>,
}

impl News {
    /// Reads an event; `None` where it is none of this function's business.
    fn read(event: &Value) -> Result<Option<Self>, Error> {
        if !event.is_object() {
            return Err(Error::invalid_event(
                "the event is no JSON object: EventBridge sends one for each event",
            ));
        }
        let envelope = Envelope::deserialize(event).map_err(|error| {
            let problem = without_values(&error);
            Error::invalid_event(format!("the event is none of EventBridge: {problem}"))
        })?;
        let name = envelope.detail_type.unwrap_or_default();
        let read = match (envelope.source.unwrap_or_default().as_str(), name.as_str()) {
            ("aws.ecr", "ECR Image Action") => action(&envelope.detail),
            ("aws.ecr", "ECR Image Scan") | ("aws.inspector2", "Inspector2 Scan") => {
                scan(&envelope.detail).map(Some)
            }
            _ => return Ok(None),
        };
        let read = read.map_err(|error| {
            Error::invalid_event(format!(
                "the detail of the event {name:?} is wrong: {}",
                without_values(&error)
            ))
        })?;
        Ok(read.map(|(repository, digest, what)| Self {
            account: envelope.account,
            region: envelope.region,
            repository,
            digest,
            what,
        }))
    }

    /// What the event is about: the image, and for a push its repository.
    fn resources(&self, location: &Location) -> Result<Vec<Resource>, Error> {
        let (account, region) = (self.account.as_deref(), self.region.as_deref());
        expect_home("the event", account, region, location)?;
        let wrong = |error| Error::invalid_event(format!("in the event, {error}"));
        let repository = if self.repository.starts_with("arn:") {
            expect_here("the event", &self.repository, location)?
        } else {
            Resource::named(EcrRepository::KIND, &self.repository, location).map_err(wrong)?
        };
        if repository.kind() != EcrRepository::KIND {
            let message = format!("the event names {repository}, which is no repository");
            return Err(Error::invalid_event(message));
        }
        let image = self
            .digest
            .as_ref()
            .map(|digest| Resource::image(repository.name(), digest, location));
        let image = image.transpose().map_err(wrong)?;
        let repository = (self.what == What::Pushed).then_some(repository);
        Ok(repository.into_iter().chain(image).collect())
    }

    /// What of an observation is to be judged.
    fn weigh(
        &self,
        observation: Observation,
        unread: &RefCell<Option<Error>>,
    ) -> Option<Observation> {
        if observation.resource.kind() != EcrImage::KIND {
            return Some(observation);
        }
        match (&self.what, &observation.state) {
            (What::Scanned(report), _) => Some(report.complete(observation)),
            (What::Pushed, State::Present(facts)) => {
                let scan = facts.of::<EcrImage>().map(|image| &image.scan);
                let has_result = scan
                    .is_some_and(|scan| scan.as_ref().is_ok_and(|scan| scan.result().is_some()));
                has_result.then_some(observation)
            }
            (What::Removed, State::Present(facts)) => {
                let image = facts.of::<EcrImage>();
                image
                    .is_some_and(|image| image.archived)
                    .then_some(observation)
            }
            (What::Removed, State::Unread(reason)) => {
                let message = format!("whether the image is gone is not known: {}", reason.text);
                *unread.borrow_mut() = Some(Error::new(ErrorKind::NotAvailable, message));
                None
            }
            (What::Removed, State::Gone) => Some(observation),
            (What::Pushed, State::Gone | State::Unread(_)) => None,
        }
    }
}

/// What an event is about, and of each resource what is judged where the API can't be read.
#[cfg(any(test, fuzzing))]
pub(crate) fn named(
    event: &Value,
    home: &Location,
) -> Result<Vec<(Resource, Option<Observation>)>, Error> {
    let Some(news) = News::read(event)? else {
        return Ok(Vec::new());
    };
    let weigh = |resource: Resource| {
        let observation = Observation {
            resource: resource.clone(),
            observed_at: jiff::Timestamp::UNIX_EPOCH,
            state: State::Unread(eksentry_core::Unread::not_asked("it")),
        };
        (resource, news.weigh(observation, &RefCell::default()))
    };
    Ok(news.resources(home)?.into_iter().map(weigh).collect())
}

type Read = (String, Option<String>, What);

fn action(detail: &Value) -> Result<Option<Read>, serde_json::Error> {
    let detail = ActionDetail::deserialize(detail)?;
    let what = match detail.action_type.as_str() {
        "PUSH" => What::Pushed,
        "DELETE" | "UPDATE_STORAGE_CLASS" => What::Removed,
        _ => return Ok(None),
    };
    let happened = detail.result.is_none_or(|result| result == "SUCCESS");
    let digest = detail.image_digest.filter(|digest| !digest.is_empty());
    Ok(happened.then_some((detail.repository_name, digest, what)))
}

fn scan(detail: &Value) -> Result<Read, serde_json::Error> {
    let detail = ScanDetail::deserialize(detail)?;
    let counts = detail
        .finding_severity_counts
        .as_ref()
        .and_then(Value::as_object)
        .and_then(|counts| {
            // One count that can't be read makes all of them unknown.
            let counts = counts
                .iter()
                .map(|(name, count)| Some((name.clone(), whole_number(count)?)));
            counts.collect::<Option<BTreeMap<_, _>>>()
        });
    let report = ScanReport {
        status: detail.scan_status,
        counts,
        tags: detail.image_tags.into_iter().flatten().flatten().collect(),
    };
    Ok((
        detail.repository_name,
        Some(detail.image_digest),
        What::Scanned(report),
    ))
}

/// A count, however it is written.
fn whole_number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) if number.is_f64() => {
            number.to_string().strip_suffix(".0")?.parse().ok()
        }
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(source: &str, detail_type: &str, detail: &Value) -> Value {
        json!({
            "source": source, "detail-type": detail_type, "account": "111122223333", "region": "eu-central-1",
            "detail": detail,
        })
    }

    fn what(source: &str, detail_type: &str, detail: &Value) -> Option<What> {
        News::read(&event(source, detail_type, detail))
            .unwrap()
            .map(|news| news.what)
    }

    #[test]
    fn actions_are_told_apart() {
        let detail = |action: &str| {
            json!({"action-type": action, "result": "SUCCESS", "repository-name": "app", "image-digest": "sha256:0a",
                   "image-tag": "", "target-storage-class": "ARCHIVE"})
        };
        for (action, expected) in [
            ("PUSH", Some(What::Pushed)),
            ("DELETE", Some(What::Removed)),
            ("UPDATE_STORAGE_CLASS", Some(What::Removed)),
            ("SOMETHING_NEW", None),
        ] {
            assert_eq!(
                what("aws.ecr", "ECR Image Action", &detail(action)),
                expected,
                "{action}"
            );
        }
        let failed = json!({"action-type": "PUSH", "result": "FAILURE", "repository-name": "app", "image-digest": "sha256:0a"});
        assert_eq!(what("aws.ecr", "ECR Image Action", &failed), None);
    }

    #[test]
    fn others_events_are_ignored_and_broken_ones_refused() {
        assert_eq!(what("aws.ecr", "ECR Replication Action", &json!({})), None);
        assert_eq!(
            what("aws.cloudhsm", "AWS API Call via CloudTrail", &json!({})),
            None
        );
        assert_eq!(
            News::read(&json!({"eventName": "CreateCluster"})).unwrap(),
            None
        );
        for broken in [
            json!([]),
            json!("text"),
            Value::Null,
            event("aws.ecr", "ECR Image Scan", &json!({})),
        ] {
            assert_eq!(
                News::read(&broken).unwrap_err().kind,
                ErrorKind::InvalidEvent,
                "{broken}"
            );
        }
    }

    fn inspected(repository: &str) -> Result<Vec<Resource>, Error> {
        let detail = json!({
            "scan-status": "INITIAL_SCAN_COMPLETE", "image-digest": "sha256:0a", "image-tags": null,
            "repository-name": repository,
        });
        let here = Location {
            partition: "aws".into(),
            region: "eu-central-1".into(),
            account: "111122223333".into(),
        };
        News::read(&event("aws.inspector2", "Inspector2 Scan", &detail))
            .unwrap()
            .unwrap()
            .resources(&here)
    }

    #[test]
    fn inspector_names_the_repository_by_arn() {
        let image = "arn:aws:ecr:eu-central-1:111122223333:repository/cards/api/sha256:0a";
        let expected = [Resource::parse(image).unwrap()];
        let by_arn = inspected("arn:aws:ecr:eu-central-1:111122223333:repository/cards/api");
        assert_eq!(by_arn.unwrap(), expected);
        assert_eq!(inspected("cards/api").unwrap(), expected);
    }

    #[test]
    fn arns_of_elsewhere_or_of_something_else_are_refused() {
        for (repository, told) in [
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
            ("arn:aws:ecr:eu-central-1::repository/app", "in no account"),
            (
                "arn:aws:ecr:eu-central-1:111122223333:repository/app/sha256:0a",
                "no repository",
            ),
            (
                "arn:aws:eks:eu-central-1:111122223333:cluster/app",
                "no repository",
            ),
            (
                "arn:aws:s3:eu-central-1:111122223333:repository/app",
                "names no resource",
            ),
            ("arn:aws:ecr", "no ARN"),
            ("foo:repository/app", "foo:repository/app"),
        ] {
            let error = inspected(repository).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidEvent);
            assert!(error.message.contains(told), "{error}");
        }
    }

    #[test]
    fn events_from_elsewhere_are_refused() {
        let detail =
            json!({"action-type": "DELETE", "repository-name": "app", "image-digest": "sha256:0a"});
        let news = News::read(&event("aws.ecr", "ECR Image Action", &detail))
            .unwrap()
            .unwrap();
        let there = Location {
            partition: "aws".into(),
            region: "us-east-1".into(),
            account: "111122223333".into(),
        };
        assert!(
            news.resources(&there)
                .unwrap_err()
                .message
                .contains("us-east-1")
        );
        assert!(
            news.resources(&Location {
                region: "eu-central-1".into(),
                ..there
            })
            .is_ok()
        );
    }
}
