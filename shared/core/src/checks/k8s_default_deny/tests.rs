mod engine;

use serde_json::{Value, json};

use super::*;
use crate::checks::samples::{kubernetes_cluster, unread};
use crate::evaluation::namespaces::tests::{namespaces_of, results_of};
use crate::facts::KubernetesCluster;
use crate::facts::kubernetes::{Namespace, PolicySelection, Service, VpcCni};
use crate::field::Field;
use crate::verdict::Outcome::{Failed, NotApplicable, NotAvailable, Passed, Warning};

const MEDIUM: Outcome = Failed(Severity::Medium);
const LOW: Outcome = Failed(Severity::Low);

/// Returns a cluster that enforces policies, with these in the namespace `shop`, each with its name.
fn with(policies: &[(&str, Value)]) -> KubernetesCluster {
    let policies = policies.iter().map(|(name, spec)| {
        Arc::new(NetworkPolicy {
            name: (*name).to_owned(),
            spec: serde_json::from_value(spec.clone()).unwrap(),
        })
    });
    let shop = Namespace {
        network_policies: policies.collect(),
        ..Namespace::default()
    };
    let name = "kubernetes.io/metadata.name".to_owned();
    let system = Namespace {
        labels: Some([(name, "kube-system".to_owned())].into()),
        services: vec![Service {
            name: "kube-dns".into(),
            service_type: Field::Absent,
            cluster_ips: Field::Value(vec!["10.100.0.10".into()]),
        }],
        ..Namespace::default()
    };
    KubernetesCluster {
        namespaces: [("kube-system".into(), system), ("shop".into(), shop)].into(),
        ..kubernetes_cluster()
    }
}

fn engine(facts: &mut KubernetesCluster) -> &mut NetworkPolicyEngine {
    facts.network_policy_engine.as_mut().unwrap()
}

/// Returns the settings of the daemon set of the network plugin.
fn vpc_cni(enables_agent: bool, is_strict: Result<bool, InvalidField>) -> VpcCni {
    VpcCni {
        enables_agent: Ok(enables_agent),
        is_strict,
    }
}

