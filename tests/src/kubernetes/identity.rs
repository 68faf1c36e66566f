//! The certificate of a cluster's endpoint, and the authority that EKS reports for it.

use std::{fmt, sync::Arc};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use eksentry_kubernetes::{
    Authority,
    certificates::{self, EXPIRED, Issuer, VALID},
};
use jiff::Timestamp;
use rustls::{
    CertificateError, RootCertStore, ServerConfig,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier as _},
    crypto::ring,
};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};

use super::cluster::{Cluster, Endpoint};

/// A host that no endpoint has.
const OTHER_HOST: &str = "other.example.com";

/// The host of servers on the loopback interface.
pub(super) const LOOPBACK_HOST: &str = "localhost";

/// The certificate of an endpoint with its key, and the authority of the cluster.
pub(super) struct Identity {
    authority: Issuer,
    hosts: [String; 2],
    pub(super) certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
    /// The fault of the endpoint.
    pub(super) endpoint: Endpoint,
}

impl Identity {
    /// Issues a certificate for the host of the cluster and for servers on the loopback interface.
    pub(super) fn new(cluster: &Cluster) -> Self {
        let authority = Issuer::new();
        let hosts = [cluster.host(), LOOPBACK_HOST.to_owned()];
        let (certificate, key) = issue(&authority, &hosts, cluster.endpoint);
        Self {
            authority,
            hosts,
            certificate,
            key,
            endpoint: cluster.endpoint,
        }
    }

    /// Replaces the certificate by one with the fault of an endpoint. The authority of the cluster stays the same.
    pub(super) fn set_endpoint(&mut self, endpoint: Endpoint) {
        (self.certificate, self.key) = issue(&self.authority, &self.hosts, endpoint);
        self.endpoint = endpoint;
    }

    /// Returns the authority that EKS reports: PEM in base64.
    pub(super) fn reported(&self) -> String {
        STANDARD.encode(match self.endpoint {
            Endpoint::Broken => "not a certificate\n".to_owned(),
            _ => self.authority.pem(),
        })
    }

    /// Verifies the certificate as a client does that trusts only this authority.
    pub(super) fn verify(
        &self,
        host: &str,
        authority: &Authority,
        now: Timestamp,
    ) -> Result<(), rustls::Error> {
        let mut roots = RootCertStore::empty();
        for certificate in authority.certificates() {
            roots.add(certificate.clone())?;
        }
        let provider = Arc::new(ring::default_provider());
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
        let verifier = verifier.map_err(|error| rustls::Error::General(error.to_string()))?;
        let name = ServerName::try_from(host.to_owned());
        let name = name.map_err(|_| CertificateError::NotValidForName)?;
        let seconds = now.as_second().try_into().unwrap_or_default();
        let now = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
        verifier.verify_server_cert(&self.certificate, &[], &name, &[], now)?;
        Ok(())
    }

    /// Returns the configuration of a server with the certificate.
    pub(super) fn tls(&self) -> Result<ServerConfig, rustls::Error> {
        ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], self.key.clone_key())
    }
}

/// Issues the certificate of an endpoint with a fault.
fn issue(authority: &Issuer, hosts: &[String], endpoint: Endpoint) -> certificates::Identity {
    let hosts: Vec<&str> = hosts.iter().map(String::as_str).collect();
    match endpoint {
        Endpoint::Expired => authority.issue_for(&hosts, EXPIRED),
        Endpoint::OtherName => authority.issue_for(&[OTHER_HOST], VALID),
        Endpoint::OtherAuthority => Issuer::new().issue_for(&hosts, VALID),
        Endpoint::Trusted | Endpoint::Broken | Endpoint::Closed => {
            authority.issue_for(&hosts, VALID)
        }
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Identity")
            .field("endpoint", &self.endpoint)
            .finish_non_exhaustive()
    }
}
