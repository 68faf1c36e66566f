//! The terminal: its width, its colors, and texts from outside in it.

use std::io::{self, IsTerminal as _};

use comfy_table::Table;

/// The width of tables where there is no terminal, and the least and the greatest width.
const DEFAULT_WIDTH: u16 = 120;
const WIDTHS: std::ops::RangeInclusive<u16> = 80..=180;

/// The style of texts on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// The number of columns.
    pub columns: u16,
    /// `true` if colors are used.
    pub colors: bool,
}

impl Style {
    /// Returns the style for standard output. There are no colors without a terminal, or if `NO_COLOR` is set to
    /// anything (<https://no-color.org>).
    pub fn of_stdout() -> Self {
        let is_refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let columns = Table::new().width().unwrap_or(DEFAULT_WIDTH);
        Self {
            columns: columns.clamp(*WIDTHS.start(), *WIDTHS.end()),
            colors: io::stdout().is_terminal() && !is_refused,
        }
    }
}

/// Replaces control characters, with which a name could overwrite the terminal, and those that reorder text, by spaces.
pub fn printable(text: &str) -> String {
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
