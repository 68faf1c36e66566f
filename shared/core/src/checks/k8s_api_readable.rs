//! ## What it checks
//!
//! eksentry should be able to read the objects in the cluster that the checks of its contents need. The result is
//! WARNING when some lists, or a ConfigMap, could not be read completely, and NOT_AVAILABLE when nothing could be read.
//! The reasons name each of them and what to do.
//!
//! ## Why it matters
//!
//! Objects that can't be read can't be evaluated. While nothing in a cluster can be read, this is the only finding about
//! its contents: all others stay as they were.
//!
//! ## How to fix it
//!
//! Create an access entry for the role of the function, and apply the manifests of eksentry's reader in the cluster. The
//! function must be able to reach the endpoint of the cluster.

use crate::check::{Check, Evaluate, Remediation};
use crate::evaluation::namespaces::SYSTEM_NAMESPACES;
use crate::facts::KubernetesCluster;
use crate::parameters::ParameterValues;
use crate::reason_code::ReasonCode;
use crate::roll_up::MOST_FINDINGS;
use crate::severity::Severity;
use crate::verdict::{Reason, Verdict};

pub(super) static CHECK: Check = Check {
    id: "k8s-api-readable",
    enabled: true,
    title: "The Kubernetes API of EKS clusters should be readable by eksentry",
    requirement: "All objects that the checks of the cluster's contents need should be readable.",
    severities: &[(
        Severity::Low,
        "objects that can't be read are not evaluated",
    )],
    remediation: Remediation {
        text: "Create an access entry for the role of the function, and apply the manifests of eksentry's reader.",
        command: "aws eks create-access-entry --region {region} --cluster-name {name} --principal-arn <role> \
                  --kubernetes-groups eksentry-readers",
        url: "https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html",
    },
    parameters: &[&MOST_FINDINGS, &SYSTEM_NAMESPACES],
    needs: &[],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(cluster: &KubernetesCluster, _: &ParameterValues) -> Verdict {
    if cluster.is_being_created() {
        return Verdict::pending(
            ReasonCode::ClusterBeingCreated,
            format!("The cluster's status is {}.", cluster.status),
        );
    }
    if let Some(unreachable) = &cluster.unreachable {
        return Verdict::not_available(unreachable);
    }
    let mut reasons: Vec<Reason> = cluster
        .failed_requests()
        .map(|unread| Reason::new(unread.code, unread.text.clone()))
        .collect();
    reasons.dedup();
    if reasons.is_empty() {
        return Verdict::passed(
            ReasonCode::ContentsRead,
            "All objects that the checks need were read.",
        );
    }
    Verdict::warning_for(reasons)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{kubernetes_cluster, unread};
    use crate::facts::Unread;
    use crate::facts::kubernetes::ApiList;
    use crate::verdict::Outcome;

    #[test]
    fn the_outcome_depends_on_the_lists_that_were_read() {
        let reached = kubernetes_cluster;
        let with = |lists: &[(ApiList, bool)]| KubernetesCluster {
            lists: lists
                .iter()
                .map(|(list, is_read)| (*list, is_read.then_some(()).ok_or_else(unread)))
                .collect(),
            ..reached()
        };
        let unreachable = KubernetesCluster {
            unreachable: Some(unread()),
            ..reached()
        };
        let creating = KubernetesCluster {
            status: "CREATING".into(),
            ..unreachable.clone()
        };
        for (cluster, expected) in [
            (with(&[]), Outcome::Passed),
            (with(&[(ApiList::Pods, true)]), Outcome::Passed),
            (
                with(&[(ApiList::Pods, true), (ApiList::Jobs, false)]),
                Outcome::Warning,
            ),
            (
                KubernetesCluster {
                    aws_auth: Err(unread()),
                    ..reached()
                },
                Outcome::Warning,
            ),
            (
                KubernetesCluster {
                    aws_auth: Err(Unread::not_requested("the ConfigMap aws-auth")),
                    ..reached()
                },
                Outcome::Passed,
            ),
            (unreachable, Outcome::NotAvailable),
            (creating, Outcome::Pending),
        ] {
            let verdict = evaluate(&cluster, &ParameterValues::default());
            assert_eq!(verdict.outcome, expected, "{cluster:?}");
        }
    }
}
