//! Functions that cut texts to the limits of the sinks, by characters.

/// Returns the text, cut to at most `most` characters. An ellipsis marks a cut. Control characters, which are
/// invisible, become spaces.
pub(crate) fn cut(text: &str, most: usize) -> String {
    let text = text.replace(char::is_control, " ");
    let text = text.trim();
    if text.chars().count() <= most {
        return text.to_owned();
    }
    text.chars()
        .take(most.saturating_sub(1))
        .chain(['…'])
        .collect()
}

/// Returns the same as [`cut`]; `None` if nothing but white space is left, since no sink accepts an empty text.
pub(crate) fn cut_or_none(text: &str, most: usize) -> Option<String> {
    Some(cut(text, most)).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_cut_by_characters() {
        for (text, most, expected) in [
            ("abc", 3, "abc"),
            ("abcd", 3, "ab…"),
            ("äöüß", 3, "äö…"),
            ("  a  ", 3, "a"),
            ("a\u{1f}b\n", 3, "a b"),
            ("👩‍👩‍👧", 2, "👩…"),
            ("ab", 1, "…"),
        ] {
            assert_eq!(cut(text, most), expected);
        }
        assert_eq!(cut_or_none(" \n\u{1f}\t", 3), None);
        assert_eq!(cut_or_none(" abcd", 3).as_deref(), Some("ab…"));
    }
}
