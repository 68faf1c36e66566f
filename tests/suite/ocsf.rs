//! OCSF events: when they are written, where they are stored, and the effect on the other sinks if they can't be
//! written.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};

use eksentry_tests::account::Parameter;
use eksentry_tests::stand_in::{Fault, FaultKind};
use serde_json::{Value, json};

use crate::world::{
    ACCOUNT, CLUSTER, REGION, World, change_event, cluster_arn, key, key_arn, private_cluster,
    repository_arn, schedule_event,
};

const OCSF: &str = "EKSENTRY_OCSF";
const HUB: &str = "EKSENTRY_SECURITY_HUB";
const BUCKET: &str = "lake";
const PUT: &str = "s3.PutObject";
const SCANS: &str = "ecr.DescribeImageScanFindings";
const ROTATION: &str = "kms-cmk-rotation";
const ENDPOINT: &str = "eks-endpoint-private";
const SCAN: &str = "ecr-image-scan-findings";
const DIGEST: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

/// A world whose functions write events to a bucket, and the names of the objects that were read. No object is removed:
/// at the end, all of them are validated against the schema.
struct Lake {
    world: World,
    seen: BTreeSet<String>,
}

fn lake(mut entries: Value) -> Lake {
    entries["buckets"] = json!([BUCKET]);
    Lake {
        world: World::with(entries).and(OCSF, "s3://lake/eksentry"),
        seen: BTreeSet::new(),
    }
}

impl Lake {
    fn and(self, name: &str, value: &str) -> Self {
        let world = self.world.and(name, value);
        Self { world, ..self }
    }

    fn and_at(self, account: &str, region: &str, entries: Value) -> Self {
        let world = self.world.and_at(account, region, entries);
        Self { world, ..self }
    }

    /// Returns the objects since the last call: their names, and the events in them.
    fn take(&mut self) -> (Vec<String>, Vec<Value>) {
        let objects = self.world.aws.objects().into_iter();
        let new: BTreeMap<_, _> = objects
            .filter(|(name, _)| self.seen.insert(name.clone()))
            .collect();
        let events = new.values().flat_map(|body| events(body)).collect();
        (new.into_keys().collect(), events)
    }

    fn take_lines(&mut self) -> Vec<String> {
        lines_of(&self.take().1)
    }

    fn end(self) {
        self.world.end();
    }
}

impl Deref for Lake {
    type Target = World;

    fn deref(&self) -> &World {
        &self.world
    }
}

impl DerefMut for Lake {
    fn deref_mut(&mut self) -> &mut World {
        &mut self.world
    }
}

fn two_keys() -> Value {
    json!({"keys": [key("on", true), key("off", false)]})
}

/// Returns a repository with an image that has a vulnerability.
fn an_image() -> Value {
    let image = json!({
        "imageDigest": DIGEST, "imageTags": ["1.0"],
        "scan": {
            "imageScanFindings": {
                "findings": [{
                    "name": "CVE-2026-0001", "severity": "CRITICAL", "uri": "https://example.com/CVE-2026-0001",
                    "attributes": [
                        {"key": "package_name", "value": "openssl"}, {"key": "package_version", "value": "3.0.1"},
                    ],
                }],
            },
        },
    });
    json!({"repositories": [{"repositoryName": "app", "images": [image]}]})
}

fn image_arn() -> String {
    format!("{}/{DIGEST}", repository_arn("app"))
}

fn events(lines: &[u8]) -> Vec<Value> {
    let lines = std::str::from_utf8(lines).unwrap().lines();
    lines
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn text<'a>(event: &'a Value, pointer: &str) -> &'a str {
    event
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
}

/// Renders events, one per line, sorted: the class and activity, the status, the severity, the status of the check, the
/// id of the check, and the resource's name.
fn lines_of(events: &[Value]) -> Vec<String> {
    let mut lines: Vec<String> = events
        .iter()
        .map(|event| {
            let parts = [
                "/type_name",
                "/status",
                "/severity",
                "/compliance/status",
                "/finding_info/analytic/uid",
                "/resources/0/name",
            ];
            let parts = parts.map(|pointer| text(event, pointer));
            parts
                .into_iter()
                .filter(|part| !part.is_empty())
                .collect::<Vec<_>>()
                .join(" | ")
        })
        .collect();
    lines.sort();
    lines
}

