//! Conditions of every form, with the principals that they allow or exempt.

use super::*;
use crate::policy::condition::conditions;
use crate::policy::service::{ECR, KMS, Service};

fn read(block: &str) -> Vec<Condition> {
    let block = serde_json::from_str(&format!("{{{block}}}")).unwrap();
    conditions(block).unwrap()
}

fn context(service: &Service) -> Context<'_> {
    Context {
        owner: "111122223333",
        service,
    }
}

fn assert_allowed(cases: &[(&str, &str)]) {
    for (block, audience) in cases {
        let found = allowed(&read(block), context(&ECR)).to_string();
        assert_eq!(found, *audience, "{block}");
    }
}

/// Compares the exempt principals, which are `everyone` if a denial might not apply.
fn assert_exempt(cases: &[(&str, &str)]) {
    for (block, left) in cases {
        let found = exempt(&read(block), context(&ECR)).unwrap_or(Group::everyone());
        assert_eq!(found.to_string(), *left, "{block}");
    }
}

#[test]
fn an_operator_limits_access_if_it_requires_the_key() {
    assert_allowed(&[
        ("", "everyone"),
        (
            r#""StringEquals": {"aws:PrincipalOrgID": "o-abc"}"#,
            "organization o-abc",
        ),
        (
            r#""StringEquals": {"AWS:principalorgid": "o-abc"}"#,
            "organization o-abc",
        ),
        (
            r#""StringEqualsIgnoreCase": {"aws:PrincipalOrgID": "o-abc"}"#,
            "organization o-abc",
        ),
        (
            r#""StringLike": {"aws:PrincipalOrgID": "o-abc"}"#,
            "organization o-abc",
        ),
        (
            r#""ForAnyValue:StringEquals": {"aws:PrincipalOrgID": "o-abc"}"#,
            "organization o-abc",
        ),
        (
            r#""ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-abc"}"#,
            "everyone",
        ),
        (
            r#""StringEqualsIfExists": {"aws:PrincipalOrgID": "o-abc"}"#,
            "everyone",
        ),
        (
            r#""ForAnyValue:StringEqualsIfExists": {"aws:PrincipalOrgID": "o-abc"}"#,
            "everyone",
        ),
        (
            r#""StringNotEquals": {"aws:PrincipalOrgID": "o-abc"}"#,
            "everyone",
        ),
        (
            r#""StringNotEqualsIgnoreCase": {"aws:PrincipalOrgID": "o-abc"}"#,
            "everyone",
        ),
        (
            r#""StringNotLike": {"aws:PrincipalOrgID": "o-abc"}"#,
            "everyone",
        ),
        (
            r#""ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:*"}"#,
            "everyone",
        ),
        (
            r#""ArnNotEquals": {"aws:PrincipalArn": "arn:aws:iam::111122223333:*"}"#,
            "everyone",
        ),
        (
            r#""NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}"#,
            "everyone",
        ),
        (r#""Null": {"aws:PrincipalOrgID": "false"}"#, "everyone"),
        (r#""Null": {"aws:PrincipalOrgID": "true"}"#, "everyone"),
        (
            r#""NumericEquals": {"aws:PrincipalAccount": "111122223333"}"#,
            "everyone",
        ),
        (
            r#""BinaryEquals": {"aws:PrincipalAccount": "111122223333"}"#,
            "everyone",
        ),
        (
            r#""DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}"#,
            "everyone",
        ),
        (
            r#""Bool": {"aws:PrincipalAccount": "111122223333"}"#,
            "everyone",
        ),
        (
            r#""IpAddress": {"aws:PrincipalAccount": "111122223333"}"#,
            "everyone",
        ),
        (r#""ArnLike": {"aws:PrincipalOrgID": "o-abc"}"#, "everyone"),
    ]);
}

#[test]
fn a_required_key_offsets_set_operator_and_suffix() {
    assert_allowed(&[
        (
            r#""ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-abc"}, "Null": {"aws:principalOrgId": false}"#,
            "organization o-abc",
        ),
        (
            r#""StringEqualsIfExists": {"aws:PrincipalOrgID": "o-abc"}, "Null": {"aws:PrincipalOrgID": "false"}"#,
            "organization o-abc",
        ),
        (
            r#""ForAllValues:StringLikeIfExists": {"aws:PrincipalOrgPaths": "o-abc/*"}, "Null": {"aws:PrincipalOrgPaths": "false"}"#,
            "organization o-abc",
        ),
        (
            r#""ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-abc"}, "Null": {"aws:PrincipalOrgID": "true"}"#,
            "everyone",
        ),
        (
            r#""ForAllValues:StringEquals": {"aws:PrincipalOrgID": "o-abc"}, "Null": {"aws:PrincipalOrgPaths": "false"}"#,
            "everyone",
        ),
        (
            r#""StringEqualsIfExists": {"aws:PrincipalAccount": "111122223333"}"#,
            "the owner's account",
        ),
        (
            r#""ArnLikeIfExists": {"aws:PrincipalArn": "arn:aws:iam::444455556666:*"}"#,
            "account 444455556666",
        ),
        (
            r#""StringLikeIfExists": {"aws:userid": "AROAEXAMPLE:*"}"#,
            "a principal of an unknown account",
        ),
        (
            r#""StringEqualsIfExists": {"aws:SourceAccount": "111122223333"}"#,
            "everyone",
        ),
        (
            r#""ForAllValues:StringEquals": {"aws:PrincipalAccount": "111122223333"}"#,
            "everyone",
        ),
    ]);
}

#[test]
fn several_conditions_must_all_be_met() {
    assert_allowed(&[
        (
            r#""StringEquals": {"aws:PrincipalOrgID": "o-abc", "aws:PrincipalAccount": "444455556666"}"#,
            "organization o-abc; limited to account 444455556666",
        ),
        (
            r#""StringEquals": {"aws:PrincipalAccount": ["444455556666", "777788889999"]}, "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::444455556666:role/*"}"#,
            "account 444455556666",
        ),
        (
            r#""StringEquals": {"aws:PrincipalAccount": "444455556666"}, "ArnLike": {"aws:PrincipalArn": "arn:aws:iam::777788889999:role/*"}"#,
            "nobody",
        ),
        (
            r#""StringEquals": {"aws:PrincipalOrgID": "o-abc"}, "Bool": {"aws:SecureTransport": "true"}"#,
            "organization o-abc",
        ),
    ]);
}

#[test]
fn a_list_has_the_reach_of_its_widest_value_and_an_empty_list_none() {
    assert_allowed(&[
        (
            r#""StringLike": {"aws:PrincipalOrgID": ["o-abc", "o-def"]}"#,
            "organization o-abc and organization o-def",
        ),
        (
            r#""StringLike": {"aws:PrincipalOrgID": ["o-abc", "o-*"]}"#,
            "everyone",
        ),
        (r#""StringEquals": {"aws:PrincipalOrgID": []}"#, "nobody"),
        (r#""ArnLike": {"aws:ResourceTag/a": []}"#, "nobody"),
        (r#""Bool": {"aws:SecureTransport": []}"#, "nobody"),
        (
            r#""StringEqualsIfExists": {"aws:PrincipalOrgID": []}"#,
            "everyone",
        ),
        (
            r#""ForAllValues:StringEquals": {"aws:PrincipalOrgPaths": []}"#,
            "everyone",
        ),
        (
            r#""StringNotEquals": {"aws:PrincipalOrgID": []}"#,
            "everyone",
        ),
        (r#""StringEquals": {}"#, "everyone"),
    ]);
}

#[test]
fn exact_comparisons_treat_wildcards_as_letters() {
    assert_allowed(&[
        (r#""StringEquals": {"aws:PrincipalOrgID": "*"}"#, "nobody"),
        (r#""StringEquals": {"aws:PrincipalOrgID": "o-*"}"#, "nobody"),
        (
            r#""StringEqualsIgnoreCase": {"aws:PrincipalArn": "arn:aws:iam::*:role/ci"}"#,
            "nobody",
        ),
        (
            r#""StringEquals": {"aws:PrincipalOrgPaths": "o-abc/*"}"#,
            "nobody",
        ),
        (
            r#""StringEquals": {"aws:PrincipalOrgID": ["*", "o-abc"]}"#,
            "organization o-abc",
        ),
        (r#""StringEquals": {"aws:SourceIp": "*"}"#, "nobody"),
        // ArnEquals has the same meaning as ArnLike.
        (
            r#""ArnEquals": {"aws:PrincipalArn": "arn:aws:iam::*:role/ci"}"#,
            "everyone",
        ),
        (r#""StringLike": {"aws:PrincipalOrgID": "*"}"#, "everyone"),
    ]);
}

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
fn networks_are_named_by_ids_owners_or_cidr_blocks() {
    assert_allowed(&[
        (
            r#""StringEquals": {"aws:SourceVpc": "vpc-0a"}"#,
            "named networks",
        ),
        (r#""StringLike": {"aws:SourceVpc": "vpc-*"}"#, "everyone"),
        (r#""StringEquals": {"aws:SourceVpc": "vpc-*"}"#, "nobody"),
        (
            r#""StringEquals": {"aws:SourceVpce": ["vpce-0a", "vpce-0b"]}"#,
            "named networks",
        ),
        (
            r#""StringEquals": {"aws:VpceAccount": "444455556666"}"#,
            "named networks",
        ),
        (r#""StringLike": {"aws:VpceAccount": "*"}"#, "everyone"),
        (
            r#""StringEquals": {"aws:VpceOrgID": "o-abc"}"#,
            "named networks",
        ),
        (
            r#""ForAnyValue:StringLike": {"aws:VpceOrgPaths": "o-abc/*"}"#,
            "named networks",
        ),
        (
            r#""ForAnyValue:StringLike": {"aws:VpceOrgPaths": "o-*"}"#,
            "everyone",
        ),
    ]);
}

#[test]
fn a_cidr_block_is_a_network_up_to_a_size() {
    for (blocks, audience) in [
        (r#""203.0.113.5""#, "named networks"),
        (r#""203.0.113.0/24""#, "named networks"),
        (r#""203.0.113.77/8""#, "named networks"),
        (r#""17.0.0.0/8""#, "named networks"),
        (r#""16.0.0.0/7""#, "everyone"),
        (r#""0.0.0.0/0""#, "everyone"),
        (r#"["0.0.0.0/1", "128.0.0.0/1"]"#, "everyone"),
        (r#"["16.0.0.0/8", "17.0.0.0/8"]"#, "everyone"),
        (r#"["17.0.0.0/8", "18.0.0.0/8"]"#, "named networks"),
        (r#"["10.0.0.0/8", "11.0.0.0/8"]"#, "named networks"),
        (r#"["203.0.113.0/24", "0.0.0.0/0"]"#, "everyone"),
        (
            r#"["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]"#,
            "named networks",
        ),
        (r#""2001:db8::/32""#, "named networks"),
        (r#""2001:db8::1""#, "named networks"),
        (r#""2001:db8::/31""#, "everyone"),
        (r#"["2001:db8::/32", "2001:db9::/32"]"#, "everyone"),
        (r#""::/0""#, "everyone"),
        (r#""fd00::/8""#, "named networks"),
        (r#""fc00::/7""#, "named networks"),
        (r#""fc00::/6""#, "everyone"),
        (r#""::ffff:0:0/96""#, "everyone"),
        (r#""::ffff:203.0.113.0/120""#, "named networks"),
        (r#""10.0.0.0/33""#, "everyone"),
        (r#""10.*""#, "everyone"),
        (r#""vpc-0a""#, "everyone"),
        (r#"["203.0.113.0/24", 7]"#, "everyone"),
        ("[]", "nobody"),
    ] {
        let block = format!(r#""IpAddress": {{"aws:SourceIp": {blocks}}}"#);
        assert_allowed(&[(&block, audience)]);
    }
    let all: Vec<String> = (0..=255)
        .map(|first| format!(r#""{first}.0.0.0/8""#))
        .collect();
    let block = format!(r#""IpAddress": {{"aws:SourceIp": [{}]}}"#, all.join(","));
    assert_allowed(&[(&block, "everyone")]);
}

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
            r#""StringEquals": {"aws:PrincipalAccount": "${*}"}"#,
            "everyone",
        ),
    ]);
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
