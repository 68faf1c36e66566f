//! Policies that are easily misread.

use std::collections::BTreeSet;

use super::*;
use crate::policy::Trust;

#[test]
fn repository_policies_that_are_easily_misread() {
    for (statements, readers) in [
        (
            pull_by_everyone(r#""ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": ["o-abc/*"]}"#),
            "organization o-abc",
        ),
        (
            pull_by_everyone(r#""ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-abc"}"#),
            "everyone",
        ),
        (
            pull_by_everyone(r#""StringEqualsIfExists": {"aws:PrincipalOrgID": "o-abc"}"#),
            "everyone",
        ),
        (
            pull_by_everyone(r#""StringLike": {"aws:PrincipalOrgID": "o-*"}"#),
            "everyone",
        ),
        (
            pull_by_everyone(r#""StringLike": {"aws:PrincipalArn": ["*"]}"#),
            "everyone",
        ),
        (
            pull_by_everyone(r#""ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/ci"}"#),
            "everyone",
        ),
        (
            pull_by_everyone(r#""ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}"#),
            "everyone",
        ),
        (
            pull_by_everyone(r#""StringLike": {"aws:SourceVpc": "vpc-*"}"#),
            "everyone",
        ),
        (
            pull_by_everyone(r#""IpAddress": {"aws:SourceIp": "0.0.0.0/0"}"#),
            "everyone",
        ),
        (
            pull_by_everyone(r#""IpAddress": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}"#),
            "everyone",
        ),
        (
            pull_by_everyone(r#""Bool": {"aws:SecureTransport": "true"}"#),
            "everyone",
        ),
        (
            pull(
                r#""NotPrincipal": {"AWS": "arn:aws:iam::111122223333:root"}"#,
                "",
            ),
            "everyone",
        ),
        (
            pull(r#""Principal": {"Federated": "graph.facebook.com"}"#, ""),
            "everyone",
        ),
        (
            format!(
                "[{}, {}]",
                pull_by_everyone(""),
                deny(r#""StringNotEquals": {"aws:PrincipalOrgID": "o-abc"}"#)
            ),
            "organization o-abc",
        ),
        (
            format!(
                "[{}, {}]",
                pull_by_everyone(""),
                deny(r#""Bool": {"aws:SecureTransport": "false"}"#)
            ),
            "everyone",
        ),
        (
            pull(r#""Principal": {"AWS": ["AROADBQP57FF2AEXAMPLE"]}"#, ""),
            "nobody",
        ),
        (
            pull(r#""Principal": {"Service": "lambda.amazonaws.com"}"#, ""),
            "AWS services",
        ),
        (format!("[{}]", pull_by_everyone("")), "everyone"),
        (pull_by_everyone(""), "everyone"),
    ] {
        let grants = attached(&statements, &ECR);
        assert_eq!(
            describe(&grants, ActionClass::Read),
            readers,
            "{statements}"
        );
        assert_eq!(
            describe(&grants, ActionClass::Change),
            "nobody",
            "{statements}"
        );
    }
}

#[test]
fn key_policies_that_are_easily_misread() {
    let via = r#""StringEquals": {"kms:ViaService": "ec2.eu-central-1.amazonaws.com"}"#;
    let via_and_caller = r#""StringEquals": {"kms:ViaService": "ec2.eu-central-1.amazonaws.com", "kms:CallerAccount": "111122223333"}"#;
    let describe_key =
        r#"{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:DescribeKey"}"#;
    for (statements, [read, usage, change]) in [
        (decrypt(via), ["nobody", "everyone", "nobody"]),
        (
            decrypt(via_and_caller),
            ["nobody", "the owner's account", "nobody"],
        ),
        (describe_key.to_owned(), ["everyone", "nobody", "nobody"]),
    ] {
        let grants = attached(&statements, &KMS);
        assert_eq!(describe(&grants, ActionClass::Read), read, "{statements}");
        assert_eq!(describe(&grants, ActionClass::Use), usage, "{statements}");
        assert_eq!(
            describe(&grants, ActionClass::Change),
            change,
            "{statements}"
        );
    }
}

/// Returns `true` if every principal that is granted actions of a class is accepted for them.
fn is_accepted(grants: &Grants, class: ActionClass, trust: &Trust) -> bool {
    let granted = grants.granted(|action| action.class == class);
    let mut grants = granted.grants.iter();
    granted.not_understood.is_empty() && grants.all(|grant| trust.accepts(&grant.audience, class))
}

#[test]
fn common_key_policies() {
    let allow = |principal: &str, actions: &str| {
        format!(
            r#"{{"Effect": "Allow", "Principal": {principal}, "Action": {actions}, "Resource": "*"}}"#
        )
    };
    let own = r#"{"AWS": "arn:aws:iam::111122223333:root"}"#;
    let other = r#"{"AWS": "arn:aws:iam::444455556666:root"}"#;
    let via_grant = r#"{"Effect": "Allow", "Principal": "*", "Action": "kms:CreateGrant", "Resource": "*",
        "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}}}"#;
    for (statements, accepted) in [
        (allow(own, r#""kms:*""#), [true, true, true]),
        (allow(other, r#""kms:*""#), [true, true, false]),
        (
            allow(other, r#"["kms:Decrypt", "kms:GenerateDataKey*"]"#),
            [true, true, true],
        ),
        // The console writes this statement for other accounts.
        (
            allow(
                other,
                r#"["kms:CreateGrant", "kms:ListGrants", "kms:RevokeGrant"]"#,
            ),
            [true, true, true],
        ),
        (
            allow(other, r#""kms:ScheduleKeyDeletion""#),
            [true, true, false],
        ),
        (
            allow(r#""*""#, r#""kms:GetPublicKey""#),
            [false, true, true],
        ),
        (
            allow(r#"{"AWS": "AROADBQP57FF2AEXAMPLE"}"#, r#""kms:*""#),
            [true, true, true],
        ),
        (via_grant.to_owned(), [true, false, true]),
    ] {
        let grants = attached(&statements, &KMS);
        let classes = [ActionClass::Read, ActionClass::Use, ActionClass::Change];
        let found = classes.map(|class| is_accepted(&grants, class, &Trust::default()));
        assert_eq!(found, accepted, "{statements}");
    }
}

#[test]
fn a_role_of_another_account_is_trusted_with_its_organization() {
    let statement = pull(
        r#""Principal": {"AWS": "arn:aws:iam::444455556666:role/ci"}"#,
        r#""StringEquals": {"aws:PrincipalOrgID": "o-abc"}"#,
    );
    let grants = attached(&statement, &ECR);
    let trust = |organization: &str| Trust {
        organizations: BTreeSet::from([organization.parse().unwrap()]),
        ..Trust::default()
    };
    assert!(is_accepted(&grants, ActionClass::Read, &trust("o-abc")));
    assert!(!is_accepted(&grants, ActionClass::Read, &trust("o-def")));
}
