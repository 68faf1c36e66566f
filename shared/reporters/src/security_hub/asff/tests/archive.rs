//! Findings that Security Hub holds, and that are archived.

use std::collections::HashMap;

use aws_sdk_securityhub::types::{
    RecordState, Resource as SdkResource, ResourceDetails, SeverityLabel,
    Vulnerability as SdkVulnerability, Workflow,
};

use super::*;
use crate::security_hub::asff::limits::{OTHER, OTHER_VALUE};

#[test]
fn an_archived_finding_keeps_its_content_without_members_of_others() {
    let stored = || {
        let mut stored = rotation_off()
            .created_at("2025-01-02T03:04:05.678Z")
            .finding;
        stored.workflow = Some(Workflow::builder().status("SUPPRESSED".into()).build());
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
        "a newer finding is not archived"
    );
    let mut already = stored();
    already.record_state = Some(RecordState::Archived);
    assert_eq!(
        archived(already, later),
        None,
        "an archived finding is not archived again"
    );
}

#[test]
fn an_old_finding_is_archived_with_its_top_level_members() {
    let at = "2026-03-01T10:20:30.456Z";
    let later = "2026-03-01T10:20:30.457Z".parse().unwrap();
    assert_eq!(
        archived(rotation_off().finding, at.parse().unwrap()),
        None,
        "a finding of the same time counts as newer"
    );
    let rendered = archived(rotation_off().finding, later).unwrap();
    let label = |finding: &AwsSecurityFinding| {
        let fields = finding.finding_provider_fields().unwrap();
        (
            fields.severity().unwrap().label().cloned(),
            fields.types().to_vec(),
        )
    };
    let types = vec!["Software and Configuration Checks/AWS Security Best Practices".to_owned()];
    assert_eq!(
        label(&rendered.finding),
        (Some(SeverityLabel::Medium), types.clone())
    );
    assert!(
        sent(&rendered.finding).len() <= rendered.size && rendered.size < 70_000,
        "{}",
        rendered.size
    );

    let mut old = rotation_off().finding;
    old.finding_provider_fields = None;
    old.types = Some(types.clone());
    old.severity = Some(
        aws_sdk_securityhub::types::Severity::builder()
            .label(SeverityLabel::High)
            .build(),
    );
    old.product_fields = Some(HashMap::from([("aws/x".to_owned(), "y".to_owned())]));
    let rendered = archived(old, later).unwrap();
    assert_eq!(label(&rendered.finding), (Some(SeverityLabel::High), types));
    assert_eq!(rendered.finding.product_fields(), None);

    let mut bare = rotation_off().finding;
    bare.finding_provider_fields = None;
    let rendered = archived(bare, later).unwrap();
    assert_eq!(
        label(&rendered.finding),
        (Some(SeverityLabel::Informational), Vec::new())
    );

    let list = (0..500)
        .map(|n| vulnerability(n, Severity::High, "x"))
        .collect();
    let large = render(&finding("ecr-image-scan-findings", IMAGE, image(list))).unwrap();
    let rendered = archived(large.finding, later).unwrap();
    assert!(sent(&rendered.finding).len() <= rendered.size);

    let mut detailed = rotation_off().finding;
    let details = (0..OTHER - 5).map(|n| (n.to_string(), "v".repeat(OTHER_VALUE)));
    let details = ResourceDetails::builder().set_other(Some(details.collect()));
    for resource in detailed.resources.iter_mut().flatten() {
        resource.details = Some(details.clone().build());
    }
    let rendered = archived(detailed, later).unwrap();
    assert!(sent(&rendered.finding).len() <= rendered.size);

    let tags: Vec<_> = (0..50)
        .map(|n| (format!("{n:0128}"), "v".repeat(256)))
        .collect();
    let tagged = archived(rotation_off().with_tags(&tags).finding, later).unwrap();
    let plain = archived(rotation_off().finding, later).unwrap();
    assert!(
        tagged.size >= plain.size + 50 * 256,
        "{} {}",
        tagged.size,
        plain.size
    );
}

#[test]
fn missing_members_of_a_stored_finding_are_named() {
    type Alter = fn(&mut AwsSecurityFinding);
    /// Adds another resource behind the first, and returns it.
    fn second(finding: &mut AwsSecurityFinding) -> &mut SdkResource {
        let resources = finding.resources.as_mut().unwrap();
        resources.push(resources[0].clone());
        &mut resources[1]
    }
    let alterations: [(&str, Alter); 14] = [
        ("SchemaVersion", |one| one.schema_version = None),
        ("Id", |one| one.id = Some(String::new())),
        ("ProductArn", |one| one.product_arn = None),
        ("GeneratorId", |one| one.generator_id = None),
        ("AwsAccountId", |one| one.aws_account_id = None),
        ("CreatedAt", |one| one.created_at = None),
        ("UpdatedAt", |one| one.updated_at = None),
        ("Title", |one| one.title = Some(String::new())),
        ("Description", |one| one.description = None),
        ("Resources", |one| one.resources = Some(Vec::new())),
        ("Resources.Id", |one| second(one).id = Some(String::new())),
        ("Resources.Type", |one| second(one).r#type = None),
        ("Compliance.StatusReasons.ReasonCode", |one| {
            let compliance = one.compliance.as_mut().unwrap();
            compliance.status_reasons.as_mut().unwrap()[0].reason_code = None;
        }),
        ("Vulnerabilities.Id", |one| {
            one.vulnerabilities = Some(vec![SdkVulnerability::builder().build()]);
        }),
    ];
    assert_eq!(missing_member(&rotation_off().finding), None);
    for (member, alter) in alterations {
        let mut finding = rotation_off().finding;
        alter(&mut finding);
        assert_eq!(missing_member(&finding), Some(member));
    }
}
