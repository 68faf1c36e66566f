//! Requests, with the decision of IAM about them.

use std::collections::BTreeMap;

use ipnet::IpNet;
use wildmatch::WildMatch;

use crate::policy::{
    Comparison, Condition, Effect, Element, Principal, ResourcePolicy, SetOperator, Statement,
};

/// A request by a principal that no policy names, with its context keys in lower case.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub(super) keys: BTreeMap<&'static str, Vec<&'static str>>,
    pub(super) resource: &'static str,
}

impl Request {
    /// Returns `true` if IAM would allow the action: a statement allows it, and none denies it.
    pub(super) fn is_allowed(&self, policy: &ResourcePolicy, action: &str) -> bool {
        let applies = |statement: &&Statement| self.meets(statement, action);
        let mut statements = policy.statements.iter().filter(applies).peekable();
        statements.peek().is_some() && statements.all(|one| one.effect == Effect::Allow)
    }

    fn meets(&self, statement: &Statement, action: &str) -> bool {
        let names_everyone = |principal: &Principal| match principal {
            Principal::Text(text) => text == "*",
            Principal::Kinds(kinds) => kinds
                .iter()
                .flat_map(|(_, names)| names)
                .any(|name| name.contains('*')),
        };
        let is_named = match &statement.principal {
            Element::Only(principal) => names_everyone(principal),
            Element::AllBut(principal) => !names_everyone(principal),
            Element::Absent => panic!("every statement has a principal"),
        };
        let conditions = statement.conditions.as_ref().unwrap();
        is_named
            && statement.covers(action)
            && self.is_covered(&statement.resource)
            && conditions
                .iter()
                .all(|condition| self.meets_condition(condition) == Some(true))
    }

    /// Returns `None` if a policy variable has no value, which makes the statement invalid.
    fn meets_condition(&self, condition: &Condition) -> Option<bool> {
        let operator = condition.operator;
        let values: Vec<String> = condition
            .values
            .iter()
            .map(|value| self.resolve(value))
            .collect::<Option<_>>()?;
        let Some(actual) = self.keys.get(condition.key.to_ascii_lowercase().as_str()) else {
            return Some(match operator.comparison {
                Comparison::Null => values.iter().any(|value| value == "true"),
                _ if operator.if_exists => true,
                comparison => match operator.qualifier {
                    Some(SetOperator::ForAllValues) => true,
                    Some(SetOperator::ForAnyValue) => false,
                    None => is_negated(comparison),
                },
            });
        };
        if operator.comparison == Comparison::Null {
            return Some(values.iter().any(|value| value == "false"));
        }
        let matches = |actual: &&str| {
            let any = values
                .iter()
                .any(|value| is_match(operator.comparison, value, actual));
            any != is_negated(operator.comparison)
        };
        Some(match operator.qualifier {
            Some(SetOperator::ForAllValues) => actual.iter().all(matches),
            Some(SetOperator::ForAnyValue) | None => actual.iter().any(matches),
        })
    }

    fn is_covered(&self, resource: &Element<Vec<String>>) -> bool {
        let matches = |pattern: &String| {
            let pattern = self.resolve(pattern);
            pattern.is_some_and(|pattern| WildMatch::new(&pattern).matches(self.resource))
        };
        match resource {
            Element::Only(patterns) => patterns.iter().any(matches),
            Element::AllBut(patterns) => !patterns.iter().any(matches),
            Element::Absent => true,
        }
    }

    /// Replaces policy variables by their values. Returns `None` if one has no value.
    fn resolve(&self, value: &str) -> Option<String> {
        let mut text = String::new();
        let mut rest = value;
        while let Some((before, after)) = rest.split_once("${") {
            let (name, after) = after.split_once('}')?;
            text += before;
            text += self.keys.get(name.to_ascii_lowercase().as_str())?.first()?;
            rest = after;
        }
        Some(text + rest)
    }
}

fn is_negated(comparison: Comparison) -> bool {
    format!("{comparison:?}").contains("Not")
}

fn is_match(comparison: Comparison, value: &str, actual: &str) -> bool {
    match comparison {
        Comparison::StringEquals | Comparison::StringNotEquals => value == actual,
        Comparison::StringEqualsIgnoreCase | Comparison::Bool => value.eq_ignore_ascii_case(actual),
        Comparison::StringLike | Comparison::StringNotLike => WildMatch::new(value).matches(actual),
        Comparison::ArnLike
        | Comparison::ArnEquals
        | Comparison::ArnNotLike
        | Comparison::ArnNotEquals => {
            let (value, actual): (Vec<&str>, Vec<&str>) = (
                value.splitn(6, ':').collect(),
                actual.splitn(6, ':').collect(),
            );
            let mut parts = value.iter().zip(&actual);
            value.len() == actual.len()
                && parts.all(|(value, actual)| WildMatch::new(value).matches(actual))
        }
        Comparison::IpAddress | Comparison::NotIpAddress => {
            let address: Result<IpNet, _> = actual.parse::<core::net::IpAddr>().map(IpNet::from);
            match (value.parse::<IpNet>(), address) {
                (Ok(block), Ok(address)) => block.contains(&address),
                _ => false,
            }
        }
        other => panic!("{other:?} is not among these policies"),
    }
}
