//! ## What it checks
//!
//! The security groups of an EKS cluster and its nodes should not be open to the whole internet. The check evaluates
//! the cluster security group, the cluster's additional security groups, the groups that EKS created for SSH access to
//! managed node groups, and all groups of the nodes. It fails with HIGH if the whole internet can reach all ports and
//! protocols, or a port in `forbiddenPorts`. It fails with MEDIUM if the whole internet can reach any other TCP or UDP
//! port that is neither in `allowedPorts` nor, with `allowNodePorts`, one of the cluster's node ports. A port in
//! `forbiddenPorts` fails even if it is allowed as well.
//!
//! The sources of all inbound rules that allow a port are added up. The whole internet is all of IPv4 or all of IPv6,
//! so rules for 0.0.0.0/1 and 128.0.0.0/1 count like one for 0.0.0.0/0, even if they are in two groups. The addresses
//! in prefix lists of customers count. Rules that allow other security groups or prefix lists of AWS do not, nor do
//! rules for protocols other than TCP and UDP, such as ICMP. Network ACLs, security groups for pods and the groups of
//! load balancers are not evaluated.
//!
//! If a managed node group has an SSH key but no source security groups, EKS opens port 22 to the whole internet in the
//! security group for SSH access. The check evaluates this group even if the node group has no nodes at present.
//!
//! ## Why it matters
//!
//! Nodes and the control plane need no connections from the internet, apart from the traffic for applications. Anyone
//! who reaches SSH or the kubelet can try stolen credentials and unpatched vulnerabilities.
//!
//! ## How to fix it
//!
//! Remove the rules, or allow only the addresses that need access. For access to nodes, use AWS Systems Manager Session
//! Manager, which needs no open port. Create node groups with source security groups, or without an SSH key.

use std::borrow::Cow;

use crate::check::{Check, Evaluate, Remediation};
use crate::evaluation::openings::{GroupRule, Opening, opened_by, openings, ports_of};
use crate::evaluation::security_groups;
use crate::facts::EksCluster;
use crate::facts::cluster::{Ports, Protocol};
use crate::need::Need;
use crate::parameters::{Parameter, ParameterValues, PortRanges};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::text::names;
use crate::verdict::{Reason, Verdict};

static FORBIDDEN_PORTS: Parameter<PortRanges> = Parameter {
    name: "forbiddenPorts",
    description: "The TCP and UDP ports that fail with HIGH if they are open to the whole internet.",
    default: Cow::Borrowed(&[port(22), port(3389), port(10_250)]),
};

static ALLOWED_PORTS: Parameter<PortRanges> = Parameter {
    name: "allowedPorts",
    description: "The TCP and UDP ports that may be open to the whole internet.",
    default: Cow::Borrowed(&[port(80), port(443)]),
};

static ALLOW_NODE_PORTS: Parameter<bool> = Parameter {
    name: "allowNodePorts",
    description: "Whether the node ports of Kubernetes Services may be open to the whole internet as well, which \
                  internet-facing Network Load Balancers can require.",
    default: true,
};

pub(super) static CHECK: Check = Check {
    id: "eks-security-groups-restricted",
    enabled: true,
    title: "EKS clusters and nodes should not be open to the internet in their security groups",
    requirement: "The security groups of the cluster and its nodes should open only allowed ports to the whole \
                  internet.",
    severities: &[
        (
            Severity::High,
            "anyone can reach all ports, or ports for remote administration and the kubelet",
        ),
        (
            Severity::Medium,
            "anyone can reach a port that is not meant for the public",
        ),
    ],
    remediation: Remediation {
        text: "Remove the rules that allow the whole internet, or allow only the addresses that need access.",
        command: "aws ec2 revoke-security-group-ingress --region {region} --group-id <group> --protocol tcp --port 22 \
                  --cidr 0.0.0.0/0",
        url: "https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html",
    },
    parameters: &[&FORBIDDEN_PORTS, &ALLOWED_PORTS, &ALLOW_NODE_PORTS],
    needs: &[Need::SecurityGroups, Need::NodeGroups, Need::Nodes],
    evaluate: &Evaluate(evaluate),
};

