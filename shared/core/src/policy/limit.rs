//! The principals to which conditions limit a statement that allows, and the principals that conditions exempt from a
//! denial.
//!
//! Access counts as limited only if the text proves it.

use super::audience::{Audience, Group};
use super::condition::{Comparison, Condition, SetOperator};
use super::context_key::{Context, Matching, is_multivalued};

/// Returns the principals to which its conditions limit a statement that allows something: those that meet all
/// conditions.
pub(super) fn allowed(conditions: &[Condition], context: Context<'_>) -> Audience {
    let limits = conditions
        .iter()
        .filter_map(|condition| limit(condition, conditions, context));
    limits.fold(Audience::of(Group::everyone()), Audience::within)
}

/// Returns the principals that the conditions of a denial exempt, or `None` if these may be any principals.
///
/// A denial applies if all conditions are met, so principals that do not meet one of them are exempt.
pub(super) fn exempt(conditions: &[Condition], context: Context<'_>) -> Option<Group> {
    let mut groups = conditions
        .iter()
        .map(|condition| exception(condition, context));
    groups.try_fold(Group::nobody(), |all, one| Some(all.or(one?)))
}

/// Returns the principals that can meet a condition, or `None` if any principal may meet it.
fn limit(condition: &Condition, all: &[Condition], context: Context<'_>) -> Option<Group> {
    let key = condition.key.as_str();
    let is_required = || all.iter().any(|other| other.requires(key));
    let needs_key = match (condition.operator.qualifier, condition.operator.if_exists) {
        (Some(SetOperator::ForAllValues), _) => is_required(),
        (_, true) => is_required() || context.is_always_present(key),
        (_, false) => true,
    };
    if !needs_key {
        return None;
    }
    let is_bool = condition.operator.comparison == Comparison::Bool;
    let matching = positive(condition.operator.comparison);
    if condition.values.is_empty() && (is_bool || matching.is_some()) {
        return Some(Group::nobody());
    }
    if is_bool {
        return (is_of_services(condition) && has_only(condition, "true")).then(Group::services);
    }
    context.group(key, matching?, &condition.values)
}

/// Returns the principals that a condition of a denial exempts, or `None` if any principal may be exempt.
fn exception(condition: &Condition, context: Context<'_>) -> Option<Group> {
    let is_via_service = condition.is_on("aws:ViaAWSService") || is_of_services(condition);
    let Some(matching) = negative(condition.operator.comparison) else {
        let is_bool = condition.operator.comparison == Comparison::Bool;
        let is_unless = is_bool && is_via_service && has_only(condition, "false");
        return (is_unless && condition.operator.qualifier.is_none()).then(Group::services);
    };
    let denies_without_key = match condition.operator.qualifier {
        None => true,
        // AWS documents this form for keys with several values, and advises against it for other keys.
        Some(SetOperator::ForAllValues) => is_multivalued(&condition.key),
        Some(SetOperator::ForAnyValue) => false,
    };
    if !denies_without_key {
        return None;
    }
    context.group(&condition.key, matching, &condition.values)
}

fn is_of_services(condition: &Condition) -> bool {
    condition.is_on("aws:PrincipalIsAWSService")
}

fn has_only(condition: &Condition, value: &str) -> bool {
    let mut values = condition.values.iter();
    !condition.values.is_empty() && values.all(|one| one.eq_ignore_ascii_case(value))
}

/// Returns the form of matching for a comparison that a matching value meets.
pub(super) fn positive(comparison: Comparison) -> Option<Matching> {
    match comparison {
        Comparison::StringEquals | Comparison::StringEqualsIgnoreCase => Some(Matching::Exact),
        Comparison::StringLike => Some(Matching::Wildcards),
        Comparison::ArnEquals | Comparison::ArnLike => Some(Matching::Arns),
        Comparison::IpAddress => Some(Matching::Addresses),
        _ => None,
    }
}

/// Returns the form of matching for a comparison that a value meets if it does not match, as does a request without the
/// key.
pub(super) fn negative(comparison: Comparison) -> Option<Matching> {
    match comparison {
        Comparison::StringNotEquals | Comparison::StringNotEqualsIgnoreCase => {
            Some(Matching::Exact)
        }
        Comparison::StringNotLike => Some(Matching::Wildcards),
        Comparison::ArnNotEquals | Comparison::ArnNotLike => Some(Matching::Arns),
        Comparison::NotIpAddress => Some(Matching::Addresses),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
