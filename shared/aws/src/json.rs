//! A client of services with the AWS JSON 1.1 or REST-JSON protocol. Requests and responses are JSON.

mod response;

use http::Method;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::service::{Sender, Service, ServiceResult};
use crate::{Aws, Pace};

/// A request of an operation.
#[derive(Debug, Clone)]
pub struct JsonRequest {
    operation: &'static str,
    method: Method,
    /// The path and query after the slash that follows the host.
    path: String,
    /// The value of the header `x-amz-target`, which names the operation in AWS JSON 1.1.
    target: Option<String>,
    /// The input of the operation; `None` if it has no body.
    input: Option<Value>,
}

impl JsonRequest {
    /// Creates a request of AWS JSON 1.1. The prefix is the name of the service in its interface, such as
    /// `CloudTrail_20131101`.
    pub fn target(prefix: &str, operation: &'static str, input: Value) -> Self {
        Self {
            operation,
            method: Method::POST,
            path: String::new(),
            target: Some(format!("{prefix}.{operation}")),
            input: Some(input),
        }
    }

    /// Creates a GET request of REST-JSON. The path does not begin with a slash; its parts are not escaped.
    pub fn get(operation: &'static str, path: impl Into<String>) -> Self {
        Self {
            operation,
            method: Method::GET,
            path: path.into(),
            target: None,
            input: None,
        }
    }

    /// Creates a POST request of REST-JSON. The path does not begin with a slash; its parts are not escaped.
    pub fn post(operation: &'static str, path: impl Into<String>, input: Value) -> Self {
        Self {
            method: Method::POST,
            input: Some(input),
            ..Self::get(operation, path)
        }
    }

    /// Returns the same request with these parameters in its query; those without a value are left out.
    #[must_use]
    pub fn query(mut self, parameters: &[(&str, Option<&str>)]) -> Self {
        let parameters = parameters
            .iter()
            .filter_map(|(name, value)| Some((*name, (*value)?)));
        let mut query = form_urlencoded::Serializer::new(String::new());
        let query = query.extend_pairs(parameters).finish();
        if !query.is_empty() {
            self.path.push('?');
            self.path.push_str(&query);
        }
        self
    }
}

/// A client of a service with a JSON protocol.
#[derive(Debug, Clone)]
pub struct JsonClient {
    sender: Sender,
}

impl JsonClient {
    /// Creates a client. The service slows down `pace` when it throttles.
    pub fn new(service: Service, aws: &Aws, pace: Option<&Pace>) -> Self {
        Self {
            sender: Sender::new(service, aws, pace),
        }
    }

    /// Sends a request, and reads the response into `T`.
    ///
    /// # Errors
    ///
    /// Returns an error if the service does not respond, responds with an error, or if
    /// the response is not valid for `T`.
    pub async fn send<T>(&self, request: JsonRequest) -> ServiceResult<T>
    where
        T: DeserializeOwned + std::fmt::Debug + Send + Sync + 'static,
    {
        let JsonRequest {
            operation,
            method,
            path,
            target,
            input,
        } = request;
        let base = self.sender.url();
        let url = format!("{}/{path}", base.trim_end_matches('/'));
        let mut http = http::Request::builder().method(method).uri(url);
        if input.is_some() {
            let version = if target.is_some() {
                "x-amz-json-1.1"
            } else {
                "json"
            };
            http = http.header("content-type", format!("application/{version}"));
        }
        if let Some(target) = target {
            http = http.header("x-amz-target", target);
        }
        let body = input.map(|input| input.to_string());
        let read = response::read::<T>;
        self.sender
            .send(operation, http, body.unwrap_or_default(), read)
            .await
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_request_of_aws_json_names_its_operation_in_a_header() {
        let request = JsonRequest::target("Logs_20140328", "DescribeLogGroups", json!([1]));
        assert_eq!(
            request.target.as_deref(),
            Some("Logs_20140328.DescribeLogGroups")
        );
        assert_eq!((request.method, request.path.as_str()), (Method::POST, ""));
        assert_eq!(request.input, Some(json!([1])));
    }

    #[test]
    fn a_query_has_only_parameters_with_values() {
        for (parameters, expected) in [
            (&[][..], "detector"),
            (&[("a", None)], "detector"),
            (
                &[("a", Some("1 &")), ("b", None), ("c", Some("2"))],
                "detector?a=1+%26&c=2",
            ),
        ] {
            let request = JsonRequest::get("ListDetectors", "detector").query(parameters);
            assert_eq!(request.path, expected);
        }
    }
}
