//! The places whose resources are evaluated: accounts and their Regions.

use std::sync::Arc;

use eksentry_aws::{Aws, Pace, client};
use eksentry_collectors::{AccountClusters, Arns, Call, Clients, Permission, Reader};
use eksentry_core::{Fact, Location, Unread};
use eksentry_kubernetes::Routes;
use eksentry_reporters::SecurityHub;

use crate::error::{Error, ErrorKind};
use crate::settings::{Regions, SetBy, Settings};

pub(crate) const LIST_REGIONS: Permission =
    Permission::new("account:ListRegions", &[Arns::Global("account")]);

/// An account in a Region, with the clients for reading and reporting there.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) location: Location,
    pub(crate) clients: Clients,
    pub(crate) security_hub: SecurityHub,
}

impl Place {
    /// Creates a place to which `processes` processes report at the same time. `kubernetes` leads to the API servers of
    /// clusters.
    pub(crate) fn new(aws: &Aws, kubernetes: &Routes, location: Location, processes: u32) -> Self {
        Self {
            clients: Clients::new(aws, kubernetes),
            security_hub: SecurityHub::new(aws, location.clone(), processes),
            location,
        }
    }
}

/// The options for entering an account.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EntryOptions<'a> {
    /// The Regions to evaluate; if empty, all Regions that the settings name.
    pub(crate) regions: &'a [String],
    /// `true` if facts that span Regions are needed: then the clusters of all Regions that the settings name are read.
    pub(crate) spans_regions: bool,
    /// The number of processes that report to each place at the same time.
    pub(crate) processes: u32,
}

/// An account that was entered, in each Region to evaluate.
#[derive(Debug)]
pub(crate) struct Account {
    id: String,
    places: Vec<Place>,
    clusters: Arc<AccountClusters>,
    regions_error: Option<Error>,
}

impl Account {
    /// Enters an account: the function's own as it is, and any other by assuming its role. If the account's Regions
    /// must be listed and cannot be, it is entered in the function's own Region; see
    /// [`Account::regions_error`]. The use of roles by clusters is known for the function's own place in any case.
    ///
    /// # Errors
    ///
    /// Returns an error if the role cannot be assumed.
    pub(crate) async fn enter(
        aws: &Aws,
        home: &Place,
        settings: &Settings,
        account: &str,
        options: EntryOptions<'_>,
    ) -> Result<Self, Error> {
        let there = Location {
            account: account.to_owned(),
            ..home.location.clone()
        };
        let is_home = there == home.location;
        let aws = if is_home {
            aws.clone()
        } else {
            assume(aws, settings, &there).await?
        };
        let (named, unlisted) = match named_regions(&aws, settings, &there, options).await {
            Ok(named) => (named, None),
            Err(reason) => (None, Some(reason)),
        };
        // An event may name a resource in the function's own place, whatever Regions the settings name.
        let mut places = options.regions.to_vec();
        places.retain(|region| {
            let is_named = named.as_ref().is_none_or(|named| named.contains(region));
            is_named || is_home && *region == home.location.region
        });
        if options.regions.is_empty() {
            places = named.clone().unwrap_or_else(|| vec![there.region.clone()]);
        }
        let mut entered = places.clone();
        if options.spans_regions {
            entered.extend(named.into_iter().flatten());
            entered.sort_unstable();
            entered.dedup();
        }
        let enter = |region: String| {
            if is_home && region == home.location.region && options.processes == 1 {
                home.clone()
            } else {
                let location = Location {
                    region,
                    ..there.clone()
                };
                let aws = aws.in_region(&location.region);
                let kubernetes = home.clients.kubernetes();
                Place::new(&aws, kubernetes, location, options.processes)
            }
        };
        let mut entered: Vec<Place> = entered.into_iter().map(enter).collect();
        let is_entered = entered.iter().any(|place| place.location == home.location);
        let known = entered
            .iter()
            .chain((is_home && !is_entered).then_some(home));
        let known = known.map(|place| (&place.clients, &place.location));
        let missing = unlisted.clone().filter(|_| options.spans_regions);
        let clusters = AccountClusters::with_missing(known, missing);
        entered.retain(|place| places.contains(&place.location.region));
        let unevaluated = unlisted.filter(|_| options.regions.is_empty());
        Ok(Self {
            id: account.to_owned(),
            clusters,
            places: entered,
            regions_error: unevaluated
                .map(|reason| regions_not_listed(&there, settings.set_by, &reason)),
        })
    }

