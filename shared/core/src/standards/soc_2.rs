use super::{MAPPED_ONLY, Standard};

/// The Trust Services Criteria of the American Institute of CPAs, for reports on service organizations.
pub static SOC_2: Standard = Standard {
    name: "SOC 2 (AICPA Trust Services Criteria)",
    short: "SOC 2",
    url: "https://www.aicpa-cima.com/resources/download/2017-trust-services-criteria-with-revised-points-of-focus-2022",
    mapped_by: "the open source project [ElectricEye](https://github.com/jonrau1/ElectricEye), in its auditors of EKS, \
                ECR and KMS; AWS publishes no criteria for its controls",
    prefix: "AICPA TSC ",
    mapping: &[
        ("ecr-image-scan-findings", &["CC7.1"]),
        ("ecr-lifecycle-policy", &["A1.1", "A1.2", "CC3.1"]),
        ("ecr-scan-on-push", &["CC7.1"]),
        ("eks-control-plane-logging", &["CC7.2"]),
        ("eks-endpoint-private", &["CC6.6"]),
        ("eks-secrets-envelope-encryption", &["CC6.1"]),
        ("kms-cmk-rotation", &["CC6.1"]),
    ],
    catalog: &[],
    extent: MAPPED_ONLY,
};
