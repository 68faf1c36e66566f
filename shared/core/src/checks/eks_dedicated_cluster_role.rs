//! ## What it checks
//!
//! An EKS cluster should have its own IAM role, which only EKS can assume. The check fails in each of these cases:
//!
//! - Another cluster or nodes (of a node group or of Auto Mode) also use the cluster's role.
//! - The trust policy of the role lets a principal other than `eks.amazonaws.com` assume it.
//! - A policy that allows every action on every resource, as AdministratorAccess does, is attached to the role or
//!   inline.
//! - The role does not exist.
//! - EKS reports in the cluster's health that it can't find the role (`IamRoleNotFound`).
//!
//! The check includes the clusters and node groups of every Region that the run describes. It compares roles by account
//! and name, since a name is unique in an account, regardless of its path.
//!
//! ## Why it matters
//!
//! A shared role grants each cluster the permissions that the others need, and an attacker who takes over a node that
//! uses the cluster's role acts as the control plane. A separate role limits the damage, and the audit trail, to one
//! cluster.
//!
//! ## How to fix it
//!
//! A cluster's role can't be replaced after creation. Correct the role (its trust policy and its policies), give node
//! groups their own role, and create the next cluster with its own role.

use crate::check::{Check, Evaluate, Remediation};
use crate::facts::EksCluster;
use crate::facts::cluster::IssueCode;
use crate::need::Need;
use crate::parameters::ParameterValues;
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::{Reason, Verdict};

pub(super) static CHECK: Check = Check {
    id: "eks-dedicated-cluster-role",
    enabled: true,
    title: "EKS clusters should have a dedicated IAM role with least privilege",
    requirement: "Only this cluster should use its IAM role, only eks.amazonaws.com should be able to assume the role, \
                  and the role should not allow every action on every resource.",
    severities: &[(
        Severity::Medium,
        "other users of the role can act as the cluster, or the role allows more than a cluster needs",
    )],
    remediation: Remediation {
        text: "Allow only eks.amazonaws.com to assume the role, detach policies that allow every action, and give \
               other clusters and node groups their own roles.",
        command: r#"aws iam update-assume-role-policy --role-name <role> --policy-document '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"eks.amazonaws.com"},"Action":["sts:AssumeRole","sts:TagSession"]}]}'"#,
        url: "https://docs.aws.amazon.com/eks/latest/userguide/cluster-iam-role.html",
    },
    parameters: &[],
    needs: &[Need::ClusterRole],
    evaluate: &Evaluate(evaluate),
};

const EKS: &str = "Service eks.amazonaws.com";

fn evaluate(cluster: &EksCluster, _: &ParameterValues) -> Verdict {
    let mut failures = Vec::new();
    let mut unread = Vec::new();

    let users = &cluster.role_users;
    if !users.others.is_empty() {
        let text = format!(
            "The cluster's IAM role is also used by {}.",
            users.others.join(", ")
        );
        failures.push(Reason::new(ReasonCode::RoleShared, text));
    }
    unread.extend(&users.unread);

    match &cluster.role {
        Ok(None) => failures.push(Reason::new(
            ReasonCode::RoleMissing,
            "The cluster's IAM role does not exist.",
        )),
        Ok(Some(role)) => {
            if let Ok(trusted) = &role.trusted {
                failures.extend(trust_failure(trusted));
            }
            let policies = role.administrator_policies();
            if !policies.is_empty() {
                let text = format!(
                    "These policies of the role allow every action on every resource: {}.",
                    policies.join(", ")
                );
                failures.push(Reason::new(ReasonCode::RoleAllowsEverything, text));
            }
            unread.extend(role.unread());
        }
        Err(reason) => unread.push(reason),
    }
    if cluster.reports(&IssueCode::IamRoleNotFound) && cluster.role != Ok(None) {
        let text = "EKS reports IamRoleNotFound: it can't find the cluster's IAM role.";
        failures.push(Reason::new(ReasonCode::RoleNotFoundByEks, text));
    }

    match (failures.is_empty(), unread.first()) {
        (false, _) => Verdict::failed_for(Severity::Medium, failures),
        (true, Some(reason)) => Verdict::not_available(reason),
        (true, None) => Verdict::passed(
            ReasonCode::RoleDedicated,
            "No other cluster and no nodes use the cluster's IAM role, only EKS can assume it, and no policy of the \
             role allows every action on every resource.",
        ),
    }
}

