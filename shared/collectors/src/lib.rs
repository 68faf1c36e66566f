//! Collectors that read facts from AWS APIs, one module for each service. They do not depend on checks: an argument
//! gives the groups of facts that are needed.
//!
//! A [`Reader`] serves one run: it reads an account in a Region. A call whose response several resources need is made
//! only once.

mod account;
mod age;
mod call;
mod cloudtrail;
mod cloudwatch;
mod collector;
mod ec2;
mod ecr;
mod efs;
mod eks;
mod elb;
mod guardduty;
mod iam;
mod inspector;
mod kms;
mod kubernetes;
mod logs;
mod members;
mod memo;
mod named_keys;
mod needed;
mod organization;
mod permission;
mod policies;
mod tags;
mod unread;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use eksentry_aws::{
    Aws, Clock, JsonClient, Lazy, Pace, QueryClient, QueryService, Rates, Service, client,
};
use eksentry_core::facts::EcrImage;
use eksentry_core::kind::Family;
use eksentry_core::{
    FactsOf, Location, Need, Needs, Observation, Part, ReasonCode, Resource, ResourceKind, State,
    Unread,
};
use eksentry_kubernetes::Routes;
use futures::StreamExt;
use jiff::Timestamp;
use tokio::sync::mpsc;

pub use crate::call::Call;
use crate::collector::{Collector, Listing};
pub use crate::eks::AccountClusters;
use crate::memo::Memo;
pub use crate::permission::{Arns, Permission, Switch};
pub use crate::tags::Tags;

/// The number of resources that are described at a time; each holds its facts in memory.
const DESCRIPTIONS_AT_A_TIME: usize = 32;

/// Returns the permissions that listing and describing resources of a kind takes, including the permission to read
/// their tags.
pub fn permissions(kind: &ResourceKind) -> Vec<Permission> {
    let mut permissions = permissions_for(kind, Needs::all());
    permissions.push(tags::GET);
    permissions
}

/// Returns the permissions that listing and describing resources of a kind takes, as far as these facts are needed.
pub fn permissions_for(kind: &ResourceKind, needs: Needs) -> Vec<Permission> {
    let collector = collector_of(kind);
    collector.map_or_else(Vec::new, |one| one.permissions(kind).for_needs(needs))
}

/// Returns the permission that reading the tags of most resources takes.
pub fn permission_for_tags() -> Permission {
    tags::GET
}

/// Returns `true` if a call with this permission is made in all Regions of a run, regardless of the resource's own
/// Region: to find the users of each role.
pub fn is_made_in_all_regions(permission: &Permission) -> bool {
    eks::IN_ALL_REGIONS.contains(permission)
}

/// Returns `true` if a permission serves to list all keys of an account, and not to describe one.
pub fn is_for_listing_keys(permission: &Permission) -> bool {
    *permission == kms::LIST
}

/// All collectors, one for each family of kinds.
static COLLECTORS: [&dyn Collector; 6] = [
    &eks::ClusterCollector,
    &kubernetes::ContentsCollector,
    &ecr::RegistryCollector,
    &kms::KeyCollector,
    &efs::FileSystemCollector,
    &account::AccountCollector,
];

/// Returns the collector of a kind's family.
fn collector_of(kind: &ResourceKind) -> Option<&'static dyn Collector> {
    let mut collectors = COLLECTORS.into_iter();
    collectors.find(|collector| collector.family() == kind.family)
}

/// Returns `true` if some of these facts concern all Regions of an account, so that clusters in Regions other than the
/// resource's own are read for them.
pub fn span_regions(needs: Needs) -> bool {
    needs.contains(Need::ClusterRole)
}

/// The clients of the services that are read, for one account in one Region. They are created once, and every run
/// borrows them.
#[derive(Debug, Clone)]
pub struct Clients {
    cloudtrail: Lazy<JsonClient>,
    cloudwatch: Lazy<QueryClient>,
    config: Lazy<aws_sdk_config::Client>,
    ec2: Lazy<QueryClient>,
    eks: Lazy<aws_sdk_eks::Client>,
    ecr: Lazy<aws_sdk_ecr::Client>,
    efs: Lazy<JsonClient>,
    sts: Lazy<aws_sdk_sts::Client>,
    elb: Lazy<QueryClient>,
    guardduty: Lazy<JsonClient>,
    inspector: Lazy<JsonClient>,
    kms: Lazy<aws_sdk_kms::Client>,
    kubernetes: Routes,
    iam: Lazy<aws_sdk_iam::Client>,
    logs: Lazy<JsonClient>,
    organizations: Lazy<aws_sdk_organizations::Client>,
    tagging: Lazy<aws_sdk_resourcegroupstagging::Client>,
    paces: Paces,
    rates: Rates,
    clock: Clock,
    aws: Aws,
}

