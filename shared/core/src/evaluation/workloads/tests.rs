//! The evaluation of workloads, with a check that finds privileged containers.

mod pod_security;

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::check::{Check, Evaluated};
use crate::checks::find;
use crate::checks::samples::{kubernetes_cluster, settings, unread, workload};
use crate::facts::kubernetes::{Namespace, RunningPods};
use crate::severity::Severity;
use crate::verdict::Outcome;

const HIGH: Outcome = Outcome::Failed(Severity::High);

pub(crate) fn pod(spec: &Value) -> Arc<PodSpec> {
    Arc::new(serde_json::from_value(spec.clone()).unwrap())
}

pub(crate) fn cluster() -> Resource {
    Resource::parse("arn:aws:eks:eu-central-1:111122223333:cluster/payments")
        .unwrap()
        .inside()
}

/// Returns the verdicts of a check about the workloads of a cluster.
pub(crate) fn objects_of(
    check: &Check,
    facts: &KubernetesCluster,
    parameters: &str,
) -> Vec<EvaluatedObject> {
    let settings = settings(check.parameters, parameters);
    let evaluated = check.evaluate.evaluate(&cluster(), facts, &settings);
    let Some(Evaluated::Objects(subjects)) = evaluated else {
        panic!("{} evaluates workloads", check.id);
    };
    let objects = subjects.into_iter();
    objects
        .flat_map(|subject| subject.verdicts.objects)
        .collect()
}

/// Returns the verdict of a check about a deployment with a running pod.
pub(crate) fn verdict_of(check: &Check, spec: &Value, parameters: &str) -> Verdict {
    let facts = KubernetesCluster {
        workloads: vec![workload(&pod(spec))],
        ..kubernetes_cluster()
    };
    let mut objects = objects_of(check, &facts, parameters);
    // A check may evaluate other objects of the namespace, too.
    objects.retain(|object| object.name == "shop/Deployment/web");
    let [object] = <[EvaluatedObject; 1]>::try_from(objects).unwrap();
    object.verdict
}

/// Evaluates each row of a table: the settings of a pod, the outcome, and the codes of the reasons.
pub(crate) fn assert_rows<const N: usize>(
    check: &Check,
    parameters: &str,
    rows: [(Value, Outcome, &[&str]); N],
) {
    for (spec, outcome, codes) in rows {
        let verdict = verdict_of(check, &spec, parameters);
        let found = (verdict.outcome, verdict.codes());
        assert_eq!(found, (outcome, codes.to_vec()), "{spec} {verdict:?}");
        if let Outcome::Failed(severity) = outcome {
            assert!(check.reason_for(severity).is_some(), "{severity:?}");
        }
    }
}

/// Returns a pod with one container, which has these members.
pub(crate) fn with_container(members: &Value) -> Value {
    let mut container = json!({"name": "app", "image": "registry.example.com/app:1.4.2"});
    for (name, value) in members.as_object().unwrap() {
        container[name] = value.clone();
    }
    json!({"containers": [container]})
}

/// Returns a pod with one container, which has these security settings.
pub(crate) fn with_security(settings: &Value) -> Value {
    with_container(&json!({"securityContext": settings}))
}

/// Returns a pod whose container `app` passes and whose other containers, by list, have these security settings.
pub(crate) fn with_others(list: &str, name: &str, settings: &Value) -> Value {
    let mut pod = with_container(&json!({}));
    pod[list] = json!([{"name": name, "image": "registry.example.com/app:1.4.2", "securityContext": settings}]);
    pod
}

fn privileged() -> &'static Check {
    find("k8s-pod-privileged").unwrap()
}

fn clean() -> Value {
    with_container(&json!({}))
}

fn bad() -> Value {
    with_security(&json!({"privileged": true}))
}

fn debugged() -> Value {
    with_others(
        "ephemeralContainers",
        "debugger",
        &json!({"privileged": true}),
    )
}

fn invalid() -> Value {
    with_security(&json!({"privileged": "yes"}))
}

/// Returns a workload with a template and running pods.
fn with(template: Option<&Value>, running: &[(&Value, u32)]) -> Workload {
    let running = running.iter().map(|(spec, count)| RunningPods {
        spec: pod(spec),
        count: *count,
    });
    Workload {
        template: template.map(pod),
        running: running.collect(),
        ..workload(&pod(&clean()))
    }
}

fn verdicts(facts: &KubernetesCluster) -> Vec<(Outcome, String)> {
    let objects = objects_of(privileged(), facts, "{}").into_iter();
    objects
        .map(|object| (object.verdict.outcome, object.verdict.explanation()))
        .collect()
}

