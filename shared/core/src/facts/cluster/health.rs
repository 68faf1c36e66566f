//! The issues that EKS reports in a cluster's health.

/// A problem with a cluster that EKS itself reports.
/// Source: <https://docs.aws.amazon.com/eks/latest/APIReference/API_ClusterIssue.html>.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Issue {
    /// The cluster's KMS key is disabled.
    KmsKeyDisabled,
    /// The cluster's KMS key does not exist.
    KmsKeyNotFound,
    /// The cluster's KMS key is about to be deleted.
    KmsKeyMarkedForDeletion,
    /// EKS is no longer allowed to use the cluster's KMS key.
    KmsGrantRevoked,
    /// The cluster's IAM role does not exist.
    IamRoleNotFound,
    /// Any other problem, by its code.
    Other(String),
    /// A problem without a code.
    Unnamed,
}

impl Issue {
    /// Reads the issue from its code.
    pub fn read(code: Option<&str>) -> Self {
        match code.map(str::trim).unwrap_or_default() {
            "KmsKeyDisabled" => Self::KmsKeyDisabled,
            "KmsKeyNotFound" => Self::KmsKeyNotFound,
            "KmsKeyMarkedForDeletion" => Self::KmsKeyMarkedForDeletion,
            "KmsGrantRevoked" => Self::KmsGrantRevoked,
            "IamRoleNotFound" => Self::IamRoleNotFound,
            "" => Self::Unnamed,
            other => Self::Other(other.to_owned()),
        }
    }

    /// Returns the code in the EKS API, which is empty if the issue has none.
    pub fn name(&self) -> &str {
        match self {
            Self::KmsKeyDisabled => "KmsKeyDisabled",
            Self::KmsKeyNotFound => "KmsKeyNotFound",
            Self::KmsKeyMarkedForDeletion => "KmsKeyMarkedForDeletion",
            Self::KmsGrantRevoked => "KmsGrantRevoked",
            Self::IamRoleNotFound => "IamRoleNotFound",
            Self::Other(code) => code,
            Self::Unnamed => "",
        }
    }

    /// Returns `true` if the issue means that EKS can't use the cluster's key, or soon can't.
    pub const fn ends_use_of_key(&self) -> bool {
        matches!(
            self,
            Self::KmsKeyDisabled
                | Self::KmsKeyNotFound
                | Self::KmsKeyMarkedForDeletion
                | Self::KmsGrantRevoked
        )
    }

    /// Returns `true` if the issue may be about the cluster's key. This includes issues without a code, and issues of
    /// KMS whose code is not known here.
    pub fn may_concern_key(&self) -> bool {
        *self == Self::Unnamed || self.name().starts_with("Kms")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issues_are_read_by_their_eks_codes() {
        for (code, issue, ends_use, may_concern) in [
            (Some("KmsKeyDisabled"), Issue::KmsKeyDisabled, true, true),
            (Some("KmsKeyNotFound"), Issue::KmsKeyNotFound, true, true),
            (
                Some("KmsKeyMarkedForDeletion"),
                Issue::KmsKeyMarkedForDeletion,
                true,
                true,
            ),
            (Some("KmsGrantRevoked"), Issue::KmsGrantRevoked, true, true),
            (
                Some("IamRoleNotFound"),
                Issue::IamRoleNotFound,
                false,
                false,
            ),
            (
                Some("Ec2SubnetNotFound"),
                Issue::Other("Ec2SubnetNotFound".into()),
                false,
                false,
            ),
            (
                Some("KmsSomethingNew"),
                Issue::Other("KmsSomethingNew".into()),
                false,
                true,
            ),
            (Some(" "), Issue::Unnamed, false, true),
            (None, Issue::Unnamed, false, true),
        ] {
            let read = Issue::read(code);
            assert_eq!(read, issue);
            assert_eq!(read.name(), code.unwrap_or_default().trim());
            assert_eq!(
                (read.ends_use_of_key(), read.may_concern_key()),
                (ends_use, may_concern),
                "{code:?}"
            );
        }
    }
}
