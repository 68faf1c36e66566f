use super::{MAPPED_ONLY, PROWLER, Standard};

/// The controls of Annex A of the standard for information security management systems.
pub static ISO_27001: Standard = Standard {
    name: "ISO/IEC 27001:2022",
    short: "ISO 27001",
    url: "https://www.iso.org/standard/27001",
    mapped_by: PROWLER,
    prefix: "ISO/IEC 27001:2022 ",
    mapping: &[
        // cloudtrail_multi_region_enabled_logging_management_events, cloudtrail_log_file_validation_enabled
        ("cloudtrail-multi-region-trail", &["A.8.15", "A.8.16"]),
        // config_recorder_all_regions_enabled
        ("config-records-resources", &["A.5.16", "A.5.22"]),
        // ec2_ebs_default_encryption
        ("ebs-encryption-by-default", &["A.8.11", "A.8.24"]),
        // ecr_repositories_not_publicly_accessible
        ("ecr-repository-policy-restricted", &["A.8.1"]),
        // efs_encryption_at_rest_enabled
        ("efs-encrypted", &["A.8.11", "A.8.24"]),
        // cloudwatch_log_group_retention_policy_specific_days_enabled
        ("eks-control-plane-log-retention", &["A.8.15", "A.8.16"]),
        // eks_control_plane_logging_all_types_enabled
        ("eks-control-plane-logging", &["A.8.15"]),
        // eks_cluster_not_publicly_accessible
        ("eks-endpoint-private", &["A.8.1"]),
        // ec2_instance_imdsv2_enabled
        ("eks-nodes-imds", &["A.8.20", "A.8.21", "A.8.22"]),
        // ec2_instance_public_ip, vpc_subnet_no_public_ip_by_default
        (
            "eks-nodes-private",
            &["A.8.1", "A.8.20", "A.8.21", "A.8.22"],
        ),
        // eks_cluster_kms_cmk_encryption_in_secrets_enabled
        (
            "eks-secrets-customer-managed-key",
            &["A.8.5", "A.8.11", "A.8.24"],
        ),
        // eks_cluster_kms_cmk_encryption_in_secrets_enabled
        (
            "eks-secrets-envelope-encryption",
            &["A.8.5", "A.8.11", "A.8.24"],
        ),
        // ec2_securitygroup_allow_ingress_from_internet_to_{all_ports, any_port, high_risk_tcp_ports, tcp_port_22,
        // tcp_port_3389}
        (
            "eks-security-groups-restricted",
            &["A.8.20", "A.8.21", "A.8.22"],
        ),
        // ec2_ebs_volume_encryption
        ("eks-volumes-encrypted", &["A.8.11", "A.8.24"]),
        // vpc_flow_logs_enabled
        (
            "eks-vpc-flow-logs",
            &["A.8.15", "A.8.16", "A.8.20", "A.8.21", "A.8.22", "A.8.23"],
        ),
        // guardduty_eks_audit_log_enabled
        ("guardduty-eks-protection", &["A.8.15"]),
        // kms_cmk_rotation_enabled
        ("kms-cmk-rotation", &["A.8.5", "A.8.11", "A.8.24"]),
        // kms_cmk_not_deleted_unintentionally
        ("kms-key-not-pending-deletion", &["A.8.11", "A.8.24"]),
        // kms_key_not_publicly_accessible
        ("kms-key-policy-restricted", &["A.8.1"]),
    ],
    catalog: &[],
    extent: MAPPED_ONLY,
};
