//! ## What it checks
//!
//! Containers should not run as root. The check evaluates containers of all kinds with the settings that they inherit
//! from their pod. It fails with MEDIUM if a container's user is 0, and with LOW if neither a user nor `runAsNonRoot:
//! true` is set, since the image then decides. It also fails with LOW if all containers have safe settings of their
//! own, but the pod has user 0 or `runAsNonRoot: false`: containers that are added to it inherit these. A container
//! that must not run as root but has user 0 can't start, which is a warning.
//!
//! Pods in a user namespace (`hostUsers: false`) pass, unless `acceptUserNamespaces` is `false`. With
//! `requireRunAsNonRoot`, a user other than root is not enough, as in the pod security standard *restricted*. On
//! Windows, `ContainerAdministrator` and `NT AUTHORITY\SYSTEM` take the place of root. The group 0 passes.
//!
//! ## Why it matters
//!
//! Most ways out of a container need root in the container. A namespace is as bad as its worst workload.
//!
//! ## How to fix it
//!
//! Set `runAsNonRoot: true` and `runAsUser` in the security context of the template, and a numeric `USER` in the
//! Dockerfile.

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

static REQUIRE_RUN_AS_NON_ROOT: Parameter<bool> = Parameter {
    name: "requireRunAsNonRoot",
    description: "Containers must set runAsNonRoot, even if they have a user other than root.",
    default: false,
};

static ACCEPT_USER_NAMESPACES: Parameter<bool> = Parameter {
    name: "acceptUserNamespaces",
    description: "Pods in a user namespace pass, since root in them is not root on the node.",
    default: true,
};

/// The users of Windows who take the place of root, in lower case.
const ADMINISTRATORS: [&str; 2] = ["containeradministrator", "nt authority\\system"];

pub(super) static CHECK: Check = Check {
    id: "k8s-pod-run-as-non-root",
    enabled: true,
    title: "Containers should not run as root",
    requirement: "Each container should have a user other than root, or require one.",
    severities: &[
        (
            Severity::Medium,
            "root in a container has the one right that most ways out of it need",
        ),
        (
            Severity::Low,
            "a container without a user runs as root if its image says so",
        ),
    ],
    remediation: Remediation {
        text: "Set runAsNonRoot: true and runAsUser in the security context of the template, and a numeric USER in the \
               Dockerfile.",
        command: "kubectl label namespace {namespace} pod-security.kubernetes.io/warn=restricted",
        url: "https://kubernetes.io/docs/tasks/configure-pod-container/security-context/",
    },
    parameters: &[
        &REQUIRE_RUN_AS_NON_ROOT,
        &ACCEPT_USER_NAMESPACES,
        &EXCEPTIONS,
        &PLATFORM_EXCEPTIONS,
        &ACCEPT_PUBLIC_SYSTEM_IMAGES,
    ],
    needs: &[Need::Workloads],
    evaluate: &EvaluateWorkloads {
        unit: Unit::Subject(WORKLOADS),
        passed: "No container runs as root.",
        required: None,
        inspect,
    },
};

fn inspect(inspection: &mut Inspection<'_>) {
    let pod = inspection.pod;
    if inspection.context.settings.get(&ACCEPT_USER_NAMESPACES) {
        match pod.host_users.read() {
            Ok(Some(false)) => {
                let text = "The pod runs in a user namespace";
                let issue = Issue::passed(ReasonCode::UserNamespace, text);
                return inspection.add(Ok(Some(issue)));
            }
            Ok(_) => {}
            Err(error) => return inspection.add(Err(error)),
        }
    }
    let is_windows = match pod.windows() {
        Ok(windows) => windows.is_some(),
        Err(error) => return inspection.add(Err(error)),
    };
    let is_required = inspection.context.settings.get(&REQUIRE_RUN_AS_NON_ROOT);
    let (mut all_pass, mut all_override) = (true, true);
    for container in inspection.containers() {
        let issue = if is_windows {
            on_windows(container, is_required)
        } else {
            on_linux(container, is_required)
        };
        all_pass &= issue == Ok(None);
        let own = container.own(|context| &context.run_as_non_root);
        all_override &= own.is_ok_and(|own| own.is_some());
        inspection.add_to(Some(container), issue);
    }
    if all_pass {
        inspection.add(pod.security_context.read().and_then(|context| {
            let Some(context) = context else {
                return Ok(None);
            };
            let allows_root = all_override && context.run_as_non_root.read()? == Some(&false);
            let is_root = !is_windows && context.run_as_user.read()? == Some(&0);
            let text = "The pod lets containers run as root that are added to it";
            let issue = || Issue::failed(Severity::Low, ReasonCode::PodLevelRoot, text);
            Ok((allows_root || is_root).then(issue))
        }));
    }
}

