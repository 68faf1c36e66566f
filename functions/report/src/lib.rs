//! The function `report`, with the crate that renders reports, which no other function contains.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::Arc;

use eksentry_core::{Check, Location};
use eksentry_report::{CheckSummary, Finding, Format, Report, Scope};
use eksentry_runtime::report::{FindingsReport, ReportFormat};
use eksentry_runtime::{App, Error};
use jiff::Timestamp;
use lambda_runtime::LambdaEvent;
use serde_json::Value;

/// Handles an event after a sweep, or an invocation by hand. Returns the address of the report that was written.
///
/// # Errors
///
/// Returns an error if the settings are wrong, the findings could not be read, or the report could not be written.
pub async fn handle(app: Arc<App>, event: LambdaEvent<Value>) -> Result<Value, Error> {
    eksentry_runtime::report::handle::<Draft>(app, event).await
}

/// A report that is being made.
struct Draft {
    made_at: Timestamp,
    /// The accounts and the Regions.
    scopes: BTreeSet<(String, String)>,
    /// The checks, by their ids.
    checks: BTreeMap<String, CheckSummary>,
    /// The findings, by what distinguishes them in Security Hub: the product and the id. A finding that was on two
    /// pages is counted once, and no account can replace the finding of another one.
    findings: BTreeMap<(String, String), Finding>,
}

impl FindingsReport for Draft {
    fn new(made_at: Timestamp, home: &Location, checks: &[&'static Check]) -> Self {
        let known = checks.iter().map(|check| CheckSummary::known(check));
        Self {
            made_at,
            scopes: [(home.account.clone(), home.region.clone())].into(),
            checks: known.map(|check| (check.id.clone(), check)).collect(),
            findings: BTreeMap::new(),
        }
    }

    fn add(&mut self, document: &Value) {
        let text = |name: &str| document[name].as_str().unwrap_or_default().to_owned();
        let finding = Finding::from_asff(document);
        if !finding.account.is_empty() && !finding.region.is_empty() {
            let scope = (finding.account.clone(), finding.region.clone());
            self.scopes.insert(scope);
        }
        if !self.checks.contains_key(&finding.check) {
            let check = CheckSummary::from_asff(document);
            self.checks.insert(finding.check.clone(), check);
        }
        self.findings
            .insert((text("ProductArn"), text("Id")), finding);
    }

    fn findings(&self) -> usize {
        self.findings.len()
    }

    fn render(self, format: ReportFormat) -> io::Result<Vec<u8>> {
        let scopes = self.scopes.into_iter();
        let scopes = scopes.map(|(account, region)| Scope { account, region });
        let report = Report::new(self.made_at, scopes)
            .with_checks(self.checks.into_values())
            .with_findings(self.findings.into_values());
        let format = match format {
            ReportFormat::Html => Format::Html,
            ReportFormat::Json => Format::Json,
            ReportFormat::Csv => Format::Csv,
            ReportFormat::Markdown => Format::Markdown,
            ReportFormat::Sarif => Format::Sarif,
        };
        let mut body = Vec::new();
        report.render(format, None, &mut body)?;
        Ok(body)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ACCOUNT: &str = "111122223333";
    const OTHER: &str = "444455556666";

    fn home() -> Location {
        Location {
            partition: "aws".to_owned(),
            region: "eu-central-1".to_owned(),
            account: ACCOUNT.to_owned(),
        }
    }

    fn finding(account: &str, status: &str) -> Value {
        let product = format!("arn:aws:securityhub:eu-west-1:{account}:product/{account}/default");
        json!({
            "Id": "eksentry/kms-retired/k", "GeneratorId": "eksentry/kms-retired", "AwsAccountId": account,
            "ProductArn": product, "Title": "The title of a retired check", "Compliance": {"Status": status},
        })
    }

    fn rendered(documents: &[Value]) -> Value {
        let mut draft = Draft::new(Timestamp::UNIX_EPOCH, &home(), &[]);
        for document in documents {
            draft.add(document);
        }
        serde_json::from_slice(&draft.render(ReportFormat::Json).unwrap()).unwrap()
    }

    #[test]
    fn a_finding_that_is_on_two_pages_is_counted_once() {
        let report = rendered(&[finding(ACCOUNT, "FAILED"), finding(ACCOUNT, "PASSED")]);
        let findings = report["findings"].as_array().unwrap();
        assert_eq!(findings.len(), 1);
        assert_eq!(findings[0]["status"], "PASSED");
    }

    #[test]
    fn no_account_can_replace_the_finding_of_another_one() {
        let report = rendered(&[finding(ACCOUNT, "FAILED"), finding(OTHER, "PASSED")]);
        let findings = report["findings"].as_array().unwrap();
        let statuses: Vec<_> = findings.iter().map(|one| &one["status"]).collect();
        assert_eq!(statuses, ["FAILED", "PASSED"]);
    }

    #[test]
    fn the_scopes_are_those_of_the_findings_and_of_the_function() {
        let scopes = |documents: &[Value]| rendered(documents)["scopes"].clone();
        let own = json!({"account": ACCOUNT, "region": "eu-central-1"});
        let other = json!({"account": OTHER, "region": "eu-west-1"});
        assert_eq!(scopes(&[]), json!([own]));
        assert_eq!(scopes(&[finding(OTHER, "PASSED")]), json!([own, other]));
        assert_eq!(scopes(&[json!({"AwsAccountId": OTHER})]), json!([own]));
    }

    #[test]
    fn a_check_that_is_not_in_the_registry_is_stated_as_its_finding_states_it() {
        let report = rendered(&[finding(ACCOUNT, "FAILED")]);
        let checks = report["checks"].as_array().unwrap();
        assert_eq!(checks.len(), 1);
        assert_eq!(checks[0]["title"], "The title of a retired check");
    }
}
