//! Batches of messages that SQS delivers.

use aws_lambda_events::event::sqs::{BatchItemFailure, SqsBatchResponse};
use serde::Deserialize;
use serde_json::Value;

use crate::error::{Error, without_values};

/// A message of a batch.
#[derive(Debug)]
pub(crate) struct Message {
    /// The id by which a response names the message.
    pub(crate) id: String,
    /// The body, which is JSON in all messages that eksentry expects.
    pub(crate) body: Result<Value, Error>,
}

/// A batch, with only the members that are used here: `aws_lambda_events` rejects the whole batch for one odd attribute.
#[derive(Deserialize)]
struct Batch {
    #[serde(rename = "Records")]
    records: Option<Vec<Record>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    #[serde(default)]
    message_id: Option<String>,
    #[serde(default)]
    body: Option<String>,
}

/// Returns `true` if an event is a batch.
pub(crate) fn is_batch(event: &Value) -> bool {
    event.get("Records").is_some()
}

/// Reads a batch. A message whose body is not JSON does not affect the others.
///
/// # Errors
///
/// Returns an error if the event is not a batch.
pub(crate) fn read(event: &Value) -> Result<Vec<Message>, Error> {
    if !is_batch(event) {
        return Err(Error::invalid_event(
            "the event has no Records: SQS sends a batch of messages",
        ));
    }
    let batch = Batch::deserialize(event).map_err(|error| {
        let problem = without_values(&error);
        Error::invalid_event(format!(
            "the event isn't a batch of SQS messages: {problem}"
        ))
    })?;
    let records = batch.records.unwrap_or_default().into_iter();
    Ok(records.map(Message::of).collect())
}

impl Message {
    fn of(record: Record) -> Self {
        let body = record.body.unwrap_or_default();
        let body = serde_json::from_str(&body).map_err(|error| {
            let problem = without_values(&error);
            Error::invalid_event(format!("the message's body isn't JSON: {problem}"))
        });
        Self {
            id: record.message_id.unwrap_or_default(),
            body,
        }
    }
}

/// The messages of a batch that failed.
#[derive(Debug, Default)]
pub(crate) struct Failures(SqsBatchResponse);

impl Failures {
    /// Adds a message, if it is not among them, and logs the reason.
    pub(crate) fn add(&mut self, id: String, error: &Error) {
        tracing::error!(
            messageId = id,
            errorType = error.kind.name(),
            "couldn't process the message, so SQS delivers it again: {error}"
        );
        let known = &self.0.batch_item_failures;
        if known.iter().any(|known| known.item_identifier == id) {
            return;
        }
        let mut failure = BatchItemFailure::default();
        failure.item_identifier = id;
        self.0.batch_item_failures.push(failure);
    }

    /// Returns the number of messages.
    pub(crate) fn len(&self) -> usize {
        self.0.batch_item_failures.len()
    }

    /// Returns the response that makes SQS deliver these messages again, and no others.
    pub(crate) fn into_response(self) -> Value {
        serde_json::to_value(self.0).unwrap_or_default()
    }
}
