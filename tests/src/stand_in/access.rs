//! The permissions that IAM checks before an operation: actions and their resources.
//!
//! Sources: the tables of <https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html>, and
//! those named in comments below.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    iam, organizations,
    service::{AwsError, Service},
    wire::Request,
};
use crate::{
    account::{Account, digest},
    iam as policies,
    template::Role,
};

/// The resource of an action that applies to no specific resource.
const ANY: &str = "*";

/// A permission that a request needs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct RequiredPermission {
    action: &'static str,
    resource: String,
    /// `true` if the service calls another service in the caller's name. The functions' code then holds no call beside
    /// which the action could be declared.
    in_our_name: bool,
}

fn need(action: &'static str, resource: impl Into<String>) -> RequiredPermission {
    RequiredPermission {
        action,
        resource: resource.into(),
        in_our_name: false,
    }
}

/// Returns the permissions that a request needs, given the caller's account in the Region that the request is sent to.
pub(super) fn needs(
    account: &Account,
    request: &Request,
) -> Result<Vec<RequiredPermission>, AwsError> {
    let text = |name: &str| {
        let text = request.member(name).and_then(Value::as_str);
        text.unwrap_or_default()
    };
    let own = |service: &str, resource: String| account.arn(service, &account.region, &resource);
    let cluster = |name: &str| own("eks", format!("cluster/{name}"));
    let repository = |name: &str| own("ecr", format!("repository/{name}"));
    let one = |action, resource| vec![need(action, resource)];
    Ok(match (request.service, request.operation.as_str()) {
        (Service::Account, "ListRegions") => {
            one("account:ListRegions", account.arn("account", "", "account"))
        }
        (Service::Config, "PutEvaluations") => one("config:PutEvaluations", ANY.to_owned()),
        // The ARN contains the rule's id, which differs from its name.
        (Service::Config, "GetComplianceDetailsByConfigRule") => {
            let id = &digest(text("ConfigRuleName"))[..6];
            one(
                "config:GetComplianceDetailsByConfigRule",
                own("config", format!("config-rule/config-rule-{id}")),
            )
        }
        (Service::Config, operation) if recorder_action(operation).is_some() => one(
            recorder_action(operation).unwrap_or_default(),
            ANY.to_owned(),
        ),
        (Service::Ecr, "DescribeImages") => {
            one("ecr:DescribeImages", repository(text("repositoryName")))
        }
        (Service::Ecr, "DescribeImageScanFindings") => scan_findings(account, text),
        (Service::Ecr, "BatchGetImage") => {
            one("ecr:BatchGetImage", repository(text("repositoryName")))
        }
        (Service::Ecr, "DescribeRepositories") => {
            let names = request.texts("repositoryNames", usize::MAX)?;
            let names = names.unwrap_or_else(|| vec![ANY]).into_iter();
            names
                .map(|name| need("ecr:DescribeRepositories", repository(name)))
                .collect()
        }
        (Service::Ecr, "GetRegistryScanningConfiguration") => {
            one("ecr:GetRegistryScanningConfiguration", ANY.to_owned())
        }
        (Service::Eks, "ListClusters") => one("eks:ListClusters", ANY.to_owned()),
        (Service::Eks, "DescribeCluster") => one("eks:DescribeCluster", cluster(text("name"))),
        (Service::Eks, "ListNodegroups") => one("eks:ListNodegroups", cluster(text("clusterName"))),
        (Service::Eks, "DescribeNodegroup") => {
            let (cluster, group) = (text("clusterName"), text("nodegroupName"));
            let id = &digest(group)[..8];
            one(
                "eks:DescribeNodegroup",
                own("eks", format!("nodegroup/{cluster}/{group}/{id}")),
            )
        }
        (Service::Iam, operation) => one(
            iam_action(operation)?,
            match text("PolicyArn") {
                "" => iam::role_arn(account, text("RoleName")),
                arn => arn.to_owned(),
            },
        ),
        (Service::Kms, "ListKeys") => one("kms:ListKeys", ANY.to_owned()),
        (Service::Kms, "DescribeKey") => key("kms:DescribeKey", account, text("KeyId")),
        (Service::Kms, "GetKeyRotationStatus") => {
            key("kms:GetKeyRotationStatus", account, text("KeyId"))
        }
        (Service::Organizations, "ListAccounts") => {
            one("organizations:ListAccounts", ANY.to_owned())
        }
        (Service::Organizations, "ListAccountsForParent") => one(
            "organizations:ListAccountsForParent",
            organizations::parent_arn(account, text("ParentId")),
        ),
        (Service::Organizations, "ListOrganizationalUnitsForParent") => one(
            "organizations:ListOrganizationalUnitsForParent",
            organizations::parent_arn(account, text("ParentId")),
        ),
        (Service::S3, operation) => one(
            object_action(operation)?,
            bucket_arn(account, &format!("{}/{}", text("Bucket"), text("Key"))),
        ),
        (Service::SecurityHub, "BatchImportFindings") => products(request),
        (Service::SecurityHub, "GetFindings") => one(
            "securityhub:GetFindings",
            own("securityhub", "hub/default".to_owned()),
        ),
        (Service::Sqs, "SendMessage" | "SendMessageBatch") => {
            one("sqs:SendMessage", queue_arn(account, text("QueueUrl")))
        }
        (Service::Ssm, "GetParameter") => {
            one("ssm:GetParameter", parameter_arn(account, text("Name")))
        }
        // IAM checks the path itself, not the parameters below it.
        (Service::Ssm, "GetParametersByPath") => one(
            "ssm:GetParametersByPath",
            parameter_arn(account, text("Path")),
        ),
        (Service::Sts, "AssumeRole") => one("sts:AssumeRole", text("RoleArn").to_owned()),
        // No permission is needed.
        // Source: <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>.
        (Service::Sts, "GetCallerIdentity") => Vec::new(),
        (Service::Tagging, "GetResources") => one("tag:GetResources", ANY.to_owned()),
        _ => return Err(unknown(request)),
    })
}

