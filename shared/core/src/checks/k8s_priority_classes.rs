//! ## What it checks
//!
//! Ordinary pods should not displace others. The check has one finding for each cluster, which fails with LOW if
//!
//! - pods outside the namespaces of the platform have one of the priority classes `system-node-critical` and
//!   `system-cluster-critical`, which Kubernetes has for its own components;
//! - the priority class of all pods that name none (`globalDefault`) has a positive value, above those of all other
//!   classes of the cluster, and lets pods displace others. With `preemptionPolicy: Never`, it passes.
//!
//! Running pods are evaluated, or the template of a workload without pods. Resource quotas are not evaluated: one that
//! selects these classes (scope `PriorityClass`) prevents new pods, and does not change the pods that run. The
//! parameter `systemNamespaces` of `k8s-api-readable` lists the namespaces of the platform, and `exceptions` accept
//! workloads elsewhere.
//!
//! The check is disabled by default, because priorities are a matter of availability more than of security, and several
//! well-known components use these classes in namespaces of their own.
//!
//! ## Why it matters
//!
//! If a node has no room for a pod, the scheduler deletes pods with a lower priority. A tenant whose pods have the
//! priority of the system can displace the pods of all others, and competes with the components that the cluster needs.
//!
//! ## How to fix it
//!
//! Create a priority class for important workloads, with a lower value, and name it in their templates. A resource
//! quota of no pods with the scope `PriorityClass` prevents that pods of a namespace get a class of the system.

use std::collections::BTreeMap;

use crate::check::{Check, Remediation};
use crate::evaluation::contents::EvaluateContents;
use crate::evaluation::namespaces::SYSTEM_NAMESPACES;
use crate::evaluation::workloads::{
    ACCEPT_PUBLIC_SYSTEM_IMAGES, EvaluateWorkloads, Inspection, Issue, OBJECTS, PLATFORM_EXCEPTIONS,
};
use crate::exceptions::EXCEPTIONS;
use crate::facts::kubernetes::{KubernetesCluster, PriorityClass};
use crate::facts::{Facts, Unread};
use crate::field::{InvalidField, all_true};
use crate::need::Need;
use crate::parameters::ParameterValues;
use crate::reason_code::ReasonCode;
use crate::resource::Resource;
use crate::roll_up::{EvaluatedObject, Subject, Unit, Verdicts};
use crate::severity::Severity;
use crate::verdict::Verdict;

/// The priority classes of Kubernetes itself.
///
/// Source: <https://kubernetes.io/docs/tasks/administer-cluster/guaranteed-scheduling-critical-addon-pods/>.
const SYSTEM_CLASSES: [&str; 2] = ["system-cluster-critical", "system-node-critical"];

pub(super) static CHECK: Check = Check {
    id: "k8s-priority-classes",
    enabled: false,
    title: "Only components of the platform should have the highest priorities",
    requirement: "Pods should displace others only if a priority class that was made for them says so.",
    severities: &[(
        Severity::Low,
        "the scheduler deletes other pods to make room for ordinary ones",
    )],
    remediation: Remediation {
        text: "Create a priority class with a lower value, and name it in the templates. List the classes of all pods:",
        command: "kubectl get pods --all-namespaces --output \
                  custom-columns=NAMESPACE:.metadata.namespace,NAME:.metadata.name,CLASS:.spec.priorityClassName",
        url: "https://kubernetes.io/docs/concepts/scheduling-eviction/pod-priority-preemption/",
    },
    parameters: &[
        &EXCEPTIONS,
        &PLATFORM_EXCEPTIONS,
        &ACCEPT_PUBLIC_SYSTEM_IMAGES,
    ],
    needs: &[Need::Workloads, Need::PriorityClasses],
    evaluate: &EvaluatePriorities,
};

/// The evaluation of workloads.
const WORKLOADS: EvaluateWorkloads = EvaluateWorkloads {
    unit: Unit::Subject(OBJECTS),
    passed: "The pods have no priority class of Kubernetes itself.",
    required: None,
    inspect,
};

/// The evaluation of the workloads outside the namespaces of the platform, and of the priority classes.
#[derive(Debug)]
struct EvaluatePriorities;

