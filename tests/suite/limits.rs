//! The limits of AWS, and unusual input: the stand-in records each breach as a violation.

use eksentry_core::FactsOf;
use eksentry_core::facts::EksCluster;
use serde_json::{Value, json};

use crate::world::{World, checks_of, key, key_arn, load_balancer};

const IMPORT: &str = "securityhub.BatchImportFindings";
const MEGABYTE: usize = 1024 * 1024;

/// Returns the number of findings in each call.
fn sizes(world: &World) -> Vec<usize> {
    world
        .aws
        .calls_of(IMPORT)
        .iter()
        .map(|call| call.members["Findings"].as_array().unwrap().len())
        .collect()
}

#[test]
fn findings_are_sent_in_batches_of_at_most_100() {
    let keys: Vec<Value> = (0..250)
        .map(|n| key(&format!("key-{n:03}"), true))
        .collect();
    let mut world = World::with(json!({"keys": keys}));
    assert_eq!(world.sweep()["posted"], 250);
    let first = sizes(&world);
    assert_eq!(first.iter().sum::<usize>(), 250);
    assert!(
        first.len() == 3 && first.iter().all(|size| *size <= 100),
        "{first:?}"
    );

    // The same limit applies when findings are archived.
    world.change(|account| account.keys.clear());
    assert_eq!(world.sweep()["archived"], 250);
    assert!(
        sizes(&world).iter().all(|size| *size <= 100),
        "{:?}",
        sizes(&world)
    );
    world.end();
}

#[test]
fn thousands_of_vulnerabilities_stay_within_the_size_limits() {
    let text = "A vulnerability with a long description. ".repeat(20);
    let packages: Vec<Value> = (0..20)
        .map(|n| {
            json!({
                "name": format!("package-with-a-long-name-{n}"), "version": "1.2.3", "release": "4.el9", "epoch": 0,
                "arch": "X86_64", "packageManager": "OS", "filePath": format!("usr/lib/package/{n}"), "fixedInVersion": "0:1.2.4",
            })
        })
        .collect();
    let found: Vec<Value> = (0..60)
        .map(|n| {
            json!({
                "severity": "HIGH", "status": "ACTIVE", "title": format!("CVE-2024-{n:04}"), "description": text,
                "packageVulnerabilityDetails": {
                    "vulnerabilityId": format!("CVE-2024-{n:04}"), "vulnerablePackages": packages,
                    "referenceUrls": [format!("https://example.com/{}", "a".repeat(200))],
                },
            })
        })
        .collect();
    let images: Vec<Value> = (0..48)
        .map(|n| json!({"imageTags": [format!("v{n}")], "scan": {"imageScanFindings": {"enhancedFindings": found}}}))
        .collect();
    let mut world =
        World::with(json!({"repositories": [{"repositoryName": "repo", "images": images}]}));
    world.ok("sweep", &json!({"checks": ["ecr-image-scan-findings"]}));
    assert_eq!(world.statuses().len(), 48);
    let calls = world.aws.calls_of(IMPORT);
    for call in &calls {
        let bytes = Value::from(call.members.clone()).to_string().len();
        assert!(bytes <= 6 * MEGABYTE, "a call of {bytes} bytes");
    }
    let all: usize = calls
        .iter()
        .map(|call| Value::from(call.members.clone()).to_string().len())
        .sum();
    assert!(
        all > 6 * MEGABYTE,
        "{all} bytes fit into one call, so the limit was not tested"
    );
    world.end();
}

#[test]
fn findings_are_valid_for_empty_and_unusual_texts() {
    let strange = "\u{202e}<script>alert('é')</script>\u{0}\n\t\"\\ 🦀";
    let mut world = World::with(json!({
        "clusters": [{
            "name": "c", "version": "", "endpoint": "", "encryptionConfig": [{"resources": ["secrets"], "provider": {"keyArn": ""}}],
            "resourcesVpcConfig": {"subnetIds": [""], "securityGroupIds": null, "vpcId": "", "publicAccessCidrs": []},
            "logging": null, "tags": {"empty": "", "strange": strange},
            "accessConfig": {"authenticationMode": "API"}, "accessEntries": [], "insights": [{"id": "i", "name": strange}], "nodegroups": [{"nodegroupName": "n", "status": ""}],
        }],
        "load_balancers": [load_balancer("c")],
        "keys": [
            {"KeyId": "k", "Description": "", "tags": {"empty": ""}},
            {"KeyId": "s", "Description": strange.repeat(300), "tags": {"strange": strange}},
        ],
        "repositories": [{"repositoryName": "repo", "tags": {"empty": ""}, "images": [
            {"imageTags": [], "imagePushedAt": null, "scan": {"imageScanFindings": {"findings": [
                {"name": "", "description": "", "severity": "HIGH", "attributes": []},
                {"name": strange, "description": strange.repeat(2000), "severity": "HIGH", "uri": ""},
                {"severity": "CRITICAL"},
            ]}}},
            {"imageTags": ["e"], "scan": {"imageScanFindings": {"enhancedFindings": [
                {"severity": "HIGH", "status": "ACTIVE", "title": "", "packageVulnerabilityDetails": null},
                {"severity": "CRITICAL", "status": "ACTIVE", "packageVulnerabilityDetails": {
                    "vulnerabilityId": "", "vulnerablePackages": [{"name": "", "version": ""}], "cvss": [{}], "referenceUrls": [""],
                }},
            ]}}},
        ]}],
    }));
    assert_eq!(world.sweep()["errors"], 0);
    assert_eq!(
        world.status("kms-cmk-rotation", &key_arn("s")),
        "FAILED MEDIUM"
    );
    // The cluster sends no logs, so two checks of logs do not apply.
    let of_the_cluster = checks_of(EksCluster::KIND) - 2;
    assert_eq!(world.statuses().len(), of_the_cluster + 2 + 2 + 2);
    world.end();
}
