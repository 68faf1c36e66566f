//! Amazon EKS clusters, and who uses their roles.

mod parse;

use std::sync::Arc;

use aws_sdk_eks::operation::describe_cluster::DescribeClusterError;
use aws_sdk_eks::operation::describe_nodegroup::DescribeNodegroupError;
use aws_sdk_eks::operation::list_nodegroups::ListNodegroupsError;
use aws_sdk_eks::types::Cluster;
use eksentry_aws::{Lazy, Pace, Pages};
use eksentry_core::facts::cluster::{EksCluster, Role, RoleUsers};
use eksentry_core::kind::Family;
use eksentry_core::{Fact, FactsOf, Location, Need, Needs, Observation, Resource, State, Unread};
use futures::future::LocalBoxFuture;
use futures::{FutureExt, StreamExt};
use tokio::sync::{OnceCell, mpsc};

use self::parse::{RoleId, RoleUser};
use crate::collector::{Collector, Listing};
use crate::unread::unread;
use crate::{Clients, LOOKS_AT_A_TIME, Memo, Reader, Unlisted, endless, no_list};

pub(crate) const ACTIONS: &[&str] = &[
    "eks:ListClusters",
    "eks:DescribeCluster",
    "eks:ListNodegroups",
    "eks:DescribeNodegroup",
];

const LIST: &str = "eks:ListClusters";

/// An account's clusters in one Region; nothing is asked twice.
#[derive(Debug)]
pub(crate) struct Clusters {
    client: Lazy<aws_sdk_eks::Client>,
    pace: Pace,
    location: Location,
    names: OnceCell<Fact<Names>>,
    described: Memo<String, Described>,
}

/// An account's clusters in all Regions that a run looks at. IAM is global, so one role may serve clusters in several.
#[derive(Debug)]
pub struct AccountClusters {
    regions: Vec<Arc<Clusters>>,
    /// Why there may be clusters in other Regions too.
    missing: Option<Unread>,
    role_use: OnceCell<RoleUse>,
}

/// The names of all clusters.
#[derive(Debug, Default)]
struct Names {
    names: Vec<String>,
    /// Why these may not be all of them.
    missing: Option<Unread>,
}

/// A cluster as the API describes it, or why there is none.
#[derive(Debug, Clone)]
enum Described {
    Present(Arc<Cluster>),
    Gone,
    Unread(Unread),
}

/// Who uses which role, over all clusters.
#[derive(Debug, Default)]
struct RoleUse {
    users: Vec<RoleUser>,
    unread: Vec<Unread>,
}

/// Reads clusters.
pub(crate) struct ClusterCollector;

impl Collector for ClusterCollector {
    fn family(&self) -> Family {
        Family::Clusters
    }

    fn actions(&self) -> &'static [&'static str] {
        ACTIONS
    }

    fn describe<'a>(
        &'a self,
        reader: &'a Reader<'_>,
        resource: &'a Resource,
        needs: Needs,
    ) -> LocalBoxFuture<'a, State> {
        reader.cluster(resource.name(), needs).boxed_local()
    }

    fn list<'a>(
        &'a self,
        reader: &'a Reader<'_>,
        listing: Listing<'a>,
    ) -> LocalBoxFuture<'a, Vec<Unlisted>> {
        reader
            .all_clusters(listing.needs, listing.out)
            .boxed_local()
    }
}

