use serde_json::{Value, json};

use super::TrafficDirection::{Egress, Ingress};
use super::*;

const UNKNOWN: Result<bool, InvalidField> = Err(InvalidField);

fn policy(spec: &Value) -> NetworkPolicySpec {
    serde_json::from_value(spec.clone()).unwrap()
}

fn labels(labels: &[(&str, &str)]) -> Labels {
    let labels = labels.iter();
    labels
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

#[test]
fn an_empty_selector_selects_all_pods() {
    let nearly_all = json!({"matchExpressions": [{"key": "x", "operator": "DoesNotExist"}]});
    for (selector, expected) in [
        (json!(null), Ok(true)),
        (json!({}), Ok(true)),
        (json!({"matchLabels": {}}), Ok(true)),
        (
            json!({"matchLabels": null, "matchExpressions": []}),
            Ok(true),
        ),
        (json!({"matchLabels": {"app": "web"}}), Ok(false)),
        (nearly_all, Ok(false)),
        (json!({"matchLabels": 7}), UNKNOWN),
        (json!(7), UNKNOWN),
    ] {
        let found = policy(&json!({"podSelector": selector})).selects_all_pods();
        assert_eq!(found, expected, "{selector}");
    }
}

#[test]
fn pods_are_selected_by_their_labels() {
    let web = labels(&[("app", "web")]);
    for (selector, of_web, of_unknown) in [
        (json!({}), Ok(true), Ok(true)),
        (json!({"matchLabels": {"app": "web"}}), Ok(true), UNKNOWN),
        (json!({"matchLabels": {"app": "api"}}), Ok(false), UNKNOWN),
        (json!({"matchLabels": 7}), UNKNOWN, UNKNOWN),
        (json!("x"), UNKNOWN, UNKNOWN),
    ] {
        let policy = policy(&json!({"podSelector": selector}));
        assert_eq!(policy.selects(Some(&web)), of_web, "{selector}");
        assert_eq!(policy.selects(None), of_unknown, "{selector}");
    }
}

#[test]
fn the_types_of_a_policy_are_its_directions() {
    for (spec, ingress, egress) in [
        (json!({}), Ok(true), Ok(false)),
        (json!({"policyTypes": []}), Ok(true), Ok(false)),
        (json!({"egress": [{}]}), Ok(true), Ok(true)),
        (json!({"egress": []}), Ok(true), Ok(false)),
        (json!({"egress": 7}), Ok(true), UNKNOWN),
        (json!({"policyTypes": ["Egress"]}), Ok(false), Ok(true)),
        (
            json!({"policyTypes": ["Ingress"], "egress": [{}]}),
            Ok(true),
            Ok(false),
        ),
        (
            json!({"policyTypes": ["Egress", "Ingress"]}),
            Ok(true),
            Ok(true),
        ),
        (json!({"policyTypes": ["ingress"]}), UNKNOWN, UNKNOWN),
        (
            json!({"policyTypes": ["Ingress", "New"]}),
            Ok(true),
            UNKNOWN,
        ),
        (json!({"policyTypes": "Ingress"}), UNKNOWN, UNKNOWN),
    ] {
        let policy = policy(&spec);
        assert_eq!(policy.applies_to(Ingress), ingress, "{spec}");
        assert_eq!(policy.applies_to(Egress), egress, "{spec}");
    }
}

#[test]
fn an_empty_rule_allows_all_traffic() {
    for (spec, ingress, egress) in [
        (
            json!({"policyTypes": ["Ingress", "Egress"]}),
            Ok(false),
            Ok(false),
        ),
        (json!({"ingress": [{}]}), Ok(true), Ok(false)),
        (
            json!({"ingress": [{"from": [], "ports": null}]}),
            Ok(true),
            Ok(false),
        ),
        (json!({"ingress": [{"from": [{}]}]}), Ok(false), Ok(false)),
        (
            json!({"ingress": [{"ports": [{"port": 80}]}]}),
            Ok(false),
            Ok(false),
        ),
        (json!({"egress": [{}]}), Ok(false), Ok(true)),
        // The destinations of a rule for traffic to pods have no effect.
        (json!({"ingress": [{"to": [{}]}]}), Ok(true), Ok(false)),
        // A direction that is not among the types is not denied, and its rules have no effect.
        (
            json!({"policyTypes": ["Ingress"], "egress": [{}]}),
            Ok(false),
            Ok(false),
        ),
        (json!({"ingress": [{"from": 7}]}), UNKNOWN, Ok(false)),
        (
            json!({"ingress": [{"from": 7, "ports": [{"port": 80}]}]}),
            Ok(false),
            Ok(false),
        ),
        (json!({"ingress": [7]}), UNKNOWN, Ok(false)),
    ] {
        let policy = policy(&spec);
        assert_eq!(policy.allows_all(Ingress), ingress, "{spec}");
        assert_eq!(policy.allows_all(Egress), egress, "{spec}");
    }
}

#[test]
fn all_addresses_are_all_traffic() {
    let block = |cidr: &str| json!({"ipBlock": {"cidr": cidr}});
    let to = |peers: &[Value]| json!({"to": peers});
    for (rules, expected) in [
        (vec![to(&[block("0.0.0.0/0")])], Ok(true)),
        (vec![to(&[block("::/0")])], Ok(true)),
        (vec![to(&[block("10.1.2.3/0")])], Ok(true)),
        (
            vec![to(&[json!({"podSelector": {}}), block("::/0")])],
            Ok(true),
        ),
        // Rules add up.
        (
            vec![to(&[block("0.0.0.0/1"), block("128.0.0.0/1")])],
            Ok(true),
        ),
        (
            vec![to(&[block("128.0.0.0/1")]), to(&[block("0.0.0.0/1")])],
            Ok(true),
        ),
        (vec![to(&[block("0.0.0.0/1")])], Ok(false)),
        (
            vec![to(&[block("0.0.0.0/1"), block("8000::/1")])],
            Ok(false),
        ),
        (vec![to(&[block("10.0.0.0/8")])], Ok(false)),
        (
            vec![json!({"to": [block("0.0.0.0/0")], "ports": [{"port": 443}]})],
            Ok(false),
        ),
        (
            vec![to(&[
                json!({"ipBlock": {"cidr": "0.0.0.0/0", "except": ["169.254.169.254/32"]}}),
            ])],
            Ok(false),
        ),
        (vec![to(&[json!({"namespaceSelector": {}})])], Ok(false)),
        // A rule for traffic from pods has destinations.
        (
            vec![json!({"to": [block("10.0.0.0/8")], "from": [block("::/0")]})],
            Ok(false),
        ),
        (vec![to(&[block("x")])], UNKNOWN),
        (vec![to(&[block("x"), block("::/0")])], Ok(true)),
        (vec![to(&[json!({"ipBlock": 7})])], UNKNOWN),
        (vec![to(&[json!({"ipBlock": {}})])], UNKNOWN),
        (
            vec![to(&[json!({"ipBlock": {"cidr": "::/0", "except": 7}})])],
            UNKNOWN,
        ),
        (vec![json!({"to": [block("::/0")], "ports": 7})], UNKNOWN),
        (
            vec![json!({"to": [{"podSelector": {}}], "ports": 7})],
            Ok(false),
        ),
    ] {
        let spec = json!({"policyTypes": ["Egress"], "egress": rules});
        assert_eq!(policy(&spec).allows_all(Egress), expected, "{spec}");
        assert_eq!(policy(&spec).allows_all(Ingress), Ok(false), "{spec}");
    }
    let from = policy(&json!({"ingress": [{"from": [block("0.0.0.0/0")]}]}));
    assert_eq!(from.allows_all(Ingress), Ok(true));
}

/// Returns the result for a policy in the namespace `shop` with one rule for traffic from its pods.
fn allows_dns(rule: &Value) -> Result<bool, InvalidField> {
    let namespace = labels(&[("kubernetes.io/metadata.name", "kube-system")]);
    let dns = DnsServers {
        namespace_labels: Some(&namespace),
        addresses: &["10.100.0.10".parse().unwrap(), "fd00::a".parse().unwrap()],
        has_all_addresses: true,
    };
    policy(&json!({"egress": [rule]})).allows_dns("shop", dns)
}

#[test]
fn dns_needs_the_port_53_of_udp() {
    for (ports, expected) in [
        (json!(null), Ok(true)),
        (json!([]), Ok(true)),
        (json!([{"protocol": "UDP"}]), Ok(true)),
        (json!([{"protocol": "UDP", "port": 53}]), Ok(true)),
        (json!([{"protocol": "UDP", "port": "dns"}]), Ok(true)),
        (
            json!([{"protocol": "UDP", "port": 1, "endPort": 53}]),
            Ok(true),
        ),
        (
            json!([{"protocol": "UDP", "port": 53, "endPort": 99}]),
            Ok(true),
        ),
        (
            json!([{"protocol": "UDP", "port": 1, "endPort": 52}]),
            Ok(false),
        ),
        (json!([{"protocol": "UDP", "port": 54}]), Ok(false)),
        (json!([{"protocol": "UDP", "port": "dns-tcp"}]), Ok(false)),
        (json!([{"protocol": "TCP", "port": 53}]), Ok(false)),
        (json!([{"protocol": "SCTP", "port": 53}]), Ok(false)),
        (json!([{"port": 53}]), Ok(false)),
        (
            json!([{"port": 53}, {"protocol": "UDP", "port": 53}]),
            Ok(true),
        ),
        (json!([{"protocol": "udp", "port": 53}]), UNKNOWN),
        (json!([{"protocol": "UDP", "port": true}]), UNKNOWN),
        (
            json!([{"protocol": "UDP", "port": 53, "endPort": "x"}]),
            UNKNOWN,
        ),
        (json!(7), UNKNOWN),
    ] {
        assert_eq!(allows_dns(&json!({"ports": ports})), expected, "{ports}");
    }
}

#[test]
fn dns_needs_a_peer_that_contains_the_servers() {
    let of_namespace = json!({"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}});
    let of_pods = json!({"matchLabels": {"k8s-app": "kube-dns"}});
    let block = |cidr: &str, except: &[&str]| json!({"ipBlock": {"cidr": cidr, "except": except}});
    for (peer, expected) in [
        (json!({"namespaceSelector": {}}), Ok(true)),
        (json!({"namespaceSelector": of_namespace}), Ok(true)),
        (
            json!({"namespaceSelector": of_namespace, "podSelector": of_pods}),
            Ok(true),
        ),
        (
            json!({"namespaceSelector": {}, "podSelector": {"matchLabels": {"app": "web"}}}),
            Ok(false),
        ),
        (
            json!({
                "namespaceSelector": {},
                "podSelector": {"matchLabels": {"eks.amazonaws.com/component": "coredns"}},
            }),
            Ok(true),
        ),
        (
            json!({"namespaceSelector": {"matchLabels": {"team": "shop"}}}),
            Ok(false),
        ),
        // Without a selector of namespaces, the pods are those of the policy's own namespace.
        (json!({"podSelector": of_pods}), Ok(false)),
        (json!({"podSelector": {}}), Ok(false)),
        (json!({}), Ok(false)),
        (block("10.100.0.10/32", &[]), Ok(true)),
        (block("10.0.0.0/8", &["10.1.0.0/16"]), Ok(true)),
        (block("10.0.0.0/8", &["10.100.0.0/16"]), Ok(false)),
        (block("192.168.0.0/16", &[]), Ok(false)),
        (block("fd00::/8", &[]), Ok(true)),
        (block("10.0.0.0/40", &[]), UNKNOWN),
        (block("10.0.0.0/8", &["x"]), UNKNOWN),
        (json!({"ipBlock": {}}), UNKNOWN),
        (json!({"ipBlock": 7}), UNKNOWN),
        (json!({"namespaceSelector": 7}), UNKNOWN),
        (json!({"namespaceSelector": {}, "podSelector": 7}), UNKNOWN),
    ] {
        assert_eq!(allows_dns(&json!({"to": [peer]})), expected, "{peer}");
    }
    let named = json!({
        "to": [{"ipBlock": {"cidr": "10.100.0.10/32"}}],
        "ports": [{"protocol": "UDP", "port": "dns"}],
    });
    assert_eq!(allows_dns(&named), Ok(false));
    assert_eq!(allows_dns(&json!({"to": 7})), UNKNOWN);
}

#[test]
fn unknown_dns_servers_matter_only_if_they_decide() {
    let unknown = DnsServers {
        namespace_labels: None,
        addresses: &[NODE_LOCAL_DNS],
        has_all_addresses: false,
    };
    let of_namespace = json!({"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}});
    for (peer, expected) in [
        (json!({"namespaceSelector": {}}), Ok(true)),
        (json!({"namespaceSelector": of_namespace}), UNKNOWN),
        (
            json!({"namespaceSelector": of_namespace, "podSelector": {"matchLabels": {"a": "b"}}}),
            Ok(false),
        ),
        (json!({"ipBlock": {"cidr": "10.0.0.0/8"}}), UNKNOWN),
        (json!({"ipBlock": {"cidr": "169.254.20.10/32"}}), Ok(true)),
    ] {
        let policy = policy(&json!({"egress": [{"to": [peer]}]}));
        assert_eq!(policy.allows_dns("shop", unknown), expected, "{peer}");
    }
    let ingress_alone = json!({"policyTypes": ["Ingress"], "egress": [{}]});
    assert_eq!(
        policy(&ingress_alone).allows_dns("shop", unknown),
        Ok(false)
    );
    let own = policy(&json!({"egress": [{"to": [{"podSelector": {}}]}]}));
    assert_eq!(own.allows_dns(DNS_NAMESPACE, unknown), Ok(true));
}

#[test]
fn pods_are_selected_in_each_direction() {
    use Selected::{No, Unknown, Yes};
    let web = json!({"matchLabels": {"app": "web"}});
    let ingress = policy(&json!({"podSelector": web}));
    let egress = policy(&json!({"podSelector": {}, "policyTypes": ["Egress"]}));
    let odd = NetworkPolicySpec::unreadable();
    let new_type = policy(&json!({"podSelector": web, "policyTypes": ["Ingress", "New"]}));
    let selection = |policies: &[&NetworkPolicySpec], labels: Option<&Labels>| {
        let policies = policies.iter();
        let policies = policies.map(|policy| (*policy, policy.directions()));
        let found = PolicySelection::by(policies, labels);
        (found.in_direction(Ingress), found.in_direction(Egress))
    };
    let (web, api) = (labels(&[("app", "web")]), labels(&[("app", "api")]));
    for (policies, labels, expected) in [
        (vec![], Some(&web), (No, No)),
        (vec![&ingress], Some(&web), (Yes, No)),
        (vec![&ingress], Some(&api), (No, No)),
        (vec![&ingress], None, (Unknown, No)),
        (vec![&egress], None, (No, Yes)),
        (vec![&ingress, &egress], Some(&web), (Yes, Yes)),
        (vec![&odd], Some(&web), (Unknown, Unknown)),
        (vec![&odd, &ingress, &egress], Some(&web), (Yes, Yes)),
        (vec![&egress, &ingress, &odd], Some(&web), (Yes, Yes)),
        (vec![&ingress, &odd], Some(&api), (Unknown, Unknown)),
        (vec![&new_type], Some(&web), (Yes, Unknown)),
        (vec![&new_type], Some(&api), (No, No)),
        (vec![&new_type], None, (Unknown, Unknown)),
    ] {
        assert_eq!(selection(&policies, labels), expected, "{policies:?}");
    }
    let of = |ingress, egress| PolicySelection { ingress, egress };
    assert_eq!(of(Yes, Yes).and(of(Unknown, No)), of(Unknown, No));
    assert_eq!(of(Unknown, Yes).and(of(No, Yes)), of(No, Yes));
}
