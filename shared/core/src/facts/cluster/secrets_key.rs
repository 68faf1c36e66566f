//! The KMS key that encrypts a cluster's data.

use crate::facts::Fact;
use crate::facts::key::NamedKey;

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
