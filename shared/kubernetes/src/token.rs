//! The token of EKS: a presigned request to STS, which the cluster's authenticator sends to learn who the caller is.
//!
//! Signing takes no call and no permission. The token is good at each cluster of that name that knows the principal, so
//! it is as secret as a password while it is valid.

use std::fmt;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    SignableBody, SignableRequest, SignatureLocation, SigningParams, SigningSettings, sign,
};
use aws_sigv4::sign::v4;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use eksentry_aws::dns_suffix;
use jiff::{SignedDuration, Timestamp};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

const PREFIX: &str = "k8s-aws-v1.";

/// The action that the request calls.
const QUERY: &str = "Action=GetCallerIdentity&Version=2011-06-15";

/// The header that binds the token to a cluster. It is signed but not part of the URL: the authenticator adds it.
const CLUSTER_HEADER: &str = "x-k8s-aws-id";

/// The value of `X-Amz-Expires`. The authenticator ignores it, and accepts a token for 15 minutes.
const EXPIRES_IN: Duration = Duration::from_mins(1);

/// The time for which a token is used. The rest of the 15 minutes is for clocks that differ and for requests under way.
const USABLE_FOR: SignedDuration = SignedDuration::from_mins(12);

/// The most bytes of a token that the authenticator accepts.
const MAX_BYTES: usize = 4096;

/// The characters that AWS does not encode in a query.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The cluster that a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenScope<'a> {
    /// The name of the cluster; for a local cluster on AWS Outposts, its ID.
    pub cluster: &'a str,
    /// The Region of the cluster.
    pub region: &'a str,
}

/// A bearer token. Its debug view does not show the text.
#[derive(Clone, PartialEq, Eq)]
pub struct Token {
    text: String,
    usable_until: Timestamp,
}

/// The error of a token that could not be created.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// The credentials to sign with are not available, for this reason.
    #[error("there are no credentials: {0}")]
    NoCredentials(String),
    /// The request can't be signed, for this reason.
    #[error("the request to STS can't be signed: {0}")]
    NotSigned(String),
    /// The token has this number of bytes, more than clusters accept.
    #[error("the token has {0} bytes, and clusters accept at most 4096")]
    TooLong(usize),
}

impl Token {
    /// Creates a token from its text.
    pub fn new(text: impl Into<String>, usable_until: Timestamp) -> Self {
        Self {
            text: text.into(),
            usable_until,
        }
    }

    /// Signs a token at a time. The host is that of STS in the cluster's Region, whatever endpoint the environment sets:
    /// nothing is sent there, and the authenticator accepts no other host.
    ///
    /// # Errors
    ///
    /// Returns an error if the names can't be signed, or if the token becomes too long.
    pub fn sign(
        credentials: &Credentials,
        scope: TokenScope<'_>,
        now: Timestamp,
    ) -> Result<Self, TokenError> {
        let url = presigned_url(credentials, scope, now)?;
        let text = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(url));
        if text.len() > MAX_BYTES {
            return Err(TokenError::TooLong(text.len()));
        }
        let usable_until = now.checked_add(USABLE_FOR).unwrap_or(Timestamp::MAX);
        // Signatures end with the session that they were made in.
        let session_end = credentials.expiry().map(Timestamp::try_from);
        let session_end = session_end.and_then(Result::ok).unwrap_or(Timestamp::MAX);
        Ok(Self::new(text, usable_until.min(session_end)))
    }

    /// Returns the text of the token, which is a secret.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Returns the time until which the token may be used.
    pub fn usable_until(&self) -> Timestamp {
        self.usable_until
    }

    /// Returns `true` if the token may be used at that time.
    pub fn is_usable_at(&self, time: Timestamp) -> bool {
        time < self.usable_until
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Token")
            .field("usable_until", &self.usable_until)
            .finish_non_exhaustive()
    }
}

/// Returns the URL of the presigned request.
fn presigned_url(
    credentials: &Credentials,
    scope: TokenScope<'_>,
    now: Timestamp,
) -> Result<String, TokenError> {
    let TokenScope { cluster, region } = scope;
    let suffix = dns_suffix(region);
    let url = format!("https://sts.{region}.{suffix}/?{QUERY}");
    let not_signed = |error: &dyn std::error::Error| TokenError::NotSigned(error.to_string());

    let mut settings = SigningSettings::default();
    settings.signature_location = SignatureLocation::QueryParams;
    settings.expires_in = Some(EXPIRES_IN);
    let identity = credentials.clone().into();
    let params = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name("sts")
        .time(SystemTime::from(now))
        .settings(settings)
        .build()
        .map_err(|error| not_signed(&error))?;
    let params = SigningParams::from(params);
    let headers = [(CLUSTER_HEADER, cluster)].into_iter();
    let request = SignableRequest::new("GET", &url, headers, SignableBody::Bytes(&[]))
        .map_err(|error| not_signed(&error))?;
    let signed = sign(request, &params).map_err(|error| not_signed(&error))?;
    let (_, mut query) = signed.into_parts().0.into_parts();
    // The order of other tools, whose tokens are compared in tests.
    query.sort_by_key(|(name, _)| *name == "X-Amz-Signature");
    let query = query.iter().map(|(name, value)| {
        let value = utf8_percent_encode(value, ENCODED);
        format!("&{name}={value}")
    });
    Ok(url + &query.collect::<String>())
}

#[cfg(test)]
mod tests;
