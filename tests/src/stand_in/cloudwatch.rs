//! Amazon CloudWatch: alarms.

use serde_json::{Value, json};

use super::{
    collection::described,
    collections::{COMPOSITE_ALARMS, METRIC_ALARMS},
    service::AwsError,
    wire::Request,
};
use crate::account::{Account, Record};

/// Lists the alarms of the requested types; the metric alarms if a request names no type.
pub(super) fn describe_alarms(account: &Account, request: &Request) -> Result<Value, AwsError> {
    request.allow_members(&["AlarmTypes", "MaxRecords", "NextToken"])?;
    let types = request.texts("AlarmTypes", usize::MAX)?;
    let types = types.unwrap_or_else(|| vec!["MetricAlarm"]);
    let kinds = [
        ("MetricAlarm", "MetricAlarms", &METRIC_ALARMS),
        ("CompositeAlarm", "CompositeAlarms", &COMPOSITE_ALARMS),
    ];
    let wanted = kinds.iter().filter(|(kind, ..)| types.contains(kind));
    let alarms = wanted.flat_map(|(_, list, collection)| {
        let alarms = account.entries(collection.name).into_iter();
        alarms.map(|alarm| (*list, described(collection, account, alarm)))
    });
    let alarms: Vec<(&str, Record)> = alarms.collect();
    let paging = request.paging()?;
    let (range, token) = paging.page(account, request, alarms.len())?;
    let page = &alarms[range];
    let mut response = json!({"NextToken": token});
    for (_, list, _) in kinds {
        let alarms = page.iter().filter(|(kind, _)| *kind == list);
        response[list] = alarms.map(|(_, alarm)| alarm.clone()).collect();
    }
    Ok(response)
}
