//! ## What it checks
//!
//! Pods on the EC2 nodes of an EKS cluster should not reach the nodes' instance metadata service (IMDS). The check fails
//! with HIGH if a node accepts requests without a session token (IMDSv1), and with MEDIUM if the response to a token
//! request can travel more hops than `maxHopLimit`: a pod in its own network is one hop further away than the node.
//!
//! A node whose metadata service is disabled passes. Nodes of EKS Auto Mode are not evaluated, since nobody can change
//! their options. Blocks by iptables on the node or by a network policy are not visible to the check; set `maxHopLimit`
//! or mute the finding if you use them.
//!
//! ## Why it matters
//!
//! The metadata service returns the credentials of the node's IAM role to anyone who can reach it. A pod that uses them
//! has the permissions of the node instead of its own.
//!
//! ## How to fix it
//!
//! Require tokens and set a hop limit of 1 in the launch template, then replace the nodes. Give pods that need AWS their
//! own IAM roles first.

use crate::check::{Check, Evaluate, Remediation};
use crate::evaluation::nodes::{groups, without_nodes};
use crate::facts::cluster::MetadataOptions;
use crate::facts::{EksCluster, Unread};
use crate::need::Need;
use crate::parameters::{Parameter, ParameterValues};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::{Reason, Verdict};

static MAX_HOP_LIMIT: Parameter<u32> = Parameter {
    name: "maxHopLimit",
    description: "The largest number of network hops that a response with a token may travel.",
    default: 1,
};

