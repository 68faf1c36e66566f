//! The findings and evaluations that Security Hub and AWS Config should hold, and those that they hold.

use std::{
    collections::{BTreeMap, BTreeSet},
    error::Error,
    path::Path,
    time::Duration,
};

use serde_json::Value;

use super::{ACCOUNT, ChangingAccount, RequestedEvaluation};
use crate::{
    account::{Record, text},
    lambda::Function,
    stand_in::StandIn,
};

const TIME_LIMIT: Duration = Duration::from_mins(15);

/// Sweeps the account in place.
///
/// # Errors
///
/// Returns an error if the sweep fails.
pub fn sweep(aws: &StandIn, binaries: &Path) -> Result<Value, Box<dyn Error>> {
    let environment = aws.sign_in(&aws.deployment(&[])?, "sweep")?;
    let mut sweep = Function::start(&binaries.join("sweep"), environment)?.of_account(ACCOUNT);
    Ok(sweep.invoke(b"{}", TIME_LIMIT).outcome?)
}

/// Lists the differences between the stand-in and an undisturbed sweep of the account in its current state: in the
/// status and the severity of Security Hub's findings, and in the evaluations that AWS Config requested. There should
/// be none.
///
/// # Errors
///
/// Returns an error if that sweep fails.
pub fn differences(
    aws: &StandIn,
    requested: &BTreeSet<RequestedEvaluation>,
    binaries: &Path,
) -> Result<Vec<String>, Box<dyn Error>> {
    let mut account = None;
    aws.change(|current| account = Some(current.clone()))?;
    let mut account = account.ok_or("there is no account")?;
    account.faults.clear();
    let undisturbed = StandIn::start(account)?;
    undisturbed.count_only();
    sweep(&undisturbed, binaries)?;
    let expected_findings = findings(&undisturbed);

    let mut differences = compare("Security Hub", &findings(aws), &expected_findings);
    let expected = requested.iter().map(|evaluation| {
        let id = format!("eksentry/{}/{}", evaluation.check, evaluation.arn);
        let compliance = compliance(expected_findings.get(&id)).to_owned();
        (
            evaluation_name(&ChangingAccount::rule(evaluation.check), &evaluation.name),
            compliance,
        )
    });
    let evaluations = aws.evaluations().into_iter();
    let held =
        evaluations.map(|one| (evaluation_name(&one.rule, &one.resource_id), one.compliance));
    differences.extend(compare("AWS Config", &held.collect(), &expected.collect()));
    Ok(differences)
}

fn evaluation_name(rule: &str, resource: &str) -> String {
    format!("{rule} of {resource}")
}

/// Returns the status and the severity of each finding that is not archived, by id.
fn findings(aws: &StandIn) -> BTreeMap<String, String> {
    let mut findings = BTreeMap::new();
    aws.each_finding(|finding: &Record| {
        if finding["RecordState"] != "ARCHIVED" {
            let state = [
                &finding["Compliance"]["Status"],
                &finding["FindingProviderFields"]["Severity"]["Label"],
            ];
            let state = state.map(|word| word.as_str().unwrap_or_default());
            findings.insert(text(finding, "Id").to_owned(), state.join(" "));
        }
    });
    findings
}

/// Returns the compliance that AWS Config should hold if Security Hub holds this finding.
fn compliance(finding: Option<&String>) -> &'static str {
    match finding.and_then(|state| state.split(' ').next()) {
        None => "NOT_APPLICABLE",
        Some("PASSED") => "COMPLIANT",
        Some(_) => "NON_COMPLIANT",
    }
}

fn compare(
    sink: &str,
    held: &BTreeMap<String, String>,
    expected: &BTreeMap<String, String>,
) -> Vec<String> {
    let all: BTreeSet<&String> = held.keys().chain(expected.keys()).collect();
    let all = all
        .into_iter()
        .map(|id| (id, held.get(id), expected.get(id)));
    all.filter(|(_, held, expected)| held != expected)
        .map(|(id, held, expected)| {
            let [held, expected] =
                [held, expected].map(|state| state.map_or("nothing", String::as_str));
            format!("{sink} holds {held} for {id}; expected {expected}")
        })
        .collect()
}
