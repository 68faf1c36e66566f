//! Amazon EFS: file systems and their access points.

use serde_json::Value;

use super::{
    access::RequiredPermission,
    collection::{Collection, described, missing},
    collections::{ACCESS_POINTS, FILE_SYSTEMS},
    service::AwsError,
    wire::Request,
};
use crate::account::{Account, Record, text};

pub(super) fn describe_file_systems(
    account: &Account,
    request: &Request,
) -> Result<Value, AwsError> {
    request.allow_members(&["MaxItems", "Marker", "FileSystemId"])?;
    page(&FILE_SYSTEMS, account, request)
}

pub(super) fn describe_access_points(
    account: &Account,
    request: &Request,
) -> Result<Value, AwsError> {
    request.allow_members(&["MaxResults", "NextToken", "FileSystemId"])?;
    page(&ACCESS_POINTS, account, request)
}

/// Returns the permissions that an action on access points needs: on those of one file system, or on all.
pub(super) fn permissions_on_access_points(
    action: &'static str,
    account: &Account,
    request: &Request,
) -> Vec<RequiredPermission> {
    let resource = match request.text_or_empty("FileSystemId") {
        "" => "access-point/*".to_owned(),
        id => format!("file-system/{id}"),
    };
    let arn = account.arn(request.service.name(), &account.region, &resource);
    vec![RequiredPermission::new(action, arn)]
}

/// Returns the permission that an action on file systems needs: on one, or on all.
pub(super) fn file_system_resource(account: &Account, request: &Request) -> String {
    let id = match request.text_or_empty("FileSystemId") {
        "" => "*",
        id => id,
    };
    let resource = format!("file-system/{id}");
    account.arn(request.service.name(), &account.region, &resource)
}

/// Returns the requested page of the entries that belong to the file system that a request names, or of all.
fn page(
    collection: &'static Collection,
    account: &Account,
    request: &Request,
) -> Result<Value, AwsError> {
    let id = request.text("FileSystemId")?;
    if let Some(id) = id.filter(|id| account.entry(FILE_SYSTEMS.name, id).is_none()) {
        return Err(missing(&FILE_SYSTEMS, request, account, id));
    }
    let entries = account.entries(collection.name);
    let is_wanted = |entry: &&Record| id.is_none_or(|id| text(entry, "FileSystemId") == id);
    let paging = request.paging()?;
    let (page, next) = paging.page_of(account, request, &entries, is_wanted)?;
    let page = page.into_iter();
    let items: Vec<Record> = page
        .map(|entry| described(collection, account, entry))
        .collect();
    Ok(paging.response(items, next).into())
}
