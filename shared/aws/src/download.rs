//! Downloads from the presigned URLs that services return.

use aws_smithy_runtime_api::client::interceptors::context::{Error, Output};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_runtime_api::client::ser_de::DeserializeResponse;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use http::Uri;

use crate::service::{ServiceError, unsigned_operation};
use crate::{Aws, TRY, problem};

/// The error of a download. It does not contain the URL, since a presigned URL lets anyone read what it names.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DownloadError {
    /// The URL is not valid, or would send the request in plain text.
    #[error("the URL is not an HTTPS URL")]
    NotHttps,
    /// The content has more than this number of bytes.
    #[error("the content has more than {0} bytes")]
    TooLarge(usize),
    /// The download failed.
    #[error("{0}")]
    Failed(String),
}

impl Aws {
    /// Downloads the content at a presigned URL, which may have at most `max` bytes. The request has no credentials
    /// other than those in the URL, and redirects are not followed. A URL without TLS is accepted only at the endpoint
    /// that the environment sets for all services, as in tests.
    ///
    /// # Errors
    ///
    /// Returns an error if the URL is not valid, the server does not respond with the status 200, or the content is
    /// larger.
    pub async fn download(&self, url: &str, max: usize) -> Result<Vec<u8>, DownloadError> {
        let url: Uri = url.parse().map_err(|_| DownloadError::NotHttps)?;
        let endpoint = self.config().endpoint_url();
        let origin = origin(&url).filter(|origin| is_allowed(origin, endpoint));
        let origin = origin.ok_or(DownloadError::NotHttps)?;
        let operation = unsigned_operation(self, None, "s3", "Download", &origin)
            .no_auth()
            .serializer(move |(): ()| {
                let request = http::Request::get(url.clone()).body(SdkBody::empty())?;
                Ok(HttpRequest::try_from(request)?)
            })
            .deserializer_impl::<SdkBody, ServiceError>(TakeBody)
            .build();
        let body = operation.invoke(()).await.map_err(|error| failed(&error))?;
        let content = tokio::time::timeout(TRY, read(body, max)).await;
        content.unwrap_or_else(|_| Err(DownloadError::Failed("the content did not arrive".into())))
    }
}

/// Returns the scheme and the authority of a URL, as the beginning of its text.
fn origin(url: &Uri) -> Option<String> {
    let (scheme, authority) = (url.scheme_str()?, url.authority()?);
    Some(format!("{scheme}://{authority}"))
}

fn is_allowed(of_url: &str, endpoint: Option<&str>) -> bool {
    let endpoint: Option<Uri> = endpoint.and_then(|endpoint| endpoint.parse().ok());
    let endpoint = endpoint.and_then(|endpoint| origin(&endpoint));
    of_url.starts_with("https://") || endpoint.is_some_and(|endpoint| endpoint == of_url)
}

fn failed(error: &SdkError<ServiceError, HttpResponse>) -> DownloadError {
    DownloadError::Failed(problem(error))
}

/// Reads a body up to a number of bytes.
async fn read(body: SdkBody, max: usize) -> Result<Vec<u8>, DownloadError> {
    let mut body = ByteStream::new(body);
    let mut content = Vec::new();
    while let Some(chunk) = body.next().await {
        let chunk = chunk.map_err(|_| DownloadError::Failed("the content is incomplete".into()))?;
        if content.len() + chunk.len() > max {
            return Err(DownloadError::TooLarge(max));
        }
        content.extend_from_slice(&chunk);
    }
    Ok(content)
}

/// A deserializer that returns the body of a response without reading it. All others are read to their ends, however
/// large they are.
#[derive(Debug)]
struct TakeBody;

impl DeserializeResponse for TakeBody {
    fn deserialize_streaming(
        &self,
        response: &mut HttpResponse,
    ) -> Option<Result<Output, OrchestratorError<Error>>> {
        let status = response.status().as_u16();
        if status != 200 {
            let message = format!("the response has the status {status}");
            let error = ServiceError::new(None, Some(&message));
            return Some(Err(OrchestratorError::operation(Error::erase(error))));
        }
        let body = std::mem::replace(response.body_mut(), SdkBody::taken());
        Some(Ok(Output::erase(body)))
    }

    fn deserialize_nonstreaming(
        &self,
        _: &HttpResponse,
    ) -> Result<Output, OrchestratorError<Error>> {
        Err(OrchestratorError::other("the body was already taken"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_or_the_endpoint_of_the_environment_is_allowed() {
        let own = Some("http://127.0.0.1:4566/");
        for (url, endpoint, expected) in [
            (
                "https://bucket.s3.amazonaws.com/a?X-Amz-Signature=1",
                None,
                true,
            ),
            ("https://bucket.s3.amazonaws.com/a", own, true),
            ("http://bucket.s3.amazonaws.com/a", None, false),
            ("http://bucket.s3.amazonaws.com/a", own, false),
            ("http://127.0.0.1:4566/blob", own, true),
            ("http://127.0.0.1:4567/blob", own, false),
            ("http://127.0.0.1:4566@evil/blob", own, false),
            ("ftp://bucket/a", None, false),
            ("/a", own, false),
            ("", None, false),
        ] {
            let url: Option<Uri> = url.parse().ok();
            let origin = url.as_ref().and_then(origin);
            let is_allowed = origin.is_some_and(|origin| is_allowed(&origin, endpoint));
            assert_eq!(is_allowed, expected, "{url:?}");
        }
    }

    #[tokio::test]
    async fn a_body_is_read_up_to_a_number_of_bytes() {
        for (bytes, expected) in [
            ("", Ok(Vec::new())),
            ("1234", Ok(b"1234".to_vec())),
            ("12345", Err(DownloadError::TooLarge(4))),
        ] {
            assert_eq!(read(SdkBody::from(bytes), 4).await, expected, "{bytes}");
        }
    }
}
