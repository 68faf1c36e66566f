//! The network policies that select pods.

use std::collections::HashMap;
use std::sync::Arc;

use eksentry_core::facts::kubernetes::{Labels, NetworkPolicy, PolicySelection};

use super::in_namespace::InNamespace;

/// Network policies, by their namespace.
#[derive(Debug, Default)]
pub(super) struct Policies(HashMap<String, Vec<Arc<NetworkPolicy>>>);

impl Policies {
    /// Returns the network policies among objects.
    pub(super) fn of(objects: &[InNamespace]) -> Self {
        let mut policies = Self::default();
        for (namespace, policy) in objects.iter().filter_map(InNamespace::as_network_policy) {
            let in_namespace = policies.0.entry(namespace.to_owned()).or_default();
            in_namespace.push(Arc::clone(policy));
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
        let Some(policies) = self.0.get(namespace) else {
            return PolicySelection::default();
        };
        let specs = policies.iter().map(|policy| &policy.spec);
        PolicySelection::of(specs, labels().as_ref())
    }
}
