use super::*;
use aws_sdk_securityhub::operation::batch_import_findings::{
    BatchImportFindings, BatchImportFindingsInput,
};
use aws_smithy_runtime_api::client::interceptors::context::Input;
use aws_smithy_runtime_api::client::runtime_plugin::RuntimePlugin;
use aws_smithy_runtime_api::client::ser_de::{SerializeRequest, SharedRequestSerializer};
use aws_smithy_types::config_bag::ConfigBag;
use eksentry_core::facts::cluster::{
    EksCluster, Endpoint, LogType, LogTypes, NamedKey, SecretsKey,
};
use eksentry_core::facts::image::{
    Content, EcrImage, Manifest, Scan, ScanStatus, SeverityCounts, sort_worst_first,
};
use eksentry_core::facts::key::{KeyState, KmsKey, Rotation};
use eksentry_core::facts::repository::{EcrRepository, RegistryScanning, TagMutability};
use eksentry_core::mute_list::{Entry, Mute};
use eksentry_core::roll_up::{EvaluatedObject, Noun, Verdicts};
use eksentry_core::{
    FactsOf, Observation, ParameterValues, ReasonCode, Resource, State, Unit, Unread, Verdict,
    checks,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::sync::Arc;

const CLUSTER: &str = "arn:aws:eks:eu-central-1:111122223333:cluster/payments";
const REPOSITORY: &str = "arn:aws:ecr:eu-central-1:111122223333:repository/cards/api";
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
        &ParameterValues::default(),
        None,
    )
}

fn key(description: &str, rotation: Rotation) -> State {
    State::present(KmsKey {
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
    })
}

fn image(vulnerabilities: Vec<Vulnerability>) -> State {
    let mut counts = SeverityCounts::default();
    for vulnerability in &vulnerabilities {
        counts.add(vulnerability.severity, 1);
    }
    State::present(EcrImage {
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
            status: ScanStatus::Complete,
            description: None,
            result: Some(Arc::new(ScanResult {
                counts,
                vulnerabilities,
            })),
        }),
    })
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

fn cluster() -> State {
    State::present(EksCluster {
        status: "ACTIVE".into(),
        version: "1.33".parse().ok(),
        endpoint: Endpoint::read(true, true, ["203.0.113.0/24", "198.51.100.0/24"]),
        enabled_logs: LogTypes::NONE.with(LogType::Audit),
        secrets_key: Some(SecretsKey {
            named: KEY.into(),
            names_secrets: true,
            key: Ok(None::<NamedKey>),
        }),
        role_arn: Some("arn:aws:iam::111122223333:role/payments".into()),
        subnets: vec!["subnet-1".into()],
        security_groups: vec!["sg-1".into()],
        url: Some("https://example.com".into()),
        tags: vec![("team".into(), "cards".into())],
        ..EksCluster::named("payments", CLUSTER)
    })
}

