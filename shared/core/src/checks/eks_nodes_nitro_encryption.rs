//! ## What it checks
//!
//! The EC2 nodes of an EKS cluster should have instance types that encrypt the traffic between them. The check fails with
//! LOW if EC2 reports that the instance type of a node does not support encryption in transit. This includes nodes of
//! EKS Auto Mode. Node groups without nodes are not evaluated.
//!
//! The hardware of the AWS Nitro System encrypts traffic only between two instances of such types in the same Region,
//! in one VPC or in peered VPCs. Traffic through a load balancer or a transit gateway is not encrypted by it.
//!
//! The check is disabled by default, since many widely used instance types, for example of the families t3, m5, c5 and
//! r5, do not support the encryption.
//!
//! ## Why it matters
//!
//! Kubernetes does not encrypt the traffic between pods. The encryption by the hardware protects it without any change
//! to the applications and without loss of performance.
//!
//! ## How to fix it
//!
//! Create node groups with instance types that support encryption in transit, for example of the families m7g, c7g and
//! r7g, and move the pods. For Karpenter and EKS Auto Mode, restrict the instance types of the node pools.

use crate::check::{Check, Evaluate, Remediation};
use crate::evaluation::nodes::{groups, without_nodes};
use crate::facts::cluster::{InstanceType, Node};
use crate::facts::{EksCluster, Unread};
use crate::need::Need;
use crate::parameters::ParameterValues;
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::text::names;
use crate::verdict::{Reason, Verdict};

pub(super) static CHECK: Check = Check {
    id: "eks-nodes-nitro-encryption",
    enabled: false,
    title: "EKS nodes should be of types that encrypt traffic between them",
    requirement: "The instance types of all nodes should support encryption in transit.",
    severities: &[(
        Severity::Low,
        "traffic between such nodes is not encrypted unless the applications or the network plugin encrypt it",
    )],
    remediation: Remediation {
        text: "Replace the nodes by nodes with instance types that support encryption in transit.",
        command: "aws eks create-nodegroup --region {region} --cluster-name {name} --nodegroup-name <node group> \
                  --instance-types m7g.large --ami-type AL2023_ARM_64_STANDARD --node-role <role ARN> --subnets <subnets>",
        url: "https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/data-protection.html",
    },
    parameters: &[],
    needs: &[Need::Nodes, Need::NodeGroups, Need::InstanceTypes],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(cluster: &EksCluster, _: &ParameterValues) -> Verdict {
    let nodes = || cluster.nodes.items.iter();
    let failure = Verdict::failed_by([(
        Severity::Low,
        Reason::naming(
            ReasonCode::TrafficNotEncrypted,
            "The instance types of these nodes do not encrypt the traffic between nodes",
            &groups(nodes().filter(|node| encrypts(cluster, node) == Some(false))),
        ),
    )]);
    if let Some(verdict) = failure.or_else(|| without_nodes(cluster)) {
        return verdict;
    }
    if let Some(unread) = cluster.nodes.missing.clone().or_else(|| unknown(cluster)) {
        return Verdict::not_available(&unread);
    }
    Verdict::passed(
        ReasonCode::TrafficEncrypted,
        "The instance types of all nodes encrypt the traffic between them.",
    )
}

/// Returns `true` if the instance type of a node encrypts traffic; `None` if this is not known.
fn encrypts(cluster: &EksCluster, node: &Node) -> Option<bool> {
    type_of(cluster, node.instance_type.as_ref()?)?.encrypts_in_transit
}

fn type_of<'a>(cluster: &'a EksCluster, name: &str) -> Option<&'a InstanceType> {
    let mut types = cluster.instance_types.items.iter();
    types.find(|listed| listed.name == name)
}

