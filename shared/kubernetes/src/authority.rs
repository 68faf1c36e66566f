//! The certificate authority of a cluster, which alone is trusted for its endpoint.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::crypto::ring;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

/// The certificate authority of a cluster, checked in full: connections that trust it can be made without a further
/// error. Cheap to clone.
#[derive(Clone)]
pub struct Authority {
    certificates: Arc<[CertificateDer<'static>]>,
    tls: ClientConfig,
}

/// The error of a certificate authority that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AuthorityError {
    /// The data is not base64.
    #[error("the cluster's certificate authority is not base64")]
    NotBase64,
    /// The decoded text is not PEM.
    #[error("the cluster's certificate authority is not valid PEM")]
    NotPem,
    /// The text contains no certificate.
    #[error("the cluster's certificate authority contains no certificate")]
    NoCertificate,
    /// A section of the text is not a certificate, for this reason.
    #[error("the cluster's certificate authority contains an invalid certificate ({0})")]
    InvalidCertificate(String),
    /// TLS can't be configured, for this reason.
    #[error("TLS can't be configured ({0})")]
    NoTls(String),
}

impl Authority {
    /// Parses the authority as EKS describes it: one or more certificates in PEM, encoded in base64.
    ///
    /// # Errors
    ///
    /// Returns an error if the data is not of that form, or if a certificate can't be an authority.
    pub fn parse(data: &str) -> Result<Self, AuthorityError> {
        let pem = STANDARD.decode(data.trim());
        let pem = pem.map_err(|_| AuthorityError::NotBase64)?;
        let certificates: Vec<_> = CertificateDer::pem_slice_iter(&pem)
            .collect::<Result<_, _>>()
            .map_err(|_| AuthorityError::NotPem)?;
        if certificates.is_empty() {
            return Err(AuthorityError::NoCertificate);
        }
        let mut roots = RootCertStore::empty();
        for certificate in &certificates {
            let added = roots.add(certificate.clone());
            added.map_err(|error| AuthorityError::InvalidCertificate(error.to_string()))?;
        }
        let provider = Arc::new(ring::default_provider());
        let tls = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| AuthorityError::NoTls(error.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self {
            certificates: certificates.into(),
            tls,
        })
    }

    /// Returns the certificates.
    pub fn certificates(&self) -> &[CertificateDer<'static>] {
        &self.certificates
    }

    /// Returns the configuration of TLS that trusts only this authority.
    pub(crate) fn tls(&self) -> ClientConfig {
        self.tls.clone()
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Authority")
            .field("certificates", &self.certificates.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::certificates::Issuer;

    fn parse(pem: &str) -> Result<usize, AuthorityError> {
        let authority = Authority::parse(&STANDARD.encode(pem))?;
        Ok(authority.certificates().len())
    }

    #[test]
    fn certificates_are_parsed() {
        let (one, two) = (Issuer::new().pem(), Issuer::new().pem());
        assert_eq!(parse(&one), Ok(1));
        assert_eq!(parse(&format!("A comment\n{one}\n{two}")), Ok(2));
        let windows = one.replace('\n', "\r\n");
        assert_eq!(parse(&windows), Ok(1));
        let padded = format!(" {}\n", STANDARD.encode(&one));
        assert!(Authority::parse(&padded).is_ok());
    }

    #[test]
    fn what_is_not_an_authority_is_an_error() {
        let pem = Issuer::new().pem();
        let section = |label: &str, content: &str| {
            format!("-----BEGIN {label}-----\n{content}\n-----END {label}-----\n")
        };
        for (text, expected) in [
            (String::new(), AuthorityError::NoCertificate),
            (
                "not a certificate\n".to_owned(),
                AuthorityError::NoCertificate,
            ),
            (section("PUBLIC KEY", "AAAA"), AuthorityError::NoCertificate),
            (section("CERTIFICATE", "A"), AuthorityError::NotPem),
            (section("CERTIFICATE", "§§§§"), AuthorityError::NotPem),
            (
                pem.replace("-----END CERTIFICATE-----", ""),
                AuthorityError::NotPem,
            ),
            (
                format!("{pem}{}", section("CERTIFICATE", "A")),
                AuthorityError::NotPem,
            ),
        ] {
            assert_eq!(parse(&text), Err(expected), "{text}");
        }
        // It is PEM, but not a certificate.
        for content in ["", "AAAA", "MAA=", &STANDARD.encode([0x30; 300])] {
            let error = parse(&section("CERTIFICATE", content)).unwrap_err();
            let is_invalid = matches!(error, AuthorityError::InvalidCertificate(_));
            assert!(is_invalid, "{content}: {error}");
        }
        for data in ["§", "A", "LS0tLS1CRUdJTg==="] {
            let error = Authority::parse(data).unwrap_err();
            assert_eq!(error, AuthorityError::NotBase64, "{data}");
        }
    }

    proptest! {
        /// Nothing panics, whatever a byte of an authority is changed to.
        #[test]
        fn a_changed_authority_is_parsed_or_rejected(place: prop::sample::Index, byte: u8, cut: bool) {
            let mut pem = Issuer::new().pem().into_bytes();
            let place = place.index(pem.len());
            pem[place] = byte;
            if cut {
                pem.truncate(place);
            }
            if let Ok(authority) = Authority::parse(&STANDARD.encode(&pem)) {
                prop_assert_eq!(authority.certificates().len(), 1);
            }
        }
    }
}
