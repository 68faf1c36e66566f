//! ## What it checks
//!
//! Pods should not mount paths of their node. The check fails for each `hostPath` volume that `allowedHostPaths` does
//! not allow: with HIGH if a container can write to a sensitive path, with MEDIUM if it can only read a sensitive path
//! or write to another one, and with LOW if it can only read another path, or if no container mounts the volume.
//!
//! Sensitive paths are `/`, and all paths that are equal to, below or above one of `/etc`, `/root`, `/home`, `/boot`,
//! `/proc`, `/sys`, `/dev`, `/usr`, `/bin`, `/sbin`, `/lib`, `/lib64`, `/opt/cni`, `/run`, `/var/lib/kubelet`,
//! `/var/lib/containerd`, `/var/lib/docker` and `/var/log`; on Windows `C:/`, `C:/Windows`, `C:/var/lib/kubelet` and
//! `C:/ProgramData/containerd`. `/var/run` is the same as `/run`.
//!
//! A read-only mount of `/` counts as writable without `recursiveReadOnly: Enabled`, since other file systems are
//! mounted below it. So does a mount with `mountPropagation: Bidirectional`. Persistent volumes are not evaluated.
//!
//! ## Why it matters
//!
//! A container that can write to its node's files can take over the node. With many files, reading them is enough: the
//! node has the credentials of its kubelet, and the secrets and logs of all its pods.
//!
//! ## How to fix it
//!
//! Use an `emptyDir`, a CSI volume or a projected volume. If a workload needs a path of its node, mount the narrowest
//! one with `readOnly: true`, and allow it: `/etc/localtime` allows only to read it and what is below, `/mnt/cache:rw`
//! also to write to it.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::check::{Check, Remediation};
use crate::evaluation::workloads::host_path::{self, Access, NodeMount, NodePath};
use crate::evaluation::workloads::offence::Offence;
use crate::evaluation::workloads::{
    ACCEPT_PUBLIC_SYSTEM_IMAGES, EvaluateWorkloads, Inspection, Issue, PLATFORM_EXCEPTIONS,
    WORKLOADS,
};
use crate::exceptions::EXCEPTIONS;
use crate::field::InvalidField;
use crate::need::Need;
use crate::parameters::{Parameter, Texts};
use crate::reason_code::ReasonCode;
use crate::roll_up::Unit;
use crate::severity::Severity;

static ALLOWED_HOST_PATHS: Parameter<Texts> = Parameter {
    name: "allowedHostPaths",
    description: "The paths of nodes that containers may read, with what is below; with :rw at the end, also write.",
    default: Texts::Borrowed(&[]),
};

/// The sensitive paths of nodes with Linux.
const SENSITIVE: [&str; 18] = [
    "/etc",
    "/root",
    "/home",
    "/boot",
    "/proc",
    "/sys",
    "/dev",
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib64",
    "/opt/cni",
    "/run",
    "/var/lib/kubelet",
    "/var/lib/containerd",
    "/var/lib/docker",
    "/var/log",
];

/// The sensitive paths of nodes with Windows.
const SENSITIVE_ON_WINDOWS: [&str; 3] = [
    "C:/Windows",
    "C:/var/lib/kubelet",
    "C:/ProgramData/containerd",
];

pub(super) static CHECK: Check = Check {
    id: "k8s-pod-host-path",
    enabled: true,
    title: "Pods should not mount paths of the host",
    requirement: "No pod should have a hostPath volume that is not allowed.",
    severities: &[
        (
            Severity::High,
            "a container that can write to a sensitive path can take over its node",
        ),
        (
            Severity::Medium,
            "a container can read a sensitive path of its node, or write to another one",
        ),
        (
            Severity::Low,
            "a container can only read a path that is not sensitive, or no container mounts it",
        ),
    ],
    remediation: Remediation {
        text: "Use an emptyDir, a CSI volume or a projected volume. Mount a path of the node that is needed with \
               readOnly: true, and allow it with allowedHostPaths.",
        command: "kubectl label namespace {namespace} pod-security.kubernetes.io/enforce=baseline",
        url: "https://kubernetes.io/docs/concepts/storage/volumes/",
    },
    parameters: &[
        &ALLOWED_HOST_PATHS,
        &EXCEPTIONS,
        &PLATFORM_EXCEPTIONS,
        &ACCEPT_PUBLIC_SYSTEM_IMAGES,
    ],
    needs: &[Need::Workloads],
    evaluate: &EvaluateWorkloads {
        unit: Unit::Object(WORKLOADS),
        passed: "The pods mount no path of their node that is not allowed.",
        required: None,
        inspect,
    },
};

