//! The names and IDs that a cluster generates. They follow from other names, so that they are always the same.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The letters of generated names.
const LETTERS: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";

/// Returns the ID of an object, which follows from its name.
pub(super) fn uid(object: &Value) -> String {
    let metadata = &object["metadata"];
    if let Some(uid) = metadata["uid"].as_str() {
        return uid.to_owned();
    }
    let name = format!(
        "{}/{}/{}",
        object["kind"], metadata["namespace"], metadata["name"]
    );
    let digest = hex::encode(Sha256::digest(name.as_bytes()));
    let part = |range| digest.get(range).unwrap_or_default();
    format!(
        "{}-{}-4{}-8{}-{}",
        part(0..8),
        part(8..12),
        part(13..16),
        part(17..20),
        part(20..32)
    )
}

/// Returns letters that follow from a text, such as those at the end of generated names.
pub(super) fn letters(text: &str, count: usize) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let letters = digest.iter().take(count);
    let letters = letters.map(|byte| char::from(LETTERS[usize::from(*byte) % LETTERS.len()]));
    letters.collect()
}
