//! Roles and bindings, as the API server returns them.
//!
//! Source: <https://kubernetes.io/docs/reference/kubernetes-api/authorization-resources/>.

use eksentry_core::facts::kubernetes::{ApiList, Binding, RbacName, Role, RoleSubject, Rule};
use eksentry_core::field::{Field, InvalidField, Object};
use serde::Deserialize;

use super::lists::Item;
use super::metadata::Metadata;

/// The label of roles that the API server creates, with its value.
const DEFAULT: (&str, &str) = ("kubernetes.io/bootstrapping", "rbac-defaults");

/// A role.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct RoleObject {
    metadata: Field<Metadata>,
    rules: Field<Vec<Field<RuleObject>>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RuleObject {
    verbs: Field<Vec<String>>,
    api_groups: Field<Vec<String>>,
    resources: Field<Vec<String>>,
    resource_names: Field<Vec<String>>,
    #[serde(rename = "nonResourceURLs")]
    non_resource_urls: Field<Vec<String>>,
}

/// A binding.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct BindingObject {
    metadata: Field<Metadata>,
    role_ref: Field<Reference>,
    subjects: Field<Vec<Field<Reference>>>,
}

/// A reference to a role or a subject.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Reference {
    kind: Field<String>,
    namespace: Field<String>,
    name: Field<String>,
}

impl Object for RuleObject {}
impl Object for Reference {}

/// Returns a role of a list.
pub(super) fn role(list: ApiList, object: RoleObject) -> Item<(RbacName, Role)> {
    let Some((name, metadata)) = name(list == ApiList::Roles, object.metadata) else {
        return Item::Unreadable;
    };
    let mut role = Role {
        is_labelled_default: metadata.label(DEFAULT.0) == Some(DEFAULT.1),
        ..Role::default()
    };
    match object.rules {
        Field::Absent => {}
        Field::Invalid => role.has_unread_rules = true,
        Field::Value(rules) => {
            for one in rules {
                match one.value().map(RuleObject::read) {
                    Some(Ok(one)) => role.rules.push(one),
                    Some(Err(InvalidField)) | None => role.has_unread_rules = true,
                }
            }
        }
    }
    Item::Kept((name, role))
}

/// Returns a binding of a list.
pub(super) fn binding(list: ApiList, object: BindingObject) -> Item<(RbacName, Binding)> {
    let Some((name, _)) = name(list == ApiList::RoleBindings, object.metadata) else {
        return Item::Unreadable;
    };
    let role = object.role_ref.value();
    let mut binding = Binding {
        role: role.and_then(|role| role.role(&name)),
        ..Binding::default()
    };
    match object.subjects {
        Field::Absent => {}
        Field::Invalid => binding.has_unread_subjects = true,
        Field::Value(subjects) => {
            for subject in subjects {
                match subject.value().and_then(|subject| subject.subject(&name)) {
                    Some(subject) => binding.subjects.push(subject),
                    None => binding.has_unread_subjects = true,
                }
            }
        }
    }
    Item::Kept((name, binding))
}

/// Returns the name of an object, with its metadata; `None` if a part of the name is missing.
fn name(has_namespace: bool, metadata: Field<Metadata>) -> Option<(RbacName, Metadata)> {
    let Field::Value(metadata) = metadata else {
        return None;
    };
    let name = if has_namespace {
        let place = metadata.place()?;
        RbacName {
            namespace: Some(place.namespace),
            name: place.name,
        }
    } else {
        RbacName {
            namespace: None,
            name: metadata.name()?.to_owned(),
        }
    };
    Some((name, metadata))
}

impl RuleObject {
    fn read(&self) -> Result<Rule, InvalidField> {
        Ok(Rule {
            verbs: self.verbs.items()?.to_vec(),
            api_groups: self.api_groups.items()?.to_vec(),
            resources: self.resources.items()?.to_vec(),
            resource_names: self.resource_names.items()?.to_vec(),
            non_resource_urls: self.non_resource_urls.items()?.to_vec(),
        })
    }
}

impl Reference {
    /// Returns the role that a binding names; `None` if it can't be read.
    fn role(&self, binding: &RbacName) -> Option<RbacName> {
        let namespace = match self.kind.value()?.as_str() {
            "Role" => Some(binding.namespace.clone()?),
            "ClusterRole" => None,
            _ => return None,
        };
        Some(RbacName {
            namespace,
            name: self.name.value()?.clone(),
        })
    }

    /// Returns a subject of a binding; `None` if it can't be read. A service account is in the namespace of the binding
    /// unless the binding names another one.
    fn subject(&self, binding: &RbacName) -> Option<RoleSubject> {
        let name = self.name.value()?.clone();
        Some(match self.kind.value()?.as_str() {
            "User" => RoleSubject::User(name),
            "Group" => RoleSubject::Group(name),
            "ServiceAccount" => {
                let own = self.namespace.read().ok()?;
                let own = own.filter(|namespace| !namespace.is_empty());
                let namespace = own.or(binding.namespace.as_ref())?.clone();
                RoleSubject::ServiceAccount { namespace, name }
            }
            _ => return None,
        })
    }
}
