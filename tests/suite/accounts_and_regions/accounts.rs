//! Other accounts: the role that is assumed in each, and the accounts of an organization.

use std::collections::BTreeSet;

use eksentry_tests::account::Account;
use eksentry_tests::stand_in::Call;
use serde_json::json;

use super::{ACCOUNTS, OTHER_ACCOUNT, THIRD_ACCOUNT, keys, line, places};
use crate::world::{ACCOUNT, REGION, World};

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
