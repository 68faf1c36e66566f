//! The users of IAM roles: clusters, the Auto Mode nodes of clusters, and node groups.

use eksentry_core::Unread;
use eksentry_core::facts::cluster::{EksCluster, RoleUsers};
use futures::StreamExt;

use super::parse::{self, RoleId, RoleUser};
use super::{AccountClusters, Clusters, Described, Names};
use crate::{DESCRIPTIONS_AT_A_TIME, Reader};

/// The users of roles, and the reasons why some users are unknown.
#[derive(Debug, Default)]
pub(super) struct RoleUse {
    users: Vec<RoleUser>,
    unread: Vec<Unread>,
}

impl RoleUse {
    fn of(parts: Vec<Self>) -> Self {
        let mut all = Self::default();
        for part in parts {
            all.users.extend(part.users);
            all.unread.extend(part.unread);
        }
        // Sorted, since another order would change the text of the reason in the next run although the state is the
        // same.
        all.users.sort();
        all.unread.sort_by(|one, other| one.text.cmp(&other.text));
        all
    }
}

impl Reader<'_> {
    pub(super) async fn role_users(&self, cluster: &EksCluster) -> RoleUsers {
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
    async fn role_use(&self) -> &RoleUse {
        let read = || async {
            let parts = self.regions.iter().map(|clusters| clusters.role_use());
            let mut parts = futures::future::join_all(parts).await;
            parts.push(RoleUse {
                users: Vec::new(),
                unread: self.missing.iter().cloned().collect(),
            });
            RoleUse::of(parts)
        };
        self.role_use.get_or_init(read).await
    }
}

impl Clusters {
    async fn role_use(&self) -> RoleUse {
        let Names { names, missing } = self.names().await;
        let parts = futures::stream::iter(names)
            .map(|name| self.role_use_of_cluster(name))
            .buffer_unordered(DESCRIPTIONS_AT_A_TIME)
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
            // EKS has neither a role nor node groups for a cluster that is only registered.
            Described::Present(cluster) if parse::is_connected(&cluster) => return found,
            Described::Present(cluster) => found
                .users
                .extend(parse::role_users(name, &cluster, region)),
            Described::Unread(reason) => found.unread.push(reason),
            Described::Gone => return found,
        }
        for group in &node_groups.items {
            match &group.node_role {
                Some(role) => found.users.push(RoleUser {
                    role: RoleId::of(role),
                    region: region.clone(),
                    name: format!("node group {} of cluster {name}", group.name),
                }),
                None => found.unread.push(self.without_node_role(name, &group.name)),
            }
        }
        found.unread.extend(node_groups.missing.clone());
        found
    }
}
