//! Decodes HTTP requests into operations with their members, and encodes the answers.

use std::borrow::Cow;

use axum::http::{Method, header, request::Parts};
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::{
    s3,
    service::{AwsError, Protocol, Service},
    sqs,
};
use crate::account::Record;

/// Members that are numbers in the service models but text in a query string or a form.
const NUMBERS: [&str; 3] = ["DurationSeconds", "MaxItems", "maxResults"];

/// One call of an operation.
#[derive(Clone, Debug)]
pub(super) struct Request {
    pub service: Service,
    pub operation: String,
    /// The members, by the names in the service's model.
    pub members: Record,
    pub access_key: String,
    pub region: String,
    /// The size of the body, in bytes.
    pub size: usize,
    /// The object that S3 stores; empty for other services, whose bodies are in the members.
    pub body: Vec<u8>,
    /// The time at which the call arrived.
    pub at: Timestamp,
}

/// An HTTP reply.
#[derive(Debug)]
pub(super) struct Reply {
    pub status: u16,
    pub content_type: &'static str,
    pub error_type: Option<String>,
    pub headers: Vec<(&'static str, String)>,
    pub body: Vec<u8>,
}

/// A request that can't be decoded: the error and, if it is known, the service that the request was meant for.
#[derive(Debug)]
pub(super) struct Misfit {
    pub service: Option<Service>,
    pub error: AwsError,
}

struct Signature<'a> {
    access_key: &'a str,
    region: &'a str,
    service: &'a str,
}

/// Decodes one HTTP request.
pub(super) fn decode(parts: &Parts, body: &[u8], at: Timestamp) -> Result<Request, Misfit> {
    let signature = signature(parts).ok_or_else(|| Misfit {
        service: None,
        error: AwsError::new("MissingAuthenticationToken", "Missing Authentication Token")
            .status(403)
            .violation(),
    })?;
    let service = Service::of_signing_name(signature.service).ok_or_else(|| Misfit {
        service: None,
        error: AwsError::new(
            "UnknownService",
            format!("the stand-in has no {}", signature.service),
        )
        .status(404)
        .violation(),
    })?;
    let misfit = |error| Misfit {
        service: Some(service),
        error,
    };
    let (operation, members) = operation_and_members(service, parts, body).map_err(misfit)?;
    let object = match service {
        Service::S3 => s3::payload(&parts.headers, body).map_err(misfit)?,
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
    })
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
    match service.protocol() {
        Protocol::Json(prefix) => {
            let target = parts
                .headers
                .get("x-amz-target")
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default();
            let operation = target
                .strip_prefix(prefix)
                .and_then(|rest| rest.strip_prefix('.'));
            let operation = operation
                .ok_or_else(|| AwsError::unknown_operation(&format!("the target {target:?}")))?;
            if service == Service::Sqs && !has_content_type(parts, content_type(Some(service))) {
                let message = "SQS takes nothing but application/x-amz-json-1.0";
                return Err(AwsError::new("UnsupportedMediaType", message)
                    .status(415)
                    .violation());
            }
            Ok((operation.to_owned(), json_members(body)?))
        }
        Protocol::Query(_) => {
            let mut members: Record = pairs(body).collect();
            members.remove("Version");
            match members.remove("Action") {
                Some(Value::String(operation)) => Ok((operation, members)),
                _ => Err(AwsError::unknown_operation("a form without Action")),
            }
        }
        Protocol::Rest => {
            let path = parts.uri.path();
            let segments: Vec<Cow<'_, str>> = path
                .split('/')
                .filter(|segment| !segment.is_empty())
                .map(|segment| percent_decode_str(segment).decode_utf8_lossy())
                .collect();
            let (operation, in_path) =
                route(service, &parts.method, &segments).ok_or_else(|| {
                    AwsError::unknown_operation(&format!("{} {path}", parts.method)).status(404)
                })?;
            let mut members = json_members(body)?;
            members.extend(pairs(parts.uri.query().unwrap_or_default().as_bytes()));
            members.extend(in_path);
            Ok((operation.to_owned(), members))
        }
        Protocol::S3 => s3::operation_and_members(parts),
    }
}

