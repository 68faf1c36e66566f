//! What is read of statements.

use crate::policy::{
    Comparison, Effect, Element, Operator, PolicyDocument, Principal, SetOperator,
};

#[test]
fn a_statement_tells_its_elements_and_conditions() {
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
