//! `report`: writes a report on the findings in Security Hub to a bucket or a folder, after each sweep.
//!
//! Security Hub holds the results of all parts of a sweep, wherever they were evaluated. How a report looks is left to
//! the crate of the function.

use std::io;
use std::sync::Arc;

use eksentry_core::{Check, Location};
use eksentry_reporters::{Destination, FindingDocuments, Store};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Unit};
use lambda_runtime::LambdaEvent;
use serde_json::{Value, json};

pub use crate::report_format::ReportFormat;

use crate::app::App;
use crate::error::{Error, ErrorKind};
use crate::settings::Settings;

/// A report that findings are added to, one by one, so that no page of documents is kept.
pub trait FindingsReport {
    /// Begins a report. `home` is the account and the Region of the function, and `checks` are those that run there.
    fn new(made_at: Timestamp, home: &Location, checks: &[&'static Check]) -> Self;

    /// Adds a finding, which is a document in the AWS Security Finding Format with any content.
    fn add(&mut self, document: &Value);

    /// Returns the number of findings.
    fn findings(&self) -> usize;

    /// Renders the report.
    ///
    /// # Errors
    ///
    /// Returns an error if the report can't be rendered.
    fn render(self, format: ReportFormat) -> io::Result<Vec<u8>>;
}

/// Handles an event. Its content is untrusted and not read: any event leads to a report on all findings.
///
/// # Errors
///
/// Returns an error if the settings are wrong, or if the findings or the checks' parameters could not be read. Nothing
/// is written then, since a report that lacks findings would look like one without failures. Also returns an error if
/// the report could not be written.
pub async fn handle<R: FindingsReport>(
    app: Arc<App>,
    event: LambdaEvent<Value>,
) -> Result<Value, Error> {
    let context = event.context;
    let settings = app.settings()?;
    let destination = destination(settings)?;
    let aws = app.aws(&context).await?;
    let current = aws.parameters.now(&settings.selection, true).await;
    let current = current
        .map_err(|error| Error::new(error.kind, format!("no report was written: {error}")))?;
    let selection = settings.effective(current.selection);
    let checks: Vec<_> = selection.enabled_checks().collect();

    let home = &aws.home.location;
    let now = app.clock().now();
    let made_at = now.round(Unit::Second).unwrap_or(now);
    let mut report = R::new(made_at, home, &checks);
    let documents = FindingDocuments::new(&aws.aws, home.clone());
    let read = documents.each(|document| report.add(document)).await;
    read.map_err(|error| {
        let message = format!(
            "couldn't read all findings that Security Hub holds in {home}, so no report was written: {error}"
        );
        Error::new(ErrorKind::NotAvailable, message)
    })?;

    let findings = report.findings();
    let format = settings.report_format;
    let store = Store::new(&aws.aws, destination);
    let name = name(home, made_at, &context.request_id, format);
    let address = store.address(&name);
    let failed = |error: &dyn std::fmt::Display| {
        let message = format!(
            "couldn't write the report on {findings} findings to {address}: {error}. To fix this, check that the \
             bucket exists in this Region, and that its policy and its key allow the function's role to write"
        );
        Error::new(ErrorKind::NotDelivered, message)
    };
    let body = report.render(format).map_err(|error| failed(&error))?;
    let bytes = body.len();
    let written = store.write(&name, format.content_type(), body).await;
    written.map_err(|error| failed(&error))?;
    tracing::info!(findings, bytes, "wrote the report {address}");
    Ok(json!({"report": address, "findings": findings, "bytes": bytes}))
}

/// Returns the destination of reports.
fn destination(settings: &Settings) -> Result<&Destination, Error> {
    let invalid = |problem: &str| Error::new(ErrorKind::InvalidSettings, problem);
    if !settings.security_hub {
        return Err(invalid(
            "the environment variable EKSENTRY_SECURITY_HUB is off, but a report consists of findings in Security \
             Hub: set it to on (SecurityHub=on in the stack)",
        ));
    }
    settings.report.as_ref().ok_or_else(|| {
        invalid(
            "the environment variable EKSENTRY_REPORT isn't set: set it to the destination of reports, such as \
             s3://bucket/prefix (ReportBucket in the stack)",
        )
    })
}

/// Returns the name of a report. No two reports have the same one: one request can be made several times, but not at
/// the same time.
fn name(home: &Location, made_at: Timestamp, request: &str, format: ReportFormat) -> String {
    let made_at = TimeZone::UTC.to_datetime(made_at);
    format!(
        "{}/{}/{}-{}.{}",
        home.account,
        home.region,
        made_at.strftime("%Y/%m/%d/%Y%m%dT%H%M%SZ"),
        request.replace('/', "-"),
        format.name()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_sorted_by_their_times_in_utc() {
        let home = Location {
            partition: "aws".to_owned(),
            region: "eu-central-1".to_owned(),
            account: "111122223333".to_owned(),
        };
        let made_at = "2026-03-01T00:20:30+02:00".parse().unwrap();
        assert_eq!(
            name(&home, made_at, "8476a536/1", ReportFormat::Markdown),
            "111122223333/eu-central-1/2026/02/28/20260228T222030Z-8476a536-1.md"
        );
    }

    #[test]
    fn a_report_requires_a_destination_and_security_hub() {
        let on = Settings {
            security_hub: true,
            report: Some("s3://reports/eksentry".parse().unwrap()),
            ..Settings::default()
        };
        assert_eq!(destination(&on).ok(), on.report.as_ref());
        for (settings, variable) in [
            (
                Settings {
                    security_hub: false,
                    ..on.clone()
                },
                "EKSENTRY_SECURITY_HUB",
            ),
            (Settings { report: None, ..on }, "EKSENTRY_REPORT"),
        ] {
            let error = destination(&settings).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidSettings);
            assert!(error.message.contains(variable), "{error}");
        }
    }
}