fn on_linux(container: ContainerInPod, is_required: bool) -> Result<Option<Issue>, InvalidField> {
    let non_root = container.run_as_non_root()?;
    Ok(match (non_root, container.run_as_user()?) {
        (Some(true), Some(0)) => {
            let text =
                "Containers can't start, since their user is root, but they must not run as root";
            Some(Issue::warning(ReasonCode::Contradiction, text))
        }
        (Some(true), _) => None,
        (_, Some(0)) => {
            let text = "Containers run as root";
            Some(Issue::failed(
                Severity::Medium,
                ReasonCode::ExplicitRoot,
                text,
            ))
        }
        (_, Some(_)) => is_required.then(|| not_required(non_root)),
        (_, None) => Some(possible(non_root)),
    })
}

fn on_windows(container: ContainerInPod, is_required: bool) -> Result<Option<Issue>, InvalidField> {
    let non_root = container.run_as_non_root()?;
    let user = container.windows_user()?.map(str::to_lowercase);
    let is_administrator = user
        .as_deref()
        .map(|user| ADMINISTRATORS.contains(&user.trim()));
    Ok(match (non_root, is_administrator) {
        (Some(true), Some(true)) => {
            let text = "Containers can't start, since their user is an administrator, but they must not run as one";
            Some(Issue::warning(ReasonCode::Contradiction, text))
        }
        (Some(true), _) => None,
        (_, Some(true)) => {
            let text = "Containers run as an administrator";
            Some(Issue::failed(
                Severity::Medium,
                ReasonCode::ExplicitRoot,
                text,
            ))
        }
        (_, Some(false)) => is_required.then(|| not_required(non_root)),
        (_, None) => Some(possible(non_root)),
    })
}

fn not_required(non_root: Option<bool>) -> Issue {
    let text = "Containers don't require a user other than root";
    explicit_or_lacking(non_root, ReasonCode::NonRootNotRequired, text)
}

fn possible(non_root: Option<bool>) -> Issue {
    let text = match non_root {
        Some(_) => {
            "Containers run as root if their image says so, which their settings allow explicitly"
        }
        None => "Containers run as root if their image says so",
    };
    explicit_or_lacking(non_root, ReasonCode::RootPossible, text)
}

