//! The insights of EKS into a cluster.

use super::KubernetesVersion;

/// The result of one of the checks that EKS itself makes of a cluster, for example of its readiness for an upgrade.
/// Source: <https://docs.aws.amazon.com/eks/latest/APIReference/API_InsightSummary.html>.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Insight {
    /// The ID of the insight; empty if the response has none.
    pub id: String,
    /// The name of the insight, for example `Kubelet version skew`; empty if the response has none.
    pub name: String,
    /// `true` if the insight is about returning to the previous Kubernetes version.
    pub is_about_rollback: bool,
    /// The Kubernetes version that the insight is about.
    pub version: Option<KubernetesVersion>,
    /// The result.
    pub status: InsightStatus,
    /// The number of whole days since EKS last refreshed the insight.
    pub days_old: Option<i64>,
}

/// The result of an insight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InsightStatus {
    /// EKS found no problem.
    Passing,
    /// EKS could not evaluate the cluster, or returned no status that is known here.
    Unknown,
    /// EKS found a problem that will matter later.
    Warning,
    /// EKS found a problem.
    Error,
}

impl InsightStatus {
    /// Reads the status from its name in the EKS API.
    pub fn read(name: Option<&str>) -> Self {
        match name {
            Some("PASSING") => Self::Passing,
            Some("WARNING") => Self::Warning,
            Some("ERROR") => Self::Error,
            _ => Self::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_read_by_their_eks_names() {
        for (name, expected) in [
            (Some("PASSING"), InsightStatus::Passing),
            (Some("WARNING"), InsightStatus::Warning),
            (Some("ERROR"), InsightStatus::Error),
            (Some("UNKNOWN"), InsightStatus::Unknown),
            (Some("BRANDNEW"), InsightStatus::Unknown),
            (Some(""), InsightStatus::Unknown),
            (None, InsightStatus::Unknown),
        ] {
            assert_eq!(InsightStatus::read(name), expected, "{name:?}");
        }
    }
}
