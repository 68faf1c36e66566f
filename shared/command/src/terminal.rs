//! Writing to the terminal.

use std::error::Error;
use std::io::{self, Write as _};

use eksentry_report::printable;

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
