//! Amazon EKS clusters, and the users of their roles.

mod access;
pub(crate) mod addons;
mod insights;
mod monitoring;
mod node_groups;
mod node_roles;
mod parse;
mod pod_roles;
mod references;
mod role_use;
mod versions;

use std::sync::Arc;

use aws_sdk_eks::types::Cluster;
use eksentry_aws::{Clock, Lazy, Pace};
use eksentry_core::facts::List;
use eksentry_core::facts::cluster::{EksCluster, ListedVersion, NodeGroup};
use eksentry_core::kind::Family;
use eksentry_core::policy::OrganizationPath;
use eksentry_core::{
    Fact, FactsOf, Location, Need, Needs, Observation, Resource, ResourceKind, State, Unread,
};
use futures::future::LocalBoxFuture;
use futures::{FutureExt, StreamExt};
use jiff::Timestamp;
use tokio::sync::{OnceCell, mpsc};

pub(crate) use self::access::LIST as LIST_ACCESS_ENTRIES;
use self::role_use::RoleUse;
use crate::call::{Call, Next};
use crate::collector::{Collector, Listing};
use crate::iam::{AccountRoles, IdentityProviders};
use crate::permission::{Arns, Permission, Permissions};
use crate::{Clients, DESCRIPTIONS_AT_A_TIME, Gate, Memo, Reader, Unlisted};
use crate::{cloudwatch, ec2, elb, guardduty, iam, logs, named_keys};

/// All clusters of the account in a Region.
const CLUSTERS: &[Arns] = &[Arns::InRegion("cluster/*")];

pub(crate) const LIST: Permission = Permission::new("eks:ListClusters", &[Arns::Any]);
pub(crate) const DESCRIBE: Permission = Permission::new("eks:DescribeCluster", CLUSTERS);

/// The permissions of the calls that are made in all Regions of an account to find the users of each role.
pub(crate) const IN_ALL_REGIONS: &[Permission] =
    &[LIST, DESCRIBE, node_groups::LIST, node_groups::DESCRIBE];

/// The permissions of the calls that read a cluster's facts, and those of what the cluster uses.
const OF_NEEDS: &[(Need, &[&[Permission]])] = &[
    (Need::SecretsKey, &[&[named_keys::DESCRIBE]]),
    (Need::KeyAliases, &[&[named_keys::LIST_ALIASES]]),
    (
        Need::ClusterRole,
        &[iam::OF_ROLES, node_groups::PERMISSIONS],
    ),
    (Need::VersionSupport, &[&[versions::DESCRIBE]]),
    (Need::TrustingRoles, &[&[iam::LIST_ROLES]]),
    (Need::AccessEntries, &[&[access::LIST, iam::LIST_ROLES]]),
    (
        Need::ClusterAdmins,
        &[&[access::LIST, access::LIST_POLICIES]],
    ),
    (Need::NodeGroups, &[node_groups::PERMISSIONS]),
    (Need::Nodes, &[ec2::OF_NODES]),
    (Need::NodeRoles, &[iam::OF_ROLES, iam::OF_PROFILES]),
    (Need::Subnets, &[ec2::OF_SUBNETS]),
    (Need::SecurityGroups, &[ec2::OF_SECURITY_GROUPS]),
    (Need::Images, &[ec2::OF_IMAGES]),
    (Need::InstanceTypes, &[ec2::OF_INSTANCE_TYPES]),
    (Need::FlowLogs, &[ec2::OF_FLOW_LOGS]),
    (Need::VpcEndpoints, &[ec2::OF_ENDPOINTS]),
    (Need::UnencryptedVolumes, &[ec2::OF_VOLUMES, ec2::OF_NODES]),
    (Need::Addons, &[&[addons::LIST, addons::DESCRIBE]]),
    (Need::Insights, &[&[insights::LIST]]),
    (
        Need::PodRoles,
        &[&[pod_roles::LIST, iam::LIST_IDENTITY_PROVIDERS]],
    ),
    (Need::LoadBalancers, &[elb::PERMISSIONS]),
    (Need::LogGroup, &[logs::OF_GROUPS, &[named_keys::DESCRIBE]]),
    (
        Need::AuditLogWatcher,
        &[
            guardduty::OF_DETECTOR,
            logs::OF_GROUPS,
            logs::OF_WATCHERS,
            &[cloudwatch::DESCRIBE],
        ],
    ),
    (Need::Detector, &[guardduty::OF_DETECTOR]),
    (Need::RuntimeCoverage, &[guardduty::OF_CLUSTERS]),
];