/// A path that containers may read, with what is below it.
struct Allowed {
    path: NodePath,
    is_writable: bool,
}

impl Allowed {
    fn read(text: &str) -> Self {
        let path = text.strip_suffix(":rw");
        Self {
            path: NodePath::new(path.unwrap_or(text), false),
            is_writable: path.is_some(),
        }
    }
}

fn inspect(inspection: &mut Inspection<'_>) {
    let allowed = inspection.context.settings.get(&ALLOWED_HOST_PATHS);
    let allowed: Vec<Allowed> = allowed.iter().map(|text| Allowed::read(text)).collect();
    // A container may mount a path several times, of which the worst counts.
    let mut mounts = host_path::mounts(inspection);
    mounts.sort_by_key(|mount| Reverse(mount.access.unwrap_or(Access::Write)));
    let mut seen = BTreeSet::new();
    for mount in mounts {
        let container = mount.container;
        let title = container.map(|container| container.title());
        if seen.insert((title, mount.path.to_string())) || mount.access.is_err() {
            inspection.add_to(container, issue(&mount, &allowed));
        }
    }
}

fn issue(mount: &NodeMount, allowed: &[Allowed]) -> Result<Option<Issue>, InvalidField> {
    let mut allowing = allowed
        .iter()
        .filter(|allowed| mount.path.is_in(&allowed.path));
    // A path that may be written to is allowed in any case.
    if allowing.clone().any(|allowed| allowed.is_writable) {
        return Ok(None);
    }
    let access = mount.access?;
    let is_writable = access >= Access::WriteBelow;
    if !is_writable && allowing.next().is_some() {
        return Ok(None);
    }
    let is_sensitive = is_sensitive(&mount.path);
    let (severity, code) = if access == Access::None {
        (Severity::Low, ReasonCode::HostPathNotMounted)
    } else if is_writable {
        let severity = if is_sensitive {
            Severity::High
        } else {
            Severity::Medium
        };
        (severity, ReasonCode::HostPathWritable)
    } else {
        let severity = if is_sensitive {
            Severity::Medium
        } else {
            Severity::Low
        };
        (severity, ReasonCode::HostPathReadable)
    };
    let offence = Offence::HostPath(mount.path.clone(), access);
    Ok(Some(Issue::offence(severity, code, offence)))
}

