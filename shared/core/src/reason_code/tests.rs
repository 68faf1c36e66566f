use std::collections::BTreeSet;

use super::*;

#[test]
fn codes_and_their_meanings_are_unique() {
    let words: BTreeSet<_> = ReasonCode::ALL.iter().map(|code| code.word()).collect();
    assert_eq!(words.len(), ReasonCode::ALL.len());
    let meanings: BTreeSet<_> = ReasonCode::ALL.iter().map(|code| code.meaning()).collect();
    assert_eq!(meanings.len(), ReasonCode::ALL.len());
    for code in ReasonCode::ALL {
        let (word, meaning) = (code.word(), code.meaning());
        let is_word = word.chars().all(|c| c.is_ascii_uppercase() || c == '_');
        assert!(is_word, "{word}");
        assert!(meaning.ends_with('.'), "{word}: {meaning:?}");
    }
}

#[test]
fn a_code_is_written_in_upper_case() {
    assert_eq!(ReasonCode::AccessDenied.word(), "ACCESS_DENIED");
}
