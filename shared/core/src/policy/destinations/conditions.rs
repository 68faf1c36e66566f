//! Conditions on the account or the organization of the resource.
//!
//! Keys:
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-resource-properties>.

use std::collections::BTreeSet;

use super::super::audience::OrganizationPath;
use super::super::condition::{Comparison, Condition, SetOperator};
use super::super::context_key::Matching;
use super::super::limit::{negative, positive};
use super::super::pattern::{has_variable, has_wildcard};
use super::super::principal::is_account;
use super::accounts::Accounts;

/// The accounts to which a condition limits a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Limit {
    /// These accounts. The accounts of named organizations count as known.
    To(Accounts),
    /// The accounts depend on a comparison or a variable that is not evaluated.
    Unclear,
}

/// A condition key about the resource of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    /// Every request to ECR repositories has this key.
    Account,
    /// Only requests to resources of an organization's accounts have this key.
    Organization,
}

/// Returns the accounts whose resources meet a condition of a statement that allows something; `None` if the condition
/// is not about the resource's account.
pub(super) fn allowed_by(
    condition: &Condition,
    all: &[Condition],
    known: &BTreeSet<String>,
) -> Option<Limit> {
    let key = key(condition)?;
    let operator = condition.operator;
    let any = Some(Limit::To(Accounts::Any));
    if operator.comparison == Comparison::Null || negative(operator.comparison).is_some() {
        return any;
    }
    let may_lack_key = operator.if_exists || operator.qualifier == Some(SetOperator::ForAllValues);
    let is_required = || all.iter().any(|other| other.requires(&condition.key));
    if may_lack_key && key == Key::Organization && !is_required() {
        return any;
    }
    Some(listed(key, positive(operator.comparison), condition, known))
}

/// Returns the accounts whose resources a condition of a denial exempts; `None` if the condition is not about the
/// resource's account.
pub(super) fn exempt_from(condition: &Condition, known: &BTreeSet<String>) -> Option<Limit> {
    let key = key(condition)?;
    let operator = condition.operator;
    if operator.comparison == Comparison::Null {
        let is_met = key == Key::Account && condition.requires(&condition.key);
        let exempt = if is_met {
            Accounts::none()
        } else {
            Accounts::Any
        };
        return Some(Limit::To(exempt));
    }
    if positive(operator.comparison).is_some() {
        // A wildcard may match all accounts, of which none is exempt then.
        let is_wide = condition.values.iter().any(|value| has_wildcard(value));
        return Some(if is_wide {
            Limit::Unclear
        } else {
            Limit::To(Accounts::Any)
        });
    }
    // Without the key, the condition is not met.
    if operator.qualifier == Some(SetOperator::ForAnyValue) && key == Key::Organization {
        return Some(Limit::To(Accounts::Any));
    }
    Some(listed(key, negative(operator.comparison), condition, known))
}

fn key(condition: &Condition) -> Option<Key> {
    match condition.key.to_ascii_lowercase().as_str() {
        "aws:resourceaccount" => Some(Key::Account),
        "aws:resourceorgid" | "aws:resourceorgpaths" => Some(Key::Organization),
        _ => None,
    }
}

/// Returns the accounts that the values of a condition name.
fn listed(
    key: Key,
    matching: Option<Matching>,
    condition: &Condition,
    known: &BTreeSet<String>,
) -> Limit {
    let Some(matching @ (Matching::Exact | Matching::Wildcards)) = matching else {
        return Limit::Unclear;
    };
    let mut others = BTreeSet::new();
    for value in &condition.values {
        if has_variable(value) {
            return Limit::Unclear;
        }
        // An account or an organization never contains a wildcard.
        if matching == Matching::Exact && has_wildcard(value) {
            continue;
        }
        let is_of_organization =
            key == Key::Organization && OrganizationPath::fixed(value).is_some();
        if key == Key::Account && is_account(value) {
            others.extend((!known.contains(value)).then(|| value.clone()));
        } else if has_wildcard(value) && !is_of_organization {
            return Limit::To(Accounts::Any);
        }
    }
    Limit::To(Accounts::Listed(others))
}
