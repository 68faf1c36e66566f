//! The objects of a cluster that checks evaluate.
//!
//! Each object is reduced to what checks need as soon as its page is read. Objects have no form that can be relied on: a
//! member of an unexpected type counts as unknown, and never prevents that the others are read.

mod aws_auth;
mod config_map;
mod creators;
mod in_namespace;
mod interner;
mod lists;
mod metadata;
mod network_policies;
mod network_policy_engine;
mod owner;
mod persistent_volumes;
mod pods;
mod priority_classes;
mod rbac;
mod unread;
mod workloads;

use std::collections::BTreeMap;

use eksentry_core::facts::kubernetes::{
    ApiList, AwsAuth, HostPathVolume, Namespace, NetworkPolicyEngine, PriorityClass, Rbac,
    VolumeClaim, Workload, lists_for,
};
use eksentry_core::{Fact, Need, Needs, Unread};

use crate::client::Client;
use crate::problem::Problem;
use lists::read_lists;
use network_policy_engine::read_engine;
use workloads::workloads;

/// The objects of a cluster, as far as they were read.
#[derive(Debug, Clone, PartialEq)]
pub struct Objects {
    /// The reason why nothing could be read; `None` if something was.
    pub unreachable: Option<Problem>,
    /// The lists that were needed, each with the reason why objects may be missing from it, if there is one. The list of
    /// pods is also among them if only the templates of workloads were needed.
    pub lists: BTreeMap<ApiList, Fact<()>>,
    /// The namespaces, by name: those that are listed, and those of other objects.
    pub namespaces: BTreeMap<String, Namespace>,
    /// The workloads, each once, sorted by name.
    pub workloads: Vec<Workload>,
    /// The persistent volumes that are paths of nodes, by the claims that they are bound to.
    pub host_path_volumes: BTreeMap<VolumeClaim, HostPathVolume>,
    /// The priority classes, by name.
    pub priority_classes: BTreeMap<String, PriorityClass>,
    /// The roles and the bindings.
    pub rbac: Rbac,
    /// The ConfigMap `aws-auth`; `None` if the cluster has none.
    pub aws_auth: Fact<Option<AwsAuth>>,
    /// The settings that decide whether network policies have an effect, if they were needed.
    pub network_policy_engine: Option<NetworkPolicyEngine>,
}

/// Reads the objects of a cluster that checks with these needs evaluate. `auto_mode` is `true` if EKS Auto Mode manages
/// nodes of the cluster. Makes no further request after a problem that all requests would have.
pub async fn read_objects(client: &Client, needs: Needs, auto_mode: bool) -> Objects {
    let mut read = read_lists(client, lists_for(needs, auto_mode).collect()).await;
    let mut problem = read.common_problem().cloned();
    let aws_auth = if needs.contains(Need::AwsAuth) {
        aws_auth_unless(&mut problem, client).await
    } else {
        Err(Unread::not_requested("the ConfigMap aws-auth"))
    };
    // The ConfigMap shows that something can be read; if no list was needed, also that nothing can.
    let unreachable = match &aws_auth {
        Ok(_) => None,
        Err(_) if read.states.is_empty() => problem.clone(),
        Err(_) => unread::unreachable(&read.states),
    };
    let workloads = workloads(&read);
    let network_policy_engine = if needs.contains(Need::NetworkPolicies) {
        Some(read_engine(client, &mut read, problem.as_ref()).await)
    } else {
        None
    };
    let mut namespaces: BTreeMap<_, _> = read.namespaces.into_iter().collect();
    for workload in &workloads {
        if let Some(name) = &workload.name.namespace
            && !namespaces.contains_key(name)
        {
            namespaces.insert(name.clone(), Namespace::default());
        }
    }
    in_namespace::add(read.in_namespaces, &mut namespaces);
    let lists = read.states.into_iter();
    let mut lists: BTreeMap<_, _> = lists.map(|(list, state)| (list, state.fact())).collect();
    if needs.contains(Need::WorkloadTemplates) {
        lists
            .entry(ApiList::Pods)
            .or_insert_with(|| Err(unread::pods()));
    }
    Objects {
        unreachable,
        lists,
        namespaces,
        workloads,
        host_path_volumes: read.host_path_volumes,
        priority_classes: read.priority_classes,
        rbac: read.rbac,
        aws_auth,
        network_policy_engine,
    }
}

/// Reads the ConfigMap `aws-auth` unless there is a problem that all requests would have. `problem` becomes such a problem
/// if this request has one.
async fn aws_auth_unless(problem: &mut Option<Problem>, client: &Client) -> Fact<Option<AwsAuth>> {
    if let Some(problem) = problem {
        return Err(problem.clone().into());
    }
    aws_auth::read(client).await.unwrap_or_else(|new| {
        if new.concerns_all_requests() {
            *problem = Some(new.clone());
        }
        Err(new.into())
    })
}

#[cfg(test)]
mod tests;
