//! ## What it checks
//!
//! Each namespace should have the label `pod-security.kubernetes.io/enforce` with the level `minimumLevel` or a stricter
//! one, so that Pod Security admission refuses pods that violate the level. Amazon EKS enforces nothing by default.
//!
//! | Labels of the namespace | Result |
//! | --- | --- |
//! | `enforce` has the minimum level or a stricter one | PASSED |
//! | `enforce` is weaker or absent, and `audit` or `warn` has the minimum level | FAILED, LOW |
//! | None of the three has the minimum level | FAILED, MEDIUM |
//! | `enforce` is not a level, so that Kubernetes enforces `restricted` | WARNING |
//! | `enforce-version` is not a version, or more than `maxVersionLag` minor versions behind the cluster | WARNING |
//!
//! Namespaces in `enforcedElsewhere` pass: their owner states that another policy engine, such as Kyverno or Gatekeeper,
//! refuses such pods. This is never concluded from the webhooks of the cluster. Failures of system namespaces pass as
//! exceptions. Empty namespaces are evaluated, since the label applies to the next pod. Pods that run already are not
//! evaluated: Pod Security admission looks at them only when they are created.
//!
//! ## Why it matters
//!
//! Without an enforced level, everyone who may create pods in the namespace can create one that takes over its node.
//!
//! ## How to fix it
//!
//! Look at the violations with `--dry-run=server`, correct the pods, then set the label.

use crate::check::{Check, Remediation};
use crate::evaluation::namespaces::{EvaluateNamespaces, NamespaceInCluster};
use crate::exceptions::EXCEPTIONS;
use crate::facts::Unread;
use crate::facts::cluster::KubernetesVersion;
use crate::facts::kubernetes::ApiList;
use crate::need::Need;
use crate::parameters::{Parameter, ParameterValues, PodSecurityLevel, Texts};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::Verdict;

static MINIMUM_LEVEL: Parameter<PodSecurityLevel> = Parameter {
    name: "minimumLevel",
    description: "The weakest level of the Pod Security Standards that a namespace may enforce.",
    default: PodSecurityLevel::Baseline,
};

static MAX_VERSION_LAG: Parameter<u32> = Parameter {
    name: "maxVersionLag",
    description: "The number of minor versions by which the version of an enforced level may be behind the cluster.",
    default: 4,
};

static ENFORCED_ELSEWHERE: Parameter<Texts> = Parameter {
    name: "enforcedElsewhere",
    description: "The namespaces in which another policy engine enforces the level; * stands for all.",
    default: Texts::Borrowed(&[]),
};

pub(super) static CHECK: Check = Check {
    id: "k8s-pod-security-admission",
    enabled: true,
    title: "Namespaces should enforce a pod security standard",
    requirement: "Each namespace should enforce the minimum level of the Pod Security Standards.",
    severities: &[
        (
            Severity::Medium,
            "everyone who may create pods in the namespace can take over a node",
        ),
        (
            Severity::Low,
            "violations of the level are reported, but not refused",
        ),
    ],
    remediation: Remediation {
        text: "Set the labels of the namespace. Try with --dry-run=server first, which lists the pods that violate the \
               level.",
        command: "kubectl label namespace {namespace} pod-security.kubernetes.io/enforce=baseline \
                  pod-security.kubernetes.io/warn=restricted",
        url: "https://kubernetes.io/docs/concepts/security/pod-security-admission/",
    },
    parameters: &[
        &MINIMUM_LEVEL,
        &MAX_VERSION_LAG,
        &ENFORCED_ELSEWHERE,
        &EXCEPTIONS,
    ],
    needs: &[Need::Namespaces],
    evaluate: &EvaluateNamespaces {
        only: None,
        excepts_system_namespaces: true,
        evaluate,
    },
};

/// The beginning of the labels that Pod Security admission reads.
const LABELS: &str = "pod-security.kubernetes.io/";

