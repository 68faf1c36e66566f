//! Roles, and the bindings that grant them.
//!
//! Source: <https://kubernetes.io/docs/reference/access-authn-authz/rbac/>.

use std::collections::BTreeMap;
use std::fmt;

use super::ObjectName;

/// The version of the API of roles and bindings.
const API_VERSION: &str = "rbac.authorization.k8s.io/v1";

/// The prefix of the names of users that are service accounts.
const SERVICE_ACCOUNT: &str = "system:serviceaccount:";

/// The roles and the bindings in a cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rbac {
    /// The roles and the cluster roles.
    pub roles: BTreeMap<RbacName, Role>,
    /// The bindings, of roles and of cluster roles.
    pub bindings: BTreeMap<RbacName, Binding>,
}

/// The name of a role or a binding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RbacName {
    /// The namespace; `None` for a cluster role and a binding in the whole cluster.
    pub namespace: Option<String>,
    /// The name of the object.
    pub name: String,
}

impl RbacName {
    /// Returns the name of a role.
    pub fn of_role(&self) -> ObjectName {
        match self.namespace {
            Some(_) => self.object("Role", "roles"),
            None => self.object("ClusterRole", "clusterroles"),
        }
    }

    /// Returns the name of a binding.
    pub fn of_binding(&self) -> ObjectName {
        match self.namespace {
            Some(_) => self.object("RoleBinding", "rolebindings"),
            None => self.object("ClusterRoleBinding", "clusterrolebindings"),
        }
    }

    fn object(&self, kind: &str, plural: &str) -> ObjectName {
        ObjectName {
            namespace: self.namespace.clone(),
            kind: kind.to_owned(),
            api_version: API_VERSION.to_owned(),
            plural: plural.to_owned(),
            name: self.name.clone(),
        }
    }
}

/// A role or a cluster role.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Role {
    /// The rules that can be read.
    pub rules: Vec<Rule>,
    /// `true` if there are rules that can't be read.
    pub has_unread_rules: bool,
    /// `true` if a label says that the API server creates the role. Anyone can give a role this label.
    pub is_labelled_default: bool,
}

/// A rule of a role: it grants each of its verbs on each of its resources, or on each of its paths.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rule {
    /// The verbs; `*` stands for all.
    pub verbs: Vec<String>,
    /// The API groups; `*` stands for all, and an empty text for the core group.
    pub api_groups: Vec<String>,
    /// The resources; `*` stands for all, and `*/scale` for this subresource of all.
    pub resources: Vec<String>,
    /// The names of objects; empty for all objects.
    pub resource_names: Vec<String>,
    /// The paths that are not those of resources; `*` at the end stands for any text.
    pub non_resource_urls: Vec<String>,
}

/// A binding: it grants a role to subjects, in its namespace or in the whole cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Binding {
    /// The role; `None` if it can't be read.
    pub role: Option<RbacName>,
    /// The subjects that can be read.
    pub subjects: Vec<RoleSubject>,
    /// `true` if there are subjects that can't be read.
    pub has_unread_subjects: bool,
}

/// A subject of a binding.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RoleSubject {
    /// The users with this name.
    User(String),
    /// The users in the group with this name.
    Group(String),
    /// A service account.
    ServiceAccount {
        /// The namespace.
        namespace: String,
        /// The name.
        name: String,
    },
}

impl RoleSubject {
    /// Returns the namespace and the name of a service account, which a binding can also name as a user; `None` for any
    /// other subject.
    pub fn service_account(&self) -> Option<(&str, &str)> {
        match self {
            Self::User(name) => name.strip_prefix(SERVICE_ACCOUNT)?.split_once(':'),
            Self::ServiceAccount { namespace, name } => Some((namespace, name)),
            Self::Group(_) => None,
        }
    }

    /// Returns the subject as the parameters of checks write it: `User:alice`, `ServiceAccount:shop/web`.
    pub fn key(&self) -> String {
        match self {
            Self::User(name) => format!("User:{name}"),
            Self::Group(name) => format!("Group:{name}"),
            Self::ServiceAccount { namespace, name } => {
                format!("ServiceAccount:{namespace}/{name}")
            }
        }
    }
}

/// Writes the subject: `User alice`, `ServiceAccount shop/web`.
impl fmt::Display for RoleSubject {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.key().replacen(':', " ", 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_namespace_tells_the_kind() {
        for (namespace, role, binding) in [
            (None, "ClusterRole/a", "ClusterRoleBinding/a"),
            (Some("shop"), "shop/Role/a", "shop/RoleBinding/a"),
        ] {
            let name = RbacName {
                namespace: namespace.map(str::to_owned),
                name: "a".into(),
            };
            assert_eq!(name.of_role().to_string(), role);
            assert_eq!(name.of_binding().to_string(), binding);
        }
    }

    #[test]
    fn subjects_are_written_with_their_kind() {
        let account = RoleSubject::ServiceAccount {
            namespace: "shop".into(),
            name: "web".into(),
        };
        for (subject, key, text, service_account) in [
            (
                RoleSubject::User("a:b".into()),
                "User:a:b",
                "User a:b",
                None,
            ),
            (RoleSubject::Group("g".into()), "Group:g", "Group g", None),
            (
                account,
                "ServiceAccount:shop/web",
                "ServiceAccount shop/web",
                Some(("shop", "web")),
            ),
            (
                RoleSubject::User("system:serviceaccount:shop:web".into()),
                "User:system:serviceaccount:shop:web",
                "User system:serviceaccount:shop:web",
                Some(("shop", "web")),
            ),
            (
                RoleSubject::Group("system:serviceaccount:shop:web".into()),
                "Group:system:serviceaccount:shop:web",
                "Group system:serviceaccount:shop:web",
                None,
            ),
        ] {
            assert_eq!(subject.key(), key);
            assert_eq!(subject.to_string(), text);
            assert_eq!(subject.service_account(), service_account);
        }
    }
}
