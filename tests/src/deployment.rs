//! A deployment of eksentry: the stack with the functions, the stack in each other account that they read, and the stack
//! in each VPC whose clusters they read.

use crate::{
    account::MemberRole,
    iam::Statement,
    template::{Role, Stack, Template, TemplateError},
};

/// The logical ID of the role in template-member.yaml.
const MEMBER_ROLE: &str = "MemberRole";

/// The VPC in which template-vpc.yaml is deployed: that of clusters for which an account file sets none.
const VPC: &str = "vpc-0a1b2c3d4e5f60001";

/// The functions that may assume that role, by their folders.
const TRUSTED: [&str; 4] = ["cloudtrail-event", "ecr-event", "sweep", "sweep-worker"];

/// The stacks whose functions have a given environment, with the values of their parameters.
#[derive(Clone, Debug)]
pub struct Deployment {
    stack: Stack,
    members: Stack,
    in_vpc: Stack,
}

impl Deployment {
    /// Deploys template.yaml in an account and a Region, and template-member.yaml with the parameters that match it.
    pub fn new(
        account: &str,
        region: &str,
        environment: &[(String, String)],
    ) -> Result<Self, TemplateError> {
        let stack =
            Stack::new(Template::of_eksentry()?, account, region).with_environment(environment)?;
        let trusted = TRUSTED.map(|function| stack.role_of_function(function));
        let arns: Result<Vec<_>, _> = trusted
            .into_iter()
            .map(|role| role.map(|role| role.arn))
            .collect();
        let members = Stack::new(Template::of_members()?, account, region)
            .with("EksentryAccount", account)?
            .with("EksentryRoleArns", &arns?.join(","))?
            .with("ExternalId", stack.parameter_value("ExternalId")?)?
            .with("RoleName", stack.parameter_value("MemberRoleName")?)?
            .with("SecurityHub", stack.parameter_value("SecurityHub")?)?;
        let in_vpc = Stack::new(Template::of_vpcs()?, account, region).with("VpcId", VPC)?;
        Ok(Self {
            stack,
            members,
            in_vpc,
        })
    }

    /// Sets a parameter of template.yaml that no environment variable of a function depends on, and that of
    /// template-member.yaml with the same name.
    pub fn with(self, parameter: &str, value: &str) -> Result<Self, TemplateError> {
        let members = if self.members.parameter_value(parameter).is_ok() {
            self.members.with(parameter, value)?
        } else {
            self.members
        };
        Ok(Self {
            stack: self.stack.with(parameter, value)?,
            members,
            ..self
        })
    }

    /// Returns the stack of template.yaml.
    pub fn stack(&self) -> &Stack {
        &self.stack
    }

    /// Returns the role of a function, by its folder in `functions`.
    pub fn role(&self, function: &str) -> Result<Role, TemplateError> {
        let role = self.stack.role_of_function(function);
        role.or_else(|_| self.in_vpc.role_of_function(function))
    }

    /// Returns the role in another account, and its trust policy. `set` is the name and the external ID, if that
    /// account has set its own.
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
