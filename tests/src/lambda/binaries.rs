//! The folder of the functions' binaries.

use std::{
    env, io,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    sync::OnceLock,
};

use serde_json::Value;
use thiserror::Error;

/// The variable that names a folder with existing binaries.
const BIN_DIR: &str = "EKSENTRY_BIN_DIR";

/// An error that leaves the tests without binaries.
#[derive(Debug, Error)]
pub enum BinariesError {
    /// A cargo command that can't be run.
    #[error(
        "cargo can't be run to build the functions; set {BIN_DIR} to a folder with the built functions"
    )]
    Cargo(#[from] io::Error),
    /// A build that failed.
    #[error(
        "the functions can't be built ({0}); to see the errors, run `cargo build --workspace --bins`"
    )]
    Build(ExitStatus),
    /// A build that produced no binary.
    #[error("`cargo build --workspace --bins` built no binary")]
    Nothing,
}

/// Returns the folder of the functions' binaries. The binaries are built once per process, with the release profile if
/// the caller was built so. They are not built at all if `EKSENTRY_BIN_DIR` names a folder.
pub fn binaries() -> Result<&'static Path, &'static BinariesError> {
    static BINARIES: OnceLock<Result<PathBuf, BinariesError>> = OnceLock::new();
    BINARIES.get_or_init(find_or_build).as_deref()
}

fn find_or_build() -> Result<PathBuf, BinariesError> {
    match env::var_os(BIN_DIR) {
        Some(folder) => Ok(folder.into()),
        None => build(),
    }
}

fn build() -> Result<PathBuf, BinariesError> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(cargo);
    command
        .args([
            "build",
            "--workspace",
            "--bins",
            "--message-format=json-render-diagnostics",
            "--manifest-path",
        ])
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.toml"))
        .stderr(Stdio::inherit());
    if !cfg!(debug_assertions) {
        // Built together with the command, the functions would have its features, and so another size.
        command.args(["--release", "--exclude", "eksentry"]);
    }
    // With the variables that cargo sets for a test, the build would rebuild ring and everything that depends on it.
    for (name, _) in env::vars_os() {
        if ["CARGO_PKG_", "CARGO_MANIFEST_"]
            .iter()
            .any(|prefix| name.to_string_lossy().starts_with(prefix))
        {
            command.env_remove(name);
        }
    }
    let output = command.output()?;
    if !output.status.success() {
        return Err(BinariesError::Build(output.status));
    }
    folder(&output.stdout).ok_or(BinariesError::Nothing)
}

/// Returns the folder of the first executable in cargo's messages.
fn folder(messages: &[u8]) -> Option<PathBuf> {
    let mut messages = messages
        .split(|byte| *byte == b'\n')
        .filter_map(|line| serde_json::from_slice::<Value>(line).ok());
    let executable =
        messages.find_map(|message| message.get("executable")?.as_str().map(PathBuf::from))?;
    executable.parent().map(Path::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_read_from_cargo_messages() {
        let messages = br#"{"reason":"compiler-artifact","executable":null}
{"reason":"compiler-artifact","executable":"/target/debug/sweep"}
{"reason":"build-finished","success":true}
"#;
        assert_eq!(folder(messages), Some(PathBuf::from("/target/debug")));
        assert_eq!(folder(b"{}"), None);
    }
}
