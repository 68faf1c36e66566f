//! Committed texts that are derived from the registry of checks and from the permissions of the calls: the pages of the
//! checks, tables in README.md and SECURITY.md, blocks of the templates, and the page and the schema of the checks'
//! parameters. These functions only return texts; a test compares them with the committed files, and rewrites those if
//! `BLESS` is set.

mod changes;
mod page;
mod parameters;
mod policies;
mod readme;
mod reasons;
mod standards;
mod template;

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use eksentry_core::{Check, checks::CHECKS};
use thiserror::Error;

/// The command that rewrites the derived files.
pub const BLESS: &str = "BLESS=1 cargo test -p eksentry-tests derived";

/// The heading of the section of a page with a policy that prevents failures. Only some checks have one.
pub const PREVENTION: &str = "How to prevent it";

/// The folder of the checks' pages, relative to the repository's root.
pub const PAGES: &str = "docs/checks";

/// A committed file that is derived in whole or in part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Derived {
    /// The path, relative to the repository's root.
    pub path: PathBuf,
    /// The text that the file should hold.
    pub text: String,
}

/// An error that prevents a text from being derived.
#[derive(Debug, Error)]
pub enum DerivedError {
    /// A file that can't be read.
    #[error("{} can't be read", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file without the markers of a block.
    #[error("{} must contain a line {begin:?} and, after it, a line {end:?}; add the missing line", path.display())]
    NoMarkers {
        /// The file.
        path: PathBuf,
        /// The line before the block.
        begin: String,
        /// The line after the block.
        end: String,
    },
}

/// Renders every derived file of the repository with that root.
///
/// # Errors
///
/// Returns an error if a check has no file, or a file has no markers around a derived block.
pub fn files(root: &Path) -> Result<Vec<Derived>, DerivedError> {
    let mut files = Vec::new();
    let mut sources = Vec::new();
    for check in CHECKS {
        let source = read(root, &source_path(check))?;
        files.push(Derived {
            path: page_path(check),
            text: page::page(check, &source),
        });
        sources.push((check.id, source));
    }
    files.push(Derived {
        path: reasons::PATH.into(),
        text: reasons::page(&sources),
    });
    files.push(Derived {
        path: standards::PATH.into(),
        text: standards::page(),
    });
    files.push(with_blocks(root, parameters::PAGE, [parameters::block()])?);
    files.push(Derived {
        path: parameters::SCHEMA.into(),
        text: parameters::schema(),
    });
    files.push(with_blocks(root, "README.md", [readme::block()])?);
    let blocks = template::blocks().into_iter();
    let blocks = blocks.chain([policies::template()]);
    let blocks = blocks.chain(changes::template());
    files.push(with_blocks(root, "template.yaml", blocks)?);
    let blocks = [policies::member_template(), changes::member_template()];
    files.push(with_blocks(root, "template-member.yaml", blocks)?);
    files.push(with_blocks(root, changes::PAGE, [changes::table()])?);
    files.push(with_blocks(root, "SECURITY.md", [policies::table()])?);
    Ok(files)
}

/// Returns the path of a check's page, relative to the repository's root.
pub fn page_path(check: &Check) -> PathBuf {
    format!("{PAGES}/{}.md", check.id).into()
}

/// Returns the path of a check's source, relative to the repository's root.
pub fn source_path(check: &Check) -> PathBuf {
    format!("shared/core/src/checks/{}.rs", module(check)).into()
}

/// Returns the name of a check's module.
pub fn module(check: &Check) -> String {
    check.id.replace('-', "_")
}

/// A derived block of a file whose other parts are written by hand.
#[derive(Debug)]
struct Block {
    /// The line before the block.
    begin: String,
    /// The line after the block.
    end: String,
    /// The lines of the block.
    lines: Vec<String>,
}

impl Block {
    /// Returns the text with this block in place of the lines between the markers; `None` if a marker is missing.
    fn put(&self, text: &str) -> Option<String> {
        let (before, rest) = text.split_once(&self.begin)?;
        let (_, after) = rest.split_once(&self.end)?;
        let indent = &before[before.rfind('\n').map_or(0, |at| at + 1)..];
        let mut put = format!("{before}{}\n", self.begin);
        for line in &self.lines {
            put += line;
            put.push('\n');
        }
        Some(put + indent + &self.end + after)
    }
}

fn with_blocks(
    root: &Path,
    path: &str,
    blocks: impl IntoIterator<Item = Block>,
) -> Result<Derived, DerivedError> {
    let path = PathBuf::from(path);
    let committed = read(root, &path)?;
    let text = blocks.into_iter().try_fold(committed, |text, block| {
        block.put(&text).ok_or_else(|| DerivedError::NoMarkers {
            path: path.clone(),
            begin: block.begin,
            end: block.end,
        })
    })?;
    Ok(Derived { path, text })
}

fn read(root: &Path, path: &Path) -> Result<String, DerivedError> {
    fs::read_to_string(root.join(path)).map_err(|source| DerivedError::Read {
        path: path.to_owned(),
        source,
    })
}

/// Renders a row of a Markdown table.
fn row(cells: &[&str]) -> String {
    format!("| {} |", cells.join(" | "))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(lines: &[&str]) -> Block {
        Block {
            begin: "# begin".to_owned(),
            end: "# end".to_owned(),
            lines: lines.iter().map(|&line| line.to_owned()).collect(),
        }
    }

    #[test]
    fn a_block_replaces_the_text_between_its_markers() {
        let text = "a:\n  # begin\n  old: 1\n  older: 2\n  # end\nb: 3\n";
        let put = block(&["  new: 4"]).put(text).unwrap();
        assert_eq!(put, "a:\n  # begin\n  new: 4\n  # end\nb: 3\n");
        assert_eq!(block(&["  new: 4"]).put(&put), Some(put));
        assert_eq!(block(&[]).put("# begin # end").unwrap(), "# begin\n# end");
    }

    #[test]
    fn a_block_needs_both_markers_in_order() {
        for text in ["", "# begin", "# end", "# end\n# begin"] {
            assert_eq!(block(&["line"]).put(text), None, "{text:?}");
        }
    }
}
