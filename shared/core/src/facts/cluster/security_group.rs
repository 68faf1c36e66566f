//! Security groups.

use std::collections::BTreeSet;

use ipnet::IpNet;

use super::{EksCluster, Ports};
use crate::facts::List;

/// A security group with its inbound rules.
/// Source: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_SecurityGroup.html>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecurityGroup {
    /// The ID.
    pub id: String,
    /// The inbound rules that allow addresses. Rules that allow security groups or prefix lists of AWS are left out.
    pub inbound: Vec<InboundRule>,
}

/// An inbound rule of a security group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InboundRule {
    /// The protocol that the rule allows.
    pub protocol: Protocol,
    /// The ports that the rule allows. They have no meaning for protocols without ports.
    pub ports: Ports,
    /// The addresses that the rule allows, including those in prefix lists of customers.
    pub sources: List<IpNet>,
}

impl EksCluster {
    /// Returns the IDs of the security groups of the cluster, its node groups and its nodes, as far as these were read.
    pub fn security_group_ids(&self) -> BTreeSet<&str> {
        let node_groups = self.node_groups.items.iter();
        let nodes = self.nodes.items.iter();
        let of_cluster = self.network.cluster_security_group.iter();
        of_cluster
            .chain(&self.security_groups)
            .chain(node_groups.filter_map(|group| group.remote_access_security_group.as_ref()))
            .chain(nodes.flat_map(|node| &node.security_groups))
            .map(String::as_str)
            .collect()
    }
}

/// The protocol of an inbound rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Protocol {
    /// All protocols, on all ports.
    All,
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// Any other protocol, such as ICMP.
    Other,
}

impl Protocol {
    /// Reads the protocol of a rule, which is a name or a number.
    /// Source: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpPermission.html>.
    pub fn read(text: &str) -> Self {
        match text.to_ascii_lowercase().as_str() {
            "-1" | "all" => Self::All,
            "tcp" | "6" => Self::Tcp,
            "udp" | "17" => Self::Udp,
            _ => Self::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_protocol_is_a_name_or_a_number() {
        for (text, expected) in [
            ("-1", Protocol::All),
            ("tcp", Protocol::Tcp),
            ("6", Protocol::Tcp),
            ("udp", Protocol::Udp),
            ("17", Protocol::Udp),
            ("icmp", Protocol::Other),
            ("icmpv6", Protocol::Other),
            ("58", Protocol::Other),
            ("", Protocol::Other),
        ] {
            assert_eq!(Protocol::read(text), expected, "{text}");
        }
    }
}
