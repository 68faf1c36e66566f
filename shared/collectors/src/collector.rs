//! The trait of all that reads resources: one collector a family of kinds.

use eksentry_core::kind::Family;
use eksentry_core::{Needs, Observation, Part, Resource, ResourceKind, State};
use futures::future::LocalBoxFuture;
use tokio::sync::mpsc;

use crate::permission::Permission;
use crate::{Gate, Reader, Unlisted};

/// Reads the resources of one family: lists them, and describes one.
pub(crate) trait Collector: Sync {
    /// Returns the family of the kinds that it reads.
    fn family(&self) -> Family;

    /// Returns the permissions of the calls that read a resource of a kind of the family, and list all.
    fn permissions(&self, kind: &ResourceKind) -> Vec<Permission>;

    /// Describes one resource.
    fn describe<'a>(
        &'a self,
        reader: &'a Reader<'_>,
        resource: &'a Resource,
        needs: Needs,
    ) -> LocalBoxFuture<'a, State>;

    /// Lists the resources of a slice and hands on what it sees of each. Returns what it could not list; without any, the
    /// enumeration is complete.
    fn list<'a>(
        &'a self,
        reader: &'a Reader<'_>,
        listing: Listing<'a>,
    ) -> LocalBoxFuture<'a, Vec<Unlisted>>;
}

/// The resources to list, and where they go.
#[derive(Clone, Copy)]
pub(crate) struct Listing<'a> {
    /// The slice of what there is.
    pub(crate) slice: &'a Part,
    /// The kinds of resource that are judged.
    pub(crate) kinds: &'a [&'static ResourceKind],
    /// The facts that are needed.
    pub(crate) needs: Needs,
    /// Decides whether a listed resource is described.
    pub(crate) gate: &'a Gate<'a>,
    /// Takes what is seen.
    pub(crate) out: &'a mpsc::Sender<Observation>,
}

impl Listing<'_> {
    /// Returns whether resources of a kind are judged.
    pub(crate) fn wants(&self, kind: &ResourceKind) -> bool {
        self.kinds.contains(&kind)
    }
}
