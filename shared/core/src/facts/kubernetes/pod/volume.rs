//! Volumes.

use serde::Deserialize;

use super::ANY_TOKEN_VOLUME;
use crate::field::{Field, Object};

/// A volume of a pod.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Volume {
    /// The name.
    pub name: Field<String>,
    /// The path of the node, if the volume is one.
    pub host_path: Field<HostPath>,
    /// The image, if the volume is one.
    pub image: Field<ImageVolume>,
    /// The sources, if the volume combines several.
    pub projected: Field<Projected>,
}

impl Object for Volume {}

impl Volume {
    /// Returns `true` if a check evaluates volumes of this type.
    pub(super) fn is_evaluated(&self) -> bool {
        !(self.host_path.is_absent() && self.image.is_absent() && self.projected.is_absent())
    }

    /// Returns `true` if admission adds the volume to a pod for the token of its service account. The pod must be
    /// [reduced](super::PodSpec::reduced).
    pub fn is_of_admission(&self) -> bool {
        let name = self.name.value();
        name.is_some_and(|name| name == ANY_TOKEN_VOLUME)
    }
}

/// A path of a node.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct HostPath {
    /// The path.
    pub path: Field<String>,
}

impl Object for HostPath {}

/// An image whose files a container can mount.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct ImageVolume {
    /// The image.
    pub reference: Field<String>,
}

impl Object for ImageVolume {}

/// A volume that combines several sources.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct Projected {
    /// The sources.
    pub sources: Field<Vec<ProjectedSource>>,
}

impl Object for Projected {}

/// A source of a projected volume.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ProjectedSource {
    /// The token of the service account, if the source is one.
    pub service_account_token: Field<TokenSource>,
}

impl Object for ProjectedSource {}

/// A token of a service account.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct TokenSource {
    /// The audience; absent if it is the API server.
    pub audience: Field<String>,
}

impl Object for TokenSource {}
