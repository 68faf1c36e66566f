use super::{MAPPED_ONLY, Standard};

/// The CIS benchmark for AWS accounts, in its newest version. Version 6.0.0 has the same numbers,
/// but not the control 2.21 about resource policies.
pub static CIS_AWS: Standard = Standard {
    name: "CIS AWS Foundations Benchmark v7.0.0",
    short: "CIS AWS v7",
    url: "https://www.cisecurity.org/benchmark/amazon_web_services",
    mapped_by: "the benchmark itself; a control may require somewhat more or less than the check",
    prefix: "CIS AWS Foundations Benchmark v7.0.0/",
    mapping: &[
        ("cloudtrail-multi-region-trail", &["4.1", "4.2"]),
        ("config-records-resources", &["4.3"]),
        ("ebs-encryption-by-default", &["6.1.1"]),
        ("ecr-registry-policy-restricted", &["2.21"]),
        ("ecr-repository-policy-restricted", &["2.21"]),
        ("efs-encrypted", &["3.3.1"]),
        ("eks-nodes-imds", &["6.7"]),
        ("eks-security-groups-restricted", &["6.3", "6.4"]),
        ("eks-vpc-flow-logs", &["4.7"]),
        ("kms-cmk-rotation", &["4.6"]),
        ("kms-key-policy-restricted", &["2.21"]),
    ],
    catalog: &[],
    extent: MAPPED_ONLY,
};
