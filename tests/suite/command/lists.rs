//! The commands that call nothing: lists, explanations, completions and man pages.

use eksentry_core::checks::CHECKS;

use super::{Desk, Ran};

fn run(desk: &Desk, arguments: &[&str]) -> Ran {
    let ran = desk.run_with(Vec::new(), arguments);
    assert_eq!(ran.code, Some(0), "{arguments:?}: {}", ran.stderr);
    ran
}

#[test]
fn checks_are_listed_by_standard_service_and_severity() {
    let desk = Desk::new("checks");
    let all = run(&desk, &["checks"]).stdout;
    for check in CHECKS {
        assert!(all.contains(check.id), "{} is not listed", check.id);
    }
    let some = run(&desk, &["checks", "--service", "kms", "--severity", "high"]).stdout;
    assert!(
        some.contains("kms-key-policy-restricted") && !some.contains("kms-cmk-rotation"),
        "{some}"
    );
    let none = desk.run_with(
        Vec::new(),
        &["checks", "--service", "kms", "--standard", "pss"],
    );
    assert_eq!(none.code, Some(2));
    assert!(
        none.stderr.contains("--standard pss --service kms"),
        "{}",
        none.stderr
    );
}

#[test]
fn a_check_is_explained_with_its_permissions() {
    let desk = Desk::new("explain");
    let text = run(&desk, &["explain", "kms-cmk-rotation"]).stdout;
    for part in [
        "## What it checks",
        "## Why it matters",
        "## How to fix it",
        "kms:GetKeyRotationStatus",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!text.contains("eks:"), "{text}");
}

#[test]
fn help_completions_and_man_pages_name_every_command() {
    let desk = Desk::new("help");
    let names = [
        "scan",
        "checks",
        "explain",
        "policy",
        "invoke",
        "completions",
        "man",
    ];
    let help = run(&desk, &["--help"]).stdout;
    let bash = run(&desk, &["completions", "bash"]).stdout;
    for name in names {
        assert!(help.contains(name) && bash.contains(name), "{name}");
        let of_command = run(&desk, &[name, "--help"]).stdout;
        assert!(of_command.contains("Usage: eksentry "), "{of_command}");
    }
    assert!(help.contains("Exit codes:"), "{help}");
    run(&desk, &["man", "."]);
    let pages = desk.files();
    for name in names {
        assert!(pages.contains(&format!("eksentry-{name}.1")), "{pages:?}");
    }
}
