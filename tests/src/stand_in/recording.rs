//! What was called, and what should not have been.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{service::AwsError, wire::Request};
use crate::{
    account::Record,
    iam::{self, Statement},
    model::validate_request,
};

/// One call, as it came and as it ended.
#[derive(Clone, Debug)]
pub struct Call {
    /// The service, by the name that it signs with: `eks`, `ecr`, `kms`, `iam`, `sts`, `tagging`, `securityhub`,
    /// `config`, `sqs`, `s3`, `ssm`, `organizations`, `account`.
    pub service: String,
    /// The operation.
    pub operation: String,
    /// The request's members, by the names of the service's model, without the bytes of an object.
    pub members: Record,
    /// The HTTP status of the answer; none: the connection was broken.
    pub status: Option<u16>,
    /// The code of an error answer.
    pub error: Option<String>,
    /// When the call came.
    pub at: Timestamp,
    /// The Region that the call was signed for.
    pub region: String,
    /// Who signed it.
    pub access_key: String,
    /// Whether AWS would not have taken the request, which is a violation.
    pub is_violation: bool,
    /// What was answered, before it was encoded; kept only after [`StandIn::keep_answers`](super::StandIn::keep_answers),
    /// and never of S3 or of errors.
    pub answer: Option<Value>,
}

impl Call {
    /// `service.Operation`.
    pub fn name(&self) -> String {
        format!("{}.{}", self.service, self.operation)
    }
}

/// Something that one statement of a role's policy allowed, and no other one.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Use {
    /// The role, by its name in the template.
    pub role: String,
    /// Where the statement stands.
    pub statement: String,
    /// The action that fitted, as it stands there.
    pub action: String,
    /// The resource that fitted, as it stands there.
    pub resource: String,
}

/// Everything that happened.
#[derive(Debug, Default)]
pub(super) struct Recording {
    calls: Vec<Call>,
    counts: BTreeMap<String, usize>,
    count_only: bool,
    /// Whether answers are kept, and the one to the call that goes on.
    keeps_answers: bool,
    answer: Option<Value>,
    uses: BTreeSet<Use>,
    denials: Vec<String>,
    violations: Vec<String>,
}

impl Recording {
    pub(super) fn calls(&self) -> &[Call] {
        &self.calls
    }

    pub(super) fn counts(&self) -> &BTreeMap<String, usize> {
        &self.counts
    }

    /// Keeps no more calls, but goes on counting them.
    pub(super) fn count_only(&mut self) {
        self.count_only = true;
    }

    /// Keeps the answers to calls from now on.
    pub(super) fn keep_answers(&mut self) {
        self.keeps_answers = true;
    }

    /// Notes the answer to the call that is added next.
    pub(super) fn note_answer(&mut self, answer: &Value) {
        self.answer = self.keeps_answers.then(|| answer.clone());
    }

    pub(super) fn take_violations(&mut self) -> Vec<String> {
        std::mem::take(&mut self.violations)
    }

    pub(super) fn violations(&self) -> &[String] {
        &self.violations
    }

    pub(super) fn add_call(
        &mut self,
        request: Request,
        status: Option<u16>,
        error: Option<String>,
        is_violation: bool,
    ) {
        let answer = self.answer.take();
        *self.counts.entry(request.name()).or_default() += 1;
        if self.count_only {
            return;
        }
        self.calls.push(Call {
            service: request.service.to_string(),
            operation: request.operation,
            members: request.members,
            status,
            error,
            at: request.at,
            region: request.region,
            access_key: request.access_key,
            is_violation,
            answer,
        });
    }

    pub(super) fn denials(&self) -> &[String] {
        &self.denials
    }

    pub(super) fn add_denial(&mut self, what: &str) {
        self.denials.push(what.to_owned());
    }

    pub(super) fn uses(&self) -> &BTreeSet<Use> {
        &self.uses
    }

    /// Notes what a role could not have done without this statement.
    pub(super) fn add_use(&mut self, role: &str, statement: &Statement, request: &iam::Request) {
        let (actions, resources) = statement.fitting(request);
        let resources: Vec<&str> = resources.collect();
        for action in actions {
            self.uses.extend(resources.iter().map(|resource| Use {
                role: role.to_owned(),
                statement: statement.source.clone(),
                action: action.to_owned(),
                resource: (*resource).to_owned(),
            }));
        }
    }

    pub(super) fn add_violation(&mut self, of: &str, what: &str) {
        self.violations.push(format!("{of}: {what}"));
    }

    /// Adds an error to the violations, if it is one.
    pub(super) fn judge(&mut self, of: &str, error: &AwsError) {
        if error.violation {
            self.add_violation(of, &format!("{}: {}", error.code, error.message));
        }
    }

    /// Adds what the published model does not allow in a request. Where calls are only counted there are too many to be
    /// looked at.
    pub(super) fn hold_against_model(&mut self, request: &Request) {
        if self.count_only {
            return;
        }
        let problems =
            validate_request(request.service.name(), &request.operation, &request.members);
        for problem in problems {
            self.add_violation(&request.name(), &problem);
        }
    }

    /// Writes down the requests, but for those that a test has excused: what a function can't know to be wrong.
    pub(super) fn dump(&self, path: &Path) -> io::Result<()> {
        let lines: String = self
            .calls
            .iter()
            .filter(|call| !call.is_violation)
            .map(|call| format!("{}\n", line(call)))
            .collect();
        fs::write(path, lines)
    }
}

fn line(call: &Call) -> Value {
    json!({"service": call.service, "operation": call.operation, "members": call.members})
}
