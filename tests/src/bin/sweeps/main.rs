//! `cargo sweeps`: measures the calls, the time and the memory of sweeps of large accounts.
//!
//! For each size there is an account in a stand-in that answers no call faster than AWS would, and that limits calls to
//! the rates that AWS documents: registries with a number of repositories or, with `--clusters`, clusters with nodes,
//! networks, administrators and add-ons, or, with `--mixed`, 200 such clusters, 2,000 repositories and 500 keys, or, with
//! `--pods`, one cluster whose API server has a number of pods in a hundred namespaces, ten of each workload. The account is swept three times, on three different days as far as the
//! function can tell, each time by a new process: when Security Hub is empty, when nothing has changed since, and when
//! one repository in a hundred has other settings and one image in a hundred is gone, when all nodes were replaced, or
//! when one workload in a hundred has another image. With `--report`, the function `report` then writes a report on all
//! findings.
//!
//! No sweep with these calls can take less time than the largest of
//!
//! - for each service, its calls × latency ÷ 64, since the function has at most so many calls of a service in flight;
//! - (calls of BatchImportFindings − 30) ÷ 10 per second, and (calls of GetFindings − 6) ÷ 3 per second: the rates and
//!   bursts of Security Hub; and likewise for the operations of KMS.
//!
//! The table names the term that decides this bound, and shows the time from the event to the answer as a multiple of
//! the bound. It also shows two processor times that are not part of the bound: that of the function, and that of this
//! process, which is the stand-in's. The stand-in has one thread: where its processor time approaches the duration of
//! the sweep, the function waited for the stand-in. The stand-in's own work comes on top of the latency, at about two
//! milliseconds a call. With a latency of 20 ms, sweeps therefore hardly get below 1.1 times the bound.

mod accounts;
mod contents;

use std::collections::BTreeMap;
use std::error::Error;
use std::path::Path;
use std::process;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;
use comfy_table::Table;
use eksentry_tests::account::Account;
use eksentry_tests::kubernetes::{KubernetesApi, TlsServer};
use eksentry_tests::lambda::{Function, binaries, cpu_time};
use eksentry_tests::stand_in::{Fault, FaultKind, StandIn};
use jiff::Timestamp;
use serde_json::Value;

use self::accounts::Size;

const ACCOUNT: &str = "111122223333";
const REGION: &str = "eu-central-1";
const BUCKET: &str = "eksentry-ledgers";
const REPORTS: &str = "eksentry-reports";

/// Long enough that no sweep is cut off.
const TIME_LIMIT: Duration = Duration::from_hours(2);
const DAY: Duration = Duration::from_hours(24);
/// The longest time that a burst of calls takes to be available again.
const BURST_REFILLS: Duration = Duration::from_secs(3);
/// The time between two lines of progress.
const PROGRESS_INTERVAL: Duration = Duration::from_secs(15);

/// The largest number of calls of a service that the function has in flight.
const IN_FLIGHT: f64 = 64.0;
/// The operations with documented rates: the burst of calls, and the calls per second after that.
const RATES: [(&str, f64, f64); 5] = [
    (IMPORTS, 30.0, 10.0),
    (READS, 6.0, 3.0),
    ("kms.DescribeKey", 2_000.0, 2_000.0),
    ("kms.GetKeyPolicy", 1_000.0, 1_000.0),
    ("kms.GetKeyRotationStatus", 1_000.0, 1_000.0),
];
const IMPORTS: &str = "securityhub.BatchImportFindings";
const READS: &str = "securityhub.GetFindings";

/// Measures sweeps of large accounts.
#[derive(Parser)]
#[command(name = "cargo sweeps")]
struct Options {
    /// The numbers of repositories in the accounts, separated by commas
    #[arg(long, value_delimiter = ',', default_values_t = [1_000, 10_000, 100_000])]
    sizes: Vec<usize>,
    /// The number of images of each repository
    #[arg(long, default_value_t = 2)]
    images: usize,
    /// Measures an account with 200 clusters, 2,000 repositories and 500 keys instead
    #[arg(long, conflicts_with_all = ["sizes", "clusters", "pods"])]
    mixed: bool,
    /// The number of clusters in an account without repositories, which is measured instead
    #[arg(long, conflicts_with = "sizes")]
    clusters: Option<usize>,
    /// The number of nodes of all clusters together
    #[arg(long, requires = "clusters", default_value_t = 1_500)]
    nodes: usize,
    /// The number of pods of a cluster in an account without repositories, which is measured instead
    #[arg(long, conflicts_with_all = ["sizes", "clusters"])]
    pods: Option<usize>,
    /// Also measures the function `report` after the sweeps
    #[arg(long)]
    report: bool,
    /// The duration of each call in milliseconds
    #[arg(long, default_value_t = 20)]
    latency: u32,
}

