//! The ways to the API server of a cluster.

use std::time::Duration;

use aws_smithy_runtime_api::client::http::SharedHttpConnector;

use crate::connect::Connector;
use crate::reader::{ClusterReader, FunctionName};
use crate::request::Request;
use crate::send::{NoResponse, Response, send};
use crate::token::Token;

/// The longest time of a try, from the connection to the end of the response.
const TRY: Duration = Duration::from_secs(20);

/// The ways to the API servers of clusters.
#[derive(Debug, Clone, Default)]
pub struct Routes {
    /// Opens connections to endpoints.
    pub connector: Connector,
    /// The function that reads clusters whose endpoint only their VPC reaches; `None` if there is none.
    pub reader: Option<FunctionName>,
}

/// The way to the API server of a cluster.
#[derive(Debug)]
pub enum Route {
    /// Connections to its endpoint.
    Direct(SharedHttpConnector),
    /// A function in the VPC of the cluster.
    Reader(Box<ClusterReader>),
}

impl Route {
    /// Tries a request once.
    ///
    /// # Errors
    ///
    /// Returns an error if there is no complete response.
    pub(crate) async fn send(
        &self,
        endpoint: &str,
        request: &Request,
        token: &Token,
    ) -> Result<Response, NoResponse> {
        match self {
            Self::Direct(http) => {
                let url = format!("{endpoint}{}", request.path);
                send(http, &url, request.accept, token.text(), TRY).await
            }
            Self::Reader(reader) => reader.send(endpoint, request, token).await,
        }
    }
}
