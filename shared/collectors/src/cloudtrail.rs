//! AWS CloudTrail: the trails of an account and of its organization.

mod parse;
mod response;

use eksentry_aws::{JsonRequest, Service, ServiceResult};
use eksentry_core::facts::List;
use eksentry_core::facts::account::{EventSelector, Trail, TrailStatus};
use eksentry_core::{Arn, Fact};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use self::parse::ListedTrail;
use self::response::{EventSelectors, Status, Trails};
use crate::Reader;
use crate::call::{Call, Failure};
use crate::permission::{Arns, Permission};

/// AWS CloudTrail.
pub(crate) const SERVICE: Service = Service {
    name: "cloudtrail",
    id: "CloudTrail",
};

/// The name of the service in its interface, before the names of operations.
const PREFIX: &str = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101";

/// Trails of any Region, and those of the organization, which belong to its management account.
const TRAILS: &[Arns] = &[Arns::Anywhere("trail/*")];

const DESCRIBE: Permission = Permission::new("cloudtrail:DescribeTrails", &[Arns::Any]);
const GET_STATUS: Permission = Permission::new("cloudtrail:GetTrailStatus", TRAILS);
const GET_SELECTORS: Permission = Permission::new("cloudtrail:GetEventSelectors", TRAILS);

/// The permissions of all calls.
pub(crate) const PERMISSIONS: &[Permission] = &[DESCRIBE, GET_STATUS, GET_SELECTORS];

/// The error code for a trail that does not exist.
const ABSENT: &[&str] = &["TrailNotFoundException"];

impl Reader<'_> {
    /// Returns the trails that log the events of the Region. Their states are read until one of them is complete: the
    /// trails come in an order in which no later one has more of what the list shows.
    pub(crate) async fn trails(&self) -> List<Trail> {
        let listed = match self.list_trails().await {
            Ok(listed) => listed,
            Err(unread) => return List::unread(unread),
        };
        let mut trails = Vec::new();
        let mut is_one_complete = false;
        for listed in listed {
            if !listed.facts.is_multi_region || is_one_complete {
                trails.push(listed.facts);
            } else if let Some(trail) = self.trail(listed).await {
                is_one_complete = trail.is_complete();
                trails.push(trail);
            }
        }
        List::complete(trails)
    }

    async fn list_trails(&self) -> Fact<Vec<ListedTrail>> {
        let call = self.cloudtrail_call(&DESCRIBE, self.location.to_string());
        // Trails of other Regions and of the organization are included by their shadows in this Region.
        let input = json!({"includeShadowTrails": true});
        let response = self.cloudtrail_request("DescribeTrails", input);
        let Trails { trail_list } = call.send(response).await?;
        let listed = trail_list.ok_or_else(|| call.no_list())?;
        parse::trails(listed).map_err(|missing| call.without(missing))
    }

    /// Returns a trail with its state and its event selectors; `None` if it no longer exists.
    async fn trail(&self, listed: ListedTrail) -> Option<Trail> {
        let ListedTrail {
            arn,
            has_own_selectors,
            mut facts,
        } = listed;
        facts.status = self.trail_status(&arn, &facts.name).await.transpose()?;
        let is_off = matches!(&facts.status, Ok(status) if !status.is_logging);
        // A trail that is off logs nothing, whatever its selectors select.
        if has_own_selectors && !is_off {
            let selectors = self.selectors(&arn, &facts.name).await.transpose()?;
            facts.selectors = selectors.unwrap_or_else(List::unread);
        }
        Some(facts)
    }

    async fn trail_status(&self, arn: &str, name: &str) -> Fact<Option<TrailStatus>> {
        let call = self.trail_call(&GET_STATUS, arn, name);
        let request = self.cloudtrail_request("GetTrailStatus", json!({"Name": arn}));
        let status: Result<Status, Failure> = call.send(request).await;
        match status {
            Ok(status) => parse::status(status)
                .map(Some)
                .ok_or_else(|| call.without("IsLogging")),
            Err(failure) => failure.or_none(),
        }
    }

    async fn selectors(&self, arn: &str, name: &str) -> Fact<Option<List<EventSelector>>> {
        let call = self.trail_call(&GET_SELECTORS, arn, name);
        let request = self.cloudtrail_request("GetEventSelectors", json!({"TrailName": arn}));
        let selectors: Result<EventSelectors, Failure> = call.send(request).await;
        match selectors {
            Ok(selectors) => parse::selectors(name, &selectors)
                .map(Some)
                .ok_or_else(|| call.without("the event selectors")),
            Err(failure) => failure.or_none(),
        }
    }

    /// Returns a call about a trail. If CloudTrail does not find a trail of this account, it was deleted. A trail of
    /// another account, such as that of the organization, may exist although CloudTrail does not find it.
    fn trail_call(&self, permission: &Permission, arn: &str, name: &str) -> Call<'_> {
        let call = self.cloudtrail_call(permission, format!("trail {name}"));
        let arn = arn.parse::<Arn>();
        let is_own = arn.is_ok_and(|arn| arn.account() == self.location.account);
        call.absent(if is_own { ABSENT } else { &[] })
    }

    fn cloudtrail_call(&self, permission: &Permission, target: String) -> Call<'_> {
        let pace = &self.clients.paces.cloudtrail;
        Call::new(permission.action, pace, target)
    }

    async fn cloudtrail_request<T>(&self, operation: &'static str, input: Value) -> ServiceResult<T>
    where
        T: DeserializeOwned + std::fmt::Debug + Send + Sync + 'static,
    {
        let request = JsonRequest::target(PREFIX, operation, input);
        self.clients.cloudtrail.send(request).await
    }
}
