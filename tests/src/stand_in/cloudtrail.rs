//! AWS CloudTrail: the trails of an account, with their states and event selectors.

use serde_json::{Value, json};

use super::{
    collection::{described, missing},
    collections::TRAILS,
    service::AwsError,
    wire::{Request, record},
};
use crate::account::{Account, Record, text};

/// The members of an entry that other operations than DescribeTrails return.
const STATUS: &str = "status";
const SELECTORS: &str = "selectors";

/// Describes all trails of an account, with those of other Regions and of the organization.
pub(super) fn describe_trails(account: &Account, request: &Request) -> Result<Value, AwsError> {
    request.allow_members(&["includeShadowTrails"])?;
    let trails: Vec<Record> = trails(account)
        .into_iter()
        .map(|mut trail| {
            trail.remove(STATUS);
            trail.remove(SELECTORS);
            trail
        })
        .collect();
    Ok(json!({"trailList": trails}))
}

pub(super) fn get_trail_status(account: &Account, request: &Request) -> Result<Value, AwsError> {
    request.allow_members(&["Name"])?;
    let mut trail = find(account, request, "Name")?;
    let stated = trail.remove(STATUS);
    let mut status = record(json!({
        "IsLogging": true,
        "StartLoggingTime": "2024-05-06T07:08:09Z",
        "LatestDeliveryTime": "2024-06-07T08:09:10Z",
    }));
    status.extend(stated.map(record).unwrap_or_default());
    Ok(status.into())
}

pub(super) fn get_event_selectors(account: &Account, request: &Request) -> Result<Value, AwsError> {
    request.allow_members(&["TrailName"])?;
    let mut trail = find(account, request, "TrailName")?;
    let stated = trail.remove(SELECTORS).map(record);
    let mut selectors = stated.unwrap_or_else(|| {
        record(json!({
            "EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": true, "DataResources": []}],
        }))
    });
    selectors.insert("TrailARN".to_owned(), trail["TrailARN"].clone());
    Ok(selectors.into())
}

/// Returns the ARN of the trail that a request names. Shadow trails must be named by their ARNs.
pub(super) fn trail_resource(_: &Account, request: &Request) -> String {
    let name = request.text_or_empty("Name");
    if name.is_empty() {
        request.text_or_empty("TrailName").to_owned()
    } else {
        name.to_owned()
    }
}

fn find(account: &Account, request: &Request, member: &str) -> Result<Record, AwsError> {
    let arn = request.required_text(member)?;
    let trail = trails(account)
        .into_iter()
        .find(|trail| text(trail, "TrailARN") == arn);
    trail.ok_or_else(|| missing(&TRAILS, request, account, arn))
}

/// Returns the trails in the account file, or one that logs all management events of all Regions.
fn trails(account: &Account) -> Vec<Record> {
    if account.collections.contains_key(TRAILS.name) {
        let stated = account.entries(TRAILS.name).into_iter();
        return stated
            .map(|trail| described(&TRAILS, account, trail))
            .collect();
    }
    let arn = account.arn("cloudtrail", &account.region, "trail/management-events");
    let trail = record(json!({"TrailARN": arn}));
    vec![described(&TRAILS, account, &trail)]
}
