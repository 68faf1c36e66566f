//! The names of standards in options.

use std::sync::LazyLock;

use eksentry_core::Standard;
use eksentry_core::standards::STANDARDS;

/// The names of all standards.
pub(crate) static NAMES: LazyLock<Vec<String>> =
    LazyLock::new(|| STANDARDS.into_iter().map(name).collect());

/// Returns the name of a standard in options: its short name in lower case, such as `cis-eks`.
pub(crate) fn name(standard: &Standard) -> String {
    let short = standard.short.to_ascii_lowercase();
    short.replace(' ', "-")
}

/// Returns the standard with a name.
pub(crate) fn find(wanted: &str) -> Option<&'static Standard> {
    let mut standards = STANDARDS.into_iter();
    standards.find(|standard| name(standard) == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_standard_has_a_name_of_its_own_without_spaces() {
        for standard in STANDARDS {
            let name = name(standard);
            assert_eq!(find(&name), Some(standard));
            let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            assert!(name.chars().all(allowed), "{name}");
        }
        assert_eq!(find("CIS EKS"), None);
    }
}
