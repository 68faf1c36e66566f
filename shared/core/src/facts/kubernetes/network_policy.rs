//! Network policies.
//!
//! Source: <https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/>.

use core::net::{IpAddr, Ipv4Addr};

use ipnet::IpNet;
use serde::Deserialize;

use super::{LabelSelector, Labels};
use crate::field::{Expected, Field, InvalidField, Object, all_true, any_true};

/// The namespace of the DNS servers of a cluster.
pub const DNS_NAMESPACE: &str = "kube-system";

/// The Service of the DNS servers.
pub const DNS_SERVICE: &str = "kube-dns";

/// The address of a DNS server on each node, if there is one.
///
/// Source: <https://kubernetes.io/docs/tasks/administer-cluster/nodelocaldns/>.
pub const NODE_LOCAL_DNS: IpAddr = IpAddr::V4(Ipv4Addr::new(169, 254, 20, 10));

/// The labels of the DNS servers that Amazon EKS installs.
///
/// Source: <https://docs.aws.amazon.com/eks/latest/userguide/managing-coredns.html>.
const DNS_LABELS: [(&str, &str); 2] = [
    ("k8s-app", "kube-dns"),
    ("eks.amazonaws.com/component", "coredns"),
];

/// The port of DNS servers, and its name in the pods of the DNS servers.
const DNS_PORT: (i64, &str) = (53, "dns");

/// The block of all IPv4 addresses.
const ALL_ADDRESSES: IpNet = IpNet::new_assert(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);

/// The direction of traffic, as seen from a pod.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, strum::Display, strum::EnumString,
)]
#[strum(serialize_all = "lowercase")]
pub enum TrafficDirection {
    /// Traffic to a pod.
    Ingress,
    /// Traffic from a pod.
    Egress,
}

impl TrafficDirection {
    /// Returns the name of the direction among the types of a policy.
    const fn policy_type(self) -> &'static str {
        match self {
            Self::Ingress => "Ingress",
            Self::Egress => "Egress",
        }
    }
}

/// A network policy.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NetworkPolicy {
    /// The name.
    pub name: String,
    /// The specification.
    pub spec: NetworkPolicySpec,
}

/// The specification of a network policy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct NetworkPolicySpec {
    /// The condition on the labels of the pods that the policy selects.
    pub pod_selector: Field<LabelSelector>,
    /// The directions of traffic that the policy denies, as far as its rules don't allow it.
    pub policy_types: Field<Vec<String>>,
    /// The rules for traffic to the pods.
    pub ingress: Field<Vec<TrafficRule>>,
    /// The rules for traffic from the pods.
    pub egress: Field<Vec<TrafficRule>>,
}

/// A rule that allows traffic.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct TrafficRule {
    /// The sources of traffic to the pods.
    pub from: Field<Vec<Peer>>,
    /// The destinations of traffic from the pods.
    pub to: Field<Vec<Peer>>,
    /// The ports.
    pub ports: Field<Vec<PolicyPort>>,
}

/// The pods or addresses that may communicate with the pods of a policy.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Peer {
    /// The condition on the labels of the pods.
    pub pod_selector: Field<LabelSelector>,
    /// The condition on the labels of their namespace; absent for the namespace of the policy.
    pub namespace_selector: Field<LabelSelector>,
    /// The addresses.
    pub ip_block: Field<IpBlock>,
}

/// A block of addresses.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct IpBlock {
    /// The block.
    pub cidr: Field<String>,
    /// The blocks in it that don't belong to it.
    pub except: Field<Vec<String>>,
}

/// A port, or a range of ports.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PolicyPort {
    /// The protocol; absent for TCP.
    pub protocol: Field<String>,
    /// The port, or the first one of a range; absent for all.
    pub port: Field<PortOrName>,
    /// The last port of a range.
    pub end_port: Field<i64>,
}

/// The number of a port, or the name that a container gives to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PortOrName {
    /// The number.
    Number(i64),
    /// The name.
    Name(String),
}

impl Object for NetworkPolicySpec {}
impl Object for TrafficRule {}
impl Object for Peer {}
impl Object for IpBlock {}
impl Object for PolicyPort {}

