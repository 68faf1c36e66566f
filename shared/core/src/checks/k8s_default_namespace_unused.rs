//! ## What it checks
//!
//! The namespace `default` should contain no workload, no Service and no Ingress. The check fails with LOW if it does,
//! and the reason names the objects. Suspended cron jobs, and workloads without replicas, count; jobs and pods that have
//! ended do not.
//!
//! The Service `kubernetes`, which each cluster has, does not count, unless its type was changed. Secrets and ConfigMaps
//! are not read.
//!
//! ## Why it matters
//!
//! Objects end up in the namespace `default` if someone forgets to state a namespace. Policies, quotas and rights are
//! usually set for the namespaces of teams, so such objects escape them.
//!
//! ## How to fix it
//!
//! Create the objects in a namespace of their own. A quota of no pods keeps the namespace empty.

use crate::check::{Check, Remediation};
use crate::evaluation::namespaces::{EvaluateNamespaces, NamespaceInCluster, reasons_of};
use crate::exceptions::EXCEPTIONS;
use crate::facts::Unread;
use crate::need::Need;
use crate::parameters::ParameterValues;
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::{Outcome, Reason, Verdict};

/// The maximum number of objects that the reason names.
const NAMES: usize = 20;

/// The Service of the API server.
const API_SERVER: &str = "kubernetes";

pub(super) static CHECK: Check = Check {
    id: "k8s-default-namespace-unused",
    enabled: true,
    title: "The default namespace should not be used",
    requirement: "The namespace default should contain no workload, no Service and no Ingress.",
    severities: &[(
        Severity::Low,
        "policies and rights for the namespaces of teams do not apply there",
    )],
    remediation: Remediation {
        text: "Create the objects in another namespace, and delete them here. A quota keeps the namespace empty.",
        command: "kubectl create quota empty --namespace default --hard=pods=0",
        url: "https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/",
    },
    parameters: &[&EXCEPTIONS],
    needs: &[
        Need::Namespaces,
        Need::Workloads,
        Need::Services,
        Need::Ingresses,
    ],
    evaluate: &EvaluateNamespaces {
        only: Some("default"),
        excepts_system_namespaces: true,
        evaluate,
    },
};

