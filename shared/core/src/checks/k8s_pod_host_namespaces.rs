//! ## What it checks
//!
//! Pods should not share the namespaces of their node. The check fails with HIGH if a pod sets `hostPID` or `hostIPC`,
//! with MEDIUM if it sets `hostNetwork`, and with LOW if a container of any kind uses a port of the node (`hostPort`)
//! that `allowedHostPorts` does not contain. Ports of the node are no separate failure under `hostNetwork`, since the
//! API server then sets them itself. `shareProcessNamespace` passes: it concerns only the containers of the pod.
//!
//! Pod Security admission also refuses some values of `host` in probes and in handlers of the life cycle. This check
//! does not evaluate these.
//!
//! ## Why it matters
//!
//! A process that sees the processes of the node can read their memory and their environment, or end them. Network
//! policies don't apply to a pod in the network of its node, and it can reach the instance metadata service and all
//! services that listen only on the node. A port of the node is reachable past the Service.
//!
//! ## How to fix it
//!
//! Remove the settings. Use a Service in place of a port of the node, and Pod Identity or an IAM role for the service
//! account in place of the instance metadata service.

use crate::check::{Check, Remediation};
use crate::evaluation::workloads::offence::{HostNamespace, Offence};
use crate::evaluation::workloads::{
    ACCEPT_PUBLIC_SYSTEM_IMAGES, EvaluateWorkloads, Inspection, Issue, PLATFORM_EXCEPTIONS,
    WORKLOADS,
};
use crate::exceptions::EXCEPTIONS;
use crate::facts::kubernetes::ContainerInPod;
use crate::field::{Field, InvalidField};
use crate::need::Need;
use crate::parameters::{Parameter, PortRanges};
use crate::reason_code::ReasonCode;
use crate::roll_up::Unit;
use crate::severity::Severity;

static ALLOWED_HOST_PORTS: Parameter<PortRanges> = Parameter {
    name: "allowedHostPorts",
    description: "The ports of nodes that containers may use.",
    default: PortRanges::Borrowed(&[]),
};

pub(super) static CHECK: Check = Check {
    id: "k8s-pod-host-namespaces",
    enabled: true,
    title: "Pods should not share the host's namespaces",
    requirement: "No pod should share the process IDs, the inter-process communication, the network or ports of its node.",
    severities: &[
        (
            Severity::High,
            "a pod that shares process IDs or inter-process communication can read the memory of other processes",
        ),
        (
            Severity::Medium,
            "network policies don't apply to a pod in the network of its node",
        ),
        (
            Severity::Low,
            "a port of the node is reachable without a Service",
        ),
    ],
    remediation: Remediation {
        text: "Remove the settings from the workload, then enforce the standard baseline in its namespace.",
        command: "kubectl label namespace {namespace} pod-security.kubernetes.io/enforce=baseline",
        url: "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
    },
    parameters: &[
        &ALLOWED_HOST_PORTS,
        &EXCEPTIONS,
        &PLATFORM_EXCEPTIONS,
        &ACCEPT_PUBLIC_SYSTEM_IMAGES,
    ],
    needs: &[Need::Workloads],
    evaluate: &EvaluateWorkloads {
        unit: Unit::Object(WORKLOADS),
        passed: "The pods share no namespace and no port of their node.",
        required: None,
        inspect,
    },
};

fn inspect(inspection: &mut Inspection<'_>) {
    let pod = inspection.pod;
    let shared = |setting: &Field<bool>, severity, code, namespace| {
        let is_shared = setting.read()? == Some(&true);
        let offence = Offence::HostNamespace(namespace);
        Ok(is_shared.then(|| Issue::offence(severity, code, offence)))
    };
    inspection.add(shared(
        &pod.host_pid,
        Severity::High,
        ReasonCode::HostPid,
        HostNamespace::ProcessIds,
    ));
    inspection.add(shared(
        &pod.host_ipc,
        Severity::High,
        ReasonCode::HostIpc,
        HostNamespace::InterProcess,
    ));
    inspection.add(shared(
        &pod.host_network,
        Severity::Medium,
        ReasonCode::HostNetwork,
        HostNamespace::Network,
    ));
    if let Ok(None | Some(false)) = pod.host_network.read() {
        let allowed = inspection.context.settings.get(&ALLOWED_HOST_PORTS);
        inspection.each_container(|container| {
            let ports = ports(container, &allowed)?;
            let is_used = !ports.is_empty();
            let offence = Offence::HostPorts(ports);
            let issue = || Issue::offence(Severity::Low, ReasonCode::HostPort, offence);
            Ok(is_used.then(issue))
        });
    }
}

