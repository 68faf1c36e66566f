use serde_json::{Value, json};

use super::*;
use crate::checks::samples::{kubernetes_cluster, settings, unread, workload};
use crate::evaluation::rbac::tests::{add_role, bind, rule};
use crate::evaluation::workloads::tests::{cluster, objects_of, pod};
use crate::facts::kubernetes::{Namespace, Workload};
use crate::verdict::Outcome;
use crate::verdict::Outcome::{Failed, NotApplicable, NotAvailable, Passed};

const LOW: Outcome = Failed(Severity::Low);

/// Returns a pod of this account that mounts a volume with a token for each audience.
fn with_tokens(account: &str, audiences: &[Value]) -> Value {
    let sources = audiences
        .iter()
        .map(|audience| json!({"serviceAccountToken": {"path": "token", "audience": audience}}));
    json!({
        "serviceAccountName": account,
        "containers": [{"name": "app", "volumeMounts": [{"name": "token", "mountPath": "/t"}]}],
        "volumes": [{"name": "token", "projected": {"sources": sources.collect::<Vec<_>>()}}],
    })
}

/// Returns a pod of the account `web` with this setting.
fn with_automount(setting: &Value) -> Value {
    json!({
        "serviceAccountName": "web",
        "automountServiceAccountToken": setting,
        "containers": [{"name": "app"}],
    })
}

/// Returns a cluster with a workload that has no template, and running pods with these settings.
fn running(spec: &Value) -> KubernetesCluster {
    KubernetesCluster {
        workloads: vec![Workload {
            template: None,
            ..workload(&pod(spec))
        }],
        ..kubernetes_cluster()
    }
}

/// Returns a cluster with a workload that has no pods, and with the account `web` with this setting.
fn template(spec: &Value, account: Option<Field<bool>>) -> KubernetesCluster {
    let mut facts = KubernetesCluster {
        workloads: vec![Workload {
            running: Vec::new(),
            ..workload(&pod(spec))
        }],
        ..kubernetes_cluster()
    };
    let accounts = &mut facts.namespaces.get_mut("shop").unwrap().service_accounts;
    accounts.extend(account.map(|setting| ("web".to_owned(), setting)));
    facts
}

/// Binds a subject to a role in the namespace `shop`.
fn bound(mut facts: KubernetesCluster, subject: &str) -> KubernetesCluster {
    add_role(
        &mut facts,
        ("shop", "reader"),
        &[rule("get", "", "pods", "")],
    );
    bind(
        &mut facts,
        ("shop", "reader"),
        ("shop", "reader"),
        &[subject],
    );
    facts
}

/// Returns the outcome and the codes of a workload.
fn result_of(facts: &KubernetesCluster, parameters: &str) -> (Outcome, Vec<&'static str>) {
    let objects = objects_of(&CHECK, facts, parameters).into_iter();
    let mut workloads = objects.filter(|object| object.name == "shop/Deployment/web");
    let verdict = workloads.next().unwrap().verdict;
    (verdict.outcome, verdict.codes())
}

/// Returns the outcome and the codes of the default account, if it is evaluated.
fn default_account(
    facts: &KubernetesCluster,
    parameters: &str,
) -> Option<(Outcome, Vec<&'static str>)> {
    let objects = objects_of(&CHECK, facts, parameters).into_iter();
    let mut accounts = objects.filter(|object| object.name == "shop/ServiceAccount/default");
    let verdict = accounts.next()?.verdict;
    Some((verdict.outcome, verdict.codes()))
}

/// Returns the outcomes of the findings about namespaces, by name.
fn findings_of(facts: &KubernetesCluster, parameters: &str) -> Vec<(String, Outcome)> {
    let settings = settings(CHECK.parameters, parameters);
    let subjects = EvaluateTokens
        .subjects(&cluster(), facts, &settings)
        .into_iter();
    let unit = CHECK.unit();
    let findings = subjects.flat_map(|subject| unit.roll_up(subject, 500));
    findings
        .map(|finding| {
            let (_, name) = finding.resource.name().rsplit_once('/').unwrap();
            (name.to_owned(), finding.verdict.outcome)
        })
        .collect()
}

