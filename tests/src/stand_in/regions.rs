//! AWS Account Management: the Regions of an account.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{operation::CallContext, service::AwsError, state::State};

const STATUSES: [&str; 5] = [
    "ENABLED",
    "ENABLING",
    "DISABLING",
    "DISABLED",
    "ENABLED_BY_DEFAULT",
];
/// A Region that exists, but that is disabled in every account that is not served there.
const DISABLED: &str = "ap-east-1";

/// Lists the Regions of the caller's account. Those in which it is served are enabled.
pub(super) fn list_regions(state: &mut State, call: &CallContext<'_>) -> Result<Value, AwsError> {
    let request = call.request;
    let served = state
        .accounts()
        .filter(|account| account.account == call.caller)
        .map(|account| account.region.as_str());
    request.allow_members(&["RegionOptStatusContains", "MaxResults", "NextToken"])?;
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
    let (range, token) = request.paging()?.page(
        &state.empty(call.caller, &request.region),
        request,
        regions.len(),
    )?;
    Ok(request
        .paging()?
        .response(regions[range].to_vec(), token)
        .into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{account::Account, stand_in::wire::Request};

    fn list(members: Value) -> Result<Value, AwsError> {
        let account = |region: &str| Account::empty("123456789012", region);
        let mut state = State::new(account("us-east-1"));
        state.serve(account("eu-central-1"));
        let request = Request::of("account.ListRegions", members);
        let call = CallContext {
            caller: "123456789012",
            request: &request,
            fault: None,
        };
        list_regions(&mut state, &call)
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
            let response = list(json!({"RegionOptStatusContains": wanted})).unwrap();
            let regions = response["Regions"].as_array().unwrap().iter();
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
    fn a_request_that_the_service_rejects_is_a_violation() {
        for members in [
            json!({"RegionOptStatusContains": ["ON"]}),
            json!({"MaxResults": 51}),
            json!({"NextToken": "made up"}),
            json!({"AccountId": "210987654321"}),
        ] {
            let error = list(members).expect_err("it is rejected");
            assert_eq!(
                (error.code.as_str(), error.violation),
                ("ValidationException", true)
            );
        }
    }
}
