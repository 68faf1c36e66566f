//! The metadata of objects.
//!
//! Source: <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/object-meta/>.

use std::collections::BTreeMap;

use eksentry_core::facts::kubernetes::Labels;
use eksentry_core::field::{Field, Object};
use serde::Deserialize;

use super::owner::Owner;

/// The metadata of an object, as far as it is needed. The annotations of objects are large, so only two are read.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Metadata {
    name: Field<String>,
    generate_name: Field<String>,
    namespace: Field<String>,
    labels: Field<BTreeMap<String, Field<String>>>,
    annotations: Field<Annotations>,
    owner_references: Field<Vec<Field<OwnerReference>>>,
    deletion_timestamp: Field<String>,
}

/// The annotations of a pod and of a Secret.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Annotations {
    /// The mark of a pod that a kubelet creates for a file on its node.
    #[serde(rename = "kubernetes.io/config.mirror")]
    mirror: Field<String>,
    /// The service account whose token a Secret holds.
    #[serde(rename = "kubernetes.io/service-account.name")]
    service_account: Field<String>,
}

/// An owner of an object.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct OwnerReference {
    api_version: Field<String>,
    kind: Field<String>,
    name: Field<String>,
    controller: Field<bool>,
}

impl Object for Metadata {}
impl Object for Annotations {}
impl Object for OwnerReference {}

/// The namespace and the name of an object.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Place {
    pub(super) namespace: String,
    pub(super) name: String,
}

impl Metadata {
    /// Returns the name; `None` if there is none.
    pub(super) fn name(&self) -> Option<&str> {
        text(&self.name)
    }

    /// Returns the namespace and the name; `None` if one of them is missing.
    pub(super) fn place(&self) -> Option<Place> {
        Some(Place {
            namespace: text(&self.namespace)?.to_owned(),
            name: self.name()?.to_owned(),
        })
    }

    /// Returns the beginning of the name that the API server completed; `None` if it did not.
    pub(super) fn generated_from(&self) -> Option<&str> {
        let stem = text(&self.generate_name)?;
        self.name()?.starts_with(stem).then_some(stem)
    }

    /// Returns the text from which the API server generated a name: that of the object, or of one that it was copied
    /// from.
    pub(super) fn generate_name(&self) -> Option<&str> {
        text(&self.generate_name)
    }

    /// Returns a label.
    pub(super) fn label(&self, key: &str) -> Option<&str> {
        self.labels.value()?.get(key)?.value().map(String::as_str)
    }

    /// Returns the labels, without those that are not texts.
    pub(super) fn labels(&self) -> Labels {
        let labels = self.labels.value().into_iter().flatten();
        let labels = labels.filter_map(|(key, value)| Some((key.clone(), value.value()?.clone())));
        labels.collect()
    }

    /// Returns the labels; `None` if a label can't be read.
    pub(super) fn known_labels(&self) -> Option<Labels> {
        let mut labels = self.labels.value().into_iter().flat_map(BTreeMap::values);
        let has_invalid = self.labels.is_invalid() || labels.any(Field::is_invalid);
        (!has_invalid).then(|| self.labels())
    }

    /// Returns `true` if the object is a pod that a kubelet created for a file on its node.
    pub(super) fn is_mirror(&self) -> bool {
        let annotations = self.annotations.value();
        annotations.is_some_and(|annotations| !annotations.mirror.is_absent())
    }

    /// Returns the service account whose token the object holds, if it is a Secret.
    pub(super) fn service_account(&self) -> Option<&str> {
        text(&self.annotations.value()?.service_account)
    }

    /// Returns `true` if the object is being deleted.
    pub(super) fn is_being_deleted(&self) -> bool {
        text(&self.deletion_timestamp).is_some()
    }

    /// Returns the owner that controls the object. The API server accepts one at most.
    pub(super) fn controller(&self) -> Option<Owner> {
        let references = self.owner_references.value()?.iter();
        let mut controllers = references
            .filter_map(Field::value)
            .filter(|reference| reference.controller == Field::Value(true));
        controllers.find_map(|reference| {
            Some(Owner {
                api_version: text(&reference.api_version)?.to_owned(),
                kind: text(&reference.kind)?.to_owned(),
                name: text(&reference.name)?.to_owned(),
            })
        })
    }
}

/// Returns the text of a member; `None` if it is empty or missing.
fn text(field: &Field<String>) -> Option<&str> {
    let text = field.value().map(String::as_str);
    text.filter(|text| !text.is_empty())
}