fn repository(name: &str) -> State {
    State::present(EcrRepository {
        name: name.into(),
        arn: REPOSITORY.into(),
        mutability: TagMutability::ImmutableWithExclusion,
        exclusion_filters: vec!["dev-*".into(), "test-*".into()],
        scan_on_push: false,
        registry_scanning: Ok(RegistryScanning::default()),
    })
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

/// Returns a finding as BatchImportFindings sends it.
fn sent(finding: &AwsSecurityFinding) -> String {
    let config = BatchImportFindings::new().config().unwrap();
    let serializer = config.load::<SharedRequestSerializer>().unwrap();
    let input = BatchImportFindingsInput::builder().findings(finding.clone());
    let input = Input::erase(input.build().unwrap());
    let request = serializer.serialize_input(input, &mut ConfigBag::base());
    let body = request.unwrap().body().bytes().unwrap().to_vec();
    let body: Value = serde_json::from_slice(&body).unwrap();
    body["Findings"][0].to_string()
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
fn details_are_moved_to_the_members_of_asff() {
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
fn the_digest_depends_on_the_content_alone() {
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
fn the_digest_covers_objects_that_no_reason_names() {
    let about = |count: usize| {
        let objects = (0..count).map(|at| {
            let name = format!("app/{at:04}");
            EvaluatedObject {
                resource: Resource::parse(&format!("{REPOSITORY}-{at:04}")).unwrap(),
                verdict: Verdict::failed(Severity::Low, ReasonCode::RotationOff, "Seen."),
                name,
            }
        });
        let verdicts = Verdicts {
            objects: objects.collect(),
            ..Verdicts::default()
        };
        let noun = Noun {
            one: "repository",
            many: "repositories",
        };
        let cluster = Resource::parse(CLUSTER).unwrap();
        let rolled_up = Unit::Namespace(noun).roll_up(&cluster, verdicts, 0);
        Finding {
            verdict: rolled_up.into_iter().next().unwrap().verdict,
            ..finding("eks-endpoint-private", CLUSTER, State::Gone)
        }
    };
    let [one, other] = [21, 22].map(|count| outline(&about(count)).unwrap());
    assert_ne!(one.digest, other.digest);
    assert_eq!(one.digest, outline(&about(21)).unwrap().digest);
    // The sent findings are the same except for the digest.
    let [mut one, mut other] = [21, 22].map(|count| render(&about(count)).unwrap());
    assert_eq!(one.size, other.size);
    for rendered in [&mut one, &mut other] {
        rendered.finding.product_fields = None;
    }
    assert_eq!(one, other);
}

#[test]
fn the_worst_vulnerabilities_are_listed_up_to_the_size_limit() {
    let mut many: Vec<Vulnerability> = (0..5_000)
        .map(|n| vulnerability(n, Severity::Low, &"long/".repeat(20)))
        .collect();
    many.push(vulnerability(99_999, Severity::Critical, "app.jar"));
    sort_worst_first(&mut many);
    let rendered = render(&finding("ecr-image-scan-findings", IMAGE, image(many))).unwrap();
    let listed = rendered.finding.vulnerabilities();
    assert_eq!(listed[0].id(), Some("CVE-2026-99999"));
    assert!((100..5_000).contains(&listed.len()), "{}", listed.len());
    let bytes = sent(&rendered.finding).len();
    assert!(
        bytes <= rendered.size && rendered.size <= 240 * 1024,
        "{bytes} {}",
        rendered.size
    );
    // Sizes are upper bounds, so not all of the room is used.
    assert!(bytes > 80 * 1024, "{bytes}");
    let fields = rendered.finding.product_fields().unwrap();
    assert_eq!(fields["eksentry/Vulnerabilities/TOTAL"], "5001");
    assert_eq!(fields["eksentry/Vulnerabilities/CRITICAL"], "1");
    assert_eq!(
        fields["eksentry/Vulnerabilities/LISTED"],
        listed.len().to_string()
    );
}

#[test]
fn an_archived_finding_keeps_its_content_without_members_of_others() {
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

#[test]
fn values_that_asff_cannot_represent_are_left_out() {
    let odd = Vulnerability {
        vendor: Some("NVD".into()),
        published_at: Some(Timestamp::MIN),
        updated_at: "2026-01-02T03:04:05Z".parse().ok(),
        cvss: vec![Cvss {
            score: Some(f64::NAN),
            ..Cvss::default()
        }],
        epss: Some(f64::INFINITY),
        ..vulnerability(1, Severity::High, "app.jar")
    };
    let rendered = render(&finding("ecr-image-scan-findings", IMAGE, image(vec![odd]))).unwrap();
    let [listed] = rendered.finding.vulnerabilities() else {
        panic!("the vulnerability is listed")
    };
    let vendor = listed.vendor().unwrap();
    assert_eq!(vendor.vendor_created_at(), None);
    assert_eq!(vendor.vendor_updated_at(), Some("2026-01-02T03:04:05.000Z"));
    assert_eq!(
        (listed.cvss()[0].base_score(), listed.epss_score()),
        (None, None)
    );
}

#[test]
fn a_hundred_plain_findings_fit_into_a_call() {
    for finding in [
        finding("eks-endpoint-private", CLUSTER, cluster()),
        finding("ecr-immutable-tags", REPOSITORY, repository("cards/api")),
        finding("ecr-image-scan-findings", IMAGE, image(Vec::new())),
        finding("kms-cmk-rotation", KEY, key("signs nothing", Rotation::Off)),
    ] {
        let rendered = render(&finding).unwrap();
        let bytes = sent(&rendered.finding).len();
        assert!(
            bytes <= rendered.size && rendered.size < 60_000,
            "{bytes} {}",
            rendered.size
        );
    }
}

#[test]
fn the_size_includes_content_tags_and_vulnerabilities() {
    let plain = rotation_off();
    let verbose = key(&"signs nothing ".repeat(50), Rotation::Off);
    let longer = render(&finding("kms-cmk-rotation", KEY, verbose)).unwrap();
    let difference = sent(&longer.finding).len() - sent(&plain.finding).len();
    assert!(difference > 500 && longer.size >= plain.size + difference - 20);

    let tags: Vec<_> = (0..50)
        .map(|n| (format!("{n:0128}"), "v".repeat(256)))
        .collect();
    let tagged = rotation_off().with_tags(&tags);
    let difference = sent(&tagged.finding).len() - sent(&plain.finding).len();
    assert!(
        tagged.size >= plain.size + difference - 20,
        "{} {difference}",
        tagged.size
    );

    let mut with_own_tags = finding("kms-cmk-rotation", KEY, key("signs nothing", Rotation::Off));
    with_own_tags.tags = Some(tags);
    let with_own_tags = render(&with_own_tags).unwrap();
    assert!(
        with_own_tags.size >= plain.size + difference - 20,
        "{}",
        with_own_tags.size
    );

    let one = vulnerability(1, Severity::Low, &"long/".repeat(20));
    let size = |count| {
        let list = vec![one.clone(); count];
        let finding = finding("ecr-image-scan-findings", IMAGE, image(list));
        render(&finding).unwrap().size
    };
    assert!(size(100) > size(50) + 50 * 300);
}

#[test]
fn resources_have_the_details_that_asff_defines() {
    let image = image(Vec::new());
    let key = key("signs nothing", Rotation::Every { days: 90 });
    for (check, arn, state, kind, details) in [
        (
            "eks-endpoint-private",
            CLUSTER,
            cluster(),
            "AwsEksCluster",
            json!({
                "AwsEksCluster": {
                    "Arn": CLUSTER,
                    "Name": "payments",
                    "ClusterStatus": "ACTIVE",
                    "Version": "1.33",
                    "Endpoint": "https://example.com",
                    "RoleArn": "arn:aws:iam::111122223333:role/payments",
                    "ResourcesVpcConfig": {
                        "SubnetIds": ["subnet-1"],
                        "SecurityGroupIds": ["sg-1"],
                        "EndpointPublicAccess": true,
                    },
                    "Logging": {"ClusterLogging": [{"Enabled": true, "Types": ["audit"]}]},
                },
                "Other": {
                    "endpointPrivateAccess": "true",
                    "publicAccessCidrs": "198.51.100.0/24, 203.0.113.0/24",
                    "secretsKeyArn": KEY,
                },
            }),
        ),
        (
            "ecr-immutable-tags",
            REPOSITORY,
            repository("cards/api"),
            "AwsEcrRepository",
            json!({
                "AwsEcrRepository": {
                    "Arn": REPOSITORY,
                    "RepositoryName": "cards/api",
                    "ImageTagMutability": "IMMUTABLE_WITH_EXCLUSION",
                    "ImageScanningConfiguration": {"ScanOnPush": false},
                },
                "Other": {"imageTagMutabilityExclusionFilters": "dev-*, test-*"},
            }),
        ),
        (
            "ecr-image-scan-findings",
            IMAGE,
            image,
            "AwsEcrContainerImage",
            json!({
                "AwsEcrContainerImage": {
                    "RegistryId": "111122223333",
                    "RepositoryName": "cards/api",
                    "ImageDigest": "sha256:0a1b",
                    "ImageTags": ["1.4.2"],
                    "ImagePublishedAt": "2026-02-01T00:00:00.000Z",
                },
            }),
        ),
        (
            "kms-cmk-rotation",
            KEY,
            key,
            "AwsKmsKey",
            json!({
                "AwsKmsKey": {
                    "KeyId": "1234abcd",
                    "AWSAccountId": "111122223333",
                    "KeyManager": "CUSTOMER",
                    "KeyState": "Enabled",
                    "Origin": "AWS_KMS",
                    "Description": "signs nothing",
                    "KeyRotationStatus": true,
                    "CreationDate": 1_714_979_289.0,
                },
                "Other": {
                    "KeySpec": "SYMMETRIC_DEFAULT",
                    "KeyUsage": "ENCRYPT_DECRYPT",
                    "RotationPeriodInDays": "90",
                },
            }),
        ),
    ] {
        let rendered = render(&finding(check, arn, state)).unwrap();
        let sent: Value = serde_json::from_str(&sent(&rendered.finding)).unwrap();
        let resource = &sent["Resources"][0];
        assert_eq!(
            json!([
                resource["Type"],
                resource["Id"],
                resource["Partition"],
                resource["Region"]
            ]),
            json!([kind, arn, "aws", "eu-central-1"])
        );
        assert_eq!(resource["Details"], details);
    }
}

#[test]
fn only_partitions_that_asff_defines_are_sent() {
    for (of_arn, partition) in [
        ("aws", Some("aws")),
        ("aws-cn", Some("aws-cn")),
        ("aws-us-gov", Some("aws-us-gov")),
        ("aws-iso", Some("aws-us-iso")),
        ("aws-iso-b", Some("aws-us-iso-b")),
        ("aws-iso-e", None),
        ("aws-iso-f", None),
        ("aws-eusc", None),
    ] {
        let arn = KEY.replacen("aws", of_arn, 1);
        let state = key("", Rotation::Off);
        let rendered = render(&finding("kms-cmk-rotation", &arn, state)).unwrap();
        let sent: Value = serde_json::from_str(&sent(&rendered.finding)).unwrap();
        let resource = sent["Resources"][0].as_object().unwrap();
        assert_eq!(
            resource.get("Partition"),
            partition.map(Value::from).as_ref()
        );
        assert_eq!(resource["Id"], arn);
    }
}

#[test]
fn the_order_of_tags_is_ignored() {
    let tagged = |tags: [(&str, &str); 2]| {
        let mut tagged = finding("eks-endpoint-private", CLUSTER, cluster());
        let tags = tags.map(|(key, value)| (key.to_owned(), value.to_owned()));
        tagged.tags = Some(tags.to_vec());
        tagged
    };
    let (env, team) = (("env", "prod"), ("team", "cards"));
    let (one, other) = (tagged([env, team]), tagged([team, env]));
    assert_eq!(outline(&one), outline(&other));
    assert_eq!(render(&one), render(&other));
}

#[test]
fn unread_resources_have_no_details_and_only_clusters_have_tags() {
    let unread = State::Unread(Unread {
        code: ReasonCode::AccessDenied,
        text: "Denied.".into(),
    });
    let tags = |finding: &Finding| {
        let rendered = render(finding).unwrap().finding;
        rendered.resources()[0].tags().cloned()
    };
    let unread = finding("kms-cmk-rotation", KEY, unread);
    assert_eq!(
        render(&unread).unwrap().finding.resources()[0].details(),
        None
    );
    assert_eq!(tags(&unread), None);
    let team = HashMap::from([("team".to_owned(), "cards".to_owned())]);
    assert_eq!(
        tags(&finding("eks-endpoint-private", CLUSTER, cluster())),
        Some(team)
    );
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
fn a_vulnerability_has_all_known_members_and_no_others() {
    let text = |text: &str| Some(text.to_owned());
    let full = Vulnerability {
        id: "CVE-2026-1".into(),
        severity: Some(Severity::High),
        packages: vec![Package {
            name: text("openssl"),
            version: text("3.0.1"),
            epoch: text("1"),
            release: text("2.el9"),
            architecture: text("X86_64"),
            manager: text("OS"),
            path: text("/usr/lib"),
            fixed_in: text("3.0.2"),
            layer: text("sha256:0a"),
        }],
        cvss: vec![Cvss {
            version: text("3.1"),
            score: Some(9.8),
            vector: text("CVSS:3.1/AV:N"),
            source: text("NVD"),
        }],
        vendor: text("NVD"),
        vendor_url: text("https://example.com/nvd"),
        vendor_severity: text("CRITICAL"),
        published_at: "2026-01-01T00:00:00Z".parse().ok(),
        updated_at: "2026-01-02T00:00:00Z".parse().ok(),
        references: vec!["https://example.com/1".into(), " ".into()],
        related: vec!["CVE-2025-1".into()],
        fix_available: text("PARTIAL"),
        exploit_available: text("NO"),
        epss: Some(0.5),
    };
    let bare = Vulnerability {
        id: " ".into(),
        fix_available: text("PERHAPS"),
        exploit_available: text("PARTIAL"),
        references: vec![String::new()],
        ..Vulnerability::default()
    };
    let expected = json!({
        "Id": "CVE-2026-1",
        "VulnerablePackages": [{
            "Name": "openssl",
            "Version": "3.0.1",
            "Epoch": "1",
            "Release": "2.el9",
            "Architecture": "X86_64",
            "PackageManager": "OS",
            "FilePath": "/usr/lib",
            "FixedInVersion": "3.0.2",
            "SourceLayerHash": "sha256:0a",
        }],
        "Cvss": [{"Version": "3.1", "BaseScore": 9.8, "BaseVector": "CVSS:3.1/AV:N", "Source": "NVD"}],
        "Vendor": {
            "Name": "NVD",
            "Url": "https://example.com/nvd",
            "VendorSeverity": "CRITICAL",
            "VendorCreatedAt": "2026-01-01T00:00:00.000Z",
            "VendorUpdatedAt": "2026-01-02T00:00:00.000Z",
        },
        "ReferenceUrls": ["https://example.com/1"],
        "RelatedVulnerabilities": ["CVE-2025-1"],
        "FixAvailable": "PARTIAL",
        "ExploitAvailable": "NO",
        "EpssScore": 0.5,
    });
    let image = finding("ecr-image-scan-findings", IMAGE, image(vec![full, bare]));
    let sent: Value = serde_json::from_str(&sent(&render(&image).unwrap().finding)).unwrap();
    assert_eq!(
        sent["Vulnerabilities"],
        json!([expected, {"Id": "unknown"}])
    );
}

#[test]
fn a_vulnerability_is_never_larger_than_estimated() {
    let text = |text: &str| Some(text.to_owned());
    let package = Package {
        name: text("a"),
        version: text("1"),
        epoch: text("0"),
        release: text("1"),
        architecture: text("X"),
        manager: text("OS"),
        path: text("/"),
        fixed_in: text("2"),
        layer: text("s"),
    };
    let score = Cvss {
        version: text("3.1"),
        score: Some(9.8),
        vector: text("AV:N"),
        source: text("NVD"),
    };
    // The size of a vulnerability in the finding, and the size that is assumed for it.
    let sizes = |packages: usize, scores: usize| {
        let one = Vulnerability {
            packages: vec![package.clone(); packages],
            cvss: vec![score.clone(); scores],
            published_at: "2026-01-01T00:00:00Z".parse().ok(),
            updated_at: "2026-01-02T00:00:00Z".parse().ok(),
            related: vec!["CVE-2025-1".into()],
            epss: Some(0.5),
            ..vulnerability(1, Severity::High, "x")
        };
        let estimate = bytes_of_vulnerability(&one);
        let image = finding("ecr-image-scan-findings", IMAGE, image(vec![one]));
        let sent: Value = serde_json::from_str(&sent(&render(&image).unwrap().finding)).unwrap();
        (sent["Vulnerabilities"][0].to_string().len(), estimate)
    };
    let (one, one_estimate) = sizes(1, 1);
    for (packages, scores) in [(0, 0), (1, 1), (20, 1), (1, 20), (20, 20)] {
        let (bytes, estimate) = sizes(packages, scores);
        assert!(bytes <= estimate, "{packages} {scores} {bytes} {estimate}");
        // The assumed size grows by at least as much as the size in the finding.
        if packages > 0 {
            assert!(
                bytes - one <= estimate - one_estimate,
                "{packages} {scores}"
            );
        }
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
fn a_revision_changes_with_the_listed_facts() {
    let listed = |tag: &str, listed: Option<&str>| {
        let state = image(Vec::new());
        let facts: EcrImage = state.facts_of::<EcrImage>().unwrap().clone();
        let facts = EcrImage {
            tags: vec![tag.into()],
            scan_revision: listed.map(str::to_owned),
            ..facts
        };
        finding("ecr-image-scan-findings", IMAGE, State::present(facts))
    };
    let one = revision(&listed("1.0", Some("1")));
    assert!(one.is_some());
    assert_eq!(one, revision(&listed("1.0", Some("1"))));
    assert_ne!(one, revision(&listed("1.0", Some("2"))));
    assert_ne!(one, revision(&listed("1.1", Some("1"))));
    assert_eq!(revision(&listed("1.0", None)), None);
    assert_eq!(outline(&listed("1.0", Some("1"))).unwrap().revision, one);
    let rendered = render(&listed("1.0", Some("1"))).unwrap().finding;
    assert_eq!(
        rendered.product_fields().unwrap().get(REVISION),
        one.as_ref()
    );

    let counts = {
        let mut counts = SeverityCounts::default();
        counts.add(Some(Severity::High), 1);
        counts
    };
    let state = image(Vec::new());
    let facts: EcrImage = state.facts_of::<EcrImage>().unwrap().clone();
    let failing = EcrImage {
        scan_revision: Some("1".into()),
        scan: Ok(Scan::Tried {
            status: ScanStatus::Complete,
            description: None,
            result: Some(Arc::new(ScanResult {
                counts,
                vulnerabilities: Vec::new(),
            })),
        }),
        ..facts.clone()
    };
    let failing = finding("ecr-image-scan-findings", IMAGE, State::present(failing));
    assert!(revision(&failing).is_some());
    assert_eq!(
        revision(&failing.excepted(&mute())),
        None,
        "an exception ends"
    );

    let denied = EcrImage {
        scan_revision: Some("1".into()),
        scan: Err(Unread {
            code: ReasonCode::AccessDenied,
            text: "Denied.".into(),
        }),
        ..facts
    };
    let denied = finding("ecr-image-scan-findings", IMAGE, State::present(denied));
    assert_eq!(
        outline(&denied).unwrap().revision,
        None,
        "it may be readable the next time"
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
fn a_finding_contains_the_run_that_sent_it() {
    let with_run = |run: &str| {
        let rendered = rotation_off().with_run(run).finding;
        rendered.product_fields().unwrap().get(RUN).cloned()
    };
    assert_eq!(with_run("run-1"), Some("run-1".to_owned()));
    assert_eq!(with_run(" "), None);
}

proptest! {
    #[test]
    fn any_text_stays_within_the_limits_of_asff(text in ".{0,1500}", tag in ".{0,300}", count in 0_usize..40) {
        let unread = State::Unread(Unread { code: ReasonCode::ReadFailed, text: text.clone() });
        let list = (0..count).map(|n| vulnerability(n, Severity::High, &text)).collect();
        let tags: Vec<(String, String)> = (0..60).map(|n| (format!("{n}{tag}"), tag.clone())).collect();
        for finding in [
            finding("kms-cmk-rotation", KEY, unread),
            finding("kms-cmk-rotation", KEY, key(&text, Rotation::Off)),
            finding("ecr-image-scan-findings", IMAGE, image(list)),
        ] {
            let rendered = render(&finding).unwrap();
            // Images have no tags.
            let has_tags = finding.resource.kind() != EcrImage::KIND;
            let rendered = if has_tags { rendered.with_tags(&tags) } else { rendered };
            prop_assert!(sent(&rendered.finding).len() <= rendered.size);
            prop_assert!(rendered.size <= 240 * 1024);
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
