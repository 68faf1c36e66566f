use super::*;
use crate::evaluation::rbac::tests::{add_role, bind, empty, rule, verdict_in, verdict_of};
use crate::facts::kubernetes::Rule;
use crate::verdict::Outcome::{self, Failed, NotApplicable, Passed};

const HIGH: Outcome = Failed(High);
const MEDIUM: Outcome = Failed(Medium);
const LOW: Outcome = Failed(Low);

/// Returns the outcome for a binding in the namespace to a role with these rules, in a cluster with this mode.
fn outcome(mode: &str, namespace: &'static str, rules: &[Rule]) -> Outcome {
    let mut facts = empty();
    facts.authentication_mode = AuthenticationMode::read(mode);
    add_role(&mut facts, ("", "role"), rules);
    add_role(&mut facts, ("", "god"), &[rule("*", "*", "*", "")]);
    bind(&mut facts, (namespace, "b"), ("", "role"), &["User:x"]);
    verdict_in(&facts, CHECK.id, "{}").outcome
}

/// A rule, and the outcomes for it in the whole cluster, in `kube-system` and in another namespace.
type Row = (Rule, Outcome, Outcome, Outcome);

fn assert_rows<const N: usize>(rows: [Row; N]) {
    for (rule, in_cluster, in_kube_system, in_namespace) in rows {
        let rules = [rule];
        for (namespace, expected) in [
            ("", in_cluster),
            ("kube-system", in_kube_system),
            ("shop", in_namespace),
        ] {
            let found = outcome("API_AND_CONFIG_MAP", namespace, &rules);
            assert_eq!(found, expected, "{namespace} {rules:?}");
        }
    }
}

#[test]
fn rights_on_the_cluster_have_their_severities() {
    assert_rows([
        (
            rule("escalate", RBAC, "clusterroles", ""),
            HIGH,
            Passed,
            Passed,
        ),
        (rule("escalate", RBAC, "roles", ""), HIGH, MEDIUM, MEDIUM),
        (rule("bind", RBAC, "clusterroles", ""), HIGH, MEDIUM, MEDIUM),
        (rule("bind", RBAC, "clusterroles", "view"), LOW, LOW, LOW),
        (
            rule("bind", RBAC, "clusterroles", "view,cluster-admin"),
            HIGH,
            MEDIUM,
            MEDIUM,
        ),
        (
            rule("bind", RBAC, "clusterroles", "god"),
            HIGH,
            MEDIUM,
            MEDIUM,
        ),
        (
            rule("impersonate", "", "users,groups", ""),
            HIGH,
            Passed,
            Passed,
        ),
        (
            rule("impersonate", "", "serviceaccounts", ""),
            HIGH,
            MEDIUM,
            MEDIUM,
        ),
        (
            rule("impersonate", AUTHENTICATION, "uids", ""),
            HIGH,
            Passed,
            Passed,
        ),
        (
            rule("impersonate", AUTHENTICATION, "userextras/scopes", ""),
            HIGH,
            Passed,
            Passed,
        ),
        (
            rule("patch", ADMISSION, "mutatingwebhookconfigurations", ""),
            HIGH,
            Passed,
            Passed,
        ),
        (
            rule("create", ADMISSION, "validatingadmissionpolicybindings", ""),
            HIGH,
            Passed,
            Passed,
        ),
        (
            rule("create", "", "persistentvolumes", ""),
            HIGH,
            Passed,
            Passed,
        ),
        (rule("get", "", "nodes/proxy", ""), HIGH, Passed, Passed),
    ]);
}

