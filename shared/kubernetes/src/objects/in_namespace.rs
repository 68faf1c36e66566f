//! Objects that are facts about their namespace: resource quotas, limit ranges, service accounts, Secrets with tokens,
//! Services, Ingresses and network policies.

use std::collections::BTreeMap;
use std::sync::Arc;

use eksentry_core::facts::kubernetes::{
    LimitRange, Namespace, NetworkPolicy, NetworkPolicySpec, ResourceQuota, Service, TokenSecret,
};
use eksentry_core::field::{Field, Object};
use serde::Deserialize;

use super::lists::Item;
use super::metadata::{Metadata, Place};

/// The label with the day on which the token in a Secret was last used.
///
/// Source: <https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-legacy-token-last-used>.
const LAST_USED: &str = "kubernetes.io/legacy-token-last-used";

/// The label with the day since which the token in a Secret is not valid.
///
/// Source: <https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-legacy-token-invalid-since>.
const INVALID_SINCE: &str = "kubernetes.io/legacy-token-invalid-since";

/// An object of which the metadata and the specification are needed.
#[derive(Debug, Deserialize)]
#[serde(default, bound(deserialize = "T: Object + Deserialize<'de>"))]
pub(super) struct Specified<T> {
    metadata: Field<Metadata>,
    spec: Field<T>,
}

impl<T> Default for Specified<T> {
    fn default() -> Self {
        Self {
            metadata: Field::Absent,
            spec: Field::Absent,
        }
    }
}

/// A service account, which has its setting beside its metadata.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ServiceAccountObject {
    metadata: Field<Metadata>,
    automount_service_account_token: Field<bool>,
}

/// A Secret, of which nothing but the metadata is requested or read.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct SecretMetadata {
    metadata: Field<Metadata>,
}

/// The specification of a Service.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct ServiceSpec {
    #[serde(rename = "type")]
    service_type: Field<String>,
    #[serde(rename = "clusterIP")]
    cluster_ip: Field<String>,
    #[serde(rename = "clusterIPs")]
    cluster_ips: Field<Vec<String>>,
}

impl Object for ServiceSpec {}

/// The specification of an Ingress, of which nothing is needed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct IngressSpec {}

impl Object for IngressSpec {}

/// An object in a namespace.
#[derive(Debug)]
pub(super) struct InNamespace {
    namespace: String,
    object: ObjectOfNamespace,
}

#[derive(Debug)]
enum ObjectOfNamespace {
    Quota(ResourceQuota),
    LimitRange(LimitRange),
    ServiceAccount(String, Field<bool>),
    TokenSecret(TokenSecret),
    Service(Service),
    Ingress(String),
    NetworkPolicy(Arc<NetworkPolicy>),
}

/// Returns what is kept of a resource quota.
pub(super) fn quota(object: Specified<ResourceQuota>) -> Item<InNamespace> {
    let quota = |_, spec| {
        ObjectOfNamespace::Quota(match spec {
            Field::Value(quota) => quota,
            Field::Absent => ResourceQuota::default(),
            Field::Invalid => ResourceQuota {
                hard: Field::Invalid,
                ..ResourceQuota::default()
            },
        })
    };
    kept(object, quota)
}

/// Returns what is kept of a limit range.
pub(super) fn limit_range(object: Specified<LimitRange>) -> Item<InNamespace> {
    let limit_range = |_, spec| {
        ObjectOfNamespace::LimitRange(match spec {
            Field::Value(range) => range,
            Field::Absent => LimitRange::default(),
            Field::Invalid => LimitRange {
                limits: Field::Invalid,
            },
        })
    };
    kept(object, limit_range)
}

/// Returns what is kept of a service account.
pub(super) fn service_account(object: ServiceAccountObject) -> Item<InNamespace> {
    let setting = object.automount_service_account_token;
    in_place(object.metadata, |name| {
        ObjectOfNamespace::ServiceAccount(name, setting)
    })
}

