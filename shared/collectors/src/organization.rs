//! The organization of the account.

use eksentry_core::facts::AttachedPolicy;
use eksentry_core::policy::OrganizationPath;
use eksentry_core::{Fact, Unread};

use crate::Reader;
use crate::call::Call;
use crate::permission::{Arns, Permission};

pub(crate) const DESCRIBE: Permission =
    Permission::new("organizations:DescribeOrganization", &[Arns::Any]);

/// The error code for an account that belongs to no organization.
const ABSENT: &[&str] = &["AWSOrganizationsNotInUseException"];

impl Reader<'_> {
    /// Returns the organization of the account, if one of the policies names an organization; `None` if the account
    /// belongs to none, or may not read to which one it belongs.
    pub(crate) async fn organization_for<'a>(
        &self,
        policies: impl IntoIterator<Item = &'a AttachedPolicy>,
    ) -> Fact<Option<OrganizationPath>> {
        let mut policies = policies.into_iter();
        if policies.any(AttachedPolicy::names_organizations) {
            let organization = self.account.organization(|| self.organization());
            organization.await.clone()
        } else {
            Err(Unread::not_requested("the account's organization"))
        }
    }

    async fn organization(&self) -> Fact<Option<OrganizationPath>> {
        let target = format!("the organization of account {}", self.location.account);
        let call = Call::new(DESCRIBE.action, &self.clients.paces.organizations, target);
        let call = call.absent(ABSENT);
        let request = self.clients.organizations.describe_organization();
        match call.send(request.send()).await {
            Ok(response) => {
                let id = response
                    .organization
                    .and_then(|organization| organization.id);
                let organization = id.and_then(|id| id.parse().ok());
                organization
                    .map(Some)
                    .ok_or_else(|| call.without("the organization's id"))
            }
            Err(failure) => failure.or_none().or_else(|unread| {
                if unread.is_denied() {
                    Ok(None)
                } else {
                    Err(unread)
                }
            }),
        }
    }
}
