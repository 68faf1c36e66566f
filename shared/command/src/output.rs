//! The files that a scan writes its results to.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use eksentry_core::Finding;
use eksentry_report::{Comparison, Report};
use eksentry_reporters::ocsf;
use jiff::Timestamp;
use tempfile::NamedTempFile;

use crate::error::CommandError;

/// The formats of files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    /// A format of the report.
    Report(eksentry_report::Format),
    /// OCSF events, one in each line.
    OcsfJsonLines,
}

/// The endings of the names of files, each with its format. An ending that ends with another one precedes it.
const ENDINGS: [(&str, Format); 7] = [
    (".html", Format::Report(eksentry_report::Format::Html)),
    (".csv", Format::Report(eksentry_report::Format::Csv)),
    (".md", Format::Report(eksentry_report::Format::Markdown)),
    (".sarif", Format::Report(eksentry_report::Format::Sarif)),
    (
        ".sarif.json",
        Format::Report(eksentry_report::Format::Sarif),
    ),
    (".json", Format::Report(eksentry_report::Format::Json)),
    (".ocsf.jsonl", Format::OcsfJsonLines),
];

/// The results of a scan.
#[derive(Debug)]
pub(crate) struct Results {
    pub(crate) report: Report,
    /// The comparison with an earlier report, if there is one.
    pub(crate) comparison: Option<Comparison>,
    /// The findings as the checks returned them, from which OCSF events follow.
    pub(crate) findings: Vec<Finding>,
    pub(crate) made_at: Timestamp,
}

/// A file for results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Output {
    path: PathBuf,
    format: Format,
}

/// The error for the name of a file whose ending names no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the ending of the file must be one of {}", ENDINGS.map(|(ending, _)| ending).join(", "))]
pub(crate) struct UnknownEnding;

impl FromStr for Output {
    type Err = UnknownEnding;

    fn from_str(text: &str) -> Result<Self, UnknownEnding> {
        let name = text.to_ascii_lowercase();
        let mut endings = ENDINGS.into_iter();
        let (_, format) = endings
            .find(|(ending, _)| name.ends_with(ending))
            .ok_or(UnknownEnding)?;
        Ok(Self {
            path: text.into(),
            format,
        })
    }
}

impl Output {
    /// Returns `true` if the output contains the tags of resources.
    pub(crate) fn needs_tags(&self) -> bool {
        self.format == Format::OcsfJsonLines
    }

    /// Returns an error if the output can't be written, so that a scan does not take minutes to find out. Creates a file
    /// beside the output, and removes it.
    pub(crate) fn check(&self) -> Result<(), CommandError> {
        let checked = match fs::metadata(&self.path) {
            Ok(metadata) if metadata.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
            // A device would be replaced by a file.
            Ok(metadata) if !metadata.is_file() => Err(io::Error::other("it is not a file")),
            _ => self.file_beside().map(drop),
        };
        checked.map_err(|source| self.failed(source))
    }

    /// Writes the results. Whoever reads the file finds the earlier one or the whole new one.
    pub(crate) fn write(&self, results: &Results) -> Result<(), CommandError> {
        let written = self.write_beside(results);
        written.map_err(|source| self.failed(source))
    }

    /// Creates a temporary file in the folder of the output.
    fn file_beside(&self) -> io::Result<NamedTempFile> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".eksentry-");
        // A file that only its owner may read would surprise in a pipeline. The process's mask applies.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        builder.tempfile_in(folder(&self.target()))
    }

    /// Returns the path of the file. A link stays a link.
    fn target(&self) -> PathBuf {
        fs::canonicalize(&self.path).unwrap_or_else(|_| self.path.clone())
    }

    fn write_beside(&self, results: &Results) -> io::Result<()> {
        let file = self.file_beside()?;
        let mut writer = BufWriter::new(&file);
        self.render(results, &mut writer)?;
        writer.flush()?;
        drop(writer);
        file.persist(self.target()).map_err(|error| error.error)?;
        Ok(())
    }

    fn render(&self, results: &Results, writer: &mut dyn Write) -> io::Result<()> {
        let Results {
            report,
            comparison,
            findings,
            made_at,
        } = results;
        match self.format {
            Format::Report(format) => report.render(format, comparison.as_ref(), writer),
            Format::OcsfJsonLines => {
                let run = format!("scan/{}", made_at.as_millisecond());
                for event in findings.iter().flat_map(|one| ocsf::events(one, &run)) {
                    serde_json::to_writer(&mut *writer, &event)?;
                    writer.write_all(b"\n")?;
                }
                Ok(())
            }
        }
    }

    fn failed(&self, source: io::Error) -> CommandError {
        CommandError::Write {
            path: self.path.clone(),
            source,
        }
    }
}

/// Returns the folder of a file.
fn folder(path: &Path) -> &Path {
    let parent = path.parent().filter(|parent| *parent != Path::new(""));
    parent.unwrap_or(Path::new("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_of_a_file_names_the_format() {
        use eksentry_report::Format::{Csv, Html, Json, Markdown, Sarif};
        for (name, format) in [
            ("report.html", Format::Report(Html)),
            ("report.json", Format::Report(Json)),
            ("a.b/Report.JSON", Format::Report(Json)),
            ("report.csv", Format::Report(Csv)),
            ("report.md", Format::Report(Markdown)),
            ("report.sarif", Format::Report(Sarif)),
            ("report.sarif.json", Format::Report(Sarif)),
            ("events.ocsf.jsonl", Format::OcsfJsonLines),
        ] {
            assert_eq!(name.parse::<Output>().unwrap().format, format, "{name}");
        }
        for name in ["", "json", "report.yaml", "report.jsonl", "report"] {
            let error = name.parse::<Output>().unwrap_err();
            assert!(error.to_string().contains(".json, .ocsf.jsonl"), "{error}");
        }
    }

    #[test]
    fn the_folder_of_a_name_alone_is_the_current_one() {
        assert_eq!(folder(Path::new("report.json")), Path::new("."));
        assert_eq!(folder(Path::new("a/report.json")), Path::new("a"));
    }
}
