//! The network of a cluster: its VPC, with the subnets and security groups of the control plane and the nodes.

use std::fmt;
use std::str::FromStr;

use super::{EksCluster, FlowLog, SecurityGroup, VpcEndpoint};
use crate::facts::{Fact, List, Unread};
use crate::reason_code::ReasonCode;

/// The network of a cluster.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// The VPC.
    pub vpc: Option<String>,
    /// The security group that EKS created for the control plane and the managed node groups.
    pub cluster_security_group: Option<String>,
    /// The ports on which nodes serve Kubernetes Services of the type `NodePort`.
    pub node_ports: Ports,
    /// The subnets of the cluster, its node groups and its nodes.
    pub subnets: List<Subnet>,
    /// The security groups of the cluster, its node groups and its nodes.
    pub security_groups: List<SecurityGroup>,
    /// The flow logs of the VPC, and of the subnets of the cluster and its node groups.
    pub flow_logs: List<FlowLog>,
    /// The endpoints in the VPC.
    pub endpoints: List<VpcEndpoint>,
}

impl Network {
    /// Returns a network of which nothing is known. All facts that take calls of their own are marked as not requested.
    pub(super) fn not_requested() -> Self {
        let not_requested = Unread::not_requested;
        Self {
            vpc: None,
            cluster_security_group: None,
            node_ports: Ports::NODE_PORTS,
            subnets: List::unread(not_requested("the subnets")),
            security_groups: List::unread(not_requested("the security groups")),
            flow_logs: List::unread(not_requested("the flow logs")),
            endpoints: List::unread(not_requested("the VPC endpoints")),
        }
    }
}

/// A subnet.
/// Source: <https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Subnet.html>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subnet {
    /// The ID.
    pub id: String,
    /// The account that owns the subnet. It differs from the cluster's account if the VPC is shared.
    pub owner: Option<String>,
    /// `true` if network interfaces that are launched in the subnet get a public IPv4 address, unless the launch states
    /// otherwise; `None` if the response does not include the setting.
    pub assigns_public_addresses: Option<bool>,
    /// `true` if VPC Block Public Access keeps connections from the internet away from the subnet.
    pub blocks_ingress: bool,
}

/// A range of ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ports {
    /// The first port.
    pub first: u16,
    /// The last port.
    pub last: u16,
}

impl Ports {
    /// All ports.
    pub const ALL: Self = Self {
        first: 0,
        last: u16::MAX,
    };

    /// The ports of Kubernetes Services of the type `NodePort`, unless a cluster specifies others.
    /// Source: <https://kubernetes.io/docs/concepts/services-networking/service/#type-nodeport>.
    pub const NODE_PORTS: Self = Self {
        first: 30_000,
        last: 32_767,
    };

    /// Returns `true` if the range contains the port.
    pub const fn contains(&self, port: u16) -> bool {
        self.first <= port && port <= self.last
    }
}

impl fmt::Display for Ports {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.first == self.last {
            write!(formatter, "{}", self.first)
        } else {
            write!(formatter, "{}-{}", self.first, self.last)
        }
    }
}

/// The error for a text that is neither a port nor a range of ports.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither a port nor a range of ports")]
pub struct PortsError(String);

/// Reads a port, or the first and the last port of a range: `22`, `30000-32767`.
impl FromStr for Ports {
    type Err = PortsError;

    fn from_str(text: &str) -> Result<Self, PortsError> {
        let error = || PortsError(text.chars().take(50).collect());
        let port = |text: &str| text.trim().parse().map_err(|_| error());
        let (first, last) = text.split_once('-').unwrap_or((text, text));
        let ports = Self {
            first: port(first)?,
            last: port(last)?,
        };
        if ports.first <= ports.last {
            Ok(ports)
        } else {
            Err(error())
        }
    }
}

impl EksCluster {
    /// Returns the account that owns the VPC of the cluster, if it is another one that shares the VPC with the cluster's
    /// account; `None` if the cluster's account owns it. All subnets of a cluster are in one VPC, so one tells.
    pub fn owner_of_shared_vpc(&self) -> Fact<Option<&str>> {
        let subnets = &self.network.subnets;
        let of_cluster = |subnet: &&Subnet| self.subnets.contains(&subnet.id);
        let mut owners = subnets.items.iter().filter(of_cluster);
        let unknown = |text: &str| Unread {
            code: ReasonCode::VpcOwnerUnknown,
            text: text.to_owned(),
        };
        let Some(owner) = owners.find_map(|subnet| subnet.owner.as_deref()) else {
            return Err(subnets.missing.clone().unwrap_or_else(|| {
                unknown("ec2:DescribeSubnets returned no owner of the cluster's subnets.")
            }));
        };
        let own = self.account();
        let own =
            own.ok_or_else(|| unknown("eks:DescribeCluster returned no ARN with an account."))?;
        Ok(Some(owner).filter(|owner| *owner != own))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_contains_its_limits() {
        let ports = Ports {
            first: 20,
            last: 22,
        };
        for (port, expected) in [(19, false), (20, true), (21, true), (22, true), (23, false)] {
            assert_eq!(ports.contains(port), expected, "{port}");
        }
        assert!(Ports::ALL.contains(0) && Ports::ALL.contains(u16::MAX));
    }

    #[test]
    fn a_range_of_one_port_is_written_as_the_port() {
        assert_eq!(
            Ports {
                first: 22,
                last: 22
            }
            .to_string(),
            "22"
        );
        assert_eq!(Ports::NODE_PORTS.to_string(), "30000-32767");
    }

    #[test]
    fn a_text_is_a_port_or_a_range_of_ports() {
        for (text, expected) in [
            ("22", Some((22, 22))),
            ("0", Some((0, 0))),
            ("8000-8100", Some((8000, 8100))),
            (" 8000 - 8100 ", Some((8000, 8100))),
            ("443-443", Some((443, 443))),
            ("0-65535", Some((0, 65_535))),
            ("8100-8000", None),
            ("65536", None),
            ("-1", None),
            ("80-", None),
            ("1-2-3", None),
            ("ssh", None),
            ("", None),
        ] {
            let expected = expected.map(|(first, last)| Ports { first, last });
            assert_eq!(text.parse().ok(), expected, "{text:?}");
        }
        let error = "ssh".parse::<Ports>().unwrap_err().to_string();
        assert_eq!(error, "\"ssh\" is neither a port nor a range of ports");
    }
}
