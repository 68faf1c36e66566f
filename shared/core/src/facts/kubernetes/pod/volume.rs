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
    /// The claim of a persistent volume, if the volume is one.
    pub persistent_volume_claim: Field<ClaimSource>,
    /// The template of such a claim, if Kubernetes creates it with the pod.
    pub ephemeral: Field<EphemeralSource>,
    /// The image, if the volume is one.
    pub image: Field<ImageVolume>,
    /// The sources, if the volume combines several.
    pub projected: Field<Projected>,
}

impl Object for Volume {}

impl Volume {
    /// Returns `true` if a check evaluates volumes of this type.
    pub(super) fn is_evaluated(&self) -> bool {
        self.may_be_host_path() || !(self.image.is_absent() && self.projected.is_absent())
    }

    /// Returns `true` if the volume is a path of the node, or a claim, which may lead to one.
    pub(super) fn may_be_host_path(&self) -> bool {
        !(self.host_path.is_absent() && self.persistent_volume_claim.is_absent())
    }

    /// Replaces the template of a claim by the name that the claim has for the pod of this name. In the settings of many
    /// pods, the claims have no common name.
    ///
    /// Source: <https://kubernetes.io/docs/concepts/storage/ephemeral-volumes/#persistentvolumeclaim-naming>.
    pub(super) fn name_claim(&mut self, pod: &str) {
        if let (Field::Value(name), false) = (&self.name, self.ephemeral.is_absent()) {
            self.persistent_volume_claim = Field::Value(ClaimSource {
                claim_name: Field::Value(format!("{pod}-{name}")),
                read_only: Field::Absent,
            });
            self.ephemeral = Field::Absent;
        }
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
    #[serde(deserialize_with = "crate::field::short_text")]
    pub path: Field<String>,
}

impl Object for HostPath {}

/// A claim of a persistent volume, in the namespace of the pod.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct ClaimSource {
    /// The name of the claim.
    #[serde(deserialize_with = "crate::field::short_text")]
    pub claim_name: Field<String>,
    /// `true` if all mounts of the volume are read-only.
    pub read_only: Field<bool>,
}

impl Object for ClaimSource {}

/// The template of a claim. Nothing of it is read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct EphemeralSource {}

impl Object for EphemeralSource {}

/// An image whose files a container can mount.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash, Deserialize)]
#[serde(default)]
pub struct ImageVolume {
    /// The image.
    #[serde(deserialize_with = "crate::field::short_text")]
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
    #[serde(deserialize_with = "crate::field::short_text")]
    pub audience: Field<String>,
}

impl Object for TokenSource {}
