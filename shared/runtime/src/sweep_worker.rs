//! `sweep-worker`: a narrowed sweep for each message of a queue.

use std::sync::Arc;

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse};
use lambda_runtime::{Context, LambdaEvent};
use serde::Deserialize;
use serde_json::Value;

use crate::app::App;
use crate::error::Error;
use crate::sweep::{Narrowing, sweep};

/// A batch of messages, as far as it matters here: `aws_lambda_events` refuses all of it for one odd attribute.
#[derive(Deserialize)]
struct Batch {
    #[serde(rename = "Records")]
    records: Option<Vec<Message>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Message {
    #[serde(default)]
    message_id: Option<String>,
    #[serde(default)]
    body: Option<String>,
}

/// Handles a batch of messages; answers which of them must come again.
///
/// # Errors
///
/// When the event is none of SQS.
pub async fn handle(app: Arc<App>, event: LambdaEvent<Value>) -> Result<Value, Error> {
    let (payload, context) = event.into_parts();
    if payload.get("Records").is_none() {
        return Err(Error::invalid_event(
            "the event has no Records: SQS sends a batch of messages",
        ));
    }
    let batch = Batch::deserialize(&payload).map_err(|error| {
        Error::invalid_event(format!("the event is no batch of SQS messages: {error}"))
    })?;
    let mut answer = SqsBatchResponse::default();
    for message in batch.records.unwrap_or_default() {
        let id = message.message_id.clone().unwrap_or_default();
        if let Err(error) = work(&app, &context, message).await {
            tracing::error!(
                messageId = id,
                errorType = error.kind.name(),
                "the message must come again: {error}"
            );
            let mut failure = BatchItemFailure::default();
            failure.item_identifier = id;
            answer.batch_item_failures.push(failure);
        }
    }
    Ok(serde_json::to_value(answer).unwrap_or_default())
}

async fn work(app: &App, context: &Context, message: Message) -> Result<(), Error> {
    let body = message.body.unwrap_or_default();
    let event: Value = serde_json::from_str(&body).map_err(|error| {
        Error::invalid_event(format!("the message's body is not JSON: {error}"))
    })?;
    sweep(app, context, &Narrowing::read(&event)?).await?;
    Ok(())
}
