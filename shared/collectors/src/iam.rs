//! IAM roles and their policies, and identity providers.

mod identity_providers;
mod roles;

use eksentry_core::facts::List;
use eksentry_core::facts::cluster::{Role, RolePolicy};
use eksentry_core::policy::{Permissions, PolicyDocument};
use eksentry_core::{Fact, ReasonCode, Unread};
use futures::StreamExt;
use percent_encoding::percent_decode_str;

pub(crate) use self::identity_providers::{IdentityProviders, LIST as LIST_IDENTITY_PROVIDERS};
pub(crate) use self::roles::{AccountRoles, LIST as LIST_ROLES};
use crate::call::{Call, Next};
use crate::permission::{Arns, Permission};
use crate::{Memo, Reader};

const ROLES: &[Arns] = &[Arns::Global("role/*")];
const PROFILES: &[Arns] = &[Arns::Global("instance-profile/*")];
const POLICIES: &[Arns] = &[Arns::Global("policy/*"), Arns::OfAws("policy/*")];

const GET_ROLE: Permission = Permission::new("iam:GetRole", ROLES);
const GET_PROFILE: Permission = Permission::new("iam:GetInstanceProfile", PROFILES);
const LIST_MANAGED: Permission = Permission::new("iam:ListAttachedRolePolicies", ROLES);
const LIST_INLINE: Permission = Permission::new("iam:ListRolePolicies", ROLES);
const GET_INLINE: Permission = Permission::new("iam:GetRolePolicy", ROLES);
const GET_MANAGED: Permission = Permission::new("iam:GetPolicy", POLICIES);
const GET_VERSION: Permission = Permission::new("iam:GetPolicyVersion", POLICIES);

/// The permissions of the calls that read the role in an instance profile.
pub(crate) const OF_PROFILES: &[Permission] = &[GET_PROFILE];
/// The permissions of the calls that read a role with its policies.
pub(crate) const OF_ROLES: &[Permission] = &[
    GET_ROLE,
    LIST_MANAGED,
    LIST_INLINE,
    GET_INLINE,
    GET_MANAGED,
    GET_VERSION,
];

/// The error code for a role or an instance profile that does not exist.
const ABSENT: &[&str] = &["NoSuchEntity"];

/// The operations whose responses must contain a list, and the name of the list. For a role without policies, IAM
/// returns an empty list; a response without the list proves nothing.
pub(crate) const REQUIRED: [(&str, &str); 4] = [
    ("GetInstanceProfile", "Roles"),
    ("ListAttachedRolePolicies", "AttachedPolicies"),
    ("ListRolePolicies", "PolicyNames"),
    ("ListRoles", "Roles"),
];

/// The number of a role's policies that are read at a time.
const POLICIES_AT_A_TIME: usize = 4;

/// The roles, instance profiles and managed policies that were already read, by ARN. IAM is global, so they serve all
/// Regions of an account.
#[derive(Debug, Default)]
pub(crate) struct Memos {
    roles: Memo<String, Fact<Option<Role>>>,
    profiles: Memo<String, Fact<Vec<String>>>,
    permissions: Memo<String, Fact<Permissions>>,
}

/// The location of a role's policy.
enum PolicySource {
    /// A managed policy. Without an ARN, it can't be read.
    Managed {
        arn: Option<String>,
    },
    Inline {
        name: String,
    },
}

