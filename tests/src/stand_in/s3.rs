//! Amazon S3: objects, in buckets that are named in account files.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, request::Parts};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use flate2::Crc;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use sha2::{Digest as _, Sha256};

use super::{
    access::RequiredPermission,
    service::{AwsError, Service},
    sqs::md5,
    state::State,
    wire::{Reply, Request},
};
use crate::account::{self, Account, Record};

/// Headers that change the effect of an operation, and that the stand-in does not support.
const UNKNOWN_HEADERS: [&str; 5] = [
    "if-match",
    "if-none-match",
    "range",
    "x-amz-copy-source",
    "x-amz-write-offset-bytes",
];
const CRC32: &str = "x-amz-checksum-crc32";

/// The objects in all buckets.
#[derive(Clone, Debug, Default)]
pub(super) struct Objects {
    /// The objects, by `bucket/key`.
    objects: BTreeMap<String, Object>,
}

#[derive(Clone, Debug)]
struct Object {
    body: Vec<u8>,
    modified: Timestamp,
}

impl Objects {
    pub(super) fn bodies(&self) -> BTreeMap<String, Vec<u8>> {
        let body = |(name, object): (&String, &Object)| (name.clone(), object.body.clone());
        self.objects.iter().map(body).collect()
    }

    pub(super) fn put(&mut self, name: &str, body: Vec<u8>, modified: Timestamp) {
        self.objects
            .insert(name.to_owned(), Object { body, modified });
    }

    pub(super) fn clear(&mut self) {
        self.objects.clear();
    }

    /// Returns `true` if there is an object of this name, `bucket/key`.
    pub(super) fn has(&self, name: &str) -> bool {
        self.objects.contains_key(name)
    }
}

/// Returns an object. The name of a bucket is unique across accounts and Regions.
pub(super) fn get_object(state: &mut State, request: &Request) -> Result<Reply, AwsError> {
    let name = object_name(state, request)?;
    let object = state.objects.objects.get(&name).ok_or_else(|| {
        AwsError::new("NoSuchKey", "The specified key does not exist.").status(404)
    })?;
    let modified = object.modified.strftime("%a, %d %b %Y %H:%M:%S GMT");
    let headers = vec![
        ("etag", etag(&object.body)),
        ("last-modified", modified.to_string()),
        ("accept-ranges", "bytes".to_owned()),
    ];
    Ok(reply("binary/octet-stream", headers, object.body.clone()))
}

/// Stores an object.
pub(super) fn put_object(state: &mut State, request: &Request) -> Result<Reply, AwsError> {
    let name = object_name(state, request)?;
    state.objects.put(&name, request.body.clone(), request.at);
    let headers = vec![("etag", etag(&request.body))];
    Ok(reply("application/xml", headers, Vec::new()))
}

/// Returns the name, `bucket/key`, of the object that a request is about, if the bucket exists in the request's Region.
fn object_name(state: &State, request: &Request) -> Result<String, AwsError> {
    let bucket = request.required_text("Bucket")?;
    let owner = state
        .accounts()
        .find(|account| account.buckets.iter().any(|own| own == bucket))
        .ok_or_else(no_such_bucket)?;
    if owner.region != request.region {
        return Err(elsewhere(&owner.region));
    }
    Ok(format!("{bucket}/{}", request.required_text("Key")?))
}

/// Returns the permissions to read an object. Another one decides which error S3 returns for an object that does not
/// exist.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>.
pub(super) fn permissions_on_object(
    action: &'static str,
    state: &State,
    request: &Request,
) -> Vec<RequiredPermission> {
    let (bucket, key) = (
        request.text_or_empty("Bucket"),
        request.text_or_empty("Key"),
    );
    let object = object_resource(state.home(), request);
    let mut needs = vec![RequiredPermission::new(action, object)];
    if !state.objects.has(&format!("{bucket}/{key}")) {
        let bucket = arn_of(state.home(), bucket);
        needs.push(RequiredPermission::new("s3:ListBucket", bucket));
    }
    needs
}

