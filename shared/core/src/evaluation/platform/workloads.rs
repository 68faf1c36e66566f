//! The table of the workloads that Amazon EKS and its add-ons install, with the dangerous settings that they need.
//!
//! The settings are those of these versions, as of 2026-11-28. EKS does not publish the manifests of its add-ons, so
//! most are those of the charts that the same teams publish. A setting that a later version adds fails visibly until it
//! is added here.

use crate::evaluation::workloads::host_path::{
    Access::{self, Read, Write, WriteBelow},
    NodePath,
};
use crate::evaluation::workloads::offence::{
    HostNamespace::{self, Network, ProcessIds},
    Offence,
};
use crate::facts::kubernetes::ContainerKind::{self, Init, Regular};
use crate::facts::kubernetes::ObjectName;

const KUBE_SYSTEM: &str = "kube-system";
const CLOUDWATCH: &str = "amazon-cloudwatch";
const DAEMON_SET: &str = "DaemonSet";
const DEPLOYMENT: &str = "Deployment";

/// The API group of daemon sets and deployments.
const GROUP: &str = "apps";

const EBS: Option<&str> = Some("aws-ebs-csi-driver");
const EFS: Option<&str> = Some("aws-efs-csi-driver");
const S3: Option<&str> = Some("aws-mountpoint-s3-csi-driver");
const POD_IDENTITY: Option<&str> = Some("eks-pod-identity-agent");
const NODE_MONITORING: Option<&str> = Some("eks-node-monitoring-agent");
const OBSERVABILITY: Option<&str> = Some("amazon-cloudwatch-observability");

/// A workload of the platform, with the dangerous settings that it needs.
#[derive(Debug)]
pub(crate) struct PlatformWorkload {
    /// The namespace.
    pub(crate) namespace: &'static str,
    /// The kind.
    pub(crate) kind: &'static str,
    /// The name.
    pub(crate) name: &'static str,
    /// The add-on that installs the workload; `None` if EKS also installs it without an add-on.
    pub(crate) addon: Option<&'static str>,
    /// `true` if images also come from the registries of GuardDuty.
    pub(crate) has_images_of_guardduty: bool,
    /// The privileged containers.
    privileged: &'static [(ContainerKind, &'static str)],
    /// `true` if the pods run as processes of their node.
    is_host_process: bool,
    /// The namespaces of the node that the pods share.
    host_namespaces: &'static [HostNamespace],
    /// The ports of the node, each after the name of the container that uses it.
    host_ports: &'static [(&'static str, u16)],
    /// The paths of the node, with the access to each.
    host_paths: &'static [(&'static str, Access)],
    /// The paths of the node that lead to the container runtime.
    sockets: &'static [&'static str],
    /// The capabilities, each after the name of the container that adds it.
    capabilities: &'static [(&'static str, &'static str)],
}

/// Returns a workload without dangerous settings.
const fn workload(
    namespace: &'static str,
    kind: &'static str,
    name: &'static str,
    addon: Option<&'static str>,
) -> PlatformWorkload {
    PlatformWorkload {
        namespace,
        kind,
        name,
        addon,
        has_images_of_guardduty: false,
        privileged: &[],
        is_host_process: false,
        host_namespaces: &[],
        host_ports: &[],
        host_paths: &[],
        sockets: &[],
        capabilities: &[],
    }
}

