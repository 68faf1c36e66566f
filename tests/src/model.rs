//! The models that AWS publishes of the operations that the functions call, and the validation of values against them.
//!
//! The models in `tests/models` are taken from botocore by `.ci/models.py`, so the authors of the functions and of the
//! stand-in wrote none of them. They state less than the documentation: for Security Hub's findings, for example, they
//! limit neither the length of a text nor the size of the finding.

mod fit;
mod operation;
mod response_members;
mod shape;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::OnceLock,
};

use serde::Deserialize;
use serde_json::Value;

pub use self::{
    operation::{Http, Operation, Paginator},
    response_members::{ResponseMember, response_members},
    shape::{ErrorShape, Kind, Location, Member, Shape},
};
use crate::account::Record;

/// Returns the names and the texts of models in `tests/models`.
macro_rules! models {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_str!(concat!("../models/", $name, ".json")))),*]
    };
}

/// The models, by the services' signing names.
const MODELS: &[(&str, &str)] = &models![
    "account",
    "cloudtrail",
    "config",
    "ec2",
    "ecr",
    "eks",
    "elasticfilesystem",
    "elasticloadbalancing",
    "guardduty",
    "iam",
    "inspector2",
    "kms",
    "lambda",
    "logs",
    "monitoring",
    "organizations",
    "s3",
    "securityhub",
    "sqs",
    "ssm",
    "sts",
    "tagging",
];

/// The published model of a service.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Model {
    /// The protocol.
    pub protocol: Protocol,
    /// The name with which requests to the service are signed.
    pub signing_name: String,
    /// The prefix of operations in `X-Amz-Target`, in the protocol `json`.
    pub target_prefix: Option<String>,
    /// The version of the protocol `json`.
    pub json_version: Option<String>,
    /// The namespace of responses in XML.
    pub xml_namespace: Option<String>,
    /// `true` if the service used the protocol `query` before and still sends the error codes of that time.
    #[serde(default)]
    pub aws_query_compatible: bool,
    /// The operations that the functions call, by name.
    pub operations: BTreeMap<String, Operation>,
    /// The shapes that the operations use, by name.
    pub shapes: BTreeMap<String, Shape>,
}

/// The form of requests and responses.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// Requests are forms as in `Query`, with other names of members. Responses are XML.
    Ec2,
    /// Requests and responses are JSON. A header names the operation.
    Json,
    /// Requests are forms. Responses are XML.
    Query,
    /// Requests and responses are JSON. The method and the path name the operation.
    RestJson,
    /// Requests and responses are XML or objects. The method and the path name the operation.
    RestXml,
}

impl Model {
    /// Returns the model of a service, by its signing name; `None` if the functions do not call the service.
    pub fn of(service: &str) -> Option<&'static Self> {
        static READ: OnceLock<BTreeMap<&'static str, Model>> = OnceLock::new();
        let read_all = || {
            let models = MODELS.iter();
            models
                .map(|(name, text)| (*name, read(name, text)))
                .collect()
        };
        READ.get_or_init(read_all).get(service)
    }

    /// Returns all models, with the services' signing names.
    pub fn all() -> impl Iterator<Item = (&'static str, &'static Self)> {
        MODELS
            .iter()
            .filter_map(|(name, _)| Some((*name, Self::of(name)?)))
    }

    /// Returns the errors that the model lists for an operation, as they are on the wire.
    pub fn errors(&self, operation: &str) -> Vec<ErrorShape> {
        let named = self.operations.get(operation).into_iter();
        named
            .flat_map(|operation| &operation.errors)
            .filter_map(|name| Some(self.shapes.get(name)?.error(name)))
            .collect()
    }

    /// Returns the shape of an operation's request.
    pub fn input(&self, operation: &str) -> Option<&Shape> {
        self.shapes
            .get(self.operations.get(operation)?.input.as_ref()?)
    }

    /// Returns the shape of an operation's response.
    pub fn output(&self, operation: &str) -> Option<&Shape> {
        self.shapes
            .get(self.operations.get(operation)?.output.as_ref()?)
    }

    /// Returns the shape of a member, an entry or a key.
    pub fn shape_of(&self, member: &Member) -> Option<&Shape> {
        self.shapes.get(&member.shape)
    }

    /// Returns the format of a timestamp, if it is not the default of the protocol.
    pub fn timestamp_format<'a>(&'a self, member: &'a Member) -> Option<&'a str> {
        let of_the_shape = || self.shape_of(member)?.timestamp_format.as_deref();
        member.timestamp_format.as_deref().or_else(of_the_shape)
    }

    /// Marks the shapes whose values have the same form in the model and on the wire.
    fn mark_plain_shapes(&mut self) {
        let mut converted: BTreeSet<String> = BTreeSet::new();
        loop {
            let is_converted = |(_, shape): &(&String, &Shape)| {
                shape.is_converted(|part| converted.contains(&part.shape))
            };
            let found = self.shapes.iter().filter(is_converted);
            let found: BTreeSet<String> = found.map(|(name, _)| name.clone()).collect();
            if found == converted {
                break;
            }
            converted = found;
        }
        for (name, shape) in &mut self.shapes {
            shape.is_plain = !converted.contains(name);
        }
    }
}

fn read(name: &str, text: &str) -> Model {
    let mut model: Model = serde_json::from_str(text).unwrap_or_else(|error| {
        panic!("tests/models/{name}.json is not in the format that is read here: {error}")
    });
    model.mark_plain_shapes();
    model
}

/// Returns the problems of a value as one of a service's shapes; empty if the model allows it.
pub fn validate(service: &str, shape: &str, value: &Value) -> Vec<String> {
    match Model::of(service) {
        Some(model) => fit::problems(model, shape, value),
        None => vec![format!("{service} has no model in tests/models")],
    }
}

/// Returns the problems of a request, by the model of its operation.
pub fn validate_request(service: &str, operation: &str, members: &Record) -> Vec<String> {
    let Some(known) = Model::of(service).and_then(|model| model.operations.get(operation)) else {
        return vec![format!(
            "{service}.{operation} has no model in tests/models; .ci/models.py lists those that have"
        )];
    };
    match &known.input {
        Some(input) => validate(service, input, &Value::Object(members.clone())),
        None if members.is_empty() => Vec::new(),
        None => vec![format!("{operation} takes no members")],
    }
}

#[cfg(test)]
mod tests;