const fn port(port: u16) -> Ports {
    Ports {
        first: port,
        last: port,
    }
}

fn evaluate(cluster: &EksCluster, settings: &ParameterValues) -> Verdict {
    let forbidden = settings.get(&FORBIDDEN_PORTS);
    let mut allowed = settings.get(&ALLOWED_PORTS).into_owned();
    if settings.get(&ALLOW_NODE_PORTS) {
        allowed.push(cluster.network.node_ports);
    }
    let mut rules = security_groups::rules(cluster);
    let is_for_all = |(_, rule): &GroupRule| rule.protocol == Protocol::All;
    let fully_open = opened_by(rules.iter().copied().filter(is_for_all));
    let all_traffic = (!fully_open.is_empty()).then(|| {
        // The rules for all traffic open every port. The other reasons name what the other rules open.
        rules.retain(|rule| !is_for_all(rule));
        let groups = names(fully_open);
        let text = format!(
            "All ports and protocols are open to the whole internet in these security groups: {groups}."
        );
        Reason::new(ReasonCode::AllTrafficOpenToWorld, text)
    });
    let is_in = |ranges: &[Ports], one: &Opening| {
        ranges.iter().any(|range| range.contains(one.ports.first))
    };
    let open = openings(&rules, &[&forbidden, allowed.as_slice()].concat());
    let (forbidden, mut others): (Vec<_>, Vec<_>) =
        open.iter().partition(|one| is_in(&forbidden, one));
    others.retain(|one| !is_in(&allowed, one));
    let forbidden = reason(
        ReasonCode::ForbiddenPortOpenToWorld,
        "Forbidden ports",
        &forbidden,
    );
    let others = reason(
        ReasonCode::PortOpenToWorld,
        "Ports that are not allowed",
        &others,
    );
    let severity = if all_traffic.is_some() || forbidden.is_some() {
        Severity::High
    } else {
        Severity::Medium
    };
    let reasons = [all_traffic, forbidden, others];
    let reasons: Vec<Reason> = reasons.into_iter().flatten().collect();
    match security_groups::first_unread(cluster) {
        _ if !reasons.is_empty() => Verdict::failed_for(severity, reasons),
        Some(unread) => Verdict::not_available(&unread),
        None if cluster.security_group_ids().is_empty() => Verdict::not_applicable(
            ReasonCode::NoSecurityGroup,
            "EKS reports no security group of this local cluster on AWS Outposts.",
        ),
        None => Verdict::passed(
            ReasonCode::SecurityGroupsRestricted,
            "The security groups open only allowed ports, or none, to the whole internet.",
        ),
    }
}

