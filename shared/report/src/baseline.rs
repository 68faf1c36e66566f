//! Reading an earlier report, with which a report is compared.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::Report;

/// The name of the format before its version.
const NAME: &str = "eksentry-report/";

/// The name and version of the format. The version changes if an older reader would misunderstand a report.
pub(crate) const FORMAT: &str = "eksentry-report/1";

/// The error for a file that can't be used as a baseline.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// A file that can't be read.
    #[error("the baseline {} can't be read; check the path", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file that is not a report of eksentry.
    #[error(
        "the baseline {} is not a report of eksentry; use a report.json that eksentry has written",
        file.display()
    )]
    NotReport {
        /// The file.
        file: PathBuf,
        /// The cause, if the file is not JSON.
        source: Option<serde_json::Error>,
    },
    /// A report in another version of the format.
    #[error(
        "the baseline {} has the format {found:?}, and this version reads {FORMAT:?}; create the baseline again with \
         this version of eksentry",
        file.display()
    )]
    OtherFormat {
        /// The file.
        file: PathBuf,
        /// The format of the file.
        found: String,
    },
    /// A report that was changed or cut off.
    #[error(
        "the baseline {} is damaged; restore the file, or create it again with eksentry",
        file.display()
    )]
    Damaged {
        /// The file.
        file: PathBuf,
        /// The cause.
        source: serde_json::Error,
    },
}

/// The member that each version of the format has.
#[derive(Deserialize)]
struct Header {
    format: Option<String>,
}

impl Report {
    /// Reads an earlier report, which was written as [JSON](crate::Format::Json).
    ///
    /// # Errors
    ///
    /// Returns an error if the file can't be read, is not a report, has another version of the format or is damaged.
    pub fn load(file: &Path) -> Result<Self, BaselineError> {
        let text = fs::read(file).map_err(|source| BaselineError::Read {
            file: file.to_owned(),
            source,
        })?;
        Self::parse(&text, file)
    }

    fn parse(text: &[u8], file: &Path) -> Result<Self, BaselineError> {
        let file = || file.to_owned();
        let header = serde_json::from_slice::<Header>(text);
        let found = match header {
            Ok(header) => header.format.unwrap_or_default(),
            // A report begins with its format, so this is one that was cut off.
            Err(source) if is_report(text) => {
                return Err(BaselineError::Damaged {
                    file: file(),
                    source,
                });
            }
            Err(source) => {
                return Err(BaselineError::NotReport {
                    file: file(),
                    source: Some(source),
                });
            }
        };
        if !found.starts_with(NAME) {
            return Err(BaselineError::NotReport {
                file: file(),
                source: None,
            });
        }
        if found != FORMAT {
            return Err(BaselineError::OtherFormat {
                file: file(),
                found: found.chars().take(100).collect(),
            });
        }
        serde_json::from_slice(text).map_err(|source| BaselineError::Damaged {
            file: file(),
            source,
        })
    }
}

fn is_report(text: &[u8]) -> bool {
    text.starts_with(br#"{"format":"eksentry-report/"#)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::{CLUSTER, evaluation, plain, report};
    use crate::{Format, Status};

    fn written(report: &Report) -> Vec<u8> {
        let mut out = Vec::new();
        report.render(Format::Json, None, &mut out).unwrap();
        out
    }

    fn error(text: &[u8]) -> BaselineError {
        Report::parse(text, Path::new("old.json")).unwrap_err()
    }

    #[test]
    fn a_report_is_read_as_it_was_written() {
        let report = report([
            plain("eks-endpoint-private", CLUSTER, Status::Failed),
            plain("unknown", "<b>\u{1b}\"", Status::NotAvailable),
        ])
        .with_evaluations([evaluation("rule", "x", "COMPLIANT")]);
        let text = written(&report);
        assert!(is_report(&text));
        let read = Report::parse(&text, Path::new("old.json")).unwrap();
        assert_eq!(read, report);
    }

    #[test]
    fn a_file_that_is_no_report_is_an_error() {
        for text in [
            "",
            "text",
            "[1]",
            "{}",
            r#"{"format": "SARIF"}"#,
            r#"{"format": 1}"#,
        ] {
            let error = error(text.as_bytes());
            assert!(
                matches!(error, BaselineError::NotReport { .. }),
                "{text}: {error:?}"
            );
            assert!(error.to_string().contains("old.json"), "{error}");
        }
    }

    #[test]
    fn another_version_is_an_error_that_states_both() {
        let text = String::from_utf8(written(&report([]))).unwrap();
        let other = text.replace(FORMAT, "eksentry-report/2");
        let error = error(other.as_bytes());
        assert!(
            matches!(error, BaselineError::OtherFormat { .. }),
            "{error:?}"
        );
        let text = error.to_string();
        assert!(
            text.contains("eksentry-report/2") && text.contains(FORMAT),
            "{text}"
        );
    }

    #[test]
    fn a_damaged_report_is_an_error_wherever_it_is_cut_off() {
        let text = written(&report([plain("a", CLUSTER, Status::Failed)]));
        for length in (FORMAT.len() + 20..text.len() - 1).step_by(97) {
            let error = error(&text[..length]);
            assert!(
                matches!(error, BaselineError::Damaged { .. }),
                "{length}: {error:?}"
            );
        }
        let text = String::from_utf8(text).unwrap();
        let changed = text.replace("\"FAILED\"", "\"PERHAPS\"");
        assert!(matches!(
            error(changed.as_bytes()),
            BaselineError::Damaged { .. }
        ));
    }

    #[test]
    fn a_missing_file_is_an_error_with_its_path() {
        let error = Report::load(Path::new("no/such/file.json")).unwrap_err();
        assert!(matches!(error, BaselineError::Read { .. }), "{error:?}");
        assert!(error.to_string().contains("no/such/file.json"), "{error}");
    }
}
