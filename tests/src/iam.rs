//! AWS IAM's decisions, as far as the templates' policies need them. What is not known here is an error and no guess.
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

/// A statement that can't be judged.
#[derive(Clone, Debug, Eq, Error, PartialEq)]
#[error("{of}: {problem}")]
pub struct PolicyError {
    /// Which statement.
    pub of: String,
    /// What is not known of it, or wrong with it.
    pub problem: String,
}

/// Something that somebody wants to do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Request {
    /// Such as `eks:DescribeCluster`.
    pub action: String,
    /// The ARN of what it is done to; `*` where the action knows no resources.
    pub resource: String,
    /// The Region that is asked.
    pub region: String,
    /// The ARN of the role, and not of its session.
    pub principal: String,
    /// The account that the principal is of.
    pub account: String,
    /// What AssumeRole was given.
    pub external_id: Option<String>,
}

/// One statement of a policy.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Where it stands.
    pub source: String,
    allows: bool,
    /// Who may, in a policy of a resource; nothing in one of a role.
    accounts: Option<Vec<String>>,
    actions: Vec<Pattern>,
    resources: Vec<Pattern>,
    conditions: Vec<Condition>,
}

/// What statements come to.
#[derive(Clone, Debug)]
pub enum Decision<'a> {
    /// These allow it, each by itself, and none denies it.
    Allowed(Vec<&'a Statement>),
    /// None allows it, or one denies it.
    Denied,
}

/// What all of these statements together say. One that denies decides.
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
    /// Reads a statement in which nothing is left to resolve.
    pub fn parse(source: &str, statement: &Value) -> Result<Self, PolicyError> {
        let read = || -> Result<Self, String> {
            let members = statement.as_object().ok_or("it is no object")?;
            check_members(members)?;
            let allows = match members.get("Effect").and_then(Value::as_str) {
                Some("Allow") => true,
                Some("Deny") => false,
                other => return Err(format!("its Effect is {other:?}")),
            };
            let accounts = members.get("Principal").map(accounts).transpose()?;
            // A trust policy is about the role that it belongs to.
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

    /// Whether it allows something. If not, it denies.
    pub fn allows(&self) -> bool {
        self.allows
    }

    /// Its actions, as they are written.
    pub fn actions(&self) -> impl Iterator<Item = &str> {
        self.actions.iter().map(Pattern::text)
    }

    /// Its resources, as they are written.
    pub fn resources(&self) -> impl Iterator<Item = &str> {
        self.resources.iter().map(Pattern::text)
    }

    /// Those of its actions, and those of its resources, that a request fits.
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
        Some(name) => Err(format!("it is not known what {name} means")),
        None => Ok(()),
    }
}

/// The accounts that a principal is: whole ones, whose own policies then say who of them may.
fn accounts(principal: &Value) -> Result<Vec<String>, String> {
    let unknown = || format!("it is not known who {principal} is");
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

/// A text, or a list of texts.
fn texts(value: &Value) -> Result<Vec<String>, String> {
    let items = match value {
        Value::Array(items) if !items.is_empty() => items.as_slice(),
        one => std::slice::from_ref(one),
    };
    let text = |item: &Value| match item.as_str() {
        Some(text) if text.contains("${") => Err(format!("it is not known what {text} comes to")),
        Some(text) => Ok(text.to_owned()),
        None => Err(format!("{item} is no text")),
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
