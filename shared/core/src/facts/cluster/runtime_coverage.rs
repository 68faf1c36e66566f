//! The coverage of a cluster by Amazon GuardDuty Runtime Monitoring.

/// The coverage of a cluster.
/// Source: <https://docs.aws.amazon.com/guardduty/latest/APIReference/API_CoverageResource.html>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuntimeCoverage {
    /// The status; `None` if the response has none.
    pub status: Option<CoverageStatus>,
    /// The issue that GuardDuty reports, in its words.
    pub issue: Option<String>,
    /// `true` if the cluster is excluded from Runtime Monitoring, by its tags for example.
    pub is_excluded: bool,
    /// The number of nodes that Runtime Monitoring covers.
    pub covered_nodes: Option<u64>,
    /// The number of nodes that Runtime Monitoring can cover.
    pub compatible_nodes: Option<u64>,
}

/// The status of a coverage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CoverageStatus {
    /// GuardDuty receives events from nodes of the cluster.
    Healthy,
    /// GuardDuty can't receive events from nodes of the cluster.
    Unhealthy,
    /// Any other status, by its name in GuardDuty.
    Other(String),
}

impl CoverageStatus {
    /// Reads the status from its name in GuardDuty; `None` if there is no name.
    pub fn read(name: &str) -> Option<Self> {
        match name {
            "" => None,
            "HEALTHY" => Some(Self::Healthy),
            "UNHEALTHY" => Some(Self::Unhealthy),
            other => Some(Self::Other(other.to_owned())),
        }
    }
}

impl RuntimeCoverage {
    /// Returns `true` if GuardDuty still prepares the coverage.
    /// Source of this and the next issue:
    /// <https://docs.aws.amazon.com/guardduty/latest/ug/eks-runtime-monitoring-coverage.html>.
    pub fn is_being_provisioned(&self) -> bool {
        self.has_issue(|issue| issue.contains("resource provisioning in progress"))
    }

    /// Returns `true` if the cluster is a local cluster on AWS Outposts, which GuardDuty does not cover.
    pub fn is_of_local_cluster(&self) -> bool {
        self.has_issue(|issue| issue.trim_start().starts_with("local eks clusters"))
    }

    fn has_issue(&self, is_wanted: impl Fn(&str) -> bool) -> bool {
        let issue = self.issue.as_ref();
        issue.is_some_and(|issue| is_wanted(&issue.to_ascii_lowercase()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::runtime_coverage;

    #[test]
    fn statuses_have_the_names_of_guardduty() {
        for (name, status) in [
            ("HEALTHY", Some(CoverageStatus::Healthy)),
            ("UNHEALTHY", Some(CoverageStatus::Unhealthy)),
            ("healthy", Some(CoverageStatus::Other("healthy".into()))),
            ("", None),
        ] {
            assert_eq!(CoverageStatus::read(name), status, "{name}");
        }
    }

    #[test]
    fn issues_are_recognized_by_their_words() {
        for (issue, is_being_provisioned, is_of_local_cluster) in [
            (None, false, false),
            (Some("Addon Creation Failed"), false, false),
            (
                Some("EKS Runtime Monitoring enablement resource provisioning in progress"),
                true,
                false,
            ),
            (Some("Resource Provisioning In Progress"), true, false),
            (
                Some("Local EKS clusters - not supported on Outposts"),
                false,
                true,
            ),
            (Some("Not one of the local EKS clusters"), false, false),
        ] {
            let coverage = RuntimeCoverage {
                issue: issue.map(str::to_owned),
                ..runtime_coverage()
            };
            let found = (
                coverage.is_being_provisioned(),
                coverage.is_of_local_cluster(),
            );
            assert_eq!(
                found,
                (is_being_provisioned, is_of_local_cluster),
                "{issue:?}"
            );
        }
    }
}