fn has_content_type(parts: &Parts, wanted: &str) -> bool {
    parts
        .headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|given| given == wanted)
}

fn route(
    service: Service,
    method: &Method,
    segments: &[Cow<'_, str>],
) -> Option<(&'static str, Record)> {
    let segments: Vec<&str> = segments.iter().map(AsRef::as_ref).collect();
    let (operation, members) = match (service, method.as_str(), segments.as_slice()) {
        (Service::Account, "POST", ["listRegions"]) => ("ListRegions", json!({})),
        (Service::Eks, "GET", ["clusters"]) => ("ListClusters", json!({})),
        (Service::Eks, "GET", ["clusters", name]) => ("DescribeCluster", json!({"name": name})),
        (Service::Eks, "GET", ["clusters", name, "node-groups"]) => {
            ("ListNodegroups", json!({"clusterName": name}))
        }
        (Service::Eks, "GET", ["clusters", name, "node-groups", group]) => (
            "DescribeNodegroup",
            json!({"clusterName": name, "nodegroupName": group}),
        ),
        (Service::SecurityHub, "POST", ["findings"]) => ("GetFindings", json!({})),
        (Service::SecurityHub, "POST", ["findings", "import"]) => {
            ("BatchImportFindings", json!({}))
        }
        _ => return None,
    };
    Some((operation, record(members)))
}

fn json_members(body: &[u8]) -> Result<Record, AwsError> {
    if body.is_empty() {
        return Ok(Record::new());
    }
    serde_json::from_slice(body).map_err(|error| {
        AwsError::new(
            "SerializationException",
            format!("the body is no JSON object: {error}"),
        )
        .violation()
    })
}

/// Returns the members in a form or a query string.
fn pairs(text: &[u8]) -> impl Iterator<Item = (String, Value)> {
    form_urlencoded::parse(text).map(|(name, value)| {
        let number = NUMBERS
            .contains(&name.as_ref())
            .then(|| value.parse::<i64>().ok())
            .flatten();
        let value = number.map_or_else(|| Value::from(value.into_owned()), Value::from);
        (name.into_owned(), value)
    })
}

/// Returns the members of a `json!({…})`; empty for any other value.
pub(super) fn record(value: Value) -> Record {
    match value {
        Value::Object(members) => members,
        _ => Record::new(),
    }
}

/// Encodes a successful answer.
pub(super) fn encode(service: Service, operation: &str, answer: &Value) -> Reply {
    let body = match service.protocol() {
        Protocol::Json(_) | Protocol::Rest => answer.to_string(),
        // The answers of S3 are objects, whose replies the module `s3` creates.
        Protocol::S3 => String::new(),
        Protocol::Query(namespace) => format!(
            r#"<{operation}Response xmlns="{namespace}"><{operation}Result>{}</{operation}Result>{}</{operation}Response>"#,
            xml(answer),
            "<ResponseMetadata><RequestId>stand-in</RequestId></ResponseMetadata>"
        ),
    };
    Reply {
        status: 200,
        content_type: content_type(Some(service)),
        error_type: None,
        headers: Vec::new(),
        body: body.into_bytes(),
    }
}

/// Encodes an error.
pub(super) fn encode_error(service: Option<Service>, error: &AwsError) -> Reply {
    let AwsError {
        code,
        message,
        status,
        ..
    } = error;
    let body = match service.map(|service| (service, service.protocol())) {
        Some((_, Protocol::Query(namespace))) => format!(
            r#"<ErrorResponse xmlns="{namespace}"><Error><Type>Sender</Type><Code>{}</Code><Message>{}</Message></Error><RequestId>stand-in</RequestId></ErrorResponse>"#,
            escape(code),
            escape(message)
        ),
        Some((_, Protocol::S3)) => format!(
            r#"<?xml version="1.0" encoding="UTF-8"?><Error><Code>{}</Code><Message>{}</Message><RequestId>stand-in</RequestId></Error>"#,
            escape(code),
            escape(message)
        ),
        Some((Service::SecurityHub, _)) => json!({"Code": code, "Message": message}).to_string(),
        Some((_, Protocol::Rest)) => json!({"message": message}).to_string(),
        Some((_, Protocol::Json(_))) | None => {
            json!({"__type": code, "message": message}).to_string()
        }
    };
    let is_s3 = service == Some(Service::S3);
    let headers = match service {
        // SQS also sends the code that the error had in its first protocol, and whether the sender or the receiver is
        // at fault.
        Some(Service::Sqs) => vec![("x-amzn-query-error", sqs::query_error(error))],
        _ => Vec::new(),
    };
    Reply {
        status: *status,
        content_type: content_type(service),
        error_type: (!is_s3).then(|| code.clone()),
        headers,
        body: body.into_bytes(),
    }
}

fn content_type(service: Option<Service>) -> &'static str {
    if service == Some(Service::Sqs) {
        return "application/x-amz-json-1.0";
    }
    match service.map(Service::protocol) {
        Some(Protocol::Json(_)) => "application/x-amz-json-1.1",
        Some(Protocol::S3) => "application/xml",
        Some(Protocol::Query(_)) => "text/xml",
        Some(Protocol::Rest) | None => "application/json",
    }
}

