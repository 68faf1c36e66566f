//! AWS Organizations: the accounts of an organization and its units, as its management account sees them.

use serde_json::{Value, json};

use super::{operation::CallContext, service::AwsError, state::State, wire::Request};
use crate::account::{Account, Member, Organization, Unit, arn};

const ID: &str = "o-ab12cd34ef";
/// The time at which every account joined.
const JOINED_AT: &str = "2024-03-04T05:06:07Z";

/// Returns the organization of the caller, which may be any of its accounts.
pub(super) fn describe_organization(
    state: &mut State,
    call: &CallContext<'_>,
) -> Result<Value, AwsError> {
    call.request.allow_members(&[])?;
    let mut organizations = organizations(state);
    let own = organizations.find(|(account, organization)| {
        account.account == call.caller || organization.has(call.caller)
    });
    let (account, _) = own.ok_or_else(not_in_use)?;
    let master = &account.account;
    Ok(json!({"Organization": {
        "Id": ID,
        "Arn": own_arn(account, &format!("organization/{ID}")),
        "FeatureSet": "ALL",
        "MasterAccountArn": own_arn(account, &format!("account/{ID}/{master}")),
        "MasterAccountId": master,
        "MasterAccountEmail": format!("{master}@example.com"),
    }}))
}

pub(super) fn list_accounts(state: &mut State, call: &CallContext<'_>) -> Result<Value, AwsError> {
    let (account, organization) = of_caller(state, call)?;
    let request = call.request;
    request.allow_members(&["MaxResults", "NextToken"])?;
    let paging = request.paging()?;
    let (page, token) = paging.page_of(account, request, &organization.accounts, |_| true)?;
    Ok(paging.response(accounts(account, &page), token).into())
}

pub(super) fn list_accounts_for_parent(
    state: &mut State,
    call: &CallContext<'_>,
) -> Result<Value, AwsError> {
    let (account, organization) = of_caller(state, call)?;
    let request = call.request;
    let parent = parent(organization, request)?;
    let is_child = |member: &Member| member.parent_id == parent;
    let paging = request.paging()?;
    let (page, token) = paging.page_of(account, request, &organization.accounts, is_child)?;
    Ok(paging.response(accounts(account, &page), token).into())
}

pub(super) fn list_units_for_parent(
    state: &mut State,
    call: &CallContext<'_>,
) -> Result<Value, AwsError> {
    let (account, organization) = of_caller(state, call)?;
    let request = call.request;
    let parent = parent(organization, request)?;
    let is_child = |unit: &Unit| unit.parent_id == parent;
    let paging = request.paging()?;
    let (page, token) = paging.page_of(account, request, &organization.units, is_child)?;
    let described = |unit: &&Unit| {
        json!({
            "Id": unit.id,
            "Arn": parent_arn(account, &unit.id),
            "Name": unit.name.as_ref().unwrap_or(&unit.id),
        })
    };
    let units: Vec<Value> = page.iter().map(described).collect();
    Ok(paging.response(units, token).into())
}

/// Returns the caller's organization, and the account in whose file it is. Requests may be signed for any Region, since
/// Organizations is global.
fn of_caller<'a>(
    state: &'a State,
    call: &CallContext<'_>,
) -> Result<(&'a Account, &'a Organization), AwsError> {
    if let Some(own) = organizations(state).find(|(account, _)| account.account == call.caller) {
        return Ok(own);
    }
    let is_member = organizations(state).any(|(_, organization)| organization.has(call.caller));
    Err(if is_member {
        let message = "You don't have permissions to access this resource.";
        call.request.service.denied(message)
    } else {
        not_in_use()
    })
}

/// Returns the organizations, each with the account in whose file it is.
fn organizations(state: &State) -> impl Iterator<Item = (&Account, &Organization)> {
    let accounts = state.accounts();
    accounts.filter_map(|account| Some((account, account.organization.as_ref()?)))
}

fn not_in_use() -> AwsError {
    AwsError::new(
        "AWSOrganizationsNotInUseException",
        "Your account is not a member of an organization.",
    )
}

fn accounts(account: &Account, members: &[&Member]) -> Vec<Value> {
    let described = |member: &&Member| {
        let status = member.status.as_deref().unwrap_or("ACTIVE");
        json!({
            "Id": member.id,
            "Arn": own_arn(account, &format!("account/{ID}/{}", member.id)),
            "Email": format!("{}@example.com", member.id),
            "Name": member.name.as_ref().unwrap_or(&member.id),
            "Status": status,
            "State": status,
            "JoinedMethod": "CREATED",
            "JoinedTimestamp": JOINED_AT,
        })
    };
    members.iter().map(described).collect()
}

fn own_arn(account: &Account, resource: &str) -> String {
    arn(
        &account.region,
        "organizations",
        "",
        &account.account,
        resource,
    )
}

/// Returns the ARN of the root or the unit that a request is about.
pub(super) fn parent_resource(account: &Account, request: &Request) -> String {
    parent_arn(account, request.text_or_empty("ParentId"))
}