/// The measurements of one sweep, or of the function `report` after it.
struct Sweep {
    size: Size,
    name: &'static str,
    /// The summary that the function returned.
    summary: Value,
    /// The number of resources in the account.
    resources: usize,
    calls: BTreeMap<String, usize>,
    throttled: usize,
    /// The requests to the Kubernetes API of the cluster, and the most of them that were in flight at a time.
    requests: usize,
    in_flight: usize,
    wall: Duration,
    cpu: Option<Duration>,
    stand_in_cpu: Option<Duration>,
    peak_memory: Option<u64>,
}

/// The least time that a sweep can take, and the service or operation that decides it.
struct Bound {
    seconds: f64,
    by: String,
}

fn main() -> Result<(), Box<dyn Error>> {
    let options = Options::parse();
    let folder = binaries()?;
    let latency = Duration::from_millis(options.latency.into());
    let mut table = Table::new();
    table.set_header([
        "account",
        "sweep",
        "resources",
        "findings",
        "posted",
        "archived",
        "calls",
        "calls per resource",
        "calls per finding",
        "imports",
        "reads",
        "throttled",
        "Kubernetes requests",
        "in flight",
        "duration",
        "bound",
        "bound by",
        "duration / bound",
        "CPU",
        "CPU per finding",
        "CPU per call",
        "stand-in CPU",
        "peak memory",
    ]);
    let images = options.images;
    let sizes = match (options.clusters, options.pods) {
        _ if options.mixed => vec![Size::Mixed {
            clusters: 200,
            repositories: 2_000,
            images,
            keys: 500,
        }],
        (Some(clusters), _) => vec![Size::Clusters {
            clusters,
            nodes: options.nodes,
        }],
        (None, Some(pods)) => vec![Size::Pods(pods)],
        (None, None) => {
            let sizes = options.sizes.into_iter();
            let sizes = sizes.map(|repositories| Size::Repositories {
                repositories,
                images,
            });
            sizes.collect()
        }
    };
    for size in sizes {
        for sweep in sweeps(folder, size, latency, options.report)? {
            table.add_row(row(&sweep, latency));
        }
    }
    println!(
        "Sweeps with a latency of at least {} ms per call:\n{table}",
        latency.as_millis()
    );
    Ok(())
}

/// Runs the three sweeps of an account of this size and, if that is wanted, the function `report`.
fn sweeps(
    folder: &Path,
    size: Size,
    latency: Duration,
    with_report: bool,
) -> Result<Vec<Sweep>, Box<dyn Error>> {
    eprintln!("{size}: creating the account");
    let mut account = size.account()?;
    account.buckets.push(REPORTS.to_owned());
    let contents = match size {
        Size::Pods(pods) => Some(Contents::serve(pods, latency, &mut account)?),
        Size::Repositories { .. } | Size::Mixed { .. } | Size::Clusters { .. } => None,
    };
    let aws = StandIn::start(account)?;
    let milliseconds = u64::try_from(latency.as_millis())?;
    if milliseconds > 0 {
        aws.fail(Fault::new("*", FaultKind::Latency(milliseconds)));
    }
    aws.limit_rates();
    aws.count_only();
    let invoke = |function, name| {
        let binary = folder.join(function);
        invoke(&binary, function, &aws, contents.as_ref(), size, name)
    };
    let mut measured = vec![invoke("sweep", "first")?];
    simulate_next_day(&aws);
    measured.push(invoke("sweep", "unchanged")?);
    simulate_next_day(&aws);
    aws.change(|account| size.change(account))?;
    if let Some(contents) = &contents {
        contents.change()?;
    }
    measured.push(invoke("sweep", size.change_name())?);
    if with_report {
        thread::sleep(BURST_REFILLS);
        measured.push(invoke("report", "report")?);
    }
    let of_cluster = contents.iter().flat_map(|one| one.api.violations());
    match aws.violations().into_iter().chain(of_cluster).next() {
        Some(violation) => Err(format!("AWS would have rejected a request: {violation}").into()),
        None => Ok(measured),
    }
}

