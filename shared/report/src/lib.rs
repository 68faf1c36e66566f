//! The report on the configuration of accounts: a plain data model, and its renderings as a page for a browser, as
//! tables for a terminal, and as JSON, CSV, Markdown and SARIF.
//!
//! A [`Report`] states what was found, and also what could not be read and which checks ran, so that nothing that is
//! absent looks like a pass. It trusts no text in it: names and descriptions come from the evaluated accounts. As JSON,
//! it is the baseline with which a later report is [compared](Report::compare).

mod asff;
mod baseline;
mod check;
mod comparison;
mod coverage;
mod evaluated;
mod finding;
mod formats;
mod frameworks;
mod page;
mod table;
mod terminal;

use eksentry_core::{Severity, checks, service};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

pub use baseline::BaselineError;
pub use check::CheckSummary;
pub use comparison::{Change, Comparison, Former};
pub use finding::{
    Exception, Finding, Note, ONE_MONTH, Package, Place, Reason, Status, Vulnerability,
};
pub use formats::Format;
pub use frameworks::{ControlResult, Framework, Outcome, Score};
pub use table::Listing;
pub use terminal::{Style, printable};

use baseline::FORMAT;

/// The service of checks whose ids do not begin with a known service.
const OTHER: &str = "Other";

/// The results of all checks of one or several accounts at one time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The name and version of the format, which a baseline must have.
    format: String,
    /// The version of eksentry that created the report.
    version: String,
    made_at: Timestamp,
    scopes: Vec<Scope>,
    #[serde(default, skip_serializing_if = "Narrowing::is_none")]
    narrowing: Narrowing,
    checks: Vec<CheckSummary>,
    findings: Vec<Finding>,
    /// The ids of findings whose results are not known yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pending: Vec<String>,
    /// The errors because of which something was not evaluated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    errors: Vec<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    evaluations: Vec<Evaluation>,
}

impl Report {
    /// Creates a report on these accounts and Regions, without findings.
    pub fn new(made_at: Timestamp, scopes: impl IntoIterator<Item = Scope>) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            made_at,
            scopes: scopes.into_iter().collect(),
            checks: Vec::new(),
            findings: Vec::new(),
            narrowing: Narrowing::default(),
            pending: Vec::new(),
            errors: Vec::new(),
            evaluations: Vec::new(),
        }
    }

    /// Adds the checks that ran. Every check that a finding names should be among them.
    #[must_use]
    pub fn with_checks(mut self, checks: impl IntoIterator<Item = CheckSummary>) -> Self {
        self.checks.extend(checks);
        self.checks.sort_by(|one, other| one.id.cmp(&other.id));
        self.checks.dedup_by(|one, other| one.id == other.id);
        self
    }

    /// Adds findings.
    #[must_use]
    pub fn with_findings(mut self, findings: impl IntoIterator<Item = Finding>) -> Self {
        self.findings.extend(findings);
        self.findings
            .sort_by(|left, right| left.order().cmp(&right.order()));
        self
    }

    /// States what the evaluation was narrowed to, and leaves out the failures and warnings below its severity.
    #[must_use]
    pub fn narrowed(mut self, narrowing: Narrowing) -> Self {
        if let Some(lowest) = narrowing.severity {
            // That something could not be read may hide a failure of any severity.
            self.findings.retain(|finding| {
                let is_result = matches!(finding.status, Status::Failed | Status::Warning);
                !is_result || finding.severity >= lowest || coverage::is_about_unread(finding)
            });
        }
        self.narrowing = narrowing;
        self
    }

    /// Adds the ids of findings whose results are not known yet, such as those of images whose scan is under way.
    #[must_use]
    pub fn with_pending(mut self, pending: impl IntoIterator<Item = String>) -> Self {
        self.pending.extend(pending);
        self
    }

    /// Adds errors because of which something was not evaluated, so that findings may be missing. An error is a
    /// sentence or more, and says what was tried where, and what to do.
    #[must_use]
    pub fn with_errors(mut self, errors: impl IntoIterator<Item = String>) -> Self {
        self.errors.extend(errors);
        self
    }

    /// Adds evaluations that AWS Config holds.
    #[must_use]
    pub fn with_evaluations(mut self, evaluations: impl IntoIterator<Item = Evaluation>) -> Self {
        self.evaluations.extend(evaluations);
        self.evaluations
            .sort_by(|left, right| left.order().cmp(&right.order()));
        self
    }

    /// Returns the findings: those that require action first, the most severe of them first.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// Returns the number of findings with this status.
    pub fn count(&self, status: Status) -> usize {
        let findings = self.findings.iter();
        findings.filter(|finding| finding.status == status).count()
    }

    /// Returns `true` if a resource fails with at least this severity.
    pub fn has_failure(&self, lowest: Severity) -> bool {
        let mut findings = self.findings.iter();
        findings.any(|finding| finding.status == Status::Failed && finding.severity >= lowest)
    }

    /// Returns `true` if everything could be read.
    pub fn is_complete(&self) -> bool {
        let is_unread = |finding: &Finding| match finding.status {
            Status::NotAvailable => true,
            // Some of the contents of a cluster could not be read.
            Status::Warning => finding.check == checks::readability().id,
            _ => false,
        };
        self.errors.is_empty() && !self.findings.iter().any(is_unread)
    }

    /// Returns the limits that the user has set, as sentences.
    fn limits(&self) -> Vec<String> {
        let Narrowing {
            checks,
            resources,
            severity,
        } = &self.narrowing;
        let mut sentences = Vec::new();
        if *checks {
            sentences.push(match self.checks.len() {
                1 => "Only one check ran.".to_owned(),
                number => format!("Only {number} checks ran."),
            });
        }
        match resources.len() {
            0 => {}
            1 => sentences.push("Only one resource was evaluated.".to_owned()),
            number => sentences.push(format!("Only {number} resources were evaluated.")),
        }
        if let Some(severity) = severity {
            sentences.push(format!(
                "Failures and warnings below {severity} are left out, and therefore also the scores of standards."
            ));
        }
        sentences
    }

    /// Returns `true` if there are neither findings nor evaluations.
    pub fn is_empty(&self) -> bool {
        self.findings.is_empty() && self.evaluations.is_empty()
    }

    /// Returns the number of results that are not known yet, as a sentence; `None` if there are none.
    fn pending_results(&self) -> Option<String> {
        match self.pending.len() {
            0 => None,
            1 => Some("1 result is not known yet.".to_owned()),
            number => Some(format!("{number} results are not known yet.")),
        }
    }

    fn check(&self, id: &str) -> Option<&CheckSummary> {
        let found = self
            .checks
            .binary_search_by(|check| check.id.as_str().cmp(id));
        found.ok().and_then(|index| self.checks.get(index))
    }
}

