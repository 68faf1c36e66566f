//! Pure functions that render findings in the AWS Security Finding Format (ASFF).
//!
//! Limits: <https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format-syntax.html> and the
//! pages of its parts. For any input, no text is empty and every limit is kept.

mod archive;
mod digest;
mod limits;
mod outline;
mod render;
mod resource;
mod texts;
mod vulnerabilities;

use aws_sdk_securityhub::types::AwsSecurityFinding;
use jiff::Timestamp;

use crate::text::cut_or_none;
pub(super) use archive::{archived, missing_member};
pub use digest::{digest, revision};
use limits::{PRODUCT_FIELD, bytes_of_tags};
pub use outline::{Outline, outline};
use resource::render_tags;

/// The product field with the digest of the reported content.
pub(super) const DIGEST: &str = "eksentry/Digest";

/// The product field with the revision of the evaluated facts.
pub(super) const REVISION: &str = "eksentry/Revision";

/// The product field with the day from which on nothing in a cluster could be read.
pub(super) const UNREAD_SINCE: &str = "eksentry/UnreadSince";

/// The product field with the id of the run that sent the finding.
pub(super) const RUN: &str = "eksentry/Run";

/// A finding in ASFF.
#[derive(Debug, Clone, PartialEq)]
pub struct Rendered {
    /// The document.
    pub finding: AwsSecurityFinding,
    /// The maximum size of the document as JSON, in bytes.
    pub size: usize,
}

impl Rendered {
    /// Returns the same finding, first reported at that time. A text that is not a time, as in a ledger that someone
    /// has modified, is ignored.
    pub fn created_at(mut self, created_at: &str) -> Self {
        if created_at.parse::<Timestamp>().is_ok() {
            self.finding.created_at = Some(created_at.to_owned());
        }
        self
    }

    /// Returns the same finding, sent by that run.
    pub fn with_run(mut self, run: &str) -> Self {
        let fields = self.finding.product_fields.get_or_insert_default();
        fields.extend(cut_or_none(run, PRODUCT_FIELD).map(|run| (RUN.to_owned(), run)));
        self
    }

    /// Returns the same finding, with the resource's tags.
    pub fn with_tags(mut self, tags: &[(String, String)]) -> Self {
        if let Some([resource, ..]) = self.finding.resources.as_deref_mut() {
            resource.tags = render_tags(tags);
            self.size += bytes_of_tags(resource.tags());
        }
        self
    }
}

/// Returns a time in the format of findings: RFC 3339 in UTC with milliseconds.
pub fn time(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// Returns the same for a time from outside; `None` if RFC 3339 can't represent it, before the year 0.
fn time_or_none(at: Timestamp) -> Option<String> {
    Some(time(at)).filter(|text| !text.starts_with('-'))
}

#[cfg(test)]
mod tests;
