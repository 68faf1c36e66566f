//! Encodes responses and errors.

use serde_json::{Value, json};

use super::{members::to_wire, xml};
use crate::{
    model::Protocol,
    stand_in::{
        lambda::Run,
        service::{AwsError, Service},
    },
};

/// An HTTP response.
#[derive(Debug)]
pub(in crate::stand_in) struct Reply {
    pub status: u16,
    pub content_type: &'static str,
    pub error_type: Option<String>,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
    /// The invocation whose response is the body, if the request invokes a function.
    pub run: Option<Run>,
}

/// Encodes a successful response with these members, by the names in the model.
pub(in crate::stand_in) fn encode(service: Service, operation: &str, mut members: Value) -> Reply {
    let model = service.model();
    let body = match model.protocol {
        Protocol::Json | Protocol::RestJson => {
            if let Some(output) = model.output(operation) {
                to_wire(model, output, &mut members);
            }
            // Writing to bytes is faster than formatting, which matters in large accounts.
            serde_json::to_vec(&members).unwrap_or_default()
        }
        Protocol::Ec2 | Protocol::Query => xml::response(model, operation, &members).into_bytes(),
        // The responses of S3 are objects, which the module `s3` encodes.
        Protocol::RestXml => Vec::new(),
    };
    Reply {
        status: 200,
        content_type: service.content_type(),
        error_type: None,
        headers: Vec::new(),
        body,
        run: None,
    }
}

/// Encodes an error.
pub(in crate::stand_in) fn encode_error(service: Option<Service>, error: &AwsError) -> Reply {
    let AwsError {
        code,
        message,
        status,
        ..
    } = error;
    let protocol = service.map(|service| (service, service.model().protocol));
    let body = match protocol {
        Some((service, Protocol::Ec2 | Protocol::Query | Protocol::RestXml)) => {
            xml::error(service.model(), code, message)
        }
        Some((service, Protocol::RestJson)) => service.error_members(code, message).to_string(),
        Some((_, Protocol::Json)) | None => json!({"__type": code, "message": message}).to_string(),
    };
    let is_xml = matches!(protocol, Some((_, Protocol::RestXml)));
    let headers = service.and_then(|service| service.query_error(error));
    Reply {
        status: *status,
        content_type: service.map_or("application/json", Service::content_type),
        error_type: (!is_xml).then(|| code.clone()),
        headers: headers.into_iter().collect(),
        body: body.into_bytes(),
        run: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_the_form_of_their_protocol() {
        let error = AwsError::new("No<", "a & b");
        let encoded = |service: &str| {
            let service = Service::of_signing_name(service);
            assert!(service.is_some());
            encode_error(service, &error)
        };
        for (service, part) in [
            ("eks", r#"{"message":"a & b"}"#),
            ("s3", "<Error><Code>No&lt;</Code>"),
            ("kms", r#""__type":"No<""#),
            ("securityhub", r#""Code":"No<""#),
            ("iam", "<Code>No&lt;</Code><Message>a &amp; b<"),
            ("ec2", "<Errors><Error><Code>No&lt;</Code>"),
        ] {
            let body = String::from_utf8(encoded(service).body).expect("errors are text");
            assert!(body.contains(part), "{body}");
        }
        assert_eq!(encoded("s3").error_type, None);
        assert_eq!(encoded("ec2").error_type.as_deref(), Some("No<"));
        assert_eq!(
            encoded("sqs").headers,
            [("x-amzn-query-error", "No<;Sender".to_owned())]
        );
    }

    #[test]
    fn content_types_are_those_of_the_protocol() {
        for (service, wanted) in [
            ("eks", "application/json"),
            ("kms", "application/x-amz-json-1.1"),
            ("sqs", "application/x-amz-json-1.0"),
            ("iam", "text/xml"),
            ("ec2", "text/xml"),
            ("s3", "application/xml"),
        ] {
            let service = Service::of_signing_name(service).expect("there is such a service");
            assert_eq!(service.content_type(), wanted);
        }
    }
}
