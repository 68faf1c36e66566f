//! `cargo demo`: see [`eksentry_tests::demo`].

use std::{env, error::Error, ffi::OsString, iter, process::ExitCode};

use clap::Parser as _;
use eksentry_tests::demo::{self, Options};

fn main() -> ExitCode {
    match demo::run(&Options::parse_from(arguments())) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {}", with_sources(&error));
            ExitCode::FAILURE
        }
    }
}

/// Returns the arguments without the `--` that ends the alias. With it, `cargo demo --help` shows the help of the demo;
/// `cargo demo -- --help` adds a second `--`.
fn arguments() -> Vec<OsString> {
    let mut arguments: Vec<OsString> = env::args_os().collect();
    if arguments.get(1).is_some_and(|argument| argument == "--") {
        arguments.remove(1);
    }
    arguments
}

/// Returns an error with its sources. The text of some errors already contains that of their source.
fn with_sources(error: &dyn Error) -> String {
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
