//! The calls so far, and the violations among them.

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

/// One call with its result.
#[derive(Clone, Debug)]
pub struct Call {
    /// The service, by its signing name: `eks`, `ecr`, `kms`, `iam`, `sts`, `tagging`, `securityhub`, `config`, `sqs`,
    /// `s3`, `ssm`, `organizations`, `account`.
    pub service: String,
    /// The operation.
    pub operation: String,
    /// The request's members, by the names in the service's model, without the bytes of an object.
    pub members: Record,
    /// The HTTP status of the answer; `None` if the connection was broken.
    pub status: Option<u16>,
    /// The code of the error, if the answer is one.
    pub error: Option<String>,
    /// The time at which the call arrived.
    pub at: Timestamp,
    /// The Region that the call was signed for.
    pub region: String,
    /// The access key that signed the call.
    pub access_key: String,
    /// `true` if AWS would not have accepted the request, which is a violation.
    pub is_violation: bool,
    /// The answer before it was encoded. It is kept only after [`StandIn::keep_answers`](super::StandIn::keep_answers),
    /// and never for S3 or for errors.
    pub answer: Option<Value>,
}

impl Call {
    /// Returns `service.Operation`.
    pub fn name(&self) -> String {
        format!("{}.{}", self.service, self.operation)
    }
}

/// An action of a role that exactly one statement of its policies allowed.
#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Use {
    /// The role, by its name in the template.
    pub role: String,
    /// The name of the policy, and the statement's position in it.
    pub statement: String,
    /// The action that fitted, as the statement has it.
    pub action: String,
    /// The resource that fitted, as the statement has it.
    pub resource: String,
}

/// Everything that the stand-in recorded.
#[derive(Debug, Default)]
pub(super) struct Recording {
    calls: Vec<Call>,
    counts: BTreeMap<String, usize>,
    count_only: bool,
    /// `true` if answers are kept. `answer` is then the one to the call in progress.
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

    /// Keeps no more calls, but continues to count them.
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

    /// Notes an action that a role could not have performed without this statement.
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

    /// Records an error as a violation, if it is marked as one.
    pub(super) fn judge(&mut self, of: &str, error: &AwsError) {
        if error.violation {
            self.add_violation(of, &format!("{}: {}", error.code, error.message));
        }
    }

    /// Records as violations what the published model does not allow in a request. Does nothing where calls are only
    /// counted, since they are too many to be validated.
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

    /// Writes the requests to a file, except violations. Tests have excused those: a function can't know that they are
    /// wrong.
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