/// Returns the ports of the node that a container uses and that are not allowed, sorted.
fn ports(container: ContainerInPod, allowed: &PortRanges) -> Result<Vec<u16>, InvalidField> {
    let mut ports = Vec::new();
    for port in container.container.ports.items()? {
        let port = port.host_port.read()?.copied().unwrap_or_default();
        let port = u16::try_from(port).map_err(|_| InvalidField)?;
        if port != 0 && !allowed.iter().any(|range| range.contains(port)) {
            ports.push(port);
        }
    }
    ports.sort_unstable();
    ports.dedup();
    Ok(ports)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::evaluation::workloads::tests::{assert_rows, verdict_of, with_container};
    use crate::verdict::Outcome::{Failed, NotAvailable, Passed};
    use Severity::{High, Low, Medium};

    fn with(settings: &Value) -> Value {
        let mut pod = with_container(&json!({"ports": [{"containerPort": 9100}]}));
        for (name, value) in settings.as_object().unwrap() {
            pod[name] = value.clone();
        }
        pod
    }

    fn with_ports(ports: &[Value]) -> Value {
        let ports = ports.iter().map(|port| json!({"hostPort": port}));
        with_container(&json!({"ports": ports.collect::<Vec<_>>()}))
    }

    #[test]
    fn each_namespace_has_its_severity() {
        let passed = &["WORKLOAD_PASSED"];
        let mut under_host_network = with_ports(&[json!(8080)]);
        under_host_network["hostNetwork"] = json!(true);
        let mut of_sidecar = with(&json!({}));
        of_sidecar["initContainers"] =
            json!([{"name": "proxy", "restartPolicy": "Always", "ports": [{"hostPort": 15001}]}]);
        assert_rows(
            &CHECK,
            r#"{"allowedHostPorts": "9100, 9200-9210"}"#,
            [
                (with(&json!({})), Passed, passed),
                (with(&json!({"hostPID": true})), Failed(High), &["HOST_PID"]),
                (with(&json!({"hostIPC": true})), Failed(High), &["HOST_IPC"]),
                (
                    with(&json!({"hostNetwork": true})),
                    Failed(Medium),
                    &["HOST_NETWORK"],
                ),
                (
                    with(&json!({"hostNetwork": true, "hostPID": true, "hostIPC": true})),
                    Failed(High),
                    &["HOST_IPC", "HOST_PID", "HOST_NETWORK"],
                ),
                (
                    with(&json!({"hostNetwork": false, "hostPID": null})),
                    Passed,
                    passed,
                ),
                (
                    with(&json!({"shareProcessNamespace": true})),
                    Passed,
                    passed,
                ),
                (under_host_network, Failed(Medium), &["HOST_NETWORK"]),
                (with_ports(&[json!(8080)]), Failed(Low), &["HOST_PORT"]),
                (with_ports(&[json!(0), json!(null)]), Passed, passed),
                (with_ports(&[json!(9100), json!(9205)]), Passed, passed),
                (of_sidecar, Failed(Low), &["HOST_PORT"]),
                (
                    with(&json!({"hostPID": "true"})),
                    NotAvailable,
                    &["READ_FAILED"],
                ),
                (with_ports(&[json!("http")]), NotAvailable, &["READ_FAILED"]),
                (with_ports(&[json!(70000)]), NotAvailable, &["READ_FAILED"]),
            ],
        );
    }

    #[test]
    fn a_reason_names_the_ports() {
        let pod = with_ports(&[json!(9000), json!(8080), json!(9000)]);
        let text = verdict_of(&CHECK, &pod, "{}").explanation();
        let expected = "Containers use the ports 8080, 9000 of their node: container app.";
        assert!(text.ends_with(expected), "{text}");
    }
}
