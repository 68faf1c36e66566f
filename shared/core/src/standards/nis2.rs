use super::{MAPPED_ONLY, PROWLER, Standard};

/// The requirements of the Network and Information Security Directive (EU) 2022/2555, as the annex of its implementing
/// regulation specifies them for providers of cloud computing and other digital services.
pub static NIS2: Standard = Standard {
    name: "NIS2 Implementing Regulation (EU) 2024/2690",
    short: "NIS2",
    url: "https://eur-lex.europa.eu/eli/reg_impl/2024/2690/oj",
    mapped_by: PROWLER,
    prefix: "NIS2 Implementing Regulation (EU) 2024/2690 ",
    mapping: &[
        // cloudtrail_multi_region_enabled_logging_management_events, cloudtrail_log_file_validation_enabled
        (
            "cloudtrail-multi-region-trail",
            &["3.1.2.a", "3.2.3.c", "3.4.2.c", "3.4.2.d"],
        ),
        // ecr_repositories_lifecycle_policy_enabled
        ("ecr-lifecycle-policy", &["12.2.2.a"]),
        // cloudwatch_log_group_retention_policy_specific_days_enabled
        (
            "eks-control-plane-log-retention",
            &["1.1.1.h", "3.2.3.c", "3.2.5", "4.2.2.f"],
        ),
        // eks_control_plane_logging_all_types_enabled
        (
            "eks-control-plane-logging",
            &["3.2.3.c", "12.1.2.c", "12.2.2.b"],
        ),
        // guardduty_eks_runtime_monitoring_enabled
        ("eks-guardduty-runtime-coverage", &["3.2.3.h"]),
        // ec2_instance_imdsv2_enabled
        ("eks-nodes-imds", &["6.7.2.i"]),
        // vpc_flow_logs_enabled
        ("eks-vpc-flow-logs", &["3.2.3.c"]),
        // guardduty_eks_audit_log_enabled
        ("guardduty-eks-protection", &["3.2.3.c"]),
        // kms_cmk_rotation_enabled
        ("kms-cmk-rotation", &["11.6.2.c"]),
        // kms_key_not_publicly_accessible
        ("kms-key-policy-restricted", &["9.2.c"]),
    ],
    catalog: &[],
    extent: MAPPED_ONLY,
};
