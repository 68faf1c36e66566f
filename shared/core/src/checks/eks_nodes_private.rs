//! ## What it checks
//!
//! The EC2 nodes of an EKS cluster should have private IP addresses only. The check fails with HIGH if a network
//! interface of a node has a public IPv4 address. This includes nodes of EKS Auto Mode, whose NodeClass decides whether
//! they get one.
//!
//! It fails with MEDIUM if a managed node group is in a subnet that assigns public IPv4 addresses to new network
//! interfaces: the next node gets one, even if there are no nodes at present. Of node groups with a launch template,
//! only the nodes are evaluated, since a template can specify otherwise.
//!
//! The severity is LOW where VPC Block Public Access blocks connections from the internet to the subnet.
//!
//! IPv6 addresses are not evaluated, since they are reachable only through matching routes. Addresses in the network of
//! a carrier (AWS Wavelength) are not public.
//!
//! ## Why it matters
//!
//! If a node has a public address, only security groups restrict connections from the internet to the kubelet, to SSH
//! and to the ports of Kubernetes Services. One rule that is too wide opens all of them.
//!
//! ## How to fix it
//!
//! Run node groups in private subnets, which reach the internet through a NAT gateway, and replace the nodes. For EKS
//! Auto Mode, set `associatePublicIPAddress` to false in the NodeClass.

use crate::check::{Check, Evaluate, Remediation};
use crate::evaluation::nodes::{groups, without_nodes};
use crate::facts::cluster::{Node, NodeGroup, Subnet};
use crate::facts::{EksCluster, Unread};
use crate::need::Need;
use crate::parameters::ParameterValues;
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::text::names;
use crate::verdict::{Reason, Verdict};

pub(super) static CHECK: Check = Check {
    id: "eks-nodes-private",
    enabled: true,
    title: "EKS nodes should not have public IP addresses",
    requirement: "Nodes should have no public IPv4 addresses, and the subnets of node groups should not assign any.",
    severities: &[
        (
            Severity::High,
            "only security groups restrict connections from the internet to such a node",
        ),
        (
            Severity::Medium,
            "the next node of such a node group gets a public IPv4 address",
        ),
        (
            Severity::Low,
            "such a node is open to the internet as soon as VPC Block Public Access no longer covers its subnet",
        ),
    ],
    remediation: Remediation {
        text: "Turn off the assignment of public IPv4 addresses in the subnets of node groups, or better, use private \
               subnets. Then replace the nodes.",
        command: "aws ec2 modify-subnet-attribute --region {region} --subnet-id <subnet> --no-map-public-ip-on-launch",
        url: "https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html",
    },
    parameters: &[],
    needs: &[Need::Nodes, Need::NodeGroups, Need::Subnets],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(cluster: &EksCluster, _: &ParameterValues) -> Verdict {
    let public = cluster.nodes.items.iter().filter(|node| is_public(node));
    let (blocked, exposed): (Vec<&Node>, Vec<&Node>) =
        public.partition(|node| is_blocked(cluster, node));
    let failure = Verdict::failed_by([
        (
            Severity::High,
            Reason::naming(
                ReasonCode::NodesPublic,
                "These nodes have public IPv4 addresses",
                &groups(exposed),
            ),
        ),
        (
            Severity::Medium,
            Reason::naming(
                ReasonCode::NewNodesPublic,
                "New nodes of these node groups get public IPv4 addresses from their subnets",
                &assigned_addresses(cluster, |subnet| !subnet.blocks_ingress),
            ),
        ),
        (
            Severity::Low,
            Reason::naming(
                ReasonCode::NodesPublicButBlocked,
                "These nodes have public IPv4 addresses, to which VPC Block Public Access blocks connections",
                &groups(blocked),
            ),
        ),
        (
            Severity::Low,
            Reason::naming(
                ReasonCode::NewNodesPublicButBlocked,
                "New nodes of these node groups get public IPv4 addresses from their subnets, to which VPC Block \
                 Public Access blocks connections",
                &assigned_addresses(cluster, |subnet| subnet.blocks_ingress),
            ),
        ),
    ]);
    if let Some(failure) = failure {
        return failure;
    }
    let missing = [&cluster.nodes.missing, &cluster.node_groups.missing];
    let missing = missing.into_iter().flatten().next().cloned();
    if let Some(unread) = missing
        .or_else(|| unknown_addresses(cluster))
        .or_else(|| unknown_subnets(cluster))
    {
        return Verdict::not_available(&unread);
    }
    without_nodes(cluster).unwrap_or_else(|| {
        Verdict::passed(
            ReasonCode::NodesPrivate,
            "No node has a public IPv4 address, and no node group gets any from its subnets.",
        )
    })
}

fn is_public(node: &Node) -> bool {
    node.public_subnets
        .as_ref()
        .is_some_and(|subnets| !subnets.is_empty())
}

/// Returns `true` if all subnets in which the node has a public address are known to block connections from the
/// internet.
fn is_blocked(cluster: &EksCluster, node: &Node) -> bool {
    let mut subnets = node.public_subnets.iter().flatten();
    subnets.all(|id| {
        let subnet = id.as_ref().and_then(|id| subnet(cluster, id));
        subnet.is_some_and(|subnet| subnet.blocks_ingress)
    })
}

fn subnet<'a>(cluster: &'a EksCluster, id: &str) -> Option<&'a Subnet> {
    let mut subnets = cluster.network.subnets.items.iter();
    subnets.find(|subnet| subnet.id == id)
}

