//! AWS Lambda: functions that other functions invoke.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::json;

use super::{
    service::AwsError,
    state::State,
    wire::{Reply, Request},
};
use crate::{
    account::Account,
    lambda::{FunctionError, Invocation},
};

/// The most bytes of the payload of a synchronous invocation, and of its response.
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>.
const MAX_PAYLOAD: usize = 6 * 1024 * 1024;

/// A function that runs a function with a payload.
type Handler = dyn FnMut(&[u8]) -> Invocation + Send;

/// The functions that can be invoked.
#[derive(Clone, Default)]
pub(super) struct Functions(BTreeMap<String, Arc<Mutex<Handler>>>);

/// An invocation, which runs while the stand-in responds to other requests: the function may call it.
pub(super) struct Run {
    function: Arc<Mutex<Handler>>,
    payload: Vec<u8>,
    /// `true` if the response is cut in the middle.
    pub is_truncated: bool,
}

impl Functions {
    pub(super) fn add(
        &mut self,
        name: &str,
        handler: impl FnMut(&[u8]) -> Invocation + Send + 'static,
    ) {
        self.0
            .insert(name.to_owned(), Arc::new(Mutex::new(handler)));
    }
}

impl fmt::Debug for Functions {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_set().entries(self.0.keys()).finish()
    }
}

impl Run {
    /// Runs the function. Sets the response in `reply`, and returns how long it took.
    pub(super) fn complete(self, reply: &mut Reply) -> Duration {
        let mut function = self.function.lock().unwrap_or_else(PoisonError::into_inner);
        let Invocation { outcome, duration } = function(&self.payload);
        let outcome = outcome.and_then(|response| {
            let response = response.to_string().into_bytes();
            if response.len() <= MAX_PAYLOAD {
                return Ok(response);
            }
            Err(FunctionError {
                error_type: "Function.ResponseSizeTooLarge".to_owned(),
                error_message:
                    "Response payload size exceeded maximum allowed payload size (6291556 bytes)."
                        .to_owned(),
            })
        });
        reply.body = outcome.unwrap_or_else(|error| {
            reply
                .headers
                .push(("x-amz-function-error", "Unhandled".to_owned()));
            let error = json!({"errorType": error.error_type, "errorMessage": error.error_message});
            error.to_string().into_bytes()
        });
        if self.is_truncated {
            reply.body.truncate(reply.body.len() / 2);
        }
        duration
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Run")
    }
}

/// Returns the ARN of the function that a request names.
pub(super) fn function_resource(account: &Account, request: &Request) -> String {
    let name = request.text_or_empty("FunctionName");
    account.arn("lambda", &account.region, &format!("function:{name}"))
}

/// Prepares a synchronous invocation.
pub(super) fn invoke(state: &mut State, request: &Request) -> Result<Reply, AwsError> {
    request.allow_members(&["FunctionName"])?;
    if request.body.len() > MAX_PAYLOAD {
        let message = "Request must be smaller than 6291456 bytes for the InvokeFunction operation";
        let error = AwsError::new("RequestTooLargeException", message);
        return Err(error.status(413).violation());
    }
    let name = request.required_text("FunctionName")?;
    let Some(function) = state.functions.0.get(name) else {
        let arn = function_resource(state.home(), request);
        let message = format!("Function not found: {arn}");
        return Err(AwsError::new("ResourceNotFoundException", message).status(404));
    };
    Ok(Reply {
        status: 200,
        content_type: "application/json",
        error_type: None,
        headers: Vec::new(),
        body: Vec::new(),
        run: Some(Run {
            function: Arc::clone(function),
            payload: request.body.clone(),
            is_truncated: false,
        }),
    })
}
