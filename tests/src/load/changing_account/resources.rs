//! The resources of the account: their names, and their entries in an account file.

use serde_json::{Value, json};

use crate::account::{digest, uuid};

pub(super) fn repository_name(number: usize) -> String {
    format!("team-{}/service-{number:03}", number / 10)
}

pub(super) fn image_digest(repository: usize, slot: usize) -> String {
    format!("sha256:{}", digest(&format!("image {repository} {slot}")))
}

pub(super) fn cluster_name(number: usize) -> String {
    format!("cluster-{number}")
}

pub(super) fn key_id(number: usize) -> String {
    uuid(&format!("key {number}"))
}

pub(super) fn cluster(number: usize, is_closed: bool) -> Value {
    let logs = [
        "api",
        "audit",
        "authenticator",
        "controllerManager",
        "scheduler",
    ];
    json!({
        "name": cluster_name(number),
        "resourcesVpcConfig": {"endpointPublicAccess": !is_closed, "endpointPrivateAccess": true},
        "logging": {"clusterLogging": [{"types": logs, "enabled": is_closed}]},
        "nodegroups": [{"nodegroupName": "general"}],
    })
}

/// Returns a scan with one vulnerability.
pub(super) fn vulnerable(severity: &str, status: &str) -> Value {
    let found = json!([{"name": "CVE-2024-3094", "severity": severity}]);
    json!({"imageScanStatus": {"status": status}, "imageScanFindings": {"findings": found}})
}
