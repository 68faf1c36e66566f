//! ## What it checks
//!
//! Roles should not use wildcards. The check fails for a role or a cluster role with `*` in the verbs or the resources
//! of a rule, and for one with `*` as an API group, as a path, or for a subresource of all resources, such as `*/scale`.
//! An aggregated role has the rules of its parts, so both fail.
//!
//! The roles that Kubernetes creates pass if they have both their label and a known name, and so do those of Amazon EKS.
//! A role that is bound and grants everything is left to `k8s-rbac-cluster-admin`. A role passes if `allowedSubjects`
//! allows all subjects that have it.
//!
//! ## Why it matters
//!
//! A wildcard grants rights that nobody decided to grant: also those on kinds of resource that a newer version or an
//! operator adds, and on subresources such as `pods/exec`. A failure has severity MEDIUM, or LOW if the role is not
//! bound to anyone, or only the API groups, the paths or a subresource are open.
//!
//! ## How to fix it
//!
//! Name the verbs and the resources. Delete roles that are not bound.

use crate::check::{Check, Remediation};
use crate::evaluation::rbac::rules::{ALL, has};
use crate::evaluation::rbac::{ALLOWED_SUBJECTS, EvaluateRoles};
use crate::exceptions::EXCEPTIONS;
use crate::facts::kubernetes::{Role, Rule};
use crate::need::Need;
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::Reason;

pub(super) static CHECK: Check = Check {
    id: "k8s-rbac-wildcards",
    enabled: true,
    title: "Roles should not use wildcards",
    requirement: "Each rule of a role should name its verbs, its API groups and its resources.",
    severities: &[
        (
            Severity::Medium,
            "subjects have rights that nobody decided to grant",
        ),
        (
            Severity::Low,
            "nobody has the role, or the rest of the rule limits the rights",
        ),
    ],
    remediation: Remediation {
        text: "Name the verbs and the resources in the rules. Delete the role if nobody needs it.",
        command: "kubectl edit <clusterrole or role> <name> --namespace {namespace}",
        url: "https://kubernetes.io/docs/concepts/security/rbac-good-practices/",
    },
    parameters: &[&ALLOWED_SUBJECTS, &EXCEPTIONS],
    needs: &[Need::Rbac],
    evaluate: &EvaluateRoles {
        passed: "The role uses no wildcards.",
        problems,
    },
};

