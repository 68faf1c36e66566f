//! The report as tables for a terminal.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, LineStyle, Table,
    TableStyle, Width,
};

use eksentry_core::Severity;

use crate::{Finding, Report, Status, Style, printable, service_of};

/// The length to which reasons are cut. Files have them in full.
const REASON_LENGTH: usize = 320;

/// The number of findings that are listed for each check of a severity, unless all are.
const SHOWN: usize = 5;

/// The width of the column with the name of a check, the longest of which is `eks-secrets-customer-managed-key`.
const CHECK_WIDTH: u16 = 34;

/// The width of the column with a status above a severity, the longest of which is INFORMATIONAL.
const STATUS_WIDTH: u16 = 15;

/// The style of the tables: a line below the header, and no other lines.
const LINES: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// The choice of what is listed of the findings that need attention.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Listing {
    /// `true` if all findings are listed, and not only the first five of each check and severity.
    pub all: bool,
    /// `true` if the steps and the commands that correct failures follow each table.
    pub commands: bool,
}

impl Report {
    /// Renders the findings that need attention for a terminal, by severity and check.
    pub fn open_findings(&self, style: Style, listing: Listing) -> String {
        let mut groups: BTreeMap<(Reverse<Severity>, Status), Vec<&Finding>> = BTreeMap::new();
        let findings = self.findings.iter();
        for finding in findings.filter(|finding| finding.status.is_open()) {
            let key = (Reverse(finding.severity), finding.status);
            groups.entry(key).or_default().push(finding);
        }
        let mut out = String::new();
        if groups.is_empty() {
            out.push_str("No finding needs attention.\n\n");
        }
        let has_places = self.has_places();
        for ((Reverse(severity), status), findings) in groups {
            let heading = format!(
                "{}, {}: {}",
                severity.label(),
                status.label(),
                findings.len()
            );
            let mut table = style.table(&heading, color(severity), ["Resource", "Reason"]);
            table.set_constraints([
                ColumnConstraint::Absolute(Width::Fixed(CHECK_WIDTH)),
                ColumnConstraint::Absolute(Width::Percentage(28)),
            ]);
            // Findings are sorted by check, and so by service.
            let checks = findings.chunk_by(|one, next| one.check == next.check);
            let listed: Vec<Listed<'_>> = checks.map(|one| Listed::new(one, listing.all)).collect();
            for of_check in &listed {
                of_check.add_to(&mut table, has_places);
            }
            append(&mut out, &table);
            if listing.commands && status != Status::NotAvailable {
                for of_check in &listed {
                    self.add_commands(of_check, &mut out);
                }
                out.push('\n');
            }
        }
        out
    }

    /// Renders the numbers of findings by service and check, and those of evaluations by rule.
    pub fn numbers(&self, style: Style) -> String {
        let mut out = String::new();
        self.by_check(style, &mut out);
        self.by_rule(style, &mut out);
        out
    }

    /// Renders every finding and every evaluation, one per row.
    pub fn listing(&self, style: Style) -> String {
        let mut out = String::new();
        if !self.findings.is_empty() {
            let heading = format!("Findings: {}", self.findings.len());
            let mut table = style.table(&heading, None, ["Check", "Status", "Reason"]);
            table.set_constraints([
                ColumnConstraint::Absolute(Width::Percentage(25)),
                ColumnConstraint::Absolute(Width::Fixed(CHECK_WIDTH)),
                ColumnConstraint::Absolute(Width::Fixed(STATUS_WIDTH)),
            ]);
            for finding in &self.findings {
                let status = format!("{}\n{}", finding.status.label(), finding.severity.label());
                table.add_row([
                    Cell::new(printable(&finding.resource)),
                    Cell::new(printable(&finding.check)),
                    Style::colored(&status, color(finding.severity)),
                    Cell::new(cut(&printable(&finding.reason()), REASON_LENGTH)),
                ]);
            }
            append(&mut out, &table);
        }
        if !self.evaluations.is_empty() {
            let heading = format!("Evaluations: {}", self.evaluations.len());
            let mut table = style.table(&heading, None, ["Rule", "Compliance", "Annotation"]);
            for evaluation in &self.evaluations {
                table.add_row([
                    Cell::new(printable(&evaluation.resource_id)),
                    Cell::new(printable(&evaluation.rule)),
                    Cell::new(printable(&evaluation.compliance)),
                    Cell::new(printable(
                        evaluation.annotation.as_deref().unwrap_or_default(),
                    )),
                ]);
            }
            append(&mut out, &table);
        }
        out
    }

    /// Returns `true` if findings are about several accounts or Regions.
    fn has_places(&self) -> bool {
        let mut places = self.findings.iter().map(|one| (&one.account, &one.region));
        let first = places.next();
        places.any(|other| Some(other) != first)
    }

    /// Appends the steps that correct the listed findings of a check, with their commands.
    fn add_commands(&self, listed: &Listed<'_>, out: &mut String) {
        let Some(first) = listed.findings.first() else {
            return;
        };
        let steps = self
            .check(&first.check)
            .map_or("", |check| &check.remediation);
        let _ = writeln!(out, "  {}: {}", printable(&first.check), printable(steps));
        let mut last = "";
        for finding in listed.findings {
            let command = finding.command.as_str();
            if command != last {
                let _ = writeln!(out, "    {}", printable(command));
            }
            last = command;
        }
    }

