//! The facts about a cluster that take calls other than its description.

use eksentry_core::facts::List;
use eksentry_core::facts::cluster::{AccessEntry, EksCluster, NodeGroup, Role, TrustingRole};
use eksentry_core::facts::key::NamedKey;
use eksentry_core::{Fact, Need, Needs, ReasonCode, Unread};

use futures::StreamExt;

use super::{Described, parse};
use crate::needed::{set, when};
use crate::{DESCRIPTIONS_AT_A_TIME, Reader};

impl Reader<'_> {
    /// Reads the facts about a cluster that take other calls, if they are needed.
    pub(super) async fn read_references(&self, cluster: &mut EksCluster, needs: Needs) {
        let read = &*cluster;
        let (
            key,
            role,
            versions,
            roles,
            entries,
            admins,
            groups,
            nodes,
            addons,
            insights,
            monitoring,
        ) = futures::join!(
            when(needs, Need::SecretsKey, self.secrets_key(read, needs)),
            when(needs, Need::ClusterRole, async {
                futures::join!(self.role_of(read), self.role_users(read))
            }),
            when(
                needs,
                Need::VersionSupport,
                self.clusters.versions(self.now())
            ),
            when(needs, Need::TrustingRoles, self.trusting_roles(read)),
            when(needs, Need::AccessEntries, self.access_entries(read)),
            when(needs, Need::ClusterAdmins, self.clusters.admins(read)),
            when(needs, Need::NodeGroups, self.node_groups(read)),
            when(needs, Need::Nodes, self.nodes(read)),
            when(needs, Need::Addons, self.clusters.addons(read)),
            when(
                needs,
                Need::Insights,
                self.clusters.insights(read, self.now())
            ),
            Box::pin(self.monitoring(read, needs)),
        );
        if let (Some(key), Some(found)) = (&mut cluster.secrets_key, key.flatten()) {
            key.key = found;
        }
        if let Some((role, users)) = role {
            (cluster.role, cluster.role_users) = (role, users);
        }
        set(&mut cluster.listed_versions, versions.cloned());
        set(&mut cluster.trusting_roles, roles);
        set(&mut cluster.access_entries, entries);
        set(&mut cluster.admins, admins);
        set(&mut cluster.node_groups, groups);
        set(&mut cluster.nodes, nodes);
        set(&mut cluster.addons, addons);
        set(&mut cluster.insights, insights);
        cluster.monitoring = monitoring;
        // Without nodes, no check needs the sources of roles.
        if cluster.has_nodes() != Ok(false) {
            let source = when(
                needs,
                Need::PodRoles,
                Box::pin(self.pod_role_source(cluster)),
            );
            let source = source.await;
            set(&mut cluster.pod_roles, source);
        }
        Box::pin(self.read_resources(cluster, needs)).await;
    }

    /// Reads the facts about the resources that the cluster, its node groups and its nodes use, if they are needed.
    async fn read_resources(&self, cluster: &mut EksCluster, needs: Needs) {
        let read = &*cluster;
        let (roles, balancers, volumes, subnets, groups, logs, endpoints, images, types) = futures::join!(
            when(needs, Need::NodeRoles, self.node_roles(read)),
            when(needs, Need::LoadBalancers, self.load_balancers(&read.name)),
            when(
                needs,
                Need::UnencryptedVolumes,
                self.unencrypted_volumes(&read.name)
            ),
            when(needs, Need::Subnets, self.subnets(read, needs)),
            when(
                needs,
                Need::SecurityGroups,
                self.security_groups(read, needs)
            ),
            when(needs, Need::FlowLogs, self.flow_logs(read)),
            when(needs, Need::VpcEndpoints, self.endpoints(read, needs)),
            when(needs, Need::Images, self.images(read, needs)),
            when(needs, Need::InstanceTypes, self.instance_types(read, needs)),
        );
        set(&mut cluster.node_roles, roles);
        set(&mut cluster.load_balancers, balancers);
        set(&mut cluster.unencrypted_volumes, volumes);
        set(&mut cluster.network.subnets, subnets);
        set(&mut cluster.network.security_groups, groups);
        set(&mut cluster.network.flow_logs, logs);
        set(&mut cluster.network.endpoints, endpoints);
        set(&mut cluster.images, images);
        set(&mut cluster.instance_types, types);
    }

    /// Returns all clusters of the Region to which checks apply, with their node groups and nodes if these are needed.
    pub(crate) async fn all_clusters(&self, needs: Needs) -> Vec<EksCluster> {
        let names = &self.clusters.names().await.names;
        let read = futures::stream::iter(names).map(|name| async move {
            let Described::Present(cluster) = self.clusters.described(name).await else {
                return None;
            };
            let mut facts = parse::cluster(name, &cluster);
            if facts.inapplicable().is_some() {
                return None;
            }
            let (groups, nodes) = futures::join!(
                when(needs, Need::NodeGroups, self.node_groups(&facts)),
                when(needs, Need::Nodes, self.nodes(&facts)),
            );
            set(&mut facts.node_groups, groups);
            set(&mut facts.nodes, nodes);
            Some(facts)
        });
        let read = read.buffer_unordered(DESCRIPTIONS_AT_A_TIME);
        read.filter_map(std::future::ready).collect().await
    }

    /// Returns the key that a cluster names; `None` if it names none.
    async fn secrets_key(
        &self,
        cluster: &EksCluster,
        needs: Needs,
    ) -> Option<Fact<Option<NamedKey>>> {
        let key = cluster.secrets_key.as_ref()?;
        Some(self.named_key(&key.named, needs).await)
    }

    async fn trusting_roles(&self, cluster: &EksCluster) -> List<TrustingRole> {
        match &cluster.issuer {
            Some(issuer) => self.account_roles().await.trusting(issuer),
            None => List::complete(Vec::new()),
        }
    }

    async fn access_entries(&self, cluster: &EksCluster) -> Option<List<AccessEntry>> {
        if !cluster.uses_access_entries() {
            return None;
        }
        let roles = self.account_roles().await;
        self.clusters.access_entries(cluster, roles).await
    }

    async fn node_groups(&self, cluster: &EksCluster) -> List<NodeGroup> {
        // A local cluster on AWS Outposts can't have any.
        if cluster.on_outpost {
            return List::complete(Vec::new());
        }
        let groups = self.clusters.node_groups(&cluster.name).await;
        (*groups).clone()
    }

    async fn role_of(&self, cluster: &EksCluster) -> Fact<Option<Role>> {
        match &cluster.role_arn {
            Some(arn) => self.role(arn).await,
            None => Err(Unread {
                code: ReasonCode::RoleUnknown,
                text: format!(
                    "The response of eks:DescribeCluster on cluster {} lacks the cluster's role.",
                    cluster.name
                ),
            }),
        }
    }
}