impl Reader<'_> {
    fn iam_call(&self, permission: &Permission, target: String) -> Call<'_> {
        Call::new(permission.action, &self.clients.paces.iam, target)
    }

    /// Returns the role with that ARN; `None` if IAM has no such role.
    pub(crate) async fn role(&self, arn: &str) -> Fact<Option<Role>> {
        let read = || Box::pin(self.read_role(arn));
        self.account.iam().roles.get(arn.to_owned(), read).await
    }

    /// Returns the ARNs of the roles in an instance profile, which has at most one; none if IAM has no such profile.
    pub(crate) async fn roles_of_profile(&self, arn: &str) -> Fact<Vec<String>> {
        let read = || Box::pin(self.read_profile(arn));
        self.account.iam().profiles.get(arn.to_owned(), read).await
    }

    async fn read_profile(&self, arn: &str) -> Fact<Vec<String>> {
        let name = name_of(arn);
        let call = self.iam_call(&GET_PROFILE, format!("instance profile {name}"));
        let call = call.absent(ABSENT);
        let request = self.clients.iam.get_instance_profile();
        let request = request.instance_profile_name(name);
        let response = match call.send(request.send()).await {
            Ok(response) => response,
            Err(failure) => return Ok(failure.or_none()?.unwrap_or_default()),
        };
        let profile = response.instance_profile;
        let profile = profile.ok_or_else(|| call.without("the instance profile"))?;
        Ok(profile.roles.into_iter().map(|role| role.arn).collect())
    }

    async fn read_role(&self, arn: &str) -> Fact<Option<Role>> {
        let name = name_of(arn);
        let call = self.iam_call(&GET_ROLE, format!("role {name}"));
        let call = call.absent(ABSENT);
        let request = self.clients.iam.get_role().role_name(name);
        let (role, managed, inline) = futures::join!(
            call.send(request.send()),
            self.managed_policies(name),
            self.inline_policies(name),
        );
        let role = match role {
            Ok(response) => Ok(response.role),
            Err(failure) if failure.is_absent() => return Ok(None),
            Err(failure) => Err(failure.into()),
        };
        let trust = role.map(|role| role.and_then(|role| role.assume_role_policy_document));
        let trusted = trust
            .and_then(|trust| parse(trust.as_deref(), &call))
            .map(|document| document.trusted_principals());

        let (mut sources, mut unlisted) = (Vec::new(), Vec::new());
        for listed in [managed, inline] {
            match listed {
                Ok(listed) => sources.extend(listed),
                Err(reason) => unlisted.push(reason),
            }
        }
        let policies = futures::stream::iter(sources)
            .map(|(policy, source)| async move {
                RolePolicy {
                    permissions: self.permissions(name, &source).await,
                    is_aws_managed: source.is_aws_managed(),
                    name: policy,
                }
            })
            .buffer_unordered(POLICIES_AT_A_TIME);
        let mut policies: Vec<RolePolicy> = policies.collect().await;
        // IAM guarantees no order, and another order would change the text of the reason.
        policies.sort_by(|one, other| one.name.cmp(&other.name));
        Ok(Some(Role {
            trusted,
            policies: List {
                items: policies,
                missing: unlisted.into_iter().next(),
            },
        }))
    }

    /// Returns the names and ARNs of the managed policies that are attached to a role.
    async fn managed_policies(&self, role: &str) -> Fact<Vec<(String, PolicySource)>> {
        let call = self.iam_call(&LIST_MANAGED, format!("role {role}"));
        let list = self.clients.iam.list_attached_role_policies();
        let list = list.role_name(role);
        let mut policies = Vec::new();
        let read = call.pages(
            |marker| list.clone().set_marker(marker).send(),
            async |page| {
                for policy in page.attached_policies.unwrap_or_default() {
                    let arn = policy.policy_arn;
                    let name = policy.policy_name.or_else(|| arn.clone());
                    let name = name.unwrap_or_default();
                    policies.push((name, PolicySource::Managed { arn }));
                }
                Next::marker(page.is_truncated, page.marker)
            },
        );
        read.await?;
        Ok(policies)
    }

    /// Returns the names of a role's inline policies.
    async fn inline_policies(&self, role: &str) -> Fact<Vec<(String, PolicySource)>> {
        let call = self.iam_call(&LIST_INLINE, format!("role {role}"));
        let list = self.clients.iam.list_role_policies().role_name(role);
        let mut policies = Vec::new();
        let read = call.pages(
            |marker| list.clone().set_marker(marker).send(),
            async |page| {
                let names = page.policy_names.into_iter();
                policies.extend(names.map(|name| (name.clone(), PolicySource::Inline { name })));
                Next::marker(page.is_truncated, page.marker)
            },
        );
        read.await?;
        Ok(policies)
    }

    /// Returns what a policy of a role allows on every resource.
    async fn permissions(&self, role: &str, source: &PolicySource) -> Fact<Permissions> {
        match source {
            PolicySource::Managed { arn: None } => {
                let call = self.iam_call(&LIST_MANAGED, format!("role {role}"));
                Err(call.cannot_describe("the policy has no ARN"))
            }
            PolicySource::Managed { arn: Some(arn) }
                if arn.ends_with(":aws:policy/AdministratorAccess") =>
            {
                Ok(Permissions::EVERYTHING)
            }
            PolicySource::Managed { arn: Some(arn) } => {
                let read = || self.permissions_of_managed(arn);
                let permissions = &self.account.iam().permissions;
                permissions.get(arn.clone(), read).await
            }
            PolicySource::Inline { name } => {
                let call = self.iam_call(&GET_INLINE, format!("policy {name} of role {role}"));
                let request = self.clients.iam.get_role_policy();
                let request = request.role_name(role).policy_name(name);
                let response = call.send(request.send()).await?;
                Ok(parse(Some(response.policy_document()), &call)?.permissions())
            }
        }
    }

    async fn permissions_of_managed(&self, arn: &str) -> Fact<Permissions> {
        let target = format!("policy {arn}");
        let call = self.iam_call(&GET_MANAGED, target.clone());
        let request = self.clients.iam.get_policy().policy_arn(arn);
        let policy = call.send(request.send()).await?.policy;
        let version = policy.and_then(|policy| policy.default_version_id);
        let version = version.ok_or_else(|| call.without("the default version"))?;

        let call = self.iam_call(&GET_VERSION, target);
        let request = self.clients.iam.get_policy_version();
        let request = request.policy_arn(arn).version_id(version);
        let version = call.send(request.send()).await?.policy_version;
        let document = version.and_then(|version| version.document);
        Ok(parse(document.as_deref(), &call)?.permissions())
    }
}

