//! The options of the command. `--help`, the man pages and the completions are made from them.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;
use eksentry_core::Severity;
use eksentry_core::checks::CHECKS;
use eksentry_core::service::SERVICES;
use eksentry_runtime::{Accounts, Function, ROLE_NAME, Regions};

use crate::fail_on::FailOn;
use crate::output::Output;
use crate::standard;

/// The end of the long help of all commands.
const EXIT_CODES: &str = "\
Exit codes:
  0    nothing failed at or above --fail-on, and everything could be read
  1    a scan has a failed finding at or above --fail-on
  2    something could not be read, or an option is wrong; what was not read has not passed
  130  Ctrl-C";

/// Checks the security configuration of Amazon EKS: clusters, nodes, ECR, KMS, account settings and, if you ask for it,
/// the objects in clusters.
///
/// The command reads the account of your credentials with the checks of eksentry, and changes nothing. It finds
/// credentials as the AWS CLI does: in environment variables, profiles, IAM Identity Center (run `aws sso login` first),
/// a credential process, a web identity, or the role of a container or an instance.
#[derive(Debug, Parser)]
#[command(name = "eksentry", version, propagate_version = true, after_long_help = EXIT_CODES)]
pub(crate) struct Options {
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Evaluate the account of your credentials, and show what fails and how to fix it
    ///
    /// Evaluates all checks that are on by default, or those that you select, and shows the findings that need
    /// attention, by severity. Nothing is changed, and nothing is sent unless you say --security-hub. To see the
    /// permissions that a scan needs, run `eksentry policy` with the same options.
    #[command(after_long_help = EXIT_CODES)]
    Scan(Box<ScanOptions>),
    /// List the checks
    Checks(SelectionOptions),
    /// Explain a check: what it evaluates, why, how to fix a failure, and the permissions that it needs
    Explain {
        /// The ID of the check
        #[arg(value_parser = check_ids(), hide_possible_values = true)]
        check: String,
    },
    /// Print the least IAM policy that a scan needs, or the roles that it needs in clusters
    ///
    /// Takes the options that select checks, as `scan` does, and prints a policy for them in JSON. The policy allows
    /// reading only.
    Policy(PolicyOptions),
    /// Pass an event to a function, in this process and with your credentials; nothing is sent unless you say --send
    Invoke(InvokeOptions),
    /// Print the completions of a shell
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Write the man pages to a folder
    Man {
        /// The folder, which must exist
        folder: PathBuf,
    },
}

/// The options that select checks.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Checks")]
pub(crate) struct SelectionOptions {
    /// Only these checks, separated by commas; those that are off by default run if they are named
    #[arg(long, value_name = "IDS", value_delimiter = ',', value_parser = check_ids(), hide_possible_values = true)]
    pub(crate) checks: Vec<String>,
    /// Only checks that are mapped to one of these standards, separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = standards())]
    pub(crate) standard: Vec<String>,
    /// Only checks of these services, separated by commas
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = services())]
    pub(crate) service: Vec<String>,
    /// Only checks that can fail with this severity or a higher one, and only such failures
    #[arg(long, value_name = "SEVERITY")]
    pub(crate) severity: Option<Severity>,
    /// The checks of the contents of clusters, too: they read the Kubernetes API with your own identity
    #[arg(long)]
    pub(crate) kubernetes: bool,
    /// A YAML or JSON file that enables and disables checks and sets their parameters; see docs/parameters.md
    #[arg(long, value_name = "FILE")]
    pub(crate) settings: Option<PathBuf>,
}

/// The options of the credentials and of the Regions.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Credentials and places")]
pub(crate) struct PlaceOptions {
    /// The profile with the credentials [default: AWS_PROFILE, or default]
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// The Regions to evaluate, separated by commas, or all for all enabled ones [default: that of the profile]
    #[arg(long, value_name = "REGIONS")]
    pub(crate) region: Option<Regions>,
    /// Other accounts: account IDs and IDs of organizational units, separated by commas, or organization
    #[arg(long, value_name = "IDS")]
    pub(crate) accounts: Option<Accounts>,
    /// The role to assume in other accounts
    #[arg(long, value_name = "NAME", default_value = ROLE_NAME)]
    pub(crate) role_name: String,
    /// The external ID that the role requires
    #[arg(long, value_name = "ID")]
    pub(crate) external_id: Option<String>,
}

