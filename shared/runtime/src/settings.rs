//! The settings: those of functions, from the environment, and those of a command, from its options.

use std::collections::{BTreeMap, BTreeSet};
use std::str::FromStr;
use std::time::Duration;

use eksentry_core::parameters::Raw;
use eksentry_core::{Need, ParameterValues, checks};
use eksentry_kubernetes::{FunctionName, FunctionNameError};
use eksentry_reporters::{Destination, DestinationError};

use crate::error::{Error, ErrorKind};
use crate::report_format::ReportFormat;
use crate::selection::Selection;

/// The default name of the role that is assumed in other accounts.
pub const ROLE_NAME: &str = "eksentry-member";

/// The default number of days after which an unchanged finding is sent again. Security Hub drops findings that were not
/// updated for 90 days.
const REFRESH_DAYS: u64 = 30;

/// The settings. Those of a function are in its environment.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Settings {
    /// `true` if findings are sent to Security Hub (`EKSENTRY_SECURITY_HUB`).
    pub security_hub: bool,
    /// `true` if evaluations are sent to AWS Config (`EKSENTRY_AWS_CONFIG`).
    pub aws_config: bool,
    /// The destination of OCSF events (`EKSENTRY_OCSF`); `None` unless set.
    pub ocsf: Option<Destination>,
    /// The destination of reports (`EKSENTRY_REPORT`); `None` unless set.
    pub report: Option<Destination>,
    /// The format of reports (`EKSENTRY_REPORT_FORMAT`).
    pub report_format: ReportFormat,
    /// `true` if sweeps evaluate the contents of clusters (`EKSENTRY_KUBERNETES`).
    pub kubernetes: bool,
    /// The function that reads clusters whose endpoint only their VPC reaches (`EKSENTRY_CLUSTER_READER`).
    pub cluster_reader: Option<FunctionName>,
    /// The queue for slices of a sweep (`EKSENTRY_QUEUE_URL`).
    pub queue_url: Option<String>,
    /// The Regions that a sweep evaluates (`EKSENTRY_REGIONS`).
    pub regions: Regions,
    /// The accounts that a sweep evaluates (`EKSENTRY_ACCOUNTS`).
    pub accounts: Accounts,
    /// The role to assume in other accounts (`EKSENTRY_ROLE_NAME`).
    pub role_name: String,
    /// The external id that the role requires (`EKSENTRY_EXTERNAL_ID`).
    pub external_id: Option<String>,
    /// The age at which an unchanged finding is sent again (`EKSENTRY_REFRESH_DAYS`).
    pub refresh: Duration,
    /// The images whose PASSED findings are sent (`EKSENTRY_PASSED_IMAGES`).
    pub passed_images: PassedImages,
    /// The location of the mute list (`EKSENTRY_MUTE_LIST`).
    pub mute_list: Option<MuteListLocation>,
    /// The bucket with the ledgers of sent findings (`EKSENTRY_LEDGER_BUCKET`).
    pub ledger_bucket: Option<String>,
    /// The number of workers that run at the same time and share Security Hub's rates (`EKSENTRY_WORKERS`).
    pub workers: u32,
    /// The address at which the checks' pages are published (`EKSENTRY_DOCS_URL`).
    pub docs_url: Option<String>,
    /// `true` if metrics are written (`EKSENTRY_METRICS`).
    pub metrics: bool,
    /// The paths in the Parameter Store below which documents of parameters are (`EKSENTRY_PARAMETERS_PATHS`).
    pub parameters_paths: Vec<String>,
    /// The selection that the environment itself defines (`EKSENTRY_ENABLED_CHECKS`, `EKSENTRY_DISABLED_CHECKS` and
    /// `EKSENTRY_PARAMETERS`), which takes precedence over the documents.
    pub selection: Selection,
    /// The way in which these settings are made.
    pub set_by: SetBy,
}

