//! The issues that EKS reports in the health of a cluster, a node group or an add-on.

/// A problem that EKS itself reports.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Issue {
    /// The code of the issue.
    pub code: IssueCode,
    /// The IDs of the resources that the issue is about, sorted.
    pub resources: Vec<String>,
}

impl Issue {
    /// Reads the issue from its code and the IDs of the resources that it is about.
    pub fn read(code: Option<&str>, resources: &[String]) -> Self {
        let mut resources = resources.to_vec();
        resources.sort_unstable();
        resources.dedup();
        Self {
            code: IssueCode::read(code),
            resources,
        }
    }
}

/// The code of an issue. The codes that have a name here are those of clusters that a check distinguishes.
/// Source: <https://docs.aws.amazon.com/eks/latest/APIReference/API_ClusterIssue.html>.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum IssueCode {
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

impl IssueCode {
    /// Reads the code from its name in the EKS API.
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

    /// Returns the name in the EKS API, which is empty if the issue has no code.
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
            (
                Some("KmsKeyDisabled"),
                IssueCode::KmsKeyDisabled,
                true,
                true,
            ),
            (
                Some("KmsKeyNotFound"),
                IssueCode::KmsKeyNotFound,
                true,
                true,
            ),
            (
                Some("KmsKeyMarkedForDeletion"),
                IssueCode::KmsKeyMarkedForDeletion,
                true,
                true,
            ),
            (
                Some("KmsGrantRevoked"),
                IssueCode::KmsGrantRevoked,
                true,
                true,
            ),
            (
                Some("IamRoleNotFound"),
                IssueCode::IamRoleNotFound,
                false,
                false,
            ),
            (
                Some("Ec2SubnetNotFound"),
                IssueCode::Other("Ec2SubnetNotFound".into()),
                false,
                false,
            ),
            (
                Some("KmsSomethingNew"),
                IssueCode::Other("KmsSomethingNew".into()),
                false,
                true,
            ),
            (Some(" "), IssueCode::Unnamed, false, true),
            (None, IssueCode::Unnamed, false, true),
        ] {
            let read = IssueCode::read(code);
            assert_eq!(read, issue);
            assert_eq!(read.name(), code.unwrap_or_default().trim());
            assert_eq!(
                (read.ends_use_of_key(), read.may_concern_key()),
                (ends_use, may_concern),
                "{code:?}"
            );
        }
    }

    #[test]
    fn the_resources_of_an_issue_are_sorted_and_unique() {
        let resources = ["subnet-2", "subnet-1", "subnet-2"].map(str::to_owned);
        let issue = Issue::read(Some("Ec2SubnetNotFound"), &resources);
        assert_eq!(issue.code.name(), "Ec2SubnetNotFound");
        assert_eq!(issue.resources, ["subnet-1", "subnet-2"]);
    }
}