/// The error code for a cluster, a node group or an add-on that does not exist.
const ABSENT: &[&str] = &["ResourceNotFoundException"];

/// An account's clusters in one Region. The list, and each cluster's description and node groups, are requested only
/// once.
#[derive(Debug)]
pub(crate) struct Clusters {
    client: Lazy<aws_sdk_eks::Client>,
    pace: Pace,
    clock: Clock,
    location: Location,
    names: OnceCell<Names>,
    /// The description of each cluster, with the time at which it was requested.
    described: Memo<String, (Timestamp, Described)>,
    addon_names: Memo<String, List<String>>,
    node_groups: Memo<String, Arc<List<NodeGroup>>>,
    versions: OnceCell<List<ListedVersion>>,
}

/// An account's clusters in all Regions that a run reads. IAM is global, so clusters in several Regions may use one
/// role.
#[derive(Debug)]
pub struct AccountClusters {
    regions: Vec<Arc<Clusters>>,
    /// The reason why there may be clusters in other Regions too.
    missing: Option<Unread>,
    role_use: OnceCell<RoleUse>,
    roles: OnceCell<AccountRoles>,
    iam: iam::Memos,
    identity_providers: OnceCell<IdentityProviders>,
    organization: OnceCell<Fact<Option<OrganizationPath>>>,
    caller: OnceCell<Fact<String>>,
}

/// The names of all clusters.
#[derive(Debug, Default)]
struct Names {
    names: Vec<String>,
    /// The reason why the names may not be complete.
    missing: Option<Unread>,
}

/// The result of describing a cluster.
#[derive(Debug, Clone)]
pub(crate) enum Described {
    Present(Arc<Cluster>),
    Gone,
    Unread(Unread),
}

/// The collector of clusters.
pub(crate) struct ClusterCollector;

impl Collector for ClusterCollector {
    fn family(&self) -> Family {
        Family::Clusters
    }

    fn permissions(&self, _: &ResourceKind) -> Permissions {
        Permissions {
            always: &[LIST, DESCRIBE],
            of_needs: OF_NEEDS,
        }
    }

    fn describe<'a>(
        &'a self,
        reader: &'a Reader<'_>,
        resource: &'a Resource,
        needs: Needs,
        _: &'a Gate<'a>,
    ) -> LocalBoxFuture<'a, State> {
        reader.cluster(resource.name(), needs).boxed_local()
    }

    fn list<'a>(
        &'a self,
        reader: &'a Reader<'_>,
        listing: Listing<'a>,
    ) -> LocalBoxFuture<'a, Vec<Unlisted>> {
        reader
            .list_clusters(listing.needs, listing.out)
            .boxed_local()
    }
}

/// Returns the facts in the description of a cluster.
pub(crate) fn facts(name: &str, cluster: &Cluster) -> EksCluster {
    parse::cluster(name, cluster)
}

impl Reader<'_> {
    async fn list_clusters(&self, needs: Needs, out: &mpsc::Sender<Observation>) -> Vec<Unlisted> {
        self.read_whole_region();
        let kind = EksCluster::KIND;
        let Names { names, missing } = self.clusters.names().await;
        let call = self.clusters.listing();
        let unnamed = self.describe_named(kind, names, &call, needs, out).await;
        let missing = missing.clone().map(|reason| Unlisted::all(kind, reason));
        missing.into_iter().chain(unnamed).collect()
    }

    /// Returns `true` if the Region holds a cluster.
    pub(crate) async fn has_clusters(&self) -> Fact<bool> {
        match self.clusters.names().await {
            Names { names, .. } if !names.is_empty() => Ok(true),
            Names { missing: None, .. } => Ok(false),
            Names {
                missing: Some(reason),
                ..
            } => Err(reason.clone()),
        }
    }

    async fn cluster(&self, name: &str, needs: Needs) -> State {
        let cluster = match self.clusters.described(name).await {
            Described::Present(cluster) => cluster,
            Described::Gone => return State::Gone,
            Described::Unread(reason) => return State::Unread(reason),
        };
        let mut facts = parse::cluster(name, &cluster);
        // The clock of EKS may be ahead of the local one.
        let age = |created| self.now().duration_since(created).unsigned_abs();
        facts.age = facts.created_at.map(age);
        if facts.inapplicable().is_none() {
            Box::pin(self.read_references(&mut facts, needs)).await;
        }
        State::present(facts)
    }
}

