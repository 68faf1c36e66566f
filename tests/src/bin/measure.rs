//! `cargo measure`: cold start, memory and size of each function, compared with a function that does nothing.
//!
//! The functions are started in turn, repeatedly, so that other load on the machine slows all of them alike. The ratio
//! of the medians is the result.

use std::error::Error;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use comfy_table::Table;
use eksentry_tests::lambda::{Function, binaries};
use flate2::{Compression, write::DeflateEncoder};

const FUNCTIONS: [&str; 8] = [
    "idle",
    "cloudtrail-event",
    "cluster-reader",
    "config-rule",
    "ecr-event",
    "report",
    "sweep",
    "sweep-worker",
];
const ROUNDS: usize = 41;

#[derive(Default)]
struct Measured {
    first_polls: Vec<Duration>,
    memory: Vec<u64>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let folder = binaries()?;
    let mut measured: [Measured; FUNCTIONS.len()] = Default::default();
    for _ in 0..ROUNDS {
        for (name, measured) in FUNCTIONS.iter().zip(&mut measured) {
            let mut function = Function::start(&folder.join(name), [])?;
            measured.first_polls.push(function.first_poll()?);
            measured.memory.extend(function.resident_memory());
        }
    }

    let idle = median(&mut measured[0].first_polls);
    let mut table = Table::new();
    table.set_header([
        "function",
        "first poll",
        "relative to idle",
        "memory at first poll",
        "zipped",
    ]);
    for (name, measured) in FUNCTIONS.iter().zip(&mut measured) {
        let first_poll = median(&mut measured.first_polls);
        table.add_row([
            (*name).to_owned(),
            format!("{:.1} ms", first_poll.as_secs_f64() * 1e3),
            format!("{:.2}", first_poll.as_secs_f64() / idle.as_secs_f64()),
            format!("{:.1} MB", in_megabytes(median(&mut measured.memory))),
            format!("{:.2} MB", in_megabytes(zipped(&folder.join(name))?)),
        ]);
    }
    println!("Medians of {ROUNDS} starts of each function:\n{table}");
    Ok(())
}

fn median<T: Copy + Ord>(values: &mut [T]) -> T {
    values.sort_unstable();
    values[values.len() / 2]
}

/// Returns the size of the file as Lambda counts it: deflated.
fn zipped(path: &Path) -> Result<u64, Box<dyn Error>> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(&fs::read(path)?)?;
    Ok(encoder.finish()?.len() as u64)
}

#[expect(
    clippy::cast_precision_loss,
    reason = "sizes of files and processes are far below 2^53"
)]
fn in_megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}
