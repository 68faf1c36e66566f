//! The requests for lists, and their order.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use eksentry_core::facts::kubernetes::{
    ApiList, Binding, HostPathVolume, Namespace, PodSpec, PriorityClass, Rbac, RbacName, Role,
    VolumeClaim, VpcCni,
};
use eksentry_core::field::{Field, Object};
use futures::stream::FuturesUnordered;
use futures::{FutureExt as _, StreamExt as _};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::creators::{Creator, CreatorObject, creator};
use super::in_namespace::{self, InNamespace};
use super::interner::{Interner, PodSpecs};
use super::metadata::Metadata;
use super::network_policies::Policies;
use super::network_policy_engine::{NodeClass, vpc_cni};
use super::persistent_volumes::persistent_volume;
use super::pods::{Group, Pod, PodObject, pod};
use super::priority_classes::priority_class;
use super::rbac::{BindingObject, RoleObject, binding, role};
use super::unread::State;
use crate::client::Client;
use crate::problem::Problem;
use crate::request::{ApiResource, ListOf};

/// The most lists that are read at a time.
const AT_A_TIME: usize = 4;

/// The condition on pods that have not ended.
const NOT_ENDED: &str = "status.phase!=Succeeded,status.phase!=Failed";

/// The condition on replica sets that deployments did not create. A cluster keeps ten old ones of each deployment.
const NOT_OF_DEPLOYMENTS: &str = "!pod-template-hash";

/// The lists of objects that create pods.
pub(super) const CREATORS: [ApiList; 7] = [
    ApiList::ReplicaSets,
    ApiList::Jobs,
    ApiList::ReplicationControllers,
    ApiList::Deployments,
    ApiList::StatefulSets,
    ApiList::DaemonSets,
    ApiList::CronJobs,
];

/// Returns the kind of the objects in a list, in paths and in objects.
const fn kind(list: ApiList) -> (ApiResource, &'static str) {
    let core = ApiResource::core;
    match list {
        ApiList::Namespaces => (core("namespaces"), "Namespace"),
        ApiList::NetworkPolicies => (
            ApiResource::new("networking.k8s.io", "v1", "networkpolicies"),
            "NetworkPolicy",
        ),
        ApiList::Pods => (core("pods"), "Pod"),
        ApiList::ResourceQuotas => (core("resourcequotas"), "ResourceQuota"),
        ApiList::LimitRanges => (core("limitranges"), "LimitRange"),
        ApiList::ServiceAccounts => (core("serviceaccounts"), "ServiceAccount"),
        ApiList::TokenSecrets => (core("secrets"), "Secret"),
        ApiList::Services => (core("services"), "Service"),
        ApiList::Ingresses => (
            ApiResource::new("networking.k8s.io", "v1", "ingresses"),
            "Ingress",
        ),
        ApiList::ReplicaSets => (apps("replicasets"), "ReplicaSet"),
        ApiList::Jobs => (batch("jobs"), "Job"),
        ApiList::ReplicationControllers => {
            (core("replicationcontrollers"), "ReplicationController")
        }
        ApiList::Deployments => (apps("deployments"), "Deployment"),
        ApiList::StatefulSets => (apps("statefulsets"), "StatefulSet"),
        ApiList::DaemonSets => (apps("daemonsets"), "DaemonSet"),
        ApiList::CronJobs => (batch("cronjobs"), "CronJob"),
        ApiList::PersistentVolumes => (core("persistentvolumes"), "PersistentVolume"),
        ApiList::NodeClasses => (
            ApiResource::new("eks.amazonaws.com", "v1", "nodeclasses"),
            "NodeClass",
        ),
        ApiList::PriorityClasses => (
            ApiResource::new("scheduling.k8s.io", "v1", "priorityclasses"),
            "PriorityClass",
        ),
        ApiList::ClusterRoleBindings => (rbac("clusterrolebindings"), "ClusterRoleBinding"),
        ApiList::RoleBindings => (rbac("rolebindings"), "RoleBinding"),
        ApiList::ClusterRoles => (rbac("clusterroles"), "ClusterRole"),
        ApiList::Roles => (rbac("roles"), "Role"),
    }
}

