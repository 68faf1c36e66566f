//! The Lambda Runtime API: hands out events and accepts the answers.

use std::{
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use axum::{
    Router,
    body::Bytes,
    extract::{DefaultBodyLimit, Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode},
    response::{IntoResponse as _, Response},
    routing::{get, post},
};
use serde_json::Value;
use tokio::sync::Notify;

use super::FunctionError;

/// An event that a function receives.
#[derive(Debug)]
pub(super) struct Event {
    pub payload: Vec<u8>,
    pub deadline_ms: u128,
    pub function_arn: String,
}

/// The events that one function received, and its answers.
#[derive(Debug, Default)]
pub(super) struct RuntimeApi {
    progress: Mutex<Progress>,
    /// Wakes the callers that wait for the function.
    changed: Condvar,
    /// Wakes the function that waits for an event.
    offered: Notify,
}

#[derive(Debug, Default)]
struct Progress {
    first_poll: Option<Instant>,
    init_error: Option<FunctionError>,
    count: usize,
    /// The event that is offered and not fetched yet.
    offer: Option<(String, Event)>,
    /// The id of the event that the function can answer.
    open: Option<String>,
    answer: Option<(String, Result<Value, FunctionError>)>,
    problems: Vec<String>,
}

impl RuntimeApi {
    /// Offers an event. Returns the id of its request.
    pub(super) fn offer(&self, event: Event) -> String {
        let mut progress = self.progress();
        progress.count += 1;
        let id = format!("8476a536-e9f4-11e8-9739-{:012x}", progress.count);
        progress.answer = None;
        progress.open = Some(id.clone());
        progress.offer = Some((id.clone(), event));
        self.offered.notify_one();
        id
    }

    pub(super) fn take_answer(&self, id: &str) -> Option<Result<Value, FunctionError>> {
        self.progress()
            .answer
            .take_if(|(answered, _)| answered == id)
            .map(|(_, answer)| answer)
    }

    pub(super) fn first_poll(&self) -> Option<Instant> {
        self.progress().first_poll
    }

    pub(super) fn init_error(&self) -> Option<FunctionError> {
        self.progress().init_error.clone()
    }

    pub(super) fn problems(&self) -> Vec<String> {
        self.progress().problems.clone()
    }

    /// Returns after a change or after `at_most`; sometimes, spuriously, before either.
    pub(super) fn wait_for_change(&self, at_most: Duration) {
        let waited = self.changed.wait_timeout(self.progress(), at_most);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }

    fn progress(&self) -> MutexGuard<'_, Progress> {
        // Each change is one assignment or one push, so the state is consistent even after a panic.
        self.progress.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_offer(&self) -> Option<(String, Event)> {
        let mut progress = self.progress();
        progress.first_poll.get_or_insert_with(Instant::now);
        self.changed.notify_all();
        progress.offer.take()
    }

    fn answered(&self, id: &str, answer: Result<Value, FunctionError>) -> StatusCode {
        let mut progress = self.progress();
        if progress.open.as_deref() != Some(id) {
            progress.problems.push(format!(
                "a response to {id}, which is not an open event: the event was answered before or never delivered"
            ));
            return StatusCode::BAD_REQUEST;
        }
        progress.open = None;
        progress.answer = Some((id.to_owned(), answer));
        self.changed.notify_all();
        StatusCode::ACCEPTED
    }
}

pub(super) fn router(api: Arc<RuntimeApi>) -> Router {
    Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route(
            "/2018-06-01/runtime/invocation/{id}/response",
            post(response),
        )
        .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
        .route("/2018-06-01/runtime/init/error", post(init_error))
        .layer(DefaultBodyLimit::disable())
        .with_state(api)
}

async fn next(State(api): State<Arc<RuntimeApi>>) -> Response {
    loop {
        if let Some((id, event)) = api.take_offer() {
            return (headers(&id, &event), event.payload).into_response();
        }
        api.offered.notified().await;
    }
}

fn headers(id: &str, event: &Event) -> HeaderMap {
    let trace = "Root=1-67762345-0123456789abcdef01234567;Parent=0123456789abcdef;Sampled=0";
    [
        ("content-type", "application/json".to_owned()),
        ("lambda-runtime-aws-request-id", id.to_owned()),
        ("lambda-runtime-deadline-ms", event.deadline_ms.to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            event.function_arn.clone(),
        ),
        ("lambda-runtime-trace-id", trace.to_owned()),
    ]
    .into_iter()
    .filter_map(|(name, value)| {
        Some((
            HeaderName::from_static(name),
            HeaderValue::from_str(&value).ok()?,
        ))
    })
    .collect()
}

async fn response(
    State(api): State<Arc<RuntimeApi>>,
    Path(id): Path<String>,
    body: Bytes,
) -> StatusCode {
    let answer = serde_json::from_slice(&body).map_err(|error| {
        FunctionError::new(
            "Runtime.InvalidResponse",
            format!("the response is not JSON: {error}"),
        )
    });
    api.answered(&id, answer)
}

async fn error(
    State(api): State<Arc<RuntimeApi>>,
    Path(id): Path<String>,
    body: Bytes,
) -> StatusCode {
    api.answered(&id, Err(reported(&body)))
}

async fn init_error(State(api): State<Arc<RuntimeApi>>, body: Bytes) -> StatusCode {
    api.progress().init_error = Some(reported(&body));
    api.changed.notify_all();
    StatusCode::ACCEPTED
}

/// Returns the error in `{"errorType": …, "errorMessage": …}`; any other body becomes the message of the error.
fn reported(body: &[u8]) -> FunctionError {
    let body: Value = serde_json::from_slice(body)
        .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(body).into_owned()));
    let member = |name: &str| body.get(name).and_then(Value::as_str);
    FunctionError::new(
        member("errorType").unwrap_or("Runtime.Unknown"),
        member("errorMessage").map_or_else(|| body.to_string(), str::to_owned),
    )
}
