//! The sensitive actions that a policy of an IAM role allows on every resource.
//!
//! Only statements without conditions count, since a condition may limit them to what is needed. Denials are not
//! evaluated. A statement allows an action on every resource if a pattern covers all resources of the action's type in
//! an account and a Region, so `arn:aws:iam::111122223333:role/*` is every role. So is every `NotResource`, unless it
//! excludes all resources of the type.

use enumset::{EnumSet, EnumSetType};
use wildmatch::WildMatch;

use super::document::{Element, PolicyDocument, Statement};
use super::pattern::has_wildcard;

/// The risk of an action that is allowed on every resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Risk {
    /// The action leads to more permissions.
    Escalation,
    /// The action changes the images of ECR repositories, or the access to them.
    ImageChange,
    /// The action reads secrets, objects or encrypted data.
    DataAccess,
    /// The action changes the network interfaces of instances.
    NetworkInterfaces,
    /// The action reads parameters, which may contain configuration of any kind.
    ParameterAccess,
}

impl Risk {
    /// All risks, in their order.
    pub const ALL: [Self; 5] = [
        Self::Escalation,
        Self::ImageChange,
        Self::DataAccess,
        Self::NetworkInterfaces,
        Self::ParameterAccess,
    ];
}

macro_rules! actions {
    ($($name:ident: $action:literal on $type:ident, $risk:ident;)*) => {
        /// An action that gives more than most workloads need if it is allowed on every resource.
        #[derive(Debug, EnumSetType)]
        pub enum SensitiveAction {
            $(#[doc = concat!("`", $action, "`.")] $name,)*
        }

        impl SensitiveAction {
            /// Returns the name, as in policies.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $action,)*
                }
            }

            /// Returns the risk of the action.
            pub fn risk(self) -> Risk {
                match self {
                    $(Self::$name => Risk::$risk,)*
                }
            }

            fn resources(self) -> &'static ResourceType {
                match self {
                    $(Self::$name => &$type,)*
                }
            }
        }
    };
}

// The types of resources:
// https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
actions! {
    AssignPrivateIpAddresses: "ec2:AssignPrivateIpAddresses" on NETWORK_INTERFACE, NetworkInterfaces;
    AssumeRole: "sts:AssumeRole" on ROLE, Escalation;
    AttachGroupPolicy: "iam:AttachGroupPolicy" on GROUP, Escalation;
    AttachRolePolicy: "iam:AttachRolePolicy" on ROLE, Escalation;
    AttachUserPolicy: "iam:AttachUserPolicy" on USER, Escalation;
    BatchDeleteImage: "ecr:BatchDeleteImage" on REPOSITORY, ImageChange;
    CompleteLayerUpload: "ecr:CompleteLayerUpload" on REPOSITORY, ImageChange;
    CreateAccessKey: "iam:CreateAccessKey" on USER, Escalation;
    CreateNetworkInterface: "ec2:CreateNetworkInterface" on NETWORK_INTERFACE, NetworkInterfaces;
    CreatePolicyVersion: "iam:CreatePolicyVersion" on POLICY, Escalation;
    Decrypt: "kms:Decrypt" on KEY, DataAccess;
    DeleteRepository: "ecr:DeleteRepository" on REPOSITORY, ImageChange;
    GetObject: "s3:GetObject" on OBJECT, DataAccess;
    GetParameter: "ssm:GetParameter" on PARAMETER, ParameterAccess;
    GetSecretValue: "secretsmanager:GetSecretValue" on SECRET, DataAccess;
    InitiateLayerUpload: "ecr:InitiateLayerUpload" on REPOSITORY, ImageChange;
    PassRole: "iam:PassRole" on ROLE, Escalation;
    PutGroupPolicy: "iam:PutGroupPolicy" on GROUP, Escalation;
    PutImage: "ecr:PutImage" on REPOSITORY, ImageChange;
    PutRolePolicy: "iam:PutRolePolicy" on ROLE, Escalation;
    PutUserPolicy: "iam:PutUserPolicy" on USER, Escalation;
    SetDefaultPolicyVersion: "iam:SetDefaultPolicyVersion" on POLICY, Escalation;
    SetRepositoryPolicy: "ecr:SetRepositoryPolicy" on REPOSITORY, ImageChange;
    UpdateAssumeRolePolicy: "iam:UpdateAssumeRolePolicy" on ROLE, Escalation;
    UploadLayerPart: "ecr:UploadLayerPart" on REPOSITORY, ImageChange;
}

