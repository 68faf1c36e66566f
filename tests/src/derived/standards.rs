//! The page of standards: the controls that each check is mapped to, by standard.

use eksentry_core::{
    Check, Control, Standard,
    checks::CHECKS,
    standards::{FSBP, SECURITY_HUB, STANDARDS},
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
         completely. Only published mappings are listed."
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
        ..
    } = standard;
    let mut lines = vec![
        format!("## {name}\n\n<{url}>\n\nMapped by {mapped_by}.\n"),
        row(&["Check", "Controls"]),
        row(&["---"; 2]),
    ];
    lines.extend(CHECKS.iter().filter_map(|check| line(check, standard)));
    lines.join("\n")
}

fn line(check: &Check, standard: &'static Standard) -> Option<String> {
    let group = standard.group(check.id)?;
    let links: Vec<_> = group.controls().map(link).collect();
    let page = format!("[{id}](checks/{id}.md)", id = check.id);
    Some(row(&[&page, &links.join(", ")]))
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
