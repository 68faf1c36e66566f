//! Texts of reasons.

/// The most names that a reason lists.
pub(crate) const MAX_NAMES: usize = 10;

/// The most characters that a reason repeats of a text that comes from outside.
pub(crate) const LONGEST_TEXT: usize = 200;

/// Returns the names, sorted and separated by commas; empty if there are none. After the first ten, "and others" stands
/// for the rest, without their number: a number would change the text, and so the finding, with every node or role that
/// comes and goes.
pub(crate) fn names<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let mut names: Vec<&str> = names.into_iter().collect();
    names.sort_unstable();
    names.dedup();
    let text = names.iter().take(MAX_NAMES).copied().collect::<Vec<_>>();
    let text = text.join(", ");
    if names.len() > MAX_NAMES {
        format!("{text} and others")
    } else {
        text
    }
}

/// Returns a text that people wrote as a sentence: with a full stop, unless it has an end already.
pub(crate) fn with_full_stop(text: &str) -> String {
    let stop = if text.ends_with(['.', '!', '?']) {
        ""
    } else {
        "."
    };
    format!("{text}{stop}")
}

/// Returns the text with at most that many characters.
pub(crate) fn cut(text: &str, most: usize) -> &str {
    let end = text.char_indices().nth(most);
    end.map_or(text, |(end, _)| &text[..end])
}

/// Returns the text with a capital letter at its beginning.
pub(crate) fn capitalized(text: &str) -> String {
    let mut rest = text.chars();
    let first = rest.next().into_iter().flat_map(char::to_uppercase);
    first.chain(rest.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_letter_is_capitalized() {
        for (text, expected) in [("", ""), ("the key", "The key"), ("É", "É"), ("1a", "1a")] {
            assert_eq!(capitalized(text), expected);
        }
    }

    #[test]
    fn a_sentence_has_one_end() {
        for (text, expected) in [("Why", "Why."), ("Why.", "Why."), ("Why?", "Why?")] {
            assert_eq!(with_full_stop(text), expected);
        }
    }

    #[test]
    fn a_text_is_cut_between_characters() {
        for (text, most, expected) in [("", 0, ""), ("äöü", 2, "äö"), ("äöü", 3, "äöü")]
        {
            assert_eq!(cut(text, most), expected);
        }
    }

    #[test]
    fn names_are_sorted_unique_and_at_most_ten() {
        assert_eq!(names([]), "");
        assert_eq!(names(["b", "a", "b"]), "a, b");
        let ten: Vec<String> = (10..20).map(|number| number.to_string()).collect();
        let ten: Vec<&str> = ten.iter().map(String::as_str).collect();
        assert_eq!(names(ten.clone()), "10, 11, 12, 13, 14, 15, 16, 17, 18, 19");
        assert!(names(ten.into_iter().chain(["99"])).ends_with("18, 19 and others"));
    }
}
