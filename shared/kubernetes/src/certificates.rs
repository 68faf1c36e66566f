//! Certificates for tests, which are issued when a test runs: no key is stored, and none expires.
//!
//! The functions panic if the operating system has no random numbers.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// The name of every authority. Those of EKS have one name too, so names do not tell them apart.
const AUTHORITY: &str = "kubernetes";

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const UTF8_STRING: u8 = 0x0c;
const GENERALIZED_TIME: u8 = 0x18;

/// Object identifiers: id-ecPublicKey, prime256v1, ecdsa-with-SHA256, commonName, basicConstraints, subjectAltName.
const EC_PUBLIC_KEY: &[u8] = &[0x06, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const PRIME_256: &[u8] = &[0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const ECDSA_SHA256: &[u8] = &[0x06, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
const COMMON_NAME: &[u8] = &[0x06, 3, 0x55, 4, 3];
const BASIC_CONSTRAINTS: &[u8] = &[0x06, 3, 0x55, 0x1d, 19];
const SUBJECT_ALT_NAME: &[u8] = &[0x06, 3, 0x55, 0x1d, 17];
const TRUE: &[u8] = &[0x01, 1, 0xff];

const RANDOM: &str = "the operating system has random numbers";

/// The time in which a certificate is valid.
#[derive(Debug, Clone, Copy)]
pub struct Validity(&'static str, &'static str);

/// The time of a certificate that is valid today.
pub const VALID: Validity = Validity("20200101000000Z", "21200101000000Z");
/// The time of a certificate that has expired.
pub const EXPIRED: Validity = Validity("20200101000000Z", "20210101000000Z");
/// The time of a certificate that is not valid yet.
pub const NOT_YET_VALID: Validity = Validity("21190101000000Z", "21200101000000Z");

/// The certificate of a server, and its key.
pub type Identity = (CertificateDer<'static>, PrivateKeyDer<'static>);

/// A certificate authority. Its debug view does not show the key.
pub struct Issuer {
    key: EcdsaKeyPair,
    certificate: Vec<u8>,
}

impl fmt::Debug for Issuer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Issuer")
    }
}

impl Issuer {
    /// Creates an authority with a new key.
    #[expect(clippy::new_without_default, reason = "each authority has another key")]
    pub fn new() -> Self {
        let (key, _) = new_key();
        let is_authority = extension(BASIC_CONSTRAINTS, &der(SEQUENCE, &[TRUE]));
        let certificate = certificate(&key, &key, AUTHORITY, VALID, &is_authority);
        Self { key, certificate }
    }

    /// Returns the certificate of the authority in PEM.
    pub fn pem(&self) -> String {
        let content = STANDARD.encode(&self.certificate);
        let lines: Vec<_> = content
            .as_bytes()
            .chunks(64)
            .map(String::from_utf8_lossy)
            .collect();
        let content = lines.join("\n");
        format!("-----BEGIN CERTIFICATE-----\n{content}\n-----END CERTIFICATE-----\n")
    }

    /// Issues the certificate of a server with a DNS name.
    pub fn issue(&self, name: &str, validity: Validity) -> Identity {
        self.issue_for(&[name], validity)
    }

    /// Issues the certificate of a server with several DNS names.
    pub fn issue_for(&self, names: &[&str], validity: Validity) -> Identity {
        let (key, pkcs8) = new_key();
        let names: Vec<_> = names
            .iter()
            .map(|name| der(0x82, &[name.as_bytes()]))
            .collect();
        let names = der(SEQUENCE, &[&names.concat()]);
        let names = extension(SUBJECT_ALT_NAME, &names);
        let certificate = certificate(&self.key, &key, "kube-apiserver", validity, &names);
        (certificate.into(), PrivatePkcs8KeyDer::from(pkcs8).into())
    }
}

fn new_key() -> (EcdsaKeyPair, Vec<u8>) {
    let random = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_ASN1_SIGNING;
    let pkcs8 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).expect(RANDOM);
    let key = EcdsaKeyPair::from_pkcs8(algorithm, pkcs8.as_ref(), &random);
    let key = key.expect("a key that was generated is valid");
    (key, pkcs8.as_ref().to_vec())
}

fn certificate(
    issuer: &EcdsaKeyPair,
    subject: &EcdsaKeyPair,
    name: &str,
    validity: Validity,
    extension: &[u8],
) -> Vec<u8> {
    let algorithm = der(SEQUENCE, &[ECDSA_SHA256]);
    let time = |time: &str| der(GENERALIZED_TIME, &[time.as_bytes()]);
    let content = der(
        SEQUENCE,
        &[
            &der(0xa0, &[&der(INTEGER, &[&[2]])]),
            &der(INTEGER, &[&[1]]),
            &algorithm,
            &common_name(AUTHORITY),
            &der(SEQUENCE, &[&time(validity.0), &time(validity.1)]),
            &common_name(name),
            &der(
                SEQUENCE,
                &[
                    &der(SEQUENCE, &[EC_PUBLIC_KEY, PRIME_256]),
                    &der(BIT_STRING, &[&[0], subject.public_key().as_ref()]),
                ],
            ),
            &der(0xa3, &[&der(SEQUENCE, &[extension])]),
        ],
    );
    let signature = issuer.sign(&SystemRandom::new(), &content).expect(RANDOM);
    let signature = der(BIT_STRING, &[&[0], signature.as_ref()]);
    der(SEQUENCE, &[&content, &algorithm, &signature])
}

fn common_name(name: &str) -> Vec<u8> {
    let name = der(UTF8_STRING, &[name.as_bytes()]);
    let attribute = der(SEQUENCE, &[COMMON_NAME, &name]);
    der(SEQUENCE, &[&der(SET, &[&attribute])])
}

fn extension(id: &[u8], value: &[u8]) -> Vec<u8> {
    der(SEQUENCE, &[id, TRUE, &der(OCTET_STRING, &[value])])
}

/// Encodes a value that consists of these parts.
fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = content.len().to_be_bytes();
    let length = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    let mut value = vec![tag];
    match length {
        [] => value.push(0),
        [short @ 0..0x80] => value.push(*short),
        // The number of the bytes of the length, which is small.
        _ => {
            value.push((0x81..).nth(length.len() - 1).unwrap_or(u8::MAX));
            value.extend(length);
        }
    }
    value.extend(content);
    value
}
