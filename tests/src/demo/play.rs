//! Plays events: delivers them to functions and collects the results.

use std::{
    collections::{BTreeMap, btree_map::Entry},
    path::{Path, PathBuf},
    time::Duration,
};

use eksentry_report::Evaluation;
use serde_json::{Value, json};

use super::{DemoError, Sample};
use crate::{
    account::Account,
    lambda::{Function, FunctionError},
    stand_in::{Call, StandIn},
};

/// The time limit of a function: the longest that Lambda allows.
const TIMEOUT: Duration = Duration::from_mins(15);

/// The function that reads clusters in VPCs, and its time limit in template-vpc.yaml.
const CLUSTER_READER: &str = "cluster-reader";
const CLUSTER_READER_TIMEOUT: Duration = Duration::from_secs(20);

/// The `ResultToken` with which AWS Config stores no evaluations.
const TEST_TOKEN: &str = "TESTMODE";

/// The functions, each of which is started for its first event and then kept warm.
pub(super) struct Player<'a> {
    aws: &'a StandIn,
    binaries: &'a Path,
    account: &'a Account,
    folders: Folders,
    /// The environment of the functions, in addition to the usual one.
    environment: Vec<(String, String)>,
    functions: BTreeMap<String, Function>,
    failures: Vec<String>,
}

/// The folders that the functions write to.
pub(super) struct Folders {
    /// The folder for OCSF events.
    pub(super) ocsf: PathBuf,
    /// The folder for reports.
    pub(super) reports: PathBuf,
}

/// The result of an event.
pub(super) struct Played {
    /// The answer, or the error with which the function failed.
    pub(super) outcome: Result<Value, FunctionError>,
    pub(super) duration: Duration,
    /// The lines that the function logged while it handled the event.
    pub(super) log: Vec<String>,
    /// The calls that the function made, as `service.Operation`.
    pub(super) calls: Vec<String>,
    /// The findings that the function sent, unchanged.
    pub(super) findings: Vec<Value>,
    /// The evaluations that the function sent.
    pub(super) evaluations: Vec<Evaluation>,
}

impl<'a> Player<'a> {
    /// Creates a player. `account` is the account that the stand-in was started with. With `reads_contents`, functions evaluate the contents of clusters.
    pub(super) fn new(
        aws: &'a StandIn,
        binaries: &'a Path,
        account: &'a Account,
        folders: Folders,
        reads_contents: bool,
    ) -> Self {
        let contents = [
            ("EKSENTRY_KUBERNETES", "on"),
            ("EKSENTRY_CLUSTER_READER", "eksentry-cluster-reader-{vpcId}"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            aws,
            binaries,
            account,
            folders,
            environment: reads_contents
                .then_some(contents)
                .into_iter()
                .flatten()
                .collect(),
            functions: BTreeMap::new(),
            failures: Vec::new(),
        }
    }

    /// Starts the function that reads the clusters in a VPC.
    pub(super) fn add_cluster_reader(&self, vpc: &str) -> Result<(), DemoError> {
        let environment = self
            .aws
            .sign_in(&self.aws.deployment(&[])?, CLUSTER_READER)?;
        let function = Function::start(&self.binaries.join(CLUSTER_READER), environment)?;
        let mut function = function.of_account(&self.account.account);
        let invoke = move |payload: &[u8]| function.invoke(payload, CLUSTER_READER_TIMEOUT);
        self.aws
            .add_function(&format!("eksentry-{CLUSTER_READER}-{vpc}"), invoke);
        Ok(())
    }

    pub(super) fn aws(&self) -> &StandIn {
        self.aws
    }

    pub(super) fn account(&self) -> &Account {
        self.account
    }

    /// Returns the folders that the functions write to.
    pub(super) fn folders(&self) -> &Folders {
        &self.folders
    }

    /// Delivers an event to its function and waits for the answer.
    pub(super) fn play(&mut self, sample: &Sample) -> Result<Played, DemoError> {
        let payload = self.with_token(&sample.payload);
        let function = match self.functions.entry(sample.function.clone()) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let binary = self.binaries.join(&sample.function);
                let written = [
                    ("EKSENTRY_OCSF", &self.folders.ocsf),
                    ("EKSENTRY_REPORT", &self.folders.reports),
                ]
                .map(|(name, folder)| (name.to_owned(), folder.display().to_string()));
                let deployment = self.aws.deployment(&self.environment)?;
                let deployment = deployment
                    .with("ClusterReaders", "on")?
                    .with("ReportBucket", "reports")?;
                let environment = self.aws.sign_in(&deployment, &sample.function)?;
                let own = self.environment.iter().cloned();
                let environment = environment.into_iter().chain(own).chain(written);
                entry.insert(
                    Function::start(&binary, environment)?.of_account(&self.account.account),
                )
            }
        };
        let (logged, called) = (function.logs().len(), self.aws.calls().len());
        let invocation = function.invoke(payload.to_string().as_bytes(), TIMEOUT);

