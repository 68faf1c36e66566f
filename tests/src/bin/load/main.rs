//! `cargo load`: many events at once, and events for a long time, on warm functions.
//!
//! docs/reliability.md describes the measurements.

mod burst;
mod soak;

use std::{error::Error, process::ExitCode, time::Duration};

use clap::{Args, Parser, Subcommand};
use eksentry_tests::load::Size;
use eksentry_tests::stand_in::{Fault, FaultKind, StandIn};
use indicatif::{ProgressBar, ProgressStyle};

/// Sends many events to the functions, and reports lost events and incorrect findings.
#[derive(Parser)]
#[command(name = "cargo load")]
struct Options {
    #[command(subcommand)]
    load: Load,
}

#[derive(Subcommand)]
enum Load {
    /// Send many events at once: measures the throughput, and reports lost events and incorrect findings
    Burst(burst::Options),
    /// Send events and run sweeps for several minutes: reports growth of memory, open files or threads
    Soak(soak::Options),
}

/// Transient faults.
#[derive(Args, Clone, Copy)]
struct FaultOptions {
    /// Apply Security Hub's documented rate limits, as AWS does
    #[arg(long)]
    limit_rates: bool,
    /// Throttle one call in twenty, and reset the connection of one in two hundred
    #[arg(long)]
    faults: bool,
}

impl FaultOptions {
    fn begin(self, aws: &StandIn) {
        if self.limit_rates {
            aws.limit_rates();
        }
        if self.faults {
            aws.fail(Fault::new("*", FaultKind::Throttle).one_in(20));
            aws.fail(Fault::new("*", FaultKind::Reset).one_in(200));
        }
    }
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let problems = match Options::parse().load {
        Load::Burst(options) => burst::run(&options)?,
        Load::Soak(options) => soak::run(&options)?,
    };
    for problem in &problems {
        eprintln!("{problem}");
    }
    Ok(if problems.is_empty() {
        println!("No events were lost, and all findings and evaluations are correct.");
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Returns the size of an account with this number of repositories, and of images in each.
fn size(repositories: usize, images: usize) -> Size {
    Size {
        repositories,
        images,
        clusters: 10,
        keys: 20,
    }
}

fn bar(length: u64, template: &str) -> ProgressBar {
    let bar = ProgressBar::new(length);
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(500));
    bar
}

fn megabytes(bytes: Option<u64>) -> String {
    bytes.map_or_else(
        || "unknown".to_owned(),
        |bytes| format!("{:.1} MB", number(bytes) / 1e6),
    )
}

fn number(count: impl TryInto<u64>) -> f64 {
    let count = count.try_into().unwrap_or(u64::MAX);
    #[expect(clippy::cast_precision_loss, reason = "nothing here comes near 2^53")]
    let number = count as f64;
    number
}
