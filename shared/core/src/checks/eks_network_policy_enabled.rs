//! ## What it checks
//!
//! An EKS cluster should have an engine that enforces Kubernetes network policies. The check passes if the EKS add-on
//! `vpc-cni` has the configuration value `enableNetworkPolicy: "true"`, and fails if it does not: the default is
//! `"false"`.
//!
//! Without the add-on, the network plugin is self-managed (Amazon VPC CNI, Calico, Cilium, …). AWS APIs don't show
//! whether it enforces network policies, so the result is WARNING. If another engine enforces them, name it in
//! `otherEngine`; the check then doesn't apply.
//!
//! The check doesn't apply to clusters without EC2 nodes and node groups (they are empty, or use only Fargate or hybrid
//! nodes, where the engine of the add-on does not run), to local clusters on AWS Outposts, which have no add-ons, or to
//! clusters in which EKS Auto Mode starts all nodes: there, network policies are enabled inside the cluster. The check
//! does not evaluate whether any policies exist.
//!
//! ## Why it matters
//!
//! Without an engine, Kubernetes accepts network policies, but they have no effect: every pod reaches every other pod,
//! so an attacker in one of them reaches them all.
//!
//! ## How to fix it
//!
//! Enable network policies in the add-on. Specify the add-on's other configuration values again, since values that are
//! left out may be lost. Policies that exist already take effect at once, so review them first.

use crate::check::{Check, Evaluate, Remediation};
use crate::facts::EksCluster;
use crate::facts::cluster::NetworkPolicy;
use crate::need::Need;
use crate::parameters::{Parameter, ParameterValues};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::text::names;
use crate::verdict::Verdict;

/// The name of the add-on of the Amazon VPC CNI plugin.
const VPC_CNI: &str = "vpc-cni";

static OTHER_ENGINE: Parameter<Vec<String>> = Parameter {
    name: "otherEngine",
    description: "The names of other engines that enforce network policies, for example calico or cilium.",
    default: Vec::new(),
};

