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
//! mounted below it. So does a mount with `mountPropagation: Bidirectional`.
//!
//! The same applies to a claim that leads to a `hostPath` persistent volume. The claims of a stateful set and those that
//! are created with a pod are known from running pods only. Without the right to list persistent volumes, claims are not
//! evaluated, and the finding about the cluster says so. `local` persistent volumes are not evaluated.
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
use crate::evaluation::contents::EvaluateContents;
use crate::evaluation::workloads::host_path::{self, Access, NodeMount, NodePath};
use crate::evaluation::workloads::offence::Offence;
use crate::evaluation::workloads::{
    ACCEPT_PUBLIC_SYSTEM_IMAGES, EvaluateWorkloads, Inspection, Issue, PLATFORM_EXCEPTIONS,
    WORKLOADS,
};
use crate::exceptions::EXCEPTIONS;
use crate::facts::kubernetes::{ApiList, KubernetesCluster};
use crate::field::InvalidField;
use crate::need::Need;
use crate::parameters::{Parameter, ParameterValues, Texts};
use crate::reason_code::ReasonCode;
use crate::resource::Resource;
use crate::roll_up::{Subject, Unit};
use crate::severity::Severity;
use crate::verdict::Reason;

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
    requirement: "No pod should mount a path of its node that is not allowed, directly or by a claim.",
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
    needs: &[Need::Workloads, Need::PersistentVolumes],
    evaluate: &EvaluateHostPaths,
};

/// The evaluation of the workloads in a cluster.
const EVALUATION: EvaluateWorkloads = EvaluateWorkloads {
    unit: Unit::Object(WORKLOADS),
    passed: "The pods mount no path of their node that is not allowed.",
    required: None,
    inspect,
};

/// The evaluation of workloads, which states if claims are left out.
#[derive(Debug)]
struct EvaluateHostPaths;

impl EvaluateContents for EvaluateHostPaths {
    fn subjects(
        &self,
        cluster: &Resource,
        facts: &KubernetesCluster,
        settings: &ParameterValues,
    ) -> Vec<Subject> {
        let mut subjects = EVALUATION.subjects(cluster, facts, settings);
        let unread = facts.unread(ApiList::PersistentVolumes);
        if unread.is_some_and(|unread| unread.is_denied()) {
            let text = "Persistent volumes may not be listed, so the paths of nodes to which claims lead are not \
                        evaluated. Apply the manifests of eksentry's reader to change that.";
            for subject in &mut subjects {
                let remark = Reason::new(ReasonCode::VolumesNotRead, text);
                subject.verdicts.remarks.push(remark);
            }
        }
        subjects
    }

