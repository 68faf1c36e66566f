use std::{
    env,
    process::{self, Command, Stdio},
};

use super::*;
use crate::derived;

const REGISTERED: &str = include_str!("../../../shared/core/src/checks.rs");
const CHECK: &str = include_str!("../../../shared/core/src/check.rs");
const PARAMETERS: &str = include_str!("../../../shared/core/src/parameters.rs");
const FACTS: &str = include_str!("../../../shared/core/src/facts.rs");
const SAMPLES: &str = include_str!("../../../shared/core/src/checks/samples.rs");

fn check(id: &str) -> NewCheck {
    NewCheck::new(id, "cluster").unwrap()
}

/// Returns the ids in a registry, and the number of checks that it states.
fn ids(registry: &str) -> (Vec<String>, usize) {
    let ids = registry.lines().filter_map(|line| {
        let module = line.strip_prefix("    &")?.strip_suffix("::CHECK,")?;
        Some(module.replace('_', "-"))
    });
    let (_, length) = registry.split_once("[&Check; ").unwrap();
    let (length, _) = length.split_once(']').unwrap();
    (ids.collect(), length.parse().unwrap())
}

/// Returns the modules that a registry declares, except that of the samples.
fn modules(registry: &str) -> Vec<&str> {
    let names = registry
        .lines()
        .filter_map(|line| line.strip_prefix("mod ")?.strip_suffix(';'));
    names.collect()
}

/// Returns the names of the fields of a check.
fn check_fields() -> Vec<&'static str> {
    let (_, fields) = CHECK.split_once("pub struct Check {\n").unwrap();
    let (fields, _) = fields.split_once("\n}").unwrap();
    let fields = fields
        .lines()
        .filter_map(|line| line.strip_prefix("    pub ")?.split_once(": "));
    fields.map(|(name, _)| name).collect()
}

