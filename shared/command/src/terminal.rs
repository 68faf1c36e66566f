//! The terminal: its width, its colors, and writing to it.

use std::error::Error;
use std::io::{self, IsTerminal as _, Write as _};

/// The width of tables where there is no terminal, and the least and the greatest width.
const DEFAULT_WIDTH: u16 = 120;
const WIDTHS: std::ops::RangeInclusive<u16> = 80..=180;

/// The style of texts on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    /// The number of columns.
    pub(crate) columns: u16,
    /// `true` if colors are used.
    pub(crate) colors: bool,
}

impl Style {
    /// Returns the style for standard output. There are no colors without a terminal, or if `NO_COLOR` is set to
    /// anything (<https://no-color.org>).
    pub(crate) fn of_stdout() -> Self {
        let is_refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let columns = comfy_table::Table::new().width().unwrap_or(DEFAULT_WIDTH);
        Self {
            columns: columns.clamp(*WIDTHS.start(), *WIDTHS.end()),
            colors: io::stdout().is_terminal() && !is_refused,
        }
    }
}

/// Writes a text to standard output. Nothing is wrong if its reader, such as `head`, has closed it.
pub(crate) fn print(text: &str) {
    let mut stdout = io::stdout().lock();
    let _ = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
}

/// Writes a line to standard error.
pub(crate) fn print_line(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Writes an error to standard error.
pub(crate) fn print_error(error: &dyn Error) {
    print_line(&format!("error: {}", printable(&error.to_string())));
}

/// Replaces control characters, with which a name could overwrite the terminal, and those that reorder text, by spaces.
pub(crate) fn printable(text: &str) -> String {
    let is_safe = |character: char| {
        !character.is_control()
            && !matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars()
        .map(|character| if is_safe(character) { character } else { ' ' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_control_the_terminal() {
        assert_eq!(printable("a\u{1b}[2Jb\r\nc\u{202e}d"), "a [2Jb  c d");
        assert_eq!(printable("Größe 5 €"), "Größe 5 €");
    }
}
