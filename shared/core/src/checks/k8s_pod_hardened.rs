//! ## What it checks
//!
//! Containers should drop all capabilities and have a seccomp profile. The check evaluates containers of all kinds. It
//! fails with MEDIUM if the profile of a container, or that of a pod, is `Unconfined`. It fails with LOW if a container
//! has no profile, does not drop `ALL`, adds another capability than `NET_BIND_SERVICE`, or is privileged, since no
//! profile applies to it then. Names of capabilities are compared exactly, as in the pod security standard
//! *restricted*.
//!
//! Set `seccompDefault` if the kubelets of all nodes run with `seccompDefault`: a container without a profile then has
//! that of the container runtime. The check does not apply to pods for Windows. The old annotations for seccomp have no
//! effect, and are not evaluated.
//!
//! ## Why it matters
//!
//! Processes rarely need capabilities, or the system calls that the profile of the container runtime refuses. Both have
//! helped to leave containers.
//!
//! ## How to fix it
//!
//! Set `seccompProfile.type: RuntimeDefault` in the security context of the pod, and `capabilities.drop: ["ALL"]` in
//! that of each container.

use crate::check::{Check, Remediation};
use crate::evaluation::workloads::{
    ACCEPT_PUBLIC_SYSTEM_IMAGES, EvaluateWorkloads, Inspection, Issue, PLATFORM_EXCEPTIONS,
    WORKLOADS,
};
use crate::exceptions::EXCEPTIONS;
use crate::facts::kubernetes::ContainerInPod;
use crate::field::InvalidField;
use crate::need::Need;
use crate::parameters::Parameter;
use crate::reason_code::ReasonCode;
use crate::roll_up::Unit;
use crate::severity::Severity;
use crate::text::{LONGEST_TEXT, cut, names};

static SECCOMP_DEFAULT: Parameter<bool> = Parameter {
    name: "seccompDefault",
    description: "The kubelets of all nodes give containers without a profile that of the container runtime.",
    default: false,
};

pub(super) static CHECK: Check = Check {
    id: "k8s-pod-hardened",
    enabled: true,
    title: "Containers should drop all capabilities and use a seccomp profile",
    requirement: "Each container should drop all capabilities, and have a seccomp profile.",
    severities: &[
        (
            Severity::Medium,
            "a setting turns off the filter of system calls",
        ),
        (
            Severity::Low,
            "a container has rights and system calls that few processes need",
        ),
    ],
    remediation: Remediation {
        text: "Set seccompProfile.type: RuntimeDefault in the security context of the pod, and capabilities.drop: \
               [\"ALL\"] in that of each container.",
        command: "kubectl label namespace {namespace} pod-security.kubernetes.io/warn=restricted",
        url: "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
    },
    parameters: &[
        &SECCOMP_DEFAULT,
        &EXCEPTIONS,
        &PLATFORM_EXCEPTIONS,
        &ACCEPT_PUBLIC_SYSTEM_IMAGES,
    ],
    needs: &[Need::Workloads],
    evaluate: &EvaluateWorkloads {
        unit: Unit::Subject(WORKLOADS),
        passed: "All containers drop all capabilities, and have a seccomp profile.",
        required: None,
        inspect,
    },
};

/// The capability that containers may add.
const ALLOWED: &str = "NET_BIND_SERVICE";

