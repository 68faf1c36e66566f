//! BatchImportFindings: stores findings as the service does.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{SecurityHub, account_and_region, key, product_region, updated_at};
use crate::{
    account::{Account, Record, text},
    stand_in::{
        access::RequiredPermission,
        asff,
        faults::Hit,
        operation::CallContext,
        service::AwsError,
        state::State,
        wire::{Request, record},
    },
};

/// The maximum size of a BatchImportFindings request, in bytes.
const MOST_BYTES: usize = 6 * 1024 * 1024;
const MOST_FINDINGS: usize = 100;
/// The members that belong to the customer once a finding exists.
const CUSTOMERS: [&str; 4] = ["Note", "UserDefinedFields", "VerificationState", "Workflow"];

/// The response to one import, and the violations in its findings.
#[derive(Debug)]
pub(super) struct Imported {
    pub response: Value,
    pub violations: Vec<String>,
}

/// Stores findings. A fault may reject some of them.
pub(in crate::stand_in) fn batch_import_findings(
    state: &mut State,
    call: &CallContext<'_>,
) -> Result<Value, AwsError> {
    let CallContext {
        caller,
        request,
        fault,
    } = *call;
    let account = state.empty(caller, &request.region);
    let imported = state.hub.import(&account, request, fault)?;
    for violation in imported.violations {
        state.recording.add_violation(&request.name(), &violation);
    }
    Ok(imported.response)
}

/// Returns the permissions to import findings, one for each product in the request.
pub(in crate::stand_in) fn permissions_on_products(
    action: &'static str,
    _: &Account,
    request: &Request,
) -> Vec<RequiredPermission> {
    let findings = request.member("Findings").and_then(Value::as_array);
    let products: BTreeSet<&str> = findings
        .into_iter()
        .flatten()
        .map(|finding| finding["ProductArn"].as_str().unwrap_or_default())
        .collect();
    let need = |product| RequiredPermission::new(action, product);
    products.into_iter().map(need).collect()
}

impl SecurityHub {
    pub(super) fn import(
        &mut self,
        account: &Account,
        request: &Request,
        fault: Option<&Hit>,
    ) -> Result<Imported, AwsError> {
        let findings = valid_findings(account, request)?;
        let mut failed = Vec::new();
        let mut violations = Vec::new();
        for finding in findings {
            let id = finding
                .get("Id")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let problems = asff::problems(finding);
            if !problems.is_empty() {
                let message = problems.join("; ");
                violations.push(format!("finding {id:?}: {message}"));
                failed
                    .push(json!({"Id": id, "ErrorCode": "InvalidInput", "ErrorMessage": message}));
            } else if let Some(code) = fault.and_then(|fault| fault.rejects(id)) {
                failed.push(
                    json!({"Id": id, "ErrorCode": code, "ErrorMessage": "an injected fault"}),
                );
            } else {
                self.keep_newest(record(finding.clone()), request.at);
            }
        }
        let response = json!({
            "FailedCount": failed.len(),
            "SuccessCount": findings.len() - failed.len(),
            "FailedFindings": failed,
        });
        Ok(Imported {
            response,
            violations,
        })
    }

    /// Stores a valid finding, unless the stored one was updated at the same time or later.
    fn keep_newest(&mut self, finding: Record, at: Timestamp) {
        let kept = self
            .findings
            .get(&account_and_region(&finding))
            .and_then(|findings| findings.get(&key(&finding)));
        let stored = match kept {
            Some(kept) if updated_at(&finding) <= kept.updated_at => return,
            Some(kept) => completed(replaced(&kept.finding, finding), at),
            None => completed(finding, at),
        };
        self.insert(stored);
    }
}

/// Returns the findings of a request that is well formed and made for the caller's own account.
fn valid_findings<'a>(account: &Account, request: &'a Request) -> Result<&'a [Value], AwsError> {
    let findings = request.list("Findings")?.unwrap_or_default();
    if findings.is_empty() || findings.len() > MOST_FINDINGS {
        return Err(request.invalid(format!(
            "Findings has {} items, not 1 to {MOST_FINDINGS}",
            findings.len()
        )));
    }
    if request.size > MOST_BYTES {
        return Err(request.invalid(format!(
            "the call has {} bytes, {MOST_BYTES} are allowed",
            request.size
        )));
    }
    let product = product_arn(account);
    for (name, own) in [("AwsAccountId", &account.account), ("ProductArn", &product)] {
        if let Some(other) = findings
            .iter()
            .find_map(|finding| finding.get(name)?.as_str().filter(|other| other != own))
        {
            let message =
                format!("{name} is {other}; the caller may only import findings with {own}");
            return Err(request.service.denied(message).violation());
        }
    }
    Ok(findings)
}

