//! Vulnerability findings.

use super::*;

#[test]
fn a_vulnerability_finding_is_complete() {
    let finding = scanned(vec![vulnerability("CVE-2026-00001")]);
    let written = written(&finding);
    assert_eq!(written[0]["class_uid"], 2003);
    insta::assert_json_snapshot!(without_versions(written[1].clone()));
}

#[test]
fn a_vulnerability_finding_requires_known_vulnerabilities() {
    let mut counts = SeverityCounts::default();
    counts.add(Some(Severity::High), 3);
    let counted = image(ScanStatus::Complete, counts, Vec::new());
    assert_eq!(only(&counted)["compliance"]["status"], "Fail");
    assert_eq!(only(&scanned(Vec::new()))["compliance"]["status"], "Pass");

    let some = image(
        ScanStatus::Complete,
        counts,
        vec![vulnerability("CVE-2026-1")],
    );
    let vulnerabilities = &written(&some)[1];
    assert_eq!(vulnerabilities["metadata"]["is_truncated"], true);
    assert_eq!(vulnerabilities["severity"], "High");
    let without_severity = Vulnerability {
        severity: None,
        ..vulnerability("CVE-2026-1")
    };
    let untriaged = &written(&scanned(vec![without_severity]))[1];
    assert_eq!(
        (&untriaged["severity_id"], &untriaged["severity"]),
        (&json!(0), &json!("Unknown"))
    );
}

#[test]
fn a_vulnerability_without_a_cve_id_is_an_advisory() {
    for (id, cve, advisory) in [
        ("CVE-2026-1", "CVE-2026-1", ""),
        ("GHSA-5mrr-rgp6-x4gr", "", "GHSA-5mrr-rgp6-x4gr"),
        ("ALAS2-2026-1", "", "ALAS2-2026-1"),
        (" ", "", "unknown"),
    ] {
        let rendered = &written(&scanned(vec![vulnerability(id)]))[1]["vulnerabilities"][0];
        let uid = |kind: &str| rendered[kind]["uid"].as_str().unwrap_or_default();
        assert_eq!((uid("cve"), uid("advisory")), (cve, advisory), "{id}");
    }
}

#[test]
fn an_advisory_contains_its_related_cves() {
    let rendered = &written(&scanned(vec![vulnerability("ALAS2-2026-1")]))[1]["vulnerabilities"][0];
    assert_eq!(
        rendered["advisory"]["related_cves"],
        json!([{"uid": "CVE-2025-1"}])
    );
    assert_eq!(
        rendered["related_vulnerabilities"],
        json!(["CVE-2025-1", "GHSA-x"])
    );
}

#[test]
fn fixes_and_exploits_map_to_values_of_the_schema() {
    for (fix, exploit, expected) in [
        ("YES", "YES", json!([true, 1, "Complete", true])),
        ("PARTIAL", "NO", json!([true, 2, "Partial", false])),
        ("NO", "", json!([false, 3, "None", null])),
        ("", "PERHAPS", json!([null, null, null, null])),
    ] {
        let found = Vulnerability {
            fix_available: Some(fix.to_owned()),
            exploit_available: Some(exploit.to_owned()),
            ..vulnerability("CVE-2026-1")
        };
        let rendered = &written(&scanned(vec![found]))[1]["vulnerabilities"][0];
        assert_eq!(
            json!([
                rendered["is_fix_available"],
                rendered["fix_coverage_id"],
                rendered["fix_coverage"],
                rendered["is_exploit_available"]
            ]),
            expected
        );
    }
}

#[test]
fn the_severity_of_the_vendor_takes_precedence() {
    for (vendor, severity, expected) in [
        (Some("Important"), Some(Severity::High), json!("Important")),
        (Some(" "), Some(Severity::High), json!("HIGH")),
        (None, Some(Severity::Low), json!("LOW")),
        (None, None, json!(null)),
    ] {
        let found = Vulnerability {
            vendor_severity: vendor.map(str::to_owned),
            severity,
            ..vulnerability("CVE-2026-1")
        };
        let rendered = &written(&scanned(vec![found]))[1]["vulnerabilities"][0];
        assert_eq!(rendered["severity"], expected);
    }
}

#[test]
fn values_that_the_schema_cannot_represent_are_left_out() {
    let text = |text: &str| Some(text.to_owned());
    let package = |name, version, epoch| Package {
        name,
        version,
        epoch,
        path: text(" "),
        ..Package::default()
    };
    let score = |version, score| Cvss {
        version,
        score,
        ..Cvss::default()
    };
    let incomplete = Vulnerability {
        id: "CVE-2026-1".to_owned(),
        packages: vec![
            package(text(""), text("1"), None),
            package(text("a"), None, text("none")),
        ],
        cvss: vec![
            score(None, Some(1.0)),
            score(text("3.1"), None),
            score(text("3.1"), Some(f64::NAN)),
        ],
        references: vec![String::new(), "  ".to_owned()],
        fix_available: text("PERHAPS"),
        ..Vulnerability::default()
    };
    let rendered = &written(&scanned(vec![incomplete]))[1]["vulnerabilities"][0];
    let expected = json!({
        "title": "CVE-2026-1 in a",
        "cve": {"uid": "CVE-2026-1"},
        "affected_packages": [{"name": "a", "version": "unknown"}],
    });
    assert_eq!(rendered, &expected);
}
