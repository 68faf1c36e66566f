//! `eksentry scan`: evaluates the account of the credentials.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use eksentry_core::Arn;
use eksentry_runtime::{
    Accounts, App, Host, MuteListLocation, Regions, ScanRequest, Scanned, Selection, Settings, scan,
};
use jiff::Timestamp;

use crate::connect::connect;
use crate::error::CommandError;
use crate::fail_on::FailOn;
use crate::logging::{self, Verbosity};
use crate::options::ScanOptions;
use crate::output::Output;
use crate::progress::Progress;
use crate::report::Report;
use crate::terminal::{self, Style};
use crate::{DONE, FAILED, NOT_DONE, interrupt, table};

/// Makes a scan, and returns its exit code.
pub(crate) fn run(options: &ScanOptions) -> Result<u8, CommandError> {
    let selection = options.selection.settings()?;
    let request = options.request(&selection)?;
    let settings = options.runtime_settings(selection)?;
    for output in &options.output {
        output.check()?;
    }
    let needs_tags = options.output.iter().any(Output::needs_tags);
    let progress = Arc::new(Progress::new(options.quiet, needs_tags));
    logging::start(options.verbosity(), &progress);
    let scanned = interrupt::block_on(evaluate(options, settings, request, &progress));
    progress.clear();
    let (scanned, made_at) = scanned?;
    let findings = progress.take_findings();
    let report = Report::new(&scanned, &findings, options.selection.severity, made_at);
    for output in &options.output {
        output.write(&report, &findings)?;
    }
    if options.quiet {
        for error in &scanned.errors {
            terminal::print_error(error);
        }
    } else {
        terminal::print(&table::render(&report, options.all, Style::of_stdout()));
    }
    Ok(options.exit_code(&report))
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
    fn verbosity(&self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (_, true) => Verbosity::Verbose,
            _ => Verbosity::Normal,
        }
    }

    /// Returns the resources to evaluate and the checks to run. All checks that are enabled are run if the options
    /// select none.
    fn request(&self, settings: &Selection) -> Result<ScanRequest, CommandError> {
        let checks = self.selection.checks(settings)?;
        let checks = checks.iter().filter(|_| self.selection.is_narrowed());
        Ok(ScanRequest {
            checks: checks.map(|check| check.id.to_owned()).collect(),
            resources: self.resource.clone(),
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
            let request = scan_options(arguments).request(&Selection::default());
            request.unwrap().checks
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
