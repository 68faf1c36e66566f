//! Other Regions and other accounts.

use std::collections::BTreeSet;
use std::time::Duration;

use eksentry_tests::account::{Account, Record};
use eksentry_tests::stand_in::{Call, Fault, FaultKind};
use serde_json::{Value, json};

use crate::world::{
    ACCOUNT, CLUSTER, REGION, World, change_event, key, key_arn, private_cluster, schedule_event,
    text,
};

const ROTATION: &str = "kms-cmk-rotation";
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
fn findings_are_posted_in_their_own_region() {
    for regions in ["eu-central-1,us-east-1", "all"] {
        let mut world = World::with(keys("here"))
            .and_at(ACCOUNT, OTHER_REGION, keys("away"))
            .and(REGIONS, regions);
        assert_eq!(world.sweep()["evaluated"], 2);
        let expected = [
            line(ACCOUNT, REGION, "key/here"),
            line(ACCOUNT, OTHER_REGION, "key/away"),
        ];
        assert_eq!(places(&world), expected, "{regions}");
        world.end();
    }
}

#[test]
fn only_the_configured_regions_are_evaluated() {
    let mut world = World::with(keys("here"))
        .and_at(ACCOUNT, OTHER_REGION, keys("away"))
        .and_at(ACCOUNT, "eu-west-1", keys("west"))
        .and(REGIONS, OTHER_REGION);
    world.sweep();
    assert_eq!(places(&world), [line(ACCOUNT, OTHER_REGION, "key/away")]);
    world.end();
}

#[test]
fn if_regions_cannot_be_listed_only_the_functions_own_is_evaluated() {
    let mut world = World::with(json!({"keys": [key("here", true), key("gone", true)]}))
        .and_at(ACCOUNT, OTHER_REGION, keys("away"))
        .and(REGIONS, "all");
    world.sweep();
    world.change(|account| account.keys.retain(|key| key.id() != "gone"));
    world.change(|account| account.add(json!({"keys": [key("new", false)]})).unwrap());
    world.deny("account.ListRegions");
    let error = world.error("sweep", &json!({}));
    assert_eq!(error.error_type, "NotListed");
    for part in [ACCOUNT, REGION, "account:ListRegions", "EKSENTRY_REGIONS"] {
        assert!(error.error_message.contains(part), "{error}");
    }
    assert_eq!(
        world.statuses(),
        [
            "ARCHIVED PASSED INFORMATIONAL kms-cmk-rotation key/gone",
            "FAILED MEDIUM kms-cmk-rotation key/new",
            "PASSED INFORMATIONAL kms-cmk-rotation key/away",
            "PASSED INFORMATIONAL kms-cmk-rotation key/here",
        ]
    );
    world.end();
}

/// An answer without the list of Regions, or with an empty list, is invalid: every account has Regions.
#[test]
fn a_response_without_regions_is_an_error() {
    for fault in ["/Regions", "/Regions/0"] {
        let mut world = World::with(keys("here")).and(REGIONS, "all");
        world.aws.fail(Fault::new(
            "account.ListRegions",
            FaultKind::Missing(fault.to_owned()),
        ));
        let error = world.error("sweep", &json!({}));
        assert_eq!(error.error_type, "NotListed", "{error}");
        assert_eq!(places(&world), [line(ACCOUNT, REGION, "key/here")]);
        world.end();
    }
}

#[test]
fn regions_are_listed_only_if_needed() {
    let cluster = |name: &str| format!("arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{name}");
    for (event, lists) in [
        (json!({"resources": [key_arn("here")]}), 0),
        (
            json!({"resources": [cluster("own")], "checks": ["eks-endpoint-private"]}),
            0,
        ),
        (json!({"resources": [cluster("own")], "checks": [ROLE]}), 1),
        (json!({"resources": [cluster("own")]}), 1),
        (
            json!({"region": REGION, "checks": ["eks-endpoint-private"]}),
            0,
        ),
        (json!({"region": REGION, "part": "keys"}), 0),
        (json!({"region": REGION, "part": "clusters"}), 1),
        (json!({"region": REGION}), 1),
        (json!({"region": OTHER_REGION, "part": "keys"}), 1),
        (json!({"part": "keys"}), 1),
    ] {
        let mut world =
            World::with(json!({"clusters": [private_cluster("own")], "keys": [key("here", true)]}))
                .and_at(ACCOUNT, OTHER_REGION, keys("away"))
                .and(REGIONS, "all");
        world.ok("sweep", &event);
        assert_eq!(world.calls("account.ListRegions"), lists, "{event}");
        world.end();
    }
}