/// Returns the ARN of the object that a request is about.
pub(super) fn object_resource(account: &Account, request: &Request) -> String {
    let (bucket, key) = (
        request.text_or_empty("Bucket"),
        request.text_or_empty("Key"),
    );
    arn_of(account, &format!("{bucket}/{key}"))
}

fn arn_of(account: &Account, path: &str) -> String {
    let arn = account.arn("s3", "", path);
    // The ARNs of buckets and objects contain no account.
    arn.replacen(&format!(":{}:", account.account), "::", 1)
}

/// Returns the error for a bucket that does not exist.
fn no_such_bucket() -> AwsError {
    AwsError::new("NoSuchBucket", "The specified bucket does not exist").status(404)
}

/// Returns the error for a bucket that is in another Region than the one that the request was signed for.
fn elsewhere(region: &str) -> AwsError {
    let message = format!("The bucket is in {region}: send all future requests there.");
    AwsError::new("PermanentRedirect", message)
        .status(301)
        .violation()
}

fn etag(body: &[u8]) -> String {
    format!("\"{}\"", md5(body))
}

/// Creates a successful reply. The server adds Content-Length.
fn reply(content_type: &'static str, headers: Vec<(&'static str, String)>, body: Vec<u8>) -> Reply {
    Reply {
        status: 200,
        content_type,
        error_type: None,
        headers,
        body,
        run: None,
    }
}

/// Checks the parts of a request that its members do not have: its query string, its headers and the form of its key.
pub(super) fn check(
    service: Service,
    operation: &str,
    parts: &Parts,
    members: &Record,
) -> Result<(), AwsError> {
    let path = parts.uri.path();
    let query = parts.uri.query().unwrap_or_default();
    if !query.is_empty() && query != format!("x-id={operation}") {
        let request = format!("{} {path}?{query}", parts.method);
        return Err(AwsError::unknown_operation(&request).status(404));
    }
    if let Some(name) = UNKNOWN_HEADERS
        .into_iter()
        .find(|name| parts.headers.contains_key(*name))
    {
        return Err(service.invalid(format!("the stand-in does not know {name}")));
    }
    if percent_decode_str(path).decode_utf8().is_err() {
        return Err(service.invalid(format!("{path} is not UTF-8")));
    }
    if account::text(members, "Key").len() > 1024 {
        let message = "Your key is too long";
        return Err(AwsError::new("KeyTooLongError", message).violation());
    }
    Ok(())
}

