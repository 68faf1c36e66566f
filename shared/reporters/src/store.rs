//! The destinations of what eksentry writes: objects in a bucket, or files in a folder.

use std::path::PathBuf;
use std::str::FromStr;

use aws_sdk_s3::primitives::ByteStream;
use eksentry_aws::{Aws, Lazy, client};
use percent_encoding::percent_decode_str;

use crate::{ReportError, text};

pub(crate) const ACTIONS: &[&str] = &[PUT_OBJECT];

const PUT_OBJECT: &str = "s3:PutObject";

/// The maximum length of a prefix, in bytes. A key has at most 1,024 bytes, and the part after the prefix needs fewer
/// than the rest.
const PREFIX: usize = 700;

/// A bucket or a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A bucket, with a prefix that may be empty and does not end with a slash.
    Bucket {
        /// The name of the bucket.
        bucket: String,
        /// The prefix of the keys.
        prefix: String,
    },
    /// A folder, which is created if it does not exist.
    Folder(PathBuf),
}

/// The error for a text that is not a destination.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DestinationError {
    /// The text names neither a bucket nor a folder.
    #[error(
        "is {0:?}, which isn't a destination: use s3://bucket/prefix, or the path of a folder that begins with / or ./"
    )]
    Neither(String),
    /// The name of the bucket is not one that S3 allows.
    #[error(
        "is {0:?}, which lacks a valid bucket name: use s3://bucket/prefix, with 3 to 63 of a-z, 0-9, . and -"
    )]
    Bucket(String),
    /// The prefix is too long, or contains control characters.
    #[error(
        "is {0:?}, whose prefix isn't valid: use at most {PREFIX} bytes, without control characters"
    )]
    Prefix(String),
}

impl FromStr for Destination {
    type Err = DestinationError;

    fn from_str(text: &str) -> Result<Self, DestinationError> {
        let quoted = || text::cut(text, 200);
        if let Some(rest) = text.strip_prefix("s3://") {
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            let allowed =
                |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '.' || c == '-';
            if !(3..=63).contains(&bucket.len()) || !bucket.chars().all(allowed) {
                return Err(DestinationError::Bucket(quoted()));
            }
            let prefix = prefix.trim_matches('/');
            if prefix.len() > PREFIX || prefix.contains(char::is_control) {
                return Err(DestinationError::Prefix(quoted()));
            }
            return Ok(Self::Bucket {
                bucket: bucket.to_owned(),
                prefix: prefix.to_owned(),
            });
        }
        let path = match text.strip_prefix("file://") {
            Some(path) => percent_decode_str(path).decode_utf8_lossy(),
            None => text.into(),
        };
        if path.starts_with('/') || path.starts_with('.') {
            Ok(Self::Folder(PathBuf::from(path.into_owned())))
        } else {
            Err(DestinationError::Neither(quoted()))
        }
    }
}

/// The bucket or the folder that a process writes to.
#[derive(Debug)]
pub struct Store {
    target: Target,
}

#[derive(Debug)]
enum Target {
    Bucket {
        client: Lazy<aws_sdk_s3::Client>,
        bucket: String,
        prefix: String,
    },
    Folder(PathBuf),
}

impl Store {
    /// Creates the store at a destination. It uses the credentials of `aws`, regardless of the account that the content
    /// is about.
    pub fn new(aws: &Aws, destination: &Destination) -> Self {
        let target = match destination {
            Destination::Bucket { bucket, prefix } => Target::Bucket {
                client: client!(aws_sdk_s3, aws),
                bucket: bucket.clone(),
                prefix: prefix.clone(),
            },
            Destination::Folder(path) => Target::Folder(path.clone()),
        };
        Self { target }
    }

    /// Returns the URL of the object, or the path of the file, with this name.
    pub fn address(&self, name: &str) -> String {
        match &self.target {
            Target::Bucket { bucket, prefix, .. } => {
                format!("s3://{bucket}/{}", key(prefix, name))
            }
            Target::Folder(folder) => folder.join(name).display().to_string(),
        }
    }