impl Expected<'_> for PortOrName {
    fn from_integer(value: i64) -> Option<Self> {
        Some(Self::Number(value))
    }

    fn from_text(text: &str) -> Option<Self> {
        Some(Self::Name(text.to_owned()))
    }
}

/// The facts by which peers are compared with the DNS servers of a cluster.
#[derive(Debug, Clone, Copy)]
pub struct DnsServers<'a> {
    /// The labels of their namespace; `None` if they are unknown.
    pub namespace_labels: Option<&'a Labels>,
    /// The addresses at which pods may reach them.
    pub addresses: &'a [IpAddr],
    /// `true` if there are no further addresses.
    pub has_all_addresses: bool,
}

impl NetworkPolicySpec {
    /// Returns a specification of which nothing can be read.
    pub fn unreadable() -> Self {
        Self {
            pod_selector: Field::Invalid,
            policy_types: Field::Invalid,
            ingress: Field::Invalid,
            egress: Field::Invalid,
        }
    }

    /// Returns `true` if the policy selects all pods of its namespace, including those that don't exist yet.
    ///
    /// # Errors
    ///
    /// Returns an error if a member that decides this has an unexpected type.
    pub fn selects_all_pods(&self) -> Result<bool, InvalidField> {
        let selector = self.pod_selector.read()?;
        selector.map_or(Ok(true), LabelSelector::is_empty)
    }

    /// Returns `true` if the policy selects a pod with these labels; `None` if they are unknown.
    ///
    /// # Errors
    ///
    /// Returns an error if the labels are unknown or a member has an unexpected type, and that decides.
    pub fn selects(&self, labels: Option<&Labels>) -> Result<bool, InvalidField> {
        let all_pods = self.selects_all_pods();
        if all_pods == Ok(true) {
            return all_pods;
        }
        let selector = self.pod_selector.read()?.ok_or(InvalidField)?;
        selector.matches(labels.ok_or(InvalidField)?)
    }

    /// Returns `true` if the policy denies the traffic of a direction that its rules don't allow. If the types are absent,
    /// the API server derives them from the rules.
    ///
    /// # Errors
    ///
    /// Returns an error if a member that decides this has an unexpected type or value.
    pub fn applies_to(&self, direction: TrafficDirection) -> Result<bool, InvalidField> {
        let types = self.policy_types.items()?;
        if types.is_empty() {
            return match direction {
                TrafficDirection::Ingress => Ok(true),
                TrafficDirection::Egress => Ok(!self.egress.items()?.is_empty()),
            };
        }
        let known = [TrafficDirection::Ingress, TrafficDirection::Egress];
        any_true(types.iter().map(|name| {
            let mut known = known.iter().filter(|known| known.policy_type() == name);
            let named = known.next().ok_or(InvalidField)?;
            Ok(*named == direction)
        }))
    }

    /// Returns `true` if the policy applies to a direction and allows all of its traffic: by an empty rule, or by rules
    /// without ports for blocks that together contain all IPv4 or all IPv6 addresses. A cluster uses one of the two, and the
    /// addresses of its pods are among them.
    ///
    /// # Errors
    ///
    /// Returns an error if a member that decides this has an unexpected type or value.
    pub fn allows_all(&self, direction: TrafficDirection) -> Result<bool, InvalidField> {
        let allows = self.rules(direction).and_then(|rules| {
            let blocks = rules.iter().flat_map(|rule| rule.open_blocks(direction));
            contain_all_addresses(blocks)
        });
        all_true([self.applies_to(direction), allows])
    }

    /// Returns `true` if the policy, which is in this namespace, allows its pods to use the DNS servers. DNS needs UDP.
    ///
    /// # Errors
    ///
    /// Returns an error if a member or a fact that decides this is unknown.
    pub fn allows_dns(&self, namespace: &str, dns: DnsServers<'_>) -> Result<bool, InvalidField> {
        let egress = TrafficDirection::Egress;
        let allows = self.rules(egress).and_then(|rules| {
            any_true(rules.iter().map(|rule| {
                let peers = rule.peers(egress)?;
                if peers.is_empty() {
                    return rule.allows_dns_port(true);
                }
                any_true(peers.iter().map(|peer| {
                    // The names of ports are those of pods, which a block of addresses does not name.
                    let has_names = peer.ip_block.is_absent();
                    all_true([
                        rule.allows_dns_port(has_names),
                        peer.contains_dns(namespace, dns),
                    ])
                }))
            }))
        });
        all_true([self.applies_to(egress), allows])
    }