pub(super) static CHECK: Check = Check {
    id: "eks-nodes-imds",
    enabled: true,
    title: "EKS nodes should keep pods away from their instance metadata",
    requirement: "The instance metadata service of nodes should require tokens and have a hop limit of at most maxHopLimit.",
    severities: &[
        (
            Severity::High,
            "every pod on such a node can get the credentials of the node's IAM role with one request",
        ),
        (
            Severity::Medium,
            "pods on such a node can request a token, and with it the credentials of the node's IAM role",
        ),
    ],
    remediation: Remediation {
        text: "Require tokens and set the hop limit to 1, for running instances with the command, and in the launch \
               template for new ones.",
        command: "aws ec2 modify-instance-metadata-options --region {region} --instance-id <instance> --http-tokens required \
                  --http-put-response-hop-limit 1",
        url: "https://docs.aws.amazon.com/eks/latest/best-practices/identity-and-access-management.html",
    },
    parameters: &[&MAX_HOP_LIMIT],
    needs: &[Need::Nodes, Need::NodeGroups],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(cluster: &EksCluster, settings: &ParameterValues) -> Verdict {
    let max = settings.get(&MAX_HOP_LIMIT);
    // Nobody can change the options of nodes in Auto Mode.
    let nodes = || cluster.nodes.items.iter().filter(|node| !node.is_managed);
    let options = || nodes().filter_map(|node| Some((node, node.metadata?)));
    let is_open = options().filter(|(_, options)| options.is_enabled && !options.requires_token);
    let open = groups(is_open.map(|(node, _)| node));
    let is_far = options().filter(|(_, options)| {
        let is_far = options.hop_limit.is_some_and(|limit| limit > max);
        options.is_enabled && options.requires_token && is_far
    });
    let far = groups(is_far.map(|(node, _)| node));
    let far = (!far.is_empty()).then(|| {
        let text = format!("The hop limit of instance metadata is more than {max} on: {far}.");
        Reason::new(ReasonCode::HopLimitTooLarge, text)
    });

    if !open.is_empty() {
        let text = format!("Instance metadata is available without a token (IMDSv1) on: {open}.");
        let reason = Reason::new(ReasonCode::MetadataWithoutToken, text);
        return Verdict::failed_for(
            Severity::High,
            [Some(reason), far].into_iter().flatten().collect(),
        );
    }
    if let Some(far) = far {
        return Verdict::failed_for(Severity::Medium, vec![far]);
    }
    if let Some(verdict) = without_nodes(cluster) {
        return verdict;
    }
    if let Some(unread) = &cluster.nodes.missing {
        return Verdict::not_available(unread);
    }
    let unknown = nodes().filter(|node| {
        let is_known =
            |options: MetadataOptions| !options.is_enabled || options.hop_limit.is_some();
        !node.metadata.is_some_and(is_known)
    });
    let unknown = groups(unknown);
    if !unknown.is_empty() {
        return Verdict::not_available(&Unread {
            code: ReasonCode::MetadataOptionsUnknown,
            text: format!(
                "ec2:DescribeInstances returned no complete metadata options of: {unknown}."
            ),
        });
    }
    if nodes().next().is_none() {
        return Verdict::passed(
            ReasonCode::NodesManaged,
            "AWS manages all nodes, including the options of their instance metadata (EKS Auto Mode).",
        );
    }
    Verdict::passed(
        ReasonCode::MetadataProtected,
        "The instance metadata of all nodes requires tokens and has a small enough hop limit, or is disabled.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{cluster, node, settings, unread};
    use crate::facts::List;
    use crate::facts::cluster::{Node, NodeOrigin};
    use crate::verdict::Outcome;

    const HIGH: Outcome = Outcome::Failed(Severity::High);
    const MEDIUM: Outcome = Outcome::Failed(Severity::Medium);

    fn with(is_enabled: bool, requires_token: bool, hop_limit: Option<u32>) -> Node {
        Node {
            metadata: Some(MetadataOptions {
                is_enabled,
                requires_token,
                hop_limit,
            }),
            ..node()
        }
    }

    fn verdict(nodes: List<Node>, parameters: &str) -> Verdict {
        let cluster = EksCluster { nodes, ..cluster() };
        evaluate(&cluster, &settings(CHECK.parameters, parameters))
    }

    #[test]
    fn the_metadata_options_of_each_node_decide() {
        let two = r#"{"maxHopLimit": 2}"#;
        let auto_mode = Node {
            is_managed: true,
            ..with(true, true, Some(2))
        };
        let without = Node {
            metadata: None,
            ..node()
        };
        for (nodes, parameters, expected) in [
            (vec![with(true, true, Some(1))], "{}", Outcome::Passed),
            (vec![with(true, false, Some(1))], "{}", HIGH),
            (vec![with(true, true, Some(2))], "{}", MEDIUM),
            (vec![with(true, true, Some(2))], two, Outcome::Passed),
            (
                vec![with(true, true, Some(3)), with(true, false, Some(1))],
                two,
                HIGH,
            ),
            (vec![with(false, false, Some(64))], "{}", Outcome::Passed),
            (vec![auto_mode], "{}", Outcome::Passed),
            (vec![without.clone()], "{}", Outcome::NotAvailable),
            (vec![without, with(true, false, None)], "{}", HIGH),
            (vec![with(true, true, None)], "{}", Outcome::NotAvailable),
        ] {
            let verdict = verdict(List::complete(nodes), parameters);
            assert_eq!(verdict.outcome, expected, "{verdict:?}");
        }
    }

    #[test]
    fn an_incomplete_list_prevents_a_pass_but_not_a_failure() {
        for (nodes, expected) in [
            (vec![with(true, false, Some(1))], HIGH),
            (vec![with(true, true, Some(1))], Outcome::NotAvailable),
            (vec![], Outcome::NotAvailable),
        ] {
            let nodes = List {
                items: nodes,
                missing: Some(unread()),
            };
            assert_eq!(verdict(nodes.clone(), "{}").outcome, expected, "{nodes:?}");
        }
    }

    #[test]
    fn a_reason_names_groups_and_no_instances() {
        let of = |group| Node {
            group,
            ..with(true, true, Some(2))
        };
        let nodes = vec![
            of(NodeOrigin::NodePool("spot".into())),
            of(NodeOrigin::NodeGroup("general".into())),
        ];
        let text = verdict(List::complete(nodes), "{}").reasons[0].text.clone();
        assert!(
            text.ends_with("on: node group general, node pool spot."),
            "{text}"
        );
    }
}