fn deny() -> Value {
    json!({"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})
}

fn dns() -> Value {
    json!({
        "policyTypes": ["Egress"],
        "egress": [{
            "to": [{
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
                "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
            }],
            "ports": [{"protocol": "UDP", "port": 53}],
        }],
    })
}

/// Returns a cluster with a default deny and DNS.
fn good() -> KubernetesCluster {
    with(&[("deny", deny()), ("dns", dns())])
}

fn result(facts: &KubernetesCluster, parameters: &str) -> (Outcome, Vec<&'static str>) {
    let (name, outcome, codes) = results_of(&CHECK, facts, parameters).pop().unwrap();
    assert_eq!(name, "shop");
    (outcome, codes)
}

#[test]
fn policies_deny_traffic_by_default() {
    let both = || vec!["NO_DEFAULT_DENY", "NO_DEFAULT_DENY"];
    let all_in = || json!({"ingress": [{}]});
    let all_out = || json!({"policyTypes": ["Egress"], "egress": [{}]});
    let to_all_addresses = || {
        let to = json!([{"ipBlock": {"cidr": "0.0.0.0/0"}}]);
        json!({"policyTypes": ["Egress"], "egress": [{"to": to}]})
    };
    let nearly_all = json!({
        "podSelector": {"matchExpressions": [{"key": "x", "operator": "DoesNotExist"}]},
        "policyTypes": ["Ingress", "Egress"],
    });
    let dns_alone = json!({"egress": [{"ports": [{"protocol": "UDP", "port": 53}]}]});
    for (policies, outcome, codes) in [
        (
            vec![deny(), dns()],
            Passed,
            vec!["DEFAULT_DENY", "DEFAULT_DENY"],
        ),
        (
            vec![dns(), deny()],
            Passed,
            vec!["DEFAULT_DENY", "DEFAULT_DENY"],
        ),
        // A policy may deny and have rules of its own. Its types follow from its rules.
        (
            vec![dns_alone],
            Passed,
            vec!["DEFAULT_DENY", "DEFAULT_DENY"],
        ),
        (vec![], MEDIUM, both()),
        (vec![json!({})], LOW, vec!["NO_DEFAULT_DENY"]),
        (vec![dns()], MEDIUM, vec!["NO_DEFAULT_DENY"]),
        (vec![all_in()], MEDIUM, vec!["ALLOW_ALL", "NO_DEFAULT_DENY"]),
        (vec![deny(), dns(), all_in()], MEDIUM, vec!["ALLOW_ALL"]),
        (vec![deny(), dns(), all_out()], LOW, vec!["ALLOW_ALL"]),
        (
            vec![deny(), dns(), to_all_addresses()],
            LOW,
            vec!["ALLOW_ALL"],
        ),
        (
            vec![all_out(), all_in(), deny()],
            MEDIUM,
            vec!["ALLOW_ALL", "ALLOW_ALL"],
        ),
        (vec![nearly_all], MEDIUM, both()),
        (vec![deny()], Warning, vec!["DNS_BLOCKED"]),
        // A rule of a direction that is not among the types has no effect.
        (
            vec![
                deny(),
                dns(),
                json!({"policyTypes": ["Ingress"], "egress": [{}]}),
            ],
            Passed,
            vec!["DEFAULT_DENY", "DEFAULT_DENY"],
        ),
    ] {
        let names = ["a", "b", "c"];
        let policies: Vec<_> = names.into_iter().zip(policies).collect();
        assert_eq!(
            result(&with(&policies), "{}"),
            (outcome, codes),
            "{policies:?}"
        );
    }
}

#[test]
fn a_policy_that_allows_all_is_named() {
    let facts = with(&[("deny", deny()), ("open", json!({"ingress": [{}]}))]);
    let (_, verdict) = namespaces_of(&CHECK, &facts, "{}").pop().unwrap();
    assert_eq!(
        verdict.reasons[0].text,
        "Network policies allow all ingress traffic of all pods, whatever others deny: open. Remove their rules for all \
         addresses."
    );
}

#[test]
fn new_pods_are_open_if_only_the_present_ones_are_selected() {
    use Selected::{No, Unknown, Yes};
    let selecting = |ingress, egress| {
        let mut facts = with(&[(
            "web",
            json!({"podSelector": {"matchLabels": {"app": "web"}}}),
        )]);
        facts.workloads[0].policy_selection = PolicySelection { ingress, egress };
        facts
    };
    for (ingress, egress, outcome, codes) in [
        (Yes, Yes, LOW, ["NEW_PODS_OPEN", "NEW_PODS_OPEN"]),
        (Yes, No, LOW, ["NEW_PODS_OPEN", "NO_DEFAULT_DENY"]),
        (No, Yes, MEDIUM, ["NO_DEFAULT_DENY", "NEW_PODS_OPEN"]),
        (Unknown, Yes, MEDIUM, ["NO_DEFAULT_DENY", "NEW_PODS_OPEN"]),
    ] {
        let facts = selecting(ingress, egress);
        assert_eq!(result(&facts, "{}"), (outcome, codes.to_vec()));
    }
    let mut facts = selecting(Yes, Yes);
    let mut other = facts.workloads[0].clone();
    other.policy_selection = PolicySelection::default();
    facts.workloads.push(other.clone());
    assert_eq!(result(&facts, "{}").0, MEDIUM);
    // Workloads that have ended, and those of other namespaces, don't count.
    other.has_ended = true;
    facts.workloads[1] = other.clone();
    other.has_ended = false;
    other.name.namespace = Some("elsewhere".into());
    facts.workloads.push(other);
    assert_eq!(result(&facts, "{}").0, LOW);
    // There may be others that no policy selects.
    facts.lists.insert(ApiList::Pods, Err(unread()));
    assert_eq!(result(&facts, "{}").0, MEDIUM);
}

#[test]
fn parameters_limit_the_evaluation() {
    let ingress = with(&[("deny", json!({"podSelector": {}}))]);
    assert_eq!(result(&ingress, "{}").0, LOW);
    assert_eq!(result(&ingress, r#"{"directions": "ingress"}"#).0, Passed);
    assert_eq!(result(&ingress, r#"{"directions": "egress"}"#).0, LOW);
    let without_dns = with(&[("deny", deny())]);
    assert_eq!(result(&without_dns, "{}").0, Warning);
    assert_eq!(result(&without_dns, r#"{"requireDns": false}"#).0, Passed);
}

#[test]
fn dns_is_not_evaluated_in_auto_mode() {
    let facts = KubernetesCluster {
        auto_mode: true,
        ..with(&[("deny", deny())])
    };
    assert_eq!(result(&facts, "{}").0, Passed);
}

#[test]
fn dns_is_allowed_to_its_pods_or_addresses() {
    let to = |rule: Value| json!({"policyTypes": ["Egress"], "egress": [rule]});
    let block = |cidr: &str| to(json!({"to": [{"ipBlock": {"cidr": cidr}}]}));
    for (policy, outcome) in [
        (to(json!({"to": [{"namespaceSelector": {}}]})), Passed),
        (block("10.100.0.0/16"), Passed),
        (block("169.254.20.10/32"), Passed),
        (block("10.101.0.0/16"), Warning),
        (to(json!({"to": [{"podSelector": {}}]})), Warning),
        (
            to(json!({"ports": [{"protocol": "TCP", "port": 53}]})),
            Warning,
        ),
        (to(json!({"ports": 7})), NotAvailable),
    ] {
        let facts = with(&[("deny", deny()), ("dns", policy.clone())]);
        assert_eq!(result(&facts, "{}").0, outcome, "{policy}");
    }
    // Some pods suffice.
    let mut of_web = dns();
    of_web["podSelector"] = json!({"matchLabels": {"app": "web"}});
    let facts = with(&[("deny", deny()), ("dns", of_web)]);
    assert_eq!(result(&facts, "{}").0, Passed);
}

#[test]
fn an_unread_list_matters_only_if_it_decides() {
    let by_address = || {
        let to = json!([{"ipBlock": {"cidr": "10.100.0.10/32"}}]);
        let dns = json!({"policyTypes": ["Egress"], "egress": [{"to": to}]});
        with(&[("deny", deny()), ("dns", dns)])
    };
    let unlisted = |mut facts: KubernetesCluster, list| {
        facts.lists.insert(list, Err(unread()));
        if list == ApiList::Services {
            for namespace in facts.namespaces.values_mut() {
                namespace.services.clear();
            }
        }
        if list == ApiList::Namespaces {
            for namespace in facts.namespaces.values_mut() {
                namespace.labels = None;
            }
        }
        result(&facts, "{}").0
    };
    let open = || with(&[("open", json!({"ingress": [{}]}))]);
    for (facts, list, outcome) in [
        (good(), ApiList::NetworkPolicies, NotAvailable),
        (with(&[]), ApiList::NetworkPolicies, NotAvailable),
        (open(), ApiList::NetworkPolicies, MEDIUM),
        (good(), ApiList::Services, Passed),
        (by_address(), ApiList::Services, NotAvailable),
        (good(), ApiList::Namespaces, NotAvailable),
        (by_address(), ApiList::Namespaces, Passed),
        (good(), ApiList::DaemonSets, NotAvailable),
        (with(&[]), ApiList::DaemonSets, NotAvailable),
        (good(), ApiList::NodeClasses, Passed),
        (good(), ApiList::Pods, Passed),
    ] {
        assert_eq!(unlisted(facts, list), outcome, "{list}");
    }
    let mut facts = good();
    engine(&mut facts).enables_controller = Err(unread());
    assert_eq!(result(&facts, "{}"), (NotAvailable, vec!["ACCESS_DENIED"]));
    engine(&mut facts).vpc_cni = Some(vpc_cni(false, Ok(false)));
    assert_eq!(
        result(&facts, "{}"),
        (Warning, vec!["POLICIES_NOT_ENFORCED"])
    );
    facts.network_policy_engine = None;
    assert_eq!(result(&facts, "{}"), (NotAvailable, vec!["NOT_READ"]));
    facts.workloads.clear();
    assert_eq!(result(&facts, "{}").0, NotApplicable);
}

#[test]
fn a_policy_that_is_not_understood_never_passes() {
    for odd in [
        json!({"podSelector": 7}),
        json!({"policyTypes": ["Both"]}),
        json!({"policyTypes": ["Ingress"], "ingress": [7]}),
        json!({"policyTypes": ["Egress"], "egress": 7}),
    ] {
        let facts = with(&[("deny", deny()), ("dns", dns()), ("odd", odd.clone())]);
        let (_, verdict) = namespaces_of(&CHECK, &facts, "{}").pop().unwrap();
        assert_eq!(verdict.outcome, NotAvailable, "{odd}");
        assert_eq!(
            verdict.reasons[0].text,
            "Network policies have a setting of an unknown type or value: odd. Review them manually."
        );
    }
    // It has no effect if it does not select all pods.
    let odd = json!({"podSelector": {"matchLabels": {"app": "web"}}, "ingress": 7});
    let facts = with(&[("deny", deny()), ("dns", dns()), ("odd", odd)]);
    assert_eq!(result(&facts, "{}").0, Passed);
}

#[test]
fn a_namespace_whose_pods_policies_do_not_reach_says_so() {
    for (member, value, is_noted) in [
        ("hostNetwork", json!(true), true),
        ("hostNetwork", json!(false), false),
        ("schedulerName", json!("fargate-scheduler"), true),
        ("schedulerName", json!("default-scheduler"), false),
        ("os", json!({"name": "windows"}), true),
        ("os", json!({"name": "linux"}), false),
    ] {
        let spec: Arc<PodSpec> = Arc::new(serde_json::from_value(json!({member: value})).unwrap());
        for is_running in [true, false] {
            let mut facts = good();
            let workload = &mut facts.workloads[0];
            if is_running {
                workload.running[0].spec = Arc::clone(&spec);
            } else {
                workload.running.clear();
                workload.template = Some(Arc::clone(&spec));
            }
            let (outcome, codes) = result(&facts, "{}");
            assert_eq!(outcome, Passed);
            assert_eq!(codes.contains(&"PODS_NOT_COVERED"), is_noted, "{member}");
            let mut other = facts.workloads[0].clone();
            other.running.clear();
            other.template = Some(Arc::new(PodSpec::default()));
            facts.workloads.push(other);
            assert!(!result(&facts, "{}").1.contains(&"PODS_NOT_COVERED"));
        }
    }
}

#[test]
fn system_namespaces_are_excepted() {
    let (_, verdict) = namespaces_of(&CHECK, &with(&[]), r#"{"systemNamespaces": "shop"}"#)
        .pop()
        .unwrap();
    assert_eq!(verdict.outcome, Passed);
    assert_eq!(verdict.codes()[0], "EXCEPTED_SYSTEM");
}
