//! The standards, and the controls to which each check is mapped. No other file than those in `standards/` holds these.
//!
//! Only published mappings are used. For a control of CIS, of AWS or of Kubernetes, the text of the control shows
//! whether it requires what a check evaluates. For all other standards, the mapping comes from a publisher that maps a
//! control or check of the same meaning, and all numbers are used as published. If several controls or checks of the
//! publisher each have the meaning of a part of the check, their numbers are combined.
//!
//! A finding can contain 32 related requirements. If a check would have more, its numbers of NIST SP 800-53 are those
//! of the controls without their enhancements: SI-7 in place of SI-7(1) and SI-7(8).

mod cis_aws;
mod cis_aws_of_security_hub;
mod cis_eks;
mod dora;
mod fsbp;
mod iso_27001;
mod nis2;
mod nist_800_53;
mod pci_dss;
mod pod_security;
mod security_hub;
mod soc_2;

use std::collections::BTreeSet;
use std::fmt;

pub use cis_aws::CIS_AWS;
pub use cis_aws_of_security_hub::CIS_AWS_OF_SECURITY_HUB;
pub use cis_eks::CIS_EKS;
pub use dora::DORA;
pub use fsbp::FSBP;
pub use iso_27001::ISO_27001;
pub use nis2::NIS2;
pub use nist_800_53::NIST_800_53;
pub use pci_dss::PCI_DSS;
pub use pod_security::POD_SECURITY;
pub use security_hub::SECURITY_HUB;
pub use soc_2::SOC_2;

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
    /// The checks that are mapped to controls, sorted by their ids, each with the numbers of its controls.
    mapping: &'static [(&'static str, &'static [&'static str])],
    /// The controls with their titles, in the order of the standard. It is empty for a standard of which only the
    /// controls in the mapping are known.
    catalog: &'static [Entry],
    /// The part of the standard that [`controls`](Self::controls) lists, as a sentence.
    pub extent: &'static str,
}

impl Standard {
    /// Returns the controls to which a check is mapped; `None` if there are none.
    pub fn group(&'static self, check: &str) -> Option<Group> {
        let (_, numbers) = self.mapping.iter().find(|(mapped, _)| *mapped == check)?;
        let standard = self;
        Some(Group { standard, numbers })
    }

    /// Lists the known controls, each with the checks that are mapped to it, in the order of the standard. Without a
    /// catalog, these are the controls in the mapping, ordered by number.
    pub fn controls(&'static self) -> Vec<Answer> {
        if self.catalog.is_empty() {
            let numbers = self.mapping.iter().flat_map(|(_, numbers)| *numbers);
            let numbers: BTreeSet<(Vec<NumberPart>, &str)> = numbers
                .map(|number| (number_parts(number), *number))
                .collect();
            let answer = |(_, number)| self.answer(number, "", None);
            return numbers.into_iter().map(answer).collect();
        }
        let entries = self.catalog.iter();
        entries
            .map(|entry| self.answer(entry.number, entry.title, entry.manual))
            .collect()
    }

    fn answer(
        &'static self,
        number: &'static str,
        title: &'static str,
        manual: Option<&'static str>,
    ) -> Answer {
        let mapped = self.mapping.iter();
        let mapped = mapped.filter(|(_, numbers)| numbers.contains(&number));
        Answer {
            control: Control {
                standard: self,
                number,
            },
            title,
            checks: mapped.map(|(check, _)| *check).collect(),
            manual,
        }
    }
}

/// A control in the catalog of a standard.
#[derive(Debug, PartialEq, Eq)]
struct Entry {
    number: &'static str,
    /// The requirement in this project's words, since the texts of some standards are not free.
    title: &'static str,
    /// The reason why no check evaluates the control, as a sentence.
    manual: Option<&'static str>,
}

/// Returns the entry of a control that checks evaluate.
const fn entry(number: &'static str, title: &'static str) -> Entry {
    Entry {
        number,
        title,
        manual: None,
    }
}

/// Returns the entry of a control that no check evaluates, for this reason.
const fn manual(number: &'static str, title: &'static str, reason: &'static str) -> Entry {
    Entry {
        number,
        title,
        manual: Some(reason),
    }
}

/// A control with the checks that answer it. If there are none, a person has to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The control.
    pub control: Control,
    /// The requirement in this project's words; empty if the standard has no catalog.
    pub title: &'static str,
    /// The ids of the checks that are mapped to the control, sorted.
    pub checks: Vec<&'static str>,
    /// The reason why no check evaluates the control, as a sentence.
    pub manual: Option<&'static str>,
}

/// A part of the number of a control: digits are ordered by their value, and before other text.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum NumberPart {
    Digits(u64),
    Text(String),
}

/// Splits the number of a control, so that AC-2(10) follows AC-2(9).
fn number_parts(number: &str) -> Vec<NumberPart> {
    let is_digit = |c: &char| c.is_ascii_digit();
    let characters: Vec<char> = number.chars().collect();
    let runs = characters.chunk_by(|one, next| is_digit(one) == is_digit(next));
    let parts = runs.map(|run| {
        let text: String = run.iter().collect();
        text.parse()
            .map_or_else(|_| NumberPart::Text(text), NumberPart::Digits)
    });
    parts.collect()
}

/// The extent of a standard without a catalog.
const MAPPED_ONLY: &str = "Only the controls that a check is mapped to are listed. The standard has more, which a \
                           person has to assess.";

