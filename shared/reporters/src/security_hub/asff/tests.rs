use super::*;
use eksentry_core::facts::image::{
    Content, EcrImage, Scan, ScanStatus, SeverityCounts, sort_worst_first,
};
use eksentry_core::facts::key::{KeyState, KmsKey, Rotation};
use eksentry_core::{Facts, Observation, Resource, Settings, State, Unread, checks};
use proptest::prelude::*;
use std::sync::Arc;

const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd";
const IMAGE: &str = "arn:aws:ecr:eu-central-1:111122223333:repository/cards/api/sha256:0a1b";

fn finding(check: &str, resource: &str, state: State) -> Finding {
    let resource = Resource::parse(resource).unwrap();
    let observation = Observation {
        resource,
        observed_at: "2026-03-01T10:20:30.456Z".parse().unwrap(),
        state,
    };
    Finding::of(
        checks::find(check).unwrap(),
        &observation,
        &Settings::default(),
        None,
    )
}

fn key(description: &str, rotation: Rotation) -> State {
    State::Present(Facts::KmsKey(KmsKey {
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
    }))
}

fn image(vulnerabilities: Vec<Vulnerability>) -> State {
    let mut counts = SeverityCounts::default();
    for vulnerability in &vulnerabilities {
        counts.add(vulnerability.severity, 1);
    }
    State::Present(Facts::EcrImage(EcrImage {
        repository: "cards/api".into(),
        digest: "sha256:0a1b".into(),
        registry: Some("111122223333".into()),
        tags: vec!["1.4.2".into()],
        content: Content::Image,
        archived: false,
        pushed_at: "2026-02-01T00:00:00Z".parse().ok(),
        idle_days: Some(3),
        scan_revision: None,
        scan: Ok(Scan::Tried {
            status: ScanStatus::Complete,
            description: None,
            result: Some(Arc::new(ScanResult {
                counts,
                vulnerabilities,
            })),
        }),
    }))
}

fn vulnerability(id: usize, severity: Severity, text: &str) -> Vulnerability {
    Vulnerability {
        id: format!("CVE-2026-{id:05}"),
        severity: Some(severity),
        packages: vec![Package {
            name: Some("openssl".into()),
            version: Some("3.0.1".into()),
            fixed_in: Some("3.0.2".into()),
            path: Some(text.into()),
            ..Package::default()
        }],
        cvss: vec![Cvss {
            version: Some("3.1".into()),
            score: Some(9.8),
            vector: Some("CVSS:3.1/AV:N".into()),
            source: None,
        }],
        references: vec![format!("https://example.com/{text}")],
        ..Vulnerability::default()
    }
}

fn rotation_off() -> Rendered {
    render(&finding(
        "kms-cmk-rotation",
        KEY,
        key("signs nothing", Rotation::Off),
    ))
    .unwrap()
}

