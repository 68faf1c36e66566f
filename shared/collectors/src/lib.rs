//! From AWS APIs to facts, one file a service. Knows no check: it is told which groups of facts are needed.
//!
//! A [`Reader`] lives for one run: it reads an account in a Region and asks AWS nothing twice.

mod account;
mod call;
mod collector;
mod ecr;
mod eks;
mod iam;
mod kms;
mod memo;
mod permission;
mod tags;
mod unread;

use std::sync::Arc;

use eksentry_aws::{Aws, Clock, Lazy, Pace, client};
use eksentry_core::{
    Location, Need, Needs, Observation, Part, ReasonCode, Resource, ResourceKind, State, Unread,
};
use futures::StreamExt;
use jiff::Timestamp;
use tokio::sync::mpsc;

pub use crate::call::Call;
use crate::collector::{Collector, Listing};
pub use crate::eks::AccountClusters;
use crate::memo::Memo;
pub use crate::permission::{Arns, Permission};
pub use crate::tags::Tags;

/// How many resources are looked at at a time; each holds its facts in memory.
const LOOKS_AT_A_TIME: usize = 32;

/// Returns the permissions that looking at resources of a kind takes, those for their tags among them.
pub fn permissions(kind: &ResourceKind) -> Vec<Permission> {
    let collector = collector_of(kind);
    let mut permissions = collector.map_or_else(Vec::new, |one| one.permissions(kind));
    permissions.push(tags::GET);
    permissions
}

/// Returns whether a call is made in all Regions that are looked at, whichever the resource's own is: to know who uses
/// which role.
pub fn is_made_in_all_regions(permission: &Permission) -> bool {
    eks::IN_ALL_REGIONS.contains(permission)
}

/// All collectors, one a family of kinds.
static COLLECTORS: [&dyn Collector; 4] = [
    &eks::ClusterCollector,
    &ecr::RegistryCollector,
    &kms::KeyCollector,
    &account::AccountCollector,
];

/// Returns the collector of a kind's family.
fn collector_of(kind: &ResourceKind) -> Option<&'static dyn Collector> {
    let mut collectors = COLLECTORS.into_iter();
    collectors.find(|collector| collector.family() == kind.family)
}

/// Whether some of these facts are about all Regions of an account, so that clusters of others than the resource's own
/// are read for them.
pub fn span_regions(needs: Needs) -> bool {
    needs.contains(Need::ClusterRole)
}

/// The clients of the services that are read, of one account in one Region; made once, borrowed by every run.
#[derive(Debug, Clone)]
pub struct Clients {
    config: Lazy<aws_sdk_config::Client>,
    eks: Lazy<aws_sdk_eks::Client>,
    ecr: Lazy<aws_sdk_ecr::Client>,
    kms: Lazy<aws_sdk_kms::Client>,
    iam: Lazy<aws_sdk_iam::Client>,
    tagging: Lazy<aws_sdk_resourcegroupstagging::Client>,
    paces: Paces,
    clock: Clock,
}

/// How many calls of each service are in flight. EKS and ECR publish no rates and throttle in practice; one that does
/// slows down nothing but itself.
#[derive(Debug, Clone, Default)]
struct Paces {
    config: Pace,
    eks: Pace,
    ecr: Pace,
    kms: Pace,
    iam: Pace,
    tagging: Pace,
}

impl Clients {
    /// Clients of that account and Region.
    pub fn new(aws: &Aws) -> Self {
        let paces = Paces::default();
        Self {
            config: client!(aws_sdk_config, aws, Some(&paces.config)),
            eks: client!(aws_sdk_eks, aws, Some(&paces.eks)),
            ecr: client!(aws_sdk_ecr, aws, Some(&paces.ecr)),
            kms: client!(aws_sdk_kms, aws, Some(&paces.kms)),
            iam: client!(aws_sdk_iam, aws, Some(&paces.iam), &iam::REQUIRED),
            tagging: client!(aws_sdk_resourcegroupstagging, aws, Some(&paces.tagging)),
            paces,
            clock: aws.clock().clone(),
        }
    }
}

/// Reads the facts about an account's resources in a Region.
#[derive(Debug)]
pub struct Reader<'a> {
    clients: &'a Clients,
    location: Location,
    clusters: Arc<eks::Clusters>,
    account: Arc<AccountClusters>,
    began_at: Timestamp,
    ecr: ecr::Memos,
    kms: kms::Memos,
    iam: iam::Memos,
}

/// Resources that could not be listed, so that what is missing among those that were is not known to be gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlisted {
    /// Their kind.
    pub kind: &'static ResourceKind,
    /// The repository whose images they are, where it is only those.
    pub repository: Option<String>,
    /// Why.
    pub reason: Unread,
}

impl Unlisted {
    /// All of a kind.
    fn all(kind: &'static ResourceKind, reason: Unread) -> Self {
        Self {
            kind,
            repository: None,
            reason,
        }
    }

