//! Policies, and the actions that they allow on every resource.

use proptest::prelude::*;

use super::*;

fn allowed(statements: &str) -> Permissions {
    let text = format!(r#"{{"Version": "2012-10-17", "Statement": [{statements}]}}"#);
    serde_json::from_str::<PolicyDocument>(&text)
        .unwrap()
        .permissions()
}

fn names(statements: &str) -> Vec<&'static str> {
    let actions = allowed(statements).on_every_resource.iter();
    let mut names: Vec<&str> = actions.map(SensitiveAction::name).collect();
    names.sort_unstable();
    names
}

fn on(action: &str, resource: &str) -> Vec<&'static str> {
    names(&format!(
        r#"{{"Effect": "Allow", "Action": "{action}", "Resource": "{resource}"}}"#
    ))
}

#[test]
fn actions_are_matched_as_in_iam() {
    for (action, expected) in [
        (r#""Action": "sts:AssumeRole""#, vec!["sts:AssumeRole"]),
        (r#""Action": "STS:assumerole""#, vec!["sts:AssumeRole"]),
        (r#""Action": "sts:*""#, vec!["sts:AssumeRole"]),
        (
            r#""Action": ["ecr:Put*", "ecr:Get*", "kms:Decrypt"]"#,
            vec!["ecr:PutImage", "kms:Decrypt"],
        ),
        (
            r#""Action": "iam:Put?*Policy""#,
            vec![
                "iam:PutGroupPolicy",
                "iam:PutRolePolicy",
                "iam:PutUserPolicy",
            ],
        ),
        (r#""Action": "*:GetObject""#, vec!["s3:GetObject"]),
        (
            r#""NotAction": ["iam:*", "ecr:*", "ec2:*", "s3:*", "sts:*"]"#,
            vec![
                "kms:Decrypt",
                "secretsmanager:GetSecretValue",
                "ssm:GetParameter",
            ],
        ),
        (r#""NotAction": "*""#, vec![]),
        (
            r#""Action": ["sts:AssumeRoleWithWebIdentity", "s3:GetObjectAcl"]"#,
            vec![],
        ),
        (r#""Action": []"#, vec![]),
    ] {
        let statement = format!(r#"{{"Effect": "Allow", {action}, "Resource": "*"}}"#);
        assert_eq!(names(&statement), expected, "{action}");
    }
    let all = names(r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#);
    assert_eq!(all.len(), EnumSet::<SensitiveAction>::all().len());
}

#[test]
fn a_pattern_must_cover_all_resources_of_a_type() {
    for (action, resource, expected) in [
        ("sts:AssumeRole", "*", true),
        ("sts:AssumeRole", "arn:*", true),
        ("sts:AssumeRole", "arn:aws:iam::*", true),
        ("sts:AssumeRole", "arn:aws:iam::*:role/*", true),
        (
            "sts:AssumeRole",
            "arn:aws-cn:iam::111122223333:role/*",
            true,
        ),
        ("sts:AssumeRole", "arn:*:iam::444455556666:*", true),
        ("sts:AssumeRole", "arn:aws:iam::*:role/backup", false),
        ("sts:AssumeRole", "arn:aws:iam::*:role/app/*", false),
        ("sts:AssumeRole", "arn:aws:iam::*:role/*-reader", false),
        ("sts:AssumeRole", "arn:aws:iam::*:user/*", false),
        (
            "sts:AssumeRole",
            "arn:aws:iam:us-east-1:111122223333:role/*",
            false,
        ),
        ("sts:AssumeRole", "arn:aws:sts::*:*", false),
        ("ssm:GetParameter", "arn:aws:ssm:*:parameter/*", true),
        // The wildcard also matches the account, and the path is not the account.
        ("ssm:GetParameter", "arn:aws:ssm:*:parameter/prod-*", false),
        ("iam:CreateAccessKey", "arn:aws:iam::*:user/*", true),
        (
            "iam:CreateAccessKey",
            "arn:aws:iam::*:user/${aws:username}",
            false,
        ),
        ("iam:PutGroupPolicy", "arn:aws:iam::*:group/*", true),
        ("iam:CreatePolicyVersion", "arn:aws:iam::*:policy/*", true),
        ("iam:CreatePolicyVersion", "arn:aws:iam::*:role/*", false),
        (
            "ecr:PutImage",
            "arn:aws:ecr:*:111122223333:repository/*",
            true,
        ),
        (
            "ecr:PutImage",
            "arn:aws:ecr:eu-*:111122223333:repository/*",
            true,
        ),
        (
            "ecr:PutImage",
            "arn:aws:ecr:eu-central-1:111122223333:*",
            true,
        ),
        ("ecr:PutImage", "arn:aws:ecr:*:*:repository/?*", true),
        ("ecr:PutImage", "arn:aws:ecr:*:repository/*", true),
        (
            "ecr:PutImage",
            "arn:aws:ecr:eu-central-1::repository/*",
            false,
        ),
        ("ecr:PutImage", "arn:aws:ecr:*:*:repository/team/*", false),
        ("ecr:PutImage", "arn:aws:ecr:*:*:repository/app", false),
        ("s3:GetObject", "arn:aws:s3:::*", true),
        ("s3:GetObject", "arn:aws:s3:::*/*", true),
        ("s3:GetObject", "arn:*:s3:*:*:*", true),
        ("s3:GetObject", "arn:aws:s3:::artifacts/*", false),
        ("s3:GetObject", "arn:aws:s3:::artifacts-*/*", false),
        ("s3:GetObject", "arn:aws:s3:::*/public/*", false),
        (
            "secretsmanager:GetSecretValue",
            "arn:aws:secretsmanager:*:*:secret:*",
            true,
        ),
        (
            "secretsmanager:GetSecretValue",
            "arn:aws:secretsmanager:*:*:secret:app-*",
            false,
        ),
        ("kms:Decrypt", "arn:aws:kms:*:111122223333:key/*", true),
        (
            "kms:Decrypt",
            "arn:aws:kms:*:111122223333:key/1234abcd",
            false,
        ),
        ("kms:Decrypt", "arn:aws:kms:*:111122223333:alias/*", false),
        ("ssm:GetParameter", "arn:aws:ssm:*:*:parameter/*", true),
        (
            "ssm:GetParameter",
            "arn:aws:ssm:*:*:parameter/AmazonCloudWatch-*",
            false,
        ),
        (
            "ec2:CreateNetworkInterface",
            "arn:aws:ec2:*:*:network-interface/*",
            true,
        ),
        (
            "ec2:CreateNetworkInterface",
            "arn:aws:ec2:*:*:subnet/*",
            false,
        ),
        ("ec2:AssignPrivateIpAddresses", "arn:aws:ec2:*:*:*", true),
        ("ec2:AssignPrivateIpAddresses", "", false),
    ] {
        let expected = if expected { vec![action] } else { vec![] };
        assert_eq!(on(action, resource), expected, "{resource}");
    }
}

#[test]
fn the_form_of_the_resource_element_decides() {
    let statement = |resource: &str| {
        names(&format!(
            r#"{{"Effect": "Allow", "Action": "s3:GetObject", {resource}}}"#
        ))
    };
    for (resource, expected) in [
        (
            r#""Resource": ["arn:aws:s3:::artifacts/*", "arn:aws:s3:::*/*"]"#,
            true,
        ),
        (
            r#""Resource": ["arn:aws:s3:::artifacts", "arn:aws:s3:::artifacts/*"]"#,
            false,
        ),
        (r#""Resource": []"#, false),
        (r#""NotResource": "arn:aws:s3:::secret/*""#, true),
        (r#""NotResource": []"#, true),
        (
            r#""NotResource": ["arn:aws:s3:::secret/*", "arn:aws:s3:::*"]"#,
            false,
        ),
        (r#""Sid": "neither""#, false),
    ] {
        let found = !statement(resource).is_empty();
        assert_eq!(found, expected, "{resource}");
    }
}

#[test]
fn statements_with_conditions_count_only_for_everything() {
    let all =
        |rest: &str| format!(r#"{{"Effect": "Allow", "Action": "*", "Resource": "*"{rest}}}"#);
    let condition = r#", "Condition": {"StringEquals": {"aws:RequestedRegion": "eu-central-1"}}"#;
    let unknown = r#", "Condition": {"StringFoo": {"a": "b"}}"#;
    for (rest, has_actions) in [
        ("", true),
        (r#", "Condition": {}"#, true),
        (condition, false),
        (unknown, false),
    ] {
        let found = allowed(&all(rest));
        assert!(found.everything, "{rest}");
        assert_eq!(!found.on_every_resource.is_empty(), has_actions, "{rest}");
    }
    assert_eq!(allowed(&all("")), Permissions::EVERYTHING);
    let denied = all("").replace("Allow", "Deny");
    assert_eq!(allowed(&denied), Permissions::default());
    assert_eq!(
        allowed(&format!("{}, {denied}", all(""))),
        Permissions::EVERYTHING
    );
}

#[test]
fn each_action_has_a_risk() {
    let with = |risk: Risk| {
        let actions = EnumSet::<SensitiveAction>::all().iter();
        let mut names: Vec<&str> = actions
            .filter(|action| action.risk() == risk)
            .map(SensitiveAction::name)
            .collect();
        names.sort_unstable();
        names
    };
    let escalation = with(Risk::Escalation);
    assert_eq!(escalation.len(), 12);
    assert!(
        escalation
            .iter()
            .all(|name| name.starts_with("iam:") || *name == "sts:AssumeRole")
    );
    let images = with(Risk::ImageChange);
    assert_eq!(images.len(), 7);
    assert!(images.iter().all(|name| name.starts_with("ecr:")));
    assert_eq!(
        with(Risk::DataAccess),
        [
            "kms:Decrypt",
            "s3:GetObject",
            "secretsmanager:GetSecretValue"
        ]
    );
    assert_eq!(
        with(Risk::NetworkInterfaces),
        ["ec2:AssignPrivateIpAddresses", "ec2:CreateNetworkInterface"]
    );
    assert_eq!(with(Risk::ParameterAccess), ["ssm:GetParameter"]);
}

#[test]
fn several_statements_add_up() {
    let found = names(
        r#"{"Effect": "Allow", "Action": "kms:*", "Resource": "*"},
           {"Effect": "Allow", "Action": ["ecr:*", "s3:*"], "Resource": "arn:aws:s3:::*"},
           {"Effect": "Allow", "Action": "iam:PassRole", "Resource": "arn:aws:iam::111122223333:role/nodes"}"#,
    );
    assert_eq!(found, ["kms:Decrypt", "s3:GetObject"]);
}

proptest! {
    #[test]
    fn a_pattern_that_covers_all_roles_matches_every_role(
        account in "(\\*|1111\\*|111122223333)",
        resource in "(role/)?[ab*?/]{0,4}",
        // A pattern may exclude names of one letter.
        name in "[ab/]{2,6}",
    ) {
        let pattern = format!("arn:aws:iam::{account}:{resource}");
        if ROLE.are_all_in(&pattern) {
            let role = format!("arn:aws:iam::111122223333:role/{name}");
            prop_assert!(WildMatch::new(&pattern).matches(&role), "{pattern} {role}");
        }
    }
}
