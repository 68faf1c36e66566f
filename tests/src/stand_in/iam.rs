//! AWS IAM: roles and their policies. IAM is global: an account's roles are the same in every Region.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::{
    collection::entries,
    eks,
    service::AwsError,
    wire::{Request, record},
};
use crate::account::{Account, Cluster, Index, Policy, Record, Role, digest};

/// The characters that are percent-encoded: all but those that RFC 3986 leaves unreserved.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');
const MADE_AT: &str = "2024-01-02T03:04:05Z";
const MANAGED: &str = "arn:aws:iam::aws:policy/";

/// The role, and the instance profile, of instances whose entries name no instance profile.
const NODES: &str = "eks-nodes";

/// Returns the account as IAM sees it: with the roles of all its Regions, and the roles of clusters, node groups and
/// instances whose entries name none.
pub(super) fn global<'a>(
    mut account: Account,
    regions: impl Iterator<Item = &'a Account>,
) -> Account {
    for regional in regions {
        account.roles.extend(regional.roles.iter().cloned());
        account
            .roles
            .extend(regional.clusters.iter().flat_map(own_roles));
        let mut instances = regional.entries("instances").into_iter();
        if instances.any(|instance| !instance.contains_key("IamInstanceProfile")) {
            account.roles.push(node_role(NODES));
        }
        account.extend_collections(regional.collections.clone());
    }
    account.index = Index::of_global(&account);
    account
}

fn own_roles(cluster: &Cluster) -> impl Iterator<Item = Role> {
    let of_cluster =
        (!cluster.members.contains_key("roleArn")).then(|| cluster_role(&eks::own_role(cluster)));
    let mut groups = entries(cluster.members.get("nodegroups"));
    let has_nodes = groups.any(|group| !group.contains_key("nodeRole"));
    let of_nodes = has_nodes.then(|| node_role(&eks::own_node_role(cluster)));
    of_cluster.into_iter().chain(of_nodes)
}

fn cluster_role(name: &str) -> Role {
    Role {
        members: record(json!({"RoleName": name})),
        ..Role::default()
    }
}

fn node_role(name: &str) -> Role {
    Role {
        members: record(
            json!({"RoleName": name, "AssumeRolePolicyDocument": trust("ec2.amazonaws.com")}),
        ),
        attached: Some(vec![Policy::Managed(
            "AmazonEKSWorkerNodePolicy".to_owned(),
        )]),
        ..Role::default()
    }
}

pub(super) fn list_roles(account: &Account, request: &Request) -> Result<Value, AwsError> {
    request.allow_members(&["MaxItems", "Marker"])?;
    let (range, marker) = request
        .paging()?
        .page(account, request, account.roles.len())?;
    let roles = account.roles[range].iter();
    let roles: Vec<Record> = roles.map(|role| described(account, role)).collect();
    Ok(request.paging()?.response(roles, marker).into())
}

pub(super) fn get_role(account: &Account, request: &Request) -> Result<Value, AwsError> {
    Ok(json!({"Role": described(account, find(account, request)?)}))
}

pub(super) fn list_attached_role_policies(
    account: &Account,
    request: &Request,
) -> Result<Value, AwsError> {
    let policies = attached(find(account, request)?);
    let (range, marker) = request.paging()?.page(account, request, policies.len())?;
    let entry = |policy: &Policy| json!({"PolicyName": policy_name(policy), "PolicyArn": policy_arn(account, policy)});
    let entries: Vec<Value> = policies[range].iter().map(entry).collect();
    Ok(request.paging()?.response(entries, marker).into())
}

pub(super) fn list_role_policies(account: &Account, request: &Request) -> Result<Value, AwsError> {
    let names: Vec<&String> = find(account, request)?.inline.keys().collect();
    let (range, marker) = request.paging()?.page(account, request, names.len())?;
    let names: Vec<&str> = names[range].iter().map(|name| name.as_str()).collect();
    Ok(request.paging()?.response(names, marker).into())
}

pub(super) fn get_role_policy(account: &Account, request: &Request) -> Result<Value, AwsError> {
    let role = find(account, request)?;
    let name = request.required_text("PolicyName")?;
    let document = role
        .inline
        .get(name)
        .ok_or_else(|| no_such_entity(format!("The role policy with name {name}")))?;
    Ok(json!({"RoleName": role.name(), "PolicyName": name, "PolicyDocument": encoded(document)}))
}

pub(super) fn get_policy(account: &Account, request: &Request) -> Result<Value, AwsError> {
    let policy = find_policy(account, request)?;
    let arn = policy_arn(account, &policy);
    Ok(json!({"Policy": {
        "PolicyName": policy_name(&policy),
        "PolicyId": id("ANPA", &arn),
        "Arn": arn,
        "Path": "/",
        "DefaultVersionId": "v1",
        "AttachmentCount": 1,
        "IsAttachable": true,
        "CreateDate": MADE_AT,
        "UpdateDate": MADE_AT,
    }}))
}

pub(super) fn get_policy_version(account: &Account, request: &Request) -> Result<Value, AwsError> {
    let policy = find_policy(account, request)?;
    let version = request.required_text("VersionId")?;
    if version != "v1" {
        return Err(no_such_entity(format!("Policy version {version}")));
    }
    Ok(json!({"PolicyVersion": {
        "Document": encoded(&document(&policy)),
        "VersionId": version,
        "IsDefaultVersion": true,
        "CreateDate": MADE_AT,
    }}))
}

