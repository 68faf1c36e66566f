//! Hostile texts, with unusual characters and lengths.

use arbitrary::{Result, Unstructured};

/// The pieces of hostile texts: invisible characters, characters that reverse the text after them, text with a meaning
/// in a browser, a shell, JSON or a pattern, and characters of one to four bytes that may be cut apart.
pub const PIECES: [&str; 26] = [
    " ",
    "\t",
    "\n",
    "\0",
    "\u{7f}",
    "\u{85}",
    "\u{ad}",
    "\u{200b}",
    "\u{200f}",
    "\u{202e}",
    "\u{2066}",
    "\u{2028}",
    "\u{3000}",
    "\u{feff}",
    "\u{fffd}",
    "a",
    "ä",
    "e\u{301}",
    "漢",
    "👩\u{200d}👩\u{200d}👧\u{200d}👦",
    "\u{10ffff}",
    "\"",
    "\\ud800",
    "<img src=x onerror=alert(1)>",
    "$(reboot);'--",
    "*?",
];

/// The numbers of times that a piece may be repeated: around the limits of the sinks, and far above all of them.
const TIMES: [usize; 16] = [
    1, 2, 127, 128, 129, 255, 256, 257, 511, 512, 513, 1_023, 1_024, 1_025, 2_049, 100_000,
];

/// The maximum number of characters of a repeated piece.
const LONGEST: usize = 100_000;

/// Returns a text made from these bytes: empty, a few pieces, one piece repeated many times, or the bytes themselves.
pub fn text(bytes: &mut Unstructured<'_>) -> Result<String> {
    text_of(bytes, usize::MAX)
}

/// Returns a text as [`text`] does, with a piece repeated at most `most` times.
pub(super) fn text_of(bytes: &mut Unstructured<'_>, most: usize) -> Result<String> {
    match bytes.int_in_range(0..=5)? {
        0 => Ok(String::new()),
        1 | 2 => {
            let count = bytes.int_in_range(0..=12)?;
            (0..count).map(|_| bytes.choose(&PIECES).copied()).collect()
        }
        3 => {
            let piece = bytes.choose(&PIECES)?;
            let times = *bytes.choose(&TIMES)?;
            let longest = LONGEST / piece.chars().count();
            Ok(piece.repeat(times.min(most).min(longest)))
        }
        _ => bytes.arbitrary(),
    }
}

/// Returns a text or none.
pub(super) fn maybe(bytes: &mut Unstructured<'_>) -> Result<Option<String>> {
    Ok(if bytes.arbitrary()? {
        Some(text(bytes)?)
    } else {
        None
    })
}

/// Returns up to `most` texts. At most three of them differ, so that many texts need few bytes.
pub(super) fn texts(bytes: &mut Unstructured<'_>, most: usize) -> Result<Vec<String>> {
    let count = bytes.int_in_range(0..=most)?;
    let different = (0..count.min(3)).map(|_| text_of(bytes, 3_000));
    let different = different.collect::<Result<Vec<_>>>()?;
    Ok(different.iter().cycle().take(count).cloned().collect())
}
