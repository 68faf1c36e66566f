//! Paths of nodes that pods mount.

use std::collections::HashMap;

use crate::facts::Unread;
use crate::facts::kubernetes::{
    ApiList, ClaimSource, ContainerInPod, HostPath, HostPathVolume, KubernetesCluster, Volume,
    VolumeClaim, VolumeMount,
};
use crate::field::{Field, InvalidField};

use super::{Inspection, Issue};

/// A path of a node in a standard form, which is compared by its segments.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NodePath {
    /// The segments. On Windows, the first is the drive, and all are in lower case.
    segments: Vec<String>,
    /// `true` if the path is one of Windows.
    pub(crate) is_windows: bool,
}

impl NodePath {
    /// Returns a path in its standard form: without repeated and final slashes, and without the symbolic links
    /// `/var/run` and `/var/lock`. A path that goes up (`..`) is the root, since it may lead anywhere; the API server
    /// refuses it.
    pub(crate) fn new(path: &str, is_windows: bool) -> Self {
        // All paths of Linux begin with a slash.
        let has_drive = path.as_bytes().get(1) == Some(&b':') && !path.starts_with('/');
        let is_windows = is_windows || has_drive || path.starts_with('\\');
        let path = if is_windows {
            path.replace('\\', "/").to_lowercase()
        } else {
            path.to_owned()
        };
        let is_pipe = path.starts_with("//./");
        let segments = path.split('/');
        let mut segments: Vec<String> = segments
            .filter(|segment| !["", "."].contains(segment))
            .map(str::to_owned)
            .collect();
        if segments.iter().any(|segment| segment == "..") {
            segments.clear();
        }
        if is_windows {
            if is_pipe {
                segments.insert(0, "//.".to_owned());
            } else if !segments.first().is_some_and(|first| first.ends_with(':')) {
                segments.insert(0, "c:".to_owned());
            }
        }
        let mut path = Self {
            segments,
            is_windows,
        };
        path.follow(&["var", "run"], &["run"]);
        path.follow(&["var", "lock"], &["run", "lock"]);
        path
    }

    /// Replaces the beginning of the path if it is a symbolic link.
    fn follow(&mut self, link: &[&str], target: &[&str]) {
        if self.segments.len() >= link.len() && self.segments.iter().zip(link).all(|(a, b)| a == b)
        {
            let target = target.iter().map(|segment| (*segment).to_owned());
            self.segments.splice(..link.len(), target);
        }
    }

    /// Returns the path of a directory or a file below this one.
    fn join(&self, below: &str) -> Self {
        Self::new(&format!("{self}/{below}"), self.is_windows)
    }

    /// Returns `true` if the path is a root: `/` or `C:/`.
    pub(crate) fn is_root(&self) -> bool {
        let is_drive = self.segments.len() == 1 && self.segments[0].ends_with(':');
        self.segments.is_empty() || (self.is_windows && is_drive)
    }

    /// Returns `true` if the path is the other one, or below it.
    pub(crate) fn is_in(&self, other: &Self) -> bool {
        self.is_windows == other.is_windows && self.segments.starts_with(&other.segments)
    }
}

/// Writes the path with slashes: `/etc`, `c:/windows`.
impl std::fmt::Display for NodePath {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let path = self.segments.join("/");
        if !self.is_windows {
            write!(formatter, "/{path}")
        } else if self.is_root() {
            write!(formatter, "{path}/")
        } else {
            formatter.write_str(&path)
        }
    }
}

/// The access to a path of the node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Access {
    /// No container mounts the path.
    None,
    /// A container can read the path.
    Read,
    /// A container can read the path, and write to other file systems that are mounted below it.
    WriteBelow,
    /// A container can write to the path.
    Write,
}

/// A path of the node that a volume gives to a container.
#[derive(Debug)]
pub(crate) struct NodeMount<'a> {
    /// The path.
    pub(crate) path: NodePath,
    /// The container; `None` if no container mounts the volume.
    pub(crate) container: Option<ContainerInPod<'a>>,
    /// The access of the container.
    pub(crate) access: Result<Access, InvalidField>,
    /// The name of the persistent volume that is the path; `None` if the pod itself names the path.
    pub(crate) persistent_volume: Option<&'a str>,
}

/// A volume that is a path of the node.
struct NodeVolume<'a> {
    name: &'a Field<String>,
    path: NodePath,
    /// `true` if containers can't write to the volume, whatever their mounts state.
    is_read_only: Result<bool, InvalidField>,
    persistent_volume: Option<&'a str>,
}

