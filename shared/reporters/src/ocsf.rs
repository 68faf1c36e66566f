//! The Open Cybersecurity Schema Framework (OCSF): events for data lakes, as lines of JSON in a bucket or in a folder.
//!
//! A run writes every verdict that is not pending, regardless of earlier runs, so that the data of a run is complete
//! without any other sink. Objects are partitioned as in Amazon Security Lake, separately for each event class. They
//! hold a few megabytes, since they are gathered in memory, and so does the largest event.
//! Source: <https://docs.aws.amazon.com/security-lake/latest/userguide/custom-sources.html>.

mod event;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use eksentry_aws::Aws;
use eksentry_core::{Finding, Location, Resource};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::{Destination, ReportError, Store};
pub use event::{Class, Event, closed, events};

/// The type of objects: lines of JSON.
const CONTENT_TYPE: &str = "application/x-ndjson";

/// The number of bytes that are gathered before they are written. A run gathers lines for two classes, and a sweep
/// makes a few runs at the same time.
const OBJECT_BYTES: usize = 4 * 1024 * 1024;

/// The maximum time for writing an object, including all tries. A data lake that does not respond must not keep
/// findings from the other sinks.
const WRITE: Duration = Duration::from_secs(30);

/// The OCSF sink of a process.
#[derive(Debug)]
pub struct Ocsf {
    store: Store,
    /// The number of the next object. Runs of one invocation write at the same time and to the same destination.
    next: AtomicU64,
}

impl Ocsf {
    /// Creates the sink that writes to a destination. It uses the credentials of `aws`, regardless of the account that
    /// the events are about.
    pub fn new(aws: &Aws, destination: &Destination) -> Self {
        Self {
            store: Store::new(aws, destination),
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
        let write = Box::pin(self.ocsf.store.write(&name, CONTENT_TYPE, lines));
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
        let number = self.ocsf.next.fetch_add(1, Ordering::Relaxed);
        object_name(class, self.location, day, self.run, number)
    }
}

/// Returns the name of an object: that of its partition, followed by the run and the number.
fn object_name(class: Class, location: &Location, day: Date, run: &str, number: u64) -> String {
    format!(
        "{}/region={}/accountId={}/eventDay={}/{}-{number}.jsonl",
        class.name(),
        location.region,
        location.account,
        day.strftime("%Y%m%d"),
        run.replace('/', "-"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_names_follow_the_partitioning_of_security_lake() {
        let location = Location {
            partition: "aws".into(),
            region: "eu-central-1".into(),
            account: "111122223333".into(),
        };
        let day = "2026-03-01".parse().unwrap();
        let partition = "region=eu-central-1/accountId=111122223333/eventDay=20260301";
        for (class, name, number) in [
            (Class::Compliance, "compliance_finding", 1),
            (Class::Compliance, "compliance_finding", 2),
            (Class::Vulnerability, "vulnerability_finding", 3),
        ] {
            assert_eq!(
                object_name(class, &location, day, "request/1", number),
                format!("{name}/{partition}/request-1-{number}.jsonl")
            );
        }
    }
}