#[test]
fn a_slow_registry_does_not_delay_other_parts_or_regions() {
    let entries = |name: &str| {
        json!({
            "clusters": [private_cluster(name)], "keys": [key(name, true)], "repositories": [{"repositoryName": name}],
        })
    };
    let mut world = World::with(entries("here"))
        .and_at(ACCOUNT, OTHER_REGION, entries("away"))
        .and(REGIONS, "all");
    world.aws.fail(Fault::new(
        "ecr.DescribeRepositories",
        FaultKind::Latency(3_600_000),
    ));
    world.limit(Duration::from_secs(8));
    let checks = json!({"checks": [ROTATION, "eks-endpoint-private", "ecr-immutable-tags"]});
    let error = world.error("sweep", &checks);
    assert_eq!(error.error_type, "OutOfTime", "{error}");
    let calls = world.aws.calls_of("ecr.DescribeRepositories").into_iter();
    let regions: BTreeSet<String> = calls.map(|call| call.region).collect();
    assert_eq!(Vec::from_iter(regions), [REGION, OTHER_REGION]);
    assert_eq!(
        world.statuses(),
        [
            "PASSED INFORMATIONAL eks-endpoint-private cluster/away",
            "PASSED INFORMATIONAL eks-endpoint-private cluster/here",
            "PASSED INFORMATIONAL kms-cmk-rotation key/away",
            "PASSED INFORMATIONAL kms-cmk-rotation key/here",
        ]
    );
    world.end();
}

/// Checks that do not depend on other Regions are evaluated and their findings sent, and the invocation succeeds.
#[test]
fn a_part_of_a_sweep_does_not_need_the_list_of_regions() {
    let mut world = World::with(keys("here"))
        .and_at(ACCOUNT, OTHER_REGION, keys("away"))
        .and(REGIONS, "all");
    world.deny("account.ListRegions");
    for region in [REGION, OTHER_REGION] {
        world.ok("sweep", &json!({"region": region, "part": "keys"}));
    }
    let expected = [
        line(ACCOUNT, REGION, "key/here"),
        line(ACCOUNT, OTHER_REGION, "key/away"),
    ];
    assert_eq!(places(&world), expected);
    world.end();
}

#[test]
fn an_event_for_an_unconfigured_region_is_rejected() {
    for (regions, requested) in [
        ("all", "us-west-2"),
        (OTHER_REGION, REGION),
        (OTHER_REGION, "us-west-2"),
        ("", OTHER_REGION),
    ] {
        let mut world = World::with(keys("here"))
            .and_at(ACCOUNT, OTHER_REGION, keys("away"))
            .and(REGIONS, regions);
        let outcome = world.invoke("sweep", &json!({"region": requested})).outcome;
        let error = outcome.expect_err(&format!("{requested} is not among {regions}"));
        assert!(error.error_message.contains(requested), "{error}");
        world.end();
    }
}

/// Returns a world with clusters of the same name in two Regions, which share a role.
fn shared_role() -> World {
    let role = format!("arn:aws:iam::{ACCOUNT}:role/shared");
    let cluster = |name: &str| {
        let mut cluster = private_cluster(name);
        cluster["roleArn"] = json!(role);
        cluster
    };
    World::with(
        json!({"clusters": [cluster("twin"), private_cluster("own")], "roles": [{"RoleName": "shared"}]}),
    )
    .and_at(ACCOUNT, OTHER_REGION, json!({"clusters": [cluster("twin")]}))
    .and(REGIONS, "eu-central-1,us-east-1")
}

fn twin(region: &str) -> String {
    format!("arn:aws:eks:{region}:{ACCOUNT}:cluster/twin")
}

#[test]
fn a_role_shared_across_regions_fails_both_clusters() {
    let mut world = shared_role();
    world.sweep();
    for (region, other) in [(REGION, OTHER_REGION), (OTHER_REGION, REGION)] {
        assert_eq!(world.status(ROLE, &twin(region)), "FAILED MEDIUM");
        let finding = world.finding(ROLE, &twin(region)).unwrap();
        let reasons = finding["Compliance"]["StatusReasons"].to_string();
        assert!(
            reasons.contains("cluster twin") && reasons.contains(other),
            "{reasons}"
        );
    }
    let own = format!("arn:aws:eks:{REGION}:{ACCOUNT}:cluster/own");
    assert_eq!(world.status(ROLE, &own), "PASSED INFORMATIONAL");
    world.end();
}

