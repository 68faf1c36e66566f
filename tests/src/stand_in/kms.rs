//! AWS KMS: keys, their rotation, their aliases and their last use.

use serde_json::{Value, json};

use super::{
    access::RequiredPermission,
    collection::described,
    collections::KEYS,
    ecr::policy_text,
    service::AwsError,
    wire::{Request, record},
};
use crate::account::{Account, Key, Record, arn, text};

pub(super) fn list_keys(account: &Account, request: &Request) -> Result<Value, AwsError> {
    let (range, marker) = request
        .paging()?
        .page(account, request, account.keys.len())?;
    let entry = |key: &Key| json!({"KeyId": key.id(), "KeyArn": key_arn(account, key)});
    let keys: Vec<Value> = account.keys[range].iter().map(entry).collect();
    Ok(request.paging()?.response(keys, marker).into())
}

pub(super) fn list_aliases(account: &Account, request: &Request) -> Result<Value, AwsError> {
    request.allow_members(&["Limit", "Marker"])?;
    let of_key = |key: &Key| {
        let (id, aliases) = (key.id().to_owned(), key.aliases.clone());
        aliases.into_iter().map(move |alias| {
            let arn = account.arn("kms", &account.region, &alias);
            json!({"AliasName": alias, "AliasArn": arn, "TargetKeyId": id})
        })
    };
    let aliases: Vec<Value> = account.keys.iter().flat_map(of_key).collect();
    let (range, marker) = request.paging()?.page(account, request, aliases.len())?;
    let aliases = aliases[range].to_vec();
    Ok(request.paging()?.response(aliases, marker).into())
}

pub(super) fn describe_key(account: &Account, request: &Request) -> Result<Value, AwsError> {
    let key = find(account, request.required_text("KeyId")?)?;
    Ok(json!({"KeyMetadata": described(&KEYS, account, &key.members)}))
}

pub(super) fn get_key_rotation_status(
    account: &Account,
    request: &Request,
) -> Result<Value, AwsError> {
    let key = find_without_alias(account, request)?;
    let metadata = described(&KEYS, account, &key.members);
    let arn = key_arn(account, key);
    if key.rotation.is_empty() && !can_rotate(&metadata) {
        let message = format!(
            "{arn} is not valid for this operation: automatic rotation needs a symmetric key made by KMS"
        );
        return Err(AwsError::new("UnsupportedOperationException", message));
    }
    let state = text(&metadata, "KeyState");
    if matches!(state, "Creating" | "Updating" | "Unavailable") {
        return Err(AwsError::new(
            "KMSInvalidStateException",
            format!("{arn} is {state}."),
        ));
    }
    Ok(rotation(key, &metadata).into())
}

/// The time at which KMS began to record the use of keys in the stand-in.
const RECORDED_SINCE: &str = "2026-04-24T00:00:00Z";

/// Returns the last use of a key. A key was never used unless the account file states a use.
pub(super) fn get_key_last_usage(account: &Account, request: &Request) -> Result<Value, AwsError> {
    let key = find_without_alias(account, request)?;
    let metadata = described(&KEYS, account, &key.members);
    let created = text(&metadata, "CreationDate");
    let mut response = record(json!({
        "KeyId": key.id(),
        "KeyLastUsage": {},
        "TrackingStartDate": created.max(RECORDED_SINCE),
        "KeyCreationDate": created,
    }));
    response.extend(key.last_use.clone());
    Ok(response.into())
}

/// Returns the policy of a key. A new key has a policy that lets its account do everything.
pub(super) fn get_key_policy(account: &Account, request: &Request) -> Result<Value, AwsError> {
    let key = find_without_alias(account, request)?;
    let name = request.text("PolicyName")?.unwrap_or("default");
    if name != "default" {
        return Err(request.invalid(format!("PolicyName is {name}, not default")));
    }
    let policy = key.policy.clone().unwrap_or_else(|| {
        let root = arn(&account.region, "iam", "", &account.account, "root");
        json!({"Version": "2012-10-17", "Id": "key-default-1", "Statement": [{
            "Sid": "Enable IAM User Permissions",
            "Effect": "Allow",
            "Principal": {"AWS": root},
            "Action": "kms:*",
            "Resource": "*",
        }]})
    });
    Ok(json!({"Policy": policy_text(&policy), "PolicyName": name}))
}

