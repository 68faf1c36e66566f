//! The nodes of a cluster.

use std::fmt;

use super::EksCluster;
use crate::facts::Fact;

/// Nodes of a cluster with the same facts. Single instances are not distinguished: they come and go, and a finding must
/// not change with them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Node {
    /// The group that the nodes belong to.
    pub group: NodeOrigin,
    /// `true` if AWS manages the instances, as in EKS Auto Mode.
    pub is_managed: bool,
    /// The options of the instance metadata service; `None` if the response has none.
    pub metadata: Option<MetadataOptions>,
    /// The subnets of the network interfaces that have a public IPv4 address, sorted: `None` in place of a subnet that
    /// the response does not include. `None` as a whole if the response has no network interfaces.
    pub public_subnets: Option<Vec<Option<String>>>,
    /// The subnet of the primary network interface.
    pub subnet: Option<String>,
    /// The security groups of all network interfaces, sorted.
    pub security_groups: Vec<String>,
    /// The machine image.
    pub image: Option<String>,
    /// The instance type.
    pub instance_type: Option<String>,
    /// The ARN of the instance profile.
    pub instance_profile: Option<String>,
}

/// The group that started a node, which is the name of the node in texts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeOrigin {
    /// A managed node group.
    NodeGroup(String),
    /// A node pool of Karpenter or of EKS Auto Mode.
    NodePool(String),
    /// An Auto Scaling group.
    AutoScalingGroup(String),
    /// Something else.
    Other,
}

impl fmt::Display for NodeOrigin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NodeGroup(name) => write!(formatter, "node group {name}"),
            Self::NodePool(name) => write!(formatter, "node pool {name}"),
            Self::AutoScalingGroup(name) => write!(formatter, "Auto Scaling group {name}"),
            Self::Other => formatter.write_str("other nodes"),
        }
    }
}

/// The options of the instance metadata service.
/// Source: <https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct MetadataOptions {
    /// `true` unless the service is disabled.
    pub is_enabled: bool,
    /// `true` if requests need a session token, which is version 2 of the service.
    pub requires_token: bool,
    /// The number of network hops that a response with a token can travel; `None` if the response has none.
    pub hop_limit: Option<u32>,
}

/// The presence of nodes that a check can evaluate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NodePresence {
    /// There are nodes.
    Some,
    /// There are none at present, but node groups or Auto Mode can start some.
    NoneNow,
    /// There are none, and nothing starts any: the cluster uses only Fargate or hybrid nodes, or it is empty.
    Never,
}

impl EksCluster {
    /// Returns `true` if the cluster has EC2 nodes that AWS does not manage, or node groups, which can start such
    /// nodes. The nodes of a local cluster are not known, so it counts as a cluster without nodes.
    pub fn has_own_nodes(&self) -> Fact<bool> {
        if self.on_outpost {
            return Ok(false);
        }
        let (nodes, groups) = (&self.nodes, &self.node_groups);
        if !groups.items.is_empty() || nodes.items.iter().any(|node| !node.is_managed) {
            return Ok(true);
        }
        match nodes.missing.as_ref().or(groups.missing.as_ref()) {
            Some(missing) => Err(missing.clone()),
            None => Ok(false),
        }
    }

    /// Returns `true` if the cluster has EC2 nodes, or if node groups or EKS Auto Mode can start some. A local cluster
    /// counts as a cluster without nodes.
    pub fn has_nodes(&self) -> Fact<bool> {
        if !self.on_outpost && (self.auto_mode || !self.nodes.items.is_empty()) {
            return Ok(true);
        }
        self.has_own_nodes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{cluster, node, node_group, unread};
    use crate::facts::List;
    use crate::facts::cluster::NodeGroup;

    #[test]
    fn a_cluster_without_nodes_is_known_only_from_complete_lists() {
        let managed = || Node {
            is_managed: true,
            ..node()
        };
        let none = || List::complete(Vec::new());
        let incomplete = |nodes| List {
            items: nodes,
            missing: Some(unread()),
        };
        let group = || List::complete(vec![node_group()]);
        let no_group = || List::complete(Vec::<NodeGroup>::new());
        let (yes, no, unknown) = (Ok(true), Ok(false), Err(unread()));
        for (auto_mode, nodes, node_groups, own, any) in [
            (false, none(), no_group(), &no, &no),
            (false, none(), group(), &yes, &yes),
            (false, List::unread(unread()), group(), &yes, &yes),
            (
                false,
                List::unread(unread()),
                no_group(),
                &unknown,
                &unknown,
            ),
            (false, none(), List::unread(unread()), &unknown, &unknown),
            (false, incomplete(vec![node()]), no_group(), &yes, &yes),
            (
                false,
                incomplete(vec![managed()]),
                no_group(),
                &unknown,
                &yes,
            ),
            (true, none(), no_group(), &no, &yes),
            (true, none(), group(), &yes, &yes),
            (true, List::complete(vec![managed()]), no_group(), &no, &yes),
            (true, List::complete(vec![node()]), no_group(), &yes, &yes),
            (true, List::unread(unread()), no_group(), &unknown, &yes),
            (true, none(), List::unread(unread()), &unknown, &yes),
        ] {
            let cluster = EksCluster {
                auto_mode,
                nodes,
                node_groups,
                ..cluster()
            };
            let found = (&cluster.has_own_nodes(), &cluster.has_nodes());
            assert_eq!(found, (own, any), "{auto_mode} {:?}", cluster.nodes);
            let local = EksCluster {
                on_outpost: true,
                ..cluster
            };
            assert_eq!((&local.has_own_nodes(), &local.has_nodes()), (&no, &no));
        }
    }

    #[test]
    fn texts_name_the_group_of_a_node() {
        for (origin, expected) in [
            (NodeOrigin::NodeGroup("a".into()), "node group a"),
            (NodeOrigin::NodePool("a".into()), "node pool a"),
            (
                NodeOrigin::AutoScalingGroup("a".into()),
                "Auto Scaling group a",
            ),
            (NodeOrigin::Other, "other nodes"),
        ] {
            assert_eq!(origin.to_string(), expected);
        }
    }
}
