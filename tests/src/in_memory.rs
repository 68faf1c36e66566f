//! The parts that the connections in memory share: requests of the SDK's HTTP clients, and responses to them.

use std::time::Duration;

use aws_smithy_runtime_api::{
    client::{
        orchestrator::{HttpRequest, HttpResponse},
        result::ConnectorError,
    },
    http::HttpError,
};
use aws_smithy_types::body::SdkBody;
use http::{Response, request::Parts};
use http_body_util::BodyExt as _;
use hyper::body::Bytes;

/// The time that every response takes, in addition to the delay of a fault. Without it, no two calls would ever be in
/// flight together.
pub(crate) const RESPONSE_TIME: Duration = Duration::from_millis(10);

/// Reads a request to its end.
pub(crate) async fn read(request: HttpRequest) -> Result<(Parts, Bytes), ConnectorError> {
    let request = request.try_into_http1x();
    let request = request.map_err(|error| ConnectorError::other(error.into(), None))?;
    let (parts, body) = request.into_parts();
    let body = body.collect().await;
    let body = body.map_err(|error| ConnectorError::other(error, None))?;
    Ok((parts, body.to_bytes()))
}

/// Returns a response in the form of the SDK.
pub(crate) fn response(response: Response<SdkBody>) -> Result<HttpResponse, ConnectorError> {
    let response = response.try_into();
    response.map_err(|error: HttpError| ConnectorError::other(error.into(), None))
}
