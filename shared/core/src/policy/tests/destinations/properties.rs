//! Properties of all endpoint policies that consist of common statements.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::super::properties::{outsider, policy};
use super::super::requests::Request;
use crate::policy::{Destinations, Registries};

const OWN: &str = "111122223333";
const FOREIGN: &str = "999999999999";

const ACTIONS: [&str; 6] = [
    r#""Action": "*""#,
    r#""Action": "ecr:*""#,
    r#""Action": ["ecr:PutImage", "ecr:*LayerUpload"]"#,
    r#""NotAction": "ecr:PutImage""#,
    r#""NotAction": "ecr:Get*""#,
    r#""Action": "ecr:BatchGetImage""#,
];

const RESOURCES: [&str; 13] = [
    r#""Resource": "*""#,
    r#""Resource": "*""#,
    r#""Resource": "arn:aws:ecr:*""#,
    r#""Resource": "arn:aws:ecr:*:*:repository/*""#,
    r#""Resource": "arn:aws:ecr:*:111122223333:repository/*""#,
    r#""Resource": ["arn:aws:ecr:*:111122223333:repository/*", "arn:aws:ecr:*:444455556666:*"]"#,
    r#""Resource": "arn:aws:ecr:eu-central-1:9999*:repository/a*""#,
    r#""Resource": "arn:aws:ecr:us-east-1:*:repository/*""#,
    r#""Resource": "arn:aws:ecr:*:${aws:PrincipalAccount}:repository/*""#,
    r#""Resource": "arn:aws:ecr:*:*:repository/${aws:PrincipalTag/team}""#,
    r#""NotResource": "arn:aws:ecr:*:111122223333:*""#,
    r#""NotResource": ["arn:aws:ecr:*:*:repository/b*", "arn:aws:ecr:*:${aws:PrincipalAccount}:*"]"#,
    r#""NotResource": "arn:aws:ecr:*:999999999999:repository/app""#,
];

const PRINCIPALS: [&str; 5] = [
    r#""Principal": "*""#,
    r#""Principal": "*""#,
    r#""Principal": {"AWS": "*"}"#,
    r#""Principal": {"AWS": ["111122223333", "444455556666"]}"#,
    r#""NotPrincipal": {"AWS": "111122223333"}"#,
];

const OPERATORS: [&str; 14] = [
    "StringEquals",
    "StringLike",
    "StringNotEquals",
    "StringNotLike",
    "StringEqualsIfExists",
    "StringNotEqualsIfExists",
    "StringNotLikeIfExists",
    "ForAnyValue:StringLike",
    "ForAllValues:StringLike",
    "ForAnyValue:StringNotLike",
    "ForAllValues:StringNotLike",
    "ArnNotEquals",
    "Bool",
    "Null",
];

const KEYS: [&str; 9] = [
    "aws:ResourceAccount",
    "aws:resourceaccount",
    "aws:ResourceOrgID",
    "aws:ResourceOrgPaths",
    "aws:PrincipalAccount",
    "aws:PrincipalOrgID",
    "aws:PrincipalTag/team",
    "aws:SourceVpc",
    "aws:SecureTransport",
];

const VALUES: [&str; 13] = [
    OWN,
    OWN,
    "444455556666",
    "*",
    "9999*",
    "o-abc",
    "o-*",
    "o-abc/r-1/*",
    "vpc-0a",
    "${aws:PrincipalAccount}",
    "${aws:PrincipalOrgID}",
    "true",
    "false",
];

fn statement(effect: &'static str) -> impl Strategy<Value = String> {
    let condition = (select(&KEYS[..]), subsequence(&VALUES[..], 0..3));
    let conditions = (subsequence(&OPERATORS[..], 0..3), vec(condition, 3));
    let elements = (
        select(&PRINCIPALS[..]),
        select(&ACTIONS[..]),
        select(&RESOURCES[..]),
        conditions,
    );
    elements.prop_map(
        move |(principal, action, resource, (operators, conditions))| {
            let conditions = operators.iter().zip(conditions);
            let conditions = conditions.map(|(operator, (key, values))| {
                let values: Vec<String> =
                    values.iter().map(|value| format!(r#""{value}""#)).collect();
                format!(r#""{operator}": {{"{key}": [{}]}}"#, values.join(","))
            });
            let conditions = conditions.collect::<Vec<_>>().join(",");
            format!(
                r#"{{"Effect": "{effect}", {principal}, {action}, {resource}, "Condition": {{{conditions}}}}}"#
            )
        },
    )
}

fn statements() -> impl Strategy<Value = Vec<String>> {
    let one = prop_oneof![statement("Allow"), statement("Allow"), statement("Deny")];
    vec(one, 1..5)
}

fn destinations(statements: &[String]) -> Destinations {
    let known = BTreeSet::from([OWN.to_owned()]);
    let registries = Registries {
        partition: "aws",
        region: "eu-central-1",
        known: &known,
    };
    Destinations::of(Some(&policy(statements)), registries)
}

/// Generates requests of an outsider in the VPC to push an image to a repository of its own account.
fn push() -> impl Strategy<Value = Request> {
    (outsider(), any::<bool>()).prop_map(|(outsider, is_in_organization)| {
        let mut keys = BTreeMap::from([
            ("aws:securetransport", vec!["true"]),
            ("aws:sourcevpc", vec!["vpc-0a"]),
            ("aws:resourceaccount", vec![FOREIGN]),
        ]);
        if is_in_organization {
            keys.insert("aws:resourceorgid", vec!["o-evil"]);
            keys.insert("aws:resourceorgpaths", vec!["o-evil/r-1/ou-2/"]);
        }
        let mut of_principal = outsider.keys;
        of_principal.retain(|key, _| key.starts_with("aws:principal") || *key == "aws:userid");
        keys.extend(of_principal);
        Request {
            keys,
            resource: "arn:aws:ecr:eu-central-1:999999999999:repository/app",
        }
    })
}

/// Returns the position of the destinations, from few to many. The two that are not certain have the same one.
fn rank(destinations: &Destinations) -> u8 {
    match destinations {
        Destinations::Known => 0,
        Destinations::ForSomePrincipals | Destinations::Unclear(_) => 1,
        Destinations::Others(_) => 2,
        Destinations::Any => 3,
    }
}

fn is_no_wider(one: &Destinations, other: &Destinations) -> bool {
    match (one, other) {
        (Destinations::Others(one), Destinations::Others(other)) => one.is_subset(other),
        _ => rank(one) <= rank(other),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_policy_that_lets_an_outsider_push_is_not_limited(statements in statements(), push in push()) {
        let policy = policy(&statements);
        if push.is_allowed(&policy, "ecr:PutImage") || push.is_allowed(&policy, "ecr:UploadLayerPart") {
            let found = destinations(&statements);
            let is_limited = matches!(found, Destinations::Known | Destinations::ForSomePrincipals);
            prop_assert!(!is_limited, "{found:?}");
        }
    }

    #[test]
    fn another_allow_statement_never_reduces_the_destinations(
        statements in statements(),
        another in statement("Allow"),
    ) {
        let more = [statements.clone(), vec![another]].concat();
        prop_assert!(is_no_wider(&destinations(&statements), &destinations(&more)));
    }

    #[test]
    fn another_denial_never_adds_destinations(statements in statements(), denial in statement("Deny")) {
        let more = [statements.clone(), vec![denial]].concat();
        prop_assert!(is_no_wider(&destinations(&more), &destinations(&statements)));
    }
}
