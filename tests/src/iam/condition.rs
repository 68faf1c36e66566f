//! The conditions of statements.
//! Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>.

use serde_json::Value;
use wildmatch::WildMatch;

use super::{
    Request,
    pattern::{Pattern, arn},
    texts,
};

/// A condition key, and the values of which it must have one.
#[derive(Clone, Debug)]
pub(super) struct Condition {
    key: Key,
    one_of: Vec<Wanted>,
}

#[derive(Clone, Copy, Debug)]
enum Key {
    RequestedRegion,
    PrincipalArn,
    ExternalId,
    SourceFunctionArn,
}

#[derive(Clone, Debug)]
enum Wanted {
    Text(String),
    Like(WildMatch),
    Arn(Pattern),
}

impl Condition {
    /// Parses the conditions of a statement, all of which must hold.
    pub(super) fn parse_all(conditions: Option<&Value>) -> Result<Vec<Self>, String> {
        let Some(conditions) = conditions else {
            return Ok(Vec::new());
        };
        let operators = conditions
            .as_object()
            .ok_or("its Condition is not an object")?;
        let mut parsed = Vec::new();
        for (operator, keys) in operators {
            let keys = keys
                .as_object()
                .ok_or_else(|| format!("{operator} is not an object"))?;
            for (key, values) in keys {
                parsed.push(Self::parse(operator, key, values)?);
            }
        }
        Ok(parsed)
    }

    fn parse(operator: &str, key: &str, values: &Value) -> Result<Self, String> {
        let wanted = |text: String| match operator {
            "StringEquals" => Ok(Wanted::Text(text)),
            "StringLike" => Ok(Wanted::Like(WildMatch::new(&text))),
            "ArnEquals" | "ArnLike" => arn(&text).map(Wanted::Arn),
            _ => Err(format!("the operator {operator} is not supported")),
        };
        let one_of = texts(values)?.into_iter().map(wanted);
        Ok(Self {
            one_of: one_of.collect::<Result<_, _>>()?,
            key: Key::parse(key)?,
        })
    }

    /// Returns `true` if the condition holds for a request. It does not hold for a request that lacks the key.
    pub(super) fn holds(&self, request: &Request) -> bool {
        let value = match self.key {
            Key::RequestedRegion => Some(&request.region),
            Key::PrincipalArn => Some(&request.principal),
            Key::ExternalId => request.external_id.as_ref(),
            // Each role belongs to one function, whose code makes all requests that are evaluated here.
            Key::SourceFunctionArn => return true,
        };
        value.is_some_and(|value| {
            self.one_of.iter().any(|wanted| match wanted {
                Wanted::Text(text) => text == value,
                Wanted::Like(pattern) => pattern.matches(value),
                Wanted::Arn(pattern) => pattern.fits(value),
            })
        })
    }
}

impl Key {
    /// Parses a condition key. Case is not significant.
    fn parse(key: &str) -> Result<Self, String> {
        match key.to_ascii_lowercase().as_str() {
            "aws:requestedregion" => Ok(Self::RequestedRegion),
            "aws:principalarn" => Ok(Self::PrincipalArn),
            "sts:externalid" => Ok(Self::ExternalId),
            "lambda:sourcefunctionarn" => Ok(Self::SourceFunctionArn),
            _ => Err(format!("the condition key {key} is not supported")),
        }
    }
}
