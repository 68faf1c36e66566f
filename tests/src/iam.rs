//! Decisions of AWS IAM, as far as the templates' policies need them. Elements that are not known here are errors.
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>.

mod condition;
mod pattern;

use std::fmt;

use serde_json::{Map, Value};
use thiserror::Error;

use self::{
    condition::Condition,
    pattern::{Pattern, action, arn},
};

/// The error of a statement that can't be evaluated.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{of}: {problem}")]
pub struct PolicyError {
    /// The statement.
    pub of: String,
    /// The element that is not known or is invalid.
    pub problem: String,
}

/// A request that IAM decides on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Request {
    /// The action, such as `eks:DescribeCluster`.
    pub action: String,
    /// The ARN of the resource; `*` where the action applies to no specific resource.
    pub resource: String,
    /// The Region that the request is sent to.
    pub region: String,
    /// The ARN of the role, not of its session.
    pub principal: String,
    /// The account that the principal belongs to.
    pub account: String,
    /// The ExternalId in an AssumeRole request.
    pub external_id: Option<String>,
}

/// One statement of a policy.
#[derive(Clone, Debug)]
pub struct Statement {
    /// The name of the policy, and the statement's position in it.
    pub source: String,
    allows: bool,
    /// The accounts in the Principal of a resource-based policy; `None` in a policy of a role.
    accounts: Option<Vec<String>>,
    actions: Vec<Pattern>,
    resources: Vec<Pattern>,
    conditions: Vec<Condition>,
}

/// The decision of statements on a request.
#[derive(Clone, Debug)]
pub enum Decision<'a> {
    /// Each of these statements allows the request on its own, and none denies it.
    Allowed(Vec<&'a Statement>),
    /// No statement allows the request, or one denies it.
    Denied,
}

/// Returns the decision of all these statements together. One that denies overrides the others.
pub fn decide<'a>(statements: &'a [Statement], request: &Request) -> Decision<'a> {
    let fitting: Vec<&Statement> = statements
        .iter()
        .filter(|statement| statement.fits(request))
        .collect();
    if fitting.is_empty() || fitting.iter().any(|statement| !statement.allows) {
        Decision::Denied
    } else {
        Decision::Allowed(fitting)
    }
}

impl Statement {
    /// Parses a statement whose references have been resolved.
    pub fn parse(source: &str, statement: &Value) -> Result<Self, PolicyError> {
        let read = || -> Result<Self, String> {
            let members = statement.as_object().ok_or("it is not an object")?;
            check_members(members)?;
            let allows = match members.get("Effect").and_then(Value::as_str) {
                Some("Allow") => true,
                Some("Deny") => false,
                other => return Err(format!("its Effect is {other:?}")),
            };
            let accounts = members.get("Principal").map(accounts).transpose()?;
            // A trust policy applies to the role that it belongs to.
            let resources = match members.get("Resource") {
                Some(resources) => texts(resources)?,
                None if accounts.is_some() => vec!["*".to_owned()],
                None => return Err("it has no Resource".to_owned()),
            };
            let actions = texts(members.get("Action").ok_or("it has no Action")?)?;
            Ok(Self {
                source: source.to_owned(),
                allows,
                accounts,
                actions: patterns(actions, action)?,
                resources: patterns(resources, arn)?,
                conditions: Condition::parse_all(members.get("Condition"))?,
            })
        };
        read().map_err(|problem| PolicyError {
            of: source.to_owned(),
            problem,
        })
    }

    /// Returns `true` if the statement allows, `false` if it denies.
    pub fn allows(&self) -> bool {
        self.allows
    }

    /// Returns its actions, as they are written.
    pub fn actions(&self) -> impl Iterator<Item = &str> {
        self.actions.iter().map(Pattern::text)
    }

    /// Returns its resources, as they are written.
    pub fn resources(&self) -> impl Iterator<Item = &str> {
        self.resources.iter().map(Pattern::text)
    }

    /// Returns the statement's actions, and its resources, that fit a request.
    pub fn fitting<'a>(
        &'a self,
        request: &'a Request,
    ) -> (impl Iterator<Item = &'a str>, impl Iterator<Item = &'a str>) {
        let fit = |patterns: &'a [Pattern], text: &'a str| {
            let fitting = patterns.iter().filter(move |pattern| pattern.fits(text));
            fitting.map(Pattern::text)
        };
        (
            fit(&self.actions, &request.action),
            fit(&self.resources, &request.resource),
        )
    }

    fn fits(&self, request: &Request) -> bool {
        let any = |patterns: &[Pattern], text| patterns.iter().any(|pattern| pattern.fits(text));
        self.accounts
            .as_ref()
            .is_none_or(|accounts| accounts.contains(&request.account))
            && any(&self.actions, &request.action)
            && any(&self.resources, &request.resource)
            && self.conditions.iter().all(|one| one.holds(request))
    }
}

impl fmt::Display for Request {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            action,
            resource,
            region,
            ..
        } = self;
        write!(formatter, "{action} on {resource} in {region}")
    }
}

fn check_members(members: &Map<String, Value>) -> Result<(), String> {
    let known = [
        "Sid",
        "Effect",
        "Principal",
        "Action",
        "Resource",
        "Condition",
    ];
    match members.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(format!("the element {name} is not supported")),
        None => Ok(()),
    }
}

/// Returns the accounts in a Principal. It must name whole accounts, whose own policies decide who in them may act.
fn accounts(principal: &Value) -> Result<Vec<String>, String> {
    let unknown = || format!("the principal {principal} is not supported");
    let members = principal.as_object().ok_or_else(unknown)?;
    let (Some(accounts), 1) = (members.get("AWS"), members.len()) else {
        return Err(unknown());
    };
    let account = |arn: String| match arn.splitn(6, ':').collect::<Vec<_>>()[..] {
        ["arn", _, "iam", "", account, "root"] => Ok(account.to_owned()),
        _ => Err(unknown()),
    };
    texts(accounts)?.into_iter().map(account).collect()
}

/// Reads a text, or a list of texts.
fn texts(value: &Value) -> Result<Vec<String>, String> {
    let items = match value {
        Value::Array(items) if !items.is_empty() => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    let text = |item: &Value| match item.as_str() {
        Some(text) if text.contains("${") => {
            Err(format!("the variable in {text} is not supported"))
        }
        Some(text) => Ok(text.to_owned()),
        None => Err(format!("{item} is not text")),
    };
    items.iter().map(text).collect()
}

fn patterns(
    texts: Vec<String>,
    of: fn(&str) -> Result<Pattern, String>,
) -> Result<Vec<Pattern>, String> {
    texts.iter().map(|text| of(text)).collect()
}

#[cfg(test)]
mod agreement;
#[cfg(test)]
mod tests;
