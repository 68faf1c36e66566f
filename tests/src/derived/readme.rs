//! The table of all checks in the README.

use eksentry_core::{
    Check,
    checks::CHECKS,
    standards::{NIST_800_53, PCI_DSS, SOC_2, groups},
};

use super::{Block, page_path, row, severities};

/// Renders the table, with an empty line before and after it.
pub(super) fn block() -> Block {
    let heads = ["Check", "Requirement", "Severity", "Resource", "CIS, AWS"];
    let mut lines = vec![String::new(), row(&heads), row(&["---"; 5])];
    lines.extend(CHECKS.map(check));
    lines.push(String::new());
    Block {
        begin: "<!-- derived: checks (begin) -->".to_owned(),
        end: "<!-- derived: checks (end) -->".to_owned(),
        lines,
    }
}

fn check(check: &Check) -> String {
    let id = format!("[{}]({})", check.id, page_path(check).display());
    row(&[
        &id,
        check.title,
        &severities(check),
        check.kind().title,
        &controls(check),
    ])
}

/// Lists the controls by which readers know a check. The omitted standards have many controls, which are on the check's
/// page.
fn controls(check: &Check) -> String {
    let many = [&NIST_800_53, &PCI_DSS, &SOC_2];
    let known = groups(check.id)
        .iter()
        .filter(|group| !many.contains(&group.standard));
    let texts = known.map(|group| format!("{} {}", group.standard.short, group.numbers.join(", ")));
    texts.collect::<Vec<_>>().join("; ")
}
