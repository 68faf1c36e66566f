//! The destinations of events: buckets and folders, the names of objects, and the effect of failed writes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use eksentry_tests::stand_in::{Fault, FaultKind};
use serde_json::{Value, json};

use super::{BUCKET, HUB, OCSF, an_image, events, lake, lines_of, text, two_keys};
use crate::world::{ACCOUNT, REGION, World, key};

const PUT: &str = "s3.PutObject";
const ROTATION: &str = "kms-cmk-rotation";

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
        world.clear_faults();
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
fn a_worker_fails_a_message_whose_events_cannot_be_written() {
    let mut world = lake(two_keys());
    world.aws.fail(Fault::new(PUT, FaultKind::AccessDenied));
    let message =
        json!({"Records": [{"messageId": "1", "body": json!({"checks": [ROTATION]}).to_string()}]});
    let answer = world.ok("sweep-worker", &message);
    assert_eq!(answer["batchItemFailures"][0]["itemIdentifier"], "1");
    world.clear_faults();
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