        let calls = self.aws.calls().split_off(called);
        if let Err(error) = &invocation.outcome {
            self.failures
                .push(format!("{} failed: {error}", sample.title()));
        }
        let rule = text(&payload, "configRuleName");
        Ok(Played {
            outcome: invocation.outcome,
            duration: invocation.duration,
            log: function.logs().split_off(logged),
            findings: sent(&calls, "securityhub.BatchImportFindings", "Findings")
                .cloned()
                .collect(),
            evaluations: sent(&calls, "config.PutEvaluations", "Evaluations")
                .map(|put| evaluation(rule, put))
                .collect(),
            calls: calls.iter().map(Call::name).collect(),
        })
    }

    /// Returns the problems: functions that failed, and requests that Lambda or another AWS service would have refused.
    pub(super) fn problems(&self) -> Vec<String> {
        let functions = self.functions.iter();
        let refused = functions.flat_map(|(name, function)| {
            function
                .problems()
                .into_iter()
                .map(move |problem| format!("{name}: {problem}"))
        });
        self.failures
            .iter()
            .cloned()
            .chain(refused)
            .chain(self.aws.violations())
            .collect()
    }

    /// Returns the event with a result token of the stand-in: AWS Config accepts evaluations only with a token that it
    /// issued.
    fn with_token(&self, payload: &Value) -> Value {
        let mut payload = payload.clone();
        if let (Some(rule), Some(token)) = (
            payload["configRuleName"].as_str(),
            payload["resultToken"].as_str(),
        ) && token != TEST_TOKEN
        {
            payload["resultToken"] = json!(self.aws.result_token(rule));
        }
        payload
    }
}

impl Played {
    /// Renders the result in a few words.
    pub(super) fn brief(&self) -> String {
        let answer = match &self.outcome {
            Ok(answer) => summary(answer),
            // The message is in the list of problems, which is printed at the end.
            Err(error) => return format!("failed: {}", error.error_type),
        };
        // The summary that a sweep returns already counts the findings.
        let findings = if answer.is_empty() {
            self.findings.len()
        } else {
            0
        };
        let posted = [
            (findings, "finding"),
            (self.evaluations.len(), "evaluation"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, noun)| format!("{count} {noun}{}", if count == 1 { "" } else { "s" }))
        .collect::<Vec<_>>()
        .join(" and ");
        match (answer.is_empty(), posted.is_empty()) {
            (true, true) => "nothing posted".to_owned(),
            (true, false) => format!("posted {posted}"),
            (false, true) => answer,
            (false, false) => format!("{answer}; posted {posted}"),
        }
    }
}

/// Renders the counts of an answer: its numbers and the lengths of its lists, except those that are zero.
fn summary(answer: &Value) -> String {
    /// The counts of a sweep, in the order of its summary.
    const ORDER: [&str; 8] = [
        "evaluated",
        "passed",
        "failed",
        "warning",
        "notAvailable",
        "posted",
        "unchanged",
        "archived",
    ];
    let members = answer.as_object().into_iter().flatten();
    let mut counts: Vec<(usize, String)> = members
        .filter_map(|(name, value)| {
            let count = value
                .as_u64()
                .or_else(|| value.as_array().map(|list| list.len() as u64))?;
            let place = ORDER
                .iter()
                .position(|known| known == name)
                .unwrap_or(ORDER.len());
            let words = words(name);
            let noun = words
                .strip_suffix('s')
                .filter(|_| count == 1)
                .unwrap_or(&words);
            (count > 0).then(|| (place, format!("{count} {noun}")))
        })
        .collect();
    counts.sort();
    counts
        .into_iter()
        .map(|(_, count)| count)
        .collect::<Vec<_>>()
        .join(", ")
}

/// Renders `notAvailable` as `not available`.
fn words(name: &str) -> String {
    let mut words = String::new();
    for character in name.chars() {
        if character.is_uppercase() {
            words.push(' ');
        }
        words.extend(character.to_lowercase());
    }
    words
}

/// Lists the items of this member in all calls of an operation.
fn sent<'a>(
    calls: &'a [Call],
    operation: &'a str,
    member: &'a str,
) -> impl Iterator<Item = &'a Value> {
    calls
        .iter()
        .filter(move |call| call.name() == operation)
        .filter_map(move |call| call.members.get(member)?.as_array())
        .flatten()
}

fn evaluation(rule: &str, put: &Value) -> Evaluation {
    Evaluation {
        rule: rule.to_owned(),
        resource_type: text(put, "ComplianceResourceType").to_owned(),
        resource_id: text(put, "ComplianceResourceId").to_owned(),
        compliance: text(put, "ComplianceType").to_owned(),
        annotation: put["Annotation"].as_str().map(str::to_owned),
        ordering_timestamp: put["OrderingTimestamp"].to_string(),
    }
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value[member].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn played(outcome: Result<Value, FunctionError>, findings: usize) -> Played {
        Played {
            outcome,
            duration: Duration::ZERO,
            log: Vec::new(),
            calls: Vec::new(),
            findings: vec![Value::Null; findings],
            evaluations: Vec::new(),
        }
    }

    #[test]
    fn a_result_shows_the_counts_of_the_response() {
        let answer = json!({"evaluated": 12, "notAvailable": 1, "failed": 0, "errors": ["a", "b"], "note": "none"});
        assert_eq!(
            played(Ok(answer), 3).brief(),
            "12 evaluated, 1 not available, 2 errors"
        );
    }

    #[test]
    fn a_result_shows_posted_evaluations() {
        let put = json!({"ComplianceResourceId": "payments", "ComplianceType": "COMPLIANT"});
        let evaluations = vec![evaluation("eksentry-rule", &put)];
        let played = Played {
            evaluations,
            ..played(Ok(json!({"evaluated": 1})), 1)
        };
        assert_eq!(played.brief(), "1 evaluated; posted 1 evaluation");
    }

    #[test]
    fn an_empty_response_shows_posted_findings() {
        assert_eq!(played(Ok(Value::Null), 1).brief(), "posted 1 finding");
        assert_eq!(
            played(Ok(json!({"batchItemFailures": []})), 2).brief(),
            "posted 2 findings"
        );
        assert_eq!(played(Ok(Value::Null), 0).brief(), "nothing posted");
    }

    #[test]
    fn a_failure_shows_its_error_type() {
        let error = FunctionError {
            error_type: "Settings".into(),
            error_message: "no such check".into(),
        };
        assert_eq!(played(Err(error), 0).brief(), "failed: Settings");
    }
}
