//! Namespaces.

use std::collections::BTreeMap;

use super::{LimitRange, ResourceQuota};
use crate::field::{Field, InvalidField};

/// A namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Namespace {
    /// The labels; `None` if they were not read, since only objects in the namespace name it.
    pub labels: Option<BTreeMap<String, String>>,
    /// `true` if the namespace is being deleted, with all objects in it.
    pub is_terminating: bool,
    /// The resource quotas in the namespace.
    pub quotas: Vec<ResourceQuota>,
    /// The limit ranges in the namespace.
    pub limit_ranges: Vec<LimitRange>,
    /// The service accounts in the namespace, by name, each with its setting `automountServiceAccountToken`: unless it
    /// is `false`, pods mount the token of the account.
    pub service_accounts: BTreeMap<String, Field<bool>>,
    /// The Services in the namespace.
    pub services: Vec<Service>,
    /// The names of the Ingresses in the namespace.
    pub ingresses: Vec<String>,
}

/// A Service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The name.
    pub name: String,
    /// The type: `ClusterIP`, `LoadBalancer`, …
    pub service_type: Field<String>,
}

impl Service {
    /// Returns `true` if the Service has another type than this one, which is also that of a Service without a type.
    ///
    /// # Errors
    ///
    /// Returns an error if the type is not a text.
    pub fn has_other_type_than(&self, default: &str) -> Result<bool, InvalidField> {
        let service_type = self.service_type.read()?;
        Ok(service_type.is_some_and(|service_type| service_type != default))
    }
}
