//! A stand-in for the Kubernetes API of EKS clusters, in memory and over TLS.
//!
//! It answers as an API server does, verifies tokens as EKS does, and enforces the roles that the manifests in
//! `docs/kubernetes` grant. A request that no function should send is a *violation*: a test that asserts that
//! [`KubernetesApi::violations`] is empty checks its function against all rules in these modules.
//!
//! ```no_run
//! use eksentry_tests::kubernetes::{Cluster, Credentials, Fault, FaultKind, KubernetesApi, connector};
//! use serde_json::json;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let mut cluster = Cluster::new("payments", "eu-central-1");
//! cluster.objects.push(json!({"kind": "Deployment", "metadata": {"name": "api", "namespace": "shop"}}));
//! cluster.faults.push(Fault::new("list pods", FaultKind::Expired).on_page(2).times(1));
//! let secret_key = "secret".to_owned();
//! let api = KubernetesApi::new(cluster, Credentials { secret_key, session_token: None })?;
//! let connector = connector(&[api.clone()], eksentry_aws::Clock::default());
//! // … read the cluster at api.url() through the connector, with the authority api.authority_data() …
//! assert!(api.violations().is_empty());
//! # Ok(())
//! # }
//! ```

mod api;
mod cluster;
mod connection;
mod contents;
mod defaults;
mod discovery;
mod faults;
mod identity;
mod kinds;
mod list;
mod manifests;
mod names;
mod objects;
mod rbac;
mod request;
mod selectors;
mod server;
mod state;
mod status;
mod token;
mod workloads;

pub use self::{
    api::KubernetesApi,
    cluster::{Cluster, Endpoint},
    connection::connector,
    contents::ContentsError,
    faults::{Fault, FaultKind},
    manifests::granted_rights,
    objects::ObjectError,
    rbac::Right,
    server::TlsServer,
    state::Received,
    status::{Answer, Body},
    token::Credentials,
};
