//! `eksentry scan`: evaluates the account of the credentials.

use std::fs;
use std::iter;
use std::sync::Arc;
use std::time::Duration;

use eksentry_core::{Arn, Check, Location, Outcome};
use eksentry_report::{CheckSummary, Finding, Listing, Narrowing, Report, Scope, Style};
use eksentry_runtime::{
    Accounts, App, Host, MuteListLocation, Regions, ScanRequest, Scanned, Selection, Settings, scan,
};
use jiff::Timestamp;

use crate::connect::connect;
use crate::error::CommandError;
use crate::fail_on::FailOn;
use crate::logging::{self, Verbosity};
use crate::options::ScanOptions;
use crate::output::{Output, Results};
use crate::progress::Progress;
use crate::{DONE, FAILED, NOT_DONE, interrupt, summary, terminal};

/// Makes a scan, and returns its exit code.
pub(crate) fn run(options: &ScanOptions) -> Result<u8, CommandError> {
    let selection = options.selection.settings()?;
    let checks = options.selection.checks(&selection)?;
    let baseline = options.baseline.as_deref().map(Report::load).transpose()?;
    let request = options.request(&checks);
    let settings = options.runtime_settings(selection)?;
    for output in &options.output {
        output.check()?;
    }
    let needs_tags = options.output.iter().any(Output::needs_tags);
    let progress = Arc::new(Progress::new(options.quiet, needs_tags));
    logging::start(options.verbosity(), &progress);
    let scanned = interrupt::block_on(evaluate(options, settings, request, &progress));
    progress.clear();
    let (mut scanned, made_at) = scanned?;
    let findings = progress.take_findings();
    let places = progress.places();
    scanned.errors.extend(progress.take_unlisted());
    let report = options.report(&checks, &findings, places, &scanned, made_at);
    let results = Results {
        comparison: baseline.map(|baseline| report.compare(&baseline)),
        report,
        findings,
        made_at,
    };
    // One output that fails loses nothing of the others.
    let printed = options.print(&results, &scanned);
    let written = options.output.iter().map(|output| output.write(&results));
    let errors = iter::once(printed).chain(written).filter_map(Result::err);
    let errors: Vec<CommandError> = errors.collect();
    for error in &errors {
        terminal::print_error(error);
    }
    Ok(if errors.is_empty() {
        options.exit_code(&results.report)
    } else {
        NOT_DONE
    })
}

async fn evaluate(
    options: &ScanOptions,
    settings: Settings,
    request: ScanRequest,
    progress: &Arc<Progress>,
) -> Result<(Scanned, Timestamp), CommandError> {
    let aws = connect(options.places.profile.as_deref(), &settings.regions).await;
    progress.start(aws.call_counts());
    let clock = aws.clock().clone();
    let host = Host::command(aws, Arc::clone(progress) as _);
    let app = App::with_settings(host, settings);
    let limit = Duration::from_mins(options.timeout.into());
    let scanned = scan(&app, request, limit).await?;
    Ok((scanned, clock.now()))
}

impl ScanOptions {
    /// Prints the results or, if only errors are wanted, these.
    fn print(&self, results: &Results, scanned: &Scanned) -> Result<(), CommandError> {
        if self.quiet {
            for error in &scanned.errors {
                terminal::print_error(error);
            }
            return Ok(());
        }
        let listing = Listing {
            all: self.all,
            commands: true,
        };
        let open = results.report.open_findings(Style::of_stdout(), listing);
        terminal::print(&(open + &summary::render(results, scanned)))
    }