/// An account and a Region that a report is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Scope {
    /// The ID of the account.
    pub account: String,
    /// The Region.
    pub region: String,
}

/// The limits of an evaluation that the user has set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Narrowing {
    /// `true` if the user has selected the checks that ran.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub checks: bool,
    /// The ids of the only resources that were evaluated; empty if all were.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// The lowest severity of the failures and warnings in the report; `None` if it has all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severity: Option<Severity>,
}

impl Narrowing {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// An evaluation that AWS Config holds for one rule and one resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Evaluation {
    /// The name of the AWS Config rule.
    pub rule: String,
    /// The type of the resource, for example `AWS::EKS::Cluster`.
    pub resource_type: String,
    /// The resource's id in AWS Config: the name of a cluster or repository, the id of a key.
    pub resource_id: String,
    /// `COMPLIANT`, `NON_COMPLIANT` or `NOT_APPLICABLE`.
    pub compliance: String,
    /// The reason, if the evaluation has one.
    pub annotation: Option<String>,
    /// The time at which the facts of the evaluation were captured.
    pub ordering_timestamp: String,
}

impl Evaluation {
    fn order(&self) -> impl Ord + use<'_> {
        let rank = match self.compliance.as_str() {
            "NON_COMPLIANT" => 0,
            "COMPLIANT" => 1,
            _ => 2,
        };
        (rank, &self.rule, &self.resource_type, &self.resource_id)
    }
}

/// Returns the name of the service of a check.
fn service_of(check: &str) -> &'static str {
    service::of(check).map_or(OTHER, |service| service.name)
}

#[cfg(test)]
mod tests {
    use eksentry_core::{Severity, checks};

    use super::*;

    pub(super) const CLUSTER: &str = "arn:aws:eks:eu-central-1:111122223333:cluster/payments-prod";

    /// Returns a finding of this status and severity.
    pub(super) fn finding(
        check: &str,
        resource: &str,
        status: Status,
        severity: Severity,
    ) -> Finding {
        Finding {
            id: format!("eksentry/{check}/{resource}"),
            check: check.to_owned(),
            status,
            severity,
            resource: resource.rsplit('/').next().unwrap_or_default().to_owned(),
            resource_id: resource.to_owned(),
            resource_type: "AwsEksCluster".to_owned(),
            account: "111122223333".to_owned(),
            region: "eu-central-1".to_owned(),
            reasons: vec![Reason {
                code: "SEEN".to_owned(),
                text: "The reason.".to_owned(),
            }],
            ..Finding::default()
        }
    }

    /// Returns a finding of the status with the severity that it usually has.
    pub(super) fn plain(check: &str, resource: &str, status: Status) -> Finding {
        let severity = match status {
            Status::Failed => Severity::High,
            Status::Warning => Severity::Low,
            _ => Severity::Informational,
        };
        finding(check, resource, status, severity)
    }

    pub(super) fn evaluation(rule: &str, resource: &str, compliance: &str) -> Evaluation {
        Evaluation {
            rule: rule.to_owned(),
            resource_type: "AWS::EKS::Cluster".to_owned(),
            resource_id: resource.to_owned(),
            compliance: compliance.to_owned(),
            annotation: None,
            ordering_timestamp: "2026-11-23T09:00:00.000Z".to_owned(),
        }
    }

