//! What IAM checks before an operation: actions, and what they are done to.
//!
//! Sources: the tables of <https://docs.aws.amazon.com/service-authorization/latest/reference/reference.html>, and what
//! the arms name.

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

/// Where an action knows no resources.
const ANY: &str = "*";

/// A permission that a request needs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Need {
    action: &'static str,
    resource: String,
    /// The service asks another one in the caller's name, so no call of ours stands beside the action.
    in_our_name: bool,
}

fn need(action: &'static str, resource: impl Into<String>) -> Need {
    Need {
        action,
        resource: resource.into(),
        in_our_name: false,
    }
}

/// What a request of an account needs, as that account is in the Region that is asked.
pub(super) fn needs(account: &Account, request: &Request) -> Result<Vec<Need>, AwsError> {
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
        // A rule's id is not its name.
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
        // The path itself is what has to be granted; what lies below it is not looked at.
        (Service::Ssm, "GetParametersByPath") => one(
            "ssm:GetParametersByPath",
            parameter_arn(account, text("Path")),
        ),
        (Service::Sts, "AssumeRole") => one("sts:AssumeRole", text("RoleArn").to_owned()),
        // <https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html>: no permission is needed.
        (Service::Sts, "GetCallerIdentity") => Vec::new(),
        (Service::Tagging, "GetResources") => one("tag:GetResources", ANY.to_owned()),
        _ => return Err(unknown(request)),
    })
}

/// What S3 says of an object that is not there depends on this.
/// Source: <https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html>.
pub(super) fn need_of_missing_object(account: &Account, bucket: &str) -> Need {
    need("s3:ListBucket", bucket_arn(account, bucket))
}

impl Need {
    /// Whether the action stands beside a call of ours.
    pub(super) fn is_declared(&self) -> bool {
        self.in_our_name || eksentry_runtime::actions().any(|action| action == self.action)
    }

    /// What to do about an action that does not.
    pub(super) fn undeclared(&self) -> String {
        let action = self.action;
        format!("{action} is declared nowhere: declare it beside the call that needs it")
    }

    /// What IAM is asked when a role's session sends a request.
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

/// What to do about something that a role's policies do not allow.
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

/// All of these are about a role or about a policy.
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

/// The actions of questions about AWS Config's recorders.
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

/// ECR asks Inspector for the findings of an enhanced scan.
/// Source: <https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-iam.html>.
fn scan_findings<'a>(account: &Account, text: impl Fn(&str) -> &'a str) -> Vec<Need> {
    let name = text("repositoryName");
    let repository = account.arn("ecr", &account.region, &format!("repository/{name}"));
    let mut needs = vec![need("ecr:DescribeImageScanFindings", repository)];
    let scanning = account.registry_scanning.as_ref();
    if scanning.is_some_and(|scanning| scanning.get("scanType") == Some(&"ENHANCED".into())) {
        let in_our_name = |action| Need {
            in_our_name: true,
            ..need(action, ANY)
        };
        needs.extend(["inspector2:ListCoverage", "inspector2:ListFindings"].map(in_our_name));
    }
    needs
}

/// KMS finds out which key is meant before anybody is asked. Where it finds none, or is asked in another Region than
/// the key's, it says so.
/// Source: <https://docs.aws.amazon.com/kms/latest/developerguide/alias-access.html>.
fn key(action: &'static str, account: &Account, id: &str) -> Vec<Need> {
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
    // Their ARNs hold no account.
    arn.replacen(&format!(":{}:", account.account), "::", 1)
}

/// The products as which findings are imported.
fn products(request: &Request) -> Vec<Need> {
    let findings = request.member("Findings").and_then(Value::as_array);
    let products: BTreeSet<&str> = findings
        .into_iter()
        .flatten()
        .map(|finding| finding["ProductArn"].as_str().unwrap_or_default())
        .collect();
    let need = |product| need("securityhub:BatchImportFindings", product);
    products.into_iter().map(need).collect()
}

/// The Region of a queue's URL is the one that is asked.
fn queue_arn(account: &Account, url: &str) -> String {
    let mut parts = url.rsplit('/');
    let (name, owner) = (
        parts.next().unwrap_or_default(),
        parts.next().unwrap_or_default(),
    );
    let own = account.arn("sqs", &account.region, name);
    own.replacen(&format!(":{}:", account.account), &format!(":{owner}:"), 1)
}

/// The slash before a path is the slash after `parameter`.
fn parameter_arn(account: &Account, name: &str) -> String {
    if name.starts_with("arn:") {
        return name.to_owned();
    }
    let name = name.strip_prefix('/').unwrap_or(name);
    account.arn("ssm", &account.region, &format!("parameter/{name}"))
}
