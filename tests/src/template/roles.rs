//! Roles: what a stack lets its functions do.

use serde_json::Value;

use super::{Stack, TemplateError, scalar};
use crate::iam::Statement;

/// A role of a stack.
#[derive(Clone, Debug)]
pub struct Role {
    /// Its name in the template.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// What it may and may not do.
    pub statements: Vec<Statement>,
}

impl Role {
    /// The name that it has in IAM.
    pub fn iam_name(&self) -> &str {
        self.arn.rsplit('/').next().unwrap_or_default()
    }
}

impl Stack {
    /// A role that is made, by its name in the template.
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

    /// The role of the function that is made of this folder in `functions`.
    pub fn role_of_function(&self, folder: &str) -> Result<Role, TemplateError> {
        let code = format!("functions/{folder}");
        let functions = self.made("AWS::Serverless::Function")?;
        let (_, function) = functions
            .into_iter()
            .find(|(_, function)| function["Properties"]["CodeUri"] == code.as_str())
            .ok_or_else(|| TemplateError(format!("no function is made of {code}")))?;
        let arn = self.text(&function["Properties"]["Role"])?;
        for (name, _) in self.made("AWS::IAM::Role")? {
            if self.attribute(&format!("{name}.Arn"))? == arn {
                return self.role(name);
            }
        }
        Err(TemplateError(format!("{code} has no role of the template")))
    }

    /// Who may assume a role, by its name in the template.
    pub fn trust(&self, role: &str) -> Result<Vec<Statement>, TemplateError> {
        let document = &self.resource(role)?["Properties"]["AssumeRolePolicyDocument"];
        self.statements(&format!("{role}'s trust policy"), document)
    }

    /// The policies of the template itself that a role has, by their names there. An ARN of another's can't be judged.
    fn managed_policy(&self, arn: &str) -> Result<&String, TemplateError> {
        for (name, _) in self.made("AWS::IAM::ManagedPolicy")? {
            if self.attribute(&format!("{name}.Arn"))? == arn {
                return Ok(name);
            }
        }
        Err(TemplateError(format!(
            "{arn} is no policy of the template, so it can't be told what it grants: write its statements out"
        )))
    }

    /// The statements of a policy document. Each one's source names the policy, and where in it the template has it.
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

    /// The items of a list, but for what conditions leave out.
    fn chosen<'a>(&self, list: &'a Value) -> Result<Vec<&'a Value>, TemplateError> {
        let items = match list {
            Value::Array(items) => items.as_slice(),
            Value::Null => &[],
            other => {
                return Err(TemplateError(format!("{} is no list", scalar(other))));
            }
        };
        let items = items
            .iter()
            .filter_map(|item| self.choose(item).transpose());
        items.collect()
    }
}
