//! Which accounts a sweep looks at.

use std::collections::BTreeSet;

use eksentry_aws::{Aws, Lazy, Pages, client, problem};

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

/// A unit without accounts or units below it is told as having none; an answer without the list says nothing.
const REQUIRED: [(&str, &str); 3] = [
    ("ListAccounts", "Accounts"),
    ("ListAccountsForParent", "Accounts"),
    ("ListOrganizationalUnitsForParent", "OrganizationalUnits"),
];

struct Organization(Lazy<aws_sdk_organizations::Client>);

impl Organization {
    fn new(aws: &Aws) -> Self {
        Self(client!(aws_sdk_organizations, aws, None, &REQUIRED))
    }

    async fn everyone(&self) -> Result<Vec<String>, Error> {
        let mut pages = self.0.list_accounts().into_paginator().send();
        let mut leads = Pages::default();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| {
                not_listed(
                    "organizations:ListAccounts",
                    "the organization",
                    problem(&error),
                )
            })?;
            leads.lead_to(page.next_token()).map_err(|problem| {
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
            let mut leads = Pages::default();
            while let Some(page) = pages.next().await {
                let page = page.map_err(|error| {
                    not_listed(
                        "organizations:ListAccountsForParent",
                        &unit,
                        problem(&error),
                    )
                })?;
                leads.lead_to(page.next_token()).map_err(|problem| {
                    not_listed("organizations:ListAccountsForParent", &unit, problem)
                })?;
                found.extend(page.accounts.into_iter().flatten().filter_map(active));
            }
            let pages = self
                .0
                .list_organizational_units_for_parent()
                .parent_id(&unit);
            let action = "organizations:ListOrganizationalUnitsForParent";
            let mut pages = pages.into_paginator().send();
            let mut leads = Pages::default();
            while let Some(page) = pages.next().await {
                let page = page.map_err(|error| not_listed(action, &unit, problem(&error)))?;
                leads
                    .lead_to(page.next_token())
                    .map_err(|problem| not_listed(action, &unit, problem))?;
                let below = page.organizational_units.into_iter().flatten();
                units.extend(below.filter_map(|unit| unit.id));
            }
        }
        Ok(found)
    }
}

/// The states of accounts that can't be looked at. One in a state that is not known yet is entered, or fails to be.
/// Source: <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_account_state.html>.
const INACTIVE: [&str; 4] = [
    "CLOSED",
    "PENDING_ACTIVATION",
    "PENDING_CLOSURE",
    "SUSPENDED",
];

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
    let is_active = state
        .or(status)
        .is_none_or(|state| !INACTIVE.contains(&state));
    account.id.filter(|_| is_active)
}

fn not_listed(action: &str, of: &str, problem: impl std::fmt::Display) -> Error {
    let message = format!(
        "the accounts of {of} could not be listed: {action} failed: {problem}; it works only in the organization's \
         management account or a delegated administrator's, and EKSENTRY_ACCOUNTS takes account ids as well"
    );
    Error::new(ErrorKind::NotListed, message)
}
