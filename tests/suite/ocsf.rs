//! OCSF events: when they are written, where they are stored, and the effect on the other sinks if they can't be
//! written.

mod changes;
mod destinations;
mod sweep;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Deref, DerefMut};

use serde_json::{Value, json};

use crate::world::{World, key};

const OCSF: &str = "EKSENTRY_OCSF";
const HUB: &str = "EKSENTRY_SECURITY_HUB";
const BUCKET: &str = "lake";
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
