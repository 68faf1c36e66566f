//! Connections to the endpoints of clusters.
//!
//! The SDK's HTTP client is not used: it panics on certificates that it can't read, and speaks HTTP/2 wherever the server
//! does. With HTTP/1.1, a request that is given up closes its connection, so that the next try gets another one.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use http::Uri;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::client::legacy::connect::HttpConnector as TcpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::time::timeout;
use tower_service::Service;

use crate::authority::Authority;

/// The longest time until a connection is established, with the resolution of the name and the TLS handshake.
const CONNECT: Duration = Duration::from_secs(3);

/// The time for which a connection without a request is kept.
const IDLE: Duration = Duration::from_secs(30);

/// A function that opens connections to the endpoint of the cluster with an authority. Cheap to clone.
#[derive(Clone)]
pub struct Connector(Arc<dyn Fn(&Authority) -> SharedHttpConnector + Send + Sync>);

impl Connector {
    /// Creates a connector that opens connections with a function, in memory for example.
    pub fn new(
        connect: impl Fn(&Authority) -> SharedHttpConnector + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(connect))
    }

    /// Creates a connector that opens connections with [`connect`].
    pub fn tls() -> Self {
        Self::new(connect)
    }

    /// Returns the connections to the endpoint of a cluster, all of which use one pool.
    pub fn connect(&self, authority: &Authority) -> SharedHttpConnector {
        (self.0)(authority)
    }
}

impl Default for Connector {
    fn default() -> Self {
        Self::tls()
    }
}

impl fmt::Debug for Connector {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Connector")
    }
}

/// Returns HTTP/1.1 connections over TLS that trust the authority and nothing else: no roots of the system, no proxy of
/// the environment. They don't follow redirects.
pub fn connect(authority: &Authority) -> SharedHttpConnector {
    let mut tcp = TcpConnector::new();
    tcp.enforce_http(false);
    tcp.set_nodelay(true);
    let https = HttpsConnectorBuilder::new()
        .with_tls_config(authority.tls())
        .https_only()
        .enable_http1()
        .wrap_connector(tcp);
    let client = legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .build(Timed(https));
    SharedHttpConnector::new(Connections(client))
}

/// The connections to one endpoint.
#[derive(Debug)]
struct Connections(legacy::Client<Timed, SdkBody>);

impl HttpConnector for Connections {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.0.clone();
        HttpConnectorFuture::new(async move {
            let request = request.try_into_http1x();
            let request = request.map_err(|error| ConnectorError::user(error.into()))?;
            let response = client.request(request).await;
            let response = response.map_err(|error| ConnectorError::io(error.into()))?;
            HttpResponse::try_from(response.map(SdkBody::from_body_1_x))
                .map_err(|error| ConnectorError::other(error.into(), None))
        })
    }
}

/// A connector that gives up after [`CONNECT`].
#[derive(Debug, Clone)]
struct Timed(HttpsConnector<TcpConnector>);

/// The error of a connection that was not established in time.
#[derive(Debug, thiserror::Error)]
#[error("no connection within {} s", CONNECT.as_secs())]
struct ConnectTimeout;

impl Service<Uri> for Timed {
    type Response = <HttpsConnector<TcpConnector> as Service<Uri>>::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, endpoint: Uri) -> Self::Future {
        let connection = self.0.call(endpoint);
        Box::pin(async move {
            let connection = timeout(CONNECT, connection).await;
            connection.unwrap_or_else(|_| Err(ConnectTimeout.into()))
        })
    }
}

#[cfg(test)]
mod tests;