/// Returns a reason that names ports and the security groups that open them, or `None` if there are none.
fn reason(code: ReasonCode, kind: &str, openings: &[&Opening]) -> Option<Reason> {
    let groups = names(openings.iter().flat_map(|one| one.groups.iter().copied()));
    let ports = ports_of(openings);
    let ports = names(ports.iter().map(String::as_str));
    (!openings.is_empty()).then(|| {
        let text = format!(
            "{kind} are open to the whole internet ({ports}) in these security groups: {groups}."
        );
        Reason::new(code, text)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{cluster, network, node_group, settings, unread};
    use crate::facts::List;
    use crate::facts::cluster::{InboundRule, Network, NodeGroup, RemoteAccess, SecurityGroup};
    use crate::verdict::Outcome;

    const HIGH: Outcome = Outcome::Failed(Severity::High);
    const MEDIUM: Outcome = Outcome::Failed(Severity::Medium);
    const WORLD: &[&str] = &["0.0.0.0/0"];

    fn rule(protocol: &str, ports: &str, sources: &[&str]) -> InboundRule {
        let sources = sources.iter().map(|block| block.parse().unwrap());
        InboundRule {
            protocol: Protocol::read(protocol),
            ports: ports.parse().unwrap(),
            sources: List::complete(sources.collect()),
        }
    }

    fn with_unread_sources(rule: InboundRule) -> InboundRule {
        let sources = List {
            missing: Some(unread()),
            ..rule.sources
        };
        InboundRule { sources, ..rule }
    }

    /// Returns a cluster with these security groups, the first of which is the cluster security group, and the others
    /// additional ones.
    fn with_groups(groups: Vec<Vec<InboundRule>>) -> EksCluster {
        let groups = groups.into_iter().enumerate();
        let groups: Vec<SecurityGroup> = groups
            .map(|(at, inbound)| SecurityGroup {
                id: format!("sg-{}", at + 1),
                inbound,
            })
            .collect();
        let ids = groups.iter().skip(1).map(|group| group.id.clone());
        EksCluster {
            security_groups: ids.collect(),
            network: Network {
                security_groups: List::complete(groups),
                ..network()
            },
            ..cluster()
        }
    }

    fn verdict(cluster: &EksCluster, parameters: &str) -> Verdict {
        evaluate(cluster, &settings(CHECK.parameters, parameters))
    }

    fn outcome(groups: Vec<Vec<InboundRule>>, parameters: &str) -> Outcome {
        verdict(&with_groups(groups), parameters).outcome
    }

    #[test]
    fn the_ports_that_the_whole_internet_can_reach_decide() {
        let private = &["10.0.0.0/8", "fd00::/8"][..];
        for (rule, expected) in [
            (rule("tcp", "22", WORLD), HIGH),
            (rule("tcp", "22", &["::/0"]), HIGH),
            (rule("tcp", "22", private), Outcome::Passed),
            (rule("tcp", "22", &[]), Outcome::Passed),
            (rule("tcp", "3389", WORLD), HIGH),
            (rule("udp", "3389", WORLD), HIGH),
            (rule("tcp", "10250", WORLD), HIGH),
            (rule("tcp", "10251", WORLD), MEDIUM),
            (rule("tcp", "1-65535", WORLD), HIGH),
            (rule("tcp", "23-3388", WORLD), MEDIUM),
            (rule("tcp", "0", WORLD), MEDIUM),
            (rule("udp", "53", WORLD), MEDIUM),
            (rule("tcp", "80", WORLD), Outcome::Passed),
            (rule("tcp", "443", WORLD), Outcome::Passed),
            (rule("tcp", "442-443", WORLD), MEDIUM),
            (rule("tcp", "31234", WORLD), Outcome::Passed),
            (rule("udp", "30000-32767", WORLD), Outcome::Passed),
            (rule("tcp", "29999-32767", WORLD), MEDIUM),
            (rule("tcp", "30000-32768", WORLD), MEDIUM),
            (rule("-1", "0", WORLD), HIGH),
            (rule("-1", "0", &["::/0"]), HIGH),
            (rule("-1", "0", private), Outcome::Passed),
            (rule("icmp", "3-4", WORLD), Outcome::Passed),
            (rule("58", "0-65535", &["::/0"]), Outcome::Passed),
        ] {
            let found = outcome(vec![vec![rule.clone()]], "{}");
            assert_eq!(found, expected, "{rule:?}");
        }
        assert_eq!(outcome(vec![vec![]], "{}"), Outcome::Passed);
    }

    #[test]
    fn the_sources_of_all_groups_are_added_up() {
        let (lower, upper) = (&["0.0.0.0/1"][..], &["128.0.0.0/1"][..]);
        for (one, other, expected) in [
            (rule("tcp", "22", lower), rule("tcp", "22", upper), HIGH),
            (rule("tcp", "20-25", lower), rule("-1", "0", upper), HIGH),
            (rule("-1", "0", lower), rule("-1", "0", upper), HIGH),
            (rule("tcp", "21", lower), rule("tcp", "21", upper), MEDIUM),
            (
                rule("tcp", "22", lower),
                rule("udp", "22", upper),
                Outcome::Passed,
            ),
            (
                rule("tcp", "22", lower),
                rule("tcp", "23", upper),
                Outcome::Passed,
            ),
            (
                rule("tcp", "22", lower),
                rule("tcp", "22", &["8000::/1"]),
                Outcome::Passed,
            ),
        ] {
            let rules = (one.clone(), other.clone());
            assert_eq!(
                outcome(vec![vec![one], vec![other]], "{}"),
                expected,
                "{rules:?}"
            );
            let (one, other) = rules;
            assert_eq!(outcome(vec![vec![other, one]], "{}"), expected);
        }
    }

    #[test]
    fn parameters_decide_which_ports_may_be_open() {
        for (ports, parameters, expected) in [
            ("8080", r#"{"allowedPorts": "8000-8100"}"#, Outcome::Passed),
            ("8101", r#"{"allowedPorts": [443, "8000-8100"]}"#, MEDIUM),
            ("80", r#"{"allowedPorts": [443]}"#, MEDIUM),
            ("22", r#"{"allowedPorts": [22]}"#, HIGH),
            ("22", r#"{"allowedPorts": "0-65535"}"#, HIGH),
            ("22", r#"{"forbiddenPorts": [2379]}"#, MEDIUM),
            (
                "22",
                r#"{"forbiddenPorts": [2379], "allowedPorts": [22]}"#,
                Outcome::Passed,
            ),
            ("2370-2380", r#"{"forbiddenPorts": ["2379-2380"]}"#, HIGH),
            ("443", r#"{"forbiddenPorts": [443]}"#, HIGH),
            ("30000", r#"{"allowNodePorts": false}"#, MEDIUM),
            ("30000", r#"{"allowNodePorts": true}"#, Outcome::Passed),
            ("30000", r#"{"forbiddenPorts": ["30000-32767"]}"#, HIGH),
        ] {
            let found = outcome(vec![vec![rule("tcp", ports, WORLD)]], parameters);
            assert_eq!(found, expected, "{ports} {parameters}");
        }
    }

    #[test]
    fn the_node_ports_are_those_of_the_cluster() {
        let mut cluster = with_groups(vec![vec![rule("tcp", "31234", WORLD)]]);
        cluster.network.node_ports = "20000-22767".parse().unwrap();
        assert_eq!(verdict(&cluster, "{}").outcome, MEDIUM);
        cluster.network.node_ports = "10000-31234".parse().unwrap();
        assert_eq!(verdict(&cluster, "{}").outcome, Outcome::Passed);
        // The port of the kubelet stays forbidden.
        cluster.network.security_groups.items[0].inbound = vec![rule("tcp", "10250", WORLD)];
        assert_eq!(verdict(&cluster, "{}").outcome, HIGH);
    }

    fn open_group(id: &str) -> Network {
        let mut network = network();
        network.security_groups.items.push(SecurityGroup {
            id: id.into(),
            inbound: vec![rule("tcp", "22", WORLD)],
        });
        network
    }

    #[test]
    fn the_ssh_access_to_a_node_group_counts_even_without_nodes() {
        let empty = NodeGroup {
            remote_access_security_group: Some("sg-2".into()),
            remote_access: Some(RemoteAccess {
                ssh_key: Some("ops".into()),
                source_security_groups: Vec::new(),
            }),
            desired_size: Some(0),
            ..node_group()
        };
        let mut cluster = EksCluster {
            nodes: List::complete(Vec::new()),
            node_groups: List::complete(vec![empty]),
            network: open_group("sg-2"),
            ..cluster()
        };
        assert_eq!(verdict(&cluster, "{}").outcome, HIGH);
        // Someone removed the rule that EKS created.
        cluster.network.security_groups.items[1].inbound.clear();
        assert_eq!(verdict(&cluster, "{}").outcome, Outcome::Passed);
        // The settings of the node group alone are no proof that port 22 is open.
        cluster.network.security_groups.items.pop();
        assert_eq!(verdict(&cluster, "{}").outcome, Outcome::NotAvailable);
    }

    #[test]
    fn what_is_not_known_prevents_a_pass_but_not_a_failure() {
        for (ports, expected) in [
            ("443", Outcome::NotAvailable),
            ("22", HIGH),
            ("8080", MEDIUM),
        ] {
            let with = || with_groups(vec![vec![rule("tcp", ports, WORLD)]]);
            let mut undescribed = with();
            undescribed.security_groups.push("sg-9".into());
            let unread_nodes = EksCluster {
                nodes: List::unread(unread()),
                ..with()
            };
            let unread_node_groups = EksCluster {
                node_groups: List::unread(unread()),
                ..with()
            };
            let mut unread_groups = with();
            unread_groups.network.security_groups.missing = Some(unread());
            for cluster in [undescribed, unread_nodes, unread_node_groups, unread_groups] {
                assert_eq!(verdict(&cluster, "{}").outcome, expected, "{cluster:?}");
            }
        }
    }

    #[test]
    fn prefix_lists_count_as_far_as_they_are_known() {
        let icmp = || with_unread_sources(rule("icmp", "0-8", &[]));
        for (rule, expected) in [
            (with_unread_sources(rule("tcp", "22", WORLD)), HIGH),
            (
                with_unread_sources(rule("-1", "0", &[])),
                Outcome::NotAvailable,
            ),
            (icmp(), Outcome::Passed),
        ] {
            let found = outcome(vec![vec![rule.clone()]], "{}");
            assert_eq!(found, expected, "{rule:?}");
        }
    }

    #[test]
    fn a_local_cluster_is_evaluated_by_the_groups_that_eks_names() {
        let local = |groups: &[&str]| {
            let mut cluster = EksCluster {
                on_outpost: true,
                nodes: List::complete(Vec::new()),
                node_groups: List::complete(Vec::new()),
                security_groups: groups.iter().map(ToString::to_string).collect(),
                network: open_group("sg-2"),
                ..cluster()
            };
            cluster.network.cluster_security_group = None;
            verdict(&cluster, "{}").outcome
        };
        assert_eq!(local(&[]), Outcome::NotApplicable);
        assert_eq!(local(&["sg-1"]), Outcome::Passed);
        assert_eq!(local(&["sg-1", "sg-2"]), HIGH);
        assert_eq!(local(&["sg-9"]), Outcome::NotAvailable);
    }

    #[test]
    fn reasons_name_ports_and_groups() {
        let everything = rule("-1", "0", WORLD);
        for (groups, codes, text) in [
            (
                vec![vec![everything.clone()]],
                &["ALL_TRAFFIC_OPEN_TO_WORLD"][..],
                "All ports and protocols are open to the whole internet in these security groups: sg-1.",
            ),
            (
                vec![
                    vec![rule("tcp", "20-24", WORLD)],
                    vec![rule("tcp", "21", WORLD), rule("udp", "24", WORLD)],
                    vec![rule("tcp", "21", &["10.0.0.0/8"])],
                ],
                &["FORBIDDEN_PORT_OPEN_TO_WORLD", "PORT_OPEN_TO_WORLD"],
                "Forbidden ports are open to the whole internet (TCP 22) in these security groups: sg-1. Ports that \
                 are not allowed are open to the whole internet (TCP 20-21, TCP 23-24, UDP 24) in these security \
                 groups: sg-1, sg-2.",
            ),
            // The reasons also name what stays open when the rule for all traffic is removed.
            (
                vec![vec![everything], vec![rule("tcp", "22", WORLD)]],
                &["ALL_TRAFFIC_OPEN_TO_WORLD", "FORBIDDEN_PORT_OPEN_TO_WORLD"],
                "All ports and protocols are open to the whole internet in these security groups: sg-1. Forbidden \
                 ports are open to the whole internet (TCP 22) in these security groups: sg-2.",
            ),
        ] {
            let verdict = verdict(&with_groups(groups), "{}");
            assert_eq!(
                (verdict.codes().as_slice(), verdict.explanation().as_str()),
                (codes, text)
            );
            assert_eq!(verdict.outcome, HIGH);
        }
    }

    #[test]
    fn a_reason_does_not_depend_on_the_order_of_groups_and_rules() {
        let rules = || vec![rule("tcp", "22", WORLD), rule("tcp", "8080", &["::/0"])];
        let mut cluster = with_groups(vec![rules(), rules()]);
        let before = verdict(&cluster, "{}");
        let groups = &mut cluster.network.security_groups.items;
        groups.reverse();
        groups[0].inbound.reverse();
        assert_eq!(verdict(&cluster, "{}"), before);
    }
}