#[test]
fn rights_on_objects_in_namespaces_have_their_severities() {
    assert_rows([
        (
            rule("create", "", "serviceaccounts/token", ""),
            HIGH,
            HIGH,
            MEDIUM,
        ),
        (
            rule("create", "", "serviceaccounts/token", "ci"),
            HIGH,
            HIGH,
            MEDIUM,
        ),
        (rule("create", "", "pods", ""), HIGH, HIGH, LOW),
        (rule("create", "", "pods", "x"), Passed, Passed, Passed),
        (rule("*", "", "pods/*", ""), Passed, Passed, Passed),
        (
            rule("get,list,watch", "", "pods,pods/log", ""),
            Passed,
            Passed,
            Passed,
        ),
        (rule("patch", "apps", "deployments", ""), HIGH, HIGH, LOW),
        (
            rule("patch", "apps", "deployments/scale,deployments/status", ""),
            Passed,
            Passed,
            Passed,
        ),
        (rule("update", "batch", "cronjobs", ""), HIGH, HIGH, LOW),
        (rule("create", "", "pods/exec", ""), HIGH, HIGH, LOW),
        (rule("get", "", "pods/exec", ""), HIGH, HIGH, LOW),
        (rule("create", "", "*/exec", ""), HIGH, HIGH, LOW),
        (
            rule("patch", "", "pods/ephemeralcontainers", ""),
            HIGH,
            HIGH,
            LOW,
        ),
        (rule("patch", "", "namespaces", ""), MEDIUM, MEDIUM, MEDIUM),
        (rule("create", RBAC, "rolebindings", ""), MEDIUM, LOW, LOW),
        (
            rule("create", RBAC, "clusterrolebindings", ""),
            MEDIUM,
            Passed,
            Passed,
        ),
        (
            rule("patch", "", "configmaps", "aws-auth"),
            HIGH,
            HIGH,
            Passed,
        ),
        (rule("update", "", "configmaps", ""), HIGH, HIGH, Passed),
        (
            rule("create", "", "configmaps", "aws-auth"),
            Passed,
            Passed,
            Passed,
        ),
        (
            rule("patch", "", "configmaps", "settings"),
            Passed,
            Passed,
            Passed,
        ),
        (
            rule("*", "*", "*", ""),
            NotApplicable,
            NotApplicable,
            NotApplicable,
        ),
    ]);
}

#[test]
fn approval_needs_two_rights() {
    let request = rule(
        "update",
        CERTIFICATES,
        "certificatesigningrequests/approval",
        "",
    );
    let signer = rule(
        "approve",
        CERTIFICATES,
        "signers",
        "kubernetes.io/kube-apiserver-client",
    );
    for (rules, expected) in [
        (vec![request.clone(), signer.clone()], HIGH),
        (vec![request], Passed),
        (vec![signer], Passed),
    ] {
        assert_eq!(outcome("API", "", &rules), expected, "{rules:?}");
        assert_eq!(outcome("API", "shop", &rules), Passed);
    }
}

#[test]
fn the_config_map_matters_unless_the_mode_is_api() {
    let rules = [rule("patch", "", "configmaps", "aws-auth")];
    for (mode, expected) in [
        ("API", Passed),
        ("API_AND_CONFIG_MAP", HIGH),
        ("CONFIG_MAP", HIGH),
        ("", HIGH),
    ] {
        assert_eq!(outcome(mode, "", &rules), expected, "{mode}");
    }
}

#[test]
fn roles_of_editors_are_low_in_a_namespace() {
    for (namespace, role, expected) in [
        ("", "edit", HIGH),
        ("", "admin", HIGH),
        ("", "view", Passed),
        ("shop", "edit", LOW),
        ("shop", "admin", LOW),
        ("shop", "view", Passed),
        ("kube-system", "edit", HIGH),
    ] {
        let mut facts = empty();
        bind(&mut facts, (namespace, "b"), ("", role), &["Group:team"]);
        let verdict = verdict_in(&facts, CHECK.id, "{}");
        assert_eq!(verdict.outcome, expected, "{namespace} {role}");
    }
    // A right that the role does not have by design counts as in any other role.
    let mut facts = empty();
    let edit = crate::evaluation::rbac::tests::name("", "edit");
    let role = facts.rbac.roles.get_mut(&edit).unwrap();
    role.rules.push(rule("bind", RBAC, "clusterroles", ""));
    bind(&mut facts, ("shop", "b"), ("", "edit"), &["Group:team"]);
    let verdict = verdict_in(&facts, CHECK.id, "{}");
    assert_eq!(verdict.outcome, MEDIUM);
}

#[test]
fn the_text_lists_the_rights_by_severity() {
    let rules = [
        rule("create", "", "pods", ""),
        rule("create", "", "serviceaccounts/token", "ci"),
        rule("get", "", "pods/exec", ""),
    ];
    let verdict = verdict_of(CHECK.id, "shop", &rules, &["User:a"]);
    assert_eq!(
        verdict.explanation(),
        "ClusterRole/role grants User a these rights in the namespace shop: \
         create tokens of service accounts (only ci). ClusterRole/role grants User a these rights in the namespace shop: \
         create pods, run commands in pods."
    );
}
