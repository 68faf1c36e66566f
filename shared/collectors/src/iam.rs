//! IAM roles and their policies.

use aws_sdk_iam::operation::get_role::GetRoleError;
use eksentry_aws::Pages;
use eksentry_core::facts::cluster::Role;
use eksentry_core::policy::PolicyDocument;
use eksentry_core::{Fact, Unread};
use futures::StreamExt;
use percent_encoding::percent_decode_str;

use crate::unread::unread;
use crate::{Memo, Reader, endless, nameless, without};

pub(crate) const ACTIONS: &[&str] = &[
    "iam:GetRole",
    "iam:ListAttachedRolePolicies",
    "iam:ListRolePolicies",
    "iam:GetRolePolicy",
    "iam:GetPolicy",
    "iam:GetPolicyVersion",
];

/// A role without policies is told as having none; an answer without the list says nothing.
pub(crate) const REQUIRED: [(&str, &str); 2] = [
    ("ListAttachedRolePolicies", "AttachedPolicies"),
    ("ListRolePolicies", "PolicyNames"),
];

const LIST_MANAGED: &str = "iam:ListAttachedRolePolicies";
const GET_POLICY: &str = "iam:GetPolicy";

/// How many of a role's policies are read at a time.
const POLICIES_AT_A_TIME: usize = 4;

/// What was read already: roles and managed policies by ARN.
#[derive(Debug, Default)]
pub(crate) struct Memos {
    roles: Memo<String, Fact<Option<Role>>>,
    allows_everything: Memo<String, Fact<bool>>,
}

/// Where a policy of a role is found.
enum PolicySource {
    /// Without an ARN it can't be looked at.
    Managed {
        arn: Option<String>,
    },
    Inline {
        name: String,
    },
}

