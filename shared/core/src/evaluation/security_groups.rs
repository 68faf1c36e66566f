//! The security groups of a cluster.

use std::collections::BTreeSet;

use crate::evaluation::nodes::groups;
use crate::evaluation::openings::GroupRule;
use crate::facts::cluster::{NodeGroup, Protocol};
use crate::facts::{EksCluster, Unread};
use crate::reason_code::ReasonCode;
use crate::text::names;

/// Returns the inbound rules of the security groups, as far as they are known.
pub(crate) fn rules(cluster: &EksCluster) -> Vec<GroupRule<'_>> {
    let ids = cluster.security_group_ids();
    let known = cluster.network.security_groups.items.iter();
    let known = known.filter(|group| ids.contains(group.id.as_str()));
    known
        .flat_map(|group| group.inbound.iter().map(|rule| (group.id.as_str(), rule)))
        .collect()
}

/// Returns the first reason why the security groups may open more ports than is known; `None` if everything is known.
pub(crate) fn first_unread(cluster: &EksCluster) -> Option<Unread> {
    let missing = [
        &cluster.node_groups.missing,
        &cluster.nodes.missing,
        &cluster.network.security_groups.missing,
    ];
    let missing = missing.into_iter().flatten().next();
    missing
        .cloned()
        .or_else(|| unnamed(cluster))
        .or_else(|| undescribed(cluster))
        .or_else(|| unread_sources(cluster))
}

/// Returns that a security group must exist, but that its ID is unknown.
fn unnamed(cluster: &EksCluster) -> Option<Unread> {
    // The documentation does not state if a local cluster on AWS Outposts has a cluster security group.
    if cluster.network.cluster_security_group.is_none() && !cluster.on_outpost {
        return Some(unknown(
            "eks:DescribeCluster returned no cluster security group.",
        ));
    }
    // Only the group shows whether SSH is open: someone can remove the rule that EKS created.
    let has_key = |group: &NodeGroup| {
        let access = group.remote_access.as_ref();
        access.is_some_and(|access| access.ssh_key.is_some())
    };
    let node_groups = cluster.node_groups.items.iter();
    let node_groups =
        node_groups.filter(|group| has_key(group) && group.remote_access_security_group.is_none());
    let node_groups = names(node_groups.map(|group| group.name.as_str()));
    if !node_groups.is_empty() {
        return Some(unknown(format!(
            "eks:DescribeNodegroup returned no security group for the SSH access to these node groups: {node_groups}."
        )));
    }
    let nodes = cluster.nodes.items.iter();
    let nodes = groups(nodes.filter(|node| node.security_groups.is_empty()));
    (!nodes.is_empty()).then(|| {
        unknown(format!(
            "ec2:DescribeInstances returned no security groups of: {nodes}."
        ))
    })
}

/// Returns that security groups exist according to other responses, but were not described.
fn undescribed(cluster: &EksCluster) -> Option<Unread> {
    let described = cluster.network.security_groups.items.iter();
    let described: BTreeSet<&str> = described.map(|group| group.id.as_str()).collect();
    let undescribed = names(cluster.security_group_ids().difference(&described).copied());
    (!undescribed.is_empty()).then(|| {
        unknown(format!(
            "ec2:DescribeSecurityGroups did not return these security groups, which are deleted or belong to another \
             account: {undescribed}."
        ))
    })
}

fn unread_sources(cluster: &EksCluster) -> Option<Unread> {
    let rules = rules(cluster);
    let mut counted = rules
        .iter()
        .filter(|(_, rule)| rule.protocol != Protocol::Other);
    counted.find_map(|(_, rule)| rule.sources.missing.clone())
}

