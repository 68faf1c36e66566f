use super::{MAPPED_ONLY, Standard};

/// The CIS benchmark for AWS accounts, in the newest version that Security Hub supports, which has other numbers.
pub static CIS_AWS_OF_SECURITY_HUB: Standard = Standard {
    name: "CIS AWS Foundations Benchmark v5.0.0",
    short: "CIS AWS v5",
    url: "https://docs.aws.amazon.com/securityhub/latest/userguide/cis-aws-foundations-benchmark.html",
    mapped_by: "AWS, for its own control of the same meaning; this is the newest version that Security Hub supports",
    prefix: "CIS AWS Foundations Benchmark v5.0.0/",
    mapping: &[
        ("cloudtrail-multi-region-trail", &["3.1", "3.2"]),
        ("config-records-resources", &["3.3"]),
        ("ebs-encryption-by-default", &["5.1.1"]),
        ("efs-encrypted", &["2.3.1"]),
        ("eks-nodes-imds", &["5.7"]),
        ("eks-security-groups-restricted", &["5.3", "5.4"]),
        ("eks-vpc-flow-logs", &["3.7"]),
        ("kms-cmk-rotation", &["3.6"]),
    ],
    catalog: &[],
    extent: MAPPED_ONLY,
};
