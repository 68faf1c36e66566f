//! Where the functions' binaries are.

use std::{
    env, io,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    sync::OnceLock,
};

use serde_json::Value;
use thiserror::Error;

/// Names a folder with binaries that are built already.
const BIN_DIR: &str = "EKSENTRY_BIN_DIR";

/// Why there are no binaries.
#[derive(Debug, Error)]
pub enum BinariesError {
    /// Cargo can't be run.
    #[error("cargo can't be run to build the functions; name a folder of built ones in {BIN_DIR}")]
    Cargo(#[from] io::Error),
    /// The build failed.
    #[error("the functions don't build ({0}); `cargo build --workspace --bins` shows why")]
    Build(ExitStatus),
    /// Nothing was built.
    #[error("`cargo build --workspace --bins` built no binary")]
    Nothing,
}

/// The folder of the functions' binaries, which are built once for each process: in release if that is how the
/// caller was built, or not at all if `EKSENTRY_BIN_DIR` names a folder.
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
        command.arg("--release");
    }
    // What cargo tells a test of its own package would make ring, and all above it, build anew.
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

/// The folder of the first executable that cargo's messages name.
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
    fn cargos_messages_tell_the_folder() {
        let messages = br#"{"reason":"compiler-artifact","executable":null}
{"reason":"compiler-artifact","executable":"/target/debug/sweep"}
{"reason":"build-finished","success":true}
"#;
        assert_eq!(folder(messages), Some(PathBuf::from("/target/debug")));
        assert_eq!(folder(b"{}"), None);
    }
}
