//! Priority classes.
//!
//! Source: <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/priority-class-v1/>.

use super::ObjectName;
use crate::field::{Field, InvalidField};

/// The beginning of the names that only Kubernetes gives to its own classes.
///
/// Source: <https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/#priorityclass>.
const OF_SYSTEM: &str = "system-";

/// A priority class.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PriorityClass {
    /// The priority of the pods.
    pub value: Field<i64>,
    /// `true` if pods that name no class have this one.
    pub global_default: Field<bool>,
    /// `Never` if the pods don't displace others. Otherwise `PreemptLowerPriority`, which is also the default.
    pub preemption_policy: Field<String>,
}

impl PriorityClass {
    /// Returns the name of a priority class as an object.
    pub fn object_name(name: &str) -> ObjectName {
        ObjectName {
            namespace: None,
            kind: "PriorityClass".to_owned(),
            api_version: "scheduling.k8s.io/v1".to_owned(),
            plural: "priorityclasses".to_owned(),
            name: name.to_owned(),
        }
    }

    /// Returns `true` if the class with this name is one of Kubernetes itself.
    pub fn is_of_system(name: &str) -> bool {
        name.starts_with(OF_SYSTEM)
    }

    /// Returns `true` if pods that name no class have this one.
    ///
    /// # Errors
    ///
    /// Returns an error if the member is not a boolean.
    pub fn is_default(&self) -> Result<bool, InvalidField> {
        Ok(self.global_default.read()?.is_some_and(|default| *default))
    }

    /// Returns `true` if pods of the class displace pods with a lower priority.
    ///
    /// # Errors
    ///
    /// Returns an error if the policy is not known.
    pub fn preempts(&self) -> Result<bool, InvalidField> {
        match self.preemption_policy.read()?.map(String::as_str) {
            None | Some("PreemptLowerPriority") => Ok(true),
            Some("Never") => Ok(false),
            Some(_) => Err(InvalidField),
        }
    }

    /// Returns the priority of the pods. The API server requires it.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no value, or if it is not an integer.
    pub fn priority(&self) -> Result<i64, InvalidField> {
        self.value.read()?.copied().ok_or(InvalidField)
    }
}
