//! ## What it checks
//!
//! Containers should not allow privilege escalation. The check fails with MEDIUM if a container of any kind sets
//! `allowPrivilegeEscalation: true`, is privileged, or adds the capability `SYS_ADMIN`, and with LOW if it does not set
//! `allowPrivilegeEscalation: false`, since `true` is the default. It does not apply to pods for Windows.
//!
//! ## Why it matters
//!
//! Without the setting, a process can get more rights than its parent: by a program that belongs to root and has the
//! setuid bit, for example.
//!
//! ## How to fix it
//!
//! Set `allowPrivilegeEscalation: false` in the security context of each container, also of init containers. The
//! security context of the pod has no such setting.

use crate::check::{Check, Remediation};
use crate::evaluation::workloads::{
    ACCEPT_PUBLIC_SYSTEM_IMAGES, EvaluateWorkloads, Inspection, Issue, PLATFORM_EXCEPTIONS,
    WORKLOADS,
};
use crate::exceptions::EXCEPTIONS;
use crate::need::Need;
use crate::reason_code::ReasonCode;
use crate::roll_up::Unit;
use crate::severity::Severity;

pub(super) static CHECK: Check = Check {
    id: "k8s-pod-privilege-escalation",
    enabled: true,
    title: "Containers should not allow privilege escalation",
    requirement: "Each container should set allowPrivilegeEscalation to false.",
    severities: &[
        (
            Severity::Medium,
            "a process in the container can get more rights than its parent",
        ),
        (
            Severity::Low,
            "a container without the setting allows privilege escalation by default",
        ),
    ],
    remediation: Remediation {
        text: "Set allowPrivilegeEscalation: false in the security context of each container, also of init containers.",
        command: "kubectl label namespace {namespace} pod-security.kubernetes.io/warn=restricted",
        url: "https://kubernetes.io/docs/tasks/configure-pod-container/security-context/",
    },
    parameters: &[
        &EXCEPTIONS,
        &PLATFORM_EXCEPTIONS,
        &ACCEPT_PUBLIC_SYSTEM_IMAGES,
    ],
    needs: &[Need::Workloads],
    evaluate: &EvaluateWorkloads {
        unit: Unit::Subject(WORKLOADS),
        passed: "No container allows privilege escalation.",
        required: None,
        inspect,
    },
};

/// The names of the capability with which a container allows privilege escalation in any case.
const SYS_ADMIN: [&str; 2] = ["SYS_ADMIN", "CAP_SYS_ADMIN"];

fn inspect(inspection: &mut Inspection<'_>) {
    if !inspection.is_for_linux() {
        return;
    }
    let allowed = |text: &str| Issue::failed(Severity::Medium, ReasonCode::EscalationAllowed, text);
    inspection.each_container(|container| {
        Ok(
            match container.own(|context| &context.allow_privilege_escalation)? {
                Some(false) => None,
                Some(true) => Some(allowed("Containers allow privilege escalation")),
                None => {
                    let text = "Containers don't forbid privilege escalation";
                    Some(Issue::lacking(
                        Severity::Low,
                        ReasonCode::EscalationNotForbidden,
                        text,
                    ))
                }
            },
        )
    });
    inspection.each_container(|container| {
        let text = "Containers allow privilege escalation, since they are privileged";
        let is_privileged = container.is_set(|context| &context.privileged)?;
        Ok(is_privileged.then(|| allowed(text)))
    });
    inspection.each_container(|container| {
        let text = "Containers allow privilege escalation, since they add SYS_ADMIN";
        let added = container.capabilities(|capabilities| &capabilities.add)?;
        let adds = added.iter().any(|name| SYS_ADMIN.contains(&name.as_str()));
        Ok(adds.then(|| allowed(text)))
    });
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::checks::samples::{kubernetes_cluster, workload};
    use crate::evaluation::workloads::tests::{
        assert_rows, objects_of, pod, verdict_of, with_security,
    };
    use crate::facts::kubernetes::{KubernetesCluster, RunningPods, Workload};
    use crate::verdict::Outcome::{Failed, NotApplicable, NotAvailable, Passed};
    use Severity::{Low, Medium};

    #[test]
    fn each_container_must_forbid_it() {
        let forbidden = json!({"allowPrivilegeEscalation": false});
        let mut of_pod = with_security(&json!({}));
        of_pod["securityContext"] = forbidden.clone();
        let mut init = with_security(&forbidden);
        init["initContainers"] = json!([{"name": "setup"}]);
        let mut windows = with_security(&json!({}));
        windows["os"] = json!({"name": "windows"});
        let mut by_selector = with_security(&json!({}));
        by_selector["nodeSelector"] = json!({"kubernetes.io/os": "windows"});
        let lacking: &[&str] = &["ESCALATION_NOT_FORBIDDEN"];
        let allowed: &[&str] = &["ESCALATION_ALLOWED"];
        assert_rows(
            &CHECK,
            "{}",
            [
                (with_security(&forbidden), Passed, &["WORKLOAD_PASSED"]),
                (with_security(&json!(null)), Failed(Low), lacking),
                (
                    with_security(&json!({"allowPrivilegeEscalation": true})),
                    Failed(Medium),
                    allowed,
                ),
                (of_pod, Failed(Low), lacking),
                (
                    with_security(&json!({"allowPrivilegeEscalation": false, "privileged": true})),
                    Failed(Medium),
                    allowed,
                ),
                (
                    with_security(&json!({
                        "allowPrivilegeEscalation": false, "capabilities": {"add": ["CAP_SYS_ADMIN"]},
                    })),
                    Failed(Medium),
                    allowed,
                ),
                (
                    with_security(&json!({"privileged": true})),
                    Failed(Medium),
                    &["ESCALATION_ALLOWED", "ESCALATION_NOT_FORBIDDEN"],
                ),
                (init, Failed(Low), lacking),
                (windows, NotApplicable, &["WINDOWS_POD"]),
                (by_selector.clone(), NotApplicable, &["WINDOWS_POD"]),
                (
                    with_security(&json!({"allowPrivilegeEscalation": "no"})),
                    NotAvailable,
                    &["READ_FAILED"],
                ),
            ],
        );
        let text = verdict_of(&CHECK, &by_selector, "{}").explanation();
        assert!(text.contains("Pod Security admission"), "{text}");
    }

    #[test]
    fn admission_may_add_the_setting() {
        let running = RunningPods {
            spec: pod(&with_security(&json!({"allowPrivilegeEscalation": false}))),
            count: 2,
        };
        let facts = KubernetesCluster {
            workloads: vec![Workload {
                running: vec![running],
                ..workload(&pod(&with_security(&json!({}))))
            }],
            ..kubernetes_cluster()
        };
        let verdict = objects_of(&CHECK, &facts, "{}").pop().unwrap().verdict;
        assert_eq!(verdict.outcome, Passed);
        assert_eq!(verdict.codes(), ["WORKLOAD_PASSED", "TEMPLATE_DIFFERS"]);
    }
}