fn evaluate(namespace: NamespaceInCluster<'_>, settings: &ParameterValues) -> Verdict {
    let elsewhere = settings.get(&ENFORCED_ELSEWHERE);
    let mut elsewhere = elsewhere.iter();
    if elsewhere.any(|name| name == "*" || name == namespace.name) {
        let text = "Another policy engine enforces the level (parameter enforcedElsewhere).";
        return Verdict::passed(ReasonCode::EnforcedElsewhere, text);
    }
    let Some(labels) = &namespace.namespace.labels else {
        let unread = namespace.cluster.unread(ApiList::Namespaces);
        return Verdict::not_available(&unread.unwrap_or_else(|| Unread {
            code: ReasonCode::ReadFailed,
            text: "The labels of the namespace were not read.".to_owned(),
        }));
    };
    let label = |mode: &str| labels.get(&format!("{LABELS}{mode}"));
    let minimum = settings.get(&MINIMUM_LEVEL);
    let enforced = match label("enforce") {
        None => PodSecurityLevel::Privileged,
        Some(text) => match text.parse() {
            Ok(level) => level,
            Err(_) => {
                return Verdict::warning(
                    ReasonCode::InvalidLevel,
                    format!(
                        "The label {LABELS}enforce has the value {text:?}, which is not a level, so Kubernetes enforces \
                         the level restricted."
                    ),
                );
            }
        },
    };
    if enforced >= minimum {
        let version = label("enforce-version").map(String::as_str);
        return verdict_on_version(
            enforced,
            version,
            namespace.cluster.version,
            settings.get(&MAX_VERSION_LAG),
        );
    }
    let state = if label("enforce").is_some() {
        format!("The namespace enforces only the level {enforced}, and the minimum is {minimum}")
    } else {
        "The namespace enforces no level".to_owned()
    };
    // Kubernetes takes a value that is not a level for privileged here.
    let reports = |mode: &&str| {
        let level = label(mode).and_then(|text| text.parse::<PodSecurityLevel>().ok());
        level.is_some_and(|level| level >= minimum)
    };
    let reporting: Vec<&str> = ["audit", "warn"].into_iter().filter(reports).collect();
    if reporting.is_empty() {
        let text = format!("{state}.");
        return Verdict::failed(Severity::Medium, ReasonCode::NotEnforced, text);
    }
    let reporting = reporting.join(", ");
    let text =
        format!("{state}. Violations of the level {minimum} are only reported: {reporting}.");
    Verdict::failed(Severity::Low, ReasonCode::OnlyWarns, text)
}

/// Returns the decision about a namespace that enforces a sufficient level, by the version of the level.
fn verdict_on_version(
    level: PodSecurityLevel,
    version: Option<&str>,
    of_cluster: Option<KubernetesVersion>,
    max_lag: u32,
) -> Verdict {
    let enforces = format!("The namespace enforces the level {level}");
    let version = match version {
        None | Some("latest") => {
            return Verdict::passed(ReasonCode::LevelEnforced, format!("{enforces}."));
        }
        Some(version) => version,
    };
    let Some(of_level) = policy_version(version) else {
        return Verdict::warning(
            ReasonCode::OldVersion,
            format!(
                "{enforces}, but the label {LABELS}enforce-version has the value {version:?}, which is not a version, \
                 such as v1.33 or latest."
            ),
        );
    };
    let Some(of_cluster) = of_cluster else {
        return Verdict::not_available(&Unread {
            code: ReasonCode::VersionUnknown,
            text: format!(
                "{enforces} of version {version}, and the Kubernetes version of the cluster is unknown."
            ),
        });
    };
    if of_level.minors_behind(of_cluster) > max_lag {
        return Verdict::warning(
            ReasonCode::OldVersion,
            format!(
                "{enforces} of version {version}, and the cluster has version {of_cluster}: later rules of the level do \
                 not apply."
            ),
        );
    }
    let text = format!("{enforces} of version {version}.");
    Verdict::passed(ReasonCode::LevelEnforced, text)
}