/// The workloads of the platform.
pub(crate) static WORKLOADS: [PlatformWorkload; 26] = [
    // https://github.com/aws/amazon-vpc-cni-k8s, version 1.23.1
    PlatformWorkload {
        privileged: &[(Init, "aws-vpc-cni-init"), (Regular, "aws-eks-nodeagent")],
        host_namespaces: &[Network],
        host_paths: &[
            ("/sys/fs/bpf", Write),
            ("/opt/cni/bin", Write),
            ("/etc/cni/net.d", Write),
            ("/var/log/aws-routed-eni", Write),
            ("/var/run/aws-node", Write),
            ("/run/xtables.lock", Write),
        ],
        capabilities: &[
            ("aws-node", "NET_ADMIN"),
            ("aws-node", "NET_RAW"),
            ("aws-eks-nodeagent", "NET_ADMIN"),
        ],
        ..workload(KUBE_SYSTEM, DAEMON_SET, "aws-node", None)
    },
    // https://github.com/eksctl-io/eksctl, pkg/addons/default/testdata: the objects of a cluster of version 1.25
    PlatformWorkload {
        privileged: &[(Regular, "kube-proxy")],
        host_namespaces: &[Network],
        host_paths: &[
            ("/var/log", Write),
            ("/run/xtables.lock", Write),
            ("/lib/modules", Read),
        ],
        ..workload(KUBE_SYSTEM, DAEMON_SET, "kube-proxy", None)
    },
    // https://github.com/eksctl-io/eksctl, pkg/addons/default/assets/coredns-1.36.json
    workload(KUBE_SYSTEM, DEPLOYMENT, "coredns", None),
    // https://github.com/aws/eks-pod-identity-agent, chart 1.2.0
    PlatformWorkload {
        privileged: &[(Init, "eks-pod-identity-agent-init")],
        host_namespaces: &[Network],
        ..workload(
            KUBE_SYSTEM,
            DAEMON_SET,
            "eks-pod-identity-agent",
            POD_IDENTITY,
        )
    },
    PlatformWorkload {
        privileged: &[(Init, "eks-pod-identity-agent-init")],
        host_namespaces: &[Network],
        host_paths: &[("/eks-hybrid/.aws", Read)],
        ..workload(
            KUBE_SYSTEM,
            DAEMON_SET,
            "eks-pod-identity-agent-hybrid",
            POD_IDENTITY,
        )
    },
    PlatformWorkload {
        privileged: &[(Init, "eks-pod-identity-agent-init")],
        host_namespaces: &[Network],
        host_paths: &[("/var/eks-hybrid/.aws", Read)],
        ..workload(
            KUBE_SYSTEM,
            DAEMON_SET,
            "eks-pod-identity-agent-hybrid-bottlerocket",
            POD_IDENTITY,
        )
    },
    // https://github.com/kubernetes-sigs/aws-ebs-csi-driver, chart 2.64.0
    PlatformWorkload {
        privileged: &[(Regular, "ebs-plugin")],
        host_paths: &[
            ("/var/lib/kubelet", Write),
            ("/var/lib/kubelet/plugins/ebs.csi.aws.com", Write),
            ("/var/lib/kubelet/plugins_registry", Write),
            ("/dev", Write),
        ],
        ..workload(KUBE_SYSTEM, DAEMON_SET, "ebs-csi-node", EBS)
    },
    PlatformWorkload {
        host_paths: &[
            ("C:/var/lib/kubelet", Write),
            ("C:/var/lib/kubelet/plugins/ebs.csi.aws.com", Write),
            ("C:/var/lib/kubelet/plugins_registry", Write),
            ("\\\\.\\pipe\\csi-proxy-disk-v1", Write),
            ("\\\\.\\pipe\\csi-proxy-volume-v1", Write),
            ("\\\\.\\pipe\\csi-proxy-filesystem-v1", Write),
        ],
        ..workload(KUBE_SYSTEM, DAEMON_SET, "ebs-csi-node-windows", EBS)
    },
    workload(KUBE_SYSTEM, DEPLOYMENT, "ebs-csi-controller", EBS),
    // https://github.com/kubernetes-sigs/aws-efs-csi-driver, version 3.4.1
    PlatformWorkload {
        privileged: &[(Regular, "efs-plugin")],
        host_namespaces: &[Network],
        host_paths: &[
            ("/var/lib/kubelet", Write),
            ("/var/lib/kubelet/plugins/efs.csi.aws.com", Write),
            ("/var/lib/kubelet/plugins_registry", Write),
            ("/var/run/efs", Write),
            ("/var/amazon/efs", Write),
            ("/etc/amazon/efs", Write),
        ],
        ..workload(KUBE_SYSTEM, DAEMON_SET, "efs-csi-node", EFS)
    },
    PlatformWorkload {
        privileged: &[(Regular, "efs-plugin")],
        ..workload(KUBE_SYSTEM, DEPLOYMENT, "efs-csi-controller", EFS)
    },
    // https://github.com/awslabs/mountpoint-s3-csi-driver, chart 2.7.0
    PlatformWorkload {
        privileged: &[(Regular, "s3-plugin")],
        host_namespaces: &[ProcessIds],
        host_paths: &[
            ("/var/lib/kubelet", Write),
            ("/var/lib/kubelet/plugins/s3.csi.aws.com", Write),
            ("/var/lib/kubelet/plugins_registry", Write),
        ],
        ..workload(KUBE_SYSTEM, DAEMON_SET, "s3-csi-node", S3)
    },
    workload(KUBE_SYSTEM, DEPLOYMENT, "s3-csi-controller", S3),
    // https://github.com/aws/eks-node-monitoring-agent, chart 1.7.0
    PlatformWorkload {
        privileged: &[(Regular, "eks-node-monitoring-agent")],
        host_namespaces: &[Network, ProcessIds],
        host_paths: &[("/", Write)],
        sockets: &["/"],
        capabilities: &[("eks-node-monitoring-agent", "NET_ADMIN")],
        ..workload(
            KUBE_SYSTEM,
            DAEMON_SET,
            "eks-node-monitoring-agent",
            NODE_MONITORING,
        )
    },
    PlatformWorkload {
        privileged: &[(Regular, "eks-node-monitoring-agent-dcgm")],
        host_ports: &[("eks-node-monitoring-agent-dcgm", 5555)],
        ..workload(KUBE_SYSTEM, DAEMON_SET, "dcgm-server", NODE_MONITORING)
    },
    // A part of the agent's daemon set of version 1.1.0 in a workshop. Host namespaces were not part of it, so none is
    // allowed.
    PlatformWorkload {
        has_images_of_guardduty: true,
        host_paths: &[
            ("/run/docker.sock", Read),
            ("/run/containerd/containerd.sock", Read),
            ("/proc", Read),
        ],
        sockets: &["/run/docker.sock", "/run/containerd/containerd.sock"],
        capabilities: &[
            ("aws-guardduty-agent", "SYS_PTRACE"),
            ("aws-guardduty-agent", "SYS_ADMIN"),
        ],
        ..workload(
            "amazon-guardduty",
            DAEMON_SET,
            "aws-guardduty-agent",
            Some("aws-guardduty-agent"),
        )
    },
    // https://github.com/aws-observability/helm-charts, amazon-cloudwatch-observability 6.4.0, and
    // https://github.com/aws/amazon-cloudwatch-agent-operator, version 3.6.0
    PlatformWorkload {
        host_namespaces: &[Network],
        host_paths: &[
            ("/var/lib/kubelet/pod-resources", Write),
            ("/", WriteBelow),
            ("/var/run/docker.sock", Read),
            ("/var/lib/docker", Read),
            ("/run/containerd/containerd.sock", Write),
            ("/var/run/crio/crio.sock", Read),
            ("/var/lib/containers", Read),
            ("/var/log/pods", Read),
            ("/sys", Read),
            ("/dev/disk", Read),
        ],
        sockets: &[
            "/",
            "/var/run/docker.sock",
            "/run/containerd/containerd.sock",
            "/var/run/crio/crio.sock",
        ],
        ..workload(CLOUDWATCH, DAEMON_SET, "cloudwatch-agent", OBSERVABILITY)
    },
    workload(
        CLOUDWATCH,
        DAEMON_SET,
        "cloudwatch-agent-windows",
        OBSERVABILITY,
    ),
    PlatformWorkload {
        is_host_process: true,
        host_namespaces: &[Network],
        ..workload(
            CLOUDWATCH,
            DAEMON_SET,
            "cloudwatch-agent-windows-container-insights",
            OBSERVABILITY,
        )
    },
    PlatformWorkload {
        host_namespaces: &[Network],
        host_paths: &[
            ("/var/fluent-bit/state", Write),
            ("/var/log", Read),
            ("/var/lib/docker/containers", Read),
            ("/run/log/journal", Read),
            ("/var/log/dmesg", Read),
        ],
        ..workload(CLOUDWATCH, DAEMON_SET, "fluent-bit", OBSERVABILITY)
    },
    PlatformWorkload {
        is_host_process: true,
        host_namespaces: &[Network],
        ..workload(CLOUDWATCH, DAEMON_SET, "fluent-bit-windows", OBSERVABILITY)
    },
    PlatformWorkload {
        host_paths: &[("/var/lib/kubelet/pod-resources", Read)],
        capabilities: &[("dcgm-exporter", "SYS_ADMIN")],
        ..workload(CLOUDWATCH, DAEMON_SET, "dcgm-exporter", OBSERVABILITY)
    },
    PlatformWorkload {
        privileged: &[(Regular, "neuron-monitor")],
        host_paths: &[("/opt/aws", Read), ("/var/neuron-monitor-blocker", Read)],
        ..workload(CLOUDWATCH, DAEMON_SET, "neuron-monitor", OBSERVABILITY)
    },
    workload(
        CLOUDWATCH,
        DEPLOYMENT,
        "amazon-cloudwatch-observability-controller-manager",
        OBSERVABILITY,
    ),
    // https://github.com/kubernetes-sigs/metrics-server, chart 3.13.1
    workload(
        KUBE_SYSTEM,
        DEPLOYMENT,
        "metrics-server",
        Some("metrics-server"),
    ),
    // https://github.com/kubernetes-csi/external-snapshotter, version 8.6.0
    workload(
        KUBE_SYSTEM,
        DEPLOYMENT,
        "snapshot-controller",
        Some("snapshot-controller"),
    ),
];

