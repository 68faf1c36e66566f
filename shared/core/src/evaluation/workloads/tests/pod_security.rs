//! The checks of pods against Pod Security admission, which they must agree with.
//!
//! `testdata/pod-security-fixtures.jsonl` has the pods of `test/testdata` of kubernetes/pod-security-admission (Apache
//! License 2.0, commit 8f84a87c7f617f64a4ddc1aea24aeeb7a2e07cb8) for the versions 1.29 to 1.37, in short form.
//! `testdata/pod-security-verdicts.jsonl` has sample pods, with what the admission of kube-apiserver 1.36.2 responded.

use std::collections::BTreeSet;

use serde::Deserialize;

use super::*;
use crate::checks::CHECKS;

/// A pod of Pod Security admission's own tests.
#[derive(Deserialize)]
struct Fixture {
    level: String,
    versions: Vec<String>,
    expect: String,
    name: String,
    spec: Value,
}

/// A sample pod with the responses of Pod Security admission at two levels.
#[derive(Deserialize)]
struct Sample {
    name: String,
    baseline: String,
    restricted: String,
    spec: Value,
}

/// A check with the controls that it evaluates.
struct Mapping {
    check: &'static str,
    parameters: &'static str,
    level: &'static str,
    /// The controls in the responses of the admission.
    controls: &'static [&'static str],
    /// The controls in the names of fixtures.
    fixtures: &'static [&'static str],
}

const MAPPINGS: [Mapping; 7] = [
    Mapping {
        check: "k8s-pod-privileged",
        parameters: "{}",
        level: "baseline",
        controls: &["privileged", "hostProcess"],
        fixtures: &["privileged", "windowshostprocess"],
    },
    Mapping {
        check: "k8s-pod-host-namespaces",
        parameters: "{}",
        level: "baseline",
        controls: &["host namespaces", "hostPort"],
        fixtures: &["hostnamespaces", "hostports"],
    },
    Mapping {
        check: "k8s-pod-host-path",
        parameters: "{}",
        level: "baseline",
        controls: &["hostPath volumes"],
        fixtures: &["hostpathvolumes"],
    },
    Mapping {
        check: "k8s-pod-capabilities",
        parameters: "{}",
        level: "baseline",
        controls: &["non-default capabilities"],
        fixtures: &["capabilities_baseline"],
    },
    Mapping {
        check: "k8s-pod-run-as-non-root",
        parameters: r#"{"requireRunAsNonRoot": true}"#,
        level: "restricted",
        controls: &["runAsNonRoot != true", "runAsUser=0"],
        fixtures: &["runasnonroot", "runasuser"],
    },
    Mapping {
        check: "k8s-pod-privilege-escalation",
        parameters: "{}",
        level: "restricted",
        controls: &["allowPrivilegeEscalation != false"],
        fixtures: &["allowprivilegeescalation"],
    },
    Mapping {
        check: "k8s-pod-hardened",
        parameters: "{}",
        level: "restricted",
        controls: &["seccompProfile", "unrestricted capabilities"],
        fixtures: &[
            "seccompprofile_baseline",
            "seccompprofile_restricted",
            "capabilities_baseline",
            "capabilities_restricted",
        ],
    },
];

const CASE: &str =
    "The check compares names of capabilities without case, as some container runtimes do.";
const PREFIX: &str =
    "The check accepts CAP_ before names of capabilities, as the agent of Pod Identity has it.";
const NOT_APPLIED: &str =
    "A profile does not apply to privileged containers, so the check fails them.";
const HOST: &str =
    "The name is that of one control; the pod also has hostNetwork, as all such pods must.";
const ALSO_CAPABILITIES: &str =
    "The name is that of one control; a container also drops no capabilities.";
const ALSO_ESCALATION: &str =
    "The name is that of one control; the container also allows privilege escalation.";
const ALSO_PATH: &str = "The name is that of one control; the volume is also a path of the node.";

/// The pods about which a check and the admission disagree: the name, for fixtures with the level and the first
/// version, the check, `true` if the check passes the pod, and the reason.
const DIFFERENCES: &[(&str, &str, bool, &str)] = &[
    (
        "baseline/v1.29/capabilities_baseline2",
        "k8s-pod-capabilities",
        true,
        CASE,
    ),
    (
        "baseline/v1.29/capabilities_baseline3",
        "k8s-pod-capabilities",
        true,
        PREFIX,
    ),
    (
        "baseline/v1.29/windowshostprocess0",
        "k8s-pod-host-namespaces",
        false,
        HOST,
    ),
    (
        "baseline/v1.29/windowshostprocess1",
        "k8s-pod-host-namespaces",
        false,
        HOST,
    ),
    (
        "restricted/v1.29/allowprivilegeescalation3",
        "k8s-pod-hardened",
        false,
        ALSO_CAPABILITIES,
    ),
    (
        "restricted/v1.29/capabilities_baseline2",
        "k8s-pod-capabilities",
        true,
        CASE,
    ),
    (
        "restricted/v1.29/capabilities_baseline3",
        "k8s-pod-capabilities",
        true,
        PREFIX,
    ),
    (
        "restricted/v1.29/privileged0",
        "k8s-pod-hardened",
        false,
        NOT_APPLIED,
    ),
    (
        "restricted/v1.29/privileged0",
        "k8s-pod-privilege-escalation",
        false,
        ALSO_ESCALATION,
    ),
    (
        "restricted/v1.29/privileged1",
        "k8s-pod-hardened",
        false,
        NOT_APPLIED,
    ),
    (
        "restricted/v1.29/privileged1",
        "k8s-pod-privilege-escalation",
        false,
        ALSO_ESCALATION,
    ),
    (
        "restricted/v1.29/restrictedvolumes19",
        "k8s-pod-host-path",
        false,
        ALSO_PATH,
    ),
    (
        "restricted/v1.29/windowshostprocess0",
        "k8s-pod-host-namespaces",
        false,
        HOST,
    ),
    (
        "restricted/v1.29/windowshostprocess1",
        "k8s-pod-host-namespaces",
        false,
        HOST,
    ),
];

