//! The nodes of a cluster.

use std::fmt;

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

#[cfg(test)]
mod tests {
    use super::*;

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
