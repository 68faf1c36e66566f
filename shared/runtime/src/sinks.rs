//! The places that the findings of a run go to. A run drives them all in the same way; each decides for itself what it
//! sends and when. AWS Config is none of them: it is answered by the function that it asked.

mod ocsf;
mod security_hub;

use eksentry_core::{Finding, Resource};
use futures::future::LocalBoxFuture;
use jiff::Timestamp;
use tokio::time::Instant;

use crate::error::Error;
use crate::summary::Summary;

pub(crate) use ocsf::OcsfSink;
pub(crate) use security_hub::SecurityHubSink;

/// Takes the findings of one run to one place.
pub(crate) trait Sink {
    /// Returns whether findings that were made of no more than a list tells are as the sink has them, so that a look at
    /// their resource would bring it nothing.
    fn is_settled(&self, _findings: &[Finding]) -> bool {
        false
    }

    /// Counts findings that are settled, once all sinks agree.
    fn settle(&self, _findings: &[Finding]) {}

    /// Returns whether the tags of a resource are to be read before its finding is taken.
    fn wants_tags(&self) -> bool {
        false
    }

    /// Takes a finding over.
    fn take<'a>(&'a self, finding: &'a Finding) -> LocalBoxFuture<'a, ()>;

    /// Is told that the run has no further findings.
    fn end(&self) -> LocalBoxFuture<'_, ()> {
        Box::pin(async {})
    }

    /// Sends in the background what is taken, until the end.
    fn send(&self) -> LocalBoxFuture<'_, ()> {
        Box::pin(async {})
    }

    /// Returns the findings that the sink holds, that the run did not come across, and that `is_gone` says it should have
    /// if they still held.
    fn unmet(&self, _is_gone: &dyn Fn(&str, &Resource) -> bool) -> Vec<Gone> {
        Vec::new()
    }

    /// Closes the finding of a resource, or of a check, that is gone.
    fn close<'a>(&'a self, gone: &'a Gone) -> LocalBoxFuture<'a, ()>;

    /// Sends what is left, as far as there is time until then.
    fn finish<'a>(self: Box<Self>, until: Instant) -> LocalBoxFuture<'a, Finished>
    where
        Self: 'a;
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
    /// When it was seen to be gone.
    pub(crate) at: Timestamp,
}

/// The results of a sink.
#[derive(Debug, Default)]
pub(crate) struct Finished {
    /// What was done, in numbers.
    pub(crate) counts: Summary,
    /// What could not be delivered.
    pub(crate) errors: Vec<Error>,
    /// Whether there was no time for all.
    pub(crate) cut_off: bool,
}
