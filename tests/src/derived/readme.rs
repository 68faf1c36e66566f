//! The table of all checks in the README.

use eksentry_core::{Check, Control, checks::CHECKS};

use super::standards::{by_standard, standard};
use super::{Block, page, page_path, row, severities};

/// The table, with an empty line on either side.
pub(super) fn block() -> Block {
    let heads = [
        "Check",
        "What should be",
        "Severity",
        "Resource",
        "CIS, Security Hub",
    ];
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
        page::resource(check.kind()),
        &controls(check),
    ])
}

/// The controls that people know checks by: NIST's and PCI's are many, and on the check's page.
fn controls(check: &Check) -> String {
    let groups = by_standard(check).into_iter();
    let known = groups
        .filter(|(_, controls)| !matches!(controls[0], Control::Nist80053(_) | Control::PciDss(_)));
    let texts: Vec<_> = known
        .map(|(of, controls)| {
            let numbers: Vec<_> = controls
                .into_iter()
                .map(|control| standard(control).1)
                .collect();
            format!("{} {}", of.short, numbers.join(", "))
        })
        .collect();
    texts.join("; ")
}
