//! The members of pods that checks evaluate, as the API server returns them. The values of environment variables are
//! not among them, and are never read. Texts whose length Kubernetes does not limit are invalid if they are too long;
//! names of capabilities are cut.
//!
//! Source: <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/>.

mod container;
mod containers;
mod resources;
mod security;
mod volume;

use std::collections::{BTreeMap, HashSet};

use serde::Deserialize;

use crate::field::{Field, InvalidField, Object};

pub use container::{
    Container, EnvironmentSource, EnvironmentVariable, Port, SecretReference, ValueSource,
    VolumeMount,
};
pub use containers::{ContainerInPod, ContainerKind};
pub use resources::{Quantity, Resources};
pub use security::{
    Capabilities, PodSecurityContext, SeccompProfile, SecurityContext, WindowsOptions,
};
pub use volume::{
    ClaimSource, EphemeralSource, HostPath, ImageVolume, Projected, ProjectedSource, TokenSource,
    Volume,
};

/// The beginning of the name of the volume that admission adds to pods for the token of their service account. The rest
/// is random.
const TOKEN_VOLUME: &str = "kube-api-access-";

/// The name that such volumes have in a reduced pod. No volume can have this name in Kubernetes.
const ANY_TOKEN_VOLUME: &str = "kube-api-access-*";

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
    /// The resources of all containers together.
    pub resources: Field<Resources>,
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
    /// The name of the scheduler that finds a node for the pod.
    pub scheduler_name: Field<String>,
    /// The name of the priority class.
    pub priority_class_name: Field<String>,
    /// The name of the service account.
    pub service_account_name: Field<String>,
    /// `false` if the token of the service account is not mounted.
    pub automount_service_account_token: Field<bool>,
    /// `false` if containers get no environment variables about the Services of the namespace.
    pub enable_service_links: Field<bool>,
}

impl Object for PodSpec {}

/// The setting that states that a pod is for Windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WindowsSetting {
    /// The operating system of the pod.
    OperatingSystem,
    /// The labels of the nodes. Pod Security admission does not evaluate them.
    NodeSelector,
}

impl PodSpec {
    /// Returns the setting that states that the pod is for Windows; `None` if the pod is for Linux.
    ///
    /// # Errors
    ///
    /// Returns an error if a setting that decides this has a value of an unexpected type.
    pub fn windows(&self) -> Result<Option<WindowsSetting>, InvalidField> {
        let name = match self.os.read()? {
            Some(os) => os.name.read()?,
            None => None,
        };
        if let Some(name) = name {
            let is_windows = name == "windows";
            return Ok(is_windows.then_some(WindowsSetting::OperatingSystem));
        }
        let labels = self.node_selector.read()?;
        let system = labels.and_then(|labels| labels.get("kubernetes.io/os"));
        let is_windows = system.is_some_and(|system| system == "windows");
        Ok(is_windows.then_some(WindowsSetting::NodeSelector))
    }

    /// Returns a pod of which nothing can be read.
    pub fn unreadable() -> Self {
        Self {
            containers: Field::Invalid,
            init_containers: Field::Invalid,
            ephemeral_containers: Field::Invalid,
            volumes: Field::Invalid,
            security_context: Field::Invalid,
            resources: Field::Invalid,
            host_pid: Field::Invalid,
            host_ipc: Field::Invalid,
            host_network: Field::Invalid,
            host_users: Field::Invalid,
            os: Field::Invalid,
            node_selector: Field::Invalid,
            scheduler_name: Field::Invalid,
            priority_class_name: Field::Invalid,
            service_account_name: Field::Invalid,
            automount_service_account_token: Field::Invalid,
            enable_service_links: Field::Invalid,
        }
    }

    /// Returns the pod, which has this name, with the names of the claims that Kubernetes creates for it.
    #[must_use]
    pub fn with_named_claims(mut self, pod: &str) -> Self {
        if let Field::Value(volumes) = &mut self.volumes {
            for volume in volumes {
                volume.name_claim(pod);
            }
        }
        self
    }

    /// Returns the pod without what checks don't evaluate, and without names that differ between the pods of a
    /// workload. Pods with the same settings are then equal.
    #[must_use]
    pub fn reduced(mut self) -> Self {
        let mut renamed = HashSet::new();
        if let Field::Value(volumes) = &mut self.volumes {
            volumes.retain(Volume::is_evaluated);
            // A volume that may be a path of the node keeps its name, so that no other volume is taken for it.
            let others = volumes.iter_mut();
            for volume in others.filter(|volume| !volume.may_be_host_path()) {
                if let Field::Value(name) = &mut volume.name
                    && name.starts_with(TOKEN_VOLUME)
                {
                    renamed.insert(std::mem::replace(name, ANY_TOKEN_VOLUME.to_owned()));
                }
            }
        }
        let volumes = self.volumes.items().ok().map(|volumes| {
            let names = volumes.iter().map(|volume| &volume.name);
            names.collect::<HashSet<_>>()
        });
        for list in [
            &mut self.containers,
            &mut self.init_containers,
            &mut self.ephemeral_containers,
        ] {
            let Field::Value(containers) = list else {
                continue;
            };
            for container in containers {
                if let Field::Value(mounts) = &mut container.volume_mounts {
                    for mount in &mut *mounts {
                        if let Field::Value(name) = &mut mount.name
                            && renamed.contains(name.as_str())
                        {
                            ANY_TOKEN_VOLUME.clone_into(name);
                        }
                    }
                    if let Some(volumes) = &volumes {
                        mounts.retain(|mount| volumes.contains(&mount.name));
                    }
                }
                if let Field::Value(variables) = &mut container.env {
                    variables.retain(|variable| !variable.value_from.is_absent());
                }
            }
        }
        self
    }
}

/// The operating system of a pod.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct Os {
    /// The name: `linux` or `windows`.
    pub name: Field<String>,
}

impl Object for Os {}

#[cfg(test)]
mod tests;
