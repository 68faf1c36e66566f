//! The health of clusters, node groups and add-ons.

use aws_sdk_eks::types::{
    AddonHealth, AddonIssueCode, ClusterHealth, ClusterIssueCode, NodegroupHealth,
    NodegroupIssueCode,
};
use eksentry_core::facts::cluster::Issue;

/// Returns the issues of a cluster, sorted; `None` if the response has no list of issues, which differs from an empty
/// list.
pub(super) fn of_cluster(health: &ClusterHealth) -> Option<Vec<Issue>> {
    let issues = health.issues.as_ref()?.iter();
    Some(sorted(issues.map(|issue| {
        Issue::read(
            issue.code().map(ClusterIssueCode::as_str),
            issue.resource_ids(),
        )
    })))
}

/// Returns the issues of a node group, sorted.
pub(super) fn of_node_group(health: Option<&NodegroupHealth>) -> Vec<Issue> {
    let issues = health.into_iter().flat_map(NodegroupHealth::issues);
    sorted(issues.map(|issue| {
        Issue::read(
            issue.code().map(NodegroupIssueCode::as_str),
            issue.resource_ids(),
        )
    }))
}

/// Returns the issues of an add-on, sorted.
pub(super) fn of_addon(health: Option<&AddonHealth>) -> Vec<Issue> {
    let issues = health.into_iter().flat_map(AddonHealth::issues);
    sorted(issues.map(|issue| {
        Issue::read(
            issue.code().map(AddonIssueCode::as_str),
            issue.resource_ids(),
        )
    }))
}

fn sorted(issues: impl Iterator<Item = Issue>) -> Vec<Issue> {
    let mut issues: Vec<Issue> = issues.collect();
    issues.sort();
    issues.dedup();
    issues
}

#[cfg(test)]
mod tests {
    use aws_sdk_eks::types::{ClusterIssue, Issue as NodegroupIssue};

    use super::*;

    fn issue(code: Option<&str>, resources: &[&str]) -> Issue {
        let resources: Vec<String> = resources.iter().map(ToString::to_string).collect();
        Issue::read(code, &resources)
    }

    #[test]
    fn the_health_of_a_cluster_is_known_if_its_issues_are_listed() {
        let listed = |issues: &[(Option<&str>, &[&str])]| {
            let issues = issues.iter().map(|(code, resources)| {
                let resources = resources.iter().map(ToString::to_string);
                ClusterIssue::builder()
                    .set_code(code.map(ClusterIssueCode::from))
                    .message("Varies.")
                    .set_resource_ids(Some(resources.collect()))
                    .build()
            });
            ClusterHealth::builder()
                .set_issues(Some(issues.collect()))
                .build()
        };
        for (health, expected) in [
            (ClusterHealth::builder().build(), None),
            (listed(&[]), Some(vec![])),
            (listed(&[(None, &[])]), Some(vec![issue(None, &[])])),
            (
                listed(&[
                    (Some("IamRoleNotFound"), &[]),
                    (Some("KmsKeyDisabled"), &["b", "a"]),
                    (Some("KmsKeyDisabled"), &["a", "b"]),
                ]),
                Some(vec![
                    issue(Some("KmsKeyDisabled"), &["a", "b"]),
                    issue(Some("IamRoleNotFound"), &[]),
                ]),
            ),
            (
                listed(&[(Some("Brandnew"), &["a"])]),
                Some(vec![issue(Some("Brandnew"), &["a"])]),
            ),
        ] {
            assert_eq!(of_cluster(&health), expected);
        }
    }

    #[test]
    fn a_node_group_without_health_has_no_issues() {
        let reported = NodegroupIssue::builder()
            .code(NodegroupIssueCode::AsgInstanceLaunchFailures)
            .message("Varies.")
            .resource_ids("eks-workers");
        let health = NodegroupHealth::builder().issues(reported.build()).build();
        for (health, expected) in [
            (None, vec![]),
            (Some(NodegroupHealth::builder().build()), vec![]),
            (
                Some(health),
                vec![issue(Some("AsgInstanceLaunchFailures"), &["eks-workers"])],
            ),
        ] {
            assert_eq!(of_node_group(health.as_ref()), expected);
        }
    }
}