    /// Whether there are resources that nobody looks at; otherwise there may be none.
    pub fn is_loss(&self) -> bool {
        self.reason.code != ReasonCode::NoList
    }
}

/// What is to become of a resource of which a list has told something, but which was not looked at itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// It is to be looked at.
    Look,
    /// What the list told is enough.
    Enough,
    /// Nothing: whoever was asked has settled it already.
    Settled,
}

/// Decides about resources in a list. What it is shown has the facts that the list tells, and the others unread.
pub type Gate<'a> = dyn Fn(&Observation) -> Step + 'a;

impl<'a> Reader<'a> {
    /// A reader of one run, which knows who uses which role in those clusters.
    pub fn new(clients: &'a Clients, location: Location, account: &Arc<AccountClusters>) -> Self {
        Self {
            clients,
            clusters: account.in_region(clients, &location),
            account: Arc::clone(account),
            location,
            began_at: clients.clock.now(),
            ecr: ecr::Memos::default(),
            kms: kms::Memos::default(),
            iam: iam::Memos::default(),
        }
    }

    /// Where it reads.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// When it was made; nothing that it tells was read before.
    pub fn began_at(&self) -> Timestamp {
        self.began_at
    }

    fn now(&self) -> Timestamp {
        self.clients.clock.now()
    }

    /// Looks at one resource; of an image that only its manifest tells from an attestation, all but that.
    async fn look(&self, resource: &Resource, needs: Needs) -> Observation {
        let observed_at = self.now();
        let state = match collector_of(resource.kind()) {
            Some(collector) => collector.describe(self, resource, needs).await,
            None => State::Unread(Unread::not_asked("the resource")),
        };
        Observation {
            resource: resource.clone(),
            observed_at,
            state,
        }
    }

    /// Looks at several resources at the same time, and hands on what it sees as it comes. Images whose manifests matter
    /// come last, so that a call brings many manifests.
    pub async fn look_at(
        &self,
        resources: &[Resource],
        needs: Needs,
        out: &mpsc::Sender<Observation>,
    ) {
        let waiting: Vec<Observation> = futures::stream::iter(resources)
            .map(|resource| async move {
                let observation = Box::pin(self.look(resource, needs)).await;
                if ecr::needs_manifest(&observation) {
                    return Some(observation);
                }
                self.hand_on(observation, out).await;
                None
            })
            .buffer_unordered(LOOKS_AT_A_TIME)
            .filter_map(std::future::ready)
            .collect()
            .await;
        for observation in self.with_manifests(waiting).await {
            self.hand_on(observation, out).await;
        }
    }

    /// Looks at all resources of a part that are of these kinds, and hands on what it sees as it comes. What it could
    /// not list comes back; without any, the enumeration is complete.
    pub async fn look_at_part(
        &self,
        part: &Part,
        kinds: &[&'static ResourceKind],
        needs: Needs,
        gate: &Gate<'_>,
        out: &mpsc::Sender<Observation>,
    ) -> Vec<Unlisted> {
        let Some(collector) = kinds.first().and_then(|kind| collector_of(kind)) else {
            return Vec::new();
        };
        let listing = Listing {
            slice: part,
            kinds,
            needs,
            gate,
            out,
        };
        collector.list(self, listing).await
    }

    /// Looks at resources that a list named; what can't be looked at comes back.
    async fn look_at_names(
        &self,
        kind: &'static ResourceKind,
        names: &[String],
        call: &Call<'_>,
        needs: Needs,
        out: &mpsc::Sender<Observation>,
    ) -> Option<Unlisted> {
        let mut resources = Vec::new();
        let mut left_out = None;
        for name in names {
            match Resource::named(kind, name, &self.location) {
                Ok(resource) => resources.push(resource),
                Err(error) => {
                    let reason = call.nameless(&error.to_string());
                    left_out = Some(Unlisted::all(kind, reason));
                }
            }
        }
        self.look_at(&resources, needs, out).await;
        left_out
    }

    async fn hand_on(&self, observation: Observation, out: &mpsc::Sender<Observation>) {
        // The receiver goes only when its run was given up; then there is nobody left to tell.
        let _ = out.send(observation).await;
    }
}

/// An SDK timestamp as a plain one; `None` where it is absent or beyond what can be written.
fn timestamp(time: Option<&aws_smithy_types::DateTime>) -> Option<Timestamp> {
    time.and_then(|time| Timestamp::from_millisecond(time.to_millis().ok()?).ok())
}

#[cfg(test)]
mod tests {
    use eksentry_core::kinds::KINDS;

    use super::*;

    #[test]
    fn every_kind_has_one_collector() {
        for kind in KINDS {
            let collectors = COLLECTORS.iter();
            let collectors = collectors.filter(|collector| collector.family() == kind.family);
            assert_eq!(collectors.count(), 1, "{kind:?}");
        }
    }
}
