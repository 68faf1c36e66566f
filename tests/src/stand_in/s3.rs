//! Amazon S3: objects, in buckets that are named in account files.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, Method, request::Parts};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use flate2::Crc;
use jiff::Timestamp;
use percent_encoding::percent_decode_str;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::{
    service::{AwsError, Service},
    sqs::md5,
    wire::{Reply, Request, record},
};
use crate::account::Record;

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

    /// Answers a request for an object in a bucket that exists.
    pub(super) fn answer(&mut self, request: &Request) -> Result<Reply, AwsError> {
        let name = format!(
            "{}/{}",
            request.required_text("Bucket")?,
            request.required_text("Key")?
        );
        match request.operation.as_str() {
            "GetObject" => self.get_object(&name),
            "PutObject" => {
                self.put(&name, request.body.clone(), request.at);
                let headers = vec![("etag", etag(&request.body))];
                Ok(reply("application/xml", headers, Vec::new()))
            }
            other => Err(AwsError::unknown_operation(other)),
        }
    }

    fn get_object(&self, name: &str) -> Result<Reply, AwsError> {
        let object = self.objects.get(name).ok_or_else(|| {
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
}

/// Returns the error for a bucket that does not exist.
pub(super) fn no_such_bucket() -> AwsError {
    AwsError::new("NoSuchBucket", "The specified bucket does not exist").status(404)
}

/// Returns the error for a bucket that is in another Region than the one that the request was signed for.
pub(super) fn elsewhere(region: &str) -> AwsError {
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
    }
}

/// Reads the operation, and its members from `/{bucket}/{key…}`. The body is not a member, since recordings are text.
pub(super) fn operation_and_members(parts: &Parts) -> Result<(String, Record), AwsError> {
    let path = parts.uri.path();
    let operation = match parts.method {
        Method::GET => "GetObject",
        Method::PUT => "PutObject",
        _ => "",
    };
    let place = path.strip_prefix('/').and_then(|path| path.split_once('/'));
    let query = parts.uri.query().unwrap_or_default();
    let is_plain = query.is_empty() || query == format!("x-id={operation}");
    let Some((bucket, key)) = place.filter(|(bucket, key)| {
        !operation.is_empty() && is_plain && !bucket.is_empty() && !key.is_empty()
    }) else {
        let what = format!("{} {path}?{query}", parts.method);
        return Err(AwsError::unknown_operation(&what).status(404));
    };
    if let Some(name) = UNKNOWN_HEADERS
        .into_iter()
        .find(|name| parts.headers.contains_key(*name))
    {
        return Err(Service::S3.invalid(format!("the stand-in does not know {name}")));
    }
    let key = percent_decode_str(key)
        .decode_utf8()
        .map_err(|_| Service::S3.invalid(format!("{key} is not UTF-8")))?;
    if key.len() > 1024 {
        let message = "Your key is too long";
        return Err(AwsError::new("KeyTooLongError", message).violation());
    }
    Ok((
        operation.to_owned(),
        record(json!({"Bucket": bucket, "Key": key})),
    ))
}

/// Returns the object in a body, which may consist of chunks with a trailer, after verifying its checksums.
pub(super) fn payload(headers: &HeaderMap, body: &[u8]) -> Result<Vec<u8>, AwsError> {
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
            return Err(Service::S3.invalid(format!(
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
    fn a_body_is_taken_out_of_its_chunks() {
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
            assert_eq!(payload(&headers(pairs), body).unwrap(), wanted);
        }
    }

    #[test]
    fn a_body_that_is_not_what_it_should_be_is_refused() {
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
            let error = payload(&headers(pairs), body).expect_err(code);
            assert_eq!((error.code.as_str(), error.violation), (code, true));
        }
    }
}
