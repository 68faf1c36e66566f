//! The command `eksentry`, which evaluates an account from a terminal or a pipeline, with nothing deployed.
//!
//! A scan is the sweep of the functions: the same collectors, checks and verdicts. What is different is around it. The
//! settings come from options, the credentials from where the AWS CLI finds them, and the findings go to the terminal
//! and to files.

mod checks;
mod completions;
mod connect;
mod error;
mod explain;
mod fail_on;
mod interrupt;
mod invoke;
mod logging;
mod options;
mod output;
mod policy;
mod progress;
mod scan;
mod selection;
mod standard;
mod summary;
mod terminal;

use std::process::ExitCode;

use clap::Parser as _;

use crate::error::CommandError;
use crate::options::{Command, Options};

/// The exit code of a command that did what it should.
const DONE: u8 = 0;

/// The exit code of a scan that found failures.
const FAILED: u8 = 1;

/// The exit code of a command that could not do what it should. Wrong options have the same code.
const NOT_DONE: u8 = 2;

/// The exit code after Ctrl-C, as shells set it.
const INTERRUPTED: u8 = 130;

/// Runs the command with the arguments of the process.
pub fn main() -> ExitCode {
    let options = Options::parse();
    let code = match run(options.command) {
        Ok(code) => code,
        Err(error) => {
            terminal::print_error(&error);
            match error {
                CommandError::Interrupted => INTERRUPTED,
                _ => NOT_DONE,
            }
        }
    };
    ExitCode::from(code)
}

fn run(command: Command) -> Result<u8, CommandError> {
    match command {
        Command::Scan(options) => scan::run(&options),
        Command::Checks(options) => checks::run(&options),
        Command::Explain { check } => explain::run(&check),
        Command::Policy(options) => policy::run(&options),
        Command::Invoke(options) => invoke::run(&options),
        Command::Completions { shell } => completions::run(shell),
        Command::Man { folder } => completions::write_man_pages(&folder),
    }
}