/// Returns `true` if a pod passes a check. A warning does not pass.
fn passes(mapping: &Mapping, spec: &Value) -> bool {
    let check = find(mapping.check).unwrap();
    verdict_of(check, spec, mapping.parameters).outcome <= Outcome::Passed
}

/// Compares the differences that were found with those that are known. The names of fixtures contain a slash.
fn assert_differences(found: &BTreeSet<(String, &str, bool)>, of_fixtures: bool) {
    let known = DIFFERENCES.iter();
    let known = known.filter(|(name, ..)| name.contains('/') == of_fixtures);
    let known: BTreeSet<(String, &str, bool)> = known
        .map(|(name, check, passes, _)| ((*name).to_owned(), *check, *passes))
        .collect();
    assert_eq!(found, &known);
}

#[test]
fn checks_agree_with_the_fixtures_of_pod_security_admission() {
    let lines = include_str!("../testdata/pod-security-fixtures.jsonl").lines();
    let mut found = BTreeSet::new();
    for fixture in lines.map(|line| serde_json::from_str::<Fixture>(line).unwrap()) {
        let control = fixture.name.trim_end_matches(|c: char| c.is_ascii_digit());
        // A pod of the level baseline may violate the level restricted in any way.
        let levels = MAPPINGS
            .iter()
            .filter(|mapping| fixture.level == "restricted" || mapping.level == "baseline");
        for mapping in levels {
            let fails = fixture.expect == "fail" && mapping.fixtures.contains(&control);
            let passes = passes(mapping, &fixture.spec);
            if passes == fails {
                let name = format!("{}/{}/{}", fixture.level, fixture.versions[0], fixture.name);
                found.insert((name, mapping.check, passes));
            }
        }
    }
    assert_differences(&found, true);
}

#[test]
fn checks_agree_with_the_responses_of_pod_security_admission() {
    let lines = include_str!("../testdata/pod-security-verdicts.jsonl").lines();
    let mut found = BTreeSet::new();
    for sample in lines.map(|line| serde_json::from_str::<Sample>(line).unwrap()) {
        for mapping in &MAPPINGS {
            let response = match mapping.level {
                "baseline" => &sample.baseline,
                _ => &sample.restricted,
            };
            let mut controls = mapping.controls.iter();
            // Each control is followed by the names of the containers that violate it.
            let fails = controls.any(|control| {
                let violated = [format!(": {control} ("), format!(", {control} (")];
                violated.iter().any(|text| response.contains(text))
            });
            let passes = passes(mapping, &sample.spec);
            if passes == fails {
                found.insert((sample.name.clone(), mapping.check, passes));
            }
        }
    }
    assert_differences(&found, false);
}

/// Returns a value with all lists in the opposite order.
fn reversed(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().rev().map(reversed).collect(),
        Value::Object(members) => {
            let members = members.iter();
            let members = members.map(|(name, value)| (name.clone(), reversed(value)));
            Value::Object(members.collect())
        }
        other => other.clone(),
    }
}

/// Returns a value with `null` in place of all lists.
fn without_lists(value: &Value) -> Value {
    match value {
        Value::Array(_) => Value::Null,
        Value::Object(members) => {
            let members = members.iter();
            let members = members.map(|(name, value)| (name.clone(), without_lists(value)));
            Value::Object(members.collect())
        }
        other => other.clone(),
    }
}

#[test]
fn the_order_of_lists_and_pods_does_not_matter() {
    let fixtures = include_str!("../testdata/pod-security-fixtures.jsonl").lines();
    let samples = include_str!("../testdata/pod-security-verdicts.jsonl").lines();
    let specs = fixtures.chain(samples).map(|line| {
        let mut line: Value = serde_json::from_str(line).unwrap();
        line["spec"].take()
    });
    let specs: Vec<Value> = specs.collect();
    let checks = CHECKS
        .iter()
        .filter(|check| check.needs.contains(&crate::need::Need::Workloads));
    for check in checks {
        let parameters = match check.id {
            "k8s-allowed-registries" => r#"{"allowedRegistries": "ecr:own"}"#,
            _ => "{}",
        };
        for (spec, other) in specs.iter().zip(specs.iter().skip(1)) {
            let verdict = verdict_of(check, spec, parameters);
            assert_eq!(verdict_of(check, &reversed(spec), parameters), verdict);
            // Nothing breaks without any list.
            verdict_of(check, &without_lists(spec), parameters);
            let of_pods = |running: &[(&Value, u32)]| {
                let facts = KubernetesCluster {
                    workloads: vec![with(Some(spec), running)],
                    ..kubernetes_cluster()
                };
                objects_of(check, &facts, parameters)
            };
            let orders = [[(spec, 1), (other, 2)], [(other, 2), (spec, 1)]];
            let [one, another] = orders.map(|running| of_pods(&running));
            assert_eq!(one, another);
            // Each pod makes the verdict of its workload worse, or leaves it as it is.
            assert!(one[0].verdict.outcome >= verdict.outcome, "{spec} {other}");
        }
    }
}

#[test]
fn each_difference_has_a_reason() {
    for (name, check, _, reason) in DIFFERENCES {
        assert!(find(check).is_ok() && reason.ends_with('.'), "{name}");
    }
}
