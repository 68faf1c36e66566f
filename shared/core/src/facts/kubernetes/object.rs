//! The names of objects.

use std::fmt;

/// The names of the properties that identify an object in reports.
pub const NAMESPACE: &str = "Namespace";
/// See [`NAMESPACE`].
pub const KIND: &str = "Kind";
/// See [`NAMESPACE`].
pub const NAME: &str = "Name";
/// See [`NAMESPACE`].
pub const API_VERSION: &str = "ApiVersion";

/// The name of an object, as a person would write it: `shop/Deployment/web`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ObjectName {
    /// The namespace; `None` if the object is in no namespace.
    pub namespace: Option<String>,
    /// The kind: `Deployment`.
    pub kind: String,
    /// The API group and its version: `apps/v1`; `v1` for the core group.
    pub api_version: String,
    /// The name of the kind in paths: `deployments`.
    pub plural: String,
    /// The name of the object.
    pub name: String,
}

impl ObjectName {
    /// Returns the name of a namespace as an object.
    pub fn of_namespace(name: &str) -> Self {
        Self {
            namespace: None,
            kind: "Namespace".to_owned(),
            api_version: "v1".to_owned(),
            plural: "namespaces".to_owned(),
            name: name.to_owned(),
        }
    }

    /// Returns the API group: `apps`; empty for the core group.
    pub fn group(&self) -> &str {
        let group = self.api_version.split_once('/');
        group.map_or("", |(group, _)| group)
    }
}

/// Writes the name: `shop/Deployment/web`, or `ClusterRole/admin` if the object is in no namespace.
impl fmt::Display for ObjectName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(namespace) = &self.namespace {
            write!(formatter, "{namespace}/")?;
        }
        write!(formatter, "{}/{}", self.kind, self.name)
    }
}
