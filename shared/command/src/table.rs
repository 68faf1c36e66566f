//! The results of a scan as tables for a terminal.

use std::fmt::Write as _;

use comfy_table::{
    Attribute, Cell, Color, ColumnConstraint, ContentArrangement, LineStyle, Table, TableStyle,
    Width,
};
use eksentry_core::Severity;

use crate::finding::{Finding, Status};
use crate::report::Report;
use crate::terminal::{Style, printable};

/// The length to which reasons are cut. Files have them in full.
const REASON_LENGTH: usize = 320;

/// The number of findings that are listed for each check of a severity, unless all are.
const SHOWN: usize = 5;

/// The width of the column with the name of a check.
const CHECK_WIDTH: u16 = 34;

/// A line below the header, and no other lines.
const LINES: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// Renders the findings that need attention, by severity, and then the numbers. After each table are the commands that
/// correct what it lists. With `all`, each finding is listed.
pub(crate) fn render(report: &Report, all: bool, style: Style) -> String {
    let mut text = String::new();
    let has_places = has_places(&report.findings);
    let open = report.findings.iter();
    let open: Vec<&Finding> = open.filter(|one| one.status != Status::Passed).collect();
    let group = |one: &Finding| (one.status, one.severity);
    for findings in open.chunk_by(|one, next| group(one) == group(next)) {
        let Some(first) = findings.first() else {
            continue;
        };
        let checks = findings.chunk_by(|one, next| one.check == next.check);
        let listed: Vec<Listed<'_>> = checks.map(|of_check| Listed::new(of_check, all)).collect();
        text.push_str(&table(first, findings.len(), &listed, has_places, style));
        text.push_str("\n\n");
        if first.status == Status::Failed || first.status == Status::Warning {
            commands(&listed, &mut text);
        }
    }
    for error in &report.errors {
        let _ = writeln!(text, "error: {}", printable(error));
    }
    if !report.errors.is_empty() {
        text.push('\n');
    }
    text.push_str(&summary(report));
    text
}

/// The findings of a check that a table lists.
struct Listed<'a> {
    findings: &'a [&'a Finding],
    /// The number of the others.
    others: usize,
}

impl<'a> Listed<'a> {
    fn new(findings: &'a [&'a Finding], all: bool) -> Self {
        let shown = if all || findings.len() <= SHOWN {
            findings.len()
        } else {
            SHOWN - 1
        };
        Self {
            findings: &findings[..shown],
            others: findings.len() - shown,
        }
    }
}

