use std::sync::Arc;

use eksentry_core::facts::image::{Content, EcrImage, Manifest, Scan, ScanStatus, SeverityCounts};
use eksentry_core::facts::key::{KeyState, KmsKey, Rotation};
use eksentry_core::mute_list::{Entry, Mute};
use eksentry_core::{Observation, ParameterValues, ReasonCode, State, Unread};
use serde_json::{Value, json};

use super::*;

const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd";
const IMAGE: &str = "arn:aws:ecr:eu-central-1:111122223333:repository/cards/api/sha256:0a1b";
const RUN: &str = "request/1";

fn finding(check: &str, resource: &str, state: State) -> Finding {
    let observation = Observation {
        resource: Resource::parse(resource).unwrap(),
        observed_at: "2026-03-01T10:20:30.456Z".parse().unwrap(),
        state,
    };
    Finding::of(
        checks::find(check).unwrap(),
        &observation,
        &ParameterValues::default(),
        None,
    )
}

fn key(description: &str, rotation: Rotation) -> KmsKey {
    KmsKey {
        id: "1234abcd".into(),
        account: Some("111122223333".into()),
        customer_managed: true,
        spec: Some("SYMMETRIC_DEFAULT".into()),
        usage: Some("ENCRYPT_DECRYPT".into()),
        origin: Some("AWS_KMS".into()),
        state: KeyState::Enabled,
        replica: false,
        description: Some(description.into()),
        created_at: "2024-05-06T07:08:09Z".parse().ok(),
        rotation: Ok(rotation),
    }
}

fn rotation(rotation: Rotation) -> Finding {
    let key = key("signs nothing", rotation);
    finding("kms-cmk-rotation", KEY, State::present(key))
}

fn image(status: ScanStatus, counts: SeverityCounts, found: Vec<Vulnerability>) -> Finding {
    let result = ScanResult {
        counts,
        vulnerabilities: found,
    };
    let image = EcrImage {
        repository: "cards/api".into(),
        digest: "sha256:0a1b".into(),
        registry: Some("111122223333".into()),
        tags: vec!["1.4.2".into()],
        content: Content::Image,
        manifest: Manifest::Unread,
        archived: false,
        pushed_at: "2026-02-01T00:00:00Z".parse().ok(),
        age: None,
        idle_days: Some(3),
        scan_revision: None,
        scan: Ok(Scan::Tried {
            status,
            description: None,
            result: Some(Arc::new(result)),
        }),
    };
    let state = State::present(image);
    finding("ecr-image-scan-findings", IMAGE, state)
}

fn scanned(found: Vec<Vulnerability>) -> Finding {
    let mut counts = SeverityCounts::default();
    for one in &found {
        counts.add(one.severity, 1);
    }
    image(ScanStatus::Complete, counts, found)
}

fn vulnerability(id: &str) -> Vulnerability {
    let text = |text: &str| Some(text.to_owned());
    Vulnerability {
        id: id.to_owned(),
        severity: Some(Severity::Critical),
        packages: vec![Package {
            name: text("openssl"),
            version: text("3.0.1"),
            epoch: text("1"),
            manager: text("OS"),
            fixed_in: text("3.0.2"),
            ..Package::default()
        }],
        cvss: vec![Cvss {
            version: text("3.1"),
            score: Some(9.8),
            vector: text("CVSS:3.1/AV:N"),
            source: text("NVD"),
        }],
        vendor: text("NVD"),
        published_at: "2026-01-01T00:00:00Z".parse().ok(),
        references: vec!["https://example.com/1".to_owned()],
        related: vec!["CVE-2025-1".to_owned(), "GHSA-x".to_owned()],
        fix_available: text("PARTIAL"),
        exploit_available: text("NO"),
        epss: Some(0.97),
        ..Vulnerability::default()
    }
}

fn mute() -> Mute {
    let text = |text: &str| Some(text.to_owned());
    Mute::try_from(Entry {
        check: text("*"),
        resource: text("*"),
        tag: None,
        reason: text("Goes away in May"),
        until: text("2026-12-31"),
    })
    .unwrap()
}

/// Returns the events as they are written.
fn written(finding: &Finding) -> Vec<Value> {
    let events = events(finding, RUN);
    let events = events.iter().map(serde_json::to_value);
    events.collect::<Result<_, _>>().unwrap()
}

fn only(finding: &Finding) -> Value {
    let written = written(finding);
    assert_eq!(written.len(), 1, "{written:?}");
    written[0].clone()
}

/// Returns the members of an event that describe the state of the resource.
fn status_of(event: &Value) -> Value {
    let compliance = &event["compliance"];
    json!([
        event["type_name"],
        event["status"],
        event["severity"],
        compliance["status"],
        compliance["status_code"],
    ])
}