/// The limits on the concurrent calls of each service. EKS and ECR publish no rates and throttle in practice; a service
/// that throttles slows down only its own calls.
#[derive(Debug, Clone, Default)]
struct Paces {
    cloudtrail: Pace,
    cloudwatch: Pace,
    config: Pace,
    ec2: Pace,
    eks: Pace,
    ecr: Pace,
    efs: Pace,
    elb: Pace,
    guardduty: Pace,
    inspector: Pace,
    kms: Pace,
    iam: Pace,
    logs: Pace,
    organizations: Pace,
    sts: Pace,
    tagging: Pace,
}

impl Clients {
    /// Creates the clients for the account and Region of `aws`. `kubernetes` leads to the API servers of clusters.
    pub fn new(aws: &Aws, kubernetes: &Routes) -> Self {
        let paces = Paces::default();
        Self {
            cloudtrail: json_client(cloudtrail::SERVICE, aws, &paces.cloudtrail),
            cloudwatch: query_client(cloudwatch::SERVICE, aws, &paces.cloudwatch),
            config: client!(aws_sdk_config, aws, Some(&paces.config)),
            ec2: query_client(ec2::SERVICE, aws, &paces.ec2),
            eks: client!(aws_sdk_eks, aws, Some(&paces.eks)),
            ecr: client!(aws_sdk_ecr, aws, Some(&paces.ecr), &ecr::REQUIRED),
            efs: json_client(efs::SERVICE, aws, &paces.efs),
            sts: client!(aws_sdk_sts, aws, Some(&paces.sts)),
            aws: aws.clone(),
            elb: query_client(elb::SERVICE, aws, &paces.elb),
            guardduty: json_client(guardduty::SERVICE, aws, &paces.guardduty),
            inspector: json_client(inspector::SERVICE, aws, &paces.inspector),
            kms: client!(aws_sdk_kms, aws, Some(&paces.kms)),
            kubernetes: kubernetes.clone(),
            iam: client!(aws_sdk_iam, aws, Some(&paces.iam), &iam::REQUIRED),
            logs: json_client(logs::SERVICE, aws, &paces.logs),
            organizations: client!(aws_sdk_organizations, aws, Some(&paces.organizations)),
            tagging: client!(aws_sdk_resourcegroupstagging, aws, Some(&paces.tagging)),
            paces,
            rates: Rates::default(),
            clock: aws.clock().clone(),
        }
    }

    /// Returns the ways to the API servers of clusters.
    pub fn kubernetes(&self) -> &Routes {
        &self.kubernetes
    }
}

fn query_client(service: QueryService, aws: &Aws, pace: &Pace) -> Lazy<QueryClient> {
    let (aws, pace) = (aws.clone(), pace.clone());
    Lazy::new(move || QueryClient::new(service, &aws, Some(&pace)))
}

fn json_client(service: Service, aws: &Aws, pace: &Pace) -> Lazy<JsonClient> {
    let (aws, pace) = (aws.clone(), pace.clone());
    Lazy::new(move || JsonClient::new(service, &aws, Some(&pace)))
}

/// A reader of the facts about an account's resources in a Region.
#[derive(Debug)]
pub struct Reader<'a> {
    clients: &'a Clients,
    location: Location,
    clusters: Arc<eks::Clusters>,
    account: Arc<AccountClusters>,
    started_at: Timestamp,
    /// `true` if all clusters of the Region are evaluated, so that lists of the whole Region take fewer calls than one
    /// list for each cluster.
    whole_region: AtomicBool,
    cloudwatch: cloudwatch::Memos,
    ec2: ec2::Memos,
    ecr: ecr::Memos,
    efs: efs::Memos,
    elb: elb::Memos,
    guardduty: guardduty::Memos,
    kms: kms::Memos,
    named_keys: named_keys::Memos,
    logs: logs::Memos,
}

/// A set of resources that could not be listed completely. A resource that is missing from the list is therefore not
/// known to be gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unlisted {
    /// The kind of the resources.
    pub kind: &'static ResourceKind,
    /// The repository that contains the images, if only the images of one repository could not be listed.
    pub repository: Option<String>,
    /// The reason why they could not be listed.
    pub reason: Unread,
}

impl Unlisted {
    /// Returns a value for all resources of a kind.
    fn all(kind: &'static ResourceKind, reason: Unread) -> Self {
        Self {
            kind,
            repository: None,
            reason,
        }
    }

    /// Returns `true` if a call failed, so that resources are not evaluated. Returns `false` if a response lacks the
    /// list: there may be no resources.
    pub fn is_failure(&self) -> bool {
        self.reason.code != ReasonCode::NoList
    }
}

/// The next step for a resource of which a list has returned some facts, but which has not been described itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// These facts about the resource must be read.
    Describe(Needs),
    /// The facts in the list are sufficient.
    UseListed,
    /// No further step: the findings about the resource are up to date, so no observation is sent.
    Skip,
}

/// A function that decides the next step for a listed resource, or for one that was described without the facts that
/// require additional calls. The observation that it receives holds the facts that were read so far; the other facts are
/// unread.
pub type Gate<'a> = dyn Fn(&Observation) -> Step + 'a;

