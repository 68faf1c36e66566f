//! The settings of pods that endanger a node. An exception can allow each of them on its own.

use std::fmt;

use crate::text::{LONGEST_TEXT, cut, names};

use super::host_path::{Access, NodePath};

/// A namespace of the node that a pod can share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum HostNamespace {
    /// The process IDs.
    ProcessIds,
    /// The inter-process communication.
    InterProcess,
    /// The network.
    Network,
}

/// A setting of a pod or a container that endangers its node.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Offence {
    /// The container is privileged.
    Privileged,
    /// The pod runs as processes of its node.
    HostProcessPod,
    /// The container runs as processes of its node.
    HostProcessContainer,
    /// The pod shares a namespace of its node.
    HostNamespace(HostNamespace),
    /// The container uses ports of its node, each once and sorted.
    HostPorts(Vec<u16>),
    /// The pod has a path of its node as a volume.
    HostPath(NodePath, Access),
    /// The pod has a path of its node as a volume that leads to the container runtime. `true` if a container mounts it.
    RuntimeSocket(NodePath, bool),
    /// The container adds capabilities, by their standard names, each once and sorted.
    Capabilities(Vec<String>),
}

/// Writes the setting as a sentence without a full stop. Names of containers can follow after a colon.
impl fmt::Display for Offence {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Privileged => formatter.write_str("Containers are privileged"),
            Self::HostProcessPod => {
                formatter.write_str("The pod runs as processes of its node (hostProcess)")
            }
            Self::HostProcessContainer => {
                formatter.write_str("Containers run as processes of their node (hostProcess)")
            }
            Self::HostNamespace(namespace) => {
                let shared = match namespace {
                    HostNamespace::ProcessIds => "process IDs of its node (hostPID)",
                    HostNamespace::InterProcess => {
                        "inter-process communication of its node (hostIPC)"
                    }
                    HostNamespace::Network => "network of its node (hostNetwork)",
                };
                write!(formatter, "The pod shares the {shared}")
            }
            Self::HostPorts(ports) => {
                let texts: Vec<_> = ports.iter().map(ToString::to_string).collect();
                let noun = if ports.len() == 1 { "port" } else { "ports" };
                let ports = texts.join(", ");
                write!(formatter, "Containers use the {noun} {ports} of their node")
            }
            Self::HostPath(path, access) => {
                let path = shown(path);
                match access {
                    Access::None => {
                        let text = "but no container mounts it";
                        write!(formatter, "A volume is the path {path} of the node, {text}")
                    }
                    Access::Read => write!(formatter, "Containers can read {path} of their node"),
                    Access::WriteBelow => {
                        let text = "Containers can write to what is mounted below";
                        write!(formatter, "{text} {path} of their node")
                    }
                    Access::Write => {
                        write!(formatter, "Containers can write to {path} of their node")
                    }
                }
            }
            Self::RuntimeSocket(path, true) => {
                let text = "Containers reach the container runtime of their node by";
                write!(formatter, "{text} {}", shown(path))
            }
            Self::RuntimeSocket(path, false) => {
                let text = "to the container runtime, but no container mounts it";
                write!(formatter, "A volume is the path {} {text}", shown(path))
            }
            Self::Capabilities(added) => {
                let added = names(added.iter().map(|name| cut(name, LONGEST_TEXT)));
                write!(formatter, "Containers add {added}")
            }
        }
    }
}

/// Returns a path as reasons show it.
fn shown(path: &NodePath) -> String {
    cut(&path.to_string(), LONGEST_TEXT).to_owned()
}
