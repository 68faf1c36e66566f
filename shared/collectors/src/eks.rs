//! Amazon EKS clusters, and who uses their roles.

use std::sync::Arc;

use aws_sdk_eks::operation::describe_cluster::DescribeClusterError;
use aws_sdk_eks::operation::describe_nodegroup::DescribeNodegroupError;
use aws_sdk_eks::operation::list_nodegroups::ListNodegroupsError;
use aws_sdk_eks::types::{Cluster, EncryptionConfig, LogSetup, VpcConfigResponse};
use eksentry_aws::{Lazy, Pace, Pages};
use eksentry_core::facts::cluster::{EksCluster, Endpoint, LogTypes, RoleUsers, SecretsKey};
use eksentry_core::kind::Family;
use eksentry_core::{Fact, FactsOf, Location, Need, Needs, Observation, Resource, State, Unread};
use futures::future::LocalBoxFuture;
use futures::{FutureExt, StreamExt};
use tokio::sync::{OnceCell, mpsc};

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

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct RoleUser {
    /// The role's ARN.
    role: String,
    region: String,
    /// Who uses it, in words.
    name: String,
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
            }) => Err(reason.clone()),
            Err(reason) => Err(reason.clone()),
        }
    }

    async fn cluster(&self, name: &str, needs: Needs) -> State {
        let cluster = match self.clusters.described(name).await {
            Described::Present(cluster) => cluster,
            Described::Gone => return State::Gone,
            Described::Unread(reason) => return State::Unread(reason),
        };
        let (secrets_key, role, role_users) = futures::join!(
            self.secrets_key(&cluster, needs),
            async {
                match cluster.role_arn() {
                    _ if !needs.contains(Need::ClusterRole) => {
                        Err(Unread::not_asked("the cluster's role"))
                    }
                    Some(arn) => self.role(arn).await,
                    None => Err(Unread {
                        code: "ROLE_UNKNOWN",
                        text: format!(
                            "eks:DescribeCluster on cluster {name} did not say which role it has."
                        ),
                    }),
                }
            },
            self.role_users(&cluster, needs),
        );
        let network = cluster.resources_vpc_config();
        State::present(EksCluster {
            name: name.to_owned(),
            arn: cluster.arn().unwrap_or_default().to_owned(),
            status: cluster
                .status()
                .map(|status| status.as_str().to_owned())
                .unwrap_or_default(),
            version: cluster.version().and_then(|version| version.parse().ok()),
            endpoint: Endpoint::read(
                network.is_some_and(VpcConfigResponse::endpoint_public_access),
                network.is_some_and(VpcConfigResponse::endpoint_private_access),
                network
                    .into_iter()
                    .flat_map(aws_sdk_eks::types::VpcConfigResponse::public_access_cidrs)
                    .map(String::as_str),
            ),
            enabled_logs: enabled_logs(
                cluster
                    .logging()
                    .map(aws_sdk_eks::types::Logging::cluster_logging)
                    .unwrap_or_default(),
            ),
            secrets_key,
            role_arn: cluster.role_arn().map(str::to_owned),
            role_users,
            role,
            subnets: network
                .map(|network| network.subnet_ids().to_vec())
                .unwrap_or_default(),
            security_groups: network
                .map(|network| network.security_group_ids().to_vec())
                .unwrap_or_default(),
            url: cluster.endpoint().map(str::to_owned),
            tags: sorted(cluster.tags()),
        })
    }

    async fn secrets_key(&self, cluster: &Cluster, needs: Needs) -> Option<SecretsKey> {
        let entries = cluster.encryption_config().iter();
        let named = entries
            .filter(|entry| names_secrets(entry))
            .filter_map(|entry| entry.provider()?.key_arn())
            .find(|arn| !arn.trim().is_empty())?;
        let key = if needs.contains(Need::SecretsKey) {
            self.named_key(named).await
        } else {
            Err(Unread::not_asked("the cluster's KMS key"))
        };
        Some(SecretsKey {
            named: named.to_owned(),
            key,
        })
    }

    async fn role_users(&self, cluster: &Cluster, needs: Needs) -> RoleUsers {
        if !needs.contains(Need::ClusterRole) {
            return RoleUsers {
                others: Vec::new(),
                unread: vec![Unread::not_asked("who uses the cluster's role")],
            };
        }
        let role_use = self.account.role_use().await;
        let region = &self.location.region;
        let itself = user_of_cluster(cluster.name().unwrap_or_default());
        let others = role_use.users.iter().filter(|user| {
            Some(user.role.as_str()) == cluster.role_arn()
                && (user.name != itself || user.region != *region)
        });
        let others = others.map(|user| {
            if user.region == *region {
                user.name.clone()
            } else {
                format!("{} in {}", user.name, user.region)
            }
        });
        RoleUsers {
            others: others.collect(),
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
        let user = |role: &str, name: String| RoleUser {
            role: role.to_owned(),
            region: self.location.region.clone(),
            name,
        };
        let (described, node_groups) = futures::join!(self.described(name), self.node_groups(name));
        match described {
            Described::Present(cluster) => {
                let nodes = cluster
                    .compute_config()
                    .and_then(|config| config.node_role_arn());
                let roles = [
                    (cluster.role_arn(), user_of_cluster(name)),
                    (nodes, format!("the Auto Mode nodes of cluster {name}")),
                ];
                let users = roles
                    .into_iter()
                    .filter_map(|(role, name)| Some(user(role?, name)));
                found.users.extend(users);
            }
            Described::Unread(reason) => found.unread.push(reason),
            Described::Gone => return found,
        }
        match node_groups {
            Ok(groups) => {
                for group in groups {
                    match self.node_role(name, &group).await {
                        Ok(Some(role)) => {
                            let name = format!("node group {group} of cluster {name}");
                            found.users.push(user(&role, name));
                        }
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
            Ok(answer) => match answer.nodegroup.and_then(|group| group.node_role) {
                Some(role) => Ok(Some(role)),
                None => Err(Unread {
                    code: "ROLE_UNKNOWN",
                    text: format!("{action} on {target} did not say which role its nodes have."),
                }),
            },
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

fn names_secrets(entry: &EncryptionConfig) -> bool {
    #[expect(
        deprecated,
        reason = "before Kubernetes 1.28 it says what is encrypted, and EKS still sends it"
    )]
    let resources = entry.resources();
    resources.iter().any(|resource| resource == "secrets")
}

fn user_of_cluster(name: &str) -> String {
    format!("cluster {name}")
}

fn enabled_logs(groups: &[LogSetup]) -> LogTypes {
    groups
        .iter()
        .filter(|group| group.enabled() == Some(true))
        .flat_map(LogSetup::types)
        .filter_map(|log| log.as_str().parse().ok())
        .fold(LogTypes::NONE, LogTypes::with)
}

fn sorted(tags: Option<&std::collections::HashMap<String, String>>) -> Vec<(String, String)> {
    let mut tags: Vec<_> = tags
        .into_iter()
        .flatten()
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect();
    tags.sort();
    tags
}