impl Reader<'_> {
    async fn all_clusters(&self, needs: Needs, out: &mpsc::Sender<Observation>) -> Vec<Unlisted> {
        let kind = EksCluster::KIND;
        match self.clusters.names().await {
            Ok(Names { names, missing }) => {
                let left_out = self.look_at_names(kind, names, LIST, needs, out).await;
                let missing = missing.clone().map(|reason| Unlisted::all(kind, reason));
                missing.into_iter().chain(left_out).collect()
            }
            Err(reason) => vec![Unlisted::all(kind, reason.clone())],
        }
    }

    /// Returns whether the Region holds a cluster.
    pub(crate) async fn has_clusters(&self) -> Fact<bool> {
        match self.clusters.names().await {
            Ok(Names { names, .. }) if !names.is_empty() => Ok(true),
            Ok(Names { missing: None, .. }) => Ok(false),
            Ok(Names {
                missing: Some(reason),
                ..
            })
            | Err(reason) => Err(reason.clone()),
        }
    }

    async fn cluster(&self, name: &str, needs: Needs) -> State {
        let cluster = match self.clusters.described(name).await {
            Described::Present(cluster) => cluster,
            Described::Gone => return State::Gone,
            Described::Unread(reason) => return State::Unread(reason),
        };
        let mut facts = parse::cluster(name, &cluster);
        if facts.inapplicable().is_none() {
            Box::pin(self.follow(&mut facts, needs)).await;
        }
        State::present(facts)
    }

    /// Reads what a cluster refers to, as far as it is needed: its key, its role, and who else uses that.
    async fn follow(&self, cluster: &mut EksCluster, needs: Needs) {
        let key = async {
            match &cluster.secrets_key {
                Some(key) if needs.contains(Need::SecretsKey) => {
                    Some(self.named_key(&key.named).await)
                }
                _ => None,
            }
        };
        let role = async {
            if needs.contains(Need::ClusterRole) {
                Some(futures::join!(
                    self.role_of(cluster),
                    self.role_users(cluster)
                ))
            } else {
                None
            }
        };
        let (found, role) = futures::join!(key, role);
        if let (Some(key), Some(found)) = (&mut cluster.secrets_key, found) {
            key.key = found;
        }
        if let Some((role, users)) = role {
            cluster.role = role;
            cluster.role_users = users;
        }
    }

    async fn role_of(&self, cluster: &EksCluster) -> Fact<Option<Role>> {
        match &cluster.role_arn {
            Some(arn) => self.role(arn).await,
            None => Err(Unread {
                code: "ROLE_UNKNOWN",
                text: format!(
                    "eks:DescribeCluster on cluster {} did not say which role it has.",
                    cluster.name
                ),
            }),
        }
    }

    async fn role_users(&self, cluster: &EksCluster) -> RoleUsers {
        let role_use = self.account.role_use().await;
        RoleUsers {
            others: parse::other_users(
                &role_use.users,
                cluster.role_arn.as_deref(),
                &cluster.name,
                &self.location.region,
            ),
            unread: role_use.unread.clone(),
        }
    }
}

impl AccountClusters {
    /// The clusters of one account in these Regions.
    pub fn new<'a>(regions: impl IntoIterator<Item = (&'a Clients, &'a Location)>) -> Arc<Self> {
        Self::of_some(regions, None)
    }

    /// The clusters of one account in these Regions, which for that reason may not be all that matter.
    pub fn of_some<'a>(
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
        })
    }

    pub(crate) fn in_region(&self, clients: &Clients, location: &Location) -> Arc<Clusters> {
        let known = self
            .regions
            .iter()
            .find(|clusters| clusters.location == *location);
        known.map_or_else(|| Arc::new(Clusters::new(clients, location)), Arc::clone)
    }

    async fn role_use(&self) -> &RoleUse {
        let find_out = || async {
            let parts = self.regions.iter().map(|clusters| clusters.role_use());
            let mut parts = futures::future::join_all(parts).await;
            parts.push(RoleUse {
                users: Vec::new(),
                unread: self.missing.iter().cloned().collect(),
            });
            RoleUse::of(parts)
        };
        self.role_use.get_or_init(find_out).await
    }
}

impl RoleUse {
    fn of(parts: Vec<Self>) -> Self {
        let mut all = Self::default();
        for part in parts {
            all.users.extend(part.users);
            all.unread.extend(part.unread);
        }
        // In a steady order, or the same state would read as another reason in the next run.
        all.users.sort();
        all.unread.sort_by(|one, other| one.text.cmp(&other.text));
        all
    }
}

impl Clusters {
    fn new(clients: &Clients, location: &Location) -> Self {
        Self {
            client: clients.eks.clone(),
            pace: clients.paces.eks.clone(),
            location: location.clone(),
            names: OnceCell::new(),
            described: Memo::default(),
        }
    }

    async fn role_use(&self) -> RoleUse {
        let (names, missing) = match self.names().await {
            Ok(Names { names, missing }) => (names, missing),
            Err(reason) => {
                return RoleUse {
                    users: Vec::new(),
                    unread: vec![reason.clone()],
                };
            }
        };
        let parts = futures::stream::iter(names)
            .map(|name| self.role_use_of_cluster(name))
            .buffer_unordered(LOOKS_AT_A_TIME)
            .collect();
        let mut found = RoleUse::of(parts.await);
        found.unread.extend(missing.clone());
        found
    }

