//! ## What it checks
//!
//! Containers should not add capabilities beyond those of the pod security standard *baseline*: `AUDIT_WRITE`, `CHOWN`,
//! `DAC_OVERRIDE`, `FOWNER`, `FSETID`, `KILL`, `MKNOD`, `NET_BIND_SERVICE`, `SETFCAP`, `SETGID`, `SETPCAP`, `SETUID`
//! and `SYS_CHROOT`. The check fails with HIGH if a container of any kind adds a capability that leads to control over
//! its node: `ALL`, `SYS_ADMIN`, `SYS_PTRACE`, `SYS_MODULE`, `SYS_RAWIO`, `SYS_BOOT`, `DAC_READ_SEARCH`, `BPF`,
//! `MAC_ADMIN`, `MAC_OVERRIDE`, or `NET_ADMIN` in the network of the node. It fails with MEDIUM for all others that
//! `allowedCapabilities` does not contain.
//!
//! Names are compared without case and without `CAP_`. Pod Security admission compares them exactly, so it refuses
//! `CAP_NET_BIND_SERVICE`, which passes here. The check does not apply to pods for Windows. A privileged container
//! passes if it adds no capability: another check evaluates it.
//!
//! ## Why it matters
//!
//! Capabilities are parts of the rights of root. Some of them are enough to leave the container.
//!
//! ## How to fix it
//!
//! Drop all capabilities, and add only those that the process needs.

use crate::check::{Check, Remediation};
use crate::evaluation::workloads::offence::Offence;
use crate::evaluation::workloads::{
    ACCEPT_PUBLIC_SYSTEM_IMAGES, EvaluateWorkloads, Inspection, Issue, PLATFORM_EXCEPTIONS,
    WORKLOADS,
};
use crate::exceptions::EXCEPTIONS;
use crate::facts::kubernetes::ContainerInPod;
use crate::field::InvalidField;
use crate::need::Need;
use crate::parameters::{Parameter, Texts};
use crate::reason_code::ReasonCode;
use crate::roll_up::Unit;
use crate::severity::Severity;

static ALLOWED_CAPABILITIES: Parameter<Texts> = Parameter {
    name: "allowedCapabilities",
    description: "The capabilities that containers may add, apart from those of the standard baseline.",
    default: Texts::Borrowed(&[]),
};

/// The capabilities that the standard *baseline* allows.
const BASELINE: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

/// The capabilities that lead to control over the node.
const DANGEROUS: [&str; 10] = [
    "ALL",
    "BPF",
    "DAC_READ_SEARCH",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_MODULE",
    "SYS_PTRACE",
    "SYS_RAWIO",
];

/// The capability that is dangerous in the network of the node.
const NET_ADMIN: &str = "NET_ADMIN";

pub(super) static CHECK: Check = Check {
    id: "k8s-pod-capabilities",
    enabled: true,
    title: "Containers should not add capabilities beyond the baseline",
    requirement: "No container should add a capability that neither the standard baseline nor a parameter allows.",
    severities: &[
        (
            Severity::High,
            "some capabilities are enough to control the node",
        ),
        (
            Severity::Medium,
            "a capability beyond the standard baseline gives a container rights that few processes need",
        ),
    ],
    remediation: Remediation {
        text: "Drop all capabilities, and add only those that the process needs. Then enforce the standard baseline in \
               the namespace.",
        command: "kubectl label namespace {namespace} pod-security.kubernetes.io/enforce=baseline",
        url: "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
    },
    parameters: &[
        &ALLOWED_CAPABILITIES,
        &EXCEPTIONS,
        &PLATFORM_EXCEPTIONS,
        &ACCEPT_PUBLIC_SYSTEM_IMAGES,
    ],
    needs: &[Need::Workloads],
    evaluate: &EvaluateWorkloads {
        unit: Unit::Object(WORKLOADS),
        passed: "No container adds a capability beyond those that are allowed.",
        required: None,
        inspect,
    },
};

fn inspect(inspection: &mut Inspection<'_>) {
    if !inspection.is_for_linux() {
        return;
    }
    let allowed = inspection.context.settings.get(&ALLOWED_CAPABILITIES);
    let allowed: Vec<String> = allowed.iter().map(|name| standard_name(name)).collect();
    let host_network = inspection.pod.host_network.read();
    let is_dangerous = |name: &str| -> Result<bool, InvalidField> {
        let is_dangerous = DANGEROUS.contains(&name);
        Ok(is_dangerous || (name == NET_ADMIN && host_network? == Some(&true)))
    };
    inspection.each_container(|container| {
        let mut names = added(container, &allowed)?;
        names.retain(|name| is_dangerous(name).is_ok_and(|is_dangerous| is_dangerous));
        Ok(issue(
            Severity::High,
            ReasonCode::DangerousCapabilities,
            names,
        ))
    });
    inspection.each_container(|container| {
        let mut names = added(container, &allowed)?;
        names.retain(|name| is_dangerous(name).is_ok_and(|is_dangerous| !is_dangerous));
        Ok(issue(
            Severity::Medium,
            ReasonCode::CapabilitiesAdded,
            names,
        ))
    });
    inspection.each_container(|container| {
        for name in added(container, &allowed)? {
            is_dangerous(&name)?;
        }
        Ok(None)
    });
}

