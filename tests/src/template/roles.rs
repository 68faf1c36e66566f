//! The roles of a stack, and the permissions of its functions.

use serde_json::Value;

use super::{Stack, TemplateError, scalar};
use crate::iam::Statement;

/// A role of a stack.
#[derive(Clone, Debug)]
pub struct Role {
    /// The logical ID of the role.
    pub name: String,
    /// The ARN of the role.
    pub arn: String,
    /// The statements that allow or deny actions to the role.
    pub statements: Vec<Statement>,
}

impl Role {
    /// Returns the name of the role in IAM.
    pub fn iam_name(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or_default()
    }
}

impl Stack {
    /// Returns a role that the stack creates, by its logical ID.
    pub fn role(&self, name: &str) -> Result<Role, TemplateError> {
        let properties = &self.resource(name)?["Properties"];
        let mut statements = Vec::new();
        for policy in self.chosen(&properties["ManagedPolicyArns"])? {
            let policy = self.managed_policy(&self.text(policy)?)?;
            let document = &self.resource(policy)?["Properties"]["PolicyDocument"];
            statements.extend(self.statements(policy, document)?);
        }
        for policy in self.chosen(&properties["Policies"])? {
            let own = format!("{name}'s {}", self.text(&policy["PolicyName"])?);
            statements.extend(self.statements(&own, &policy["PolicyDocument"])?);
        }
        Ok(Role {
            name: name.to_owned(),
            arn: self.attribute(&format!("{name}.Arn"))?,
            statements,
        })
    }

    /// Returns the role of the function with this folder in `functions`.
    pub fn role_of_function(&self, folder: &str) -> Result<Role, TemplateError> {
        let code = format!("functions/{folder}");
        let functions = self.made("AWS::Serverless::Function")?;
        let (_, function) = functions
            .into_iter()
            .find(|(_, function)| function["Properties"]["CodeUri"] == code.as_str())
            .ok_or_else(|| TemplateError(format!("no function has the CodeUri {code}")))?;
        let arn = self.text(&function["Properties"]["Role"])?;
        for (name, _) in self.made("AWS::IAM::Role")? {
            if self.attribute(&format!("{name}.Arn"))? == arn {
                return self.role(name);
            }
        }
        Err(TemplateError(format!(
            "the role of {code} is not in the template"
        )))
    }

    /// Returns the statements of a role's trust policy, by the role's logical ID.
    pub fn trust(&self, role: &str) -> Result<Vec<Statement>, TemplateError> {
        let document = &self.resource(role)?["Properties"]["AssumeRolePolicyDocument"];
        self.statements(&format!("{role}'s trust policy"), document)
    }

    /// Returns the logical ID of the managed policy with this ARN. The policy must be in the template, since the
    /// statements of any other one are unknown.
    fn managed_policy(&self, arn: &str) -> Result<&String, TemplateError> {
        for (name, _) in self.made("AWS::IAM::ManagedPolicy")? {
            if self.attribute(&format!("{name}.Arn"))? == arn {
                return Ok(name);
            }
        }
        Err(TemplateError(format!(
            "{arn} is not a policy of the template, so its statements are unknown; write them into the template"
        )))
    }

    /// Returns the statements of a policy document. The source of each one names the policy, and the position of the
    /// statement in it.
    fn statements(&self, policy: &str, document: &Value) -> Result<Vec<Statement>, TemplateError> {
        let written = document["Statement"].as_array().into_iter().flatten();
        let mut statements = Vec::new();
        for (position, statement) in written.enumerate() {
            let source = format!("{policy}, statement {}", position + 1);
            if let Some(statement) = self.resolve(statement)? {
                let statement = Statement::parse(&source, &statement);
                statements.push(statement.map_err(|error| TemplateError(error.to_string()))?);
            }
        }
        Ok(statements)
    }

    /// Returns the items of a list, except those that conditions omit.
    fn chosen<'a>(&self, list: &'a Value) -> Result<Vec<&'a Value>, TemplateError> {
        let items = match list {
            Value::Array(items) => items.as_slice(),
            Value::Null => &[],
            other => {
                return Err(TemplateError(format!("{} is not a list", scalar(other))));
            }
        };
        let items = items
            .iter()
            .filter_map(|item| self.choose(item).transpose());
        items.collect()
    }
}