/// The location of a mute list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MuteListLocation {
    /// The Systems Manager parameter of that name.
    Parameter(String),
    /// A file that was read.
    File {
        /// The path of the file.
        path: String,
        /// The text in the file.
        text: String,
    },
}

/// The way in which settings are made, so that messages name them as the reader knows them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SetBy {
    /// The environment variables of a function.
    #[default]
    Variables,
    /// The options of a command.
    Options,
}

impl SetBy {
    /// Returns the name of one of the settings, given its variable and its option.
    pub(crate) fn name(self, variable: &'static str, option: &'static str) -> &'static str {
        match self {
            Self::Variables => variable,
            Self::Options => option,
        }
    }
}

/// The Regions that a sweep evaluates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Regions {
    /// The Region that the function runs in.
    #[default]
    Home,
    /// All Regions that are enabled in the account that is evaluated.
    All,
    /// The Regions in this list.
    These(Vec<String>),
}

/// The accounts that a sweep evaluates; if none is named, the one that the function runs in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Accounts {
    /// The ids of accounts, which have twelve digits.
    pub ids: Vec<String>,
    /// The ids of organizational units, which stand for their accounts and those of all units below them.
    pub units: Vec<String>,
    /// `true` for all accounts of the organization.
    pub organization: bool,
}

impl Accounts {
    /// Returns `true` if no account is named.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty() && self.units.is_empty() && !self.organization
    }
}

/// The images whose PASSED findings are sent.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum PassedImages {
    /// All images.
    #[default]
    All,
    /// Only images with an active finding in Security Hub that is not PASSED, so that a registry without failures costs
    /// nothing.
    Recovered,
}

impl Settings {
    /// Returns the settings of a command without options: it evaluates its own account and Region, and sends nothing.
    pub fn of_command() -> Self {
        Self {
            // The check of the recorder belongs to a scan, although a scan sends no evaluations.
            aws_config: true,
            role_name: ROLE_NAME.to_owned(),
            refresh: Duration::from_hours(24 * REFRESH_DAYS),
            workers: 1,
            set_by: SetBy::Options,
            ..Self::default()
        }
    }

    /// Reads the settings from the environment.
    ///
    /// # Errors
    ///
    /// Returns an error that names the variable with a wrong value.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        Ok(Self {
            security_hub: switch("EKSENTRY_SECURITY_HUB", &variable, true)?,
            aws_config: switch("EKSENTRY_AWS_CONFIG", &variable, true)?,
            kubernetes: switch("EKSENTRY_KUBERNETES", &variable, false)?,
            cluster_reader: function("EKSENTRY_CLUSTER_READER", &variable)?,
            ocsf: destination("EKSENTRY_OCSF", &variable)?,
            report: destination("EKSENTRY_REPORT", &variable)?,
            report_format: report_format("EKSENTRY_REPORT_FORMAT", &variable)?,
            queue_url: url("EKSENTRY_QUEUE_URL", &variable)?,
            regions: parsed("EKSENTRY_REGIONS", &variable)?,
            accounts: parsed("EKSENTRY_ACCOUNTS", &variable)?,
            role_name: role_name("EKSENTRY_ROLE_NAME", &variable)?,
            external_id: text("EKSENTRY_EXTERNAL_ID", &variable),
            refresh: Duration::from_hours(
                24 * number("EKSENTRY_REFRESH_DAYS", &variable, 1..=80, REFRESH_DAYS)?,
            ),
            passed_images: passed_images("EKSENTRY_PASSED_IMAGES", &variable)?,
            mute_list: text("EKSENTRY_MUTE_LIST", &variable).map(MuteListLocation::Parameter),
            ledger_bucket: text("EKSENTRY_LEDGER_BUCKET", &variable),
            workers: number("EKSENTRY_WORKERS", &variable, 1..=1_000, 1)?,
            docs_url: url("EKSENTRY_DOCS_URL", &variable)?,
            metrics: switch("EKSENTRY_METRICS", &variable, true)?,
            parameters_paths: paths("EKSENTRY_PARAMETERS_PATHS", &variable)?,
            selection: Selection {
                enabled: checks_of("EKSENTRY_ENABLED_CHECKS", &variable)?,
                disabled: checks_of("EKSENTRY_DISABLED_CHECKS", &variable)?,
                parameters: parameters("EKSENTRY_PARAMETERS", &variable)?,
            },
            set_by: SetBy::Variables,
        })
    }

    /// Returns a selection without the checks that these settings turn off as a whole.
    pub(crate) fn effective(&self, mut selection: Selection) -> Selection {
        if !self.aws_config {
            selection = selection.without(Need::Recorder);
        }
        if !self.kubernetes {
            selection = selection.without_contents_of_clusters();
        }
        selection
    }
}

