//! ## What it checks
//!
//! Pods of an EKS cluster should be able to use IAM roles of their own. The check passes if IAM has an identity
//! provider for the cluster's OIDC issuer (IAM roles for service accounts, IRSA) or if the cluster has an EKS Pod
//! Identity association, and fails if it has neither.
//!
//! The check proves that there is a source of roles, not that all pods use it. An identity provider in another account
//! is not visible to it. The check doesn't apply to clusters without EC2 nodes, node groups and EKS Auto Mode (they are
//! empty, or use only Fargate or hybrid nodes), or to local clusters on AWS Outposts.
//!
//! ## Why it matters
//!
//! Without roles of their own, pods that call AWS APIs use the role of their node, which all pods of the node then
//! share, or access keys, which do not expire.
//!
//! ## How to fix it
//!
//! Install the EKS Pod Identity Agent, which EKS Auto Mode includes, and associate a role with each service account
//! that needs AWS. Alternatively, create an identity provider for the cluster's OIDC issuer.

use crate::check::{Check, Evaluate, Remediation};
use crate::facts::EksCluster;
use crate::facts::cluster::PodRoleSource;
use crate::need::Need;
use crate::parameters::ParameterValues;
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::Verdict;

pub(super) static CHECK: Check = Check {
    id: "eks-pod-iam-roles",
    enabled: true,
    title: "EKS clusters should give pods IAM roles of their own",
    requirement: "The cluster should have an identity provider in IAM or an EKS Pod Identity association.",
    severities: &[(
        Severity::Low,
        "pods that call AWS APIs can only use the role of their node, which all its pods share, or access keys",
    )],
    remediation: Remediation {
        text: "Install the EKS Pod Identity Agent, and associate an IAM role with each service account that needs AWS.",
        command: "aws eks create-pod-identity-association --region {region} --cluster-name {name} \
                  --namespace <namespace> --service-account <name> --role-arn <role>",
        url: "https://docs.aws.amazon.com/eks/latest/userguide/pod-identities.html",
    },
    parameters: &[],
    needs: &[Need::PodRoles, Need::Nodes, Need::NodeGroups],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(cluster: &EksCluster, _: &ParameterValues) -> Verdict {
    match cluster.has_nodes() {
        Ok(true) => {}
        Ok(false) => {
            return Verdict::not_applicable(
                ReasonCode::NoNodesToEvaluate,
                "The cluster has no EC2 nodes in this account whose role pods could use.",
            );
        }
        Err(unread) => return Verdict::not_available(&unread),
    }
    match &cluster.pod_roles {
        Ok(Some(PodRoleSource::IdentityProvider)) => Verdict::passed(
            ReasonCode::IdentityProviderFound,
            "IAM has an identity provider for the cluster's OIDC issuer.",
        ),
        Ok(Some(PodRoleSource::PodIdentity)) => Verdict::passed(
            ReasonCode::PodIdentityFound,
            "The cluster has an EKS Pod Identity association.",
        ),
        Ok(None) => Verdict::failed(
            Severity::Low,
            ReasonCode::NoPodRoles,
            "IAM has no identity provider for the cluster's OIDC issuer, and the cluster has no EKS Pod Identity \
             association.",
        ),
        Err(_) if cluster.issuer.is_none() && cluster.status == "CREATING" => {
            Verdict::not_applicable(
                ReasonCode::NoIssuer,
                "EKS is still creating the cluster, which has no OIDC issuer yet.",
            )
        }
        Err(unread) => Verdict::not_available(unread),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{cluster, unread};
    use crate::facts::{Fact, List};
    use crate::verdict::Outcome;

    fn verdict(cluster: &EksCluster) -> Verdict {
        evaluate(cluster, &ParameterValues::default())
    }

    #[test]
    fn one_source_of_roles_is_enough() {
        for (pod_roles, outcome, code) in [
            (
                Ok(Some(PodRoleSource::IdentityProvider)),
                Outcome::Passed,
                "IDENTITY_PROVIDER_FOUND",
            ),
            (
                Ok(Some(PodRoleSource::PodIdentity)),
                Outcome::Passed,
                "POD_IDENTITY_FOUND",
            ),
            (Ok(None), Outcome::Failed(Severity::Low), "NO_POD_ROLES"),
            (Err(unread()), Outcome::NotAvailable, "ACCESS_DENIED"),
        ] {
            let cluster = EksCluster {
                pod_roles,
                ..cluster()
            };
            let verdict = verdict(&cluster);
            assert_eq!(verdict.outcome, outcome, "{verdict:?}");
            assert_eq!(verdict.codes(), [code]);
        }
    }

    #[test]
    fn a_cluster_without_an_issuer_is_still_being_created() {
        for (issuer, status, outcome) in [
            (None, "CREATING", Outcome::NotApplicable),
            (None, "ACTIVE", Outcome::NotAvailable),
            (Some("issuer"), "CREATING", Outcome::NotAvailable),
        ] {
            let cluster = EksCluster {
                issuer: issuer.map(str::to_owned),
                status: status.into(),
                pod_roles: Err(unread()),
                ..cluster()
            };
            assert_eq!(verdict(&cluster).outcome, outcome, "{issuer:?} {status}");
        }
    }

    #[test]
    fn only_clusters_with_nodes_are_evaluated() {
        let with = |pod_roles: Fact<Option<PodRoleSource>>| EksCluster {
            nodes: List::complete(vec![]),
            node_groups: List::complete(vec![]),
            pod_roles,
            ..cluster()
        };
        for (cluster, code) in [
            (with(Ok(None)), "NO_NODES_TO_EVALUATE"),
            (with(Err(unread())), "NO_NODES_TO_EVALUATE"),
            (
                EksCluster {
                    auto_mode: true,
                    ..with(Ok(None))
                },
                "NO_POD_ROLES",
            ),
            (
                EksCluster {
                    node_groups: cluster().node_groups,
                    nodes: List::unread(unread()),
                    ..with(Ok(None))
                },
                "NO_POD_ROLES",
            ),
            (
                EksCluster {
                    on_outpost: true,
                    ..cluster()
                },
                "NO_NODES_TO_EVALUATE",
            ),
            (
                EksCluster {
                    nodes: List::unread(unread()),
                    ..with(Ok(None))
                },
                "ACCESS_DENIED",
            ),
        ] {
            assert_eq!(verdict(&cluster).codes(), [code], "{cluster:?}");
        }
    }
}