const fn apps(plural: &'static str) -> ApiResource {
    ApiResource::new("apps", "v1", plural)
}

const fn batch(plural: &'static str) -> ApiResource {
    ApiResource::new("batch", "v1", plural)
}

const fn rbac(plural: &'static str) -> ApiResource {
    ApiResource::new("rbac.authorization.k8s.io", "v1", plural)
}

/// Returns the stage in which a list is read. The lists of a stage are read together, after those of the stages before:
/// network policies come before pods, so that the labels of pods need not be kept, and roles come last, so that the role of
/// a binding is in its list, unless it was deleted.
const fn stage(list: ApiList) -> u8 {
    match list {
        ApiList::Namespaces => 0,
        ApiList::NetworkPolicies => 1,
        ApiList::Pods => 2,
        ApiList::ClusterRoles | ApiList::Roles => 4,
        _ => 3,
    }
}

/// Returns the API group with its version, and the kind, of the objects in a list.
pub(super) fn api_version_and_kind(list: ApiList) -> (String, &'static str) {
    let (resource, kind) = kind(list);
    let slash = if resource.group.is_empty() { "" } else { "/" };
    let api_version = format!("{}{slash}{}", resource.group, resource.version);
    (api_version, kind)
}

/// Returns the request for a list.
fn request(list: ApiList) -> ListOf<'static> {
    let all = ListOf::all(kind(list).0);
    match list {
        ApiList::Pods => all.with_fields(NOT_ENDED),
        ApiList::ReplicaSets => all.with_labels(NOT_OF_DEPLOYMENTS),
        _ => all,
    }
}

/// An item of a list.
#[derive(Debug)]
pub(super) enum Item<P> {
    /// This is kept of the item.
    Kept(P),
    /// The item is not needed.
    Unneeded,
    /// The item can't be read.
    Unreadable,
}

/// All lists, as far as they were read.
#[derive(Debug, Default)]
pub(super) struct Read {
    pub(super) namespaces: Vec<(String, Namespace)>,
    /// The objects that are facts about their namespace.
    pub(super) in_namespaces: Vec<InNamespace>,
    pub(super) pods: Vec<Pod>,
    pub(super) creators: Vec<Creator>,
    pub(super) host_path_volumes: BTreeMap<VolumeClaim, HostPathVolume>,
    pub(super) priority_classes: BTreeMap<String, PriorityClass>,
    pub(super) rbac: Rbac,
    /// The settings of the Amazon VPC CNI plugin, if its daemon set was listed.
    pub(super) vpc_cni: Option<VpcCni>,
    /// The default of each node class for traffic.
    pub(super) node_classes: Vec<Field<String>>,
    /// The groups of the pods, by their index.
    pub(super) groups: Vec<Arc<Group>>,
    /// The settings of the pods and the templates, by their index.
    pub(super) specs: Vec<Arc<PodSpec>>,
    pub(super) states: BTreeMap<ApiList, State>,
}

/// The kept items of a list.
enum Items {
    Namespaces(Vec<(String, Namespace)>),
    InNamespaces(Vec<InNamespace>),
    Pods(Vec<Pod>),
    Creators(Vec<Creator>),
    DaemonSets(Vec<(Creator, Option<VpcCni>)>),
    NodeClasses(Vec<Field<String>>),
    HostPathVolumes(Vec<(VolumeClaim, HostPathVolume)>),
    PriorityClasses(Vec<(String, PriorityClass)>),
    Roles(Vec<(RbacName, Role)>),
    Bindings(Vec<(RbacName, Binding)>),
}

/// The values that objects have in common, of all lists that are being read.
#[derive(Default)]
struct Shared {
    groups: Mutex<Interner<Group>>,
    specs: Mutex<PodSpecs>,
    /// The network policies, once they were read.
    policies: OnceLock<Policies>,
}

