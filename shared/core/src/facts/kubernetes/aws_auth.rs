//! The ConfigMap `aws-auth` in the namespace `kube-system`, which maps IAM principals to users and groups of a cluster.
//!
//! Source: <https://docs.aws.amazon.com/eks/latest/userguide/auth-configmap.html>.

use std::collections::BTreeSet;
use std::fmt;

/// The mappings in the ConfigMap, as far as they can be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AwsAuth {
    /// The entries of `mapRoles`, in their order: of entries for the same ARN, the last one counts.
    pub roles: Vec<Mapping>,
    /// The entries of `mapUsers`, in their order: of entries for the same ARN, the last one counts.
    pub users: Vec<Mapping>,
    /// The accounts in `mapAccounts`, all of whose IAM principals have access.
    pub accounts: BTreeSet<String>,
    /// The places of what can't be read.
    pub unreadable: BTreeSet<UnreadablePlace>,
}

/// An entry that maps an IAM principal. Members that are missing, or can't be read, are empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mapping {
    /// The ARN of the principal.
    pub arn: String,
    /// The name of the user in the cluster, which may contain placeholders such as `{{SessionName}}`.
    pub username: String,
    /// The groups of the user in the cluster, which may contain placeholders too.
    pub groups: BTreeSet<String>,
}

/// A part of the ConfigMap.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::Display)]
pub enum AwsAuthPart {
    /// The list of mapped roles.
    #[strum(serialize = "mapRoles")]
    Roles,
    /// The list of mapped users.
    #[strum(serialize = "mapUsers")]
    Users,
    /// The list of mapped accounts.
    #[strum(serialize = "mapAccounts")]
    Accounts,
}

/// The place of something that can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct UnreadablePlace {
    /// The part of the ConfigMap.
    pub part: AwsAuthPart,
    /// The line in this part, counted from 1.
    pub line: usize,
}

/// Writes the place: `mapRoles (line 3)`.
impl fmt::Display for UnreadablePlace {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} (line {})", self.part, self.line)
    }
}