impl EvaluateContents for EvaluatePriorities {
    fn subjects(
        &self,
        cluster: &Resource,
        facts: &KubernetesCluster,
        settings: &ParameterValues,
    ) -> Vec<Subject> {
        let system = settings.get(&SYSTEM_NAMESPACES);
        let is_ordinary = |object: &EvaluatedObject| {
            let name = object.object.as_ref();
            let namespace = name.and_then(|name| name.namespace.as_deref());
            !system.iter().any(|name| Some(name.as_ref()) == namespace)
        };
        let namespaces = WORKLOADS.subjects(cluster, facts, settings).into_iter();
        let workloads = namespaces.flat_map(|namespace| namespace.verdicts.objects);
        let classes = facts.priority_classes.iter();
        let classes = classes.filter_map(|(name, class)| {
            let object = PriorityClass::object_name(name);
            Some(EvaluatedObject {
                resource: object.resource(cluster).ok()?,
                name: object.to_string(),
                details: object.details(cluster),
                verdict: verdict_on_class(name, class, &facts.priority_classes),
                object: Some(object),
            })
        });
        vec![Subject {
            resource: cluster.clone(),
            details: facts.details(),
            verdicts: Verdicts {
                objects: workloads.filter(is_ordinary).chain(classes).collect(),
                unread: facts.missing(CHECK.needs.iter().copied().collect()),
                remarks: Vec::new(),
            },
        }]
    }

    fn unit(&self) -> Unit {
        WORKLOADS.unit
    }
}

fn inspect(inspection: &mut Inspection<'_>) {
    let class = inspection.pod.priority_class_name.read();
    inspection.add(class.map(|class| {
        let class = class.filter(|class| SYSTEM_CLASSES.contains(&class.as_str()))?;
        let text = format!("Pods have the priority class {class}");
        Some(Issue::failed(
            Severity::Low,
            ReasonCode::SystemPriority,
            text,
        ))
    }));
}

fn verdict_on_class(
    name: &str,
    class: &PriorityClass,
    all: &BTreeMap<String, PriorityClass>,
) -> Verdict {
    match is_default_above_others(name, class, all) {
        Ok(false) => Verdict::passed(
            ReasonCode::PriorityClassPassed,
            "Pods that name no priority class do not displace others by this one.",
        ),
        Ok(true) => Verdict::failed(
            Severity::Low,
            ReasonCode::DefaultPriorityHighest,
            "Pods that name no priority class have the one with the highest value, and displace all others: lower its \
             value, or set preemptionPolicy: Never.",
        ),
        Err(InvalidField) => Verdict::not_available(&Unread {
            code: ReasonCode::ReadFailed,
            text: "A member of a priority class has an unknown type or value.".to_owned(),
        }),
    }
}

