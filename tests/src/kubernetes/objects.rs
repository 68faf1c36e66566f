//! The objects of a cluster, as its API server stores them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use thiserror::Error;

use super::{
    defaults::{complete, set},
    kinds::{Kind, builtin},
    names::uid,
    workloads,
};

/// The namespaces that every cluster has.
const NAMESPACES: [&str; 4] = ["default", "kube-node-lease", "kube-public", "kube-system"];

/// When all objects were created.
const CREATED: &str = "2026-08-01T08:00:00Z";

/// The resource version of the first object.
const FIRST_VERSION: usize = 101;

/// An error in the description of a cluster.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
pub enum ObjectError {
    /// A manifest has no kind, or a kind that is neither built in nor a custom resource.
    #[error("a manifest has no known kind: {0}")]
    UnknownKind(String),
    /// A manifest has no name, no namespace although it needs one, or one although its kind has none.
    #[error("the metadata of a {0} has no name, or the namespace is missing or superfluous: {1}")]
    Metadata(String, String),
}

/// The objects of one kind by their keys: `namespace/name`, or `name` outside of namespaces.
type Shelf = BTreeMap<String, Value>;

/// All objects of a cluster at one time.
#[derive(Clone, Debug, Default)]
pub(super) struct Store {
    /// By the group and the name in paths.
    shelves: BTreeMap<(String, String), Shelf>,
    /// The kinds, those of custom resources included.
    kinds: Vec<Kind>,
}

impl Store {
    /// Stores objects, and what follows from them in a cluster.
    pub(super) fn new(manifests: &[Value]) -> Result<Self, ObjectError> {
        let mut store = Self {
            kinds: builtin().to_vec(),
            ..Self::default()
        };
        for name in NAMESPACES {
            store.put(json!({"kind": "Namespace", "metadata": {"name": name}}))?;
        }
        let manifests = flat(manifests);
        let owners: BTreeSet<_> = manifests.iter().flat_map(owners).collect();
        for manifest in manifests {
            store.put(manifest)?;
        }
        store.add_namespaces()?;
        store.add_pods(&owners)?;
        store.finish();
        Ok(store)
    }

    /// Stores an object with its defaults, unless it was stored before.
    pub(super) fn put(&mut self, mut object: Value) -> Result<(), ObjectError> {
        let kind = Kind::of(&object).ok_or_else(|| ObjectError::UnknownKind(object.to_string()))?;
        let metadata = &object["metadata"];
        let name = metadata["name"].as_str().unwrap_or_default();
        let namespace = metadata["namespace"].as_str().unwrap_or_default();
        if name.is_empty() || namespace.is_empty() == kind.is_namespaced {
            return Err(ObjectError::Metadata(kind.name, metadata.to_string()));
        }
        let key = if namespace.is_empty() {
            name.to_owned()
        } else {
            format!("{namespace}/{name}")
        };
        set(&mut object, json!({"apiVersion": kind.api_version()}));
        if is_new(&object) {
            complete(&mut object);
        }
        let place = (kind.group.clone(), kind.plural.clone());
        if !self.kinds.contains(&kind) {
            self.kinds.push(kind);
        }
        self.shelves.entry(place).or_default().insert(key, object);
        Ok(())
    }