/// Returns the permission that decides which error S3 returns for an object that does not exist.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>.
pub(super) fn need_of_missing_object(account: &Account, bucket: &str) -> RequiredPermission {
    need("s3:ListBucket", bucket_arn(account, bucket))
}

impl RequiredPermission {
    /// Returns `true` if the action is declared beside a call of the functions, or needs no declaration.
    pub(super) fn is_declared(&self) -> bool {
        self.in_our_name || eksentry_runtime::actions().any(|action| action == self.action)
    }

    /// Returns the message about an action that is not declared.
    pub(super) fn undeclared(&self) -> String {
        let action = self.action;
        format!("{action} is declared nowhere: declare it beside the call that needs it")
    }

    /// Returns the request that IAM decides on when a session of a role sends this request.
    pub(super) fn asked_by(
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

/// Returns the message about a request that a role's policies do not allow.
pub(super) fn denied(role: &Role, asked: &policies::Request) -> String {
    let (action, resource) = (&asked.action, &asked.resource);
    let statement = json!({"Effect": "Allow", "Action": action, "Resource": resource});
    format!(
        "{} is not authorized to perform {asked}: unless the call is wrong, its template should have a statement like \
         {statement}",
        role.name
    )
}

fn unknown(request: &Request) -> AwsError {
    AwsError::unknown_operation(&format!("{} or what IAM checks of it", request.name()))
}

/// Returns the action of an operation of IAM, all of which are about a role or a policy.
fn iam_action(operation: &str) -> Result<&'static str, AwsError> {
    Ok(match operation {
        "GetPolicy" => "iam:GetPolicy",
        "GetPolicyVersion" => "iam:GetPolicyVersion",
        "GetRole" => "iam:GetRole",
        "GetRolePolicy" => "iam:GetRolePolicy",
        "ListAttachedRolePolicies" => "iam:ListAttachedRolePolicies",
        "ListRolePolicies" => "iam:ListRolePolicies",
        other => return Err(AwsError::unknown_operation(other)),
    })
}

/// Returns the action of an operation that describes AWS Config's recorders; `None` for other operations.
fn recorder_action(operation: &str) -> Option<&'static str> {
    Some(match operation {
        "DescribeConfigurationRecorders" => "config:DescribeConfigurationRecorders",
        "DescribeConfigurationRecorderStatus" => "config:DescribeConfigurationRecorderStatus",
        _ => return None,
    })
}

