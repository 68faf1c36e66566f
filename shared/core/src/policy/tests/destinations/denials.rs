//! The accounts to which denials limit endpoint policies.

use super::*;

#[test]
fn a_denial_of_all_other_accounts_limits_every_statement() {
    for (condition, expected) in [
        ("", "known"),
        (
            r#""StringNotEquals": {"aws:ResourceAccount": "111122223333"}"#,
            "known",
        ),
        (
            r#""StringNotEqualsIfExists": {"aws:ResourceAccount": "111122223333"}"#,
            "known",
        ),
        (
            r#""ForAnyValue:StringNotEquals": {"aws:ResourceAccount": "111122223333"}"#,
            "known",
        ),
        (
            r#""StringNotLike": {"aws:ResourceAccount": ["777788889999", "444455556666"]}"#,
            "444455556666",
        ),
        (
            r#""StringNotLike": {"aws:ResourceAccount": "1111*"}"#,
            "any",
        ),
        (
            r#""StringNotEquals": {"aws:ResourceAccount": "${aws:PrincipalAccount}"}"#,
            "unclear",
        ),
        (
            r#""StringEquals": {"aws:ResourceAccount": "444455556666"}"#,
            "any",
        ),
        (
            r#""StringLike": {"aws:ResourceAccount": "4444*"}"#,
            "unclear",
        ),
        (
            r#""StringNotEqualsIfExists": {"aws:ResourceOrgID": "o-a1b2c3d4e5"}"#,
            "known",
        ),
        (
            r#""ForAnyValue:StringNotEquals": {"aws:ResourceOrgID": "o-a1b2c3d4e5"}"#,
            "any",
        ),
        (
            r#""ForAllValues:StringNotLike": {"aws:ResourceOrgPaths": "o-a1b2c3d4e5/*"}"#,
            "known",
        ),
        (
            r#""StringNotEquals": {"aws:ResourceOrgID": "o-a1b2c3d4e5"}, "Null": {"aws:ResourceOrgID": "false"}"#,
            "any",
        ),
        (
            r#""StringNotEquals": {"aws:ResourceAccount": "111122223333"}, "Null": {"aws:ResourceAccount": "false"}"#,
            "known",
        ),
        (
            r#""StringNotEquals": {"aws:ResourceAccount": "111122223333"}, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}"#,
            "known",
        ),
        (
            r#""StringNotEquals": {"aws:ResourceAccount": "111122223333", "aws:PrincipalAccount": "111122223333"}"#,
            "for some principals",
        ),
        (
            r#""StringNotEquals": {"aws:ResourceAccount": "111122223333", "aws:ResourceTag/shared": "true"}"#,
            "unclear",
        ),
        (
            r#""StringNotEquals": {"aws:ResourceAccount": "111122223333", "aws:PrincipalTag/admin": "true"}"#,
            "any",
        ),
        (
            r#""StringNotEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}"#,
            "for some principals",
        ),
        (
            r#""StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}"#,
            "any",
        ),
        (
            r#""StringNotEquals": {"aws:SourceVpc": "vpc-0a"}"#,
            "unclear",
        ),
        (r#""Bool": {"aws:SecureTransport": "false"}"#, "any"),
        (
            r#""StringFoo": {"aws:ResourceAccount": "111122223333"}"#,
            "unclear",
        ),
    ] {
        assert_destinations(&deny_if(condition), expected);
    }
}

#[test]
fn a_denial_counts_for_the_actions_resources_and_principals_that_it_covers() {
    let own = r#""StringNotEquals": {"aws:ResourceAccount": "111122223333"}"#;
    let push = r#""Action": ["ecr:PutImage", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload"]"#;
    let [_, everywhere] = EVERYTHING;
    for (action, resource, condition, expected) in [
        (push, everywhere, own, "known"),
        (r#""NotAction": "ecr:Get*""#, everywhere, own, "known"),
        (r#""Action": "ecr:PutImage""#, everywhere, own, "any"),
        (r#""NotAction": "ecr:PutImage""#, everywhere, own, "any"),
        (r#""Sid": "none""#, everywhere, own, "any"),
        (
            push,
            r#""Resource": "arn:aws:ecr:*:*:repository/*""#,
            own,
            "known",
        ),
        (
            push,
            r#""Resource": "arn:aws:ecr:eu-central-1:*:*""#,
            own,
            "known",
        ),
        (
            push,
            r#""Resource": "arn:aws:ecr:us-east-1:*:*""#,
            own,
            "any",
        ),
        (
            push,
            r#""Resource": "arn:aws:ecr:*:*:repository/team/*""#,
            own,
            "any",
        ),
        (
            push,
            r#""NotResource": "arn:aws:ecr:*:111122223333:repository/*""#,
            "",
            "known",
        ),
        (
            push,
            r#""NotResource": "arn:aws:ecr:*:444455556666:repository/*""#,
            "",
            "444455556666",
        ),
        (
            push,
            r#""NotResource": "arn:aws:ecr:*:*:repository/team/*""#,
            "",
            "any",
        ),
        (
            push,
            r#""NotResource": "arn:aws:ecr:*:${aws:PrincipalAccount}:*""#,
            "",
            "unclear",
        ),
        (push, r#""NotResource": []"#, "", "known"),
        (push, r#""Sid": "none""#, "", "any"),
    ] {
        let deny = statement("Deny", action, resource, condition);
        assert_destinations(&format!("{}, {deny}", allow_if("")), expected);
        assert_destinations(&format!("{deny}, {}", allow_if("")), expected);
    }
    for (principal, expected) in [
        (r#""Principal": {"AWS": "*"}"#, "known"),
        (r#""Principal": {"AWS": "444455556666"}"#, "any"),
        (
            r#""NotPrincipal": {"AWS": "111122223333"}"#,
            "for some principals",
        ),
        (r#""NotPrincipal": {"AWS": "*"}"#, "any"),
        (r#""Sid": "none""#, "unclear"),
    ] {
        let deny =
            statement("Deny", push, everywhere, own).replace(r#""Principal": "*""#, principal);
        assert_destinations(&format!("{}, {deny}", allow_if("")), expected);
    }
}

#[test]
fn several_denials_and_statements_add_up() {
    let deny = |condition: &str| statement("Deny", EVERYTHING[0], EVERYTHING[1], condition);
    let unless =
        |account: &str| format!(r#""StringNotEquals": {{"aws:ResourceAccount": "{account}"}}"#);
    let partner = deny(&unless("444455556666"));
    let other = deny(&unless("000011112222"));
    let open = allow_if("");
    let own = statement(
        "Allow",
        EVERYTHING[0],
        &format!(r#""Resource": "{REPOSITORIES}""#),
        "",
    );
    let of_organization = allow_if(r#""StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}"#);
    for (statements, expected) in [
        (vec![&own, &own], "known"),
        (vec![&own, &of_organization], "for some principals"),
        (vec![&own, &of_organization, &open], "any"),
        (vec![&open, &partner], "444455556666"),
        (vec![&open, &partner, &other], "known"),
        (vec![&of_organization, &partner, &other], "known"),
        (vec![&of_organization, &partner], "for some principals"),
    ] {
        let statements: Vec<&str> = statements.into_iter().map(String::as_str).collect();
        assert_destinations(&statements.join(", "), expected);
    }
}
