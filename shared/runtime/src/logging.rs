//! Structured logs: one JSON object a line on standard output, which Lambda hands to CloudWatch Logs.

use std::panic;

use tracing::level_filters::LevelFilter;

/// Starts logging, at the level that Lambda's logging configuration sets (`AWS_LAMBDA_LOG_LEVEL`; info). A panic
/// becomes a log line too; the Lambda runtime makes an error of it.
pub(crate) fn start() {
    let level = std::env::var("AWS_LAMBDA_LOG_LEVEL")
        .ok()
        .and_then(|level| level.parse().ok());
    tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_max_level(level.unwrap_or(LevelFilter::INFO))
        .init();
    panic::set_hook(Box::new(|panic| {
        tracing::error!(errorType = "Panic", "{panic}");
    }));
}
