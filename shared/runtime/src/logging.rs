//! Structured logs: one JSON object a line on standard output, which Lambda sends to CloudWatch Logs.

use std::{io, panic};

use tracing::Subscriber;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::host::Host;

/// The prefix of the log targets of eksentry's own crates.
const OWN: &str = "eksentry";

/// Starts logging to standard output, at the level that Lambda's logging configuration sets (`AWS_LAMBDA_LOG_LEVEL`;
/// info by default). A panic is logged as a line too; the Lambda runtime reports it as an error.
pub(crate) fn start(host: &Host) {
    let level = (host.variables)("AWS_LAMBDA_LOG_LEVEL");
    subscriber(level.as_deref(), io::stdout).init();
    panic::set_hook(Box::new(|panic| {
        tracing::error!(errorType = "Panic", "{panic}");
    }));
}

/// Returns a subscriber that writes a function's logs at that level to `output`.
pub fn subscriber<W>(level: Option<&str>, output: W) -> impl Subscriber + Send + Sync
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let lines = tracing_subscriber::fmt::layer()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_writer(output);
    tracing_subscriber::registry()
        .with(filter(level))
        .with(lines)
}

/// Returns the filter for a log level. Libraries never log below info: at lower levels they would write whole requests
/// and responses, including headers with credentials, and policies.
fn filter(level: Option<&str>) -> Targets {
    let level = level.and_then(|level| level.parse().ok());
    let level = level.unwrap_or(LevelFilter::INFO);
    Targets::new()
        .with_default(level.min(LevelFilter::INFO))
        .with_target(OWN, level)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tracing::Level;

    #[test]
    fn only_our_own_crates_log_below_info() {
        for (level, own, library) in [
            (None, Level::INFO, Level::INFO),
            (Some("WARN"), Level::WARN, Level::WARN),
            (Some("DEBUG"), Level::DEBUG, Level::INFO),
            (Some("TRACE"), Level::TRACE, Level::INFO),
            (Some("loud"), Level::INFO, Level::INFO),
        ] {
            let filter = filter(level);
            for (target, most) in [
                ("eksentry_runtime::run", own),
                ("aws_smithy_runtime", library),
            ] {
                assert!(filter.would_enable(target, &most), "{level:?} {target}");
                let more = [Level::DEBUG, Level::TRACE];
                for more in more.into_iter().filter(|more| *more > most) {
                    assert!(
                        !filter.would_enable(target, &more),
                        "{level:?} {target} {more}"
                    );
                }
            }
        }
    }
}