fn inspect(inspection: &mut Inspection<'_>) {
    if !inspection.is_for_linux() {
        return;
    }
    let has_default = inspection.context.settings.get(&SECCOMP_DEFAULT);
    inspection.add(of_pod(inspection));
    inspection.each_container(|container| seccomp(container, has_default));
    inspection.each_container(|container| {
        let dropped = container.capabilities(|capabilities| &capabilities.drop)?;
        if dropped.iter().any(|name| name == "ALL") {
            return Ok(None);
        }
        let misspelt = dropped.iter().find(|name| {
            let name = name.to_ascii_uppercase();
            name.strip_prefix("CAP_").unwrap_or(&name) == "ALL"
        });
        let code = ReasonCode::CapabilitiesNotDropped;
        Ok(Some(match misspelt {
            Some(name) => {
                let text = format!(
                    "Containers drop all capabilities as {name:?}, but the standard wants \"ALL\""
                );
                Issue::failed(Severity::Low, code, text)
            }
            None => Issue::lacking(
                Severity::Low,
                code,
                "Containers don't drop all capabilities",
            ),
        }))
    });
    inspection.each_container(|container| {
        let added = container.capabilities(|capabilities| &capabilities.add)?;
        let mut others: Vec<&str> = added.iter().map(String::as_str).collect();
        others.retain(|name| *name != ALLOWED);
        let code = ReasonCode::CapabilitiesNotDropped;
        let shown = names(others.iter().map(|name| cut(name, LONGEST_TEXT)));
        let text = format!("Containers add {shown}");
        Ok((!others.is_empty()).then(|| Issue::failed(Severity::Low, code, text)))
    });
}

/// Returns the issue of the settings that containers inherit, also those that are added to a running pod.
fn of_pod(inspection: &Inspection<'_>) -> Result<Option<Issue>, InvalidField> {
    let profile = match inspection.pod.security_context.read()? {
        Some(context) => context.seccomp_profile.read()?,
        None => None,
    };
    let profile_type = match profile {
        Some(profile) => profile.profile_type.read()?,
        None => None,
    };
    let is_unconfined = profile_type.is_some_and(|profile_type| profile_type == "Unconfined");
    let text = "The pod turns seccomp off for containers without a profile of their own";
    let issue = || Issue::failed(Severity::Medium, ReasonCode::SeccompUnconfined, text);
    Ok(is_unconfined.then(issue))
}

