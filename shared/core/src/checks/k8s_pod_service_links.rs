//! ## What it checks
//!
//! Pods should set `enableServiceLinks: false`. The check fails with LOW if a pod does not: the setting is `true`
//! unless it is set.
//!
//! The Services in the namespace make no difference, since a Service that is created later is announced as well.
//! Whatever the setting is, containers get the variables of the Service `kubernetes` in the namespace `default`, which
//! begin with `KUBERNETES_`.
//!
//! The check is disabled by default, because it fails in nearly every namespace: few workloads change the default of
//! Kubernetes.
//!
//! ## Why it matters
//!
//! Containers get several environment variables for each Service in their namespace. They show an attacker the
//! addresses of all of them, can replace variables that a program expects, and slow the start of a container down in a
//! namespace with many Services. Pods find Services by DNS.
//!
//! ## How to fix it
//!
//! Set `enableServiceLinks: false` in the template of the pods. Check before that no program in the containers reads
//! variables such as `WEB_SERVICE_HOST`.

use crate::check::{Check, Remediation};
use crate::evaluation::workloads::{
    ACCEPT_PUBLIC_SYSTEM_IMAGES, EvaluateWorkloads, Inspection, Issue, PLATFORM_EXCEPTIONS,
    WORKLOADS,
};
use crate::exceptions::EXCEPTIONS;
use crate::facts::kubernetes::ApiList;
use crate::need::Need;
use crate::reason_code::ReasonCode;
use crate::roll_up::Unit;
use crate::severity::Severity;

pub(super) static CHECK: Check = Check {
    id: "k8s-pod-service-links",
    enabled: false,
    title: "Pods should not get environment variables about Services",
    requirement: "Each pod should turn off environment variables about the Services of its namespace.",
    severities: &[(
        Severity::Low,
        "the environment of the containers names all Services of the namespace",
    )],
    remediation: Remediation {
        text: "Set enableServiceLinks: false in the template of the pods. Programs then find Services by DNS only.",
        command: "kubectl edit <workload> --namespace {namespace}",
        url: "https://docs.aws.amazon.com/eks/latest/best-practices/pod-security.html",
    },
    parameters: &[
        &EXCEPTIONS,
        &PLATFORM_EXCEPTIONS,
        &ACCEPT_PUBLIC_SYSTEM_IMAGES,
    ],
    needs: &[Need::Workloads],
    evaluate: &EvaluateWorkloads {
        unit: Unit::Subject(WORKLOADS),
        passed: "The pods get no environment variables about Services.",
        required: None,
        inspect,
    },
};

fn inspect(inspection: &mut Inspection<'_>) {
    // The API server writes the default into pods, but not into templates, so a pod and its template have the same
    // issue if neither refuses. The difference counts only where a template is the only evidence.
    let are_pods_known = inspection.context.facts.unread(ApiList::Pods).is_none();
    let code = ReasonCode::ServiceLinks;
    let text = "Containers get environment variables about all Services of the namespace";
    let setting = inspection.pod.enable_service_links.read();
    inspection.add(setting.map(|setting| match setting {
        Some(false) => None,
        Some(true) if !inspection.is_admitted && !are_pods_known => {
            Some(Issue::failed(Severity::Low, code, text))
        }
        Some(true) | None => Some(Issue::lacking(Severity::Low, code, text)),
    }));
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::checks::samples::{kubernetes_cluster, unread, workload};
    use crate::evaluation::workloads::tests::{assert_rows, objects_of, pod, with_container};
    use crate::facts::kubernetes::{KubernetesCluster, RunningPods, Service, Workload};
    use crate::field::Field;
    use crate::verdict::Outcome::{Failed, NotAvailable, Passed};
    use crate::verdict::Verdict;

    const LOW: crate::verdict::Outcome = Failed(Severity::Low);

    fn with(setting: &Value) -> Value {
        let mut pod = with_container(&json!({}));
        pod["enableServiceLinks"] = setting.clone();
        pod
    }

    /// Returns the verdict about a deployment with this template, and these settings of its running pods.
    fn verdict(template: &Value, running: &[Value], are_pods_known: bool) -> Option<Verdict> {
        let running = running.iter().map(|setting| RunningPods {
            spec: pod(&with(setting)),
            count: 2,
        });
        let mut facts = KubernetesCluster {
            workloads: vec![Workload {
                running: running.collect(),
                ..workload(&pod(&with(template)))
            }],
            ..kubernetes_cluster()
        };
        if !are_pods_known {
            facts.lists.insert(ApiList::Pods, Err(unread()));
        }
        let object = objects_of(&CHECK, &facts, "{}").pop()?;
        Some(object.verdict)
    }

    #[test]
    fn only_false_turns_the_variables_off() {
        let code: &[&str] = &["SERVICE_LINKS"];
        assert_rows(
            &CHECK,
            "{}",
            [
                (with(&json!(false)), Passed, &["WORKLOAD_PASSED"]),
                (with(&json!(true)), LOW, code),
                (with(&json!(null)), LOW, code),
                (with_container(&json!({})), LOW, code),
                (with(&json!("false")), NotAvailable, &["READ_FAILED"]),
                (with(&json!(0)), NotAvailable, &["READ_FAILED"]),
            ],
        );
    }

    #[test]
    fn a_pod_with_the_default_does_not_differ_from_its_template() {
        let text = "Containers get environment variables about all Services of the namespace.";
        let added = "Containers get environment variables about all Services of the namespace (added at admission).";
        for (template, running, expected) in [
            (json!(null), vec![json!(true)], (LOW, text)),
            (json!(true), vec![json!(true)], (LOW, text)),
            (json!(null), vec![], (LOW, text)),
            (json!(true), vec![], (LOW, text)),
            (json!(false), vec![json!(true)], (LOW, added)),
            (
                json!(null),
                vec![json!(false)],
                (
                    Passed,
                    "The pods get no environment variables about Services. In the template, but not in running pods: \
                     Containers get environment variables about all Services of the namespace.",
                ),
            ),
        ] {
            let verdict = verdict(&template, &running, true).unwrap();
            let found = (verdict.outcome, verdict.explanation());
            assert_eq!((found.0, found.1.as_str()), expected, "{template}");
        }
    }

    #[test]
    fn without_pods_only_a_template_that_asks_for_the_variables_fails() {
        let of_template = |template| verdict(&template, &[], false);
        assert_eq!(of_template(json!(true)).unwrap().outcome, LOW);
        for template in [json!(null), json!(false), json!("no")] {
            assert_eq!(of_template(template.clone()), None, "{template}");
        }
    }

    #[test]
    fn services_in_the_namespace_make_no_difference() {
        let mut facts = KubernetesCluster {
            workloads: vec![workload(&pod(&with(&json!(null))))],
            ..kubernetes_cluster()
        };
        let outcome = |facts: &KubernetesCluster| {
            let object = objects_of(&CHECK, facts, "{}").pop();
            object.map(|object| object.verdict.outcome)
        };
        assert_eq!(outcome(&facts), Some(LOW));
        let namespace = facts.namespaces.get_mut("shop").unwrap();
        namespace.services.push(Service {
            name: "web".into(),
            service_type: Field::Absent,
            cluster_ips: Field::Absent,
        });
        assert_eq!(outcome(&facts), Some(LOW));
    }

    #[test]
    fn the_check_runs_only_if_it_is_enabled() {
        assert!(!CHECK.enabled);
    }
}
