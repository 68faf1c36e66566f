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
    let granted = grants.granted(|action| action.class == ActionClass::Change);
    assert_eq!(granted.reach, Reach::Everyone);
    let changes = granted.grants[0]
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

/// The policies of a repository and of its registry apply to the same requests, so a denial in one of them limits the
/// grants of the other.
#[test]
fn a_denial_of_another_policy_limits_grants() {
    const OTHER: &str = "arn:aws:ecr:eu-central-1:111122223333:repository/b";
    const REPOSITORY: &str = "arn:aws:ecr:eu-central-1:111122223333:repository/a";
    let unless = r#""Condition": {"StringNotEquals": {"aws:PrincipalOrgID": "o-abc"}}"#;
    let with = |effect: &str, members: &str| {
        format!(r#"{{"Effect": "{effect}", "Principal": "*", "Action": "ecr:*", {members}}}"#)
    };
    let on = |resource: &str| format!(r#""Resource": "{resource}""#);
    let attached = Scope::Attached;
    let in_registry = Scope::Named(REPOSITORY);
    for (scope, allowing, other_scope, denying, expected) in [
        // The repository allows, and the registry denies.
        (attached, on("*"), in_registry, on("*"), "nobody"),
        (attached, on("*"), in_registry, on(REGISTRY), "nobody"),
        (attached, on("*"), in_registry, on(REPOSITORY), "nobody"),
        (attached, on("*"), in_registry, on(OTHER), "everyone"),
        (
            attached,
            on("*"),
            in_registry,
            format!("{}, {unless}", on("*")),
            "organization o-abc",
        ),
        (
            attached,
            on("*"),
            in_registry,
            format!(r#"{}, "Condition": {{"StringFoo": {{"a": "b"}}}}"#, on("*")),
            "everyone",
        ),
        // The registry allows, and the repository denies.
        (
            in_registry,
            on("*"),
            attached,
            unless.to_owned(),
            "organization o-abc",
        ),
        (in_registry, on(REGISTRY), attached, on("*"), "nobody"),
        (in_registry, on("*"), attached, on(OTHER), "everyone"),
        (in_registry, on(OTHER), attached, on("*"), "nobody"),
    ] {
        let policy = |statement: String| policy(&format!(r#"{{"Statement": {statement}}}"#));
        let allow = policy(with("Allow", &allowing));
        let deny = policy(with("Deny", &denying));
        let others = [(&deny, other_scope)];
        let grants = grants_despite(&others, &allow, OWNER, &ECR, scope);
        let case = format!("{allowing} but {denying}");
        assert_eq!(describe(&grants, ActionClass::Read), expected, "{case}");
        let nothing = grants_despite(&[(&allow, scope)], &deny, OWNER, &ECR, other_scope);
        assert!(nothing.granted(|_| true).grants.is_empty(), "{case}");
    }
}
