//! The page of standards: the controls that each check is mapped to, by standard.

use eksentry_core::{
    Control, Standard,
    checks::CHECKS,
    standards::{Answer, FSBP, SECURITY_HUB, STANDARDS},
};

use super::row;

/// The path of the page, relative to the repository's root.
pub(super) const PATH: &str = "docs/standards.md";

const CONTROLS: &str = "https://docs.aws.amazon.com/securityhub/latest/userguide";

/// Renders the page in Markdown.
pub(super) fn page() -> String {
    let mut parts = vec![
        "# Standards".to_owned(),
        format!(
            "<!-- Derived from shared/core/src/standards. Edit that, then run {} -->",
            super::BLESS
        ),
        "This page lists the controls that each check is mapped to. Findings contain them as related requirements \
         (`Compliance.RelatedRequirements`). A check that passes is evidence for a control, but does not prove it \
         completely. Only published mappings are listed. The titles of controls are in the words of eksentry; the texts \
         of the standards apply."
            .to_owned(),
    ];
    parts.extend(STANDARDS.map(section));
    parts.join("\n\n") + "\n"
}

/// Renders a control in Markdown: as a link if it has its own section in a guide, as Security Hub's controls have.
pub(super) fn link(control: Control) -> String {
    let number = control.number;
    match number.split_once('.') {
        Some((service, _)) if [&FSBP, &SECURITY_HUB].contains(&control.standard) => format!(
            "[{number}]({CONTROLS}/{}-controls.html#{})",
            service.to_lowercase(),
            number.to_lowercase().replace('.', "-")
        ),
        _ => number.to_owned(),
    }
}

fn section(standard: &'static Standard) -> String {
    let Standard {
        name,
        url,
        mapped_by,
        extent,
        ..
    } = standard;
    let controls = standard.controls();
    let rows = if controls.iter().all(|answer| answer.title.is_empty()) {
        by_check(standard)
    } else {
        by_control(&controls)
    };
    format!(
        "## {name}\n\n<{url}>\n\nMapped by {mapped_by}. {extent}\n\n{}",
        rows.join("\n")
    )
}

/// Renders the table of a standard of which only the mapped controls are known.
fn by_check(standard: &'static Standard) -> Vec<String> {
    let rows = CHECKS.iter().filter_map(|check| {
        let group = standard.group(check.id)?;
        let links: Vec<_> = group.controls().map(link).collect();
        Some(row(&[&page_of(check.id), &links.join(", ")]))
    });
    [row(&["Check", "Controls"]), row(&["---"; 2])]
        .into_iter()
        .chain(rows)
        .collect()
}

/// Renders the table of a standard that has a catalog.
fn by_control(controls: &[Answer]) -> Vec<String> {
    let rows = controls.iter().map(|answer| {
        let pages: Vec<_> = answer.checks.iter().map(|check| page_of(check)).collect();
        let checks = match answer.manual {
            Some(reason) => format!("Manual: {reason}"),
            None => pages.join(", "),
        };
        row(&[&link(answer.control), answer.title, &checks])
    });
    [row(&["Control", "Title", "Checks"]), row(&["---"; 3])]
        .into_iter()
        .chain(rows)
        .collect()
}

fn page_of(check: &str) -> String {
    format!("[{check}](checks/{check}.md)")
}

#[cfg(test)]
mod tests {
    use super::*;
    use eksentry_core::standards::NIST_800_53;

    #[test]
    fn only_security_hub_controls_are_links() {
        let control = |standard, number| Control { standard, number };
        assert_eq!(
            link(control(&FSBP, "EKS.1")),
            "[EKS.1](https://docs.aws.amazon.com/securityhub/latest/userguide/eks-controls.html#eks-1)"
        );
        assert_eq!(link(control(&NIST_800_53, "AC-3(7)")), "AC-3(7)");
    }
}
