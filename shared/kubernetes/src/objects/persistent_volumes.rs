//! Persistent volumes, of which only those are kept that are paths of nodes and have a claim.

use eksentry_core::facts::kubernetes::{HostPath, HostPathVolume, VolumeClaim};
use eksentry_core::field::{Field, Object};
use serde::Deserialize;

use super::lists::Item;
use super::metadata::Metadata;

/// The phases of volumes that no claim uses any more, although they name one.
///
/// Source: <https://kubernetes.io/docs/concepts/storage/persistent-volumes/#phase>.
const UNUSED: [&str; 2] = ["Released", "Failed"];

/// A persistent volume, as the API server returns it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct PersistentVolumeObject {
    metadata: Field<Metadata>,
    spec: Field<Spec>,
    status: Field<Status>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Spec {
    host_path: Field<HostPath>,
    claim_ref: Field<ClaimReference>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct ClaimReference {
    namespace: Field<String>,
    name: Field<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Status {
    phase: Field<String>,
}

impl Object for Spec {}
impl Object for ClaimReference {}
impl Object for Status {}

/// Returns what is kept of a persistent volume, with the claim that uses it.
pub(super) fn persistent_volume(
    object: PersistentVolumeObject,
) -> Item<(VolumeClaim, HostPathVolume)> {
    let name = object.metadata.value().and_then(Metadata::name);
    let (Some(name), Field::Value(spec)) = (name, object.spec) else {
        return Item::Unreadable;
    };
    let phase = object.status.value();
    let phase = phase.and_then(|status| status.phase.value());
    let is_unused = phase.is_some_and(|phase| UNUSED.contains(&phase.as_str()));
    if spec.host_path.is_absent() || spec.claim_ref.is_absent() || is_unused {
        return Item::Unneeded;
    }
    let claim = spec.claim_ref.value();
    let claim = claim.map(|claim| (claim.namespace.value(), claim.name.value()));
    let Some((Some(namespace), Some(claim))) = claim else {
        return Item::Unreadable;
    };
    let claim = VolumeClaim {
        namespace: namespace.clone(),
        name: claim.clone(),
    };
    let volume = HostPathVolume {
        name: name.to_owned(),
        host_path: spec.host_path,
    };
    Item::Kept((claim, volume))
}
