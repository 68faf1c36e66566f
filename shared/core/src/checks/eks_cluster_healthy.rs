//! ## What it checks
//!
//! EKS should report no issues with a cluster, its managed node groups and its add-ons. The check fails with HIGH if
//! the cluster's health has an issue that takes the control plane down: a KMS issue, `AccessDenied`,
//! `Ec2SecurityGroupNotFound`, `Ec2ServiceNotSubscribed`, `Ec2SubnetNotFound`, `IamRoleNotFound`,
//! `InsufficientFreeAddresses`, `StsRegionalEndpointDisabled`, `UnsupportedVersion` or `VpcNotFound`.
//!
//! It fails with MEDIUM if the cluster has any other issue, and if a node group or an add-on has an issue or one of the
//! statuses `DEGRADED`, `CREATE_FAILED`, `DELETE_FAILED` and `UPDATE_FAILED`.
//!
//! Issues whose codes are in `ignoredCodes` do not count, nor does the status `DEGRADED` of a node group or an add-on
//! all of whose issues are ignored. The reasons name issues by their codes, without the messages, and the affected
//! resources other than EC2 instances.
//!
//! ## Why it matters
//!
//! EKS can neither patch nor recover a control plane whose role, key, subnets or security groups are gone. Nodes and
//! add-ons with issues miss updates, or do not run at all.
//!
//! ## How to fix it
//!
//! Look up the messages of the issues, and correct their causes. EKS evaluates the health again by itself.

use crate::check::{Check, Evaluate, Remediation};
use crate::facts::EksCluster;
use crate::facts::cluster::{Issue, IssueCode};
use crate::need::Need;
use crate::parameters::{Parameter, ParameterValues};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::text::names;
use crate::verdict::{Reason, Verdict};

/// The codes of issues that take the control plane down, apart from those of KMS.
/// Source: <https://docs.aws.amazon.com/eks/latest/APIReference/API_ClusterIssue.html>.
const OF_CONTROL_PLANE: [&str; 9] = [
    "AccessDenied",
    "Ec2SecurityGroupNotFound",
    "Ec2ServiceNotSubscribed",
    "Ec2SubnetNotFound",
    "IamRoleNotFound",
    "InsufficientFreeAddresses",
    "StsRegionalEndpointDisabled",
    "UnsupportedVersion",
    "VpcNotFound",
];

const DEGRADED: &str = "DEGRADED";

/// The statuses of node groups and add-ons that fail.
const FAILING: [&str; 4] = [DEGRADED, "CREATE_FAILED", "DELETE_FAILED", "UPDATE_FAILED"];

static IGNORED_CODES: Parameter<Vec<String>> = Parameter {
    name: "ignoredCodes",
    description: "The codes of issues that do not count, for example InsufficientFreeAddresses.",
    default: Vec::new(),
};