/// Returns the ARN of the root or the unit of this id.
fn parent_arn(account: &Account, id: &str) -> String {
    let kind = if id.starts_with("r-") { "root" } else { "ou" };
    own_arn(account, &format!("{kind}/{ID}/{id}"))
}

/// Returns the id of the root or the unit that a request is about.
fn parent<'a>(organization: &Organization, request: &'a Request) -> Result<&'a str, AwsError> {
    request.allow_members(&["ParentId", "MaxResults", "NextToken"])?;
    let parent = request.required_text("ParentId")?;
    if !is_parent_id(parent) {
        return Err(request.invalid(format!(
            "ParentId is {parent}, neither r-<4 to 32> nor ou-<4 to 32>-<8 to 32>"
        )));
    }
    let Organization { units, accounts } = organization;
    let is_known = units
        .iter()
        .any(|unit| unit.id == parent || unit.parent_id == parent)
        || accounts.iter().any(|account| account.parent_id == parent);
    if is_known {
        return Ok(parent);
    }
    Err(AwsError::new(
        "ParentNotFoundException",
        format!("There is no root or unit {parent}."),
    ))
}

fn is_parent_id(id: &str) -> bool {
    let is_part = |part: &str, least: usize| {
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        (least..=32).contains(&part.len()) && part.bytes().all(allowed)
    };
    match id.split('-').collect::<Vec<_>>()[..] {
        ["r", root] => is_part(root, 4),
        ["ou", root, unit] => is_part(root, 4) && is_part(unit, 8),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACCOUNT: &str = r#"
account: "123456789012"
region: eu-central-1
organization:
  units:
    - {Id: ou-ab12-payments1, Name: payments, ParentId: r-ab12}
    - {Id: ou-ab12-ledger001, ParentId: ou-ab12-payments1}
    - {Id: ou-ab12-nothing01, ParentId: r-ab12}
  accounts:
    - {Id: "123456789012", Name: home, ParentId: r-ab12}
    - {Id: "210987654321", ParentId: ou-ab12-payments1}
    - {Id: "310987654321", Status: SUSPENDED, ParentId: ou-ab12-payments1}
"#;

    fn list(operation: &str, members: Value) -> Result<Value, AwsError> {
        let account = Account::parse("the test's account", ACCOUNT).unwrap();
        let mut state = State::new(account);
        let request = Request::of(&format!("organizations.{operation}"), members);
        let call = CallContext {
            caller: "123456789012",
            request: &request,
            fault: None,
        };
        state.response(&call)
    }

    fn ids(response: &Value, list: &str) -> Vec<String> {
        let items = response[list].as_array().unwrap().iter();
        items
            .map(|item| item["Id"].as_str().unwrap().to_owned())
            .collect()
    }

    #[test]
    fn accounts_and_units_are_listed_by_their_parents() {
        for (operation, members, wanted) in [
            (
                "ListAccounts",
                json!({}),
                &["123456789012", "210987654321", "310987654321"][..],
            ),
            (
                "ListAccountsForParent",
                json!({"ParentId": "ou-ab12-payments1"}),
                &["210987654321", "310987654321"],
            ),
            (
                "ListAccountsForParent",
                json!({"ParentId": "ou-ab12-nothing01"}),
                &[],
            ),
            (
                "ListOrganizationalUnitsForParent",
                json!({"ParentId": "r-ab12"}),
                &["ou-ab12-payments1", "ou-ab12-nothing01"],
            ),
        ] {
            let response = list(operation, members).unwrap();
            let name = if operation.contains("Units") {
                "OrganizationalUnits"
            } else {
                "Accounts"
            };
            assert_eq!(ids(&response, name), wanted);
        }
        let response = list("ListAccounts", json!({"MaxResults": 2})).unwrap();
        let rest = json!({"NextToken": response["NextToken"]});
        let rest = list("ListAccounts", rest).unwrap();
        assert_eq!(rest["Accounts"][0]["Status"], "SUSPENDED");
        assert_eq!(rest["NextToken"], Value::Null);
    }

    #[test]
    fn requests_about_unknown_parents_and_with_unknown_members_fail() {
        for (operation, members, code, violation) in [
            (
                "ListAccountsForParent",
                json!({"ParentId": "r-other"}),
                "ParentNotFoundException",
                false,
            ),
            (
                "ListAccountsForParent",
                json!({"ParentId": "payments"}),
                "InvalidInputException",
                true,
            ),
            (
                "ListAccountsForParent",
                json!({}),
                "InvalidInputException",
                true,
            ),
            (
                "ListAccounts",
                json!({"ParentId": "r-ab12"}),
                "InvalidInputException",
                true,
            ),
            (
                "ListAccounts",
                json!({"MaxResults": 21}),
                "InvalidInputException",
                true,
            ),
            ("ListRoots", json!({}), "UnknownOperationException", true),
        ] {
            let error = list(operation, members).expect_err(code);
            assert_eq!((error.code.as_str(), error.violation), (code, violation));
        }
    }
}
