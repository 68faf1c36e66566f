//! Namespaces.

use std::collections::BTreeMap;

/// A namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Namespace {
    /// The labels; `None` if they were not read, since only objects in the namespace name it.
    pub labels: Option<BTreeMap<String, String>>,
    /// `true` if the namespace is being deleted, with all objects in it.
    pub is_terminating: bool,
}
