//! The accounts to whose repositories images can be pushed under the policies of VPC endpoints.

mod denials;
mod properties;

use std::collections::BTreeSet;

use super::*;
use crate::policy::{Destinations, Registries};

const REPOSITORIES: &str = "arn:aws:ecr:eu-central-1:111122223333:repository/*";

fn destinations(statements: &str) -> Destinations {
    let known = BTreeSet::from(["111122223333".to_owned(), "777788889999".to_owned()]);
    let registries = Registries {
        partition: "aws",
        region: "eu-central-1",
        known: &known,
    };
    let policy = policy(&format!(r#"{{"Statement": [{statements}]}}"#));
    Destinations::of(Some(&policy), registries)
}

/// Compares the destinations, in words: `not understood` stands for any such part.
fn assert_destinations(statements: &str, expected: &str) {
    let found = match destinations(statements) {
        Destinations::Known => "known".to_owned(),
        Destinations::ForSomePrincipals => "for some principals".to_owned(),
        Destinations::Unclear(_) => "unclear".to_owned(),
        Destinations::Others(accounts) => Vec::from_iter(accounts).join(", "),
        Destinations::Any => "any".to_owned(),
    };
    assert_eq!(found, expected, "{statements}");
}

/// Returns a statement for everyone, with these elements instead of the default ones.
fn statement(effect: &str, action: &str, resource: &str, condition: &str) -> String {
    format!(
        r#"{{"Effect": "{effect}", "Principal": "*", {action}, {resource}, "Condition": {{{condition}}}}}"#
    )
}

const EVERYTHING: [&str; 2] = [r#""Action": "*""#, r#""Resource": "*""#];

fn allow_if(condition: &str) -> String {
    statement("Allow", EVERYTHING[0], EVERYTHING[1], condition)
}

/// Returns two statements: one that allows everything, and one that denies it under a condition.
fn deny_if(condition: &str) -> String {
    let deny = statement("Deny", EVERYTHING[0], EVERYTHING[1], condition);
    format!("{}, {deny}", allow_if(""))
}

#[test]
fn without_a_policy_images_can_be_pushed_anywhere() {
    let registries = Registries {
        partition: "aws",
        region: "eu-central-1",
        known: &BTreeSet::new(),
    };
    assert_eq!(Destinations::of(None, registries), Destinations::Any);
    assert_destinations("", "any");
    assert_eq!(
        Destinations::of(Some(&policy("{}")), registries),
        Destinations::Any
    );
}

#[test]
fn only_actions_that_push_count() {
    for (action, expected) in [
        (r#""Action": "ecr:*""#, "any"),
        (r#""Action": ["s3:*", "ECR:putimage"]"#, "any"),
        (r#""Action": "ecr:*LayerUpload""#, "any"),
        (r#""Action": "ecr:UploadLayerPart""#, "any"),
        (r#""NotAction": "ecr:PutImage""#, "any"),
        (r#""NotAction": ["ecr:Put*", "ecr:*Layer*"]"#, "known"),
        (r#""NotAction": "ecr:*""#, "known"),
        (r#""Action": ["ecr:BatchGetImage", "ecr:Get*"]"#, "known"),
        (r#""Action": "ecr:GetAuthorizationToken""#, "known"),
        (r#""Action": []"#, "known"),
        (r#""Action": "s3:*""#, "known"),
    ] {
        let statement = statement("Allow", action, EVERYTHING[1], "");
        assert_destinations(&statement, expected);
    }
}

#[test]
fn a_resource_names_accounts() {
    for (resource, expected) in [
        (format!(r#""Resource": "{REPOSITORIES}""#), "known"),
        (r#""Resource": "arn:*:ecr:*:111122223333:repository/*""#.to_owned(), "known"),
        (r#""Resource": "arn:aws:ecr:*:777788889999:*""#.to_owned(), "known"),
        (r#""Resource": "arn:aws:ecr:*:*:repository/*""#.to_owned(), "any"),
        (r#""Resource": "arn:aws:ecr:*:*:repository/mirror/*""#.to_owned(), "any"),
        (r#""Resource": "arn:aws:ecr:*:repository/*""#.to_owned(), "any"),
        (r#""Resource": "arn:aws:ecr:*""#.to_owned(), "any"),
        (r#""Resource": "arn:aws:ecr:*:1111*:repository/*""#.to_owned(), "any"),
        (r#""Resource": "arn:aws:ecr:*:11112222333?:repository/*""#.to_owned(), "any"),
        (
            r#""Resource": ["arn:aws:ecr:*:444455556666:repository/a", "arn:aws:ecr:*:000011112222:repository/*"]"#
                .to_owned(),
            "000011112222, 444455556666",
        ),
        (format!(r#""Resource": ["{REPOSITORIES}", "arn:aws:ecr:*:*:repository/a"]"#), "any"),
        (format!(r#""Resource": ["{REPOSITORIES}", "arn:aws:s3:::*"]"#), "known"),
        (r#""Resource": "arn:aws:s3:::*""#.to_owned(), "known"),
        (r#""Resource": "arn:aws:ecr:us-east-1:*:repository/*""#.to_owned(), "known"),
        (r#""Resource": "arn:aws-cn:ecr:*:*:repository/*""#.to_owned(), "known"),
        (r#""Resource": "arn:aws:ecr:::repository/*""#.to_owned(), "known"),
        (r#""Resource": []"#.to_owned(), "known"),
        (r#""Resource": "arn:aws:ecr:*:${aws:PrincipalAccount}:repository/*""#.to_owned(), "unclear"),
        (r#""Resource": "arn:aws:ecr:*:*:repository/${aws:PrincipalTag/team}/*""#.to_owned(), "any"),
        (
            r#""Resource": "arn:aws:ecr:*:111122223333:repository/${aws:PrincipalTag/team}""#.to_owned(),
            "known",
        ),
        (format!(r#""NotResource": "{REPOSITORIES}""#), "any"),
        (r#""NotResource": "arn:aws:ecr:*:*:repository/*""#.to_owned(), "known"),
        (r#""NotResource": "*""#.to_owned(), "known"),
        (r#""Sid": "neither""#.to_owned(), "any"),
    ] {
        let statement = statement("Allow", EVERYTHING[0], &resource, "");
        assert_destinations(&statement, expected);
    }
}

#[test]
fn a_condition_on_the_resource_limits_a_statement() {
    for (condition, expected) in [
        ("", "any"),
        (
            r#""StringEquals": {"aws:ResourceAccount": "111122223333"}"#,
            "known",
        ),
        (
            r#""StringLike": {"AWS:resourceaccount": ["111122223333", 777788889999]}"#,
            "known",
        ),
        (
            r#""StringEqualsIfExists": {"aws:ResourceAccount": "111122223333"}"#,
            "known",
        ),
        (
            r#""ForAnyValue:StringEquals": {"aws:ResourceAccount": "111122223333"}"#,
            "known",
        ),
        (
            r#""StringEquals": {"aws:ResourceAccount": ["111122223333", "444455556666"]}"#,
            "444455556666",
        ),
        (
            r#""StringEquals": {"aws:ResourceAccount": ["111122223333", "*"]}"#,
            "known",
        ),
        (r#""StringEquals": {"aws:ResourceAccount": []}"#, "known"),
        (r#""StringLike": {"aws:ResourceAccount": "*"}"#, "any"),
        (r#""StringLike": {"aws:ResourceAccount": "1111*"}"#, "any"),
        (
            r#""StringNotEquals": {"aws:ResourceAccount": "111122223333"}"#,
            "any",
        ),
        (
            r#""StringEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}"#,
            "unclear",
        ),
        (
            r#""NumericEquals": {"aws:ResourceAccount": "111122223333"}"#,
            "unclear",
        ),
        (
            r#""StringEquals": {"aws:ResourceOrgID": "o-a1b2c3d4e5"}"#,
            "known",
        ),
        (r#""StringLike": {"aws:ResourceOrgID": "o-*"}"#, "any"),
        (
            r#""StringEqualsIfExists": {"aws:ResourceOrgID": "o-a1b2c3d4e5"}"#,
            "any",
        ),
        (
            r#""ForAllValues:StringEquals": {"aws:ResourceOrgID": "o-a1b2c3d4e5"}"#,
            "any",
        ),
        (
            r#""StringEqualsIfExists": {"aws:ResourceOrgID": "o-a1b2c3d4e5"}, "Null": {"aws:ResourceOrgID": "false"}"#,
            "known",
        ),
        (
            r#""StringEquals": {"aws:ResourceOrgID": "${aws:PrincipalOrgID}"}"#,
            "unclear",
        ),
        (r#""Null": {"aws:ResourceOrgID": "false"}"#, "any"),
        (r#""Null": {"aws:ResourceOrgID": "true"}"#, "any"),
        (
            r#""ForAnyValue:StringLike": {"aws:ResourceOrgPaths": "o-a1b2c3d4e5/r-ab12/ou-1/*"}"#,
            "known",
        ),
        (
            r#""ForAnyValue:StringLike": {"aws:ResourceOrgPaths": ["o-a1b2c3d4e5/*", "o-*/r-1/*"]}"#,
            "any",
        ),
        (
            r#""ForAllValues:StringLike": {"aws:ResourceOrgPaths": "o-a1b2c3d4e5/*"}"#,
            "any",
        ),
        (
            r#""StringEquals": {"aws:ResourceAccount": "111122223333"}, "StringLike": {"aws:ResourceTag/a": "b"}"#,
            "known",
        ),
        (
            r#""StringEquals": {"aws:ResourceAccount": "444455556666", "aws:ResourceOrgID": "o-a1b2c3d4e5"}"#,
            "known",
        ),
    ] {
        assert_destinations(&allow_if(condition), expected);
    }
}

#[test]
fn resource_and_condition_limit_a_statement_together() {
    let partner = r#""Resource": "arn:aws:ecr:*:444455556666:repository/*""#;
    for (condition, expected) in [
        ("", "444455556666"),
        (
            r#""StringEquals": {"aws:ResourceAccount": "111122223333"}"#,
            "known",
        ),
        (
            r#""StringEquals": {"aws:ResourceAccount": "000011112222"}"#,
            "known",
        ),
        (
            r#""StringEquals": {"aws:ResourceAccount": ["000011112222", "444455556666"]}"#,
            "444455556666",
        ),
    ] {
        let statement = statement("Allow", EVERYTHING[0], partner, condition);
        assert_destinations(&statement, expected);
    }
}

#[test]
fn a_limit_on_principals_is_no_limit_on_destinations() {
    for (condition, expected) in [
        (
            r#""StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}"#,
            "for some principals",
        ),
        (
            r#""StringEquals": {"aws:PrincipalAccount": "111122223333"}"#,
            "for some principals",
        ),
        (
            r#""ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}"#,
            "for some principals",
        ),
        (
            r#""StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5", "aws:ResourceOrgID": "${aws:PrincipalOrgID}"}"#,
            "for some principals",
        ),
        (
            r#""StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5", "aws:ResourceOrgID": "o-a1b2c3d4e5"}"#,
            "known",
        ),
        (
            r#""StringEquals": {"aws:PrincipalTag/team": "a"}"#,
            "unclear",
        ),
        (r#""StringEquals": {"aws:SourceVpc": "vpc-0a"}"#, "unclear"),
        (r#""Bool": {"aws:SecureTransport": "true"}"#, "any"),
        (r#""Bool": {"aws:SecureTransport": "false"}"#, "unclear"),
        (
            r#""StringFoo": {"aws:ResourceAccount": "111122223333"}"#,
            "unclear",
        ),
    ] {
        assert_destinations(&allow_if(condition), expected);
    }
    for (principal, expected) in [
        (r#""Principal": {"AWS": "*"}"#, "any"),
        (r#""Principal": {"AWS": ["111122223333", "*"]}"#, "any"),
        (r#""NotPrincipal": {"AWS": "111122223333"}"#, "any"),
        (
            r#""Principal": {"AWS": "111122223333"}"#,
            "for some principals",
        ),
        (
            r#""Principal": {"AWS": "arn:aws:iam::111122223333:role/ci"}"#,
            "for some principals",
        ),
        (
            r#""Principal": {"Service": "lambda.amazonaws.com"}"#,
            "for some principals",
        ),
        (r#""Sid": "none""#, "unclear"),
    ] {
        let statement = allow_if("").replace(r#""Principal": "*""#, principal);
        assert_destinations(&statement, expected);
    }
}

#[test]
fn a_statement_that_is_not_understood_is_no_pass() {
    let own = statement(
        "Allow",
        EVERYTHING[0],
        &format!(r#""Resource": "{REPOSITORIES}""#),
        "",
    );
    let newer =
        r#"{"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*", "Newer": 1}"#;
    let Destinations::Unclear(problem) = destinations(&format!("{own}, {newer}")) else {
        panic!("the second statement is not understood");
    };
    assert_eq!(
        problem.to_string(),
        "statement 2 has the unknown element Newer"
    );
    assert_destinations(&format!("{}, {newer}", allow_if("")), "any");
}

#[test]
fn a_part_that_is_not_evaluated_is_named() {
    for (statements, expected) in [
        (
            allow_if(r#""StringEquals": {"aws:ResourceTag/team": "a"}"#),
            "statement 1 has a condition on aws:ResourceTag/team that is not evaluated",
        ),
        (
            deny_if(r#""StringNotEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}"#),
            "statement 2 has a condition on aws:ResourceAccount that is not evaluated",
        ),
        (
            allow_if("").replace(
                r#""Resource": "*""#,
                r#""Resource": "arn:aws:ecr:*:${aws:PrincipalAccount}:*""#,
            ),
            "statement 1 names an account by a policy variable",
        ),
    ] {
        let Destinations::Unclear(problem) = destinations(&statements) else {
            panic!("{statements} is not evaluated");
        };
        assert_eq!(problem.to_string(), expected);
    }
}
