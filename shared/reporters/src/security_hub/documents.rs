//! The findings of eksentry as Security Hub holds them, for a report on all of them.
//!
//! The SDK's type for a finding can't be turned back into the JSON that a report reads, so the small client of
//! services without an SDK crate reads the pages.

use eksentry_aws::{Aws, JsonClient, JsonRequest, Pages, Rate, Service};
use eksentry_core::Location;
use eksentry_core::finding::GENERATOR;
use serde::Deserialize;
use serde_json::{Value, json};

use super::known::{GET_FINDINGS, PAGE};
use super::{failed, read_rate};
use crate::ReportError;

const SERVICE: Service = Service {
    name: "securityhub",
    id: "SecurityHub",
};

/// The members that identify a finding, the check and the account.
const REQUIRED: [&str; 3] = ["Id", "GeneratorId", "AwsAccountId"];

/// The active findings of eksentry that an account sees in a Region, as documents in the AWS Security Finding Format.
/// An administrator account sees those of its members too, and an aggregation Region those of the linked Regions.
#[derive(Debug)]
pub struct FindingDocuments {
    client: JsonClient,
    location: Location,
    reads: Rate,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Page {
    findings: Option<Vec<Value>>,
    next_token: Option<String>,
}

impl FindingDocuments {
    /// Creates the documents that this account sees in this Region.
    pub fn new(aws: &Aws, location: Location) -> Self {
        Self {
            client: JsonClient::new(SERVICE, aws, None),
            location,
            reads: read_rate(1),
        }
    }

    /// Passes each document to `each`, page by page. A finding that changes meanwhile can be on two pages.
    ///
    /// # Errors
    ///
    /// Returns an error if a call fails, or if its response is incomplete. `each` has then received only a part of the
    /// documents.
    pub async fn each(&self, mut each: impl FnMut(&Value)) -> Result<(), ReportError> {
        let (mut tokens, mut token) = (Pages::default(), None);
        loop {
            self.reads.acquire().await;
            let mut input = json!({"Filters": active(), "MaxResults": PAGE});
            if let Some(token) = token {
                input["NextToken"] = Value::String(token);
            }
            let request = JsonRequest::post("GetFindings", "findings", input);
            let page: Page = self
                .client
                .send(request)
                .await
                .map_err(|error| failed(&self.location, GET_FINDINGS, error))?;
            let findings = page
                .findings
                .ok_or_else(|| incomplete("the response lacks Findings"))?;
            if !findings.iter().all(has_required_members) {
                return Err(incomplete(
                    "a finding in the response lacks Id, GeneratorId or AwsAccountId",
                ));
            }
            findings
                .iter()
                .filter(|finding| is_from_eksentry(finding))
                .for_each(&mut each);
            let noted = tokens.add_token(page.next_token.as_deref());
            noted.map_err(|error| ReportError::of_call(GET_FINDINGS, error))?;
            token = page.next_token.filter(|token| !token.is_empty());
            if token.is_none() {
                return Ok(());
            }
        }
    }
}

/// Returns the filters. They name neither the product nor the account, which differ by the account and the Region that
/// sent a finding.
fn active() -> Value {
    json!({
        "GeneratorId": [{"Value": GENERATOR, "Comparison": "PREFIX"}],
        "RecordState": [{"Value": "ACTIVE", "Comparison": "EQUALS"}],
    })
}

fn incomplete(problem: &str) -> ReportError {
    ReportError {
        action: GET_FINDINGS,
        problem: problem.to_owned(),
    }
}

fn has_required_members(finding: &Value) -> bool {
    REQUIRED.iter().all(|name| finding[name].is_string())
}

/// Returns `true` if a finding is one of eksentry's, and active. The index behind the filters may be out of date.
fn is_from_eksentry(finding: &Value) -> bool {
    let begins = |name: &str| {
        let text = finding[name].as_str();
        text.is_some_and(|text| text.starts_with(GENERATOR))
    };
    begins("Id") && begins("GeneratorId") && finding["RecordState"] != "ARCHIVED"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding() -> Value {
        json!({
            "Id": "eksentry/x/y", "GeneratorId": "eksentry/x", "AwsAccountId": "111122223333", "RecordState": "ACTIVE",
        })
    }

    #[test]
    fn a_finding_requires_the_members_that_identify_it() {
        assert!(has_required_members(&finding()));
        for name in REQUIRED {
            for value in [Value::Null, json!(1), json!(["eksentry/x"])] {
                let mut finding = finding();
                finding[name] = value;
                assert!(!has_required_members(&finding), "{finding}");
            }
        }
        for other in [Value::Null, json!("eksentry/x"), json!([])] {
            assert!(!has_required_members(&other), "{other}");
        }
    }

    #[test]
    fn only_active_findings_of_eksentry_are_passed_on() {
        assert!(is_from_eksentry(&finding()));
        for (name, value, expected) in [
            ("Id", "prowler/x", false),
            ("GeneratorId", "prowler/x", false),
            ("RecordState", "ARCHIVED", false),
            ("RecordState", "ANOTHER", true),
            ("AwsAccountId", "444455556666", true),
        ] {
            let mut finding = finding();
            finding[name] = value.into();
            assert_eq!(is_from_eksentry(&finding), expected, "{finding}");
        }
    }
}
