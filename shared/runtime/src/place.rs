//! Where resources are looked at: accounts and their Regions.

use std::sync::Arc;

use eksentry_aws::{Aws, Pages, client};
use eksentry_collectors::{AccountClusters, Clients, Reader};
use eksentry_core::Location;
use eksentry_reporters::SecurityHub;

use crate::app::Connections;
use crate::error::{Error, ErrorKind};
use crate::settings::{Regions, Settings};

pub(crate) const ACTIONS: &[&str] = &["account:ListRegions"];

/// An account in a Region, with what is needed to look there and to report there.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    pub(crate) location: Location,
    pub(crate) clients: Clients,
    pub(crate) security_hub: SecurityHub,
}

impl Place {
    /// A place, to which so many processes report at the same time.
    pub(crate) fn new(aws: &Aws, location: Location, processes: u32) -> Self {
        Self {
            clients: Clients::new(aws),
            security_hub: SecurityHub::new(aws, location.clone(), processes),
            location,
        }
    }
}

/// An account that was entered, in each Region that is to be looked at.
#[derive(Debug)]
pub(crate) struct Account {
    places: Vec<Place>,
    clusters: Arc<AccountClusters>,
}

impl Account {
    /// The account that the function runs in. Who uses which role is known of its own Region in any case.
    ///
    /// # Errors
    ///
    /// When its Regions can't be listed.
    pub(crate) async fn home(
        connections: &Connections,
        settings: &Settings,
        processes: u32,
    ) -> Result<Self, Error> {
        let home = &connections.home.location;
        let regions = regions(&connections.aws, &settings.regions, home).await?;
        let places = regions.into_iter().map(|region| {
            if region == home.region && processes == 1 {
                connections.home.clone()
            } else {
                place(&connections.aws, home, region, processes)
            }
        });
        let places: Vec<Place> = places.collect();
        let home =
            (!places.iter().any(|place| place.location == *home)).then_some(&connections.home);
        Ok(Self {
            clusters: clusters(places.iter().chain(home)),
            places,
        })
    }

    /// The account that the function runs in, in that Region alone.
    pub(crate) fn here(connections: &Connections) -> Self {
        let places = vec![connections.home.clone()];
        Self {
            clusters: clusters(&places),
            places,
        }
    }

    /// Another account, by its role.
    ///
    /// # Errors
    ///
    /// When the role can't be assumed, or the account's Regions can't be listed.
    pub(crate) async fn enter(
        connections: &Connections,
        settings: &Settings,
        account: &str,
        processes: u32,
    ) -> Result<Self, Error> {
        let home = &connections.home.location;
        if account == home.account {
            return Self::home(connections, settings, processes).await;
        }
        let role = format!(
            "arn:{}:iam::{account}:role/{}",
            home.partition, settings.role_name
        );
        let external_id = settings.external_id.as_deref();
        let aws = connections.aws.as_role(&role, external_id).await;
        let aws = aws.map_err(|error| {
            let message = format!(
                "account {account} was not looked at, since the role {role} could not be assumed: {}; deploy \
                 template-member.yaml there, with the external id of EKSENTRY_EXTERNAL_ID if that is set",
                error.problem
            );
            Error::new(ErrorKind::NotEntered, message)
        })?;
        let there = Location {
            account: account.to_owned(),
            ..home.clone()
        };
        let regions = regions(&aws, &settings.regions, &there).await?;
        let places = regions
            .into_iter()
            .map(|region| place(&aws, &there, region, processes));
        let places: Vec<Place> = places.collect();
        Ok(Self {
            clusters: clusters(&places),
            places,
        })
    }

    /// Its Regions.
    pub(crate) fn places(&self) -> &[Place] {
        &self.places
    }

    /// A reader of one of its places, which knows who uses which role in all of them.
    pub(crate) fn reader<'a>(&self, place: &'a Place) -> Reader<'a> {
        Reader::new(&place.clients, place.location.clone(), &self.clusters)
    }
}

fn clusters<'a>(places: impl IntoIterator<Item = &'a Place>) -> Arc<AccountClusters> {
    let places = places
        .into_iter()
        .map(|place| (&place.clients, &place.location));
    AccountClusters::new(places)
}

fn place(aws: &Aws, account: &Location, region: String, processes: u32) -> Place {
    let aws = aws.in_region(&region);
    let location = Location {
        region,
        ..account.clone()
    };
    Place::new(&aws, location, processes)
}

/// The Regions of an account that are looked at.
async fn regions(aws: &Aws, regions: &Regions, account: &Location) -> Result<Vec<String>, Error> {
    match regions {
        Regions::Home => Ok(vec![account.region.clone()]),
        Regions::These(regions) => Ok(regions.clone()),
        Regions::All => enabled_regions(aws).await.map_err(|problem| {
            let message = format!(
                "account {} was not looked at, since account:ListRegions failed there: {problem}; allow it, or name the \
                 Regions in EKSENTRY_REGIONS",
                account.account
            );
            Error::new(ErrorKind::NotEntered, message)
        }),
    }
}

async fn enabled_regions(aws: &Aws) -> Result<Vec<String>, String> {
    use aws_sdk_account::types::RegionOptStatus::{Enabled, EnabledByDefault};
    let call = client!(aws_sdk_account, aws)
        .list_regions()
        .region_opt_status_contains(Enabled)
        .region_opt_status_contains(EnabledByDefault)
        .max_results(50);
    let mut pages = call.into_paginator().send();
    let (mut leads, mut regions) = (Pages::default(), Vec::new());
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| eksentry_aws::problem(&error))?;
        let led = leads.lead_to(page.next_token());
        led.map_err(|problem| problem.to_string())?;
        let listed = page.regions.unwrap_or_default().into_iter();
        regions.extend(listed.filter_map(|region| region.region_name));
    }
    regions.sort_unstable();
    Ok(regions)
}
