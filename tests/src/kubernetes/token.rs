//! The bearer token of EKS, verified as aws-iam-authenticator and AWS STS do.
//!
//! The signature is derived here once more, without the code that signs, so that an error in one is not one in both.
//! Sources: <https://github.com/kubernetes-sigs/aws-iam-authenticator/blob/master/pkg/token/token.go> and
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html>.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

use super::cluster::Cluster;

const PREFIX: &str = "k8s-aws-v1.";
const MAX_BYTES: usize = 4096;

/// The time for which a token is valid, whatever `X-Amz-Expires` says.
const LIFETIME: SignedDuration = SignedDuration::from_mins(15);

/// The time by which the clock of the signer may be ahead.
const CLOCK_SKEW: SignedDuration = SignedDuration::from_mins(5);

/// The parameters that a token may have, in lower case. All but the session token are required.
const PARAMETERS: [&str; 9] = [
    "action",
    "version",
    "x-amz-algorithm",
    "x-amz-credential",
    "x-amz-date",
    "x-amz-expires",
    "x-amz-security-token",
    "x-amz-signature",
    "x-amz-signedheaders",
];

const SESSION_TOKEN: &str = "x-amz-security-token";
const SIGNATURE: &str = "x-amz-signature";
const SIGNED_HEADERS: &str = "host;x-k8s-aws-id";

/// The characters that AWS does not encode in a query.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The secrets that go with every access key, as in the stand-in for AWS.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Credentials {
    /// The secret access key.
    pub secret_key: String,
    /// The session token; `None` for the keys of a user.
    pub session_token: Option<String>,
}

/// Verifies that a token is signed with these credentials for this cluster. Returns the reason if it is not.
pub(super) fn verify(
    token: &str,
    cluster: &Cluster,
    credentials: &Credentials,
    now: Timestamp,
) -> Result<(), String> {
    let host = format!("sts.{}.{}", cluster.region, cluster.dns_suffix());
    let url = url(token)?;
    let (actual, query) = parts(&url)?;
    ensure(actual == host, || {
        format!("its host is {actual}, not {host}")
    })?;
    let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes())
        .into_owned()
        .collect();
    let parameters = parameters(&pairs)?;
    let parameter = |name: &str| parameters.get(name).copied().unwrap_or_default();

    for (name, expected) in [
        ("action", "GetCallerIdentity"),
        ("version", "2011-06-15"),
        ("x-amz-algorithm", "AWS4-HMAC-SHA256"),
        ("x-amz-signedheaders", SIGNED_HEADERS),
        (
            SESSION_TOKEN,
            credentials.session_token.as_deref().unwrap_or_default(),
        ),
    ] {
        ensure(parameter(name) == expected, || {
            format!("its parameter {name} has another value")
        })?;
    }
    let expires = parameter("x-amz-expires").parse::<u32>();
    ensure(expires.is_ok_and(|seconds| seconds <= 900), || {
        "its parameter x-amz-expires is not a number from 0 to 900".to_owned()
    })?;
    let date = parameter("x-amz-date");
    let signed = time(date).ok_or("its parameter x-amz-date is not a time")?;
    ensure(
        now <= signed.saturating_add(LIFETIME).unwrap_or(Timestamp::MAX),
        || format!("it has expired: it was signed at {signed}, and it is {now}"),
    )?;
    ensure(
        signed <= now.saturating_add(CLOCK_SKEW).unwrap_or(Timestamp::MAX),
        || format!("it is not valid yet: it was signed at {signed}, and it is {now}"),
    )?;
    let credential = parameter("x-amz-credential");
    let scope = format!("{}/{}/sts/aws4_request", &date[..8], cluster.region);
    let key = credential.strip_suffix(&format!("/{scope}"));
    let is_key =
        |key: &str| key.len() >= 16 && key.chars().all(|char| char.is_ascii_alphanumeric());
    ensure(key.is_some_and(is_key), || {
        format!("its credential is not an access key with the scope {scope}")
    })?;

    let to_sign = to_sign(&pairs, &host, &cluster.name, date, &scope);
    let expected = hex::encode(signature(&credentials.secret_key, &scope, &to_sign));
    ensure(parameter(SIGNATURE) == expected, || {
        format!(
            "its signature is not for the cluster {}, or made with another secret key",
            cluster.name
        )
    })
}

