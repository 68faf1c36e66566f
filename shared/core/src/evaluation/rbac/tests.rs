//! The evaluation of bindings and roles, with the checks of administrators, of Secrets and of wildcards.

use super::*;
use crate::check::{Check, Evaluated};
use crate::checks::find;
use crate::checks::samples::{kubernetes_cluster, unread};
use crate::evaluation::workloads::tests::{cluster, objects_of};
use crate::facts::kubernetes::Namespace;
use crate::roll_up::RolledUp;
use crate::verdict::Outcome;

const HIGH: Outcome = Outcome::Failed(Severity::High);

/// A name: the namespace, which is empty for an object of the whole cluster, and the name in it.
pub(crate) type Name = (&'static str, &'static str);

pub(crate) fn name(namespace: &str, name: &str) -> RbacName {
    RbacName {
        namespace: (!namespace.is_empty()).then(|| namespace.to_owned()),
        name: name.to_owned(),
    }
}

/// Returns the subject that a parameter names by this text.
pub(crate) fn subject(text: &str) -> RoleSubject {
    let (kind, name) = text.split_once(':').unwrap();
    match kind {
        "User" => RoleSubject::User(name.to_owned()),
        "Group" => RoleSubject::Group(name.to_owned()),
        _ => {
            let (namespace, name) = name.split_once('/').unwrap();
            RoleSubject::ServiceAccount {
                namespace: namespace.to_owned(),
                name: name.to_owned(),
            }
        }
    }
}

/// Returns a rule of these texts, which are separated by commas. An empty text stands for no names, and for the core
/// group.
pub(crate) fn rule(verbs: &str, groups: &str, resources: &str, names: &str) -> Rule {
    let split = |texts: &str| texts.split(',').map(str::to_owned).collect::<Vec<_>>();
    Rule {
        verbs: split(verbs),
        api_groups: split(groups),
        resources: split(resources),
        resource_names: if names.is_empty() {
            Vec::new()
        } else {
            split(names)
        },
        non_resource_urls: Vec::new(),
    }
}

/// Returns a cluster with the well-known roles and without bindings.
pub(crate) fn empty() -> KubernetesCluster {
    let mut facts = kubernetes_cluster();
    for well_known in ["cluster-admin", "admin", "edit", "view"] {
        let name = name("", well_known);
        let role = assumed(&name).unwrap();
        facts.rbac.roles.insert(name, role);
    }
    facts
}

pub(crate) fn add_role(facts: &mut KubernetesCluster, (namespace, role): Name, rules: &[Rule]) {
    let role_with = Role {
        rules: rules.to_vec(),
        ..Role::default()
    };
    facts.rbac.roles.insert(name(namespace, role), role_with);
}

pub(crate) fn bind(facts: &mut KubernetesCluster, binding: Name, role: Name, subjects: &[&str]) {
    let bound = Binding {
        role: Some(name(role.0, role.1)),
        subjects: subjects.iter().map(|text| subject(text)).collect(),
        has_unread_subjects: false,
    };
    facts
        .rbac
        .bindings
        .insert(name(binding.0, binding.1), bound);
}

/// Returns the verdict about a binding to a role with these rules.
pub(crate) fn verdict_of(
    check: &str,
    namespace: &'static str,
    rules: &[Rule],
    subjects: &[&str],
) -> Verdict {
    let mut facts = empty();
    add_role(&mut facts, ("", "role"), rules);
    bind(&mut facts, (namespace, "binding"), ("", "role"), subjects);
    verdict_in(&facts, check, "{}")
}

/// Returns the verdict about the only binding, or the only role that is not well-known.
pub(crate) fn verdict_in(facts: &KubernetesCluster, check: &str, parameters: &str) -> Verdict {
    let [(_, verdict)] = <[_; 1]>::try_from(verdicts(facts, check, parameters)).unwrap();
    verdict
}