/// Reads lists in their order: first namespaces, then network policies, then pods, then the others together, and roles at
/// last. Stops at a problem that all requests would have.
pub(super) async fn read_lists(client: &Client, mut lists: Vec<ApiList>) -> Read {
    lists.sort_by_key(|list| stage(*list));
    let shared = Shared::default();
    let mut read = Read::default();
    let read_one = |list| read_list(client, list, &shared);
    for lists_of_stage in lists.chunk_by(|one, other| stage(*one) == stage(*other)) {
        let mut waiting = lists_of_stage.iter().copied();
        let mut reading: FuturesUnordered<_> =
            waiting.by_ref().take(AT_A_TIME).map(read_one).collect();
        while let Some(one) = reading.next().await {
            if read.add(one) {
                // Lists that end at the same time count, such as all of those for which time ran out.
                while let Some(Some(one)) = reading.next().now_or_never() {
                    read.add(one);
                }
                drop(reading);
                return read.finish(&lists, shared);
            }
            reading.extend(waiting.next().map(read_one));
        }
    }
    read.finish(&lists, shared)
}

impl Read {
    /// Adds a list. Returns `true` if no further list can be read.
    fn add(&mut self, (list, items, state): (ApiList, Items, State)) -> bool {
        match items {
            Items::Namespaces(items) => self.namespaces.extend(items),
            Items::InNamespaces(items) => self.in_namespaces.extend(items),
            Items::Pods(items) => self.pods.extend(items),
            Items::Creators(items) => self.creators.extend(items),
            Items::DaemonSets(items) => {
                for (creator, vpc_cni) in items {
                    self.creators.push(creator);
                    self.vpc_cni = vpc_cni.or(self.vpc_cni);
                }
            }
            Items::NodeClasses(items) => self.node_classes.extend(items),
            Items::HostPathVolumes(items) => self.host_path_volumes.extend(items),
            Items::PriorityClasses(items) => self.priority_classes.extend(items),
            Items::Roles(items) => self.rbac.roles.extend(items),
            Items::Bindings(items) => self.rbac.bindings.extend(items),
        }
        let stops = state.common_problem().is_some();
        self.states.insert(list, state);
        stops
    }

    /// Returns the problem that all further requests would have.
    pub(super) fn common_problem(&self) -> Option<&Problem> {
        self.states.values().find_map(State::common_problem)
    }

    /// Adds the lists that were not read.
    fn finish(mut self, lists: &[ApiList], shared: Shared) -> Self {
        if let Some(problem) = self.common_problem().cloned() {
            for list in lists {
                let state = self.states.entry(*list);
                state.or_insert_with(|| State::not_requested(&problem));
            }
        }
        self.groups = unlocked(shared.groups).into_values();
        self.specs = unlocked(shared.specs).into_values();
        self
    }
}

