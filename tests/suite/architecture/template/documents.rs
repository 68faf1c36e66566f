//! The documents that the stack writes to Parameter Store, and that the functions read.

use std::collections::BTreeSet;

use eksentry_core::checks::CHECKS;
use eksentry_runtime::{Selection, Settings};
use eksentry_tests::template::Stack;

use super::{documents, environment, environments, stack, with_defaults};

/// Returns the selection that a stack's documents contain.
fn selection(stack: &Stack) -> Selection {
    let documents = documents(stack);
    let parts = documents
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()));
    Selection::of_documents(parts).expect("the functions accept the documents of the template")
}

#[test]
fn by_default_no_documents_are_written_or_read() {
    let stack = with_defaults();
    assert!(documents(&stack).is_empty());
    let environment = environment(&stack);
    let settings = Settings::from_environment(|name| environment.get(name).cloned());
    let settings = settings.expect("the functions accept the environment of the template");
    assert_eq!(settings.parameters_paths, [""; 0]);
}

#[test]
fn documents_are_written_to_the_paths_that_functions_read() {
    const OWN: &str = "/eksentry/eksentry";
    for (parameters, paths) in [
        (&[("EnabledChecks", "kms-cmk-rotation")][..], &[OWN][..]),
        (&[("DisabledChecks", "kms-cmk-rotation")], &[OWN]),
        (&[("CheckParameters", "{}")], &[OWN]),
        (
            &[("CheckParametersPath", "/bank/checks")],
            &["/bank/checks"],
        ),
        (
            &[
                ("CheckParameters", "{}"),
                ("CheckParametersPath", "/bank/checks"),
            ],
            &[OWN, "/bank/checks"],
        ),
    ] {
        let stack = stack(parameters);
        let environments = environments(&stack);
        for (function, environment) in &environments {
            let settings = Settings::from_environment(|name| environment.get(name).cloned());
            let settings = settings.expect("the functions accept the environment of the template");
            assert_eq!(
                settings.parameters_paths, paths,
                "{function}, {parameters:?}"
            );
        }
        let documents = documents(&stack);
        let folders: BTreeSet<_> = documents
            .keys()
            .filter_map(|name| name.rsplit_once('/'))
            .map(|(folder, _)| folder)
            .collect();
        let written = parameters
            .iter()
            .any(|(name, _)| *name != "CheckParametersPath");
        assert_eq!(
            folders,
            written.then_some(OWN).into_iter().collect(),
            "{parameters:?}"
        );
    }
}

#[test]
fn documents_contain_the_parameters_of_the_stack() {
    let stack = stack(&[
        ("EnabledChecks", "kms-cmk-rotation,ecr-scan-on-push"),
        ("DisabledChecks", "ecr-scan-on-push,ecr-immutable-tags"),
        (
            "CheckParameters",
            "{kms-cmk-rotation: {maxRotationPeriodDays: 90}}",
        ),
    ]);
    let selection = selection(&stack);
    let off: Vec<_> = CHECKS
        .into_iter()
        .filter(|check| check.enabled && !selection.is_enabled(check))
        .map(|check| check.id)
        .collect();
    assert_eq!(off, ["ecr-immutable-tags", "ecr-scan-on-push"]);
    let rotation = CHECKS.iter().find(|check| check.id == "kms-cmk-rotation");
    let rotation = rotation.expect("there is this check");
    assert_eq!(
        rotation.effective_parameters(&selection.of(rotation)),
        [("maxRotationPeriodDays", vec!["90".to_owned()])]
    );
}