impl Reader<'_> {
    /// The role with that ARN; `None` where IAM has none.
    pub(crate) async fn role(&self, arn: &str) -> Fact<Option<Role>> {
        self.iam
            .roles
            .get(arn.to_owned(), || self.read_role(arn))
            .await
    }

    async fn read_role(&self, arn: &str) -> Fact<Option<Role>> {
        let name = arn.rsplit('/').next().unwrap_or(arn);
        let target = format!("role {name}");
        let (role, managed, inline) = futures::join!(
            self.clients
                .paces
                .iam
                .call(self.clients.iam.get_role().role_name(name).send()),
            self.managed_policies(name),
            self.inline_policies(name),
        );
        let trust = match role {
            Ok(answer) => Ok(answer
                .role
                .and_then(|role| role.assume_role_policy_document)),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(GetRoleError::is_no_such_entity_exception) =>
            {
                return Ok(None);
            }
            Err(error) => Err(unread("iam:GetRole", &target, &error)),
        };
        let trusted = trust
            .and_then(|trust| parse(trust.as_deref(), "iam:GetRole", &target))
            .map(|document| document.trusted_principals());

        let mut read = Role {
            trusted,
            administrator_policies: Vec::new(),
            unread: Vec::new(),
        };
        let mut sources = Vec::new();
        for listed in [managed, inline] {
            match listed {
                Ok(listed) => sources.extend(listed),
                Err(reason) => read.unread.push(reason),
            }
        }
        let mut answers = futures::stream::iter(&sources)
            .map(|(policy, source)| async move {
                (policy, self.policy_allows_everything(name, source).await)
            })
            .buffered(POLICIES_AT_A_TIME);
        while let Some((policy, answer)) = answers.next().await {
            match answer {
                Ok(true) => read.administrator_policies.push(policy.clone()),
                Ok(false) => {}
                Err(reason) => read.unread.push(reason),
            }
        }
        drop(answers);
        // IAM promises no order, and another one would read as another reason.
        read.administrator_policies.sort();
        read.unread.sort_by(|one, other| one.text.cmp(&other.text));
        Ok(Some(read))
    }

    /// The names and ARNs of the policies that are attached to a role.
    async fn managed_policies(&self, role: &str) -> Fact<Vec<(String, PolicySource)>> {
        let action = LIST_MANAGED;
        let target = format!("role {role}");
        let call = self.clients.iam.list_attached_role_policies();
        let mut pages = call.role_name(role).into_paginator().send();
        let (mut leads, mut policies) = (Pages::default(), Vec::new());
        while let Some(page) = self.clients.paces.iam.call(pages.next()).await {
            let page = page.map_err(|error| unread(action, &target, &error))?;
            let led = leads.lead_on(page.is_truncated(), page.marker());
            led.map_err(endless(action, &target))?;
            for policy in page.attached_policies.unwrap_or_default() {
                let arn = policy.policy_arn;
                let name = policy.policy_name.or_else(|| arn.clone());
                let name = name.unwrap_or_default();
                policies.push((name, PolicySource::Managed { arn }));
            }
        }
        Ok(policies)
    }

    /// The names of the policies that are part of a role.
    async fn inline_policies(&self, role: &str) -> Fact<Vec<(String, PolicySource)>> {
        let action = "iam:ListRolePolicies";
        let target = format!("role {role}");
        let call = self.clients.iam.list_role_policies();
        let mut pages = call.role_name(role).into_paginator().send();
        let (mut leads, mut policies) = (Pages::default(), Vec::new());
        while let Some(page) = self.clients.paces.iam.call(pages.next()).await {
            let page = page.map_err(|error| unread(action, &target, &error))?;
            let led = leads.lead_on(page.is_truncated(), page.marker());
            led.map_err(endless(action, &target))?;
            let names = page.policy_names.into_iter();
            policies.extend(names.map(|name| (name.clone(), PolicySource::Inline { name })));
        }
        Ok(policies)
    }

    async fn policy_allows_everything(&self, role: &str, source: &PolicySource) -> Fact<bool> {
        match source {
            PolicySource::Managed { arn: None } => {
                let target = format!("role {role}");
                Err(nameless(LIST_MANAGED, &target, "a policy without an ARN"))
            }
            PolicySource::Managed { arn: Some(arn) }
                if arn.ends_with(":aws:policy/AdministratorAccess") =>
            {
                Ok(true)
            }
            PolicySource::Managed { arn: Some(arn) } => {
                self.iam
                    .allows_everything
                    .get(arn.clone(), || self.managed_policy_allows_everything(arn))
                    .await
            }
            PolicySource::Inline { name } => {
                let target = format!("policy {name} of role {role}");
                let call = self
                    .clients
                    .iam
                    .get_role_policy()
                    .role_name(role)
                    .policy_name(name)
                    .send();
                let answer = self
                    .clients
                    .paces
                    .iam
                    .call(call)
                    .await
                    .map_err(|error| unread("iam:GetRolePolicy", &target, &error))?;
                Ok(
                    parse(Some(answer.policy_document()), "iam:GetRolePolicy", &target)?
                        .allows_everything(),
                )
            }
        }
    }

    async fn managed_policy_allows_everything(&self, arn: &str) -> Fact<bool> {
        let target = format!("policy {arn}");
        let call = self.clients.iam.get_policy().policy_arn(arn).send();
        let policy = self
            .clients
            .paces
            .iam
            .call(call)
            .await
            .map_err(|error| unread(GET_POLICY, &target, &error))?
            .policy;
        let version = policy
            .and_then(|policy| policy.default_version_id)
            .ok_or_else(|| without(GET_POLICY, &target, "a default version"))?;
        let call = self
            .clients
            .iam
            .get_policy_version()
            .policy_arn(arn)
            .version_id(version)
            .send();
        let answer = self
            .clients
            .paces
            .iam
            .call(call)
            .await
            .map_err(|error| unread("iam:GetPolicyVersion", &target, &error))?;
        let document = answer.policy_version.and_then(|version| version.document);
        Ok(parse(document.as_deref(), "iam:GetPolicyVersion", &target)?.allows_everything())
    }
}

/// Reads a policy document, which IAM percent-encodes.
fn parse(document: Option<&str>, action: &str, target: &str) -> Fact<PolicyDocument> {
    let text = percent_decode_str(document.unwrap_or_default()).decode_utf8_lossy();
    serde_json::from_str(&text).map_err(|error| Unread {
        code: "POLICY_NOT_UNDERSTOOD",
        text: format!(
            "{action} on {target} answered with a policy that could not be understood: {error}."
        ),
    })
}
