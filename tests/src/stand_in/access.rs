//! The permissions that IAM checks before an operation: actions and their resources.

use std::{collections::BTreeSet, sync::LazyLock};

use serde_json::{Value, json};

use super::{
    operation::{Operation, Permissions},
    placeholders::fill_text,
    state::State,
    wire::Request,
};
use crate::{
    account::{Account, partition},
    iam as policies,
    template::Role,
};

/// The resource of an action that applies to no specific resource.
pub(super) const ANY: &str = "*";

/// A permission that a request needs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct RequiredPermission {
    action: &'static str,
    resource: String,
    /// `true` if the service calls another service for the caller. The functions' code then has no call beside which
    /// the action could be declared.
    is_used_by_service: bool,
}

impl RequiredPermission {
    pub(super) fn new(action: &'static str, resource: impl Into<String>) -> Self {
        Self {
            action,
            resource: resource.into(),
            is_used_by_service: false,
        }
    }

    /// Creates a permission that the service uses to call another service for the caller.
    pub(super) fn used_by_service(action: &'static str) -> Self {
        Self {
            is_used_by_service: true,
            ..Self::new(action, ANY)
        }
    }

    /// Returns `true` if the action is declared beside a call of the functions, or needs no declaration.
    pub(super) fn is_declared(&self) -> bool {
        static DECLARED: LazyLock<BTreeSet<&str>> =
            LazyLock::new(|| eksentry_runtime::actions().collect());
        self.is_used_by_service || DECLARED.contains(self.action)
    }

    /// Returns the message about an action that is not declared.
    pub(super) fn undeclared(&self) -> String {
        let action = self.action;
        format!("{action} is not declared: declare it beside the call that needs it")
    }

    /// Returns the request that IAM decides on when a session of a role sends this request.
    pub(super) fn request_of(
        &self,
        role: &Role,
        account: &str,
        request: &Request,
    ) -> policies::Request {
        let external_id = request.member("ExternalId").and_then(Value::as_str);
        policies::Request {
            action: self.action.to_owned(),
            resource: self.resource.clone(),
            region: request.region.clone(),
            principal: role.arn.clone(),
            account: account.to_owned(),
            external_id: external_id.map(str::to_owned),
        }
    }
}

/// Returns the permissions that a request needs, given the caller's account in the Region that the request is sent to.
pub(super) fn needs(
    operation: &'static Operation,
    state: &State,
    account: &Account,
    request: &Request,
) -> Vec<RequiredPermission> {
    let action = operation.action.as_str();
    let resource = match &operation.row.permissions {
        Permissions::Nothing => return Vec::new(),
        Permissions::On(template) => resource(template, account, request),
        Permissions::OnResource(resource) => resource(account, request),
        Permissions::Of(permissions) => return permissions(action, account, request),
        Permissions::OfState(permissions) => return permissions(action, state, request),
    };
    vec![RequiredPermission::new(action, resource)]
}

/// Returns the resource in a row; see [`Permissions::On`].
fn resource(template: &str, account: &Account, request: &Request) -> String {
    let resource = fill_text(template, &|name| match name {
        "account" => Some(account.account.as_str().into()),
        "region" => Some(account.region.as_str().into()),
        "partition" => Some(partition(&account.region).into()),
        member => request.member(member).cloned(),
    });
    let is_complete = template == ANY || template.starts_with("arn:") || template.starts_with('{');
    if is_complete {
        return resource;
    }
    account.arn(request.service.name(), &account.region, &resource)
}

/// Returns the message about a request that a role's policies do not allow.
pub(super) fn denied(role: &Role, denied: &policies::Request) -> String {
    let (action, resource) = (&denied.action, &denied.resource);
    let statement = json!({"Effect": "Allow", "Action": action, "Resource": resource});
    format!(
        "{} is not authorized to perform {denied}: unless the call is wrong, its template should have a statement like \
         {statement}",
        role.name
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn resources_are_named_by_members_of_the_request() {
        let account = Account::empty("123456789012", "eu-central-1");
        let state = State::new(account.clone());
        for (name, members, wanted) in [
            (
                "eks.ListClusters",
                json!({}),
                &[("eks:ListClusters", "*")][..],
            ),
            (
                "eks.DescribeCluster",
                json!({"name": "a"}),
                &[(
                    "eks:DescribeCluster",
                    "arn:aws:eks:eu-central-1:123456789012:cluster/a",
                )],
            ),
            (
                "account.ListRegions",
                json!({}),
                &[(
                    "account:ListRegions",
                    "arn:aws:account::123456789012:account",
                )],
            ),
            (
                "sts.AssumeRole",
                json!({"RoleArn": "arn:aws:iam::210987654321:role/a"}),
                &[("sts:AssumeRole", "arn:aws:iam::210987654321:role/a")],
            ),
            ("sts.GetCallerIdentity", json!({}), &[]),
            (
                "tagging.GetResources",
                json!({}),
                &[("tag:GetResources", "*")],
            ),
            (
                "sqs.SendMessageBatch",
                json!({"QueueUrl": "https://sqs.eu-central-1.amazonaws.com/210987654321/q"}),
                &[("sqs:SendMessage", "arn:aws:sqs:eu-central-1:210987654321:q")],
            ),
            (
                "ssm.GetParametersByPath",
                json!({"Path": "/a/b"}),
                &[(
                    "ssm:GetParametersByPath",
                    "arn:aws:ssm:eu-central-1:123456789012:parameter/a/b",
                )],
            ),
            (
                "s3.GetObject",
                json!({"Bucket": "b", "Key": "k"}),
                &[
                    ("s3:GetObject", "arn:aws:s3:::b/k"),
                    ("s3:ListBucket", "arn:aws:s3:::b"),
                ],
            ),
            ("kms.DescribeKey", json!({"KeyId": "alias/none"}), &[]),
            (
                "ecr.DescribeRepositories",
                json!({"repositoryNames": ["a", "b"]}),
                &[
                    (
                        "ecr:DescribeRepositories",
                        "arn:aws:ecr:eu-central-1:123456789012:repository/a",
                    ),
                    (
                        "ecr:DescribeRepositories",
                        "arn:aws:ecr:eu-central-1:123456789012:repository/b",
                    ),
                ],
            ),
        ] {
            let request = Request::of(name, members);
            let needs = needs(request.row().unwrap(), &state, &account, &request);
            let wanted = wanted.iter();
            let wanted: Vec<RequiredPermission> = wanted
                .map(|(action, resource)| RequiredPermission::new(action, *resource))
                .collect();
            assert_eq!(needs, wanted, "{name}");
        }
    }
}
