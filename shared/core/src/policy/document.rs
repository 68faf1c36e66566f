//! Policy documents and their statements.
//!
//! Grammar: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html>. Every element that may
//! be one value or a list is read in either form.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error};

use super::condition::{Condition, conditions};
use super::json::{Json, Members};
use super::pattern::action_matches;
use crate::text::{LONGEST_TEXT, cut};

/// A policy document of which every element except conditions is understood.
///
/// Reading a document with other elements fails, since an element that is not understood might grant something.
#[derive(Debug, Clone, PartialEq)]
pub struct PolicyDocument {
    statements: Vec<Statement>,
}

/// A resource-based policy, as far as it is understood.
///
/// The default is a policy without statements, which grants nothing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResourcePolicy {
    pub(super) statements: Vec<Statement>,
    pub(super) not_understood: Vec<NotUnderstood>,
}

/// A part of a policy that is not understood, so that its grants are not known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct NotUnderstood {
    /// The statement with that part, or `None` if the part is outside of all statements.
    pub statement: Option<StatementId>,
    /// The reason, as a phrase that continues a sentence about the statement.
    pub reason: String,
}

/// The position of a statement in its policy, and its `Sid` if it has one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct StatementId {
    /// The position among the statements, beginning with 1.
    pub number: usize,
    /// The statement's `Sid`.
    pub sid: Option<String>,
}

/// One statement of a policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    /// The position and `Sid`.
    pub id: StatementId,
    /// The `Effect` element.
    pub effect: Effect,
    /// The `Principal` or `NotPrincipal` element.
    pub principal: Element<Principal>,
    /// The `Action` or `NotAction` element.
    pub action: Element<Vec<String>>,
    /// The `Resource` or `NotResource` element.
    pub resource: Element<Vec<String>>,
    /// The conditions, which must all be met, or the reason why the `Condition` element is not understood.
    pub conditions: Result<Vec<Condition>, NotUnderstood>,
}

/// The `Effect` of a statement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// `Allow`.
    Allow,
    /// `Deny`.
    Deny,
}

/// An element that a statement may have in two forms, such as `Action` and `NotAction`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Element<T> {
    /// The listed values.
    Only(T),
    /// All values except the listed ones.
    AllBut(T),
    /// The statement has neither form.
    Absent,
}

/// The value of a `Principal` or `NotPrincipal` element.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Principal {
    /// A text, which may only be `*`.
    Text(String),
    /// Names by the kind of principal, such as `AWS` or `Service`. A kind that is written twice is listed twice.
    Kinds(Vec<(String, Vec<String>)>),
}

impl<'de> Deserialize<'de> for PolicyDocument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (policy, statements) = read(Json::deserialize(deserializer)?).map_err(Error::custom)?;
        if let Some(problem) = policy.not_understood.first() {
            return Err(Error::custom(problem));
        }
        if statements == 0 {
            return Err(Error::missing_field("Statement"));
        }
        Ok(Self {
            statements: policy.statements,
        })
    }
}

impl<'de> Deserialize<'de> for ResourcePolicy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (policy, _) = read(Json::deserialize(deserializer)?).map_err(Error::custom)?;
        Ok(policy)
    }
}

impl From<PolicyDocument> for ResourcePolicy {
    fn from(document: PolicyDocument) -> Self {
        Self {
            statements: document.statements,
            not_understood: Vec::new(),
        }
    }
}

impl PolicyDocument {
    /// Returns the statements in their order.
    pub fn statements(&self) -> &[Statement] {
        &self.statements
    }

    pub(super) fn allowing(&self) -> impl Iterator<Item = &Statement> {
        self.statements
            .iter()
            .filter(|statement| statement.effect == Effect::Allow)
    }
}

impl ResourcePolicy {
    /// Reads a policy from the text that a service returns. An empty text is a policy without statements.
    ///
    /// # Errors
    ///
    /// Returns the error of `parse` if the text is not a JSON object.
    pub fn from_text<E>(
        text: &str,
        parse: impl FnOnce(&str) -> Result<Self, E>,
    ) -> Result<Self, E> {
        if text.trim().is_empty() {
            Ok(Self::default())
        } else {
            parse(text)
        }
    }

    /// Returns `true` if a statement denies.
    pub fn denies(&self) -> bool {
        let mut statements = self.statements.iter();
        statements.any(|statement| statement.effect == Effect::Deny)
    }

    /// Returns `true` if a condition names an organization by its id, so that it matters which organization the owner
    /// belongs to.
    pub fn names_organizations(&self) -> bool {
        let conditions = self
            .statements
            .iter()
            .filter_map(|one| one.conditions.as_ref().ok());
        conditions.flatten().any(|condition| {
            let mut values = condition.values.iter();
            ["aws:PrincipalOrgID", "aws:PrincipalOrgPaths"]
                .map(|key| condition.is_on(key))
                .contains(&true)
                && values.any(|value| value.starts_with("o-"))
        })
    }
}

