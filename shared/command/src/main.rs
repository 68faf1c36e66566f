//! The command `eksentry`; see its crate.

use std::process::ExitCode;

fn main() -> ExitCode {
    eksentry::main()
}