#[test]
fn outcomes_map_to_values_of_the_schema() {
    let unread = State::Unread(Unread {
        code: ReasonCode::AccessDenied,
        text: "Access was denied.".to_owned(),
    });
    let check = "kms-cmk-rotation";
    let none = SeverityCounts::default();
    let unsupported = ScanStatus::NoResult("UNSUPPORTED_IMAGE".to_owned());
    let muted = rotation(Rotation::Off).excepted(&mute());
    for (finding, expected) in [
        (
            rotation(Rotation::Every { days: 365 }),
            json!([
                "Compliance Finding: Unknown",
                "Resolved",
                "Informational",
                "Pass",
                "ROTATION_ON"
            ]),
        ),
        (
            rotation(Rotation::Off),
            json!([
                "Compliance Finding: Unknown",
                "New",
                "Medium",
                "Fail",
                "ROTATION_OFF"
            ]),
        ),
        (
            image(unsupported, none, Vec::new()),
            json!([
                "Compliance Finding: Unknown",
                "New",
                "Low",
                "Warning",
                "SCAN_HAS_NO_RESULT"
            ]),
        ),
        (
            finding(check, KEY, unread),
            json!([
                "Compliance Finding: Unknown",
                "Unknown",
                "Informational",
                "Unknown",
                "ACCESS_DENIED"
            ]),
        ),
        (
            finding(check, KEY, State::Gone),
            json!([
                "Compliance Finding: Close",
                "Resolved",
                "Informational",
                "Not Applicable",
                "RESOURCE_GONE"
            ]),
        ),
        (
            muted,
            json!([
                "Compliance Finding: Unknown",
                "Suppressed",
                "Informational",
                "Pass",
                "MUTED"
            ]),
        ),
    ] {
        assert_eq!(status_of(&only(&finding)), expected);
    }
    let under_way = image(
        ScanStatus::UnderWay,
        none,
        vec![vulnerability("CVE-2026-1")],
    );
    assert_eq!(written(&under_way), [Value::Null; 0]);
}

fn without_versions(mut event: Value) -> Value {
    event["metadata"]["product"]["version"] = json!("…");
    event["finding_info"]["analytic"]["version"] = json!("…");
    event
}

#[test]
fn a_compliance_finding_is_complete() {
    let mut finding = rotation(Rotation::Off);
    finding.tags = Some(vec![("team".to_owned(), "cards".to_owned())]);
    let mut event = without_versions(only(&finding));
    let controls = finding.check.controls();
    let requirements: Vec<String> = controls.map(|control| control.to_string()).collect();
    let groups = standards::groups(finding.check.id).iter();
    let standards: Vec<&str> = groups.map(|group| group.standard.name).collect();
    assert_eq!(
        event["compliance"]["requirements"].take(),
        json!(requirements)
    );
    assert_eq!(event["compliance"]["standards"].take(), json!(standards));
    insta::assert_json_snapshot!(event);
}

#[test]
fn a_vulnerability_finding_is_complete() {
    let finding = scanned(vec![vulnerability("CVE-2026-00001")]);
    let written = written(&finding);
    assert_eq!(written[0]["class_uid"], 2003);
    insta::assert_json_snapshot!(without_versions(written[1].clone()));
}