    fn unit(&self) -> Unit {
        EVALUATION.unit
    }
}

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
    mounts.extend(host_path::mounts_by_claims(inspection));
    mounts.sort_by_key(|mount| Reverse(mount.access.unwrap_or(Access::Write)));
    let mut seen = BTreeSet::new();
    for mount in mounts {
        let container = mount.container;
        let title = container.map(|container| container.title());
        let path = (mount.path.to_string(), mount.persistent_volume);
        if seen.insert((title, path)) || mount.access.is_err() {
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
    Ok(Some(match mount.persistent_volume {
        // The workloads of the platform need no persistent volume.
        Some(name) => {
            let text = format!("{offence} (persistent volume {name})");
            Issue::failed(severity, ReasonCode::HostPathViaPv, text)
        }
        None => Issue::offence(severity, code, offence),
    }))
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
    use crate::checks::samples::{kubernetes_cluster, unread, workload};
    use crate::evaluation::workloads::tests::{assert_rows, cluster, objects_of, pod, verdict_of};
    use crate::facts::Unread;
    use crate::facts::kubernetes::{HostPathVolume, VolumeClaim};
    use crate::field::Field;
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
                (
                    write(&format!("/etc{}", "/".repeat(5_000))),
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

    #[test]
    fn a_volume_has_the_mounts_of_its_name_only() {
        let pod = json!({
            "containers": [
                {"name": "one", "volumeMounts": [{"name": "a", "readOnly": true}]},
                {"name": "two", "volumeMounts": [{"name": "b"}, {"name": "other"}]},
            ],
            "volumes": [
                {"name": "a", "hostPath": {"path": "/etc"}}, {"name": "b", "hostPath": {"path": "/srv"}},
                {"name": "c", "hostPath": {"path": "/opt"}}, {"name": "other", "emptyDir": {}},
            ],
        });
        assert_eq!(
            verdict_of(&CHECK, &pod, "{}").explanation(),
            "Containers can read /etc of their node: container one. Containers can write to /srv of their node: \
             container two. A volume is the path /opt of the node, but no container mounts it."
        );
    }

    #[test]
    fn a_volume_may_be_mounted_where_mounts_are_unknown() {
        let pod = json!({
            "containers": [{"name": "one", "volumeMounts": 1}, {"name": "two"}],
            "volumes": [{"name": "a", "hostPath": {"path": "/etc"}}],
        });
        let verdict = verdict_of(&CHECK, &pod, "{}");
        assert_eq!(verdict.outcome, NotAvailable);
        assert_eq!(verdict.codes(), ["READ_FAILED"]);
        // No volume is a path of the node.
        let pod = json!({"containers": [{"name": "one", "volumeMounts": 1}]});
        assert_eq!(verdict_of(&CHECK, &pod, "{}").outcome, Passed);
    }

    #[test]
    fn a_long_path_is_cut() {
        let pod = write(&format!("/{}", "a".repeat(300)));
        let text = verdict_of(&CHECK, &pod, "{}").explanation();
        let shown = format!("Containers can write to /{} of", "a".repeat(199));
        assert!(text.starts_with(&shown), "{text}");
    }

    /// Returns a cluster with a pod whose container mounts a claim, and a persistent volume with this path, to which the
    /// claim `data` is bound.
    fn with_claim(path: &Value, claim: &Value, mount: &Value) -> KubernetesCluster {
        let mut mount = mount.clone();
        mount["name"] = json!("v");
        let spec = json!({
            "containers": [{"name": "app", "volumeMounts": [mount]}],
            "volumes": [{"name": "v", "persistentVolumeClaim": claim}],
        });
        let claim = |namespace: &str| VolumeClaim {
            namespace: namespace.into(),
            name: "data".into(),
        };
        let volume = |name: &str, host_path: Value| HostPathVolume {
            name: name.into(),
            host_path: serde_json::from_value::<Field<_>>(host_path).unwrap(),
        };
        KubernetesCluster {
            workloads: vec![workload(&pod(&spec))],
            host_path_volumes: [
                (claim("shop"), volume("pv-1", json!({"path": path}))),
                (claim("other"), volume("pv-2", json!({"path": "/etc"}))),
            ]
            .into(),
            ..kubernetes_cluster()
        }
    }

    #[test]
    fn a_claim_leads_to_the_path_of_its_persistent_volume() {
        const VIA_PV: &[&str] = &["HOST_PATH_VIA_PV"];
        const UNREAD: &[&str] = &["READ_FAILED"];
        let data = json!({"claimName": "data"});
        let read_only = json!({"claimName": "data", "readOnly": true});
        let write = json!({});
        let read = json!({"readOnly": true});
        for (path, claim, mount, outcome, codes) in [
            (json!("/etc"), &data, &write, Failed(High), VIA_PV),
            (json!("/etc"), &data, &read, Failed(Medium), VIA_PV),
            (json!("/etc"), &read_only, &write, Failed(Medium), VIA_PV),
            (json!("/srv/data"), &data, &write, Failed(Medium), VIA_PV),
            (
                json!("/srv"),
                &data,
                &json!({"subPath": "../etc"}),
                Failed(High),
                VIA_PV,
            ),
            (json!("/"), &read_only, &write, Failed(High), VIA_PV),
            (json!("/var/log/pods"), &data, &read, Passed, PASSED),
            (json!("/var/log/pods"), &data, &write, Failed(High), VIA_PV),
            (json!("/mnt/cache/x"), &data, &write, Passed, PASSED),
            (
                json!("/etc"),
                &json!({"claimName": "other"}),
                &write,
                Passed,
                PASSED,
            ),
            (json!(7), &data, &write, NotAvailable, UNREAD),
            (json!("/etc"), &json!("data"), &write, NotAvailable, UNREAD),
            (
                json!("/srv"),
                &json!({"claimName": 7}),
                &write,
                NotAvailable,
                UNREAD,
            ),
            (
                json!("/srv"),
                &json!({"claimName": "data", "readOnly": "yes"}),
                &write,
                NotAvailable,
                UNREAD,
            ),
        ] {
            let facts = with_claim(&path, claim, mount);
            let allowed = r#"{"allowedHostPaths": "/var/log,/mnt/cache:rw"}"#;
            let [object] = <[_; 1]>::try_from(objects_of(&CHECK, &facts, allowed)).unwrap();
            let found = (object.verdict.outcome, object.verdict.codes());
            assert_eq!(found, (outcome, codes.to_vec()), "{path} {claim} {mount}");
        }
        let facts = with_claim(&json!("/etc"), &data, &write);
        let objects = objects_of(&CHECK, &facts, "{}");
        assert_eq!(
            objects[0].verdict.explanation(),
            "Containers can write to /etc of their node (persistent volume pv-1): container app."
        );
    }

    #[test]
    fn claims_do_not_count_without_the_right_to_list_volumes_and_are_unknown_if_the_list_fails() {
        let failed = || Unread {
            code: ReasonCode::ReadFailed,
            text: "The list broke off.".into(),
        };
        let etc = || with_claim(&json!("/etc"), &json!({"claimName": "data"}), &json!({}));
        let others = || with_claim(&json!("/etc"), &json!({"claimName": "x"}), &json!({}));
        let without_claim = || KubernetesCluster {
            workloads: kubernetes_cluster().workloads,
            ..etc()
        };
        for (facts, list, outcome, has_remark) in [
            (etc(), Ok(()), Failed(High), false),
            (others(), Err(unread()), Passed, true),
            (etc(), Err(failed()), Failed(High), false),
            (others(), Err(failed()), NotAvailable, false),
            (without_claim(), Err(failed()), Passed, false),
            (without_claim(), Err(unread()), Passed, true),
        ] {
            let mut facts = facts;
            facts.lists.insert(ApiList::PersistentVolumes, list.clone());
            let settings = ParameterValues::default();
            let subjects = EvaluateHostPaths.subjects(&cluster(), &facts, &settings);
            let verdicts = &subjects[0].verdicts;
            assert_eq!(verdicts.objects[0].verdict.outcome, outcome, "{list:?}");
            let remarks = verdicts.remarks.iter();
            let codes: Vec<_> = remarks.map(|remark| remark.code.word()).collect();
            assert_eq!(codes == ["VOLUMES_NOT_READ"], has_remark, "{list:?}");
            assert!(verdicts.unread.is_empty(), "{list:?}");
        }
    }
}
