//! Role-based access control: what the roles in a cluster let its caller do.
//!
//! Source: <https://github.com/kubernetes/kubernetes/blob/master/pkg/apis/rbac/v1/evaluation_helpers.go>.

use std::{collections::BTreeSet, fmt};

use serde::Deserialize;
use serde_json::Value;

use super::request::ApiRequest;

/// The caller of a request.
#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) user: String,
    pub(super) groups: Vec<String>,
}

/// One right that a rule of a role grants: a rule with two kinds and two verbs grants four.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Right {
    /// The role: `ClusterRole/eksentry-reader`, `kube-system/Role/eksentry-reader`.
    pub role: String,
    /// The verb: `list`.
    pub verb: String,
    /// The API group; empty for the core group, and for paths.
    pub group: String,
    /// The kind of the objects, or the path: `pods`, `/version`.
    pub resource: String,
    /// The name of the one object; empty for all.
    pub name: String,
}

impl Right {
    /// Returns the request that the right allows, as faults name it: `list pods`, `get configmaps/aws-auth`.
    pub fn request(&self) -> String {
        let before = |separator: &str, text: &str| match text {
            "" => String::new(),
            text => format!("{separator}{text}"),
        };
        let (group, name) = (before(".", &self.group), before("/", &self.name));
        format!("{} {}{group}{name}", self.verb, self.resource)
    }
}

impl fmt::Display for Right {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.role, self.request())
    }
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Rule {
    api_groups: Vec<String>,
    resources: Vec<String>,
    resource_names: Vec<String>,
    verbs: Vec<String>,
    #[serde(rename = "nonResourceURLs")]
    paths: Vec<String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Reference {
    kind: String,
    name: String,
    namespace: String,
}

#[derive(Clone, Debug)]
struct Role {
    kind: String,
    namespace: String,
    name: String,
    rules: Vec<Rule>,
}

#[derive(Clone, Debug)]
struct Binding {
    /// The namespace in which the binding applies; empty for all.
    namespace: String,
    role: Reference,
    subjects: Vec<Reference>,
}

/// The roles of a cluster and their bindings.
#[derive(Clone, Debug, Default)]
pub(super) struct Policy {
    roles: Vec<Role>,
    bindings: Vec<Binding>,
}

impl Policy {
    /// Reads the roles and bindings among some objects. One that can't be read grants nothing.
    pub(super) fn of<'a>(objects: impl IntoIterator<Item = &'a Value>) -> Self {
        let mut policy = Self::default();
        for object in objects {
            let kind = object["kind"].as_str().unwrap_or_default();
            let text = |name: &str| {
                object["metadata"][name]
                    .as_str()
                    .unwrap_or_default()
                    .to_owned()
            };
            match kind {
                "Role" | "ClusterRole" => policy.roles.push(Role {
                    kind: kind.to_owned(),
                    namespace: text("namespace"),
                    name: text("name"),
                    rules: list(&object["rules"]),
                }),
                "RoleBinding" | "ClusterRoleBinding" => policy.bindings.push(Binding {
                    namespace: text("namespace"),
                    role: Reference::deserialize(&object["roleRef"]).unwrap_or_default(),
                    subjects: list(&object["subjects"]),
                }),
                _ => {}
            }
        }
        policy
    }

    /// Returns all rights that allow a request of a caller: none if it is denied.
    pub(super) fn rights_for(&self, caller: &Caller, request: &ApiRequest) -> Vec<Right> {
        let namespace = request
            .target
            .as_ref()
            .map_or("", |target| target.namespace.as_str());
        let bindings = self.bindings.iter().filter(|binding| {
            let applies = binding.namespace.is_empty() || binding.namespace == namespace;
            applies && binding.subjects.iter().any(|subject| subject.is(caller))
        });
        let roles = bindings.filter_map(|binding| self.role_of(binding));
        let rights = roles.flat_map(Role::rights);
        rights.filter(|right| right.allows(request)).collect()
    }

    /// Returns all rights of the roles whose names begin with a text.
    pub(super) fn rights_of(&self, prefix: &str) -> BTreeSet<Right> {
        let roles = self
            .roles
            .iter()
            .filter(|role| role.name.starts_with(prefix));
        roles.flat_map(Role::rights).collect()
    }

    fn role_of(&self, binding: &Binding) -> Option<&Role> {
        self.roles.iter().find(|role| {
            let is_in_place = role.kind == "ClusterRole" || role.namespace == binding.namespace;
            is_in_place && role.kind == binding.role.kind && role.name == binding.role.name
        })
    }
}

/// Reads a list; items of another form are left out.
fn list<T: for<'a> Deserialize<'a>>(items: &Value) -> Vec<T> {
    let items = items.as_array().into_iter().flatten();
    items.filter_map(|item| T::deserialize(item).ok()).collect()
}

impl Reference {
    fn is(&self, caller: &Caller) -> bool {
        match self.kind.as_str() {
            "User" => self.name == caller.user,
            "Group" => caller.groups.contains(&self.name),
            "ServiceAccount" => {
                caller.user == format!("system:serviceaccount:{}:{}", self.namespace, self.name)
            }
            _ => false,
        }
    }
}

impl Role {
    fn rights(&self) -> Vec<Right> {
        let role = match self.namespace.as_str() {
            "" => format!("{}/{}", self.kind, self.name),
            namespace => format!("{namespace}/{}/{}", self.kind, self.name),
        };
        let mut rights = Vec::new();
        for rule in &self.rules {
            let all = [String::new()];
            let names = if rule.resource_names.is_empty() {
                &all[..]
            } else {
                &rule.resource_names
            };
            for verb in &rule.verbs {
                let right = |group: &str, resource: &str, name: &str| Right {
                    role: role.clone(),
                    verb: verb.clone(),
                    group: group.to_owned(),
                    resource: resource.to_owned(),
                    name: name.to_owned(),
                };
                for (group, resource) in product(&rule.api_groups, &rule.resources) {
                    rights.extend(names.iter().map(|name| right(group, resource, name)));
                }
                // The pattern of all paths is then not mistaken for the one of all kinds.
                let paths = rule.paths.iter();
                let paths = paths.map(|path| if path == "*" { "/*" } else { path });
                rights.extend(paths.map(|path| right("", path, "")));
            }
        }
        rights
    }
}

fn product<'a>(one: &'a [String], two: &'a [String]) -> impl Iterator<Item = (&'a str, &'a str)> {
    one.iter()
        .flat_map(move |one| two.iter().map(move |two| (one.as_str(), two.as_str())))
}

impl Right {
    fn allows(&self, request: &ApiRequest) -> bool {
        if self.verb != "*" && self.verb != request.verb {
            return false;
        }
        let Some(target) = &request.target else {
            let prefix = self.resource.strip_suffix('*');
            let is_below = prefix.is_some_and(|prefix| request.path.starts_with(prefix));
            return self.is_of_paths() && (self.resource == request.path || is_below);
        };
        let subresource = target.subresource.as_str();
        let is_of_kind = match self.resource.as_str() {
            "*" => true,
            resource if resource == target.combined() => true,
            resource => !subresource.is_empty() && resource.strip_prefix("*/") == Some(subresource),
        };
        let is_in_group = self.group == "*" || self.group == target.group;
        let is_named = self.name.is_empty() || self.name == target.name;
        is_of_kind && is_in_group && is_named && !self.is_of_paths()
    }

    fn is_of_paths(&self) -> bool {
        self.resource.starts_with('/')
    }
}

#[cfg(test)]
mod tests;
