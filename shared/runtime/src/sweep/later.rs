//! The work that a sweep leaves to later invocations, through the queue.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::error::{Error, ErrorKind};
use crate::invocation::Invocation;
use crate::queue::MESSAGE_BYTES;
use crate::summary::Summary;
use crate::task::Task;

/// The most times that a slice is enqueued again. A slice that is not done after so many invocations never will be.
const MAX_HANDED_ON: u32 = 5;

/// The time after which a cluster that is changing is evaluated again, and how many times. EKS takes minutes for most
/// changes, and about ten minutes to create a cluster.
const LOOK_AGAIN: Duration = Duration::from_mins(3);
const MAX_LOOKS: u32 = 6;

/// The most characters of a slice in an error message, since a slice may name thousands of resources.
const MAX_TASK_CHARS: usize = 500;

/// Sends slices to the queue, and counts them. Returns those that SQS did not accept, and the errors about them and
/// about those that are given up.
pub(crate) async fn enqueue(
    invocation: &Invocation<'_>,
    rest: Vec<Task>,
    summary: &mut Summary,
) -> (Vec<Task>, Vec<Error>) {
    let (rest, abandoned): (Vec<_>, Vec<_>) = rest
        .into_iter()
        .partition(|task| task.handed_on <= MAX_HANDED_ON && invocation.aws.queue.is_some());
    let mut errors = Vec::new();
    if let Some(first) = abandoned.first() {
        let advice = if invocation.aws.queue.is_some() {
            "it was sent to the queue too often: to fix this, increase the functions' timeout or memory"
        } else {
            invocation.settings.set_by.name(
                "to fix this, increase the function's timeout or memory, or set EKSENTRY_QUEUE_URL so that workers \
                 evaluate them",
                "to fix this, increase --timeout, or scan fewer accounts, Regions or checks at a time",
            )
        };
        let first = serde_json::to_string(first).unwrap_or_default();
        let message = format!(
            "the time was up before {} part(s) of the sweep were evaluated, the first of them {}; {advice}",
            abandoned.len(),
            first.chars().take(MAX_TASK_CHARS).collect::<String>()
        );
        errors.push(Error::new(ErrorKind::OutOfTime, message));
    }
    let mut unsent = Vec::new();
    if let Some(queue) = &invocation.aws.queue
        && !rest.is_empty()
    {
        let parts = rest.into_iter().flat_map(|task| task.split(MESSAGE_BYTES));
        let parts: Vec<Task> = parts.collect();
        let count = parts.len();
        let (failed, of_queue) = queue.send(parts).await;
        summary.slices += count - failed.len();
        unsent = failed;
        errors.extend(of_queue);
    }
    (unsent, errors)
}

/// Sends a message about clusters that are still changing, so that they are evaluated again later. Returns the errors.
pub(crate) async fn look_again(
    invocation: &Invocation<'_>,
    task: &Task,
    changing: BTreeSet<String>,
) -> Vec<Error> {
    let Some(looks) = task.looks.filter(|_| !changing.is_empty()) else {
        return Vec::new();
    };
    let clusters: Vec<String> = changing.into_iter().collect();
    let Some(queue) = &invocation.aws.queue else {
        tracing::info!(
            ?clusters,
            "EKS is changing the clusters; the next sweep evaluates them again, since there is no queue"
        );
        return Vec::new();
    };
    if looks >= MAX_LOOKS {
        tracing::info!(
            ?clusters,
            looks,
            "EKS is still changing the clusters; the next sweep evaluates them again"
        );
        return Vec::new();
    }
    tracing::info!(
        ?clusters,
        looks,
        "EKS is changing the clusters; they are evaluated again in {} s",
        LOOK_AGAIN.as_secs()
    );
    let again = Task {
        resources: clusters,
        looks: Some(looks + 1),
        ..task.clone()
    };
    queue
        .send_later(again.split(MESSAGE_BYTES), LOOK_AGAIN)
        .await
        .1
}
