//! Facts about the Kubernetes objects in Amazon EKS clusters.
//!
//! The API server of a cluster returns these objects. People with access to the cluster write them, so no member has a
//! form that can be relied on: see [`Field`](crate::field::Field).

mod api_list;
mod aws_auth;
mod kinds;
mod limits;
mod namespace;
mod network_policy;
mod network_policy_engine;
pub mod object;
mod persistent_volume;
mod pod;
mod priority_class;
mod rbac;
mod selector;
mod workload;

use std::collections::BTreeMap;

use super::cluster::{AuthenticationMode, KubernetesVersion, Principal};
use super::{Fact, Facts, FactsOf, List, Unread};
use crate::details::Details;
use crate::kind::ResourceKind;
use crate::need::{Need, Needs};
use crate::reason_code::ReasonCode;

pub use api_list::{ApiList, lists_for};
pub use aws_auth::{AwsAuth, AwsAuthPart, Mapping, UnreadablePlace};
pub use kinds::{KIND, NAMESPACE, OBJECT};
pub use limits::{
    LimitRange, LimitRangeItem, ResourceQuota, ScopeExpression, ScopeSelector, add_to_containers,
};
pub use namespace::{Namespace, Service, TokenSecret};
pub use network_policy::{
    DNS_NAMESPACE, DNS_SERVICE, DnsServers, IpBlock, NODE_LOCAL_DNS, NetworkPolicy,
    NetworkPolicySpec, Peer, PolicyPort, PolicySelection, PortOrName, Selected, TrafficDirection,
    TrafficRule,
};
pub use network_policy_engine::{NetworkPolicyEngine, VpcCni};
pub use object::ObjectName;
pub use persistent_volume::{HostPathVolume, VolumeClaim};
pub use pod::*;
pub use priority_class::PriorityClass;
pub use rbac::{Binding, Rbac, RbacName, Role, RoleSubject, Rule};
pub use selector::{LabelSelector, Labels};
pub use workload::{RunningPods, Workload};

/// A cluster, with the objects in it.
#[derive(Debug, Clone, PartialEq)]
pub struct KubernetesCluster {
    /// The name of the cluster.
    pub name: String,
    /// The ARN of the cluster.
    pub arn: String,
    /// The status in EKS: `ACTIVE`, `CREATING`, `DELETING`, …; empty if the response has none.
    pub status: String,
    /// `true` if the cluster runs elsewhere and is only registered through EKS Connector.
    pub connected: bool,
    /// The Kubernetes version of the control plane, as EKS states it.
    pub version: Option<KubernetesVersion>,
    /// The cluster's authentication mode, as EKS states it.
    pub authentication_mode: Option<AuthenticationMode>,
    /// `true` if EKS Auto Mode manages nodes of the cluster, as EKS states it.
    pub auto_mode: bool,
    /// The cluster's tags, sorted.
    pub tags: Vec<(String, String)>,
    /// The reason why nothing could be read from the API server; `None` if something was.
    pub unreachable: Option<Unread>,
    /// The names of the add-ons that Amazon EKS lists.
    pub addons: List<String>,
    /// The lists that were requested, each with the reason why objects may be missing from it, if there is one. The list
    /// of pods is also among them if a parameter excludes pods.
    pub lists: BTreeMap<ApiList, Fact<()>>,
    /// The namespaces, by name.
    pub namespaces: BTreeMap<String, Namespace>,
    /// The workloads, each once: the objects that create pods, and the pods that nothing else creates.
    pub workloads: Vec<Workload>,
    /// The persistent volumes that are paths of nodes, by the claims that they are bound to.
    pub host_path_volumes: BTreeMap<VolumeClaim, HostPathVolume>,
    /// The priority classes, by name.
    pub priority_classes: BTreeMap<String, PriorityClass>,
    /// The roles and the bindings.
    pub rbac: Rbac,
    /// The ConfigMap `aws-auth`; `None` if the cluster has none.
    pub aws_auth: Fact<Option<AwsAuth>>,
    /// The principals of the cluster's access entries, of which there are none if it does not use access entries.
    pub access_entries: List<Principal>,
    /// The settings that decide whether network policies have an effect; `None` if they were not requested.
    pub network_policy_engine: Option<NetworkPolicyEngine>,
}

impl KubernetesCluster {
    /// Returns the reasons why objects may be missing that a check with these needs evaluates.
    pub fn missing(&self, needs: Needs) -> Vec<Unread> {
        let lists = lists_for(needs, self.auto_mode).filter_map(|list| self.unread(list));
        lists.collect()
    }

