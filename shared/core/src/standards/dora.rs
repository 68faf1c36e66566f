use super::{PROWLER, Standard};

/// The Digital Operational Resilience Act, for financial entities. Its publisher maps whole articles.
pub static DORA: Standard = Standard {
    name: "DORA Regulation (EU) 2022/2554",
    short: "DORA",
    url: "https://eur-lex.europa.eu/eli/reg/2022/2554/oj",
    mapped_by: PROWLER,
    prefix: "DORA Regulation (EU) 2022/2554 ",
    mapping: &[
        // config_recorder_all_regions_enabled
        ("config-records-resources", &["Article 6", "Article 25"]),
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
        // vpc_flow_logs_enabled
        ("eks-vpc-flow-logs", &["Article 17"]),
        // kms_cmk_rotation_enabled
        ("kms-cmk-rotation", &["Article 7"]),
    ],
};