/// Returns the verdicts about objects, with their names, without those about well-known roles.
pub(crate) fn verdicts(
    facts: &KubernetesCluster,
    check: &str,
    parameters: &str,
) -> Vec<(String, Verdict)> {
    let objects = objects_of(find(check).unwrap(), facts, parameters).into_iter();
    let objects = objects.map(|object| (object.name, object.verdict));
    let well_known =
        ["cluster-admin", "admin", "edit", "view"].map(|name| format!("ClusterRole/{name}"));
    objects
        .filter(|(name, _)| !well_known.contains(name))
        .collect()
}

fn administrators() -> &'static Check {
    find("k8s-rbac-cluster-admin").unwrap()
}

/// Returns the verdicts from which findings are created.
fn rolled_up(check: &Check, facts: &KubernetesCluster, parameters: &str) -> Vec<RolledUp> {
    let settings = crate::checks::samples::settings(check.parameters, parameters);
    let evaluated = check.evaluate.evaluate(&cluster(), facts, &settings);
    let Some(Evaluated::Objects(subjects)) = evaluated else {
        panic!("{} evaluates objects", check.id);
    };
    let subjects = subjects.into_iter();
    subjects
        .flat_map(|subject| check.unit().roll_up(subject, 500))
        .collect()
}

#[test]
fn bindings_that_grant_nothing_are_counted() {
    let mut facts = empty();
    bind(&mut facts, ("", "nobody"), ("", "cluster-admin"), &[]);
    bind(&mut facts, ("", "dangling"), ("", "gone"), &["User:a"]);
    bind(
        &mut facts,
        ("shop", "other"),
        ("shop", "cluster-admin"),
        &["User:a"],
    );
    let found = rolled_up(administrators(), &facts, "{}");
    let outcomes: Vec<_> = found.iter().map(|one| one.verdict.outcome).collect();
    let n_a = Outcome::NotApplicable;
    assert_eq!(outcomes, [n_a, n_a, n_a, Outcome::Passed]);
    assert_eq!(
        found[3].verdict.explanation(),
        "There are no bindings to evaluate. Bindings without subjects, or to roles that do not exist: 3."
    );
}

#[test]
fn built_in_bindings_pass_with_their_own_subjects_only() {
    let mut facts = empty();
    let binding = ("", "cluster-admin");
    bind(&mut facts, binding, binding, &["Group:system:masters"]);
    let found = rolled_up(administrators(), &facts, "{}");
    assert_eq!(
        found[1].verdict.explanation(),
        "1 binding passed. Excepted, since Kubernetes or Amazon EKS creates it (1 binding: \
         ClusterRoleBinding/cluster-admin)."
    );
    assert_eq!(found[0].verdict.outcome, Outcome::Passed);
    assert_eq!(
        found[0].verdict.codes(),
        ["EXCEPTED_SYSTEM", "GRANTS_EVERYTHING"]
    );

    let subjects = ["Group:system:masters", "User:bob"];
    bind(&mut facts, binding, binding, &subjects);
    let verdict = verdict_in(&facts, "k8s-rbac-cluster-admin", "{}");
    assert_eq!(verdict.outcome, HIGH);
    assert_eq!(
        verdict.explanation(),
        "ClusterRole/cluster-admin grants User bob all rights in the \
         whole cluster."
    );
    let allowed = r#"{"allowedSubjects": "User:bob"}"#;
    let verdict = verdict_in(&facts, "k8s-rbac-cluster-admin", allowed);
    assert_eq!(verdict.outcome, Outcome::Passed);
    assert_eq!(verdict.codes()[0], "EXCEPTED_BY_PARAMETER");
}