#[test]
fn running_pods_are_evaluated_by_their_volumes() {
    let unused: &[&str] = &["TOKEN_UNUSED"];
    let passed: &[&str] = &["WORKLOAD_PASSED"];
    let read_failed: &[&str] = &["READ_FAILED"];
    let mut unmounted = with_tokens("web", &[json!(null)]);
    unmounted["containers"][0]["volumeMounts"] = json!(null);
    let mut by_init = unmounted.clone();
    by_init["initContainers"] = json!([{"name": "init", "volumeMounts": [{"name": "token"}]}]);
    let mut by_debugger = unmounted.clone();
    by_debugger["ephemeralContainers"] =
        json!([{"name": "debug", "volumeMounts": [{"name": "token"}]}]);
    let mut half_known = with_tokens("web", &[json!(null)]);
    half_known["initContainers"] = json!(7);
    let mut unknown_containers = unmounted.clone();
    unknown_containers["containers"] = json!(7);
    let mut unknown_mount = unmounted.clone();
    unknown_mount["containers"][0]["volumeMounts"] = json!([{"name": 7}]);
    for (spec, outcome, codes) in [
        (with_tokens("web", &[json!(null)]), LOW, unused),
        (with_tokens("web", &[json!("")]), LOW, unused),
        (with_tokens("web", &[json!(API_SERVER)]), LOW, unused),
        (
            with_tokens("web", &[json!("sts.amazonaws.com")]),
            Passed,
            passed,
        ),
        (
            with_tokens("web", &[json!("pods.eks.amazonaws.com")]),
            Passed,
            passed,
        ),
        (
            with_tokens("web", &[json!("sts.amazonaws.com"), json!(null)]),
            LOW,
            unused,
        ),
        (
            with_tokens("default", &[json!(null)]),
            LOW,
            &["DEFAULT_ACCOUNT"],
        ),
        (with_tokens("", &[json!(null)]), LOW, &["DEFAULT_ACCOUNT"]),
        (with_tokens("web", &[json!(7)]), NotAvailable, read_failed),
        // The order of the sources of a volume has no effect.
        (with_tokens("web", &[json!(7), json!(null)]), LOW, unused),
        (with_tokens("web", &[json!(null), json!(7)]), LOW, unused),
        (unmounted, Passed, passed),
        (by_init, LOW, unused),
        (by_debugger, LOW, unused),
        (half_known, LOW, unused),
        (unknown_mount, NotAvailable, read_failed),
        // The setting has had its effect when the pod was admitted.
        (with_automount(&json!(true)), Passed, passed),
        (with_automount(&json!(null)), Passed, passed),
        (json!({"containers": 7}), Passed, passed),
        (unknown_containers, NotAvailable, read_failed),
        (json!({"volumes": 7}), NotAvailable, read_failed),
    ] {
        let found = result_of(&running(&spec), "{}");
        assert_eq!(found, (outcome, codes.to_vec()), "{spec}");
    }
}

#[test]
fn templates_are_evaluated_by_the_settings_of_the_pod_and_its_account() {
    let unused: &[&str] = &["TOKEN_UNUSED"];
    let passed: &[&str] = &["WORKLOAD_PASSED"];
    let on = || Some(Field::Value(true));
    let off = || Some(Field::Value(false));
    for (setting, account, outcome, codes) in [
        (json!(null), None, LOW, unused),
        (json!(null), Some(Field::Absent), LOW, unused),
        (json!(null), on(), LOW, unused),
        (json!(null), off(), Passed, passed),
        (json!(true), off(), LOW, unused),
        (json!(false), on(), Passed, passed),
        (
            json!(null),
            Some(Field::Invalid),
            NotAvailable,
            &["READ_FAILED"],
        ),
        (json!("no"), off(), NotAvailable, &["READ_FAILED"]),
    ] {
        let facts = template(&with_automount(&setting), account);
        let found = result_of(&facts, "{}");
        assert_eq!(found, (outcome, codes.to_vec()), "{setting} {account:?}");
    }
    // A volume mounts a token, whatever the setting is.
    let mut explicit = with_tokens("web", &[json!(null)]);
    explicit["automountServiceAccountToken"] = json!(false);
    assert_eq!(result_of(&template(&explicit, off()), "{}").0, LOW);
    let mut for_aws = with_tokens("web", &[json!("sts.amazonaws.com")]);
    for_aws["automountServiceAccountToken"] = json!(false);
    assert_eq!(result_of(&template(&for_aws, on()), "{}").0, Passed);
}

#[test]
fn accounts_with_a_binding_need_their_tokens() {
    let token = with_tokens("web", &[json!(null)]);
    for (subject, expected) in [
        ("ServiceAccount:shop/web", Passed),
        ("Group:system:serviceaccounts:shop", Passed),
        ("Group:system:serviceaccounts", Passed),
        ("ServiceAccount:bank/web", LOW),
        ("Group:system:authenticated", LOW),
    ] {
        let facts = bound(running(&token), subject);
        assert_eq!(result_of(&facts, "{}").0, expected, "{subject}");
    }
    let shared = running(&with_tokens("default", &[json!(null)]));
    let shared = bound(shared, "ServiceAccount:shop/default");
    assert_eq!(result_of(&shared, "{}"), (LOW, vec!["DEFAULT_ACCOUNT"]));
}

