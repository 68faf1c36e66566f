//! The keys of organizations, accounts and services, and keys whose conditions any account can meet.

use super::*;

#[test]
fn organizations_are_named_by_fixed_values() {
    assert_allowed(&[
        (
            r#""StringLike": {"aws:PrincipalOrgID": "o-ab?"}"#,
            "everyone",
        ),
        (
            r#""StringEquals": {"aws:PrincipalOrgID": "abc"}"#,
            "everyone",
        ),
        (
            r#""StringEquals": {"aws:PrincipalOrgID": "o-abc/r-1"}"#,
            "everyone",
        ),
        (
            r#""ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": ["o-abc/*"]}"#,
            "organization o-abc",
        ),
        (
            r#""ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-abc/r-1/ou-2/*"}"#,
            "organization o-abc/r-1/ou-2",
        ),
        (
            r#""ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-abc*"}"#,
            "everyone",
        ),
        (
            r#""ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-*/r-1/*"}"#,
            "everyone",
        ),
        (
            r#""ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "*"}"#,
            "everyone",
        ),
    ]);
}

#[test]
fn accounts_are_named_by_fixed_values() {
    assert_allowed(&[
        (
            r#""StringLike": {"aws:PrincipalAccount": "11112222333?"}"#,
            "everyone",
        ),
        (
            r#""StringLike": {"aws:PrincipalAccount": "1111*"}"#,
            "everyone",
        ),
        (
            r#""StringEquals": {"aws:PrincipalAccount": "11112222333"}"#,
            "everyone",
        ),
        (
            r#""StringEquals": {"aws:PrincipalAccount": 444455556666}"#,
            "account 444455556666",
        ),
        (
            r#""ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}"#,
            "the owner's account",
        ),
        (
            r#""ArnLike": {"aws:PrincipalArn": "arn:*:*:*:111122223333:*"}"#,
            "the owner's account",
        ),
        (
            r#""ArnEquals": {"aws:PrincipalArn": "arn:aws-cn:sts::444455556666:assumed-role/a/b"}"#,
            "account 444455556666",
        ),
        (
            r#""ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/ci"}"#,
            "everyone",
        ),
        (
            r#""ArnLike": {"aws:PrincipalArn": "arn:aws:iam::11112222333?:role/ci"}"#,
            "everyone",
        ),
        (r#""ArnLike": {"aws:PrincipalArn": "*"}"#, "everyone"),
        (r#""StringLike": {"aws:PrincipalArn": "*"}"#, "everyone"),
        (
            r#""StringLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/*"}"#,
            "the owner's account",
        ),
        // A role in any account may have the path /a:iam::111122223333:role/.
        (
            r#""StringLike": {"aws:PrincipalArn": "arn:*:iam::111122223333:role/*"}"#,
            "everyone",
        ),
        (
            r#""StringLike": {"aws:userid": "AROAEXAMPLE:*"}"#,
            "a principal of an unknown account",
        ),
        (
            r#""StringEquals": {"aws:userid": "AIDAEXAMPLE"}"#,
            "a principal of an unknown account",
        ),
        (
            r#""StringEquals": {"aws:userid": "111122223333"}"#,
            "the owner's account",
        ),
        (
            r#""StringLike": {"aws:userid": "444455556666:*"}"#,
            "account 444455556666",
        ),
        (r#""StringLike": {"aws:userid": "*"}"#, "everyone"),
        (r#""StringLike": {"aws:userid": "*:session"}"#, "everyone"),
        (
            r#""StringLike": {"aws:userid": "AROA*:session"}"#,
            "everyone",
        ),
        (r#""StringLike": {"aws:userid": ":session"}"#, "everyone"),
    ]);
}

#[test]
fn services_are_named_by_keys_that_only_services_send() {
    assert_allowed(&[
        (
            r#""StringEquals": {"aws:SourceAccount": "444455556666"}"#,
            "AWS services",
        ),
        (r#""StringLike": {"aws:SourceAccount": "*"}"#, "everyone"),
        (
            r#""StringEquals": {"aws:SourceOwner": "444455556666"}"#,
            "AWS services",
        ),
        (
            r#""ArnLike": {"aws:SourceArn": "arn:aws:sns:*:444455556666:*"}"#,
            "AWS services",
        ),
        (
            r#""StringLike": {"aws:SourceArn": "arn:aws:sns:*:444455556666:*"}"#,
            "AWS services",
        ),
        (
            r#""ArnLike": {"aws:SourceArn": "arn:aws:sns:us-east-1:*:topic"}"#,
            "everyone",
        ),
        (
            r#""ArnLike": {"aws:SourceArn": "arn:aws:s3:::*"}"#,
            "everyone",
        ),
        (
            r#""ArnLike": {"aws:SourceArn": "arn:aws:s3:::bucket"}"#,
            "AWS services",
        ),
        (
            r#""ArnLike": {"aws:SourceArn": "arn:aws:s3:::bucket/*"}"#,
            "AWS services",
        ),
        (
            r#""ArnLike": {"aws:SourceArn": "arn:aws:s3:::bucket*"}"#,
            "everyone",
        ),
        (
            r#""ArnLike": {"aws:SourceArn": "arn:aws:route53:::healthcheck/a"}"#,
            "everyone",
        ),
        (
            r#""StringEquals": {"aws:SourceOrgID": "o-abc"}"#,
            "AWS services",
        ),
        (r#""StringLike": {"aws:SourceOrgID": "o-*"}"#, "everyone"),
        (
            r#""ForAnyValue:StringLike": {"aws:SourceOrgPaths": "o-abc/*"}"#,
            "AWS services",
        ),
        (
            r#""StringEquals": {"aws:PrincipalServiceName": "a.amazonaws.com"}"#,
            "AWS services",
        ),
        (
            r#""Bool": {"aws:PrincipalIsAWSService": "true"}"#,
            "AWS services",
        ),
        (
            r#""Bool": {"aws:PrincipalIsAWSService": true}"#,
            "AWS services",
        ),
        (
            r#""Bool": {"aws:PrincipalIsAWSService": ["true", "false"]}"#,
            "everyone",
        ),
        (
            r#""Bool": {"aws:PrincipalIsAWSService": "false"}"#,
            "everyone",
        ),
        (
            r#""BoolIfExists": {"aws:PrincipalIsAWSService": "true"}"#,
            "everyone",
        ),
        (r#""Bool": {"aws:ViaAWSService": "true"}"#, "everyone"),
    ]);
}

#[test]
fn kms_caller_account_limits_access_to_keys() {
    for (block, audience) in [
        (
            r#""StringEquals": {"kms:CallerAccount": "111122223333"}"#,
            "the owner's account",
        ),
        (
            r#""StringEqualsIfExists": {"KMS:calleraccount": "111122223333"}"#,
            "the owner's account",
        ),
        (
            r#""StringEquals": {"kms:CallerAccount": "${aws:ResourceAccount}"}"#,
            "the owner's account",
        ),
        (
            r#""StringLike": {"kms:CallerAccount": "1111*"}"#,
            "everyone",
        ),
        (
            r#""Bool": {"kms:GrantIsForAWSResource": "true"}"#,
            "everyone",
        ),
    ] {
        let found = allowed(&read(block), context(&KMS)).to_string();
        assert_eq!(found, audience, "{block}");
    }
}

#[test]
fn conditions_that_any_account_can_meet_limit_nothing() {
    for key in [
        "kms:ViaService",
        "kms:CallerAccount",
        "kms:EncryptionContext:aws:eks:cluster",
        "aws:CalledVia",
        "aws:ResourceAccount",
        "aws:ResourceOrgID",
        "aws:SecureTransport",
        "aws:MultiFactorAuthPresent",
        "aws:PrincipalTag/team",
        "aws:PrincipalType",
        "aws:username",
        "aws:RequestedRegion",
        "aws:UserAgent",
        "aws:Referer",
        "aws:VpcSourceIp",
        "aws:NotYetKnown",
        "PrincipalAccount",
        "",
    ] {
        for operator in [
            "StringEquals",
            "StringLike",
            "Bool",
            "ForAnyValue:StringEquals",
        ] {
            let block = format!(r#""{operator}": {{"{key}": "111122223333"}}"#);
            assert_allowed(&[(&block, "everyone")]);
        }
    }
}
