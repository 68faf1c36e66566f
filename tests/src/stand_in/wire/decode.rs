//! Decodes HTTP requests into operations with their members.

use axum::http::{header, request::Parts, uri::Authority};
use jiff::Timestamp;

use super::{form, members::record_from_wire, request::Request};
use crate::{
    account::Record,
    model::{Model, Protocol},
    stand_in::{
        s3,
        service::{AwsError, Service},
    },
};

/// A request that can't be decoded: the error and, if it is known, the service that the request was meant for.
#[derive(Debug)]
pub(in crate::stand_in) struct DecodeError {
    pub service: Option<Service>,
    pub error: AwsError,
}

struct Signature<'a> {
    access_key: &'a str,
    region: &'a str,
    service: &'a str,
}

/// Decodes one HTTP request.
pub(in crate::stand_in) fn decode(
    parts: &Parts,
    body: &[u8],
    at: Timestamp,
) -> Result<Request, DecodeError> {
    let signature = signature(parts).ok_or_else(|| DecodeError {
        service: None,
        error: AwsError::new("MissingAuthenticationToken", "Missing Authentication Token")
            .status(403)
            .violation(),
    })?;
    let service = Service::of_signing_name(signature.service).ok_or_else(|| DecodeError {
        service: None,
        error: AwsError::new(
            "UnknownService",
            format!("the stand-in has no {}", signature.service),
        )
        .status(404)
        .violation(),
    })?;
    let with_service = |error| DecodeError {
        service: Some(service),
        error,
    };
    let (operation, mut members) =
        operation_and_members(service, parts, body).map_err(with_service)?;
    // Of an object, everything else is in its body.
    if matches!(service.model().protocol, Protocol::RestXml)
        && let Some(content_type) = parts.headers.get(header::CONTENT_TYPE)
    {
        let text = String::from_utf8_lossy(content_type.as_bytes()).into_owned();
        members.insert("ContentType".to_owned(), text.into());
    }
    let object = match service.model().protocol {
        Protocol::RestXml => s3::payload(service, &parts.headers, body).map_err(with_service)?,
        _ if has_payload(service, &operation) => body.to_vec(),
        _ => Vec::new(),
    };
    Ok(Request {
        service,
        operation,
        members,
        access_key: signature.access_key.to_owned(),
        region: signature.region.to_owned(),
        size: body.len(),
        body: object,
        at,
        origin: origin(parts),
    })
}

/// Returns the scheme and the host that a request was sent to. The stand-in has no TLS.
fn origin(parts: &Parts) -> String {
    let host = parts.headers.get(header::HOST);
    let host = host.and_then(|host| host.to_str().ok());
    let host = parts.uri.authority().map(Authority::as_str).or(host);
    format!("http://{}", host.unwrap_or_default())
}

/// Parses `AWS4-HMAC-SHA256 Credential=key/date/region/service/aws4_request, SignedHeaders=…, Signature=…`.
fn signature(parts: &Parts) -> Option<Signature<'_>> {
    let text = parts.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let fields = text.strip_prefix("AWS4-HMAC-SHA256 ")?;
    let scope = fields
        .split(',')
        .find_map(|field| field.trim().strip_prefix("Credential="))?;
    fields.contains("Signature=").then_some(())?;
    let [access_key, _date, region, service, "aws4_request"] =
        scope.split('/').collect::<Vec<_>>()[..]
    else {
        return None;
    };
    Some(Signature {
        access_key,
        region,
        service,
    })
}

fn operation_and_members(
    service: Service,
    parts: &Parts,
    body: &[u8],
) -> Result<(String, Record), AwsError> {
    let model = service.model();
    match model.protocol {
        Protocol::Json => {
            let operation = targeted_operation(service, parts)?;
            let members = json_members(body)?;
            let input = model.input(operation);
            let members = record_from_wire(model, input, members);
            Ok((operation.to_owned(), members))
        }
        Protocol::Ec2 | Protocol::Query => form::operation_and_members(model, body)
            .ok_or_else(|| AwsError::unknown_operation("a form without Action")),
        Protocol::RestJson | Protocol::RestXml => routed_operation(service, parts, body),
    }
}

/// Returns the operation in the header of a request in the protocol `json`.
fn targeted_operation(service: Service, parts: &Parts) -> Result<&str, AwsError> {
    let target = parts
        .headers
        .get("x-amz-target")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let prefix = service.model().target_prefix.as_deref();
    let operation = target
        .strip_prefix(prefix.unwrap_or_default())
        .and_then(|rest| rest.strip_prefix('.'))
        .ok_or_else(|| AwsError::unknown_operation(&format!("the target {target:?}")))?;
    let content_type = parts.headers.get(header::CONTENT_TYPE);
    // Services with version 1.1 accept other types as well.
    if service.model().json_version.as_deref() == Some("1.0")
        && content_type.is_none_or(|given| given != service.content_type())
    {
        let message = format!("{service} accepts only {}", service.content_type());
        return Err(AwsError::new("UnsupportedMediaType", message)
            .status(415)
            .violation());
    }
    Ok(operation)
}

