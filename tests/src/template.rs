//! CloudFormation templates, as far as the functions' environments and permissions depend on them: a [`Stack`] is a
//! template with values for its parameters, and a [`Role`] holds the permissions of one of its functions.

mod environment;
mod intrinsic;
mod resources;
mod roles;

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    sync::{Arc, LazyLock},
};

use serde_json::{Value, json};
use serde_yaml_ng::Value as Yaml;
use thiserror::Error;

pub use self::{environment::BY_HAND, roles::Role};
use crate::account::partition;

/// The default name of a stack.
const NAME: &str = "eksentry";

/// An error in a template or its parameters, or a feature of templates that is not implemented here.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{0}")]
pub struct TemplateError(pub(crate) String);

/// A template in its long form: `!Ref x` is `{"Ref": x}`.
#[derive(Debug)]
pub struct Template {
    body: Value,
}

/// A template as it is deployed: in an account and a Region, and with values for its parameters.
#[derive(Clone, Debug)]
pub struct Stack {
    template: Arc<Template>,
    name: String,
    account: String,
    region: String,
    values: BTreeMap<String, String>,
    /// The known values of references to resources. Other resources are given names like those that CloudFormation
    /// generates.
    references: BTreeMap<String, String>,
}

impl Template {
    /// Reads the template in this file.
    pub fn load(path: &Path) -> Result<Self, TemplateError> {
        let fail = |error: &dyn std::error::Error| {
            TemplateError(format!(
                "{} is not a valid template: {error}",
                path.display()
            ))
        };
        let text = fs::read_to_string(path).map_err(|error| fail(&error))?;
        let yaml = serde_yaml_ng::from_str(&text).map_err(|error| fail(&error))?;
        let body = long_form(yaml).map_err(|error| fail(&error))?;
        Ok(Self { body })
    }

    /// Returns the repository's template.yaml.
    pub fn of_eksentry() -> Result<Arc<Self>, TemplateError> {
        static TEMPLATE: LazyLock<Result<Arc<Template>, TemplateError>> =
            LazyLock::new(|| of_the_repository("template.yaml"));
        TEMPLATE.clone()
    }

    /// Returns the repository's template-member.yaml.
    pub fn of_members() -> Result<Arc<Self>, TemplateError> {
        static TEMPLATE: LazyLock<Result<Arc<Template>, TemplateError>> =
            LazyLock::new(|| of_the_repository("template-member.yaml"));
        TEMPLATE.clone()
    }

    /// Returns the repository's template-vpc.yaml.
    pub fn of_vpcs() -> Result<Arc<Self>, TemplateError> {
        static TEMPLATE: LazyLock<Result<Arc<Template>, TemplateError>> =
            LazyLock::new(|| of_the_repository("template-vpc.yaml"));
        TEMPLATE.clone()
    }

    /// Returns the whole template.
    pub fn body(&self) -> &Value {
        &self.body
    }

    /// Lists the template's resources of a type, by their logical IDs.
    pub fn resources(&self, of_type: &str) -> impl Iterator<Item = (&String, &Value)> {
        members(&self.body["Resources"]).filter(move |(_, resource)| resource["Type"] == of_type)
    }

    /// Lists the environment variables of all functions.
    pub fn variables(&self) -> impl Iterator<Item = (&String, &Value)> {
        let globals = &self.body["Globals"]["Function"];
        let functions = self
            .resources("AWS::Serverless::Function")
            .map(|(_, function)| &function["Properties"]);
        functions
            .chain([globals])
            .flat_map(|of| members(&of["Environment"]["Variables"]))
    }
}

fn of_the_repository(name: &str) -> Result<Arc<Template>, TemplateError> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    Template::load(&root.join(name)).map(Arc::new)
}

impl Stack {
    /// Creates a stack with the defaults of the template's parameters. A parameter without a default has no value yet.
    pub fn new(template: Arc<Template>, account: &str, region: &str) -> Self {
        let values = members(&template.body["Parameters"])
            .filter_map(|(name, parameter)| Some((name.clone(), scalar(parameter.get("Default")?))))
            .collect();
        Self {
            template,
            name: NAME.to_owned(),
            account: account.to_owned(),
            region: region.to_owned(),
            values,
            references: BTreeMap::new(),
        }
    }

    /// Sets a parameter to another value.
    pub fn with(mut self, parameter: &str, value: &str) -> Result<Self, TemplateError> {
        if self.template.body["Parameters"].get(parameter).is_none() {
            return Err(TemplateError(format!("there is no parameter {parameter}")));
        }
        self.values.insert(parameter.to_owned(), value.to_owned());
        Ok(self)
    }

    /// Sets the name of the stack.
    pub fn named(self, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..self
        }
    }

    /// Sets the account of the stack.
    pub fn in_account(self, account: &str) -> Self {
        Self {
            account: account.to_owned(),
            ..self
        }
    }

    /// Returns the value of a parameter.
    pub fn parameter_value(&self, name: &str) -> Result<&str, TemplateError> {
        let value = self.values.get(name).map(String::as_str);
        value.ok_or_else(|| TemplateError(format!("the parameter {name} has no value")))
    }

    /// Returns the template of the stack.
    pub fn template(&self) -> &Template {
        &self.template
    }

    /// Returns the account of the stack.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Lists the resources of a type that the stack creates, by their logical IDs.
    pub fn made(&self, of_type: &str) -> Result<Vec<(&String, &Value)>, TemplateError> {
        let mut made = Vec::new();
        for (name, resource) in self.template.resources(of_type) {
            if self.is_made(resource)? {
                made.push((name, resource));
            }
        }
        Ok(made)
    }

    /// Returns `true` if a condition of the template is true.
    pub fn holds(&self, condition: &str) -> Result<bool, TemplateError> {
        match self.template.body["Conditions"].get(condition) {
            Some(expression) => self.test(expression),
            None => Err(TemplateError(format!("there is no condition {condition}"))),
        }
    }

    fn is_made(&self, resource: &Value) -> Result<bool, TemplateError> {
        match resource["Condition"].as_str() {
            Some(condition) => self.holds(condition),
            None => Ok(true),
        }
    }

    fn partition(&self) -> &'static str {
        partition(&self.region)
    }
}

/// Converts the short forms of functions to their long forms.
fn long_form(yaml: Yaml) -> Result<Value, serde_json::Error> {
    Ok(match yaml {
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let function = match tag.trim_start_matches('!') {
                whole @ ("Ref" | "Condition") => whole.to_owned(),
                other => format!("Fn::{other}"),
            };
            json!({function: long_form(tagged.value)?})
        }
        Yaml::Mapping(mapping) => {
            let members = mapping.into_iter().map(|(key, value)| {
                let key: Value = serde_json::to_value(key)?;
                Ok((scalar(&key), long_form(value)?))
            });
            Value::Object(members.collect::<Result<_, serde_json::Error>>()?)
        }
        Yaml::Sequence(items) => items.into_iter().map(long_form).collect::<Result<_, _>>()?,
        plain => serde_json::to_value(plain)?,
    })
}

/// Lists the members of an object; nothing for any other value.
pub fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// Returns a scalar as a text, which is the form in which every scalar is deployed.
pub fn scalar(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests;