/// Returns an instance profile, whose roles are those of this name in the account: like the EC2 console, the account
/// file gives a profile and its role the same name.
pub(super) fn get_instance_profile(
    account: &Account,
    request: &Request,
) -> Result<Value, AwsError> {
    let name = request.required_text("InstanceProfileName")?;
    let role = account.served_role(name);
    let role = role.ok_or_else(|| no_such_entity(format!("Instance Profile {name}")))?;
    Ok(json!({"InstanceProfile": {
        "Path": "/",
        "InstanceProfileName": name,
        "InstanceProfileId": id("AIPA", name),
        "Arn": instance_profile_resource(account, request),
        "CreateDate": MADE_AT,
        "Roles": [described(account, role)],
    }}))
}

/// Returns the ARN of the instance profile that a request names.
pub(super) fn instance_profile_resource(account: &Account, request: &Request) -> String {
    let name = request.text_or_empty("InstanceProfileName");
    account.arn("iam", "", &format!("instance-profile/{name}"))
}

/// Returns the ARN of the role that a request names.
pub(super) fn role_resource(account: &Account, request: &Request) -> String {
    role_arn(account, request.text_or_empty("RoleName"))
}

/// Returns the ARN of the policy that a request names.
pub(super) fn policy_resource(_: &Account, request: &Request) -> String {
    request.text_or_empty("PolicyArn").to_owned()
}

fn find<'a>(account: &'a Account, request: &Request) -> Result<&'a Role, AwsError> {
    let name = request.required_text("RoleName")?;
    let role = account.served_role(name);
    role.ok_or_else(|| no_such_entity(format!("The role with name {name}")))
}

/// Returns a policy by its ARN: one that AWS manages, of which every name exists, or one that is attached to a role of
/// the account.
fn find_policy(account: &Account, request: &Request) -> Result<Policy, AwsError> {
    let arn = request.required_text("PolicyArn")?;
    if let Some(name) = arn.strip_prefix(MANAGED) {
        return Ok(Policy::Managed(name.to_owned()));
    }
    let policies = account.roles.iter().flat_map(attached);
    let policy = policies
        .into_iter()
        .find(|policy| policy_arn(account, policy) == arn);
    policy.ok_or_else(|| no_such_entity(format!("Policy {arn}")))
}

fn no_such_entity(what: String) -> AwsError {
    AwsError::new("NoSuchEntity", format!("{what} cannot be found.")).status(404)
}

fn attached(role: &Role) -> Vec<Policy> {
    let usual = || vec![Policy::Managed("AmazonEKSClusterPolicy".to_owned())];
    role.attached.clone().unwrap_or_else(usual)
}

/// Returns a policy's name without its path.
fn policy_name(policy: &Policy) -> &str {
    let (Policy::Managed(path) | Policy::Own { name: path, .. }) = policy;
    path.rsplit('/').next().unwrap_or(path)
}

fn policy_arn(account: &Account, policy: &Policy) -> String {
    match policy {
        Policy::Managed(path) => format!("{MANAGED}{path}"),
        Policy::Own { name, .. } => account.arn("iam", "", &format!("policy/{name}")),
    }
}

fn document(policy: &Policy) -> Value {
    match policy {
        Policy::Own { document, .. } => document.clone(),
        Policy::Managed(name) if name == "AdministratorAccess" => allow(&json!("*")),
        Policy::Managed(_) => allow(&json!(["ec2:DescribeInstances", "ec2:DescribeSubnets"])),
    }
}

fn allow(action: &Value) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})
}

fn trust(service: &str) -> Value {
    json!({"Version": "2012-10-17", "Statement": [{
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
    }]})
}

/// Returns the ARN of a role of this name, even if there is no such role.
pub(super) fn role_arn(account: &Account, name: &str) -> String {
    let path = account
        .served_role(name)
        .and_then(|role| role.members.get("Path")?.as_str());
    account.arn("iam", "", &format!("role{}{name}", path.unwrap_or("/")))
}

/// Returns IAM's description of a role that EKS may assume, overridden by the account file.
fn described(account: &Account, role: &Role) -> Record {
    let name = role.name();
    let path = role
        .members
        .get("Path")
        .and_then(Value::as_str)
        .unwrap_or("/");
    let mut members = record(json!({
        "Path": path,
        "RoleId": id("AROA", name),
        "Arn": role_arn(account, name),
        "CreateDate": MADE_AT,
        "AssumeRolePolicyDocument": trust("eks.amazonaws.com"),
        "MaxSessionDuration": 3600,
    }));
    members.extend(role.members.clone());
    if let Some(document) = members
        .get_mut("AssumeRolePolicyDocument")
        .filter(|document| document.is_object())
    {
        *document = encoded(document).into();
    }
    members
}

fn id(prefix: &str, seed: &str) -> String {
    format!("{prefix}{}", digest(seed)[..17].to_uppercase())
}

/// Returns a policy document percent-encoded, as IAM sends it. One that is given as text is encoded unchanged.
fn encoded(document: &Value) -> String {
    let text = document
        .as_str()
        .map_or_else(|| document.to_string(), str::to_owned);
    utf8_percent_encode(&text, RESERVED).to_string()
}
