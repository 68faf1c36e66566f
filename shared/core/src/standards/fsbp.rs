use super::Standard;

/// Security Hub's own controls that are part of this standard.
pub static FSBP: Standard = Standard {
    name: "AWS Foundational Security Best Practices v1.0.0",
    short: "FSBP",
    url: "https://docs.aws.amazon.com/securityhub/latest/userguide/fsbp-standard.html",
    mapped_by: "AWS itself; a control may require somewhat more or less than the check",
    prefix: "AWS Foundational Security Best Practices v1.0.0/",
    mapping: &[
        (
            "cloudtrail-multi-region-trail",
            &["CloudTrail.1", "CloudTrail.4"],
        ),
        ("config-records-resources", &["Config.1"]),
        ("ebs-encryption-by-default", &["EC2.7"]),
        ("ecr-enhanced-scanning", &["Inspector.2"]),
        ("ecr-immutable-tags", &["ECR.2"]),
        ("ecr-lifecycle-policy", &["ECR.3"]),
        ("ecr-scan-on-push", &["ECR.1"]),
        ("efs-encrypted", &["EFS.1", "EFS.8"]),
        ("eks-control-plane-logging", &["EKS.8"]),
        ("eks-ecr-endpoints", &["EC2.55", "EC2.56"]),
        ("eks-endpoint-private", &["EKS.1"]),
        (
            "eks-guardduty-runtime-coverage",
            &["GuardDuty.7", "GuardDuty.11"],
        ),
        ("eks-load-balancer-tls", &["ELB.1", "ELB.17", "ELB.18"]),
        ("eks-nodes-imds", &["EC2.8"]),
        ("eks-nodes-private", &["EC2.9"]),
        ("eks-secrets-envelope-encryption", &["EKS.3"]),
        ("eks-security-groups-restricted", &["EC2.18", "EC2.19"]),
        ("eks-supported-version", &["EKS.2"]),
        ("eks-volumes-encrypted", &["EC2.3"]),
        ("eks-vpc-flow-logs", &["EC2.6"]),
        ("guardduty-eks-protection", &["GuardDuty.5"]),
        ("kms-key-not-pending-deletion", &["KMS.3"]),
        ("kms-key-policy-restricted", &["KMS.5"]),
    ],
};
