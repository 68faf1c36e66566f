use super::{MAPPED_ONLY, Standard};

/// The Pod Security Standards of Kubernetes.
pub static POD_SECURITY: Standard = Standard {
    name: "Pod Security Standards",
    short: "PSS",
    url: "https://kubernetes.io/docs/concepts/security/pod-security-standards/",
    mapped_by: "the standards themselves; a control may require somewhat more or less than the check",
    prefix: "Pod Security Standards/",
    mapping: &[
        ("k8s-pod-capabilities", &["Baseline: Capabilities"]),
        (
            "k8s-pod-hardened",
            &["Restricted: Seccomp", "Restricted: Capabilities"],
        ),
        (
            "k8s-pod-host-namespaces",
            &["Baseline: Host Namespaces", "Baseline: Host Ports"],
        ),
        ("k8s-pod-host-path", &["Baseline: HostPath Volumes"]),
        (
            "k8s-pod-privilege-escalation",
            &["Restricted: Privilege Escalation"],
        ),
        (
            "k8s-pod-privileged",
            &["Baseline: HostProcess", "Baseline: Privileged Containers"],
        ),
        (
            "k8s-pod-run-as-non-root",
            &[
                "Restricted: Running as Non-root",
                "Restricted: Running as Non-root user",
            ],
        ),
        (
            "k8s-pod-security-admission",
            &[
                "Baseline: HostProcess",
                "Baseline: Host Namespaces",
                "Baseline: Privileged Containers",
                "Baseline: Capabilities",
                "Baseline: HostPath Volumes",
                "Baseline: Host Ports",
                "Baseline: AppArmor",
                "Baseline: SELinux",
                "Baseline: /proc Mount Type",
                "Baseline: Seccomp",
                "Baseline: Sysctls",
            ],
        ),
    ],
    catalog: &[],
    extent: MAPPED_ONLY,
};