fn unknown(text: impl Into<String>) -> Unread {
    Unread {
        code: ReasonCode::SecurityGroupUnknown,
        text: text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{cluster, node, node_group, unread};
    use crate::facts::List;
    use crate::facts::cluster::{InboundRule, Node, Ports, RemoteAccess, SecurityGroup};

    fn with_access(ssh_key: Option<&str>, security_group: Option<&str>) -> EksCluster {
        let group = NodeGroup {
            remote_access_security_group: security_group.map(str::to_owned),
            remote_access: Some(RemoteAccess {
                ssh_key: ssh_key.map(str::to_owned),
                source_security_groups: Vec::new(),
            }),
            ..node_group()
        };
        EksCluster {
            node_groups: List::complete(vec![group]),
            ..cluster()
        }
    }

    fn with_rule(protocol: Protocol) -> EksCluster {
        let mut cluster = cluster();
        cluster.network.security_groups.items[0].inbound = vec![InboundRule {
            protocol,
            ports: Ports::ALL,
            sources: List::unread(unread()),
        }];
        cluster
    }

    #[test]
    fn the_groups_of_the_cluster_its_node_groups_and_its_nodes_are_evaluated() {
        let of_node = Node {
            is_managed: true,
            security_groups: vec!["sg-1".into(), "sg-4".into()],
            ..node()
        };
        let mut cluster = EksCluster {
            security_groups: vec!["sg-2".into()],
            nodes: List::complete(vec![of_node]),
            ..with_access(Some("ops"), Some("sg-3"))
        };
        assert_eq!(
            Vec::from_iter(cluster.security_group_ids()),
            ["sg-1", "sg-2", "sg-3", "sg-4"]
        );
        let rule = InboundRule {
            protocol: Protocol::Tcp,
            ports: Ports::ALL,
            sources: List::complete(Vec::new()),
        };
        let described = ["sg-3", "sg-4", "sg-of-another-cluster"];
        cluster.network.security_groups =
            List::complete(Vec::from(described.map(|id| SecurityGroup {
                id: id.into(),
                inbound: vec![rule.clone()],
            })));
        let rules = rules(&cluster);
        let of: Vec<&str> = rules.iter().map(|(group, _)| *group).collect();
        assert_eq!(of, ["sg-3", "sg-4"]);
    }

    #[test]
    fn everything_about_the_groups_must_be_known() {
        let mut without_cluster_group = cluster();
        without_cluster_group.network.cluster_security_group = None;
        let local = EksCluster {
            on_outpost: true,
            ..without_cluster_group.clone()
        };
        let undescribed = EksCluster {
            security_groups: vec!["sg-9".into()],
            ..cluster()
        };
        let unread_nodes = EksCluster {
            nodes: List::unread(unread()),
            ..cluster()
        };
        let unread_node_groups = EksCluster {
            node_groups: List::unread(unread()),
            ..cluster()
        };
        let mut unread_groups = cluster();
        unread_groups.network.security_groups.missing = Some(unread());
        let mut node_without_group = cluster();
        node_without_group.nodes.items[0].security_groups.clear();
        for (cluster, expected) in vec![
            (cluster(), ""),
            (local, ""),
            (with_access(Some("ops"), Some("sg-1")), ""),
            (with_access(None, None), ""),
            (with_rule(Protocol::Other), ""),
            (unread_nodes, "Access was denied."),
            (unread_node_groups, "Access was denied."),
            (unread_groups, "Access was denied."),
            (with_rule(Protocol::Udp), "Access was denied."),
            (
                without_cluster_group,
                "eks:DescribeCluster returned no cluster security group.",
            ),
            (
                with_access(Some("ops"), None),
                "eks:DescribeNodegroup returned no security group for the SSH access to these node groups: general.",
            ),
            (
                node_without_group,
                "ec2:DescribeInstances returned no security groups of: node group general.",
            ),
            (
                undescribed,
                "ec2:DescribeSecurityGroups did not return these security groups, which are deleted or belong to \
                 another account: sg-9.",
            ),
        ] {
            let text = first_unread(&cluster).map_or_else(String::new, |unread| unread.text);
            assert_eq!(text, expected, "{cluster:?}");
        }
    }
}