fn problems(role: &Role, is_bound: bool) -> Vec<(Severity, Reason)> {
    let is_open = |texts: fn(&Rule) -> &[String]| role.rules.iter().any(|one| has(texts(one), ALL));
    let has_any_subresource = role.rules.iter().any(|one| {
        let mut resources = one.resources.iter();
        resources.any(|resource| resource.starts_with("*/"))
    });
    let severity = if is_bound {
        Severity::Medium
    } else {
        Severity::Low
    };
    let bound = if is_bound {
        "The role is bound"
    } else {
        "The role is not bound"
    };
    let kinds = [
        (is_open(|one| &one.verbs), severity, "verbs"),
        (is_open(|one| &one.resources), severity, "resources"),
        (is_open(|one| &one.api_groups), Severity::Low, "API groups"),
        (
            has_any_subresource,
            Severity::Low,
            "a subresource of all resources",
        ),
        (
            is_open(|one| &one.non_resource_urls),
            Severity::Low,
            "paths",
        ),
    ];
    let kinds = kinds.into_iter().filter(|(is_used, ..)| *is_used);
    let problem = |(_, severity, of)| {
        let text = format!("{bound}, and a rule has a wildcard for {of}.");
        (severity, Reason::new(ReasonCode::WildcardInRole, text))
    };
    kinds.map(problem).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::unread;
    use crate::evaluation::rbac::tests::{add_role, bind, empty, name, rule, verdict_in, verdicts};
    use crate::facts::kubernetes::{ApiList, KubernetesCluster};
    use crate::verdict::Outcome::{self, Failed, NotApplicable, NotAvailable, Passed};

    const MEDIUM: Outcome = Failed(Severity::Medium);
    const LOW: Outcome = Failed(Severity::Low);

    fn path(path: &str) -> Rule {
        Rule {
            verbs: vec!["get".into()],
            non_resource_urls: vec![path.into()],
            ..Rule::default()
        }
    }

    /// Returns a cluster with a role of these rules.
    fn with(rules: &[Rule], subjects: Option<&[&str]>) -> KubernetesCluster {
        let mut facts = empty();
        add_role(&mut facts, ("", "role"), rules);
        if let Some(subjects) = subjects {
            bind(&mut facts, ("shop", "b"), ("", "role"), subjects);
        }
        facts
    }

    #[test]
    fn each_wildcard_fails() {
        for (rule, bound, unbound) in [
            (rule("get,list", "", "pods", ""), Passed, Passed),
            (rule("get", "*", "*", ""), MEDIUM, LOW),
            (rule("*", "", "configmaps", ""), MEDIUM, LOW),
            (rule("*", "example.com", "widgets", ""), MEDIUM, LOW),
            (rule("get", "*", "deployments", ""), LOW, LOW),
            (rule("get", "apps", "*/scale", ""), LOW, LOW),
            (rule("get", "apps", "deployments/scale", ""), Passed, Passed),
            (rule("*", "*", "*", ""), NotApplicable, LOW),
            (path("*"), LOW, LOW),
            (path("/healthz/*"), Passed, Passed),
        ] {
            let rules = [rule];
            for (subjects, expected) in [
                (Some(&["User:a"][..]), bound),
                (Some(&[]), unbound),
                (None, unbound),
            ] {
                let facts = with(&rules, subjects);
                let verdict = verdicts(&facts, CHECK.id, "{}").pop().unwrap().1;
                assert_eq!(verdict.outcome, expected, "{rules:?} {subjects:?}");
            }
        }
    }

    #[test]
    fn the_text_names_the_wildcards() {
        let facts = with(&[rule("*", "*", "pods", "")], Some(&["User:a"]));
        let verdict = verdict_in(&facts, CHECK.id, "{}");
        assert_eq!(
            verdict.explanation(),
            "The role is bound, and a rule has a wildcard for verbs. The role is bound, \
             and a rule has a wildcard for API groups."
        );
    }

    #[test]
    fn a_role_is_built_in_by_its_label_and_its_name() {
        for (name_of_role, is_labelled_default, expected) in [
            ("system:kube-controller-manager", true, Passed),
            ("system:kube-controller-manager", false, LOW),
            ("system:mine", true, LOW),
            ("eks:addon-manager", false, Passed),
        ] {
            let mut facts = empty();
            add_role(&mut facts, ("", name_of_role), &[rule("*", "", "pods", "")]);
            let role = facts.rbac.roles.get_mut(&name("", name_of_role)).unwrap();
            role.is_labelled_default = is_labelled_default;
            let verdict = verdict_in(&facts, CHECK.id, "{}");
            assert_eq!(verdict.outcome, expected, "{name_of_role}");
        }
    }

    #[test]
    fn a_role_passes_if_all_its_subjects_are_allowed() {
        let allowed = r#"{"allowedSubjects": "User:a"}"#;
        for (subjects, expected) in [
            (Some(&["User:a"][..]), Passed),
            (Some(&["User:a", "User:b"]), MEDIUM),
            (None, LOW),
        ] {
            let facts = with(&[rule("*", "", "pods", "")], subjects);
            let verdict = verdict_in(&facts, CHECK.id, allowed);
            assert_eq!(verdict.outcome, expected, "{subjects:?}");
        }
    }

    #[test]
    fn without_all_bindings_only_bound_roles_fail() {
        let rules = [rule("*", "", "pods", "")];
        for (rules, subjects, expected) in [
            (&rules[..], Some(&["User:a"][..]), Some(MEDIUM)),
            (&rules, None, None),
            (&[], None, Some(Passed)),
        ] {
            let mut facts = with(rules, subjects);
            facts.lists.insert(ApiList::RoleBindings, Err(unread()));
            let found = verdicts(&facts, CHECK.id, "{}").pop();
            assert_eq!(found.map(|(_, verdict)| verdict.outcome), expected);
        }
        let mut facts = with(&[], None);
        let role = facts.rbac.roles.get_mut(&name("", "role")).unwrap();
        role.has_unread_rules = true;
        assert_eq!(verdict_in(&facts, CHECK.id, "{}").outcome, NotAvailable);
    }
}