    async fn role_use_of_cluster(&self, name: &str) -> RoleUse {
        let mut found = RoleUse::default();
        let region = &self.location.region;
        let (described, node_groups) = futures::join!(self.described(name), self.node_groups(name));
        match described {
            // EKS knows neither a role nor node groups of a cluster that is only registered.
            Described::Present(cluster) if parse::is_connected(&cluster) => return found,
            Described::Present(cluster) => found
                .users
                .extend(parse::role_users(name, &cluster, region)),
            Described::Unread(reason) => found.unread.push(reason),
            Described::Gone => return found,
        }
        match node_groups {
            Ok(groups) => {
                for group in groups {
                    match self.node_role(name, &group).await {
                        Ok(Some(role)) => found.users.push(RoleUser {
                            role: RoleId::of(&role),
                            region: region.clone(),
                            name: format!("node group {group} of cluster {name}"),
                        }),
                        Ok(None) => {}
                        Err(reason) => found.unread.push(reason),
                    }
                }
            }
            Err(reason) => found.unread.push(reason),
        }
        found
    }

    async fn names(&self) -> &Fact<Names> {
        self.names.get_or_init(|| self.list()).await
    }

    async fn list(&self) -> Fact<Names> {
        let target = self.location.to_string();
        let pages = self.client.list_clusters().max_results(100);
        let mut pages = pages.into_paginator().send();
        let (mut leads, mut found) = (Pages::default(), Names::default());
        while let Some(page) = self.pace.call(pages.next()).await {
            let page = page.map_err(|error| unread(LIST, &target, &error))?;
            let led = leads.lead_to(page.next_token());
            led.map_err(endless(LIST, &target))?;
            match page.clusters {
                Some(names) => found.names.extend(names),
                None => found.missing = Some(no_list(LIST, &target)),
            }
        }
        Ok(found)
    }

    async fn described(&self, name: &str) -> Described {
        let describe = || async {
            let action = "eks:DescribeCluster";
            let target = format!("cluster {name}");
            match self
                .pace
                .call(self.client.describe_cluster().name(name).send())
                .await
            {
                Ok(answer) => answer.cluster.map_or_else(
                    || {
                        Described::Unread(Unread {
                            code: "READ_FAILED",
                            text: format!("{action} on {target} answered without a cluster."),
                        })
                    },
                    |cluster| Described::Present(Arc::new(cluster)),
                ),
                Err(error)
                    if error
                        .as_service_error()
                        .is_some_and(DescribeClusterError::is_resource_not_found_exception) =>
                {
                    Described::Gone
                }
                Err(error) => Described::Unread(unread(action, &target, &error)),
            }
        };
        self.described.get(name.to_owned(), describe).await
    }

    async fn node_groups(&self, cluster: &str) -> Fact<Vec<String>> {
        let action = "eks:ListNodegroups";
        let target = format!("cluster {cluster}");
        let call = self.client.list_nodegroups();
        let call = call.cluster_name(cluster).max_results(100);
        let mut pages = call.into_paginator().send();
        let (mut leads, mut names) = (Pages::default(), Vec::new());
        while let Some(page) = self.pace.call(pages.next()).await {
            match page {
                Ok(page) => {
                    let led = leads.lead_to(page.next_token());
                    led.map_err(endless(action, &target))?;
                    names.extend(page.nodegroups.ok_or_else(|| no_list(action, &target))?);
                }
                Err(error)
                    if error
                        .as_service_error()
                        .is_some_and(ListNodegroupsError::is_resource_not_found_exception) =>
                {
                    break;
                }
                Err(error) => return Err(unread(action, &target, &error)),
            }
        }
        Ok(names)
    }

    /// The role of a node group's nodes; `None` where the group is gone meanwhile.
    async fn node_role(&self, cluster: &str, group: &str) -> Fact<Option<String>> {
        let action = "eks:DescribeNodegroup";
        let target = format!("node group {group} of cluster {cluster}");
        let call = self
            .client
            .describe_nodegroup()
            .cluster_name(cluster)
            .nodegroup_name(group)
            .send();
        match self.pace.call(call).await {
            Ok(answer) => parse::node_role(answer.nodegroup, action, &target).map(Some),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(DescribeNodegroupError::is_resource_not_found_exception) =>
            {
                Ok(None)
            }
            Err(error) => Err(unread(action, &target, &error)),
        }
    }
}