pub(super) static CHECK: Check = Check {
    id: "eks-cluster-healthy",
    enabled: true,
    title: "EKS clusters, node groups and add-ons should have no health issues",
    requirement: "EKS should report no issues with the cluster, its managed node groups and its add-ons.",
    severities: &[
        (
            Severity::High,
            "EKS can neither patch nor recover the control plane until the issue is resolved",
        ),
        (
            Severity::Medium,
            "nodes and add-ons with issues miss updates or do not run at all",
        ),
    ],
    remediation: Remediation {
        text: "Look up the messages of the issues, and correct their causes. For node groups and add-ons, use aws eks \
               describe-nodegroup and aws eks describe-addon.",
        command: "aws eks describe-cluster --region {region} --name {name} --query cluster.health",
        url: "https://docs.aws.amazon.com/eks/latest/userguide/troubleshooting.html",
    },
    parameters: &[&IGNORED_CODES],
    needs: &[Need::NodeGroups, Need::Addons],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(cluster: &EksCluster, settings: &ParameterValues) -> Verdict {
    let ignored = &settings.get(&IGNORED_CODES);
    let issues = cluster.health.as_deref().unwrap_or_default();
    let (of_control_plane, others): (Vec<&Issue>, Vec<&Issue>) =
        counted(issues, ignored).partition(|issue| takes_control_plane_down(&issue.code));
    let severity = if of_control_plane.is_empty() {
        Severity::Medium
    } else {
        Severity::High
    };
    let of_cluster = |issue: &Issue| with_details(code(issue), &resources(issue));
    let node_groups = cluster.node_groups.items.iter().filter_map(|group| {
        let problems = problems(&group.status, &group.issues, ignored)?;
        Some(with_details(&group.name, &problems))
    });
    let addons = cluster.addons.items.iter().filter_map(|addon| {
        let problems = problems(&addon.status, &addon.issues, ignored)?;
        Some(with_details(&addon.name, &problems))
    });
    let reasons = [
        reason(
            ReasonCode::ControlPlaneIssueReported,
            "EKS reports issues that take the control plane down",
            of_control_plane.into_iter().map(of_cluster),
        ),
        reason(
            ReasonCode::ClusterIssueReported,
            "EKS reports issues with the cluster",
            others.into_iter().map(of_cluster),
        ),
        reason(
            ReasonCode::NodeGroupUnhealthy,
            "EKS reports problems with these node groups",
            node_groups,
        ),
        reason(
            ReasonCode::AddonUnhealthy,
            "EKS reports problems with these add-ons",
            addons,
        ),
    ];
    let reasons: Vec<Reason> = reasons.into_iter().flatten().collect();
    let missing = [&cluster.node_groups.missing, &cluster.addons.missing];
    match missing.into_iter().flatten().next() {
        _ if !reasons.is_empty() => Verdict::failed_for(severity, reasons),
        Some(unread) => Verdict::not_available(unread),
        None => passed(cluster),
    }
}

fn passed(cluster: &EksCluster) -> Verdict {
    let of_cluster = cluster.health.iter().flatten();
    let groups = cluster.node_groups.items.iter();
    let addons = cluster.addons.items.iter();
    // No other issues are left.
    let ignored = of_cluster
        .chain(groups.flat_map(|group| &group.issues))
        .chain(addons.flat_map(|addon| &addon.issues));
    let ignored = names(ignored.map(code));
    if ignored.is_empty() {
        return Verdict::passed(
            ReasonCode::NoIssueReported,
            "EKS reports no issues with the cluster, its node groups and its add-ons.",
        );
    }
    Verdict::passed(
        ReasonCode::OnlyIgnoredIssues,
        format!("EKS reports only issues that are ignored: {ignored}."),
    )
}

/// Returns the issues that are not ignored.
fn counted<'a>(issues: &'a [Issue], ignored: &[String]) -> impl Iterator<Item = &'a Issue> {
    let is_ignored = |issue: &&Issue| ignored.iter().any(|code| code == issue.code.name());
    issues.iter().filter(move |issue| !is_ignored(issue))
}

fn takes_control_plane_down(code: &IssueCode) -> bool {
    code.name().starts_with("Kms") || OF_CONTROL_PLANE.contains(&code.name())
}

/// Returns the failing status and the issues of a node group or an add-on, or `None` if there are none.
fn problems(status: &str, issues: &[Issue], ignored: &[String]) -> Option<String> {
    let mut problems: Vec<String> = counted(issues, ignored)
        .map(|issue| match resources(issue) {
            resources if resources.is_empty() => code(issue).to_owned(),
            resources => format!("{}: {resources}", code(issue)),
        })
        .collect();
    let all_ignored = problems.is_empty() && !issues.is_empty();
    if FAILING.contains(&status) && !(status == DEGRADED && all_ignored) {
        problems.insert(0, status.to_owned());
    }
    (!problems.is_empty()).then(|| problems.join("; "))
}

fn code(issue: &Issue) -> &str {
    match &issue.code {
        IssueCode::Unnamed => "an issue without a code",
        code => code.name(),
    }
}

/// Returns the resources that an issue is about. Instances are left out, since autoscaling replaces them.
fn resources(issue: &Issue) -> String {
    let resources = issue.resources.iter().map(String::as_str);
    names(resources.filter(|id| !id.starts_with("i-")))
}

fn with_details(name: &str, details: &str) -> String {
    if details.is_empty() {
        name.to_owned()
    } else {
        format!("{name} ({details})")
    }
}