impl Statement {
    /// Returns `true` if the statement covers the action. A statement that has neither `Action` nor `NotAction` may
    /// cover any action.
    pub fn covers(&self, action: &str) -> bool {
        let matches = |pattern: &String| action_matches(pattern, action);
        match &self.action {
            Element::Only(patterns) => patterns.iter().any(matches),
            Element::AllBut(patterns) => !patterns.iter().any(matches),
            Element::Absent => true,
        }
    }
}

impl fmt::Display for StatementId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.sid.as_deref() {
            None | Some("") => write!(formatter, "statement {}", self.number),
            Some(sid) => {
                let sid = cut(sid, LONGEST_TEXT);
                write!(formatter, "statement {} ({sid})", self.number)
            }
        }
    }
}

impl fmt::Display for NotUnderstood {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reason = cut(&self.reason, LONGEST_TEXT);
        match &self.statement {
            Some(statement) => write!(formatter, "{statement} {reason}"),
            None => write!(formatter, "the policy {reason}"),
        }
    }
}

/// Reads a document. Also returns the number of its `Statement` elements.
fn read(json: Json) -> Result<(ResourcePolicy, usize), &'static str> {
    let Json::Object(mut members) = json else {
        return Err("the policy is not a JSON object");
    };
    let mut policy = ResourcePolicy::default();
    let elements = members.take_all("Statement");
    let count = elements.len();
    let statements = elements.into_iter().flat_map(|element| match element {
        Json::List(list) => list,
        single => vec![single],
    });
    for (index, statement) in statements.enumerate() {
        match self::statement(index + 1, statement) {
            Ok(statement) => policy.statements.push(statement),
            Err(problem) => policy.not_understood.push(problem),
        }
    }
    let twice = (count > 1).then(|| Err("has Statement twice".to_owned()));
    let rest = [
        twice.unwrap_or(Ok(())),
        members.take("Version").map(drop),
        members.take("Id").map(drop),
        members.end(),
    ];
    let problems = rest.into_iter().filter_map(Result::err);
    policy
        .not_understood
        .extend(problems.map(|reason| NotUnderstood {
            statement: None,
            reason,
        }));
    Ok((policy, count))
}

fn statement(number: usize, json: Json) -> Result<Statement, NotUnderstood> {
    let mut id = StatementId { number, sid: None };
    let problem = |id: &StatementId, reason| NotUnderstood {
        statement: Some(id.clone()),
        reason,
    };
    let Json::Object(mut members) = json else {
        return Err(problem(&id, "is not an object".to_owned()));
    };
    match members.take("Sid") {
        Ok(Some(Json::Text(sid))) => id.sid = Some(sid),
        Ok(_) => {}
        Err(reason) => return Err(problem(&id, reason)),
    }
    elements(id.clone(), members).map_err(|reason| problem(&id, reason))
}

fn elements(id: StatementId, mut members: Members) -> Result<Statement, String> {
    let effect = match members.take("Effect")? {
        Some(Json::Text(text)) if text == "Allow" => Effect::Allow,
        Some(Json::Text(text)) if text == "Deny" => Effect::Deny,
        Some(_) => return Err("has an Effect that is neither Allow nor Deny".to_owned()),
        None => return Err("has no Effect".to_owned()),
    };
    let conditions = match members.take("Condition")? {
        None => Ok(Vec::new()),
        Some(json) => conditions(json).map_err(|reason| NotUnderstood {
            statement: Some(id.clone()),
            reason,
        }),
    };
    let statement = Statement {
        principal: element(&mut members, ["Principal", "NotPrincipal"], principal)?,
        action: element(&mut members, ["Action", "NotAction"], texts)?,
        resource: element(&mut members, ["Resource", "NotResource"], texts)?,
        id,
        effect,
        conditions,
    };
    members.end()?;
    Ok(statement)
}

fn element<T>(
    members: &mut Members,
    [name, not_name]: [&str; 2],
    read: impl Fn(Json) -> Option<T>,
) -> Result<Element<T>, String> {
    let mut one = |name: &str| {
        let value = members.take(name)?;
        value
            .map(|json| read(json).ok_or_else(|| format!("has a {name} of an unknown form")))
            .transpose()
    };
    match (one(name)?, one(not_name)?) {
        (Some(value), None) => Ok(Element::Only(value)),
        (None, Some(value)) => Ok(Element::AllBut(value)),
        (None, None) => Ok(Element::Absent),
        (Some(_), Some(_)) => Err(format!("has both {name} and {not_name}")),
    }
}

/// Reads one text or a list of texts.
fn texts(json: Json) -> Option<Vec<String>> {
    let one = |json| match json {
        Json::Text(text) => Some(text),
        _ => None,
    };
    match json {
        Json::List(list) => list.into_iter().map(one).collect(),
        single => one(single).map(|text| vec![text]),
    }
}

fn principal(json: Json) -> Option<Principal> {
    match json {
        Json::Text(text) => Some(Principal::Text(text)),
        Json::Object(Members(kinds)) if !kinds.is_empty() => {
            let kinds = kinds
                .into_iter()
                .map(|(kind, names)| Some((kind, texts(names)?)));
            kinds.collect::<Option<_>>().map(Principal::Kinds)
        }
        _ => None,
    }
}
