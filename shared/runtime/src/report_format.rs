//! The formats of the report that `report` writes.

/// A format of the report. Its name is the ending of the file.
#[derive(
    Debug,
    Clone,
    Copy,
    Default,
    PartialEq,
    Eq,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantNames,
)]
pub enum ReportFormat {
    /// One page for a browser.
    #[default]
    #[strum(serialize = "html")]
    Html,
    /// The whole report, with which later reports can be compared.
    #[strum(serialize = "json")]
    Json,
    /// One row for each finding.
    #[strum(serialize = "csv")]
    Csv,
    /// A summary and the findings that require action.
    #[strum(serialize = "md")]
    Markdown,
    /// The findings that require action, in SARIF.
    #[strum(serialize = "sarif")]
    Sarif,
}

impl ReportFormat {
    /// The names of all formats.
    pub(crate) const NAMES: &[&str] = <Self as strum::VariantNames>::VARIANTS;

    /// Returns the name.
    pub(crate) fn name(self) -> &'static str {
        self.into()
    }

    /// Returns the media type, with which browsers and other programs select how they show a file.
    /// Source: <https://www.iana.org/assignments/media-types/media-types.xhtml>.
    pub(crate) fn content_type(self) -> &'static str {
        match self {
            Self::Html => "text/html; charset=utf-8",
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8",
            Self::Markdown => "text/markdown; charset=utf-8",
            Self::Sarif => "application/sarif+json",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_parsed_from_their_names() {
        assert_eq!(ReportFormat::NAMES, ["html", "json", "csv", "md", "sarif"]);
        for name in ReportFormat::NAMES {
            let format: ReportFormat = name.parse().unwrap();
            assert_eq!(format.name(), *name);
        }
        assert!("HTML".parse::<ReportFormat>().is_err());
    }
}
