//! The standards, and the controls to which each check is mapped. No other file holds these.
//!
//! Only published mappings are used. For a control of CIS or of AWS, the text of the control shows whether it requires
//! what a check evaluates. For NIST, PCI DSS and SOC 2, the mapping comes from a publisher that maps a control or check
//! of the same meaning.

use std::fmt;

/// A published standard.
#[derive(Debug, PartialEq, Eq)]
pub struct Standard {
    /// The name and version.
    pub name: &'static str,
    /// The short name, for places with little room.
    pub short: &'static str,
    /// The address of a page about the standard.
    pub url: &'static str,
    /// The publisher of the mapping from the standard's controls to checks, as a phrase that follows "mapped by".
    pub mapped_by: &'static str,
    /// The text before the number of a control in a finding's related requirements. For CIS AWS, NIST and PCI DSS, it
    /// is the same as in Security Hub's own findings, and for SOC 2 the same as in those of `ElectricEye`.
    prefix: &'static str,
}

/// The CIS benchmark for Amazon EKS.
pub static CIS_EKS: Standard = Standard {
    name: "CIS Amazon EKS Benchmark v1.8.0",
    short: "CIS EKS",
    url: "https://www.cisecurity.org/benchmark/kubernetes",
    mapped_by: "the benchmark itself; a control may require somewhat more or less than the check",
    prefix: "CIS Amazon EKS Benchmark v1.8.0/",
};

/// The CIS benchmark for AWS accounts, in its newest version. Version 6.0.0 has the same numbers.
pub static CIS_AWS: Standard = Standard {
    name: "CIS AWS Foundations Benchmark v7.0.0",
    short: "CIS AWS v7",
    url: "https://www.cisecurity.org/benchmark/amazon_web_services",
    mapped_by: "the benchmark itself; a control may require somewhat more or less than the check",
    prefix: "CIS AWS Foundations Benchmark v7.0.0/",
};

/// The CIS benchmark for AWS accounts, in the newest version that Security Hub supports, which has other numbers.
pub static CIS_AWS_OF_SECURITY_HUB: Standard = Standard {
    name: "CIS AWS Foundations Benchmark v5.0.0",
    short: "CIS AWS v5",
    url: "https://docs.aws.amazon.com/securityhub/latest/userguide/cis-aws-foundations-benchmark.html",
    mapped_by: "AWS, for its own control of the same meaning; this is the newest version that Security Hub supports",
    prefix: "CIS AWS Foundations Benchmark v5.0.0/",
};

/// Security Hub's own controls that are part of this standard.
pub static FSBP: Standard = Standard {
    name: "AWS Foundational Security Best Practices v1.0.0",
    short: "FSBP",
    url: "https://docs.aws.amazon.com/securityhub/latest/userguide/fsbp-standard.html",
    mapped_by: "AWS itself; a control may require somewhat more or less than the check",
    prefix: "AWS Foundational Security Best Practices v1.0.0/",
};

/// Security Hub's own controls that are part of other standards only.
pub static SECURITY_HUB: Standard = Standard {
    name: "AWS Security Hub CSPM controls",
    short: "Security Hub",
    url: "https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-controls-reference.html",
    mapped_by: "AWS itself; the control is not part of a standard by AWS",
    prefix: "AWS Security Hub CSPM/",
};

/// The controls of the National Institute of Standards and Technology.
pub static NIST_800_53: Standard = Standard {
    name: "NIST SP 800-53 Rev. 5",
    short: "NIST 800-53",
    url: "https://docs.aws.amazon.com/securityhub/latest/userguide/standards-reference-nist-800-53.html",
    mapped_by: "AWS, for its own control of the same meaning",
    prefix: "NIST.800-53.r5 ",
};

/// The standard of the payment card industry.
pub static PCI_DSS: Standard = Standard {
    name: "PCI DSS v4.0.1",
    short: "PCI DSS",
    url: "https://docs.aws.amazon.com/securityhub/latest/userguide/pci-standard.html",
    mapped_by: "AWS, for its own control of the same meaning",
    prefix: "PCI DSS v4.0.1/",
};

