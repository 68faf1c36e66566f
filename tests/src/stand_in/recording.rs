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
    /// The service, by its signing name, such as `eks`.
    pub service: String,
    /// The operation.
    pub operation: String,
    /// The request's members, by the names in the service's model, without the bytes of an object.
    pub members: Record,
    /// The HTTP status of the response; `None` if the connection was broken.
    pub status: Option<u16>,
    /// The code of the error, if the response is one.
    pub error: Option<String>,
    /// The time at which the call arrived.
    pub at: Timestamp,
    /// The Region that the call was signed for.
    pub region: String,
    /// The access key that signed the call.
    pub access_key: String,
    /// `true` if AWS would not have accepted the request, which is a violation.
    pub is_violation: bool,
    /// The response before it was encoded. It is kept only after
    /// [`StandIn::keep_responses`](super::StandIn::keep_responses), and never for S3 or for errors.
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
    /// `true` if responses are kept. `response` is then the one to the call in progress.
    keeps_responses: bool,
    response: Option<Value>,
    uses: BTreeSet<Use>,
    denials: Vec<String>,
    violations: Vec<String>,
    /// The number of downloads of configurations in images.
    pub downloads: usize,
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

    /// Keeps the responses to calls from now on.
    pub(super) fn keep_responses(&mut self) {
        self.keeps_responses = true;
    }

    /// Keeps the response to the call that is added next.
    pub(super) fn keep_response(&mut self, response: &Value) {
        self.response = self.keeps_responses.then(|| response.clone());
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
        let response = self.response.take();
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
            answer: response,
        });
    }

    pub(super) fn denials(&self) -> &[String] {
        &self.denials
    }

    pub(super) fn add_denial(&mut self, message: &str) {
        self.denials.push(message.to_owned());
    }

    pub(super) fn uses(&self) -> &BTreeSet<Use> {
        &self.uses
    }

    /// Records an action that a role could not have performed without this statement.
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

    pub(super) fn add_violation(&mut self, name: &str, problem: &str) {
        self.violations.push(format!("{name}: {problem}"));
    }

    /// Records an error as a violation, if it is marked as one.
    pub(super) fn record_error(&mut self, name: &str, error: &AwsError) {
        if error.violation {
            self.add_violation(name, &format!("{}: {}", error.code, error.message));
        }
    }

    /// Records as violations the problems of a request by the published model. Does nothing where calls are only
    /// counted, since they are too many to be validated.
    pub(super) fn check_against_model(&mut self, request: &Request) {
        if self.count_only {
            return;
        }
        let problems =
            validate_request(request.service.name(), &request.operation, &request.members);
        for problem in problems {
            self.add_violation(&request.name(), &problem);
        }
    }

    /// Writes the requests to a file, except violations. Tests accept those: a function can't know that they are
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