/// Returns the node groups whose subnets decide about the addresses of new nodes.
fn groups_without_template(cluster: &EksCluster) -> impl Iterator<Item = &NodeGroup> {
    let groups = cluster.node_groups.items.iter();
    groups.filter(|group| !group.has_launch_template)
}

/// Returns the names of the node groups whose new nodes get a public address from a subnet of this kind, with the
/// subnets; empty if there are none.
fn assigned_addresses(cluster: &EksCluster, is_of_kind: impl Fn(&Subnet) -> bool) -> String {
    let assigned = groups_without_template(cluster).filter_map(|group| {
        let subnets = group.subnets.iter().filter_map(|id| subnet(cluster, id));
        let subnets = subnets
            .filter(|subnet| subnet.assigns_public_addresses == Some(true) && is_of_kind(subnet));
        let subnets = names(subnets.map(|subnet| subnet.id.as_str()));
        (!subnets.is_empty()).then(|| format!("{} ({subnets})", group.name))
    });
    let assigned: Vec<String> = assigned.collect();
    names(assigned.iter().map(String::as_str))
}

fn unknown_addresses(cluster: &EksCluster) -> Option<Unread> {
    let nodes = cluster.nodes.items.iter();
    Unread::naming(
        ReasonCode::NodeAddressesUnknown,
        "ec2:DescribeInstances returned no network interfaces of",
        &groups(nodes.filter(|node| node.public_subnets.is_none())),
    )
}