/// The Trust Services Criteria of the American Institute of CPAs, for reports on service organizations.
pub static SOC_2: Standard = Standard {
    name: "SOC 2 (AICPA Trust Services Criteria)",
    short: "SOC 2",
    url: "https://www.aicpa-cima.com/resources/download/2017-trust-services-criteria-with-revised-points-of-focus-2022",
    mapped_by: "the open source project [ElectricEye](https://github.com/jonrau1/ElectricEye), in its auditors of EKS, \
                ECR and KMS; AWS publishes no criteria for its controls",
    prefix: "AICPA TSC ",
};

/// All standards, in the order in which they are listed.
pub static STANDARDS: [&Standard; 8] = [
    &CIS_EKS,
    &CIS_AWS,
    &CIS_AWS_OF_SECURITY_HUB,
    &FSBP,
    &SECURITY_HUB,
    &NIST_800_53,
    &PCI_DSS,
    &SOC_2,
];

/// A control of a standard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Control {
    /// The standard.
    pub standard: &'static Standard,
    /// The number of the control in the standard.
    pub number: &'static str,
}

/// Writes the control in the form that Security Hub uses for related requirements.
impl fmt::Display for Control {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}{}", self.standard.prefix, self.number)
    }
}

/// The controls of one standard to which a check is mapped.
#[derive(Debug)]
pub struct Group {
    /// The standard.
    pub standard: &'static Standard,
    /// The numbers of the controls.
    pub numbers: &'static [&'static str],
}

impl Group {
    /// Returns the controls.
    pub fn controls(&self) -> impl Iterator<Item = Control> + use<> {
        let Self { standard, numbers } = *self;
        let numbers = numbers.iter();
        numbers.map(move |number| Control { standard, number })
    }
}

/// Returns the controls to which a check is mapped, grouped by standard. The list is empty if no mapping is published.
pub fn groups(check: &str) -> &'static [Group] {
    let mapping = MAPPINGS.iter().find(|(mapped, _)| *mapped == check);
    mapping.map_or(&[], |(_, groups)| groups)
}

/// Returns the controls to which a check is mapped, one by one.
pub fn controls(check: &str) -> impl Iterator<Item = Control> + use<> {
    groups(check).iter().flat_map(Group::controls)
}

/// Returns the standard of a control, given the control as findings contain it; `None` if the standard is not in
/// [`STANDARDS`].
pub fn standard_of(requirement: &str) -> Option<&'static Standard> {
    let mut standards = STANDARDS.into_iter();
    standards.find(|standard| requirement.starts_with(standard.prefix))
}

