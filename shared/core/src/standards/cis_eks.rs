use super::Standard;

/// The CIS benchmark for Amazon EKS.
pub static CIS_EKS: Standard = Standard {
    name: "CIS Amazon EKS Benchmark v1.8.0",
    short: "CIS EKS",
    url: "https://www.cisecurity.org/benchmark/kubernetes",
    mapped_by: "the benchmark itself; a control may require somewhat more or less than the check",
    prefix: "CIS Amazon EKS Benchmark v1.8.0/",
    mapping: &[
        ("ecr-image-scan-findings", &["5.1.1"]),
        ("ecr-registry-policy-restricted", &["5.1.2"]),
        ("ecr-repository-policy-restricted", &["5.1.2", "5.1.3"]),
        ("ecr-scan-on-push", &["5.1.1"]),
        ("eks-access-cluster-admins", &["4.1.1"]),
        ("eks-audit-log-watched", &["2.1.2"]),
        ("eks-authentication-mode", &["4.1.7"]),
        ("eks-control-plane-log-retention", &["2.1.2"]),
        ("eks-control-plane-logging", &["2.1.1"]),
        ("eks-endpoint-private", &["5.4.1", "5.4.2"]),
        ("eks-load-balancer-tls", &["5.4.5"]),
        ("eks-network-policy-enabled", &["4.3.1", "5.4.4"]),
        ("eks-node-role-least-privilege", &["5.1.3"]),
        ("eks-nodes-private", &["5.4.3"]),
        ("eks-pod-iam-roles", &["5.2.1"]),
        ("eks-secrets-customer-managed-key", &["5.3.1"]),
        ("eks-secrets-envelope-encryption", &["5.3.1"]),
        ("k8s-allowed-registries", &["5.1.4"]),
        ("k8s-default-namespace-unused", &["4.5.1", "4.5.2"]),
        ("k8s-pod-host-namespaces", &["4.2.2", "4.2.3", "4.2.4"]),
        ("k8s-pod-privilege-escalation", &["4.2.5"]),
        ("k8s-pod-privileged", &["4.2.1"]),
        (
            "k8s-pod-security-admission",
            &["4.2.1", "4.2.2", "4.2.3", "4.2.4"],
        ),
        ("k8s-secret-env", &["4.4.1"]),
    ],
};
