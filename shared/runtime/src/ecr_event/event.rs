//! Events about Amazon ECR images, their scans, and the scanning of repositories.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::error::{Error, without_values};
use crate::event_bridge::EventBridgeEvent;
use crate::scan_event::ScanReport;

/// The contents of an event.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct EcrEvent {
    pub(super) account: Option<String>,
    pub(super) region: Option<String>,
    /// The repositories that the event names. An entry that cannot be read is the reason, and does not affect the
    /// others.
    pub(super) repositories: Vec<Result<String, EntryError>>,
    pub(super) digest: Option<String>,
    pub(super) change: Change,
}

/// The error of an entry in `detail.repositories`. An error of serde is not kept as a source, since its text quotes
/// values.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum EntryError {
    /// The entry does not have the form of one.
    #[error("entry {number} of detail.repositories can't be read: {problem}")]
    Unreadable { number: usize, problem: String },
    /// The entry has neither the ARN nor the name of a repository.
    #[error("entry {number} of detail.repositories contains no repository")]
    NoRepository { number: usize },
}

/// The change that an event reports.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Change {
    Pushed,
    /// An image may have been deleted or archived, or only untagged; the API has its current state.
    Removed,
    Scanned(ScanReport),
    /// The registry's rules scan repositories at other times than before.
    ScanningChanged,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct ActionDetail {
    #[serde(default)]
    result: Option<String>,
    action_type: String,
    repository_name: String,
    #[serde(default)]
    image_digest: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct ScanDetail {
    scan_status: String,
    repository_name: String,
    image_digest: String,
    #[serde(default)]
    image_tags: Option<Vec<Option<String>>>,
    #[serde(default)]
    finding_severity_counts: Option<Value>,
}

/// The subject of an event from Inspector, which sends the same kind of event about instances, functions and machine
/// images.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct InspectedDetail {
    #[serde(default)]
    repository_name: Option<Value>,
    #[serde(default)]
    image_digest: Option<Value>,
}