#[test]
fn unread_bindings_matter_only_to_pods_with_a_token_of_their_own_account() {
    for (spec, expected) in [
        (with_tokens("web", &[json!(null)]), NotAvailable),
        (with_tokens("default", &[json!(null)]), LOW),
        (with_tokens("web", &[json!("sts.amazonaws.com")]), Passed),
    ] {
        let mut facts = running(&spec);
        facts.lists.insert(ApiList::RoleBindings, Err(unread()));
        assert_eq!(result_of(&facts, "{}").0, expected, "{spec}");
    }
}

#[test]
fn unread_accounts_matter_only_where_their_setting_does() {
    let unread_accounts = |mut facts: KubernetesCluster| {
        facts.lists.insert(ApiList::ServiceAccounts, Err(unread()));
        facts
    };
    let denied = || (NotAvailable, vec!["ACCESS_DENIED"]);
    let off = with_automount(&json!(false));
    let unset = with_automount(&json!(null));
    let passed = || (Passed, vec!["WORKLOAD_PASSED"]);
    for (facts, expected) in [
        (template(&unset, None), denied()),
        (template(&unset, Some(Field::Value(false))), passed()),
        (template(&off, None), passed()),
        (running(&unset), passed()),
    ] {
        assert_eq!(result_of(&unread_accounts(facts), "{}"), expected);
    }
    let mut facts = unread_accounts(running(&off));
    facts.namespaces.insert("shop".into(), Namespace::default());
    assert_eq!(default_account(&facts, "{}"), Some(denied()));
    assert_eq!(findings_of(&facts, "{}"), [("shop".into(), NotAvailable)]);
    let parameters = r#"{"checkDefaultAccount": false}"#;
    assert_eq!(findings_of(&facts, parameters), [("shop".into(), Passed)]);
}

#[test]
fn only_certain_problems_count_while_pods_are_unread() {
    for (setting, expected) in [(json!(true), Some(LOW)), (json!(null), None)] {
        let mut facts = template(&with_automount(&setting), Some(Field::Absent));
        facts.lists.insert(ApiList::Pods, Err(unread()));
        let objects = objects_of(&CHECK, &facts, "{}").into_iter();
        let mut workloads = objects.filter(|object| object.name == "shop/Deployment/web");
        let found = workloads.next().map(|object| object.verdict.outcome);
        assert_eq!(found, expected, "{setting}");
        let finding = expected.unwrap_or(NotAvailable);
        assert_eq!(findings_of(&facts, "{}"), [("shop".into(), finding)]);
    }
}

#[test]
fn the_default_account_should_not_mount_its_token() {
    let facts = |setting: Option<Field<bool>>| {
        let mut facts = running(&with_automount(&json!(false)));
        let accounts = setting.map(|setting| (DEFAULT_ACCOUNT.to_owned(), setting));
        let namespace = Namespace {
            service_accounts: accounts.into_iter().collect(),
            ..Namespace::default()
        };
        facts.namespaces.insert("shop".into(), namespace);
        facts
    };
    for (setting, expected) in [
        (Some(Field::Absent), Some((LOW, vec!["DEFAULT_AUTOMOUNT"]))),
        (
            Some(Field::Value(true)),
            Some((LOW, vec!["DEFAULT_AUTOMOUNT"])),
        ),
        (
            Some(Field::Value(false)),
            Some((Passed, vec!["DEFAULT_AUTOMOUNT_OFF"])),
        ),
        (
            Some(Field::Invalid),
            Some((NotAvailable, vec!["READ_FAILED"])),
        ),
        (None, None),
    ] {
        assert_eq!(default_account(&facts(setting), "{}"), expected);
    }
    let on = facts(Some(Field::Absent));
    assert_eq!(findings_of(&on, "{}"), [("shop".into(), LOW)]);
    let unchecked = r#"{"checkDefaultAccount": "false"}"#;
    assert_eq!(default_account(&on, unchecked), None);
    let allowed = r#"{"allowedAccounts": "shop/default"}"#;
    let excepted = Some((Passed, vec!["EXCEPTED_BY_PARAMETER", "DEFAULT_AUTOMOUNT"]));
    assert_eq!(default_account(&on, allowed), excepted);
    // An account that passes needs no exception, and one that can't be read has none.
    let off = facts(Some(Field::Value(false)));
    let passed = Some((Passed, vec!["DEFAULT_AUTOMOUNT_OFF"]));
    assert_eq!(default_account(&off, allowed), passed);
    let invalid = facts(Some(Field::Invalid));
    let unread = Some((NotAvailable, vec!["READ_FAILED"]));
    assert_eq!(default_account(&invalid, allowed), unread);
}

