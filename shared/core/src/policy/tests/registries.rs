//! Policies of registries, whose statements name repositories.

use super::*;

/// Returns the principals that may pull under a registry's policy with this statement, and the resources from which
/// they may.
fn granted_resources(statements: &str, scope: &str) -> Vec<(String, Vec<String>)> {
    let text = format!(r#"{{"Statement": {statements}}}"#);
    let grants = of(&text, &ECR, Scope::Named(scope));
    let granted = grants.granted(|action| action.class == ActionClass::Read);
    assert_eq!(granted.not_understood, Vec::<&NotUnderstood>::new());
    let granted = granted.grants.into_iter().map(|grant| {
        let resources = grant.resources.iter().cloned().collect();
        (grant.audience.to_string(), resources)
    });
    granted.collect()
}

fn repository(name: &str) -> String {
    format!("arn:aws:ecr:eu-central-1:111122223333:repository/{name}")
}

#[test]
fn a_registry_policy_grants_the_repositories_that_it_names() {
    let public = repository("pub-*");
    for (resource, reaching) in [
        (r#""Resource": "*""#, ["pub-x", "x"].as_slice()),
        (
            r#""Resource": "arn:aws:ecr:*:*:repository/pub-*""#,
            &["pub-x"],
        ),
        (
            r#""Resource": ["arn:aws:ecr:us-east-1:111122223333:repository/*", "arn:aws:s3:::b"]"#,
            &[],
        ),
        (
            r#""NotResource": "arn:aws:ecr:*:*:repository/pub-*""#,
            &["x"],
        ),
        (
            r#""NotResource": "arn:aws:ecr:*:*:repository/${aws:username}""#,
            &["pub-x", "x"],
        ),
        (
            r#""Resource": "arn:aws:ecr:*:*:repository/${aws:username}""#,
            &["pub-x", "x"],
        ),
        (r#""Resource": []"#, &[]),
        (r#""Sid": "neither""#, &["pub-x", "x"]),
    ] {
        let statement = format!(
            r#"{{"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage", {resource}}}"#
        );
        for name in ["pub-x", "x"] {
            let is_open = !granted_resources(&statement, &repository(name)).is_empty();
            assert_eq!(is_open, reaching.contains(&name), "{name} by {resource}");
        }
    }
    let statement = format!(
        r#"{{"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage", "Resource": ["{public}", "arn:aws:ecr:*:*:repository/a"]}}"#
    );
    let expected = vec![("everyone".to_owned(), vec![repository("a"), public])];
    assert_eq!(granted_resources(&statement, REGISTRY), expected);
}

#[test]
fn a_denial_limits_the_repositories_that_it_names() {
    let allowing = |resource: &str| {
        format!(
            r#"{{"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage", "Resource": {resource}}}"#
        )
    };
    let denying = |resource: &str| {
        format!(
            r#"{{"Effect": "Deny", "Principal": "*", "Action": "ecr:*", "Resource": {resource},
                "Condition": {{"StringNotEquals": {{"aws:PrincipalAccount": "111122223333"}}}}}}"#
        )
    };
    let own = "the owner's account";
    let pub_and_x = format!(r#"["{}", "{}"]"#, repository("pub-*"), repository("x"));
    for (allowed, denied, expected) in [
        (r#""*""#, r#""*""#, vec![(own, vec!["*"])]),
        (
            r#""*""#,
            r#""arn:aws:ecr:eu-central-1:111122223333:repository/*""#,
            vec![(own, vec!["*"])],
        ),
        (
            r#""*""#,
            r#""arn:aws:ecr:*:*:repository/pub-*""#,
            vec![("everyone", vec!["*"])],
        ),
        (
            r#""*""#,
            r#""arn:aws:ecr:*:repository/*""#,
            vec![("everyone", vec!["*"])],
        ),
        (
            r#""*""#,
            r#""arn:aws:ecr:*:*:repository/${aws:username}""#,
            vec![("everyone", vec!["*"])],
        ),
        (
            pub_and_x.as_str(),
            r#""arn:aws:ecr:*:*:repository/pub-*""#,
            vec![("everyone", vec!["x"]), (own, vec!["pub-*"])],
        ),
    ] {
        let statements = format!("[{}, {}]", allowing(allowed), denying(denied));
        let expected: Vec<(String, Vec<String>)> = expected
            .into_iter()
            .map(|(audience, names)| {
                (
                    audience.to_owned(),
                    names.into_iter().map(repository).collect(),
                )
            })
            .collect();
        assert_eq!(
            granted_resources(&statements, REGISTRY),
            expected,
            "{allowed} but {denied}"
        );
    }
    let statements = format!("[{}, {}]", allowing(r#""*""#), denying(&pub_and_x));
    let audience = |name| {
        granted_resources(&statements, &repository(name))[0]
            .0
            .clone()
    };
    assert_eq!(audience("pub-1"), own);
    assert_eq!(audience("y"), "everyone");
}

#[test]
fn a_statement_about_another_repository_does_not_affect_this_one() {
    for effect in ["Allow", "Deny"] {
        let text = format!(
            r#"{{"Statement": {{"Effect": "{effect}", "Principal": "*", "Action": "ecr:*", "Condition": {{"StringFoo": {{"a": "b"}}}},
                "Resource": "{}"}}}}"#,
            repository("y")
        );
        let at = |name: &str| of(&text, &ECR, Scope::Named(&repository(name)));
        assert_eq!(describe(&at("x"), ActionClass::Change), "nobody");
        assert!(describe(&at("y"), ActionClass::Change).starts_with("not understood"));
    }
}

#[test]
fn a_grant_lists_its_actions() {
    let replicate = r#"{"Effect": "Allow", "Principal": {"AWS": "444455556666"},
        "Action": ["ecr:ReplicateImage", "ecr:CreateRepository"], "Resource": "*"}"#;
    let grants = of(
        &format!(r#"{{"Statement": {replicate}}}"#),
        &ECR,
        Scope::Named(REGISTRY),
    );
    let needed_to_replicate = ["ecr:ReplicateImage", "ecr:CreateRepository"];
    let more = grants.granted(|action| !needed_to_replicate.contains(&action.name.as_str()));
    let expected = Granted {
        reach: Reach::Nobody,
        grants: Vec::new(),
        not_understood: Vec::new(),
    };
    assert_eq!(more, expected);
    assert_eq!(
        describe(&grants, ActionClass::Change),
        "account 444455556666"
    );
}
