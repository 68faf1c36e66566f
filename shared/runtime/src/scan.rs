//! A scan: a sweep that a person or a pipeline makes with its own credentials, without a function.

use std::time::Duration;

use eksentry_core::Location;

use crate::app::App;
use crate::error::Error;
use crate::invocation::{Invocation, SWEEP};
use crate::invoke::context;
use crate::summary::Summary;
use crate::sweep::{Swept, sweep};
use crate::task::Task;

/// The narrowing of a scan. A list that is empty does not narrow it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScanRequest {
    /// The ids of the checks to run.
    pub checks: Vec<String>,
    /// The ARNs of the resources to evaluate, or `AWS::::Account:<account>` with or without `/<region>`.
    pub resources: Vec<String>,
}

/// The results of a scan. The watcher has received the findings.
#[derive(Debug, Clone)]
pub struct Scanned {
    /// The account and Region of the credentials.
    pub home: Location,
    /// The numbers of the results.
    pub summary: Summary,
    /// The errors because of which something was not evaluated or not delivered.
    pub errors: Vec<Error>,
}

/// Makes a scan, which ends in time to take no longer than `limit`.
///
/// # Errors
///
/// Returns an error if nothing was evaluated: the request or the settings are wrong, or the account is not known.
pub async fn scan(app: &App, request: ScanRequest, limit: Duration) -> Result<Scanned, Error> {
    let task = Task {
        checks: request.checks,
        resources: request.resources,
        ..Task::default()
    };
    let context = context("scan", app.clock(), limit);
    let invocation = Invocation::new(SWEEP, app, &context).await?;
    // A person can correct the list at once, and findings that it should mute would only confuse.
    if let Some(error) = Error::combine(&invocation.mute_list.errors) {
        return Err(error);
    }
    let Swept {
        mut summary,
        errors,
        ..
    } = sweep(&invocation, &task).await?;
    summary.errors = errors.len();
    Ok(Scanned {
        home: invocation.aws.home.location.clone(),
        summary: invocation.conclude(summary),
        errors,
    })
}
