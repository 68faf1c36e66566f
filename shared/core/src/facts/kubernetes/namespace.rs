//! Namespaces.

use core::net::IpAddr;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Labels, LimitRange, NetworkPolicy, ObjectName, ResourceQuota};
use crate::field::{Field, InvalidField};

/// A namespace.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Namespace {
    /// The labels; `None` if they were not read, since only objects in the namespace name it.
    pub labels: Option<Labels>,
    /// `true` if the namespace is being deleted, with all objects in it.
    pub is_terminating: bool,
    /// The resource quotas in the namespace.
    pub quotas: Vec<ResourceQuota>,
    /// The limit ranges in the namespace.
    pub limit_ranges: Vec<LimitRange>,
    /// The service accounts in the namespace, by name, each with its setting `automountServiceAccountToken`: unless it
    /// is `false`, pods mount the token of the account.
    pub service_accounts: BTreeMap<String, Field<bool>>,
    /// The Secrets in the namespace that hold tokens of service accounts.
    pub token_secrets: Vec<TokenSecret>,
    /// The Services in the namespace.
    pub services: Vec<Service>,
    /// The names of the Ingresses in the namespace.
    pub ingresses: Vec<String>,
    /// The network policies in the namespace.
    pub network_policies: Vec<Arc<NetworkPolicy>>,
}

impl Namespace {
    /// Returns the service accounts, the Services and the Ingresses in the namespace, which has this name.
    pub(super) fn objects(&self, namespace: &str) -> impl Iterator<Item = ObjectName> {
        let object = |kind: &str, api_version: &str, plural: &str, name: &str| ObjectName {
            namespace: Some(namespace.to_owned()),
            kind: kind.to_owned(),
            api_version: api_version.to_owned(),
            plural: plural.to_owned(),
            name: name.to_owned(),
        };
        let services = self.services.iter();
        let services =
            services.map(move |service| object("Service", "v1", "services", &service.name));
        let ingresses = self
            .ingresses
            .iter()
            .map(move |name| object("Ingress", "networking.k8s.io/v1", "ingresses", name));
        let accounts = self
            .service_accounts
            .keys()
            .map(move |name| object("ServiceAccount", "v1", "serviceaccounts", name));
        accounts.chain(services).chain(ingresses)
    }
}

/// A Secret that holds a token of a service account. Nothing but its metadata is known.
///
/// Source: <https://kubernetes.io/docs/reference/labels-annotations-taints/>.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenSecret {
    /// The name.
    pub name: String,
    /// The name of the service account, as an annotation states it.
    pub account: Option<String>,
    /// `true` if a label states when the token was last used.
    pub was_used: bool,
    /// `true` if a label states that the token is no longer valid. Kubernetes marks tokens that were not used for a
    /// year, and refuses them until someone removes the label.
    pub is_invalidated: bool,
}

/// A Service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Service {
    /// The name.
    pub name: String,
    /// The type: `ClusterIP`, `LoadBalancer`, …
    pub service_type: Field<String>,
    /// The addresses of the Service in the cluster. A Service without one has the text `None` instead.
    pub cluster_ips: Field<Vec<String>>,
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

    /// Returns the addresses of the Service in the cluster.
    ///
    /// # Errors
    ///
    /// Returns an error if the addresses are not texts.
    pub fn addresses(&self) -> Result<Vec<IpAddr>, InvalidField> {
        let addresses = self.cluster_ips.items()?.iter();
        Ok(addresses.filter_map(|text| text.parse().ok()).collect())
    }
}
