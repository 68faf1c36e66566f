//! The operators of conditions, and conditions with several keys or values.

use super::*;

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
