//! The members of pods that checks evaluate, as the API server returns them.
//!
//! Source: <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/>.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::field::{Field, Object};

/// The specification of a pod.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PodSpec {
    /// The containers that run next to each other.
    pub containers: Field<Vec<Container>>,
    /// The containers that run before the others and end, and the sidecars.
    pub init_containers: Field<Vec<Container>>,
    /// The containers that someone added to a running pod.
    pub ephemeral_containers: Field<Vec<Container>>,
    /// The volumes that containers can mount.
    pub volumes: Field<Vec<Volume>>,
    /// The security settings of all containers.
    pub security_context: Field<PodSecurityContext>,
    /// `true` if the pod shares the process IDs of its node.
    #[serde(rename = "hostPID")]
    pub host_pid: Field<bool>,
    /// `true` if the pod shares the inter-process communication of its node.
    #[serde(rename = "hostIPC")]
    pub host_ipc: Field<bool>,
    /// `true` if the pod shares the network of its node.
    pub host_network: Field<bool>,
    /// `false` if the pod runs in a user namespace, in which root is not root on the node.
    pub host_users: Field<bool>,
    /// The operating system.
    pub os: Field<Os>,
    /// The labels of the nodes on which the pod can run.
    pub node_selector: Field<BTreeMap<String, String>>,
}

impl Object for PodSpec {}

/// The operating system of a pod.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct Os {
    /// The name: `linux` or `windows`.
    pub name: Field<String>,
}

impl Object for Os {}

/// The security settings of a pod.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct PodSecurityContext {
    /// The user of the containers that state none.
    pub run_as_user: Field<i64>,
    /// `true` if the kubelet refuses to start a container as root.
    pub run_as_non_root: Field<bool>,
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
    /// The capabilities that are added and dropped.
    pub capabilities: Field<Capabilities>,
    /// The user.
    pub run_as_user: Field<i64>,
    /// `true` if the kubelet refuses to start the container as root.
    pub run_as_non_root: Field<bool>,
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
    pub add: Field<Vec<String>>,
    /// The capabilities that the container does not have.
    pub drop: Field<Vec<String>>,
}

impl Object for Capabilities {}

/// A container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Container {
    /// The name.
    pub name: Field<String>,
    /// The image.
    pub image: Field<String>,
    /// The security settings.
    pub security_context: Field<SecurityContext>,
    /// The ports.
    pub ports: Field<Vec<Port>>,
    /// The mounted volumes.
    pub volume_mounts: Field<Vec<VolumeMount>>,
    /// `Always` if an init container is a sidecar.
    pub restart_policy: Field<String>,
}

impl Object for Container {}

/// A port of a container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Port {
    /// The port of the node; 0 if there is none.
    pub host_port: Field<i64>,
}

impl Object for Port {}

/// A volume that a container mounts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct VolumeMount {
    /// The name of the volume.
    pub name: Field<String>,
    /// `true` if the container can't write to the volume.
    pub read_only: Field<bool>,
    /// `Enabled` if it can't write to what is mounted below the volume either.
    pub recursive_read_only: Field<String>,
    /// `Bidirectional` if mounts of the container appear on the node.
    pub mount_propagation: Field<String>,
    /// The path in the volume.
    pub sub_path: Field<String>,
}

impl Object for VolumeMount {}

/// A volume of a pod.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Volume {
    /// The name.
    pub name: Field<String>,
    /// The path of the node, if the volume is one.
    pub host_path: Field<HostPath>,
}

impl Object for Volume {}

/// A path of a node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct HostPath {
    /// The path.
    pub path: Field<String>,
}

impl Object for HostPath {}
