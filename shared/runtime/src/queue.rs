//! The queue of slices.

use std::time::Duration;

use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use eksentry_aws::{Aws, Lazy, client};
use serde::Serialize;

use crate::error::{Error, ErrorKind};

pub(crate) const ACTIONS: &[&str] = &["sqs:SendMessage"];

/// The most messages that one call takes.
/// Source: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SendMessageBatch.html>.
const MESSAGES_A_CALL: usize = 10;

/// The most bytes of all messages of a call. Since August 2025, SQS takes 1 MiB for a message and for a call; before,
/// it took 256 KiB, and some Regions and endpoints may still have that limit.
const BYTES_A_CALL: usize = 256 * 1024;

/// The most bytes that a message should have.
pub(crate) const MESSAGE_BYTES: usize = 240 * 1024;

/// The most times that a message is sent if SQS does not accept it.
const MAX_TRIES: u32 = 3;

/// The queue that `sweep-worker` takes slices from.
#[derive(Debug)]
pub(crate) struct Queue {
    client: Lazy<aws_sdk_sqs::Client>,
    url: String,
}

impl Queue {
    pub(crate) fn new(aws: &Aws, url: &str) -> Self {
        Self {
            client: client!(aws_sdk_sqs, aws),
            url: url.to_owned(),
        }
    }

    /// Sends messages. Returns those that SQS did not accept, and the errors about them.
    pub(crate) async fn send<M: Serialize>(&self, messages: Vec<M>) -> (Vec<M>, Vec<Error>) {
        self.send_later(messages, Duration::ZERO).await
    }

    /// Sends messages that SQS delivers after a delay, which is at most 15 minutes. Returns those that SQS did not
    /// accept, and the errors about them.
    pub(crate) async fn send_later<M: Serialize>(
        &self,
        messages: Vec<M>,
        delay: Duration,
    ) -> (Vec<M>, Vec<Error>) {
        let mut errors = Vec::new();
        let bodies = messages
            .iter()
            .map(|message| serde_json::to_string(message).unwrap_or_default());
        let mut is_unsent = vec![false; messages.len()];
        let mut first = 0;
        for bodies in batches(bodies) {
            if let Err(error) = self.send_batch(&bodies, delay).await {
                for position in &error.unsent {
                    is_unsent[first + position] = true;
                }
                errors.push(error);
            }
            first += bodies.len();
        }
        let errors = errors.into_iter().map(|error| {
            let message = format!(
                "couldn't send work to the queue {}: {error}; it is done when this invocation is repeated, or by the \
                 next sweep. To fix this, check that the queue exists and that the role may send messages to it",
                self.url
            );
            Error::new(ErrorKind::NotDelivered, message)
        });
        let unsent = messages.into_iter().zip(is_unsent);
        let unsent = unsent.filter_map(|(message, is_unsent)| is_unsent.then_some(message));
        (unsent.collect(), errors.collect())
    }

    /// Sends up to ten messages.
    async fn send_batch(&self, bodies: &[String], delay: Duration) -> Result<(), SendError> {
        let delay = i32::try_from(delay.as_secs()).ok();
        let delay = delay.filter(|seconds| *seconds > 0);
        let entries = bodies.iter().enumerate().map(|(number, body)| {
            SendMessageBatchRequestEntry::builder()
                .id(number.to_string())
                .message_body(body)
                .set_delay_seconds(delay)
                .build()
        });
        let entries: Result<Vec<_>, _> = entries.collect();
        let mut entries = entries.map_err(|error| SendError {
            unsent: (0..bodies.len()).collect(),
            problem: error.to_string(),
        })?;
        let positions = |entries: &[SendMessageBatchRequestEntry]| {
            let positions = entries.iter().map(|entry| entry.id().parse());
            positions.filter_map(Result::ok).collect()
        };
        let mut problem = String::new();
        for _ in 0..MAX_TRIES {
            let call = self
                .client
                .send_message_batch()
                .queue_url(&self.url)
                .set_entries(Some(entries.clone()));
            let response = call.send().await.map_err(|error| SendError {
                unsent: positions(&entries),
                problem: eksentry_aws::problem(&error),
            })?;
            // Only messages that SQS reports as successful were sent. A slice that is delivered twice does no harm.
            let sent = response.successful();
            entries.retain(|entry| !sent.iter().any(|sent| sent.id() == entry.id()));
            if entries.is_empty() {
                return Ok(());
            }
            problem = response.failed().first().map_or_else(
                || "the response of SQS lacks the result of a message".to_owned(),
                |first| format!("{}: {}", first.code(), first.message().unwrap_or_default()),
            );
        }
        Err(SendError {
            unsent: positions(&entries),
            problem,
        })
    }
}

/// The error of messages that SQS did not accept. It has no source: the SDK's error may contain a whole response.
#[derive(Debug, thiserror::Error)]
#[error("{problem}")]
struct SendError {
    /// The positions of the messages in their call.
    unsent: Vec<usize>,
    problem: String,
}

/// Splits messages into calls by number and size. A message that is larger than a call may be is alone in its call.
fn batches(bodies: impl IntoIterator<Item = String>) -> Vec<Vec<String>> {
    let mut batches: Vec<Vec<String>> = Vec::new();
    let mut bytes = 0;
    for body in bodies {
        match batches.last_mut() {
            Some(batch) if batch.len() < MESSAGES_A_CALL && bytes + body.len() <= BYTES_A_CALL => {
                bytes += body.len();
                batch.push(body);
            }
            _ => {
                bytes = body.len();
                batches.push(vec![body]);
            }
        }
    }
    batches
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn batches_are_limited_in_number_and_size() {
        let sizes = |sizes: &[usize]| {
            let bodies = sizes.iter().map(|size| "x".repeat(*size));
            let batches = batches(bodies).into_iter();
            batches.map(|batch| batch.len()).collect::<Vec<_>>()
        };
        assert_eq!(sizes(&[]), [0; 0]);
        assert_eq!(sizes(&[1; 21]), [10, 10, 1]);
        assert_eq!(sizes(&[MESSAGE_BYTES; 2]), [1, 1]);
        assert_eq!(sizes(&[BYTES_A_CALL - 1, 1, 1]), [2, 1]);
        assert_eq!(sizes(&[1, BYTES_A_CALL + 1, 1]), [1, 1, 1]);
    }

    proptest! {
        #[test]
        fn every_message_is_in_one_batch(sizes in prop::collection::vec(0..BYTES_A_CALL, 0..40)) {
            let bodies: Vec<String> = sizes
                .iter()
                .enumerate()
                .map(|(number, size)| format!("{number:08}{}", "x".repeat(size.saturating_sub(8))))
                .collect();
            let batches = batches(bodies.clone());
            for batch in &batches {
                let bytes: usize = batch.iter().map(String::len).sum();
                prop_assert!(batch.len() <= MESSAGES_A_CALL && bytes <= BYTES_A_CALL);
            }
            prop_assert_eq!(batches.concat(), bodies);
        }
    }
}
