use super::{MAPPED_ONLY, Standard};

/// The standard of the payment card industry.
pub static PCI_DSS: Standard = Standard {
    name: "PCI DSS v4.0.1",
    short: "PCI DSS",
    url: "https://docs.aws.amazon.com/securityhub/latest/userguide/pci-standard.html",
    mapped_by: "AWS, for its own control of the same meaning",
    prefix: "PCI DSS v4.0.1/",
    mapping: &[
        ("ecr-enhanced-scanning", &["11.3.1"]),
        ("ecr-scan-on-push", &["6.2.3", "6.2.4"]),
        ("eks-control-plane-logging", &["10.2.1"]),
        ("eks-endpoint-private", &["1.4.4"]),
        ("eks-guardduty-runtime-coverage", &["11.5.1"]),
        ("eks-nodes-imds", &["2.2.6"]),
        ("eks-secrets-envelope-encryption", &["8.3.2"]),
        ("eks-security-groups-restricted", &["1.3.1"]),
        ("kms-cmk-rotation", &["3.7.4"]),
    ],
    catalog: &[],
    extent: MAPPED_ONLY,
};
