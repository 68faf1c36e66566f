//! ## What it checks
//!
//! Pods should not run privileged containers. The check fails when a container of any kind (also an init container, a
//! sidecar or an ephemeral container) sets `securityContext.privileged: true`, or when a pod or container for Windows
//! sets `windowsOptions.hostProcess: true`. Running pods are evaluated, since admission may change what a template asks
//! for; the template is evaluated where no pod runs.
//!
//! ## Why it matters
//!
//! A privileged container has all rights on its node: it can read the secrets of all other pods there, and use the
//! credentials of the node and of its kubelet. A failure has severity HIGH, also if the pod runs in a user namespace.
//!
//! ## How to fix it
//!
//! Remove the setting, and add only the capabilities that the process needs. The pod security standard *baseline*
//! refuses privileged pods: enforce it in the namespace.

use crate::check::{Check, Remediation};
use crate::evaluation::workloads::offence::Offence;
use crate::evaluation::workloads::{
    ACCEPT_PUBLIC_SYSTEM_IMAGES, EvaluateWorkloads, Inspection, Issue, PLATFORM_EXCEPTIONS,
    WORKLOADS,
};
use crate::exceptions::EXCEPTIONS;
use crate::facts::kubernetes::WindowsOptions;
use crate::field::{Field, InvalidField};
use crate::need::Need;
use crate::reason_code::ReasonCode;
use crate::roll_up::Unit;
use crate::severity::Severity;

pub(super) static CHECK: Check = Check {
    id: "k8s-pod-privileged",
    enabled: true,
    title: "Pods should not run privileged containers",
    requirement: "No container should be privileged.",
    severities: &[(
        Severity::High,
        "a privileged container has all rights on its node",
    )],
    remediation: Remediation {
        text: "Remove the setting from the workload, then enforce the standard baseline in its namespace.",
        command: "kubectl label namespace {namespace} pod-security.kubernetes.io/enforce=baseline",
        url: "https://docs.aws.amazon.com/eks/latest/best-practices/pod-security.html",
    },
    parameters: &[
        &EXCEPTIONS,
        &PLATFORM_EXCEPTIONS,
        &ACCEPT_PUBLIC_SYSTEM_IMAGES,
    ],
    needs: &[Need::Workloads],
    evaluate: &EvaluateWorkloads {
        unit: Unit::Object(WORKLOADS),
        passed: "No container is privileged.",
        required: None,
        inspect,
    },
};

fn inspect(inspection: &mut Inspection<'_>) {
    let issue = |code, offence| Issue::offence(Severity::High, code, offence);
    let context = inspection.pod.security_context.read();
    inspection.add(context.and_then(|context| {
        let is_process = context.map_or(Ok(false), |context| is_process(&context.windows_options));
        Ok(is_process?.then(|| issue(ReasonCode::HostProcess, Offence::HostProcessPod)))
    }));
    inspection.each_container(|container| {
        let is_privileged = container.is_set(|context| &context.privileged)?;
        Ok(is_privileged.then(|| issue(ReasonCode::PrivilegedContainer, Offence::Privileged)))
    });
    inspection.each_container(|container| {
        let Some(context) = container.container.security_context.read()? else {
            return Ok(None);
        };
        let is_process = is_process(&context.windows_options)?;
        Ok(is_process.then(|| issue(ReasonCode::HostProcess, Offence::HostProcessContainer)))
    });
}

/// Returns `true` if the options make containers processes of the node.
fn is_process(options: &Field<WindowsOptions>) -> Result<bool, InvalidField> {
    match options.read()? {
        Some(options) => Ok(options.host_process.read()? == Some(&true)),
        None => Ok(false),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::evaluation::workloads::tests::{assert_rows, with_others, with_security};
    use crate::verdict::Outcome::{Failed, NotAvailable, Passed};

    const HIGH: crate::verdict::Outcome = Failed(Severity::High);

    #[test]
    fn a_container_of_any_kind_fails() {
        let privileged = json!({"privileged": true});
        let mut sidecar = with_others("initContainers", "proxy", &privileged);
        sidecar["initContainers"][0]["restartPolicy"] = json!("Always");
        let mut in_user_namespace = with_security(&privileged);
        in_user_namespace["hostUsers"] = json!(false);
        let mut no_field = with_security(&json!({}));
        no_field["securityContext"] = json!({"privileged": true});
        let code = &["PRIVILEGED_CONTAINER"];
        assert_rows(
            &CHECK,
            "{}",
            [
                (with_security(&json!(null)), Passed, &["WORKLOAD_PASSED"]),
                (
                    with_security(&json!({"privileged": false})),
                    Passed,
                    &["WORKLOAD_PASSED"],
                ),
                (with_security(&privileged), HIGH, code),
                (
                    with_others("initContainers", "setup", &privileged),
                    HIGH,
                    code,
                ),
                (sidecar, HIGH, code),
                (
                    with_others("ephemeralContainers", "debugger", &privileged),
                    HIGH,
                    code,
                ),
                (in_user_namespace, HIGH, code),
                (no_field, Passed, &["WORKLOAD_PASSED"]),
                (
                    with_security(&json!({"privileged": "yes"})),
                    NotAvailable,
                    &["READ_FAILED"],
                ),
                (json!({"containers": {}}), NotAvailable, &["READ_FAILED"]),
            ],
        );
    }

    #[test]
    fn a_process_of_the_node_fails() {
        let options = json!({"windowsOptions": {"hostProcess": true}});
        let mut of_pod = with_security(&json!({}));
        of_pod["securityContext"] = options.clone();
        let mut invalid = with_security(&json!({"windowsOptions": {"hostProcess": 1}}));
        invalid["securityContext"] = options.clone();
        let code = &["HOST_PROCESS"];
        assert_rows(
            &CHECK,
            "{}",
            [
                (of_pod, HIGH, code),
                (with_security(&options), HIGH, code),
                (with_others("initContainers", "setup", &options), HIGH, code),
                (
                    with_security(&json!({"windowsOptions": {"hostProcess": false}})),
                    Passed,
                    &["WORKLOAD_PASSED"],
                ),
                (invalid, HIGH, &["HOST_PROCESS", "READ_FAILED"]),
            ],
        );
    }
}
