//! ## What it checks
//!
//! A Kubernetes service account can assume an IAM role whose trust policy names the cluster's OIDC provider (IAM roles
//! for service accounts, IRSA). Each role of the account that trusts the cluster's issuer should name the service
//! accounts that may assume it, with a condition on `<issuer>:sub`.
//!
//! The check fails with HIGH if a role has no such condition, or its pattern matches every service account; with MEDIUM
//! if a wildcard stands for namespaces; and with LOW if a wildcard stands for the names of service accounts in one
//! namespace, unless `allowNamespaceWide` is true. A `*` is a wildcard only for `StringLike`. A `Deny` statement counts
//! if its only condition denies all subjects except those it lists.
//!
//! Roles of other accounts that trust the cluster through a provider in their account are not evaluated.
//!
//! The check does not apply to local clusters on AWS Outposts and clusters that are being created, which may have no
//! issuer. EKS reports an issuer for every other cluster, so a response without one is incomplete, and the result is
//! `NOT_AVAILABLE`.
//!
//! ## Why it matters
//!
//! The namespace and the name of its service account are all that distinguishes one pod from another. Without a
//! condition on both, every pod of the cluster can get the role's permissions, and IAM does not require a condition.
//!
//! ## How to fix it
//!
//! Add a condition with `StringEquals` on `<issuer>:sub` and `<issuer>:aud` to the trust policy of each role.

use crate::check::{Check, Evaluate, Remediation};
use crate::facts::cluster::TrustingRole;
use crate::facts::{EksCluster, Unread};
use crate::need::Need;
use crate::parameters::{Parameter, ParameterValues};
use crate::policy::ServiceAccounts;
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::text::names;
use crate::verdict::{Reason, Verdict};

static ALLOW_NAMESPACE_WIDE: Parameter<bool> = Parameter {
    name: "allowNamespaceWide",
    description: "If true, a role may allow all service accounts of a namespace.",
    default: false,
};

