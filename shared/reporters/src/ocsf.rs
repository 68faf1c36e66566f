//! The Open Cybersecurity Schema Framework (OCSF): events for data lakes, as lines of JSON in a bucket or in a folder.
//!
//! A run writes every verdict that is not pending, regardless of earlier runs, so that the data of a run is complete
//! without any other sink. Objects are partitioned as in Amazon Security Lake, separately for each event class. They
//! hold a few megabytes, since they are gathered in memory, and so does the largest event.
//! Source: <https://docs.aws.amazon.com/security-lake/latest/userguide/custom-sources.html>.

mod event;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use eksentry_aws::{Aws, Lazy, client};
use eksentry_core::{Finding, Location, Resource};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use percent_encoding::percent_decode_str;

use crate::{ReportError, text};
pub use event::{Class, Event, closed, events};

pub(crate) const ACTIONS: &[&str] = &[PUT_OBJECT];

const PUT_OBJECT: &str = "s3:PutObject";

/// The number of bytes that are gathered before they are written. A run gathers lines for two classes, and a sweep
/// makes a few runs at the same time.
const OBJECT_BYTES: usize = 4 * 1024 * 1024;

/// The maximum time for writing an object, including all tries. A data lake that does not respond must not keep
/// findings from the other sinks.
const WRITE: Duration = Duration::from_secs(30);

/// The maximum length of a prefix, in bytes. A key has at most 1,024 bytes, and the part after the prefix needs fewer
/// than the rest.
const PREFIX: usize = 700;

/// The destination of events.
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

/// The OCSF sink of a process.
#[derive(Debug)]
pub struct Ocsf {
    target: Target,
    /// The number of the next object. Runs of one invocation write at the same time and to the same destination.
    next: AtomicU64,
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

impl Ocsf {
    /// Creates the sink that writes to a destination. It uses the credentials of `aws`, regardless of the account that
    /// the events are about.
    pub fn new(aws: &Aws, destination: &Destination) -> Self {
        let target = match destination {
            Destination::Bucket { bucket, prefix } => Target::Bucket {
                client: client!(aws_sdk_s3, aws),
                bucket: bucket.clone(),
                prefix: prefix.clone(),
            },
            Destination::Folder(path) => Target::Folder(path.clone()),
        };
        Self {
            target,
            next: AtomicU64::new(1),
        }
    }

    /// Returns the log of one run in an account and Region.
    pub fn log<'a>(&'a self, location: &'a Location, run: &'a str) -> Log<'a> {
        Log {
            ocsf: self,
            location,
            run,
            lines: BTreeMap::new(),
            failed: None,
        }
    }

    async fn write(&self, name: &str, lines: Vec<u8>) -> Result<(), ReportError> {
        match &self.target {
            Target::Bucket {
                client,
                bucket,
                prefix,
            } => {
                let key = if prefix.is_empty() {
                    name.to_owned()
                } else {
                    format!("{prefix}/{name}")
                };
                let call = client
                    .put_object()
                    .bucket(bucket)
                    .key(&key)
                    .content_type("application/x-ndjson")
                    .body(ByteStream::from(lines))
                    .send();
                let response = call
                    .await
                    .map_err(|error| ReportError::of_call(PUT_OBJECT, error))?;
                // A successful response without an ETag is not from S3, which has not stored the object then.
                let stored = response.e_tag().map(drop);
                stored.ok_or_else(|| ReportError {
                    action: PUT_OBJECT,
                    problem: format!(
                        "the response for s3://{bucket}/{key} lacks an ETag, so the object isn't stored"
                    ),
                })
            }
            Target::Folder(folder) => {
                let path = folder.join(name);
                let shown = path.display().to_string();
                let write = move || {
                    path.parent().map_or(Ok(()), std::fs::create_dir_all)?;
                    std::fs::write(path, lines)
                };
                let written = tokio::task::spawn_blocking(write).await;
                let written = written.unwrap_or_else(|error| Err(std::io::Error::other(error)));
                written.map_err(|error| ReportError {
                    action: "writing a file",
                    problem: format!("{shown}: {error}"),
                })
            }
        }
    }
}