/// Returns the ARN of an account's default product, under which the account imports its own findings.
fn product_arn(account: &Account) -> String {
    account.arn(
        "securityhub",
        &account.region,
        &format!("product/{}/default", account.account),
    )
}

/// Returns the new finding that replaces the old one, with the customer's members of the old one.
fn replaced(kept: &Record, mut finding: Record) -> Record {
    for name in CUSTOMERS {
        finding.remove(name);
        finding.extend(kept.get(name).map(|value| (name.to_owned(), value.clone())));
    }
    if is_open_again(kept, &finding)
        && matches!(workflow_status(kept), Some("NOTIFIED" | "RESOLVED"))
    {
        finding.insert("Workflow".to_owned(), json!({"Status": "NEW"}));
    }
    finding
}

/// Returns `true` if a finding was archived or passed and is not any more. [`replaced`] keeps a suppressed finding
/// suppressed even then.
fn is_open_again(kept: &Record, finding: &Record) -> bool {
    let was_archived =
        text(kept, "RecordState") == "ARCHIVED" && text(finding, "RecordState") != "ARCHIVED";
    let was_passed = compliance_status(kept) == Some("PASSED")
        && compliance_status(finding).is_some_and(|status| status != "PASSED");
    was_archived || was_passed
}

fn workflow_status(finding: &Record) -> Option<&str> {
    finding.get("Workflow")?.get("Status")?.as_str()
}

fn compliance_status(finding: &Record) -> Option<&str> {
    finding.get("Compliance")?.get("Status")?.as_str()
}

/// Returns a finding as the service stores it, with the members that the service adds.
pub(super) fn completed(mut finding: Record, at: Timestamp) -> Record {
    fill_severity_and_types(&mut finding);
    let product = text(&finding, "ProductArn").to_owned();
    let region = product_region(&finding).to_owned();
    for (name, value) in [
        ("RecordState", json!("ACTIVE")),
        ("Workflow", json!({"Status": "NEW"})),
        ("WorkflowState", json!("NEW")),
        ("ProductName", json!("Default")),
        ("CompanyName", json!("Personal")),
        ("Region", json!(region)),
    ] {
        finding.entry(name).or_insert(value);
    }
    finding.insert("ProcessedAt".to_owned(), at.to_string().into());

    let qualified_id = format!("{product}/{}", asff::id(&finding));
    if let Some(fields) = finding
        .entry("ProductFields")
        .or_insert_with(|| json!({}))
        .as_object_mut()
    {
        fields.insert("aws/securityhub/FindingId".to_owned(), qualified_id.into());
        fields.insert("aws/securityhub/ProductName".to_owned(), "Default".into());
        fields.insert("aws/securityhub/CompanyName".to_owned(), "Personal".into());
    }
    finding
}

/// Fills both forms of Severity and Types, each from the other. FindingProviderFields takes precedence.
fn fill_severity_and_types(finding: &mut Record) {
    let provided = finding
        .get("FindingProviderFields")
        .cloned()
        .map(record)
        .unwrap_or_default();
    for name in ["Severity", "Types"] {
        let Some(value) = provided.get(name).or_else(|| finding.get(name)).cloned() else {
            continue;
        };
        let fields = finding
            .entry("FindingProviderFields")
            .or_insert_with(|| json!({}));
        if let Some(fields) = fields.as_object_mut() {
            fields.entry(name).or_insert_with(|| value.clone());
        }
        finding.insert(
            name.to_owned(),
            if name == "Severity" {
                normalized(value)
            } else {
                value
            },
        );
    }
}

fn normalized(mut severity: Value) -> Value {
    let number = match severity.get("Label").and_then(Value::as_str) {
        Some("LOW") => 1,
        Some("MEDIUM") => 40,
        Some("HIGH") => 70,
        Some("CRITICAL") => 90,
        _ => 0,
    };
    if let Some(members) = severity.as_object_mut() {
        members.entry("Normalized").or_insert_with(|| number.into());
    }
    severity
}
