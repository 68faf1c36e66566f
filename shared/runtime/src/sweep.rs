//! `sweep`: every resource of the account in the Region, or those that the event narrows it to.

use std::sync::Arc;

use eksentry_core::{Location, Resource, checks};
use lambda_runtime::{Context, LambdaEvent};
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::app::App;
use crate::error::Error;
use crate::run::{Run, Targets};
use crate::summary::Summary;

/// Handles a schedule's event, or one sent by hand; answers with a [`Summary`].
///
/// # Errors
///
/// When the event is wrong, or something could not be listed or delivered.
pub async fn handle(app: Arc<App>, event: LambdaEvent<Value>) -> Result<Value, Error> {
    let (payload, context) = event.into_parts();
    let summary = sweep(&app, &context, &Narrowing::read(&payload)?).await?;
    Ok(serde_json::to_value(summary).unwrap_or_default())
}

/// What a sweep is narrowed to; an empty list narrows nothing.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Narrowing {
    /// The checks' ids.
    #[serde(default, deserialize_with = "texts")]
    checks: Vec<String>,
    /// The resources' ARNs.
    #[serde(default, deserialize_with = "texts")]
    resources: Vec<String>,
}

/// A list of texts; nulls in it, or in its place, say nothing.
fn texts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let list: Option<Vec<Option<String>>> = Option::deserialize(deserializer)?;
    Ok(list.into_iter().flatten().flatten().collect())
}

impl Narrowing {
    /// Reads an event. One with a `detail-type` comes from EventBridge, and its `resources` are the schedule's.
    pub(crate) fn read(event: &Value) -> Result<Self, Error> {
        match event {
            Value::Null => Ok(Self::default()),
            Value::Object(members)
                if members
                    .get("detail-type")
                    .is_some_and(|kind| !kind.is_null()) =>
            {
                Ok(Self::default())
            }
            Value::Object(_) => Self::deserialize(event).map_err(|error| {
                let form = r#"{"checks": [id, …], "resources": [ARN, …]}"#;
                Error::invalid_event(format!("the event is not of the form {form}: {error}"))
            }),
            _ => Err(Error::invalid_event(
                "the event is no JSON object: send {} to sweep everything",
            )),
        }
    }

    fn targets(&self, location: &Location) -> Result<Targets, Error> {
        if self.resources.is_empty() {
            return Ok(Targets::All);
        }
        let mut resources = self
            .resources
            .iter()
            .map(|arn| resource(arn, location))
            .collect::<Result<Vec<_>, _>>()?;
        resources.sort();
        resources.dedup();
        Ok(Targets::Some(resources))
    }
}

fn resource(arn: &str, location: &Location) -> Result<Resource, Error> {
    let resource = Resource::parse(arn)
        .map_err(|error| Error::invalid_event(format!("in resources, {error}")))?;
    let place = Location::of(resource.arn());
    if place == *location {
        Ok(resource)
    } else {
        let message =
            format!("{arn} is in {place}, but this function looks at {location}: sweep it there");
        Err(Error::invalid_event(message))
    }
}

/// Makes a sweep.
pub(crate) async fn sweep(
    app: &App,
    context: &Context,
    narrowing: &Narrowing,
) -> Result<Summary, Error> {
    let settings = app.settings()?;
    let mut selected = narrowing
        .checks
        .iter()
        .map(|id| checks::find(id))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| Error::invalid_event(format!("in checks, {error}")))?;
    selected.sort_by_key(|check| check.id);
    selected.dedup_by_key(|check| check.id);
    if selected.is_empty() {
        selected = checks::CHECKS.to_vec();
    }
    let aws = app.aws(context).await?;
    let run = Run {
        aws,
        checks: selected
            .into_iter()
            .map(|check| (check, settings.of(check)))
            .collect(),
        targets: narrowing.targets(&aws.location)?,
        security_hub: settings.security_hub,
    };
    let outcome = run.make(Some, |_| ()).await;
    let summary = outcome.summary;
    tracing::info!(
        summary = serde_json::to_string(&summary).unwrap_or_default(),
        "the sweep is done"
    );
    match Error::all(&outcome.errors) {
        None => Ok(summary),
        Some(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use serde_json::json;

    fn narrowing(event: &Value) -> (usize, usize) {
        let read = Narrowing::read(event).unwrap();
        (read.checks.len(), read.resources.len())
    }

    #[test]
    fn schedules_sweep_everything() {
        for event in [
            Value::Null,
            json!({}),
            json!({"checks": null, "resources": []}),
            json!({"detail-type": null, "checks": [null]}),
            json!({"detail-type": "Scheduled Event", "resources": ["arn:aws:events:r:1:rule/x"], "detail": {}}),
            json!({"detail-type": "Scheduled Event", "detail": "{}", "checks": ["x"]}),
        ] {
            assert_eq!(narrowing(&event), (0, 0), "{event}");
        }
        assert_eq!(
            narrowing(&json!({"checks": ["a"], "resources": ["b", "c"], "slice": 7})),
            (1, 2)
        );
    }

    #[test]
    fn what_is_no_sweep_is_refused() {
        for event in [
            json!([]),
            json!("all"),
            json!(1),
            json!({"checks": "a"}),
            json!({"resources": [1]}),
        ] {
            assert_eq!(
                Narrowing::read(&event).unwrap_err().kind,
                ErrorKind::InvalidEvent,
                "{event}"
            );
        }
    }

    #[test]
    fn resources_elsewhere_are_refused() {
        let here = Location {
            partition: "aws".into(),
            region: "eu-central-1".into(),
            account: "111122223333".into(),
        };
        let narrowed = |arn: &str| {
            Narrowing {
                checks: Vec::new(),
                resources: vec![arn.to_owned(), arn.to_owned()],
            }
            .targets(&here)
        };
        let cluster = "arn:aws:eks:eu-central-1:111122223333:cluster/payments";
        assert_eq!(
            narrowed(cluster),
            Ok(Targets::Some(vec![Resource::parse(cluster).unwrap()]))
        );
        for arn in [
            "arn:aws:eks:eu-west-1:111122223333:cluster/payments",
            "arn:aws:eks:eu-central-1:444455556666:cluster/payments",
            "arn:aws:s3:::bucket",
            "payments",
        ] {
            assert!(narrowed(arn).unwrap_err().message.contains(arn), "{arn}");
        }
    }
}
