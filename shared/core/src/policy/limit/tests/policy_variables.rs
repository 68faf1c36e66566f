//! Values that contain policy variables.

use super::*;

#[test]
fn policy_variables_for_the_owner_are_fixed() {
    assert_allowed(&[
        (
            r#""StringEquals": {"aws:PrincipalAccount": "${aws:ResourceAccount}"}"#,
            "the owner's account",
        ),
        (
            r#""StringEquals": {"aws:PrincipalAccount": "${AWS:resourceaccount}"}"#,
            "the owner's account",
        ),
        (
            r#""ArnLike": {"aws:PrincipalArn": "arn:aws:iam::${aws:ResourceAccount}:role/*"}"#,
            "the owner's account",
        ),
        (
            r#""StringEquals": {"aws:SourceAccount": "${aws:ResourceAccount}"}"#,
            "AWS services",
        ),
        (
            r#""StringEquals": {"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}"#,
            "the owner's organization",
        ),
        (
            r#""StringEquals": {"aws:SourceOrgID": "${aws:ResourceOrgID}"}"#,
            "AWS services",
        ),
        (
            r#""ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "${aws:ResourceOrgID}/*"}"#,
            "the owner's organization",
        ),
        (
            r#""StringLike": {"aws:PrincipalOrgID": "${aws:ResourceOrgID}*"}"#,
            "everyone",
        ),
        (
            r#""StringEquals": {"aws:PrincipalAccount": "${aws:ResourceOrgID}"}"#,
            "everyone",
        ),
        (
            r#""StringEquals": {"aws:PrincipalAccount": "${aws:PrincipalAccount}"}"#,
            "everyone",
        ),
        (
            r#""StringEquals": {"aws:PrincipalOrgID": "${aws:PrincipalOrgID}"}"#,
            "everyone",
        ),
        (
            r#""ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-abc/${aws:PrincipalTag/unit}/*"}"#,
            "everyone",
        ),
        (
            r#""StringEquals": {"aws:PrincipalAccount": "${aws:ResourceAccount, 'none'}"}"#,
            "everyone",
        ),
        (
            r#""StringEquals": {"aws:SourceVpc": "${aws:SourceVpc}"}"#,
            "everyone",
        ),
        (
            r#""StringEquals": {"aws:SourceVpc": "${aws:ResourceOrgID}"}"#,
            "everyone",
        ),
        (
            r#""StringEquals": {"aws:PrincipalAccount": "${*}"}"#,
            "everyone",
        ),
    ]);
}