#[test]
fn a_failed_finding_says_what_was_seen_what_is_wanted_and_how_to_mend_it() {
    let finding = rotation_off().finding;
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
    assert_eq!(
        finding.description(),
        Some(
            "Automatic rotation is off. MEDIUM, since ever more data depends on one and the same key material. \
             Automatic rotation should be on, and its period not too long."
        )
    );
    let recommendation = finding.remediation().unwrap().recommendation().unwrap();
    assert_eq!(
        recommendation.text(),
        Some(
            "Turn automatic rotation on, with a period as short as wanted. aws kms enable-key-rotation --region eu-central-1 --key-id 1234abcd \
             --rotation-period-in-days 365"
        )
    );
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
fn details_go_where_asff_has_a_place_for_them() {
    let finding = rotation_off().finding;
    let details = finding.resources()[0].details().unwrap();
    let key = details.aws_kms_key().unwrap();
    assert_eq!(
        (key.description(), key.key_rotation_status()),
        (Some("signs nothing"), Some(false))
    );
    let other = details.other().unwrap();
    assert_eq!(
        other.get("KeySpec").map(String::as_str),
        Some("SYMMETRIC_DEFAULT")
    );
    assert!(!other.contains_key("Description"));
}

#[test]
fn empty_texts_are_left_out() {
    let rendered = render(&finding("kms-cmk-rotation", KEY, key("  ", Rotation::Off))).unwrap();
    assert_eq!(
        rendered.finding.resources()[0]
            .details()
            .unwrap()
            .aws_kms_key()
            .unwrap()
            .description(),
        None
    );
    let tags = [
        ("team".to_owned(), String::new()),
        (String::new(), "x".to_owned()),
    ];
    assert_eq!(
        rendered.with_tags(&tags).finding.resources()[0].tags(),
        None
    );
}

#[test]
fn each_outcome_has_its_status_and_severity() {
    let unread = State::Unread(Unread {
        code: "ACCESS_DENIED",
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
fn the_digest_tells_what_is_said_and_nothing_else() {
    let digest = |state| {
        outline(&finding("kms-cmk-rotation", KEY, state))
            .unwrap()
            .digest
    };
    let off = rotation_off().finding.product_fields().unwrap()[DIGEST].clone();
    assert_eq!(off, digest(key("signs nothing", Rotation::Off)));
    assert_ne!(off, digest(key("signs something", Rotation::Off)));
    assert_ne!(
        off,
        digest(key("signs nothing", Rotation::Every { days: 365 }))
    );
}

#[test]
fn the_worst_vulnerabilities_are_listed_as_far_as_they_fit() {
    let mut many: Vec<Vulnerability> = (0..5_000)
        .map(|n| vulnerability(n, Severity::Low, &"long/".repeat(20)))
        .collect();
    many.push(vulnerability(99_999, Severity::Critical, "app.jar"));
    sort_worst_first(&mut many);
    let rendered = render(&finding("ecr-image-scan-findings", IMAGE, image(many))).unwrap();
    let listed = rendered.finding.vulnerabilities();
    assert_eq!(listed[0].id(), Some("CVE-2026-99999"));
    assert!((100..5_000).contains(&listed.len()), "{}", listed.len());
    assert!(rendered.size <= FINDING_BYTES, "{}", rendered.size);
    let fields = rendered.finding.product_fields().unwrap();
    assert_eq!(fields["eksentry/Vulnerabilities/TOTAL"], "5001");
    assert_eq!(fields["eksentry/Vulnerabilities/CRITICAL"], "1");
    assert_eq!(
        fields["eksentry/Vulnerabilities/LISTED"],
        listed.len().to_string()
    );
}

#[test]
fn an_archived_finding_keeps_what_was_reported_and_leaves_the_customers_alone() {
    let stored = || {
        let mut stored = rotation_off()
            .created_at("2025-01-02T03:04:05.678Z")
            .finding;
        stored.workflow = Some(
            aws_sdk_securityhub::types::Workflow::builder()
                .status("SUPPRESSED".into())
                .build(),
        );
        stored
            .product_fields
            .get_or_insert_default()
            .insert("aws/securityhub/ProductName".into(), "Default".into());
        stored
    };
    let later = "2026-04-01T00:00:00Z".parse().unwrap();
    let rendered = archived(stored(), later).unwrap().finding;
    assert_eq!(rendered.record_state(), Some(&RecordState::Archived));
    assert_eq!(
        (rendered.created_at(), rendered.title()),
        (Some("2025-01-02T03:04:05.678Z"), stored().title())
    );
    assert_eq!(rendered.updated_at(), Some("2026-04-01T00:00:00.000Z"));
    assert_eq!(rendered.workflow(), None);
    assert!(
        rendered
            .product_fields()
            .unwrap()
            .keys()
            .all(|name| !name.starts_with("aws/"))
    );

    assert_eq!(
        archived(stored(), "2026-02-01T00:00:00Z".parse().unwrap()),
        None,
        "what is newer is left alone"
    );
    let mut already = stored();
    already.record_state = Some(RecordState::Archived);
    assert_eq!(archived(already, later), None, "what is archived stays so");
}

proptest! {
    #[test]
    fn whatever_texts_come_no_limit_of_asff_is_broken(text in ".{0,1500}", tag in ".{0,300}", count in 0_usize..40) {
        let unread = State::Unread(Unread { code: "READ_FAILED", text: text.clone() });
        let list = (0..count).map(|n| vulnerability(n, Severity::High, &text)).collect();
        let tags: Vec<(String, String)> = (0..60).map(|n| (format!("{n}{tag}"), tag.clone())).collect();
        for finding in [
            finding("kms-cmk-rotation", KEY, unread),
            finding("kms-cmk-rotation", KEY, key(&text, Rotation::Off)),
            finding("ecr-image-scan-findings", IMAGE, image(list)),
        ] {
            let rendered = render(&finding).unwrap();
            // Images have no tags.
            let has_tags = finding.resource.kind() != ResourceKind::EcrImage;
            let rendered = if has_tags { rendered.with_tags(&tags) } else { rendered };
            prop_assert!(rendered.size <= FINDING_BYTES);
            assert_limits(&rendered.finding);
        }
    }
}

fn assert_limits(finding: &AwsSecurityFinding) {
    let fits = |text: Option<&str>, most: usize| {
        let text = text.unwrap_or_default();
        assert!(
            !text.trim().is_empty() && text.chars().count() <= most,
            "{most}: {text:?}"
        );
    };
    fits(finding.id(), 512);
    fits(finding.title(), 256);
    fits(finding.description(), 1_024);
    fits(
        finding
            .remediation()
            .unwrap()
            .recommendation()
            .unwrap()
            .text(),
        512,
    );
    for reason in finding.compliance().unwrap().status_reasons() {
        assert!(
            reason
                .description()
                .is_none_or(|text| !text.trim().is_empty())
        );
    }
    let resource = &finding.resources()[0];
    let tags = resource.tags().into_iter().flatten();
    for (count, (key, value)) in tags.enumerate() {
        assert!(count < 50);
        fits(Some(key), 128);
        fits(Some(value), 256);
    }
    for (name, value) in resource
        .details()
        .and_then(ResourceDetails::other)
        .into_iter()
        .flatten()
    {
        fits(Some(name), 127);
        fits(Some(value), 1_023);
    }
    for (name, value) in finding.product_fields().unwrap() {
        fits(Some(name), 128);
        fits(Some(value), 2_048);
    }
    for vulnerability in finding.vulnerabilities() {
        fits(vulnerability.id(), 512);
        assert!(
            vulnerability
                .reference_urls()
                .iter()
                .all(|url| !url.trim().is_empty())
        );
    }
}
