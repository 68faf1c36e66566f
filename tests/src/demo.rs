//! `cargo demo`: plays the sample events through the real functions, against a stand-in for AWS that serves an account
//! from a file, and shows the findings in Security Hub and the evaluations in AWS Config. With `--serve`, functions
//! that run elsewhere receive the events.

mod calls;
mod play;
mod samples;
mod serve;

use std::{
    collections::BTreeSet,
    fs, io,
    io::{BufWriter, Write as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use clap::Parser;
use eksentry_core::checks::CHECKS;
use eksentry_report::{
    BaselineError, CheckSummary, Evaluation, Finding, Format, Listing, Report, Scope, Style,
};
use indicatif::{ProgressBar, ProgressStyle};
use jiff::{Timestamp, Unit};
use serde_json::Value;
use thiserror::Error;

use self::play::{Folders, Played, Player};
pub use self::samples::Sample;
use crate::{
    account::{Account, AccountError},
    kubernetes::{ContentsError, KubernetesApi, TlsServer},
    lambda::{self, BinariesError, LambdaError},
    stand_in::{self, StandIn, StandInError},
    template::TemplateError,
};

/// The folder for what the function `report` writes.
const REPORTS: &str = "reports";

/// Plays the sample events in events/ through the real functions, over the Lambda Runtime API, against a stand-in for
/// AWS. Shows the findings in Security Hub and the evaluations in AWS Config, as tables here and as a page in
/// target/demo/report.html. Beside it, the report is also JSON, CSV, Markdown and SARIF. The OCSF events are in
/// target/demo/ocsf, and what the function report writes is in target/demo/reports.
///
/// Needs neither an AWS account nor a network. The first run builds the functions, which takes some minutes.
#[derive(Debug, Parser)]
#[command(name = "demo", bin_name = "cargo demo --", verbatim_doc_comment)]
pub struct Options {
    /// The account to serve, a YAML file; tests/src/account.rs describes it [default: tests/demo/account.yaml]
    #[arg(long, value_name = "FILE")]
    account: Option<PathBuf>,
    /// Play only this event, and show its response, its log, its findings and its evaluations
    #[arg(long, value_name = "FILE")]
    event: Option<PathBuf>,
    /// The function that receives the event [default: the name of the event's folder]
    #[arg(long, value_name = "NAME", requires = "event")]
    function: Option<String>,
    /// The folder for the reports, ocsf/ and reports/; the content of these two is removed [default: target/demo]
    #[arg(long, value_name = "FOLDER")]
    to: Option<PathBuf>,
    /// The report.json of an earlier demo; the report then states what is new, fixed, gone or unchanged
    #[arg(long, value_name = "FILE", conflicts_with = "event")]
    baseline: Option<PathBuf>,
    /// Serve the stand-in until Ctrl-C, without playing events, for functions that you run yourself
    #[arg(
        long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = serve::ADDRESS,
        value_parser = serve::loopback, conflicts_with = "event"
    )]
    serve: Option<SocketAddr>,
}

impl Options {
    fn to(&self) -> PathBuf {
        self.to
            .clone()
            .unwrap_or_else(|| workspace().join("target/demo"))
    }
}

