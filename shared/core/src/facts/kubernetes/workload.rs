//! Workloads: the objects whose pods belong together.

use std::sync::Arc;

use super::{ObjectName, PodSpec, PolicySelection};

/// An object that creates pods, or a pod that nothing else creates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workload {
    /// The name of the object.
    pub name: ObjectName,
    /// The object that manages this one, as a kind and its group: `postgresql.acid.zalan.do/db`.
    pub managed_by: Option<String>,
    /// The template of the pods; `None` if the object is a pod, or of a kind that is not read.
    pub template: Option<Arc<PodSpec>>,
    /// The pods that run or will run, by the security settings that they have in common.
    pub running: Vec<RunningPods>,
    /// The directions in which network policies select all running pods, or the template if no pod runs. There
    /// are none unless network policies were requested.
    pub policy_selection: PolicySelection,
    /// `true` if the object is a job that has ended.
    pub has_ended: bool,
}

/// Pods of a workload with the same settings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunningPods {
    /// The settings.
    pub spec: Arc<PodSpec>,
    /// The number of pods.
    pub count: u32,
}
