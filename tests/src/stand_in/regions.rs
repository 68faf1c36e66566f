//! AWS Account Management: the Regions of an account.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{paging::Paging, service::AwsError, wire::Request};
use crate::account::Account;

const PAGES: Paging = Paging {
    size: "MaxResults",
    token: "NextToken",
    usual: 50,
    sizes: (1, 50),
    bad_token: "ValidationException",
};
const STATUSES: [&str; 5] = [
    "ENABLED",
    "ENABLING",
    "DISABLING",
    "DISABLED",
    "ENABLED_BY_DEFAULT",
];
/// A Region that exists, but that is disabled in every account that is not served there.
const DISABLED: &str = "ap-east-1";

/// Answers a request of an account that is served in these Regions.
pub(super) fn answer<'a>(
    account: &Account,
    served: impl Iterator<Item = &'a str>,
    request: &Request,
) -> Result<Value, AwsError> {
    match request.operation.as_str() {
        "ListRegions" => list_regions(account, served, request),
        other => Err(AwsError::unknown_operation(other)),
    }
}

fn list_regions<'a>(
    account: &Account,
    served: impl Iterator<Item = &'a str>,
    request: &Request,
) -> Result<Value, AwsError> {
    let known = ["RegionOptStatusContains", "MaxResults", "NextToken"];
    if let Some(name) = request
        .members
        .keys()
        .find(|name| !known.contains(&name.as_str()))
    {
        return Err(request.invalid(format!("the stand-in does not know {name}")));
    }
    let wanted = request.texts("RegionOptStatusContains", STATUSES.len())?;
    if let Some(other) = wanted
        .iter()
        .flatten()
        .find(|status| !STATUSES.contains(status))
    {
        return Err(request.invalid(format!(
            "RegionOptStatusContains has {other}, not one of {}",
            STATUSES.join(", ")
        )));
    }
    let mut regions = BTreeMap::from([(DISABLED, "DISABLED")]);
    regions.extend(served.map(|region| (region, "ENABLED_BY_DEFAULT")));
    let regions: Vec<Value> = regions
        .into_iter()
        .filter(|(_, status)| wanted.as_ref().is_none_or(|wanted| wanted.contains(status)))
        .map(|(name, status)| json!({"RegionName": name, "RegionOptStatus": status}))
        .collect();
    let (range, token) = PAGES.page(account, request, regions.len())?;
    Ok(json!({"Regions": regions[range], "NextToken": token}))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stand_in::{service::Service, wire::record};

    fn list(members: Value) -> Result<Value, AwsError> {
        let request = Request {
            service: Service::Account,
            operation: "ListRegions".to_owned(),
            members: record(members),
            access_key: String::new(),
            region: "us-east-1".to_owned(),
            size: 0,
            body: Vec::new(),
            at: jiff::Timestamp::UNIX_EPOCH,
        };
        let account = Account::empty("123456789012", "us-east-1");
        answer(
            &account,
            ["us-east-1", "eu-central-1"].into_iter(),
            &request,
        )
    }

    #[test]
    fn regions_are_listed_by_their_status() {
        for (wanted, names) in [
            (json!(null), &["ap-east-1", "eu-central-1", "us-east-1"][..]),
            (
                json!(["ENABLED", "ENABLED_BY_DEFAULT"]),
                &["eu-central-1", "us-east-1"],
            ),
            (json!(["DISABLED"]), &["ap-east-1"]),
        ] {
            let answer = list(json!({"RegionOptStatusContains": wanted})).unwrap();
            let regions = answer["Regions"].as_array().unwrap().iter();
            let found: Vec<&str> = regions
                .map(|region| region["RegionName"].as_str().unwrap())
                .collect();
            assert_eq!(found, names);
        }
        let first = list(json!({"MaxResults": 2})).unwrap();
        let second = list(json!({"NextToken": first["NextToken"]})).unwrap();
        assert_eq!(second["Regions"][0]["RegionName"], "us-east-1");
    }

    #[test]
    fn what_the_service_refuses_is_a_violation() {
        for members in [
            json!({"RegionOptStatusContains": ["ON"]}),
            json!({"MaxResults": 51}),
            json!({"NextToken": "made up"}),
            json!({"AccountId": "210987654321"}),
        ] {
            let error = list(members).expect_err("it is refused");
            assert_eq!(
                (error.code.as_str(), error.violation),
                ("ValidationException", true)
            );
        }
    }
}
