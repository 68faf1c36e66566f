//! ## What it checks
//!
//! Pods should not reach the container runtime of their node. The check fails when a `hostPath` volume is the socket of
//! a container runtime, or a directory above one: of Docker, containerd, CRI-O, cri-dockerd, dockershim, Podman or
//! `BuildKit`, the socket of the API of Bottlerocket, or the pipe of Docker or containerd on Windows. A read-only mount
//! fails too, since a connection to a socket needs no right to write. `/var/run` is the same as `/run`, so `/var` is
//! above no socket. The result is a warning if a container runs Docker in Docker: an image `docker` with a tag that
//! contains `dind`.
//!
//! ## Why it matters
//!
//! A process that reaches the container runtime can start a privileged container, and so owns the node. A failure has
//! severity HIGH.
//!
//! ## How to fix it
//!
//! Build images with a tool that needs no container runtime, such as kaniko or buildah, or with AWS `CodeBuild`. Read
//! the state of containers from the kubelet.

use crate::check::{Check, Remediation};
use crate::evaluation::workloads::host_path::{self, NodeMount, NodePath};
use crate::evaluation::workloads::image_reference::ImageReference;
use crate::evaluation::workloads::offence::Offence;
use crate::evaluation::workloads::{
    ACCEPT_PUBLIC_SYSTEM_IMAGES, EvaluateWorkloads, Inspection, Issue, PLATFORM_EXCEPTIONS,
    WORKLOADS,
};
use crate::exceptions::EXCEPTIONS;
use crate::need::Need;
use crate::parameters::{Parameter, Texts};
use crate::reason_code::ReasonCode;
use crate::roll_up::Unit;
use crate::severity::Severity;

static ADDITIONAL_SOCKETS: Parameter<Texts> = Parameter {
    name: "additionalSockets",
    description: "The paths of other sockets that pods should not reach.",
    default: Texts::Borrowed(&[]),
};

/// The sockets of container runtimes, and the pipes on Windows.
const SOCKETS: [&str; 11] = [
    "/run/docker.sock",
    "/run/containerd/containerd.sock",
    "/run/crio/crio.sock",
    "/run/cri-dockerd.sock",
    "/run/dockershim.sock",
    "/run/podman/podman.sock",
    "/run/buildkit/buildkitd.sock",
    "/run/host-containerd/containerd.sock",
    "/run/api.sock",
    "\\\\.\\pipe\\docker_engine",
    "\\\\.\\pipe\\containerd-containerd",
];

pub(super) static CHECK: Check = Check {
    id: "k8s-pod-docker-socket",
    enabled: true,
    title: "Pods should not reach the container runtime of their node",
    requirement: "No pod should mount the socket of a container runtime, or a directory above it.",
    severities: &[(
        Severity::High,
        "a process that reaches the container runtime can start a privileged container",
    )],
    remediation: Remediation {
        text: "Build images without the container runtime of the node, and remove the volume. Then enforce the standard \
               baseline in the namespace.",
        command: "kubectl label namespace {namespace} pod-security.kubernetes.io/enforce=baseline",
        url: "https://docs.aws.amazon.com/eks/latest/best-practices/pod-security.html",
    },
    parameters: &[
        &ADDITIONAL_SOCKETS,
        &EXCEPTIONS,
        &PLATFORM_EXCEPTIONS,
        &ACCEPT_PUBLIC_SYSTEM_IMAGES,
    ],
    needs: &[Need::Workloads],
    evaluate: &EvaluateWorkloads {
        unit: Unit::Object(WORKLOADS),
        passed: "The pods mount no socket of a container runtime.",
        required: None,
        inspect,
    },
};

fn inspect(inspection: &mut Inspection<'_>) {
    let additional = inspection.context.settings.get(&ADDITIONAL_SOCKETS);
    let additional = additional.iter().map(AsRef::as_ref);
    let sockets = SOCKETS.into_iter().chain(additional);
    let sockets: Vec<NodePath> = sockets.map(|path| NodePath::new(path, false)).collect();
    for mount in host_path::mounts(inspection) {
        let reaches = sockets.iter().any(|socket| socket.is_in(&mount.path));
        let issue = reaches.then(|| issue(&mount));
        inspection.add_to(mount.container, Ok(issue));
    }
    inspection.each_container(|container| {
        let image = container.container.image.read()?;
        let image = image.and_then(|image| ImageReference::read(image));
        let is_docker = image.is_some_and(|image| {
            let has_tag = image.tag.is_some_and(|tag| tag.contains("dind"));
            image.path.last() == Some(&"docker") && has_tag
        });
        let text = "Containers run Docker in Docker";
        Ok(is_docker.then(|| Issue::warning(ReasonCode::DockerInDocker, text)))
    });
}