/// Asserts that a text is formatted as by `cargo fmt`.
fn assert_formatted(source: &str) {
    let mut rustfmt = Command::new("rustfmt")
        .args(["--edition", "2024", "--check"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("rustfmt must be installed; to install it, run `rustup component add rustfmt`");
    let mut input = rustfmt.stdin.take().unwrap();
    input.write_all(source.as_bytes()).unwrap();
    drop(input);
    let output = rustfmt.wait_with_output().unwrap();
    let messages = [output.stdout, output.stderr].concat();
    let messages = String::from_utf8_lossy(&messages);
    assert!(
        output.status.success() && messages.is_empty(),
        "{messages}\n{source}"
    );
}

#[test]
fn ids_must_be_short_and_in_kebab_case() {
    let longest = format!("eks-{}", "a".repeat(LONGEST_CHECK_ID - 4));
    for id in ["eks-new", "k8s-pod-new", "ecr-v2-new", longest.as_str()] {
        assert_eq!(check(id).id, id);
    }
    let too_long = format!("{longest}a");
    for (id, expected) in [
        ("", "is not a valid id"),
        ("eks", "is not a valid id"),
        ("eks-", "is not a valid id"),
        ("-eks", "is not a valid id"),
        ("eks--new", "is not a valid id"),
        ("eks_new", "is not a valid id"),
        ("Eks-new", "is not a valid id"),
        ("8s-new", "is not a valid id"),
        ("eks-nëw", "is not a valid id"),
        ("../eks-new", "is not a valid id"),
        (too_long.as_str(), "has 49 characters"),
    ] {
        let error = NewCheck::new(id, "cluster").unwrap_err().to_string();
        assert!(error.contains(expected), "{id}: {error}");
    }
}

#[test]
fn existing_ids_are_rejected() {
    for existing in CHECKS {
        let error = NewCheck::new(existing.id, "cluster").unwrap_err();
        assert!(matches!(error, NewCheckError::Exists(_)), "{error}");
        for known in CHECKS {
            assert!(error.to_string().contains(known.id), "{error}");
        }
    }
}

#[test]
fn an_unknown_kind_error_lists_the_known_kinds() {
    for unknown in ["", "clusters", "Cluster", "EksCluster"] {
        let error = NewCheck::new("eks-new", unknown).unwrap_err();
        assert!(matches!(error, NewCheckError::UnknownKind(_)), "{error}");
        for kind in kinds() {
            assert!(error.to_string().contains(kind.noun), "{error}");
        }
    }
}

#[test]
fn new_files_are_beside_existing_checks() {
    for existing in CHECKS {
        let same = NewCheck {
            id: existing.id.to_owned(),
            kind: existing.kind(),
        };
        assert_eq!(same.path(), derived::source_path(existing));
    }
}

#[test]
fn the_source_is_formatted_rust_for_each_kind() {
    for kind in kinds() {
        let check = NewCheck::new("eks-new", kind.noun).unwrap();
        let source = check.source();
        assert!(!source.contains('<'), "{source}");
        assert!(source.contains(r#"id: "eks-new","#), "{source}");
        assert_formatted(&source);
        let (check, function) = ("static CHECK: Check = ", "fn evaluate(_: &");
        for once in [check, function, "#[test]", "#[cfg(test)]"] {
            assert_eq!(source.matches(once).count(), 1, "{once}\n{source}");
        }

        // It sets the fields that a check has.
        for field in check_fields() {
            let set = format!("\n    {field}: ");
            assert_eq!(source.matches(&set).count(), 1, "{field}\n{source}");
        }

        // The types and samples that it imports exist.
        let (noun, facts) = (kind.noun.replace(' ', "_"), kind.name);
        assert!(FACTS.contains(&format!("::{facts};")), "{facts}");
        let sample = format!("pub(crate) fn {noun}() -> {facts} {{");
        assert!(SAMPLES.contains(&sample), "{sample}");
        assert!(source.contains("use crate::parameters::ParameterValues;"));
        assert!(PARAMETERS.contains("pub struct ParameterValues {"));
    }
}

#[test]
fn registration_keeps_the_order() {
    let (before, _) = ids(REGISTERED);
    for id in [
        "a-first",
        "ecr-in-between",
        "eks-endpoint-private-too",
        "zz-last",
    ] {
        let registry = check(id).register(REGISTERED).unwrap();
        let (after, length) = ids(&registry);
        let mut expected = before.clone();
        expected.push(id.to_owned());
        expected.sort_unstable();
        assert_eq!((&after, length), (&expected, expected.len()));

        let module = module(id);
        let mut expected = modules(REGISTERED);
        expected.push(&module);
        expected.sort_unstable();
        assert_eq!(modules(&registry), expected);
        assert_eq!(registry.lines().count(), REGISTERED.lines().count() + 2);
        assert!(registry.ends_with("}\n"));
    }
}

#[test]
fn an_unexpected_registry_is_rejected() {
    let (entry, module) = ("    &", "mod ");
    let without = |prefix: &str| {
        let lines = REGISTERED.lines().filter(|line| !line.starts_with(prefix));
        lines.collect::<Vec<_>>().join("\n")
    };
    let (_, length) = ids(REGISTERED);
    let miscounted = REGISTERED.replace(&format!("[&Check; {length}]"), "[&Check; 1]");
    for (registry, missing) in [
        (without(entry), "::CHECK,`"),
        (without(module), "`mod …;`"),
        (miscounted, "CHECKS: [&Check; …]"),
        (String::new(), "::CHECK,`"),
    ] {
        let error = check("eks-new").register(&registry).unwrap_err();
        assert!(matches!(error, NewCheckError::Registry(_)), "{error}");
        assert!(error.to_string().contains(missing), "{error}");
    }
}

#[test]
fn existing_files_are_not_overwritten() {
    let root = env::temp_dir().join(format!("eksentry-new-check-{}", process::id()));
    let new = check("eks-new");
    let (registry, path) = (root.join(REGISTRY), root.join(new.path()));
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&registry, REGISTERED).unwrap();

    new.write(&root).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), new.source());
    let registered = new.register(REGISTERED).unwrap();
    assert_eq!(fs::read_to_string(&registry).unwrap(), registered);

    // An existing file and the registry stay unchanged.
    fs::write(&path, "written by hand").unwrap();
    fs::write(&registry, REGISTERED).unwrap();
    let error = new.write(&root).unwrap_err();
    assert!(
        error.to_string().contains("eks_new.rs can't be created"),
        "{error}"
    );
    assert_eq!(fs::read_to_string(&path).unwrap(), "written by hand");
    assert_eq!(fs::read_to_string(&registry).unwrap(), REGISTERED);

    fs::remove_file(&registry).unwrap();
    let error = new.write(&root).unwrap_err();
    assert!(
        error.to_string().contains("checks.rs can't be read"),
        "{error}"
    );
    fs::remove_dir_all(&root).unwrap();
}

#[test]
fn the_remaining_steps_are_listed() {
    let steps = check("eks-new").steps();
    let text = steps.join("\n");
    for named in [
        "shared/core/src/checks/eks_new.rs",
        "tests/demo/account.yaml",
        "one cluster that passes",
        "shared/core/src/standards",
        BLESS,
    ] {
        assert!(text.contains(named), "{named} is not in {text}");
    }
    // An unknown service adds one step.
    let more = check("xyz-new").steps();
    assert_eq!(more.len(), steps.len() + 1);
    assert!(more.last().unwrap().contains("\"xyz-new\""), "{more:?}");
}
