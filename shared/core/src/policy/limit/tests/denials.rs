//! The principals that the conditions of a denial exempt.

use super::*;

/// Compares the exempt principals, which are `everyone` if a denial might not apply.
fn assert_exempt(cases: &[(&str, &str)]) {
    for (block, left) in cases {
        let found = exempt(&read(block), context(&ECR)).unwrap_or(Group::everyone());
        assert_eq!(found.to_string(), *left, "{block}");
    }
}

#[test]
fn a_denial_exempts_the_principals_of_its_negated_conditions() {
    assert_exempt(&[
        ("", "nobody"),
        (
            r#""StringNotEquals": {"aws:PrincipalOrgID": "o-abc"}"#,
            "organization o-abc",
        ),
        (
            r#""StringNotEqualsIfExists": {"aws:principalorgid": "o-abc"}"#,
            "organization o-abc",
        ),
        (
            r#""StringNotEqualsIgnoreCase": {"aws:PrincipalOrgID": "o-abc"}"#,
            "organization o-abc",
        ),
        (
            r#""StringNotLike": {"aws:PrincipalOrgPaths": "o-abc/*"}"#,
            "organization o-abc",
        ),
        (
            r#""ForAllValues:StringNotLike": {"aws:PrincipalOrgPaths": "o-abc/*"}"#,
            "organization o-abc",
        ),
        (
            r#""ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}"#,
            "the owner's account",
        ),
        (
            r#""ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::444455556666:*"}"#,
            "account 444455556666",
        ),
        (
            r#""NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}"#,
            "named networks",
        ),
        (
            r#""NotIpAddressIfExists": {"aws:SourceIp": "203.0.113.0/24"}"#,
            "named networks",
        ),
        (
            r#""StringNotEquals": {"aws:SourceVpce": "vpce-0a"}"#,
            "named networks",
        ),
        (
            r#""StringNotEquals": {"aws:SourceAccount": "111122223333"}"#,
            "AWS services",
        ),
        (
            r#""Bool": {"aws:PrincipalIsAWSService": "false"}"#,
            "AWS services",
        ),
        (
            r#""BoolIfExists": {"aws:ViaAWSService": false}"#,
            "AWS services",
        ),
        (
            r#""StringNotEquals": {"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}"#,
            "the owner's organization",
        ),
        (
            r#""StringNotEquals": {"aws:PrincipalAccount": "${aws:ResourceAccount}"}"#,
            "the owner's account",
        ),
        (
            r#""StringNotEquals": {"aws:PrincipalOrgID": "*"}"#,
            "nobody",
        ),
        (r#""StringNotEquals": {"aws:PrincipalOrgID": []}"#, "nobody"),
        (
            r#""StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-abc", "aws:SourceVpc": "vpc-0a"}, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}"#,
            "organization o-abc, AWS services and named networks",
        ),
    ]);
}

#[test]
fn a_denial_that_may_not_apply_exempts_everyone() {
    assert_exempt(&[
        (r#""Bool": {"aws:SecureTransport": "false"}"#, "everyone"),
        (
            r#""StringNotEquals": {"aws:PrincipalTag/team": "a"}"#,
            "everyone",
        ),
        (r#""StringNotEquals": {"aws:NotYetKnown": []}"#, "everyone"),
        (
            r#""StringNotLike": {"aws:PrincipalOrgID": "o-*"}"#,
            "everyone",
        ),
        (
            r#""StringNotEquals": {"aws:PrincipalOrgID": "${aws:PrincipalOrgID}"}"#,
            "everyone",
        ),
        (
            r#""StringEquals": {"aws:PrincipalOrgID": "o-abc"}"#,
            "everyone",
        ),
        (
            r#""ForAnyValue:StringNotEquals": {"aws:PrincipalOrgID": "o-abc"}"#,
            "everyone",
        ),
        (
            r#""ForAnyValue:StringNotLike": {"aws:PrincipalOrgPaths": "o-abc/*"}"#,
            "everyone",
        ),
        (
            r#""ForAllValues:StringNotEquals": {"aws:PrincipalOrgID": "o-abc"}"#,
            "everyone",
        ),
        (
            r#""ForAllValues:StringLike": {"aws:PrincipalOrgPaths": "o-abc/*"}"#,
            "everyone",
        ),
        (
            r#""NotIpAddress": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}"#,
            "everyone",
        ),
        (r#""Null": {"aws:PrincipalOrgID": "true"}"#, "everyone"),
        (
            r#""Bool": {"aws:PrincipalIsAWSService": "true"}"#,
            "everyone",
        ),
        (
            r#""Bool": {"aws:PrincipalIsAWSService": ["true", "false"]}"#,
            "everyone",
        ),
        (
            r#""ForAllValues:Bool": {"aws:PrincipalIsAWSService": "false"}"#,
            "everyone",
        ),
        (
            r#""StringNotEquals": {"aws:PrincipalOrgID": "o-abc"}, "Bool": {"aws:SecureTransport": "false"}"#,
            "everyone",
        ),
    ]);
}
