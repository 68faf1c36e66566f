//! The standards behind the controls: their names, and where to read about them.

use eksentry_core::{Check, Control};

/// A standard, or a source of controls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Standard {
    /// Its name and version.
    pub(super) name: &'static str,
    /// Its name where room is short.
    pub(super) short: &'static str,
    /// Where to read about it.
    pub(super) url: &'static str,
}

const USER_GUIDE: &str = "https://docs.aws.amazon.com/securityhub/latest/userguide";

const CIS_EKS: Standard = Standard {
    name: "CIS Amazon EKS Benchmark v1.8.0",
    short: "CIS EKS",
    url: "https://www.cisecurity.org/benchmark/kubernetes",
};
const CIS_AWS: Standard = Standard {
    name: "CIS AWS Foundations Benchmark v3.0.0",
    short: "CIS AWS",
    url: "https://docs.aws.amazon.com/securityhub/latest/userguide/cis-aws-foundations-benchmark.html",
};
const SECURITY_HUB: Standard = Standard {
    name: "AWS Security Hub CSPM",
    short: "Security Hub",
    url: "https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-controls-reference.html",
};
const NIST_800_53: Standard = Standard {
    name: "NIST SP 800-53 Rev. 5",
    short: "NIST 800-53",
    url: "https://docs.aws.amazon.com/securityhub/latest/userguide/standards-reference-nist-800-53.html",
};
const PCI_DSS: Standard = Standard {
    name: "PCI DSS v4.0.1",
    short: "PCI DSS",
    url: "https://docs.aws.amazon.com/securityhub/latest/userguide/pci-standard.html",
};

/// The standard that a control is of, and the control's number there.
pub(super) fn standard(control: Control) -> (Standard, &'static str) {
    match control {
        Control::CisEks(number) => (CIS_EKS, number),
        Control::CisAws(number) => (CIS_AWS, number),
        Control::SecurityHub(number) => (SECURITY_HUB, number),
        Control::Nist80053(number) => (NIST_800_53, number),
        Control::PciDss(number) => (PCI_DSS, number),
    }
}

/// A check's controls by standard, in the order in which the check names them.
pub(super) fn by_standard(check: &Check) -> Vec<(Standard, Vec<Control>)> {
    let mut groups: Vec<(Standard, Vec<Control>)> = Vec::new();
    for &control in check.controls {
        let of = standard(control).0;
        match groups.iter_mut().find(|(standard, _)| *standard == of) {
            Some((_, controls)) => controls.push(control),
            None => groups.push((of, vec![control])),
        }
    }
    groups
}

/// A control in Markdown: a link where it has a place of its own, as Security Hub's have.
pub(super) fn link(control: Control) -> String {
    let number = standard(control).1;
    match (control, number.split_once('.')) {
        (Control::SecurityHub(_), Some((service, _))) => format!(
            "[{number}]({USER_GUIDE}/{}-controls.html#{})",
            service.to_lowercase(),
            number.to_lowercase().replace('.', "-")
        ),
        _ => number.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_security_hubs_controls_have_pages_of_their_own() {
        assert_eq!(
            link(Control::SecurityHub("EKS.1")),
            "[EKS.1](https://docs.aws.amazon.com/securityhub/latest/userguide/eks-controls.html#eks-1)"
        );
        assert_eq!(link(Control::Nist80053("AC-3(7)")), "AC-3(7)");
    }
}