/// The publisher of the mappings of several standards. In these mappings, comments name its checks.
const PROWLER: &str = "the open source project [Prowler](https://github.com/prowler-cloud/prowler) 5.46.0, for its own \
                       checks of the same meaning, which may evaluate somewhat more or less; all numbers are as \
                       published there";

/// All standards, in the order in which they are listed.
pub static STANDARDS: [&Standard; 12] = [
    &CIS_EKS,
    &POD_SECURITY,
    &CIS_AWS,
    &CIS_AWS_OF_SECURITY_HUB,
    &FSBP,
    &SECURITY_HUB,
    &NIST_800_53,
    &PCI_DSS,
    &SOC_2,
    &ISO_27001,
    &NIS2,
    &DORA,
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

/// Returns the controls to which a check is mapped, grouped by standard. There are none if no mapping is published.
pub fn groups(check: &str) -> impl Iterator<Item = Group> {
    let standards = STANDARDS.into_iter();
    standards.filter_map(move |standard| standard.group(check))
}

/// Returns the controls to which a check is mapped, one by one.
pub fn controls(check: &str) -> impl Iterator<Item = Control> {
    groups(check).flat_map(|group| group.controls())
}

/// Returns the standard of a control, given the control as findings contain it; `None` if the standard is not in
/// [`STANDARDS`].
pub fn standard_of(requirement: &str) -> Option<&'static Standard> {
    let mut standards = STANDARDS.into_iter();
    standards.find(|standard| requirement.starts_with(standard.prefix))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::checks;

    #[test]
    fn mappings_are_sorted_and_name_existing_checks() {
        for standard in STANDARDS {
            let name = standard.name;
            let mapping = standard.mapping;
            assert!(mapping.is_sorted_by(|(a, _), (b, _)| a < b), "{name}");
            for (check, numbers) in mapping {
                assert!(checks::find(check).is_ok(), "{name}: {check}");
                assert!(!numbers.is_empty(), "{name}: {check}");
                let distinct: HashSet<_> = numbers.iter().collect();
                assert_eq!(distinct.len(), numbers.len(), "{name}: {check}");
            }
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
    fn controls_are_written_with_the_name_of_their_standard() {
        let texts: Vec<String> = controls("kms-cmk-rotation")
            .map(|control| control.to_string())
            .collect();
        for text in [
            "NIST.800-53.r5 SC-12",
            "PCI DSS v4.0.1/3.7.4",
            "ISO/IEC 27001:2022 A.8.24",
            "NIS2 Implementing Regulation (EU) 2024/2690 11.6.2.c",
            "DORA Regulation (EU) 2022/2554 Article 7",
        ] {
            assert!(texts.contains(&text.to_owned()), "{text}: {texts:?}");
        }
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
    fn catalogs_contain_each_mapped_control_once() {
        for standard in STANDARDS.into_iter().filter(|one| !one.catalog.is_empty()) {
            let name = standard.name;
            let numbers: HashSet<_> = standard.catalog.iter().map(|entry| entry.number).collect();
            assert_eq!(
                numbers.len(),
                standard.catalog.len(),
                "{name}: a number is listed twice"
            );
            for number in standard.mapping.iter().flat_map(|(_, numbers)| *numbers) {
                assert!(
                    numbers.contains(number),
                    "{name}: the catalog lacks {number}"
                );
            }
        }
    }

    #[test]
    fn each_control_has_checks_or_a_reason_for_having_none() {
        for standard in STANDARDS {
            let controls = standard.controls();
            assert!(!controls.is_empty(), "{}", standard.name);
            for answer in controls {
                let control = answer.control;
                assert_eq!(
                    answer.checks.is_empty(),
                    answer.manual.is_some(),
                    "{control}"
                );
                assert_eq!(
                    answer.title.is_empty(),
                    standard.catalog.is_empty(),
                    "{control}"
                );
                let manual = answer.manual.unwrap_or("No.");
                assert!(
                    manual.ends_with('.') && !answer.title.ends_with('.'),
                    "{control}"
                );
            }
            assert!(standard.extent.ends_with('.'), "{}", standard.name);
        }
    }

    /// The benchmark has 50 recommendations, by section.
    #[test]
    fn the_benchmark_of_eks_is_listed_whole() {
        let mut sections: Vec<(&str, usize)> = Vec::new();
        for answer in CIS_EKS.controls() {
            let (section, _) = answer.control.number.rsplit_once('.').unwrap();
            match sections.last_mut() {
                Some((last, count)) if *last == section => *count += 1,
                _ => sections.push((section, 1)),
            }
        }
        let expected = [
            ("2.1", 2),
            ("3.1", 4),
            ("3.2", 9),
            ("4.1", 12),
            ("4.2", 5),
            ("4.3", 2),
            ("4.4", 2),
            ("4.5", 2),
            ("5.1", 4),
            ("5.2", 1),
            ("5.3", 1),
            ("5.4", 5),
            ("5.5", 1),
        ];
        assert_eq!(sections, expected);
    }

    #[test]
    fn numbers_are_ordered_by_value() {
        let ordered = ["AC-2", "AC-2(9)", "AC-2(10)", "AC-10", "AU-2", "SC-7"];
        assert!(ordered.is_sorted_by_key(|number| number_parts(number)));
        let listed = NIST_800_53.controls();
        assert!(listed.is_sorted_by_key(|answer| number_parts(answer.control.number)));
    }

    #[test]
    fn an_unmapped_check_has_no_controls() {
        assert_eq!(controls("no-check").count(), 0);
    }
}