#[test]
fn a_muted_finding_has_the_exception_before_the_reason() {
    let muted = rotation(Rotation::Off).excepted(&mute());
    let codes: Vec<_> = muted.verdict.reasons.iter().map(|one| one.code).collect();
    assert_eq!(codes, [ReasonCode::Muted, ReasonCode::RotationOff]);
    let [reason, cause] = [0, 1].map(|index: usize| muted.verdict.reasons[index].text.as_str());
    assert!(reason.contains("Goes away in May"), "{reason}");
    let event = only(&muted);
    assert_eq!(event["status_detail"], reason);
    assert_eq!(
        event["compliance"]["status_details"],
        json!([reason, cause])
    );
    let image = scanned(vec![vulnerability("CVE-2026-1")]).excepted(&mute());
    let vulnerabilities = &written(&image)[1];
    assert_eq!(vulnerabilities["status"], "Suppressed");
    assert_eq!(vulnerabilities["status_detail"], reason);
    assert_eq!(vulnerabilities["severity"], "Critical");
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

#[test]
fn any_text_results_in_one_line_without_empty_texts() {
    for hostile in [
        "",
        " \t",
        "line\nbreak\r\n",
        "\u{0}\u{1f}\u{7f}\u{85}",
        "\"quoted\" \\ {\"class_uid\": 1}",
        "👩‍👩‍👧\u{2028}\u{2029}\u{feff}",
    ] {
        let key = key(hostile, Rotation::Off);
        let mut finding = finding("kms-cmk-rotation", KEY, State::present(key));
        finding.verdict.reasons[0].text = hostile.to_owned();
        finding.parameters = vec![("maxRotationPeriodDays", vec![hostile.to_owned()])];
        let line = serde_json::to_string(&events(&finding, RUN)[0]).unwrap();
        assert!(!line.contains(['\n', '\r']), "{line}");
        let mut event: Value = serde_json::from_str(&line).unwrap();
        // The message may be empty; no other text may be.
        event["message"].take();
        assert!(!event.to_string().contains("\"\""), "{event}");
    }
}

#[test]
fn absent_details_tags_and_parameters_are_omitted() {
    let event = only(&finding("kms-cmk-rotation", KEY, State::Gone));
    let resource = event["resources"][0].as_object().unwrap();
    assert!(!resource.contains_key("data") && !resource.contains_key("tags"));
    assert!(event.get("remediation").is_none() && event.get("vulnerabilities").is_none());
}

#[test]
fn findings_of_known_and_retired_checks_are_closed() {
    let resource = Resource::parse(KEY).unwrap();
    let at = "2026-03-01T10:20:30Z".parse().unwrap();
    for (check, title) in [
        (
            "kms-cmk-rotation",
            checks::find("kms-cmk-rotation").unwrap().title,
        ),
        ("a-retired-check", "a-retired-check"),
    ] {
        let event = serde_json::to_value(closed(check, &resource, at, RUN)).unwrap();
        assert_eq!(
            status_of(&event),
            json!([
                "Compliance Finding: Close",
                "Resolved",
                "Informational",
                "Not Applicable",
                "NO_LONGER_FOUND"
            ])
        );
        let reason = "The resource no longer exists, or this check no longer evaluates it.";
        assert_eq!(event["message"], reason);
        assert_eq!(event["compliance"]["status_details"], json!([reason]));
        assert_eq!(event["finding_info"]["title"], title);
        assert_eq!(
            event["finding_info"]["uid"],
            format!("eksentry/{check}/{KEY}")
        );
    }
}

#[test]
fn each_event_and_finding_has_its_own_id() {
    let finding = scanned(vec![vulnerability("CVE-2026-1")]);
    let [compliance, vulnerabilities] = written(&finding).try_into().unwrap();
    assert_eq!(compliance["finding_info"]["uid"], finding.id());
    assert_eq!(
        vulnerabilities["finding_info"]["uid"],
        format!("{}#vulnerabilities", finding.id())
    );
    let related = &vulnerabilities["finding_info"]["related_events"][0];
    assert_eq!(related["uid"], compliance["metadata"]["uid"]);
    assert_eq!(related["type_uid"], compliance["type_uid"]);
    assert_ne!(
        vulnerabilities["metadata"]["uid"],
        compliance["metadata"]["uid"]
    );
}

#[test]
fn each_event_has_its_class_and_time() {
    let finding = scanned(vec![vulnerability("CVE-2026-1")]);
    let events = events(&finding, RUN);
    let classes_and_times: Vec<_> = events
        .iter()
        .map(|event| (event.class().name(), event.at()))
        .collect();
    let at = "2026-03-01T10:20:30.456Z".parse().unwrap();
    assert_eq!(
        classes_and_times,
        [("compliance_finding", at), ("vulnerability_finding", at)]
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
fn a_close_event_has_its_own_ids() {
    let gone = only(&finding("kms-cmk-rotation", KEY, State::Gone));
    let resource = Resource::parse(KEY).unwrap();
    let at = "2026-03-01T10:20:30.456Z".parse().unwrap();
    let closed = serde_json::to_value(closed("kms-cmk-rotation", &resource, at, RUN)).unwrap();
    for event in [gone, closed] {
        for (name, number) in [
            ("activity_id", 3),
            ("type_uid", 200_303),
            ("severity_id", 1),
            ("status_id", 4),
            ("time", 1_772_360_430_456_i64),
        ] {
            assert_eq!(event[name], number, "{name} {event}");
        }
        assert_eq!(event["compliance"]["status_id"], 99);
    }
}

#[test]
fn both_events_of_an_image_contain_its_tags() {
    let mut finding = scanned(vec![vulnerability("CVE-2026-1")]);
    finding.tags = Some(vec![("team".to_owned(), "cards".to_owned())]);
    for event in written(&finding) {
        let tags = &event["resources"][0]["tags"];
        assert_eq!(tags, &json!([{"name": "team", "value": "cards"}]));
    }
}
