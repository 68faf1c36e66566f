//! ## What it checks
//!
//! Each namespace with workloads should have a resource quota and a limit range. The check fails with LOW if one of them
//! is missing.
//!
//! - A quota counts if it bounds CPU, memory or the number of pods, and has no scopes. Quotas of other objects, such as
//!   Secrets, do not count.
//! - A limit range counts if it has a default, a default request or a maximum for the memory of containers. Ranges of
//!   pods or of volume claims do not count.
//!
//! Namespaces without a live workload are not evaluated. Failures of system namespaces pass as exceptions.
//!
//! ## Why it matters
//!
//! Without a quota, one team can use up the nodes of all others. Without a limit range, a container without limits can
//! use up the memory of its node; and a quota of requests refuses pods that state none.
//!
//! ## How to fix it
//!
//! Create one of each in the namespace.

use crate::check::{Check, Remediation};
use crate::evaluation::namespaces::{EvaluateNamespaces, NamespaceInCluster, reasons_of};
use crate::exceptions::EXCEPTIONS;
use crate::facts::kubernetes::{ApiList, LimitRange, ResourceQuota};
use crate::facts::{Fact, Unread};
use crate::field::InvalidField;
use crate::need::Need;
use crate::parameters::{NamespaceLimit, NamespaceLimits, Parameter, ParameterValues};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::{Outcome, Reason, Verdict};

static REQUIRE: Parameter<NamespaceLimits> = Parameter {
    name: "require",
    description: "The objects that each namespace must have: a resource quota, a limit range, or both.",
    default: NamespaceLimits::Borrowed(&[NamespaceLimit::Quota, NamespaceLimit::Limits]),
};

pub(super) static CHECK: Check = Check {
    id: "k8s-namespace-quota",
    enabled: true,
    title: "Namespaces should have a resource quota and a limit range",
    requirement: "Each namespace with workloads should have a resource quota and a limit range.",
    severities: &[(
        Severity::Low,
        "the pods in the namespace can use up resources that others need",
    )],
    remediation: Remediation {
        text: "Create a ResourceQuota that bounds CPU and memory, and a LimitRange with defaults for containers.",
        command: "kubectl create quota <name> --namespace {namespace} --hard=requests.cpu=<cpu>,limits.memory=<memory>",
        url: "https://kubernetes.io/docs/concepts/policy/resource-quotas/",
    },
    parameters: &[&REQUIRE, &EXCEPTIONS],
    needs: &[
        Need::Namespaces,
        Need::Workloads,
        Need::ResourceQuotas,
        Need::LimitRanges,
    ],
    evaluate: &EvaluateNamespaces {
        only: None,
        excepts_system_namespaces: true,
        evaluate,
    },
};

fn evaluate(namespace: NamespaceInCluster<'_>, settings: &ParameterValues) -> Verdict {
    if let Some(verdict) = namespace.without_live_workloads() {
        return verdict;
    }
    let (mut failures, mut unread) = (Vec::new(), Vec::new());
    for required in settings.get(&REQUIRE).iter() {
        let (fact, code, text) = match required {
            NamespaceLimit::Quota => (
                found(
                    namespace,
                    ApiList::ResourceQuotas,
                    namespace
                        .namespace
                        .quotas
                        .iter()
                        .map(ResourceQuota::bounds_pods),
                ),
                ReasonCode::NoQuota,
                "No resource quota without scopes bounds CPU, memory or the number of pods.",
            ),
            NamespaceLimit::Limits => (
                found(
                    namespace,
                    ApiList::LimitRanges,
                    namespace
                        .namespace
                        .limit_ranges
                        .iter()
                        .map(LimitRange::limits_memory),
                ),
                ReasonCode::NoLimitRange,
                "No limit range has a default or a maximum for the memory of containers.",
            ),
        };
        match fact {
            Ok(true) => {}
            Ok(false) => failures.push(Reason::new(code, text)),
            Err(reason) => unread.push(reason),
        }
    }
    let unread = reasons_of(unread);
    if !failures.is_empty() {
        failures.extend(unread);
        return Verdict::failed_for(Severity::Low, failures);
    }
    if !unread.is_empty() {
        return Verdict::about_many(Outcome::NotAvailable, unread, Vec::new());
    }
    let text = "The namespace has the objects that are required.";
    Verdict::passed(ReasonCode::NamespaceLimited, text)
}

