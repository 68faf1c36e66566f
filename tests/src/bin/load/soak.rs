//! The load of events, changes and sweeps for a long time.

use std::{
    error::Error,
    process,
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use clap::Parser;
use comfy_table::Table;
use eksentry_tests::lambda::{Function, binaries};
use eksentry_tests::load::{
    ACCOUNT, BUCKET, ChangingAccount, InstancePool, REGION, Tally, Usage, UsageHistory, Waves,
    differences, drive, sweep,
};
use eksentry_tests::stand_in::{Message, StandIn, sqs_event};
use serde_json::json;

use super::{FaultOptions, bar, megabytes, size};

const EVERY: Duration = Duration::from_secs(10);
/// The time after which functions count as warmed up.
const WARM: Duration = Duration::from_mins(1);
const TIME_LIMIT: Duration = Duration::from_mins(15);

#[derive(Parser)]
pub(crate) struct Options {
    /// The duration in minutes, at least 2
    #[arg(long, default_value_t = 10)]
    minutes: u64,
    /// The number of repositories in the account, at least 4; each has 25 images
    #[arg(long, default_value_t = 40)]
    repositories: usize,
    #[command(flatten)]
    faults: FaultOptions,
}

/// One process whose usage is recorded.
struct Watched {
    name: String,
    process: u32,
    history: UsageHistory,
}

/// An instance that is invoked repeatedly with the same event, and its failures.
struct Repeated {
    function: &'static str,
    instance: Function,
    payload: Vec<u8>,
    invocations: usize,
    failures: Vec<String>,
}

/// Runs the soak. Returns the problems that it found.
pub(crate) fn run(options: &Options) -> Result<Vec<String>, Box<dyn Error>> {
    let binaries = binaries()?;
    let mut changing_account = ChangingAccount::new(size(options.repositories, 25));
    let aws = StandIn::start(changing_account.account()?)?;
    aws.count_only();
    eprintln!("Sweeping the account before the soak.");
    sweep(&aws, binaries)?;
    options.faults.begin(&aws);
    let ledger = [("EKSENTRY_LEDGER_BUCKET".to_owned(), BUCKET.to_owned())];
    let start = |function, count, environment: &[(String, String)]| {
        InstancePool::start(&aws, binaries, function, count, environment)
    };
    let mut pools = [start("ecr-event", 2, &[])?, start("config-rule", 2, &[])?];
    let mut repeated = Vec::new();
    for (function, payload) in [("sweep", b"{}".to_vec()), ("sweep-worker", slices())] {
        let instances = start(function, 1, &ledger)?.instances.into_iter();
        repeated.extend(instances.map(|instance| Repeated {
            function,
            instance,
            payload: payload.clone(),
            invocations: 0,
            failures: Vec::new(),
        }));
    }
    let mut watched = watch(&pools, &repeated);

    let begun = Instant::now();
    let all = Duration::from_secs(options.minutes * 60);
    let is_over = || begun.elapsed() >= all;
    let tallies = Mutex::new(Vec::new());
    let bar = bar(
        all.as_secs() / EVERY.as_secs(),
        "{spinner} {elapsed}; {eta} left",
    );
    let waves = Waves {
        images: 100,
        items: 30,
        goes_on: &|_| !is_over(),
        done: &|| (),
    };
    thread::scope(|scope| {
        for repeated_function in &mut repeated {
            scope.spawn(|| repeated_function.repeat(is_over));
        }
        scope.spawn(|| {
            while !is_over() {
                record_usage(&mut watched, begun.elapsed());
                bar.inc(1);
                thread::sleep(EVERY);
            }
        });
        let results = drive(&aws, &mut changing_account, pools.each_mut(), &waves)?;
        let mut tallies = tallies
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        tallies.extend(results.map(|results| {
            let mut all = Tally::default();
            for result in results {
                all.add(result.tally);
            }
            all
        }));
        Ok::<_, Box<dyn Error>>(())
    })?;
    bar.finish_and_clear();

    let mut problems = show(&watched);
    let tallies = tallies
        .into_inner()
        .unwrap_or_else(std::sync::PoisonError::into_inner);
    for (pool, tally) in pools.iter().zip(tallies) {
        println!(
            "{}: {} events, {} retried",
            pool.function, tally.events, tally.redelivered
        );
        problems.extend(tally.lost.into_iter().chain(pool.problems()));
    }
    for repeated_function in repeated {
        println!(
            "{}: {} invocations, {} failed",
            repeated_function.function,
            repeated_function.invocations,
            repeated_function.failures.len()
        );
        problems.extend(
            repeated_function
                .failures
                .into_iter()
                .chain(repeated_function.instance.problems()),
        );
    }
    aws.clear_faults();
    sweep(&aws, binaries)?;
    problems.extend(differences(
        &aws,
        changing_account.requested_evaluations(),
        binaries,
    )?);
    problems.extend(aws.violations());
    Ok(problems)
}

/// Returns the event of a worker: each part of a sweep in its own message.
fn slices() -> Vec<u8> {
    let parts = [
        json!("clusters"),
        json!({"registry": {"prefix": ""}}),
        json!("keys"),
    ];
    let messages = parts.into_iter().enumerate().map(|(number, part)| Message {
        queue_url: format!("https://sqs.{REGION}.amazonaws.com/{ACCOUNT}/slices"),
        id: number.to_string(),
        body: json!({"part": part}).to_string(),
    });
    let messages: Vec<_> = messages.collect();
    sqs_event(&messages).to_string().into_bytes()
}

impl Repeated {
    fn repeat(&mut self, is_over: impl Fn() -> bool) {
        while !is_over() {
            let invocation = self.instance.invoke(&self.payload, TIME_LIMIT);
            self.instance.forget_logs();
            self.invocations += 1;
            if let Err(error) = invocation.outcome {
                self.failures.push(format!("{}: {error}", self.function));
            }
        }
    }
}

fn watch(pools: &[InstancePool], repeated: &[Repeated]) -> Vec<Watched> {
    let events = pools.iter().flat_map(|pool| {
        let instances = pool.instances.iter();
        instances.map(|instance| (pool.function.to_owned(), instance.process_id()))
    });
    let sweeps = repeated.iter().map(|repeated_function| {
        (
            repeated_function.function.to_owned(),
            repeated_function.instance.process_id(),
        )
    });
    let own = ("(stand-in and load generator)".to_owned(), process::id());
    let all = events.chain(sweeps).chain([own]);
    all.map(|(name, process)| Watched {
        name,
        process,
        history: UsageHistory::default(),
    })
    .collect()
}

fn record_usage(watched: &mut [Watched], at: Duration) {
    for Watched {
        process, history, ..
    } in watched
    {
        let usage = Usage::of(*process);
        history.samples.extend(usage.map(|usage| (at, usage)));
    }
}

/// Prints the usage of the processes. Returns the functions whose usage grew.
fn show(watched: &[Watched]) -> Vec<String> {
    let mut table = Table::new();
    table.set_header([
        "process",
        "memory at start",
        "memory after 1 minute",
        "memory at end",
        "memory growth per hour",
        "open files after 1 minute",
        "open files at end",
        "threads after 1 minute",
        "threads at end",
        "growing",
    ]);
    let mut problems = Vec::new();
    for Watched {
        name,
        process: id,
        history,
    } in watched
    {
        let seen = [
            history.after(Duration::ZERO),
            history.after(WARM),
            history.end(),
        ];
        let memory = seen.map(|usage| megabytes(usage.map(|usage| usage.memory)));
        let count = |usage: Option<Usage>, of: fn(Usage) -> usize| {
            usage.map_or_else(String::new, |usage| of(usage).to_string())
        };
        let grows = history.growth().grows.join(", ");
        let mut row = vec![name.clone()];
        row.extend(memory);
        row.push(format!("{:+.2} MB", history.slope(WARM) / 1e6));
        for of in [
            |usage: Usage| usage.open_files,
            |usage: Usage| usage.threads,
        ] {
            row.extend([count(seen[1], of), count(seen[2], of)]);
        }
        row.push(if grows.is_empty() {
            "none".to_owned()
        } else {
            grows.clone()
        });
        table.add_row(row);
        if !grows.is_empty() && *id != process::id() {
            problems.push(format!("{name}: growing {grows}"));
        }
    }
    println!("{table}");
    problems
}