/// Returns the permission that an action on a key needs. KMS resolves an alias before IAM decides. For an alias that
/// does not exist, or a key in another Region than the request's, it returns an error without a decision of IAM.
/// Source: <https://docs.aws.amazon.com/kms/latest/developerguide/alias-access.html>.
pub(super) fn permissions_on_key(
    action: &'static str,
    account: &Account,
    request: &Request,
) -> Vec<RequiredPermission> {
    let id = request.text_or_empty("KeyId");
    let arn = match account.served_key(id) {
        Some(key) => key_arn(account, key),
        None if id.contains("alias/") => return Vec::new(),
        None if id.starts_with("arn:") => id.to_owned(),
        None => arn_of_id(account, id),
    };
    let is_here = arn.split(':').nth(3) == Some(account.region.as_str());
    let need = is_here.then(|| RequiredPermission::new(action, arn));
    need.into_iter().collect()
}

fn can_rotate(metadata: &Record) -> bool {
    text(metadata, "Origin") == "AWS_KMS"
        && text(metadata, "KeyUsage") == "ENCRYPT_DECRYPT"
        && is_symmetric(metadata)
}

fn is_symmetric(metadata: &Record) -> bool {
    ["KeySpec", "CustomerMasterKeySpec"]
        .iter()
        .all(|name| matches!(text(metadata, name), "" | "SYMMETRIC_DEFAULT"))
}

fn rotation(key: &Key, metadata: &Record) -> Record {
    let mut members = key.rotation.clone();
    members.entry("KeyId").or_insert_with(|| key.id().into());
    let by_aws = text(metadata, "KeyManager") == "AWS";
    let enabled = members
        .entry("KeyRotationEnabled")
        .or_insert_with(|| by_aws.into());
    if enabled.as_bool() == Some(true) {
        members
            .entry("RotationPeriodInDays")
            .or_insert_with(|| 365.into());
    }
    members
}

/// Finds the key of an operation that accepts a key's id or ARN, but no alias.
fn find_without_alias<'a>(account: &'a Account, request: &Request) -> Result<&'a Key, AwsError> {
    let id = request.required_text("KeyId")?;
    if id.contains("alias/") {
        return Err(
            AwsError::new("NotFoundException", format!("Invalid keyId {id}: an alias")).violation(),
        );
    }
    find(account, id)
}

/// Finds a key by its id or ARN, or by the name or the ARN of an alias.
fn find<'a>(account: &'a Account, id: &str) -> Result<&'a Key, AwsError> {
    if is_of_another_account(account, id) {
        let message = format!("Nothing allows the caller to use {id}, if it exists.");
        return Err(AwsError::new("AccessDeniedException", message));
    }
    let kind = if id.contains("alias/") {
        "Alias"
    } else {
        "Key"
    };
    let key = account.served_key(id);
    key.ok_or_else(|| AwsError::new("NotFoundException", format!("{kind} '{id}' does not exist")))
}

/// Returns `true` if an ARN names a key of another account. KMS does not report whether such a key exists.
/// Source: <https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-modifying-external-accounts.html>.
fn is_of_another_account(account: &Account, id: &str) -> bool {
    let owner = id
        .strip_prefix("arn:")
        .and_then(|arn| arn.split(':').nth(3));
    owner.is_some_and(|owner| owner != account.account)
}

pub(super) fn key_arn(account: &Account, key: &Key) -> String {
    match text(&key.members, "Arn") {
        "" => arn_of_id(account, key.id()),
        given => given.to_owned(),
    }
}

fn arn_of_id(account: &Account, id: &str) -> String {
    account.arn("kms", &account.region, &format!("key/{id}"))
}
