//! Facts about the access to a private Amazon ECR registry.

use std::sync::Arc;

use super::{AttachedPolicy, Fact};

/// The policy of a registry.
#[derive(Debug, PartialEq)]
pub struct RegistryPolicy {
    /// The policy.
    pub policy: Arc<AttachedPolicy>,
    /// The scope of the policy.
    pub scope: Fact<RegistryPolicyScope>,
}

/// The scope of a registry's policy.
/// Source: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html>.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistryPolicyScope {
    /// The policy applies only to replication, to imports through a pull through cache and to the creation of
    /// repositories.
    V1,
    /// The policy applies to all requests, so its statements apply to every repository that they name.
    V2,
}

/// A template for repositories that ECR creates: on push, through a pull through cache or for replication.
#[derive(Debug, Clone, PartialEq)]
pub struct CreationTemplate {
    /// The prefix of the names of the repositories; `ROOT` for all repositories to which no other template applies.
    pub prefix: String,
    /// The policy of new repositories; `None` if they have none.
    pub policy: Fact<Option<Arc<AttachedPolicy>>>,
}
