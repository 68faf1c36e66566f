//! The requirements of standards that a check answers to.

use std::fmt;

/// A requirement of a published standard, by its number there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Control {
    /// CIS Amazon EKS Benchmark v1.8.0.
    CisEks(&'static str),
    /// CIS AWS Foundations Benchmark v3.0.0.
    CisAws(&'static str),
    /// A control of AWS Security Hub CSPM, <https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-controls-reference.html>.
    SecurityHub(&'static str),
    /// NIST SP 800-53 revision 5, as Security Hub maps its controls.
    Nist80053(&'static str),
    /// PCI DSS v4.0.1, as Security Hub maps its controls.
    PciDss(&'static str),
}

/// In the form that Security Hub uses for related requirements.
impl fmt::Display for Control {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CisEks(id) => write!(formatter, "CIS Amazon EKS Benchmark v1.8.0/{id}"),
            Self::CisAws(id) => write!(formatter, "CIS AWS Foundations Benchmark v3.0.0/{id}"),
            Self::SecurityHub(id) => write!(formatter, "AWS Security Hub CSPM/{id}"),
            Self::Nist80053(id) => write!(formatter, "NIST.800-53.r5 {id}"),
            Self::PciDss(id) => write!(formatter, "PCI DSS v4.0.1/{id}"),
        }
    }
}
