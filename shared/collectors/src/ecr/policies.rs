//! The policies of a registry: those of its repositories, its own, and those in its repository creation templates.

use std::sync::Arc;

use aws_sdk_ecr::types::RepositoryCreationTemplate;
use eksentry_core::facts::registry::{CreationTemplate, RegistryPolicy, RegistryPolicyScope};
use eksentry_core::facts::{AttachedPolicy, List};
use eksentry_core::policy::ECR;
use eksentry_core::{Fact, Need, Needs, Unread};
use tokio::sync::OnceCell;

use super::{PAGE, REPOSITORIES};
use crate::Reader;
use crate::call::Next;
use crate::permission::{Arns, Permission};
use crate::policies::Policies;

pub(super) const GET: Permission = Permission::new("ecr:GetRepositoryPolicy", REPOSITORIES);
pub(crate) const GET_REGISTRY_POLICY: Permission =
    Permission::new("ecr:GetRegistryPolicy", &[Arns::Any]);
pub(crate) const GET_SETTING: Permission = Permission::new("ecr:GetAccountSetting", &[Arns::Any]);
pub(crate) const LIST_TEMPLATES: Permission =
    Permission::new("ecr:DescribeRepositoryCreationTemplates", &[Arns::Any]);

/// The error code for a repository without a policy.
const NO_POLICY: &str = "RepositoryPolicyNotFoundException";

/// The error code for a registry without a policy.
const NO_REGISTRY_POLICY: &[&str] = &["RegistryPolicyNotFoundException"];

/// The setting that contains the scope of the registry's policy.
const SCOPE: &str = "REGISTRY_POLICY_SCOPE";

/// The error codes where ECR does not know the setting. Such a registry has the first scope.
const UNKNOWN_SETTING: &[&str] = &["InvalidParameterException", "ValidationException"];

/// The policies that were already read.
#[derive(Debug)]
pub(super) struct PolicyMemos {
    policies: Policies,
    of_registry: OnceCell<Fact<Option<Arc<RegistryPolicy>>>>,
}

impl Default for PolicyMemos {
    fn default() -> Self {
        Self {
            policies: Policies::of(&ECR),
            of_registry: OnceCell::new(),
        }
    }
}

impl Reader<'_> {
    /// Returns the policy of a repository, or that it has none; `None` if the repository does not exist.
    pub(super) async fn repository_policy(
        &self,
        name: &str,
        needs: Needs,
    ) -> Option<Fact<Option<Arc<AttachedPolicy>>>> {
        let target = format!("repository {name}");
        if !needs.contains(Need::RepositoryPolicy) {
            return Some(Err(Unread::not_requested("the repository's policy")));
        }
        let call = self.ecr_call(&GET, target.clone());
        let request = self.clients.ecr.get_repository_policy();
        let request = request.repository_name(name);
        match call.send(request.send()).await {
            Ok(response) => Some(self.ecr_policy(response.policy_text, &target)),
            Err(failure) if failure.has_code(NO_POLICY) => Some(Ok(None)),
            Err(failure) => failure.or_none().transpose(),
        }
    }

    /// Returns the policy of the registry; `None` if it has none.
    pub(crate) async fn registry_policy(&self, needs: Needs) -> Fact<Option<Arc<RegistryPolicy>>> {
        if !needs.contains(Need::RegistryPolicy) {
            return Err(Unread::not_requested("the registry's policy"));
        }
        let memo = &self.ecr.policies.of_registry;
        let policy = memo.get_or_init(|| self.read_registry_policy()).await;
        policy.clone()
    }

    async fn read_registry_policy(&self) -> Fact<Option<Arc<RegistryPolicy>>> {
        let target = self.registry_name();
        let call = self.ecr_call(&GET_REGISTRY_POLICY, target.clone());
        let call = call.absent(NO_REGISTRY_POLICY);
        let request = self.clients.ecr.get_registry_policy();
        let policy = match call.send(request.send()).await {
            Ok(response) => self.ecr_policy(response.policy_text, &target)?,
            Err(failure) => failure.or_none()?,
        };
        let Some(policy) = policy else {
            return Ok(None);
        };
        let scope = self.registry_policy_scope().await;
        Ok(Some(Arc::new(RegistryPolicy { policy, scope })))
    }

    async fn registry_policy_scope(&self) -> Fact<RegistryPolicyScope> {
        let call = self.ecr_call(&GET_SETTING, format!("{SCOPE} of {}", self.registry_name()));
        let request = self.clients.ecr.get_account_setting().name(SCOPE);
        match call.send(request.send()).await {
            Ok(response) => {
                scope(response.value.as_deref()).ok_or_else(|| call.without("a known scope"))
            }
            Err(failure) if UNKNOWN_SETTING.iter().any(|code| failure.has_code(code)) => {
                Ok(RegistryPolicyScope::V1)
            }
            Err(failure) => Err(failure.into()),
        }
    }

    /// Returns the repository creation templates of the registry.
    pub(crate) async fn creation_templates(&self, needs: Needs) -> List<CreationTemplate> {
        if !needs.contains(Need::CreationTemplates) {
            let what = "the repository creation templates";
            return List::unread(Unread::not_requested(what));
        }
        let call = self.ecr_call(&LIST_TEMPLATES, self.registry_name());
        let list = self.clients.ecr.describe_repository_creation_templates();
        let list = list.max_results(PAGE);
        let mut templates = List::complete(Vec::new());
        let pages = call.pages(
            |token| list.clone().set_next_token(token).send(),
            async |page| {
                match page.repository_creation_templates {
                    Some(listed) => templates
                        .items
                        .extend(listed.into_iter().map(|one| self.template(one))),
                    None => templates.missing = Some(call.no_list()),
                }
                Next::token(page.next_token)
            },
        );
        if let Err(failure) = pages.await {
            templates.missing = Some(failure.into());
        }
        // Another order is no change.
        templates
            .items
            .sort_by(|one, other| one.prefix.cmp(&other.prefix));
        templates
    }

    fn template(&self, template: RepositoryCreationTemplate) -> CreationTemplate {
        let prefix = template.prefix.unwrap_or_default();
        let target = format!("the repository creation template {prefix}");
        CreationTemplate {
            policy: self.ecr_policy(template.repository_policy, &target),
            prefix,
        }
    }

    /// Reads a policy; there is none if the response has no text.
    fn ecr_policy(
        &self,
        text: Option<String>,
        resource: &str,
    ) -> Fact<Option<Arc<AttachedPolicy>>> {
        let policies = &self.ecr.policies.policies;
        text.map(|text| policies.read(text, &self.location.account, resource))
            .transpose()
    }

    pub(super) fn registry_name(&self) -> String {
        format!("the registry of {}", self.location)
    }
}

/// Returns the scope with this name, or `None` if it is not known. A registry without the setting has the first scope.
fn scope(name: Option<&str>) -> Option<RegistryPolicyScope> {
    match name {
        None | Some("V1") => Some(RegistryPolicyScope::V1),
        Some("V2") => Some(RegistryPolicyScope::V2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_scopes_are_read() {
        for (name, expected) in [
            (Some("V1"), Some(RegistryPolicyScope::V1)),
            (Some("V2"), Some(RegistryPolicyScope::V2)),
            (Some("V3"), None),
            (Some(""), None),
            (None, Some(RegistryPolicyScope::V1)),
        ] {
            assert_eq!(scope(name), expected);
        }
    }
}
