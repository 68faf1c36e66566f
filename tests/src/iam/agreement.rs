//! Tests that the checks' evaluation of policies agrees with the decisions of IAM.

use eksentry_core::policy::PolicyDocument;
use proptest::{collection::vec, prelude::*, sample::select};
use serde_json::{Value, json};

use super::*;

const ACTIONS: [&str; 9] = [
    "*:*",
    "??*:*",
    "s3:*",
    "e*s:*",
    "*:Get*",
    "sts:*",
    "STS:assumerole",
    "sts:AssumeRole*",
    "sts:TagSession",
];

const RESOURCES: [&str; 6] = [
    "*",
    "arn:*:*:*:*:*",
    "arn:aws:*:*:*:*",
    "arn:aws:*:*:111122223333:*",
    "arn:aws:s3:::*",
    "arn:aws:*:eu-central-1:*:*",
];

const ACCOUNTS: [&str; 3] = ["111122223333", "444455556666", "777788889999"];

/// Requests with so little in common that a statement that allows all of them allows everything.
const UNRELATED_REQUESTS: [(&str, &str); 4] = [
    ("s3:GetObject", "arn:aws:s3:::bucket/key"),
    (
        "eks:DeleteCluster",
        "arn:aws:eks:eu-central-1:111122223333:cluster/c",
    ),
    ("sts:AssumeRole", "arn:aws:iam::444455556666:role/r"),
    ("qq-q:Zzz", "arn:aws:qq-q:us-east-1:777788889999:z"),
];

/// Returns a strategy for one of these texts, or a list of 1 to 3 of them.
fn some_of(texts: &'static [&'static str]) -> impl Strategy<Value = Value> {
    let one = select(texts).prop_map(Value::from);
    prop_oneof![one, vec(select(texts), 1..4).prop_map(Value::from)]
}

fn effect() -> impl Strategy<Value = &'static str> {
    select(&["Allow", "Allow", "Deny"][..])
}

fn permission() -> impl Strategy<Value = Value> {
    (effect(), some_of(&ACTIONS), some_of(&RESOURCES)).prop_map(|(effect, actions, resources)| {
        json!({"Effect": effect, "Action": actions, "Resource": resources})
    })
}

fn trust() -> impl Strategy<Value = Value> {
    let accounts = vec(select(&ACCOUNTS[..]), 1..3);
    (effect(), some_of(&ACTIONS), accounts).prop_map(|(effect, actions, accounts)| {
        let roots: Vec<String> = accounts.into_iter().map(root).collect();
        json!({"Effect": effect, "Action": actions, "Principal": {"AWS": roots}})
    })
}

fn root(account: &str) -> String {
    format!("arn:aws:iam::{account}:root")
}

fn document(statements: &[Value]) -> PolicyDocument {
    serde_json::from_value(json!({"Version": "2012-10-17", "Statement": statements})).unwrap()
}

/// Returns the statements that allow. The checks do not evaluate statements that deny.
fn allowing(statements: &[Value]) -> Vec<Statement> {
    let read = statements
        .iter()
        .map(|one| Statement::parse("a policy", one).unwrap());
    read.filter(Statement::allows).collect()
}

fn request(action: &str, resource: &str, account: &str) -> Request {
    Request {
        action: action.to_owned(),
        resource: resource.to_owned(),
        region: "eu-central-1".to_owned(),
        principal: root(account),
        account: account.to_owned(),
        external_id: None,
    }
}

fn is_allowed(statements: &[Statement], request: &Request) -> bool {
    matches!(decide(statements, request), Decision::Allowed(_))
}

proptest! {
    #[test]
    fn allows_everything_agrees_with_iam(statements in vec(permission(), 0..4)) {
        let may_all = |one: &Statement| UNRELATED_REQUESTS.iter().all(|(action, resource)| {
            is_allowed(std::slice::from_ref(one), &request(action, resource, ACCOUNTS[0]))
        });
        let everything = allowing(&statements).iter().any(may_all);
        prop_assert_eq!(document(&statements).allows_everything(), everything);
    }

    #[test]
    fn trusted_principals_agree_with_iam(statements in vec(trust(), 0..4)) {
        let trusted = document(&statements).trusted_principals();
        for account in ACCOUNTS {
            let requested = request("sts:AssumeRole", "arn:aws:iam::111122223333:role/r", account);
            let may = is_allowed(&allowing(&statements), &requested);
            prop_assert_eq!(trusted.contains(&format!("AWS {}", root(account))), may, "{}", account);
        }
    }
}
