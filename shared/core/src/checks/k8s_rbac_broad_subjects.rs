//! ## What it checks
//!
//! Rights should not go to everybody. The check fails for a binding that grants a role with rules to one of these:
//!
//! - the user `system:anonymous` or the group `system:unauthenticated`, unless the role is `system:public-info-viewer`;
//! - the group `system:authenticated`, unless the role is `system:basic-user`, `system:discovery` or
//!   `system:public-info-viewer`;
//! - the group `system:serviceaccounts`, unless the role is `system:service-account-issuer-discovery`;
//! - the service accounts of a namespace, or the service account `default` of one, which pods have unless they name another.
//!
//! For a binding in a namespace, rules about paths that are no resources (`nonResourceURLs`) grant nothing and do not
//! count.
//!
//! ## Why it matters
//!
//! All IAM principals with access to the cluster and all pods are authenticated. A right of such a group is therefore a
//! right of each attacker in any pod.
//!
//! A failure for anonymous requests has severity HIGH, or LOW from Kubernetes 1.32 on, where Amazon EKS answers such
//! requests only with the health of the API server. For the groups of all users or all service accounts, it is HIGH if
//! the role allows writing or reading Secrets, and otherwise MEDIUM. For the service accounts of a namespace and the
//! service account `default`, it is MEDIUM for a binding in the whole cluster, and LOW for one in a namespace.
//!
//! ## How to fix it
//!
//! Bind the role to the users, or to a service account of its own that only the pods that need the rights have.

use crate::check::{Check, Remediation};
use crate::evaluation::rbac::{ALLOWED_SUBJECTS, EvaluateBindings, Granted, Scope};
use crate::exceptions::EXCEPTIONS;
use crate::facts::cluster::KubernetesVersion;
use crate::facts::kubernetes::{RoleSubject, Rule};
use crate::need::Need;
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::Reason;

/// The first version in which Amazon EKS answers anonymous requests only with the health of the API server.
///
/// Source: <https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions-standard.html>.
const WITHOUT_ANONYMOUS: KubernetesVersion = KubernetesVersion {
    major: 1,
    minor: 32,
};

/// The verbs that change nothing.
const READING: [&str; 3] = ["get", "list", "watch"];

pub(super) static CHECK: Check = Check {
    id: "k8s-rbac-broad-subjects",
    enabled: true,
    title: "Rights should not go to everybody",
    requirement: "No binding should grant rights to all users, all service accounts or a default service account.",
    severities: &[
        (
            Severity::High,
            "anyone, or anyone with access, can write or read Secrets",
        ),
        (
            Severity::Medium,
            "subjects have rights in the cluster that they are not known to need",
        ),
        (
            Severity::Low,
            "the rights end at a namespace, or Amazon EKS refuses the requests",
        ),
    ],
    remediation: Remediation {
        text: "Bind the role to the users, or to a service account of its own for the pods that need the rights.",
        command: "kubectl edit <clusterrolebinding or rolebinding> <name> --namespace {namespace}",
        url: "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
    },
    parameters: &[&ALLOWED_SUBJECTS, &EXCEPTIONS],
    needs: &[Need::Rbac],
    evaluate: &EvaluateBindings {
        passed: "The binding grants no rights to a wide circle of subjects.",
        leaves_administrators: false,
        problems,
    },
};

/// A wide circle of subjects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Circle {
    /// Anyone, without a token.
    Anonymous,
    /// All users and service accounts.
    Authenticated,
    /// All service accounts.
    ServiceAccounts,
    /// All service accounts of a namespace, or the default one.
    OfNamespace,
}

impl Circle {
    /// Returns the circle that a subject is; `None` for any other subject.
    fn of(subject: &RoleSubject) -> Option<Self> {
        if let Some((_, name)) = subject.service_account() {
            return (name == "default").then_some(Self::OfNamespace);
        }
        match subject {
            RoleSubject::User(name) => (name == "system:anonymous").then_some(Self::Anonymous),
            RoleSubject::Group(name) => match name.as_str() {
                "system:unauthenticated" => Some(Self::Anonymous),
                "system:authenticated" => Some(Self::Authenticated),
                "system:serviceaccounts" => Some(Self::ServiceAccounts),
                name => {
                    let of_namespace = name.strip_prefix("system:serviceaccounts:");
                    of_namespace.map(|_| Self::OfNamespace)
                }
            },
            RoleSubject::ServiceAccount { .. } => None,
        }
    }