/// Returns `true` if pods that name no class have this one, and displace the pods of all others. Without another class,
/// there is nothing to displace.
///
/// If several classes are marked as the default, only the one with the lowest value has an effect, which is not above
/// the others.
///
/// Source: <https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/priority-class-v1/>.
fn is_default_above_others(
    name: &str,
    class: &PriorityClass,
    all: &BTreeMap<String, PriorityClass>,
) -> Result<bool, InvalidField> {
    let others = all.iter();
    let others =
        others.filter(|(other, _)| other.as_str() != name && !PriorityClass::is_of_system(other));
    let mut others = others.map(|(_, other)| other).peekable();
    if others.peek().is_none() {
        return Ok(false);
    }
    let conditions = [
        class.is_default(),
        class.preempts(),
        class.priority().map(|priority| priority > 0),
    ];
    let is_above = others.map(|other| {
        let is_higher = class.priority()? > other.priority()?;
        Ok(is_higher && !other.is_default()?)
    });
    all_true(conditions.into_iter().chain(is_above))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::checks::samples::{kubernetes_cluster, settings, unread, workload};
    use crate::evaluation::workloads::tests::{cluster, pod, with_container};
    use crate::facts::kubernetes::{ApiList, Namespace, RunningPods, Workload};
    use crate::field::Field;
    use crate::observation::{Observation, State};
    use crate::verdict::Outcome::{self, Failed, NotAvailable, Passed};

    const LOW: Outcome = Failed(Severity::Low);
    const NODE: &str = "system-node-critical";

    /// Returns the verdict about the cluster.
    fn verdict(facts: &KubernetesCluster, parameters: &str) -> Verdict {
        let observation = Observation {
            resource: cluster(),
            observed_at: "2026-03-01T10:20:30Z".parse().unwrap(),
            state: State::present(facts.clone()),
        };
        let declared = [CHECK.parameters, &[&SYSTEM_NAMESPACES]].concat();
        let settings = settings(&declared, parameters);
        let verdicts = CHECK.verdicts(&observation, &settings, &|_, verdict| verdict);
        let [about_cluster] = <[_; 1]>::try_from(verdicts).unwrap();
        assert_eq!(about_cluster.resource, cluster());
        about_cluster.verdict
    }

    fn spec(class: &Value) -> Value {
        let mut spec = with_container(&json!({}));
        spec["priorityClassName"] = class.clone();
        spec
    }

    /// Returns a deployment in a namespace, with the class of its template, and those of its pods.
    fn deployment(namespace: &str, template: &Value, running: &[&Value]) -> Workload {
        let running = running.iter().map(|class| RunningPods {
            spec: pod(&spec(class)),
            count: 1,
        });
        let mut workload = Workload {
            running: running.collect(),
            ..workload(&pod(&spec(template)))
        };
        workload.name.namespace = Some(namespace.to_owned());
        workload
    }

    fn with(workloads: Vec<Workload>) -> KubernetesCluster {
        KubernetesCluster {
            workloads,
            ..kubernetes_cluster()
        }
    }

    /// Returns a cluster with the classes of Kubernetes, and others: the name, the value, and all other members.
    fn with_classes(classes: &[(&str, i64, PriorityClass)]) -> KubernetesCluster {
        let system = SYSTEM_CLASSES.map(|name| (name, 2_000_000_000, PriorityClass::default()));
        let classes = system.iter().chain(classes).map(|(name, value, class)| {
            let value = Field::Value(*value);
            (
                (*name).to_owned(),
                PriorityClass {
                    value,
                    ..class.clone()
                },
            )
        });
        KubernetesCluster {
            priority_classes: classes.collect(),
            ..with(Vec::new())
        }
    }

    fn default_class() -> PriorityClass {
        PriorityClass {
            global_default: Field::Value(true),
            ..PriorityClass::default()
        }
    }

    fn with_policy(policy: Field<String>) -> PriorityClass {
        PriorityClass {
            preemption_policy: policy,
            ..default_class()
        }
    }

    #[test]
    fn only_the_platform_may_use_the_classes_of_kubernetes() {
        let (node, silent) = (json!(NODE), json!(null));
        let critical = json!("system-cluster-critical");
        for (workload, outcome) in [
            (deployment("shop", &node, &[&node]), LOW),
            (deployment("shop", &critical, &[&critical]), LOW),
            (deployment("shop", &node, &[]), LOW),
            // Admission decides what runs.
            (deployment("shop", &silent, &[&node]), LOW),
            (deployment("shop", &node, &[&silent]), Passed),
            (deployment("shop", &json!("standard"), &[&silent]), Passed),
            (
                deployment("shop", &json!("System-Node-Critical"), &[]),
                Passed,
            ),
            (deployment("kube-system", &node, &[&node]), Passed),
            (deployment("kube-system-2", &node, &[&node]), LOW),
            (deployment("shop", &json!(7), &[]), NotAvailable),
            (deployment("kube-system", &json!(7), &[]), Passed),
        ] {
            let verdict = verdict(&with(vec![workload.clone()]), "{}");
            assert_eq!(verdict.outcome, outcome, "{workload:?} {verdict:?}");
        }
        let found = verdict(&with(vec![deployment("shop", &node, &[])]), "{}");
        assert_eq!(found.codes(), ["SYSTEM_PRIORITY"]);
        let text = "Pods have the priority class system-node-critical (shop/Deployment/web).";
        assert_eq!(found.explanation(), text);
    }

    #[test]
    fn parameters_name_the_platform_and_exceptions() {
        let facts = with(vec![deployment("calico-system", &json!(NODE), &[])]);
        for (parameters, outcome) in [
            ("{}", LOW),
            (r#"{"systemNamespaces": "calico-system"}"#, Passed),
            (
                r#"{"exceptions": [{"object": "*:calico-system/Deployment/w*", "reason": "The network."}]}"#,
                Passed,
            ),
            (
                r#"{"exceptions": [{"object": "*:calico-system/DaemonSet/w*", "reason": "The network."}]}"#,
                LOW,
            ),
        ] {
            assert_eq!(verdict(&facts, parameters).outcome, outcome, "{parameters}");
        }
    }

    #[test]
    fn the_default_class_may_not_be_above_all_others() {
        let plain = PriorityClass::default;
        let never = || with_policy(Field::Value("Never".into()));
        let unknown = || with_policy(Field::Value("Sometimes".into()));
        let lower = || with_policy(Field::Value("PreemptLowerPriority".into()));
        for (classes, outcome) in [
            (vec![], Passed),
            (
                vec![("all", 1_000, default_class()), ("batch", 10, plain())],
                LOW,
            ),
            (vec![("all", 1_000, lower()), ("batch", 10, plain())], LOW),
            (
                vec![("all", 1_000, never()), ("batch", 10, plain())],
                Passed,
            ),
            (
                vec![("all", 1_000, unknown()), ("batch", 10, plain())],
                NotAvailable,
            ),
            (
                vec![
                    ("all", 1_000, with_policy(Field::Invalid)),
                    ("batch", 10, plain()),
                ],
                NotAvailable,
            ),
            // The classes of Kubernetes are above all others, and don't count.
            (vec![("all", 1_000, default_class())], Passed),
            (
                vec![("all", 10, default_class()), ("batch", 10, plain())],
                Passed,
            ),
            (
                vec![
                    ("all", 1_000, default_class()),
                    ("batch", 10, plain()),
                    ("paid", 2_000, plain()),
                ],
                Passed,
            ),
            // Without a default class, pods have the priority 0.
            (
                vec![("all", 0, default_class()), ("batch", -10, plain())],
                Passed,
            ),
            (
                vec![("all", 1, default_class()), ("batch", -10, plain())],
                LOW,
            ),
            // Only the lower one of two defaults has an effect.
            (
                vec![
                    ("all", 1_000, default_class()),
                    ("also", 10, default_class()),
                ],
                Passed,
            ),
            (
                vec![("all", 1_000, plain()), ("batch", 10, plain())],
                Passed,
            ),
        ] {
            let verdict = verdict(&with_classes(&classes), "{}");
            assert_eq!(verdict.outcome, outcome, "{classes:?} {verdict:?}");
        }
    }

    #[test]
    fn a_member_of_an_unknown_type_counts_if_it_decides() {
        let invalid = |name: &str, default| {
            let mut facts = with_classes(&[
                ("all", 1_000, default),
                ("batch", 10, PriorityClass::default()),
            ]);
            facts.priority_classes.get_mut(name).unwrap().value = Field::Invalid;
            verdict(&facts, "{}").outcome
        };
        assert_eq!(invalid("all", default_class()), NotAvailable);
        assert_eq!(invalid("batch", default_class()), NotAvailable);
        assert_eq!(invalid("all", PriorityClass::default()), Passed);
        let unknown = PriorityClass {
            global_default: Field::Invalid,
            ..PriorityClass::default()
        };
        assert_eq!(invalid("batch", unknown), NotAvailable);
    }

    #[test]
    fn an_unread_list_prevents_a_pass_only() {
        for list in [
            ApiList::PriorityClasses,
            ApiList::Deployments,
            ApiList::Pods,
        ] {
            for (class, outcome) in [(json!(NODE), LOW), (json!(null), NotAvailable)] {
                let mut facts = with(vec![deployment("shop", &class, &[])]);
                facts.lists.insert(list, Err(unread()));
                assert_eq!(verdict(&facts, "{}").outcome, outcome, "{list} {class}");
            }
        }
    }

    #[test]
    fn a_namespace_that_is_being_deleted_is_left_alone() {
        let mut facts = with(vec![deployment("shop", &json!(NODE), &[])]);
        let terminating = Namespace {
            is_terminating: true,
            ..Namespace::default()
        };
        facts.namespaces.insert("shop".into(), terminating);
        assert_eq!(verdict(&facts, "{}").outcome, Passed);
    }

    #[test]
    fn the_check_runs_only_if_it_is_enabled() {
        assert!(!CHECK.enabled);
    }
}
