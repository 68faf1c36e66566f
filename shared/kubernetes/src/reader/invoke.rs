//! The side of the functions that invoke the cluster reader.

use aws_smithy_types::error::metadata::ProvideErrorMetadata as _;
use eksentry_aws::{Aws, JsonClient, JsonRequest, Service, problem};
use percent_encoding::utf8_percent_encode;
use serde::Deserialize;
use serde_json::json;

use super::{ReaderRequest, ReaderResponse};
use crate::problem::{Distrust, ReaderFailure};
use crate::request::{Request, SEGMENT};
use crate::send::{NoResponse, Response};
use crate::token::Token;

/// AWS Lambda.
const LAMBDA: Service = Service {
    name: "lambda",
    id: "Lambda",
};

/// The most characters of a text in a response that is shown.
const MAX_CHARS: usize = 200;

/// The cluster reader in the VPC of a cluster.
#[derive(Debug)]
pub struct ClusterReader {
    lambda: JsonClient,
    function: String,
    certificate_authority: String,
}

/// The payload that Lambda returns: the response of the function, or its error.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Payload {
    Response(ReaderResponse),
    Error {
        #[serde(rename = "errorType")]
        kind: Option<String>,
    },
}

impl ClusterReader {
    /// Creates a cluster reader from the name or the ARN of its function, and the certificate authority of the cluster
    /// as EKS describes it.
    pub fn new(aws: &Aws, function: String, certificate_authority: String) -> Self {
        Self {
            lambda: JsonClient::new(LAMBDA, aws, None),
            function,
            certificate_authority,
        }
    }

    /// Invokes the function with a request, and waits for the response.
    ///
    /// # Errors
    ///
    /// Returns an error if the function can't be invoked, or if it got no complete response.
    pub(crate) async fn send(
        &self,
        endpoint: &str,
        request: &Request,
        token: &Token,
    ) -> Result<Response, NoResponse> {
        let event = json!(ReaderRequest {
            endpoint: endpoint.to_owned(),
            certificate_authority: self.certificate_authority.clone(),
            path: request.path.clone(),
            token: token.text().to_owned(),
        });
        let function = utf8_percent_encode(&self.function, SEGMENT);
        let path = format!("2015-03-31/functions/{function}/invocations");
        let invocation = JsonRequest::post("Invoke", path, event);
        match self.lambda.send(invocation).await {
            Ok(Payload::Response(ReaderResponse(Ok(response)))) => response.unpack(),
            Ok(Payload::Response(ReaderResponse(Err(reason)))) => Err(self.brief(reason)),
            Ok(Payload::Error { kind }) => {
                let is_kind = |kind: &String| {
                    kind.len() <= MAX_CHARS
                        && kind.chars().all(|c| c.is_ascii_alphanumeric() || c == '.')
                };
                let kind = kind.filter(is_kind);
                let kind = kind.unwrap_or_else(|| "an unknown error".to_owned());
                Err(self.failed(format!("failed with {kind}")))
            }
            Err(error) if error.code() == Some("ResourceNotFoundException") => {
                let missing = ReaderFailure::Missing(self.function.clone());
                Err(NoResponse::NoReader(missing))
            }
            Err(error) => Err(self.failed(format!("could not be invoked: {}", problem(&error)))),
        }
    }

    /// Returns a reason with texts that are not longer than those of this crate. Any function can have the name of the
    /// cluster reader.
    fn brief(&self, reason: NoResponse) -> NoResponse {
        let brief = |text: String| text.chars().take(MAX_CHARS).collect::<String>();
        match reason {
            NoResponse::NotReached(cause) => {
                let cause = format!("{}, from the function {}", brief(cause), self.function);
                NoResponse::NotReached(cause)
            }
            NoResponse::NotTrusted(Distrust::Handshake(cause)) => {
                NoResponse::NotTrusted(Distrust::Handshake(brief(cause)))
            }
            NoResponse::Broken(cause) => NoResponse::Broken(brief(cause)),
            NoResponse::NotSent(cause) => NoResponse::NotSent(brief(cause)),
            reason @ (NoResponse::NotTrusted(_) | NoResponse::NoReader(_)) => reason,
        }
    }

    fn failed(&self, cause: String) -> NoResponse {
        NoResponse::NoReader(ReaderFailure::Failed {
            function: self.function.clone(),
            cause,
        })
    }
}