fn xml(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(flag) => flag.to_string(),
        Value::Number(number) => number.to_string(),
        Value::String(text) => escape(text),
        Value::Array(items) => items
            .iter()
            .map(|item| format!("<member>{}</member>", xml(item)))
            .collect(),
        Value::Object(members) => members
            .iter()
            .filter(|(_, member)| !member.is_null())
            .map(|(name, member)| format!("<{name}>{}</{name}>", xml(member)))
            .collect(),
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Converts the named members, at any depth, from RFC 3339 to the seconds since 1970 that JSON protocols send.
pub(super) fn epochs(value: &mut Value, names: &[&str]) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| epochs(item, names)),
        Value::Object(members) => {
            for (name, member) in members {
                match seconds(member) {
                    Some(seconds) if names.contains(&name.as_str()) => *member = seconds.into(),
                    _ => epochs(member, names),
                }
            }
        }
        _ => {}
    }
}

fn seconds(value: &Value) -> Option<f64> {
    let moment: jiff::Timestamp = value.as_str()?.parse().ok()?;
    Some(moment.as_duration().as_secs_f64())
}

impl Request {
    /// Returns `service.Operation`.
    pub(super) fn name(&self) -> String {
        format!("{}.{}", self.service, self.operation)
    }

    /// Returns the error for a request that violates a rule of the operation's documentation.
    pub(super) fn invalid(&self, message: impl Into<String>) -> AwsError {
        self.service.invalid(message)
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.member(name).is_some()
    }

    /// Returns a member that is present and not null.
    pub(super) fn member(&self, name: &str) -> Option<&Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    pub(super) fn text(&self, name: &str) -> Result<Option<&str>, AwsError> {
        self.typed(name, "text", Value::as_str)
    }

    pub(super) fn required_text(&self, name: &str) -> Result<&str, AwsError> {
        match self.text(name)? {
            Some(text) if !text.is_empty() => Ok(text),
            _ => Err(self.invalid(format!("{name} is missing"))),
        }
    }

    pub(super) fn number(&self, name: &str) -> Result<Option<i64>, AwsError> {
        self.typed(name, "a whole number", Value::as_i64)
    }

    pub(super) fn list(&self, name: &str) -> Result<Option<&[Value]>, AwsError> {
        self.typed(name, "a list", |value| value.as_array().map(Vec::as_slice))
    }