/// Returns a reason that names these items, or `None` if there are none.
fn reason(
    code: ReasonCode,
    begin: &str,
    items: impl IntoIterator<Item = String>,
) -> Option<Reason> {
    let items: Vec<String> = items.into_iter().collect();
    Reason::naming(code, begin, &names(items.iter().map(String::as_str)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{self, cluster, node_group, settings, unread};
    use crate::facts::List;
    use crate::facts::cluster::{Addon, NodeGroup};
    use crate::verdict::Outcome;

    const HIGH: Outcome = Outcome::Failed(Severity::High);
    const MEDIUM: Outcome = Outcome::Failed(Severity::Medium);

    fn issue(code: &str, resources: &[&str]) -> Issue {
        let resources: Vec<String> = resources.iter().map(ToString::to_string).collect();
        Issue::read(Some(code), &resources)
    }

    fn group(status: &str, issues: Vec<Issue>) -> NodeGroup {
        NodeGroup {
            name: "workers".into(),
            status: status.into(),
            issues,
            ..node_group()
        }
    }

    fn addon(status: &str, issues: Vec<Issue>) -> Addon {
        Addon {
            name: "coredns".into(),
            status: status.into(),
            issues,
            ..samples::addon()
        }
    }

    fn verdict(cluster: &EksCluster, parameters: &str) -> Verdict {
        evaluate(cluster, &settings(CHECK.parameters, parameters))
    }

    fn with_health(issues: Vec<Issue>) -> EksCluster {
        EksCluster {
            health: Some(issues),
            ..cluster()
        }
    }

    fn with_group(status: &str, issues: Vec<Issue>) -> EksCluster {
        EksCluster {
            node_groups: List::complete(vec![group(status, issues)]),
            ..cluster()
        }
    }

    fn with_addon(status: &str, issues: Vec<Issue>) -> EksCluster {
        EksCluster {
            addons: List::complete(vec![addon(status, issues)]),
            ..cluster()
        }
    }

    #[test]
    fn the_code_of_an_issue_with_the_cluster_decides() {
        for (code, expected) in [
            ("AccessDenied", HIGH),
            ("Ec2SecurityGroupNotFound", HIGH),
            ("Ec2ServiceNotSubscribed", HIGH),
            ("Ec2SubnetNotFound", HIGH),
            ("IamRoleNotFound", HIGH),
            ("InsufficientFreeAddresses", HIGH),
            ("KmsGrantRevoked", HIGH),
            ("KmsKeyDisabled", HIGH),
            ("KmsSomethingNew", HIGH),
            ("StsRegionalEndpointDisabled", HIGH),
            ("UnsupportedVersion", HIGH),
            ("VpcNotFound", HIGH),
            ("ClusterUnreachable", MEDIUM),
            ("ConfigurationConflict", MEDIUM),
            ("InternalFailure", MEDIUM),
            ("Other", MEDIUM),
            ("Brandnew", MEDIUM),
            ("", MEDIUM),
        ] {
            let verdict = verdict(&with_health(vec![issue(code, &["r"])]), "{}");
            assert_eq!(verdict.outcome, expected, "{code}");
            assert!(verdict.explanation().contains(code), "{code}");
        }
        let silent = EksCluster {
            health: None,
            ..cluster()
        };
        for cluster in [silent, with_health(Vec::new())] {
            assert_eq!(verdict(&cluster, "{}").codes(), ["NO_ISSUE_REPORTED"]);
        }
    }

    #[test]
    fn the_issues_and_the_status_of_a_node_group_or_an_add_on_decide() {
        let replicas = || vec![issue("InsufficientNumberOfReplicas", &[])];
        let launches = || vec![issue("AsgInstanceLaunchFailures", &["eks-workers"])];
        for (cluster, expected) in vec![
            (with_group("ACTIVE", vec![]), Outcome::Passed),
            (with_group("", vec![]), Outcome::Passed),
            (with_group("CREATING", vec![]), Outcome::Passed),
            (with_group("UPDATING", vec![]), Outcome::Passed),
            (with_group("DELETING", vec![]), Outcome::Passed),
            (with_group("ACTIVE", launches()), MEDIUM),
            // The code of a cluster that is severe is not severe for a node group.
            (
                with_group("ACTIVE", vec![issue("AccessDenied", &[])]),
                MEDIUM,
            ),
            (with_group("DEGRADED", vec![]), MEDIUM),
            (with_group("CREATE_FAILED", vec![]), MEDIUM),
            (with_group("DELETE_FAILED", launches()), MEDIUM),
            (with_addon("ACTIVE", vec![]), Outcome::Passed),
            (with_addon("UPDATING", vec![]), Outcome::Passed),
            (with_addon("UPDATING", replicas()), MEDIUM),
            (with_addon("DEGRADED", vec![]), MEDIUM),
            (with_addon("CREATE_FAILED", vec![]), MEDIUM),
            (with_addon("UPDATE_FAILED", vec![]), MEDIUM),
            (with_addon("DELETE_FAILED", vec![]), MEDIUM),
        ] {
            assert_eq!(verdict(&cluster, "{}").outcome, expected, "{cluster:?}");
        }
    }

    #[test]
    fn ignored_codes_do_not_count() {
        let ignored = r#"{"ignoredCodes": ["Known", "KmsKeyDisabled"]}"#;
        let known = || vec![issue("Known", &["r"])];
        let both = || vec![issue("Known", &["r"]), issue("Other", &[])];
        for (cluster, expected) in vec![
            (cluster(), Outcome::Passed),
            (with_health(known()), Outcome::Passed),
            (
                with_health(vec![issue("KmsKeyDisabled", &[])]),
                Outcome::Passed,
            ),
            (with_health(both()), MEDIUM),
            (with_group("ACTIVE", known()), Outcome::Passed),
            (with_group("DEGRADED", known()), Outcome::Passed),
            (with_group("DEGRADED", both()), MEDIUM),
            (with_group("DEGRADED", vec![]), MEDIUM),
            (with_group("CREATE_FAILED", known()), MEDIUM),
            (with_addon("DEGRADED", known()), Outcome::Passed),
            (with_addon("UPDATE_FAILED", known()), MEDIUM),
        ] {
            let verdict = verdict(&cluster, ignored);
            assert_eq!(verdict.outcome, expected, "{cluster:?}");
        }
        let text = verdict(&with_addon("DEGRADED", known()), ignored).explanation();
        assert_eq!(text, "EKS reports only issues that are ignored: Known.");
    }

    #[test]
    fn unread_node_groups_and_add_ons_prevent_a_pass_but_not_a_failure() {
        let unread_groups = |cluster| EksCluster {
            node_groups: List::unread(unread()),
            ..cluster
        };
        let unread_addons = |cluster| EksCluster {
            addons: List::unread(unread()),
            ..cluster
        };
        let issues = || vec![issue("Brandnew", &[])];
        for (cluster, expected) in [
            (unread_groups(cluster()), Outcome::NotAvailable),
            (unread_addons(cluster()), Outcome::NotAvailable),
            (unread_addons(with_health(issues())), MEDIUM),
            (unread_groups(with_addon("DEGRADED", vec![])), MEDIUM),
            (unread_addons(with_group("ACTIVE", issues())), MEDIUM),
        ] {
            assert_eq!(verdict(&cluster, "{}").outcome, expected, "{cluster:?}");
        }
    }

    #[test]
    fn the_reasons_name_codes_and_resources_but_no_instances() {
        let degraded = group(
            "DEGRADED",
            vec![
                issue("NodeCreationFailure", &["i-0a1b", "i-0c2d"]),
                issue("Ec2SubnetNotFound", &["subnet-2", "subnet-1"]),
            ],
        );
        let cluster = EksCluster {
            health: Some(vec![
                issue("Ec2SubnetNotFound", &["subnet-1"]),
                issue("ClusterUnreachable", &[]),
                Issue::read(None, &[]),
            ]),
            node_groups: List::complete(vec![degraded]),
            addons: List::complete(vec![addon("UPDATE_FAILED", vec![])]),
            ..cluster()
        };
        let verdict = verdict(&cluster, "{}");
        assert_eq!(verdict.outcome, HIGH);
        let texts: Vec<&str> = verdict
            .reasons
            .iter()
            .map(|one| one.text.as_str())
            .collect();
        assert_eq!(
            texts,
            [
                "EKS reports issues that take the control plane down: Ec2SubnetNotFound (subnet-1).",
                "EKS reports issues with the cluster: ClusterUnreachable, an issue without a code.",
                "EKS reports problems with these node groups: workers (DEGRADED; NodeCreationFailure; \
                 Ec2SubnetNotFound: subnet-1, subnet-2).",
                "EKS reports problems with these add-ons: coredns (UPDATE_FAILED).",
            ]
        );
    }
}
