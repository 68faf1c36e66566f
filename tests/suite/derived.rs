//! The committed files, which must match the registry of checks.

use std::{collections::BTreeSet, env, fs, path::PathBuf};

use eksentry_core::{
    checks::CHECKS,
    policy::{Effect, Element, PolicyDocument, Statement},
};
use eksentry_tests::derived::{self, BLESS, Derived, PREVENTION};

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

/// The condition keys in these policies, each with the actions whose requests can have the key.
/// Source: <https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelastickubernetesservice.html>.
const CONDITION_KEYS: [(&str, &[&str]); 3] = [
    (
        "eks:deletionProtection",
        &["eks:CreateCluster", "eks:UpdateClusterConfig"],
    ),
    (
        "eks:encryptionConfigProviderKeyArns",
        &["eks:CreateCluster", "eks:AssociateEncryptionConfig"],
    ),
    (
        "eks:endpointPublicAccess",
        &["eks:CreateCluster", "eks:UpdateClusterConfig"],
    ),
];

#[test]
fn policies_that_prevent_failures_are_valid() {
    let mut policies = 0;
    for check in CHECKS {
        let path = derived::source_path(check);
        let source = read(&path);
        let heading = format!("//! ## {PREVENTION}");
        let lines = source.lines().skip_while(|line| *line != heading);
        let lines = lines.skip_while(|line| *line != "//! ```json").skip(1);
        let json: String = lines
            .map_while(|line| line.strip_prefix("//! "))
            .take_while(|line| *line != "```")
            .collect();
        if !source.contains(&heading) {
            continue;
        }
        let policy: PolicyDocument = serde_json::from_str(&json).unwrap_or_else(|error| {
            panic!(
                "{} must contain a policy below {heading:?}: {error}",
                path.display()
            )
        });
        assert!(!policy.statements().is_empty(), "{}", path.display());
        for statement in policy.statements() {
            assert_denies_requests_with_a_setting(statement);
        }
        policies += 1;
    }
    assert!(policies > 0, "no check has a section {PREVENTION:?}");
}

fn assert_denies_requests_with_a_setting(statement: &Statement) {
    assert_eq!(statement.effect, Effect::Deny, "{statement:?}");
    assert_eq!(statement.principal, Element::Absent, "{statement:?}");
    let everything = Element::Only(vec!["*".to_owned()]);
    assert_eq!(statement.resource, everything, "{statement:?}");
    let Element::Only(actions) = &statement.action else {
        panic!("{statement:?} must list its actions");
    };
    let conditions = statement.conditions.as_ref();
    let conditions = conditions.unwrap_or_else(|problem| panic!("{problem}"));
    let settings = conditions.iter().filter(|one| one.key.starts_with("eks:"));
    let keys: Vec<&str> = settings.map(|one| one.key.as_str()).collect();
    assert_eq!(keys.len(), 1, "{statement:?} must be about one setting");
    let known = CONDITION_KEYS.iter().find(|(key, _)| keys[0] == *key);
    let (_, supported) = known.unwrap_or_else(|| panic!("EKS has no condition key {}", keys[0]));
    for action in actions {
        assert!(
            supported.contains(&action.as_str()),
            "requests for {action} never have the key {}",
            keys[0]
        );
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