fn switch(
    name: &str,
    variable: &impl Fn(&str) -> Option<String>,
    default: bool,
) -> Result<bool, Error> {
    let value = variable(name).unwrap_or_default();
    match value.trim().to_ascii_lowercase().as_str() {
        "" => Ok(default),
        "on" | "true" => Ok(true),
        "off" => Ok(false),
        _ => Err(invalid(name, "must be on or off")),
    }
}

/// Returns a variable's value; `None` if it is not set or empty.
fn text(name: &str, variable: &impl Fn(&str) -> Option<String>) -> Option<String> {
    let value = variable(name)?.trim().to_owned();
    (!value.is_empty()).then_some(value)
}

/// Returns the items of a list with commas.
fn list(name: &str, variable: &impl Fn(&str) -> Option<String>) -> Vec<String> {
    items(&variable(name).unwrap_or_default())
}

/// Returns the items of a text that separates them by commas.
fn items(text: &str) -> Vec<String> {
    let parts = text.split(',').map(str::trim);
    parts
        .filter(|part| !part.is_empty())
        .map(str::to_owned)
        .collect()
}

fn number<N>(
    name: &str,
    variable: &impl Fn(&str) -> Option<String>,
    allowed: std::ops::RangeInclusive<N>,
    default: N,
) -> Result<N, Error>
where
    N: std::str::FromStr + PartialOrd + std::fmt::Display,
{
    let Some(value) = text(name, variable) else {
        return Ok(default);
    };
    let number = value.parse().ok().filter(|number| allowed.contains(number));
    number.ok_or_else(|| {
        let problem = format!(
            "is {value:?}, but must be a whole number from {} to {}",
            allowed.start(),
            allowed.end()
        );
        invalid(name, &problem)
    })
}

fn url(name: &str, variable: &impl Fn(&str) -> Option<String>) -> Result<Option<String>, Error> {
    let value = text(name, variable);
    match value {
        Some(value) if !value.starts_with("https://") && !value.starts_with("http://") => {
            let problem =
                format!("is {value:?}, but must be a URL that begins with https:// or http://");
            Err(invalid(name, &problem))
        }
        value => Ok(value),
    }
}

fn function(
    name: &str,
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<Option<FunctionName>, Error> {
    let value = text(name, variable).map(|value| value.parse());
    value
        .transpose()
        .map_err(|error: FunctionNameError| invalid(name, &error.to_string()))
}

fn destination(
    name: &str,
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<Option<Destination>, Error> {
    let value = text(name, variable).map(|value| value.parse());
    value
        .transpose()
        .map_err(|error: DestinationError| invalid(name, &error.to_string()))
}

fn report_format(
    name: &str,
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<ReportFormat, Error> {
    let value = text(name, variable).unwrap_or_default();
    if value.is_empty() {
        return Ok(ReportFormat::default());
    }
    value.parse().map_err(|_| {
        let names = ReportFormat::NAMES.join(", ");
        invalid(name, &format!("is {value:?}, but must be one of {names}"))
    })
}

fn parsed<T>(name: &str, variable: &impl Fn(&str) -> Option<String>) -> Result<T, Error>
where
    T: FromStr<Err = SettingError>,
{
    let value = variable(name).unwrap_or_default();
    value
        .parse()
        .map_err(|error: SettingError| invalid(name, &error.to_string()))
}

/// The error for a text that is not the value of a setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingError {
    /// An item of a list is not the name of a Region.
    #[error(
        "contains {0:?}, but must be a list of Regions such as eu-central-1, separated by commas, or the single word all"
    )]
    Region(String),
    /// An item of a list identifies no accounts.
    #[error(
        "contains {0:?}, but must be a list of account ids with twelve digits and ids of organizational units, \
         separated by commas, or the word organization"
    )]
    Account(String),
}

