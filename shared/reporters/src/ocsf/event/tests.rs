//! Events of whole findings, as they are written.

mod compliance;
mod covered;
mod vulnerabilities;

use std::sync::Arc;

use eksentry_core::facts::image::{
    Cvss, EcrImage, Package, Scan, ScanResult, ScanStatus, SeverityCounts, Vulnerability,
};
use eksentry_core::facts::key::{KeyState, KmsKey, Rotation};
use eksentry_core::facts::kubernetes::ObjectName;
use eksentry_core::mute_list::{Entry, Mute};
use eksentry_core::{
    Finding, Observation, ParameterValues, ReasonCode, Resource, Severity, State, Unread, checks,
    standards,
};
use serde_json::{Value, json};

use super::{closed, events};

const KEY: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd";
const IMAGE: &str = "arn:aws:ecr:eu-central-1:111122223333:repository/cards/api/sha256:0a1b";
const RUN: &str = "request/1";

fn finding(check: &str, resource: &str, state: State) -> Finding {
    let observation = Observation {
        resource: Resource::parse(resource).unwrap(),
        observed_at: "2026-03-01T10:20:30.456Z".parse().unwrap(),
        state,
    };
    let check = checks::find(check).unwrap();
    let settings = ParameterValues::default();
    Finding::all(check, &observation, &settings, None, &|_, verdict| verdict).remove(0)
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
        deletion: None,
        policy: Err(Unread::not_requested("the key's policy")),
        organization: Ok(None),
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
        in_use: None,
    };
    let image = EcrImage {
        tags: vec!["1.4.2".into()],
        pushed_at: "2026-02-01T00:00:00Z".parse().ok(),
        idle_days: Some(3),
        scan: Ok(Scan::Tried {
            status,
            description: None,
            result: Some(Arc::new(result)),
        }),
        ..EcrImage::undescribed(
            "cards/api",
            "sha256:0a1b",
            "111122223333",
            &Unread::not_requested("it"),
        )
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

fn without_versions(mut event: Value) -> Value {
    event["metadata"]["product"]["version"] = json!("…");
    event["finding_info"]["analytic"]["version"] = json!("…");
    event
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
fn both_events_of_an_image_contain_its_tags() {
    let mut finding = scanned(vec![vulnerability("CVE-2026-1")]);
    finding.tags = Some(vec![("team".to_owned(), "cards".to_owned())]);
    for event in written(&finding) {
        let tags = &event["resources"][0]["tags"];
        assert_eq!(tags, &json!([{"name": "team", "value": "cards"}]));
    }
}

#[test]
fn the_cluster_of_an_object_follows_the_object() {
    let cluster = "arn:aws:eks:eu-central-1:111122223333:cluster/prod";
    let parent = Resource::parse(cluster).unwrap();
    let object = ObjectName {
        namespace: Some("shop".to_owned()),
        kind: "Deployment".to_owned(),
        api_version: "apps/v1".to_owned(),
        plural: "deployments".to_owned(),
        name: "web".to_owned(),
    };
    let finding = Finding {
        resource: object.resource(&parent).unwrap(),
        details: object.details(&parent),
        ..rotation(Rotation::Off)
    };
    let resources = &only(&finding)["resources"];
    let members = |number: usize, names: [&str; 6]| {
        let members = names.map(|name| resources[number][name].clone());
        json!(members)
    };
    let names = ["uid", "name", "type", "role", "namespace", "group"];
    let uid = format!("{cluster}/namespaces/shop/deployments.apps/web");
    let expected = json!([uid, "web", "Deployment", "Target", "shop", {"name": "apps"}]);
    assert_eq!(members(0, names), expected);
    let expected = json!([cluster, "prod", "AWS::EKS::Cluster", "Related", null, null]);
    assert_eq!(members(1, names), expected);
    assert_eq!(resources.as_array().map(Vec::len), Some(2));

    // Only the id is known of an object that no longer exists.
    let at = finding.observed_at;
    let event = closed("k8s-pod-privileged", &finding.resource, at, RUN);
    let event = serde_json::to_value(event).unwrap();
    assert_eq!(event["resources"][0]["uid"], uid);
    assert_eq!(event["resources"][0]["namespace"], "shop");
    assert_eq!(event["resources"][1]["uid"], cluster);
}