/// A cluster, and the server of its API.
struct Contents {
    pods: usize,
    api: KubernetesApi,
    _server: TlsServer,
}

impl Contents {
    /// Serves a cluster with a number of pods, and adds it to the account.
    fn serve(
        pods: usize,
        latency: Duration,
        account: &mut Account,
    ) -> Result<Self, Box<dyn Error>> {
        let api = KubernetesApi::for_functions(contents::cluster(pods, latency))?;
        let server = api.serve()?;
        account.set_endpoint(contents::CLUSTER, &server.url(), &server.authority_data())?;
        Ok(Self {
            pods,
            api,
            _server: server,
        })
    }

    fn change(&self) -> Result<(), Box<dyn Error>> {
        self.api.set_objects(contents::objects(self.pods, true))?;
        self.api.expire_lists();
        Ok(())
    }
}

/// Makes the findings in Security Hub one day old, and waits until bursts are available again.
fn simulate_next_day(aws: &StandIn) {
    let yesterday = (Timestamp::now() - DAY).to_string();
    aws.edit_findings(|finding| {
        finding.insert("UpdatedAt".to_owned(), yesterday.clone().into());
    });
    thread::sleep(BURST_REFILLS);
}

fn invoke(
    binary: &Path,
    function: &str,
    aws: &StandIn,
    contents: Option<&Contents>,
    size: Size,
    name: &'static str,
) -> Result<Sweep, Box<dyn Error>> {
    let mut resources = 0;
    aws.change(|account| {
        let images = account.repositories.iter().map(|one| one.images.len());
        resources = account.repositories.len()
            + account.clusters.len()
            + account.keys.len()
            + images.sum::<usize>();
    })?;
    let kubernetes = if contents.is_some() { "on" } else { "off" };
    let destination = format!("s3://{REPORTS}/eksentry/report");
    let settings = [
        ("EKSENTRY_LEDGER_BUCKET", BUCKET),
        ("EKSENTRY_KUBERNETES", kubernetes),
        ("EKSENTRY_REPORT", &destination),
    ];
    let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let deployment = aws.deployment(&settings)?;
    // At the default level, half a million lines would be kept in memory here.
    let level = ("AWS_LAMBDA_LOG_LEVEL".to_owned(), "WARN".to_owned());
    let environment = aws.sign_in(&deployment, function)?.into_iter();
    let environment = environment.chain(settings).chain([level]);
    let requests = || contents.map_or(0, |contents| contents.api.received().len());
    let mut function = Function::start(binary, environment)?.of_account(ACCOUNT);
    function.first_poll()?;

    let (calls, throttled, earlier) = (aws.counts(), aws.throttled(), requests());
    let (cpu, stand_in_cpu) = (function.cpu_time(), cpu_time(process::id()));
    let invocation = with_progress(aws, &format!("{size}, {name}"), || {
        function.invoke(b"{}", TIME_LIMIT)
    });
    let sweep = Sweep {
        size,
        name,
        resources,
        calls: aws.counts_since(&calls),
        throttled: aws.throttled() - throttled,
        requests: requests() - earlier,
        in_flight: contents.map_or(0, |contents| contents.api.most_in_flight()),
        wall: invocation.duration,
        cpu: since(cpu, function.cpu_time()),
        stand_in_cpu: since(stand_in_cpu, cpu_time(process::id())),
        peak_memory: function.peak_memory(),
        summary: invocation.outcome.inspect_err(|_| {
            for line in function.logs() {
                eprintln!("{line}");
            }
        })?,
    };
    eprintln!(
        "{size}, {name}: done in {:.1} s; {}",
        sweep.wall.as_secs_f64(),
        call_counts(&sweep.calls)
    );
    Ok(sweep)
}