#[test]
fn a_workload_is_evaluated_by_its_pods_or_else_by_its_template() {
    let failed = |text: &str| Some((HIGH, text.to_owned()));
    let passed = |text: &str| {
        let text = format!("No container is privileged.{text}");
        Some((Outcome::Passed, text))
    };
    for (template, running, expected) in [
        (Some(clean()), vec![], passed("")),
        (
            Some(bad()),
            vec![],
            failed("Containers are privileged: container app."),
        ),
        (
            Some(bad()),
            vec![(bad(), 3)],
            failed("Containers are privileged: container app."),
        ),
        (
            Some(clean()),
            vec![(bad(), 3)],
            failed("Containers are privileged: container app (added at admission)."),
        ),
        (
            Some(clean()),
            vec![(bad(), 3), (clean(), 1)],
            failed(
                "Containers are privileged: container app (in some running pods, not in the template).",
            ),
        ),
        (
            Some(clean()),
            vec![(clean(), 39), (debugged(), 1)],
            failed(
                "Containers are privileged: ephemeral container debugger (in 1 running pod, not in the template).",
            ),
        ),
        (
            Some(clean()),
            vec![(debugged(), 2)],
            failed(
                "Containers are privileged: ephemeral container debugger (in 2 running pods, not in the template).",
            ),
        ),
        (
            Some(bad()),
            vec![(clean(), 3)],
            passed(
                " In the template, but not in running pods: Containers are privileged: container app.",
            ),
        ),
        (
            None,
            vec![(bad(), 1)],
            failed("Containers are privileged: container app."),
        ),
        (None, vec![], None),
    ] {
        let running: Vec<_> = running.iter().map(|(spec, count)| (spec, *count)).collect();
        let facts = KubernetesCluster {
            workloads: vec![with(template.as_ref(), &running)],
            ..kubernetes_cluster()
        };
        assert_eq!(verdicts(&facts).pop(), expected, "{template:?} {running:?}");
    }
}

#[test]
fn the_worst_of_all_pods_counts_and_none_of_its_reasons_is_lost() {
    let other = json!({"containers": [
        {"name": "one", "securityContext": {"privileged": true}},
        {"name": "two", "securityContext": {"privileged": 1}},
    ]});
    let orders = [
        vec![(clean(), 1), (bad(), 1), (other.clone(), 1)],
        vec![(other, 1), (clean(), 1), (bad(), 1)],
    ];
    for order in orders {
        let running: Vec<_> = order.iter().map(|(spec, count)| (spec, *count)).collect();
        let facts = KubernetesCluster {
            workloads: vec![with(None, &running)],
            ..kubernetes_cluster()
        };
        let expected = "Containers are privileged: container app, container one. \
                        A setting that the check evaluates has an unknown type or value: container two.";
        assert_eq!(verdicts(&facts), [(HIGH, expected.to_owned())]);
    }
}

#[test]
fn a_setting_of_an_unknown_type_is_not_available_for_its_workload_only() {
    let facts = KubernetesCluster {
        workloads: vec![
            with(Some(&invalid()), &[]),
            with(Some(&bad()), &[]),
            with(Some(&clean()), &[]),
        ],
        ..kubernetes_cluster()
    };
    let outcomes: Vec<_> = verdicts(&facts)
        .into_iter()
        .map(|(outcome, _)| outcome)
        .collect();
    assert_eq!(outcomes, [Outcome::NotAvailable, HIGH, Outcome::Passed]);
    // The check does not evaluate the user.
    let user = with_security(&json!({"runAsUser": "root"}));
    assert_eq!(
        verdict_of(privileged(), &user, "{}").outcome,
        Outcome::Passed
    );
}

#[test]
fn without_a_list_of_pods_only_certain_failures_count() {
    for (template, running, expected) in [
        (
            Some(bad()),
            vec![],
            Some(
                "Containers are privileged: container app (the template asks for \
                 this; the pods were not read).",
            ),
        ),
        (Some(clean()), vec![], None),
        (Some(invalid()), vec![], None),
        (Some(clean()), vec![(clean(), 1)], None),
        (
            Some(clean()),
            vec![(bad(), 1)],
            Some("Containers are privileged: container app (added at admission)."),
        ),
    ] {
        let running: Vec<_> = running.iter().map(|(spec, count)| (spec, *count)).collect();
        let mut facts = KubernetesCluster {
            workloads: vec![with(template.as_ref(), &running)],
            ..kubernetes_cluster()
        };
        facts.lists.insert(ApiList::Pods, Err(unread()));
        let texts: Vec<_> = verdicts(&facts).into_iter().map(|(_, text)| text).collect();
        let expected: Vec<_> = expected.into_iter().collect();
        assert_eq!(texts, expected, "{template:?}");
    }
    // The absence of a setting, which admission may add, is not certain.
    let lacking = find("k8s-pod-privilege-escalation").unwrap();
    let mut facts = KubernetesCluster {
        workloads: vec![with(Some(&clean()), &[])],
        ..kubernetes_cluster()
    };
    assert_eq!(objects_of(lacking, &facts, "{}").len(), 1);
    facts.lists.insert(ApiList::Pods, Err(unread()));
    assert_eq!(objects_of(lacking, &facts, "{}"), []);
}

#[test]
fn what_runs_nothing_is_left_alone() {
    let ended = Workload {
        has_ended: true,
        ..with(Some(&bad()), &[])
    };
    let facts = KubernetesCluster {
        workloads: vec![ended],
        ..kubernetes_cluster()
    };
    assert_eq!(verdicts(&facts), []);
    let terminating = Namespace {
        is_terminating: true,
        ..Namespace::default()
    };
    let facts = KubernetesCluster {
        namespaces: [("shop".into(), terminating)].into(),
        workloads: vec![with(Some(&bad()), &[(&bad(), 1)])],
        ..kubernetes_cluster()
    };
    assert_eq!(verdicts(&facts), []);
}

#[test]
fn a_reason_names_some_of_many_containers() {
    let containers: Vec<_> = (0..30)
        .map(|at| json!({"name": format!("c{at:02}"), "securityContext": {"privileged": true}}))
        .collect();
    let text = verdict_of(privileged(), &json!({"containers": containers}), "{}").explanation();
    assert!(text.ends_with("container c19 and others."), "{text}");
}