#[test]
fn allowed_subjects_pass() {
    let subjects = ["User:a", "ServiceAccount:shop/web"];
    for (allowed, expected) in [
        ("", HIGH),
        ("User:a", HIGH),
        ("User:a,ServiceAccount:web", HIGH),
        ("User:a,ServiceAccount:shop/web", Outcome::Passed),
        ("*", HIGH),
    ] {
        let mut facts = empty();
        bind(&mut facts, ("", "b"), ("", "cluster-admin"), &subjects);
        let parameters = format!(r#"{{"allowedSubjects": "{allowed}"}}"#);
        let verdict = verdict_in(&facts, "k8s-rbac-cluster-admin", &parameters);
        assert_eq!(verdict.outcome, expected, "{allowed}");
    }
}

#[test]
fn well_known_roles_are_assumed_where_the_list_is_unread() {
    let mut facts = empty();
    facts.rbac.roles.clear();
    facts.lists.insert(ApiList::ClusterRoles, Err(unread()));
    bind(
        &mut facts,
        ("", "admin"),
        ("", "cluster-admin"),
        &["User:a"],
    );
    bind(&mut facts, ("", "other"), ("", "other"), &["User:a"]);
    bind(
        &mut facts,
        ("shop", "gone"),
        ("shop", "cluster-admin"),
        &["User:a"],
    );
    let found = rolled_up(administrators(), &facts, "{}");
    let found: Vec<_> = found
        .iter()
        .map(|one| (one.resource.name_in_parent(), one.verdict.outcome))
        .collect();
    assert_eq!(found.len(), 3, "{found:?}");
    assert_eq!(found[0].1, HIGH);
    assert_eq!(found[1].1, Outcome::NotApplicable);
    assert_eq!(found[2].1, Outcome::NotAvailable);
    for (role, secrets) in [
        ("admin", HIGH),
        ("edit", HIGH),
        ("view", Outcome::Passed),
        ("cluster-admin", Outcome::NotApplicable),
    ] {
        facts.rbac.bindings.clear();
        bind(&mut facts, ("", "b"), ("", role), &["User:a"]);
        let verdict = verdict_in(&facts, "k8s-rbac-secrets", "{}");
        assert_eq!(verdict.outcome, secrets, "{role}");
    }
}

#[test]
fn members_that_can_not_be_read_are_not_available_unless_others_fail() {
    for (has_unread_rules, has_unread_subjects, rules, expected) in [
        (
            true,
            false,
            rule("get", "", "pods", ""),
            Outcome::NotAvailable,
        ),
        (
            false,
            true,
            rule("get", "", "pods", ""),
            Outcome::NotAvailable,
        ),
        (true, true, rule("*", "*", "*", ""), HIGH),
        (false, false, rule("get", "", "pods", ""), Outcome::Passed),
    ] {
        let mut facts = empty();
        add_role(&mut facts, ("", "role"), &[rules]);
        bind(&mut facts, ("", "b"), ("", "role"), &["User:a"]);
        let rbac = &mut facts.rbac;
        rbac.roles
            .get_mut(&name("", "role"))
            .unwrap()
            .has_unread_rules = has_unread_rules;
        let binding = rbac.bindings.get_mut(&name("", "b")).unwrap();
        binding.has_unread_subjects = has_unread_subjects;
        let verdict = verdict_in(&facts, "k8s-rbac-cluster-admin", "{}");
        assert_eq!(verdict.outcome, expected);
    }
    let mut facts = empty();
    bind(&mut facts, ("", "b"), ("", "role"), &["User:a"]);
    facts.rbac.bindings.get_mut(&name("", "b")).unwrap().role = None;
    let verdict = verdict_in(&facts, "k8s-rbac-cluster-admin", "{}");
    assert_eq!(verdict.outcome, Outcome::NotAvailable);
}

#[test]
fn objects_in_a_namespace_that_is_being_deleted_are_left_alone() {
    let mut facts = empty();
    bind(
        &mut facts,
        ("shop", "b"),
        ("", "cluster-admin"),
        &["User:a"],
    );
    add_role(&mut facts, ("shop", "r"), &[rule("*", "", "pods", "")]);
    let terminating = Namespace {
        is_terminating: true,
        ..Namespace::default()
    };
    facts.namespaces.insert("shop".into(), terminating);
    for check in ["k8s-rbac-cluster-admin", "k8s-rbac-wildcards"] {
        assert_eq!(verdicts(&facts, check, "{}"), []);
    }
}

#[test]
fn nothing_is_reported_of_a_cluster_that_was_not_read() {
    let mut facts = empty();
    bind(&mut facts, ("", "b"), ("", "cluster-admin"), &["User:a"]);
    facts.unreachable = Some(unread());
    assert_eq!(rolled_up(administrators(), &facts, "{}"), []);
}