/// Returns what is kept of a Secret with a token.
pub(super) fn token_secret(object: SecretMetadata) -> Item<InNamespace> {
    let metadata = object.metadata.value();
    let has_label = |key: &str| {
        let label = metadata.and_then(|metadata| metadata.label(key));
        label.is_some_and(|label| !label.is_empty())
    };
    let account = metadata.and_then(Metadata::service_account);
    let secret = TokenSecret {
        name: String::new(),
        account: account.map(ToOwned::to_owned),
        was_used: has_label(LAST_USED),
        is_invalidated: has_label(INVALID_SINCE),
    };
    in_place(object.metadata, |name| {
        ObjectOfNamespace::TokenSecret(TokenSecret { name, ..secret })
    })
}

/// Returns what is kept of a Service.
pub(super) fn service(object: Specified<ServiceSpec>) -> Item<InNamespace> {
    let service = |name, spec: Field<ServiceSpec>| {
        let (service_type, cluster_ips) = match spec {
            Field::Value(spec) => (
                spec.service_type,
                addresses(spec.cluster_ips, spec.cluster_ip),
            ),
            Field::Absent => (Field::Absent, Field::Absent),
            Field::Invalid => (Field::Invalid, Field::Invalid),
        };
        ObjectOfNamespace::Service(Service {
            name,
            service_type,
            cluster_ips,
        })
    };
    kept(object, service)
}

/// Returns the addresses of a Service. The API server sets both members.
fn addresses(all: Field<Vec<String>>, first: Field<String>) -> Field<Vec<String>> {
    if all.is_absent() {
        first.and_then(|first| Field::Value(vec![first]))
    } else {
        all
    }
}

/// Returns what is kept of a network policy.
pub(super) fn network_policy(object: Specified<NetworkPolicySpec>) -> Item<InNamespace> {
    let network_policy = |name, spec| {
        let spec = match spec {
            Field::Value(spec) => spec,
            Field::Absent => NetworkPolicySpec::default(),
            Field::Invalid => NetworkPolicySpec::unreadable(),
        };
        ObjectOfNamespace::NetworkPolicy(Arc::new(NetworkPolicy { name, spec }))
    };
    kept(object, network_policy)
}

/// Returns what is kept of an Ingress.
pub(super) fn ingress(object: Specified<IngressSpec>) -> Item<InNamespace> {
    kept(object, |name, _| ObjectOfNamespace::Ingress(name))
}

fn kept<T>(
    object: Specified<T>,
    reduce: impl FnOnce(String, Field<T>) -> ObjectOfNamespace,
) -> Item<InNamespace> {
    let spec = object.spec;
    in_place(object.metadata, |name| reduce(name, spec))
}

fn in_place(
    metadata: Field<Metadata>,
    reduce: impl FnOnce(String) -> ObjectOfNamespace,
) -> Item<InNamespace> {
    let place = metadata.value().and_then(Metadata::place);
    let Some(Place { namespace, name }) = place else {
        return Item::Unreadable;
    };
    Item::Kept(InNamespace {
        namespace,
        object: reduce(name),
    })
}

impl InNamespace {
    /// Returns the network policy with its namespace; `None` if the object is of another kind.
    pub(super) fn as_network_policy(&self) -> Option<(&str, &Arc<NetworkPolicy>)> {
        match &self.object {
            ObjectOfNamespace::NetworkPolicy(policy) => Some((&self.namespace, policy)),
            _ => None,
        }
    }
}

/// Adds objects to their namespaces.
pub(super) fn add(objects: Vec<InNamespace>, namespaces: &mut BTreeMap<String, Namespace>) {
    for one in objects {
        let namespace = namespaces.entry(one.namespace).or_default();
        match one.object {
            ObjectOfNamespace::Quota(quota) => namespace.quotas.push(quota),
            ObjectOfNamespace::LimitRange(range) => namespace.limit_ranges.push(range),
            ObjectOfNamespace::ServiceAccount(name, setting) => {
                namespace.service_accounts.insert(name, setting);
            }
            ObjectOfNamespace::TokenSecret(secret) => namespace.token_secrets.push(secret),
            ObjectOfNamespace::Service(service) => namespace.services.push(service),
            ObjectOfNamespace::Ingress(name) => namespace.ingresses.push(name),
            ObjectOfNamespace::NetworkPolicy(policy) => namespace.network_policies.push(policy),
        }
    }
}
