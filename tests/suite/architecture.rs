//! The repository's own rules: the dependencies of its crates, the content of its files, and the resources of its
//! templates.

mod compliance;
mod console;
mod crates;
mod environments;
mod files;
mod modules;
mod sources;
mod template;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Returns the repository's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// Reads the text of a file, by its path relative to the root.
pub(crate) fn read(path: impl AsRef<Path>) -> String {
    let path = path.as_ref();
    fs::read_to_string(root().join(path))
        .unwrap_or_else(|error| panic!("{} can't be read: {error}", path.display()))
}

/// Lists the names of the files and folders in a folder.
pub(crate) fn names_in(folder: impl AsRef<Path>) -> BTreeSet<String> {
    let folder = folder.as_ref();
    let entries = fs::read_dir(root().join(folder))
        .unwrap_or_else(|error| panic!("{} can't be read: {error}", folder.display()));
    entries
        .map(|entry| {
            entry
                .expect("the folder can be read to its end")
                .file_name()
        })
        .map(|name| name.into_string().expect("names are UTF-8"))
        .collect()
}