/// The mounts in the containers of a pod.
struct Mounts<'a> {
    /// The mounts, each with its container, by the name of the volume.
    by_volume: HashMap<&'a Field<String>, Vec<(ContainerInPod<'a>, &'a VolumeMount)>>,
    /// `true` if the mounts of a container can't be read, so that it may mount any volume.
    has_unread: bool,
}

impl<'a> Mounts<'a> {
    /// Returns the mounts of the pod. Adds that the result is not available if those of a container can't be read.
    fn of(inspection: &mut Inspection<'a>) -> Self {
        let mut mounts = Self {
            by_volume: HashMap::new(),
            has_unread: false,
        };
        for container in inspection.containers() {
            match container.container.volume_mounts.items() {
                Ok(items) => {
                    for mount in items {
                        let of_volume = mounts.by_volume.entry(&mount.name).or_default();
                        of_volume.push((container, mount));
                    }
                }
                Err(error) => {
                    mounts.has_unread = true;
                    inspection.add_to(Some(container), Err(error));
                }
            }
        }
        mounts
    }
}

/// Returns the paths of the node that the pod's volumes are. Adds that the result is not available if a setting has an
/// unexpected type.
pub(crate) fn mounts<'a>(inspection: &mut Inspection<'a>) -> Vec<NodeMount<'a>> {
    let volumes = inspection.pod.volumes.items().unwrap_or_else(|error| {
        inspection.add(Err(error));
        &[]
    });
    let is_windows = is_for_windows(inspection);
    let mut found = Vec::new();
    for volume in volumes.iter().filter(|one| !one.host_path.is_absent()) {
        match path_of(&volume.host_path) {
            Ok(path) => found.push(NodeVolume {
                name: &volume.name,
                path: NodePath::new(path, is_windows),
                is_read_only: Ok(false),
                persistent_volume: None,
            }),
            Err(error) => inspection.add(Err(error)),
        }
    }
    mounts_of(inspection, &found)
}

/// Returns the paths of the node to which the pod's claims lead: those of persistent volumes. Adds that the result is not
/// available if a claim may lead to a volume that is not known. Without the right to list persistent volumes, there are
/// none.
pub(crate) fn mounts_by_claims<'a>(inspection: &mut Inspection<'a>) -> Vec<NodeMount<'a>> {
    let facts = inspection.context.facts;
    let unread = facts.unread(ApiList::PersistentVolumes);
    if unread.as_ref().is_some_and(Unread::is_denied) {
        return Vec::new();
    }
    // For a list that can't be read, `mounts` adds that the result is not available.
    let volumes = inspection.pod.volumes.items().unwrap_or_default();
    let is_windows = is_for_windows(inspection);
    let mut found = Vec::new();
    for volume in volumes {
        match persistent_volume(volume, facts, inspection.context.namespace) {
            Ok(Some((claim, persistent))) => match path_of(&persistent.host_path) {
                Ok(path) => found.push(NodeVolume {
                    name: &volume.name,
                    path: NodePath::new(path, is_windows),
                    is_read_only: claim.read_only.read().map(|flag| flag == Some(&true)),
                    persistent_volume: Some(&persistent.name),
                }),
                Err(error) => inspection.add(Err(error)),
            },
            Ok(None) if volume.persistent_volume_claim.is_absent() => {}
            Ok(None) => inspection.add(Ok(unread.as_ref().map(Issue::unread))),
            Err(error) => inspection.add(Err(error)),
        }
    }
    mounts_of(inspection, &found)
}

/// Returns the claim that a volume is, and the persistent volume to which it is bound; `None` if the volume is no claim,
/// or is not known to be a path of the node.
fn persistent_volume<'a>(
    volume: &'a Volume,
    facts: &'a KubernetesCluster,
    namespace: &str,
) -> Result<Option<(&'a ClaimSource, &'a HostPathVolume)>, InvalidField> {
    let Some(source) = volume.persistent_volume_claim.read()? else {
        return Ok(None);
    };
    let claim = VolumeClaim {
        namespace: namespace.to_owned(),
        name: source.claim_name.read()?.cloned().unwrap_or_default(),
    };
    let bound = facts.host_path_volumes.get(&claim);
    Ok(bound.map(|volume| (source, volume)))
}

/// Returns `true` if the pod is for Windows. A path tells by itself that it is one of Windows, unless it begins with a
/// slash.
fn is_for_windows(inspection: &Inspection<'_>) -> bool {
    let windows = inspection.pod.windows();
    windows.is_ok_and(|windows| windows.is_some())
}

