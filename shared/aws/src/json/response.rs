//! Responses of the JSON protocols.

use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, OrchestratorError};
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::service::{InvalidResponse, ServiceError};

/// The header in which REST-JSON names an error.
const ERROR_TYPE: &str = "x-amzn-errortype";

/// The document of an error. AWS JSON names the error in `__type`; some services use `code`, and Amazon EFS
/// `ErrorCode`.
#[derive(Debug, Default, Deserialize)]
struct ErrorDocument {
    #[serde(rename = "__type")]
    kind: Option<String>,
    #[serde(alias = "ErrorCode")]
    code: Option<String>,
    #[serde(alias = "Message", alias = "errorMessage")]
    message: Option<String>,
}

/// Reads a response. A response without a body is read like an empty object.
pub(super) fn read<T: DeserializeOwned>(
    response: &HttpResponse,
) -> Result<T, OrchestratorError<ServiceError>> {
    let body = response.body().bytes().unwrap_or_default();
    if response.status().is_success() {
        let body = if body.is_empty() { b"{}" } else { body };
        return serde_json::from_slice(body).map_err(|error| InvalidResponse::of(&error));
    }
    let header = response.headers().get(ERROR_TYPE);
    Err(OrchestratorError::operation(error(header, body)))
}

fn error(header: Option<&str>, body: &[u8]) -> ServiceError {
    let document: ErrorDocument = serde_json::from_slice(body).unwrap_or_default();
    let named = header
        .or(document.kind.as_deref())
        .or(document.code.as_deref());
    ServiceError::new(named.map(code), document.message.as_deref())
}

/// Returns the code in the name of an error, which may have a namespace before `#`, and a URL after `:`.
/// Source: <https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html#operation-error-serialization>.
fn code(name: &str) -> &str {
    let name = name.split(':').next().unwrap_or_default();
    name.rsplit('#').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use aws_smithy_types::error::metadata::ProvideErrorMetadata;

    use super::*;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Detectors {
        detector_ids: Option<Vec<String>>,
    }

    fn response(status: u16, body: &str) -> HttpResponse {
        let status = status.try_into().unwrap();
        HttpResponse::new(status, body.to_owned().into())
    }

    #[test]
    fn a_response_is_read_into_its_members() {
        for (body, expected) in [
            (
                r#"{"detectorIds": ["a"], "new": 1}"#,
                Some(vec!["a".to_owned()]),
            ),
            (r#"{"detectorIds": null}"#, None),
            ("{}", None),
            ("", None),
        ] {
            let detectors: Detectors = read(&response(200, body)).unwrap();
            assert_eq!(detectors.detector_ids, expected, "{body}");
        }
        for body in [
            r#"{"detectorIds": ["a"#,
            "<html>",
            "[]x",
            r#"{"detectorIds": 1}"#,
        ] {
            let error = read::<Detectors>(&response(200, body)).unwrap_err();
            assert!(!error.is_operation_error(), "{body}");
        }
    }

    #[test]
    fn errors_are_named_in_the_header_or_the_body() {
        let url = "BadRequestException:http://internal.amazon.com/coral/";
        for (header, body, code, message) in [
            (
                None,
                r#"{"__type": "a.b#ThrottlingException", "message": "Slow"}"#,
                Some("ThrottlingException"),
                "Slow",
            ),
            (
                None,
                r#"{"code": "AccessDenied", "Message": "No"}"#,
                Some("AccessDenied"),
                "No",
            ),
            (
                Some(url),
                r#"{"__type": "Other"}"#,
                Some("BadRequestException"),
                "BadRequestException",
            ),
            (None, "<html>", None, "an error without a code"),
        ] {
            let mut response = response(400, body);
            if let Some(header) = header {
                response.headers_mut().insert(ERROR_TYPE, header);
            }
            let error = read::<Detectors>(&response).unwrap_err();
            let error = error.as_operation_error().unwrap();
            assert_eq!((error.code(), error.to_string().as_str()), (code, message));
        }
    }
}