impl PolicySource {
    /// Returns `true` for a policy of AWS itself, whose ARN has `aws` in place of the account.
    fn is_aws_managed(&self) -> bool {
        match self {
            Self::Managed { arn: Some(arn) } => arn.contains(":iam::aws:policy/"),
            Self::Managed { arn: None } | Self::Inline { .. } => false,
        }
    }
}

/// Returns the name at the end of the ARN of a role or an instance profile, without the path.
fn name_of(arn: &str) -> &str {
    arn.rsplit('/').next().unwrap_or(arn)
}

/// Reads a policy document, which IAM percent-encodes.
fn parse(document: Option<&str>, call: &Call<'_>) -> Fact<PolicyDocument> {
    let text = percent_decode_str(document.unwrap_or_default()).decode_utf8_lossy();
    serde_json::from_str(&text).map_err(|error| Unread {
        code: ReasonCode::PolicyNotUnderstood,
        ..call.without(&format!("a valid policy document: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn policies_of_aws_are_recognized_in_every_partition() {
        let managed = |arn: Option<&str>| PolicySource::Managed {
            arn: arn.map(str::to_owned),
        };
        let inline = PolicySource::Inline {
            name: "arn:aws:iam::aws:policy/x".to_owned(),
        };
        for (source, expected) in [
            (
                managed(Some("arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy")),
                true,
            ),
            (
                managed(Some("arn:aws-cn:iam::aws:policy/service-role/X")),
                true,
            ),
            (
                managed(Some(
                    "arn:aws:iam::111122223333:policy/AmazonEKS_CNI_Policy",
                )),
                false,
            ),
            (managed(None), false),
            (inline, false),
        ] {
            assert_eq!(source.is_aws_managed(), expected);
        }
    }

    #[test]
    fn a_name_is_unique_without_its_path() {
        for arn in [
            "arn:aws:iam::111122223333:instance-profile/nodes",
            "arn:aws:iam::111122223333:instance-profile/team/a/nodes",
            "nodes",
        ] {
            assert_eq!(name_of(arn), "nodes");
        }
    }
}
