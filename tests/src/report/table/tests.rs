use serde_json::json;

use super::super::tests::{CLUSTER, evaluation, finding, report};
use super::*;

#[test]
fn open_findings_are_ordered_by_severity_then_status() {
    let table = report(
        [
            finding("b", CLUSTER, "WARNING", "LOW"),
            finding("d", CLUSTER, "NOT_AVAILABLE", "INFORMATIONAL"),
            finding("a", CLUSTER, "FAILED", "LOW"),
            finding("c", CLUSTER, "FAILED", "CRITICAL"),
        ],
        Vec::new(),
    )
    .table(120, false);
    let places: Vec<_> = [
        "CRITICAL, failed: 1",
        "LOW, failed: 1",
        "LOW, warning: 1",
        "INFORMATIONAL, not available: 1",
        "findings: 4",
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
        "PASSED",
        "INFORMATIONAL",
    )];
    let table = report(
        findings,
        vec![evaluation("eksentry-rule", "x", "NON_COMPLIANT")],
    )
    .table(120, false);
    assert!(!table.contains("payments-prod"), "{table}");
    assert!(table.contains("eks-endpoint-private"), "{table}");
    assert!(table.contains("no findings that need attention"), "{table}");
    assert!(table.contains("AWS Config, evaluations: 1"), "{table}");
}

#[test]
fn many_findings_of_a_check_are_listed_in_part() {
    let resources = ["r1", "r2", "r3", "r4", "r5", "r6"];
    let listed = |number: usize| {
        let findings = resources[..number]
            .iter()
            .map(|resource| finding("eks-endpoint-private", resource, "FAILED", "HIGH"));
        let table = Report::new("", "", "", findings, Vec::new()).table(120, false);
        let list = table.split("Security Hub").next().unwrap_or_default();
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
    let table = report(
        [
            finding("kms-cmk-rotation", "key", "PASSED", "INFORMATIONAL"),
            finding("eks-endpoint-private", "one", "FAILED", "HIGH"),
            finding("eks-endpoint-private", "two", "PASSED", "INFORMATIONAL"),
            finding("eks-nodes-imds", "one", "FAILED", "HIGH"),
            finding("unknown", "one", "FAILED", "HIGH"),
        ],
        Vec::new(),
    )
    .table(120, false);
    let (_, numbers) = table
        .split_once("Security Hub, findings: 5")
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
    let mut asff = finding(
        "eks-secrets-customer-managed-key",
        CLUSTER,
        "FAILED",
        "HIGH",
    );
    asff["Description"] = json!("Ünïcödé ".repeat(200));
    let long = format!("{CLUSTER}{}", "x".repeat(200));
    let other = finding("ecr-image-scan-findings", &long, "FAILED", "HIGH");
    let report = report(
        [asff, other],
        vec![evaluation(
            "eksentry-eks-endpoint-private",
            "x",
            "COMPLIANT",
        )],
    );
    for columns in [100_u16, 120, 160] {
        let table = report.table(columns, false);
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
        finding("eks-endpoint-private", CLUSTER, "PASSED", "INFORMATIONAL"),
        finding("eks-control-plane-logging", CLUSTER, "FAILED", "LOW"),
    ];
    let listing = report(
        findings,
        vec![evaluation("eksentry-rule", "ledger-prod", "NOT_APPLICABLE")],
    )
    .listing(140, false);
    for text in [
        "passed",
        "eks-endpoint-private",
        "eks-control-plane-logging",
        "ledger-prod",
        "NOT_APPLICABLE",
    ] {
        assert!(listing.contains(text), "{text} is missing in\n{listing}");
    }
    assert_eq!(report([], Vec::new()).listing(140, false), "");
}

#[test]
fn colors_are_used_only_if_enabled() {
    let report = report([finding("a", CLUSTER, "FAILED", "CRITICAL")], Vec::new());
    assert!(!report.table(120, false).contains('\u{1b}'));
    assert!(report.table(120, true).contains('\u{1b}'));
}

#[test]
fn control_characters_are_removed() {
    let table = report(
        [finding("a", "\u{1b}[2Jgone", "FAILED", "HIGH")],
        Vec::new(),
    )
    .table(120, false);
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
        report([], Vec::new()).table(120, true),
        "Security Hub contains no findings that need attention.\n\n"
    );
}
