//! ## What it checks
//!
//! Nobody but the platform should be bound to `cluster-admin`. The check fails for a binding to this cluster role, and
//! to any other role with a rule that grants all verbs on all resources of all API groups. A binding without subjects,
//! or to a role that does not exist, grants nothing. The bindings that Kubernetes and Amazon EKS create pass, as far as
//! they name their own subjects: for anyone else in such a binding, the check fails. Access policies of EKS, such as
//! `AmazonEKSClusterAdminPolicy`, are evaluated by `eks-access-cluster-admins`.
//!
//! Subjects that need all rights, such as the controller of Argo CD, can be allowed by `allowedSubjects`.
//!
//! ## Why it matters
//!
//! A subject with all rights can read each Secret, run code on each node and grant rights to others. A failure has
//! severity HIGH for a binding in the whole cluster, for one in `kube-system`, whose service accounts lead to the whole
//! cluster, and for one of the group `system:masters`, which has all rights without it. For a binding in another
//! namespace, the severity is MEDIUM.
//!
//! ## How to fix it
//!
//! Bind the subjects to a role with the rights that they use, and delete the binding.

use crate::check::{Check, Remediation};
use crate::evaluation::rbac::{ALLOWED_SUBJECTS, EvaluateBindings, Granted, Scope};
use crate::exceptions::EXCEPTIONS;
use crate::facts::kubernetes::RoleSubject;
use crate::need::Need;
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::Reason;

/// The group that has all rights without a binding.
const MASTERS: &str = "system:masters";

pub(super) static CHECK: Check = Check {
    id: "k8s-rbac-cluster-admin",
    enabled: true,
    title: "Nobody but the platform should be bound to cluster-admin",
    requirement: "No binding should grant all rights, in the cluster or in a namespace.",
    severities: &[
        (
            Severity::High,
            "the subjects control the whole cluster, or can come to control it",
        ),
        (
            Severity::Medium,
            "the subjects control a whole namespace, with its Secrets and its roles",
        ),
    ],
    remediation: Remediation {
        text: "Bind the subjects to a role with the rights that they use, and delete the binding.",
        command: "kubectl delete <clusterrolebinding or rolebinding> <name> --namespace {namespace}",
        url: "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
    },
    parameters: &[&ALLOWED_SUBJECTS, &EXCEPTIONS],
    needs: &[Need::Rbac],
    evaluate: &EvaluateBindings {
        passed: "The binding does not grant all rights.",
        leaves_administrators: false,
        problems,
    },
};

fn problems(granted: &Granted<'_>) -> Vec<(Severity, Reason)> {
    if !granted.grants_everything() {
        return Vec::new();
    }
    let is_masters =
        |subject: &&RoleSubject| matches!(subject, RoleSubject::Group(name) if name == MASTERS);
    let severity = match granted.scope() {
        Scope::Namespace if !granted.subjects.iter().any(is_masters) => Severity::Medium,
        Scope::Cluster | Scope::KubeSystem | Scope::Namespace => Severity::High,
    };
    let text = format!("{} all rights {}.", granted.grant(), granted.place());
    vec![(severity, Reason::new(ReasonCode::GrantsEverything, text))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::rbac::tests::{add_role, bind, empty, rule, verdict_in, verdict_of};
    use crate::verdict::Outcome::{self, Failed, Passed};

    const HIGH: Outcome = Failed(Severity::High);
    const MEDIUM: Outcome = Failed(Severity::Medium);

    #[test]
    fn one_rule_with_all_rights_fails() {
        let everything = rule("*", "*", "*", "");
        let pods = rule("get", "", "pods", "");
        for (rules, expected) in [
            (vec![everything.clone()], HIGH),
            (vec![pods.clone(), everything], HIGH),
            (vec![pods], Passed),
            (
                vec![
                    rule("*", "", "pods", ""),
                    rule("get", "*", "*", ""),
                    rule("*", "*", "pods", ""),
                ],
                Passed,
            ),
            (vec![], Passed),
        ] {
            let verdict = verdict_of(CHECK.id, "", &rules, &["User:a"]);
            assert_eq!(verdict.outcome, expected, "{rules:?}");
        }
    }

    #[test]
    fn the_severity_depends_on_the_extent_and_the_subjects() {
        let bob = "User:bob";
        for (namespace, role, subjects, expected) in [
            ("", ("", "cluster-admin"), &[bob][..], HIGH),
            ("", ("", "cluster-admin"), &["Group:system:masters"], HIGH),
            ("shop", ("", "cluster-admin"), &[bob], MEDIUM),
            (
                "shop",
                ("", "cluster-admin"),
                &["Group:system:masters"],
                HIGH,
            ),
            ("kube-system", ("", "cluster-admin"), &[bob], HIGH),
            ("shop", ("shop", "everything"), &[bob], MEDIUM),
            ("", ("", "admin"), &[bob], Passed),
            ("", ("", "view"), &[bob], Passed),
            ("shop", ("shop", "god"), &[bob], Outcome::NotApplicable),
        ] {
            let mut facts = empty();
            add_role(
                &mut facts,
                ("shop", "everything"),
                &[rule("*", "*", "*", "")],
            );
            add_role(&mut facts, ("", "god"), &[rule("*", "*", "*", "")]);
            bind(&mut facts, (namespace, "b"), role, subjects);
            let verdict = verdict_in(&facts, CHECK.id, "{}");
            assert_eq!(verdict.outcome, expected, "{namespace} {role:?}");
        }
    }

    #[test]
    fn the_text_names_the_subjects() {
        let rules = [rule("*", "*", "*", "")];
        let subjects = ["User:alice", "ServiceAccount:shop/web", "Group:developers"];
        let verdict = verdict_of(CHECK.id, "shop", &rules, &subjects);
        assert_eq!(
            verdict.explanation(),
            "ClusterRole/role grants Group developers, ServiceAccount shop/web, \
             User alice all rights in the namespace shop."
        );
    }
}
