//! Properties of all policies that consist of common statements.

use std::collections::{BTreeMap, BTreeSet};

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::requests::Request;
use crate::policy::{
    Account, ActionClass, Audience, ECR, Group, Organization, OwnOrganization, Reach,
    ResourcePolicy, Scope, Trust, grants,
};

const OWNER: &str = "111122223333";
const OUTSIDER: &str = "999999999999";
const CLASSES: [ActionClass; 2] = [ActionClass::Read, ActionClass::Change];

const PRINCIPALS: [&str; 9] = [
    r#""Principal": "*""#,
    r#""Principal": "*""#,
    r#""Principal": {"AWS": "*"}"#,
    r#""Principal": {"AWS": ["111122223333", "444455556666"]}"#,
    r#""Principal": {"AWS": "arn:aws:iam::*:root"}"#,
    r#""Principal": {"AWS": "AROADBQP57FF2AEXAMPLE"}"#,
    r#""Principal": {"Service": "lambda.amazonaws.com"}"#,
    r#""NotPrincipal": {"AWS": "arn:aws:iam::444455556666:root"}"#,
    r#""NotPrincipal": {"AWS": ["111122223333"], "Service": "lambda.amazonaws.com"}"#,
];

const ACTIONS: [&str; 8] = [
    r#""Action": "*""#,
    r#""Action": "ecr:*""#,
    r#""Action": ["ecr:BatchGetImage", "ecr:Describe*"]"#,
    r#""Action": "ecr:Put*""#,
    r#""Action": "ecr:PutImage""#,
    r#""NotAction": "ecr:Get*""#,
    r#""NotAction": ["ecr:Put*", "ecr:Delete*"]"#,
    r#""Action": "s3:*""#,
];

const OPERATORS: [&str; 22] = [
    "StringEquals",
    "StringLike",
    "StringEqualsIgnoreCase",
    "StringNotEquals",
    "StringNotLike",
    "StringNotEqualsIfExists",
    "StringEqualsIfExists",
    "ForAnyValue:StringLike",
    "ForAllValues:StringLike",
    "ForAnyValue:StringNotLike",
    "ForAllValues:StringNotLike",
    "ArnLike",
    "ArnEquals",
    "ArnNotLike",
    "ArnLikeIfExists",
    "ArnNotEqualsIfExists",
    "IpAddress",
    "NotIpAddress",
    "IpAddressIfExists",
    "Bool",
    "BoolIfExists",
    "Null",
];

const KEYS: [&str; 11] = [
    "aws:PrincipalOrgID",
    "aws:principalorgid",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:userid",
    "aws:SourceVpc",
    "aws:SourceIp",
    "aws:SecureTransport",
    "aws:PrincipalIsAWSService",
    "aws:PrincipalTag/team",
];

const VALUES: [&str; 24] = [
    "*",
    "o-abc",
    "o-*",
    "o-abc/*",
    "o-*/r-1/*",
    "o-abc/r-1/ou-2/*",
    "444455556666",
    "4444*",
    "${aws:ResourceAccount}",
    "${aws:ResourceOrgID}",
    "${aws:PrincipalOrgID}",
    "${aws:PrincipalAccount}",
    "arn:aws:iam::111122223333:role/*",
    "arn:aws:iam::*:role/ci",
    "arn:*:iam::111122223333:role/x",
    "AROAEXAMPLE:*",
    "*:session",
    "vpc-0a",
    "vpc-*",
    "203.0.113.0/24",
    "0.0.0.0/1",
    "128.0.0.0/1",
    "true",
    "false",
];

