//! ## What it checks
//!
//! Only those who need them should read Secrets. The check fails for a binding to a role that grants `get`, `list` or
//! `watch` on all Secrets: a list contains the data of Secrets too. A right on Secrets by name passes. The check leaves
//! bindings that grant everything to `k8s-rbac-cluster-admin`, and the bindings that Kubernetes and Amazon EKS create
//! pass with their own subjects.
//!
//! Subjects that need all Secrets, such as the controllers of cert-manager or of External Secrets, can be allowed by
//! `allowedSubjects`.
//!
//! ## Why it matters
//!
//! Secrets hold passwords, and tokens of service accounts with further rights. A failure has severity HIGH for a binding
//! in the whole cluster or in `kube-system`, and MEDIUM for one in another namespace, or LOW if it is one to the role
//! `admin` or `edit` of Kubernetes, which is made for the team of a namespace.
//!
//! ## How to fix it
//!
//! Grant `get` on single Secrets by `resourceNames`, or mount them into pods, which needs no right.

use crate::check::{Check, Remediation};
use crate::evaluation::rbac::{ALLOWED_SUBJECTS, EvaluateBindings, Granted, Scope};
use crate::exceptions::EXCEPTIONS;
use crate::need::Need;
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::Reason;

pub(super) static CHECK: Check = Check {
    id: "k8s-rbac-secrets",
    enabled: true,
    title: "Only subjects that need Secrets should be able to read them",
    requirement: "No binding should grant a right to read all Secrets, in the cluster or in a namespace.",
    severities: &[
        (
            Severity::High,
            "the subjects read the Secrets of the whole cluster",
        ),
        (
            Severity::Medium,
            "the subjects read all Secrets of a namespace",
        ),
        (
            Severity::Low,
            "the role admin or edit of Kubernetes is made for the team of a namespace",
        ),
    ],
    remediation: Remediation {
        text: "Grant the verb get on single Secrets by resourceNames, or mount the Secrets into pods.",
        command: "kubectl edit <clusterrolebinding or rolebinding> <name> --namespace {namespace}",
        url: "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
    },
    parameters: &[&ALLOWED_SUBJECTS, &EXCEPTIONS],
    needs: &[Need::Rbac],
    evaluate: &EvaluateBindings {
        passed: "The binding grants no right to read all Secrets.",
        leaves_administrators: true,
        problems,
    },
};

fn problems(granted: &Granted<'_>) -> Vec<(Severity, Reason)> {
    let verbs = granted.verbs_that_read_secrets();
    if verbs.is_empty() {
        return Vec::new();
    }
    let severity = match granted.scope() {
        Scope::Cluster | Scope::KubeSystem => Severity::High,
        Scope::Namespace if granted.is_of_editors() => Severity::Low,
        Scope::Namespace => Severity::Medium,
    };
    let text = format!(
        "{} the right to {} all Secrets {}.",
        granted.grant(),
        verbs.join(", "),
        granted.place()
    );
    vec![(severity, Reason::new(ReasonCode::ReadsSecrets, text))]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evaluation::rbac::tests::{bind, empty, rule, verdict_in, verdict_of};
    use crate::verdict::Outcome::{self, Failed, NotApplicable, Passed};

    const HIGH: Outcome = Failed(Severity::High);
    const MEDIUM: Outcome = Failed(Severity::Medium);
    const LOW: Outcome = Failed(Severity::Low);

    #[test]
    fn rights_to_read_all_secrets_fail() {
        for (rules, expected) in [
            (vec![rule("get", "", "secrets", "")], HIGH),
            (vec![rule("list", "", "secrets", "")], HIGH),
            (vec![rule("watch", "", "secrets", "")], HIGH),
            (vec![rule("*", "", "secrets", "")], HIGH),
            (vec![rule("get", "", "*", "")], HIGH),
            (vec![rule("get", "*", "secrets", "")], HIGH),
            (vec![rule("get", "", "secrets", "tls")], Passed),
            (
                vec![
                    rule("get", "", "secrets", "tls"),
                    rule("list", "", "secrets", ""),
                ],
                HIGH,
            ),
            (vec![rule("get", "apps", "secrets", "")], Passed),
            (vec![rule("get", "", "secrets/*", "")], Passed),
            (
                vec![rule("create,update,delete", "", "secrets", "")],
                Passed,
            ),
            (vec![rule("*", "*", "*", "")], NotApplicable),
            (vec![], Passed),
        ] {
            let verdict = verdict_of(CHECK.id, "", &rules, &["User:a"]);
            assert_eq!(verdict.outcome, expected, "{rules:?}");
        }
    }

    #[test]
    fn the_severity_depends_on_the_extent_and_the_role() {
        for (namespace, role, expected) in [
            ("", "edit", HIGH),
            ("", "view", Passed),
            ("shop", "edit", LOW),
            ("shop", "admin", LOW),
            ("kube-system", "edit", HIGH),
            ("shop", "cluster-admin", NotApplicable),
        ] {
            let mut facts = empty();
            bind(&mut facts, (namespace, "b"), ("", role), &["Group:team"]);
            let verdict = verdict_in(&facts, CHECK.id, "{}");
            assert_eq!(verdict.outcome, expected, "{namespace} {role}");
        }
        let rules = [rule("list", "", "secrets", "")];
        for (namespace, expected) in [("", HIGH), ("shop", MEDIUM), ("kube-system", HIGH)] {
            let verdict = verdict_of(CHECK.id, namespace, &rules, &["User:a"]);
            assert_eq!(verdict.outcome, expected, "{namespace}");
        }
    }

    #[test]
    fn the_text_names_the_verbs() {
        let rules = [rule("get,list", "", "secrets", "")];
        let verdict = verdict_of(CHECK.id, "shop", &rules, &["User:a"]);
        assert_eq!(
            verdict.explanation(),
            "ClusterRole/role grants User a the right to get, list all Secrets \
             in the namespace shop."
        );
    }
}
