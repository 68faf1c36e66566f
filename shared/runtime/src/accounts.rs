//! Which accounts a sweep looks at.

use std::collections::BTreeSet;

use aws_smithy_types::error::display::DisplayErrorContext;
use eksentry_aws::{Aws, client};

use crate::error::{Error, ErrorKind};
use crate::settings::Settings;

pub(crate) const ACTIONS: &[&str] = &[
    "organizations:ListAccounts",
    "organizations:ListAccountsForParent",
    "organizations:ListOrganizationalUnitsForParent",
];

/// The accounts that the settings name, by themselves or by their organization or its units; the function's own where
/// they name none. What could not be listed comes back too.
pub(crate) async fn accounts(
    aws: &Aws,
    settings: &Settings,
    home: &str,
) -> (Vec<String>, Vec<Error>) {
    let named = &settings.accounts;
    if named.is_empty() {
        return (vec![home.to_owned()], Vec::new());
    }
    let mut accounts: BTreeSet<String> = named.ids.iter().cloned().collect();
    let mut errors = Vec::new();
    if named.organization || !named.units.is_empty() {
        let organization = Organization::new(aws);
        if named.organization {
            match organization.everyone().await {
                Ok(found) => accounts.extend(found),
                Err(error) => errors.push(error),
            }
        }
        for unit in &named.units {
            match organization.of_unit(unit).await {
                Ok(found) => accounts.extend(found),
                Err(error) => errors.push(error),
            }
        }
    }
    (accounts.into_iter().collect(), errors)
}

struct Organization(aws_sdk_organizations::Client);

impl Organization {
    fn new(aws: &Aws) -> Self {
        Self(client!(aws_sdk_organizations, aws))
    }

    async fn everyone(&self) -> Result<Vec<String>, Error> {
        let mut pages = self.0.list_accounts().into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| {
                let problem = DisplayErrorContext(error);
                not_listed("organizations:ListAccounts", "the organization", problem)
            })?;
            found.extend(page.accounts.into_iter().flatten().filter_map(active));
        }
        Ok(found)
    }

    /// The accounts of a unit and of all units below it.
    async fn of_unit(&self, unit: &str) -> Result<Vec<String>, Error> {
        let mut found = Vec::new();
        let mut units = vec![unit.to_owned()];
        while let Some(unit) = units.pop() {
            let pages = self.0.list_accounts_for_parent().parent_id(&unit);
            let mut pages = pages.into_paginator().send();
            while let Some(page) = pages.next().await {
                let page = page.map_err(|error| {
                    let problem = DisplayErrorContext(error);
                    not_listed("organizations:ListAccountsForParent", &unit, problem)
                })?;
                found.extend(page.accounts.into_iter().flatten().filter_map(active));
            }
            let pages = self
                .0
                .list_organizational_units_for_parent()
                .parent_id(&unit);
            let mut pages = pages.into_paginator().send();
            while let Some(page) = pages.next().await {
                let page = page.map_err(|error| {
                    let action = "organizations:ListOrganizationalUnitsForParent";
                    not_listed(action, &unit, DisplayErrorContext(error))
                })?;
                let below = page.organizational_units.into_iter().flatten();
                units.extend(below.filter_map(|unit| unit.id));
            }
        }
        Ok(found)
    }
}

/// An account that can be looked at; suspended and closed ones can't.
fn active(account: aws_sdk_organizations::types::Account) -> Option<String> {
    let status = account
        .status
        .as_ref()
        .map(aws_sdk_organizations::types::AccountStatus::as_str);
    let state = account
        .state
        .as_ref()
        .map(aws_sdk_organizations::types::AccountState::as_str);
    (state.or(status).unwrap_or("ACTIVE") == "ACTIVE").then_some(account.id?)
}

fn not_listed(action: &str, of: &str, problem: impl std::fmt::Display) -> Error {
    let message = format!(
        "the accounts of {of} could not be listed: {action} failed: {problem}; it works only in the organization's \
         management account or a delegated administrator's, and EKSENTRY_ACCOUNTS takes account ids as well"
    );
    Error::new(ErrorKind::NotListed, message)
}
