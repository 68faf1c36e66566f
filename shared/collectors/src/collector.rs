//! The trait of collectors, which read resources. There is one collector for each family of kinds.

use eksentry_core::kind::Family;
use eksentry_core::{Needs, Observation, Part, Resource, ResourceKind, State};
use futures::future::LocalBoxFuture;
use tokio::sync::mpsc;

use crate::permission::Permissions;
use crate::{Gate, Reader, Unlisted};

/// A reader of the resources of one family: it lists them, and describes one.
pub(crate) trait Collector: Sync {
    /// Returns the family of the kinds that it reads.
    fn family(&self) -> Family;

    /// Returns the permissions of the calls that list the resources of a kind, and describe one.
    fn permissions(&self, kind: &ResourceKind) -> Permissions;

    /// Describes one resource. The gate may narrow the facts that are read.
    fn describe<'a>(
        &'a self,
        reader: &'a Reader<'_>,
        resource: &'a Resource,
        needs: Needs,
        gate: &'a Gate<'a>,
    ) -> LocalBoxFuture<'a, State>;

    /// Lists the resources of a part of an account, and sends an observation of each. Returns the resources that could
    /// not be listed; if there are none, the enumeration is complete.
    fn list<'a>(
        &'a self,
        reader: &'a Reader<'_>,
        listing: Listing<'a>,
    ) -> LocalBoxFuture<'a, Vec<Unlisted>>;
}

/// The resources to list, and the channel for their observations.
#[derive(Clone, Copy)]
pub(crate) struct Listing<'a> {
    /// The part of the account that is listed.
    pub(crate) slice: &'a Part,
    /// The kinds of resource that are evaluated.
    pub(crate) kinds: &'a [&'static ResourceKind],
    /// The facts that are needed.
    pub(crate) needs: Needs,
    /// The function that decides whether a listed resource is described.
    pub(crate) gate: &'a Gate<'a>,
    /// The channel that observations are sent to.
    pub(crate) out: &'a mpsc::Sender<Observation>,
}

impl Listing<'_> {
    /// Returns `true` if resources of a kind are evaluated.
    pub(crate) fn wants(&self, kind: &ResourceKind) -> bool {
        self.kinds.contains(&kind)
    }
}
