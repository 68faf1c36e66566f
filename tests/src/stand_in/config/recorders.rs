//! The recorders of an account.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::{
    account::{Account, Record, Recorder},
    stand_in::{
        service::AwsError,
        wire::{Request, record},
    },
};

/// Describes the recorders of an account in a Region.
pub(in crate::stand_in) fn describe_recorders(
    account: &Account,
    request: &Request,
) -> Result<Value, AwsError> {
    request.allow_members(&[])?;
    let recorders = recorders(account);
    let members: Vec<&Record> = recorders.iter().map(|recorder| &recorder.members).collect();
    Ok(json!({"ConfigurationRecorders": members}))
}

/// Describes the status of the recorders of an account in a Region.
pub(in crate::stand_in) fn describe_recorder_status(
    account: &Account,
    request: &Request,
) -> Result<Value, AwsError> {
    request.allow_members(&[])?;
    let status = |recorder: &Recorder| {
        let mut status = record(json!({"recording": true, "lastStatus": "SUCCESS"}));
        let name = recorder.members.get("name").cloned();
        status.insert("name".to_owned(), name.unwrap_or_default());
        status.extend(recorder.status.clone());
        status
    };
    let statuses: Vec<Record> = recorders(account).iter().map(status).collect();
    Ok(json!({"ConfigurationRecordersStatus": statuses}))
}

/// Returns the recorders in the account file, or one that records everything.
fn recorders(account: &Account) -> Cow<'_, [Recorder]> {
    let default = || Recorder {
        members: record(json!({
            "name": "default",
            "recordingGroup": {
                "allSupported": true,
                "includeGlobalResourceTypes": false,
                "recordingStrategy": {"useOnly": "ALL_SUPPORTED_RESOURCE_TYPES"},
            },
        })),
        ..Recorder::default()
    };
    match &account.recorders {
        Some(recorders) => recorders.into(),
        None => vec![default()].into(),
    }
}
