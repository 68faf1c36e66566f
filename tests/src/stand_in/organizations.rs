//! AWS Organizations: the accounts of an organization and its units, as its management account sees them.

use serde_json::{Value, json};

use super::{paging::Paging, service::AwsError, wire::Request};
use crate::account::{Account, Member, Organization, Unit, arn};

const PAGES: Paging = Paging {
    size: "MaxResults",
    token: "NextToken",
    usual: 20,
    sizes: (1, 20),
    bad_token: "InvalidInputException",
};
const ID: &str = "o-ab12cd34ef";
/// The time at which every account joined: 2024-03-04T05:06:07Z.
const JOINED_AT: u32 = 1_709_528_767;

pub(super) fn answer(
    account: &Account,
    organization: &Organization,
    request: &Request,
) -> Result<Value, AwsError> {
    match request.operation.as_str() {
        "ListAccounts" => list_accounts(account, organization, request),
        "ListAccountsForParent" => list_accounts_for_parent(account, organization, request),
        "ListOrganizationalUnitsForParent" => list_units_for_parent(account, organization, request),
        other => Err(AwsError::unknown_operation(other)),
    }
}

/// Returns the error for an account that is not in an organization.
pub(super) fn not_in_use() -> AwsError {
    AwsError::new(
        "AWSOrganizationsNotInUseException",
        "Your account is not a member of an organization.",
    )
}

fn list_accounts(
    account: &Account,
    organization: &Organization,
    request: &Request,
) -> Result<Value, AwsError> {
    check_names(request, &["MaxResults", "NextToken"])?;
    let (page, token) = PAGES.page_of(account, request, &organization.accounts, |_| true)?;
    Ok(accounts(account, &page, token))
}

fn list_accounts_for_parent(
    account: &Account,
    organization: &Organization,
    request: &Request,
) -> Result<Value, AwsError> {
    let parent = parent(organization, request)?;
    let is_child = |member: &Member| member.parent_id == parent;
    let (page, token) = PAGES.page_of(account, request, &organization.accounts, is_child)?;
    Ok(accounts(account, &page, token))
}

fn list_units_for_parent(
    account: &Account,
    organization: &Organization,
    request: &Request,
) -> Result<Value, AwsError> {
    let parent = parent(organization, request)?;
    let is_child = |unit: &Unit| unit.parent_id == parent;
    let (page, token) = PAGES.page_of(account, request, &organization.units, is_child)?;
    let described = |unit: &&Unit| {
        json!({
            "Id": unit.id,
            "Arn": parent_arn(account, &unit.id),
            "Name": unit.name.as_ref().unwrap_or(&unit.id),
        })
    };
    let units: Vec<Value> = page.iter().map(described).collect();
    Ok(json!({"OrganizationalUnits": units, "NextToken": token}))
}

fn accounts(account: &Account, members: &[&Member], token: Option<String>) -> Value {
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
    let accounts: Vec<Value> = members.iter().map(described).collect();
    json!({"Accounts": accounts, "NextToken": token})
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

/// Returns the ARN of the root or the unit of this id.
pub(super) fn parent_arn(account: &Account, id: &str) -> String {
    let kind = if id.starts_with("r-") { "root" } else { "ou" };
    own_arn(account, &format!("{kind}/{ID}/{id}"))
}

/// Returns the id of the root or the unit that a request is about.
fn parent<'a>(organization: &Organization, request: &'a Request) -> Result<&'a str, AwsError> {
    check_names(request, &["ParentId", "MaxResults", "NextToken"])?;
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

fn check_names(request: &Request, known: &[&str]) -> Result<(), AwsError> {
    let mut names = request.members.keys();
    match names.find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(request.invalid(format!("the stand-in does not know {name}"))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stand_in::{service::Service, wire::record};

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
        let request = Request {
            service: Service::Organizations,
            operation: operation.to_owned(),
            members: record(members),
            access_key: String::new(),
            region: "us-east-1".to_owned(),
            size: 0,
            body: Vec::new(),
            at: jiff::Timestamp::UNIX_EPOCH,
        };
        answer(&account, account.organization.as_ref().unwrap(), &request)
    }

    fn ids(answer: &Value, list: &str) -> Vec<String> {
        let items = answer[list].as_array().unwrap().iter();
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
            let answer = list(operation, members).unwrap();
            let name = if operation.contains("Units") {
                "OrganizationalUnits"
            } else {
                "Accounts"
            };
            assert_eq!(ids(&answer, name), wanted);
        }
        let answer = list("ListAccounts", json!({"MaxResults": 2})).unwrap();
        let rest = json!({"NextToken": answer["NextToken"]});
        let rest = list("ListAccounts", rest).unwrap();
        assert_eq!(rest["Accounts"][0]["Status"], "SUSPENDED");
        assert_eq!(rest["NextToken"], Value::Null);
    }

    #[test]
    fn only_what_is_there_can_be_asked_about() {
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
