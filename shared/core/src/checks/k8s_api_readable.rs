//! ## What it checks
//!
//! eksentry should be able to read the objects in the cluster that the checks of its contents need. The result is
//! WARNING when some lists, or a ConfigMap, could not be read completely, and NOT_AVAILABLE when nothing could be read.
//! The reasons name each of them and what to do.
//!
//! The reasons also name the exceptions of all checks that match no object in the cluster, so that they can be removed.
//! The parameters of this check apply to all checks of the contents of clusters that don't set them.
//!
//! With `readPods: false`, pods are not read. In very large clusters, they take most of the time. Workloads are then
//! evaluated by their templates, which admission may complete or change. Therefore, only failures count that a template
//! asks for, and all other results about workloads are NOT_AVAILABLE. Workloads of kinds whose templates are not read,
//! and pods that nothing creates, are not evaluated. Earlier findings about them stay as they were while their
//! namespace exists.
//!
//! While nothing in a cluster can be read, this finding states since when, and the other findings about the contents of
//! the cluster stay as they were. After `staleDays`, they become NOT_AVAILABLE. The days count from the first sweep that
//! could not read the cluster, for whichever reason, and are known from Security Hub.
//!
//! ## Why it matters
//!
//! Objects that can't be read can't be evaluated. Nobody is told of failures in the cluster, and earlier results become
//! less and less reliable.
//!
//! ## How to fix it
//!
//! Create an access entry for the role of the function, and apply the manifests of eksentry's reader in the cluster. The
//! function must be able to reach the endpoint of the cluster.

use std::collections::BTreeMap;

use crate::check::{Check, Evaluate, READ_PODS, Remediation};
use crate::evaluation::namespaces::SYSTEM_NAMESPACES;
use crate::evaluation::workloads::{ACCEPT_PUBLIC_SYSTEM_IMAGES, PLATFORM_EXCEPTIONS};
use crate::exceptions::EXCEPTIONS;
use crate::facts::{KubernetesCluster, Unread};
use crate::need::Need;
use crate::outage::STALE_DAYS;
use crate::parameters::{Exception, Exceptions, ParameterValues};
use crate::reason_code::ReasonCode;
use crate::roll_up::MOST_FINDINGS;
use crate::severity::Severity;
use crate::text::names;
use crate::verdict::{Reason, Verdict};