/// Returns the capabilities that a container adds and that are not allowed, sorted.
fn added(container: ContainerInPod, allowed: &[String]) -> Result<Vec<String>, InvalidField> {
    let names = container.capabilities(|capabilities| &capabilities.add)?;
    let mut names: Vec<String> = names.iter().map(|name| standard_name(name)).collect();
    names.retain(|name| !BASELINE.contains(&name.as_str()) && !allowed.contains(name));
    names.sort_unstable();
    names.dedup();
    Ok(names)
}

fn issue(severity: Severity, code: ReasonCode, names: Vec<String>) -> Option<Issue> {
    let is_added = !names.is_empty();
    is_added.then(|| Issue::offence(severity, code, Offence::Capabilities(names)))
}

/// Returns the name of a capability in upper case, without `CAP_`.
fn standard_name(name: &str) -> String {
    let name = name.trim().to_ascii_uppercase();
    let short = name.strip_prefix("CAP_").map(str::to_owned);
    short.unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::evaluation::workloads::tests::{
        assert_rows, verdict_of, with_others, with_security,
    };
    use crate::verdict::Outcome::{Failed, NotApplicable, NotAvailable, Passed};
    use Severity::{High, Medium};

    fn adding(names: &Value) -> Value {
        with_security(&json!({"capabilities": {"add": names, "drop": ["ALL"]}}))
    }

    fn with(mut pod: Value, name: &str, value: Value) -> Value {
        pod[name] = value;
        pod
    }

    #[test]
    fn each_capability_has_its_severity() {
        let (high, medium) = (&["DANGEROUS_CAPABILITIES"], &["CAPABILITIES_ADDED"]);
        let passed = &["WORKLOAD_PASSED"];
        let debugger = json!({"capabilities": {"add": ["SYS_PTRACE"]}});
        assert_rows(
            &CHECK,
            r#"{"allowedCapabilities": "IPC_LOCK, CAP_SYSLOG"}"#,
            [
                (adding(&json!(null)), Passed, passed),
                (
                    adding(&json!(["NET_BIND_SERVICE", "CHOWN", "SETPCAP", "MKNOD"])),
                    Passed,
                    passed,
                ),
                (adding(&json!(["CAP_NET_BIND_SERVICE"])), Passed, passed),
                (adding(&json!(["IPC_LOCK", "SYSLOG"])), Passed, passed),
                (
                    with_security(&json!({"capabilities": {"add": ["ALL"], "drop": ["NET_RAW"]}})),
                    Failed(High),
                    high,
                ),
                (adding(&json!(["sys_admin"])), Failed(High), high),
                (adding(&json!(["CAP_SYS_ADMIN"])), Failed(High), high),
                (adding(&json!(["NET_RAW"])), Failed(Medium), medium),
                (adding(&json!(["SYS_TIME"])), Failed(Medium), medium),
                (adding(&json!(["MAKE_COFFEE"])), Failed(Medium), medium),
                (adding(&json!(["NET_ADMIN"])), Failed(Medium), medium),
                (
                    with(adding(&json!(["NET_ADMIN"])), "hostNetwork", json!(true)),
                    Failed(High),
                    high,
                ),
                (
                    adding(&json!(["SYS_ADMIN", "NET_RAW"])),
                    Failed(High),
                    &["DANGEROUS_CAPABILITIES", "CAPABILITIES_ADDED"],
                ),
                (with_security(&json!({"privileged": true})), Passed, passed),
                (
                    with_others("ephemeralContainers", "debugger", &debugger),
                    Failed(High),
                    high,
                ),
                (
                    with_others("initContainers", "tune", &debugger),
                    Failed(High),
                    high,
                ),
                (
                    with(
                        adding(&json!(["SYS_ADMIN"])),
                        "os",
                        json!({"name": "windows"}),
                    ),
                    NotApplicable,
                    &["WINDOWS_POD"],
                ),
                (
                    with(
                        adding(&json!(["SYS_ADMIN"])),
                        "nodeSelector",
                        json!({"kubernetes.io/os": "windows"}),
                    ),
                    NotApplicable,
                    &["WINDOWS_POD"],
                ),
                (adding(&json!([1])), NotAvailable, &["READ_FAILED"]),
                (
                    adding(&json!(["SYS_ADMIN", "X".repeat(5_000)])),
                    Failed(High),
                    &["DANGEROUS_CAPABILITIES", "CAPABILITIES_ADDED"],
                ),
                (
                    with(adding(&json!(["NET_ADMIN"])), "hostNetwork", json!("yes")),
                    NotAvailable,
                    &["READ_FAILED"],
                ),
                (
                    with(adding(&json!(["SYS_ADMIN"])), "hostNetwork", json!("yes")),
                    Failed(High),
                    high,
                ),
            ],
        );
    }

    #[test]
    fn a_reason_names_the_capabilities_in_their_standard_form() {
        let pod = adding(&json!(["sys_time", "CAP_NET_RAW", "NET_RAW"]));
        let text = verdict_of(&CHECK, &pod, "{}").explanation();
        let expected = "Containers add NET_RAW, SYS_TIME: container app.";
        assert!(text.ends_with(expected), "{text}");
        let pod = adding(&json!(["NET_RAW", "X".repeat(300)]));
        let text = verdict_of(&CHECK, &pod, "{}").explanation();
        let expected = format!(
            "Containers add NET_RAW, {}: container app.",
            "X".repeat(200)
        );
        assert!(text.ends_with(&expected), "{text}");
    }
}
