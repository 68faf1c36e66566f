//! The queue of slices.

use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use eksentry_aws::{Aws, client};
use serde::Serialize;

use crate::error::{Error, ErrorKind};

pub(crate) const ACTIONS: &[&str] = &["sqs:SendMessage"];

/// The most messages that one call takes.
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>.
const MESSAGES_A_CALL: usize = 10;

/// How often a message is sent that SQS does not take.
const TRIES: u32 = 3;

/// The queue that `sweep-worker` takes slices from.
#[derive(Debug)]
pub(crate) struct Queue {
    client: aws_sdk_sqs::Client,
    url: String,
}

impl Queue {
    pub(crate) fn new(aws: &Aws, url: &str) -> Self {
        Self {
            client: client!(aws_sdk_sqs, aws),
            url: url.to_owned(),
        }
    }

    /// Sends messages; how many were taken, and why the others were not.
    pub(crate) async fn send(&self, messages: &[impl Serialize]) -> (usize, Vec<Error>) {
        let mut errors = Vec::new();
        let bodies: Vec<String> = messages
            .iter()
            .map(|message| serde_json::to_string(message).unwrap_or_default())
            .collect();
        for bodies in bodies.chunks(MESSAGES_A_CALL) {
            if let Err(error) = self.send_batch(bodies).await {
                errors.push(error);
            }
        }
        let lost: usize = errors.iter().map(|(lost, _)| lost).sum();
        let errors = errors.into_iter().map(|(_, problem)| {
            let message = format!(
                "slices of the sweep could not be sent to the queue {}: {problem}; they are not looked at before the \
                 next sweep",
                self.url
            );
            Error::new(ErrorKind::NotDelivered, message)
        });
        (messages.len() - lost, errors.collect())
    }

    /// Sends up to ten messages; or how many were not taken, and why.
    async fn send_batch(&self, bodies: &[String]) -> Result<(), (usize, String)> {
        let entries = bodies.iter().enumerate().map(|(number, body)| {
            SendMessageBatchRequestEntry::builder()
                .id(number.to_string())
                .message_body(body)
                .build()
        });
        let entries: Result<Vec<_>, _> = entries.collect();
        let mut entries = entries.map_err(|error| (bodies.len(), error.to_string()))?;
        let mut problem = String::new();
        for _ in 0..TRIES {
            let call = self
                .client
                .send_message_batch()
                .queue_url(&self.url)
                .set_entries(Some(entries.clone()));
            let answer = call
                .send()
                .await
                .map_err(|error| (entries.len(), eksentry_aws::problem(&error)))?;
            let failed = answer.failed();
            entries.retain(|entry| failed.iter().any(|failed| failed.id() == entry.id()));
            let Some(first) = failed.first() else {
                return Ok(());
            };
            problem = format!("{}: {}", first.code(), first.message().unwrap_or_default());
        }
        Err((entries.len(), problem))
    }
}
