//! `sweep-worker`: evaluates a slice of a sweep for each message of a queue.

use std::sync::Arc;

use lambda_runtime::LambdaEvent;
use serde_json::Value;

use crate::app::App;
use crate::error::Error;
use crate::invocation::Invocation;
use crate::messages::{self, Failures};
use crate::summary::Summary;
use crate::sweep::{Swept, enqueue, look_again, sweep};
use crate::task::Task;

/// Handles a batch of messages. Returns those that SQS must deliver again.
///
/// # Errors
///
/// Returns an error if the event is not from SQS, or the settings are wrong.
pub async fn handle(app: Arc<App>, event: LambdaEvent<Value>) -> Result<Value, Error> {
    let (payload, context) = event.into_parts();
    let batch = messages::read(&payload)?;
    let invocation = Invocation::new("sweep-worker", &app, &context).await?;
    let mut failures = Failures::default();
    let mut total = Summary {
        errors: invocation.additional_errors(&[]),
        ..Summary::default()
    };
    for message in batch {
        let result = match message.body {
            Ok(body) => Box::pin(process(&invocation, &body, &mut total)).await,
            Err(error) => Err(error),
        };
        if let Err(error) = result {
            failures.add(message.id, &error);
        }
    }
    total.errors += failures.len();
    invocation.conclude(total);
    Ok(failures.into_response())
}

async fn process(
    invocation: &Invocation<'_>,
    body: &Value,
    total: &mut Summary,
) -> Result<(), Error> {
    let task = Task::read(body)?;
    let Swept {
        mut summary,
        mut errors,
        failed,
        changing,
    } = sweep(invocation, &task).await?;
    errors.extend(invocation.mute_list.temporary_errors().cloned());
    let mut result = match Error::combine(&errors) {
        // If SQS delivered the message again, its slices would be sent again, each time. What failed becomes slices of
        // its own, which are.
        Some(error) if summary.slices > 0 => {
            tracing::error!(
                errorType = error.kind.name(),
                again = failed.len(),
                "a slice that was split failed in part: {error}"
            );
            total.errors += 1;
            let failed = failed.into_iter().map(|slice| Task {
                handed_on: slice.handed_on.saturating_add(1),
                ..slice
            });
            let (_, errors) = enqueue(invocation, failed.collect(), &mut summary).await;
            Error::combine(&errors).map_or(Ok(()), Err)
        }
        Some(error) => Err(error),
        None => Ok(()),
    };
    // A message that is delivered again leads to another look.
    if result.is_ok() {
        let errors = look_again(invocation, &task, changing).await;
        result = Error::combine(&errors).map_or(Ok(()), Err);
    }
    total.add(&summary);
    result
}