/// An error that ends the demo.
#[derive(Debug, Error)]
pub enum DemoError {
    /// An account file that can't be used.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// Contents of clusters that can't be used.
    #[error(transparent)]
    Contents(#[from] ContentsError),
    /// A stand-in that does not run.
    #[error(transparent)]
    StandIn(#[from] StandInError),
    /// Templates that can't be deployed.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// Functions that can't be built.
    #[error(transparent)]
    Binaries(#[from] &'static BinariesError),
    /// A function that does not run.
    #[error(transparent)]
    Lambda(#[from] LambdaError),
    /// A file or folder that can't be read.
    #[error("{path} can't be read; check the path", path = path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// An event that is not JSON.
    #[error("{file} is not JSON; an event is a JSON file", file = file.display())]
    NotJson {
        /// The file.
        file: PathBuf,
        /// The position of the error in the file.
        source: serde_json::Error,
    },
    /// An event in a folder that has no function's name.
    #[error(
        "there is no function {name:?}; use --function with one of {known}, or play an event in events/<function>/"
    )]
    UnknownFunction {
        /// The name that no function has.
        name: String,
        /// The names of the functions.
        known: String,
    },
    /// An output of the demo that can't be written.
    #[error("{path} can't be written", path = path.display())]
    Write {
        /// The file or folder.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// An earlier report that can't be used.
    #[error(transparent)]
    Baseline(#[from] BaselineError),
    /// A handler for Ctrl-C that can't be installed.
    #[error("the handler for Ctrl-C can't be installed")]
    Wait {
        /// The cause.
        source: ctrlc::Error,
    },
}

impl DemoError {
    fn read(path: &Path, source: io::Error) -> Self {
        Self::Read {
            path: path.to_owned(),
            source,
        }
    }
}

/// Runs the demo. Returns `false` if a function failed, or sent something that AWS would have refused.
///
/// # Errors
///
/// Returns an error if the demo can't begin or can't be shown.
pub fn run(options: &Options) -> Result<bool, DemoError> {
    let terminal = Terminal(Style::of_stdout());
    // The demo takes a while, so an error should be shown before it begins.
    let baseline = options.baseline.as_deref().map(Report::load).transpose()?;
    let account = Account::load(&account_file(options))?;
    let samples = match &options.event {
        Some(file) => vec![Sample::load(file, options.function.as_deref())?],
        None => Sample::load_all(&workspace().join("events"))?,
    };
    let known = function_names()?;
    if let Some(sample) = samples
        .iter()
        .find(|sample| !known.contains(&sample.function))
    {
        let known = known.into_iter().collect::<Vec<_>>().join(", ");
        return Err(DemoError::UnknownFunction {
            name: sample.function.clone(),
            known,
        });
    }

    let problems = match options.serve {
        Some(address) => {
            let served = serve_until_ctrl_c(address, options, &account, &samples, &terminal)?;
            let page = write(&served.report, baseline.as_ref(), &options.to())?;
            eprintln!("Full report: {}", page.display());
            served.violations
        }
        None => play(&account, &samples, options, baseline.as_ref(), &terminal)?,
    };
    for problem in &problems {
        eprintln!("{} {problem}", terminal.mark(false));
    }
    Ok(problems.is_empty())
}

/// The results of functions that ran elsewhere.
struct Served {
    report: Report,
    /// The requests that AWS would have refused.
    violations: Vec<String>,
}

/// Serves the account to functions that run elsewhere, and shows the results.
fn serve_until_ctrl_c(
    address: SocketAddr,
    options: &Options,
    account: &Account,
    samples: &[Sample],
    terminal: &Terminal,
) -> Result<Served, DemoError> {
    let aws = serve::start(address, account.clone(), samples)?;
    eprintln!(
        "Serving account {} until Ctrl-C. To use it, set these variables in a shell:",
        account.account
    );
    // Only these lines go to standard output, so that a shell can source a file of them.
    let reports = options.to().join(REPORTS);
    println!("{}", serve::exports(&aws, &reports).trim_end());
    serve::wait_for_ctrl_c()?;
    let report = full_report(&aws, account);
    eprint!("\n{}", terminal.tables(&report));
    Ok(Served {
        report,
        violations: aws.violations(),
    })
}

/// Plays the samples. Returns the problems: failed functions, and requests that AWS would have refused.
fn play(
    account: &Account,
    samples: &[Sample],
    options: &Options,
    baseline: Option<&Report>,
    terminal: &Terminal,
) -> Result<Vec<String>, DemoError> {
    let binaries = build()?;
    let mut served = account.clone();
    let contents = serve_contents(&mut served, options)?;
    let vpcs = vpcs_of(&served, &contents);
    let aws = StandIn::start(served)?;
    let folders = Folders {
        ocsf: empty_folder(options.to().join("ocsf"))?,
        reports: empty_folder(options.to().join(REPORTS))?,
    };
    let mut player = Player::new(&aws, binaries, account, folders, !contents.is_empty());
    for vpc in vpcs {
        player.add_cluster_reader(&vpc)?;
    }
    match samples {
        [sample] if options.event.is_some() => play_one(sample, &mut player, terminal)?,
        _ => {
            play_all(samples, &mut player, terminal)?;
            let report = full_report(player.aws(), player.account());
            let report = report.with_errors(player.problems());
            let page = write(&report, baseline, &options.to())?;
            println!("Full report: {}", page.display());
            println!("OCSF events: {}", player.folders().ocsf.display());
            println!("Written by report: {}", player.folders().reports.display());
        }
    }
    Ok(player.problems())
}

/// Serves the Kubernetes APIs of clusters whose contents are in the file `contents.yaml` beside the account file, if
/// there is one.
fn serve_contents(account: &mut Account, options: &Options) -> Result<Vec<TlsServer>, DemoError> {
    let path = account_file(options).with_file_name("contents.yaml");
    if !path.exists() {
        return Ok(Vec::new());
    }
    let mut servers = Vec::new();
    for api in KubernetesApi::load_all(&path)? {
        let server = api.serve().map_err(ContentsError::Serve)?;
        account.set_endpoint(&api.name(), &server.url(), &server.authority_data())?;
        servers.push(server);
    }
    Ok(servers)
}

/// Returns the IDs of the VPCs of clusters whose Kubernetes APIs are served, where the account file states them.
fn vpcs_of(account: &Account, contents: &[TlsServer]) -> BTreeSet<String> {
    let clusters = account.clusters.iter().map(|cluster| &cluster.members);
    let urls: Vec<String> = contents.iter().map(TlsServer::url).collect();
    clusters
        .filter(|members| {
            urls.iter()
                .any(|url| members.get("endpoint").is_some_and(|own| own == url))
        })
        .filter_map(|members| members.get("resourcesVpcConfig")?["vpcId"].as_str())
        .map(str::to_owned)
        .collect()
}

/// Returns the file that describes the account.
fn account_file(options: &Options) -> PathBuf {
    let default = || workspace().join("tests/demo/account.yaml");
    options.account.clone().unwrap_or_else(default)
}

fn build() -> Result<&'static Path, DemoError> {
    let started = Instant::now();
    eprintln!("Building the functions. The first build takes several minutes.");
    let binaries = lambda::binaries()?;
    eprintln!("Built the functions in {}.", seconds(started.elapsed()));
    Ok(binaries)
}

fn play_one(
    sample: &Sample,
    player: &mut Player<'_>,
    terminal: &Terminal,
) -> Result<(), DemoError> {
    let result = player.play(sample)?;
    println!("{}\n\nResponse:", terminal.line(sample, &result));
    match &result.outcome {
        Ok(response) => println!("{response:#}"),
        Err(error) => println!("{error}"),
    }
    println!("\nLog:");
    for line in &result.log {
        println!("{line}");
    }
    let (findings, evaluations) = (result.findings, result.evaluations);
    let report = report(player.account(), findings, evaluations);
    if report.is_empty() {
        println!("\nNo findings or evaluations were posted.");
    } else {
        println!("\nPosted:\n{}", report.listing(terminal.0));
    }
    Ok(())
}

fn play_all(
    samples: &[Sample],
    player: &mut Player<'_>,
    terminal: &Terminal,
) -> Result<(), DemoError> {
    let bar = ProgressBar::new(samples.len().try_into().unwrap_or(u64::MAX));
    if let Ok(style) = ProgressStyle::with_template("{spinner} {pos}/{len} {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    let mut first_sweep = None;
    for sample in samples {
        bar.set_message(sample.title());
        let result = player.play(sample)?;
        // This line is printed even if there is no terminal for the progress bar.
        bar.suspend(|| println!("{}", terminal.line(sample, &result)));
        bar.inc(1);
        if sample.function == "sweep" {
            first_sweep.get_or_insert(result.calls);
        }
    }
    bar.finish_and_clear();

    let report = full_report(player.aws(), player.account());
    print!("\n{}", terminal.tables(&report));
    if let Some(calls) = first_sweep {
        println!(
            "{}\n",
            calls::table(&calls, player.account(), terminal.0.columns)
        );
    }
    Ok(())
}

/// Writes the report in all formats. Returns the path of the page.
fn write(report: &Report, baseline: Option<&Report>, folder: &Path) -> Result<PathBuf, DemoError> {
    let comparison = baseline.map(|baseline| report.compare(baseline));
    for format in Format::ALL {
        let path = folder.join(format.file_name());
        fs::create_dir_all(folder)
            .and_then(|()| fs::File::create(&path))
            .and_then(|file| {
                let mut file = BufWriter::new(file);
                report.render(format, comparison.as_ref(), &mut file)?;
                file.flush()
            })
            .map_err(|source| DemoError::Write { path, source })?;
    }
    Ok(folder.join(Format::Html.file_name()))
}

/// Returns an empty folder: removes the content that an earlier demo left.
fn empty_folder(path: PathBuf) -> Result<PathBuf, DemoError> {
    let removed = match fs::remove_dir_all(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    };
    removed
        .and_then(|()| fs::create_dir_all(&path))
        .map_err(|source| DemoError::Write {
            path: path.clone(),
            source,
        })?;
    Ok(path)
}

/// Lists the names of the functions, which are the folders of `functions/`.
fn function_names() -> Result<BTreeSet<String>, DemoError> {
    let folders = samples::entries(&workspace().join("functions"))?;
    Ok(folders
        .iter()
        .map(|folder| samples::lossy(folder.file_name()))
        .collect())
}

fn workspace() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_owned()
}

fn seconds(duration: Duration) -> String {
    format!("{:.2} s", duration.as_secs_f64())
}

/// The terminal, in which results are shown.
struct Terminal(Style);

impl Terminal {
    fn tables(&self, report: &Report) -> String {
        let listing = Listing {
            all: false,
            commands: false,
        };
        report.open_findings(self.0, listing) + &report.numbers(self.0)
    }

    fn mark(&self, good: bool) -> &'static str {
        match (good, self.0.colors) {
            (true, true) => "\u{1b}[32m✓\u{1b}[0m",
            (true, false) => "✓",
            (false, true) => "\u{1b}[31m✗\u{1b}[0m",
            (false, false) => "✗",
        }
    }

    fn line(&self, sample: &Sample, result: &Played) -> String {
        format!(
            "{} {:<44} {:>8}  {}",
            self.mark(result.outcome.is_ok()),
            sample.title(),
            seconds(result.duration),
            result.brief(),
        )
    }
}

/// Returns a report of all findings and all evaluations.
fn full_report(aws: &StandIn, account: &Account) -> Report {
    let findings = aws.findings().into_iter().map(Value::Object).collect();
    let evaluations = aws.evaluations().into_iter().map(evaluation);
    report(account, findings, evaluations.collect())
}

fn report(account: &Account, findings: Vec<Value>, evaluations: Vec<Evaluation>) -> Report {
    let now = Timestamp::now();
    let now = now.round(Unit::Second).unwrap_or(now);
    let scope = Scope {
        account: account.account.clone(),
        region: account.region.clone(),
    };
    let enabled = CHECKS.into_iter().filter(|check| check.enabled);
    Report::new(now, [scope])
        .with_checks(enabled.map(CheckSummary::known))
        .with_checks(findings.iter().map(CheckSummary::from_asff))
        .with_findings(findings.iter().map(Finding::from_asff))
        .with_evaluations(evaluations)
}

/// Returns an evaluation of the stand-in's AWS Config, as the report has it.
fn evaluation(stored: stand_in::Evaluation) -> Evaluation {
    Evaluation {
        rule: stored.rule,
        resource_type: stored.resource_type,
        resource_id: stored.resource_id,
        compliance: stored.compliance,
        annotation: stored.annotation,
        ordering_timestamp: stored.ordering.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_options_are_consistent() {
        Options::command().debug_assert();
    }

    #[test]
    fn function_option_requires_event_option() {
        assert!(Options::try_parse_from(["demo", "--function", "sweep"]).is_err());
        assert!(
            Options::try_parse_from(["demo", "--function", "sweep", "--event", "e.json"]).is_ok()
        );
    }

    #[test]
    fn the_demo_account_file_is_valid() {
        let account = Account::load(&workspace().join("tests/demo/account.yaml")).unwrap();
        assert!(
            account.clusters.len() >= 12
                && account.repositories.len() >= 20
                && account.keys.len() >= 15
        );
    }

    #[test]
    fn an_unknown_function_error_lists_the_known_functions() {
        let options = Options::parse_from([
            "demo",
            "--event",
            concat!(env!("CARGO_MANIFEST_DIR"), "/../events/sweep/by-hand.json"),
            "--function",
            "sweeep",
        ]);
        let error = run(&options).unwrap_err().to_string();
        assert!(
            error.contains("sweeep")
                && error.contains(
                    "cloudtrail-event, cluster-reader, config-rule, ecr-event, report, sweep, sweep-worker"
                ),
            "{error}"
        );
    }
}
