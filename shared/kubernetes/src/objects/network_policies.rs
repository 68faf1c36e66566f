//! The network policies that select pods.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use eksentry_core::facts::kubernetes::{LabelSelector, Labels, NetworkPolicy, PolicySelection};

use super::in_namespace::InNamespace;

/// Network policies, by their namespace.
#[derive(Debug, Default)]
pub(super) struct Policies(HashMap<String, PoliciesOfNamespace>);

/// The network policies of a namespace.
#[derive(Debug, Default)]
struct PoliciesOfNamespace {
    /// The policies, each with its directions.
    policies: Vec<(Arc<NetworkPolicy>, PolicySelection)>,
    /// The names of the labels by which the policies select pods.
    label_names: BTreeSet<String>,
    /// The selection of the pods so far, by those of their labels that decide it. The pods of a workload have these in
    /// common, so that neither the time nor the memory grows with the number of pods.
    selections: Mutex<HashMap<Option<Labels>, PolicySelection>>,
}

impl Policies {
    /// Returns the network policies among objects.
    pub(super) fn of(objects: &[InNamespace]) -> Self {
        let mut policies = Self::default();
        for (namespace, policy) in objects.iter().filter_map(InNamespace::as_network_policy) {
            let in_namespace = policies.0.entry(namespace.to_owned()).or_default();
            in_namespace.add(policy);
        }
        policies
    }

    /// Returns the directions in which policies select a pod in a namespace. `labels` returns those of the pod; `None` if
    /// they are unknown.
    pub(super) fn selection(
        &self,
        namespace: &str,
        labels: impl FnOnce() -> Option<Labels>,
    ) -> PolicySelection {
        let policies = self.0.get(namespace);
        policies.map_or_else(PolicySelection::default, |policies| {
            policies.selection(labels())
        })
    }
}

impl PoliciesOfNamespace {
    fn add(&mut self, policy: &Arc<NetworkPolicy>) {
        let selector = policy.spec.pod_selector.value().into_iter();
        let names = selector.flat_map(LabelSelector::label_names);
        self.label_names.extend(names.map(str::to_owned));
        let directions = policy.spec.directions();
        self.policies.push((Arc::clone(policy), directions));
    }

    fn selection(&self, mut labels: Option<Labels>) -> PolicySelection {
        if let Some(labels) = &mut labels {
            labels.retain(|name, _| self.label_names.contains(name));
        }
        let selections = self.selections.lock();
        let mut selections = selections.unwrap_or_else(PoisonError::into_inner);
        if let Some(selection) = selections.get(&labels) {
            return *selection;
        }
        let policies = self.policies.iter();
        let policies = policies.map(|(policy, directions)| (&policy.spec, *directions));
        let selection = PolicySelection::by(policies, labels.as_ref());
        selections.insert(labels, selection);
        selection
    }
}

#[cfg(test)]
mod tests {
    use eksentry_core::facts::kubernetes::Selected::{self, No, Unknown, Yes};
    use serde_json::{Value, json};

    use super::*;

    fn policies(specs: &[Value]) -> PoliciesOfNamespace {
        let mut policies = PoliciesOfNamespace::default();
        for spec in specs {
            policies.add(&Arc::new(NetworkPolicy {
                name: "policy".to_owned(),
                spec: serde_json::from_value(spec.clone()).unwrap(),
            }));
        }
        policies
    }

    fn ingress_of(policies: &PoliciesOfNamespace, labels: &[(&str, &str)]) -> Selected {
        let labels = labels.iter();
        let labels = labels.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        policies.selection(Some(labels.collect())).ingress
    }

    #[test]
    fn policies_are_evaluated_once_for_the_labels_that_they_name() {
        let is_backend = json!([{"key": "tier", "operator": "NotIn", "values": ["front"]}]);
        let policies = policies(&[
            json!({"podSelector": {"matchLabels": {"app": "web"}}}),
            json!({"podSelector": {"matchLabels": {"app": "api"}, "matchExpressions": is_backend}}),
        ]);
        let remembered = || policies.selections.lock().unwrap().len();
        for index in 0..100 {
            let index = index.to_string();
            let labels = |app, tier| [("app", app), ("tier", tier), ("index", index.as_str())];
            assert_eq!(ingress_of(&policies, &labels("web", "front")), Yes);
            assert_eq!(ingress_of(&policies, &labels("api", "back")), Yes);
            assert_eq!(ingress_of(&policies, &labels("api", "front")), No);
            assert_eq!(ingress_of(&policies, &[("index", &index)]), No);
            assert_eq!(policies.selection(None).ingress, Unknown);
        }
        assert_eq!(remembered(), 5);
    }
}
