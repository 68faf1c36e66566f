//! The OCSF sink: a log of all verdicts, new or not, which is never read back.

use eksentry_core::Finding;
use eksentry_reporters::ocsf::Log;
use futures::future::LocalBoxFuture;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::{Finished, Gone, Sink};
use crate::error::{Error, ErrorKind};

/// A sink that writes each finding of a run as events.
pub(crate) struct OcsfSink<'a>(Mutex<Log<'a>>);

impl<'a> OcsfSink<'a> {
    /// Returns a sink that writes to a log.
    pub(crate) fn new(log: Log<'a>) -> Self {
        Self(Mutex::new(log))
    }
}

impl Sink for OcsfSink<'_> {
    fn needs_tags(&self) -> bool {
        true
    }

    fn take<'a>(&'a self, finding: &'a Finding) -> LocalBoxFuture<'a, ()> {
        Box::pin(async { self.0.lock().await.add_finding(finding).await })
    }

    fn close<'a>(&'a self, gone: &'a Gone) -> LocalBoxFuture<'a, ()> {
        let Gone {
            check,
            resource,
            at,
            ..
        } = gone;
        Box::pin(async { self.0.lock().await.close(check, resource, *at).await })
    }

    fn finish<'a>(self: Box<Self>, _until: Instant) -> LocalBoxFuture<'a, Finished>
    where
        Self: 'a,
    {
        Box::pin(async {
            let Err(error) = self.0.into_inner().finish().await else {
                return Finished::default();
            };
            let message = format!("couldn't write all OCSF events: {error}");
            tracing::error!("{message}");
            Finished {
                errors: vec![Error::new(ErrorKind::NotDelivered, message)],
                ..Finished::default()
            }
        })
    }
}
