//! The services that the stand-in implements, and their errors.

use std::{collections::HashMap, fmt, sync::LazyLock};

use serde_json::{Value, json};

use super::{operation::Operation, operations::OPERATIONS, services::SERVICES, sqs, wire::Routes};
use crate::model::{Model, Protocol, Shape};

/// A service whose operations the functions call.
#[derive(Clone, Copy)]
pub(super) struct Service(&'static Resolved);

/// A row of the table of services.
#[derive(Debug)]
pub(super) struct Row {
    /// The service's signing name.
    pub service: &'static str,
    /// `true` if the service's resources are the same in every Region.
    pub is_global: bool,
    /// The code of the error for a request that violates a rule of the operation's documentation.
    pub invalid: &'static str,
    /// The code and the status of the error for a caller that is throttled.
    pub throttling: (&'static str, u16),
    /// The code and the status of the error for a caller without permission.
    pub denied: (&'static str, u16),
}

/// A service with its model and the rows of its operations.
struct Resolved {
    row: &'static Row,
    model: &'static Model,
    routes: Routes,
    content_type: String,
    operations: HashMap<&'static str, Operation>,
    /// The members of an error with its code, if there is one, and with its message.
    error_members: (Option<&'static str>, &'static str),
}

/// The services by their signing names.
static RESOLVED: LazyLock<HashMap<&'static str, Resolved>> = LazyLock::new(|| {
    let rows = SERVICES.iter();
    rows.map(|row| (row.service, Resolved::of(row))).collect()
});

/// An error response.
#[derive(Clone, Debug)]
pub(super) struct AwsError {
    pub code: String,
    pub message: String,
    pub status: u16,
    /// `true` if the caller should never have sent the request, which is then recorded as a violation.
    pub violation: bool,
}

impl Resolved {
    fn of(row: &'static Row) -> Self {
        let (name, invalid) = (row.service, row.invalid);
        let model =
            Model::of(name).unwrap_or_else(|| panic!("{name} has no model in tests/models"));
        let operations = OPERATIONS.iter().filter_map(|row| {
            let (service, operation) = row.name.split_once('.')?;
            (service == name).then(|| (operation, Operation::of(row, model, invalid)))
        });
        let json_version = model.json_version.as_deref().unwrap_or_default();
        Self {
            row,
            model,
            routes: Routes::of(model),
            content_type: match model.protocol {
                Protocol::Json => format!("application/x-amz-json-{json_version}"),
                Protocol::RestJson => "application/json".to_owned(),
                Protocol::RestXml => "application/xml".to_owned(),
                Protocol::Ec2 | Protocol::Query => "text/xml".to_owned(),
            },
            operations: operations.collect(),
            error_members: error_members(model),
        }
    }
}

/// Returns the names on the wire of the members of errors with their code and their message.
fn error_members(model: &'static Model) -> (Option<&'static str>, &'static str) {
    let errors = || {
        let operations = model.operations.values();
        let names = operations.flat_map(|operation| &operation.errors);
        names.filter_map(|name| model.shapes.get(name))
    };
    let named = |wanted: &str| {
        let of_shape = |shape: &'static Shape| {
            let mut members = shape.members.iter();
            members
                .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
                .map(|(name, member)| member.wire_name(name))
        };
        errors().find_map(of_shape)
    };
    (named("code"), named("message").unwrap_or("message"))
}

impl Service {
    /// Returns the service with this signing name.
    pub(super) fn of_signing_name(name: &str) -> Option<Self> {
        RESOLVED.get(name).map(Self)
    }

    /// Returns the signing name.
    pub(super) fn name(self) -> &'static str {
        self.0.row.service
    }

    /// Returns `true` if the service's resources are the same in every Region.
    pub(super) fn is_global(self) -> bool {
        self.0.row.is_global
    }

    /// Returns the published model.
    pub(super) fn model(self) -> &'static Model {
        self.0.model
    }

    /// Returns the paths of a REST service.
    pub(super) fn routes(self) -> &'static Routes {
        &self.0.routes
    }

    /// Returns the content type of responses.
    pub(super) fn content_type(self) -> &'static str {
        &self.0.content_type
    }

    /// Returns the row of an operation.
    pub(super) fn operation(self, name: &str) -> Option<&'static Operation> {
        self.0.operations.get(name)
    }

    /// Returns the members of an error.
    pub(super) fn error_members(self, code: &str, message: &str) -> Value {
        let (code_member, message_member) = self.0.error_members;
        let mut members = json!({message_member: message});
        if let Some(name) = code_member {
            members[name] = code.into();
        }
        members
    }

    /// Returns the header with the code that an error had in the protocol that the service used before.
    pub(super) fn query_error(self, error: &AwsError) -> Option<(&'static str, String)> {
        let is_sent = self.model().aws_query_compatible;
        is_sent.then(|| ("x-amzn-query-error", sqs::query_error(error)))
    }

    /// Returns the error for a request that violates a rule of the operation's documentation.
    pub(super) fn invalid(self, message: impl Into<String>) -> AwsError {
        AwsError::new(self.0.row.invalid, message).violation()
    }

    /// Returns the error for a caller that is throttled.
    pub(super) fn throttling_error(self) -> AwsError {
        let (code, status) = self.0.row.throttling;
        AwsError::new(code, "Rate exceeded").status(status)
    }

    /// Returns the error for a caller without permission.
    pub(super) fn denied(self, message: impl Into<String>) -> AwsError {
        let (code, status) = self.0.row.denied;
        AwsError::new(code, message).status(status)
    }
}

impl PartialEq for Service {
    fn eq(&self, other: &Self) -> bool {
        self.name() == other.name()
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl fmt::Display for Service {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl AwsError {
    pub(super) fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            message: message.into(),
            status: 400,
            violation: false,
        }
    }

    pub(super) fn status(self, status: u16) -> Self {
        Self { status, ..self }
    }

    pub(super) fn violation(self) -> Self {
        Self {
            violation: true,
            ..self
        }
    }

    /// Returns the error for an operation that the functions do not use.
    pub(super) fn unknown_operation(operation: &str) -> Self {
        Self::new(
            "UnknownOperationException",
            format!("the stand-in does not know {operation}"),
        )
        .violation()
    }
}
