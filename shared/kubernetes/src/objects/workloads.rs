//! Workloads, which are assembled from pods and from the objects that create pods.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;

use eksentry_core::facts::kubernetes::{
    ApiList, ObjectName, PodSpec, PolicySelection, RunningPods, Workload,
};

use super::creators::{Creator, ROLLOUT_HASH};
use super::lists::Read;
use super::metadata::Place;
use super::owner::Owner;
use super::pods::{CreatorOfPods, Group};
use super::unread::State;

/// The label that the controller of deployments gives to replica sets, and to their pods.
const DEPLOYMENT_HASH: &str = "pod-template-hash";

/// The API group, with its version, and the kind of rollouts, if no list names them.
const ROLLOUT: (&str, &str) = ("argoproj.io/v1alpha1", "Rollout");

/// The parts of an object's name that its id contains: the namespace, the API group, the plural of the kind, and the name.
/// Objects that differ in the version of the group only are the same object.
type Key = (Option<String>, String, String, String);

/// A workload that is being assembled.
struct Draft {
    name: ObjectName,
    managed_by: Option<String>,
    template: Option<usize>,
    /// The number of pods, by the index of their settings.
    running: BTreeMap<usize, u32>,
    /// The directions in which network policies select the template.
    of_template: PolicySelection,
    /// The directions in which network policies select all pods; `None` if there are none.
    of_running: Option<PolicySelection>,
    has_ended: bool,
}

/// The objects by which the creators of pods are found.
struct Creators<'a> {
    by_place: HashMap<(ApiList, &'a Place), &'a Creator>,
    /// `true` if all deployments are listed.
    has_all_deployments: bool,
}

/// Returns the workloads, each once, sorted by name. The order of the lists and of their items has no effect.
pub(super) fn workloads(read: &Read) -> Vec<Workload> {
    let creators = Creators::new(read);
    let mut drafts = BTreeMap::new();
    for creator in &read.creators {
        if creator.subject().is_none() {
            let owner = Owner::listed(creator.list, &creator.place.name);
            let draft = draft(&mut drafts, owner.object_name(&creator.place.namespace));
            draft.managed_by = creator.owner.as_ref().map(Owner::as_manager);
            draft.template = Some(creator.template);
            draft.of_template = creator.policy_selection;
            draft.has_ended = creator.has_ended;
        }
    }
    let mut pods: Vec<_> = read.pods.iter().collect();
    pods.sort_unstable();
    pods.dedup();
    for pods in pods.chunk_by(|one, other| one.group == other.group) {
        let group = &read.groups[pods[0].group];
        let owner = creators.subject_of(group);
        let draft = draft(&mut drafts, owner.object_name(&group.namespace));
        for pod in pods {
            *draft.running.entry(pod.spec).or_default() += 1;
            let before = draft.of_running.unwrap_or(pod.policy_selection);
            draft.of_running = Some(before.and(pod.policy_selection));
        }
    }
    let workloads = drafts.into_values().map(|draft| draft.finish(&read.specs));
    let mut workloads: Vec<_> = workloads.collect();
    workloads.sort_unstable_by(|one, other| one.name.cmp(&other.name));
    workloads
}

/// Returns the draft of a workload.
fn draft(drafts: &mut BTreeMap<Key, Draft>, name: ObjectName) -> &mut Draft {
    let key = (
        name.namespace.clone(),
        name.group().to_owned(),
        name.plural.clone(),
        name.name.clone(),
    );
    let draft = drafts.entry(key).or_insert_with(|| Draft {
        name: name.clone(),
        managed_by: None,
        template: None,
        running: BTreeMap::new(),
        of_template: PolicySelection::default(),
        of_running: None,
        has_ended: false,
    });
    if name < draft.name {
        draft.name = name;
    }
    draft
}

impl Creator {
    /// Returns the object that the pods of this one are about, if it is another one.
    fn subject(&self) -> Option<Owner> {
        let owner = self.owner.as_ref()?;
        let list = match self.list {
            ApiList::ReplicaSets if self.is_of_rollout => return Some(owner.clone()),
            ApiList::ReplicaSets => ApiList::Deployments,
            ApiList::Jobs => ApiList::CronJobs,
            _ => return None,
        };
        let is_above = owner.is_in(list);
        is_above.then(|| Owner::listed(list, &owner.name))
    }
}

