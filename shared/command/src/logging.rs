//! The log: warnings, which are shown in any case, and with `--verbose` everything that the functions would log.

use std::io::{self, Write};

use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::{Targets, filter_fn};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::progress::Progress;

/// The verbosity of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verbosity {
    /// Nothing is shown.
    Quiet,
    /// Warnings are shown. Errors are part of the results.
    Normal,
    /// Everything is shown.
    Verbose,
}

/// Starts logging to standard error, above the progress.
pub(crate) fn start(verbosity: Verbosity, progress: &Progress) {
    let bar = progress.bar().clone();
    let lines = tracing_subscriber::fmt::layer()
        .with_ansi(false)
        .without_time()
        .with_target(false)
        .with_writer(move || AboveBar(bar.clone()));
    // The libraries of AWS log requests, with headers that hold credentials, at levels below info.
    let own = Targets::new().with_target("eksentry", LevelFilter::INFO);
    let shown = filter_fn(move |event| match verbosity {
        Verbosity::Quiet => false,
        Verbosity::Normal => *event.level() == Level::WARN,
        Verbosity::Verbose => true,
    });
    let layer = lines.with_filter(own).with_filter(shown);
    // This fails if there is a subscriber already, as in a test.
    let _ = tracing_subscriber::registry().with(layer).try_init();
}

/// A writer of whole lines to standard error.
struct AboveBar(indicatif::ProgressBar);

impl Write for AboveBar {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().write_all(text))?;
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}
