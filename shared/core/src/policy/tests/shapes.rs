//! All valid shapes of a policy, and some that are not valid.

use crate::policy::PolicyDocument;

fn read(document: &str) -> Option<PolicyDocument> {
    serde_json::from_str(document).ok()
}

fn statement(members: &str) -> PolicyDocument {
    let document = format!(r#"{{"Statement": {{"Effect": "Allow", {members}}}}}"#);
    read(&document).unwrap_or_else(|| panic!("{document} is legal"))
}

#[test]
fn elements_besides_statements_do_not_matter() {
    let all = r#"{"Effect": "Allow", "Action": "*", "Resource": "*"}"#;
    for document in [
        format!(r#"{{"Statement": {all}}}"#),
        format!(r#"{{"Statement": [{all}]}}"#),
        format!(r#"{{"Version": "2008-10-17", "Id": "an id", "Statement": [{all}]}}"#),
        format!(r#"{{"Id": "", "Statement": [{all}, {all}], "Version": "2012-10-17"}}"#),
    ] {
        assert!(read(&document).unwrap().allows_everything(), "{document}");
    }
    assert!(!read(r#"{"Statement": []}"#).unwrap().allows_everything());
}

#[test]
fn sids_and_conditions_do_not_change_the_grants() {
    for more in [
        r#""Sid": """#,
        r#""Sid": "AllowAll""#,
        r#""Condition": {}"#,
        r#""Condition": {"Bool": {"aws:SecureTransport": true}}"#,
        r#""Condition": {"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", 7, null]}, "NumericLessThan": {"a": 1.5}}"#,
    ] {
        let all = statement(&format!(r#""Action": "*", "Resource": "*", {more}"#));
        assert!(all.allows_everything(), "{more}");
        let trust = statement(&format!(r#""Action": "sts:*", "Principal": "*", {more}"#));
        assert_eq!(trust.trusted_principals(), ["*"], "{more}");
    }
}

#[test]
fn all_forms_of_every_action_and_resource_are_recognized() {
    for (actions, resources, everything) in [
        (r#""*""#, r#""*""#, true),
        (r#"["s3:Get*", "*"]"#, r#"["arn:aws:s3:::b", "*"]"#, true),
        (r#""**""#, r#""**""#, true),
        (r#""*:*""#, r#""arn:*""#, true),
        (r#""?*:?*""#, r#""arn:aws:*""#, true),
        (r#""??*""#, r#""arn:aws:*:*:*:*""#, true),
        (r#""*?""#, r#""arn:aws-cn:*:*:*:*""#, true),
        (r#""*""#, r#""arn:aws-us-gov:*""#, true),
        (r#""*""#, r#""???*""#, true),
        (r#""??:*""#, r#""*""#, false),
        (r#""e*s:*""#, r#""*""#, false),
        (r#""*:Get*""#, r#""*""#, false),
        (r#""*""#, r#""arn:aws:*:*:111122223333:*""#, false),
        (r#""*""#, r#""arn:aws:s3:::*""#, false),
        (r#""*""#, r#""arn:aws:*:us-east-1:*:*""#, false),
        (r#""""#, r#""*""#, false),
        (r#""*""#, r#""""#, false),
        ("[]", r#""*""#, false),
        (r#""*""#, "[]", false),
    ] {
        let read = statement(&format!(r#""Action": {actions}, "Resource": {resources}"#));
        assert_eq!(
            read.allows_everything(),
            everything,
            "{actions} on {resources}"
        );
    }
}

#[test]
fn exceptions_are_not_everything() {
    for (members, everything) in [
        (r#""NotAction": "iam:*", "Resource": "*""#, false),
        (r#""NotAction": ["*"], "Resource": "*""#, false),
        (r#""NotAction": [], "Resource": "*""#, true),
        (r#""Action": "*", "NotResource": "arn:aws:s3:::b""#, false),
        (r#""Action": "*", "NotResource": []"#, true),
        (r#""NotAction": [], "NotResource": []"#, true),
    ] {
        assert_eq!(
            statement(members).allows_everything(),
            everything,
            "{members}"
        );
    }
}

#[test]
fn trusted_principals_include_every_kind() {
    for (principal, trusted) in [
        (r#""Principal": "*""#, vec!["*"]),
        (r#""Principal": {"AWS": "*"}"#, vec!["AWS *"]),
        (
            r#""Principal": {"AWS": "111122223333"}"#,
            vec!["AWS 111122223333"],
        ),
        (
            r#""Principal": {"AWS": ["arn:aws:iam::111122223333:user/a+b", "AIDAEXAMPLE"], "CanonicalUser": "79a5"}"#,
            vec![
                "AWS AIDAEXAMPLE",
                "AWS arn:aws:iam::111122223333:user/a+b",
                "CanonicalUser 79a5",
            ],
        ),
        (
            r#""Principal": {"Federated": ["cognito-identity.amazonaws.com"], "Service": []}"#,
            vec!["Federated cognito-identity.amazonaws.com"],
        ),
        (
            r#""Principal": {"Service": "ec2.amazonaws.com", "Service": "eks.amazonaws.com"}"#,
            vec!["Service ec2.amazonaws.com", "Service eks.amazonaws.com"],
        ),
        (
            r#""NotPrincipal": "*""#,
            vec!["everyone except NotPrincipal"],
        ),
        (
            r#""NotPrincipal": {"Service": "eks.amazonaws.com"}"#,
            vec!["everyone except NotPrincipal"],
        ),
    ] {
        let read = statement(&format!(r#""Action": "sts:AssumeRole", {principal}"#));
        assert_eq!(read.trusted_principals(), trusted, "{principal}");
    }
}

#[test]
fn every_action_that_assumes_a_role_counts() {
    for (actions, trusted) in [
        (r#""Action": "sts:assumerole""#, true),
        (r#""Action": "STS:ASSUMEROLE""#, true),
        (
            r#""Action": ["sts:TagSession", "sts:AssumeRoleWith*"]"#,
            true,
        ),
        (r#""Action": "s?s:*""#, true),
        (r#""Action": "*:AssumeRole""#, true),
        (r#""NotAction": "s3:*""#, true),
        (r#""NotAction": []"#, true),
        (r#""Action": "sts:TagSession""#, false),
        (r#""Action": []"#, false),
        (r#""NotAction": ["sts:*"]"#, false),
    ] {
        let read = statement(&format!(r#"{actions}, "Principal": "*""#));
        assert_eq!(!read.trusted_principals().is_empty(), trusted, "{actions}");
    }
}

#[test]
fn a_missing_element_may_mean_any_principal_or_action() {
    for members in [
        r#""Sid": "a", "Principal": "*""#,
        r#""Sid": "a", "Action": "sts:AssumeRole""#,
    ] {
        assert!(
            !statement(members).trusted_principals().is_empty(),
            "{members}"
        );
    }
}

#[test]
fn documents_that_are_not_understood_are_rejected() {
    for statement in [
        r#"{"effect": "Allow", "Action": "*", "Resource": "*"}"#,
        r#"{"Effect": "allow", "Action": "*", "Resource": "*"}"#,
        r#"{"Effect": "Allow", "action": "*", "Resource": "*"}"#,
        r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "principal": "*"}"#,
        r#"{"Effect": "Allow", "Action": "*", "Resource": "*", "NewElement": 1}"#,
        r#"{"Effect": "Allow", "Effect": "Deny", "Action": "*", "Resource": "*"}"#,
        r#"{"Effect": "Allow", "Action": {"any": "*"}, "Resource": "*"}"#,
        r#"{"Effect": "Allow", "Action": [["*"]], "Resource": "*"}"#,
        r#"{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": ["*"]}"#,
        r#"{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {}}"#,
        r#"{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": {"any": "*"}}}"#,
        r#"{"Effect": "Allow", "Action": "\ud800", "Resource": "*"}"#,
        "null",
    ] {
        let document = format!(r#"{{"Statement": [{statement}]}}"#);
        assert_eq!(read(&document), None, "{document}");
    }
    assert_eq!(read(r#"{"statement": []}"#), None);
    assert_eq!(read(r#"{"Statement": [], "Statement": []}"#), None);
    assert_eq!(read(r#"{"Statement": [], "More": []}"#), None);
}
