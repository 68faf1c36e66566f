//! Writing to the terminal.

use std::error::Error;
use std::io::{self, Write as _};

use eksentry_report::printable;

use crate::error::CommandError;

/// Writes a text to standard output. Nothing is wrong if its reader, such as `head`, has closed it.
///
/// # Errors
///
/// Returns an error if the text could not be written for another reason, such as a full disk.
pub(crate) fn print(text: &str) -> Result<(), CommandError> {
    let mut stdout = io::stdout().lock();
    let written = stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush());
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(CommandError::Print(error)),
        _ => Ok(()),
    }
}

/// Writes a line to standard error.
pub(crate) fn print_line(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// Writes an error to standard error.
pub(crate) fn print_error(error: &dyn Error) {
    print_line(&format!("error: {}", printable(&error.to_string())));
}
