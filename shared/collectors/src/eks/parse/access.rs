//! The access policies of access entries.

use aws_sdk_eks::types::{AccessScopeType, AssociatedAccessPolicy};
use eksentry_core::facts::cluster::Association;

use crate::timestamp;

/// The name of the policy that makes a principal an administrator. It is the same in all partitions, unlike the ARN.
const ADMIN: &str = "cluster-access-policy/AmazonEKSClusterAdminPolicy";

/// Returns the ARN of the policy that makes a principal an administrator.
pub(in crate::eks) fn admin_policy(partition: &str) -> String {
    format!("arn:{partition}:eks::aws:{ADMIN}")
}

/// Returns the association that makes a principal an administrator of the whole cluster, or `None` if there is none.
pub(in crate::eks) fn cluster_wide_admin(
    policies: &[AssociatedAccessPolicy],
) -> Option<Association> {
    policies
        .iter()
        .find(|policy| {
            let is_admin = policy.policy_arn().is_some_and(|arn| arn.ends_with(ADMIN));
            // A scope that is absent or unknown may be the whole cluster.
            let scope = policy.access_scope().and_then(|scope| scope.r#type());
            is_admin && scope != Some(&AccessScopeType::Namespace)
        })
        .map(|policy| Association {
            associated_at: timestamp(policy.associated_at()),
        })
}

#[cfg(test)]
mod tests {
    use aws_sdk_eks::types::AccessScope;
    use aws_smithy_types::DateTime;

    use super::*;

    fn policy(arn: &str, scope: Option<AccessScopeType>) -> AssociatedAccessPolicy {
        AssociatedAccessPolicy::builder()
            .policy_arn(arn)
            .set_access_scope(scope.map(|scope| AccessScope::builder().r#type(scope).build()))
            .associated_at(DateTime::from_secs(60))
            .build()
    }

    #[test]
    fn only_the_admin_policy_of_the_whole_cluster_counts() {
        use AccessScopeType::{Cluster, Namespace};
        let aws = admin_policy("aws");
        assert_eq!(
            aws,
            "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"
        );
        let gov = admin_policy("aws-us-gov");
        let view = "arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy";
        for (policies, expected) in [
            (vec![], false),
            (vec![policy(&aws, Some(Cluster))], true),
            (vec![policy(&gov, Some(Cluster))], true),
            (vec![policy(&aws, None)], true),
            (vec![policy(&aws, Some(Namespace))], false),
            (vec![policy(view, Some(Cluster))], false),
            (
                vec![policy(&aws, Some(Namespace)), policy(&aws, Some(Cluster))],
                true,
            ),
        ] {
            let association = cluster_wide_admin(&policies);
            assert_eq!(association.is_some(), expected, "{policies:?}");
            assert!(association.is_none_or(|one| one.associated_at.is_some()));
        }
    }
}