    /// Returns the directions in which network policies select a pod that this policy alone selects.
    pub fn directions(&self) -> PolicySelection {
        PolicySelection {
            ingress: self.applies_to(TrafficDirection::Ingress).into(),
            egress: self.applies_to(TrafficDirection::Egress).into(),
        }
    }

    fn rules(&self, direction: TrafficDirection) -> Result<&[TrafficRule], InvalidField> {
        match direction {
            TrafficDirection::Ingress => self.ingress.items(),
            TrafficDirection::Egress => self.egress.items(),
        }
    }
}

impl TrafficRule {
    fn peers(&self, direction: TrafficDirection) -> Result<&[Peer], InvalidField> {
        match direction {
            TrafficDirection::Ingress => self.from.items(),
            TrafficDirection::Egress => self.to.items(),
        }
    }

    /// Returns the blocks of addresses with which the rule allows all traffic. An empty rule does so with all addresses.
    fn open_blocks(&self, direction: TrafficDirection) -> Vec<Result<IpNet, InvalidField>> {
        let has_all_ports = self.ports.items().map(<[_]>::is_empty);
        if has_all_ports == Ok(false) {
            return Vec::new();
        }
        let blocks = match self.peers(direction) {
            Ok([]) => vec![Ok(ALL_ADDRESSES)],
            Ok(peers) => peers.iter().filter_map(Peer::whole_block).collect(),
            Err(error) => vec![Err(error)],
        };
        let blocks = blocks.into_iter();
        blocks.map(|block| has_all_ports.and(block)).collect()
    }

    fn allows_dns_port(&self, has_names: bool) -> Result<bool, InvalidField> {
        let ports = self.ports.items()?;
        if ports.is_empty() {
            return Ok(true);
        }
        any_true(ports.iter().map(|port| {
            let is_udp = match port.protocol.read()?.map(String::as_str) {
                Some("UDP") => true,
                Some("TCP" | "SCTP") | None => false,
                Some(_) => return Err(InvalidField),
            };
            all_true([Ok(is_udp), port.contains_dns_port(has_names)])
        }))
    }
}

impl PolicyPort {
    fn contains_dns_port(&self, has_names: bool) -> Result<bool, InvalidField> {
        let (number, name) = DNS_PORT;
        match self.port.read()? {
            None => Ok(true),
            Some(PortOrName::Name(port)) => Ok(has_names && port == name),
            Some(PortOrName::Number(first)) => {
                let last = self.end_port.read()?.unwrap_or(first);
                Ok((*first..=*last).contains(&number))
            }
        }
    }
}

impl Peer {
    /// Returns the block of addresses; `None` if there is none, or some addresses in it don't belong to it.
    fn whole_block(&self) -> Option<Result<IpNet, InvalidField>> {
        match &self.ip_block {
            Field::Absent => None,
            Field::Invalid => Some(Err(InvalidField)),
            Field::Value(block) => match block.except.items() {
                Ok([]) => Some(block.network()),
                Ok(_) => None,
                Err(error) => Some(Err(error)),
            },
        }
    }

    fn contains_dns(&self, namespace: &str, dns: DnsServers<'_>) -> Result<bool, InvalidField> {
        if let Some(block) = self.ip_block.read()? {
            let unknown = (!dns.has_all_addresses).then_some(Err(InvalidField));
            let addresses = dns.addresses.iter();
            let contained = addresses.map(|address| block.contains(*address));
            return any_true(contained.chain(unknown));
        }
        if self.pod_selector.is_absent() && self.namespace_selector.is_absent() {
            return Ok(false);
        }
        let is_in_namespace = match &self.namespace_selector {
            Field::Absent => Ok(namespace == DNS_NAMESPACE),
            Field::Value(selector) if selector.is_empty() == Ok(true) => Ok(true),
            Field::Value(selector) => match dns.namespace_labels {
                Some(labels) => selector.matches(labels),
                None => Err(InvalidField),
            },
            Field::Invalid => Err(InvalidField),
        };
        let is_among_pods = self.pod_selector.read().and_then(|selector| {
            let labels = DNS_LABELS.map(|(key, value)| (key.to_owned(), value.to_owned()));
            selector.map_or(Ok(true), |selector| selector.matches(&labels.into()))
        });
        all_true([is_in_namespace, is_among_pods])
    }
}