#[test]
fn allowed_accounts_may_mount_their_tokens() {
    let facts = running(&with_tokens("web", &[json!(null)]));
    for (allowed, expected) in [
        ("shop/web", (Passed, vec!["EXCEPTED_BY_PARAMETER"])),
        ("bank/web", (LOW, vec!["TOKEN_UNUSED"])),
        ("web", (LOW, vec!["TOKEN_UNUSED"])),
    ] {
        let parameters = json!({"allowedAccounts": allowed}).to_string();
        assert_eq!(result_of(&facts, &parameters), expected, "{allowed}");
    }
    let allowed = r#"{"allowedAccounts": "shop/web"}"#;
    // The exception decides, whatever bindings grant.
    let mut unknown = facts.clone();
    unknown.lists.insert(ApiList::RoleBindings, Err(unread()));
    assert_eq!(
        result_of(&unknown, allowed),
        (Passed, vec!["EXCEPTED_BY_PARAMETER"])
    );
    // An account that needs its token passes without an exception.
    let needed = bound(facts, "ServiceAccount:shop/web");
    assert_eq!(
        result_of(&needed, allowed),
        (Passed, vec!["WORKLOAD_PASSED"])
    );
}

#[test]
fn the_finding_about_a_namespace_names_what_passes_because_of_allowed_accounts() {
    let mut facts = running(&with_tokens("web", &[json!(null)]));
    let accounts = &mut facts.namespaces.get_mut("shop").unwrap().service_accounts;
    accounts.insert(DEFAULT_ACCOUNT.to_owned(), Field::Absent);
    let parameters = r#"{"allowedAccounts": "shop/web,shop/default"}"#;
    let settings = settings(CHECK.parameters, parameters);
    let subjects = EvaluateTokens.subjects(&cluster(), &facts, &settings);
    let findings = subjects.into_iter();
    let findings = findings.flat_map(|subject| CHECK.unit().roll_up(subject, 500));
    let texts: Vec<String> = findings
        .map(|finding| finding.verdict.explanation())
        .collect();
    let expected = "None of the objects failed. \
         The parameter allowedAccounts allows the service account default (1 object: shop/ServiceAccount/default). \
         The parameter allowedAccounts allows the service account web (1 object: shop/Deployment/web).";
    assert_eq!(texts, [expected]);
}

#[test]
fn namespaces_without_workloads_are_evaluated_for_their_default_account() {
    let namespace = |setting: Option<bool>, is_terminating| Namespace {
        service_accounts: [(
            DEFAULT_ACCOUNT.to_owned(),
            setting.map_or(Field::Absent, Field::Value),
        )]
        .into(),
        is_terminating,
        ..Namespace::default()
    };
    let mut facts = KubernetesCluster {
        namespaces: [
            ("closed".to_owned(), namespace(Some(false), false)),
            ("ending".to_owned(), namespace(None, true)),
            ("open".to_owned(), namespace(None, false)),
        ]
        .into(),
        workloads: Vec::new(),
        ..kubernetes_cluster()
    };
    let row = |name: &str, outcome| (name.to_owned(), outcome);
    assert_eq!(
        findings_of(&facts, "{}"),
        [row("closed", Passed), row("open", LOW)]
    );
    // There may be workloads that are not known.
    facts.lists.insert(ApiList::Deployments, Err(unread()));
    assert_eq!(
        findings_of(&facts, "{}"),
        [row("closed", NotAvailable), row("open", LOW)]
    );
}

#[test]
fn a_namespace_that_is_being_deleted_is_left_alone() {
    let mut facts = running(&with_tokens("web", &[json!(null)]));
    facts.namespaces.get_mut("shop").unwrap().is_terminating = true;
    assert_eq!(findings_of(&facts, "{}"), [("shop".into(), NotApplicable)]);
}

#[test]
fn pods_do_not_differ_from_a_template_without_a_setting() {
    let mut admitted = with_tokens("web", &[json!(null)]);
    for name in ["/volumes/0/name", "/containers/0/volumeMounts/0/name"] {
        *admitted.pointer_mut(name).unwrap() = json!("kube-api-access-x7k2p");
    }
    let admitted: PodSpec = serde_json::from_value(admitted).unwrap();
    let reduced = std::sync::Arc::new(admitted.reduced());
    let mut facts = template(&with_automount(&json!(null)), Some(Field::Absent));
    facts.workloads[0].running = workload(&reduced).running;
    let objects = objects_of(&CHECK, &facts, "{}");
    let text = objects[0].verdict.explanation();
    let expected =
        "Pods mount a token of their service account, to which no binding grants a role.";
    assert_eq!(text, expected);
}
