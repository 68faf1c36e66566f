//! Containers.

use serde::Deserialize;

use super::{Resources, SecurityContext};
use crate::field::{Field, Object};

/// A container.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Container {
    /// The name.
    pub name: Field<String>,
    /// The image.
    #[serde(deserialize_with = "crate::field::short_text")]
    pub image: Field<String>,
    /// The security settings.
    pub security_context: Field<SecurityContext>,
    /// The ports.
    pub ports: Field<Vec<Port>>,
    /// The mounted volumes.
    pub volume_mounts: Field<Vec<VolumeMount>>,
    /// `Always` if an init container is a sidecar.
    pub restart_policy: Field<String>,
    /// The resources.
    pub resources: Field<Resources>,
    /// The environment variables, without their names and values.
    pub env: Field<Vec<EnvironmentVariable>>,
    /// The sources of all other environment variables.
    pub env_from: Field<Vec<EnvironmentSource>>,
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
    #[serde(deserialize_with = "crate::field::short_text")]
    pub sub_path: Field<String>,
}

impl Object for VolumeMount {}

/// An environment variable. Its value is not read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct EnvironmentVariable {
    /// The source of the value, if it is not written out.
    pub value_from: Field<ValueSource>,
}

impl Object for EnvironmentVariable {}

/// The source of the value of an environment variable.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ValueSource {
    /// The Secret from which the value comes.
    pub secret_key_ref: Field<SecretReference>,
}

impl Object for ValueSource {}

/// A source of environment variables.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct EnvironmentSource {
    /// The Secret from which the variables come.
    pub secret_ref: Field<SecretReference>,
}

impl Object for EnvironmentSource {}

/// The name of a Secret in the namespace of the pod.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct SecretReference {
    /// The name.
    #[serde(deserialize_with = "crate::field::short_text")]
    pub name: Field<String>,
}

impl Object for SecretReference {}
