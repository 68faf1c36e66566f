//! Security Hub: what changed is sent, what is gone is archived, the rest is left alone.
//!
//! `memory.rs` knows what Security Hub holds, `policy.rs` decides about each finding, `delivery.rs` sends.

mod delivery;
mod memory;
mod policy;

use std::cell::RefCell;

use eksentry_collectors::Reader;
use eksentry_core::{Finding, Resource};
use futures::future::LocalBoxFuture;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::{Finished, Gone, Sink};
use crate::error::Error;
use crate::invocation::Invocation;
use crate::place::Place;
use crate::scope::Scope;
use delivery::{Batch, Delivery};
use memory::Memory;

/// Takes the findings of one run to Security Hub.
pub(crate) struct SecurityHubSink<'a> {
    memory: Memory<'a>,
    delivery: Delivery<'a>,
    /// Batches on their way; the sending end goes when the run has no further findings, the other when sending begins.
    batches: RefCell<Option<mpsc::Sender<Batch>>>,
    sent: RefCell<Option<mpsc::Receiver<Batch>>>,
}

impl<'a> SecurityHubSink<'a> {
    /// Reads back what Security Hub holds of ours about the targets of a run.
    ///
    /// # Errors
    ///
    /// If it can't be read; then nothing may be sent, since it would be lost when findings were first reported.
    pub(crate) async fn open(
        invocation: &'a Invocation<'a>,
        place: &'a Place,
        reader: &'a Reader<'a>,
        scope: Scope<'a>,
    ) -> Result<Self, Error> {
        let (memory, known) = Memory::read(invocation, place, scope).await?;
        let Invocation { settings, id, .. } = invocation;
        let (batches, sent) = mpsc::channel(1);
        Ok(Self {
            memory,
            delivery: Delivery::new(&place.security_hub, reader, settings, id, known),
            batches: RefCell::new(Some(batches)),
            sent: RefCell::new(Some(sent)),
        })
    }

    /// Hands out what was taken and not yet handed out.
    async fn hand_out(&self) {
        let batch = self.delivery.batch();
        let batches = self.batches.borrow().clone();
        if let (Some(batch), Some(batches)) = (batch, batches) {
            // The receiver goes only when its run was given up.
            let _ = batches.send(batch).await;
        }
    }
}

impl Sink for SecurityHubSink<'_> {
    fn is_settled(&self, findings: &[Finding]) -> bool {
        self.delivery.is_settled(findings)
    }

    fn settle(&self, findings: &[Finding]) {
        self.delivery.settle(findings);
    }

    fn take<'a>(&'a self, finding: &'a Finding) -> LocalBoxFuture<'a, ()> {
        Box::pin(async {
            if self.delivery.take(finding) {
                self.hand_out().await;
            }
        })
    }

    fn end(&self) -> LocalBoxFuture<'_, ()> {
        Box::pin(async {
            self.hand_out().await;
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

    fn unmet(&self, is_gone: &dyn Fn(&str, &Resource) -> bool) -> Vec<Gone> {
        self.delivery.unmet(is_gone)
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
            self.memory.keep(known, &finished.counts).await;
            finished
        })
    }
}
