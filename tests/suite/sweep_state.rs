//! The state that a sweep keeps for the next one: the ledger, scans that need not be read again, and findings to
//! refresh.

mod ledger;
mod refresh;
mod scans;

use serde_json::{Value, json};

const BUCKET: &str = "eksentry-ledgers";
const IMPORT: &str = "securityhub.BatchImportFindings";
const SCANS: &str = "ecr.DescribeImageScanFindings";

fn name(number: usize) -> String {
    format!("team-{}/service-{number:03}", number % 7)
}

/// Returns this number of repositories, each with two findings.
fn repositories(count: usize) -> Value {
    let repositories = (0..count).map(|number| json!({"repositoryName": name(number)}));
    json!({"buckets": [BUCKET], "repositories": repositories.collect::<Vec<_>>()})
}

/// The number of repositories of a registry that is too small for a new ledger. Its findings take several calls.
const FEW: usize = 200;

/// Returns repositories with two scanned images each, one of which has a severe vulnerability.
fn scanned(count: usize) -> Value {
    let image = |tag: &str, findings: Value| json!({"imageTags": [tag], "scan": {"imageScanFindings": {"findings": findings}}});
    let repositories = (0..count).map(|number| {
        let found = json!([{"name": "CVE-2024-3094", "severity": "HIGH"}]);
        json!({"repositoryName": name(number), "images": [image("bad", found), image("good", json!([]))]})
    });
    json!({"buckets": [BUCKET], "repositories": repositories.collect::<Vec<_>>()})
}
