//! The KMS key that encrypts a cluster's data.

use crate::facts::Fact;
use crate::facts::key::KeyState;

/// The KMS key that an entry of a cluster's `encryptionConfig` names.
#[derive(Debug, Clone, PartialEq)]
pub struct SecretsKey {
    /// The key as the cluster names it, which may be by an alias.
    pub named: String,
    /// `true` if the `resources` of the entry name `secrets`.
    pub names_secrets: bool,
    /// The key as KMS describes it; `None` if KMS has no such key.
    pub key: Fact<Option<NamedKey>>,
}

/// A named key, as KMS describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedKey {
    /// The key's own ARN, even if the key was named by an alias.
    pub arn: String,
    /// The state, which determines whether the key can be used.
    pub state: KeyState,
    /// `true` if AWS manages the key, and not the customer.
    pub aws_managed: bool,
}
