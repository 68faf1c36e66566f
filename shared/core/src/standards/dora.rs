use super::{MAPPED_ONLY, PROWLER, Standard};

/// The Digital Operational Resilience Act, for financial entities. Its publisher maps whole articles.
pub static DORA: Standard = Standard {
    name: "DORA Regulation (EU) 2022/2554",
    short: "DORA",
    url: "https://eur-lex.europa.eu/eli/reg/2022/2554/oj",
    mapped_by: PROWLER,
    prefix: "DORA Regulation (EU) 2022/2554 ",
    mapping: &[
        // cloudtrail_multi_region_enabled, cloudtrail_multi_region_enabled_logging_management_events,
        // cloudtrail_log_file_validation_enabled
        ("cloudtrail-multi-region-trail", &["Article 17"]),
        // config_recorder_all_regions_enabled
        ("config-records-resources", &["Article 6", "Article 25"]),
        // ec2_ebs_default_encryption
        ("ebs-encryption-by-default", &["Article 7"]),
        // inspector2_is_enabled
        (
            "ecr-enhanced-scanning",
            &["Article 10", "Article 24", "Article 25"],
        ),
        // efs_encryption_at_rest_enabled
        ("efs-encrypted", &["Article 9"]),
        // cloudwatch_log_group_retention_policy_specific_days_enabled
        ("eks-control-plane-log-retention", &["Article 17"]),
        // guardduty_eks_runtime_monitoring_enabled
        ("eks-guardduty-runtime-coverage", &["Article 10"]),
        // elbv2_ssl_listeners, elbv2_insecure_ssl_ciphers
        ("eks-load-balancer-tls", &["Article 7"]),
        // ec2_instance_with_outdated_ami
        ("eks-nodes-current", &["Article 24", "Article 25"]),
        // ec2_instance_imdsv2_enabled
        ("eks-nodes-imds", &["Article 9"]),
        // vpc_subnet_no_public_ip_by_default
        ("eks-nodes-private", &["Article 7"]),
        // ec2_securitygroup_allow_ingress_from_internet_to_{all_ports, any_port, high_risk_tcp_ports, tcp_port_22,
        // tcp_port_3389}
        ("eks-security-groups-restricted", &["Article 9"]),
        // ec2_ebs_volume_encryption
        ("eks-volumes-encrypted", &["Article 9"]),
        // vpc_flow_logs_enabled
        ("eks-vpc-flow-logs", &["Article 17"]),
        // guardduty_eks_audit_log_enabled
        ("guardduty-eks-protection", &["Article 10"]),
        // kms_cmk_rotation_enabled
        ("kms-cmk-rotation", &["Article 7"]),
        // kms_key_not_publicly_accessible
        ("kms-key-policy-restricted", &["Article 9"]),
    ],
    catalog: &[],
    extent: MAPPED_ONLY,
};
