//! ## What it checks
//!
//! An EKS cluster should be protected from deletion. The check fails unless the cluster's `deletionProtection` is on.
//! If EKS does not report the setting, it was never turned on. The check does not apply to a local cluster on AWS
//! Outposts for which EKS does not report the setting.
//!
//! ## Why it matters
//!
//! The deletion of a cluster also deletes everything that Kubernetes stored: workloads, secrets, access. One command or
//! one wrong line in a template is enough. With deletion protection on, EKS refuses to delete an active cluster until
//! the protection is turned off. This prevents accidents, but does not stop a principal that is allowed to do both, so
//! a missing protection has severity LOW.
//!
//! ## How to fix it
//!
//! Turn deletion protection on. The cluster must be active, and keeps running. A principal that deletes the cluster on
//! purpose later also needs the permission to update it.
//!
//! ## How to prevent it
//!
//! A service control policy in AWS Organizations can deny the creation of clusters without deletion protection, and
//! reserve turning it off for one role. The first statement also denies requests that do not state the setting, since
//! the protection is off by default; an update without the setting keeps it as it is. The condition keys of EKS are
//! listed in
//! <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelastickubernetesservice.html>.
//!
//! ```json
//! {
//!   "Version": "2012-10-17",
//!   "Statement": [
//!     {
//!       "Sid": "CreateClustersWithDeletionProtection",
//!       "Effect": "Deny",
//!       "Action": "eks:CreateCluster",
//!       "Resource": "*",
//!       "Condition": {"BoolIfExists": {"eks:deletionProtection": "false"}}
//!     },
//!     {
//!       "Sid": "KeepDeletionProtectionOn",
//!       "Effect": "Deny",
//!       "Action": "eks:UpdateClusterConfig",
//!       "Resource": "*",
//!       "Condition": {
//!         "Bool": {"eks:deletionProtection": "false"},
//!         "ArnNotLike": {"aws:PrincipalArn": "arn:*:iam::*:role/<role>"}
//!       }
//!     }
//!   ]
//! }
//! ```

use crate::check::{Check, Evaluate, Remediation};
use crate::facts::EksCluster;
use crate::parameters::ParameterValues;
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::Verdict;

pub(super) static CHECK: Check = Check {
    id: "eks-deletion-protection",
    enabled: true,
    title: "EKS clusters should have deletion protection",
    requirement: "Deletion protection should be enabled, so that EKS refuses to delete the cluster.",
    severities: &[(
        Severity::Low,
        "a single mistaken call can delete the cluster, but it gives no one access",
    )],
    remediation: Remediation {
        text: "Turn deletion protection on while the cluster is active.",
        command: "aws eks update-cluster-config --region {region} --name {name} --deletion-protection",
        url: "https://docs.aws.amazon.com/eks/latest/userguide/deletion-protection.html",
    },
    parameters: &[],
    needs: &[],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(cluster: &EksCluster, _: &ParameterValues) -> Verdict {
    match cluster.deletion_protection {
        Some(true) => Verdict::passed(
            ReasonCode::DeletionProtectionOn,
            "Deletion protection is on.",
        ),
        None if cluster.on_outpost => Verdict::not_applicable(
            ReasonCode::NoDeletionProtection,
            "EKS does not report the deletion protection of this local cluster on AWS Outposts.",
        ),
        Some(false) | None => Verdict::failed(
            Severity::Low,
            ReasonCode::DeletionProtectionOff,
            "Deletion protection is off.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::cluster;
    use crate::verdict::Outcome;

    #[test]
    fn only_enabled_deletion_protection_passes() {
        const LOW: Outcome = Outcome::Failed(Severity::Low);
        for (deletion_protection, on_outpost, expected) in [
            (Some(true), false, Outcome::Passed),
            (Some(false), false, LOW),
            (None, false, LOW),
            (Some(true), true, Outcome::Passed),
            (Some(false), true, LOW),
            (None, true, Outcome::NotApplicable),
        ] {
            for status in ["ACTIVE", "CREATING", "UPDATING"] {
                let cluster = EksCluster {
                    deletion_protection,
                    on_outpost,
                    status: status.into(),
                    ..cluster()
                };
                let verdict = evaluate(&cluster, &ParameterValues::default());
                assert_eq!(
                    verdict.outcome, expected,
                    "{deletion_protection:?} {on_outpost} {status}"
                );
            }
        }
    }
}