/// Returns the object in a body, which may consist of chunks with a trailer, after verifying its checksums.
pub(super) fn payload(
    service: Service,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Vec<u8>, AwsError> {
    let sha256 = text(headers, "x-amz-content-sha256");
    let is_chunked = text(headers, "content-encoding")
        .split(',')
        .any(|coding| coding.trim() == "aws-chunked");
    let (object, trailers) = if is_chunked || sha256.starts_with("STREAMING-") {
        let decoded = unchunked(body).ok_or_else(|| {
            let message = "the body is not in chunks, each with its size";
            AwsError::new("IncompleteBody", message).violation()
        })?;
        let length = text(headers, "x-amz-decoded-content-length");
        if length != decoded.0.len().to_string() {
            return Err(service.invalid(format!(
                "x-amz-decoded-content-length is {length:?}, and there are {} bytes",
                decoded.0.len()
            )));
        }
        decoded
    } else {
        (body.to_vec(), Vec::new())
    };
    let is_digest = sha256.len() == 64;
    if is_digest && sha256 != hex::encode(Sha256::digest(body)) {
        let message =
            "The provided 'x-amz-content-sha256' header does not match what was computed.";
        return Err(AwsError::new("XAmzContentSHA256Mismatch", message).violation());
    }
    let in_trailer = trailers
        .iter()
        .find(|(name, _)| name == CRC32)
        .map(|(_, value)| value.as_str());
    let given = in_trailer.unwrap_or_else(|| text(headers, CRC32));
    if !given.is_empty() && given != crc32(&object) {
        let message = "The CRC32 you specified did not match the calculated checksum.";
        return Err(AwsError::new("BadDigest", message).violation());
    }
    Ok(object)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

fn crc32(bytes: &[u8]) -> String {
    let mut crc = Crc::new();
    crc.update(bytes);
    BASE64_STANDARD.encode(crc.sum().to_be_bytes())
}

type Trailers = Vec<(String, String)>;

/// Decodes chunks, each of `size[;extension]`, a line break, this many bytes and a line break. Trailers follow the
/// empty chunk.
fn unchunked(mut rest: &[u8]) -> Option<(Vec<u8>, Trailers)> {
    let mut object = Vec::new();
    loop {
        let size = line(&mut rest)?;
        let size = size.split(';').next()?;
        let size = usize::from_str_radix(size, 16).ok()?;
        if size == 0 {
            break;
        }
        object.extend_from_slice(rest.get(..size)?);
        rest = rest.get(size..)?.strip_prefix(b"\r\n")?;
    }
    let mut trailers = Vec::new();
    while let Some(trailer) = line(&mut rest).filter(|line| !line.is_empty()) {
        let (name, value) = trailer.split_once(':')?;
        trailers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    Some((object, trailers))
}

/// Removes the first line and returns it.
fn line<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let end = rest.windows(2).position(|pair| pair == b"\r\n")?;
    let (line, behind) = rest.split_at(end);
    *rest = &behind[2..];
    std::str::from_utf8(line).ok()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderName;

    use super::*;

    const STREAMING: (&str, &str) = ("x-amz-content-sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER");

    fn service() -> Service {
        Service::of_signing_name("s3").expect("there is such a service")
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let header = |(name, value): &(&'static str, &'static str)| {
            (
                HeaderName::from_static(name),
                value.parse().expect("it is a value"),
            )
        };
        pairs.iter().map(header).collect()
    }

    #[test]
    fn chunks_are_decoded() {
        let chunked = b"5\r\nhello\r\n6;chunk-signature=00\r\n world\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n";
        let length = ("x-amz-decoded-content-length", "11");
        for (pairs, body, wanted) in [
            (&[][..], &b"plain"[..], &b"plain"[..]),
            (
                &[("x-amz-content-sha256", "UNSIGNED-PAYLOAD")],
                b"plain",
                b"plain",
            ),
            (&[STREAMING, length], chunked, b"hello world"),
            (
                &[("content-encoding", "gzip,aws-chunked"), length],
                chunked,
                b"hello world",
            ),
            (&[(CRC32, "DUoRhQ==")], b"hello world", b"hello world"),
        ] {
            assert_eq!(payload(service(), &headers(pairs), body).unwrap(), wanted);
        }
    }

    #[test]
    fn a_body_with_a_wrong_checksum_or_length_is_rejected() {
        let zeros = "0000000000000000000000000000000000000000000000000000000000000000";
        let length = ("x-amz-decoded-content-length", "5");
        for (pairs, body, code) in [
            (&[STREAMING, length][..], &b"hello"[..], "IncompleteBody"),
            (
                &[STREAMING, length],
                b"9\r\nhello\r\n0\r\n\r\n",
                "IncompleteBody",
            ),
            (&[STREAMING], b"5\r\nhello\r\n0\r\n\r\n", "InvalidRequest"),
            (
                &[STREAMING, length],
                b"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:DUoRhQ==\r\n\r\n",
                "BadDigest",
            ),
            (&[(CRC32, "DUoRhQ==")], b"hello", "BadDigest"),
            (
                &[("x-amz-content-sha256", zeros)],
                b"hello",
                "XAmzContentSHA256Mismatch",
            ),
        ] {
            let error = payload(service(), &headers(pairs), body).expect_err(code);
            assert_eq!((error.code.as_str(), error.violation), (code, true));
        }
    }
}
