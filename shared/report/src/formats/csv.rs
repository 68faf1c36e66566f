//! The report as comma-separated values, one row for each finding.

use std::borrow::Cow;
use std::io;

use crate::{Comparison, Finding, Report};

const HEADER: [&str; 22] = [
    "status",
    "severity",
    "change",
    "service",
    "check",
    "title",
    "resource",
    "resourceId",
    "type",
    "account",
    "region",
    "cluster",
    "namespace",
    "codes",
    "reason",
    "remediation",
    "command",
    "exception",
    "until",
    "firstSeen",
    "observedAt",
    "controls",
];

impl Report {
    pub(super) fn write_csv(
        &self,
        comparison: Option<&Comparison>,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let mut writer = csv::Writer::from_writer(out);
        writer.write_record(HEADER).map_err(into_io)?;
        for (index, finding) in self.findings.iter().enumerate() {
            let change = comparison.map(|comparison| comparison.change(index));
            let row = self.row(finding, &change.map(word).unwrap_or_default());
            let cells = row.iter().map(|cell| without_formula(cell).into_owned());
            writer.write_record(cells).map_err(into_io)?;
        }
        for former in comparison.iter().flat_map(|comparison| comparison.former()) {
            let row = self.row(&former.finding, &word(former.change));
            let cells = row.iter().map(|cell| without_formula(cell).into_owned());
            writer.write_record(cells).map_err(into_io)?;
        }
        writer.flush()
    }

    fn row(&self, finding: &Finding, change: &str) -> [String; HEADER.len()] {
        let check = self.check(&finding.check);
        let of_check =
            |text: fn(&crate::CheckSummary) -> String| check.map(text).unwrap_or_default();
        let place = finding.place.as_ref();
        let exception = finding.exception.as_ref();
        let until = exception.and_then(|exception| exception.until);
        let time = |time: Option<jiff::Timestamp>| time.map(|time| time.to_string());
        let codes: Vec<&str> = finding
            .reasons
            .iter()
            .map(|one| one.code.as_str())
            .collect();
        [
            finding.status.word(),
            finding.severity.label().to_owned(),
            change.to_owned(),
            of_check(|check| check.service.clone()),
            finding.check.clone(),
            of_check(|check| check.title.clone()),
            finding.resource.clone(),
            finding.resource_id.clone(),
            finding.resource_type.clone(),
            finding.account.clone(),
            finding.region.clone(),
            place.map(|place| place.cluster.clone()).unwrap_or_default(),
            place
                .map(|place| place.namespace.clone())
                .unwrap_or_default(),
            codes.join(" "),
            finding.reason(),
            of_check(|check| check.remediation.clone()),
            finding.command.clone(),
            exception.map(|one| one.reason.clone()).unwrap_or_default(),
            until.map(|day| day.to_string()).unwrap_or_default(),
            time(finding.first_seen).unwrap_or_default(),
            time(finding.observed_at).unwrap_or_default(),
            of_check(|check| check.controls.join("; ")),
        ]
    }
}

fn word(change: crate::Change) -> String {
    // An enum without data is a text in JSON.
    let value = serde_json::json!(change);
    value.as_str().unwrap_or_default().to_owned()
}

fn into_io(error: csv::Error) -> io::Error {
    match error.into_kind() {
        csv::ErrorKind::Io(error) => error,
        other => io::Error::other(format!("{other:?}")),
    }
}

/// Returns a cell that no spreadsheet takes for a formula: an apostrophe precedes a cell that would begin one. Names in
/// it come from the evaluated account.
/// Source: <https://owasp.org/www-community/attacks/CSV_Injection>.
fn without_formula(cell: &str) -> Cow<'_, str> {
    let begins = cell
        .trim_start()
        .starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']);
    if begins || cell.starts_with(['\t', '\r', '\n']) {
        format!("'{cell}").into()
    } else {
        cell.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{CLUSTER, plain, report};
    use crate::{Exception, Format, Status};

    fn rows(report: &Report, comparison: Option<&Comparison>) -> Vec<csv::StringRecord> {
        let mut out = Vec::new();
        report.render(Format::Csv, comparison, &mut out).unwrap();
        let mut reader = csv::Reader::from_reader(&*out);
        assert_eq!(reader.headers().unwrap(), HEADER.to_vec());
        reader.records().map(Result::unwrap).collect()
    }

    fn cell<'a>(row: &'a csv::StringRecord, name: &str) -> &'a str {
        let index = HEADER.iter().position(|one| *one == name).unwrap();
        row.get(index).unwrap()
    }

    #[test]
    fn each_finding_is_a_row() {
        let mut finding = plain("eks-endpoint-private", CLUSTER, Status::Passed);
        finding.exception = Some(Exception {
            reason: "Agreed, \"for now\"\nand later.".to_owned(),
            until: Some("2026-12-31".parse().unwrap()),
        });
        finding.first_seen = Some("2026-11-01T00:00:00Z".parse().unwrap());
        let rows = rows(&report([finding]), None);
        let [row] = &rows[..] else {
            panic!("{rows:?}");
        };
        for (name, expected) in [
            ("status", "PASSED"),
            ("severity", "INFORMATIONAL"),
            ("change", ""),
            ("service", "Amazon EKS"),
            ("resource", "payments-prod"),
            ("resourceId", CLUSTER),
            ("codes", "SEEN"),
            ("reason", "The reason."),
            ("exception", "Agreed, \"for now\"\nand later."),
            ("until", "2026-12-31"),
            ("firstSeen", "2026-11-01T00:00:00Z"),
            ("observedAt", ""),
        ] {
            assert_eq!(cell(row, name), expected, "{name}");
        }
        assert!(cell(row, "controls").starts_with("CIS Amazon EKS Benchmark v1.8.0/5.4.1; "));
    }

    #[test]
    fn no_cell_is_a_formula() {
        for text in [
            "=1+1",
            "+1",
            "-1",
            "@SUM(A1)",
            " =1+1",
            "\t=1+1",
            "\r=1",
            "\n-1",
            "＝1+1",
            "=cmd|' /C calc'!A0",
        ] {
            let mut finding = plain("unknown", CLUSTER, Status::Failed);
            finding.resource = text.to_owned();
            finding.command = text.to_owned();
            let rows = rows(&report([finding]), None);
            assert_eq!(cell(&rows[0], "resource"), format!("'{text}"));
            for cell in &rows[0] {
                let first = cell.trim_start().chars().next();
                assert!(
                    !first.is_some_and(|first| "=+-@＝".contains(first)),
                    "{cell:?}"
                );
            }
        }
        assert_eq!(without_formula("a=1"), "a=1");
        assert_eq!(without_formula(""), "");
    }

    #[test]
    fn changes_are_stated_with_the_findings_that_are_gone() {
        let before = report([
            plain("eks-endpoint-private", "r1", Status::Failed),
            plain("eks-endpoint-private", "r2", Status::Failed),
        ]);
        let now = report([plain("eks-endpoint-private", "r1", Status::Passed)]);
        let rows = rows(&now, Some(&now.compare(&before)));
        let changes: Vec<_> = rows
            .iter()
            .map(|row| {
                (
                    cell(row, "resourceId"),
                    cell(row, "change"),
                    cell(row, "status"),
                )
            })
            .collect();
        assert_eq!(
            changes,
            [("r1", "FIXED", "PASSED"), ("r2", "GONE", "FAILED")]
        );
    }
}