    /// Returns the cluster roles that Kubernetes means for the circle.
    const fn roles(self) -> &'static [&'static str] {
        match self {
            Self::Anonymous => &["system:public-info-viewer"],
            Self::Authenticated => &[
                "system:basic-user",
                "system:discovery",
                "system:public-info-viewer",
            ],
            Self::ServiceAccounts => &["system:service-account-issuer-discovery"],
            Self::OfNamespace => &[],
        }
    }

    fn severity(self, granted: &Granted<'_>) -> Severity {
        let is_dangerous = || {
            granted.role.rules.iter().any(writes) || !granted.verbs_that_read_secrets().is_empty()
        };
        let is_refused = || {
            let version = granted.cluster.version;
            version.is_some_and(|version| version.minors_behind(WITHOUT_ANONYMOUS) == 0)
        };
        match (self, granted.scope()) {
            (Self::Anonymous, _) if is_refused() => Severity::Low,
            (Self::Anonymous, _) => Severity::High,
            (Self::Authenticated | Self::ServiceAccounts, _) if is_dangerous() => Severity::High,
            (Self::Authenticated | Self::ServiceAccounts, _)
            | (Self::OfNamespace, Scope::Cluster) => Severity::Medium,
            (Self::OfNamespace, Scope::KubeSystem | Scope::Namespace) => Severity::Low,
        }
    }
}

/// Returns `true` if a rule grants a verb on resources that may change something.
fn writes(rule: &Rule) -> bool {
    let mut verbs = rule.verbs.iter();
    !rule.resources.is_empty() && verbs.any(|verb| !READING.contains(&verb.as_str()))
}

