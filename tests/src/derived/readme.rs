//! The tables of all checks in the README, one for each service.

use eksentry_core::{
    Check, Service,
    checks::CHECKS,
    service::{self, SERVICES},
    standards::{CIS_AWS, CIS_AWS_OF_SECURITY_HUB, CIS_EKS, FSBP, SECURITY_HUB, groups},
};

use super::{Block, page_path, row};

/// Renders the tables, with an empty line around each.
pub(super) fn block() -> Block {
    let tables = SERVICES.iter().flat_map(table);
    Block {
        begin: "<!-- derived: checks (begin) -->".to_owned(),
        end: "<!-- derived: checks (end) -->".to_owned(),
        lines: tables.chain([String::new()]).collect(),
    }
}

/// Renders the table of a service, with its heading; nothing if there is no check of the service.
fn table(service: &Service) -> Vec<String> {
    let checks: Vec<_> = CHECKS
        .into_iter()
        .filter(|check| service::of(check.id) == Some(service))
        .collect();
    if checks.is_empty() {
        return Vec::new();
    }
    let heads = [
        "Check",
        "Requirement",
        "Highest severity",
        "CIS and AWS controls",
    ];
    let mut lines = vec![
        String::new(),
        format!("### {}", service.name),
        String::new(),
        row(&heads),
        row(&["---"; 4]),
    ];
    lines.extend(checks.into_iter().map(check));
    lines
}

fn check(check: &Check) -> String {
    let id = format!("[{}]({})", check.id, page_path(check).display());
    let worst = check.severities.first();
    let worst = worst.map_or("", |(severity, _)| severity.label());
    let title = if check.enabled {
        check.title.to_owned()
    } else {
        format!("{} (off by default)", check.title)
    };
    row(&[&id, &title, worst, &controls(check)])
}

/// Lists the controls by which readers know a check. Those of the other standards are on the check's page.
fn controls(check: &Check) -> String {
    let listed = [
        &CIS_EKS,
        &CIS_AWS,
        &CIS_AWS_OF_SECURITY_HUB,
        &FSBP,
        &SECURITY_HUB,
    ];
    let known = groups(check.id).filter(|group| listed.contains(&group.standard));
    let texts = known.map(|group| format!("{} {}", group.standard.short, group.numbers.join(", ")));
    texts.collect::<Vec<_>>().join("; ")
}