/// The options of a scan.
#[derive(Debug, Clone, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is an option of its own"
)]
pub(crate) struct ScanOptions {
    #[command(flatten)]
    pub(crate) places: PlaceOptions,
    #[command(flatten)]
    pub(crate) selection: SelectionOptions,
    /// Only these resources, by their ARNs, separated by commas
    #[arg(
        long,
        value_name = "ARNS",
        value_delimiter = ',',
        help_heading = "Checks"
    )]
    pub(crate) resource: Vec<String>,
    /// A JSON file with failures that count as passed until a day; see docs/mute-list.md
    #[arg(long, value_name = "FILE", help_heading = "Checks")]
    pub(crate) mute_list: Option<PathBuf>,
    /// The time after which the scan ends with what it has, in minutes
    #[arg(
        long, value_name = "MINUTES", default_value = "60", help_heading = "Checks",
        value_parser = clap::value_parser!(u32).range(1..=720)
    )]
    pub(crate) timeout: u32,
    /// Write the results to a file, whose ending says in which format: .html, .json, .csv, .md, .sarif or .ocsf.jsonl;
    /// several are possible
    #[arg(long, short, value_name = "FILE", help_heading = "Results")]
    pub(crate) output: Vec<Output>,
    /// An earlier report in JSON; the results then say what is new, fixed, gone or unchanged
    #[arg(long, value_name = "FILE", help_heading = "Results")]
    pub(crate) baseline: Option<PathBuf>,
    /// The lowest severity of a failure that ends the scan with exit code 1, or never
    #[arg(
        long,
        value_name = "SEVERITY",
        default_value = "informational",
        help_heading = "Results"
    )]
    pub(crate) fail_on: FailOn,
    /// Show all findings that need attention, and not only the first five of each check
    #[arg(long, help_heading = "Results")]
    pub(crate) all: bool,
    /// Show neither progress nor results, only errors
    #[arg(long, short, help_heading = "Results", conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Show the log
    #[arg(long, short, help_heading = "Results")]
    pub(crate) verbose: bool,
    /// Also send the findings to Security Hub, as the functions do; this archives findings about what is gone
    #[arg(long, help_heading = "Results")]
    pub(crate) security_hub: bool,
}

/// The options of a policy.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct PolicyOptions {
    #[command(flatten)]
    pub(crate) selection: SelectionOptions,
    /// The Regions of the scan: with all, the policy allows listing them
    #[arg(long, value_name = "REGIONS")]
    pub(crate) region: Option<Regions>,
    /// The other accounts of the scan: with any, the policy allows assuming the role there
    #[arg(long, value_name = "IDS")]
    pub(crate) accounts: Option<Accounts>,
    /// The role to assume in other accounts
    #[arg(long, value_name = "NAME", default_value = ROLE_NAME)]
    pub(crate) role_name: String,
    /// The permission to read tags, which mutes by tag and files with OCSF events need
    #[arg(long)]
    pub(crate) tags: bool,
    /// The account in ARNs
    #[arg(long, value_name = "ID", default_value = "*")]
    pub(crate) account: String,
    /// The partition in ARNs
    #[arg(long, value_name = "PARTITION", default_value = "aws")]
    pub(crate) partition: String,
    /// Print the roles in clusters and their bindings instead, for kubectl apply
    #[arg(long)]
    pub(crate) cluster_role: bool,
}

/// The options of an invocation.
#[derive(Debug, Clone, Args)]
pub(crate) struct InvokeOptions {
    /// The function
    #[arg(value_parser = functions())]
    pub(crate) function: Function,
    /// The event, a JSON file
    #[arg(long, value_name = "FILE")]
    pub(crate) event: PathBuf,
    /// The profile with the credentials [default: AWS_PROFILE, or default]
    #[arg(long, value_name = "NAME")]
    pub(crate) profile: Option<String>,
    /// The Regions of the function [default: that of the profile]
    #[arg(long, value_name = "REGIONS")]
    pub(crate) region: Option<Regions>,
    /// Evaluate the contents of clusters, too
    #[arg(long)]
    pub(crate) kubernetes: bool,
    /// A YAML or JSON file that enables and disables checks and sets their parameters
    #[arg(long, value_name = "FILE")]
    pub(crate) settings: Option<PathBuf>,
    /// Send the findings to Security Hub and the evaluations to AWS Config
    #[arg(long)]
    pub(crate) send: bool,
    /// Show the log
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

fn functions() -> impl TypedValueParser<Value = Function> {
    PossibleValuesParser::new(Function::NAMES).try_map(|name| {
        // The parser has rejected all other names.
        name.parse::<Function>().map_err(|_| name)
    })
}

fn check_ids() -> PossibleValuesParser {
    PossibleValuesParser::new(CHECKS.iter().map(|check| check.id))
}

fn standards() -> PossibleValuesParser {
    PossibleValuesParser::new(standard::NAMES.iter().map(String::as_str))
}

fn services() -> PossibleValuesParser {
    PossibleValuesParser::new(SERVICES.iter().map(|service| service.prefix))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn options_are_consistent() {
        Options::command().debug_assert();
    }
}