    /// Returns a report with these findings, in which all checks ran.
    pub(super) fn report(findings: impl IntoIterator<Item = Finding>) -> Report {
        let findings: Vec<_> = findings.into_iter().collect();
        let made_at = "2026-11-23T09:00:00Z".parse().unwrap();
        let scope = Scope {
            account: "111122223333".to_owned(),
            region: "eu-central-1".to_owned(),
        };
        let known = checks::CHECKS
            .iter()
            .map(|check| CheckSummary::known(check));
        let named: Vec<_> = findings
            .iter()
            .map(|finding| {
                CheckSummary::unknown(&finding.check, &format!("The title of {}", finding.check))
            })
            .collect();
        Report::new(made_at, [scope])
            .with_checks(known)
            .with_checks(named)
            .with_findings(findings)
    }

    #[test]
    fn findings_are_ordered_by_status_then_severity() {
        let report = report([
            finding("c", CLUSTER, Status::Passed, Severity::Informational),
            finding("b", CLUSTER, Status::Warning, Severity::Low),
            finding("a", CLUSTER, Status::Failed, Severity::Low),
            finding("a", CLUSTER, Status::Failed, Severity::Critical),
        ]);
        let order: Vec<_> = report
            .findings
            .iter()
            .map(|finding| (finding.status, finding.severity))
            .collect();
        assert_eq!(
            order,
            [
                (Status::Failed, Severity::Critical),
                (Status::Failed, Severity::Low),
                (Status::Warning, Severity::Low),
                (Status::Passed, Severity::Informational),
            ]
        );
    }

    #[test]
    fn a_severity_leaves_out_only_what_is_known_to_be_less_severe() {
        let report = report([
            finding("a", CLUSTER, Status::Failed, Severity::High),
            finding("b", CLUSTER, Status::Failed, Severity::Medium),
            finding("c", CLUSTER, Status::Warning, Severity::Low),
            plain("d", CLUSTER, Status::NotAvailable),
            plain("e", CLUSTER, Status::Passed),
        ]);
        let narrowed = report.narrowed(Narrowing {
            severity: Some(Severity::High),
            ..Narrowing::default()
        });
        let left: Vec<_> = narrowed.findings().iter().map(|one| &one.check).collect();
        assert_eq!(left, ["a", "d", "e"]);
        assert_eq!(narrowed.frameworks(), [], "a score would ignore failures");
        assert!(narrowed.has_failure(Severity::High) && !narrowed.has_failure(Severity::Critical));
    }

    #[test]
    fn a_report_is_complete_if_everything_was_read() {
        let passed = || plain("a", CLUSTER, Status::Passed);
        assert!(report([passed()]).is_complete());
        assert!(
            !report([passed()])
                .with_errors(["Denied.".to_owned()])
                .is_complete()
        );
        assert!(!report([passed(), plain("b", CLUSTER, Status::NotAvailable)]).is_complete());
        assert!(report([passed(), plain("b", CLUSTER, Status::Warning)]).is_complete());
        // Some of the contents of a cluster were not read, whatever the lowest severity is.
        let partly_read = report([plain(checks::readability().id, CLUSTER, Status::Warning)]);
        assert!(!partly_read.is_complete());
        let narrowed = partly_read.narrowed(Narrowing {
            severity: Some(Severity::High),
            ..Narrowing::default()
        });
        assert!(!narrowed.is_complete());
    }

    #[test]
    fn the_limits_of_a_report_are_stated() {
        let limits = |narrowing| {
            let report = Report::new(Timestamp::UNIX_EPOCH, []);
            let check = CheckSummary::unknown("a", "A");
            report.with_checks([check]).narrowed(narrowing).limits()
        };
        assert_eq!(limits(Narrowing::default()), [""; 0]);
        let narrowing = Narrowing {
            checks: true,
            resources: vec![CLUSTER.to_owned(), "other".to_owned()],
            severity: Some(Severity::High),
        };
        assert_eq!(
            limits(narrowing),
            [
                "Only one check ran.",
                "Only 2 resources were evaluated.",
                "Failures and warnings below HIGH are left out, and therefore also the scores of standards."
            ]
        );
    }

    #[test]
    fn each_check_is_stated_once_and_found_by_its_id() {
        let report = report([plain("eks-endpoint-private", CLUSTER, Status::Failed)]);
        let known = report.check("eks-endpoint-private").unwrap();
        assert_eq!(
            known.title,
            "EKS clusters should not have a public endpoint"
        );
        assert!(report.checks.is_sorted_by(|one, other| one.id < other.id));
        assert_eq!(report.check("no-check"), None);
    }

    #[test]
    fn the_service_follows_from_the_id_of_the_check() {
        for (check, expected) in [
            ("eks-endpoint-private", "Amazon EKS"),
            ("eks-check-of-the-future", "Amazon EKS"),
            ("config-records-resources", "AWS Config"),
            ("", OTHER),
            ("eks", OTHER),
            ("unknown-check", OTHER),
            ("<b>-check", OTHER),
        ] {
            assert_eq!(service_of(check), expected, "{check}");
        }
    }
}