impl AccountClusters {
    /// Returns the clusters of one account in these Regions.
    pub fn new<'a>(regions: impl IntoIterator<Item = (&'a Clients, &'a Location)>) -> Arc<Self> {
        Self::with_missing(regions, None)
    }

    /// Returns the clusters of one account in these Regions. If these may not be all Regions that matter, `missing` is
    /// the reason.
    pub fn with_missing<'a>(
        regions: impl IntoIterator<Item = (&'a Clients, &'a Location)>,
        missing: Option<Unread>,
    ) -> Arc<Self> {
        let regions = regions
            .into_iter()
            .map(|(clients, location)| Arc::new(Clusters::new(clients, location)));
        Arc::new(Self {
            regions: regions.collect(),
            missing,
            role_use: OnceCell::new(),
            roles: OnceCell::new(),
            iam: iam::Memos::default(),
            identity_providers: OnceCell::new(),
            organization: OnceCell::new(),
            caller: OnceCell::new(),
        })
    }

    pub(crate) fn in_region(&self, clients: &Clients, location: &Location) -> Arc<Clusters> {
        let known = self
            .regions
            .iter()
            .find(|clusters| clusters.location == *location);
        known.map_or_else(|| Arc::new(Clusters::new(clients, location)), Arc::clone)
    }

    /// Returns the roles and policies that the readers of the account have read.
    pub(crate) fn iam(&self) -> &iam::Memos {
        &self.iam
    }

    /// Returns the roles of the account. `list` lists them if they are not known yet.
    pub(crate) async fn roles<F: Future<Output = AccountRoles>>(
        &self,
        list: impl FnOnce() -> F,
    ) -> &AccountRoles {
        self.roles.get_or_init(list).await
    }

    /// Returns the identity providers of the account. `list` lists them if they are not known yet.
    pub(crate) async fn identity_providers<F: Future<Output = IdentityProviders>>(
        &self,
        list: impl FnOnce() -> F,
    ) -> &IdentityProviders {
        self.identity_providers.get_or_init(list).await
    }

    /// Returns the organization of the account. `read` reads it if it is not known yet.
    pub(crate) async fn organization<F: Future<Output = Fact<Option<OrganizationPath>>>>(
        &self,
        read: impl FnOnce() -> F,
    ) -> &Fact<Option<OrganizationPath>> {
        self.organization.get_or_init(read).await
    }

    /// Returns the ARN of the principal that makes the calls. `read` reads it if it is not known yet.
    pub(crate) async fn caller<F: Future<Output = Fact<String>>>(
        &self,
        read: impl FnOnce() -> F,
    ) -> &Fact<String> {
        self.caller.get_or_init(read).await
    }
}

impl Clusters {
    fn new(clients: &Clients, location: &Location) -> Self {
        Self {
            client: clients.eks.clone(),
            pace: clients.paces.eks.clone(),
            clock: clients.clock.clone(),
            location: location.clone(),
            names: OnceCell::new(),
            described: Memo::default(),
            addon_names: Memo::default(),
            node_groups: Memo::default(),
            versions: OnceCell::new(),
        }
    }