/// Returns a failure that `runAsNonRoot: false` or its absence causes.
fn explicit_or_lacking(non_root: Option<bool>, code: ReasonCode, text: &str) -> Issue {
    match non_root {
        Some(_) => Issue::failed(Severity::Low, code, text),
        None => Issue::lacking(Severity::Low, code, text),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::evaluation::workloads::tests::{assert_rows, verdict_of, with_security};
    use crate::verdict::Outcome::{Failed, NotAvailable, Passed, Warning};
    use Severity::{Low, Medium};

    const PASSED: &[&str] = &["WORKLOAD_PASSED"];
    const POSSIBLE: &[&str] = &["ROOT_POSSIBLE"];
    const EXPLICIT: &[&str] = &["EXPLICIT_ROOT"];
    const POD_LEVEL: &[&str] = &["POD_LEVEL_ROOT"];

    /// Returns a pod with these security settings, and one container with these.
    fn with(pod: &Value, container: &Value) -> Value {
        let mut spec = with_security(container);
        spec["securityContext"] = pod.clone();
        spec
    }

    fn windows(pod: &Value, container: &Value) -> Value {
        let mut spec = with(pod, container);
        spec["os"] = json!({"name": "windows"});
        spec
    }

    #[test]
    fn the_effective_settings_decide() {
        let (none, non_root) = (json!({}), json!({"runAsNonRoot": true}));
        let root = json!({"runAsUser": 0});
        assert_rows(
            &CHECK,
            "{}",
            [
                (with(&none, &none), Failed(Low), POSSIBLE),
                (with(&json!(null), &json!(null)), Failed(Low), POSSIBLE),
                (with(&non_root, &none), Passed, PASSED),
                (with(&none, &non_root), Passed, PASSED),
                (with(&non_root, &json!({"runAsUser": 1000})), Passed, PASSED),
                (with(&none, &json!({"runAsUser": 1337})), Passed, PASSED),
                (
                    with(&none, &json!({"runAsUser": 1000, "runAsGroup": 0})),
                    Passed,
                    PASSED,
                ),
                (
                    with(&none, &json!({"runAsUser": 1000, "runAsNonRoot": false})),
                    Passed,
                    PASSED,
                ),
                (with(&non_root, &root), Warning, &["CONTRADICTION"]),
                (with(&none, &root), Failed(Medium), EXPLICIT),
                (
                    with(&json!({"runAsUser": 1000}), &root),
                    Failed(Medium),
                    EXPLICIT,
                ),
                (with(&root, &none), Failed(Medium), EXPLICIT),
                (
                    with(&none, &json!({"runAsUser": 0, "runAsNonRoot": false})),
                    Failed(Medium),
                    EXPLICIT,
                ),
                (
                    with(&non_root, &json!({"runAsNonRoot": false})),
                    Failed(Low),
                    POSSIBLE,
                ),
                (
                    with(&none, &json!({"runAsNonRoot": false})),
                    Failed(Low),
                    POSSIBLE,
                ),
                (
                    with(
                        &json!({"runAsNonRoot": false}),
                        &json!({"runAsNonRoot": true, "runAsUser": 1000}),
                    ),
                    Failed(Low),
                    POD_LEVEL,
                ),
                (
                    with(&root, &json!({"runAsNonRoot": true, "runAsUser": 1000})),
                    Failed(Low),
                    POD_LEVEL,
                ),
                (
                    with(&json!({"runAsNonRoot": false}), &json!({"runAsUser": 1000})),
                    Passed,
                    PASSED,
                ),
                (
                    with(&none, &json!({"runAsUser": "root"})),
                    NotAvailable,
                    &["READ_FAILED"],
                ),
                (
                    with(&json!({"runAsNonRoot": 1}), &none),
                    NotAvailable,
                    &["READ_FAILED"],
                ),
            ],
        );
    }

    #[test]
    fn parameters_change_the_requirement() {
        let mut in_namespace = with(&json!({}), &json!({"runAsUser": 0}));
        in_namespace["hostUsers"] = json!(false);
        for (parameters, pod, expected, code) in [
            ("{}", in_namespace.clone(), Passed, "USER_NAMESPACE"),
            (
                r#"{"acceptUserNamespaces": false}"#,
                in_namespace,
                Failed(Medium),
                "EXPLICIT_ROOT",
            ),
            (
                r#"{"requireRunAsNonRoot": true}"#,
                with(&json!({}), &json!({"runAsUser": 1000})),
                Failed(Low),
                "NON_ROOT_NOT_REQUIRED",
            ),
            (
                r#"{"requireRunAsNonRoot": true}"#,
                with(&json!({}), &json!({"runAsNonRoot": true})),
                Passed,
                "WORKLOAD_PASSED",
            ),
        ] {
            let verdict = verdict_of(&CHECK, &pod, parameters);
            assert_eq!(
                (verdict.outcome, verdict.codes()),
                (expected, vec![code]),
                "{pod}"
            );
        }
    }

    #[test]
    fn on_windows_the_name_of_the_user_decides() {
        let user = |name: &str| json!({"windowsOptions": {"runAsUserName": name}});
        let none = json!({});
        let mut by_selector = with(&none, &user("ContainerUser"));
        by_selector["nodeSelector"] = json!({"kubernetes.io/os": "windows"});
        let mut contradiction = user("ContainerAdministrator");
        contradiction["runAsNonRoot"] = json!(true);
        assert_rows(
            &CHECK,
            "{}",
            [
                (windows(&none, &user("ContainerUser")), Passed, PASSED),
                (windows(&user("ContainerUser"), &none), Passed, PASSED),
                (by_selector, Passed, PASSED),
                (
                    windows(&none, &user("ContainerAdministrator")),
                    Failed(Medium),
                    EXPLICIT,
                ),
                (
                    windows(&none, &user("containeradministrator")),
                    Failed(Medium),
                    EXPLICIT,
                ),
                (
                    windows(&user("NT AUTHORITY\\SYSTEM"), &none),
                    Failed(Medium),
                    EXPLICIT,
                ),
                (
                    windows(&none, &json!({"runAsNonRoot": true})),
                    Passed,
                    PASSED,
                ),
                (windows(&none, &contradiction), Warning, &["CONTRADICTION"]),
                (windows(&none, &none), Failed(Low), POSSIBLE),
                (
                    windows(&none, &json!({"runAsUser": 1000})),
                    Failed(Low),
                    POSSIBLE,
                ),
            ],
        );
    }

    #[test]
    fn the_worst_container_counts() {
        let pod = json!({
            "containers": [{"name": "app", "securityContext": {"runAsUser": 1000}}, {"name": "other"}],
            "initContainers": [{"name": "setup", "securityContext": {"runAsUser": 0}}],
        });
        let verdict = verdict_of(&CHECK, &pod, "{}");
        assert_eq!(verdict.outcome, Failed(Medium));
        assert_eq!(
            verdict.explanation(),
            "Containers run as root: init container setup. Containers run as root if their image says so: container other."
        );
    }
}
