//! The Security Hub sink: sends findings that changed, archives findings of gone resources, and leaves all others as
//! they are.
//!
//! `held_findings.rs` reads the findings in Security Hub, `policy.rs` decides about each finding, `delivery.rs` sends.

mod delivery;
mod held_findings;
mod policy;

use std::cell::RefCell;

use eksentry_collectors::Reader;
use eksentry_core::{Finding, Resource};
use futures::future::LocalBoxFuture;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::{Finished, Gone, Held, Sink};
use crate::error::Error;
use crate::invocation::Invocation;
use crate::place::Place;
use crate::scope::Scope;
use delivery::{Batch, Delivery};
use held_findings::HeldFindings;

/// A sink that sends the findings of one run to Security Hub.
pub(crate) struct SecurityHubSink<'a> {
    held: HeldFindings<'a>,
    delivery: Delivery<'a>,
    /// The channel of batches. The sender is dropped when the run has no further findings; `sent`, the receiver, is
    /// taken when sending begins.
    batches: RefCell<Option<mpsc::Sender<Batch>>>,
    sent: RefCell<Option<mpsc::Receiver<Batch>>>,
}

impl<'a> SecurityHubSink<'a> {
    /// Creates a sink, with the findings of eksentry that Security Hub holds about the targets of a run.
    ///
    /// # Errors
    ///
    /// Returns an error if these cannot be read. Then nothing may be sent, since the times at which findings were first
    /// reported would be lost.
    pub(crate) async fn open(
        invocation: &'a Invocation<'a>,
        place: &'a Place,
        reader: &'a Reader<'a>,
        scope: Scope<'a>,
        run: &'a str,
    ) -> Result<Self, Error> {
        let (held, known) = HeldFindings::read(invocation, place, scope, run).await?;
        let settings = invocation.settings;
        let (batches, sent) = mpsc::channel(1);
        Ok(Self {
            held,
            delivery: Delivery::new(&place.security_hub, reader, settings, run, known),
            batches: RefCell::new(Some(batches)),
            sent: RefCell::new(Some(sent)),
        })
    }

    /// Passes the findings that wait to be sent to the sender, as a batch.
    async fn queue_batch(&self) {
        let batch = self.delivery.batch();
        let batches = self.batches.borrow().clone();
        if let (Some(batch), Some(batches)) = (batch, batches) {
            // The receiver is dropped only if its run was given up.
            let _ = batches.send(batch).await;
        }
    }
}

impl Sink for SecurityHubSink<'_> {
    fn is_up_to_date(&self, finding: &Finding) -> bool {
        self.delivery.is_up_to_date(finding)
    }

    fn may_close(&self, finding: &Finding) -> bool {
        self.delivery.may_close(finding)
    }

    fn count_unchanged(&self, finding: &Finding) {
        self.delivery.count_unchanged(finding);
    }

    fn held_findings(&self) -> Option<Vec<Held>> {
        Some(self.delivery.held_findings())
    }

    fn take<'a>(&'a self, finding: &'a Finding) -> LocalBoxFuture<'a, ()> {
        Box::pin(async {
            if self.delivery.take(finding) {
                self.queue_batch().await;
            }
        })
    }

    fn end(&self) -> LocalBoxFuture<'_, ()> {
        Box::pin(async {
            self.queue_batch().await;
            self.batches.take();
        })
    }

    fn send(&self) -> LocalBoxFuture<'_, ()> {
        Box::pin(async {
            if let Some(sent) = self.sent.take() {
                self.delivery.send_all(sent).await;
            }
        })
    }

    fn gone_findings(&self, is_gone: &dyn Fn(&str, &Resource) -> bool) -> Vec<Gone> {
        self.delivery.gone_findings(is_gone)
    }

    fn close<'a>(&'a self, gone: &'a Gone) -> LocalBoxFuture<'a, ()> {
        Box::pin(async { self.delivery.close(gone) })
    }

    fn finish<'a>(self: Box<Self>, until: Instant) -> LocalBoxFuture<'a, Finished>
    where
        Self: 'a,
    {
        Box::pin(async move {
            let (known, finished) = self.delivery.finish(until).await;
            self.held.keep(known, &finished.counts).await;
            finished
        })
    }
}
