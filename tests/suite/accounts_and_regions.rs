//! Other Regions and other accounts.

mod accounts;
mod cluster_roles;
mod regions;

use eksentry_tests::account::Record;
use serde_json::{Value, json};

use crate::world::{ACCOUNT, REGION, World, key, key_arn, text};

const ROLE: &str = "eks-dedicated-cluster-role";
const REGIONS: &str = "EKSENTRY_REGIONS";
const ACCOUNTS: &str = "EKSENTRY_ACCOUNTS";
const OTHER_REGION: &str = "us-east-1";
const OTHER_ACCOUNT: &str = "444455556666";
const THIRD_ACCOUNT: &str = "777788889999";

fn keys(id: &str) -> Value {
    json!({"keys": [key(id, true)]})
}

/// Lists the account, product, Region and resource of each finding, one per line.
fn places(world: &World) -> Vec<String> {
    let place = |finding: &Record| {
        let resource = &finding["Resources"][0];
        format!(
            "{} {} {} {}",
            text(finding, "AwsAccountId"),
            text(finding, "ProductArn"),
            resource["Region"].as_str().unwrap(),
            resource["Id"].as_str().unwrap().rsplit(':').next().unwrap(),
        )
    };
    let mut lines: Vec<String> = world.aws.findings().iter().map(place).collect();
    lines.sort();
    lines
}

fn line(account: &str, region: &str, resource: &str) -> String {
    format!(
        "{account} arn:aws:securityhub:{region}:{account}:product/{account}/default {region} {resource}"
    )
}

fn arn_at(account: &str, region: &str, id: &str) -> String {
    format!("arn:aws:kms:{region}:{account}:key/{id}")
}

#[test]
fn every_region_of_every_account_is_evaluated() {
    let mut world = World::with(keys("a"))
        .and_at(ACCOUNT, OTHER_REGION, keys("b"))
        .and_at(OTHER_ACCOUNT, REGION, keys("c"))
        .and_at(OTHER_ACCOUNT, OTHER_REGION, keys("d"))
        .and(ACCOUNTS, &format!("{ACCOUNT},{OTHER_ACCOUNT}"))
        .and(REGIONS, "all");
    world.sweep();
    let expected = [
        line(ACCOUNT, REGION, "key/a"),
        line(ACCOUNT, OTHER_REGION, "key/b"),
        line(OTHER_ACCOUNT, REGION, "key/c"),
        line(OTHER_ACCOUNT, OTHER_REGION, "key/d"),
    ];
    assert_eq!(places(&world), expected);
    world.end();
}

#[test]
fn named_resources_are_evaluated_in_their_account_and_region() {
    let elsewhere = || {
        World::with(keys("k"))
            .and_at(ACCOUNT, OTHER_REGION, keys("k"))
            .and_at(OTHER_ACCOUNT, REGION, keys("k"))
            .and_at(OTHER_ACCOUNT, OTHER_REGION, keys("k"))
            .and(ACCOUNTS, OTHER_ACCOUNT)
            .and(REGIONS, "eu-central-1,us-east-1")
    };
    for (account, region) in [
        (ACCOUNT, REGION),
        (ACCOUNT, OTHER_REGION),
        (OTHER_ACCOUNT, REGION),
        (OTHER_ACCOUNT, OTHER_REGION),
    ] {
        let mut world = elsewhere();
        let arn = arn_at(account, region, "k");
        world.ok("sweep", &json!({"resources": [arn]}));
        assert_eq!(places(&world), [line(account, region, "key/k")]);
        world.end();
    }
    for (account, region) in [(THIRD_ACCOUNT, REGION), (OTHER_ACCOUNT, "eu-west-1")] {
        let mut world = elsewhere();
        let arn = arn_at(account, region, "k");
        let error = world.error("sweep", &json!({"resources": [key_arn("k"), arn]}));
        assert_eq!(error.error_type, "InvalidEvent");
        assert!(error.error_message.contains(&arn), "{error}");
        assert_eq!(places(&world), [""; 0]);
        world.end();
    }
}

#[test]
fn named_resources_that_no_longer_exist_are_archived() {
    let mut world = World::with(keys("k"))
        .and_at(OTHER_ACCOUNT, OTHER_REGION, keys("theirs"))
        .and(ACCOUNTS, &format!("{ACCOUNT},{OTHER_ACCOUNT}"))
        .and(REGIONS, "all");
    world.sweep();
    world.change(|account| account.keys.clear());
    let arns = json!({"resources": [key_arn("k"), arn_at(OTHER_ACCOUNT, OTHER_REGION, "theirs")]});
    world.ok("sweep", &arns);
    assert_eq!(
        world.statuses(),
        [
            "ARCHIVED PASSED INFORMATIONAL kms-cmk-rotation key/k",
            "PASSED INFORMATIONAL kms-cmk-rotation key/theirs",
        ]
    );
    world.end();
}