/// Returns the version of a level. Kubernetes accepts `v1.` and a number without leading zeros.
fn policy_version(text: &str) -> Option<KubernetesVersion> {
    let number = text.strip_prefix("v1.")?;
    let is_number = number.bytes().all(|byte| byte.is_ascii_digit());
    let has_leading_zero = number.len() > 1 && number.starts_with('0');
    if !is_number || has_leading_zero {
        return None;
    }
    text.trim_start_matches('v').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{kubernetes_cluster, unread};
    use crate::evaluation::namespaces::tests::{namespaces_of, results_of};
    use crate::facts::KubernetesCluster;
    use crate::facts::kubernetes::Namespace;
    use crate::verdict::Outcome::{self, Failed, NotApplicable, NotAvailable, Passed, Warning};
    use Severity::{Low, Medium};

    /// Returns a cluster with one namespace, which has these labels, without their common beginning.
    fn with(name: &str, labels: &[(&str, &str)]) -> KubernetesCluster {
        let labels = labels.iter();
        let labels = labels.map(|(mode, value)| (format!("{LABELS}{mode}"), (*value).to_owned()));
        let namespace = Namespace {
            labels: Some(labels.collect()),
            ..Namespace::default()
        };
        KubernetesCluster {
            namespaces: [(name.to_owned(), namespace)].into(),
            ..kubernetes_cluster()
        }
    }

    /// The labels of a namespace, without their common beginning, the outcome and the code of the reason.
    type Row = (
        &'static [(&'static str, &'static str)],
        Outcome,
        &'static str,
    );

    fn assert_rows<const N: usize>(parameters: &str, rows: [Row; N]) {
        for (labels, outcome, code) in rows {
            let found = results_of(&CHECK, &with("shop", labels), parameters);
            let expected = ("shop".to_owned(), outcome, vec![code]);
            assert_eq!(found, [expected], "{labels:?}");
        }
    }

    #[test]
    fn the_outcome_depends_on_the_labels() {
        assert_rows(
            "{}",
            [
                (&[("enforce", "baseline")], Passed, "LEVEL_ENFORCED"),
                (
                    &[("enforce", "restricted"), ("enforce-version", "latest")],
                    Passed,
                    "LEVEL_ENFORCED",
                ),
                (&[], Failed(Medium), "NOT_ENFORCED"),
                (&[("enforce", "privileged")], Failed(Medium), "NOT_ENFORCED"),
                (
                    &[("enforce-version", "latest")],
                    Failed(Medium),
                    "NOT_ENFORCED",
                ),
                (
                    &[("warn-version", "latest"), ("audit", "privileged")],
                    Failed(Medium),
                    "NOT_ENFORCED",
                ),
                (&[("warn", "Baseline")], Failed(Medium), "NOT_ENFORCED"),
                (&[("warn", "baseline")], Failed(Low), "ONLY_WARNS"),
                (
                    &[("enforce", "privileged"), ("audit", "restricted")],
                    Failed(Low),
                    "ONLY_WARNS",
                ),
                (&[("enforce", "Baseline")], Warning, "INVALID_LEVEL"),
                (&[("enforce", "")], Warning, "INVALID_LEVEL"),
                (
                    &[("enforce", "high"), ("warn", "baseline")],
                    Warning,
                    "INVALID_LEVEL",
                ),
                // A value that is not a level has no version to look at.
                (
                    &[("enforce", "high"), ("enforce-version", "v1.1")],
                    Warning,
                    "INVALID_LEVEL",
                ),
            ],
        );
    }

    #[test]
    fn old_and_invalid_versions_are_warnings() {
        for (version, outcome) in [
            ("v1.29", Passed),
            ("v1.33", Passed),
            ("v1.99", Passed),
            ("v1.28", Warning),
            ("v1.0", Warning),
            ("1.33", Warning),
            ("v1.033", Warning),
            ("v1.", Warning),
            ("v1.33.1", Warning),
            ("v2.33", Warning),
            ("v1.99999999", Warning),
            ("Latest", Warning),
            ("", Warning),
        ] {
            let labels = [("enforce", "baseline"), ("enforce-version", version)];
            let found = results_of(&CHECK, &with("shop", &labels), "{}");
            let code = if outcome == Passed {
                "LEVEL_ENFORCED"
            } else {
                "OLD_VERSION"
            };
            assert_eq!(
                (found[0].1, &found[0].2[..]),
                (outcome, &[code][..]),
                "{version}"
            );
        }
        let old: &[_] = &[("enforce", "baseline"), ("enforce-version", "v1.28")];
        assert_rows(r#"{"maxVersionLag": 5}"#, [(old, Passed, "LEVEL_ENFORCED")]);
        // The version of a level that does not suffice does not matter.
        let weak: &[_] = &[("enforce", "privileged"), ("enforce-version", "v1.1")];
        assert_rows("{}", [(weak, Failed(Medium), "NOT_ENFORCED")]);
    }

    #[test]
    fn without_the_version_of_the_cluster_only_versions_of_levels_are_unknown() {
        for (version, outcome) in [("latest", Passed), ("v1.33", NotAvailable), ("x", Warning)] {
            let labels = [("enforce", "baseline"), ("enforce-version", version)];
            let facts = KubernetesCluster {
                version: None,
                ..with("shop", &labels)
            };
            assert_eq!(results_of(&CHECK, &facts, "{}")[0].1, outcome, "{version}");
        }
    }

    #[test]
    fn the_minimum_level_is_a_parameter() {
        assert_rows(
            r#"{"minimumLevel": "restricted"}"#,
            [
                (&[("enforce", "restricted")], Passed, "LEVEL_ENFORCED"),
                (&[("enforce", "baseline")], Failed(Medium), "NOT_ENFORCED"),
                (
                    &[("enforce", "baseline"), ("warn", "baseline")],
                    Failed(Medium),
                    "NOT_ENFORCED",
                ),
                (
                    &[("enforce", "baseline"), ("warn", "restricted")],
                    Failed(Low),
                    "ONLY_WARNS",
                ),
            ],
        );
    }

    #[test]
    fn the_owner_can_state_that_another_engine_enforces_the_level() {
        for parameters in [
            r#"{"enforcedElsewhere": "shop"}"#,
            r#"{"enforcedElsewhere": "*"}"#,
        ] {
            assert_rows(parameters, [(&[], Passed, "ENFORCED_ELSEWHERE")]);
        }
        let other = r#"{"enforcedElsewhere": ["sho", "shop-a", "s*"]}"#;
        assert_rows(other, [(&[], Failed(Medium), "NOT_ENFORCED")]);
    }

    #[test]
    fn system_namespaces_are_excepted_by_their_whole_name() {
        let privileged = [("enforce", "privileged")];
        for (name, outcome, codes) in [
            (
                "kube-system",
                Passed,
                vec!["EXCEPTED_SYSTEM", "NOT_ENFORCED"],
            ),
            ("kube-foo", Failed(Medium), vec!["NOT_ENFORCED"]),
        ] {
            let found = results_of(&CHECK, &with(name, &privileged), "{}");
            assert_eq!(found, [(name.to_owned(), outcome, codes)]);
        }
    }

    #[test]
    fn namespaces_whose_labels_are_unread_are_not_available() {
        let facts = |namespace: Namespace| KubernetesCluster {
            namespaces: [("kube-system".to_owned(), namespace)].into(),
            ..kubernetes_cluster()
        };
        let unknown = facts(Namespace::default());
        let found = results_of(&CHECK, &unknown, "{}");
        assert_eq!(
            (found[0].1, &found[0].2[..]),
            (NotAvailable, &["READ_FAILED"][..])
        );
        let mut refused = unknown;
        refused.lists.insert(ApiList::Namespaces, Err(unread()));
        let found = results_of(&CHECK, &refused, "{}");
        assert_eq!(
            (found[0].1, &found[0].2[..]),
            (NotAvailable, &["ACCESS_DENIED"][..])
        );
        let leaving = facts(Namespace {
            is_terminating: true,
            ..Namespace::default()
        });
        assert_eq!(results_of(&CHECK, &leaving, "{}")[0].1, NotApplicable);
    }

    #[test]
    fn a_namespace_that_was_read_is_evaluated_even_if_others_are_missing() {
        let mut facts = with("shop", &[("enforce", "baseline")]);
        facts.lists.insert(ApiList::Namespaces, Err(unread()));
        assert_eq!(results_of(&CHECK, &facts, "{}")[0].1, Passed);
    }

    #[test]
    fn the_reason_states_the_levels() {
        for (labels, parameters, expected) in [
            (vec![], "{}", "The namespace enforces no level."),
            (
                vec![
                    ("enforce", "baseline"),
                    ("audit", "restricted"),
                    ("warn", "restricted"),
                ],
                r#"{"minimumLevel": "restricted"}"#,
                "The namespace enforces only the level baseline, and the minimum is restricted. Violations of the level \
                 restricted are only reported: audit, warn.",
            ),
            (
                vec![("enforce", "baseline"), ("enforce-version", "v1.20")],
                "{}",
                "The namespace enforces the level baseline of version v1.20, and the cluster has version 1.33: later \
                 rules of the level do not apply.",
            ),
        ] {
            let found = namespaces_of(&CHECK, &with("shop", &labels), parameters);
            assert_eq!(found[0].1.explanation(), expected);
        }
    }
}