#[test]
fn every_run_writes_every_verdict() {
    let mut world = lake(two_keys());
    let expected = [
        "Compliance Finding: Unknown | New | Medium | Fail | kms-cmk-rotation | off",
        "Compliance Finding: Unknown | Resolved | Informational | Pass | kms-cmk-rotation | on",
    ];
    world.sweep();
    assert_eq!(world.take_lines(), expected);
    // Nothing has changed, so no findings are sent to Security Hub.
    assert_eq!(world.sweep()["posted"], 0);
    assert_eq!(world.take_lines(), expected);
    world.end();
}

#[test]
fn objects_are_partitioned_by_class_region_account_and_day() {
    let mut world = lake(an_image());
    world.sweep();
    let (names, events) = world.take();
    let day = events[0]["time_dt"].as_str().unwrap()[..10].replace('-', "");
    let place = format!("region={REGION}/accountId={ACCOUNT}/eventDay={day}/");
    let classes = ["compliance_finding", "vulnerability_finding"];
    let folders = classes.map(|class| format!("{BUCKET}/eksentry/{class}/{place}"));
    assert_eq!(names.len(), 2);
    for (name, folder) in names.iter().zip(&folders) {
        let rest = name.strip_prefix(folder.as_str()).expect(folder);
        let is_lines = Path::new(rest)
            .extension()
            .is_some_and(|end| end == "jsonl");
        assert!(is_lines && !rest.contains('/'), "{name}");
    }
    assert_eq!(
        lines_of(&events),
        [
            "Compliance Finding: Unknown | New | Critical | Fail | ecr-image-scan-findings | app/sha256:1111111111111111111111111111111111111111111111111111111111111111",
            "Compliance Finding: Unknown | New | Medium | Fail | ecr-immutable-tags | app",
            "Compliance Finding: Unknown | New | Medium | Fail | ecr-scan-on-push | app",
            "Vulnerability Finding: Unknown | New | Critical | ecr-image-scan-findings | app/sha256:1111111111111111111111111111111111111111111111111111111111111111",
        ]
    );
    world.end();
}

#[test]
fn events_are_written_without_security_hub() {
    let mut world = lake(two_keys()).and(HUB, "off");
    world.sweep();
    assert_eq!(world.take_lines().len(), 2);
    assert!(
        world
            .aws
            .calls()
            .iter()
            .all(|call| call.service != "securityhub")
    );
    assert_eq!(world.statuses(), [""; 0]);
    world.end();
}

#[test]
fn events_can_be_written_to_a_folder() {
    let folder = Folder::new();
    for name in [folder.path(), format!("file://{}", folder.path())] {
        let mut world = World::with(two_keys()).and(OCSF, &name);
        world.sweep();
        assert_eq!(world.calls(PUT), 0);
        world.end();
    }
    let files = folder.files();
    assert_eq!(files.len(), 2, "{files:?}");
    for (path, body) in files {
        let place = format!("compliance_finding/region={REGION}/accountId={ACCOUNT}/eventDay=");
        assert!(path.contains(&place), "{path}");
        assert_eq!(lines_of(&events(&body)).len(), 2);
    }
}

#[test]
fn a_failed_write_is_an_error_and_does_not_affect_security_hub() {
    for kind in [
        FaultKind::AccessDenied,
        FaultKind::Error {
            code: "NoSuchBucket".to_owned(),
            status: 404,
            message: String::new(),
        },
    ] {
        let mut world = lake(two_keys());
        world.aws.fail(Fault::new(PUT, kind));
        let error = world.error("sweep", &json!({}));
        assert_eq!(error.error_type, "NotDelivered");
        assert!(
            error.error_message.contains("OCSF") && error.error_message.contains("s3:PutObject"),
            "{error:?}"
        );
        assert_eq!(world.statuses().len(), 2);

        // The next run writes all events, although Security Hub has the findings already.
        world.heal();
        assert_eq!(world.sweep()["posted"], 0);
        assert_eq!(world.take_lines().len(), 2);
        world.end();
    }
}

