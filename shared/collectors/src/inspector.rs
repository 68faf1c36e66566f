//! Amazon Inspector: its status for the account.

use eksentry_aws::{JsonRequest, Service};
use eksentry_core::Fact;
use eksentry_core::facts::account::{Inspector, InspectorStatus};
use eksentry_core::facts::repository::RegistryScanning;
use serde::Deserialize;
use serde_json::json;

use crate::Reader;
use crate::call::Call;
use crate::permission::{Arns, Permission};

pub(crate) const SERVICE: Service = Service {
    name: "inspector2",
    id: "Inspector2",
};

pub(crate) const READ: Permission =
    Permission::new("inspector2:BatchGetAccountStatus", &[Arns::Any]);

/// The beginnings of the names of the Regions that have ECR, but no endpoint of Amazon Inspector.
/// Source: <https://github.com/boto/botocore/blob/develop/botocore/data/endpoints.json>.
const REGIONS_WITHOUT: [&str; 6] = [
    "ap-southeast-6",
    "eu-isoe-",
    "eusc-",
    "us-iso-",
    "us-isob-",
    "us-isof-",
];

/// The response of `BatchGetAccountStatus`.
/// Source: <https://docs.aws.amazon.com/inspector/v2/APIReference/API_BatchGetAccountStatus.html>.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Statuses {
    accounts: Option<Vec<AccountState>>,
    failed_accounts: Option<Vec<FailedAccount>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct AccountState {
    account_id: Option<String>,
    state: Option<State>,
    resource_state: Option<ResourceState>,
}

#[derive(Debug, Deserialize)]
struct ResourceState {
    ecr: Option<State>,
}

#[derive(Debug, Deserialize)]
struct State {
    status: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct FailedAccount {
    account_id: Option<String>,
    error_code: Option<String>,
}

impl Reader<'_> {
    /// Returns the status of Amazon Inspector for the account, given the scanning configuration of its registry.
    pub(crate) async fn inspector(&self, scanning: &RegistryScanning) -> Fact<Inspector> {
        if !scanning.enhanced && has_no_inspector(&self.location.region) {
            return Ok(Inspector::NotOffered);
        }
        let call = Call::new(
            READ.action,
            &self.clients.paces.inspector,
            self.location.to_string(),
        );
        let account = &self.location.account;
        let input = json!({"accountIds": [account]});
        let request = JsonRequest::post("BatchGetAccountStatus", "status/batch/get", input);
        let statuses: Statuses = call.send(self.clients.inspector.send(request)).await?;
        statuses
            .of(account)
            .map_err(|problem| call.failed(&problem))
    }
}

fn has_no_inspector(region: &str) -> bool {
    REGIONS_WITHOUT
        .iter()
        .any(|begin| region.starts_with(begin))
}

impl Statuses {
    /// Returns the status of an account.
    ///
    /// # Errors
    ///
    /// Returns a description of the problem if the response has no status of the account.
    fn of(&self, account: &str) -> Result<Inspector, String> {
        let is_meant = |id: &Option<String>| id.as_deref() == Some(account);
        let mut accounts = self.accounts.iter().flatten();
        if let Some(found) = accounts.find(|one| is_meant(&one.account_id)) {
            let images = found.resource_state.as_ref();
            return Ok(Inspector::Offered {
                account: status(found.state.as_ref()),
                images: status(images.and_then(|resources| resources.ecr.as_ref())),
            });
        }
        let mut failed = self.failed_accounts.iter().flatten();
        let failed = failed.find(|one| is_meant(&one.account_id));
        let code = failed.map(|one| one.error_code.as_deref().unwrap_or("no error code"));
        Err(code.unwrap_or("no status of the account").to_owned())
    }
}

fn status(state: Option<&State>) -> InspectorStatus {
    InspectorStatus::read(state.and_then(|state| state.status.as_deref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = "111122223333";

    fn status_in(response: &serde_json::Value) -> Result<Inspector, String> {
        let statuses: Statuses = serde_json::from_value(response.clone()).unwrap();
        statuses.of(ACCOUNT)
    }

    #[test]
    fn the_status_of_the_account_is_read() {
        let offered = |account, images| {
            Ok(Inspector::Offered {
                account: InspectorStatus::read(account),
                images: InspectorStatus::read(images),
            })
        };
        let on = json!({"status": "ENABLED", "errorCode": "ALREADY_ENABLED", "errorMessage": "-"});
        let off = json!({"status": "DISABLED"});
        for (response, expected) in [
            (
                json!({"accounts": [
                    {"accountId": "444455556666", "state": off, "resourceState": {"ecr": off}},
                    {"accountId": ACCOUNT, "state": on, "resourceState": {"ec2": off, "ecr": on}},
                ], "failedAccounts": []}),
                offered(Some("ENABLED"), Some("ENABLED")),
            ),
            (
                json!({"accounts": [{"accountId": ACCOUNT, "state": on, "resourceState": {"ec2": on}}]}),
                offered(Some("ENABLED"), None),
            ),
            (
                json!({"accounts": [{"accountId": ACCOUNT}]}),
                offered(None, None),
            ),
            (
                json!({"accounts": [], "failedAccounts": [{"accountId": ACCOUNT, "errorCode": "ACCESS_DENIED"}]}),
                Err("ACCESS_DENIED".to_owned()),
            ),
            (
                json!({"failedAccounts": [{"accountId": ACCOUNT}]}),
                Err("no error code".to_owned()),
            ),
            (
                json!({"accounts": null, "failedAccounts": [{"accountId": "444455556666", "errorCode": "X"}]}),
                Err("no status of the account".to_owned()),
            ),
            (json!({}), Err("no status of the account".to_owned())),
        ] {
            assert_eq!(status_in(&response), expected, "{response}");
        }
    }

    #[test]
    fn some_regions_have_no_inspector() {
        for (region, expected) in [
            ("eu-central-1", false),
            ("ap-southeast-5", false),
            ("us-gov-west-1", false),
            ("cn-north-1", false),
            ("ap-southeast-6", true),
            ("us-iso-east-1", true),
            ("eusc-de-east-1", true),
        ] {
            assert_eq!(has_no_inspector(region), expected, "{region}");
        }
    }
}
