//! `cargo demo`: see [`eksentry_tests::demo`].

use std::{env, error::Error, ffi::OsString, iter, process::ExitCode};

use clap::Parser as _;
use eksentry_tests::demo::{self, Options};

fn main() -> ExitCode {
    match demo::run(&Options::parse_from(arguments())) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {}", explained(&error));
            ExitCode::FAILURE
        }
    }
}

/// The alias ends with `--`, so that `cargo demo --help` is for the demo; `cargo demo -- --help` brings another one.
fn arguments() -> Vec<OsString> {
    let mut arguments: Vec<OsString> = env::args_os().collect();
    if arguments.get(1).is_some_and(|argument| argument == "--") {
        arguments.remove(1);
    }
    arguments
}

/// An error with its reasons. Some errors quote theirs already.
fn explained(error: &dyn Error) -> String {
    let reasons = iter::successors(error.source(), |reason| (*reason).source());
    reasons.fold(error.to_string(), |text, reason| {
        let reason = reason.to_string();
        if text.contains(&reason) {
            text
        } else {
            format!("{text}: {reason}")
        }
    })
}
