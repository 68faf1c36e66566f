//! Texts without surrounding white space, and times as texts.

use jiff::Timestamp;

/// Returns a text without surrounding white space; `None` if nothing is left.
pub(super) fn text(text: &str) -> Option<&str> {
    Some(text.trim()).filter(|text| !text.is_empty())
}

pub(super) fn optional(given: Option<&str>) -> Option<&str> {
    given.and_then(text)
}

pub(super) fn texts<'a>(given: impl IntoIterator<Item = &'a String>) -> Vec<&'a str> {
    given.into_iter().filter_map(|given| text(given)).collect()
}

/// Returns a time as RFC 3339 in UTC with milliseconds.
pub(super) fn time(at: Timestamp) -> String {
    format!("{at:.3}")
}