#[test]
fn the_error_names_an_unwritable_folder() {
    let mut world = World::with(two_keys()).and(OCSF, "/dev/null/lake");
    let error = world.error("sweep", &json!({}));
    assert_eq!(error.error_type, "NotDelivered");
    assert!(
        error
            .error_message
            .contains("/dev/null/lake/compliance_finding"),
        "{error:?}"
    );
    assert_eq!(world.statuses().len(), 2);
    world.end();
}

#[test]
fn events_are_written_even_if_security_hub_fails() {
    let mut world = lake(two_keys());
    world.deny("securityhub.GetFindings");
    assert_eq!(world.error("sweep", &json!({})).error_type, "NotDelivered");
    assert_eq!(world.take_lines().len(), 2);
    world.end();
}

#[test]
fn an_invalid_destination_error_names_the_variable() {
    let mut world = World::with(two_keys()).and(OCSF, "lake/eksentry");
    let error = world.error("sweep", &json!({}));
    assert_eq!(error.error_type, "InvalidSettings");
    assert!(error.error_message.contains(OCSF), "{error:?}");
    world.end();
}

#[test]
fn many_events_are_split_into_objects_without_duplicates() {
    let name = |n: usize| format!("team-{}/service-{n:04}", n % 7);
    let repositories: Vec<Value> = (0..2_500)
        .map(|n| json!({"repositoryName": name(n)}))
        .collect();
    let mut world = lake(json!({"repositories": repositories})).and(HUB, "off");
    world.sweep();
    let objects = world.aws.objects();
    assert!(objects.len() > 2, "{} objects", objects.len());
    assert!(objects.values().all(|body| body.len() < 5 * 1024 * 1024));
    let (_, events) = world.take();
    let uids: BTreeSet<&str> = events
        .iter()
        .map(|event| text(event, "/metadata/uid"))
        .collect();
    assert_eq!((events.len(), uids.len()), (5_000, 5_000));
    world.end();
}

#[test]
fn findings_of_deleted_resources_are_closed() {
    let mut world = lake(two_keys());
    world.sweep();
    world.take();
    world.change(|account| account.keys.retain(|key| key.members["KeyId"] != "off"));
    assert_eq!(world.sweep()["archived"], 1);
    assert_eq!(
        world.take_lines(),
        [
            "Compliance Finding: Close | Resolved | Informational | Not Applicable | kms-cmk-rotation | off",
            "Compliance Finding: Unknown | Resolved | Informational | Pass | kms-cmk-rotation | on",
        ]
    );
    // The closing event is written once: then the finding is archived.
    world.sweep();
    assert_eq!(world.take_lines().len(), 1);
    // A sweep that names the key reports again that the key does not exist.
    world.ok("sweep", &json!({"resources": [key_arn("off")]}));
    assert_eq!(
        world.take_lines(),
        [
            "Compliance Finding: Close | Resolved | Informational | Not Applicable | kms-cmk-rotation | off"
        ]
    );
    world.end();
}

#[test]
fn findings_of_unlisted_resources_are_not_closed() {
    let mut world = lake(two_keys());
    world.sweep();
    world.take();
    world.deny("kms.ListKeys");
    world.error("sweep", &json!({}));
    assert_eq!(world.take_lines(), [""; 0]);
    world.end();
}

#[test]
fn findings_of_unread_resources_are_unknown() {
    let mut world = lake(two_keys());
    world.deny("kms.GetKeyRotationStatus");
    world.sweep();
    let (_, events) = world.take();
    for event in &events {
        assert_eq!(event["status"], "Unknown");
        assert_eq!(event["compliance"]["status_id"], 0);
        assert!(
            text(event, "/status_detail").contains("kms:GetKeyRotationStatus"),
            "{event}"
        );
    }
    assert_eq!(events.len(), 2);
    world.end();
}

