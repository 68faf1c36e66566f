//! Clusters whose endpoint only their VPC reaches. A function in the VPC, the *cluster reader*, makes the requests that
//! other functions send to it, one in each invocation, and returns the responses as they are.
//!
//! The cluster reader has no permissions in AWS and keeps nothing. What a response means, and whether the request is
//! tried again, is decided where the request comes from.

mod function_name;
mod invoke;
mod packed;
mod relay;

use std::fmt;

use serde::{Deserialize, Serialize};

pub use function_name::{FunctionName, FunctionNameError};
pub use invoke::ClusterReader;
use packed::Packed;
pub use relay::Relay;

use crate::send::NoResponse;

/// A request for the cluster reader: the event that it is invoked with. Its debug view does not show the token.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ReaderRequest {
    /// The endpoint of the cluster.
    endpoint: String,
    /// The certificate authority of the cluster, as EKS describes it.
    certificate_authority: String,
    /// The path and query of the request.
    path: String,
    /// The token, which is a secret.
    token: String,
}

/// The response of the cluster reader to a request.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ReaderResponse(Result<Packed, NoResponse>);

impl fmt::Debug for ReaderRequest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("ReaderRequest")
            .field("endpoint", &self.endpoint)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
