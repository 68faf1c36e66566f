//! The sinks: the destinations of a run's findings. A run drives all sinks in the same way; each decides which findings
//! it sends, and when. AWS Config is not one of them: `config-rule`, which a rule invokes, sends it
//! evaluations.

mod ocsf;
mod security_hub;
mod watcher;

use eksentry_core::{Check, Finding, Resource};
use futures::future::LocalBoxFuture;
use jiff::Timestamp;
use jiff::civil::Date;
use tokio::time::Instant;

use crate::error::Error;
use crate::summary::Summary;

pub(crate) use ocsf::OcsfSink;
pub(crate) use security_hub::SecurityHubSink;
pub(crate) use watcher::WatcherSink;

/// A sink for the findings of one run.
pub(crate) trait Sink {
    /// Returns `true` if a finding, evaluated from a list alone, shows that the finding in the sink is up to date, so
    /// that there is no need to read the facts that decide it.
    fn is_up_to_date(&self, _finding: &Finding) -> bool {
        false
    }

    /// Returns `true` if the sink needs to know of a finding without a result, since it may have to close the finding of
    /// an earlier result.
    fn may_close(&self, _finding: &Finding) -> bool {
        true
    }

    /// Counts a finding that is up to date in all sinks as unchanged.
    fn count_unchanged(&self, _finding: &Finding) {}

    /// Returns `true` if the tags of a resource must be read before the sink takes its finding.
    fn needs_tags(&self) -> bool {
        false
    }

    /// Returns the active findings that the sink holds about the targets; `None` if it does not read findings.
    fn held_findings(&self) -> Option<Vec<Held>> {
        None
    }

    /// Takes a finding.
    fn take<'a>(&'a self, finding: &'a Finding) -> LocalBoxFuture<'a, ()>;

    /// Notes that the run has no further findings.
    fn end(&self) -> LocalBoxFuture<'_, ()> {
        Box::pin(async {})
    }

    /// Sends the findings that were taken, at the same time as the run makes them, until [`Sink::end`].
    fn send(&self) -> LocalBoxFuture<'_, ()> {
        Box::pin(async {})
    }

    /// Returns the findings that the sink holds and that the run has not encountered, although it should have if they
    /// were not gone. `is_gone` decides that from the check's id and the resource.
    fn gone_findings(&self, _is_gone: &dyn Fn(&str, &Resource) -> bool) -> Vec<Gone> {
        Vec::new()
    }

    /// Closes the finding of a resource, or of a check, that is gone.
    fn close<'a>(&'a self, gone: &'a Gone) -> LocalBoxFuture<'a, ()>;

    /// Sends the remaining findings, as long as there is time until the deadline `until`.
    fn finish<'a>(self: Box<Self>, until: Instant) -> LocalBoxFuture<'a, Finished>
    where
        Self: 'a;
}

/// A finding that a sink holds.
#[derive(Debug, Clone)]
pub(crate) struct Held {
    /// The check.
    pub(crate) check: &'static Check,
    /// The resource.
    pub(crate) resource: Resource,
    /// The day from which on nothing in the cluster could be read, if the finding reports that.
    pub(crate) unread_since: Option<Date>,
}

/// A finding whose resource or check is gone.
#[derive(Debug, Clone)]
pub(crate) struct Gone {
    /// The finding's id.
    pub(crate) id: String,
    /// The check's id.
    pub(crate) check: String,
    /// The resource.
    pub(crate) resource: Resource,
    /// The time at which it was seen to be gone.
    pub(crate) at: Timestamp,
}

/// The results of a sink.
#[derive(Debug, Default)]
pub(crate) struct Finished {
    /// The counts of what was done with the findings.
    pub(crate) counts: Summary,
    /// The errors about findings that could not be delivered.
    pub(crate) errors: Vec<Error>,
    /// `true` if there was not enough time to send everything.
    pub(crate) cut_off: bool,
}
