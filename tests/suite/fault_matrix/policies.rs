//! The policies of the scenarios' resources.

use serde_json::{Value, json};

use crate::world::{key, repository_arn};

/// An account that is not trusted.
pub(super) const OTHER: &str = "444455556666";

/// Returns a policy that lets principals do everything with the actions of a service.
pub(super) fn policy(principal: Value, actions: &str) -> Value {
    let statement =
        json!({"Effect": "Allow", "Principal": principal, "Action": actions, "Resource": "*"});
    json!({"Version": "2012-10-17", "Statement": statement})
}

/// Returns a policy that lets everyone in the account's organization change a repository.
pub(super) fn policy_of_organization() -> Value {
    let mut policy = policy(json!("*"), "ecr:*");
    policy["Statement"]["Condition"] =
        json!({"StringEquals": {"aws:PrincipalOrgID": "o-ab12cd34ef"}});
    policy
}

/// Returns a policy of the registry that lets another account push to the repository team/new.
pub(super) fn policy_for_new_repositories() -> Value {
    let mut policy = policy(json!({"AWS": OTHER}), "ecr:PutImage");
    policy["Statement"]["Resource"] = json!(repository_arn("team/new"));
    policy
}

/// Returns a key with a policy that lets a principal do everything.
pub(super) fn key_of(id: &str, rotates: bool, principal: Value) -> Value {
    let mut key = key(id, rotates);
    key["policy"] = policy(principal, "kms:*");
    key
}

/// Returns repository creation templates, the last of which has this policy.
pub(super) fn creation_templates(last: &Value) -> Value {
    json!([{"prefix": "a"}, {"prefix": "b"}, {"prefix": "c", "repositoryPolicy": last}])
}
