//! The end of the results of a scan in a terminal: what went wrong, what has changed, and the numbers.

use std::fmt::Write as _;

use eksentry_report::{Status, printable};
use eksentry_runtime::Scanned;

use crate::output::Results;

/// Renders the errors, the differences to an earlier report, and the numbers.
pub(crate) fn render(results: &Results, scanned: &Scanned) -> String {
    let mut text = String::new();
    for error in &scanned.errors {
        let _ = writeln!(text, "error: {}", printable(&error.to_string()));
    }
    if !scanned.errors.is_empty() {
        text.push('\n');
    }
    if let Some(comparison) = &results.comparison {
        let _ = writeln!(text, "{comparison}");
    }
    let count = |status| results.report.count(status);
    let mut parts = vec![
        format!("{} failed", count(Status::Failed)),
        format!("{} to review", count(Status::Warning)),
        format!("{} not available", count(Status::NotAvailable)),
        format!("{} passed", count(Status::Passed)),
    ];
    let summary = &scanned.summary;
    if summary.muted > 0 {
        parts.push(format!("{} of them muted", summary.muted));
    }
    if summary.pending > 0 {
        parts.push(format!("{} pending", summary.pending));
    }
    let throttled = match summary.throttled {
        0 => String::new(),
        throttled => format!(", {throttled} of them throttled"),
    };
    let (seconds, tenths) = (summary.duration_ms / 1_000, summary.duration_ms / 100 % 10);
    let _ = write!(
        text,
        "{} of {} resources of account {}.\n{} calls{throttled}, {seconds}.{tenths} s.\n",
        parts.join(", "),
        summary.resources,
        scanned.home.account,
        summary.calls
    );
    text
}
