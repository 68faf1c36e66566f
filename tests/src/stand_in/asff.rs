//! The rules of the AWS Security Finding Format that BatchImportFindings applies to a finding.

mod format;
mod rule;
#[cfg(test)]
pub(super) mod tests;

use serde_json::Value;

use self::format::FINDING;
use crate::account::Record;

/// The maximum size of a finding as JSON, in bytes.
pub(super) const MOST_BYTES: usize = 240 * 1024;

/// Returns the problems of a finding; empty if Security Hub would accept it.
pub(super) fn problems(finding: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    FINDING.check("finding", finding, &mut problems);
    for name in ["Severity", "Types"] {
        let provided = finding
            .get("FindingProviderFields")
            .and_then(|fields| fields.get(name));
        if provided.or_else(|| finding.get(name)).is_none() {
            problems.push(format!(
                "finding has {name} neither in FindingProviderFields nor by itself"
            ));
        }
    }
    let bytes = finding.to_string().len();
    if bytes > MOST_BYTES {
        problems.push(format!(
            "finding has {bytes} bytes, {MOST_BYTES} are allowed"
        ));
    }
    problems
}

/// Parses an RFC 3339 timestamp with its offset; the year has four digits and no sign.
pub(super) fn moment(text: &str) -> Option<jiff::Timestamp> {
    let year = text.split('-').next().unwrap_or_default();
    let is_one = text.contains('T') && year.len() == 4;
    is_one.then(|| text.parse().ok()).flatten()
}

/// Returns the Id of a finding, even if the rest of the finding is invalid.
pub(super) fn id(finding: &Record) -> &str {
    finding
        .get("Id")
        .and_then(Value::as_str)
        .unwrap_or_default()
}