pub(super) static CHECK: Check = Check {
    id: "eks-network-policy-enabled",
    enabled: true,
    title: "EKS clusters should have a network policy engine",
    requirement: "The add-on vpc-cni should enable network policies, unless another engine enforces them.",
    severities: &[(
        Severity::Medium,
        "every pod reaches every other pod of the cluster, whatever its network policies say",
    )],
    remediation: Remediation {
        text: "Enable network policies in the add-on, and specify its other configuration values again, since values \
               that are left out may be lost. If another engine enforces network policies, name it in otherEngine.",
        command: "aws eks update-addon --region {region} --cluster-name {name} --addon-name vpc-cni \
                  --configuration-values '{\"enableNetworkPolicy\":\"true\"}'",
        url: "https://docs.aws.amazon.com/eks/latest/userguide/cni-network-policy.html",
    },
    parameters: &[&OTHER_ENGINE],
    needs: &[Need::Addons, Need::Nodes, Need::NodeGroups],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(cluster: &EksCluster, settings: &ParameterValues) -> Verdict {
    let engines = settings.get(&OTHER_ENGINE);
    if !engines.is_empty() {
        let engines = names(engines.iter().map(String::as_str));
        return Verdict::not_applicable(
            ReasonCode::OtherNetworkPolicyEngine,
            format!(
                "Network policies are enforced by {engines}, according to the parameter otherEngine."
            ),
        );
    }
    match cluster.has_own_nodes() {
        Ok(true) => of_addon(cluster),
        Ok(false) if cluster.auto_mode => Verdict::not_applicable(
            ReasonCode::NodesManaged,
            "EKS Auto Mode starts all nodes, so network policies are enabled inside the cluster.",
        ),
        Ok(false) => Verdict::not_applicable(
            ReasonCode::NoNodesToEvaluate,
            "The cluster has no EC2 nodes in this account on which the add-on vpc-cni can run.",
        ),
        Err(unread) => Verdict::not_available(&unread),
    }
}

/// Returns the verdict on a cluster with nodes on which the add-on can run.
fn of_addon(cluster: &EksCluster) -> Verdict {
    let addons = &cluster.addons;
    let addon = addons.items.iter().find(|addon| addon.name == VPC_CNI);
    match (addon.map(|addon| addon.network_policy), &addons.missing) {
        (Some(NetworkPolicy::Enabled), _) => Verdict::passed(
            ReasonCode::NetworkPolicyEnabled,
            "The add-on vpc-cni enables network policies.",
        ),
        (Some(NetworkPolicy::NotEnabled), _) => Verdict::failed(
            Severity::Medium,
            ReasonCode::NetworkPolicyNotEnabled,
            "The configuration values of the add-on vpc-cni don't set enableNetworkPolicy to true.",
        ),
        (Some(NetworkPolicy::NotUnderstood), _) => Verdict::warning(
            ReasonCode::NetworkPolicyUnknown,
            "The configuration values of the add-on vpc-cni are not understood, so it's unknown whether they enable \
             network policies. Review them manually.",
        ),
        (None, Some(unread)) => Verdict::not_available(unread),
        (None, None) => Verdict::warning(
            ReasonCode::CniSelfManaged,
            "The cluster doesn't have the add-on vpc-cni, so its network plugin is self-managed, and AWS APIs don't \
             show whether the plugin enforces network policies. Review it manually.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{addon, cluster, node, settings, unread};
    use crate::facts::List;
    use crate::facts::cluster::{Addon, Node};
    use crate::verdict::Outcome;

    const MEDIUM: Outcome = Outcome::Failed(Severity::Medium);

    fn with(network_policy: NetworkPolicy) -> Addon {
        Addon {
            network_policy,
            ..addon()
        }
    }

    fn other() -> Addon {
        Addon {
            name: "coredns".into(),
            ..with(NetworkPolicy::Enabled)
        }
    }

    fn verdict(cluster: &EksCluster, parameters: &str) -> Verdict {
        evaluate(cluster, &settings(CHECK.parameters, parameters))
    }

    #[test]
    fn the_configuration_of_the_add_on_decides() {
        let incomplete = |addons| List {
            items: addons,
            missing: Some(unread()),
        };
        for (addons, outcome, code) in [
            (
                List::complete(vec![other(), with(NetworkPolicy::Enabled)]),
                Outcome::Passed,
                "NETWORK_POLICY_ENABLED",
            ),
            (
                List::complete(vec![other(), with(NetworkPolicy::NotEnabled)]),
                MEDIUM,
                "NETWORK_POLICY_NOT_ENABLED",
            ),
            (
                List::complete(vec![with(NetworkPolicy::NotUnderstood)]),
                Outcome::Warning,
                "NETWORK_POLICY_UNKNOWN",
            ),
            (
                List::complete(vec![other()]),
                Outcome::Warning,
                "CNI_SELF_MANAGED",
            ),
            (List::complete(vec![]), Outcome::Warning, "CNI_SELF_MANAGED"),
            (
                incomplete(vec![other()]),
                Outcome::NotAvailable,
                "ACCESS_DENIED",
            ),
            (
                incomplete(vec![with(NetworkPolicy::Enabled)]),
                Outcome::Passed,
                "NETWORK_POLICY_ENABLED",
            ),
            (
                incomplete(vec![with(NetworkPolicy::NotEnabled)]),
                MEDIUM,
                "NETWORK_POLICY_NOT_ENABLED",
            ),
        ] {
            let cluster = EksCluster {
                addons,
                ..cluster()
            };
            let verdict = verdict(&cluster, "{}");
            assert_eq!(verdict.outcome, outcome, "{verdict:?}");
            assert_eq!(verdict.codes(), [code]);
        }
    }

    #[test]
    fn another_engine_is_taken_at_its_word() {
        let cluster = EksCluster {
            addons: List::complete(vec![]),
            ..cluster()
        };
        for engine in [r#""cilium""#, r#"["cilium"]"#] {
            let verdict = verdict(&cluster, &format!(r#"{{"otherEngine": {engine}}}"#));
            assert_eq!(verdict.codes(), ["OTHER_NETWORK_POLICY_ENGINE"]);
            assert!(verdict.explanation().contains("cilium"), "{verdict:?}");
        }
        assert_eq!(
            verdict(&cluster, r#"{"otherEngine": ""}"#).outcome,
            Outcome::Warning
        );
    }

    #[test]
    fn only_clusters_with_nodes_of_their_own_are_evaluated() {
        let failing = || EksCluster {
            addons: List::complete(vec![with(NetworkPolicy::NotEnabled)]),
            nodes: List::complete(vec![]),
            ..cluster()
        };
        let empty = || EksCluster {
            node_groups: List::complete(vec![]),
            ..failing()
        };
        let managed = || Node {
            is_managed: true,
            ..node()
        };
        for (cluster, code) in [
            (failing(), "NETWORK_POLICY_NOT_ENABLED"),
            (empty(), "NO_NODES_TO_EVALUATE"),
            (
                EksCluster {
                    nodes: List::complete(vec![node()]),
                    ..empty()
                },
                "NETWORK_POLICY_NOT_ENABLED",
            ),
            (
                EksCluster {
                    auto_mode: true,
                    nodes: List::complete(vec![managed()]),
                    ..empty()
                },
                "NODES_MANAGED",
            ),
            (
                EksCluster {
                    auto_mode: true,
                    ..failing()
                },
                "NETWORK_POLICY_NOT_ENABLED",
            ),
            (
                EksCluster {
                    on_outpost: true,
                    ..failing()
                },
                "NO_NODES_TO_EVALUATE",
            ),
            (
                EksCluster {
                    nodes: List::unread(unread()),
                    ..failing()
                },
                "NETWORK_POLICY_NOT_ENABLED",
            ),
            (
                EksCluster {
                    nodes: List::unread(unread()),
                    ..empty()
                },
                "ACCESS_DENIED",
            ),
        ] {
            assert_eq!(verdict(&cluster, "{}").codes(), [code], "{cluster:?}");
        }
    }
}