#[test]
fn muted_findings_are_suppressed_with_their_reason() {
    let mut muted = key("off", false);
    muted["tags"] = json!({"team": "cards"});
    let keys = json!({"keys": [key("on", true), muted]});
    let mut world = lake(keys).and("EKSENTRY_MUTE_LIST", "/eksentry/mute-list");
    let list =
        json!([{"check": "*", "tag": "team=cards", "reason": "SEC-1", "until": "2999-12-31"}]);
    world.change(|account| {
        account.parameters.push(Parameter {
            name: "/eksentry/mute-list".to_owned(),
            value: list.to_string(),
            kind: None,
        });
    });
    world.sweep();
    let (_, events) = world.take();
    assert_eq!(
        lines_of(&events)[1],
        "Compliance Finding: Unknown | Suppressed | Informational | Pass | kms-cmk-rotation | off"
    );
    let muted = events
        .iter()
        .find(|event| event["status"] == "Suppressed")
        .unwrap();
    assert_eq!(muted["status_detail"], "Excepted until 2999-12-31: SEC-1.");
    world.end();
}

#[test]
fn events_contain_the_tags_of_resources() {
    let mut entries = an_image();
    entries["repositories"][0]["tags"] = json!({"team": "app"});
    let (mut tagged_key, mut cluster) = (key("k", true), private_cluster("payments"));
    tagged_key["tags"] = json!({"team": "keys"});
    cluster["tags"] = json!({"team": "pay"});
    entries["keys"] = json!([tagged_key]);
    entries["clusters"] = json!([cluster]);
    let mut world = lake(entries);
    world.sweep();
    let (_, events) = world.take();
    let tags: BTreeMap<&str, &str> = events
        .iter()
        .map(|event| {
            (
                text(event, "/resources/0/type"),
                text(event, "/resources/0/tags/0/value"),
            )
        })
        .collect();
    let expected = [
        ("AwsEcrContainerImage", ""),
        ("AwsEcrRepository", "app"),
        ("AwsEksCluster", "pay"),
        ("AwsKmsKey", "keys"),
    ];
    assert_eq!(tags, BTreeMap::from(expected));
    world.end();
}

#[test]
fn events_of_images_with_an_unchanged_scan_are_written() {
    let entries = an_image();
    let mut without_ocsf = World::with(entries.clone());
    without_ocsf.sweep();
    let calls = without_ocsf.calls(SCANS);
    without_ocsf.sweep();
    assert_eq!(without_ocsf.calls(SCANS), calls);
    without_ocsf.end();

    let mut world = lake(entries);
    world.sweep();
    let first = world.take_lines();
    assert_eq!(world.sweep()["posted"], 0);
    assert_eq!(world.take_lines(), first);
    assert_eq!(first.len(), 4);
    world.end();
}

#[test]
fn rule_evaluations_are_written_except_in_test_mode() {
    let mut world = lake(json!({"clusters": [private_cluster("payments")]}));
    let event = |world: &World, token: &str| {
        let token = if token == "TESTMODE" {
            token.to_owned()
        } else {
            world.aws.result_token(token)
        };
        change_event(&token, ENDPOINT, CLUSTER, "payments", "OK")
    };
    let passed = [
        "Compliance Finding: Unknown | Resolved | Informational | Pass | eks-endpoint-private | payments",
    ];
    let change = event(&world, "eksentry-eks-endpoint-private");
    world.ok("config-rule", &change);
    assert_eq!(world.take_lines(), passed);

    let schedule = schedule_event(
        &world.aws.result_token("eksentry-eks-endpoint-private"),
        ENDPOINT,
    );
    world.ok("config-rule", &schedule);
    assert_eq!(world.take_lines(), passed);

    let test = event(&world, "TESTMODE");
    world.ok("config-rule", &test);
    let mut proactive = event(&world, "eksentry-eks-endpoint-private");
    proactive["evaluationMode"] = json!("PROACTIVE");
    world.ok("config-rule", &proactive);
    assert_eq!(world.take_lines(), [""; 0]);
    world.end();
}

