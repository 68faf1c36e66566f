//! The load of many events at once.

use std::{
    collections::BTreeMap,
    error::Error,
    process,
    time::{Duration, Instant},
};

use clap::Parser;
use comfy_table::Table;
use eksentry_tests::lambda::{binaries, cpu_time};
use eksentry_tests::load::{
    ChangingAccount, InstancePool, InstanceResult, Tally, Waves, differences, drive, sweep,
};
use eksentry_tests::stand_in::StandIn;

use super::{FaultOptions, bar, megabytes, number, size};

/// The number of waves in which the account changes.
const WAVES: usize = 20;

#[derive(Parser)]
pub(crate) struct Options {
    /// The number of image events, at least
    #[arg(long, default_value_t = 10_000)]
    events: usize,
    /// The number of configuration item changes that AWS Config sends, at least
    #[arg(long, default_value_t = 1_000)]
    changes: usize,
    /// The number of instances of ecr-event
    #[arg(long, default_value_t = 8)]
    instances: usize,
    /// The number of instances of config-rule
    #[arg(long, default_value_t = 4)]
    rule_instances: usize,
    /// The number of repositories in the account, at least 4
    #[arg(long, default_value_t = 100)]
    repositories: usize,
    /// The number of images in each repository
    #[arg(long, default_value_t = 100)]
    images: usize,
    #[command(flatten)]
    faults: FaultOptions,
}

/// Sends a burst of events. Returns the problems that it found.
pub(crate) fn run(options: &Options) -> Result<Vec<String>, Box<dyn Error>> {
    let binaries = binaries()?;
    let mut changing_account = ChangingAccount::new(size(options.repositories, options.images));
    let aws = StandIn::start(changing_account.account()?)?;
    aws.count_only();
    eprintln!("Sweeping the account before the burst.");
    sweep(&aws, binaries)?;
    options.faults.begin(&aws);
    let mut pools = [
        InstancePool::start(&aws, binaries, "ecr-event", options.instances, &[])?,
        InstancePool::start(&aws, binaries, "config-rule", options.rule_instances, &[])?,
    ];

    let (calls, harness) = (aws.counts(), cpu_time(process::id()));
    let all = number_of_events(options)?;
    let bar = bar(
        all,
        "{spinner} {pos} of about {len} in {elapsed}; {eta} left",
    );
    let waves = Waves {
        images: options.events.div_ceil(WAVES),
        items: options.changes.div_ceil(WAVES),
        goes_on: &|wave| wave < WAVES,
        done: &|| bar.inc(1),
    };
    let begun = Instant::now();
    let results = drive(&aws, &mut changing_account, pools.each_mut(), &waves)?;
    let took = begun.elapsed();
    bar.finish_and_clear();
    let harness = cpu_time(process::id()).zip(harness);
    let harness = harness.map(|(now, before)| now.saturating_sub(before));
    let calls = aws.counts_since(&calls);
    let throttled = aws.throttled();

    let mut problems: Vec<String> = pools.iter().flat_map(InstancePool::problems).collect();
    problems.extend(show(&pools, results, took));
    show_calls(&calls, throttled, harness);
    aws.clear_faults();
    eprintln!("Sweeping the account after the burst, without faults, to compare the findings.");
    problems.extend(differences(
        &aws,
        changing_account.requested_evaluations(),
        binaries,
    )?);
    problems.extend(aws.violations());
    Ok(problems)
}

fn number_of_events(options: &Options) -> Result<u64, Box<dyn Error>> {
    Ok(u64::try_from(options.events + options.changes)?)
}

/// Prints the results of the events. Returns the events that were lost.
fn show(
    pools: &[InstancePool; 2],
    results: [Vec<InstanceResult>; 2],
    took: Duration,
) -> Vec<String> {
    let mut table = Table::new();
    table.set_header([
        "function",
        "instances",
        "events",
        "events per second",
        "p50",
        "p95",
        "p99",
        "max",
        "failed invocations",
        "retried",
        "rejected",
        "lost",
        "calls per invocation",
        "CPU per invocation",
        "memory at start",
        "memory after 1,000 events",
        "memory at end",
    ]);
    let mut lost = Vec::new();
    for (pool, results) in pools.iter().zip(results) {
        let cpu: Duration = results.iter().map(|result| result.cpu).sum();
        let memory =
            |at: usize| megabytes(results.iter().filter_map(|result| result.memory[at]).max());
        let memory = [memory(0), memory(1), memory(2)];
        let instances = results.len();
        let mut all = Tally::default();
        for result in results {
            all.add(result.tally);
        }
        let mut row = vec![pool.function.to_owned(), instances.to_string()];
        row.extend(cells(&all, cpu, took));
        row.extend(memory);
        table.add_row(row);
        lost.extend(all.lost);
    }
    println!("Duration: {:.0} s\n{table}", took.as_secs_f64());
    lost
}

fn cells(all: &Tally, cpu: Duration, took: Duration) -> Vec<String> {
    let invocations = number(all.latencies.len()).max(1.0);
    let milliseconds = |time: Duration| format!("{:.0} ms", time.as_secs_f64() * 1e3);
    let errors = all.errors.iter();
    let errors: Vec<String> = errors
        .map(|(error, count)| format!("{error} {count}"))
        .collect();
    let mut cells = vec![
        all.events.to_string(),
        format!("{:.1}", number(all.events) / took.as_secs_f64()),
    ];
    cells.extend([50, 95, 99, 100].map(|percent| milliseconds(all.percentile(percent))));
    cells.extend([
        errors.join(", "),
        all.redelivered.to_string(),
        all.rejected.to_string(),
        all.lost.len().to_string(),
        format!("{:.1}", number(all.calls) / invocations),
        format!("{:.1} ms", cpu.as_secs_f64() * 1e3 / invocations),
    ]);
    cells
}

fn show_calls(calls: &BTreeMap<String, usize>, throttled: usize, harness: Option<Duration>) {
    let mut table = Table::new();
    table.set_header(["operation", "calls"]);
    for (operation, count) in calls {
        table.add_row([operation.clone(), count.to_string()]);
    }
    println!("{table}");
    println!("Calls throttled by Security Hub's rate limits: {throttled}");
    if let Some(harness) = harness {
        println!(
            "CPU time of the stand-in and the load generator: {:.0} s",
            harness.as_secs_f64()
        );
    }
}
