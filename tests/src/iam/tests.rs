use serde_json::json;

use super::*;

const PRINCIPAL: &str = "arn:aws:iam::111122223333:role/eksentry-SweepRole-1";

fn request(action: &str, resource: &str) -> Request {
    Request {
        action: action.to_owned(),
        resource: resource.to_owned(),
        region: "eu-west-1".to_owned(),
        principal: PRINCIPAL.to_owned(),
        account: "111122223333".to_owned(),
        external_id: Some("bank".to_owned()),
    }
}

fn statement(statement: &Value) -> Statement {
    Statement::parse("a policy, statement 1", statement).unwrap()
}

fn is_allowed(statements: &[Value], request: &Request) -> bool {
    let statements: Vec<Statement> = statements.iter().map(statement).collect();
    matches!(decide(&statements, request), Decision::Allowed(_))
}

fn allow(action: &str, resource: &str) -> Value {
    json!({"Effect": "Allow", "Action": action, "Resource": resource})
}

#[test]
fn requests_are_denied_by_default_and_by_an_explicit_deny() {
    let cluster = "arn:aws:eks:eu-west-1:111122223333:cluster/payments";
    let requested = request("eks:DescribeCluster", cluster);
    let allowed = allow("eks:DescribeCluster", cluster);
    let denied = json!({"Effect": "Deny", "Action": "eks:*", "Resource": "*"});
    assert!(!is_allowed(&[], &requested));
    assert!(is_allowed(
        &[allow("eks:ListNodegroups", cluster), allowed.clone()],
        &requested
    ));
    assert!(!is_allowed(&[allowed, denied], &requested));
}

#[test]
fn actions_and_resources_match_as_in_iam() {
    let repository = "arn:aws:ecr:eu-west-1:111122223333:repository/payments/api";
    let requested = request("ecr:DescribeImages", repository);
    for (action, resource, fits) in [
        ("ecr:describeimages", repository, true),
        ("ecr:Describe*", "*", true),
        ("*:DescribeImages", repository, true),
        ("ecr:DescribeImage", repository, false),
        (
            "ecr:DescribeImages",
            "arn:aws:ecr:*:111122223333:repository/*",
            true,
        ),
        (
            "ecr:DescribeImages",
            "arn:aws:ecr:eu-west-?:*:repository/pay*/api",
            true,
        ),
        ("ecr:DescribeImages", "arn:aws:ecr:*:repository/*", false),
        (
            "ecr:DescribeImages",
            "arn:aws:ecr:eu-central-1:111122223333:repository/*",
            false,
        ),
        (
            "ecr:DescribeImages",
            "arn:aws:ecr:eu-west-1:111122223333:repository/Payments/api",
            false,
        ),
    ] {
        let statements = Statement::parse("a policy", &allow(action, resource));
        let fitting = statements.map(|one| one.fits(&requested));
        // A resource of fewer than six parts is not an ARN, so its statement is an error.
        assert_eq!(fitting.unwrap_or_default(), fits, "{action} {resource}");
    }
}

#[test]
fn conditions_are_evaluated_on_the_request() {
    let requested = request(
        "sts:AssumeRole",
        "arn:aws:iam::444455556666:role/eksentry-member",
    );
    for (condition, holds) in [
        (
            json!({"StringLike": {"aws:RequestedRegion": ["us-east-1", "eu-*"]}}),
            true,
        ),
        (
            json!({"StringEquals": {"aws:RequestedRegion": "eu-*"}}),
            false,
        ),
        (json!({"StringEquals": {"sts:ExternalId": "bank"}}), true),
        (json!({"StringEquals": {"sts:ExternalId": "ledger"}}), false),
        (
            json!({"ArnLike": {"AWS:principalarn": "arn:aws:iam::111122223333:role/eksentry-*"}}),
            true,
        ),
        (
            json!({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111122223333:role/other"}}),
            false,
        ),
        (
            json!({"StringEquals": {"sts:ExternalId": "bank"}, "StringLike": {"aws:RequestedRegion": "us-*"}}),
            false,
        ),
    ] {
        let mut allowed = allow("sts:AssumeRole", "*");
        allowed["Condition"] = condition.clone();
        assert_eq!(is_allowed(&[allowed], &requested), holds, "{condition}");
    }
    let mut nameless = requested;
    nameless.external_id = None;
    let mut allowed = allow("sts:AssumeRole", "*");
    allowed["Condition"] = json!({"StringEquals": {"sts:ExternalId": ["bank"]}});
    assert!(!is_allowed(&[allowed], &nameless));
}

#[test]
fn principals_are_accounts() {
    let role = "arn:aws:iam::444455556666:role/eksentry-member";
    let requested = request("sts:AssumeRole", role);
    for (account, holds) in [("111122223333", true), ("444455556666", false)] {
        let trust = json!({
            "Effect": "Allow", "Action": "sts:AssumeRole",
            "Principal": {"AWS": format!("arn:aws:iam::{account}:root")},
        });
        assert_eq!(is_allowed(&[trust], &requested), holds, "{account}");
    }
}

#[test]
fn unsupported_elements_are_errors() {
    for (change, named) in [
        (json!({"Effect": "Maybe"}), "Maybe"),
        (json!({"NotAction": "eks:*"}), "NotAction"),
        (json!({"Action": "*"}), "*"),
        (json!({"Resource": "payments"}), "payments"),
        (
            json!({"Resource": "arn:aws:s3:::${aws:username}"}),
            "aws:username",
        ),
        (json!({"Resource": {"Ref": "Queue"}}), "Queue"),
        (json!({"Principal": "*"}), "*"),
        (
            json!({"Principal": {"Service": "lambda.amazonaws.com"}}),
            "lambda",
        ),
        (
            json!({"Condition": {"Bool": {"aws:SecureTransport": "true"}}}),
            "Bool",
        ),
        (
            json!({"Condition": {"StringLike": {"kms:ViaService": "eks"}}}),
            "kms:ViaService",
        ),
    ] {
        let mut members = allow("eks:DescribeCluster", "*");
        for (name, value) in change.as_object().unwrap() {
            members[name] = value.clone();
        }
        let error = Statement::parse("a policy, statement 1", &members).unwrap_err();
        assert!(error.problem.contains(named), "{error}");
    }
}