#[test]
fn config_rule_and_sweep_agree_on_a_role_shared_across_regions() {
    let mut swept = shared_role();
    swept.sweep();
    for periodic in [false, true] {
        let mut world = shared_role();
        let token = world.aws.result_token(&format!("eksentry-{ROLE}"));
        let event = if periodic {
            schedule_event(&token, ROLE)
        } else {
            change_event(&token, ROLE, CLUSTER, "twin", "OK")
        };
        world.ok("config-rule", &event);
        let evaluations = world.aws.evaluations();
        let twins = evaluations
            .iter()
            .find(|one| one.resource_id == "twin")
            .unwrap();
        assert_eq!(twins.compliance, "NON_COMPLIANT");
        let annotation = twins.annotation.as_deref().unwrap_or_default();
        assert!(annotation.contains(OTHER_REGION), "{annotation}");
        let finding = |world: &World| {
            let finding = world.finding(ROLE, &twin(REGION)).unwrap();
            (
                finding["Compliance"].clone(),
                finding["ProductFields"]["eksentry/Digest"].clone(),
            )
        };
        assert_eq!(finding(&world), finding(&swept));
        let imports = world.calls("securityhub.BatchImportFindings");
        let narrowed = json!({"checks": [ROLE], "resources": [twin(REGION)]});
        assert_eq!(world.ok("sweep", &narrowed)["posted"], 0);
        assert_eq!(world.calls("securityhub.BatchImportFindings"), imports);
        world.end();
    }
    swept.end();
}

#[test]
fn a_rule_of_a_regional_check_does_not_list_regions() {
    for check in [
        "eks-endpoint-private",
        "eks-control-plane-logging",
        "eks-secrets-envelope-encryption",
        "eks-secrets-customer-managed-key",
    ] {
        for periodic in [false, true] {
            let mut world =
                World::with(json!({"clusters": [private_cluster("own")]})).and(REGIONS, "all");
            world.deny("account.ListRegions");
            let token = world.aws.result_token(&format!("eksentry-{check}"));
            let event = if periodic {
                schedule_event(&token, check)
            } else {
                change_event(&token, check, CLUSTER, "own", "OK")
            };
            world.ok("config-rule", &event);
            assert_eq!(world.aws.evaluations().len(), 1, "{check}");
            assert_eq!(world.calls("account.ListRegions"), 0, "{check}");
            world.end();
        }
    }
}

#[test]
fn without_the_list_of_regions_an_unshared_role_is_not_available() {
    let role = format!("arn:aws:iam::{ACCOUNT}:role/shared");
    let sharing = |name: &str| {
        let mut cluster = private_cluster(name);
        cluster["roleArn"] = json!(role);
        cluster
    };
    let entries = || {
        json!({
            "clusters": [private_cluster("own"), sharing("one"), sharing("two")],
            "roles": [{"RoleName": "shared"}],
        })
    };
    let arn = |name: &str| format!("arn:aws:eks:{REGION}:{ACCOUNT}:cluster/{name}");
    let denied = || {
        let world = World::with(entries()).and(REGIONS, "all");
        world.deny("account.ListRegions");
        world
    };
    let mut world = denied();
    let error = world.error("sweep", &json!({}));
    assert_eq!(error.error_type, "NotListed");
    for name in ["one", "two"] {
        assert_eq!(
            world.status(ROLE, &arn(name)),
            "FAILED MEDIUM",
            "a shared role is certain"
        );
    }
    assert_eq!(
        world.status(ROLE, &arn("own")),
        "NOT_AVAILABLE INFORMATIONAL"
    );
    let finding = world.finding(ROLE, &arn("own")).unwrap();
    let reasons = finding["Compliance"]["StatusReasons"].to_string();
    assert!(
        reasons.contains("ACCESS_DENIED") && reasons.contains("account:ListRegions"),
        "{reasons}"
    );
    for name in ["own", "one"] {
        let status = world.status("eks-endpoint-private", &arn(name));
        assert_eq!(status, "PASSED INFORMATIONAL");
    }
    world.end();

    for (name, evaluation) in [("one", Some("NON_COMPLIANT")), ("own", None)] {
        let mut world = denied();
        let token = world.aws.result_token(&format!("eksentry-{ROLE}"));
        let event = change_event(&token, ROLE, CLUSTER, name, "OK");
        let outcome = world.invoke("config-rule", &event).outcome;
        let evaluations = world.aws.evaluations();
        let put = evaluations.first().map(|one| one.compliance.as_str());
        assert_eq!((outcome.is_ok(), put), (evaluation.is_some(), evaluation));
        world.end();
    }
}