#[test]
fn a_rule_closes_the_finding_of_a_deleted_resource_without_security_hub() {
    let mut world = lake(json!({"clusters": []})).and(HUB, "off");
    let token = world.aws.result_token("eksentry-eks-endpoint-private");
    let deleted = change_event(&token, ENDPOINT, CLUSTER, "payments", "ResourceDeleted");
    world.ok("config-rule", &deleted);
    let (_, events) = world.take();
    assert_eq!(
        lines_of(&events),
        [
            "Compliance Finding: Close | Resolved | Informational | Not Applicable | eks-endpoint-private | payments"
        ]
    );
    assert_eq!(
        text(&events[0], "/resources/0/uid"),
        cluster_arn("payments")
    );
    world.end();
}

#[test]
fn a_finding_is_written_when_an_image_is_scanned_and_closed_when_it_is_deleted() {
    let mut world = lake(an_image());
    let event = |kind: &str, detail: Value| {
        json!({
            "version": "0", "source": "aws.ecr", "detail-type": kind, "account": ACCOUNT, "region": REGION,
            "time": "2026-03-01T10:00:00Z", "resources": [], "detail": detail,
        })
    };
    let scanned = json!({
        "scan-status": "COMPLETE", "repository-name": "app", "image-digest": DIGEST, "image-tags": ["1.0"],
        "finding-severity-counts": {"CRITICAL": 1},
    });
    world.ok("ecr-event", &event("ECR Image Scan", scanned));
    let (_, events) = world.take();
    let classes: Vec<&str> = events
        .iter()
        .map(|event| text(event, "/class_name"))
        .collect();
    assert_eq!(classes, ["Compliance Finding", "Vulnerability Finding"]);
    assert_eq!(
        text(&events[0], "/finding_info/uid"),
        format!("eksentry/{SCAN}/{}", image_arn())
    );

    world.change(|account| account.repositories[0].images.clear());
    let deleted = json!({
        "result": "SUCCESS", "action-type": "DELETE", "repository-name": "app", "image-digest": DIGEST, "image-tag": "",
    });
    world.ok("ecr-event", &event("ECR Image Action", deleted));
    assert_eq!(world.take().1[0]["type_name"], "Compliance Finding: Close");
    world.end();
}

#[test]
fn a_worker_fails_a_message_whose_events_cannot_be_written() {
    let mut world = lake(two_keys());
    world.aws.fail(Fault::new(PUT, FaultKind::AccessDenied));
    let message =
        json!({"Records": [{"messageId": "1", "body": json!({"checks": [ROTATION]}).to_string()}]});
    let answer = world.ok("sweep-worker", &message);
    assert_eq!(answer["batchItemFailures"][0]["itemIdentifier"], "1");
    world.heal();
    let answer = world.ok("sweep-worker", &message);
    assert_eq!(answer["batchItemFailures"], json!([]));
    assert_eq!(world.take_lines().len(), 2);
    world.end();
}

#[test]
fn events_of_other_accounts_are_written_with_the_functions_own_role() {
    let other = "444455556666";
    let mut world = lake(json!({}))
        .and_at(other, REGION, json!({"keys": [key("k", true)]}))
        .and("EKSENTRY_ACCOUNTS", other);
    world.sweep();
    let call = &world.aws.calls_of(PUT)[0];
    let home = &world.aws.calls_of("sts.AssumeRole")[0];
    assert_eq!(call.access_key, home.access_key);
    let (names, events) = world.take();
    assert!(
        names[0].contains(&format!("/accountId={other}/")),
        "{names:?}"
    );
    assert_eq!(text(&events[0], "/cloud/account/uid"), other);
    world.end();
}

/// A folder for one test, which is removed when the value is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        let name = format!("eksentry-ocsf-{}", std::process::id());
        Self(std::env::temp_dir().join(name))
    }

    fn path(&self) -> String {
        self.0.display().to_string()
    }

    /// Reads all files in the folder, by their paths.
    fn files(&self) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        collect(&self.0, &mut files);
        files
    }
}

fn collect(folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.insert(path.display().to_string(), fs::read(&path).unwrap());
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // A folder that remains among the temporary files does no harm.
        let _ = fs::remove_dir_all(&self.0);
    }
}
