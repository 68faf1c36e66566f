//! Whole policies, and the principals to which they grant access.

mod cases;
mod denials;
mod destinations;
mod properties;
mod registries;
mod requests;
mod shapes;
mod statements;

use super::{
    ActionClass, ECR, Granted, Grants, KMS, NotUnderstood, Reach, ResourcePolicy, Scope, Service,
    grants, grants_despite,
};

const OWNER: &str = "111122223333";
const REGISTRY: &str = "arn:aws:ecr:eu-central-1:111122223333:repository/*";

fn policy(text: &str) -> ResourcePolicy {
    ResourcePolicy::from_text(text, |text| serde_json::from_str(text)).unwrap()
}

fn of(text: &str, service: &Service, scope: Scope<'_>) -> Grants {
    grants(&policy(text), OWNER, service, scope)
}

/// Returns the grants of a policy with these statements.
fn attached(statements: &str, service: &Service) -> Grants {
    let text = format!(r#"{{"Version": "2012-10-17", "Statement": {statements}}}"#);
    of(&text, service, Scope::Attached)
}

/// Returns the principals that are granted actions of a class, in words.
fn describe(grants: &Grants, class: ActionClass) -> String {
    let Granted {
        reach,
        grants,
        not_understood,
    } = grants.granted(|action| action.class == class);
    assert_eq!(reach == Reach::Nobody, grants.is_empty());
    if let Some(problem) = not_understood.first()
        && reach < Reach::Everyone
    {
        return format!("not understood: {problem}");
    }
    let audiences: Vec<String> = grants
        .iter()
        .map(|grant| grant.audience.to_string())
        .collect();
    if audiences.is_empty() {
        "nobody".to_owned()
    } else {
        audiences.join(" | ")
    }
}

fn pull(principal: &str, condition: &str) -> String {
    format!(
        r#"{{"Effect": "Allow", {principal}, "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"], "Condition": {{{condition}}}}}"#
    )
}

fn pull_by_everyone(condition: &str) -> String {
    pull(r#""Principal": "*""#, condition)
}

fn decrypt(condition: &str) -> String {
    format!(
        r#"{{"Effect": "Allow", "Principal": {{"AWS": "*"}}, "Action": "kms:Decrypt", "Resource": "*", "Condition": {{{condition}}}}}"#
    )
}

fn deny(condition: &str) -> String {
    format!(
        r#"{{"Effect": "Deny", "Principal": "*", "Action": "ecr:*", "Condition": {{{condition}}}}}"#
    )
}
