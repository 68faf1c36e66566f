//! ## What it checks
//!
//! Secrets should be mounted as files, not given as environment variables. The check fails with LOW if a container of
//! any kind has a variable from a Secret (`valueFrom.secretKeyRef`), or all variables of a Secret
//! (`envFrom.secretRef`), optional or not. Values of variables that are written out are never read. Secrets for pulling
//! images, and Secrets in volumes, pass.
//!
//! ## Why it matters
//!
//! Environment variables end in logs, in crash reports and in child processes. They keep their value until the
//! container restarts, while a mounted Secret is updated.
//!
//! ## How to fix it
//!
//! Mount the Secret as a volume, or use the Secrets Store CSI driver.

use crate::check::{Check, Remediation};
use crate::evaluation::workloads::{
    ACCEPT_PUBLIC_SYSTEM_IMAGES, EvaluateWorkloads, Inspection, Issue, PLATFORM_EXCEPTIONS,
    WORKLOADS,
};
use crate::exceptions::EXCEPTIONS;
use crate::facts::kubernetes::{ContainerInPod, SecretReference};
use crate::field::{Field, InvalidField};
use crate::need::Need;
use crate::reason_code::ReasonCode;
use crate::roll_up::Unit;
use crate::severity::Severity;
use crate::text::{LONGEST_TEXT, cut};

pub(super) static CHECK: Check = Check {
    id: "k8s-secret-env",
    enabled: true,
    title: "Secrets should be mounted as files, not given as environment variables",
    requirement: "No container should have an environment variable from a Secret.",
    severities: &[(
        Severity::Low,
        "environment variables are easily disclosed, in logs for example",
    )],
    remediation: Remediation {
        text: "Mount the Secret as a volume, or use the Secrets Store CSI driver.",
        command: "kubectl edit <workload> --namespace {namespace}",
        url: "https://kubernetes.io/docs/concepts/configuration/secret/",
    },
    parameters: &[
        &EXCEPTIONS,
        &PLATFORM_EXCEPTIONS,
        &ACCEPT_PUBLIC_SYSTEM_IMAGES,
    ],
    needs: &[Need::Workloads],
    evaluate: &EvaluateWorkloads {
        unit: Unit::Subject(WORKLOADS),
        passed: "No container has an environment variable from a Secret.",
        required: None,
        inspect,
    },
};

fn inspect(inspection: &mut Inspection<'_>) {
    inspection.each_container(|container| {
        let found = variable(container)?;
        Ok(found.map(|secret| issue("Containers have an environment variable from", secret)))
    });
    inspection.each_container(|container| {
        let found = source(container)?;
        Ok(found.map(|secret| issue("Containers have all environment variables of", secret)))
    });
}

/// Returns the Secret of which a container has a variable: that with the first name, if there are several.
fn variable(container: ContainerInPod<'_>) -> Result<Option<&str>, InvalidField> {
    let mut names = Vec::new();
    for variable in container.container.env.items()? {
        if let Some(source) = variable.value_from.read()? {
            names.extend(name_of(&source.secret_key_ref)?);
        }
    }
    Ok(names.into_iter().min())
}

/// Returns the Secret of which a container has all variables: that with the first name, if there are several.
fn source(container: ContainerInPod<'_>) -> Result<Option<&str>, InvalidField> {
    let mut names = Vec::new();
    for source in container.container.env_from.items()? {
        names.extend(name_of(&source.secret_ref)?);
    }
    Ok(names.into_iter().min())
}

fn name_of(secret: &Field<SecretReference>) -> Result<Option<&str>, InvalidField> {
    let Some(secret) = secret.read()? else {
        return Ok(None);
    };
    Ok(Some(secret.name.read()?.map_or("", String::as_str)))
}

