//! `cargo new-check`: see [`eksentry_tests::new_check`].

use std::{error::Error, path::Path, process::ExitCode};

use clap::Parser;
use eksentry_tests::new_check::{NewCheck, NewCheckError, REGISTRY, nouns};

/// Writes the file of a new check, registers it, and lists the remaining steps.
#[derive(Parser)]
#[command(name = "cargo new-check")]
struct Options {
    /// The id of the check, in kebab-case: `eks-endpoint-private`. It can never change
    id: String,
    #[arg(long, value_name = "NOUN", help = kind_help())]
    kind: String,
}

fn kind_help() -> String {
    let nouns = nouns().join(", ");
    format!("The kind of resource that the check evaluates: {nouns}")
}

fn main() -> ExitCode {
    match write(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let reason = error.source().map(|reason| format!(": {reason}"));
            eprintln!("error: {error}{}", reason.unwrap_or_default());
            ExitCode::FAILURE
        }
    }
}

fn write(Options { id, kind }: &Options) -> Result<(), NewCheckError> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let check = NewCheck::new(id, kind)?;
    check.write(&root)?;
    println!(
        "Created {} and registered it in {REGISTRY}.",
        check.path().display()
    );
    println!("Next steps:");
    for (step, text) in (1..).zip(check.steps()) {
        println!("{step}. {text}");
    }
    Ok(())
}
