//! The events about images and configuration items, among them irrelevant and invalid ones.

use serde_json::{Value, json};

use crate::load::{ACCOUNT, Event, REGION};

fn image_event(source: &str, kind: &str, detail: &Value) -> Value {
    json!({
        "version": "0", "source": source, "detail-type": kind, "account": ACCOUNT, "region": REGION,
        "time": "2026-03-01T10:00:00Z", "resources": [], "detail": detail,
    })
}

pub(super) fn image_action(repository: &str, digest: &str, action: &str) -> Value {
    let detail = json!({
        "action-type": action, "result": "SUCCESS", "repository-name": repository, "image-digest": digest,
        "image-tag": "v1",
    });
    image_event("aws.ecr", "ECR Image Action", &detail)
}

pub(super) fn image_scan(repository: &str, digest: &str, status: &str) -> Value {
    let detail = json!({
        "scan-status": status, "repository-name": repository, "image-digest": digest, "image-tags": ["v1"],
        "finding-severity-counts": {"LOW": 1},
    });
    image_event("aws.ecr", "ECR Image Scan", &detail)
}

pub(super) fn inspector_scan(repository: &str, digest: &str) -> Value {
    let detail = json!({
        "scan-status": "INITIAL_SCAN_COMPLETE", "image-digest": digest, "image-tags": ["v1"], "version": "1.0",
        "repository-name": format!("arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{repository}"),
        "finding-severity-counts": {"LOW": 1, "TOTAL": 1},
    });
    image_event("aws.inspector2", "Inspector2 Scan", &detail)
}

/// Returns an event that `ecr-event` ignores.
pub(super) fn irrelevant_event() -> Value {
    image_event(
        "aws.ecr",
        "ECR Replication Action",
        &json!({"action-type": "REPLICATE"}),
    )
}

pub(super) fn invalid_image_event(event: &Value) -> Value {
    let mut event = event.clone();
    event["detail"]["repository-name"] = json!("<script>");
    event
}

/// Returns a message of AWS Config that is not about a resource.
pub(super) fn irrelevant_item() -> Value {
    let invoking = json!({"messageType": "ConfigurationSnapshotDeliveryCompleted"});
    json!({
        "version": "1.0", "accountId": ACCOUNT, "configRuleName": "eksentry-kms-cmk-rotation",
        "resultToken": "token-of-kms-cmk-rotation", "invokingEvent": invoking.to_string(),
    })
}

pub(super) fn invalid_item(event: &Value) -> Value {
    let mut event = event.clone();
    event["invokingEvent"] = json!("not JSON");
    event
}

pub(super) fn valid_event(event: &Value) -> Event {
    Event {
        payload: event.to_string().into_bytes(),
        is_valid: true,
    }
}
