//! The dependencies that crates may have, which `ARCHITECTURE.md` explains, and the rules for all dependencies.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use cargo_metadata::{CargoOpt, DependencyKind, Metadata, MetadataCommand};

use super::{names_in, read, root};

const COMMAND: &str = "eksentry";
const CORE: &str = "eksentry-core";
const AWS: &str = "eksentry-aws";
const COLLECTORS: &str = "eksentry-collectors";
const KUBERNETES: &str = "eksentry-kubernetes";
const REPORT: &str = "eksentry-report";
const REPORTERS: &str = "eksentry-reporters";
const REPORT_FUNCTION: &str = "report";
const RUNTIME: &str = "eksentry-runtime";
const TESTS: &str = "eksentry-tests";

/// The dependencies of each package of the workspace, except those that only its tests and build scripts need.
struct Workspace(BTreeMap<String, BTreeSet<String>>);

impl Workspace {
    fn read() -> Self {
        let metadata = MetadataCommand::new()
            .manifest_path(root().join("Cargo.toml"))
            .no_deps()
            .exec()
            .expect("cargo metadata must be able to read the workspace");
        let packages = metadata.packages.into_iter().map(|package| {
            let normal = package
                .dependencies
                .into_iter()
                .filter(|dependency| dependency.kind == DependencyKind::Normal)
                .map(|dependency| dependency.name);
            (package.name.to_string(), normal.collect())
        });
        Self(packages.collect())
    }

    fn of(&self, package: &str) -> &BTreeSet<String> {
        self.0
            .get(package)
            .unwrap_or_else(|| panic!("the workspace has no package {package}"))
    }

    /// Lists the packages of the workspace that a package depends on.
    fn ours(&self, package: &str) -> Vec<&str> {
        let ours = self
            .of(package)
            .iter()
            .filter(|name| self.0.contains_key(*name));
        ours.map(String::as_str).collect()
    }

    /// Lists the deployed packages that depend on that crate.
    fn dependents(&self, name: &str) -> BTreeSet<String> {
        let deployed = self.0.iter().filter(|(package, _)| *package != TESTS);
        deployed
            .filter(|(_, dependencies)| dependencies.contains(name))
            .map(|(package, _)| package.clone())
            .collect()
    }
}

#[test]
fn crates_depend_on_each_other_in_one_direction() {
    let workspace = Workspace::read();
    assert_eq!(workspace.ours(CORE), [""; 0]);
    assert_eq!(workspace.ours(AWS), [""; 0]);
    assert_eq!(workspace.ours(COLLECTORS), [AWS, CORE, KUBERNETES]);
    assert_eq!(workspace.ours(KUBERNETES), [AWS, CORE]);
    assert_eq!(workspace.ours(REPORT), [CORE]);
    assert_eq!(workspace.ours(REPORTERS), [AWS, CORE]);
    assert_eq!(
        workspace.ours(RUNTIME),
        [AWS, COLLECTORS, CORE, KUBERNETES, REPORTERS]
    );
    for function in names_in("functions") {
        let expected: &[&str] = match function.as_str() {
            REPORT_FUNCTION => &[CORE, REPORT, RUNTIME],
            _ => &[RUNTIME],
        };
        assert_eq!(workspace.ours(&function), expected, "{function}");
    }
    assert_eq!(
        workspace.ours(COMMAND),
        [AWS, CORE, REPORT, REPORTERS, RUNTIME]
    );
    assert_eq!(workspace.dependents(COMMAND), BTreeSet::new());
    assert_eq!(workspace.dependents(TESTS), BTreeSet::new());
    // No other function contains the report.
    let with_report = [COMMAND, REPORT_FUNCTION].map(str::to_owned);
    assert_eq!(workspace.dependents(REPORT), with_report.into());
}

#[test]
fn core_has_no_impure_dependencies() {
    let workspace = Workspace::read();
    let impure = [
        "aws",
        "hyper",
        "lambda_runtime",
        "reqwest",
        "serde_json",
        "tokio",
        "tracing",
    ];
    for dependency in workspace.of(CORE) {
        assert!(
            !impure.iter().any(|prefix| dependency.starts_with(prefix)),
            "{CORE} depends on {dependency}: I/O, clocks and JSON belong to the crates around it"
        );
    }
}

#[test]
fn functions_do_not_depend_on_the_sdk() {
    let workspace = Workspace::read();
    for function in names_in("functions") {
        for dependency in workspace.of(&function) {
            assert!(
                !dependency.starts_with("aws"),
                "{function} depends on {dependency}: {RUNTIME} creates the clients"
            );
        }
    }
}

