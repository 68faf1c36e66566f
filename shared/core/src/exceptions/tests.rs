//! Exceptions for objects of all units.

use serde_json::json;

use super::*;
use crate::checks::samples::{kubernetes_cluster, settings, unread, workload};
use crate::checks::{find, read_parameters};
use crate::evaluation::workloads::tests::{cluster, pod, with_security};
use crate::facts::kubernetes::{
    ApiList, Binding, KubernetesCluster, Namespace, RbacName, RoleSubject,
};
use crate::observation::{Observation, State};
use crate::roll_up::{RolledUp, Sending};
use crate::severity::Severity::{High, Medium};
use crate::verdict::Outcome::{Failed, NotApplicable, NotAvailable, Passed};
use crate::verdict::Verdict;

/// Returns the findings of a check with these exceptions, as YAML or JSON writes them.
fn rolled_up(check: &str, facts: &KubernetesCluster, exceptions: &[(&str, &str)]) -> Vec<RolledUp> {
    let check = find(check).unwrap();
    let exceptions = exceptions.iter();
    let exceptions: Vec<_> = exceptions
        .map(|(object, reason)| json!({"object": object, "reason": reason}))
        .collect();
    let json = json!({"exceptions": exceptions}).to_string();
    let observation = Observation {
        resource: cluster(),
        observed_at: "2026-03-01T10:20:30Z".parse().unwrap(),
        state: State::present(facts.clone()),
    };
    let settings = settings(check.parameters, &json);
    check.verdicts(&observation, &settings, &|_, verdict| verdict)
}

fn privileged() -> KubernetesCluster {
    let spec = with_security(&json!({"privileged": true}));
    KubernetesCluster {
        workloads: vec![workload(&pod(&spec))],
        ..kubernetes_cluster()
    }
}

#[test]
fn an_excepted_workload_passes_and_is_named_with_the_reason() {
    let check = "k8s-pod-privileged";
    let object = "k8s-pod-privileged:shop/Deployment/w*";
    let found = rolled_up(check, &privileged(), &[(object, "SEC-77: reads")]);
    let [workload, about_cluster] = found.as_slice() else {
        panic!("{found:?}");
    };
    assert_eq!(workload.verdict.outcome, Passed);
    assert_eq!(workload.sending, Sending::OnRecovery);
    assert_eq!(
        workload.verdict.explanation(),
        "shop/Deployment/web passes. Excepted by a parameter: SEC-77: reads. Containers are privileged: \
         container app."
    );
    assert_eq!(about_cluster.verdict.outcome, Passed);
    assert_eq!(
        about_cluster.verdict.codes(),
        ["ALL_PASSED", "EXCEPTED_BY_PARAMETER"]
    );
    assert_eq!(
        about_cluster.verdict.explanation(),
        "1 workload passed. Excepted by a parameter: SEC-77: reads (1 workload: shop/Deployment/web)."
    );
    let [object] = about_cluster.verdict.objects.as_slice() else {
        panic!("{about_cluster:?}");
    };
    assert_eq!(
        (object.name.as_str(), object.outcome),
        ("shop/Deployment/web", Passed)
    );
    for other in [
        "k8s-pod-host-path:shop/Deployment/web",
        "*:other/Deployment/web",
        "*:shop/DaemonSet/web",
        "*:shop/Deployment/we",
        "*:/Namespace/shop",
    ] {
        let found = rolled_up(check, &privileged(), &[(other, "x")]);
        assert_eq!(found[0].verdict.outcome, Failed(High), "{other}");
    }
}

#[test]
fn exceptions_change_the_verdict_about_a_namespace() {
    let check = "k8s-pod-privilege-escalation";
    let facts = privileged();
    let found = rolled_up(check, &facts, &[]);
    assert_eq!(found[0].verdict.outcome, Failed(Medium));
    let found = rolled_up(check, &facts, &[("*:shop/Deployment/web", "Why.")]);
    assert_eq!(found[0].verdict.outcome, Passed);
    assert_eq!(
        found[0].verdict.explanation(),
        "None of the workloads failed. Excepted by a parameter: Why (1 workload: shop/Deployment/web)."
    );
}