/// The actions that a policy allows on every resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Permissions {
    /// `true` if a statement allows every action on every resource, even under conditions.
    pub everything: bool,
    /// The sensitive actions that are allowed on every resource without conditions.
    pub on_every_resource: EnumSet<SensitiveAction>,
}

impl Permissions {
    /// Permission for everything.
    pub const EVERYTHING: Self = Self {
        everything: true,
        on_every_resource: EnumSet::all(),
    };
}

impl PolicyDocument {
    /// Returns what the policy of a role allows on every resource.
    pub fn permissions(&self) -> Permissions {
        Permissions {
            everything: self.allows_everything(),
            on_every_resource: EnumSet::all()
                .iter()
                .filter(|action| {
                    let mut statements = self.allowing();
                    statements.any(|statement| allows_everywhere(statement, *action))
                })
                .collect(),
        }
    }
}

/// Returns `true` if a statement allows an action on every resource, without conditions.
fn allows_everywhere(statement: &Statement, action: SensitiveAction) -> bool {
    let has_no_condition = statement.conditions.as_ref().is_ok_and(Vec::is_empty);
    let resources = action.resources();
    has_no_condition
        && statement.covers(action.name())
        && match &statement.resource {
            Element::Only(patterns) => patterns.iter().any(|pattern| resources.are_all_in(pattern)),
            Element::AllBut(patterns) => {
                let mut patterns = patterns.iter();
                !patterns.any(|pattern| resources.are_all_in(pattern))
            }
            Element::Absent => false,
        }
}

/// The resources of one type.
struct ResourceType {
    service: &'static str,
    /// `true` if the ARNs contain the Region.
    is_regional: bool,
    /// `true` if the ARNs contain the account.
    is_in_account: bool,
    /// The part of the ARNs after the account, with `*` in place of the name.
    resource: &'static str,
}

const fn global(service: &'static str, resource: &'static str) -> ResourceType {
    ResourceType {
        service,
        is_regional: false,
        is_in_account: true,
        resource,
    }
}

const fn regional(service: &'static str, resource: &'static str) -> ResourceType {
    ResourceType {
        is_regional: true,
        ..global(service, resource)
    }
}

const ROLE: ResourceType = global("iam", "role/*");
const USER: ResourceType = global("iam", "user/*");
const GROUP: ResourceType = global("iam", "group/*");
const POLICY: ResourceType = global("iam", "policy/*");
const REPOSITORY: ResourceType = regional("ecr", "repository/*");
const SECRET: ResourceType = regional("secretsmanager", "secret:*");
const KEY: ResourceType = regional("kms", "key/*");
const PARAMETER: ResourceType = regional("ssm", "parameter/*");
const NETWORK_INTERFACE: ResourceType = regional("ec2", "network-interface/*");
const OBJECT: ResourceType = ResourceType {
    is_in_account: false,
    ..global("s3", "*/*")
};

impl ResourceType {
    /// Returns `true` if a pattern covers all resources of the type, in some partition, Region and account. It does if
    /// it matches two names that have nothing in common.
    fn are_all_in(&self, pattern: &str) -> bool {
        let parts: Vec<&str> = pattern.splitn(6, ':').collect();
        // A wildcard in the last part of a pattern also matches the parts that the pattern lacks.
        let part = |index: usize| {
            let named = parts.get(index).filter(|_| index + 1 < parts.len());
            named.map(|part| part.replace(['*', '?'], ""))
        };
        let part_or = |index: usize, default: &str| {
            let named = part(index).filter(|part| !part.is_empty());
            named.unwrap_or_else(|| default.to_owned())
        };
        let partition = part_or(1, "aws");
        let region = if self.is_regional {
            part_or(3, "us-east-1")
        } else {
            String::new()
        };
        let account = if self.is_in_account {
            part_or(4, "111122223333")
        } else {
            String::new()
        };
        let service = self.service;
        let matcher = WildMatch::new(pattern);
        has_wildcard(pattern)
            && ["zz", "qqq-q/q.qqqqq"].iter().all(|name| {
                let resource = self.resource.replace('*', name);
                let arn = format!("arn:{partition}:{service}:{region}:{account}:{resource}");
                matcher.matches(&arn)
            })
    }
}

#[cfg(test)]
mod tests;