/// The parts of a setting by what a row of the table allows.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Parts {
    /// The part that the workload needs, if there is one.
    pub(crate) needed: Option<Offence>,
    /// The part that it does not need, if there is one.
    pub(crate) other: Option<Offence>,
}

impl PlatformWorkload {
    /// Returns the row of the workload with this name; `None` if the platform has no workload of this name.
    pub(crate) fn find(name: &ObjectName) -> Option<&'static Self> {
        WORKLOADS.iter().find(|row| {
            name.namespace.as_deref() == Some(row.namespace)
                && name.group() == GROUP
                && name.kind == row.kind
                && name.name == row.name
        })
    }

    /// Splits a setting of a container with this kind and name, or of the pod, by what the workload needs.
    pub(crate) fn split(
        &self,
        setting: &Offence,
        container: Option<(ContainerKind, &str)>,
    ) -> Parts {
        let is_of = |one: &str| container.is_some_and(|(_, name)| name == one);
        let is_path = |path: &NodePath, text: &str| NodePath::new(text, false) == *path;
        let is_needed = match setting {
            Offence::Privileged => container.is_some_and(|one| self.privileged.contains(&one)),
            Offence::HostProcessPod => self.is_host_process,
            Offence::HostProcessContainer => false,
            Offence::HostNamespace(namespace) => self.host_namespaces.contains(namespace),
            Offence::HostPath(path, access) => {
                let mut paths = self.host_paths.iter();
                paths.any(|(text, allowed)| access <= allowed && is_path(path, text))
            }
            Offence::RuntimeSocket(path, _) => {
                let mut sockets = self.sockets.iter();
                sockets.any(|text| is_path(path, text))
            }
            Offence::HostPorts(ports) => {
                let is_needed = |port: &u16| {
                    let mut needed = self.host_ports.iter();
                    needed.any(|(name, needed)| is_of(name) && needed == port)
                };
                return split_list(ports, is_needed, Offence::HostPorts);
            }
            Offence::Capabilities(names) => {
                let is_needed = |name: &String| {
                    let mut needed = self.capabilities.iter();
                    needed.any(|(container, needed)| is_of(container) && needed == name)
                };
                return split_list(names, is_needed, Offence::Capabilities);
            }
        };
        let setting = Some(setting.clone());
        if is_needed {
            Parts {
                needed: setting,
                other: None,
            }
        } else {
            Parts {
                needed: None,
                other: setting,
            }
        }
    }
}