fn issue(text: &str, secret: &str) -> Issue {
    let text = format!("{text} the Secret {}", cut(secret, LONGEST_TEXT));
    Issue::failed(Severity::Low, ReasonCode::SecretInEnvironment, text)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::checks::samples::{kubernetes_cluster, workload};
    use crate::evaluation::workloads::tests::{
        assert_rows, objects_of, pod, verdict_of, with_container,
    };
    use crate::facts::kubernetes::{KubernetesCluster, RunningPods, Workload};
    use crate::verdict::Outcome::{Failed, NotAvailable, Passed};

    fn from_secret(name: &str) -> Value {
        json!({"name": "P", "valueFrom": {"secretKeyRef": {"name": name, "key": "p"}}})
    }

    #[test]
    fn variables_from_secrets_fail() {
        let low = Failed(Severity::Low);
        let passed: &[&str] = &["WORKLOAD_PASSED"];
        let failed: &[&str] = &["SECRET_IN_ENVIRONMENT"];
        let mut init = with_container(&json!({}));
        init["initContainers"] = json!([{"name": "migrate", "env": [from_secret("db")]}]);
        let mut file = with_container(&json!({"volumeMounts": [{"name": "s"}]}));
        file["volumes"] = json!([{"name": "s", "secret": {"secretName": "db"}}]);
        let mut pull = with_container(&json!({}));
        pull["imagePullSecrets"] = json!([{"name": "registry"}]);
        let optional = json!({"valueFrom": {"secretKeyRef": {"name": "db", "optional": true}}});
        assert_rows(
            &CHECK,
            "{}",
            [
                (
                    with_container(&json!({"env": [from_secret("db")]})),
                    low,
                    failed,
                ),
                (with_container(&json!({"env": [optional]})), low, failed),
                (
                    with_container(&json!({"env": [from_secret("db")], "args": ["$(P)"]})),
                    low,
                    failed,
                ),
                (
                    with_container(&json!({"envFrom": [{"secretRef": {"name": "db"}}]})),
                    low,
                    failed,
                ),
                (
                    with_container(&json!({
                        "env": [{"valueFrom": {"configMapKeyRef": {"name": "s", "key": "x"}}}],
                        "envFrom": [{"configMapRef": {"name": "settings"}}],
                    })),
                    Passed,
                    passed,
                ),
                (
                    with_container(
                        &json!({"env": [{"name": "DB_PASSWORD", "value": "correct-horse"}]}),
                    ),
                    Passed,
                    passed,
                ),
                (
                    with_container(&json!({"env": null, "envFrom": []})),
                    Passed,
                    passed,
                ),
                (init, low, failed),
                (file, Passed, passed),
                (pull, Passed, passed),
                (
                    with_container(&json!({"env": [{"valueFrom": {"secretKeyRef": "db"}}]})),
                    NotAvailable,
                    &["READ_FAILED"],
                ),
            ],
        );
    }

    #[test]
    fn the_reason_does_not_depend_on_the_order_of_variables() {
        let texts = [["b", "a"], ["a", "b"]].map(|names| {
            let pod = with_container(&json!({"env": names.map(from_secret)}));
            verdict_of(&CHECK, &pod, "{}").explanation()
        });
        let expected = "Containers have an environment variable from the Secret a: container app.";
        assert_eq!(texts, [expected, expected]);
    }

    #[test]
    fn a_long_name_is_cut() {
        let pod = with_container(&json!({"env": [from_secret(&"s".repeat(300))]}));
        let text = verdict_of(&CHECK, &pod, "{}").explanation();
        let shown = format!(" the Secret {}: container app.", "s".repeat(200));
        assert!(text.ends_with(&shown), "{text}");
    }

    #[test]
    fn a_variable_that_admission_adds_is_evaluated() {
        let running = RunningPods {
            spec: pod(&with_container(&json!({"env": [from_secret("agent")]}))),
            count: 1,
        };
        let facts = KubernetesCluster {
            workloads: vec![Workload {
                running: vec![running],
                ..workload(&pod(&with_container(&json!({}))))
            }],
            ..kubernetes_cluster()
        };
        let text = objects_of(&CHECK, &facts, "{}")
            .pop()
            .unwrap()
            .verdict
            .explanation();
        assert!(text.ends_with("(added at admission)."), "{text}");
    }
}
