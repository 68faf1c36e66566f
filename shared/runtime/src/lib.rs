//! From events to reports: what the functions have in common, and each function's way through it.
//!
//! An event names resources; collectors look at them; checks judge what was seen; reporters report it.

mod accounts;
mod app;
pub mod config_rule;
mod delivery;
pub mod ecr_event;
mod error;
mod exceptions;
mod invocation;
mod logging;
mod metrics;
mod place;
mod queue;
mod run;
mod scan_event;
mod settings;
mod summary;
pub mod sweep;
pub mod sweep_worker;
mod task;

use std::sync::Arc;

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;

pub use app::App;
pub use error::{Error, ErrorKind};
pub use settings::{Accounts, PassedImages, Regions, Settings};
pub use summary::{CheckSummary, Summary};

/// The IAM actions of all calls that the functions may make.
pub fn actions() -> impl Iterator<Item = &'static str> {
    let own = [
        accounts::ACTIONS,
        exceptions::ACTIONS,
        place::ACTIONS,
        queue::ACTIONS,
    ];
    eksentry_aws::ACTIONS
        .iter()
        .copied()
        .chain(eksentry_collectors::actions())
        .chain(eksentry_reporters::actions())
        .chain(own.into_iter().flatten().copied())
}

/// Serves a function: takes events from the Lambda Runtime API, for as long as Lambda keeps the process.
///
/// # Errors
///
/// When the Runtime API can't be reached.
pub async fn serve<F, A>(handle: F) -> Result<(), lambda_runtime::Error>
where
    F: Fn(Arc<App>, LambdaEvent<Value>) -> A,
    A: Future<Output = Result<Value, Error>>,
{
    logging::start();
    let app = Arc::new(App::new());
    let handle = &handle;
    lambda_runtime::run(service_fn(move |event: LambdaEvent<Value>| {
        let app = Arc::clone(&app);
        async move {
            // Boxed, since a whole run is one deep future.
            let answer = Box::pin(handle(app, event)).await;
            if let Err(error) = &answer {
                tracing::error!(errorType = error.kind.name(), "{error}");
            }
            answer
        }
    }))
    .await
}
