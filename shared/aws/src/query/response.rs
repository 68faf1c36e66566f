//! Responses of the Query protocol.

use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, OrchestratorError};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::service::{InvalidResponse, ServiceError};

/// The document of an error in both forms: `Response/Errors/Error` of EC2, and `ErrorResponse/Error` of other services.
#[derive(Debug, Deserialize)]
struct ErrorDocument {
    #[serde(rename = "Errors")]
    errors: Option<Errors>,
    #[serde(rename = "Error")]
    error: Option<ErrorElement>,
}

#[derive(Debug, Deserialize)]
struct Errors {
    #[serde(rename = "Error")]
    error: Option<ErrorElement>,
}

#[derive(Debug, Deserialize)]
struct ErrorElement {
    #[serde(rename = "Code")]
    code: Option<String>,
    #[serde(rename = "Message")]
    message: Option<String>,
}

/// Reads a response.
pub(super) fn read<T: DeserializeOwned>(
    response: &HttpResponse,
) -> Result<T, OrchestratorError<ServiceError>> {
    let body = response.body().bytes().unwrap_or_default();
    let text = std::str::from_utf8(body).unwrap_or_default();
    if response.status().is_success() {
        return quick_xml::de::from_str(text).map_err(|error| InvalidResponse::of(&error));
    }
    Err(OrchestratorError::operation(error(text)))
}

fn error(text: &str) -> ServiceError {
    let document: Option<ErrorDocument> = quick_xml::de::from_str(text).ok();
    let element =
        document.and_then(|document| document.errors.and_then(|all| all.error).or(document.error));
    let (code, message) = element.map_or((None, None), |one| (one.code, one.message));
    ServiceError::new(code.as_deref(), message.as_deref())
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::error::metadata::ProvideErrorMetadata;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    struct Subnets {
        #[serde(rename = "subnetSet")]
        set: Option<Set>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Set {
        #[serde(default)]
        item: Vec<Subnet>,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    struct Subnet {
        #[serde(rename = "subnetId")]
        id: Option<String>,
    }

    fn response(status: u16, body: &str) -> HttpResponse {
        let status = status.try_into().unwrap();
        HttpResponse::new(status, body.to_owned().into())
    }

    #[test]
    fn elements_are_read_by_their_names() {
        let body = r#"<?xml version="1.0" encoding="UTF-8"?>
            <DescribeSubnetsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">
                <requestId>1</requestId>
                <subnetSet><item><subnetId>subnet-1</subnetId><new>x</new></item><item/></subnetSet>
            </DescribeSubnetsResponse>"#;
        let subnets: Subnets = read(&response(200, body)).unwrap();
        let ids: Vec<_> = subnets
            .set
            .unwrap()
            .item
            .into_iter()
            .map(|one| one.id)
            .collect();
        assert_eq!(ids, [Some("subnet-1".to_owned()), None]);
        let empty: Subnets = read(&response(200, "<R><subnetSet/></R>")).unwrap();
        assert_eq!(empty.set, Some(Set { item: Vec::new() }));
        let none: Subnets = read(&response(200, "<R/>")).unwrap();
        assert_eq!(none.set, None);
    }

    #[test]
    fn errors_are_read_in_both_forms() {
        for body in [
            "<Response><Errors><Error><Code>RequestLimitExceeded</Code><Message>Slow</Message></Error></Errors></Response>",
            "<ErrorResponse><Error><Type>Sender</Type><Code>RequestLimitExceeded</Code><Message>Slow</Message></Error></ErrorResponse>",
        ] {
            let error = read::<Subnets>(&response(503, body)).unwrap_err();
            let error = error.as_operation_error().unwrap();
            assert_eq!(
                (error.code(), error.to_string().as_str()),
                (Some("RequestLimitExceeded"), "Slow")
            );
        }
        let error = read::<Subnets>(&response(500, "<html>")).unwrap_err();
        assert_eq!(error.as_operation_error().unwrap().code(), None);
    }

    #[test]
    fn a_truncated_response_is_no_response() {
        for body in ["", "<R><subnetSet><item>", "<html>", "not XML"] {
            let error = read::<Subnets>(&response(200, body)).unwrap_err();
            assert!(!error.is_operation_error(), "{body}");
        }
    }
}