    fn call(&self, permission: &Permission, target: String) -> Call<'_> {
        Call::new(permission.action, &self.pace, target).absent(ABSENT)
    }

    async fn names(&self) -> &Names {
        self.names.get_or_init(|| self.list()).await
    }

    async fn list(&self) -> Names {
        let call = self.listing();
        let list = self.client.list_clusters().max_results(100);
        let mut found = Names::default();
        let read = call.pages(
            |token| list.clone().set_next_token(token).send(),
            async |page| {
                match page.clusters {
                    Some(names) => found.names.extend(names),
                    None => found.missing = Some(call.no_list()),
                }
                Next::token(page.next_token)
            },
        );
        if let Err(failure) = read.await {
            found.missing = Some(failure.into());
        }
        // A list that leads back to an earlier page may have returned that page twice.
        found.names.sort_unstable();
        found.names.dedup();
        found
    }

    /// Returns the clusters that name a KMS key to encrypt their data, each with the key as it names it.
    pub(crate) async fn named_keys(&self) -> List<(String, String)> {
        let Names { names, missing } = self.names().await;
        let keys = futures::stream::iter(names).map(|name| async move {
            let cluster = match self.described(name).await {
                Described::Present(cluster) => parse::cluster(name, &cluster),
                Described::Gone => return Ok(None),
                Described::Unread(reason) => return Err(reason),
            };
            let applies = cluster.inapplicable().is_none();
            let key = cluster.secrets_key.filter(|_| applies);
            Ok(key.map(|key| (name.clone(), key.named)))
        });
        let keys = keys.buffer_unordered(DESCRIPTIONS_AT_A_TIME).collect();
        present(keys.await, missing.clone())
    }

    /// Returns the names of all clusters.
    ///
    /// # Errors
    ///
    /// Returns the reason why there may be others.
    pub(crate) async fn all_names(&self) -> Result<Vec<String>, Unread> {
        let Names { names, missing } = self.names().await;
        missing.clone().map_or_else(|| Ok(names.clone()), Err)
    }

    /// Returns the call that lists clusters.
    pub(crate) fn listing(&self) -> Call<'_> {
        self.call(&LIST, self.location.to_string())
    }

    /// Describes a cluster.
    pub(crate) async fn described(&self, name: &str) -> Described {
        let describe = || async {
            let call = self.call(&DESCRIBE, format!("cluster {name}"));
            let request = self.client.describe_cluster().name(name);
            let at = self.clock.now();
            let described = match call
                .send(request.send())
                .await
                .map(|response| response.cluster)
            {
                Ok(Some(cluster)) => Described::Present(Arc::new(cluster)),
                Ok(None) => Described::Unread(call.without("the cluster")),
                Err(failure) if failure.is_absent() => Described::Gone,
                Err(failure) => Described::Unread(failure.into()),
            };
            (at, described)
        };
        self.described.get(name.to_owned(), describe).await.1
    }

    /// Returns the time at which a cluster was described; `None` if it was not. Any reader of the account may have
    /// described it.
    pub(crate) fn described_at(&self, name: &str) -> Option<Timestamp> {
        Some(self.described.known(&name.to_owned())?.0)
    }
}

/// Returns the items that exist. The list is incomplete if `missing` has a reason, or if an item could not be read.
fn present<T>(items: Vec<Fact<Option<T>>>, missing: Option<Unread>) -> List<T> {
    let (mut found, mut unread) = (Vec::new(), Vec::new());
    for item in items {
        match item {
            Ok(item) => found.extend(item),
            Err(reason) => unread.push(reason),
        }
    }
    // Items are read in no particular order, but the same state must have the same reason.
    let first = unread
        .into_iter()
        .min_by(|one, other| one.text.cmp(&other.text));
    List {
        items: found,
        missing: missing.or(first),
    }
}

#[cfg(test)]
mod tests {
    use eksentry_core::ReasonCode;

    use super::*;

    #[test]
    fn an_item_that_is_gone_does_not_count_but_one_that_was_not_read_does() {
        let unread = |text: &str| Unread {
            code: ReasonCode::ReadFailed,
            text: text.to_owned(),
        };
        for (items, missing, expected) in [
            (vec![], None, None),
            (vec![Ok(Some(1)), Ok(None)], None, None),
            (
                vec![Err(unread("b")), Ok(Some(1)), Err(unread("a"))],
                None,
                Some("a"),
            ),
            (
                vec![Err(unread("a")), Ok(Some(1))],
                Some(unread("the list")),
                Some("the list"),
            ),
        ] {
            let count = items.iter().filter(|item| matches!(item, Ok(Some(_))));
            let count = count.count();
            let found = present(items, missing);
            assert_eq!(found.items, vec![1; count]);
            assert_eq!(found.missing, expected.map(unread));
        }
    }
}
