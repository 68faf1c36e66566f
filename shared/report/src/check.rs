//! The checks of a report.

use std::collections::BTreeSet;

use eksentry_core::{Check, standards};
use serde::{Deserialize, Serialize};

use crate::service_of;

/// A check that ran: what all of its findings have in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CheckSummary {
    /// The id of the check.
    pub id: String,
    /// The title.
    pub title: String,
    /// The name of the service that the check is about.
    pub service: String,
    /// The requirement, as a sentence.
    pub requirement: String,
    /// The steps that correct a failure. The command for a resource is in its finding.
    pub remediation: String,
    /// The address of a page about the check or about the steps; empty if there is none.
    pub url: String,
    /// The controls that the check is mapped to, in the form of Security Hub's related requirements.
    pub controls: Vec<String>,
    /// The short names of the standards of these controls.
    pub standards: BTreeSet<String>,
}

impl CheckSummary {
    /// States a check of the registry.
    pub fn known(check: &Check) -> Self {
        let controls: Vec<String> = check
            .controls()
            .map(|control| control.to_string())
            .collect();
        Self {
            requirement: check.requirement.to_owned(),
            remediation: check.remediation.text.to_owned(),
            url: check.remediation.url.to_owned(),
            ..Self::unknown(check.id, check.title).with_controls(controls)
        }
    }

    /// States a check that is not in the registry, such as a retired one.
    pub fn unknown(id: &str, title: &str) -> Self {
        Self {
            id: id.to_owned(),
            title: title.to_owned(),
            service: service_of(id).to_owned(),
            requirement: String::new(),
            remediation: String::new(),
            url: String::new(),
            controls: Vec::new(),
            standards: BTreeSet::new(),
        }
    }

    /// Returns the same check, mapped to these controls.
    #[must_use]
    pub fn with_controls(mut self, controls: Vec<String>) -> Self {
        let names = controls.iter().map(|control| standard(control).to_owned());
        self.standards = names.filter(|name| !name.is_empty()).collect();
        self.controls = controls;
        self
    }
}

/// Returns the short name of a standard that checks are mapped to. For other standards, which checks of other versions
/// can be mapped to, returns the text before the number of the control.
fn standard(control: &str) -> &str {
    if let Some(standard) = standards::standard_of(control) {
        return standard.short;
    }
    let parts = control.rsplit_once(['/', ' ']);
    parts.map_or(control, |(standard, _)| standard)
}

#[cfg(test)]
mod tests {
    use eksentry_core::{Control, checks, standards::STANDARDS};

    use super::*;

    #[test]
    fn the_standards_are_those_of_the_controls() {
        let of = |controls: &[&str]| {
            let controls = controls.iter().map(|&control| control.to_owned()).collect();
            let check = CheckSummary::unknown("a", "b").with_controls(controls);
            check.standards.into_iter().collect::<Vec<_>>()
        };
        for standard in STANDARDS {
            let control = Control {
                standard,
                number: "1.2",
            };
            assert_eq!(of(&[&control.to_string()]), [standard.short]);
        }
        assert_eq!(
            of(&[
                "PCI DSS v4.0.1/1.4.4",
                "PCI DSS v4.0.1/10.2.1",
                "NIST.800-53.r5 AC-3(7)"
            ]),
            ["NIST 800-53", "PCI DSS"]
        );
        assert_eq!(
            of(&[
                "CIS AWS Foundations Benchmark v1.2.0/2.8",
                "ISO 27001 A.12",
                "Unnumbered",
                "/1",
                " 2",
                "",
            ]),
            [
                "CIS AWS Foundations Benchmark v1.2.0",
                "ISO 27001",
                "Unnumbered"
            ]
        );
        assert_eq!(of(&[]), [""; 0]);
    }

    #[test]
    fn a_check_of_the_registry_is_stated_completely() {
        for check in checks::CHECKS {
            let known = CheckSummary::known(check);
            for text in [
                &known.title,
                &known.requirement,
                &known.remediation,
                &known.url,
            ] {
                assert!(!text.is_empty(), "{}", check.id);
            }
            assert_eq!(known.controls.len(), check.controls().count());
        }
    }
}
