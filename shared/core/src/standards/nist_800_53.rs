use super::{MAPPED_ONLY, Standard};

/// The controls of the National Institute of Standards and Technology.
pub static NIST_800_53: Standard = Standard {
    name: "NIST SP 800-53 Rev. 5",
    short: "NIST 800-53",
    url: "https://docs.aws.amazon.com/securityhub/latest/userguide/standards-reference-nist-800-53.html",
    mapped_by: "AWS, for its own control of the same meaning",
    prefix: "NIST.800-53.r5 ",
    mapping: &[
        // without enhancements, because a finding can contain 32 related requirements
        (
            "cloudtrail-multi-region-trail",
            &[
                "AC-2", "AC-4", "AC-6", "AU-10", "AU-12", "AU-14", "AU-2", "AU-3", "AU-6", "AU-9",
                "CA-7", "SA-8", "SC-7", "SI-3", "SI-4", "SI-7",
            ],
        ),
        (
            "config-records-resources",
            &["CM-3", "CM-6(1)", "CM-8", "CM-8(2)"],
        ),
        (
            "ebs-encryption-by-default",
            &[
                "CA-9(1)", "CM-3(6)", "SC-13", "SC-28", "SC-28(1)", "SC-7(10)", "SI-7(6)",
            ],
        ),
        (
            "ecr-customer-managed-key",
            &[
                "AU-9", "CA-9(1)", "CM-3(6)", "SC-12(2)", "SC-13", "SC-28", "SC-28(1)", "SC-7(10)",
                "SI-7(6)",
            ],
        ),
        ("ecr-immutable-tags", &["CA-9(1)", "CM-2", "CM-8(1)"]),
        ("ecr-lifecycle-policy", &["CA-9(1)", "CM-2", "CM-2(2)"]),
        ("ecr-scan-on-push", &["RA-5"]),
        (
            "efs-encrypted",
            &[
                "CA-9(1)", "CM-3(6)", "SC-13", "SC-28", "SC-28(1)", "SC-7(10)", "SI-7(6)",
            ],
        ),
        (
            "eks-control-plane-log-retention",
            &["AU-10", "AU-11", "AU-6(3)", "AU-6(4)", "CA-7", "SI-12"],
        ),
        (
            "eks-control-plane-logging",
            &[
                "AC-2(12)", "AC-2(4)", "AC-4(26)", "AC-6(9)", "AU-10", "AU-12", "AU-2", "AU-3",
                "AU-6(3)", "AU-6(4)", "AU-9(7)", "CA-7", "SC-7(9)", "SI-3(8)", "SI-4", "SI-4(20)",
                "SI-7(8)",
            ],
        ),
        (
            "eks-ecr-endpoints",
            &[
                "AC-21", "AC-3", "AC-3(7)", "AC-4", "AC-4(21)", "AC-6", "SC-7", "SC-7(11)",
                "SC-7(16)", "SC-7(20)", "SC-7(21)", "SC-7(3)", "SC-7(4)",
            ],
        ),
        (
            "eks-endpoint-private",
            &[
                "AC-21", "AC-3", "AC-3(7)", "AC-4", "AC-4(21)", "AC-6", "SC-7", "SC-7(11)",
                "SC-7(16)", "SC-7(20)", "SC-7(21)", "SC-7(3)", "SC-7(4)", "SC-7(9)",
            ],
        ),
        (
            "eks-load-balancer-tls",
            &[
                "AC-17(2)", "AC-4", "IA-5(1)", "SC-12(3)", "SC-13", "SC-23", "SC-23(3)", "SC-7(4)",
                "SC-8", "SC-8(1)", "SC-8(2)", "SI-7(6)",
            ],
        ),
        ("eks-nodes-imds", &["AC-3", "AC-3(15)", "AC-3(7)", "AC-6"]),
        (
            "eks-nodes-private",
            &[
                "AC-21", "AC-3", "AC-3(7)", "AC-4", "AC-4(21)", "AC-6", "SC-7", "SC-7(11)",
                "SC-7(16)", "SC-7(20)", "SC-7(21)", "SC-7(3)", "SC-7(4)", "SC-7(9)",
            ],
        ),
        (
            "eks-secrets-envelope-encryption",
            &["SC-8", "SC-12", "SC-13"],
        ),
        (
            "eks-security-groups-restricted",
            &[
                "AC-4", "AC-4(21)", "CM-7", "SC-7", "SC-7(11)", "SC-7(16)", "SC-7(21)", "SC-7(4)",
                "SC-7(5)",
            ],
        ),
        (
            "eks-supported-version",
            &["CA-9(1)", "CM-2", "SI-2", "SI-2(2)", "SI-2(4)", "SI-2(5)"],
        ),
        (
            "eks-volumes-encrypted",
            &[
                "CA-9(1)", "CM-3(6)", "SC-13", "SC-28", "SC-28(1)", "SC-7(10)", "SI-7(6)",
            ],
        ),
        (
            "eks-vpc-flow-logs",
            &[
                "AC-4(26)", "AU-12", "AU-2", "AU-3", "AU-6(3)", "AU-6(4)", "CA-7", "SI-7(8)",
            ],
        ),
        ("kms-cmk-rotation", &["SC-12", "SC-12(2)", "SC-28(3)"]),
        ("kms-key-not-pending-deletion", &["SC-12", "SC-12(2)"]),
    ],
    catalog: &[],
    extent: MAPPED_ONLY,
};
