use super::*;
use crate::tests::{CLUSTER, evaluation, finding, plain, report};

const FIRST: Listing = Listing {
    all: false,
    commands: false,
};

fn style(columns: u16, colors: bool) -> Style {
    Style { columns, colors }
}

/// Returns the tables of the open findings and of the numbers.
fn tables(report: &Report, columns: u16, colors: bool) -> String {
    let style = style(columns, colors);
    report.open_findings(style, FIRST) + &report.numbers(style)
}

#[test]
fn open_findings_are_ordered_by_severity_then_status() {
    let report = report([
        finding("b", CLUSTER, Status::Warning, Severity::Low),
        finding("d", CLUSTER, Status::NotAvailable, Severity::Informational),
        finding("a", CLUSTER, Status::Failed, Severity::Low),
        finding("c", CLUSTER, Status::Failed, Severity::Critical),
    ]);
    let table = tables(&report, 120, false);
    let places: Vec<_> = [
        "CRITICAL, failed: 1",
        "LOW, failed: 1",
        "LOW, warning: 1",
        "INFORMATIONAL, not available: 1",
        "Findings by check: 4",
    ]
    .into_iter()
    .map(|heading| {
        table
            .find(heading)
            .unwrap_or_else(|| panic!("{heading} is missing in\n{table}"))
    })
    .collect();
    assert!(places.is_sorted(), "{table}");
}

#[test]
fn passed_findings_are_counted_but_not_listed() {
    let findings = [finding(
        "eks-endpoint-private",
        CLUSTER,
        Status::Passed,
        Severity::Informational,
    )];
    let report =
        report(findings).with_evaluations([evaluation("eksentry-rule", "x", "NON_COMPLIANT")]);
    let table = tables(&report, 120, false);
    assert!(!table.contains("payments-prod"), "{table}");
    assert!(table.contains("eks-endpoint-private"), "{table}");
    assert!(table.contains("No finding needs attention."), "{table}");
    assert!(table.contains("Evaluations in AWS Config: 1"), "{table}");
}

#[test]
fn many_findings_of_a_check_are_listed_in_part() {
    let resources = ["r1", "r2", "r3", "r4", "r5", "r6"];
    let listed = |number: usize| {
        let findings = resources[..number].iter().map(|resource| {
            finding(
                "eks-endpoint-private",
                resource,
                Status::Failed,
                Severity::High,
            )
        });
        let list = report(findings).open_findings(style(120, false), FIRST);
        assert_eq!(list.matches("eks-endpoint-private").count(), 1, "{list}");
        let shown = resources
            .iter()
            .filter(|resource| list.contains(**resource));
        (shown.count(), list.contains("more"))
    };
    assert_eq!(listed(1), (1, false));
    assert_eq!(listed(5), (5, false));
    assert_eq!(listed(6), (4, true));
}

#[test]
fn numbers_are_summed_by_service() {
    let numbers = report([
        finding(
            "kms-cmk-rotation",
            "key",
            Status::Passed,
            Severity::Informational,
        ),
        finding(
            "eks-endpoint-private",
            "one",
            Status::Failed,
            Severity::High,
        ),
        finding(
            "eks-endpoint-private",
            "two",
            Status::Passed,
            Severity::Informational,
        ),
        finding("eks-nodes-imds", "one", Status::Failed, Severity::High),
        finding("unknown", "one", Status::Failed, Severity::High),
    ])
    .numbers(style(120, false));
    let (_, numbers) = numbers
        .split_once("Findings by check: 5")
        .expect("the heading");
    let words: Vec<Vec<&str>> = numbers
        .lines()
        .map(|line| line.split_whitespace().collect())
        .filter(|words: &Vec<&str>| words.len() > 1)
        .collect();
    assert_eq!(
        words,
        [
            vec!["failed", "passed"],
            vec!["AWS", "KMS", "·", "1"],
            vec!["kms-cmk-rotation", "·", "1"],
            vec!["Amazon", "EKS", "2", "1"],
            vec!["eks-endpoint-private", "1", "1"],
            vec!["eks-nodes-imds", "1", "·"],
            vec!["Other", "1", "·"],
            vec!["unknown", "1", "·"],
        ]
    );
}