/// A log that gathers and writes the events of one run.
#[derive(Debug)]
pub struct Log<'a> {
    ocsf: &'a Ocsf,
    location: &'a Location,
    run: &'a str,
    /// The gathered lines, by class and day (UTC).
    lines: BTreeMap<(Class, Date), Vec<u8>>,
    failed: Option<ReportError>,
}

impl Log<'_> {
    /// Adds the events of a finding.
    pub async fn add_finding(&mut self, finding: &Finding) {
        for event in events(finding, self.run) {
            self.add(&event).await;
        }
    }

    /// Adds the event that closes the finding of a check about a resource: the finding existed before, and at that time
    /// its resource, or the check, no longer exists.
    pub async fn close(&mut self, check: &str, resource: &Resource, at: Timestamp) {
        self.add(&closed(check, resource, at, self.run)).await;
    }

    /// Writes the remaining lines. After one failure, a run writes no more, since it must be repeated in any case.
    ///
    /// # Errors
    ///
    /// Returns an error if something could not be written.
    pub async fn finish(mut self) -> Result<(), ReportError> {
        while let Some(((class, day), lines)) = self.lines.pop_first() {
            self.write(class, day, lines).await;
        }
        self.failed.map_or(Ok(()), Err)
    }

    async fn add(&mut self, event: &Event<'_>) {
        if self.failed.is_some() {
            return;
        }
        let at = (event.class(), TimeZone::UTC.to_datetime(event.at()).date());
        let lines = self.lines.entry(at).or_default();
        // Writing to memory can't fail, and all keys of an event are texts.
        let _ = serde_json::to_writer(&mut *lines, event);
        lines.push(b'\n');
        if lines.len() >= OBJECT_BYTES {
            let lines = std::mem::take(lines);
            self.write(at.0, at.1, lines).await;
        }
    }

    async fn write(&mut self, class: Class, day: Date, lines: Vec<u8>) {
        if self.failed.is_some() || lines.is_empty() {
            return;
        }
        let name = self.name(class, day);
        let write = Box::pin(self.ocsf.write(&name, lines));
        let written = tokio::time::timeout(WRITE, write).await;
        self.failed = match written {
            Ok(Ok(())) => return,
            Ok(Err(error)) => Some(error),
            Err(_) => Some(ReportError {
                action: "writing OCSF events",
                problem: format!("no response within {} seconds", WRITE.as_secs()),
            }),
        };
    }

    /// Returns the name of the next object.
    fn name(&self, class: Class, day: Date) -> String {
        format!(
            "{}/region={}/accountId={}/eventDay={}/{}-{}.jsonl",
            class.name(),
            self.location.region,
            self.location.account,
            day.strftime("%Y%m%d"),
            self.run.replace('/', "-"),
            self.ocsf.next.fetch_add(1, Ordering::Relaxed)
        )
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
    fn object_names_follow_the_partitioning_of_security_lake() {
        let ocsf = Ocsf {
            target: Target::Folder(PathBuf::new()),
            next: AtomicU64::new(1),
        };
        let location = Location {
            partition: "aws".into(),
            region: "eu-central-1".into(),
            account: "111122223333".into(),
        };
        let log = ocsf.log(&location, "request/1");
        let day = "2026-03-01".parse().unwrap();
        let partition = "region=eu-central-1/accountId=111122223333/eventDay=20260301";
        for (class, name, number) in [
            (Class::Compliance, "compliance_finding", 1),
            (Class::Compliance, "compliance_finding", 2),
            (Class::Vulnerability, "vulnerability_finding", 3),
        ] {
            assert_eq!(
                log.name(class, day),
                format!("{name}/{partition}/request-1-{number}.jsonl")
            );
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
