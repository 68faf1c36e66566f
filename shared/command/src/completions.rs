//! `eksentry completions` and `eksentry man`: files that are made from the options.

use std::path::Path;

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::DONE;
use crate::error::CommandError;
use crate::options::Options;
use crate::terminal;

/// Prints the completions of a shell.
pub(crate) fn run(shell: Shell) -> Result<u8, CommandError> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Options::command(), "eksentry", &mut text);
    terminal::print(&String::from_utf8_lossy(&text))?;
    Ok(DONE)
}

/// Writes a man page for each command to a folder.
pub(crate) fn write_man_pages(folder: &Path) -> Result<u8, CommandError> {
    let written = clap_mangen::generate_to(Options::command(), folder);
    written.map_err(|source| CommandError::Write {
        path: folder.to_owned(),
        source,
    })?;
    Ok(DONE)
}