    /// Adds the namespaces that contain objects, and the service account that each namespace has.
    fn add_namespaces(&mut self) -> Result<(), ObjectError> {
        let objects = self.shelves.values().flat_map(BTreeMap::values);
        let namespaces: BTreeSet<String> = objects
            .filter_map(|object| object["metadata"]["namespace"].as_str().map(str::to_owned))
            .chain(NAMESPACES.map(str::to_owned))
            .collect();
        for name in namespaces {
            if self.get("", "namespaces", &name).is_none() {
                self.put(json!({"kind": "Namespace", "metadata": {"name": name}}))?;
            }
        }
        for name in self.new_objects("", "namespaces") {
            let name = name["metadata"]["name"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            if self
                .get("", "serviceaccounts", &format!("{name}/default"))
                .is_none()
            {
                let metadata = json!({"name": "default", "namespace": name});
                self.put(json!({"kind": "ServiceAccount", "metadata": metadata}))?;
            }
        }
        Ok(())
    }

    /// Completes the pods, and adds those of workloads, unless something that is given has the workload as its owner.
    fn add_pods(&mut self, owners: &BTreeSet<String>) -> Result<(), ObjectError> {
        for mut pod in self.new_objects("", "pods") {
            workloads::admit(&mut pod, |key| self.get("", "serviceaccounts", key));
            self.put(pod)?;
        }
        for (group, plural) in workloads::CONTROLLERS {
            for mut workload in self.new_objects(group, plural) {
                let has_dependents =
                    owners.contains(&owner_key(&workload, &workload["metadata"]["namespace"]));
                let pods = workload
                    .as_object_mut()
                    .and_then(|object| object.remove("$pods"));
                let dependents = workloads::dependents(&workload, pods.as_ref(), has_dependents);
                self.put(workload)?;
                for mut dependent in dependents {
                    if dependent["kind"] == "Pod" {
                        workloads::admit(&mut dependent, |key| {
                            self.get("", "serviceaccounts", key)
                        });
                    }
                    self.put(dependent)?;
                }
            }
        }
        Ok(())
    }

    /// Sets the metadata of all objects.
    fn finish(&mut self) {
        let objects = self.shelves.values_mut().flat_map(BTreeMap::values_mut);
        for (number, object) in objects.enumerate() {
            if !is_new(object) {
                continue;
            }
            let api_version = object["apiVersion"].clone();
            let uid = uid(object);
            set(
                &mut object["metadata"],
                json!({
                    "uid": uid,
                    "resourceVersion": (FIRST_VERSION + number).to_string(),
                    "creationTimestamp": CREATED,
                    "managedFields": [{
                        "manager": "kubectl-client-side-apply",
                        "operation": "Update",
                        "apiVersion": api_version,
                        "time": CREATED,
                        "fieldsType": "FieldsV1",
                        "fieldsV1": {"f:metadata": {"f:annotations": {".": {}}}},
                    }],
                }),
            );
        }
    }

    /// Returns the objects of a kind that were not stored before.
    fn new_objects(&self, group: &str, plural: &str) -> Vec<Value> {
        let objects = self
            .shelf(group, plural)
            .into_iter()
            .flat_map(BTreeMap::values);
        objects.filter(|object| is_new(object)).cloned().collect()
    }

    fn shelf(&self, group: &str, plural: &str) -> Option<&Shelf> {
        self.shelves.get(&(group.to_owned(), plural.to_owned()))
    }

    /// Returns the objects of a kind in the order of their keys.
    pub(super) fn objects(&self, kind: &Kind) -> impl Iterator<Item = (&String, &Value)> {
        self.shelf(&kind.group, &kind.plural).into_iter().flatten()
    }

    /// Returns an object by its key.
    pub(super) fn get(&self, group: &str, plural: &str, key: &str) -> Option<&Value> {
        self.shelf(group, plural)?.get(key)
    }

    /// Returns the kinds, in the order of their groups.
    pub(super) fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// Returns all roles and bindings.
    pub(super) fn access_objects(&self) -> impl Iterator<Item = &Value> {
        let shelves = self.shelves.iter();
        let shelves = shelves.filter(|((group, _), _)| group == "rbac.authorization.k8s.io");
        shelves.flat_map(|(_, shelf)| shelf.values())
    }
}

/// Returns the manifests, those in lists included.
fn flat(manifests: &[Value]) -> Vec<Value> {
    let flat = manifests.iter().flat_map(|manifest| {
        if let Some(manifests) = manifest.as_array() {
            return flat(manifests);
        }
        let Some(items) = manifest["items"].as_array() else {
            return vec![manifest.clone()];
        };
        let kind = manifest["kind"]
            .as_str()
            .and_then(|kind| kind.strip_suffix("List"));
        let items = items.iter().cloned().map(|mut item| {
            if let Some(kind) = kind.filter(|kind| !kind.is_empty()) {
                set(
                    &mut item,
                    json!({"kind": kind, "apiVersion": manifest["apiVersion"]}),
                );
            }
            item
        });
        flat(&items.collect::<Vec<_>>())
    });
    flat.collect()
}

/// Returns `true` if an object is not served exactly as it is given.
fn is_new(object: &Value) -> bool {
    object["metadata"].get("resourceVersion").is_none()
}

/// Returns the owners of an object, as [`owner_key`] names them.
fn owners(object: &Value) -> Vec<String> {
    let references = object["metadata"]["ownerReferences"]
        .as_array()
        .into_iter()
        .flatten();
    let namespace = &object["metadata"]["namespace"];
    references
        .map(|owner| {
            owner_key(
                &json!({"kind": owner["kind"], "metadata": owner}),
                namespace,
            )
        })
        .collect()
}

fn owner_key(owner: &Value, namespace: &Value) -> String {
    format!(
        "{namespace}/{}/{}",
        owner["kind"], owner["metadata"]["name"]
    )
}

#[cfg(test)]
mod tests;