    /// Renders the numbers by service and by check. A status that no finding has gets no column.
    fn by_check(&self, style: Style, out: &mut String) {
        if self.findings.is_empty() {
            return;
        }
        let counted: BTreeSet<Status> = self.findings.iter().map(|one| one.status).collect();
        let mut services: BTreeMap<&str, BTreeMap<&str, Vec<Status>>> = BTreeMap::new();
        for finding in &self.findings {
            let checks = services.entry(service_of(&finding.check)).or_default();
            let statuses = checks.entry(&finding.check).or_default();
            statuses.push(finding.status);
        }
        let count = |statuses: &[Status]| -> Vec<usize> {
            let of = |status| statuses.iter().filter(|one| *one == status).count();
            counted.iter().map(of).collect()
        };
        let heading = format!("Findings by check: {}", self.findings.len());
        let mut table = style.table(&heading, None, counted.iter().map(|status| status.label()));
        for (service, checks) in services {
            let all: Vec<Status> = checks.values().flatten().copied().collect();
            let sums = row_of_counts(service, &count(&all));
            table.add_row(
                sums.into_iter()
                    .map(|cell| cell.add_attribute(Attribute::Bold)),
            );
            for (check, statuses) in checks {
                table.add_row(row_of_counts(&format!("  {check}"), &count(&statuses)));
            }
        }
        append(out, &table);
    }

    fn by_rule(&self, style: Style, out: &mut String) {
        const COUNTED: [&str; 3] = ["NON_COMPLIANT", "COMPLIANT", "NOT_APPLICABLE"];
        let mut rules: BTreeMap<&str, [usize; COUNTED.len()]> = BTreeMap::new();
        for evaluation in &self.evaluations {
            let counts = rules.entry(&evaluation.rule).or_default();
            for (count, compliance) in counts.iter_mut().zip(COUNTED) {
                *count += usize::from(compliance == evaluation.compliance);
            }
        }
        if rules.is_empty() {
            return;
        }
        let heading = format!("Evaluations in AWS Config: {}", self.evaluations.len());
        let mut table = style.table(
            &heading,
            None,
            ["non-compliant", "compliant", "not applicable"],
        );
        for (rule, counts) in &rules {
            table.add_row(row_of_counts(rule, counts));
        }
        append(out, &table);
    }
}

fn color(severity: Severity) -> Option<Color> {
    match severity {
        Severity::Critical => Some(Color::Magenta),
        Severity::High => Some(Color::Red),
        Severity::Medium => Some(Color::Yellow),
        Severity::Low => Some(Color::Blue),
        Severity::Informational => None,
    }
}

impl Style {
    /// Creates a table. The header of its first column is the table's heading.
    fn table<'a>(
        self,
        heading: &str,
        color: Option<Color>,
        others: impl IntoIterator<Item = &'a str>,
    ) -> Table {
        let first = Self::colored(heading, color).add_attribute(Attribute::Bold);
        let others = others.into_iter();
        let others = others.map(|name| Cell::new(name).add_attribute(Attribute::Dim));
        let mut table = Table::new();
        table
            .load_style(LINES)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(self.columns)
            .set_header(std::iter::once(first).chain(others))
            // The caller decides whether the output is a terminal.
            .force_no_tty();
        if self.colors {
            table.enforce_styling();
        }
        table
    }

    fn colored(text: &str, color: Option<Color>) -> Cell {
        let cell = Cell::new(text);
        match color {
            Some(color) => cell.fg(color),
            None => cell,
        }
    }
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

    /// Adds a row for each finding, the first of which has the name of the check, and one for the others. Names have
    /// their Region and account with `has_places`.
    fn add_to(&self, table: &mut Table, has_places: bool) {
        for (index, finding) in self.findings.iter().enumerate() {
            let check = if index == 0 { &finding.check } else { "" };
            let name = if has_places {
                let Finding {
                    resource,
                    account,
                    region,
                    ..
                } = finding;
                format!("{resource} ({region}, {account})")
            } else {
                finding.resource.clone()
            };
            table.add_row([
                printable(check),
                printable(&name),
                cut(&printable(&finding.reason()), REASON_LENGTH),
            ]);
        }
        if self.others > 0 {
            table.add_row([String::new(), format!("and {} more", self.others)]);
        }
    }
}

/// Renders a row of counts. A zero is shown as a dot.
fn row_of_counts(name: &str, counts: &[usize]) -> Vec<Cell> {
    let numbers = counts.iter().map(|count| {
        let text = if *count == 0 {
            "·".to_owned()
        } else {
            count.to_string()
        };
        Cell::new(text).set_alignment(CellAlignment::Right)
    });
    std::iter::once(Cell::new(printable(name)))
        .chain(numbers)
        .collect()
}

fn append(out: &mut String, table: &Table) {
    out.push_str(&table.trim_fmt());
    out.push_str("\n\n");
}

/// Returns at most `length` characters, with an ellipsis in place of the rest.
fn cut(text: &str, length: usize) -> String {
    match text.char_indices().nth(length) {
        None => text.to_owned(),
        Some(_) => text
            .chars()
            .take(length.saturating_sub(1))
            .chain(['…'])
            .collect(),
    }
}

#[cfg(test)]
mod tests;
