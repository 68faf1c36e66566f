//! The IAM role of a cluster, and its users.

use crate::facts::{Fact, List, Unread};
use crate::policy::{Permissions, Risk, SensitiveAction, ServiceAccounts};

/// The users of a role besides the cluster itself, among all clusters and node groups that the run describes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleUsers {
    /// The other users of the role, in words: `cluster ledger`, `node group batch of cluster ledger`.
    pub others: Vec<String>,
    /// The reasons why possible users of the role could not be read.
    pub unread: Vec<Unread>,
}

/// An IAM role that a cluster or its nodes use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// The principals that may assume the role, in the form of [`crate::policy::PolicyDocument::trusted_principals`].
    pub trusted: Fact<Vec<String>>,
    /// The managed and inline policies of the role, sorted by name.
    pub policies: List<RolePolicy>,
}

/// A policy of an IAM role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolePolicy {
    /// The name of the policy.
    pub name: String,
    /// `true` if AWS manages the policy.
    pub is_aws_managed: bool,
    /// The permissions that the policy grants on every resource.
    pub permissions: Fact<Permissions>,
}

impl RolePolicy {
    /// Returns `true` if this is the policy with that name that AWS manages.
    pub fn is_of_aws(&self, name: &str) -> bool {
        self.is_aws_managed && self.name == name
    }

    /// Returns `true` if the policy was read and allows every action on every resource.
    pub fn allows_everything(&self) -> bool {
        let permissions = self.permissions.as_ref();
        permissions.is_ok_and(|permissions| permissions.everything)
    }

    /// Returns the actions of a risk that the policy allows on every resource; none if the policy was not read, or if it
    /// allows everything.
    pub fn actions_with(&self, risk: Risk) -> impl Iterator<Item = SensitiveAction> {
        let permissions = self.permissions.as_ref().ok();
        let permissions = permissions.filter(|permissions| !permissions.everything);
        let actions = permissions.map(|permissions| permissions.on_every_resource);
        let actions = actions.unwrap_or_default().iter();
        actions.filter(move |action| action.risk() == risk)
    }
}

impl Role {
    /// Returns the names of the policies that allow every action on every resource.
    pub fn administrator_policies(&self) -> Vec<&str> {
        let policies = self.policies.items.iter();
        let policies = policies.filter(|policy| policy.allows_everything());
        policies.map(|policy| policy.name.as_str()).collect()
    }

    /// Returns the reasons why policies of the role, or the role itself, could not be read.
    pub fn unread(&self) -> impl Iterator<Item = &Unread> {
        let policies = self.policies.items.iter();
        let policies = policies.filter_map(|policy| policy.permissions.as_ref().err());
        let lists = self.policies.missing.iter();
        self.trusted
            .as_ref()
            .err()
            .into_iter()
            .chain(lists)
            .chain(policies)
    }
}

/// An IAM role of the account that trusts the OIDC issuer of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustingRole {
    /// The name of the role.
    pub name: String,
    /// The service accounts of the cluster that certainly may assume the role; `None` if there are none.
    pub service_accounts: Option<ServiceAccounts>,
    /// The reason why others might; `None` if the whole trust policy was read.
    pub unread: Option<Unread>,
}

/// A source of IAM roles for the pods of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PodRoleSource {
    /// An OIDC identity provider in IAM with the cluster's issuer (IAM roles for service accounts, IRSA).
    /// Source: <https://docs.aws.amazon.com/eks/latest/userguide/iam-roles-for-service-accounts.html>.
    IdentityProvider,
    /// An EKS Pod Identity association.
    /// Source: <https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html>.
    PodIdentity,
}
