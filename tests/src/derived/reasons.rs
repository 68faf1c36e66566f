//! The page of reason codes, and the reason codes of one check.

use std::fmt::Write as _;

use eksentry_core::ReasonCode;

use super::row;

/// The path of the page, relative to the repository's root.
pub(super) const PATH: &str = "docs/reasons.md";

/// Renders the page in Markdown; `sources` are the ids of the checks with the texts of their files.
pub(super) fn page(sources: &[(&str, String)]) -> String {
    let mut page = format!(
        "# Reason codes\n\n\
         <!-- Derived from shared/core/src/reason_code.rs. Edit that, then run {} -->\n\n\
         A finding contains reason codes in `Compliance.StatusReasons`, each with a sentence that describes the \
         result. The meaning of a code never changes. A code without a check can be used by any check.\n\n{}\n{}\n",
        super::BLESS,
        row(&["Code", "Meaning", "Checks"]),
        row(&["---"; 3]),
    );
    let used: Vec<(&str, Vec<ReasonCode>)> = sources
        .iter()
        .map(|(id, source)| (*id, of(source)))
        .collect();
    let mut codes = ReasonCode::ALL.to_vec();
    codes.sort_unstable();
    for code in codes {
        let checks = used.iter().filter(|(_, codes)| codes.contains(&code));
        let checks: Vec<_> = checks
            .map(|(id, _)| format!("[{id}](checks/{id}.md)"))
            .collect();
        let word = format!("`{}`", code.word());
        let _ = writeln!(
            page,
            "{}",
            row(&[&word, code.meaning(), &checks.join(", ")])
        );
    }
    page
}

/// Lists the reason codes that a check's file uses, sorted.
pub(super) fn of(source: &str) -> Vec<ReasonCode> {
    let without_tests = source.split("#[cfg(test)]").next().unwrap_or_default();
    let is_given = |code: &ReasonCode| {
        let variant = format!("ReasonCode::{code:?}");
        without_tests.match_indices(&variant).any(|(at, _)| {
            let after = without_tests[at + variant.len()..].chars().next();
            !after.is_some_and(char::is_alphanumeric)
        })
    };
    let mut codes: Vec<_> = ReasonCode::ALL.iter().copied().filter(is_given).collect();
    codes.sort_unstable();
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reason_codes_in_tests_do_not_count() {
        let source = "Verdict::passed(ReasonCode::RotationOn, text)\n\
                      Reason::new(ReasonCode::TagsMutableByExclusion, text)\n\
                      #[cfg(test)]\nReasonCode::RotationOff";
        let codes = [ReasonCode::RotationOn, ReasonCode::TagsMutableByExclusion];
        assert_eq!(of(source), codes);
    }
}