#[test]
fn if_another_region_cannot_be_read_a_role_is_not_available() {
    let mut world = World::with(json!({"clusters": [private_cluster("own")]}))
        .and_at(
            ACCOUNT,
            OTHER_REGION,
            json!({"clusters": [private_cluster("hidden")]}),
        )
        .and(REGIONS, "eu-central-1,us-east-1");
    world.aws.fail(
        Fault::new("eks.DescribeCluster", FaultKind::AccessDenied)
            .matching(json!({"name": "hidden"})),
    );
    world.sweep();
    let own = format!("arn:aws:eks:{REGION}:{ACCOUNT}:cluster/own");
    assert_eq!(world.status(ROLE, &own), "NOT_AVAILABLE INFORMATIONAL");
    world.end();
}

/// Returns a world whose second account requires a role name and an external ID.
fn with_external_id() -> World {
    let mut other = Account::empty(OTHER_ACCOUNT, REGION);
    other.add(keys("theirs")).unwrap();
    other.member_role =
        serde_json::from_value(json!({"name": "eksentry-audit", "external_id": "bank"})).unwrap();
    let world = World::with(keys("ours"));
    world.aws.also(other).unwrap();
    world.and_at(THIRD_ACCOUNT, REGION, keys("thirds")).and(
        ACCOUNTS,
        &format!("{ACCOUNT}, {OTHER_ACCOUNT},{THIRD_ACCOUNT}"),
    )
}

#[test]
fn another_account_is_entered_with_its_role_and_external_id() {
    let mut world = with_external_id()
        .and("EKSENTRY_ROLE_NAME", "eksentry-audit")
        .and("EKSENTRY_EXTERNAL_ID", "bank");
    assert_eq!(world.sweep()["evaluated"], 3);
    let expected = [
        line(ACCOUNT, REGION, "key/ours"),
        line(OTHER_ACCOUNT, REGION, "key/theirs"),
        line(THIRD_ACCOUNT, REGION, "key/thirds"),
    ];
    assert_eq!(places(&world), expected);
    let entered = world.aws.calls_of("sts.AssumeRole");
    let role = |call: &Call| call.members["RoleArn"].as_str().unwrap().to_owned();
    let roles: BTreeSet<String> = entered.iter().map(role).collect();
    let expected =
        [OTHER_ACCOUNT, THIRD_ACCOUNT].map(|id| format!("arn:aws:iam::{id}:role/eksentry-audit"));
    assert_eq!(
        Vec::from_iter(roles),
        expected,
        "the function's own account has no such role"
    );
    world.end();
}

#[test]
fn an_account_that_cannot_be_entered_affects_no_other() {
    for (role, external_id) in [
        ("eksentry-audit", "ledger"),
        ("eksentry-audit", ""),
        ("", "bank"),
    ] {
        let mut world = with_external_id()
            .and("EKSENTRY_ROLE_NAME", role)
            .and("EKSENTRY_EXTERNAL_ID", external_id);
        let error = world.error("sweep", &json!({}));
        assert_eq!(error.error_type, "NotEntered");
        let role = if role.is_empty() {
            "eksentry-member"
        } else {
            role
        };
        let arn = format!("arn:aws:iam::{OTHER_ACCOUNT}:role/{role}");
        for part in [OTHER_ACCOUNT, &arn] {
            assert!(error.error_message.contains(part), "{error}");
        }
        let expected = [
            line(ACCOUNT, REGION, "key/ours"),
            line(THIRD_ACCOUNT, REGION, "key/thirds"),
        ];
        assert_eq!(places(&world), expected);
        world.end();
    }
}