fn issue(mount: &NodeMount) -> Issue {
    let offence = Offence::RuntimeSocket(mount.path.clone(), mount.container.is_some());
    Issue::offence(Severity::High, ReasonCode::RuntimeSocket, offence)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::evaluation::workloads::tests::{assert_rows, verdict_of, with_container};
    use crate::verdict::Outcome::{self, Failed, NotAvailable, Passed, Warning};

    const HIGH: Outcome = Failed(Severity::High);

    fn with(path: &str, mount: &Value) -> Value {
        let mut mount = mount.clone();
        mount["name"] = json!("v");
        let mut pod = with_container(&json!({"volumeMounts": [mount]}));
        pod["volumes"] = json!([{"name": "v", "hostPath": {"path": path}}]);
        pod
    }

    #[test]
    fn a_socket_or_a_directory_above_it_fails_even_if_it_is_read_only() {
        for (path, expected) in [
            ("/var/run/docker.sock", HIGH),
            ("/run/docker.sock", HIGH),
            ("//run///docker.sock", HIGH),
            ("/var/run", HIGH),
            ("/run/containerd/", HIGH),
            ("/run/host-containerd", HIGH),
            ("/", HIGH),
            ("/var/lib/kubelet/pod-resources", Passed),
            ("/var", Passed),
            ("/var/log", Passed),
            ("/run/containerd-other", Passed),
            ("/run/docker.sock.d", Passed),
            ("\\\\.\\pipe\\docker_engine", HIGH),
            ("\\\\.\\pipe\\Containerd-Containerd", HIGH),
            ("\\\\.\\pipe\\other", Passed),
        ] {
            let verdict = verdict_of(&CHECK, &with(path, &json!({"readOnly": true})), "{}");
            assert_eq!(verdict.outcome, expected, "{path}");
        }
        let mut of_windows = with("//./pipe/docker_engine", &json!({}));
        of_windows["nodeSelector"] = json!({"kubernetes.io/os": "windows"});
        assert_eq!(verdict_of(&CHECK, &of_windows, "{}").outcome, HIGH);
    }

    #[test]
    fn only_what_containers_reach_of_a_volume_counts() {
        let parameters = r#"{"additionalSockets": "/srv/agent.sock"}"#;
        let mut unmounted = with("/run", &json!({}));
        unmounted["containers"] = json!([{"name": "app"}]);
        let emptied = json!({
            "containers": [{"name": "app", "volumeMounts": [
                {"name": "s", "mountPath": "/run/containerd/containerd.sock"},
            ]}],
            "volumes": [{"name": "s", "emptyDir": {}}],
        });
        let passed: &[&str] = &["WORKLOAD_PASSED"];
        let failed: &[&str] = &["RUNTIME_SOCKET"];
        assert_rows(
            &CHECK,
            parameters,
            [
                (
                    with("/run", &json!({"subPath": "containerd"})),
                    HIGH,
                    failed,
                ),
                (with("/run", &json!({"subPath": "lock"})), Passed, passed),
                (
                    with("/var", &json!({"subPath": "run/docker.sock"})),
                    HIGH,
                    failed,
                ),
                (unmounted, HIGH, failed),
                (emptied, Passed, passed),
                (with("/srv", &json!({})), HIGH, failed),
                (with("/srv/data", &json!({})), Passed, passed),
                (
                    with("/run", &json!({"subPath": 1})),
                    NotAvailable,
                    &["READ_FAILED"],
                ),
            ],
        );
    }

    #[test]
    fn docker_in_docker_is_a_warning() {
        let image = |image: &str| with_container(&json!({"image": image}));
        let mut both = with("/run/docker.sock", &json!({}));
        both["containers"][0]["image"] = json!("docker.io/library/docker:dind");
        assert_rows(
            &CHECK,
            "{}",
            [
                (image("docker:27-dind"), Warning, &["DOCKER_IN_DOCKER"]),
                (
                    image("mirror.example.com/x/docker:dind-rootless"),
                    Warning,
                    &["DOCKER_IN_DOCKER"],
                ),
                (image("docker:27-cli"), Passed, &["WORKLOAD_PASSED"]),
                (image("docker"), Passed, &["WORKLOAD_PASSED"]),
                (
                    image("example.com/my-docker:dind"),
                    Passed,
                    &["WORKLOAD_PASSED"],
                ),
                (both, HIGH, &["RUNTIME_SOCKET", "DOCKER_IN_DOCKER"]),
            ],
        );
    }
}
