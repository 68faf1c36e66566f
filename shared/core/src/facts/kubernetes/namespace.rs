//! Namespaces.

use std::collections::BTreeMap;

/// A namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Namespace {
    /// The labels.
    pub labels: BTreeMap<String, String>,
    /// `true` if the namespace is being deleted, with all objects in it.
    pub is_terminating: bool,
}
