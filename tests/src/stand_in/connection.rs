//! An HTTP client for the SDK that passes requests to the stand-in in memory, without a network.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
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
use tokio::time::sleep;

use super::{
    server::head,
    state::{State, TimedReply},
};
use crate::in_memory::{self, RESPONSE_TIME};

/// A connection on which both ends use the same clock.
#[derive(Clone, Debug)]
pub(super) struct Connection {
    pub(super) state: Arc<Mutex<State>>,
    pub(super) clock: Clock,
}

impl Connection {
    async fn respond(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let (parts, body) = in_memory::read(request).await?;
        let reply = self
            .state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .respond(&parts, &body, self.clock.now());
        let TimedReply { delay, reply } = reply.complete();
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
        in_memory::response(response.map(|()| SdkBody::from(reply.body)))
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
