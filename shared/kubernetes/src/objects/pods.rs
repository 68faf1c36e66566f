//! Pods, reduced to their settings and what creates them.

use std::collections::BTreeMap;

use eksentry_core::facts::kubernetes::{ApiList, PodSpec, PolicySelection};
use eksentry_core::field::{Field, Object};
use serde::Deserialize;

use super::interner::{Interner, PodSpecs};
use super::lists::Item;
use super::metadata::Metadata;
use super::network_policies::Policies;
use super::owner::{Owner, all_from};

/// A pod, as the API server returns it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PodObject {
    metadata: Field<Metadata>,
    spec: Field<PodSpec>,
    status: Field<Status>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    phase: Field<String>,
}

impl Object for Status {}

/// A pod that runs or will run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Pod {
    /// The index of its [`Group`].
    pub(super) group: usize,
    /// The name of the pod.
    name: Box<str>,
    /// The index of its settings.
    pub(super) spec: usize,
    /// The directions in which network policies select the pod.
    pub(super) policy_selection: PolicySelection,
}

/// Pods with the same creator, as far as the pods themselves name it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Group {
    /// The namespace.
    pub(super) namespace: String,
    /// The creator.
    pub(super) creator: CreatorOfPods,
}

/// The creator that pods name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum CreatorOfPods {
    /// Nothing that is known to Kubernetes: these pods are named like this.
    None(String),
    /// A replica set, which another object may have created.
    ReplicaSet {
        /// The name of the replica set.
        name: String,
        /// The labels of the pods.
        labels: BTreeMap<String, String>,
    },
    /// Another object.
    Owner(Owner),
}

/// Returns what is kept of a pod.
pub(super) fn pod(
    object: PodObject,
    groups: &mut Interner<Group>,
    specs: &mut PodSpecs,
    policies: &Policies,
) -> Item<Pod> {
    let Field::Value(metadata) = object.metadata else {
        return Item::Unreadable;
    };
    let Some(place) = metadata.place() else {
        return Item::Unreadable;
    };
    if metadata.is_being_deleted() || !runs(&object.status) {
        return Item::Unneeded;
    }
    let creator = creator(&metadata, &place.name);
    let policy_selection = policies.selection(&place.namespace, || metadata.known_labels());
    let spec = object.spec;
    let spec = spec.and_then(|spec| Field::Value(spec.with_named_claims(&place.name)));
    Item::Kept(Pod {
        group: groups.intern(Group {
            namespace: place.namespace,
            creator,
        }),
        name: place.name.into(),
        spec: specs.intern_reduced(spec),
        policy_selection,
    })
}

/// Returns `true` if a pod with this status runs or will run. The API server sets the phase of each pod, so one that can't
/// be read is not that of a pod that has ended.
fn runs(status: &Field<Status>) -> bool {
    let phase = status.value().and_then(|status| status.phase.value());
    phase.is_none_or(|phase| ["Pending", "Running"].contains(&phase.as_str()))
}

fn creator(metadata: &Metadata, name: &str) -> CreatorOfPods {
    let Some(owner) = metadata.controller() else {
        let stem = metadata.generated_from();
        return CreatorOfPods::None(stem.map_or_else(|| name.to_owned(), all_from));
    };
    if owner.is("", "Node") && metadata.is_mirror() {
        // The kubelet of each node appends the name of the node.
        let end = format!("-{}", owner.name);
        let stem = name.strip_suffix(&end).filter(|stem| !stem.is_empty());
        return CreatorOfPods::None(stem.unwrap_or(name).to_owned());
    }
    match owner.list() {
        Some(ApiList::ReplicaSets) => CreatorOfPods::ReplicaSet {
            name: owner.name,
            labels: metadata.labels(),
        },
        Some(list) => CreatorOfPods::Owner(Owner::listed(list, &owner.name)),
        None => CreatorOfPods::Owner(owner.or_siblings(metadata.generate_name())),
    }
}