#[test]
fn tables_fit_the_terminal() {
    let mut long_reason = finding(
        "eks-secrets-customer-managed-key",
        CLUSTER,
        Status::Failed,
        Severity::High,
    );
    long_reason.reasons[0].text = "Ünïcödé ".repeat(200);
    let long = format!("{CLUSTER}{}", "x".repeat(200));
    let other = finding(
        "ecr-image-scan-findings",
        &long,
        Status::Failed,
        Severity::High,
    );
    let report = report([long_reason, other]).with_evaluations([evaluation(
        "eksentry-eks-endpoint-private",
        "x",
        "COMPLIANT",
    )]);
    for columns in [100_u16, 120, 160] {
        let table = tables(&report, columns, false);
        let widest = table
            .lines()
            .map(|line| line.chars().count())
            .max()
            .unwrap_or(0);
        assert!(
            widest <= usize::from(columns),
            "{widest} of {columns} columns:\n{table}"
        );
    }
}

#[test]
fn a_listing_has_a_row_for_each_finding_and_evaluation() {
    let findings = [
        finding(
            "eks-endpoint-private",
            CLUSTER,
            Status::Passed,
            Severity::Informational,
        ),
        finding(
            "eks-control-plane-logging",
            CLUSTER,
            Status::Failed,
            Severity::Low,
        ),
    ];
    let listing = report(findings)
        .with_evaluations([evaluation("eksentry-rule", "ledger-prod", "NOT_APPLICABLE")])
        .listing(style(140, false));
    for text in [
        "passed",
        "eks-endpoint-private",
        "eks-control-plane-logging",
        "ledger-prod",
        "NOT_APPLICABLE",
    ] {
        assert!(listing.contains(text), "{text} is missing in\n{listing}");
    }
    assert_eq!(report([]).listing(style(140, false)), "");
}

#[test]
fn colors_are_used_only_if_enabled() {
    let report = report([finding("a", CLUSTER, Status::Failed, Severity::Critical)]);
    assert!(!tables(&report, 120, false).contains('\u{1b}'));
    assert!(tables(&report, 120, true).contains('\u{1b}'));
}

#[test]
fn control_characters_are_removed() {
    let hostile = finding("a", "\u{1b}[2Jgone", Status::Failed, Severity::High);
    let table = tables(&report([hostile]), 120, false);
    assert!(!table.contains('\u{1b}'));
    assert!(table.contains("[2Jgone"));
}

#[test]
fn texts_are_truncated_by_characters() {
    assert_eq!(cut("äöü", 3), "äöü");
    assert_eq!(cut("äöüß", 3), "äö…");
    assert_eq!(cut("", 3), "");
}

#[test]
fn an_empty_report_is_one_line() {
    assert_eq!(
        tables(&report([]), 120, true),
        "No finding needs attention.\n\n"
    );
}

#[test]
fn all_findings_are_listed_with_their_commands_on_request() {
    let findings = || {
        (0..9).map(|number| {
            let resource = format!("r{number}");
            let mut finding = plain("eks-endpoint-private", &resource, Status::Failed);
            finding.command = format!("aws eks update-cluster-config --name {resource}\u{1b}");
            finding
        })
    };
    let steps = "  eks-endpoint-private: ";
    let of = |all, commands| {
        report(findings()).open_findings(style(120, false), Listing { all, commands })
    };
    let some = of(false, true);
    assert!(
        some.contains("and 5 more") && !some.contains("--name r4"),
        "{some}"
    );
    assert!(
        some.contains(steps) && some.contains("\n    aws eks update-cluster-config --name r3 \n")
    );
    let all = of(true, true);
    assert!(!all.contains("more") && all.contains("--name r8"), "{all}");
    assert!(!of(true, false).contains(steps));

    let mut unread = plain("eks-endpoint-private", CLUSTER, Status::NotAvailable);
    unread.command = "aws eks update-cluster-config".to_owned();
    let listing = Listing {
        all: true,
        commands: true,
    };
    let text = report([unread]).open_findings(style(120, false), listing);
    assert!(
        !text.contains("aws eks"),
        "nothing is known to be wrong: {text}"
    );
}

#[test]
fn places_are_named_if_there_are_several() {
    let elsewhere = Finding {
        region: "eu-west-1".to_owned(),
        ..plain("a", "r2", Status::Failed)
    };
    let here = || plain("a", "r1", Status::Failed);
    for (findings, is_named) in [(vec![here()], false), (vec![here(), elsewhere], true)] {
        let text = report(findings).open_findings(style(180, false), FIRST);
        assert_eq!(
            text.contains("r1 (eu-central-1, 111122223333)"),
            is_named,
            "{text}"
        );
    }
}