    /// Returns the account's places to evaluate, one for each Region.
    pub(crate) fn places(&self) -> &[Place] {
        &self.places
    }

    /// Returns the account's place in a Region.
    ///
    /// # Errors
    ///
    /// Returns an error if the Region is not enabled in the account.
    pub(crate) fn place(&self, region: &str) -> Result<&Place, Error> {
        let mut places = self.places.iter();
        let place = places.find(|place| place.location.region == region);
        place.ok_or_else(|| {
            let message = format!(
                "{region} was not evaluated, since the Region isn't enabled in account {}",
                self.id
            );
            Error::new(ErrorKind::NotListed, message)
        })
    }

    /// Returns the reason why the account's other Regions are not evaluated, if they could not be listed.
    pub(crate) fn regions_error(&self) -> Option<&Error> {
        self.regions_error.as_ref()
    }

    /// Returns a reader of one of the account's places, which knows which clusters use which role in all of them.
    pub(crate) fn reader<'a>(&self, place: &'a Place) -> Reader<'a> {
        Reader::new(&place.clients, place.location.clone(), &self.clusters)
    }
}

/// Returns the configuration of calls in another account, with the role there assumed.
async fn assume(aws: &Aws, settings: &Settings, there: &Location) -> Result<Aws, Error> {
    let Location {
        partition, account, ..
    } = there;
    let role = format!("arn:{partition}:iam::{account}:role/{}", settings.role_name);
    let assumed = aws.as_role(&role, settings.external_id.as_deref()).await;
    assumed.map_err(|error| {
        let message = format!(
            "couldn't assume the role {role}, so account {account} was not evaluated: {}; to fix this, deploy \
             template-member.yaml in that account, with the external id in {} if that is set",
            error.problem,
            settings.set_by.name("EKSENTRY_EXTERNAL_ID", "--external-id")
        );
        Error::new(ErrorKind::NotEntered, message)
    })
}

/// Returns the Regions of an account that the settings name; `None` if nothing depends on them, so that they are not
/// listed.
async fn named_regions(
    aws: &Aws,
    settings: &Settings,
    account: &Location,
    options: EntryOptions<'_>,
) -> Fact<Option<Vec<String>>> {
    match &settings.regions {
        Regions::Home => Ok(Some(vec![account.region.clone()])),
        Regions::These(regions) => Ok(Some(regions.clone())),
        Regions::All => {
            let is_elsewhere = options
                .regions
                .iter()
                .any(|region| *region != account.region);
            if options.spans_regions || options.regions.is_empty() || is_elsewhere {
                enabled_regions(aws, account).await.map(Some)
            } else {
                Ok(None)
            }
        }
    }
}

fn regions_not_listed(account: &Location, set_by: SetBy, reason: &Unread) -> Error {
    let message = format!(
        "couldn't list the Regions of account {}, so it was evaluated only in {}: {} As an alternative, list the \
         Regions in {}.",
        account.account,
        account.region,
        reason.text,
        set_by.name("EKSENTRY_REGIONS", "--region")
    );
    Error::new(ErrorKind::NotListed, message)
}

async fn enabled_regions(aws: &Aws, account: &Location) -> Fact<Vec<String>> {
    use aws_sdk_account::types::RegionOptStatus::{Enabled, EnabledByDefault};
    let pace = Pace::default();
    let call = Call::new(
        LIST_REGIONS.action,
        &pace,
        format!("account {}", account.account),
    );
    let list = client!(aws_sdk_account, aws)
        .list_regions()
        .region_opt_status_contains(Enabled)
        .region_opt_status_contains(EnabledByDefault)
        .max_results(50);
    let request = |token| list.clone().set_next_token(token).send();
    let regions = call.names(request, |page| {
        let regions = page.regions.into_iter().flatten();
        (regions.map(|region| region.region_name), page.next_token)
    });
    let mut regions = regions.await?;
    // Every account has Regions that can't be disabled.
    if regions.is_empty() {
        return Err(call.without("a Region"));
    }
    regions.sort_unstable();
    Ok(regions)
}