/// Prints the number of calls at intervals while `action` runs.
fn with_progress<T>(aws: &StandIn, what: &str, action: impl FnOnce() -> T) -> T {
    let (done, is_done) = mpsc::channel::<()>();
    let begun = Instant::now();
    let before: usize = aws.counts().values().sum();
    thread::scope(|scope| {
        scope.spawn(move || {
            while is_done.recv_timeout(PROGRESS_INTERVAL) == Err(RecvTimeoutError::Timeout) {
                let calls = aws.counts().values().sum::<usize>() - before;
                let seconds = begun.elapsed().as_secs();
                eprintln!("{what}: {calls} calls in {seconds} s");
            }
        });
        let value = action();
        drop(done);
        value
    })
}

fn bound(calls: &BTreeMap<String, usize>, latency: Duration) -> Bound {
    let mut of_services: BTreeMap<&str, usize> = BTreeMap::new();
    for (name, count) in calls {
        let (service, _) = name.split_once('.').unwrap_or((name, ""));
        *of_services.entry(service).or_default() += count;
    }
    let of_services = of_services.into_iter().map(|(service, calls)| Bound {
        seconds: number(calls) * latency.as_secs_f64() / IN_FLIGHT,
        by: service.to_owned(),
    });
    let of_rates = RATES.map(|(name, burst, rate)| Bound {
        seconds: (number(calls.get(name).copied().unwrap_or_default()) - burst).max(0.0) / rate,
        by: name.replace("securityhub.", ""),
    });
    of_services
        .chain(of_rates)
        .max_by(|one, other| one.seconds.total_cmp(&other.seconds))
        .unwrap_or(Bound {
            seconds: 0.0,
            by: String::new(),
        })
}

fn row(sweep: &Sweep, latency: Duration) -> Vec<String> {
    let Sweep { summary, calls, .. } = sweep;
    let summary_count = |name: &str| usize::try_from(summary[name].as_u64().unwrap_or_default());
    let summary_count = |name: &str| summary_count(name).unwrap_or_default();
    let count = |name: &str| calls.get(name).copied().unwrap_or_default().to_string();
    let all: usize = calls.values().sum();
    // A report states how many findings it has.
    let findings = summary_count("evaluated").max(summary_count("findings"));
    let bound = bound(calls, latency);
    let wall = sweep.wall.as_secs_f64();
    vec![
        sweep.size.to_string(),
        sweep.name.to_owned(),
        sweep.resources.to_string(),
        findings.to_string(),
        summary_count("posted").to_string(),
        summary_count("archived").to_string(),
        all.to_string(),
        format!("{:.3}", number(all) / number(sweep.resources)),
        format!("{:.3}", number(all) / number(findings)),
        count(IMPORTS),
        count(READS),
        sweep.throttled.to_string(),
        sweep.requests.to_string(),
        sweep.in_flight.to_string(),
        format!("{wall:.1} s"),
        format!("{:.1} s", bound.seconds),
        bound.by,
        format!("{:.2}", wall / bound.seconds),
        seconds(sweep.cpu),
        milliseconds(sweep.cpu, findings),
        milliseconds(sweep.cpu, all),
        seconds(sweep.stand_in_cpu),
        sweep.peak_memory.map_or_else(unknown, |bytes| {
            format!("{} MB", (bytes + 500_000) / 1_000_000)
        }),
    ]
}

/// Renders operations with their numbers of calls, the most frequent first.
fn call_counts(calls: &BTreeMap<String, usize>) -> String {
    let mut calls: Vec<(&String, &usize)> = calls.iter().collect();
    calls.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let calls: Vec<String> = calls
        .into_iter()
        .map(|(name, count)| format!("{name} {count}"))
        .collect();
    calls.join(", ")
}

fn since(before: Option<Duration>, now: Option<Duration>) -> Option<Duration> {
    now?.checked_sub(before?)
}

fn seconds(time: Option<Duration>) -> String {
    time.map_or_else(unknown, |time| format!("{:.1} s", time.as_secs_f64()))
}

/// Renders the part of a time that each of `count` items has.
fn milliseconds(time: Option<Duration>, count: usize) -> String {
    time.map_or_else(unknown, |time| {
        format!("{:.2} ms", time.as_secs_f64() * 1_000.0 / number(count))
    })
}

fn unknown() -> String {
    "unknown".to_owned()
}

fn number(count: usize) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}