/// Returns the paths of the node that volumes give to containers.
fn mounts_of<'a>(
    inspection: &mut Inspection<'a>,
    volumes: &[NodeVolume<'a>],
) -> Vec<NodeMount<'a>> {
    let mut found = Vec::new();
    if volumes.is_empty() {
        return found;
    }
    let mounts = Mounts::of(inspection);
    for volume in volumes {
        let path = &volume.path;
        let of_volume = mounts.by_volume.get(volume.name);
        let of_volume = of_volume.map_or(&[][..], Vec::as_slice);
        for &(container, mount) in of_volume {
            match mount.sub_path.read() {
                Ok(sub_path) => {
                    let path = sub_path.map_or_else(|| path.clone(), |below| path.join(below));
                    found.push(NodeMount {
                        access: access(mount, &path, volume.is_read_only),
                        container: Some(container),
                        path,
                        persistent_volume: volume.persistent_volume,
                    });
                }
                Err(error) => inspection.add_to(Some(container), Err(error)),
            }
        }
        if of_volume.is_empty() && !mounts.has_unread {
            found.push(NodeMount {
                path: path.clone(),
                container: None,
                access: Ok(Access::None),
                persistent_volume: volume.persistent_volume,
            });
        }
    }
    found
}

fn path_of(host_path: &Field<HostPath>) -> Result<&str, InvalidField> {
    let path = match host_path.read()? {
        Some(host_path) => host_path.path.read()?,
        None => None,
    };
    Ok(path.map_or("", String::as_str))
}

/// Returns the access of a container to a mounted path. A container whose mounts appear on the node counts as one that
/// can write. A mount that is read-only is not read-only for what is mounted below, unless it is so recursively; of all
/// paths, only the root certainly has mounts below it.
fn access(
    mount: &VolumeMount,
    path: &NodePath,
    is_volume_read_only: Result<bool, InvalidField>,
) -> Result<Access, InvalidField> {
    let is_read_only = mount.read_only.read()? == Some(&true) || is_volume_read_only?;
    if !is_read_only {
        return Ok(Access::Write);
    }
    let propagates = match mount.mount_propagation.read()?.map(String::as_str) {
        None | Some("" | "None" | "HostToContainer") => false,
        Some("Bidirectional") => true,
        Some(_) => return Err(InvalidField),
    };
    if propagates {
        return Ok(Access::Write);
    }
    if !path.is_root() {
        return Ok(Access::Read);
    }
    match mount.recursive_read_only.read()?.map(String::as_str) {
        None | Some("" | "Disabled" | "IfPossible") => Ok(Access::WriteBelow),
        Some("Enabled") => Ok(Access::Read),
        Some(_) => Err(InvalidField),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_a_standard_form() {
        for (path, is_windows, expected) in [
            ("", false, "/"),
            ("/", false, "/"),
            ("//etc//ssl/", false, "/etc/ssl"),
            ("/etc/./ssl", false, "/etc/ssl"),
            ("/var/run", false, "/run"),
            ("/var/run/docker.sock", false, "/run/docker.sock"),
            ("/var/lock/x", false, "/run/lock/x"),
            ("/var/runtime", false, "/var/runtime"),
            ("/var/log/../../etc", false, "/"),
            ("/Etc", false, "/Etc"),
            ("C:\\Windows\\System32", false, "c:/windows/system32"),
            ("c:/", false, "c:/"),
            ("/etc", true, "c:/etc"),
            ("\\\\.\\pipe\\docker_engine", true, "//./pipe/docker_engine"),
            ("//./pipe/Docker_Engine", true, "//./pipe/docker_engine"),
        ] {
            let found = NodePath::new(path, is_windows);
            assert_eq!(found.to_string(), expected, "{path}");
            assert_eq!(NodePath::new(expected, is_windows), found, "{path}");
        }
    }

    #[test]
    fn paths_are_compared_by_segment() {
        for (path, other, expected) in [
            ("/var/log", "/var/log", true),
            ("/var/log/pods", "/var/log", true),
            ("/var/logs", "/var/log", false),
            ("/var", "/var/log", false),
            ("/etc", "/", true),
            ("C:/Windows/x", "c:/windows", true),
            ("C:/etc", "/", false),
        ] {
            let [path, other] = [path, other].map(|path| NodePath::new(path, false));
            assert_eq!(path.is_in(&other), expected, "{path} {other}");
        }
    }
}
