//! From AWS APIs to facts, one file a service. Knows no check: it is told which groups of facts are needed.
//!
//! A [`Reader`] lives for one run: it reads an account in a Region and asks AWS nothing twice.

mod ecr;
mod eks;
mod iam;
mod kms;
mod memo;
mod tags;
mod unread;

use aws_config::SdkConfig;
use aws_smithy_runtime::client::retries::RetryPartition;
use eksentry_core::resource::ResourceError;
use eksentry_core::{Location, Needs, Observation, Resource, ResourceKind, State, Unread};
use futures::StreamExt;
use jiff::Timestamp;
use tokio::sync::{Semaphore, mpsc};

use crate::memo::Memo;
pub use crate::tags::Tags;

/// How many calls are in flight at a time. EKS and ECR publish no rates and throttle in practice, and the SDK's
/// adaptive retries slow down when they do.
const CALLS_AT_A_TIME: usize = 16;

/// How many resources are looked at at a time; each holds its facts in memory.
const LOOKS_AT_A_TIME: usize = 32;

/// The IAM actions of all calls made here, in the order of the services.
pub fn actions() -> impl Iterator<Item = &'static str> {
    [
        eks::ACTIONS,
        ecr::ACTIONS,
        kms::ACTIONS,
        iam::ACTIONS,
        tags::ACTIONS,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// The clients of the services that are read; made once, borrowed by every run.
#[derive(Debug, Clone)]
pub struct Clients {
    eks: aws_sdk_eks::Client,
    ecr: aws_sdk_ecr::Client,
    kms: aws_sdk_kms::Client,
    iam: aws_sdk_iam::Client,
    tagging: aws_sdk_resourcegroupstagging::Client,
}

impl Clients {
    /// Clients with that configuration, which draw their retries from that partition.
    pub fn new(config: &SdkConfig, retries: &RetryPartition) -> Self {
        let retries = || retries.clone();
        let eks = aws_sdk_eks::config::Builder::from(config).retry_partition(retries());
        let ecr = aws_sdk_ecr::config::Builder::from(config).retry_partition(retries());
        let kms = aws_sdk_kms::config::Builder::from(config).retry_partition(retries());
        let iam = aws_sdk_iam::config::Builder::from(config).retry_partition(retries());
        let tagging =
            aws_sdk_resourcegroupstagging::config::Builder::from(config).retry_partition(retries());
        Self {
            eks: aws_sdk_eks::Client::from_conf(eks.build()),
            ecr: aws_sdk_ecr::Client::from_conf(ecr.build()),
            kms: aws_sdk_kms::Client::from_conf(kms.build()),
            iam: aws_sdk_iam::Client::from_conf(iam.build()),
            tagging: aws_sdk_resourcegroupstagging::Client::from_conf(tagging.build()),
        }
    }
}

/// Reads the facts about an account's resources in a Region.
#[derive(Debug)]
pub struct Reader<'a> {
    clients: &'a Clients,
    location: Location,
    calls: Semaphore,
    eks: eks::Memos,
    ecr: ecr::Memos,
    kms: kms::Memos,
    iam: iam::Memos,
}

/// Resources that could not be listed, so that what is missing among those that were is not known to be gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlisted {
    /// Their kind.
    pub kind: ResourceKind,
    /// The repository whose images they are, where it is only those.
    pub repository: Option<String>,
    /// Why.
    pub reason: Unread,
}

impl<'a> Reader<'a> {
    /// A reader of one run.
    pub fn new(clients: &'a Clients, location: Location) -> Self {
        Self {
            clients,
            location,
            calls: Semaphore::new(CALLS_AT_A_TIME),
            eks: eks::Memos::default(),
            ecr: ecr::Memos::default(),
            kms: kms::Memos::default(),
            iam: iam::Memos::default(),
        }
    }

    /// Looks at one resource.
    pub async fn look(&self, resource: &Resource, needs: Needs) -> Observation {
        let observed_at = Timestamp::now();
        let state = match resource.kind() {
            ResourceKind::EksCluster => Box::pin(self.cluster(resource.name(), needs)).await,
            ResourceKind::EcrRepository => self.repository(resource.name(), needs).await,
            ResourceKind::EcrImage => self.image(resource, needs).await,
            ResourceKind::KmsKey => self.key(resource.name(), needs).await,
        };
        Observation {
            resource: resource.clone(),
            observed_at,
            state,
        }
    }

    /// Looks at several resources at the same time, and hands on what it sees as it comes.
    pub async fn look_at(
        &self,
        resources: &[Resource],
        needs: Needs,
        out: &mpsc::Sender<Observation>,
    ) {
        futures::stream::iter(resources)
            .for_each_concurrent(LOOKS_AT_A_TIME, |resource| async move {
                self.hand_on(Box::pin(self.look(resource, needs)).await, out)
                    .await;
            })
            .await;
    }

    /// Looks at all resources of these kinds, and hands on what it sees as it comes. What it could not list comes
    /// back; without any, the enumeration is complete.
    pub async fn look_at_all(
        &self,
        kinds: &[ResourceKind],
        needs: Needs,
        out: &mpsc::Sender<Observation>,
    ) -> Vec<Unlisted> {
        let wanted = |kind| kinds.contains(&kind);
        let (clusters, keys, registry) = futures::join!(
            async {
                if wanted(ResourceKind::EksCluster) {
                    self.all_clusters(needs, out).await
                } else {
                    Vec::new()
                }
            },
            async {
                if wanted(ResourceKind::KmsKey) {
                    self.all_keys(needs, out).await
                } else {
                    Vec::new()
                }
            },
            async {
                let (repositories, images) = (
                    wanted(ResourceKind::EcrRepository),
                    wanted(ResourceKind::EcrImage),
                );
                if repositories || images {
                    self.all_of_the_registry(repositories, images, needs, out)
                        .await
                } else {
                    Vec::new()
                }
            },
        );
        [clusters, keys, registry].concat()
    }

    async fn look_at_names(
        &self,
        kind: ResourceKind,
        names: Vec<String>,
        needs: Needs,
        out: &mpsc::Sender<Observation>,
    ) {
        let resources = names
            .iter()
            .map(|name| Resource::named(kind, name, &self.location));
        let resources: Vec<Resource> = resources.filter_map(listed).collect();
        self.look_at(&resources, needs, out).await;
    }

    async fn hand_on(&self, observation: Observation, out: &mpsc::Sender<Observation>) {
        // The receiver goes only when its run was given up; then there is nobody left to tell.
        let _ = out.send(observation).await;
    }

    /// Runs one call when there is room for it.
    async fn call<T>(&self, call: impl Future<Output = T>) -> T {
        let room = self.calls.acquire().await;
        let answer = call.await;
        drop(room);
        answer
    }
}

/// A listed resource; one whose name no service should allow is left out, and said so.
fn listed(resource: Result<Resource, ResourceError>) -> Option<Resource> {
    resource
        .inspect_err(|error| tracing::error!("a listed resource is left out: {error}"))
        .ok()
}

/// Whether a call's answer says that there is no such thing.
fn gone_or_unread<E>(unread: Unread, error: Option<&E>, is_gone: impl Fn(&E) -> bool) -> State {
    if error.is_some_and(is_gone) {
        State::Gone
    } else {
        State::Unread(unread)
    }
}

/// An SDK timestamp as a plain one; `None` where it is absent or beyond what can be written.
fn timestamp(time: Option<&aws_smithy_types::DateTime>) -> Option<Timestamp> {
    time.and_then(|time| Timestamp::from_millisecond(time.to_millis().ok()?).ok())
}