/// Generates a condition block, with one operator for each condition.
fn conditions() -> impl Strategy<Value = Vec<String>> {
    let values = subsequence(&VALUES[..], 0..3);
    let condition = (select(&KEYS[..]), values).prop_map(|(key, values)| {
        let values: Vec<String> = values.iter().map(|value| format!(r#""{value}""#)).collect();
        format!(r#"{{"{key}": [{}]}}"#, values.join(","))
    });
    (subsequence(&OPERATORS[..], 0..3), vec(condition, 3)).prop_map(|(operators, conditions)| {
        let both = operators.into_iter().zip(conditions);
        both.map(|(operator, condition)| format!(r#""{operator}": {condition}"#))
            .collect()
    })
}

fn statement(effect: &'static str) -> impl Strategy<Value = String> {
    let rest = (select(&PRINCIPALS[..]), select(&ACTIONS[..]), conditions());
    rest.prop_map(move |(principal, action, conditions)| {
        let conditions = conditions.join(",");
        format!(
            r#"{{"Effect": "{effect}", {principal}, {action}, "Resource": "*", "Condition": {{{conditions}}}}}"#
        )
    })
}

fn statements() -> impl Strategy<Value = Vec<String>> {
    let one = prop_oneof![statement("Allow"), statement("Allow"), statement("Deny")];
    vec(one, 0..5)
}

pub(super) fn policy(statements: &[String]) -> ResourcePolicy {
    let text = format!(r#"{{"Statement": [{}]}}"#, statements.join(","));
    serde_json::from_str(&text).unwrap()
}

/// The audiences to which a policy grants each class of actions.
struct Granting(Vec<(ActionClass, Vec<Audience>)>);

impl Granting {
    /// Evaluates a policy of which everything is understood.
    fn of(policy: &ResourcePolicy) -> Self {
        let grants = grants(policy, OWNER, &ECR, Scope::Attached);
        let audiences = CLASSES.map(|class| {
            let granted = grants.granted(|action| action.class == class);
            assert!(granted.not_understood.is_empty(), "{policy:?}");
            let audiences = granted.grants.iter().map(|grant| grant.audience.clone());
            (class, audiences.collect())
        });
        Self(audiences.into())
    }

    fn reaches(&self) -> Vec<Reach> {
        let widest = |audiences: &Vec<Audience>| audiences.iter().map(Audience::reach).max();
        let reaches = self.0.iter().map(|(_, audiences)| widest(audiences));
        reaches
            .map(|reach| reach.unwrap_or(Reach::Nobody))
            .collect()
    }

    /// Returns `true` for each owner and class of actions if the class is granted only to audiences that the owner
    /// accepts.
    fn accepted(&self) -> Vec<bool> {
        let by_trust = trusts().into_iter().flat_map(|trust| {
            let accepts = |(class, audiences): &(ActionClass, Vec<Audience>)| {
                let mut audiences = audiences.iter();
                audiences.all(|audience| trust.accepts(audience, *class))
            };
            self.0.iter().map(accepts).collect::<Vec<_>>()
        });
        by_trust.collect()
    }

    /// Returns `true` if this policy grants no more than the other one. A network is accepted, but an account or
    /// organization that is limited to it need not be, although it gets less.
    fn is_no_wider_than(&self, other: &Self) -> bool {
        let pairs = |one: Vec<bool>, other: Vec<bool>| one.into_iter().zip(other);
        let mut reaches = self.reaches().into_iter().zip(other.reaches());
        reaches.all(|(this, other)| this <= other)
            && (other.grants_to_networks()
                || pairs(self.accepted(), other.accepted()).all(|(this, other)| this || !other))
    }

    /// Returns `true` if an audience is limited by networks only.
    fn grants_to_networks(&self) -> bool {
        let mut audiences = self.0.iter().flat_map(|(_, audiences)| audiences);
        audiences.any(|audience| {
            let mut groups = audience.groups();
            groups.all(|group| group.networks)
        })
    }
}

fn trusts() -> Vec<Trust> {
    let listed = Trust {
        accounts: BTreeSet::from(["444455556666".to_owned()]),
        ..Trust::default()
    };
    let own = Trust {
        own_organization: OwnOrganization::Known("o-abc".parse().unwrap()),
        ..Trust::default()
    };
    vec![Trust::default(), listed, own]
}

fn config() -> ProptestConfig {
    ProptestConfig::with_cases(64)
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn another_allow_statement_never_reduces_access(
        statements in statements(),
        another in statement("Allow"),
    ) {
        let more = [statements.clone(), vec![another]].concat();
        let before = Granting::of(&policy(&statements));
        prop_assert!(before.is_no_wider_than(&Granting::of(&policy(&more))));
    }

    #[test]
    fn another_denial_never_extends_access(statements in statements(), denial in statement("Deny")) {
        let more = [statements.clone(), vec![denial]].concat();
        let after = Granting::of(&policy(&more));
        prop_assert!(after.is_no_wider_than(&Granting::of(&policy(&statements))));
    }

    #[test]
    fn the_order_of_statements_does_not_matter(
        (statements, shuffled) in statements()
            .prop_flat_map(|statements| (Just(statements.clone()), Just(statements).prop_shuffle())),
    ) {
        let sets = |statements: &[String]| {
            let granting = Granting::of(&policy(statements)).0.into_iter();
            let sets = granting.map(|(_, audiences)| audiences.into_iter().collect());
            sets.collect::<Vec<BTreeSet<Audience>>>()
        };
        prop_assert_eq!(sets(&statements), sets(&shuffled));
    }

    #[test]
    fn more_conditions_never_extend_access(
        others in statements(),
        principal in select(&PRINCIPALS[..]),
        conditions in conditions(),
    ) {
        let with = |conditions: &[String]| {
            let conditions = conditions.join(",");
            let one = format!(
                r#"{{"Effect": "Allow", {principal}, "Action": "ecr:*", "Condition": {{{conditions}}}}}"#
            );
            Granting::of(&policy(&[others.clone(), vec![one]].concat()))
        };
        let fewer = conditions.get(1..).unwrap_or_default();
        prop_assert!(with(&conditions).is_no_wider_than(&with(fewer)));
    }

    #[test]
    fn a_policy_that_allows_an_outsider_reaches_everyone(
        statements in statements(),
        outsider in outsider(),
    ) {
        let policy = policy(&statements);
        let reaches = Granting::of(&policy).reaches();
        for (actions, reach) in [
            (["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], reaches[0]),
            (["ecr:PutImage", "ecr:SetRepositoryPolicy"], reaches[1]),
        ] {
            if actions.iter().any(|action| outsider.is_allowed(&policy, action)) {
                prop_assert_eq!(reach, Reach::Everyone, "{:?}", actions);
            }
        }
    }
}

const ARNS: [&str; 3] = [
    "arn:aws:iam::999999999999:role/ci",
    "arn:aws:iam::999999999999:role/a:iam::111122223333:role/x",
    "arn:aws:sts::999999999999:federated-user/f",
];

const ADDRESSES: [&str; 3] = ["198.51.100.7", "9.9.9.9", "2001:db8::1"];

/// Generates requests by a principal of an account that no policy names, with the context keys that the principal can
/// choose.
pub(super) fn outsider() -> impl Strategy<Value = Request> {
    let texts = (
        select(&ARNS[..]),
        select(&ADDRESSES[..]),
        select(&["true", "false"][..]),
        select(&["AROAEVIL:session", "AIDAEVIL", "999999999999"][..]),
    );
    let options = (any::<bool>(), any::<bool>(), any::<bool>());
    (texts, options).prop_map(|((arn, address, secure, id), (organization, vpc, tag))| {
        let mut keys = BTreeMap::from([
            ("aws:principalaccount", vec![OUTSIDER]),
            ("aws:principalarn", vec![arn]),
            ("aws:userid", vec![id]),
            ("aws:sourceip", vec![address]),
            ("aws:securetransport", vec![secure]),
            ("aws:principalisawsservice", vec!["false"]),
            ("aws:resourceaccount", vec![OWNER]),
            ("aws:resourceorgid", vec!["o-own"]),
        ]);
        if organization {
            keys.insert("aws:principalorgid", vec!["o-evil"]);
            keys.insert("aws:principalorgpaths", vec!["o-evil/r-1/ou-2/"]);
        }
        if vpc {
            keys.insert("aws:sourcevpc", vec!["vpc-evil"]);
        }
        if tag {
            keys.insert("aws:principaltag/team", vec!["o-abc"]);
        }
        Request {
            keys,
            resource: "repository",
        }
    })
}

#[test]
fn some_policies_allow_the_outsider_and_others_do_not() {
    let outsider = Request {
        keys: BTreeMap::from([
            ("aws:principalorgid", vec!["o-evil"]),
            ("aws:principalorgpaths", vec!["o-evil/r-1/"]),
        ]),
        resource: "repository",
    };
    let allow = |condition: &str| {
        format!(
            r#"{{"Effect": "Allow", "Principal": "*", "Action": "*", "Condition": {{{condition}}}}}"#
        )
    };
    let deny = |condition: &str| allow(condition).replace("Allow", "Deny");
    let unless = r#""StringNotEquals": {"aws:PrincipalOrgID": "o-abc"}"#;
    let for_all = r#""ForAllValues:StringNotLike": {"aws:PrincipalOrgPaths": "o-abc/*"}"#;
    let for_any = r#""ForAnyValue:StringEquals": {"aws:TagKeys": "a"}"#;
    for (statements, is_allowed) in [
        (vec![allow("")], true),
        (vec![allow(unless)], true),
        (
            vec![allow(r#""StringLike": {"aws:PrincipalOrgID": "o-*"}"#)],
            true,
        ),
        (
            vec![allow(r#""StringEquals": {"aws:PrincipalOrgID": "o-abc"}"#)],
            false,
        ),
        (
            vec![allow(
                r#""StringEqualsIfExists": {"aws:SourceVpc": "vpc-0a"}"#,
            )],
            true,
        ),
        (vec![allow(for_any)], false),
        (vec![allow(""), deny(unless)], false),
        (vec![allow(""), deny(for_all)], false),
        (vec![allow(""), deny(for_any)], true),
        (vec![], false),
    ] {
        let found = outsider.is_allowed(&policy(&statements), "ecr:PutImage");
        assert_eq!(found, is_allowed, "{statements:?}");
    }
}

#[test]
fn a_group_of_any_kind_is_neither_everyone_nor_nobody() {
    let organization = Organization::Path("o-abc".parse().unwrap());
    let groups = [
        Group::account(Account::Unknown),
        Group::organization(organization),
        Group::services(),
        Group::networks(),
    ];
    for group in groups {
        let audience = Audience::of(Group::everyone()).within(group);
        assert_eq!(audience.reach(), Reach::Named);
    }
}
