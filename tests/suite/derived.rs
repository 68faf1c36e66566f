//! The committed files, which must match the registry of checks.

use std::{collections::BTreeSet, env, fs, path::PathBuf};

use eksentry_core::checks::CHECKS;
use eksentry_tests::derived::{self, BLESS, Derived};

use crate::architecture::{names_in, read, root};

/// Rewrites the files that do not match if `BLESS` is set.
#[test]
fn derived_files_are_up_to_date() {
    let mut files = derived::files(&root()).unwrap_or_else(|error| panic!("{error}"));
    files.retain(|file| difference(file).is_some());
    if env::var_os("BLESS").is_some() {
        files.iter().for_each(write);
    } else {
        let differences: Vec<_> = files.iter().filter_map(difference).collect();
        assert!(
            differences.is_empty(),
            "generated files are out of date; to write them again, run `{BLESS}`\n{}",
            differences.join("\n")
        );
    }
}

#[test]
fn every_page_has_a_check() {
    let pages = names_in(derived::PAGES);
    let checks: BTreeSet<_> = CHECKS
        .iter()
        .map(|check| format!("{}.md", check.id))
        .collect();
    let others: Vec<_> = pages.difference(&checks).collect();
    assert!(
        others.is_empty(),
        "{} contains pages without a check; delete {others:?}",
        derived::PAGES
    );
}

/// The page of a check begins with the module comment of the check's file.
#[test]
fn every_page_has_its_sections() {
    for check in CHECKS {
        let path = derived::source_path(check);
        let source = read(&path);
        for section in ["What it checks", "Why it matters", "How to fix it"] {
            let heading = format!("//! ## {section}");
            let mut lines = source.lines().skip_while(|line| *line != heading);
            assert!(
                lines.next().is_some(),
                "{} must begin with a module comment that contains the line {heading:?}",
                path.display()
            );
            let text = lines.find(|line| *line != "//!").unwrap_or_default();
            assert!(
                text.starts_with("//! ") && !text.starts_with("//! ##"),
                "{} must contain a text below {heading:?}",
                path.display()
            );
        }
    }
}

/// Returns the first line of a file that differs; `None` if the file matches.
fn difference(file: &Derived) -> Option<String> {
    let path = file.path.display();
    let Ok(committed) = fs::read_to_string(root().join(&file.path)) else {
        return Some(format!("{path} is missing"));
    };
    if committed == file.text {
        return None;
    }
    let (line, (actual, expected)) = committed
        .lines()
        .chain([""])
        .zip(file.text.lines().chain([""]))
        .enumerate()
        .find(|(_, (actual, expected))| actual != expected)
        .unwrap_or_default();
    Some(format!(
        "{path}:{}\n  actual:   {actual}\n  expected: {expected}",
        line + 1
    ))
}

fn write(file: &Derived) {
    let path: PathBuf = root().join(&file.path);
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).expect("its folder can be created");
    }
    fs::write(&path, &file.text).expect("it can be written");
}
