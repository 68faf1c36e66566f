//! Amazon GuardDuty: the detector of a Region, and the coverage of clusters by Runtime Monitoring.

use serde_json::{Value, json};

use super::{
    collection::{described, entries, missing},
    collections::{COVERAGE, DETECTORS},
    service::AwsError,
    wire::{Request, record},
};
use crate::account::{Account, Cluster, Record, text};

/// The ID of the detector of an account whose file states no detectors.
const DETECTOR: &str = "12abc34d567e8fa901bc2d34e56789f0";

/// Lists the IDs of detectors.
pub(super) fn list_detectors(account: &Account, request: &Request) -> Result<Value, AwsError> {
    request.allow_members(&["MaxResults", "NextToken"])?;
    let detectors = detectors(account);
    let (range, token) = request.paging()?.page(account, request, detectors.len())?;
    let ids = detectors[range]
        .iter()
        .map(|detector| text(detector, "DetectorId"));
    let ids: Vec<&str> = ids.collect();
    Ok(request.paging()?.response(ids, token).into())
}

/// Describes a detector.
pub(super) fn get_detector(account: &Account, request: &Request) -> Result<Value, AwsError> {
    request.allow_members(&["DetectorId"])?;
    let mut detector = described(&DETECTORS, account, &detector(account, request)?);
    detector.remove("DetectorId");
    Ok(detector.into())
}

/// Lists the coverage of the clusters that pass all criteria. A detector whose entry states no coverage covers all
/// clusters of the account.
pub(super) fn list_coverage(account: &Account, request: &Request) -> Result<Value, AwsError> {
    request.allow_members(&["DetectorId", "FilterCriteria", "MaxResults", "NextToken"])?;
    let detector = detector(account, request)?;
    let stated = detector.get(COVERAGE.name);
    let mut covered: Vec<Record> = if stated.is_some() {
        let entries = entries(stated);
        entries
            .map(|entry| described(&COVERAGE, account, entry))
            .collect()
    } else {
        let names = account.clusters.iter().map(Cluster::name);
        let entry = |name: &str| record(json!({"ResourceId": format!("eks-{name}")}));
        names
            .map(|name| described(&COVERAGE, account, &entry(name)))
            .collect()
    };
    for criterion in criteria(request)? {
        let (member, values) = criterion;
        covered.retain(|entry| values.contains(&member(entry)));
    }
    let (range, token) = request.paging()?.page(account, request, covered.len())?;
    Ok(request
        .paging()?
        .response(covered[range].to_vec(), token)
        .into())
}

/// A criterion: a member of a coverage, and the texts that it may have.
type Criterion<'a> = (fn(&Record) -> &str, Vec<&'a str>);

fn criteria(request: &Request) -> Result<Vec<Criterion<'_>>, AwsError> {
    let criteria = request.member("FilterCriteria");
    let criteria = criteria.and_then(|criteria| criteria.get("FilterCriterion"));
    let read = |criterion| {
        let unknown = || request.invalid("the stand-in does not know a criterion".to_owned());
        let member: fn(&Record) -> &str = match text(criterion, "CriterionKey") {
            "ACCOUNT_ID" => |entry| text(entry, "AccountId"),
            "RESOURCE_TYPE" => |entry| detail(entry, "/ResourceType"),
            "EKS_CLUSTER_NAME" => |entry| detail(entry, "/EksClusterDetails/ClusterName"),
            _ => return Err(unknown()),
        };
        let values = criterion.get("FilterCondition");
        let values = values.and_then(|condition| condition.get("Equals"));
        let values = values.and_then(Value::as_array).ok_or_else(unknown)?;
        Ok((member, values.iter().filter_map(Value::as_str).collect()))
    };
    entries(criteria).map(read).collect()
}

fn detail<'a>(entry: &'a Record, pointer: &str) -> &'a str {
    let details = entry.get("ResourceDetails");
    let detail = details.and_then(|details| details.pointer(pointer));
    detail.and_then(Value::as_str).unwrap_or_default()
}

/// Returns the detector that a request names.
fn detector(account: &Account, request: &Request) -> Result<Record, AwsError> {
    let id = request.required_text("DetectorId")?;
    let mut detectors = detectors(account).into_iter();
    let found = detectors.find(|detector| text(detector, "DetectorId") == id);
    found.ok_or_else(|| missing(&DETECTORS, request, account, id))
}

/// Returns the detectors in the account file, or one that monitors everything.
fn detectors(account: &Account) -> Vec<Record> {
    match account.collections.get(DETECTORS.name) {
        Some(stated) => entries(Some(stated)).cloned().collect(),
        None => vec![record(json!({"DetectorId": DETECTOR}))],
    }
}
