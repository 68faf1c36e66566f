//! The grants that remain after denials.

use super::*;

#[test]
fn a_denial_limits_the_actions_that_it_covers() {
    let all = r#"{"Effect": "Allow", "Principal": "*", "Action": "ecr:*"}"#;
    let unless = r#""Condition": {"StringNotEquals": {"aws:PrincipalAccount": "111122223333"}}"#;
    for (members, [read, change]) in [
        (
            r#""Principal": "*", "Action": "ecr:*""#,
            ["the owner's account", "the owner's account"],
        ),
        (
            r#""Principal": {"AWS": "*"}, "Action": "*""#,
            ["the owner's account", "the owner's account"],
        ),
        (
            r#""Principal": "*", "Action": "*", "Resource": "*""#,
            ["the owner's account", "the owner's account"],
        ),
        (
            r#""Principal": "*", "NotAction": "s3:*", "NotResource": []"#,
            ["the owner's account", "the owner's account"],
        ),
        (
            r#""Principal": "*", "NotAction": ["ecr:Get*", "ecr:BatchGet*", "ecr:BatchCheck*", "ecr:Describe*", "ecr:List*", "ecr:Validate*"]"#,
            ["everyone", "the owner's account"],
        ),
        // Everyone is still granted other changes.
        (
            r#""Principal": "*", "Action": "ecr:PutImage""#,
            ["everyone", "everyone | the owner's account"],
        ),
        (
            r#""Principal": "*", "Action": "ecr:BatchGetImage""#,
            ["everyone | the owner's account", "everyone"],
        ),
        // These denials may be about another resource, or are for some principals only.
        (
            r#""Principal": "*", "Action": "ecr:*", "Resource": "arn:aws:ecr:*:*:repository/a""#,
            ["everyone", "everyone"],
        ),
        (
            r#""Principal": "*", "Action": "ecr:*", "NotResource": "a""#,
            ["everyone", "everyone"],
        ),
        (
            r#""Principal": "*", "Sid": "neither""#,
            ["everyone", "everyone"],
        ),
        (
            r#""Principal": {"AWS": "444455556666"}, "Action": "ecr:*""#,
            ["everyone", "everyone"],
        ),
        (
            r#""Principal": {"AWS": "arn:aws:iam::*:root"}, "Action": "ecr:*""#,
            ["everyone", "everyone"],
        ),
    ] {
        let denial = format!(r#"{{"Effect": "Deny", {members}, {unless}}}"#);
        let grants = attached(&format!("[{all}, {denial}]"), &ECR);
        assert_eq!(describe(&grants, ActionClass::Read), read, "{members}");
        assert_eq!(describe(&grants, ActionClass::Change), change, "{members}");
    }
}

#[test]
fn a_denial_of_every_known_change_does_not_deny_future_actions() {
    let all = r#"{"Effect": "Allow", "Principal": "*", "Action": "ecr:*"}"#;
    let known = [
        "Put*",
        "Batch*",
        "Complete*",
        "Create*",
        "Delete*",
        "Deregister*",
        "Initiate*",
        "Register*",
        "Replicate*",
        "Set*",
        "Start*",
        "Stop*",
        "Tag*",
        "Untag*",
        "Update*",
        "Upload*",
    ];
    let known = known.map(|name| format!(r#""ecr:{name}""#)).join(",");
    let denial = format!(r#"{{"Effect": "Deny", "Principal": "*", "Action": [{known}]}}"#);
    let grants = attached(&format!("[{all}, {denial}]"), &ECR);
    let Granted::To { reach, grants } =
        grants.granted(|action| action.class == ActionClass::Change)
    else {
        panic!("the policy is understood");
    };
    assert_eq!(reach, Reach::Everyone);
    let changes = grants[0]
        .actions
        .iter()
        .filter(|action| action.class == ActionClass::Change);
    let changes: Vec<&str> = changes.map(|action| action.name.as_str()).collect();
    assert_eq!(changes, ["ecr:*"]);
}

#[test]
fn principals_that_every_denial_exempts_remain() {
    let organization = r#""StringNotEquals": {"aws:PrincipalOrgID": "o-abc"}"#;
    let network = r#""StringNotEquals": {"aws:SourceVpc": "vpc-0a"}"#;
    let both = r#""StringNotEquals": {"aws:PrincipalOrgID": "o-abc", "aws:SourceVpc": "vpc-0a"}"#;
    let not_principal = |principal: &str| {
        format!(r#"{{"Effect": "Deny", "NotPrincipal": {principal}, "Action": "ecr:*"}}"#)
    };
    for (allowing, denials, readers) in [
        ("*", vec![deny("")], "nobody"),
        (
            "*",
            vec![deny(both)],
            "organization o-abc and named networks",
        ),
        (
            "*",
            vec![deny(organization), deny(network)],
            "named networks; limited to organization o-abc",
        ),
        (
            "444455556666",
            vec![deny(organization)],
            "organization o-abc; limited to account 444455556666",
        ),
        (
            "*",
            vec![not_principal(r#"{"AWS": "444455556666"}"#)],
            "account 444455556666",
        ),
        (
            "111122223333",
            vec![not_principal(r#"{"AWS": "444455556666"}"#)],
            "nobody",
        ),
        ("*", vec![not_principal(r#"{"AWS": "*"}"#)], "everyone"),
        (
            "*",
            vec![not_principal(r#"{"Service": "a.amazonaws.com"}"#)],
            "AWS services",
        ),
        (
            "*",
            vec![not_principal(r#"{"AWS": "AROADBQP57FF2AEXAMPLE"}"#)],
            "nobody",
        ),
    ] {
        let allowing = pull(&format!(r#""Principal": {{"AWS": "{allowing}"}}"#), "");
        let statements = format!("[{allowing}, {}]", denials.join(", "));
        let grants = attached(&statements, &ECR);
        assert_eq!(
            describe(&grants, ActionClass::Read),
            readers,
            "{statements}"
        );
    }
}

#[test]
fn a_denial_with_a_principal_and_a_condition_exempts_both() {
    let denial = r#"{"Effect": "Deny", "NotPrincipal": {"AWS": "444455556666"}, "Action": "*",
        "Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-abc"}}}"#;
    let grants = attached(&format!("[{}, {denial}]", pull_by_everyone("")), &ECR);
    let expected = "account 444455556666 and organization o-abc";
    assert_eq!(describe(&grants, ActionClass::Read), expected);
}
