//! The handlers of the functions, from event to report, and the code that they share.
//!
//! An event names resources; collectors list and describe them; checks evaluate the observations; reporters send the
//! results.

mod accounts;
mod app;
pub mod cloudtrail_event;
pub mod cluster_reader;
pub mod config_rule;
mod documents;
pub mod ecr_event;
mod error;
mod event_bridge;
#[cfg(any(test, fuzzing))]
pub mod fuzzing;
mod host;
mod invocation;
mod invoke;
pub mod logging;
mod matched_ledgers;
mod messages;
mod metrics;
mod mute_list;
mod origin;
mod outages;
mod parameters;
mod permissions;
mod place;
mod queue;
pub mod report;
mod report_format;
mod run;
mod scan;
mod scan_event;
mod scope;
mod selection;
mod settings;
mod settled;
mod sinks;
mod statements;
mod summary;
pub mod sweep;
pub mod sweep_worker;
mod task;
mod watcher;

use std::sync::Arc;
use std::time::Duration;

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;

pub use app::App;
pub use eksentry_collectors::{Arns, Permission, Switch};
pub use error::{Error, ErrorKind};
pub use host::Host;
pub use invoke::{Function, invoke};
pub use permissions::{Readers, ScanPermissions};
pub use scan::{ScanRequest, Scanned, scan};
pub use selection::{DISABLED_CHECKS, ENABLED_CHECKS, Selection, SelectionError};
pub use settings::{
    Accounts, MuteListLocation, PassedImages, ROLE_NAME, Regions, SetBy, SettingError, Settings,
};
pub use statements::{Group, Statement, statements};
pub use summary::{CheckSummary, Summary};
pub use watcher::Watcher;

/// The divisor of the time left that gives the time reserved for reporting that the time is up, and the most time that
/// is reserved.
const TIMEOUT_MARGIN: u32 = 20;
const MAX_TIMEOUT_MARGIN: Duration = Duration::from_secs(1);

/// Returns the IAM actions of all calls that the functions may make, some of them more than once.
pub fn actions() -> impl Iterator<Item = &'static str> {
    let read = Readers::ALL.into_iter().flat_map(Readers::permissions);
    let read = read.filter(|permission| permission.by_service.is_none());
    let own = [
        accounts::ACTIONS,
        documents::ACTIONS,
        queue::ACTIONS,
        eksentry_aws::ACTIONS,
    ];
    read.map(|permission| permission.action)
        .chain(eksentry_reporters::actions())
        .chain(own.into_iter().flatten().copied())
}

/// Serves a function: receives events from the Lambda Runtime API, for as long as Lambda keeps the process.
///
/// # Errors
///
/// Returns an error if the Runtime API cannot be reached.
pub async fn serve<F, A>(handle: F) -> Result<(), lambda_runtime::Error>
where
    F: Fn(Arc<App>, LambdaEvent<Value>) -> A,
    A: Future<Output = Result<Value, Error>>,
{
    let host = Host::lambda();
    logging::start(&host);
    let app = Arc::new(App::new(host));
    let handle = &handle;
    lambda_runtime::run(service_fn(move |event| {
        handle_event(handle, Arc::clone(&app), event)
    }))
    .await
}

/// Lets a function handle one event. The time is limited to what Lambda allows, less a reserve for reporting that the
/// time is up.
///
/// # Errors
///
/// Returns the errors of the function, and [`ErrorKind::OutOfTime`].
pub async fn handle_event<F, A>(
    handle: F,
    app: Arc<App>,
    event: LambdaEvent<Value>,
) -> Result<Value, Error>
where
    F: Fn(Arc<App>, LambdaEvent<Value>) -> A,
    A: Future<Output = Result<Value, Error>>,
{
    let left = invocation::time_left(app.clock(), &event.context);
    let limit = left.saturating_sub((left / TIMEOUT_MARGIN).min(MAX_TIMEOUT_MARGIN));
    // The future is boxed, since that of a whole run is deeply nested.
    let result = tokio::time::timeout(limit, Box::pin(handle(app, event))).await;
    // Otherwise, Lambda would end the process without reporting a reason.
    let result = result.unwrap_or_else(|_| Err(Error::timed_out(limit)));
    if let Err(error) = &result {
        tracing::error!(errorType = error.kind.name(), "{error}");
    }
    result
}
