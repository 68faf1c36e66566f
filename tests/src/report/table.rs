//! The report as tables for a terminal.

use std::collections::{BTreeMap, BTreeSet};

use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, LineStyle, Table,
    TableStyle, Width,
};

use super::{
    Report,
    finding::{Finding, RowStatus, Severity},
};

/// The length to which reasons are cut. The page has them in full.
const REASON_LENGTH: usize = 240;

/// The number of open findings that are listed for each check of a severity. The page has all.
const SHOWN: usize = 5;

/// The width of the column with the name of a check, the longest of which is `eks-secrets-customer-managed-key`.
const CHECK_WIDTH: u16 = 34;

/// The width of the column with a status above a severity, the longest of which is INFORMATIONAL.
const STATUS_WIDTH: u16 = 15;

/// The style of the tables: a line below the header, and no other lines.
const LINES: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

impl Report {
    /// Renders the report for a terminal of this width: open findings by severity and check, then counts by service and
    /// check, and by rule.
    pub fn table(&self, columns: u16, colors: bool) -> String {
        let style = Style {
            columns: columns.clamp(80, 180),
            colors,
        };
        let mut out = String::new();
        self.open_findings(style, &mut out);
        self.by_check(style, &mut out);
        self.by_rule(style, &mut out);
        out
    }

    /// Renders every finding and every evaluation, one per row.
    pub fn listing(&self, columns: u16, colors: bool) -> String {
        let style = Style {
            columns: columns.clamp(80, 180),
            colors,
        };
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
                    Style::colored(&status, finding.severity.color()),
                    Cell::new(cut(&printable(&finding.reason), REASON_LENGTH)),
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

    fn open_findings(&self, style: Style, out: &mut String) {
        let mut groups: BTreeMap<(Severity, RowStatus), Vec<&Finding>> = BTreeMap::new();
        for finding in self
            .findings
            .iter()
            .filter(|finding| finding.status.is_open())
        {
            groups
                .entry((finding.severity, finding.status))
                .or_default()
                .push(finding);
        }
        if groups.is_empty() {
            out.push_str("Security Hub contains no findings that need attention.\n\n");
        }
        for ((severity, status), findings) in groups {
            let heading = format!(
                "{}, {}: {}",
                severity.label(),
                status.label(),
                findings.len()
            );
            let mut table = style.table(&heading, severity.color(), ["Resource", "Reason"]);
            table.set_constraints([
                ColumnConstraint::Absolute(Width::Fixed(CHECK_WIDTH)),
                ColumnConstraint::Absolute(Width::Percentage(28)),
            ]);
            // Findings are sorted by check, and so by service.
            for findings in findings.chunk_by(|one, next| one.check == next.check) {
                add_check(&mut table, findings);
            }
            append(out, &table);
        }
    }

    /// Renders the numbers by service and by check. A status that no finding has gets no column.
    fn by_check(&self, style: Style, out: &mut String) {
        if self.findings.is_empty() {
            return;
        }
        let counted: BTreeSet<RowStatus> = self.findings.iter().map(|one| one.status).collect();
        let mut services: BTreeMap<&str, BTreeMap<&str, Vec<RowStatus>>> = BTreeMap::new();
        for finding in &self.findings {
            let checks = services.entry(finding.service).or_default();
            let statuses = checks.entry(&finding.check).or_default();
            statuses.push(finding.status);
        }
        let count = |statuses: &[RowStatus]| -> Vec<usize> {
            let of = |status| statuses.iter().filter(|one| *one == status).count();
            counted.iter().map(of).collect()
        };
        let heading = format!("Security Hub, findings: {}", self.findings.len());
        let mut table = style.table(&heading, None, counted.iter().map(|status| status.label()));
        for (service, checks) in services {
            let all: Vec<RowStatus> = checks.values().flatten().copied().collect();
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
        let heading = format!("AWS Config, evaluations: {}", self.evaluations.len());
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

impl Severity {
    fn color(self) -> Option<Color> {
        match self {
            Self::Critical => Some(Color::Magenta),
            Self::High => Some(Color::Red),
            Self::Medium => Some(Color::Yellow),
            Self::Low => Some(Color::Blue),
            Self::Informational => None,
        }
    }
}

/// The width of the tables, and the use of colors.
#[derive(Clone, Copy)]
struct Style {
    columns: u16,
    colors: bool,
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

/// Adds a row for each open finding of a check. The first row has the name of the check. If there are many findings, the
/// last row has the number of those that are not listed.
fn add_check(table: &mut Table, findings: &[&Finding]) {
    let listed = if findings.len() > SHOWN {
        SHOWN - 1
    } else {
        SHOWN
    };
    for (index, finding) in findings.iter().take(listed).enumerate() {
        let check = if index == 0 {
            finding.check.as_str()
        } else {
            ""
        };
        table.add_row([
            Cell::new(printable(check)),
            Cell::new(printable(&finding.resource)),
            Cell::new(cut(&printable(&finding.reason), REASON_LENGTH)),
        ]);
    }
    if findings.len() > listed {
        let rest = format!("and {} more", findings.len() - listed);
        table.add_row([Cell::new(""), Cell::new(rest)]);
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

/// Replaces control characters, with which a name could overwrite the terminal, by spaces.
fn printable(text: &str) -> String {
    text.chars()
        .map(|character| {
            if character.is_control() {
                ' '
            } else {
                character
            }
        })
        .collect()
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
