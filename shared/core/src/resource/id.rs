//! The form of the ids of resources, and their maximum length.

use sha2::{Digest, Sha256};

/// The beginning of the id of an account.
pub(crate) const ACCOUNT: &str = "AWS::::Account:";

/// The maximum length of a check's id, in characters.
pub const LONGEST_CHECK_ID: usize = 48;

/// The maximum length of a resource's id, in bytes, with which the ids of findings stay within the 512 characters of
/// ASFF.
const LONGEST: usize = 512 - "eksentry/".len() - LONGEST_CHECK_ID - "/".len();

/// Shortens an id that is too long for the id of a finding. `~` and 16 digits of the SHA-256 of the whole id replace
/// its end, so that different resources have different ids.
pub(super) fn fit(id: String) -> String {
    const HASH: usize = 16;
    if id.len() <= LONGEST {
        return id;
    }
    let hash = Sha256::digest(&id);
    let hash = hex::encode(&hash[..HASH / 2]);
    let end = (0..LONGEST - HASH)
        .rev()
        .find(|end| id.is_char_boundary(*end))
        .unwrap_or_default();
    format!("{}~{hash}", &id[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_too_long_for_a_finding_are_shortened_and_stay_different() {
        let id = |end: &str| "n".repeat(LONGEST - end.len()) + end;
        assert_eq!(fit(id("a")), id("a"));
        let [one, other] = ["ab", "ac"].map(|end| fit("n".to_owned() + &id(end)));
        assert_eq!((one.len(), other.len()), (LONGEST, LONGEST));
        assert_ne!(one, other);
        let finding = format!("eksentry/{}/{one}", "c".repeat(LONGEST_CHECK_ID));
        assert_eq!(finding.len(), 512);
        assert!(one.contains("n~"), "{one}");
        assert!(fit("é".repeat(LONGEST)).len() <= LONGEST);
    }
}
