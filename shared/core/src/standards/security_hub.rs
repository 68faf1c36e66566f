use super::{MAPPED_ONLY, Standard};

/// Security Hub's own controls that are part of other standards only.
pub static SECURITY_HUB: Standard = Standard {
    name: "AWS Security Hub CSPM controls",
    short: "Security Hub",
    url: "https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-controls-reference.html",
    mapped_by: "AWS itself; the control is not part of a standard by AWS",
    prefix: "AWS Security Hub CSPM/",
    mapping: &[
        ("ecr-customer-managed-key", &["ECR.5"]),
        ("eks-control-plane-log-retention", &["CloudWatch.16"]),
        (
            "eks-security-groups-restricted",
            &["EC2.13", "EC2.14", "EC2.53", "EC2.54"],
        ),
        ("kms-cmk-rotation", &["KMS.4"]),
    ],
    catalog: &[],
    extent: MAPPED_ONLY,
};