    /// Writes an object or a file with this name, which may contain slashes.
    ///
    /// # Errors
    ///
    /// Returns an error if it could not be written.
    pub async fn write(
        &self,
        name: &str,
        content_type: &str,
        body: Vec<u8>,
    ) -> Result<(), ReportError> {
        match &self.target {
            Target::Bucket {
                client,
                bucket,
                prefix,
            } => {
                let call = client
                    .put_object()
                    .bucket(bucket)
                    .key(key(prefix, name))
                    .content_type(content_type)
                    .body(ByteStream::from(body))
                    .send();
                let response = call
                    .await
                    .map_err(|error| ReportError::of_call(PUT_OBJECT, error))?;
                // A successful response without an ETag is not from S3, which has not stored the object then.
                let stored = response.e_tag().map(drop);
                stored.ok_or_else(|| ReportError {
                    action: PUT_OBJECT,
                    problem: format!(
                        "the response for {} lacks an ETag, so the object isn't stored",
                        self.address(name)
                    ),
                })
            }
            Target::Folder(folder) => {
                let path = folder.join(name);
                let part = folder.join(format!("{name}.part"));
                let write = move || {
                    path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
                    // Whoever finds the file finds all of it.
                    std::fs::write(&part, body)?;
                    std::fs::rename(part, path)
                };
                let written = tokio::task::spawn_blocking(write).await;
                let written = written.unwrap_or_else(|error| Err(std::io::Error::other(error)));
                written.map_err(|error| ReportError {
                    action: "writing a file",
                    problem: format!("{}: {error}", self.address(name)),
                })
            }
        }
    }
}

/// Returns the key of the object with this name.
fn key(prefix: &str, name: &str) -> String {
    if prefix.is_empty() {
        name.to_owned()
    } else {
        format!("{prefix}/{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bucket(bucket: &str, prefix: &str) -> Destination {
        Destination::Bucket {
            bucket: bucket.to_owned(),
            prefix: prefix.to_owned(),
        }
    }

    #[test]
    fn a_destination_is_a_bucket_or_a_folder() {
        let folder = |path: &str| Destination::Folder(PathBuf::from(path));
        for (text, destination) in [
            ("s3://lake", bucket("lake", "")),
            ("s3://lake/", bucket("lake", "")),
            (
                "s3://my.lake-1/ext/eksentry/",
                bucket("my.lake-1", "ext/eksentry"),
            ),
            ("/mnt/lake", folder("/mnt/lake")),
            ("./lake", folder("./lake")),
            ("file:///mnt/the%20lake", folder("/mnt/the lake")),
        ] {
            assert_eq!(text.parse(), Ok(destination), "{text}");
        }
    }

    #[test]
    fn buckets_and_prefixes_have_the_lengths_that_s3_allows() {
        let of = |bucket: usize, prefix: usize| {
            let text = format!("s3://{}/{}", "b".repeat(bucket), "p".repeat(prefix));
            Destination::from_str(&text)
        };
        for (bucket, prefix, expected) in [
            (2, 0, false),
            (3, 0, true),
            (63, 0, true),
            (64, 0, false),
            (3, 700, true),
            (3, 701, false),
        ] {
            assert_eq!(of(bucket, prefix).is_ok(), expected, "{bucket} {prefix}");
        }
    }

    #[test]
    fn invalid_destinations_are_rejected() {
        let long = format!("s3://lake/{}", "p".repeat(PREFIX + 1));
        for text in [
            "lake/prefix",
            "S3://lake",
            "https://lake.s3.amazonaws.com",
            "file://host/share",
            "s3://",
            "s3:///prefix",
            "s3://My_Lake/prefix",
            "s3://arn:aws:s3:::lake",
            "s3://lake/a\u{7}b",
            long.as_str(),
        ] {
            let error = Destination::from_str(text).unwrap_err().to_string();
            assert!(error.starts_with("is \"") && error.len() < 400, "{error}");
        }
    }
}
