//! The specifications of pods, reduced to what the pods of a workload have in common.

use eksentry_core::facts::kubernetes::{Container, PodSpec};
use eksentry_core::field::Field;

/// The beginning of the name of the volume with the token of a pod. Admission adds a random end.
const TOKEN_VOLUME: &str = "kube-api-access-";

/// The name that such volumes get instead. No volume can have this name in Kubernetes.
const ANY_TOKEN_VOLUME: &str = "kube-api-access-*";

/// Returns the specification of a pod without what differs between the pods of a workload. One that can't be read has
/// members that can't be read.
pub(super) fn pod_spec(spec: Field<PodSpec>) -> PodSpec {
    match spec {
        Field::Absent => PodSpec::default(),
        Field::Value(spec) => with_common_names(spec),
        Field::Invalid => PodSpec {
            containers: Field::Invalid,
            init_containers: Field::Invalid,
            ephemeral_containers: Field::Invalid,
            volumes: Field::Invalid,
            security_context: Field::Invalid,
            host_pid: Field::Invalid,
            host_ipc: Field::Invalid,
            host_network: Field::Invalid,
            host_users: Field::Invalid,
            os: Field::Invalid,
            ..PodSpec::default()
        },
    }
}

/// Gives volumes for tokens the same name in all pods. Volumes of the node keep their names, whatever these are, so that
/// none is taken for another.
fn with_common_names(mut spec: PodSpec) -> PodSpec {
    let Field::Value(volumes) = &mut spec.volumes else {
        return spec;
    };
    let mut renamed = Vec::new();
    for volume in volumes {
        if let Field::Value(name) = &mut volume.name
            && name.starts_with(TOKEN_VOLUME)
            && volume.host_path.is_absent()
        {
            renamed.push(std::mem::replace(name, ANY_TOKEN_VOLUME.to_owned()));
        }
    }
    for containers in [
        &mut spec.containers,
        &mut spec.init_containers,
        &mut spec.ephemeral_containers,
    ] {
        if let Field::Value(containers) = containers {
            for container in containers {
                rename_mounts(container, &renamed);
            }
        }
    }
    spec
}

fn rename_mounts(container: &mut Container, renamed: &[String]) {
    if let Field::Value(mounts) = &mut container.volume_mounts {
        for mount in mounts {
            if let Field::Value(name) = &mut mount.name
                && renamed.contains(name)
            {
                ANY_TOKEN_VOLUME.clone_into(name);
            }
        }
    }
}