fn problems(granted: &Granted<'_>) -> Vec<(Severity, Reason)> {
    // In a namespace, rules about paths that are no resources grant nothing.
    let is_in_namespace = granted.binding.namespace.is_some();
    let mut rules = granted.role.rules.iter();
    if rules.all(|rule| is_in_namespace && rule.resources.is_empty()) {
        return Vec::new();
    }
    let role = granted.role_name;
    let subjects = granted.subjects.iter().filter_map(|subject| {
        let circle = Circle::of(subject)?;
        let is_meant = role.namespace.is_none() && circle.roles().contains(&role.name.as_str());
        let text = format!(
            "{} grants rights {} to {subject}.",
            role.of_role(),
            granted.place()
        );
        let reason = Reason::new(ReasonCode::BroadSubject, text);
        (!is_meant).then(|| (circle.severity(granted), reason))
    });
    subjects.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::rbac::tests::{Name, add_role, bind, empty, rule, verdict_in};
    use crate::verdict::Outcome::{self, Failed, NotApplicable, Passed};

    const HIGH: Outcome = Failed(Severity::High);
    const MEDIUM: Outcome = Failed(Severity::Medium);
    const LOW: Outcome = Failed(Severity::Low);

    fn outcome(version: &str, namespace: &'static str, role: Name, subject: &str) -> Outcome {
        let mut facts = empty();
        facts.version = version.parse().ok();
        add_role(
            &mut facts,
            ("", "reader"),
            &[rule("get,list", "", "configmaps", "")],
        );
        add_role(
            &mut facts,
            ("", "writer"),
            &[rule("update", "", "configmaps", "")],
        );
        add_role(
            &mut facts,
            ("", "secrets"),
            &[rule("get", "", "secrets", "")],
        );
        add_role(&mut facts, ("", "empty"), &[]);
        let of_urls = Rule {
            verbs: vec!["get".to_owned()],
            non_resource_urls: vec!["/metrics".to_owned()],
            ..Rule::default()
        };
        add_role(&mut facts, ("", "urls"), std::slice::from_ref(&of_urls));
        let of_both = [of_urls, rule("get", "", "pods", "")];
        add_role(&mut facts, ("", "both"), &of_both);
        for known in [
            "system:public-info-viewer",
            "system:discovery",
            "system:basic-user",
            "system:service-account-issuer-discovery",
        ] {
            add_role(&mut facts, ("", known), &[rule("create", "", "x", "")]);
        }
        add_role(
            &mut facts,
            ("shop", "system:discovery"),
            &[rule("get", "", "pods", "")],
        );
        bind(&mut facts, (namespace, "b"), role, &[subject]);
        verdict_in(&facts, CHECK.id, "{}").outcome
    }

    #[test]
    fn each_circle_has_its_severities() {
        let (reader, writer, secrets) = (("", "reader"), ("", "writer"), ("", "secrets"));
        let (authenticated, accounts) =
            ("Group:system:authenticated", "Group:system:serviceaccounts");
        for (namespace, role, subject, expected) in [
            ("", reader, "User:system:anonymous", LOW),
            ("", reader, "Group:system:unauthenticated", LOW),
            ("", reader, authenticated, MEDIUM),
            ("", writer, authenticated, HIGH),
            ("", secrets, authenticated, HIGH),
            ("", ("", "empty"), authenticated, Passed),
            ("", ("", "urls"), authenticated, MEDIUM),
            ("shop", ("", "urls"), authenticated, Passed),
            ("shop", ("", "both"), authenticated, MEDIUM),
            ("", ("", "gone"), authenticated, NotApplicable),
            ("", reader, accounts, MEDIUM),
            ("", writer, accounts, HIGH),
            ("", reader, "Group:system:serviceaccounts:shop", MEDIUM),
            ("shop", reader, "Group:system:serviceaccounts:shop", LOW),
            ("", ("", "view"), "ServiceAccount:shop/default", MEDIUM),
            ("shop", ("", "view"), "ServiceAccount:shop/default", LOW),
            (
                "",
                reader,
                "User:system:serviceaccount:shop:default",
                MEDIUM,
            ),
            ("", reader, "ServiceAccount:shop/web", Passed),
            ("", reader, "ServiceAccount:shop/system:anonymous", Passed),
            ("", reader, "Group:authenticated", Passed),
            ("", reader, "Group:system:anonymous", Passed),
            ("", reader, "User:system:authenticated", Passed),
            ("", reader, "User:jane", Passed),
        ] {
            let found = outcome("1.33", namespace, role, subject);
            assert_eq!(found, expected, "{namespace} {role:?} {subject}");
        }
    }

    #[test]
    fn anonymous_requests_matter_before_the_version_that_refuses_them() {
        for (version, expected) in [
            ("1.31", HIGH),
            ("1.32", LOW),
            ("1.36", LOW),
            ("2.0", LOW),
            ("", HIGH),
        ] {
            for namespace in ["", "kube-public"] {
                let found = outcome(version, namespace, ("", "reader"), "User:system:anonymous");
                assert_eq!(found, expected, "{version}");
            }
        }
    }

    #[test]
    fn roles_that_are_meant_for_a_circle_pass() {
        let unauthenticated = "Group:system:unauthenticated";
        for (role, subject, expected) in [
            (("", "system:public-info-viewer"), unauthenticated, Passed),
            (("", "system:discovery"), unauthenticated, LOW),
            (
                ("", "system:discovery"),
                "Group:system:authenticated",
                Passed,
            ),
            (
                ("shop", "system:discovery"),
                "Group:system:authenticated",
                MEDIUM,
            ),
            (
                ("", "system:basic-user"),
                "Group:system:authenticated",
                Passed,
            ),
            (
                ("", "system:service-account-issuer-discovery"),
                "Group:system:serviceaccounts",
                Passed,
            ),
            (
                ("", "system:basic-user"),
                "Group:system:serviceaccounts",
                HIGH,
            ),
        ] {
            let found = outcome("1.33", "shop", role, subject);
            assert_eq!(found, expected, "{role:?} {subject}");
        }
    }
}