async fn read_list(client: &Client, list: ApiList, shared: &Shared) -> (ApiList, Items, State) {
    let specs = || shared.specs.lock().unwrap_or_else(PoisonError::into_inner);
    let groups = || shared.groups.lock().unwrap_or_else(PoisonError::into_inner);
    let policies = || shared.policies.get_or_init(Policies::default);
    match list {
        ApiList::Namespaces => {
            let (items, state) = list_items(client, list, namespace).await;
            (list, Items::Namespaces(items), state)
        }
        ApiList::ResourceQuotas => {
            let (items, state) = list_items(client, list, in_namespace::quota).await;
            (list, Items::InNamespaces(items), state)
        }
        ApiList::LimitRanges => {
            let (items, state) = list_items(client, list, in_namespace::limit_range).await;
            (list, Items::InNamespaces(items), state)
        }
        ApiList::ServiceAccounts => {
            let (items, state) = list_items(client, list, in_namespace::service_account).await;
            (list, Items::InNamespaces(items), state)
        }
        ApiList::TokenSecrets => {
            let (items, state) = list_items(client, list, in_namespace::token_secret).await;
            (list, Items::InNamespaces(items), state)
        }
        ApiList::Services => {
            let (items, state) = list_items(client, list, in_namespace::service).await;
            (list, Items::InNamespaces(items), state)
        }
        ApiList::Ingresses => {
            let (items, state) = list_items(client, list, in_namespace::ingress).await;
            (list, Items::InNamespaces(items), state)
        }
        ApiList::NetworkPolicies => {
            let (items, state) = list_items(client, list, in_namespace::network_policy).await;
            shared.policies.get_or_init(|| Policies::of(&items));
            (list, Items::InNamespaces(items), state)
        }
        ApiList::NodeClasses => {
            let project = |object: NodeClass| Item::Kept(object.network_policy());
            let (items, state) = list_items(client, list, project).await;
            (list, Items::NodeClasses(items), state)
        }
        ApiList::PersistentVolumes => {
            let (items, state) = list_items(client, list, persistent_volume).await;
            (list, Items::HostPathVolumes(items), state)
        }
        ApiList::PriorityClasses => {
            let (items, state) = list_items(client, list, priority_class).await;
            (list, Items::PriorityClasses(items), state)
        }
        ApiList::Pods => {
            let project = |object: PodObject| pod(object, &mut groups(), &mut specs(), policies());
            let (items, state) = list_items(client, list, project).await;
            (list, Items::Pods(items), state)
        }
        ApiList::ReplicaSets
        | ApiList::Jobs
        | ApiList::ReplicationControllers
        | ApiList::Deployments
        | ApiList::StatefulSets
        | ApiList::CronJobs => {
            let project = |object: CreatorObject| creator(list, object, &mut specs(), policies());
            let (items, state) = list_items(client, list, project).await;
            (list, Items::Creators(items), state)
        }
        ApiList::DaemonSets => {
            let project = |object: Box<RawValue>| {
                let read = serde_json::from_str(object.get());
                match read.map(|read| creator(list, read, &mut specs(), policies())) {
                    Ok(Item::Kept(creator)) => {
                        let vpc_cni = vpc_cni(&creator.place, &object);
                        Item::Kept((creator, vpc_cni))
                    }
                    Ok(Item::Unneeded) => Item::Unneeded,
                    Ok(Item::Unreadable) | Err(_) => Item::Unreadable,
                }
            };
            let (items, state) = list_items(client, list, project).await;
            (list, Items::DaemonSets(items), state)
        }
        ApiList::ClusterRoleBindings | ApiList::RoleBindings => {
            let project = |object: BindingObject| binding(list, object);
            let (items, state) = list_items(client, list, project).await;
            (list, Items::Bindings(items), state)
        }
        ApiList::ClusterRoles | ApiList::Roles => {
            let project = |object: RoleObject| role(list, object);
            let (items, state) = list_items(client, list, project).await;
            (list, Items::Roles(items), state)
        }
    }
}

async fn list_items<T: DeserializeOwned, P>(
    client: &Client,
    list: ApiList,
    project: impl FnMut(T) -> Item<P>,
) -> (Vec<P>, State) {
    let listed = client.list(request(list), project).await;
    let (mut kept, mut unreadable) = (Vec::new(), listed.unreadable);
    for item in listed.items {
        match item {
            Item::Kept(item) => kept.push(item),
            Item::Unneeded => {}
            Item::Unreadable => unreadable += 1,
        }
    }
    let state = State::new(list, listed.pages, listed.completeness, unreadable);
    (kept, state)
}

fn unlocked<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// A namespace, as the API server returns it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NamespaceObject {
    metadata: Field<Metadata>,
    status: Field<NamespaceStatus>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NamespaceStatus {
    phase: Field<String>,
}

impl Object for NamespaceStatus {}

fn namespace(object: NamespaceObject) -> Item<(String, Namespace)> {
    let Field::Value(metadata) = object.metadata else {
        return Item::Unreadable;
    };
    let Some(name) = metadata.name() else {
        return Item::Unreadable;
    };
    let phase = object
        .status
        .value()
        .and_then(|status| status.phase.value());
    let is_terminating = phase.is_some_and(|phase| phase == "Terminating");
    let namespace = Namespace {
        labels: metadata.known_labels(),
        is_terminating: is_terminating || metadata.is_being_deleted(),
        ..Namespace::default()
    };
    Item::Kept((name.to_owned(), namespace))
}
