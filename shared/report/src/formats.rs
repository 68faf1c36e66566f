//! The formats of a report as a file.

mod csv;
mod markdown;
mod sarif;

use std::io;

use crate::{Comparison, Report};

/// A format of a report as a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// One page for a browser, which needs no network.
    Html,
    /// The whole report, with which later reports can be compared.
    Json,
    /// One row for each finding, for spreadsheets.
    Csv,
    /// A summary and the findings that require action, for pull requests and chats.
    Markdown,
    /// The findings that require action, in the Static Analysis Results Interchange Format 2.1.0.
    Sarif,
}

impl Format {
    /// All formats.
    pub const ALL: [Self; 5] = [
        Self::Html,
        Self::Json,
        Self::Csv,
        Self::Markdown,
        Self::Sarif,
    ];

    /// Returns the usual name of the file.
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Html => "report.html",
            Self::Json => "report.json",
            Self::Csv => "report.csv",
            Self::Markdown => "report.md",
            Self::Sarif => "report.sarif",
        }
    }
}

impl Report {
    /// Renders the report. JSON is the report alone; the other formats also state the differences to an earlier report.
    ///
    /// # Errors
    ///
    /// Returns an error if the report can't be written.
    pub fn render(
        &self,
        format: Format,
        comparison: Option<&Comparison>,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        match format {
            Format::Html => self.write_page(comparison, out),
            Format::Json => Ok(serde_json::to_writer(out, self)?),
            Format::Csv => self.write_csv(comparison, out),
            Format::Markdown => out.write_all(self.markdown(comparison).as_bytes()),
            Format::Sarif => self.write_sarif(comparison, out),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Status;
    use crate::tests::{CLUSTER, plain, report};

    struct Full;

    impl io::Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn every_format_reports_that_it_could_not_be_written() {
        let report = report([plain("a", CLUSTER, Status::Failed)]);
        for format in Format::ALL {
            let error = report.render(format, None, &mut Full).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::StorageFull, "{format:?}");
        }
    }

    #[test]
    fn every_format_has_its_own_file() {
        let mut names = Format::ALL.map(Format::file_name).to_vec();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Format::ALL.len());
    }
}