/// Returns `true` if one object in the namespace meets the requirement. Others need not be known then.
fn found(
    namespace: NamespaceInCluster<'_>,
    list: ApiList,
    objects: impl Iterator<Item = Result<bool, InvalidField>>,
) -> Fact<bool> {
    let mut is_known = true;
    for object in objects {
        match object {
            Ok(true) => return Ok(true),
            Ok(false) => {}
            Err(InvalidField) => is_known = false,
        }
    }
    if let Some(unread) = namespace.cluster.unread(list) {
        return Err(unread);
    }
    if !is_known {
        return Err(Unread {
            code: ReasonCode::ReadFailed,
            text: format!(
                "An object in the list of {list} has a setting of an unknown type or value."
            ),
        });
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::checks::samples::{kubernetes_cluster, unread};
    use crate::evaluation::namespaces::tests::{namespaces_of, results_of};
    use crate::facts::KubernetesCluster;
    use crate::facts::kubernetes::Namespace;
    use crate::verdict::Outcome::{Failed, NotApplicable, NotAvailable, Passed};

    fn with(quota: Option<Value>, range: Option<Value>) -> KubernetesCluster {
        let quotas = quota.map(|hard| serde_json::from_value(hard).unwrap());
        let ranges = range.map(|item| serde_json::from_value(json!({"limits": [item]})).unwrap());
        let namespace = Namespace {
            quotas: quotas.into_iter().collect(),
            limit_ranges: ranges.into_iter().collect(),
            ..Namespace::default()
        };
        KubernetesCluster {
            namespaces: [("shop".to_owned(), namespace)].into(),
            ..kubernetes_cluster()
        }
    }

    fn quota() -> Value {
        json!({"hard": {"limits.memory": "8Gi"}})
    }

    fn range() -> Value {
        json!({"type": "Container", "default": {"memory": "128Mi"}})
    }

    fn result(facts: &KubernetesCluster, parameters: &str) -> (Outcome, Vec<&'static str>) {
        let (name, outcome, codes) = results_of(&CHECK, facts, parameters).pop().unwrap();
        assert_eq!(name, "shop");
        (outcome, codes)
    }

    #[test]
    fn a_namespace_needs_a_quota_and_a_limit_range() {
        let low = Failed(Severity::Low);
        let claims = json!({"type": "PersistentVolumeClaim", "max": {"storage": "8Gi"}});
        for (quota, range, outcome, codes) in [
            (
                Some(quota()),
                Some(range()),
                Passed,
                vec!["NAMESPACE_LIMITED"],
            ),
            (None, None, low, vec!["NO_QUOTA", "NO_LIMIT_RANGE"]),
            (Some(quota()), None, low, vec!["NO_LIMIT_RANGE"]),
            (None, Some(range()), low, vec!["NO_QUOTA"]),
            (
                Some(json!({"hard": {"secrets": "10"}})),
                Some(range()),
                low,
                vec!["NO_QUOTA"],
            ),
            (
                Some(json!({"hard": {"pods": "10"}, "scopes": ["BestEffort"]})),
                Some(range()),
                low,
                vec!["NO_QUOTA"],
            ),
            (
                Some(json!({"hard": {}})),
                Some(range()),
                low,
                vec!["NO_QUOTA"],
            ),
            (Some(quota()), Some(claims), low, vec!["NO_LIMIT_RANGE"]),
            (
                Some(json!({"hard": 7})),
                Some(range()),
                NotAvailable,
                vec!["READ_FAILED"],
            ),
            (
                Some(json!({"hard": 7})),
                None,
                low,
                vec!["NO_LIMIT_RANGE", "READ_FAILED"],
            ),
        ] {
            let facts = with(quota, range);
            assert_eq!(result(&facts, "{}"), (outcome, codes), "{facts:?}");
        }
    }

    #[test]
    fn the_required_objects_are_a_parameter() {
        let facts = with(Some(quota()), None);
        assert_eq!(result(&facts, r#"{"require": "quota"}"#).0, Passed);
        let (outcome, codes) = result(&facts, r#"{"require": ["limits"]}"#);
        assert_eq!(
            (outcome, codes),
            (Failed(Severity::Low), vec!["NO_LIMIT_RANGE"])
        );
    }

    #[test]
    fn a_namespace_without_live_workloads_is_not_evaluated() {
        let mut ended = with(None, None);
        ended.workloads[0].has_ended = true;
        let empty = KubernetesCluster {
            workloads: Vec::new(),
            ..with(None, None)
        };
        for mut facts in [ended, empty] {
            assert_eq!(result(&facts, "{}").0, NotApplicable);
            facts.lists.insert(ApiList::Pods, Err(unread()));
            assert_eq!(result(&facts, "{}"), (NotAvailable, vec!["ACCESS_DENIED"]));
        }
    }

    #[test]
    fn an_unread_list_matters_only_if_it_decides() {
        for (list, quota, range, outcome) in [
            (
                ApiList::ResourceQuotas,
                Some(quota()),
                Some(range()),
                Passed,
            ),
            (ApiList::ResourceQuotas, None, Some(range()), NotAvailable),
            (ApiList::LimitRanges, Some(quota()), None, NotAvailable),
            (ApiList::LimitRanges, None, None, Failed(Severity::Low)),
            (ApiList::Pods, Some(quota()), Some(range()), Passed),
        ] {
            let mut facts = with(quota, range);
            facts.lists.insert(list, Err(unread()));
            assert_eq!(result(&facts, "{}").0, outcome, "{list}");
        }
    }

    #[test]
    fn system_namespaces_are_excepted() {
        let parameters = r#"{"systemNamespaces": "shop"}"#;
        let (_, verdict) = namespaces_of(&CHECK, &with(None, None), parameters)
            .pop()
            .unwrap();
        assert_eq!(verdict.outcome, Passed);
        assert_eq!(verdict.codes()[0], "EXCEPTED_SYSTEM");
    }
}
