//! `cargo load`: many events at once, and events for a long time, on functions that are warm.
//!
//! What is measured is in docs/reliability.md.

mod burst;
mod soak;

use std::{error::Error, process::ExitCode, time::Duration};

use clap::{Args, Parser, Subcommand};
use eksentry_tests::load::Size;
use eksentry_tests::stand_in::{Fault, FaultKind, StandIn};
use indicatif::{ProgressBar, ProgressStyle};

/// Puts the functions under load, and says whether they bore it.
#[derive(Parser)]
#[command(name = "cargo load")]
struct Options {
    #[command(subcommand)]
    load: Load,
}

#[derive(Subcommand)]
enum Load {
    /// Many events at once: how fast they are done with, and whether anything is lost or wrong in the end
    Burst(burst::Options),
    /// Events, changes and sweeps for minutes on end: whether memory, open files or threads grow
    Soak(soak::Options),
}

/// What goes wrong in passing.
#[derive(Args, Clone, Copy)]
struct Trouble {
    /// Keep Security Hub's documented rates, as AWS does
    #[arg(long)]
    limit_rates: bool,
    /// Throttle one call in twenty, and break one in two hundred
    #[arg(long)]
    faults: bool,
}

impl Trouble {
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
        println!("Nothing was lost, and in the end everything is as it is.");
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// An account with so many repositories, each with so many images.
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
