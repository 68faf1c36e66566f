use super::{PROWLER, Standard};

/// The requirements of the Network and Information Security Directive (EU) 2022/2555, as the annex of its implementing
/// regulation specifies them for providers of cloud computing and other digital services.
pub static NIS2: Standard = Standard {
    name: "NIS2 Implementing Regulation (EU) 2024/2690",
    short: "NIS2",
    url: "https://eur-lex.europa.eu/eli/reg_impl/2024/2690/oj",
    mapped_by: PROWLER,
    prefix: "NIS2 Implementing Regulation (EU) 2024/2690 ",
    mapping: &[
        // eks_control_plane_logging_all_types_enabled
        (
            "eks-control-plane-logging",
            &["3.2.3.c", "12.1.2.c", "12.2.2.b"],
        ),
        // ec2_instance_imdsv2_enabled
        ("eks-nodes-imds", &["6.7.2.i"]),
        // vpc_flow_logs_enabled
        ("eks-vpc-flow-logs", &["3.2.3.c"]),
        // kms_cmk_rotation_enabled
        ("kms-cmk-rotation", &["11.6.2.c"]),
    ],
};
