//! The managed node groups of clusters.

use std::sync::Arc;

use eksentry_core::facts::cluster::NodeGroup;
use eksentry_core::facts::{Fact, List};
use eksentry_core::{ReasonCode, Unread};
use futures::StreamExt;

use super::parse::node_group;
use super::{CLUSTERS, Clusters, present};
use crate::DESCRIPTIONS_AT_A_TIME;
use crate::call::Call;
use crate::permission::{Arns, Permission};

pub(super) const LIST: Permission = Permission::new("eks:ListNodegroups", CLUSTERS);
pub(super) const DESCRIBE: Permission = Permission::new(
    "eks:DescribeNodegroup",
    &[Arns::InRegion("nodegroup/*/*/*")],
);
/// The permissions of all calls about node groups.
pub(super) const PERMISSIONS: &[Permission] = &[LIST, DESCRIBE];

impl Clusters {
    /// Returns the node groups of a cluster; none if the cluster does not exist. They are listed and described once,
    /// for the cluster itself and for the users of all roles.
    pub(super) async fn node_groups(&self, cluster: &str) -> Arc<List<NodeGroup>> {
        let read = || async { Arc::new(self.read_node_groups(cluster).await) };
        self.node_groups.get(cluster.to_owned(), read).await
    }

    /// Returns the reason to report if the role of a node group's nodes is absent.
    pub(super) fn without_node_role(&self, cluster: &str, group: &str) -> Unread {
        Unread {
            code: ReasonCode::RoleUnknown,
            ..self
                .description(cluster, group)
                .without("the role of the nodes")
        }
    }

    async fn read_node_groups(&self, cluster: &str) -> List<NodeGroup> {
        let names = self.node_group_names(cluster).await;
        let described = futures::stream::iter(names.items)
            .map(|name| async move { self.describe_node_group(cluster, &name).await })
            .buffer_unordered(DESCRIPTIONS_AT_A_TIME)
            .collect()
            .await;
        let mut groups = present(described, names.missing);
        groups.items.sort_by(|one, other| one.name.cmp(&other.name));
        groups
    }

    async fn node_group_names(&self, cluster: &str) -> List<String> {
        let call = self.call(&LIST, format!("cluster {cluster}"));
        let list = self.client.list_nodegroups();
        let list = list.cluster_name(cluster).max_results(100);
        call.list_names(
            |token| list.clone().set_next_token(token).send(),
            |page| (page.nodegroups, page.next_token),
        )
        .await
    }

    /// Returns a node group; `None` if it does not exist.
    async fn describe_node_group(&self, cluster: &str, name: &str) -> Fact<Option<NodeGroup>> {
        let call = self.description(cluster, name);
        let request = self.client.describe_nodegroup();
        let request = request.cluster_name(cluster).nodegroup_name(name);
        match call.send(request.send()).await {
            Ok(response) => match response.nodegroup {
                Some(group) => Ok(Some(node_group(name, &group, self.clock.now()))),
                None => Err(call.without("the node group")),
            },
            Err(failure) => failure.or_none(),
        }
    }

    fn description(&self, cluster: &str, group: &str) -> Call<'_> {
        self.call(
            &DESCRIBE,
            format!("node group {group} of cluster {cluster}"),
        )
    }
}
