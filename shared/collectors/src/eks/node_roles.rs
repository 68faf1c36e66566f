//! The IAM roles of nodes.

use std::collections::{BTreeMap, BTreeSet};

use eksentry_core::facts::List;
use eksentry_core::facts::cluster::{EksCluster, Node, NodeOrigin, NodeRole};
use eksentry_core::{ReasonCode, Unread};
use futures::future::join_all;

use crate::Reader;

impl Reader<'_> {
    /// Returns the roles of a cluster's nodes, whose node groups and nodes were read: the roles that its node groups and
    /// its Auto Mode name, and those in the instance profiles of other nodes.
    pub(super) async fn node_roles(&self, cluster: &EksCluster) -> List<NodeRole> {
        let mut unread = Vec::new();
        unread.extend(cluster.node_groups.missing.clone());
        unread.extend(cluster.nodes.missing.clone());
        let mut arns: BTreeSet<String> = cluster.auto_mode_role.iter().cloned().collect();
        for group in &cluster.node_groups.items {
            match &group.node_role {
                Some(role) => {
                    arns.insert(role.clone());
                }
                None => unread.push(self.clusters.without_node_role(&cluster.name, &group.name)),
            }
        }

        let profiles = profiles(cluster);
        unread.extend(profiles.missing);
        let roles = profiles.items.iter();
        let roles = join_all(roles.map(|arn| self.roles_of_profile(arn))).await;
        for roles in roles {
            match roles {
                Ok(roles) => arns.extend(roles),
                Err(reason) => unread.push(reason),
            }
        }

        let roles = join_all(arns.iter().map(|arn| async move {
            let name = arn.rsplit('/').next().unwrap_or(arn).to_owned();
            let role = self.role(arn).await;
            NodeRole { name, role }
        }));
        let mut roles = roles.await;
        roles.sort_by(|one, other| one.name.cmp(&other.name));
        List {
            items: roles,
            missing: unread.into_iter().next(),
        }
    }
}

/// Returns the ARNs of the instance profiles of nodes whose role no node group names.
fn profiles(cluster: &EksCluster) -> List<String> {
    let groups = cluster.node_groups.items.iter();
    let groups: BTreeMap<&str, bool> = groups
        .map(|group| (group.name.as_str(), group.node_role.is_some()))
        .collect();
    let has_known_role = |node: &&Node| match &node.group {
        NodeOrigin::NodeGroup(name) => groups.get(name.as_str()) == Some(&true),
        _ => false,
    };
    let mut profiles = BTreeSet::new();
    let mut without = BTreeSet::new();
    for node in cluster
        .nodes
        .items
        .iter()
        .filter(|node| !has_known_role(node))
    {
        match &node.instance_profile {
            Some(profile) => {
                profiles.insert(profile.clone());
            }
            // The role of Auto Mode is known.
            None if node.is_managed && cluster.auto_mode_role.is_some() => {}
            None => {
                without.insert(node.group.to_string());
            }
        }
    }
    let missing = without.into_iter().next().map(|group| Unread {
        code: ReasonCode::RoleUnknown,
        text: format!(
            "ec2:DescribeInstances returned no instance profile of {group} in cluster {}, so the role of the nodes is \
             unknown.",
            cluster.name
        ),
    });
    List {
        items: profiles.into_iter().collect(),
        missing,
    }
}

#[cfg(test)]
mod tests {
    use eksentry_core::facts::cluster::NodeGroup;

    use super::*;

    fn node(group: NodeOrigin, profile: Option<&str>, is_managed: bool) -> Node {
        Node {
            group,
            is_managed,
            metadata: None,
            public_subnets: Some(Vec::new()),
            subnet: None,
            security_groups: Vec::new(),
            image: None,
            instance_type: None,
            instance_profile: profile.map(str::to_owned),
        }
    }

    fn group(name: &str, role: Option<&str>) -> NodeGroup {
        NodeGroup {
            name: name.to_owned(),
            status: "ACTIVE".to_owned(),
            issues: Vec::new(),
            version: None,
            release_version: None,
            release_age: None,
            ami_type: None,
            subnets: Vec::new(),
            has_launch_template: false,
            node_role: role.map(str::to_owned),
            remote_access_security_group: None,
            remote_access: None,
            desired_size: None,
        }
    }

    #[test]
    fn the_profiles_of_nodes_outside_known_groups_are_read() {
        let of_group = |name: &str| NodeOrigin::NodeGroup(name.to_owned());
        let pool = || NodeOrigin::NodePool("spot".to_owned());
        let (auto_mode, no_auto_mode) = (Some("arn:aws:iam::111122223333:role/auto"), None);
        for (nodes, auto_mode_role, expected, is_complete) in [
            (
                vec![node(of_group("a"), Some("p"), false)],
                no_auto_mode,
                vec![],
                true,
            ),
            (
                vec![node(of_group("a"), None, false)],
                no_auto_mode,
                vec![],
                true,
            ),
            (
                vec![node(of_group("roleless"), Some("p"), false)],
                no_auto_mode,
                vec!["p"],
                true,
            ),
            (
                vec![node(of_group("other"), Some("p"), false)],
                no_auto_mode,
                vec!["p"],
                true,
            ),
            (
                vec![
                    node(pool(), Some("q"), false),
                    node(NodeOrigin::Other, Some("p"), false),
                ],
                no_auto_mode,
                vec!["p", "q"],
                true,
            ),
            (vec![node(pool(), None, false)], no_auto_mode, vec![], false),
            (vec![node(pool(), None, true)], no_auto_mode, vec![], false),
            (vec![node(pool(), None, true)], auto_mode, vec![], true),
            (
                vec![node(pool(), Some("p"), true)],
                auto_mode,
                vec!["p"],
                true,
            ),
        ] {
            let cluster = EksCluster {
                nodes: List::complete(nodes),
                node_groups: List::complete(vec![
                    group("a", Some("role")),
                    group("roleless", None),
                ]),
                auto_mode_role: auto_mode_role.map(str::to_owned),
                ..EksCluster::named("payments", "")
            };
            let found = profiles(&cluster);
            assert_eq!(found.items, expected, "{:?}", cluster.nodes);
            assert_eq!(found.missing.is_none(), is_complete, "{:?}", cluster.nodes);
        }
    }
}
