//! The models that AWS publishes of the operations that the functions call, and the validation of values against them.
//!
//! The models in `tests/models` are taken from botocore by `.ci/models.py`, so the authors of the functions and of the
//! stand-in wrote none of them. They state less than the documentation: for Security Hub's findings, for example, they
//! limit neither the length of a text nor the size of the finding.

mod fit;
mod response_members;
mod shape;

use std::{collections::BTreeMap, sync::OnceLock};

use serde::Deserialize;
use serde_json::Value;

pub use self::{
    response_members::{ResponseMember, response_members},
    shape::{ErrorShape, Kind, Location, Member, Shape},
};
use crate::account::Record;

/// The models, by the services' signing names.
const MODELS: [(&str, &str); 13] = [
    ("account", include_str!("../models/account.json")),
    ("config", include_str!("../models/config.json")),
    ("ecr", include_str!("../models/ecr.json")),
    ("eks", include_str!("../models/eks.json")),
    ("iam", include_str!("../models/iam.json")),
    ("kms", include_str!("../models/kms.json")),
    (
        "organizations",
        include_str!("../models/organizations.json"),
    ),
    ("s3", include_str!("../models/s3.json")),
    ("securityhub", include_str!("../models/securityhub.json")),
    ("sqs", include_str!("../models/sqs.json")),
    ("ssm", include_str!("../models/ssm.json")),
    ("sts", include_str!("../models/sts.json")),
    ("tagging", include_str!("../models/tagging.json")),
];

/// The published model of a service.
#[derive(Debug, Deserialize)]
pub struct Model {
    /// The protocol, such as `json`, `rest-json`, `rest-xml` or `query`.
    pub protocol: String,
    /// The operations that the functions call, by name.
    pub operations: BTreeMap<String, Operation>,
    /// The shapes that the operations use, by name.
    pub shapes: BTreeMap<String, Shape>,
}

/// The input, the output and the errors of an operation, as names of shapes.
#[derive(Debug, Deserialize)]
pub struct Operation {
    /// The shape of the request.
    pub input: Option<String>,
    /// The shape of the answer.
    pub output: Option<String>,
    /// The shapes of the errors that the model lists.
    pub errors: Vec<String>,
}

impl Model {
    /// Returns the model of a service, by its signing name; `None` if the functions do not call the service.
    pub fn of(service: &str) -> Option<&'static Self> {
        static READ: OnceLock<BTreeMap<&'static str, Model>> = OnceLock::new();
        READ.get_or_init(|| MODELS.map(|(name, text)| (name, read(name, text))).into())
            .get(service)
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
}

fn read(name: &str, text: &str) -> Model {
    serde_json::from_str(text).unwrap_or_else(|error| {
        panic!("tests/models/{name}.json can't be parsed: {error}; to write it again, run .ci/models.py")
    })
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
