//! Persistent volumes.
//!
//! Source: <https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/persistent-volume-v1/>.

use super::HostPath;
use crate::field::Field;

/// The name of a claim of a persistent volume.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct VolumeClaim {
    /// The namespace.
    pub namespace: String,
    /// The name in the namespace.
    pub name: String,
}

/// A persistent volume that is a path of a node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HostPathVolume {
    /// The name.
    pub name: String,
    /// The path.
    pub host_path: Field<HostPath>,
}