fn evaluate(namespace: NamespaceInCluster<'_>, _: &ParameterValues) -> Verdict {
    let workloads = namespace.live_workloads();
    let mut objects: Vec<String> = workloads
        .map(|workload| format!("{}/{}", workload.name.kind, workload.name.name))
        .collect();
    let mut unread: Vec<Unread> = Vec::new();
    for service in &namespace.namespace.services {
        let is_used = if service.name == API_SERVER {
            service.has_other_type_than("ClusterIP")
        } else {
            Ok(true)
        };
        match is_used {
            Ok(true) => objects.push(format!("Service/{}", service.name)),
            Ok(false) => {}
            Err(_) => unread.push(Unread {
                code: ReasonCode::ReadFailed,
                text: format!("The type of the Service {} is not a text.", service.name),
            }),
        }
    }
    let ingresses = namespace.namespace.ingresses.iter();
    objects.extend(ingresses.map(|name| format!("Ingress/{name}")));
    unread.extend(
        namespace
            .cluster
            .missing(CHECK.needs.iter().copied().collect()),
    );
    let unread = reasons_of(unread);
    if !objects.is_empty() {
        objects.sort_unstable();
        let others = if objects.len() > NAMES {
            " and others"
        } else {
            ""
        };
        objects.truncate(NAMES);
        let text = format!("The namespace contains {}{others}.", objects.join(", "));
        let reason = Reason::new(ReasonCode::NamespaceUsed, text);
        let reasons = [reason].into_iter().chain(unread).collect();
        return Verdict::failed_for(Severity::Low, reasons);
    }
    if !unread.is_empty() {
        return Verdict::about_many(Outcome::NotAvailable, unread, Vec::new());
    }
    let text = "The namespace contains no workload, no Service and no Ingress.";
    Verdict::passed(ReasonCode::NamespaceUnused, text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{kubernetes_cluster, unread};
    use crate::evaluation::namespaces::tests::namespaces_of;
    use crate::facts::KubernetesCluster;
    use crate::facts::kubernetes::{ApiList, Namespace, ObjectName, Service, Workload};
    use crate::field::Field;
    use crate::verdict::Outcome::{Failed, NotAvailable, Passed};

    fn service(name: &str, service_type: Field<String>) -> Service {
        Service {
            name: name.into(),
            service_type,
            cluster_ips: Field::Absent,
        }
    }

    fn of_type(name: &str, service_type: &str) -> Service {
        service(name, Field::Value(service_type.to_owned()))
    }

    fn with(services: &[Service], ingresses: &[&str]) -> KubernetesCluster {
        let namespace = Namespace {
            services: services.to_vec(),
            ingresses: ingresses.iter().map(|name| (*name).to_owned()).collect(),
            ..Namespace::default()
        };
        KubernetesCluster {
            namespaces: [("default".to_owned(), namespace)].into(),
            ..kubernetes_cluster()
        }
    }

    fn verdict(facts: &KubernetesCluster) -> Verdict {
        let verdicts = namespaces_of(&CHECK, facts, "{}");
        let [(name, verdict)] = <[_; 1]>::try_from(verdicts).unwrap();
        assert_eq!(name, "default");
        verdict
    }

    /// Returns a cluster with a workload in the namespace.
    fn with_workload(kind: &str, name: &str, has_ended: bool) -> KubernetesCluster {
        let mut facts = with(&[of_type("kubernetes", "ClusterIP")], &[]);
        let template = facts.workloads[0].clone();
        facts.workloads.push(Workload {
            name: ObjectName {
                namespace: Some("default".into()),
                kind: kind.into(),
                name: name.into(),
                ..template.name
            },
            running: Vec::new(),
            has_ended,
            ..template
        });
        facts
    }

    #[test]
    fn objects_in_the_namespace_fail_and_are_named() {
        let low = Failed(Severity::Low);
        for (facts, outcome, text) in [
            (with(&[], &[]), Passed, "contains no workload"),
            (with(&[of_type("kubernetes", "ClusterIP")], &[]), Passed, ""),
            (
                with(&[service("kubernetes", Field::Absent)], &[]),
                Passed,
                "",
            ),
            (
                with(&[of_type("kubernetes", "LoadBalancer")], &[]),
                low,
                "Service/kubernetes",
            ),
            (
                with(&[service("kubernetes", Field::Invalid)], &[]),
                NotAvailable,
                "The type of the Service kubernetes is not a text.",
            ),
            (
                with(&[service("front", Field::Invalid)], &["entry"]),
                low,
                "The namespace contains Ingress/entry, Service/front.",
            ),
            (with_workload("Job", "once", true), Passed, ""),
            (
                with_workload("Deployment", "idle", false),
                low,
                "Deployment/idle",
            ),
            (
                with_workload("CronJob", "paused", false),
                low,
                "CronJob/paused",
            ),
            (
                with_workload("Pod", "node-debugger", false),
                low,
                "Pod/node-debugger",
            ),
        ] {
            let verdict = verdict(&facts);
            assert_eq!(verdict.outcome, outcome, "{verdict:?}");
            assert!(verdict.explanation().contains(text), "{verdict:?}");
        }
    }

    #[test]
    fn an_unread_list_prevents_a_pass_only() {
        for list in [
            ApiList::Pods,
            ApiList::Jobs,
            ApiList::Services,
            ApiList::Ingresses,
        ] {
            let mut facts = with(&[], &[]);
            facts.lists.insert(list, Err(unread()));
            assert_eq!(verdict(&facts).outcome, NotAvailable, "{list}");
            let mut facts = with(&[of_type("front", "ClusterIP")], &[]);
            facts.lists.insert(list, Err(unread()));
            let verdict = verdict(&facts);
            assert_eq!(
                verdict.codes(),
                ["NAMESPACE_USED", "ACCESS_DENIED"],
                "{list}"
            );
        }
        // Nothing that matters is missing.
        let mut facts = with(&[], &[]);
        facts.lists.insert(ApiList::LimitRanges, Err(unread()));
        assert_eq!(verdict(&facts).outcome, Passed);
    }

    #[test]
    fn the_reason_names_a_limited_number_of_objects() {
        let services: Vec<_> = (10..40)
            .map(|number| of_type(&format!("s{number}"), "ClusterIP"))
            .collect();
        let text = verdict(&with(&services, &[])).explanation();
        assert!(text.ends_with("Service/s29 and others."), "{text}");
    }
}
