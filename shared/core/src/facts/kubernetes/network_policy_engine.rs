//! The settings of a cluster that decide whether network policies have an effect.

use std::collections::BTreeSet;

use super::{ApiList, KubernetesCluster};
use crate::facts::{Fact, Unread};
use crate::field::{Field, InvalidField, all_true, any_true};
use crate::reason_code::ReasonCode;

/// The API groups of other network plugins that enforce network policies. The groups `networking.k8s.aws` and
/// `vpcresources.k8s.aws` are not among them, since each cluster with the Amazon VPC CNI plugin serves them.
///
/// Sources: <https://docs.tigera.io/calico/latest/reference/resources/>,
/// <https://docs.cilium.io/en/stable/network/kubernetes/policy/>.
const OTHER_ENGINES: [&str; 3] = ["projectcalico.org", "crd.projectcalico.org", "cilium.io"];

/// The API group of the policies of administrators, which several network plugins implement. Served alone, it does not
/// show that a plugin enforces anything.
///
/// Source: <https://network-policy-api.sigs.k8s.io/>.
const POLICIES_OF_ADMINISTRATORS: &str = "policy.networking.k8s.io";

/// The settings that decide whether network policies have an effect.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkPolicyEngine {
    /// `true` if the ConfigMap of the Amazon VPC CNI plugin enables its network policy controller; `None` if the cluster
    /// does not have the ConfigMap.
    pub enables_controller: Fact<Option<bool>>,
    /// The settings of the plugin's daemon set; `None` if it was not listed.
    pub vpc_cni: Option<VpcCni>,
    /// The default of each node class of EKS Auto Mode for traffic: `DefaultAllow` or `DefaultDeny`. There are none if the
    /// cluster does not use EKS Auto Mode.
    pub node_classes: Vec<Field<String>>,
    /// The API groups that the cluster serves.
    pub api_groups: Fact<BTreeSet<String>>,
}

/// The settings of network policies in the daemon set `aws-node` of the Amazon VPC CNI plugin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VpcCni {
    /// `true` if the agent on each node enforces network policies.
    pub enables_agent: Result<bool, InvalidField>,
    /// `true` if new pods have no traffic before a network policy selects them.
    pub is_strict: Result<bool, InvalidField>,
}

impl NetworkPolicyEngine {
    /// Returns the reasons why settings were not read.
    pub fn unread(&self) -> impl Iterator<Item = &Unread> {
        let controller = self.enables_controller.as_ref().err();
        controller.into_iter().chain(self.api_groups.as_ref().err())
    }

    /// Returns `true` if the cluster serves kinds of network policies that are not read.
    ///
    /// # Errors
    ///
    /// Returns the reason why this is unknown.
    pub fn serves_other_policies(&self) -> Fact<bool> {
        let groups = self.api_groups.as_ref().map_err(Unread::clone)?;
        Ok(has_other_engine(groups) || groups.contains(POLICIES_OF_ADMINISTRATORS))
    }

    /// Returns `true` if the Amazon VPC CNI plugin, EKS Auto Mode or another network plugin enforces network policies.
    ///
    /// # Errors
    ///
    /// Returns the reason why this is unknown.
    pub fn enforces_policies(&self, cluster: &KubernetesCluster) -> Fact<bool> {
        let other = self.api_groups.as_ref().map_err(Unread::clone);
        any_true([
            self.vpc_cni_enforces_policies(cluster),
            other.map(has_other_engine),
        ])
    }

    /// Returns `true` if the Amazon VPC CNI plugin or EKS Auto Mode enforces network policies. Both settings of the plugin
    /// are off by default, and both must be on: the controller tells the agents which pods a policy selects, and without
    /// an agent nothing on the node denies traffic. EKS Auto Mode has the agent on its nodes, so that the controller
    /// suffices if the cluster does not have the daemon set of the plugin.
    ///
    /// A cluster without the ConfigMap may run the controller on a node, where it needs no ConfigMap
    /// (`--enable-configmap-check=false`). The agent decides there.
    ///
    /// Sources: <https://docs.aws.amazon.com/eks/latest/userguide/cni-network-policy-configure.html>,
    /// <https://docs.aws.amazon.com/eks/latest/userguide/auto-net-pol.html> and
    /// <https://github.com/aws/amazon-network-policy-controller-k8s>.
    fn vpc_cni_enforces_policies(&self, cluster: &KubernetesCluster) -> Fact<bool> {
        let controller = self.enables_controller.clone();
        match self.agent(cluster, |vpc_cni| vpc_cni.enables_agent) {
            Some(agent) => all_true([controller.map(|enables| enables != Some(false)), agent]),
            None => Ok(controller? == Some(true)),
        }
    }

    /// Returns `true` if pods have no traffic before a network policy selects them, on all nodes. The agent of the Amazon
    /// VPC CNI plugin does this only if it enforces network policies.
    ///
    /// Sources: <https://github.com/aws/amazon-vpc-cni-k8s#network_policy_enforcing_mode-v1171>, `EnforceNpToPod` in
    /// <https://github.com/aws/aws-network-policy-agent>, and
    /// <https://docs.aws.amazon.com/eks/latest/userguide/create-node-class.html>.
    ///
    /// # Errors
    ///
    /// Returns the reason why this is unknown.
    pub fn is_strict(&self, cluster: &KubernetesCluster) -> Fact<bool> {
        let missing_node_classes = cluster.unread(ApiList::NodeClasses);
        let node_classes = self.node_classes.iter().map(|default| {
            let default = default.read().map_err(|InvalidField| {
                not_understood("A node class of EKS Auto Mode (nodeclasses.eks.amazonaws.com)")
            })?;
            Ok(default.is_some_and(|default| default == "DefaultDeny"))
        });
        let node_classes = node_classes.chain(missing_node_classes.map(Err));
        // Without EKS Auto Mode, no node has a node class, and none are listed.
        let node_classes = node_classes.filter(|_| cluster.auto_mode);
        // A cluster without the daemon set may have nodes of EKS Auto Mode alone.
        let agent = self.agent(cluster, |vpc_cni| {
            all_true([vpc_cni.enables_agent, vpc_cni.is_strict])
        });
        let mut modes = node_classes.chain(agent).peekable();
        if modes.peek().is_none() {
            return Ok(false);
        }
        all_true(modes)
    }

    /// Returns a setting of the daemon set of the Amazon VPC CNI plugin; `None` if the cluster does not have it.
    fn agent(
        &self,
        cluster: &KubernetesCluster,
        setting: fn(&VpcCni) -> Result<bool, InvalidField>,
    ) -> Option<Fact<bool>> {
        let Some(vpc_cni) = &self.vpc_cni else {
            return cluster.unread(ApiList::DaemonSets).map(Err);
        };
        Some(setting(vpc_cni).map_err(|InvalidField| {
            not_understood("The daemon set aws-node in the namespace kube-system")
        }))
    }
}

fn has_other_engine(groups: &BTreeSet<String>) -> bool {
    OTHER_ENGINES.iter().any(|engine| groups.contains(*engine))
}

fn not_understood(object: &str) -> Unread {
    Unread {
        code: ReasonCode::ReadFailed,
        text: format!(
            "{object} has a setting of network policies of an unknown type or value. Review it manually."
        ),
    }
}

#[cfg(test)]
mod tests;