impl IpBlock {
    /// Returns the block, with the addresses that don't belong to it.
    fn network(&self) -> Result<IpNet, InvalidField> {
        parse_block(self.cidr.read()?.ok_or(InvalidField)?)
    }

    fn contains(&self, address: IpAddr) -> Result<bool, InvalidField> {
        let is_within = self.network().map(|block| block.contains(&address));
        let is_excluded = self.except.items().and_then(|blocks| {
            any_true(
                blocks
                    .iter()
                    .map(|block| Ok(parse_block(block)?.contains(&address))),
            )
        });
        all_true([is_within, is_excluded.map(|is_excluded| !is_excluded)])
    }
}

fn parse_block(text: &str) -> Result<IpNet, InvalidField> {
    text.parse().map_err(|_| InvalidField)
}

/// Returns `true` if blocks together contain all IPv4 or all IPv6 addresses.
fn contain_all_addresses(
    blocks: impl Iterator<Item = Result<IpNet, InvalidField>>,
) -> Result<bool, InvalidField> {
    let (mut known, mut unknown) = (Vec::new(), None);
    for block in blocks {
        match block {
            Ok(block) => known.push(block),
            Err(error) => unknown = Some(Err(error)),
        }
    }
    let union = IpNet::aggregate(&known);
    let contain_all = union.iter().map(|block| Ok(block.prefix_len() == 0));
    any_true(contain_all.chain(unknown))
}

/// The certainty with which a network policy selects pods, from the least favourable.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Selected {
    /// No policy selects one of the pods.
    #[default]
    No,
    /// It is unknown.
    Unknown,
    /// A policy selects each pod.
    Yes,
}

impl From<Result<bool, InvalidField>> for Selected {
    fn from(selected: Result<bool, InvalidField>) -> Self {
        match selected {
            Ok(true) => Self::Yes,
            Ok(false) => Self::No,
            Err(InvalidField) => Self::Unknown,
        }
    }
}

/// The directions in which network policies select pods.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PolicySelection {
    /// Policies for traffic to the pods.
    pub ingress: Selected,
    /// Policies for traffic from the pods.
    pub egress: Selected,
}

impl PolicySelection {
    /// Returns the selection of a pod with these labels by the policies of its namespace, each with its
    /// [`directions`](NetworkPolicySpec::directions); `None` if the labels are unknown. Evaluates the selector of a policy
    /// only if it can change the selection.
    pub fn by<'a>(
        policies: impl Iterator<Item = (&'a NetworkPolicySpec, Self)>,
        labels: Option<&Labels>,
    ) -> Self {
        policies.fold(Self::default(), |selection, (policy, directions)| {
            if selection.or(directions) == selection {
                return selection;
            }
            let selects = Selected::from(policy.selects(labels));
            selection.or(directions.and(Self {
                ingress: selects,
                egress: selects,
            }))
        })
    }

    /// Returns the selection of a pod by two groups of policies together.
    fn or(self, other: Self) -> Self {
        Self {
            ingress: self.ingress.max(other.ingress),
            egress: self.egress.max(other.egress),
        }
    }

    /// Returns the selection of two groups of pods together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            ingress: self.ingress.min(other.ingress),
            egress: self.egress.min(other.egress),
        }
    }

    /// Returns the selection by policies for a direction.
    pub fn in_direction(self, direction: TrafficDirection) -> Selected {
        match direction {
            TrafficDirection::Ingress => self.ingress,
            TrafficDirection::Egress => self.egress,
        }
    }
}

#[cfg(test)]
mod tests;
