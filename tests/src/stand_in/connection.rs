//! An HTTP client for the SDK that passes requests to the stand-in in memory, without a network.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
    },
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
    runtime_components::RuntimeComponents,
};
use aws_smithy_types::body::SdkBody;
use axum::http::{Response, header};
use eksentry_aws::Clock;
use http_body_util::BodyExt as _;
use tokio::time::sleep;

use super::{
    server::head,
    state::{State, TimedReply},
};

/// The time that every response takes, in addition to the delay of a fault. Without it, no two calls would ever be in
/// flight together.
const RESPONSE_TIME: Duration = Duration::from_millis(10);

/// A connection on which both ends use the same clock.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    pub(super) state: Arc<Mutex<State>>,
    pub(super) clock: Clock,
}

impl Connection {
    async fn respond(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let other =
            |error: Box<dyn std::error::Error + Send + Sync>| ConnectorError::other(error, None);
        let request = request.try_into_http1x();
        let request = request.map_err(|error| other(error.into()))?;
        let (parts, body) = request.into_parts();
        let body = body.collect().await.map_err(other)?.to_bytes();
        let TimedReply { delay, reply } = self
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .respond(&parts, &body, self.clock.now());
        sleep(RESPONSE_TIME + delay).await;
        let Some(reply) = reply else {
            let broken = io::Error::from(io::ErrorKind::ConnectionReset);
            return Err(ConnectorError::io(broken.into()));
        };
        let mut response = Response::new(());
        head(&mut response, &reply);
        response
            .headers_mut()
            .insert(header::CONTENT_LENGTH, reply.body.len().into());
        let response = response.map(|()| SdkBody::from(reply.body));
        response
            .try_into()
            .map_err(|error: aws_smithy_runtime_api::http::HttpError| other(error.into()))
    }
}

impl HttpConnector for Connection {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().respond(request))
    }
}

impl HttpClient for Connection {
    fn http_connector(
        &self,
        _: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