impl<'a> Creators<'a> {
    fn new(read: &'a Read) -> Self {
        let creators = read.creators.iter();
        let deployments = read.states.get(&ApiList::Deployments);
        Self {
            by_place: creators.map(|one| ((one.list, &one.place), one)).collect(),
            has_all_deployments: deployments.is_some_and(State::is_complete),
        }
    }

    fn get(&self, list: ApiList, namespace: &str, name: &str) -> Option<&'a Creator> {
        let place = Place {
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        };
        self.by_place.get(&(list, &place)).copied()
    }

    /// Returns the object that pods are about.
    fn subject_of(&self, group: &Group) -> Owner {
        let namespace = group.namespace.as_str();
        match &group.creator {
            CreatorOfPods::None(name) => Owner::listed(ApiList::Pods, name),
            CreatorOfPods::ReplicaSet { name, labels } => {
                self.subject_of_replica_set(namespace, name, labels)
            }
            CreatorOfPods::Owner(owner) if owner.is_in(ApiList::Jobs) => {
                let job = self.get(ApiList::Jobs, namespace, &owner.name);
                let subject = job.and_then(Creator::subject);
                subject.unwrap_or_else(|| owner.clone())
            }
            CreatorOfPods::Owner(owner) => owner.clone(),
        }
    }

    /// Returns the object that the pods of a replica set are about. Replica sets of deployments are not listed, so the
    /// deployment is found by the hash at the end of the name.
    fn subject_of_replica_set(
        &self,
        namespace: &str,
        name: &str,
        labels: &BTreeMap<String, String>,
    ) -> Owner {
        let itself = || Owner::listed(ApiList::ReplicaSets, name);
        if let Some(listed) = self.get(ApiList::ReplicaSets, namespace, name) {
            return listed.subject().unwrap_or_else(itself);
        }
        let without_hash = |label: &str| {
            let end = format!("-{}", labels.get(label)?);
            name.strip_suffix(&end).filter(|name| !name.is_empty())
        };
        if let Some(name) = without_hash(DEPLOYMENT_HASH) {
            let is_deployment = match self.get(ApiList::Deployments, namespace, name) {
                Some(deployment) => {
                    let selector = deployment.selector.as_ref();
                    selector.is_some_and(|selector| selector.matches(labels) == Ok(true))
                }
                // The id of a replica set would change with each rollout.
                None => !self.has_all_deployments,
            };
            if is_deployment {
                return Owner::listed(ApiList::Deployments, name);
            }
        } else if let Some(name) = without_hash(ROLLOUT_HASH) {
            let (api_version, kind) = ROLLOUT;
            return Owner {
                api_version: api_version.to_owned(),
                kind: kind.to_owned(),
                name: name.to_owned(),
            };
        }
        itself()
    }
}

impl Draft {
    fn finish(self, specs: &[Arc<PodSpec>]) -> Workload {
        let spec = |index: usize| Arc::clone(&specs[index]);
        let running = self.running.into_iter();
        let mut running: Vec<_> = running
            .map(|(index, count)| RunningPods {
                spec: spec(index),
                count,
            })
            .collect();
        // A comparison of hashes needs no memory. Equal hashes of different settings are unlikely.
        running.sort_by_cached_key(|pods| hash(&pods.spec));
        Workload {
            name: self.name,
            managed_by: self.managed_by,
            template: self.template.map(spec),
            policy_selection: self.of_running.unwrap_or(self.of_template),
            // Pods that run count, whatever the status of their job.
            has_ended: self.has_ended && running.is_empty(),
            running,
        }
    }
}

/// Returns the hash of settings, which is the same in each run.
fn hash(spec: &PodSpec) -> u64 {
    let mut hasher = DefaultHasher::new();
    spec.hash(&mut hasher);
    hasher.finish()
}
