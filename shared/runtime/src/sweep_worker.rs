//! `sweep-worker`: evaluates a slice of a sweep for each message of a queue.

use std::sync::Arc;

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse};
use lambda_runtime::LambdaEvent;
use serde::Deserialize;
use serde_json::Value;

use crate::app::App;
use crate::error::{Error, without_values};
use crate::invocation::Invocation;
use crate::summary::Summary;
use crate::sweep::sweep;
use crate::task::Task;

/// A batch of messages, with only the members that are used here: `aws_lambda_events` rejects the whole batch for one
/// odd attribute.
#[derive(Deserialize)]
pub(crate) struct Batch {
    #[serde(rename = "Records")]
    pub(crate) records: Option<Vec<Message>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Message {
    #[serde(default)]
    message_id: Option<String>,
    #[serde(default)]
    pub(crate) body: Option<String>,
}

/// Handles a batch of messages. Returns those that SQS must deliver again.
///
/// # Errors
///
/// Returns an error if the event is not from SQS, or the settings are wrong.
pub async fn handle(app: Arc<App>, event: LambdaEvent<Value>) -> Result<Value, Error> {
    let (payload, context) = event.into_parts();
    if payload.get("Records").is_none() {
        return Err(Error::invalid_event(
            "the event has no Records: SQS sends a batch of messages",
        ));
    }
    let batch = Batch::deserialize(&payload).map_err(|error| {
        let problem = without_values(&error);
        Error::invalid_event(format!(
            "the event isn't a batch of SQS messages: {problem}"
        ))
    })?;
    let invocation = Invocation::new("sweep-worker", &app, &context).await?;
    let mut response = SqsBatchResponse::default();
    let mut total = Summary {
        errors: invocation.additional_errors(&[]),
        ..Summary::default()
    };
    for message in batch.records.unwrap_or_default() {
        let id = message.message_id.clone().unwrap_or_default();
        let result = Box::pin(process(&invocation, message, &mut total)).await;
        if let Err(error) = result {
            tracing::error!(
                messageId = id,
                errorType = error.kind.name(),
                "couldn't process the message, so SQS delivers it again: {error}"
            );
            total.errors += 1;
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = id;
            response.batch_item_failures.push(failure);
        }
    }
    invocation.conclude(total);
    Ok(serde_json::to_value(response).unwrap_or_default())
}

async fn process(
    invocation: &Invocation<'_>,
    message: Message,
    total: &mut Summary,
) -> Result<(), Error> {
    let body = message.body.unwrap_or_default();
    let event: Value = serde_json::from_str(&body).map_err(|error| {
        let problem = without_values(&error);
        Error::invalid_event(format!("the message's body isn't JSON: {problem}"))
    })?;
    let (summary, mut errors) = sweep(invocation, &Task::read(&event)?).await?;
    errors.extend(invocation.mute_list.temporary_errors().cloned());
    total.add(&summary);
    match Error::combine(&errors) {
        // If SQS delivered the message again, its slices would be sent again, each time. The next sweep repeats the
        // failed part.
        Some(error) if summary.slices > 0 => {
            tracing::error!(
                errorType = error.kind.name(),
                "a slice that was split failed in part: {error}"
            );
            total.errors += 1;
            Ok(())
        }
        Some(error) => Err(error),
        None => Ok(()),
    }
}
