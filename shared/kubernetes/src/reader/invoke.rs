//! The side of the functions that invoke the cluster reader.

use aws_smithy_types::error::metadata::ProvideErrorMetadata as _;
use eksentry_aws::{Aws, JsonClient, JsonRequest, Service, problem};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde_json::json;

use super::{Packed, ReaderRequest, ReaderResponse};
use crate::problem::ReaderFailure;
use crate::request::Request;
use crate::send::{NoResponse, Response};
use crate::token::Token;

/// AWS Lambda.
const LAMBDA: Service = Service {
    name: "lambda",
    id: "Lambda",
};

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
        let function = utf8_percent_encode(&self.function, NON_ALPHANUMERIC);
        let path = format!("2015-03-31/functions/{function}/invocations");
        let invocation = JsonRequest::post("Invoke", path, event);
        match self.lambda.send(invocation).await {
            Ok(Payload::Response(ReaderResponse(Err(NoResponse::NotReached(cause))))) => {
                let cause = format!("{cause}, from the function {}", self.function);
                Err(NoResponse::NotReached(cause))
            }
            Ok(Payload::Response(ReaderResponse(response))) => response.and_then(Packed::unpack),
            Ok(Payload::Error { kind }) => {
                let kind = kind.unwrap_or_else(|| "an unknown error".to_owned());
                Err(self.failed(format!("it failed with {kind}")))
            }
            Err(error) if error.code() == Some("ResourceNotFoundException") => {
                let missing = ReaderFailure::Missing(self.function.clone());
                Err(NoResponse::NoReader(missing))
            }
            Err(error) => Err(self.failed(problem(&error))),
        }
    }

    fn failed(&self, cause: String) -> NoResponse {
        NoResponse::NoReader(ReaderFailure::Failed {
            function: self.function.clone(),
            cause,
        })
    }
}
