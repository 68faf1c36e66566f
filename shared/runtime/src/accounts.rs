//! The accounts that a sweep evaluates.

use std::collections::BTreeSet;

use aws_sdk_organizations::types::{Account, AccountState, AccountStatus};
use eksentry_aws::{Aws, Lazy, Pace, client};
use eksentry_collectors::Call;
use eksentry_core::{Fact, Unread};

use crate::error::{Error, ErrorKind};
use crate::settings::{SetBy, Settings};

pub(crate) const ACTIONS: &[&str] = &[LIST, LIST_OF_UNIT, LIST_UNITS];

const LIST: &str = "organizations:ListAccounts";
const LIST_OF_UNIT: &str = "organizations:ListAccountsForParent";
const LIST_UNITS: &str = "organizations:ListOrganizationalUnitsForParent";

/// Returns the accounts that the settings name by id, by organization or by organizational unit; the function's own if
/// they name none. Also returns errors about accounts that could not be listed.
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
        let organization = Organization::new(aws, settings.set_by);
        if named.organization {
            match organization.all().await {
                Ok(found) => accounts.extend(found),
                Err(error) => errors.push(error),
            }
        }
        for unit in &named.units {
            match organization.below_unit(unit).await {
                Ok(found) => accounts.extend(found),
                Err(error) => errors.push(error),
            }
        }
    }
    (accounts.into_iter().collect(), errors)
}

/// The lists that responses must have. A unit without accounts or units below it has an empty list; a response without
/// the list does not show that there are none.
const REQUIRED: [(&str, &str); 3] = [
    ("ListAccounts", "Accounts"),
    ("ListAccountsForParent", "Accounts"),
    ("ListOrganizationalUnitsForParent", "OrganizationalUnits"),
];

struct Organization {
    client: Lazy<aws_sdk_organizations::Client>,
    pace: Pace,
    set_by: SetBy,
}

impl Organization {
    fn new(aws: &Aws, set_by: SetBy) -> Self {
        Self {
            client: client!(aws_sdk_organizations, aws, None, &REQUIRED),
            pace: Pace::default(),
            set_by,
        }
    }

    async fn all(&self) -> Result<Vec<String>, Error> {
        let of = "the organization";
        let listed = self.accounts_of_organization(of).await;
        listed.map_err(|reason| self.not_listed(of, &reason))
    }

    /// Returns the accounts of a unit and of all units below it.
    async fn below_unit(&self, unit: &str) -> Result<Vec<String>, Error> {
        let mut found = Vec::new();
        let mut units = vec![unit.to_owned()];
        while let Some(unit) = units.pop() {
            let error = |reason: Unread| self.not_listed(&unit, &reason);
            found.extend(self.accounts_in(&unit).await.map_err(error)?);
            units.extend(self.units_in(&unit).await.map_err(error)?);
        }
        Ok(found)
    }

    async fn accounts_of_organization(&self, of: &str) -> Fact<Vec<String>> {
        let list = self.client.list_accounts();
        let call = Call::new(LIST, &self.pace, of);
        let request = |token| list.clone().set_next_token(token).send();
        let accounts = call.names(request, |page| (active(page.accounts), page.next_token));
        accounts.await
    }

    async fn accounts_in(&self, unit: &str) -> Fact<Vec<String>> {
        let list = self.client.list_accounts_for_parent().parent_id(unit);
        let call = Call::new(LIST_OF_UNIT, &self.pace, unit);
        let request = |token| list.clone().set_next_token(token).send();
        let accounts = call.names(request, |page| (active(page.accounts), page.next_token));
        accounts.await
    }

    async fn units_in(&self, unit: &str) -> Fact<Vec<String>> {
        let list = self.client.list_organizational_units_for_parent();
        let list = list.parent_id(unit);
        let call = Call::new(LIST_UNITS, &self.pace, unit);
        let request = |token| list.clone().set_next_token(token).send();
        let units = call.names(request, |page| {
            let units = page.organizational_units.into_iter().flatten();
            (units.map(|unit| unit.id), page.next_token)
        });
        units.await
    }

    fn not_listed(&self, of: &str, reason: &Unread) -> Error {
        let message = format!(
            "couldn't list the accounts of {of}: {} To fix this, run eksentry in the organization's management account \
             or in that of a delegated administrator, or list account ids in {}.",
            reason.text,
            self.set_by.name("EKSENTRY_ACCOUNTS", "--accounts")
        );
        Error::new(ErrorKind::NotListed, message)
    }
}

/// The states of accounts that cannot be evaluated. A sweep tries to enter an account whose state is not
/// in this list, which may fail.
/// Source: <https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_account_state.html>.
const INACTIVE: [&str; 4] = [
    "CLOSED",
    "PENDING_ACTIVATION",
    "PENDING_CLOSURE",
    "SUSPENDED",
];

/// Returns the ids of the accounts that can be evaluated; suspended and closed accounts cannot.
fn active(accounts: Option<Vec<Account>>) -> impl Iterator<Item = Option<String>> {
    let active = accounts.into_iter().flatten().filter(is_active);
    active.map(|account| account.id)
}

fn is_active(account: &Account) -> bool {
    let status = account.status.as_ref().map(AccountStatus::as_str);
    let state = account.state.as_ref().map(AccountState::as_str);
    state
        .or(status)
        .is_none_or(|state| !INACTIVE.contains(&state))
}
