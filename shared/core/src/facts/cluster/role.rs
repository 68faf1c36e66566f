//! The IAM role of a cluster, and its users.

use crate::facts::{Fact, Unread};
use crate::policy::ServiceAccounts;

/// The users of a role besides the cluster itself, among all clusters and node groups that the run describes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleUsers {
    /// The other users of the role, in words: `cluster ledger`, `node group batch of cluster ledger`.
    pub others: Vec<String>,
    /// The reasons why possible users of the role could not be read.
    pub unread: Vec<Unread>,
}

/// The properties of an IAM role that matter for clusters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Role {
    /// The principals that may assume the role, in the form of [`crate::policy::PolicyDocument::trusted_principals`].
    pub trusted: Fact<Vec<String>>,
    /// The names of the role's policies that allow every action on every resource.
    pub administrator_policies: Vec<String>,
    /// The policies that could not be read.
    pub unread: Vec<Unread>,
}

/// An IAM role of the account that trusts the OIDC issuer of a cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustingRole {
    /// The name of the role.
    pub name: String,
    /// The service accounts of the cluster that may assume the role.
    pub service_accounts: Fact<ServiceAccounts>,
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