/// Splits a setting that is a list.
fn split_list<T: Clone>(
    items: &[T],
    is_needed: impl Fn(&T) -> bool,
    setting: impl Fn(Vec<T>) -> Offence,
) -> Parts {
    let (needed, other): (Vec<T>, Vec<T>) = items.iter().cloned().partition(is_needed);
    let part = |items: Vec<T>| (!items.is_empty()).then(|| setting(items));
    Parts {
        needed: part(needed),
        other: part(other),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::evaluation::platform::tests::{published, verdict_without_exceptions};

    fn reasons(object: &Value, check: &str) -> String {
        verdict_without_exceptions(check, object).explanation()
    }

    #[test]
    fn a_row_allows_nothing_that_its_workload_does_not_have() {
        for object in published() {
            let name = object["metadata"]["name"].as_str().unwrap();
            let row = WORKLOADS.iter().find(|row| row.name == name).unwrap();
            let paths = reasons(&object, "k8s-pod-host-path");
            for (path, access) in row.host_paths {
                let setting = Offence::HostPath(NodePath::new(path, false), *access);
                assert!(paths.contains(&format!("{setting}:")), "{name} {setting}");
            }
            let namespaces = reasons(&object, "k8s-pod-host-namespaces");
            for namespace in row.host_namespaces {
                let setting = Offence::HostNamespace(*namespace).to_string();
                assert!(namespaces.contains(&setting), "{name} {setting}");
            }
            for (container, port) in row.host_ports {
                let text = format!("port {port} of their node: container {container}.");
                assert!(namespaces.contains(&text), "{name} {text}");
            }
            let sockets = reasons(&object, "k8s-pod-docker-socket");
            for path in row.sockets {
                let setting = Offence::RuntimeSocket(NodePath::new(path, false), true);
                assert!(sockets.contains(&format!("{setting}:")), "{name} {setting}");
            }
            let capabilities = reasons(&object, "k8s-pod-capabilities");
            for (container, capability) in row.capabilities {
                let has_both = capabilities.contains(&format!("container {container}"))
                    && capabilities.contains(capability);
                assert!(has_both, "{name} {capability}");
            }
            let privileged = reasons(&object, "k8s-pod-privileged");
            for (_, container) in row.privileged {
                let is_privileged = privileged.contains(&format!("container {container}"));
                assert!(is_privileged, "{name} {container}");
            }
            let is_process = privileged.contains("The pod runs as processes of its node");
            assert_eq!(row.is_host_process, is_process, "{name}");
        }
    }
}