    /// Returns a list of texts, which must have 1 to `most` items if it is present.
    pub(super) fn texts(&self, name: &str, most: usize) -> Result<Option<Vec<&str>>, AwsError> {
        let Some(items) = self.list(name)? else {
            return Ok(None);
        };
        if items.is_empty() || items.len() > most {
            return Err(self.invalid(format!("{name} has {} items, not 1 to {most}", items.len())));
        }
        let texts: Option<Vec<&str>> = items.iter().map(Value::as_str).collect();
        texts
            .map(Some)
            .ok_or_else(|| self.invalid(format!("{name} holds something that is no text")))
    }

    fn typed<'a, T>(
        &'a self,
        name: &str,
        kind: &str,
        convert: impl Fn(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, AwsError> {
        self.member(name)
            .map(|value| {
                convert(value).ok_or_else(|| self.invalid(format!("{name} is {value}, not {kind}")))
            })
            .transpose()
    }
}

#[cfg(test)]
mod tests {
    use axum::http;

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
    fn the_three_protocols_lead_to_operation_and_members() {
        let rest = decode(
            &parts("GET", "/clusters/a%2Fb/node-groups?maxResults=7", "eks", ""),
            b"",
            Timestamp::UNIX_EPOCH,
        )
        .unwrap();
        assert_eq!(rest.name(), "eks.ListNodegroups");
        assert_eq!(
            Value::Object(rest.members),
            json!({"clusterName": "a/b", "maxResults": 7})
        );

        let json = decode(
            &parts("POST", "/", "kms", "TrentService.DescribeKey"),
            br#"{"KeyId":"k"}"#,
            Timestamp::UNIX_EPOCH,
        )
        .unwrap();
        assert_eq!(
            (json.name().as_str(), json.region.as_str()),
            ("kms.DescribeKey", "eu-central-1")
        );

        let query = decode(
            &parts("POST", "/", "iam", ""),
            b"Action=GetRole&Version=1&RoleName=a%2Bb+c",
            Timestamp::UNIX_EPOCH,
        )
        .unwrap();
        assert_eq!(query.name(), "iam.GetRole");
        assert_eq!(Value::Object(query.members), json!({"RoleName": "a+b c"}));
    }

    #[test]
    fn what_the_functions_never_send_is_a_violation() {
        let unsigned = http::Request::builder()
            .uri("/clusters")
            .body(())
            .unwrap()
            .into_parts()
            .0;
        for (parts, body, code) in [
            (unsigned, "", "MissingAuthenticationToken"),
            (
                parts("GET", "/clusters/a/addons", "eks", ""),
                "",
                "UnknownOperationException",
            ),
            (parts("POST", "/", "ec2", ""), "", "UnknownService"),
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
        ] {
            let error = decode(&parts, body.as_bytes(), Timestamp::UNIX_EPOCH)
                .expect_err(code)
                .error;
            assert_eq!((error.code.as_str(), error.violation), (code, true));
        }
    }

    #[test]
    fn moments_become_seconds_only_where_they_are_moments() {
        let mut value = json!({"createdAt": "1970-01-01T00:00:01.5Z", "tags": {"since": "1970-01-01T00:00:01Z"}});
        epochs(&mut value, &["createdAt"]);
        assert_eq!(
            value,
            json!({"createdAt": 1.5, "tags": {"since": "1970-01-01T00:00:01Z"}})
        );
    }

    #[test]
    fn errors_look_as_each_protocol_wants_them() {
        let error = AwsError::new("No<", "a & b");
        let body = |service| {
            String::from_utf8(encode_error(Some(service), &error).body).expect("errors are text")
        };
        assert_eq!(body(Service::Eks), r#"{"message":"a & b"}"#);
        assert!(body(Service::S3).contains("<Error><Code>No&lt;</Code>"));
        assert!(body(Service::Kms).contains(r#""__type":"No<""#));
        assert!(body(Service::SecurityHub).contains(r#""Code":"No<""#));
        assert!(body(Service::Iam).contains("<Code>No&lt;</Code><Message>a &amp; b<"));
    }
}