fn trust_failure(trusted: &[String]) -> Option<Reason> {
    let others: Vec<&str> = trusted
        .iter()
        .map(String::as_str)
        .filter(|principal| *principal != EKS)
        .collect();
    (!others.is_empty()).then(|| {
        Reason::new(
            ReasonCode::RoleTrustsOthers,
            format!("The role can also be assumed by {}.", others.join(", ")),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{cluster, role_policy, unread};
    use crate::facts::List;
    use crate::facts::cluster::{Issue, Role, RolePolicy, RoleUsers};
    use crate::policy::Permissions;

    fn codes(cluster: &EksCluster) -> Vec<&'static str> {
        evaluate(cluster, &ParameterValues::default()).codes()
    }

    fn role() -> Role {
        cluster().role.unwrap().unwrap()
    }

    fn with_role(role: Role) -> EksCluster {
        EksCluster {
            role: Ok(Some(role)),
            ..cluster()
        }
    }

    fn used_by(others: &[&str], unread: Vec<crate::facts::Unread>) -> RoleUsers {
        RoleUsers {
            others: others.iter().map(|other| (*other).to_owned()).collect(),
            unread,
        }
    }

    #[test]
    fn each_failure_has_its_reason_code() {
        let open = Role {
            trusted: Ok(vec!["*".into(), EKS.into()]),
            ..role()
        };
        let admin = Role {
            policies: List::complete(vec![role_policy(
                "AdministratorAccess",
                Permissions::EVERYTHING,
            )]),
            ..role()
        };
        let shared = EksCluster {
            role_users: used_by(&["cluster ledger"], Vec::new()),
            ..with_role(open.clone())
        };
        for (cluster, expected) in [
            (cluster(), vec!["ROLE_DEDICATED"]),
            (with_role(open), vec!["ROLE_TRUSTS_OTHERS"]),
            (with_role(admin), vec!["ROLE_ALLOWS_EVERYTHING"]),
            (
                EksCluster {
                    role: Ok(None),
                    ..cluster()
                },
                vec!["ROLE_MISSING"],
            ),
            (shared, vec!["ROLE_SHARED", "ROLE_TRUSTS_OTHERS"]),
        ] {
            assert_eq!(codes(&cluster), expected);
        }
    }

    #[test]
    fn a_role_that_eks_cannot_find_fails_regardless_of_iam() {
        let reporting = |code: &str, role| EksCluster {
            health: Some(vec![Issue::read(Some(code), &[])]),
            role,
            ..cluster()
        };
        for (code, role, expected) in [
            ("IamRoleNotFound", Ok(Some(role())), "ROLE_NOT_FOUND_BY_EKS"),
            ("IamRoleNotFound", Err(unread()), "ROLE_NOT_FOUND_BY_EKS"),
            ("IamRoleNotFound", Ok(None), "ROLE_MISSING"),
            ("KmsGrantRevoked", Ok(Some(role())), "ROLE_DEDICATED"),
            ("AccessDenied", Ok(Some(role())), "ROLE_DEDICATED"),
            ("AccessDenied", Err(unread()), "ACCESS_DENIED"),
        ] {
            let verdict = evaluate(&reporting(code, role), &ParameterValues::default());
            assert_eq!(verdict.codes(), [expected], "{code}");
        }
    }

    #[test]
    fn a_missing_health_does_not_change_the_verdict() {
        for (role, expected) in [
            (Ok(Some(role())), "ROLE_DEDICATED"),
            (Err(unread()), "ACCESS_DENIED"),
        ] {
            let cluster = EksCluster {
                health: None,
                role,
                ..cluster()
            };
            assert_eq!(codes(&cluster), [expected]);
        }
    }

    #[test]
    fn unread_facts_prevent_a_pass_but_not_a_failure() {
        let denied = "ACCESS_DENIED";
        for (cluster, expected) in [
            (
                EksCluster {
                    role: Err(unread()),
                    ..cluster()
                },
                denied,
            ),
            (
                EksCluster {
                    role_users: used_by(&[], vec![unread()]),
                    ..cluster()
                },
                denied,
            ),
            (
                with_role(Role {
                    trusted: Err(unread()),
                    ..role()
                }),
                denied,
            ),
            (
                with_role(Role {
                    policies: List::unread(unread()),
                    ..role()
                }),
                denied,
            ),
            (
                with_role(Role {
                    policies: List::complete(vec![RolePolicy {
                        permissions: Err(unread()),
                        ..role_policy("custom", Permissions::default())
                    }]),
                    ..role()
                }),
                denied,
            ),
            (
                EksCluster {
                    role: Err(unread()),
                    role_users: used_by(&["x"], vec![unread()]),
                    ..cluster()
                },
                "ROLE_SHARED",
            ),
        ] {
            assert_eq!(codes(&cluster), [expected]);
        }
    }
}
