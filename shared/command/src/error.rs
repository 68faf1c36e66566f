//! The errors of the command.

use std::io;
use std::path::PathBuf;

use eksentry_report::BaselineError;
use eksentry_runtime::{Error, SelectionError};

/// An error that ends the command.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CommandError {
    /// Nothing could be evaluated.
    #[error("{0}")]
    Runtime(#[from] Error),
    /// A file that can't be read.
    #[error("{option} {path} can't be read: {source}; check the path", path = path.display())]
    Read {
        option: &'static str,
        path: PathBuf,
        source: io::Error,
    },
    /// An event that is not JSON.
    #[error("{path} is not JSON: {source}; events/ has examples of events", path = path.display())]
    NotJson {
        path: PathBuf,
        source: serde_json::Error,
    },
    /// A document of settings that is not valid.
    #[error("{0}; see docs/parameters.md for the form of the file")]
    Settings(#[from] SelectionError),
    /// An output that can't be written.
    #[error(
        "{path} can't be written: {source}; check that its folder exists and that you may write there",
        path = path.display()
    )]
    Write { path: PathBuf, source: io::Error },
    /// A standard output that can't be written to.
    #[error("the results can't be written to standard output: {0}; check where it leads")]
    Print(#[source] io::Error),
    /// An earlier report that can't be used.
    #[error("{source}{}", cause(.source))]
    Baseline {
        #[from]
        source: BaselineError,
    },
    /// A selection without checks.
    #[error(
        "no check fits all of {0}; to see the checks and what they belong to, run `eksentry checks`"
    )]
    NoCheck(String),
    /// A selection of checks that the options leave out.
    #[error(
        "only checks of the contents of clusters fit all of {0}; to include these, add --kubernetes"
    )]
    OnlyKubernetes(String),
    /// A check that does not exist.
    #[error("{0}")]
    UnknownCheck(#[from] eksentry_core::checks::UnknownCheck),
    /// The user pressed Ctrl-C.
    #[error("interrupted, so no results were written")]
    Interrupted,
    /// The process can't run.
    #[error("the command can't start: {0}")]
    Start(#[source] io::Error),
}

/// Returns the cause of an error in parentheses, if it has one.
fn cause(error: &dyn std::error::Error) -> String {
    let cause = error.source();
    cause.map_or_else(String::new, |cause| format!(" ({cause})"))
}
