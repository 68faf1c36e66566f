//! Compliance findings, including those that are closed.

use super::*;

#[test]
fn outcomes_map_to_values_of_the_schema() {
    let unread = State::Unread(Unread {
        code: ReasonCode::AccessDenied,
        text: "Access was denied.".to_owned(),
    });
    let check = "kms-cmk-rotation";
    let none = SeverityCounts::default();
    let unsupported = ScanStatus::NoResult("UNSUPPORTED_IMAGE".to_owned());
    let muted = rotation(Rotation::Off).muted(&mute());
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

#[test]
fn a_compliance_finding_is_complete() {
    let mut finding = rotation(Rotation::Off);
    finding.tags = Some(vec![("team".to_owned(), "cards".to_owned())]);
    let mut event = without_versions(only(&finding));
    let controls = finding.check.controls();
    let requirements: Vec<String> = controls.map(|control| control.to_string()).collect();
    let groups = standards::groups(finding.check.id);
    let standards: Vec<&str> = groups.map(|group| group.standard.name).collect();
    assert_eq!(
        event["compliance"]["requirements"].take(),
        json!(requirements)
    );
    assert_eq!(event["compliance"]["standards"].take(), json!(standards));
    insta::assert_json_snapshot!(event);
}

#[test]
fn absent_details_tags_and_parameters_are_omitted() {
    let event = only(&finding("kms-cmk-rotation", KEY, State::Gone));
    let resource = event["resources"][0].as_object().unwrap();
    assert!(!resource.contains_key("data") && !resource.contains_key("tags"));
    assert!(event.get("remediation").is_none() && event.get("vulnerabilities").is_none());
}

#[test]
fn a_muted_finding_has_the_exception_before_the_reason() {
    let muted = rotation(Rotation::Off).muted(&mute());
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
    let image = scanned(vec![vulnerability("CVE-2026-1")]).muted(&mute());
    let vulnerabilities = &written(&image)[1];
    assert_eq!(vulnerabilities["status"], "Suppressed");
    assert_eq!(vulnerabilities["status_detail"], reason);
    assert_eq!(vulnerabilities["severity"], "Critical");
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
