//! Connections to the endpoints of clusters in memory, without a network.

use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use aws_smithy_runtime_api::client::{
    http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector},
    orchestrator::{HttpRequest, HttpResponse},
    result::ConnectorError,
};
use aws_smithy_types::body::SdkBody;
use eksentry_aws::Clock;
use eksentry_kubernetes::{Authority, Connector};
use futures::stream;
use http::Response;
use http_body::Frame;
use http_body_util::StreamBody;
use rustls_pki_types::CertificateDer;
use tokio::time::sleep;

use super::{
    api::KubernetesApi,
    cluster::Endpoint,
    identity::Identity,
    status::{Answer, Body},
};
use crate::in_memory::{self, RESPONSE_TIME};

/// Returns a connector that leads to these clusters by the hosts of their URLs, in memory. As a connection over TLS
/// does, it verifies the certificate of an endpoint by the authority. Any other host has no address.
pub fn connector(apis: &[KubernetesApi], clock: Clock) -> Connector {
    let apis = apis.to_vec();
    Connector::new(move |authority| {
        SharedHttpConnector::new(Connection {
            apis: apis.clone(),
            clock: clock.clone(),
            authority: authority.clone(),
            trusted: Arc::default(),
        })
    })
}

#[derive(Clone, Debug)]
struct Connection {
    apis: Vec<KubernetesApi>,
    clock: Clock,
    authority: Authority,
    /// The certificate that was verified, which the server of an open connection does not show again.
    trusted: Arc<Mutex<Option<CertificateDer<'static>>>>,
}

impl Connection {
    /// Returns the cluster at a host, if it can be reached and trusted.
    fn connect(&self, host: &str) -> Result<&KubernetesApi, io::Error> {
        let api = self
            .apis
            .iter()
            .find(|api| api.host().eq_ignore_ascii_case(host));
        let api = api.ok_or_else(|| {
            io::Error::other("failed to lookup address information: Name or service not known")
        })?;
        let connected = self.verify(host, &api.identity());
        if connected.is_err() {
            api.count_refusal();
        }
        connected.map(|()| api)
    }

    /// Verifies that the endpoint at a host is open and can be trusted.
    fn verify(&self, host: &str, identity: &Identity) -> Result<(), io::Error> {
        if identity.endpoint == Endpoint::Closed {
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        let mut trusted = self.trusted.lock().unwrap_or_else(PoisonError::into_inner);
        if trusted.as_ref() != Some(&identity.certificate) {
            let verified = identity.verify(host, &self.authority, self.clock.now());
            verified.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
            *trusted = Some(identity.certificate.clone());
        }
        Ok(())
    }

    async fn respond(self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let (parts, body) = in_memory::read(request).await?;
        let host = parts.uri.host().unwrap_or_default();
        if parts.uri.scheme_str() != Some("https") {
            return Err(ConnectorError::user(
                "the URL does not begin with https://".into(),
            ));
        }
        let api = self
            .connect(host)
            .map_err(|error| ConnectorError::io(error.into()))?;
        let _in_flight = api.begin();
        let answer = api.answer_to(&parts, &body, self.clock.now());
        sleep(RESPONSE_TIME + answer.delay).await;
        response(answer)
    }
}

fn response(answer: Answer) -> Result<HttpResponse, ConnectorError> {
    let body = match answer.body {
        Body::Closed => {
            let closed = io::Error::from(io::ErrorKind::ConnectionReset);
            return Err(ConnectorError::io(closed.into()));
        }
        Body::Whole(text) => SdkBody::from(text),
        Body::Cut(text) => {
            let parts = [
                Ok(Frame::data(text.into())),
                Err(io::Error::from(io::ErrorKind::UnexpectedEof)),
            ];
            SdkBody::from_body_1_x(StreamBody::new(stream::iter(parts)))
        }
    };
    let mut response = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        response = response.header(name, value);
    }
    let response = response.body(body);
    in_memory::response(response.map_err(|error| ConnectorError::other(error.into(), None))?)
}

impl HttpConnector for Connection {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().respond(request))
    }
}

#[cfg(test)]
mod tests;