impl<'a> Reader<'a> {
    /// Creates a reader for one run. The users of roles are found in the clusters of `account`.
    pub fn new(clients: &'a Clients, location: Location, account: &Arc<AccountClusters>) -> Self {
        Self {
            clients,
            clusters: account.in_region(clients, &location),
            account: Arc::clone(account),
            location,
            started_at: clients.clock.now(),
            whole_region: AtomicBool::new(false),
            cloudwatch: cloudwatch::Memos::default(),
            ec2: ec2::Memos::default(),
            ecr: ecr::Memos::default(),
            efs: efs::Memos::default(),
            elb: elb::Memos::default(),
            guardduty: guardduty::Memos::default(),
            kms: kms::Memos::default(),
            named_keys: named_keys::Memos::default(),
            logs: logs::Memos::default(),
        }
    }

    /// Returns the account and Region that the reader reads.
    pub fn location(&self) -> &Location {
        &self.location
    }

    /// Returns the time at which the reader was created. Only responses about clusters and their roles, which the readers
    /// of an account share, may be older; observations of clusters have the time of the description.
    pub fn started_at(&self) -> Timestamp {
        self.started_at
    }

    /// Reads lists of the whole Region from now on.
    fn read_whole_region(&self) {
        self.whole_region.store(true, Ordering::Relaxed);
    }

    /// Returns `true` if lists of the whole Region are read.
    fn reads_whole_region(&self) -> bool {
        self.whole_region.load(Ordering::Relaxed)
    }

    fn now(&self) -> Timestamp {
        self.clients.clock.now()
    }

    /// Describes one resource. The manifest of an image is not read, even if a fact depends on it.
    async fn describe(&self, resource: &Resource, needs: Needs, gate: &Gate<'_>) -> Observation {
        let observed_at = self.now();
        let state = match collector_of(resource.kind()) {
            Some(collector) => collector.describe(self, resource, needs, gate).await,
            None => State::Unread(Unread::not_requested("the resource")),
        };
        // The readers of an account share the descriptions of its clusters, so one may be older. A finding about it must
        // not replace one about a later state.
        let described_at = match resource.kind().family {
            Family::Clusters | Family::Kubernetes => self.clusters.described_at(resource.cluster()),
            _ => None,
        };
        Observation {
            resource: resource.clone(),
            observed_at: described_at.map_or(observed_at, |at| at.min(observed_at)),
            state,
        }
    }

    /// Describes several resources concurrently, and sends each observation as soon as it is complete. Images whose
    /// manifests must be read come last, so that one call reads many manifests. The gate narrows the facts that are read
    /// about a resource, and never skips one.
    pub async fn describe_all(
        &self,
        resources: &[Resource],
        needs: Needs,
        gate: &Gate<'_>,
        out: &mpsc::Sender<Observation>,
    ) {
        let without_manifest: Vec<ecr::ManifestRequest> = futures::stream::iter(resources)
            .map(|resource| async move {
                let observation = Box::pin(self.describe(resource, needs, gate)).await;
                if resource.kind() != EcrImage::KIND {
                    self.send(observation, out).await;
                    return None;
                }
                let needs = match gate(&observation) {
                    Step::Describe(needs) => needs,
                    Step::UseListed | Step::Skip => Needs::empty(),
                };
                let observation = match ecr::ManifestRequest::of(observation, needs) {
                    Ok(request) => return Some(request),
                    Err(observation) => observation,
                };
                self.send(observation, out).await;
                None
            })
            .buffer_unordered(DESCRIPTIONS_AT_A_TIME)
            .filter_map(std::future::ready)
            .collect()
            .await;
        for observation in self.with_manifests(without_manifest).await {
            self.send(observation, out).await;
        }
    }

    /// Lists and describes all resources of a part that are of these kinds, and sends each observation as soon as it is
    /// complete. Returns the resources that could not be listed; if there are none, the enumeration is complete.
    pub async fn describe_part(
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

    /// Describes the resources that a list names. Returns `Some` if a name is invalid, so that its resource can't be
    /// described.
    async fn describe_named(
        &self,
        kind: &'static ResourceKind,
        names: &[String],
        call: &Call<'_>,
        needs: Needs,
        out: &mpsc::Sender<Observation>,
    ) -> Option<Unlisted> {
        let mut resources = Vec::new();
        let mut unnamed = None;
        for name in names {
            match Resource::named(kind, name, &self.location) {
                Ok(resource) => resources.push(resource),
                Err(error) => {
                    let reason = call.cannot_describe(&error.to_string());
                    unnamed = Some(Unlisted::all(kind, reason));
                }
            }
        }
        let gate = |_: &Observation| Step::Describe(needs);
        self.describe_all(&resources, needs, &gate, out).await;
        unnamed
    }

    async fn send(&self, observation: Observation, out: &mpsc::Sender<Observation>) {
        // The receiver is dropped only if its run was abandoned. Nothing reads the observation then.
        let _ = out.send(observation).await;
    }
}

/// Returns an SDK timestamp as a [`Timestamp`]; `None` if it is absent or out of range.
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
