//! ## What it checks
//!
//! Containers should have a read-only root file system. The check fails with LOW if a container, an init container or a
//! sidecar does not set `readOnlyRootFilesystem: true`. Ephemeral containers are not evaluated, since people debug with
//! them. The check does not apply to pods for Windows.
//!
//! ## Why it matters
//!
//! An attacker who can write to the root file system can change programs there, or add some. If it is read-only, only
//! the mounted volumes are left.
//!
//! ## How to fix it
//!
//! Set `readOnlyRootFilesystem: true` in the security context of each container, and mount an `emptyDir` at each path
//! that it writes to.

use crate::check::{Check, Remediation};
use crate::evaluation::workloads::{
    ACCEPT_PUBLIC_SYSTEM_IMAGES, EvaluateWorkloads, Inspection, Issue, PLATFORM_EXCEPTIONS,
    WORKLOADS,
};
use crate::exceptions::EXCEPTIONS;
use crate::facts::kubernetes::ContainerKind;
use crate::need::Need;
use crate::reason_code::ReasonCode;
use crate::roll_up::Unit;
use crate::severity::Severity;

pub(super) static CHECK: Check = Check {
    id: "k8s-pod-read-only-root",
    enabled: true,
    title: "Containers should have a read-only root file system",
    requirement: "Each container should have a root file system that it can't write to.",
    severities: &[(
        Severity::Low,
        "an attacker in the container can change its programs",
    )],
    remediation: Remediation {
        text: "Set readOnlyRootFilesystem: true in the security context of each container, and mount an emptyDir at each \
               path that it writes to.",
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
        passed: "All containers have a read-only root file system.",
        required: None,
        inspect,
    },
};

fn inspect(inspection: &mut Inspection<'_>) {
    if !inspection.is_for_linux() {
        return;
    }
    inspection.each_container(|container| {
        if container.kind == ContainerKind::Ephemeral {
            return Ok(None);
        }
        let code = ReasonCode::RootFileSystemWritable;
        let text = "Containers can write to their root file system";
        Ok(
            match container.own(|context| &context.read_only_root_filesystem)? {
                Some(true) => None,
                Some(false) => Some(Issue::failed(Severity::Low, code, text)),
                None => Some(Issue::lacking(Severity::Low, code, text)),
            },
        )
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::checks::samples::{kubernetes_cluster, workload};
    use crate::evaluation::workloads::tests::{assert_rows, objects_of, pod, with_security};
    use crate::facts::kubernetes::{KubernetesCluster, RunningPods, Workload};
    use crate::verdict::Outcome::{Failed, NotApplicable, NotAvailable, Passed};

    #[test]
    fn each_container_must_have_the_setting() {
        let read_only = json!({"readOnlyRootFilesystem": true});
        let with = |list: &str| {
            let mut pod = with_security(&read_only);
            pod[list] = json!([{"name": "other"}]);
            pod
        };
        let mut of_pod = with_security(&json!({}));
        of_pod["securityContext"] = read_only.clone();
        let mut windows = with_security(&json!({}));
        windows["os"] = json!({"name": "windows"});
        let low = Failed(Severity::Low);
        let code = &["ROOT_FILE_SYSTEM_WRITABLE"];
        assert_rows(
            &CHECK,
            "{}",
            [
                (with_security(&read_only), Passed, &["WORKLOAD_PASSED"]),
                (
                    with_security(&json!({"readOnlyRootFilesystem": false})),
                    low,
                    code,
                ),
                (with_security(&json!(null)), low, code),
                (with("initContainers"), low, code),
                (with("ephemeralContainers"), Passed, &["WORKLOAD_PASSED"]),
                (of_pod, low, code),
                (
                    with_security(&json!({"readOnlyRootFilesystem": true, "privileged": true})),
                    Passed,
                    &["WORKLOAD_PASSED"],
                ),
                (windows, NotApplicable, &["WINDOWS_POD"]),
                (
                    with_security(&json!({"readOnlyRootFilesystem": "yes"})),
                    NotAvailable,
                    &["READ_FAILED"],
                ),
            ],
        );
    }

    #[test]
    fn a_sidecar_that_admission_adds_is_evaluated() {
        let template = with_security(&json!({"readOnlyRootFilesystem": true}));
        let mut injected = template.clone();
        injected["initContainers"] = json!([{"name": "mesh", "restartPolicy": "Always"}]);
        let facts = KubernetesCluster {
            workloads: vec![Workload {
                running: vec![RunningPods {
                    spec: pod(&injected),
                    count: 2,
                }],
                ..workload(&pod(&template))
            }],
            ..kubernetes_cluster()
        };
        let verdict = objects_of(&CHECK, &facts, "{}").pop().unwrap().verdict;
        assert_eq!(
            verdict.explanation(),
            "Containers can write to their root file system: sidecar mesh (added at admission)."
        );
    }
}