#[derive(Deserialize)]
struct ScanningDetail {
    #[serde(default)]
    repositories: Option<Vec<Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct ScannedRepository {
    #[serde(default)]
    repository_arn: Option<String>,
    #[serde(default)]
    repository_name: Option<String>,
}

impl EcrEvent {
    /// Reads an event; `None` if it does not concern this function.
    pub(super) fn read(event: &Value) -> Result<Option<Self>, Error> {
        let event = EventBridgeEvent::read(event)?;
        let (source, name) = event.kind();
        let read = match (source, name) {
            ("aws.ecr", "ECR Image Action") => action(&event.detail),
            ("aws.ecr", "ECR Image Scan") => scan(&event.detail).map(Some),
            ("aws.ecr", "ECR Scan Resource Change") => scanning_change(&event.detail).map(Some),
            ("aws.inspector2", "Inspector2 Scan") => inspection(&event.detail),
            _ => return Ok(None),
        };
        let read = read.map_err(|error| {
            Error::invalid_event(format!(
                "the detail of the event {name:?} can't be read: {}",
                without_values(&error)
            ))
        })?;
        Ok(read.map(|(repositories, digest, change)| Self {
            account: event.account,
            region: event.region,
            repositories,
            digest,
            change,
        }))
    }
}

/// The repositories that an event names, the digest of an image, and the change that it reports.
type Read = (Vec<Result<String, EntryError>>, Option<String>, Change);

fn action(detail: &Value) -> Result<Option<Read>, serde_json::Error> {
    let detail = ActionDetail::deserialize(detail)?;
    let change = match detail.action_type.as_str() {
        "PUSH" => Change::Pushed,
        "DELETE" | "UPDATE_STORAGE_CLASS" => Change::Removed,
        _ => return Ok(None),
    };
    let happened = detail.result.is_none_or(|result| result == "SUCCESS");
    let digest = detail.image_digest.filter(|digest| !digest.is_empty());
    Ok(happened.then_some((vec![Ok(detail.repository_name)], digest, change)))
}

fn scan(detail: &Value) -> Result<Read, serde_json::Error> {
    let detail = ScanDetail::deserialize(detail)?;
    let counts = detail
        .finding_severity_counts
        .as_ref()
        .and_then(Value::as_object)
        .and_then(|counts| {
            // A count that cannot be read makes all of them unknown.
            let counts = counts
                .iter()
                .map(|(name, count)| Some((name.clone(), whole_number(count)?)));
            counts.collect::<Option<BTreeMap<_, _>>>()
        });
    let report = ScanReport {
        status: detail.scan_status,
        counts,
        tags: detail.image_tags.into_iter().flatten().flatten().collect(),
    };
    Ok((
        vec![Ok(detail.repository_name)],
        Some(detail.image_digest),
        Change::Scanned(report),
    ))
}

/// Reads an event from Inspector; `None` if it is not about an image in a repository.
fn inspection(detail: &Value) -> Result<Option<Read>, serde_json::Error> {
    let about = InspectedDetail::deserialize(detail)?;
    if about.repository_name.is_none() && about.image_digest.is_none() {
        return Ok(None);
    }
    scan(detail).map(Some)
}

/// Reads the repositories whose scanning changed. The way in which each is scanned now is read from the API.
fn scanning_change(detail: &Value) -> Result<Read, serde_json::Error> {
    let detail = ScanningDetail::deserialize(detail)?;
    let repositories = detail.repositories.unwrap_or_default();
    let named = repositories.iter().enumerate().map(|(index, entry)| {
        let number = index + 1;
        let entry =
            ScannedRepository::deserialize(entry).map_err(|error| EntryError::Unreadable {
                number,
                problem: without_values(&error),
            })?;
        let named = entry.repository_arn.filter(|arn| !arn.is_empty());
        let named = named.or(entry.repository_name);
        named
            .filter(|name| !name.is_empty())
            .ok_or(EntryError::NoRepository { number })
    });
    Ok((named.collect(), None, Change::ScanningChanged))
}

/// Returns a count that is written as a number or as a string.
fn whole_number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) if number.is_f64() => {
            number.to_string().strip_suffix(".0")?.parse().ok()
        }
        Value::Number(number) => number.as_u64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::ecr_event::tests::event;
    use crate::error::ErrorKind;

    fn change(source: &str, detail_type: &str, detail: &Value) -> Option<Change> {
        EcrEvent::read(&event(source, detail_type, detail))
            .unwrap()
            .map(|ecr_event| ecr_event.change)
    }

    #[test]
    fn actions_map_to_changes() {
        let detail = |action: &str| {
            json!({"action-type": action, "result": "SUCCESS", "repository-name": "app", "image-digest": "sha256:0a",
                   "image-tag": "", "target-storage-class": "ARCHIVE"})
        };
        for (action, expected) in [
            ("PUSH", Some(Change::Pushed)),
            ("DELETE", Some(Change::Removed)),
            ("UPDATE_STORAGE_CLASS", Some(Change::Removed)),
            ("SOMETHING_NEW", None),
        ] {
            assert_eq!(
                change("aws.ecr", "ECR Image Action", &detail(action)),
                expected,
                "{action}"
            );
        }
        let failed = json!({"action-type": "PUSH", "result": "FAILURE", "repository-name": "app", "image-digest": "sha256:0a"});
        assert_eq!(change("aws.ecr", "ECR Image Action", &failed), None);
    }

    #[test]
    fn other_events_are_ignored_and_invalid_ones_rejected() {
        assert_eq!(
            change("aws.ecr", "ECR Replication Action", &json!({})),
            None
        );
        assert_eq!(
            change("aws.cloudhsm", "AWS API Call via CloudTrail", &json!({})),
            None
        );
        assert_eq!(
            EcrEvent::read(&json!({"eventName": "CreateCluster"})).unwrap(),
            None
        );
        for broken in [
            json!([]),
            json!("text"),
            Value::Null,
            event("aws.ecr", "ECR Image Scan", &json!({})),
        ] {
            assert_eq!(
                EcrEvent::read(&broken).unwrap_err().kind,
                ErrorKind::InvalidEvent,
                "{broken}"
            );
        }
    }

    #[test]
    fn inspector_scans_of_other_resources_are_ignored() {
        for detail in [
            json!({"scan-status": "INITIAL_SCAN_COMPLETE", "instance-id": "i-0a", "version": "1.0"}),
            json!({"scan-status": "INITIAL_SCAN_COMPLETE", "version": "1.0"}),
            json!({"machine-image-id": "ami-0a", "repository-name": null}),
        ] {
            assert_eq!(change("aws.inspector2", "Inspector2 Scan", &detail), None);
        }
        for broken in [
            json!({"repository-name": "app", "scan-status": "INITIAL_SCAN_COMPLETE"}),
            json!({"image-digest": "sha256:0a", "scan-status": "INITIAL_SCAN_COMPLETE"}),
            json!("text"),
        ] {
            let read = EcrEvent::read(&event("aws.inspector2", "Inspector2 Scan", &broken));
            assert_eq!(read.unwrap_err().kind, ErrorKind::InvalidEvent, "{broken}");
        }
    }
}
