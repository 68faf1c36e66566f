//! Whole findings, from facts to the request in which they are sent.

mod archive;
mod content;
mod digest;
mod limits;
mod resource;
mod vulnerabilities;

use std::sync::Arc;

use aws_sdk_securityhub::operation::batch_import_findings::{
    BatchImportFindings, BatchImportFindingsInput,
};
use aws_sdk_securityhub::types::AwsSecurityFinding;
use aws_smithy_runtime_api::client::interceptors::context::Input;
use aws_smithy_runtime_api::client::runtime_plugin::RuntimePlugin;
use aws_smithy_runtime_api::client::ser_de::{SerializeRequest, SharedRequestSerializer};
use aws_smithy_types::config_bag::ConfigBag;
use eksentry_core::facts::AttachedPolicy;
use eksentry_core::facts::cluster::{EksCluster, Endpoint, LogType, LogTypes, SecretsKey};
use eksentry_core::facts::image::{
    Cvss, EcrImage, Package, Scan, ScanResult, ScanStatus, SeverityCounts, Vulnerability,
};
use eksentry_core::facts::key::{KeyState, KmsKey, Rotation};
use eksentry_core::facts::repository::{
    EcrRepository, Encryption, LifecyclePolicy, RegistryScanning, TagMutability,
};
use eksentry_core::mute_list::{Entry, Mute};
use eksentry_core::policy::{ECR, KMS, Service};
use eksentry_core::{
    Finding, Observation, ParameterValues, ReasonCode, Resource, Severity, State, Unread, checks,
};
use serde_json::{Value, json};

use super::{DIGEST, REVISION, RUN, Rendered, archived, missing_member, outline, revision};

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
    let check = checks::find(check).unwrap();
    let settings = ParameterValues::default();
    Finding::all(check, &observation, &settings, None, &|_, verdict| verdict).remove(0)
}

fn render(finding: &Finding) -> Option<Rendered> {
    Some(outline(finding)?.render(finding))
}

fn rotation_off() -> Rendered {
    render(&finding(
        "kms-cmk-rotation",
        KEY,
        key("signs nothing", Rotation::Off),
    ))
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

fn cluster() -> State {
    State::present(EksCluster {
        status: "ACTIVE".into(),
        version: "1.33".parse().ok(),
        endpoint: Endpoint::read(true, true, ["203.0.113.0/24", "198.51.100.0/24"]),
        enabled_logs: LogTypes::NONE.with(LogType::Audit),
        secrets_key: Some(SecretsKey {
            named: KEY.into(),
            names_secrets: true,
            key: Ok(None),
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
        managed_signing: Err(Unread::not_requested("it")),
        registry_scanning: Ok(RegistryScanning::default()),
        encryption: Encryption::Aes256,
        lifecycle_policy: Ok(LifecyclePolicy::None),
        policy: Ok(Some(policy(&ECR, POLICY))),
        registry_policy: Ok(None),
        organization: Ok(None),
    })
}

/// A policy that grants nothing.
const POLICY: &str = r#"{"Statement": []}"#;

fn policy(service: &'static Service, text: &str) -> Arc<AttachedPolicy> {
    let parse = |text: &str| serde_json::from_str(text);
    let policy = AttachedPolicy::read(text.to_owned(), "111122223333", service, parse);
    Arc::new(policy.unwrap())
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
        deletion: None,
        policy: Ok(policy(&KMS, POLICY)),
        organization: Ok(None),
    })
}

fn image(vulnerabilities: Vec<Vulnerability>) -> State {
    let mut counts = SeverityCounts::default();
    for vulnerability in &vulnerabilities {
        counts.add(vulnerability.severity, 1);
    }
    State::present(EcrImage {
        tags: vec!["1.4.2".into()],
        pushed_at: "2026-02-01T00:00:00Z".parse().ok(),
        idle_days: Some(3),
        scan: Ok(Scan::Tried {
            status: ScanStatus::Complete,
            description: None,
            result: Some(Arc::new(ScanResult {
                counts,
                vulnerabilities,
                in_use: None,
            })),
        }),
        ..EcrImage::undescribed(
            "cards/api",
            "sha256:0a1b",
            "111122223333",
            &Unread::not_requested("it"),
        )
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
