//! AWS KMS: keys and their rotation.

use serde_json::{Value, json};

use super::{
    paging::Paging,
    service::AwsError,
    wire::{Request, epochs, record},
};
use crate::account::{Account, Key, Record, text};

const KEYS: Paging = Paging {
    size: "Limit",
    token: "Marker",
    usual: 100,
    sizes: (1, 1000),
    bad_token: "InvalidMarkerException",
};
const MOMENTS: [&str; 5] = [
    "CreationDate",
    "DeletionDate",
    "NextRotationDate",
    "OnDemandRotationStartDate",
    "ValidTo",
];

pub(super) fn answer(account: &Account, request: &Request) -> Result<Value, AwsError> {
    let mut answer = match request.operation.as_str() {
        "ListKeys" => list_keys(account, request),
        "DescribeKey" => describe_key(account, request),
        "GetKeyRotationStatus" => get_key_rotation_status(account, request),
        other => Err(AwsError::unknown_operation(other)),
    }?;
    epochs(&mut answer, &MOMENTS);
    Ok(answer)
}

fn list_keys(account: &Account, request: &Request) -> Result<Value, AwsError> {
    let (range, marker) = KEYS.page(account, request, account.keys.len())?;
    let entry = |key: &Key| json!({"KeyId": key.id(), "KeyArn": key_arn(account, key)});
    let keys: Vec<Value> = account.keys[range].iter().map(entry).collect();
    Ok(json!({"Keys": keys, "NextMarker": marker, "Truncated": marker.is_some()}))
}

fn describe_key(account: &Account, request: &Request) -> Result<Value, AwsError> {
    Ok(json!({"KeyMetadata": described(account, find(account, request.required_text("KeyId")?)?)}))
}

fn get_key_rotation_status(account: &Account, request: &Request) -> Result<Value, AwsError> {
    let key = find_without_alias(account, request)?;
    let metadata = described(account, key);
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
    let prefix = account.arn("kms", &account.region, "");
    let local = match id.strip_prefix(&prefix) {
        Some(resource) => resource.strip_prefix("key/").unwrap_or(resource),
        None => id,
    };
    let kind = if id.contains("alias/") {
        "Alias"
    } else {
        "Key"
    };
    let key = account.served_key(local);
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

/// Returns KMS's description of a key that was created without options, overridden by the account file.
fn described(account: &Account, key: &Key) -> Record {
    let state = key
        .members
        .get("KeyState")
        .and_then(Value::as_str)
        .unwrap_or("Enabled");
    let spec = key
        .members
        .get("KeySpec")
        .and_then(Value::as_str)
        .unwrap_or("SYMMETRIC_DEFAULT");
    let mut members = record(json!({
        "AWSAccountId": account.account,
        "Arn": key_arn(account, key),
        "CreationDate": "2024-03-04T05:06:07Z",
        "Enabled": state == "Enabled",
        "Description": "",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "KeyState": state,
        "Origin": "AWS_KMS",
        "KeyManager": "CUSTOMER",
        "CustomerMasterKeySpec": spec,
        "KeySpec": spec,
        "MultiRegion": false,
    }));
    members.extend(key.members.clone());
    members
}

pub(super) fn key_arn(account: &Account, key: &Key) -> String {
    match text(&key.members, "Arn") {
        "" => account.arn("kms", &account.region, &format!("key/{}", key.id())),
        given => given.to_owned(),
    }
}
