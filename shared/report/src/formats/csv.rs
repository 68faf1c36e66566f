//! The report as comma-separated values (RFC 4180): one row for each finding, and one for each thing that it leaves out.

use std::borrow::Cow;
use std::io;

use csv::{Terminator, Writer, WriterBuilder};
use eksentry_core::finding::parse_finding_id;

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

type Row = [String; HEADER.len()];

impl Report {
    pub(super) fn write_csv(
        &self,
        comparison: Option<&Comparison>,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        let mut writer = WriterBuilder::new()
            .terminator(Terminator::CRLF)
            .from_writer(out);
        writer.write_record(HEADER).map_err(into_io)?;
        for (index, finding) in self.findings.iter().enumerate() {
            let change = comparison.map(|comparison| comparison.change(index));
            write(
                &mut writer,
                self.row(finding, &change.map(word).unwrap_or_default()),
            )?;
        }
        for former in comparison.iter().flat_map(|comparison| comparison.former()) {
            write(&mut writer, self.row(&former.finding, &word(former.change)))?;
        }
        for id in &self.pending {
            write(&mut writer, pending(id))?;
        }
        for error in &self.errors {
            write(&mut writer, note("ERROR", error))?;
        }
        for limit in &self.limits() {
            write(&mut writer, note("LIMIT", limit))?;
        }
        writer.flush()
    }

    fn row(&self, finding: &Finding, change: &str) -> Row {
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

/// Returns the row of a finding whose result is not known yet.
fn pending(id: &str) -> Row {
    let mut row = note("PENDING", "The result is not known yet.");
    if let Some((check, resource)) = parse_finding_id(id) {
        for (name, value) in [
            ("check", check),
            ("resourceId", resource.id()),
            ("account", resource.account()),
            ("region", resource.region()),
        ] {
            set(&mut row, name, value);
        }
    }
    row
}

/// Returns the row of something that the report leaves out, for this reason.
fn note(status: &str, reason: &str) -> Row {
    let mut row = Row::default();
    set(&mut row, "status", status);
    set(&mut row, "reason", reason);
    row
}

fn set(row: &mut Row, name: &str, value: &str) {
    let columns = row.iter_mut().zip(HEADER);
    for (cell, _) in columns.filter(|(_, title)| *title == name) {
        value.clone_into(cell);
    }
}

fn write(writer: &mut Writer<impl io::Write>, row: Row) -> io::Result<()> {
    let cells = row.iter().map(|cell| without_formula(cell).into_owned());
    writer.write_record(cells).map_err(into_io)
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

/// Returns a cell that no spreadsheet takes for a formula: an apostrophe precedes what would begin one. Names in it come
/// from the evaluated account. A spreadsheet that separates cells by semicolons or tabs begins a new cell at each.
/// Source: <https://owasp.org/www-community/attacks/CSV_Injection>.
fn without_formula(cell: &str) -> Cow<'_, str> {
    let begins = |part: &str| {
        let first = part.trim_start().chars().next();
        first.is_some_and(|first| "=+-@＝＋－＠".contains(first))
    };
    let parts = || cell.split_inclusive([';', '\t', '\r', '\n']);
    let quote = |part: &str| if begins(part) { "'" } else { "" }.to_owned() + part;
    if cell.starts_with(['\t', '\r', '\n']) {
        format!("'{}", parts().map(quote).collect::<String>()).into()
    } else if parts().any(begins) {
        parts().map(quote).collect::<String>().into()
    } else {
        cell.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{CLUSTER, plain, report};
    use crate::{Exception, Format, Narrowing, Status};

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
            "=1;=2",
        ] {
            let mut finding = plain("unknown", CLUSTER, Status::Failed);
            finding.resource = text.to_owned();
            finding.command = text.to_owned();
            let rows = rows(&report([finding]), None);
            assert!(cell(&rows[0], "resource").starts_with('\''), "{text:?}");
            let cells = rows[0].iter();
            for cell in cells.flat_map(|cell| cell.split([';', '\t', '\r', '\n'])) {
                let first = cell.trim_start().chars().next();
                assert!(
                    !first.is_some_and(|first| "=+-@＝".contains(first)),
                    "{cell:?}"
                );
            }
        }
        for (text, expected) in [
            ("a=1", "a=1"),
            ("", ""),
            ("=1", "'=1"),
            ("x;=HYPERLINK(1)", "x;'=HYPERLINK(1)"),
            ("x; -1; y", "x;' -1; y"),
        ] {
            assert_eq!(without_formula(text), expected);
        }
    }

    #[test]
    fn what_is_left_out_has_rows() {
        let report = report([plain("eks-endpoint-private", CLUSTER, Status::Passed)])
            .with_pending([format!("eksentry/eks-supported-version/{CLUSTER}")])
            .with_errors(["Denied.".to_owned()])
            .narrowed(Narrowing {
                resources: vec![CLUSTER.to_owned()],
                ..Narrowing::default()
            });
        let rows = rows(&report, None);
        let of = |row| ["status", "check", "resourceId", "reason"].map(|name| cell(row, name));
        assert_eq!(
            rows[1..].iter().map(of).collect::<Vec<_>>(),
            [
                [
                    "PENDING",
                    "eks-supported-version",
                    CLUSTER,
                    "The result is not known yet."
                ],
                ["ERROR", "", "", "Denied."],
                ["LIMIT", "", "", "Only one resource was evaluated."],
            ]
        );
    }

    #[test]
    fn lines_end_as_the_format_requires() {
        let mut out = Vec::new();
        report([]).render(Format::Csv, None, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.ends_with(",controls\r\n"), "{text:?}");
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