/// Returns the reason why the encryption of a node is not known, or `None` if it is known for all nodes.
fn unknown(cluster: &EksCluster) -> Option<Unread> {
    let nodes = || cluster.nodes.items.iter();
    let without_type = Unread::naming(
        ReasonCode::InstanceTypeUnknown,
        "ec2:DescribeInstances returned no instance type of",
        &groups(nodes().filter(|node| node.instance_type.is_none())),
    );
    let unknown = nodes().filter(|node| encrypts(cluster, node).is_none());
    let types = unknown.filter_map(|node| node.instance_type.as_deref());
    let unknown = Unread::naming(
        ReasonCode::InstanceTypeUnknown,
        "ec2:DescribeInstanceTypes did not return whether these instance types encrypt traffic",
        &names(types),
    );
    let missing = || cluster.instance_types.missing.clone();
    without_type.or_else(|| unknown.map(|unknown| missing().unwrap_or(unknown)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{cluster, node, node_group, unread};
    use crate::facts::List;
    use crate::facts::cluster::NodeOrigin;
    use crate::verdict::Outcome;

    const LOW: Outcome = Outcome::Failed(Severity::Low);

    fn of_type(name: &str) -> Node {
        Node {
            instance_type: Some(name.into()),
            ..node()
        }
    }

    fn with(nodes: Vec<Node>) -> EksCluster {
        let types = [
            ("m7g.large", Some(true)),
            ("c7i.large", Some(true)),
            ("t3.medium", Some(false)),
            ("x0.large", None),
        ];
        let types = types.map(|(name, encrypts_in_transit)| InstanceType {
            name: name.into(),
            encrypts_in_transit,
        });
        EksCluster {
            nodes: List::complete(nodes),
            instance_types: List::complete(types.into()),
            ..cluster()
        }
    }

    fn code(cluster: &EksCluster) -> (Outcome, &'static str) {
        let verdict = evaluate(cluster, &ParameterValues::default());
        (verdict.outcome, verdict.codes()[0])
    }

    #[test]
    fn the_instance_type_of_each_node_decides() {
        let unknown = (Outcome::NotAvailable, "INSTANCE_TYPE_UNKNOWN");
        let failed = (LOW, "TRAFFIC_NOT_ENCRYPTED");
        let passed = (Outcome::Passed, "TRAFFIC_ENCRYPTED");
        let without = || Node {
            instance_type: None,
            ..node()
        };
        let managed = |name| Node {
            is_managed: true,
            ..of_type(name)
        };
        for (nodes, expected) in [
            (vec![of_type("m7g.large")], passed),
            (vec![of_type("m7g.large"), of_type("c7i.large")], passed),
            (vec![of_type("t3.medium")], failed),
            (vec![of_type("m7g.large"), of_type("t3.medium")], failed),
            (vec![managed("m7g.large")], passed),
            (vec![managed("t3.medium")], failed),
            (vec![of_type("m99x.large")], unknown),
            (vec![of_type("x0.large"), of_type("m7g.large")], unknown),
            (vec![without(), of_type("m7g.large")], unknown),
            (vec![without(), of_type("t3.medium")], failed),
            (vec![of_type("m99x.large"), of_type("t3.medium")], failed),
        ] {
            assert_eq!(code(&with(nodes.clone())), expected, "{nodes:?}");
        }
    }

    #[test]
    fn an_incomplete_list_prevents_a_pass_but_no_failure() {
        let denied = (Outcome::NotAvailable, "ACCESS_DENIED");
        for (nodes, types_are_missing, expected) in [
            (vec![of_type("m7g.large")], false, denied),
            (vec![], false, denied),
            (
                vec![of_type("t3.medium")],
                false,
                (LOW, "TRAFFIC_NOT_ENCRYPTED"),
            ),
            (vec![of_type("m99x.large")], true, denied),
            (
                vec![of_type("m7g.large")],
                true,
                (Outcome::Passed, "TRAFFIC_ENCRYPTED"),
            ),
            (
                vec![of_type("t3.medium")],
                true,
                (LOW, "TRAFFIC_NOT_ENCRYPTED"),
            ),
            (vec![], true, (Outcome::Passed, "NO_NODES")),
        ] {
            let mut cluster = with(nodes);
            if types_are_missing {
                cluster.instance_types.missing = Some(unread());
            } else {
                cluster.nodes.missing = Some(unread());
            }
            assert_eq!(code(&cluster), expected, "{cluster:?}");
        }
    }

    #[test]
    fn only_nodes_are_evaluated() {
        for (node_groups, expected) in [
            (vec![node_group()], (Outcome::Passed, "NO_NODES")),
            (vec![], (Outcome::NotApplicable, "NO_NODES_TO_EVALUATE")),
        ] {
            let cluster = EksCluster {
                node_groups: List::complete(node_groups),
                ..with(vec![])
            };
            assert_eq!(code(&cluster), expected);
        }
    }

    #[test]
    fn reasons_name_groups_but_no_instance_types() {
        let of = |name: &str, instance_type| Node {
            group: NodeOrigin::NodePool(name.into()),
            ..of_type(instance_type)
        };
        let cluster = with(vec![
            of("spot", "t3.medium"),
            of("arm", "m7g.large"),
            of_type("t3.medium"),
        ]);
        let verdict = evaluate(&cluster, &ParameterValues::default());
        assert_eq!(
            verdict.explanation(),
            "The instance types of these nodes do not encrypt the traffic between nodes: node group general, node pool \
             spot."
        );
    }
}