fn seccomp(container: ContainerInPod, has_default: bool) -> Result<Option<Issue>, InvalidField> {
    if container.is_set(|context| &context.privileged)? {
        let text = "Containers are privileged, so that no seccomp profile applies to them";
        return Ok(Some(Issue::failed(
            Severity::Low,
            ReasonCode::SeccompNotApplied,
            text,
        )));
    }
    match container.seccomp_type()? {
        Some("RuntimeDefault" | "Localhost") => Ok(None),
        Some("Unconfined") => {
            let text = "Containers turn seccomp off";
            Ok(Some(Issue::failed(
                Severity::Medium,
                ReasonCode::SeccompUnconfined,
                text,
            )))
        }
        None | Some("") if has_default => Ok(None),
        None | Some("") => {
            let text = "Containers have no seccomp profile";
            Ok(Some(Issue::lacking(
                Severity::Low,
                ReasonCode::SeccompMissing,
                text,
            )))
        }
        // A type that only a later version of Kubernetes has.
        Some(_) => Err(InvalidField),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::evaluation::workloads::tests::{assert_rows, verdict_of, with_security};
    use crate::verdict::Outcome::{Failed, NotApplicable, NotAvailable, Passed};
    use Severity::{Low, Medium};

    fn profile(name: &str) -> Value {
        json!({"type": name})
    }

    /// Returns a pod with a seccomp profile, and a container with another one and these capabilities.
    fn with(of_pod: &Value, own: &Value, capabilities: &Value) -> Value {
        let mut pod = with_security(&json!({"seccompProfile": own, "capabilities": capabilities}));
        pod["securityContext"] = json!({"seccompProfile": of_pod});
        pod
    }

    #[test]
    fn the_profile_and_the_capabilities_decide() {
        let (none, default) = (json!(null), profile("RuntimeDefault"));
        let unconfined = profile("Unconfined");
        let all = json!({"drop": ["ALL"]});
        let adding = |name: &str| json!({"drop": ["ALL"], "add": [name]});
        let mut windows = with(&none, &none, &none);
        windows["os"] = json!({"name": "windows"});
        let mut privileged = with(&none, &unconfined, &all);
        privileged["containers"][0]["securityContext"]["privileged"] = json!(true);
        let passed: &[&str] = &["WORKLOAD_PASSED"];
        let off: &[&str] = &["SECCOMP_UNCONFINED"];
        let missing: &[&str] = &["SECCOMP_MISSING"];
        let kept: &[&str] = &["CAPABILITIES_NOT_DROPPED"];
        assert_rows(
            &CHECK,
            "{}",
            [
                (with(&none, &default, &all), Passed, passed),
                (with(&default, &none, &all), Passed, passed),
                (
                    with(
                        &none,
                        &json!({"type": "Localhost", "localhostProfile": "p.json"}),
                        &all,
                    ),
                    Passed,
                    passed,
                ),
                (with(&default, &unconfined, &all), Failed(Medium), off),
                (with(&unconfined, &default, &all), Failed(Medium), off),
                (with(&none, &none, &all), Failed(Low), missing),
                (with(&none, &json!({}), &all), Failed(Low), missing),
                (with(&none, &default, &none), Failed(Low), kept),
                (
                    with(&none, &default, &json!({"drop": ["all"]})),
                    Failed(Low),
                    kept,
                ),
                (
                    with(&none, &default, &json!({"drop": ["NET_RAW"]})),
                    Failed(Low),
                    kept,
                ),
                (
                    with(&none, &default, &adding("NET_BIND_SERVICE")),
                    Passed,
                    passed,
                ),
                (
                    with(&none, &default, &adding("CAP_NET_BIND_SERVICE")),
                    Failed(Low),
                    kept,
                ),
                (with(&none, &default, &adding("CHOWN")), Failed(Low), kept),
                (
                    with(&none, &none, &none),
                    Failed(Low),
                    &["CAPABILITIES_NOT_DROPPED", "SECCOMP_MISSING"],
                ),
                (privileged, Failed(Low), &["SECCOMP_NOT_APPLIED"]),
                (windows, NotApplicable, &["WINDOWS_POD"]),
                (
                    with(&none, &profile("KernelDefault"), &all),
                    NotAvailable,
                    &["READ_FAILED"],
                ),
                (
                    with(&none, &profile("KernelDefault"), &none),
                    Failed(Low),
                    &["CAPABILITIES_NOT_DROPPED", "READ_FAILED"],
                ),
            ],
        );
    }

    #[test]
    fn kubelets_may_have_a_default_profile() {
        let parameters = r#"{"seccompDefault": true}"#;
        let all = json!({"drop": ["ALL"]});
        for (own, expected) in [
            (json!(null), Passed),
            (profile("Unconfined"), Failed(Medium)),
        ] {
            let pod = with(&json!(null), &own, &all);
            assert_eq!(
                verdict_of(&CHECK, &pod, parameters).outcome,
                expected,
                "{own}"
            );
        }
    }

    #[test]
    fn a_reason_shows_some_of_the_capabilities_and_cuts_them() {
        let of = |names: Vec<String>| {
            let capabilities = json!({"drop": ["ALL"], "add": names});
            let pod = with(&json!(null), &profile("RuntimeDefault"), &capabilities);
            verdict_of(&CHECK, &pod, "{}").explanation()
        };
        let long = of(vec!["X".repeat(300), "CHOWN".to_owned()]);
        let shown = "X".repeat(200);
        let expected = format!("Containers add CHOWN, {shown}: container app.");
        assert_eq!(long, expected);
        let many = of((10..30).map(|number| format!("C{number}")).collect());
        assert!(many.contains("C18, C19 and others: "), "{many}");
    }

    #[test]
    fn a_reason_quotes_another_spelling() {
        let pod = with(
            &json!(null),
            &profile("RuntimeDefault"),
            &json!({"drop": ["all"]}),
        );
        assert_eq!(
            verdict_of(&CHECK, &pod, "{}").explanation(),
            "Containers drop all capabilities as \"all\", but the standard wants \"ALL\": container app."
        );
    }
}