/// Returns `true` if a text has the form of a Region, which becomes a part of the names of hosts.
pub(crate) fn is_region(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    text.chars().all(allowed) && text.contains('-')
}

impl FromStr for Regions {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        let mut regions = items(text);
        regions.sort();
        regions.dedup();
        match regions.as_slice() {
            [] => Ok(Self::Home),
            [all] if all == "all" => Ok(Self::All),
            _ => match regions.iter().find(|region| !is_region(region)) {
                Some(other) => Err(SettingError::Region(other.clone())),
                None => Ok(Self::These(regions)),
            },
        }
    }
}

impl FromStr for Accounts {
    type Err = SettingError;

    fn from_str(text: &str) -> Result<Self, SettingError> {
        let mut accounts = Self::default();
        for part in items(text) {
            if is_account(&part) {
                accounts.ids.push(part);
            } else if part.starts_with("ou-") || part.starts_with("r-") {
                accounts.units.push(part);
            } else if part == "organization" {
                accounts.organization = true;
            } else {
                return Err(SettingError::Account(part));
            }
        }
        Ok(accounts)
    }
}

/// Returns `true` if a text is the id of an account: twelve digits.
pub(crate) fn is_account(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn role_name(name: &str, variable: &impl Fn(&str) -> Option<String>) -> Result<String, Error> {
    let value = text(name, variable).unwrap_or_else(|| ROLE_NAME.to_owned());
    let allowed = |c: char| c.is_ascii_alphanumeric() || "+=,.@-_/".contains(c);
    if value.chars().all(allowed) {
        Ok(value)
    } else {
        Err(invalid(
            name,
            &format!("is {value:?}, which isn't the name of a role: set the name, not the ARN"),
        ))
    }
}

fn passed_images(
    name: &str,
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<PassedImages, Error> {
    match text(name, variable).as_deref() {
        None | Some("all") => Ok(PassedImages::All),
        Some("recovered") => Ok(PassedImages::Recovered),
        Some(other) => Err(invalid(
            name,
            &format!("is {other:?}, but must be all or recovered"),
        )),
    }
}

/// Reads paths of the Parameter Store. The path to all parameters of the account is rejected, since it is never
/// intended.
fn paths(name: &str, variable: &impl Fn(&str) -> Option<String>) -> Result<Vec<String>, Error> {
    let mut paths: Vec<String> = Vec::new();
    for path in list(name, variable) {
        let path = path.trim_end_matches('/');
        if !path.starts_with('/') || path.contains("//") {
            let problem = format!(
                "contains {path:?}, but must be a list of paths such as /eksentry/checks, separated by commas"
            );
            return Err(invalid(name, &problem));
        }
        if !paths.iter().any(|known| known == path) {
            paths.push(path.to_owned());
        }
    }
    Ok(paths)
}

fn checks_of(
    name: &str,
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<BTreeSet<&'static str>, Error> {
    let ids = list(name, variable).into_iter();
    ids.map(|id| {
        checks::find(&id)
            .map(|check| check.id)
            .map_err(|error| invalid(name, &format!("contains an unknown check: {error}")))
    })
    .collect()
}

fn parameters(
    name: &str,
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<BTreeMap<&'static str, ParameterValues>, Error> {
    let value = variable(name).unwrap_or_default();
    if value.trim().is_empty() {
        return Ok(BTreeMap::new());
    }
    let raw: Option<BTreeMap<String, Option<BTreeMap<String, Raw>>>> =
        serde_json::from_str(&value).map_err(|error| {
        invalid(name, &format!(r#"is not JSON of the form {{"<checkId>": {{"<parameter>": <value>}}}}: {error}"#))
    })?;
    raw.unwrap_or_default()
        .into_iter()
        .map(|(id, values)| {
            let check = checks::find(&id)
                .map_err(|error| invalid(name, &format!("contains an unknown check: {error}")))?;
            let settings =
                checks::read_parameters(check, check.parameters, &values.unwrap_or_default())
                    .map_err(|error| {
                        invalid(name, &format!("contains an invalid value: {error}"))
                    })?;
            Ok((check.id, settings))
        })
        .collect()
}

fn invalid(name: &str, problem: &str) -> Error {
    Error::new(
        ErrorKind::InvalidSettings,
        format!("the environment variable {name} {problem}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, value: &str) -> Result<Settings, Error> {
        Settings::from_environment(|variable| (variable == name).then(|| value.to_owned()))
    }

    #[test]
    fn sinks_and_metrics_are_on_by_default() {
        for (value, on) in [
            ("", true),
            ("on", true),
            ("true", true),
            ("off", false),
            (" OFF ", false),
        ] {
            assert_eq!(
                read("EKSENTRY_SECURITY_HUB", value).unwrap().security_hub,
                on,
                "{value:?}"
            );
            assert_eq!(
                read("EKSENTRY_AWS_CONFIG", value).unwrap().aws_config,
                on,
                "{value:?}"
            );
            assert_eq!(
                read("EKSENTRY_METRICS", value).unwrap().metrics,
                on,
                "{value:?}"
            );
        }
        let error = read("EKSENTRY_AWS_CONFIG", "no").unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidSettings);
        assert!(error.message.contains("EKSENTRY_AWS_CONFIG"), "{error}");
    }

    #[test]
    fn empty_variables_are_not_set() {
        let empty = Settings::from_environment(|_| Some(" ".to_owned())).unwrap();
        assert_eq!(empty.regions, Regions::Home);
        assert!(empty.accounts.is_empty() && empty.queue_url.is_none() && empty.ocsf.is_none());
        assert_eq!(empty.role_name, "eksentry-member");
        assert_eq!(empty.refresh, Duration::from_hours(30 * 24));
        assert_eq!(empty.report_format, ReportFormat::Html);
    }

    #[test]
    fn regions_and_accounts_are_parsed() {
        let regions = |value| read("EKSENTRY_REGIONS", value).unwrap().regions;
        assert_eq!(regions("all"), Regions::All);
        let two = vec!["eu-central-1".to_owned(), "us-east-1".to_owned()];
        assert_eq!(
            regions("us-east-1, eu-central-1,us-east-1"),
            Regions::These(two)
        );
        let accounts = read(
            "EKSENTRY_ACCOUNTS",
            "111122223333, ou-ab12-cdef,organization",
        );
        let accounts = accounts.unwrap().accounts;
        assert_eq!((accounts.ids.len(), accounts.units.len()), (1, 1));
        assert!(accounts.organization);
    }

    #[test]
    fn errors_contain_the_variable_with_an_invalid_value() {
        for (name, value) in [
            ("EKSENTRY_REGIONS", "all,eu-central-1"),
            ("EKSENTRY_REGIONS", "EU_CENTRAL"),
            ("EKSENTRY_ACCOUNTS", "12345"),
            ("EKSENTRY_ROLE_NAME", "arn:aws:iam::111122223333:role/x"),
            ("EKSENTRY_QUEUE_URL", "slices"),
            ("EKSENTRY_OCSF", "lake/prefix"),
            ("EKSENTRY_OCSF", "s3://Lake"),
            ("EKSENTRY_REPORT", "reports"),
            ("EKSENTRY_REPORT_FORMAT", "pdf"),
            ("EKSENTRY_REPORT_FORMAT", "HTML"),
            ("EKSENTRY_REFRESH_DAYS", "90"),
            ("EKSENTRY_REFRESH_DAYS", "0"),
            ("EKSENTRY_PASSED_IMAGES", "some"),
            ("EKSENTRY_WORKERS", "many"),
            ("EKSENTRY_DOCS_URL", "docs/checks"),
            ("EKSENTRY_DISABLED_CHECKS", "kms-cmk-rotation,kms"),
            ("EKSENTRY_ENABLED_CHECKS", "kms"),
            ("EKSENTRY_METRICS", "some"),
            ("EKSENTRY_PARAMETERS_PATHS", "eksentry/checks"),
            ("EKSENTRY_PARAMETERS_PATHS", "/eksentry//checks"),
            ("EKSENTRY_PARAMETERS_PATHS", "/a,/"),
        ] {
            let error = read(name, value).unwrap_err();
            assert_eq!(error.kind, ErrorKind::InvalidSettings);
            assert!(error.message.contains(name), "{error}");
        }
    }

    #[test]
    fn checks_are_enabled_unless_they_are_off_by_default() {
        let enabled = |value| {
            let settings = read("EKSENTRY_DISABLED_CHECKS", value).unwrap();
            settings
                .selection
                .enabled_checks()
                .map(|check| check.id)
                .collect::<Vec<_>>()
        };
        let usual = checks::CHECKS.iter().filter(|check| check.enabled).count();
        assert_eq!(enabled("").len(), usual);
        let without = enabled("kms-cmk-rotation, ecr-scan-on-push,");
        assert_eq!(without.len(), usual - 2);
        assert!(!without.contains(&"kms-cmk-rotation"), "{without:?}");
    }

    #[test]
    fn disabling_overrides_enabling() {
        let lists = Settings::from_environment(|variable| match variable {
            "EKSENTRY_ENABLED_CHECKS" => Some("kms-cmk-rotation, ecr-scan-on-push".to_owned()),
            "EKSENTRY_DISABLED_CHECKS" => Some("kms-cmk-rotation".to_owned()),
            _ => None,
        });
        let selection = lists.unwrap().selection;
        let is_enabled = |id| selection.is_enabled(checks::find(id).unwrap());
        assert!(!is_enabled("kms-cmk-rotation") && is_enabled("ecr-scan-on-push"));
    }

    #[test]
    fn paths_are_normalized_and_deduplicated() {
        let paths = |value| {
            let settings = read("EKSENTRY_PARAMETERS_PATHS", value).unwrap();
            settings.parameters_paths
        };
        assert_eq!(paths(""), [""; 0]);
        assert_eq!(paths("/a/b/, /c,/a/b,"), ["/a/b", "/c"]);
    }

    #[test]
    fn parameters_are_validated_when_they_are_read() {
        let fine =
            r#"{"kms-cmk-rotation": {"maxRotationPeriodDays": "90"}, "ecr-immutable-tags": null}"#;
        assert!(read("EKSENTRY_PARAMETERS", fine).is_ok());
        for (value, mention) in [
            ("[]", "JSON of the form"),
            (r#"{"kms": {}}"#, "kms-cmk-rotation"),
            (
                r#"{"kms-cmk-rotation": {"maxRotationPeriodDays": "soon"}}"#,
                "maxRotationPeriodDays",
            ),
        ] {
            let error = read("EKSENTRY_PARAMETERS", value).unwrap_err();
            assert!(
                error.message.contains(mention) && error.message.contains("EKSENTRY_PARAMETERS"),
                "{error}"
            );
        }
    }
}