fn object_action(operation: &str) -> Result<&'static str, AwsError> {
    Ok(match operation {
        "GetObject" => "s3:GetObject",
        "PutObject" => "s3:PutObject",
        other => return Err(AwsError::unknown_operation(other)),
    })
}

/// Returns the permissions to read an image's scan findings. ECR requests those of an enhanced scan from Amazon
/// Inspector.
/// Source: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-iam.html>.
fn scan_findings<'a>(account: &Account, text: impl Fn(&str) -> &'a str) -> Vec<RequiredPermission> {
    let name = text("repositoryName");
    let repository = account.arn("ecr", &account.region, &format!("repository/{name}"));
    let mut needs = vec![need("ecr:DescribeImageScanFindings", repository)];
    let scanning = account.registry_scanning.as_ref();
    if scanning.is_some_and(|scanning| scanning.get("scanType") == Some(&"ENHANCED".into())) {
        let in_our_name = |action| RequiredPermission {
            in_our_name: true,
            ..need(action, ANY)
        };
        needs.extend(["inspector2:ListCoverage", "inspector2:ListFindings"].map(in_our_name));
    }
    needs
}

/// Returns the permission that an action on a key needs. KMS resolves an alias before IAM decides. For an alias that
/// does not exist, or a key in another Region than the request's, it returns an error without a decision of IAM.
/// Source: <https://docs.aws.amazon.com/kms/latest/developerguide/alias-access.html>.
fn key(action: &'static str, account: &Account, id: &str) -> Vec<RequiredPermission> {
    let prefix = account.arn("kms", &account.region, "");
    let own = id.strip_prefix(&prefix).unwrap_or(id);
    let own = own.strip_prefix("key/").unwrap_or(own);
    let is_alias = id.contains("alias/");
    let arn = match account.served_key(own) {
        Some(key) => super::kms::key_arn(account, key),
        None if is_alias => return Vec::new(),
        None if id.starts_with("arn:") => id.to_owned(),
        None => account.arn("kms", &account.region, &format!("key/{own}")),
    };
    let is_here = arn.split(':').nth(3) == Some(account.region.as_str());
    is_here.then(|| need(action, arn)).into_iter().collect()
}

fn bucket_arn(account: &Account, path: &str) -> String {
    let arn = account.arn("s3", "", path);
    // The ARNs of buckets and objects contain no account.
    arn.replacen(&format!(":{}:", account.account), "::", 1)
}

/// Returns the permissions to import findings, one for each product in the request.
fn products(request: &Request) -> Vec<RequiredPermission> {
    let findings = request.member("Findings").and_then(Value::as_array);
    let products: BTreeSet<&str> = findings
        .into_iter()
        .flatten()
        .map(|finding| finding["ProductArn"].as_str().unwrap_or_default())
        .collect();
    let need = |product| need("securityhub:BatchImportFindings", product);
    products.into_iter().map(need).collect()
}

/// Returns the ARN of a queue. The Region in a queue's URL is the one that the request is sent to.
fn queue_arn(account: &Account, url: &str) -> String {
    let mut parts = url.rsplit('/');
    let (name, owner) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let own = account.arn("sqs", &account.region, name);
    own.replacen(&format!(":{}:", account.account), &format!(":{owner}:"), 1)
}

/// Returns the ARN of a parameter or a path. Its leading slash is the slash after `parameter` in the ARN.
fn parameter_arn(account: &Account, name: &str) -> String {
    if name.starts_with("arn:") {
        return name.to_owned();
    }
    let name = name.strip_prefix('/').unwrap_or(name);
    account.arn("ssm", &account.region, &format!("parameter/{name}"))
}
