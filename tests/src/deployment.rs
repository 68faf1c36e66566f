//! eksentry as it is deployed: the stack around functions, and the one in each other account that they look at.

use crate::{
    account::MemberRole,
    iam::Statement,
    template::{Role, Stack, Template, TemplateError},
};

/// The role of template-member.yaml, by its name there.
const MEMBER_ROLE: &str = "MemberRole";

/// Functions that may assume that role, by their folders.
const SWEEPS: [&str; 2] = ["sweep", "sweep-worker"];

/// The stacks in which functions have a certain environment, each with the parameters that go with it.
#[derive(Clone, Debug)]
pub struct Deployment {
    stack: Stack,
    members: Stack,
}

impl Deployment {
    /// Deploys template.yaml in an account and a Region, and template-member.yaml wherever it is needed.
    pub fn new(
        account: &str,
        region: &str,
        environment: &[(String, String)],
    ) -> Result<Self, TemplateError> {
        let stack =
            Stack::new(Template::of_eksentry()?, account, region).with_environment(environment)?;
        let sweeps = SWEEPS.map(|function| stack.role_of_function(function));
        let arns: Result<Vec<_>, _> = sweeps
            .into_iter()
            .map(|role| role.map(|role| role.arn))
            .collect();
        let members = Stack::new(Template::of_members()?, account, region)
            .with("EksentryAccount", account)?
            .with("EksentryRoleArns", &arns?.join(","))?
            .with("ExternalId", stack.parameter_value("ExternalId")?)?
            .with("RoleName", stack.parameter_value("MemberRoleName")?)?
            .with("SecurityHub", stack.parameter_value("SecurityHub")?)?;
        Ok(Self { stack, members })
    }

    /// The same, with another value for a parameter of template.yaml that no variable of a function tells.
    pub fn with(self, parameter: &str, value: &str) -> Result<Self, TemplateError> {
        Ok(Self {
            stack: self.stack.with(parameter, value)?,
            ..self
        })
    }

    /// The stack of template.yaml.
    pub fn stack(&self) -> &Stack {
        &self.stack
    }

    /// The role of a function, by its folder in `functions`.
    pub fn role(&self, function: &str) -> Result<Role, TemplateError> {
        self.stack.role_of_function(function)
    }

    /// The role in another account, and who may assume it. That account may have set its name and its external id
    /// itself.
    pub fn member_role(
        &self,
        account: &str,
        set: Option<&MemberRole>,
    ) -> Result<(Role, Vec<Statement>), TemplateError> {
        let mut stack = self.members.clone().in_account(account);
        if let Some(set) = set {
            let external_id = set.external_id.as_deref().unwrap_or_default();
            stack = stack
                .with("RoleName", &set.name)?
                .with("ExternalId", external_id)?;
        }
        Ok((stack.role(MEMBER_ROLE)?, stack.trust(MEMBER_ROLE)?))
    }
}
