//! The side of the function in the VPC.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::SharedHttpConnector;
use tokio::sync::Mutex;

use super::{Packed, ReaderRequest, ReaderResponse};
use crate::authority::Authority;
use crate::connect::Connector;
use crate::request::{media_type, origin};
use crate::send::{NoResponse, Response, send};

/// The longest time of a request. The function that invokes this one waits for 20 s.
const REQUEST: Duration = Duration::from_secs(15);

/// The cluster reader: makes requests to the API servers of clusters. It keeps the connections to the cluster of the last
/// request, since one cluster is read in many invocations.
#[derive(Debug)]
pub struct Relay {
    connector: Connector,
    last: Mutex<Option<Connected>>,
}

/// The connections to a cluster.
#[derive(Debug)]
struct Connected {
    endpoint: String,
    certificate_authority: String,
    http: SharedHttpConnector,
}

impl Relay {
    /// Creates a relay that connects to the endpoints of clusters with `connector`.
    pub fn new(connector: Connector) -> Self {
        Self {
            connector,
            last: Mutex::default(),
        }
    }

    /// Makes a request, once. The server must show a certificate of the cluster's authority, and the method is always GET.
    /// Only requests for objects, for lists and for what a cluster serves are passed on, and of Secrets only metadata.
    pub async fn answer(&self, request: &ReaderRequest) -> ReaderResponse {
        let response = self.response(request).await;
        ReaderResponse(response.and_then(Packed::pack))
    }

    async fn response(&self, request: &ReaderRequest) -> Result<Response, NoResponse> {
        let not_sent = |cause: &str| NoResponse::NotSent(cause.to_owned());
        let endpoint = origin(&request.endpoint);
        let endpoint = endpoint.ok_or_else(|| not_sent("the endpoint is not an HTTPS URL"))?;
        let accept = media_type(&request.path);
        let accept =
            accept.ok_or_else(|| not_sent("the cluster reader passes on no such request"))?;
        let http = self.connections(request).await?;
        let url = format!("{endpoint}{}", request.path);
        send(&http, &url, accept, &request.token, REQUEST).await
    }

    /// Returns the connections to the cluster of a request.
    async fn connections(
        &self,
        request: &ReaderRequest,
    ) -> Result<SharedHttpConnector, NoResponse> {
        let ReaderRequest {
            endpoint,
            certificate_authority,
            ..
        } = request;
        let mut last = self.last.lock().await;
        if let Some(connected) = &*last
            && connected.endpoint == *endpoint
            && connected.certificate_authority == *certificate_authority
        {
            return Ok(connected.http.clone());
        }
        let authority = Authority::parse(certificate_authority);
        let authority = authority.map_err(|error| NoResponse::NotSent(error.to_string()))?;
        let http = self.connector.connect(&authority);
        *last = Some(Connected {
            endpoint: endpoint.clone(),
            certificate_authority: certificate_authority.clone(),
            http: http.clone(),
        });
        Ok(http)
    }
}