    /// Returns the reason why objects may be missing from a list; `None` if it is complete.
    pub fn unread(&self, list: ApiList) -> Option<Unread> {
        match self.lists.get(&list) {
            Some(Ok(())) => None,
            Some(Err(unread)) => Some(unread.clone()),
            None => Some(Unread::not_requested(&format!("the list of {list}"))),
        }
    }

    /// Returns the reasons why something that was requested from the API server was not read completely. Pods that a
    /// parameter excludes were not requested, and the right to list persistent volumes is optional.
    pub fn failed_requests(&self) -> impl Iterator<Item = &Unread> {
        let lists = self.lists.iter();
        let lists = lists.filter_map(|(list, read)| Some((list, read.as_ref().err()?)));
        let lists = lists.filter(|(list, unread)| {
            let is_optional = **list == ApiList::PersistentVolumes && unread.is_denied();
            !is_optional && unread.code != ReasonCode::PodsNotRead
        });
        let lists = lists.map(|(_, unread)| unread);
        let aws_auth = self.aws_auth.as_ref().err();
        let aws_auth = aws_auth.filter(|unread| unread.code != ReasonCode::NotRead);
        let engine = self.network_policy_engine.iter();
        let engine = engine.flat_map(NetworkPolicyEngine::unread);
        lists.chain(aws_auth).chain(engine)
    }

    /// Returns the objects that are known: namespaces and what is in them, workloads, priority classes, roles and
    /// bindings.
    pub fn objects(&self) -> impl Iterator<Item = ObjectName> {
        let namespaces = self.namespaces.iter().flat_map(|(name, namespace)| {
            let objects = namespace.objects(name);
            objects.chain([ObjectName::of_namespace(name)])
        });
        let workloads = self.workloads.iter();
        let roles = self.rbac.roles.keys().map(RbacName::of_role);
        let bindings = self.rbac.bindings.keys().map(RbacName::of_binding);
        let workloads = workloads.map(|workload| workload.name.clone());
        let classes = self.priority_classes.keys();
        let classes = classes.map(|name| PriorityClass::object_name(name));
        let outside = classes.chain(roles).chain(bindings);
        namespaces.chain(workloads).chain(outside)
    }

    /// Returns `true` if EKS is creating the cluster, so that there is nothing to read yet.
    pub fn is_being_created(&self) -> bool {
        ["CREATING", "PENDING"].contains(&self.status.as_str())
    }

    /// Returns `true` if objects were read. Otherwise nothing is known of them, and nothing is reported.
    pub fn is_read(&self) -> bool {
        self.unreachable.is_none() && !self.is_being_created()
    }

    /// Returns `true` if a namespace is being deleted, with all objects in it.
    pub fn is_terminating(&self, namespace: &str) -> bool {
        let namespace = self.namespaces.get(namespace);
        namespace.is_some_and(|namespace| namespace.is_terminating)
    }

    /// Returns `true` if the cluster certainly has no namespace with this name.
    fn lacks_namespace(&self, name: &str) -> bool {
        matches!(self.lists.get(&ApiList::Namespaces), Some(Ok(())))
            && !self.namespaces.contains_key(name)
    }
}

impl Facts for KubernetesCluster {
    fn kind(&self) -> &'static ResourceKind {
        &KIND
    }

    fn details(&self) -> Details {
        let version = self.version.map(|version| version.to_string());
        Details::default()
            .text("arn", Some(&self.arn))
            .text("name", Some(&self.name))
            .text("version", version.as_deref())
    }

    fn tags(&self) -> Option<&[(String, String)]> {
        Some(&self.tags)
    }

    fn inapplicable(&self) -> Option<String> {
        if self.connected {
            return Some(
                "The cluster runs outside Amazon EKS and is only registered through EKS Connector."
                    .to_owned(),
            );
        }
        ["DELETING", "FAILED"]
            .contains(&self.status.as_str())
            .then(|| format!("The cluster's status is {}.", self.status))
    }

    fn shows_absence(&self, namespace: Option<&str>, needs: Needs) -> bool {
        if self.inapplicable().is_some() {
            return true;
        }
        // No finding is about a persistent volume.
        let needs = needs - Need::PersistentVolumes;
        let is_in_no_namespace = namespace.is_some_and(|name| self.lacks_namespace(name));
        self.is_read() && (is_in_no_namespace || self.missing(needs).is_empty())
    }
}

impl FactsOf for KubernetesCluster {
    const KIND: &'static ResourceKind = &KIND;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::kubernetes_cluster;

    #[test]
    fn no_check_applies_to_a_connected_cluster() {
        let connected = KubernetesCluster {
            connected: true,
            ..kubernetes_cluster()
        };
        let text = connected.inapplicable().unwrap();
        assert!(text.contains("EKS Connector"), "{text}");
        assert!(connected.shows_absence(None, Needs::empty()));
    }
}
