//! The strings that sources must not contain.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use eksentry_core::ReasonCode;
use eksentry_core::checks::CHECKS;
use eksentry_tests::derived::{module, source_path};

use super::{names_in, read, root};

const CORE: &str = "shared/core/src";

/// The strings that only impure code contains.
const IMPURE: [&str; 11] = [
    "serde_json::Value",
    "std::env",
    "env::var",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
];

#[test]
fn core_reads_no_clock_no_environment_and_no_untyped_json() {
    let files = sources(Path::new(CORE));
    assert!(
        files.len() > CHECKS.len(),
        "{CORE} must contain more files than {files:?}"
    );
    for file in files {
        let text = read(&file);
        let code = without_tests(&text);
        for impure in IMPURE {
            assert!(
                !code.contains(impure),
                "{} uses {impure}; pass the value as an argument",
                file.display()
            );
        }
    }
}

/// The strings in code that reads a clock that tests do not control.
const CLOCKS: [&str; 5] = [
    "SystemTime::now",
    "Timestamp::now",
    "Zoned::now",
    "std::time::Instant",
    "std::time::{Duration, Instant",
];

#[test]
fn the_clock_is_read_in_one_place() {
    for folder in ["shared", "functions"] {
        for file in sources(Path::new(folder)) {
            let text = read(&file);
            let code = without_tests(&text);
            for clock in CLOCKS {
                assert!(
                    !code.contains(clock),
                    "{} uses {clock}; use eksentry_aws::Clock for times and tokio's Instant for durations",
                    file.display()
                );
            }
        }
    }
}

#[test]
fn checks_do_not_refer_to_each_other() {
    for check in CHECKS {
        let path = source_path(check);
        let text = read(&path);
        for other in CHECKS.iter().filter(|other| other.id != check.id) {
            let other = module(other);
            assert!(
                !text.contains(&other),
                "{} refers to {other}; move shared code to the facts",
                path.display()
            );
        }
    }
}

#[test]
fn every_check_file_is_registered() {
    let mut files = names_in(Path::new(CORE).join("checks"));
    files.remove("samples.rs");
    // The tests of some checks are in folders.
    files.retain(|name| Path::new(name).extension().is_some_and(|one| one == "rs"));
    let registered = CHECKS.map(|check| format!("{}.rs", module(check)));
    assert_eq!(
        files,
        registered.into(),
        "register each file in shared/core/src/checks in shared/core/src/checks.rs"
    );
}

/// The documentation would otherwise list a code that never occurs.
#[test]
fn every_reason_code_is_used() {
    let mut texts = String::new();
    for folder in ["core", "collectors", "kubernetes", "reporters", "runtime"] {
        for file in sources(&Path::new("shared").join(folder).join("src")) {
            if !is_test(&file) {
                texts += without_tests(&read(&file));
            }
        }
    }
    let used: BTreeSet<&str> = texts
        .split("ReasonCode::")
        .skip(1)
        .filter_map(|rest| rest.split(|c: char| !c.is_alphanumeric()).next())
        .collect();
    for code in ReasonCode::ALL {
        let variant = format!("{code:?}");
        assert!(
            used.contains(variant.as_str()),
            "no code uses {code:?}; remove it, or use it"
        );
    }
}

/// Returns a file's code up to its tests, which are at the end.
pub(super) fn without_tests(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests")
        .next()
        .unwrap_or_default()
}

/// Returns `true` if a file contains only tests: `tests.rs`, or a file in a folder `tests`.
pub(super) fn is_test(file: &Path) -> bool {
    file.ends_with("tests.rs") || file.iter().any(|name| name == "tests")
}

/// Lists all Rust files in a folder and its subfolders, by their paths relative to the root.
pub(super) fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for name in names_in(folder) {
        let path = folder.join(name);
        if root().join(&path).is_dir() {
            files.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files
}

#[test]
fn tests_are_removed_from_sources() {
    let text = "#[cfg(test)]\nmod samples;\nfn code() {}\n\n#[cfg(test)]\nmod tests {\n    use std::env;\n}\n";
    assert!(without_tests(text).ends_with("fn code() {}\n\n"));
}

#[test]
fn files_with_only_tests_are_recognized() {
    for (file, expected) in [
        ("a/tests.rs", true),
        ("a/tests/cases.rs", true),
        ("a/contests.rs", false),
        ("a.rs", false),
    ] {
        assert_eq!(is_test(Path::new(file)), expected, "{file}");
    }
}
