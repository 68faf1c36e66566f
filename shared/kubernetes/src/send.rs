//! One try of a request.

use std::error::Error;
use std::io;
use std::iter::successors;
use std::time::Duration;

use aws_smithy_runtime_api::client::http::{HttpConnector as _, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue};
use rustls::CertificateError;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};

use crate::problem::{Distrust, ReaderFailure};

/// The most bytes of a response with content, and of any other response.
pub(crate) const MAX_CONTENT: usize = 32 << 20;
const MAX_STATUS: usize = 64 << 10;

/// The response to a request, whatever its status.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Response {
    pub(crate) status: u16,
    /// The wait that the server asks for.
    pub(crate) retry_after: Option<Duration>,
    /// `false` if the server states that the body is something other than JSON.
    pub(crate) is_json: bool,
    /// The body. It may be incomplete if the status is not 200.
    pub(crate) body: Vec<u8>,
}

/// The reason why a try has no response.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) enum NoResponse {
    /// The server was not reached, or did not respond.
    NotReached(String),
    /// The server is not trusted.
    NotTrusted(Distrust),
    /// The server responded, but the response is incomplete or too large.
    Broken(String),
    /// The request is not valid.
    NotSent(String),
    /// The function that makes requests in the VPC of the cluster could not be invoked.
    #[serde(skip)]
    NoReader(ReaderFailure),
}

/// Sends a request, and reads the response, which has the media type `accept`. `limit` is the longest time, from the
/// connection to the end of the response.
///
/// # Errors
///
/// Returns an error if there is no complete response.
pub(crate) async fn send(
    http: &SharedHttpConnector,
    url: &str,
    accept: &'static str,
    token: &str,
    limit: Duration,
) -> Result<Response, NoResponse> {
    let request =
        request(url, accept, token).map_err(|error| NoResponse::NotSent(error.to_string()))?;
    let end = Instant::now() + limit;
    let seconds = limit.as_secs();
    let response = timeout_at(end, http.call(request)).await;
    let response = response.map_err(|_| {
        NoResponse::NotReached(format!("the server did not respond within {seconds} s"))
    })?;
    let mut response = response.map_err(|error| no_response(&error))?;
    let status = response.status().as_u16();
    let (retry_after, is_json) = (retry_after(&response), is_json(&response));
    let max = if status == 200 {
        MAX_CONTENT
    } else {
        MAX_STATUS
    };
    let body = timeout_at(end, read(response.take_body(), max)).await;
    let body = body.unwrap_or_else(|_| {
        let late = format!("the response was not complete after {seconds} s");
        Err(NoResponse::Broken(late))
    });
    let body = match body {
        Err(error) if status == 200 => return Err(error),
        body => body.unwrap_or_default(),
    };
    Ok(Response {
        status,
        retry_after,
        is_json,
        body,
    })
}

fn request(
    url: &str,
    accept: &'static str,
    token: &str,
) -> Result<HttpRequest, Box<dyn Error + Send + Sync>> {
    let agent = concat!("eksentry/", env!("CARGO_PKG_VERSION"));
    let mut bearer = HeaderValue::from_str(&format!("Bearer {token}"))?;
    bearer.set_sensitive(true);
    let mut request = http::Request::get(url).body(SdkBody::empty())?;
    *request.headers_mut() = HeaderMap::<HeaderValue>::from_iter([
        (ACCEPT, HeaderValue::from_static(accept)),
        (USER_AGENT, HeaderValue::from_static(agent)),
        (AUTHORIZATION, bearer),
    ]);
    Ok(request.try_into()?)
}

/// Reads a body up to a number of bytes, as it arrives.
async fn read(body: SdkBody, max: usize) -> Result<Vec<u8>, NoResponse> {
    let mut body = ByteStream::new(body);
    let mut content = Vec::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|_| NoResponse::Broken("the response is incomplete".into()))?;
        if content.len() + chunk.len() > max {
            return Err(too_large());
        }
        content.extend_from_slice(&chunk);
    }
    Ok(content)
}

/// Returns the reason for a response with more than [`MAX_CONTENT`] bytes.
pub(crate) fn too_large() -> NoResponse {
    let large = format!("the response has more than {} MiB", MAX_CONTENT >> 20);
    NoResponse::Broken(large)
}

fn header(response: &HttpResponse, name: HeaderName) -> Option<&str> {
    response.headers().get(name)
}

/// Returns how long the server asks to wait. API servers send seconds, never a date.
fn retry_after(response: &HttpResponse) -> Option<Duration> {
    let seconds = header(response, RETRY_AFTER)?.trim().parse().ok()?;
    Some(Duration::from_secs(seconds))
}

fn is_json(response: &HttpResponse) -> bool {
    header(response, CONTENT_TYPE).is_none_or(|value| {
        let media_type = value.split(';').next().unwrap_or_default();
        media_type.trim().eq_ignore_ascii_case("application/json")
    })
}

/// Returns the reason for an error of a connection.
fn no_response(error: &(dyn Error + 'static)) -> NoResponse {
    let chain = || successors(Some(error), |error| cause(*error));
    if let Some(tls) = chain().find_map(|error| error.downcast_ref()) {
        return NoResponse::NotTrusted(distrust(tls));
    }
    let first = chain().last().unwrap_or(error);
    NoResponse::NotReached(first.to_string())
}

/// Returns the cause of an error. The `source` of an I/O error leaves out the error that it wraps.
fn cause<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a (dyn Error + 'static)> {
    match error.downcast_ref::<io::Error>() {
        Some(error) => error.get_ref().map(|error| error as &(dyn Error + 'static)),
        None => error.source(),
    }
}

fn distrust(error: &rustls::Error) -> Distrust {
    use CertificateError as Invalid;
    let rustls::Error::InvalidCertificate(invalid) = error else {
        return Distrust::Handshake(error.to_string());
    };
    match invalid {
        // The authorities of all clusters have one name, so only the signature tells them apart.
        Invalid::UnknownIssuer | Invalid::BadSignature => Distrust::OtherAuthority,
        Invalid::NotValidForName | Invalid::NotValidForNameContext { .. } => Distrust::OtherName,
        Invalid::Expired
        | Invalid::ExpiredContext { .. }
        | Invalid::NotValidYet
        | Invalid::NotValidYetContext { .. } => Distrust::NotValidNow,
        _ => Distrust::Handshake(error.to_string()),
    }
}

#[cfg(test)]
mod tests;