fn ensure(is_met: bool, problem: impl FnOnce() -> String) -> Result<(), String> {
    if is_met { Ok(()) } else { Err(problem()) }
}

/// Returns the URL in a token.
fn url(token: &str) -> Result<String, String> {
    ensure(token.len() <= MAX_BYTES, || {
        format!("it has {} bytes, and {MAX_BYTES} are allowed", token.len())
    })?;
    let encoded = token
        .strip_prefix(PREFIX)
        .ok_or_else(|| format!("it does not begin with {PREFIX}"))?;
    let url = URL_SAFE_NO_PAD.decode(encoded);
    let url = url.map_err(|_| "it is not base64 for URLs without padding")?;
    String::from_utf8(url).map_err(|_| "it contains no text".to_owned())
}

/// Returns the host and the query of a URL that has no other parts.
fn parts(url: &str) -> Result<(&str, &str), String> {
    let rest = url
        .strip_prefix("https://")
        .ok_or("its URL does not begin with https://")?;
    let (rest, fragment) = rest.split_once('#').unwrap_or((rest, ""));
    let (location, query) = rest.split_once('?').unwrap_or((rest, ""));
    let host = location
        .strip_suffix('/')
        .filter(|host| !host.contains('/'));
    let host = host.ok_or("the path of its URL is not /")?;
    ensure(fragment.is_empty(), || "its URL has a fragment".to_owned())?;
    Ok((host, query))
}

/// Returns the parameters by their names in lower case.
fn parameters(pairs: &[(String, String)]) -> Result<BTreeMap<String, &str>, String> {
    let mut parameters = BTreeMap::new();
    for (name, value) in pairs {
        let name = name.to_lowercase();
        ensure(PARAMETERS.contains(&name.as_str()), || {
            format!("its parameter {name} is not allowed")
        })?;
        ensure(!parameters.contains_key(&name), || {
            format!("its parameter {name} is there more than once")
        })?;
        parameters.insert(name, value.as_str());
    }
    for name in PARAMETERS.into_iter().filter(|name| *name != SESSION_TOKEN) {
        ensure(parameters.contains_key(name), || {
            format!("its parameter {name} is missing")
        })?;
    }
    Ok(parameters)
}

/// Parses a time such as `20261128T130157Z`.
fn time(text: &str) -> Option<Timestamp> {
    let is_usual = text.len() == 16 && text.is_ascii();
    let time = DateTime::strptime("%Y%m%dT%H%M%SZ", text)
        .ok()
        .filter(|_| is_usual)?;
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// Returns the text that is signed.
fn to_sign(
    pairs: &[(String, String)],
    host: &str,
    cluster: &str,
    date: &str,
    scope: &str,
) -> String {
    let encoded = |text: &str| utf8_percent_encode(text, ENCODED).to_string();
    let pairs = pairs
        .iter()
        .filter(|(name, _)| !name.eq_ignore_ascii_case(SIGNATURE));
    let mut pairs: Vec<_> = pairs
        .map(|(name, value)| (encoded(name), encoded(value)))
        .collect();
    pairs.sort();
    let query: Vec<_> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let query = query.join("&");
    let no_body = hex::encode(Sha256::digest(b""));
    let request = format!(
        "GET\n/\n{query}\nhost:{host}\nx-k8s-aws-id:{cluster}\n\n{SIGNED_HEADERS}\n{no_body}"
    );
    let digest = hex::encode(Sha256::digest(request.as_bytes()));
    format!("AWS4-HMAC-SHA256\n{date}\n{scope}\n{digest}")
}

/// Returns the signature of a text by a key that is derived from the secret key.
fn signature(secret_key: &str, scope: &str, text: &str) -> Vec<u8> {
    let secret = format!("AWS4{secret_key}").into_bytes();
    let key = scope
        .split('/')
        .fold(secret, |key, part| authenticate(&key, part));
    authenticate(&key, text)
}

/// Returns the HMAC of a text with SHA-256.
fn authenticate(key: &[u8], text: &str) -> Vec<u8> {
    let hmac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    hmac.chain_update(text).finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests;
