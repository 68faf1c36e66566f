//! The report as tables for a terminal.

use std::collections::BTreeMap;

use comfy_table::{
    Attribute, Cell, CellAlignment, Color, ColumnConstraint, ContentArrangement, LineStyle, Table,
    TableStyle, Width,
};

use super::{Finding, Report, RowStatus, Severity};

/// The length to which reasons are cut. The page has them in full.
const REASON_LENGTH: usize = 240;

/// The width of the column with the name of a check, the longest of which is `eks-secrets-customer-managed-key`.
const CHECK_WIDTH: u16 = 34;

/// The width of the column with a status above a severity, the longest of which is INFORMATIONAL.
const STATUS_WIDTH: u16 = 15;

/// The style of the tables: a line below the header, and no other lines.
const LINES: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

impl Report {
    /// Renders the report for a terminal of this width: open findings by severity, then counts by check and by rule.
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
            let mut table = style.table(&heading, severity.color(), ["Check", "Reason"]);
            table.set_constraints([
                ColumnConstraint::Absolute(Width::Percentage(28)),
                ColumnConstraint::Absolute(Width::Fixed(CHECK_WIDTH)),
            ]);
            for finding in findings {
                table.add_row([
                    Cell::new(printable(&finding.resource)),
                    Cell::new(printable(&finding.check)),
                    Cell::new(cut(&printable(&finding.reason), REASON_LENGTH)),
                ]);
            }
            append(out, &table);
        }
    }

    fn by_check(&self, style: Style, out: &mut String) {
        const COUNTED: [RowStatus; 6] = [
            RowStatus::Failed,
            RowStatus::Warning,
            RowStatus::NotAvailable,
            RowStatus::Passed,
            RowStatus::Suppressed,
            RowStatus::Archived,
        ];
        let mut checks: BTreeMap<&str, [usize; COUNTED.len()]> = BTreeMap::new();
        for finding in &self.findings {
            let counts = checks.entry(&finding.check).or_default();
            for (count, status) in counts.iter_mut().zip(COUNTED) {
                *count += usize::from(status == finding.status);
            }
        }
        if checks.is_empty() {
            return;
        }
        let heading = format!("Security Hub, findings: {}", self.findings.len());
        let mut table = style.table(&heading, None, COUNTED.map(RowStatus::label));
        for (check, counts) in &checks {
            table.add_row(row_of_counts(check, counts));
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
    fn table<const N: usize>(
        self,
        heading: &str,
        color: Option<Color>,
        others: [&str; N],
    ) -> Table {
        let first = Self::colored(heading, color).add_attribute(Attribute::Bold);
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
mod tests {
    use serde_json::json;

    use super::super::tests::{CLUSTER, evaluation, finding, report};
    use super::*;

    #[test]
    fn open_findings_are_ordered_by_severity_then_status() {
        let table = report(
            [
                finding("b", CLUSTER, "WARNING", "LOW"),
                finding("d", CLUSTER, "NOT_AVAILABLE", "INFORMATIONAL"),
                finding("a", CLUSTER, "FAILED", "LOW"),
                finding("c", CLUSTER, "FAILED", "CRITICAL"),
            ],
            Vec::new(),
        )
        .table(120, false);
        let places: Vec<_> = [
            "CRITICAL, failed: 1",
            "LOW, failed: 1",
            "LOW, warning: 1",
            "INFORMATIONAL, not available: 1",
            "findings: 4",
        ]
        .into_iter()
        .map(|heading| {
            table
                .find(heading)
                .unwrap_or_else(|| panic!("{heading} is missing in\n{table}"))
        })
        .collect();
        assert!(places.is_sorted(), "{table}");
    }

    #[test]
    fn passed_findings_are_counted_but_not_listed() {
        let findings = [finding(
            "eks-endpoint-private",
            CLUSTER,
            "PASSED",
            "INFORMATIONAL",
        )];
        let table = report(
            findings,
            vec![evaluation("eksentry-rule", "x", "NON_COMPLIANT")],
        )
        .table(120, false);
        assert!(!table.contains("payments-prod"), "{table}");
        assert!(table.contains("eks-endpoint-private"), "{table}");
        assert!(table.contains("no findings that need attention"), "{table}");
        assert!(table.contains("AWS Config, evaluations: 1"), "{table}");
    }

    #[test]
    fn tables_fit_the_terminal() {
        let mut asff = finding(
            "eks-secrets-customer-managed-key",
            CLUSTER,
            "FAILED",
            "HIGH",
        );
        asff["Description"] = json!("Ünïcödé ".repeat(200));
        let long = format!("{CLUSTER}{}", "x".repeat(200));
        let other = finding("ecr-image-scan-findings", &long, "FAILED", "HIGH");
        let report = report(
            [asff, other],
            vec![evaluation(
                "eksentry-eks-endpoint-private",
                "x",
                "COMPLIANT",
            )],
        );
        for columns in [100_u16, 120, 160] {
            let table = report.table(columns, false);
            let widest = table
                .lines()
                .map(|line| line.chars().count())
                .max()
                .unwrap_or(0);
            assert!(
                widest <= usize::from(columns),
                "{widest} of {columns} columns:\n{table}"
            );
        }
    }

    #[test]
    fn a_listing_has_a_row_for_each_finding_and_evaluation() {
        let findings = [
            finding("eks-endpoint-private", CLUSTER, "PASSED", "INFORMATIONAL"),
            finding("eks-control-plane-logging", CLUSTER, "FAILED", "LOW"),
        ];
        let listing = report(
            findings,
            vec![evaluation("eksentry-rule", "ledger-prod", "NOT_APPLICABLE")],
        )
        .listing(140, false);
        for text in [
            "passed",
            "eks-endpoint-private",
            "eks-control-plane-logging",
            "ledger-prod",
            "NOT_APPLICABLE",
        ] {
            assert!(listing.contains(text), "{text} is missing in\n{listing}");
        }
        assert_eq!(report([], Vec::new()).listing(140, false), "");
    }

    #[test]
    fn colors_are_used_only_if_enabled() {
        let report = report([finding("a", CLUSTER, "FAILED", "CRITICAL")], Vec::new());
        assert!(!report.table(120, false).contains('\u{1b}'));
        assert!(report.table(120, true).contains('\u{1b}'));
    }

    #[test]
    fn control_characters_are_removed() {
        let table = report(
            [finding("a", "\u{1b}[2Jgone", "FAILED", "HIGH")],
            Vec::new(),
        )
        .table(120, false);
        assert!(!table.contains('\u{1b}'));
        assert!(table.contains("[2Jgone"));
    }

    #[test]
    fn texts_are_truncated_by_characters() {
        assert_eq!(cut("äöü", 3), "äöü");
        assert_eq!(cut("äöüß", 3), "äö…");
        assert_eq!(cut("", 3), "");
    }

    #[test]
    fn an_empty_report_is_one_line() {
        assert_eq!(
            report([], Vec::new()).table(120, true),
            "Security Hub contains no findings that need attention.\n\n"
        );
    }
}