fn is_sensitive(path: &NodePath) -> bool {
    let sensitive: &[&str] = if path.is_windows {
        &SENSITIVE_ON_WINDOWS
    } else {
        &SENSITIVE
    };
    let mut sensitive = sensitive.iter().map(|one| NodePath::new(one, false));
    path.is_root() || sensitive.any(|one| path.is_in(&one) || one.is_in(path))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::evaluation::workloads::tests::{assert_rows, verdict_of};
    use crate::verdict::Outcome::{self, Failed, NotAvailable, Passed};
    use Severity::{High, Low, Medium};

    const WRITABLE: &[&str] = &["HOST_PATH_WRITABLE"];
    const READABLE: &[&str] = &["HOST_PATH_READABLE"];
    const PASSED: &[&str] = &["WORKLOAD_PASSED"];

    /// Returns a pod with a path of its node, which one container for each of the mounts mounts.
    fn with(path: &str, mounts: &[Value]) -> Value {
        let containers: Vec<_> = mounts
            .iter()
            .enumerate()
            .map(|(at, mount)| {
                let mut mount = mount.clone();
                mount["name"] = json!("v");
                json!({"name": format!("c{at}"), "volumeMounts": [mount]})
            })
            .collect();
        json!({"containers": containers, "volumes": [{"name": "v", "hostPath": {"path": path}}]})
    }

    fn read(path: &str) -> Value {
        with(path, &[json!({"readOnly": true})])
    }

    fn write(path: &str) -> Value {
        with(path, &[json!({})])
    }

    #[test]
    fn the_path_and_the_right_to_write_decide() {
        let recursive = json!({"readOnly": true, "recursiveReadOnly": "Enabled"});
        let if_possible = json!({"readOnly": true, "recursiveReadOnly": "IfPossible"});
        let bidirectional = json!({"readOnly": true, "mountPropagation": "Bidirectional"});
        assert_rows(
            &CHECK,
            "{}",
            [
                (with("/etc", &[json!({})]), Failed(High), WRITABLE),
                (read("/etc"), Failed(Medium), READABLE),
                (write("/srv/data"), Failed(Medium), WRITABLE),
                (read("/srv/data"), Failed(Low), READABLE),
                (write("/var/lib"), Failed(High), WRITABLE),
                (read("/usr/share/ca"), Failed(Medium), READABLE),
                (read("/var/logs"), Failed(Low), READABLE),
                (read("/var/log"), Failed(Medium), READABLE),
                (write("/var/run/x.sock"), Failed(High), WRITABLE),
                (read("/"), Failed(High), WRITABLE),
                (with("/", &[if_possible]), Failed(High), WRITABLE),
                (with("/", &[recursive]), Failed(Medium), READABLE),
                (with("/srv", &[bidirectional]), Failed(Medium), WRITABLE),
                (write("/var/log/../../etc"), Failed(High), WRITABLE),
                (read("/var/log/../../etc"), Failed(High), WRITABLE),
                (read("/etc/localtime"), Failed(Medium), READABLE),
                (write(""), Failed(High), WRITABLE),
                (
                    with("/srv", &[json!({"subPath": "../etc"})]),
                    Failed(High),
                    WRITABLE,
                ),
                (
                    with("/var", &[json!({"subPath": "cache", "readOnly": true})]),
                    Failed(Low),
                    READABLE,
                ),
                (
                    with("/var", &[json!({"subPathExpr": "$(X)", "readOnly": true})]),
                    Failed(Medium),
                    READABLE,
                ),
                (
                    with("/proc", &[json!({"readOnly": true}), json!({})]),
                    Failed(High),
                    &["HOST_PATH_WRITABLE", "HOST_PATH_READABLE"],
                ),
                (with("/etc", &[]), Failed(Low), &["HOST_PATH_NOT_MOUNTED"]),
                (
                    with(
                        "/",
                        &[json!({"readOnly": true, "recursiveReadOnly": "Later"})],
                    ),
                    NotAvailable,
                    &["READ_FAILED"],
                ),
                (
                    with("/srv", &[json!({"readOnly": "yes"})]),
                    NotAvailable,
                    &["READ_FAILED"],
                ),
                (
                    json!({"volumes": [{"name": "v", "hostPath": "/etc"}]}),
                    NotAvailable,
                    &["READ_FAILED"],
                ),
                (json!({"volumes": null}), Passed, PASSED),
                (
                    json!({"volumes": [{"name": "tmp", "emptyDir": {}}]}),
                    Passed,
                    PASSED,
                ),
            ],
        );
    }

    #[test]
    fn paths_of_windows_are_compared_without_case() {
        for (path, expected) in [
            ("C:\\", High),
            ("c:\\windows\\system32", High),
            ("C:/VAR/lib", High),
            ("C:/data", Medium),
            ("\\\\.\\pipe\\x", Medium),
        ] {
            let outcome = verdict_of(&CHECK, &write(path), "{}").outcome;
            assert_eq!(outcome, Failed(expected), "{path}");
        }
        let mut without_drive = read("/Windows");
        without_drive["os"] = json!({"name": "windows"});
        let outcome = verdict_of(&CHECK, &without_drive, "{}").outcome;
        assert_eq!(outcome, Failed(Medium));
    }

    #[test]
    fn allowed_paths_may_be_read_or_also_written_to() {
        let parameters =
            r#"{"allowedHostPaths": "/var/log,/mnt/cache:rw,/etc/localtime,C:/logs:rw"}"#;
        for (pod, expected) in [
            (read("/var/log/pods"), Passed),
            (read("/var/log/"), Passed),
            (write("/var/log/pods"), Failed(High)),
            (write("/mnt/cache/x"), Passed),
            (write("/mnt/cache2"), Failed(Medium)),
            (read("/etc/localtime"), Passed),
            (with("/mnt/cache", &[]), Passed),
            (write("c:\\Logs\\x"), Passed),
            (
                with("/var", &[json!({"subPath": "log", "readOnly": true})]),
                Passed,
            ),
            (read("/var"), Failed(Medium)),
        ] {
            let verdict = verdict_of(&CHECK, &pod, parameters);
            assert_eq!(verdict.outcome, expected, "{pod}");
        }
    }

    #[test]
    fn all_paths_of_a_pod_are_named() {
        let pod = json!({
            "containers": [{"name": "app", "volumeMounts": [
                {"name": "b", "readOnly": true}, {"name": "a", "readOnly": true}, {"name": "a", "subPath": "."},
            ]}],
            "initContainers": [{"name": "setup", "volumeMounts": [{"name": "a"}]}],
            "volumes": [
                {"name": "a", "hostPath": {"path": "/etc"}}, {"name": "b", "hostPath": {"path": "/srv"}},
            ],
        });
        let verdict = verdict_of(&CHECK, &pod, "{}");
        assert_eq!(
            verdict.explanation(),
            "Containers can write to /etc of their node: container app, init \
             container setup. Containers can read /srv of their node: container app."
        );
        assert_eq!(verdict.outcome, Outcome::Failed(High));
    }
}