const fn of(standard: &'static Standard, numbers: &'static [&'static str]) -> Group {
    Group { standard, numbers }
}

/// The controls of each check, sorted by the checks' ids.
static MAPPINGS: &[(&str, &[Group])] = &[
    (
        "config-records-resources",
        &[
            of(&CIS_AWS, &["3.3"]),
            of(&FSBP, &["Config.1"]),
            of(&NIST_800_53, &["CM-3", "CM-6(1)", "CM-8", "CM-8(2)"]),
        ],
    ),
    (
        "ecr-image-scan-findings",
        &[of(&CIS_EKS, &["5.1.1"]), of(&SOC_2, &["CC7.1"])],
    ),
    (
        "ecr-immutable-tags",
        &[
            of(&FSBP, &["ECR.2"]),
            of(&NIST_800_53, &["CA-9(1)", "CM-2", "CM-8(1)"]),
        ],
    ),
    (
        "ecr-scan-on-push",
        &[
            of(&CIS_EKS, &["5.1.1"]),
            of(&FSBP, &["ECR.1"]),
            of(&NIST_800_53, &["RA-5"]),
            of(&PCI_DSS, &["6.2.3", "6.2.4"]),
            of(&SOC_2, &["CC7.1"]),
        ],
    ),
    ("eks-access-cluster-admins", &[of(&CIS_EKS, &["4.1.1"])]),
    ("eks-audit-log-watched", &[of(&CIS_EKS, &["2.1.2"])]),
    ("eks-authentication-mode", &[of(&CIS_EKS, &["4.1.7"])]),
    (
        "eks-control-plane-log-retention",
        &[
            of(&CIS_EKS, &["2.1.2"]),
            of(&SECURITY_HUB, &["CloudWatch.16"]),
            of(
                &NIST_800_53,
                &["AU-10", "AU-11", "AU-6(3)", "AU-6(4)", "CA-7", "SI-12"],
            ),
        ],
    ),
    (
        "eks-control-plane-logging",
        &[
            of(&CIS_EKS, &["2.1.1"]),
            of(&FSBP, &["EKS.8"]),
            of(
                &NIST_800_53,
                &[
                    "AC-2(12)", "AC-2(4)", "AC-4(26)", "AC-6(9)", "AU-10", "AU-12", "AU-2", "AU-3",
                    "AU-6(3)", "AU-6(4)", "AU-9(7)", "CA-7", "SC-7(9)", "SI-3(8)", "SI-4",
                    "SI-4(20)", "SI-7(8)",
                ],
            ),
            of(&PCI_DSS, &["10.2.1"]),
            of(&SOC_2, &["CC7.2"]),
        ],
    ),
    (
        "eks-ecr-endpoints",
        &[
            of(&FSBP, &["EC2.55", "EC2.56"]),
            of(
                &NIST_800_53,
                &[
                    "AC-21", "AC-3", "AC-3(7)", "AC-4", "AC-4(21)", "AC-6", "SC-7", "SC-7(11)",
                    "SC-7(16)", "SC-7(20)", "SC-7(21)", "SC-7(3)", "SC-7(4)",
                ],
            ),
        ],
    ),
    (
        "eks-endpoint-private",
        &[
            of(&CIS_EKS, &["5.4.1", "5.4.2"]),
            of(&FSBP, &["EKS.1"]),
            of(
                &NIST_800_53,
                &[
                    "AC-21", "AC-3", "AC-3(7)", "AC-4", "AC-4(21)", "AC-6", "SC-7", "SC-7(11)",
                    "SC-7(16)", "SC-7(20)", "SC-7(21)", "SC-7(3)", "SC-7(4)", "SC-7(9)",
                ],
            ),
            of(&PCI_DSS, &["1.4.4"]),
            of(&SOC_2, &["CC6.6"]),
        ],
    ),
    (
        "eks-guardduty-runtime-coverage",
        &[
            of(&FSBP, &["GuardDuty.7", "GuardDuty.11"]),
            of(&PCI_DSS, &["11.5.1"]),
        ],
    ),
    (
        "eks-load-balancer-tls",
        &[
            of(&CIS_EKS, &["5.4.5"]),
            of(&FSBP, &["ELB.1", "ELB.17", "ELB.18"]),
            of(
                &NIST_800_53,
                &[
                    "AC-17(2)", "AC-4", "IA-5(1)", "SC-12(3)", "SC-13", "SC-23", "SC-23(3)",
                    "SC-7(4)", "SC-8", "SC-8(1)", "SC-8(2)", "SI-7(6)",
                ],
            ),
        ],
    ),
    (
        "eks-network-policy-enabled",
        &[of(&CIS_EKS, &["4.3.1", "5.4.4"])],
    ),
    ("eks-node-role-least-privilege", &[of(&CIS_EKS, &["5.1.3"])]),
    (
        "eks-nodes-imds",
        &[
            of(&CIS_AWS_OF_SECURITY_HUB, &["5.7"]),
            of(&FSBP, &["EC2.8"]),
            of(&NIST_800_53, &["AC-3", "AC-3(15)", "AC-3(7)", "AC-6"]),
            of(&PCI_DSS, &["2.2.6"]),
        ],
    ),
    (
        "eks-nodes-private",
        &[
            of(&CIS_EKS, &["5.4.3"]),
            of(&FSBP, &["EC2.9"]),
            of(
                &NIST_800_53,
                &[
                    "AC-21", "AC-3", "AC-3(7)", "AC-4", "AC-4(21)", "AC-6", "SC-7", "SC-7(11)",
                    "SC-7(16)", "SC-7(20)", "SC-7(21)", "SC-7(3)", "SC-7(4)", "SC-7(9)",
                ],
            ),
        ],
    ),
    ("eks-pod-iam-roles", &[of(&CIS_EKS, &["5.2.1"])]),
    (
        "eks-secrets-customer-managed-key",
        &[of(&CIS_EKS, &["5.3.1"])],
    ),
    (
        "eks-secrets-envelope-encryption",
        &[
            of(&CIS_EKS, &["5.3.1"]),
            of(&FSBP, &["EKS.3"]),
            of(&NIST_800_53, &["SC-8", "SC-12", "SC-13"]),
            of(&PCI_DSS, &["8.3.2"]),
            of(&SOC_2, &["CC6.1"]),
        ],
    ),
    (
        "eks-security-groups-restricted",
        &[
            of(&CIS_AWS_OF_SECURITY_HUB, &["5.3", "5.4"]),
            of(&FSBP, &["EC2.18", "EC2.19"]),
            of(&SECURITY_HUB, &["EC2.13", "EC2.14", "EC2.53", "EC2.54"]),
            of(
                &NIST_800_53,
                &[
                    "AC-4", "AC-4(21)", "CM-7", "SC-7", "SC-7(11)", "SC-7(16)", "SC-7(21)",
                    "SC-7(4)", "SC-7(5)",
                ],
            ),
            of(&PCI_DSS, &["1.3.1"]),
        ],
    ),
    (
        "eks-supported-version",
        &[
            of(&FSBP, &["EKS.2"]),
            of(
                &NIST_800_53,
                &["CA-9(1)", "CM-2", "SI-2", "SI-2(2)", "SI-2(4)", "SI-2(5)"],
            ),
        ],
    ),
    (
        "eks-vpc-flow-logs",
        &[
            of(&CIS_AWS_OF_SECURITY_HUB, &["3.7"]),
            of(&FSBP, &["EC2.6"]),
            of(
                &NIST_800_53,
                &[
                    "AC-4(26)", "AU-12", "AU-2", "AU-3", "AU-6(3)", "AU-6(4)", "CA-7", "SI-7(8)",
                ],
            ),
        ],
    ),
    ("guardduty-eks-protection", &[of(&FSBP, &["GuardDuty.5"])]),
    (
        "kms-cmk-rotation",
        &[
            of(&CIS_AWS, &["4.6"]),
            of(&CIS_AWS_OF_SECURITY_HUB, &["3.6"]),
            of(&SECURITY_HUB, &["KMS.4"]),
            of(&NIST_800_53, &["SC-12", "SC-12(2)", "SC-28(3)"]),
            of(&PCI_DSS, &["3.7.4"]),
            of(&SOC_2, &["CC6.1"]),
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks;

    #[test]
    fn mappings_are_sorted_and_name_existing_checks() {
        assert!(MAPPINGS.is_sorted_by(|(one, _), (other, _)| one < other));
        for (check, groups) in MAPPINGS {
            assert!(checks::find(check).is_ok(), "{check}");
            let place = |group: &Group| STANDARDS.iter().position(|one| *one == group.standard);
            assert!(groups.is_sorted_by(|a, b| place(a) < place(b)), "{check}");
            assert!(
                groups.iter().all(|group| !group.numbers.is_empty()),
                "{check}"
            );
        }
    }

    /// The maximum number of related requirements in ASFF.
    #[test]
    fn no_check_has_more_controls_than_a_finding_can_contain() {
        for check in checks::CHECKS {
            assert!(controls(check.id).count() <= 32, "{}", check.id);
        }
    }

    #[test]
    fn controls_are_written_as_in_findings_of_security_hub() {
        let texts: Vec<String> = controls("kms-cmk-rotation")
            .map(|control| control.to_string())
            .collect();
        assert!(
            texts.contains(&"NIST.800-53.r5 SC-12".to_owned()),
            "{texts:?}"
        );
        assert!(
            texts.contains(&"PCI DSS v4.0.1/3.7.4".to_owned()),
            "{texts:?}"
        );
        let of_cis: Vec<&String> = texts
            .iter()
            .filter(|text| text.starts_with("CIS"))
            .collect();
        assert_eq!(
            of_cis,
            [
                "CIS AWS Foundations Benchmark v7.0.0/4.6",
                "CIS AWS Foundations Benchmark v5.0.0/3.6"
            ]
        );
    }

    #[test]
    fn the_standard_of_a_control_is_found_by_its_text() {
        for standard in STANDARDS {
            let number = "1.2";
            let control = Control { standard, number };
            assert_eq!(standard_of(&control.to_string()), Some(standard));
        }
        for other in ["", "1.2", "CIS AWS Foundations Benchmark v1.2.0/1.2"] {
            assert_eq!(standard_of(other), None, "{other:?}");
        }
    }

    #[test]
    fn an_unmapped_check_has_no_controls() {
        assert_eq!(controls("no-check").count(), 0);
    }
}