#[test]
fn an_account_that_can_no_longer_be_entered_keeps_its_findings() {
    let mut world = with_external_id()
        .and("EKSENTRY_ROLE_NAME", "eksentry-audit")
        .and("EKSENTRY_EXTERNAL_ID", "bank");
    world.sweep();
    let before = world.state();
    world.deny("sts.AssumeRole");
    assert_eq!(world.error("sweep", &json!({})).error_type, "NotEntered");
    assert_eq!(world.state(), before);
    world.end();
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

/// Returns a world whose home account manages an organization. One member account is suspended, and one is being
/// closed.
fn organization(accounts: &str) -> World {
    let mut home = Account::empty(ACCOUNT, REGION);
    home.add(keys("ours")).unwrap();
    home.organization = serde_json::from_value(json!({
        "units": [
            {"Id": "ou-ab12-payments", "ParentId": "r-ab12"},
            {"Id": "ou-ab12-cards000", "ParentId": "ou-ab12-payments"},
            {"Id": "ou-ab12-loans000", "ParentId": "r-ab12"},
        ],
        "accounts": [
            {"Id": ACCOUNT, "ParentId": "r-ab12"},
            {"Id": OTHER_ACCOUNT, "ParentId": "ou-ab12-cards000"},
            {"Id": THIRD_ACCOUNT, "ParentId": "ou-ab12-loans000"},
            {"Id": "999988887777", "ParentId": "ou-ab12-payments", "Status": "SUSPENDED"},
            {"Id": "666655554444", "ParentId": "ou-ab12-payments", "Status": "PENDING_CLOSURE"},
        ],
    }))
    .unwrap();
    home.page_size = Some(2);
    World::of(home)
        .and_at(OTHER_ACCOUNT, REGION, keys("theirs"))
        .and_at(THIRD_ACCOUNT, REGION, keys("thirds"))
        .and_at("999988887777", REGION, keys("suspended"))
        .and_at("666655554444", REGION, keys("closing"))
        .and(ACCOUNTS, accounts)
}

#[test]
fn active_accounts_of_organizations_and_units_are_evaluated() {
    let (ours, theirs, thirds) = (
        line(ACCOUNT, REGION, "key/ours"),
        line(OTHER_ACCOUNT, REGION, "key/theirs"),
        line(THIRD_ACCOUNT, REGION, "key/thirds"),
    );
    for (accounts, expected) in [
        ("organization", vec![&ours, &theirs, &thirds]),
        ("r-ab12", vec![&ours, &theirs, &thirds]),
        ("ou-ab12-payments", vec![&theirs]),
        ("ou-ab12-cards000,111122223333", vec![&ours, &theirs]),
        (
            "ou-ab12-payments,ou-ab12-cards000,ou-ab12-loans000",
            vec![&theirs, &thirds],
        ),
    ] {
        let mut world = organization(accounts);
        if accounts == "r-ab12" {
            world = world.unlimited("the template accepts no root");
        }
        assert_eq!(world.sweep()["evaluated"], expected.len());
        assert_eq!(
            places(&world).iter().collect::<Vec<_>>(),
            expected,
            "{accounts}"
        );
        world.end();
    }
}

#[test]
fn failing_to_list_accounts_is_an_error_and_archives_nothing() {
    for (accounts, operation) in [
        ("organization", "organizations.ListAccounts"),
        ("ou-ab12-payments", "organizations.ListAccountsForParent"),
        (
            "ou-ab12-payments",
            "organizations.ListOrganizationalUnitsForParent",
        ),
    ] {
        let mut world = organization(&format!("{accounts},{ACCOUNT}"));
        if accounts == "organization" {
            world = world.unlimited("the template accepts `organization` only alone");
        }
        world.sweep();
        let before = world.state();
        world.change(|account| account.add(keys("new")).unwrap());
        world.deny(operation);
        let error = world.error("sweep", &json!({}));
        assert_eq!(error.error_type, "NotListed", "{operation}");
        let action = operation.replace('.', ":");
        assert!(error.error_message.contains(&action), "{error}");
        let mut after = world.state();
        let posted = after.len() - before.len();
        assert_eq!(
            posted, 1,
            "accounts that are named individually are evaluated"
        );
        after.retain(|id, _| before.contains_key(id));
        assert_eq!(after, before);
        world.end();
    }
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

#[test]
fn a_sweep_can_be_narrowed_to_a_region() {
    let mut world = World::with(keys("here"))
        .and_at(ACCOUNT, OTHER_REGION, keys("away"))
        .and(REGIONS, "all");
    world.ok("sweep", &json!({"region": OTHER_REGION}));
    assert_eq!(places(&world), [line(ACCOUNT, OTHER_REGION, "key/away")]);
    world.end();
}