#[test]
fn namespaces_and_bindings_can_be_excepted() {
    let check = "k8s-pod-security-admission";
    let facts = KubernetesCluster {
        namespaces: [(
            "tools".to_owned(),
            Namespace {
                labels: Some([].into()),
                ..Namespace::default()
            },
        )]
        .into(),
        ..kubernetes_cluster()
    };
    for (object, expected) in [
        ("*:/Namespace/tools", Passed),
        ("*:tools/Namespace/tools", Failed(Medium)),
        ("*:/Namespace/shop", Failed(Medium)),
    ] {
        let found = rolled_up(check, &facts, &[(object, "Why?")]);
        assert_eq!(found[0].verdict.outcome, expected, "{object}");
    }

    let check = "k8s-rbac-cluster-admin";
    let mut facts = kubernetes_cluster();
    let name = |name: &str| RbacName {
        namespace: None,
        name: name.to_owned(),
    };
    facts.lists.insert(ApiList::ClusterRoles, Err(unread()));
    let binding = Binding {
        role: Some(name("cluster-admin")),
        subjects: [RoleSubject::User("bob".to_owned())].into_iter().collect(),
        has_unread_subjects: false,
    };
    facts.rbac.bindings.insert(name("ops"), binding);
    for (object, expected) in [
        ("*:/ClusterRoleBinding/ops", Passed),
        ("*:kube-system/ClusterRoleBinding/ops", Failed(High)),
        ("*:/ClusterRole/ops", Failed(High)),
    ] {
        let found = rolled_up(check, &facts, &[(object, "Why?")]);
        assert_eq!(found[0].verdict.outcome, expected, "{object}");
        // All roles could still not be read.
        assert_eq!(found[1].verdict.outcome, NotAvailable);
    }
}

#[test]
fn only_failures_and_warnings_are_excepted() {
    let exceptions = Exceptions::Owned(
        ["*:shop/Deployment/web=Why", "*:shop/Deployment/*=Later"]
            .map(|text| {
                let read: Exceptions =
                    crate::parameters::ParameterValue::read(&[text.to_owned()]).unwrap();
                read[0].clone()
            })
            .to_vec(),
    );
    let passed = Verdict::passed(ReasonCode::WorkloadPassed, "Seen.");
    let not_applicable = Verdict::not_applicable(ReasonCode::WindowsPod, "Seen.");
    let warning = Verdict::warning(ReasonCode::DockerInDocker, "Seen.");
    for (verdict, outcome, count) in [
        (passed, Passed, 1),
        (not_applicable, NotApplicable, 1),
        (Verdict::not_available(&unread()), NotAvailable, 1),
        (warning, Passed, 2),
    ] {
        let name = workload(&pod(&json!({}))).name;
        let mut objects = [EvaluatedObject {
            resource: name.resource(&cluster()).unwrap(),
            name: name.to_string(),
            details: name.details(&cluster()),
            object: Some(name),
            verdict,
        }];
        apply("k8s-pod-docker-socket", &exceptions, &mut objects);
        let [object] = objects;
        let found = (object.verdict.outcome, object.verdict.reasons.len());
        assert_eq!(found, (outcome, count));
        // The first exception applies.
        let exception = object.verdict.exception.map(|reason| reason.text);
        let expected = (count == 2).then(|| "Excepted by a parameter: Why.".to_owned());
        assert_eq!(exception, expected);
    }
}

#[test]
fn an_exception_names_a_check_to_which_it_applies() {
    for (of, named, problem) in [
        ("k8s-pod-privileged", "*", None),
        ("k8s-pod-privileged", "k8s-pod-privileged", None),
        (
            "k8s-pod-privileged",
            "k8s-pod-host-path",
            Some(
                "\"k8s-pod-host-path\" is another check, and these parameters apply to k8s-pod-privileged alone: move \
                 it to the parameters of k8s-pod-host-path or k8s-api-readable",
            ),
        ),
        (
            "k8s-pod-privileged",
            "k8s-pod-privilege",
            Some("\"k8s-pod-privilege\" is not a check"),
        ),
        ("k8s-api-readable", "*", None),
        ("k8s-api-readable", "k8s-pod-host-path", None),
        (
            "k8s-api-readable",
            "k8s-pod-privilege",
            Some("\"k8s-pod-privilege\" is not a check"),
        ),
    ] {
        let check = find(of).unwrap();
        let object = format!("{named}:shop/Deployment/web");
        let json = json!({"exceptions": [{"object": object, "reason": "x"}]});
        let raw = serde_json::from_value(json).unwrap();
        let read = read_parameters(check, check.parameters, &raw);
        let error = read.err().map(|error| error.to_string());
        assert_eq!(
            error.is_some(),
            problem.is_some(),
            "{of} {named}: {error:?}"
        );
        if let (Some(error), Some(problem)) = (error, problem) {
            let parameter = format!("the parameter exceptions of {of}");
            assert!(
                error.starts_with(&parameter) && error.contains(problem),
                "{error}"
            );
        }
    }
}
