//! The content of findings: texts, status, severity and types.

use aws_sdk_securityhub::types::{ComplianceStatus, SeverityLabel};

use super::*;

#[test]
fn a_failed_finding_has_a_reason_a_requirement_and_a_recommendation() {
    let source = finding("kms-cmk-rotation", KEY, key("signs nothing", Rotation::Off));
    let finding = render(&source).unwrap().finding;
    assert_eq!(
        finding.id(),
        Some("eksentry/kms-cmk-rotation/arn:aws:kms:eu-central-1:111122223333:key/1234abcd")
    );
    assert_eq!(finding.generator_id(), Some("eksentry/kms-cmk-rotation"));
    assert_eq!(
        finding.product_arn(),
        Some("arn:aws:securityhub:eu-central-1:111122223333:product/111122223333/default")
    );
    assert_eq!(finding.updated_at(), Some("2026-03-01T10:20:30.456Z"));
    let description = [
        source.verdict.explanation(),
        source.severity_reason().unwrap(),
        source.check.requirement.to_owned(),
    ];
    assert_eq!(finding.description(), Some(description.join(" ").as_str()));
    let recommendation = finding.remediation().unwrap().recommendation().unwrap();
    let command = "aws kms enable-key-rotation --region eu-central-1 --key-id 1234abcd \
                   --rotation-period-in-days 365";
    let text = format!("{} {command}", source.check.remediation.text);
    assert_eq!(recommendation.text(), Some(text.as_str()));
    let compliance = finding.compliance().unwrap();
    assert_eq!(compliance.status(), Some(&ComplianceStatus::Failed));
    assert_eq!(
        compliance.status_reasons()[0].reason_code(),
        Some("ROTATION_OFF")
    );
    assert_eq!(compliance.security_control_parameters()[0].value(), ["365"]);
    assert!(
        compliance
            .related_requirements()
            .contains(&"AWS Security Hub CSPM/KMS.4".to_owned())
    );
    let severity = finding
        .finding_provider_fields()
        .unwrap()
        .severity()
        .unwrap()
        .label();
    assert_eq!(severity, Some(&SeverityLabel::Medium));
}

#[test]
fn each_outcome_has_its_status_and_severity() {
    let unread = State::Unread(Unread {
        code: ReasonCode::AccessDenied,
        text: "Denied.".into(),
    });
    for (state, status, severity) in [
        (
            key("", Rotation::Every { days: 365 }),
            "PASSED",
            "INFORMATIONAL",
        ),
        (key("", Rotation::Off), "FAILED", "MEDIUM"),
        (unread, "NOT_AVAILABLE", "INFORMATIONAL"),
    ] {
        let rendered = render(&finding("kms-cmk-rotation", KEY, state))
            .unwrap()
            .finding;
        let compliance = rendered.compliance().unwrap();
        assert_eq!(compliance.status().unwrap().as_str(), status);
        assert!(!compliance.status_reasons().is_empty());
        let label = rendered
            .finding_provider_fields()
            .unwrap()
            .severity()
            .unwrap()
            .label()
            .unwrap();
        assert_eq!(label.as_str(), severity);
    }
    for state in [State::Gone, key("", Rotation::Unsupported)] {
        assert_eq!(render(&finding("kms-cmk-rotation", KEY, state)), None);
    }
}

#[test]
fn only_findings_about_images_have_the_vulnerabilities_type() {
    for (check, arn, state, kind) in [
        (
            "ecr-image-scan-findings",
            IMAGE,
            image(Vec::new()),
            "Software and Configuration Checks/Vulnerabilities/CVE",
        ),
        (
            "ecr-immutable-tags",
            REPOSITORY,
            repository("cards/api"),
            "Software and Configuration Checks/AWS Security Best Practices",
        ),
    ] {
        let rendered = render(&finding(check, arn, state)).unwrap();
        let fields = rendered.finding.finding_provider_fields().unwrap();
        assert_eq!(fields.types(), [kind]);
    }
}

#[test]
fn an_incomplete_command_is_never_recommended() {
    let check = checks::find("ecr-scan-on-push").unwrap();
    let recommended = |length: usize| {
        let name = "a".repeat(length);
        let arn = format!("arn:aws:ecr:eu-central-1:111122223333:repository/{name}");
        let rendered = render(&finding(check.id, &arn, repository(&name))).unwrap();
        let remediation = rendered.finding.remediation().unwrap();
        remediation
            .recommendation()
            .unwrap()
            .text()
            .unwrap()
            .to_owned()
    };
    let frame = recommended(1).chars().count() - 1;
    assert!(recommended(1).contains("aws ecr put-registry-scanning-configuration"));
    let longest = recommended(512 - frame);
    assert_eq!(longest.chars().count(), 512);
    assert_eq!(recommended(513 - frame), check.remediation.text);
}

#[test]
fn the_explanation_is_cut_before_the_requirement() {
    let unread = |length: usize| {
        State::Unread(Unread {
            code: ReasonCode::ReadFailed,
            text: "ä".repeat(length),
        })
    };
    let check = checks::find("kms-cmk-rotation").unwrap();
    let requirement = format!(" {}", check.requirement);
    let characters = requirement.chars().count();
    for (length, cut) in [
        (10, false),
        (1_024 - characters, false),
        (1_025 - characters, true),
    ] {
        let rendered = render(&finding("kms-cmk-rotation", KEY, unread(length))).unwrap();
        let description = rendered.finding.description().unwrap();
        assert!(description.ends_with(&requirement), "{description}");
        assert_eq!(
            description.chars().count(),
            (length + characters).min(1_024)
        );
        assert_eq!(description.contains('…'), cut);
    }
}

#[test]
fn a_finding_contains_the_run_that_sent_it() {
    let with_run = |run: &str| {
        let rendered = rotation_off().with_run(run).finding;
        rendered.product_fields().unwrap().get(RUN).cloned()
    };
    assert_eq!(with_run("run-1"), Some("run-1".to_owned()));
    assert_eq!(with_run(" "), None);
}
