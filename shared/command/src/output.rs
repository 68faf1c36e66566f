//! The files that a scan writes its results to.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use eksentry_core::Finding;
use eksentry_reporters::ocsf;

use crate::error::CommandError;
use crate::report::Report;

/// The formats of files. To add one: a variant, its ending in [`Format::ALL`] and [`Format::ending`], and a function in
/// [`Output::render`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// The report as one JSON object.
    Json,
    /// OCSF events, one in each line.
    OcsfJsonLines,
}

impl Format {
    const ALL: [Self; 2] = [Self::OcsfJsonLines, Self::Json];

    const fn ending(self) -> &'static str {
        match self {
            Self::Json => ".json",
            Self::OcsfJsonLines => ".ocsf.jsonl",
        }
    }
}

/// A file for results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Output {
    path: PathBuf,
    format: Format,
}

/// The error for the name of a file whose ending names no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the ending of the file must be one of {}", Format::ALL.map(Format::ending).join(", "))]
pub(crate) struct UnknownEnding;

impl FromStr for Output {
    type Err = UnknownEnding;

    fn from_str(text: &str) -> Result<Self, UnknownEnding> {
        let name = text.to_ascii_lowercase();
        let mut formats = Format::ALL.into_iter();
        let format = formats.find(|format| name.ends_with(format.ending()));
        Ok(Self {
            path: text.into(),
            format: format.ok_or(UnknownEnding)?,
        })
    }
}

impl Output {
    /// Returns `true` if the output contains the tags of resources.
    pub(crate) fn needs_tags(&self) -> bool {
        self.format == Format::OcsfJsonLines
    }

    /// Returns an error if the output can't be written because it has no folder, so that a scan does not take minutes to
    /// find out.
    pub(crate) fn check(&self) -> Result<(), CommandError> {
        let folder = folder(&self.path);
        let is_folder = fs::metadata(folder).and_then(|metadata| {
            if metadata.is_dir() {
                Ok(())
            } else {
                Err(io::ErrorKind::NotADirectory.into())
            }
        });
        is_folder.map_err(|source| self.failed(source))
    }

    /// Writes the results. Whoever reads the file finds the earlier one or the whole new one.
    pub(crate) fn write(&self, report: &Report, findings: &[Finding]) -> Result<(), CommandError> {
        let written = self.write_beside(report, findings);
        written.map_err(|source| self.failed(source))
    }

    fn write_beside(&self, report: &Report, findings: &[Finding]) -> io::Result<()> {
        let mut builder = tempfile::Builder::new();
        builder.prefix(".eksentry-");
        // A file that only its owner may read would surprise in a pipeline. The process's mask applies.
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let file = builder.tempfile_in(folder(&self.path))?;
        let mut writer = BufWriter::new(&file);
        self.render(report, findings, &mut writer)?;
        writer.flush()?;
        drop(writer);
        file.persist(&self.path).map_err(|error| error.error)?;
        Ok(())
    }

    fn render(
        &self,
        report: &Report,
        findings: &[Finding],
        writer: &mut impl Write,
    ) -> io::Result<()> {
        match self.format {
            Format::Json => {
                serde_json::to_writer_pretty(&mut *writer, report)?;
                writer.write_all(b"\n")
            }
            Format::OcsfJsonLines => {
                let run = format!("scan/{}", report.made_at.as_millisecond());
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
        for (name, format) in [
            ("report.json", Format::Json),
            ("a.b/Report.JSON", Format::Json),
            ("events.ocsf.jsonl", Format::OcsfJsonLines),
        ] {
            assert_eq!(name.parse::<Output>().unwrap().format, format, "{name}");
        }
        for name in ["", "json", "report.yaml", "report.jsonl", "report"] {
            let error = name.parse::<Output>().unwrap_err();
            assert!(error.to_string().contains(".ocsf.jsonl, .json"), "{error}");
        }
    }

    #[test]
    fn the_folder_of_a_name_alone_is_the_current_one() {
        assert_eq!(folder(Path::new("report.json")), Path::new("."));
        assert_eq!(folder(Path::new("a/report.json")), Path::new("a"));
    }
}
