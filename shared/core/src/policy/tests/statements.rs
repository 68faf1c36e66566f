//! The grants of statements, and the parts of statements that are not understood.

use super::*;
use crate::policy::{
    Comparison, Effect, Element, Operator, PolicyDocument, Principal, SetOperator,
};

#[test]
fn a_policy_without_statements_grants_nothing() {
    for text in [
        "",
        " \n",
        "{}",
        r#"{"Version": "2012-10-17"}"#,
        r#"{"Statement": []}"#,
    ] {
        let grants = of(text, &ECR, Scope::Attached);
        let found = grants.granted(|_| true);
        let expected = Granted {
            reach: Reach::Nobody,
            grants: Vec::new(),
            not_understood: Vec::new(),
        };
        assert_eq!(found, expected, "{text:?}");
    }
}

#[test]
fn texts_that_are_not_policies_are_rejected() {
    for text in ["null", "[]", r#""{}""#, "{", "everyone"] {
        let read = ResourcePolicy::from_text(text, |text| serde_json::from_str(text));
        assert!(read.is_err(), "{text:?}");
    }
}

#[test]
fn actions_are_matched_as_in_iam() {
    for (actions, [read, change]) in [
        (r#""Action": "ecr:*""#, [true, true]),
        (r#""Action": "*""#, [true, true]),
        (
            r#""Action": ["s3:GetObject", "ecr:PutImage"]"#,
            [false, true],
        ),
        (r#""Action": "ECR:BATCHGETIMAGE""#, [true, false]),
        (r#""Action": "ecr:*Image""#, [true, true]),
        (r#""Action": "ecr:Put?mage""#, [false, true]),
        (r#""Action": "ecr:Get*""#, [true, false]),
        (r#""Action": "ecr:NotYetKnown""#, [false, true]),
        (r#""NotAction": "ecr:Put*""#, [true, true]),
        (r#""NotAction": "ecr:*""#, [false, false]),
        (r#""NotAction": "s3:*""#, [true, true]),
        (r#""NotAction": []"#, [true, true]),
        (r#""Sid": "neither""#, [true, true]),
        (r#""Action": []"#, [false, false]),
        (r#""Action": "s3:*""#, [false, false]),
        (r#""Action": "ecr-public:*""#, [false, false]),
        (r#""Action": "ecr:GetAuthorizationToken""#, [false, false]),
    ] {
        let statement = format!(r#"{{"Effect": "Allow", "Principal": "*", {actions}}}"#);
        let grants = attached(&statement, &ECR);
        for (class, granted) in [(ActionClass::Read, read), (ActionClass::Change, change)] {
            let expected = if granted { "everyone" } else { "nobody" };
            assert_eq!(describe(&grants, class), expected, "{actions}");
        }
    }
}

#[test]
fn each_statement_grants_access() {
    let grants = attached(
        r#"[
            {"Sid": "Own", "Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "ecr:*"},
            {"Sid": "Partner", "Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "ecr:BatchGetImage"},
            {"Effect": "Allow", "Principal": {"AWS": ["AROADBQP57FF2AEXAMPLE"]}, "Action": "ecr:PutImage"}
        ]"#,
        &ECR,
    );
    let granted = grants.granted(|action| action.class == ActionClass::Read);
    assert_eq!(granted.reach, Reach::Named);
    let statements = granted.grants.iter();
    let statements: Vec<String> = statements
        .map(|grant| grant.statement.to_string())
        .collect();
    assert_eq!(statements, ["statement 2 (Partner)", "statement 1 (Own)"]);
    assert_eq!(
        describe(&grants, ActionClass::Change),
        "the owner's account"
    );
    let deleted: Vec<(String, &str)> = grants
        .deleted_principals()
        .map(|deleted| (deleted.statement.to_string(), deleted.id.as_str()))
        .collect();
    assert_eq!(
        deleted,
        [("statement 3".to_owned(), "AROADBQP57FF2AEXAMPLE")]
    );
}

#[test]
fn a_statement_that_is_not_understood_is_reported() {
    let account =
        r#""Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "ecr:BatchGetImage""#;
    for (statement, problem) in [
        (format!(r#"{{{account}, "Newer": 1}}"#), "statement 1 has the unknown element Newer"),
        (
            format!(r#"{{{account}, "Sid": "S", "Condition": {{"StringFoo": {{"a": "b"}}}}}}"#),
            "statement 1 (S) has the unknown condition operator StringFoo",
        ),
        (
            format!(r#"{{{account}, "Condition": {{"StringEquals": {{"a": "b", "A": "c"}}}}}}"#),
            "statement 1 has A twice in its Condition",
        ),
        (format!(r#"{{{account}, "Condition": []}}"#), "statement 1 has a Condition that is not an object"),
        (format!(r#"{{{account}, "NotAction": "ecr:*"}}"#), "statement 1 has both Action and NotAction"),
        (format!(r#"{{{account}, "Action": "ecr:*"}}"#), "statement 1 has Action twice"),
        (r#"{"Effect": "allow"}"#.to_owned(), "statement 1 has an Effect that is neither Allow nor Deny"),
        (r#"{"Principal": "*"}"#.to_owned(), "statement 1 has no Effect"),
        (r#""all""#.to_owned(), "statement 1 is not an object"),
        ("null".to_owned(), "statement 1 is not an object"),
        (
            r#"{"Effect": "Allow", "Principal": ["*"], "Action": "*"}"#.to_owned(),
            "statement 1 has a Principal of an unknown form",
        ),
        (r#"{"Effect": "Allow", "Action": "ecr:Get*"}"#.to_owned(), "statement 1 has no Principal"),
        (r#"{"Effect": "Deny", "Action": "ecr:Get*"}"#.to_owned(), "statement 1 has no Principal"),
        (
            r#"{"Effect": "Allow", "Principal": {"AWS": ["111122223333", "x"]}, "Action": "ecr:*"}"#.to_owned(),
            "statement 1 names the unknown principal AWS x",
        ),
        (
            r#"{"Effect": "Deny", "NotPrincipal": {"AWS": "x"}, "Action": "ecr:*"}"#.to_owned(),
            "statement 1 names the unknown principal AWS x",
        ),
        (deny(r#""StringFoo": {"a": "b"}"#), "statement 1 has the unknown condition operator StringFoo"),
    ] {
        let grants = attached(&statement, &ECR);
        let expected = format!("not understood: {problem}");
        assert_eq!(describe(&grants, ActionClass::Read), expected);
        // Another statement that grants access to everyone makes the problem irrelevant. One for some principals does
        // not.
        let allowed = pull_by_everyone(r#""StringEquals": {"aws:PrincipalOrgID": "o-abc"}"#);
        let grants = attached(&format!("[{allowed}, {statement}]"), &ECR);
        assert!(describe(&grants, ActionClass::Read).starts_with("not understood"));
        let grants = attached(&format!("[{statement}, {}]", pull_by_everyone("")), &ECR);
        let text = describe(&grants, ActionClass::Read);
        assert!(text.starts_with("everyone"), "{statement}: {text}");
    }
}

#[test]
fn an_unknown_element_of_the_policy_affects_every_action() {
    for (text, problem) in [
        (
            r#"{"Statement": [], "Newer": 1}"#,
            "the policy has the unknown element Newer",
        ),
        (
            r#"{"Statement": [], "Statement": []}"#,
            "the policy has Statement twice",
        ),
        (r#"{"Id": 1, "Id": 2}"#, "the policy has Id twice"),
        (
            r#"{"statement": []}"#,
            "the policy has the unknown element statement",
        ),
    ] {
        let grants = of(text, &KMS, Scope::Attached);
        for class in [ActionClass::Read, ActionClass::Use, ActionClass::Change] {
            assert_eq!(
                describe(&grants, class),
                format!("not understood: {problem}")
            );
        }
    }
}

#[test]
fn a_condition_that_is_not_understood_does_not_affect_other_actions() {
    let grants = attached(&pull_by_everyone(r#""StringFoo": {"a": "b"}"#), &ECR);
    assert!(describe(&grants, ActionClass::Read).starts_with("not understood"));
    assert_eq!(describe(&grants, ActionClass::Change), "nobody");
}

#[test]
fn a_statement_has_its_elements_and_conditions() {
    let issuer = "oidc.eks.eu-central-1.amazonaws.com/id/AB12";
    let text = format!(
        r#"{{"Statement": [{{
            "Sid": "Pods", "Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity",
            "Principal": {{"Federated": "arn:aws:iam::111122223333:oidc-provider/{issuer}"}},
            "Condition": {{
                "StringEquals": {{"{issuer}:aud": "sts.amazonaws.com"}},
                "ForAnyValue:StringLikeIfExists": {{"{issuer}:SUB": ["system:serviceaccount:pay:*"]}}
            }}
        }}, {{
            "Effect": "Deny", "NotAction": "ecr:*", "NotResource": ["a", "b"], "Condition": {{"StringFoo": {{"a": "b"}}}}
        }}]}}"#
    );
    let document: PolicyDocument = serde_json::from_str(&text).unwrap();
    let [pods, denial] = document.statements() else {
        panic!("{document:?} has two statements");
    };
    assert_eq!(pods.id.to_string(), "statement 1 (Pods)");
    assert_eq!(pods.effect, Effect::Allow);
    assert!(pods.covers("sts:assumerolewithwebidentity"));
    assert_eq!(pods.resource, Element::Absent);
    let provider = format!("arn:aws:iam::111122223333:oidc-provider/{issuer}");
    let kinds = vec![("Federated".to_owned(), vec![provider])];
    assert_eq!(pods.principal, Element::Only(Principal::Kinds(kinds)));
    let conditions = pods.conditions.as_ref().unwrap();
    let subject = conditions
        .iter()
        .find(|condition| condition.is_on(&format!("{issuer}:sub")))
        .unwrap();
    let operator = Operator {
        qualifier: Some(SetOperator::ForAnyValue),
        comparison: Comparison::StringLike,
        if_exists: true,
    };
    assert_eq!(subject.operator, operator);
    assert_eq!(subject.values, ["system:serviceaccount:pay:*"]);

    assert_eq!(denial.effect, Effect::Deny);
    assert!(denial.covers("sts:AssumeRole") && !denial.covers("ecr:PutImage"));
    let excepted = vec!["a".to_owned(), "b".to_owned()];
    assert_eq!(denial.resource, Element::AllBut(excepted));
    let problem = denial.conditions.as_ref().unwrap_err();
    assert_eq!(
        problem.to_string(),
        "statement 2 has the unknown condition operator StringFoo"
    );
}

#[test]
fn a_policy_document_has_the_same_grants_as_a_resource_policy() {
    let text = format!(r#"{{"Statement": {}}}"#, pull_by_everyone(""));
    let document: PolicyDocument = serde_json::from_str(&text).unwrap();
    assert_eq!(ResourcePolicy::from(document), policy(&text));
    for text in ["{}", r#"{"Statement": [], "Newer": 1}"#] {
        let read = serde_json::from_str::<PolicyDocument>(text);
        assert!(read.is_err(), "{text}");
    }
}

#[test]
fn a_certain_grant_is_returned_beside_parts_that_are_not_understood() {
    let grants = attached(
        r#"[
            {"Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "ecr:PutImage"},
            {"Effect": "Allow", "Principal": "*", "Action": "ecr:*", "Condition": {"StringFoo": {"a": "b"}}}
        ]"#,
        &ECR,
    );
    let granted = grants.granted(|action| action.class == ActionClass::Change);
    assert_eq!(granted.reach, Reach::Named);
    assert_eq!(granted.grants.len(), 1);
    let problems = granted.not_understood.iter();
    let problems: Vec<String> = problems.map(ToString::to_string).collect();
    let expected = "statement 2 has the unknown condition operator StringFoo";
    assert_eq!(problems, [expected]);
}

#[test]
fn long_texts_of_a_policy_are_cut() {
    let (sid, principal) = ("s".repeat(10_000), "p".repeat(10_000));
    let statement = format!(
        r#"{{"Sid": "{sid}", "Effect": "Allow", "Principal": {{"AWS": "{principal}"}}, "Action": "ecr:*"}}"#
    );
    let text = describe(&attached(&statement, &ECR), ActionClass::Read);
    assert!(text.len() < 500, "{} characters", text.len());
}

#[test]
fn a_policy_names_organizations_by_their_ids() {
    for (condition, expected) in [
        ("", false),
        (r#""StringEquals": {"aws:PrincipalOrgID": "o-abc"}"#, true),
        (
            r#""StringEquals": {"AWS:principalorgid": ["x", "o-abc"]}"#,
            true,
        ),
        (
            r#""ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-abc/*"}"#,
            true,
        ),
        (
            r#""StringNotEquals": {"aws:PrincipalOrgID": "o-abc"}"#,
            true,
        ),
        (
            r#""StringEquals": {"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}"#,
            false,
        ),
        (r#""StringEquals": {"aws:SourceOrgID": "o-abc"}"#, false),
        (
            r#""StringEquals": {"aws:PrincipalAccount": "o-abc"}"#,
            false,
        ),
        (r#""StringFoo": {"aws:PrincipalOrgID": "o-abc"}"#, false),
    ] {
        let policy = policy(&format!(
            r#"{{"Statement": {}}}"#,
            pull_by_everyone(condition)
        ));
        assert_eq!(policy.names_organizations(), expected, "{condition}");
    }
}
