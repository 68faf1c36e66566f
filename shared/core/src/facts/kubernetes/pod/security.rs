//! Security settings of pods and containers.

use serde::Deserialize;

use crate::field::{Field, Object};

/// The security settings of a pod.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PodSecurityContext {
    /// The user of the containers that state none.
    pub run_as_user: Field<i64>,
    /// `true` if the kubelet refuses to start a container as root.
    pub run_as_non_root: Field<bool>,
    /// The filter of system calls.
    pub seccomp_profile: Field<SeccompProfile>,
    /// The settings for Windows.
    pub windows_options: Field<WindowsOptions>,
}

impl Object for PodSecurityContext {}

/// The security settings of a container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct SecurityContext {
    /// `true` if the container has all rights on its node.
    pub privileged: Field<bool>,
    /// `false` if a process can't get more rights than its parent has.
    pub allow_privilege_escalation: Field<bool>,
    /// The capabilities that are added and dropped.
    pub capabilities: Field<Capabilities>,
    /// `true` if the container can't write to its root file system.
    pub read_only_root_filesystem: Field<bool>,
    /// The user.
    pub run_as_user: Field<i64>,
    /// `true` if the kubelet refuses to start the container as root.
    pub run_as_non_root: Field<bool>,
    /// The filter of system calls.
    pub seccomp_profile: Field<SeccompProfile>,
    /// The settings for Windows.
    pub windows_options: Field<WindowsOptions>,
}

impl Object for SecurityContext {}

/// The settings of a pod or a container for Windows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct WindowsOptions {
    /// `true` if the containers run as processes of the node.
    pub host_process: Field<bool>,
    /// The name of the user.
    pub run_as_user_name: Field<String>,
}

impl Object for WindowsOptions {}

/// The capabilities of a container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct Capabilities {
    /// The capabilities that the container has in addition to those of the container runtime.
    #[serde(deserialize_with = "crate::field::short_texts")]
    pub add: Field<Vec<String>>,
    /// The capabilities that the container does not have.
    #[serde(deserialize_with = "crate::field::short_texts")]
    pub drop: Field<Vec<String>>,
}

impl Object for Capabilities {}

/// The filter of system calls of a pod or a container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct SeccompProfile {
    /// The type: `RuntimeDefault`, `Localhost` or `Unconfined`.
    #[serde(rename = "type")]
    pub profile_type: Field<String>,
}

impl Object for SeccompProfile {}