/// Returns the operation and the members in the path, the query string and the body of a request to a REST service.
fn routed_operation(
    service: Service,
    parts: &Parts,
    body: &[u8],
) -> Result<(String, Record), AwsError> {
    let model: &Model = service.model();
    let path = parts.uri.path();
    let query = parts.uri.query().unwrap_or_default();
    let route = service.routes().find(&parts.method, path);
    let (operation, in_path) = route.ok_or_else(|| {
        AwsError::unknown_operation(&format!("{} {path}", parts.method)).status(404)
    })?;
    if model.protocol == Protocol::RestXml {
        s3::check(service, operation, parts, &in_path)?;
        return Ok((operation.to_owned(), in_path));
    }
    let input = model.input(operation);
    let body = if has_payload(service, operation) {
        Record::new()
    } else {
        json_members(body)?
    };
    let mut members = record_from_wire(model, input, body);
    form::add_query(model, input, query, &mut members);
    members.extend(in_path);
    Ok((operation.to_owned(), members))
}

/// Returns `true` if one member of an operation is the whole body of its requests.
fn has_payload(service: Service, operation: &str) -> bool {
    let input = service.model().input(operation);
    input.is_some_and(|input| input.payload.is_some())
}

fn json_members(body: &[u8]) -> Result<Record, AwsError> {
    if body.is_empty() {
        return Ok(Record::new());
    }
    serde_json::from_slice(body).map_err(|error| {
        AwsError::new(
            "SerializationException",
            format!("the body is not a JSON object: {error}"),
        )
        .violation()
    })
}

#[cfg(test)]
mod tests {
    use axum::http;
    use serde_json::{Value, json};

    use super::*;

    const AUTHORIZATION: &str =
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20250101/eu-central-1/";

    fn parts(method: &str, uri: &str, service: &str, target: &str) -> Parts {
        let authorization =
            format!("{AUTHORIZATION}{service}/aws4_request, SignedHeaders=host, Signature=0");
        let request = http::Request::builder()
            .method(method)
            .uri(uri)
            .header("authorization", authorization)
            .header("x-amz-target", target);
        request
            .body(())
            .expect("the request is well formed")
            .into_parts()
            .0
    }

    #[test]
    fn each_protocol_leads_to_an_operation_and_its_members() {
        let decoded = |parts: &Parts, body: &str| {
            let request = decode(parts, body.as_bytes(), Timestamp::UNIX_EPOCH).unwrap();
            assert_eq!(request.region, "eu-central-1");
            (request.name(), Value::Object(request.members))
        };
        let path = "/clusters/a%2Fb/node-groups?maxResults=7";
        assert_eq!(
            decoded(&parts("GET", path, "eks", ""), ""),
            (
                "eks.ListNodegroups".to_owned(),
                json!({"clusterName": "a/b", "maxResults": 7})
            )
        );
        let target = "TrentService.DescribeKey";
        assert_eq!(
            decoded(&parts("POST", "/", "kms", target), r#"{"KeyId":"k"}"#),
            ("kms.DescribeKey".to_owned(), json!({"KeyId": "k"}))
        );
        let form = "Action=GetRole&Version=1&RoleName=a%2Bb+c";
        assert_eq!(
            decoded(&parts("POST", "/", "iam", ""), form),
            ("iam.GetRole".to_owned(), json!({"RoleName": "a+b c"}))
        );
        let form = "Action=DescribeSubnets&Version=1&SubnetId.1=a";
        assert_eq!(
            decoded(&parts("POST", "/", "ec2", ""), form),
            (
                "ec2.DescribeSubnets".to_owned(),
                json!({"SubnetIds": ["a"]})
            )
        );
    }

    #[test]
    fn requests_that_the_functions_never_send_are_violations() {
        let unsigned = http::Request::builder()
            .uri("/clusters")
            .body(())
            .unwrap()
            .into_parts()
            .0;
        for (parts, body, code) in [
            (unsigned, "", "MissingAuthenticationToken"),
            (
                parts("GET", "/clusters/a/updates", "eks", ""),
                "",
                "UnknownOperationException",
            ),
            (parts("POST", "/", "glue", ""), "", "UnknownService"),
            (
                parts("POST", "/", "kms", "AmazonSQS.SendMessage"),
                "",
                "UnknownOperationException",
            ),
            (
                parts("POST", "/", "kms", "TrentService.ListKeys"),
                "{",
                "SerializationException",
            ),
            (
                parts("POST", "/", "ec2", ""),
                "Version=1",
                "UnknownOperationException",
            ),
        ] {
            let error = decode(&parts, body.as_bytes(), Timestamp::UNIX_EPOCH)
                .expect_err(code)
                .error;
            assert_eq!((error.code.as_str(), error.violation), (code, true));
        }
    }
}