pub(super) static CHECK: Check = Check {
    id: "eks-irsa-trust-scoped",
    enabled: true,
    title: "EKS clusters should let named service accounts alone take IAM roles",
    requirement: "The trust policy of each IAM role that trusts the cluster's OIDC provider should name the service \
                  accounts that may assume the role.",
    severities: &[
        (
            Severity::High,
            "every pod of the cluster can assume the role and use its permissions",
        ),
        (
            Severity::Medium,
            "pods of several namespaces can assume the role and use its permissions",
        ),
        (
            Severity::Low,
            "pods of a namespace other than the intended ones can assume the role",
        ),
    ],
    remediation: Remediation {
        text: "In the trust policy of each role, add a condition that names the service account: StringEquals on the \
               keys <issuer>:sub and <issuer>:aud.",
        command: "aws iam update-assume-role-policy --region {region} --role-name <role> --policy-document file://<trust policy>.json",
        url: "https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html",
    },
    parameters: &[&ALLOW_NAMESPACE_WIDE],
    needs: &[Need::TrustingRoles],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(cluster: &EksCluster, settings: &ParameterValues) -> Verdict {
    if cluster.issuer.is_none() {
        return without_issuer(cluster);
    }
    let roles = &cluster.trusting_roles;
    let failures: Vec<(Severity, Reason)> = [
        (ServiceAccounts::All, Severity::High),
        (ServiceAccounts::OfNamespaces, Severity::Medium),
        (ServiceAccounts::OfNamespace, Severity::Low),
    ]
    .into_iter()
    .filter(|(_, severity)| *severity > Severity::Low || !settings.get(&ALLOW_NAMESPACE_WIDE))
    .filter_map(|(width, severity)| Some((severity, failure(width, &roles.items)?)))
    .collect();
    if let Some((severity, _)) = failures.first() {
        let reasons = failures.iter().map(|(_, reason)| reason.clone());
        return Verdict::failed_for(*severity, reasons.collect());
    }
    let unread = roles.items.iter().find_map(|role| role.unread.as_ref());
    if let Some(unread) = unread.or(roles.missing.as_ref()) {
        return Verdict::not_available(unread);
    }
    if roles.items.is_empty() {
        return Verdict::passed(
            ReasonCode::NoTrustingRole,
            "No IAM role of the account trusts the cluster's OIDC issuer.",
        );
    }
    Verdict::passed(
        ReasonCode::ServiceAccountsNamed,
        format!(
            "The trust policies of these IAM roles name the service accounts that may assume them: {}.",
            names(roles.items.iter().map(|role| role.name.as_str()))
        ),
    )
}

/// Returns the verdict on a cluster whose description names no OIDC issuer. Every cluster gets one while it is created,
/// except local clusters.
fn without_issuer(cluster: &EksCluster) -> Verdict {
    if cluster.on_outpost || cluster.status == "CREATING" {
        Verdict::not_applicable(
            ReasonCode::NoIssuer,
            "The cluster has no OIDC issuer, so no service account can assume a role through it.",
        )
    } else {
        Verdict::not_available(&Unread {
            code: ReasonCode::IssuerUnknown,
            text: format!(
                "eks:DescribeCluster on cluster {} returned no OIDC issuer.",
                cluster.name
            ),
        })
    }
}

/// Returns the reason for the roles that allow this set of service accounts; `None` if there are none.
fn failure(width: ServiceAccounts, roles: &[TrustingRole]) -> Option<Reason> {
    let roles = roles
        .iter()
        .filter(|role| role.service_accounts == Some(width));
    let roles = names(roles.map(|role| role.name.as_str()));
    if roles.is_empty() {
        return None;
    }
    Some(match width {
        ServiceAccounts::All => Reason::new(
            ReasonCode::AnyServiceAccount,
            format!("Every service account of the cluster can assume these IAM roles: {roles}."),
        ),
        ServiceAccounts::OfNamespaces => Reason::new(
            ReasonCode::AnyNamespace,
            format!("Service accounts of several namespaces can assume these IAM roles: {roles}."),
        ),
        ServiceAccounts::OfNamespace | ServiceAccounts::Listed => Reason::new(
            ReasonCode::AnyNameInNamespace,
            format!(
                "Several service accounts of one namespace can assume these IAM roles by a pattern: {roles}."
            ),
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{cluster, settings, unread};
    use crate::facts::List;
    use crate::verdict::Outcome;

    const HIGH: Outcome = Outcome::Failed(Severity::High);
    const MEDIUM: Outcome = Outcome::Failed(Severity::Medium);
    const LOW: Outcome = Outcome::Failed(Severity::Low);

    fn role(name: &str, service_accounts: ServiceAccounts) -> TrustingRole {
        TrustingRole {
            name: name.to_owned(),
            service_accounts: Some(service_accounts),
            unread: None,
        }
    }

    /// Returns a role of whose trust policy only this is known.
    fn partly_read(name: &str, service_accounts: Option<ServiceAccounts>) -> TrustingRole {
        TrustingRole {
            name: name.to_owned(),
            service_accounts,
            unread: Some(unread()),
        }
    }

    fn verdict(roles: List<TrustingRole>, parameters: &str) -> Verdict {
        let cluster = EksCluster {
            trusting_roles: roles,
            ..cluster()
        };
        evaluate(&cluster, &settings(CHECK.parameters, parameters))
    }

    #[test]
    fn the_widest_role_decides() {
        use ServiceAccounts::{All, Listed, OfNamespace, OfNamespaces};
        let allowed = r#"{"allowNamespaceWide": true}"#;
        for (roles, parameters, expected) in [
            (&[] as &[_], "{}", Outcome::Passed),
            (&[Listed], "{}", Outcome::Passed),
            (&[Listed, OfNamespace], "{}", LOW),
            (&[Listed, OfNamespace], allowed, Outcome::Passed),
            (&[OfNamespaces, OfNamespace], "{}", MEDIUM),
            (&[OfNamespaces], allowed, MEDIUM),
            (&[Listed, All, OfNamespaces], "{}", HIGH),
        ] {
            let roles = roles.iter().map(|width| role("api", *width)).collect();
            let verdict = verdict(List::complete(roles), parameters);
            assert_eq!(verdict.outcome, expected, "{verdict:?}");
        }
    }

    #[test]
    fn unread_roles_prevent_a_pass_but_not_a_failure() {
        use ServiceAccounts::{All, Listed, OfNamespace};
        let allowed = r#"{"allowNamespaceWide": true}"#;
        for (known, missing, parameters, expected) in [
            (vec![role("a", All)], Some(unread()), "{}", HIGH),
            (
                vec![role("a", Listed)],
                Some(unread()),
                "{}",
                Outcome::NotAvailable,
            ),
            (
                vec![partly_read("a", None)],
                None,
                "{}",
                Outcome::NotAvailable,
            ),
            (
                vec![partly_read("a", None), role("b", OfNamespace)],
                None,
                "{}",
                LOW,
            ),
            (
                vec![partly_read("a", Some(Listed))],
                None,
                "{}",
                Outcome::NotAvailable,
            ),
            (vec![partly_read("a", Some(OfNamespace))], None, "{}", LOW),
            (
                vec![partly_read("a", Some(OfNamespace))],
                None,
                allowed,
                Outcome::NotAvailable,
            ),
            (vec![partly_read("a", Some(All))], None, allowed, HIGH),
        ] {
            let roles = List {
                items: known,
                missing,
            };
            let verdict = verdict(roles, parameters);
            assert_eq!(verdict.outcome, expected, "{verdict:?} {parameters}");
        }
    }

    #[test]
    fn only_local_and_new_clusters_may_have_no_issuer() {
        for (on_outpost, status, expected) in [
            (true, "ACTIVE", Outcome::NotApplicable),
            (false, "CREATING", Outcome::NotApplicable),
            (false, "ACTIVE", Outcome::NotAvailable),
        ] {
            let cluster = EksCluster {
                issuer: None,
                on_outpost,
                status: status.into(),
                ..cluster()
            };
            let verdict = evaluate(&cluster, &ParameterValues::default());
            assert_eq!(verdict.outcome, expected, "{on_outpost} {status}");
        }
    }

    #[test]
    fn each_width_has_its_reason_with_the_names_of_the_roles() {
        let roles = vec![
            role("b", ServiceAccounts::OfNamespace),
            role("a", ServiceAccounts::All),
        ];
        let verdict = verdict(List::complete(roles), "{}");
        assert_eq!(
            verdict.codes(),
            ["ANY_SERVICE_ACCOUNT", "ANY_NAME_IN_NAMESPACE"]
        );
        assert!(
            verdict.reasons[0].text.ends_with("roles: a."),
            "{verdict:?}"
        );
    }
}