fn table(
    first: &Finding,
    count: usize,
    listed: &[Listed<'_>],
    has_places: bool,
    style: Style,
) -> String {
    let heading = match first.status {
        Status::Failed => format!("{}: {count} failed", first.severity),
        status => format!("{}: {count}", status.label().to_uppercase()),
    };
    let heading = colored(&heading, color(first)).add_attribute(Attribute::Bold);
    let others = ["Resource", "Reason"].map(|name| Cell::new(name).add_attribute(Attribute::Dim));
    let mut table = Table::new();
    table
        .load_style(LINES)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_width(style.columns)
        .set_header(std::iter::once(heading).chain(others))
        // Standard output decides, not the library.
        .force_no_tty()
        .set_constraints([
            ColumnConstraint::Absolute(Width::Fixed(CHECK_WIDTH)),
            ColumnConstraint::Absolute(Width::Percentage(28)),
        ]);
    if style.colors {
        table.enforce_styling();
    }
    for Listed { findings, others } in listed {
        for (index, finding) in findings.iter().enumerate() {
            let check = if index == 0 { finding.check } else { "" };
            table.add_row([
                check.to_owned(),
                name(finding, has_places),
                cut(&printable(&finding.explanation()), REASON_LENGTH),
            ]);
        }
        if *others > 0 {
            table.add_row([String::new(), format!("and {others} more (--all)")]);
        }
    }
    table.trim_fmt()
}

/// Appends the steps that correct the listed findings of each check, with their commands.
fn commands(listed: &[Listed<'_>], text: &mut String) {
    for Listed { findings, .. } in listed {
        let Some(first) = findings.first() else {
            continue;
        };
        let _ = writeln!(text, "  {}: {}", first.check, first.remediation.text);
        let mut last = "";
        for finding in *findings {
            let command = finding.remediation.command.as_str();
            if command != last {
                let _ = writeln!(text, "    {}", printable(command));
            }
            last = command;
        }
    }
    text.push('\n');
}

/// Returns the name of a resource, with its account and Region if several of them were evaluated.
fn name(finding: &Finding, has_places: bool) -> String {
    // The digest of an image fills a line without telling anything to a person.
    let name = match finding.resource_name.split_once("/sha256:") {
        Some((repository, digest)) => {
            format!(
                "{repository}@{}",
                digest.chars().take(12).collect::<String>()
            )
        }
        None => finding.resource_name.clone(),
    };
    let name = format!("{} {name}", finding.resource_kind);
    printable(&if has_places {
        format!("{name} ({}, {})", finding.region, finding.account)
    } else {
        name
    })
}

/// Returns `true` if findings are about several accounts or Regions.
fn has_places(findings: &[Finding]) -> bool {
    let place = |finding: &Finding| (finding.account.clone(), finding.region.clone());
    let mut places = findings.iter().map(place);
    let first = places.next();
    places.any(|other| Some(other) != first)
}

fn summary(report: &Report) -> String {
    let counts = &report.counts;
    let mut parts = vec![
        format!("{} failed", counts.failed),
        format!("{} to review", counts.warning),
        format!("{} not available", counts.not_available),
        format!("{} passed", counts.passed),
    ];
    if counts.muted > 0 {
        parts.push(format!("{} of them muted", counts.muted));
    }
    if counts.pending > 0 {
        parts.push(format!("{} pending", counts.pending));
    }
    let (seconds, tenths) = (counts.duration_ms / 1_000, counts.duration_ms / 100 % 10);
    let throttled = match counts.throttled {
        0 => String::new(),
        throttled => format!(", {throttled} of them throttled"),
    };
    format!(
        "{} of {} resources of account {}.\n{} calls{throttled}, {seconds}.{tenths} s.\n",
        parts.join(", "),
        counts.resources,
        report.account,
        counts.calls
    )
}

fn color(finding: &Finding) -> Option<Color> {
    match (finding.status, finding.severity) {
        (Status::Failed, Severity::Critical) => Some(Color::Magenta),
        (Status::Failed, Severity::High) => Some(Color::Red),
        (Status::Failed, Severity::Medium) => Some(Color::Yellow),
        (Status::Failed, Severity::Low) => Some(Color::Blue),
        _ => None,
    }
}

fn colored(text: &str, color: Option<Color>) -> Cell {
    let cell = Cell::new(text);
    match color {
        Some(color) => cell.fg(color),
        None => cell,
    }
}

/// Returns at most `length` characters, with an ellipsis in place of the rest.
fn cut(text: &str, length: usize) -> String {
    match text.char_indices().nth(length) {
        None => text.to_owned(),
        Some(_) => text.chars().take(length - 1).chain(['…']).collect(),
    }
}

#[cfg(test)]
mod tests {
    use eksentry_core::Outcome;

    use super::*;
    use crate::finding::{Reason, Remediation};
    use crate::report::Counts;

    /// Returns a failure of a check about the cluster with this name.
    fn failure(name: &str, severity: Severity) -> Finding {
        let resource = format!("arn:aws:eks:eu-central-1:111122223333:cluster/{name}");
        Finding {
            id: format!("eksentry/eks-endpoint-private/{resource}"),
            status: Status::Failed,
            severity,
            check: "eks-endpoint-private",
            title: "EKS clusters should not have a public endpoint",
            service: "Amazon EKS",
            controls: Vec::new(),
            resource,
            resource_kind: "cluster",
            resource_name: name.to_owned(),
            account: "111122223333".to_owned(),
            region: "eu-central-1".to_owned(),
            reasons: vec![Reason {
                code: "PUBLIC_ENDPOINT_ON",
                text: "The public endpoint is on.".to_owned(),
            }],
            remediation: Remediation {
                text: "Turn it off.",
                command: format!("aws eks update-cluster-config --name {name}"),
                url: "https://docs.aws.amazon.com".to_owned(),
            },
            muted: None,
            exception: None,
            observed_at: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    fn report(findings: Vec<Finding>) -> Report {
        Report {
            version: "0.1.0",
            made_at: jiff::Timestamp::UNIX_EPOCH,
            account: "111122223333".to_owned(),
            region: "eu-central-1".to_owned(),
            counts: Counts {
                failed: findings.len(),
                ..Counts::default()
            },
            findings,
            errors: vec!["a\u{1b}[2Jlist".to_owned()],
        }
    }

    fn style(colors: bool) -> Style {
        Style {
            columns: 120,
            colors,
        }
    }

    #[test]
    fn findings_are_grouped_by_severity_with_their_commands() {
        let findings = vec![failure("a", Severity::High), failure("b", Severity::Medium)];
        let text = render(&report(findings), false, style(false));
        let positions = [
            "HIGH: 1 failed",
            " cluster a ",
            "eks-endpoint-private: Turn it off.",
            "\n    aws eks update-cluster-config --name a\n",
            "MEDIUM: 1 failed",
            "--name b",
            "error: a [2Jlist",
            "2 failed, 0 to review",
        ]
        .map(|part| text.find(part).unwrap_or_else(|| panic!("{part}: {text}")));
        assert!(positions.is_sorted(), "{text}");
    }

    #[test]
    fn only_some_findings_of_a_check_are_listed_unless_all_are_wanted() {
        let findings = || {
            (0..9)
                .map(|n| failure(&format!("c{n}"), Severity::High))
                .collect()
        };
        let some = render(&report(findings()), false, style(false));
        assert!(
            some.contains("and 5 more (--all)") && !some.contains("--name c4"),
            "{some}"
        );
        let all = render(&report(findings()), true, style(false));
        assert!(!all.contains("more") && all.contains("--name c8"), "{all}");
    }

    #[test]
    fn places_are_named_if_there_are_several() {
        let place = "cluster a (eu-central-1, 111122223333)";
        let elsewhere = Finding {
            region: "eu-west-1".to_owned(),
            ..failure("b", Severity::High)
        };
        for (findings, is_named) in [
            (vec![failure("a", Severity::High)], false),
            (vec![failure("a", Severity::High), elsewhere], true),
        ] {
            let text = render(
                &report(findings),
                false,
                Style {
                    columns: 180,
                    colors: false,
                },
            );
            assert_eq!(text.contains(place), is_named, "{text}");
        }
    }

    #[test]
    fn colors_are_used_only_on_request() {
        let of = |colors| {
            render(
                &report(vec![failure("a", Severity::High)]),
                false,
                style(colors),
            )
        };
        assert!(of(true).contains('\u{1b}') && !of(false).contains('\u{1b}'));
    }

    #[test]
    fn a_status_has_its_own_order() {
        let status = |outcome| Status::of(outcome);
        assert_eq!(status(Outcome::NotApplicable), None);
        assert!(status(Outcome::Failed(Severity::Low)) < status(Outcome::NotAvailable));
        assert!(status(Outcome::NotAvailable) < status(Outcome::Passed));
    }
}