pub(super) static CHECK: Check = Check {
    id: "k8s-api-readable",
    enabled: true,
    title: "The Kubernetes API of EKS clusters should be readable by eksentry",
    requirement: "All objects that the checks of the cluster's contents need should be readable.",
    severities: &[(
        Severity::Low,
        "objects that can't be read are not evaluated",
    )],
    remediation: Remediation {
        text: "Create an access entry for the role of the function, and apply the manifests of eksentry's reader.",
        command: "aws eks create-access-entry --region {region} --cluster-name {name} --principal-arn <role> \
                  --kubernetes-groups eksentry-readers",
        url: "https://docs.aws.amazon.com/eks/latest/userguide/access-entries.html",
    },
    parameters: &[
        &MOST_FINDINGS,
        &READ_PODS,
        &STALE_DAYS,
        &SYSTEM_NAMESPACES,
        &EXCEPTIONS,
        &PLATFORM_EXCEPTIONS,
        &ACCEPT_PUBLIC_SYSTEM_IMAGES,
    ],
    needs: &[Need::Namespaces],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(cluster: &KubernetesCluster, settings: &ParameterValues) -> Verdict {
    if cluster.is_being_created() {
        return Verdict::pending(
            ReasonCode::ClusterBeingCreated,
            format!("The cluster's status is {}.", cluster.status),
        );
    }
    if let Some(unreachable) = &cluster.unreachable {
        return Verdict::not_available(unreachable);
    }
    if cluster.lists.is_empty() {
        return Verdict::not_available(&Unread::not_requested("a list of objects"));
    }
    let mut reasons: Vec<Reason> = cluster
        .failed_requests()
        .map(|unread| Reason::new(unread.code, unread.text.clone()))
        .collect();
    reasons.dedup();
    let are_all_read = reasons.is_empty();
    if are_all_read {
        reasons.push(Reason::new(
            ReasonCode::ContentsRead,
            "All objects that the checks need were read.",
        ));
    }
    if !settings.get(&READ_PODS) {
        reasons.push(Reason::new(
            ReasonCode::PodsNotRead,
            "Pods are not read (parameter readPods), so only failures of workloads count that a template asks for.",
        ));
    }
    reasons.extend(without_objects(&settings.get(&EXCEPTIONS), cluster));
    if are_all_read {
        Verdict::passed_for(reasons)
    } else {
        Verdict::warning_for(reasons)
    }
}

/// Returns the exceptions that name no object in the cluster. An exception does not matter if not all objects are known
/// that it may name.
fn without_objects(exceptions: &Exceptions, cluster: &KubernetesCluster) -> Option<Reason> {
    let mut is_known: BTreeMap<&str, bool> = BTreeMap::new();
    let mut unused: Vec<&Exception> = exceptions.iter().collect();
    unused.retain(|exception| {
        let kind = exception.kind();
        let are_all_known = || cluster.missing(need_of(kind).into()).is_empty();
        *is_known.entry(kind).or_insert_with(are_all_known)
    });
    if unused.is_empty() {
        return None;
    }
    for object in cluster.objects() {
        unused.retain(|exception| !exception.names(&object));
    }
    let count = unused.len();
    let names = names(unused.into_iter().map(Exception::object));
    let text = match count {
        0 => return None,
        1 => format!("1 exception matches nothing: {names}. Remove it if no cluster needs it."),
        count => format!(
            "{count} exceptions match nothing: {names}. Remove those that no cluster needs."
        ),
    };
    Some(Reason::new(ReasonCode::ExceptionUnused, text))
}

/// Returns the facts that contain all objects of a kind.
fn need_of(kind: &str) -> Need {
    match kind {
        "ClusterRole" | "ClusterRoleBinding" | "Role" | "RoleBinding" => Need::Rbac,
        "Ingress" => Need::Ingresses,
        "Namespace" => Need::Namespaces,
        "PriorityClass" => Need::PriorityClasses,
        "ServiceAccount" => Need::ServiceAccounts,
        "Service" => Need::Services,
        _ => Need::Workloads,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::checks::samples::{kubernetes_cluster, settings, unread};
    use crate::facts::kubernetes::ApiList;
    use crate::verdict::Outcome;

    #[test]
    fn the_outcome_depends_on_the_lists_that_were_read() {
        let reached = kubernetes_cluster;
        let with = |lists: &[(ApiList, bool)]| KubernetesCluster {
            lists: lists
                .iter()
                .map(|(list, is_read)| (*list, is_read.then_some(()).ok_or_else(unread)))
                .collect(),
            ..reached()
        };
        let mut without_groups = reached();
        if let Some(engine) = &mut without_groups.network_policy_engine {
            engine.api_groups = Err(unread());
        }
        let unreachable = KubernetesCluster {
            unreachable: Some(unread()),
            ..reached()
        };
        let creating = KubernetesCluster {
            status: "CREATING".into(),
            ..unreachable.clone()
        };
        for (cluster, expected) in [
            (with(&[]), Outcome::NotAvailable),
            (with(&[(ApiList::Pods, true)]), Outcome::Passed),
            (
                with(&[(ApiList::Pods, true), (ApiList::Jobs, false)]),
                Outcome::Warning,
            ),
            (
                KubernetesCluster {
                    aws_auth: Err(unread()),
                    ..reached()
                },
                Outcome::Warning,
            ),
            (
                KubernetesCluster {
                    aws_auth: Err(Unread::not_requested("the ConfigMap aws-auth")),
                    ..reached()
                },
                Outcome::Passed,
            ),
            (without_groups, Outcome::Warning),
            (unreachable, Outcome::NotAvailable),
            (creating, Outcome::Pending),
        ] {
            let verdict = evaluate(&cluster, &ParameterValues::default());
            assert_eq!(verdict.outcome, expected, "{cluster:?}");
        }
    }

    #[test]
    fn pods_that_a_parameter_excludes_are_no_problem() {
        let not_read = Unread {
            code: ReasonCode::PodsNotRead,
            text: "The pods were not read.".into(),
        };
        let mut cluster = kubernetes_cluster();
        cluster.lists.insert(ApiList::Pods, Err(not_read));
        let settings = settings(CHECK.parameters, r#"{"readPods": false}"#);
        let verdict = evaluate(&cluster, &settings);
        assert_eq!(verdict.outcome, Outcome::Passed);
        assert_eq!(verdict.codes(), ["CONTENTS_READ", "PODS_NOT_READ"]);
        cluster.lists.insert(ApiList::Jobs, Err(unread()));
        let verdict = evaluate(&cluster, &settings);
        assert_eq!(verdict.outcome, Outcome::Warning);
        assert_eq!(verdict.codes(), ["ACCESS_DENIED", "PODS_NOT_READ"]);
    }

    #[test]
    fn exceptions_that_match_no_object_are_named() {
        let evaluate = |cluster: &KubernetesCluster, objects: &[&str]| {
            let exceptions = objects.iter();
            let exceptions: Vec<_> = exceptions
                .map(|object| json!({"object": object, "reason": "Why."}))
                .collect();
            let json = json!({"exceptions": exceptions}).to_string();
            evaluate(cluster, &settings(CHECK.parameters, &json)).explanation()
        };
        let used = ["*:shop/Deployment/w*", "k8s-pod-host-path:/Namespace/shop"];
        let unused = [
            "*:shop/DaemonSet/web",
            "*:other/Deployment/web",
            "*:/ClusterRole/web",
            "*:shop/Service/web",
        ];
        let cluster = kubernetes_cluster();
        let read = "All objects that the checks need were read.";
        assert_eq!(evaluate(&cluster, &used), read);
        let all = [used.as_slice(), &unused[..1]].concat();
        let one =
            "1 exception matches nothing: *:shop/DaemonSet/web. Remove it if no cluster needs it.";
        assert_eq!(evaluate(&cluster, &all), format!("{read} {one}"));
        let all = "4 exceptions match nothing: *:/ClusterRole/web, *:other/Deployment/web, *:shop/DaemonSet/web, \
                   *:shop/Service/web. Remove those that no cluster needs.";
        assert_eq!(evaluate(&cluster, &unused), format!("{read} {all}"));
        // Objects that are not known may be those that an exception names.
        let mut unread_roles = cluster.clone();
        unread_roles
            .lists
            .insert(ApiList::ClusterRoles, Err(unread()));
        unread_roles.lists.remove(&ApiList::Services);
        let text = evaluate(&unread_roles, &unused);
        let expected = "Access was denied. 2 exceptions match nothing: *:other/Deployment/web, *:shop/DaemonSet/web. \
                        Remove those that no cluster needs.";
        assert_eq!(text, expected);
    }
}
