//! Amazon Inspector: the status of accounts.

use serde_json::{Value, json};

use super::{collection::described, collections::INSPECTOR, service::AwsError, wire::Request};
use crate::account::{Account, Record};

/// Returns the status of the accounts that a request names, or of the caller's own. Only the delegated administrator
/// may ask for other accounts.
pub(super) fn batch_get_account_status(
    account: &Account,
    request: &Request,
) -> Result<Value, AwsError> {
    let own = account.account.as_str();
    let named = request.texts("accountIds", 100)?;
    let (mut accounts, mut failed) = (Vec::new(), Vec::new());
    for id in named.unwrap_or_else(|| vec![own]) {
        if id == own {
            accounts.push(status(account));
        } else {
            failed.push(json!({
                "accountId": id,
                "errorCode": "ACCESS_DENIED",
                "errorMessage": "The account is not a member.",
            }));
        }
    }
    Ok(json!({"accounts": accounts, "failedAccounts": failed}))
}

fn status(account: &Account) -> Value {
    let empty = Record::new();
    let stated = account.only_entry(INSPECTOR.name).unwrap_or(&empty);
    described(&INSPECTOR, account, stated).into()
}