    fn verbosity(&self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        }
    }

    /// Returns the resources to evaluate and the checks to run. All checks that are enabled are run if the options
    /// select none.
    fn request(&self, checks: &[&Check]) -> ScanRequest {
        let checks = checks.iter().filter(|_| self.selection.is_narrowed());
        ScanRequest {
            checks: checks.map(|check| check.id.to_owned()).collect(),
            resources: self.resource.clone(),
        }
    }

    /// Returns the report of a scan of these checks, which read these places and has these findings.
    fn report(
        &self,
        checks: &[&Check],
        findings: &[eksentry_core::Finding],
        places: Vec<Location>,
        scanned: &Scanned,
        made_at: Timestamp,
    ) -> Report {
        let scopes = places.into_iter().map(|place| Scope {
            account: place.account,
            region: place.region,
        });
        let is_pending =
            |finding: &&eksentry_core::Finding| finding.verdict.outcome == Outcome::Pending;
        let pending = findings.iter().filter(is_pending);
        // That a cluster could not be read is reported, whatever is selected.
        let found = findings.iter().map(|finding| finding.check);
        let mut ran: Vec<&Check> = checks.iter().copied().chain(found).collect();
        ran.sort_by_key(|check| check.id);
        ran.dedup_by_key(|check| check.id);
        Report::new(made_at, scopes)
            .with_checks(ran.into_iter().map(CheckSummary::known))
            .with_findings(findings.iter().filter_map(Finding::evaluated))
            .with_pending(pending.map(eksentry_core::Finding::id))
            .with_errors(scanned.errors.iter().map(ToString::to_string))
            .narrowed(Narrowing {
                checks: self.selection.is_narrowed(),
                resources: self.resource.clone(),
                severity: self.selection.severity,
            })
    }

    fn runtime_settings(&self, selection: Selection) -> Result<Settings, CommandError> {
        Ok(Settings {
            security_hub: self.security_hub,
            kubernetes: self.selection.kubernetes,
            regions: self.regions(),
            accounts: self.accounts(),
            role_name: self.places.role_name.clone(),
            external_id: self.places.external_id.clone(),
            mute_list: self.mute_list()?,
            selection,
            ..Settings::of_command()
        })
    }

    fn mute_list(&self) -> Result<Option<MuteListLocation>, CommandError> {
        let Some(path) = &self.mute_list else {
            return Ok(None);
        };
        let text = fs::read_to_string(path).map_err(|source| CommandError::Read {
            option: "--mute-list",
            path: path.clone(),
            source,
        })?;
        let path = path.display().to_string();
        Ok(Some(MuteListLocation::File { path, text }))
    }

    /// Returns the Regions to evaluate: those of the option or, without it, those of the named resources.
    fn regions(&self) -> Regions {
        if let Some(regions) = &self.places.region {
            return regions.clone();
        }
        let arns = self
            .resource
            .iter()
            .filter_map(|arn| arn.parse::<Arn>().ok());
        let mut named: Vec<String> = arns.map(|arn| arn.region().to_owned()).collect();
        named.retain(|region| !region.is_empty());
        named.sort();
        named.dedup();
        if named.is_empty() {
            Regions::Home
        } else {
            Regions::These(named)
        }
    }

    fn accounts(&self) -> Accounts {
        self.places.accounts.clone().unwrap_or_default()
    }

    /// Returns the exit code of a scan with these results. A failure is certain, whatever else could not be read.
    fn exit_code(&self, report: &Report) -> u8 {
        let has_failed = match self.fail_on {
            FailOn::Never => false,
            FailOn::AtLeast(lowest) => report.has_failure(lowest),
        };
        if has_failed {
            FAILED
        } else if report.is_complete() {
            DONE
        } else {
            NOT_DONE
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::options::{Command, Options};

    fn scan_options(arguments: &[&str]) -> ScanOptions {
        let arguments = ["eksentry", "scan"].iter().chain(arguments);
        match Options::try_parse_from(arguments).unwrap().command {
            Command::Scan(options) => *options,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn nothing_is_sent_or_read_in_clusters_unless_options_say_so() {
        let settings = |arguments: &[&str]| {
            let options = scan_options(arguments);
            options.runtime_settings(Selection::default()).unwrap()
        };
        let usual = settings(&[]);
        assert!(!usual.security_hub && !usual.kubernetes && usual.ocsf.is_none());
        assert!(usual.queue_url.is_none() && !usual.metrics);
        let both = settings(&["--security-hub", "--kubernetes"]);
        assert!(both.security_hub && both.kubernetes);
    }

    #[test]
    fn regions_are_those_of_the_option_or_of_the_resources() {
        let cluster = "arn:aws:eks:eu-west-1:111122223333:cluster/payments";
        let these = |region: &str| Regions::These(vec![region.to_owned()]);
        for (arguments, expected) in [
            (&[] as &[&str], Regions::Home),
            (&["--region", "all"], Regions::All),
            (
                &["--region", "us-east-1", "--resource", cluster],
                these("us-east-1"),
            ),
            (&["--resource", cluster], these("eu-west-1")),
            (
                &["--resource", "AWS::::Account:111122223333"],
                Regions::Home,
            ),
        ] {
            assert_eq!(scan_options(arguments).regions(), expected, "{arguments:?}");
        }
    }

    #[test]
    fn only_a_selection_narrows_the_checks() {
        let checks = |arguments: &[&str]| {
            let options = scan_options(arguments);
            let selected = options.selection.checks(&Selection::default()).unwrap();
            options.request(&selected).checks
        };
        assert_eq!(checks(&[]), [""; 0]);
        assert_eq!(checks(&["--kubernetes"]), [""; 0]);
        assert_eq!(
            checks(&["--checks", "kms-cmk-rotation"]),
            ["kms-cmk-rotation"]
        );
        assert!(!checks(&["--severity", "critical"]).is_empty());
    }
}