#[test]
fn only_the_runtime_and_the_functions_depend_on_lambda_runtime() {
    let mut expected = names_in("functions");
    expected.insert(RUNTIME.to_owned());
    assert_eq!(Workspace::read().dependents("lambda_runtime"), expected);
}

/// Cargo selects the features of the packages that are built together, and functions are built without the command.
#[test]
fn functions_do_not_have_the_features_of_the_command() {
    for function in names_in("functions") {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let tree = Command::new(cargo)
            .args(["tree", "--locked", "--edges", "features,no-dev"])
            .args(["--prefix", "none", "--package", &function])
            .current_dir(root())
            .output()
            .expect("cargo must be installed");
        assert!(
            tree.status.success(),
            "{}",
            String::from_utf8_lossy(&tree.stderr)
        );
        let tree = String::from_utf8_lossy(&tree.stdout);
        assert!(tree.contains("tokio feature \"rt\""), "{tree}");
        for feature in [
            "tokio feature \"process\"",
            "aws-sdk-sso ",
            "clap ",
            "indicatif ",
        ] {
            assert!(!tree.contains(feature), "{function} has {feature}");
        }
    }
}

/// `sam build` builds one function after the other. A dependency with other features would be built again, with all that
/// depends on it.
#[test]
fn functions_share_the_features_of_their_dependencies() {
    let features = |functions: &BTreeSet<String>| {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let tree = Command::new(cargo)
            .args(["tree", "--locked", "--edges", "normal"])
            .args(["--prefix", "none", "--format", "{p} {f}"])
            .args(functions.iter().map(|name| format!("--package={name}")))
            .current_dir(root())
            .output()
            .expect("cargo must be installed");
        let tree = String::from_utf8(tree.stdout).unwrap();
        let lines = tree.lines().map(|line| line.trim_end_matches(" (*)"));
        lines.map(str::to_owned).collect::<BTreeSet<_>>()
    };
    let all = names_in("functions");
    let together = features(&all);
    assert!(together.len() > 100, "{together:?}");
    for function in all {
        let alone = features(&[function.clone()].into());
        let others: Vec<_> = alone.difference(&together).collect();
        assert_eq!(others, [""; 0], "{function}");
    }
}

#[test]
fn only_the_tests_depend_on_axum() {
    assert_eq!(Workspace::read().dependents("axum"), BTreeSet::new());
}

/// Returns the metadata of all packages in Cargo.lock, including those of the registry.
fn locked() -> Metadata {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .features(CargoOpt::AllFeatures)
        .other_options(["--locked".to_owned()])
        .exec()
        .expect("Cargo.lock must be up to date; to update it, run `cargo update --workspace`")
}

#[test]
fn no_dependency_needs_a_newer_compiler() {
    let metadata = locked();
    let stated = metadata
        .workspace_packages()
        .into_iter()
        .map(|package| package.rust_version.clone());
    let stated: BTreeSet<_> = stated.collect();
    let [Some(stated)] = &stated.into_iter().collect::<Vec<_>>()[..] else {
        panic!("each crate of the workspace must set `rust-version.workspace = true`")
    };
    for package in &metadata.packages {
        assert!(
            package
                .rust_version
                .as_ref()
                .is_none_or(|wanted| wanted <= stated),
            "{} {} needs Rust {:?}, but Cargo.toml states {stated}",
            package.name,
            package.version,
            package.rust_version
        );
    }
    let version = format!("Rust {stated}");
    let times = read("CONTRIBUTING.md").matches(&version).count();
    assert_eq!(times, 1, "CONTRIBUTING.md must contain {version:?} once");
}

#[test]
fn every_crate_forbids_unsafe_code() {
    let lints = read("Cargo.toml");
    assert!(lints.contains("\nunsafe_code = \"forbid\"\n"));
    for package in locked().workspace_packages() {
        let manifest = read(&package.manifest_path);
        assert!(
            manifest.contains("\n[lints]\nworkspace = true\n"),
            "{} must contain `[lints] workspace = true`",
            package.manifest_path
        );
    }
}

#[test]
fn dependencies_are_locked_and_from_crates_io() {
    for package in locked().packages {
        let source = package.source.as_ref().map(ToString::to_string);
        assert!(
            source.is_none_or(
                |source| source == "registry+https://github.com/rust-lang/crates.io-index"
            ),
            "{} is not from crates.io",
            package.name
        );
    }
    // This can't be checked in a copy of the sources without the repository's history.
    if root().join(".git").exists() {
        let tracked = Command::new("git")
            .args(["ls-files", "--error-unmatch", "Cargo.lock"])
            .current_dir(root())
            .output()
            .expect("git must be installed");
        assert!(tracked.status.success(), "Cargo.lock must be committed");
    }
}
