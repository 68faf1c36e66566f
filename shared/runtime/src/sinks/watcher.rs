//! The sink that passes everything to the watcher of the process.

use eksentry_core::{Finding, Location, Part};
use futures::future::LocalBoxFuture;
use tokio::time::Instant;

use super::{Finished, Gone, Sink};
use crate::watcher::Watcher;

/// A sink that passes the findings of one run to a watcher. Nothing is kept, so that no earlier finding is closed.
pub(crate) struct WatcherSink<'a> {
    watcher: &'a dyn Watcher,
    place: &'a Location,
    part: Option<&'a Part>,
}

impl<'a> WatcherSink<'a> {
    /// Creates a sink, and notes that its run begins.
    pub(crate) fn open(
        watcher: &'a dyn Watcher,
        place: &'a Location,
        part: Option<&'a Part>,
    ) -> Self {
        watcher.begin(place, part);
        Self {
            watcher,
            place,
            part,
        }
    }
}

impl Sink for WatcherSink<'_> {
    fn needs_tags(&self) -> bool {
        self.watcher.needs_tags()
    }

    fn take<'a>(&'a self, finding: &'a Finding) -> LocalBoxFuture<'a, ()> {
        self.watcher.take(finding);
        Box::pin(async {})
    }

    fn close<'a>(&'a self, _: &'a Gone) -> LocalBoxFuture<'a, ()> {
        Box::pin(async {})
    }

    fn finish<'a>(self: Box<Self>, _: Instant) -> LocalBoxFuture<'a, Finished>
    where
        Self: 'a,
    {
        self.watcher.end(self.place, self.part);
        Box::pin(async { Finished::default() })
    }
}