/// Returns the reason why it is not known whether new nodes of a node group get public addresses, or `None` if it is
/// known.
fn unknown_subnets(cluster: &EksCluster) -> Option<Unread> {
    let without_subnets = groups_without_template(cluster).filter(|group| group.subnets.is_empty());
    let without_subnets = Unread::naming(
        ReasonCode::SubnetSettingsUnknown,
        "eks:DescribeNodegroup returned no subnets of these node groups",
        &names(without_subnets.map(|group| group.name.as_str())),
    );
    let is_unknown = |id: &&String| {
        let assigns = |subnet: &Subnet| subnet.assigns_public_addresses;
        subnet(cluster, id).and_then(assigns).is_none()
    };
    let subnets = groups_without_template(cluster).flat_map(|group| &group.subnets);
    let unknown = Unread::naming(
        ReasonCode::SubnetSettingsUnknown,
        "ec2:DescribeSubnets did not return whether these subnets assign public IPv4 addresses",
        &names(subnets.filter(is_unknown).map(String::as_str)),
    );
    let missing = || cluster.network.subnets.missing.clone();
    without_subnets.or_else(|| unknown.map(|unknown| missing().unwrap_or(unknown)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{cluster, network, node, node_group, subnet, unread};
    use crate::facts::List;
    use crate::facts::cluster::{Network, NodeOrigin};
    use crate::verdict::Outcome;

    const PASSED: Outcome = Outcome::Passed;
    const UNKNOWN: Outcome = Outcome::NotAvailable;
    const HIGH: Outcome = Outcome::Failed(Severity::High);
    const MEDIUM: Outcome = Outcome::Failed(Severity::Medium);
    const LOW: Outcome = Outcome::Failed(Severity::Low);

    /// Returns a subnet: `open` and `blocked` assign public addresses, `private` and `quiet` do not, and VPC Block
    /// Public Access covers `blocked` and `quiet`. The setting of any other is unknown.
    fn described(id: &str) -> Subnet {
        Subnet {
            id: id.into(),
            assigns_public_addresses: match id {
                "open" | "blocked" => Some(true),
                "private" | "quiet" => Some(false),
                _ => None,
            },
            blocks_ingress: ["blocked", "quiet"].contains(&id),
            ..subnet()
        }
    }

    /// Returns a node with public addresses in these subnets.
    fn public(subnets: &[&str]) -> Node {
        let subnets = subnets.iter().map(|id| Some((*id).to_owned()));
        Node {
            public_subnets: Some(subnets.collect()),
            ..node()
        }
    }

    fn group(name: &str, subnets: &[&str]) -> NodeGroup {
        NodeGroup {
            name: name.into(),
            subnets: subnets.iter().map(|id| (*id).to_owned()).collect(),
            desired_size: Some(0),
            ..node_group()
        }
    }

    fn with(nodes: Vec<Node>, node_groups: Vec<NodeGroup>) -> EksCluster {
        let subnets = ["open", "blocked", "private", "quiet", "unset"].map(described);
        EksCluster {
            nodes: List::complete(nodes),
            node_groups: List::complete(node_groups),
            network: Network {
                subnets: List::complete(subnets.into()),
                ..network()
            },
            ..cluster()
        }
    }

    fn outcome(cluster: &EksCluster) -> Outcome {
        evaluate(cluster, &ParameterValues::default()).outcome
    }

    #[test]
    fn the_addresses_of_nodes_decide() {
        let auto_mode = Node {
            is_managed: true,
            ..public(&["private"])
        };
        let of_unknown_subnet = Node {
            public_subnets: Some(vec![None]),
            subnet: Some("blocked".into()),
            ..node()
        };
        let unknown = Node {
            public_subnets: None,
            ..node()
        };
        for (nodes, expected) in [
            (vec![node()], PASSED),
            (vec![public(&["private"])], HIGH),
            (vec![public(&["blocked"])], LOW),
            (vec![public(&["quiet"])], LOW),
            (vec![public(&["blocked", "private"])], HIGH),
            (vec![public(&["blocked"]), public(&["private"])], HIGH),
            (vec![public(&["another"])], HIGH),
            (vec![of_unknown_subnet], HIGH),
            (vec![auto_mode], HIGH),
            (vec![unknown.clone()], UNKNOWN),
            (vec![unknown.clone(), public(&["blocked"])], LOW),
            (vec![unknown, public(&["open"])], HIGH),
        ] {
            let cluster = with(nodes, Vec::new());
            assert_eq!(outcome(&cluster), expected, "{:?}", cluster.nodes);
        }
    }

    #[test]
    fn the_subnets_of_node_groups_decide_about_new_nodes() {
        let templated = |subnets: &[&str]| NodeGroup {
            has_launch_template: true,
            ..group("b", subnets)
        };
        for (nodes, node_groups, expected) in [
            (vec![], vec![group("a", &["private"])], PASSED),
            (vec![], vec![group("a", &["open"])], MEDIUM),
            (vec![node()], vec![group("a", &["open"])], MEDIUM),
            (vec![], vec![group("a", &["private", "open"])], MEDIUM),
            (vec![], vec![templated(&["open"])], PASSED),
            (vec![], vec![templated(&["another"])], PASSED),
            (vec![], vec![templated(&[])], PASSED),
            (vec![], vec![group("a", &["blocked"])], LOW),
            (vec![], vec![group("a", &["quiet"])], PASSED),
            (vec![], vec![group("a", &["blocked", "open"])], MEDIUM),
            (
                vec![public(&["blocked"])],
                vec![group("a", &["blocked"])],
                LOW,
            ),
            (
                vec![public(&["blocked"])],
                vec![group("a", &["open"])],
                MEDIUM,
            ),
            (vec![public(&["open"])], vec![group("a", &["open"])], HIGH),
            (vec![], vec![group("a", &["unset"])], UNKNOWN),
            (vec![], vec![group("a", &["another"])], UNKNOWN),
            (vec![], vec![group("a", &[])], UNKNOWN),
            (vec![], vec![group("a", &["unset", "open"])], MEDIUM),
            (vec![], vec![group("a", &[]), group("c", &["open"])], MEDIUM),
        ] {
            let cluster = with(nodes, node_groups);
            assert_eq!(outcome(&cluster), expected, "{cluster:?}");
        }
    }

    #[test]
    fn unread_subnets_prevent_a_pass_but_no_failure() {
        let templated = || NodeGroup {
            has_launch_template: true,
            ..node_group()
        };
        for (nodes, node_groups, code) in [
            (vec![public(&["blocked"])], vec![], "NODES_PUBLIC"),
            (vec![node()], vec![node_group()], "ACCESS_DENIED"),
            (vec![], vec![node_group()], "ACCESS_DENIED"),
            (vec![node()], vec![templated()], "NODES_PRIVATE"),
            (vec![], vec![templated()], "NO_NODES"),
            (vec![node()], vec![], "NODES_PRIVATE"),
            (vec![], vec![], "NO_NODES_TO_EVALUATE"),
        ] {
            let mut cluster = with(nodes, node_groups);
            cluster.network.subnets = List::unread(unread());
            let verdict = evaluate(&cluster, &ParameterValues::default());
            assert_eq!(verdict.codes(), [code], "{cluster:?}");
        }
    }

    #[test]
    fn incomplete_lists_prevent_a_pass_but_no_failure() {
        let open = || vec![group("a", &["open"])];
        for (nodes, node_groups, nodes_are_missing, expected) in [
            (vec![], vec![], true, UNKNOWN),
            (vec![node()], vec![], true, UNKNOWN),
            (vec![public(&["open"])], vec![], true, HIGH),
            (vec![], open(), true, MEDIUM),
            (vec![], vec![], false, UNKNOWN),
            (vec![node()], vec![], false, UNKNOWN),
            (vec![], open(), false, MEDIUM),
            (vec![public(&["open"])], vec![], false, HIGH),
        ] {
            let mut cluster = with(nodes, node_groups);
            // Without nodes, the node groups do not matter to whether a cluster in Auto Mode has nodes.
            cluster.auto_mode = true;
            if nodes_are_missing {
                cluster.nodes.missing = Some(unread());
            } else {
                cluster.node_groups.missing = Some(unread());
            }
            assert_eq!(outcome(&cluster), expected, "{cluster:?}");
        }
    }

    #[test]
    fn reasons_name_the_groups_and_the_subnets_of_new_nodes() {
        let of = |name: &str, subnets: &[&str]| Node {
            group: NodeOrigin::NodePool(name.into()),
            ..public(subnets)
        };
        let cluster = with(
            vec![
                of("spot", &["open"]),
                of("gpu", &["open"]),
                of("old", &["quiet"]),
            ],
            vec![
                group("b", &["private", "open", "blocked"]),
                group("a", &["open"]),
            ],
        );
        let verdict = evaluate(&cluster, &ParameterValues::default());
        let texts: Vec<&str> = verdict
            .reasons
            .iter()
            .map(|reason| reason.text.as_str())
            .collect();
        assert_eq!(
            texts,
            [
                "These nodes have public IPv4 addresses: node pool gpu, node pool spot.",
                "New nodes of these node groups get public IPv4 addresses from their subnets: a (open), b (open).",
                "These nodes have public IPv4 addresses, to which VPC Block Public Access blocks connections: node pool old.",
                "New nodes of these node groups get public IPv4 addresses from their subnets, to which VPC Block Public \
                 Access blocks connections: b (blocked).",
            ]
        );
    }

    #[test]
    fn node_groups_without_nodes_pass_as_such() {
        let cluster = with(vec![], vec![group("a", &["private"])]);
        let verdict = evaluate(&cluster, &ParameterValues::default());
        assert_eq!(verdict.codes(), ["NO_NODES"]);
    }
}
