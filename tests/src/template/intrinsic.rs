//! The intrinsic functions of CloudFormation.
//! Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html>.

use serde_json::{Map, Value};

use super::{Stack, TemplateError, members, scalar};

type Resolved<T> = Result<T, TemplateError>;

/// Returns the function that a value calls, and its argument.
pub(super) fn call(value: &Value) -> Option<(&str, &Value)> {
    let mut members = members(value);
    let (name, argument) = members.next()?;
    let is_function = name == "Ref" || name.starts_with("Fn::");
    (is_function && members.next().is_none()).then_some((name.as_str(), argument))
}

impl Stack {
    /// Evaluates a value. Returns `None` for `AWS::NoValue`.
    pub fn resolve(&self, value: &Value) -> Resolved<Option<Value>> {
        let Some(value) = self.choose(value)? else {
            return Ok(None);
        };
        Ok(Some(match (call(value), value) {
            (Some((function, argument)), _) => self.evaluate(function, argument)?,
            (None, Value::Object(members)) => {
                let mut resolved = Map::new();
                for (name, member) in members {
                    if let Some(member) = self.resolve(member)? {
                        resolved.insert(name.clone(), member);
                    }
                }
                resolved.into()
            }
            (None, Value::Array(items)) => {
                let items = items
                    .iter()
                    .filter_map(|item| self.resolve(item).transpose());
                Value::Array(items.collect::<Resolved<_>>()?)
            }
            (None, plain) => plain.clone(),
        }))
    }

    /// Evaluates a value that must be a scalar, and returns it as a text.
    pub fn text(&self, value: &Value) -> Resolved<String> {
        match self.resolve(value)? {
            Some(text @ (Value::String(_) | Value::Number(_) | Value::Bool(_))) => {
                Ok(scalar(&text))
            }
            other => Err(TemplateError(format!("{value} is {other:?}, not a text"))),
        }
    }

    /// Returns the value itself, or the branch that its `Fn::If` selects; `None` for `AWS::NoValue`. Nested values are
    /// not evaluated.
    pub(super) fn choose<'a>(&self, value: &'a Value) -> Resolved<Option<&'a Value>> {
        match call(value) {
            Some(("Ref", name)) if name == "AWS::NoValue" => Ok(None),
            Some(("Fn::If", branches)) => {
                let holds = self.holds(&scalar(&branches[0]))?;
                self.choose(&branches[if holds { 1 } else { 2 }])
            }
            _ => Ok(Some(value)),
        }
    }

    fn evaluate(&self, function: &str, argument: &Value) -> Resolved<Value> {
        match function {
            "Ref" => self.reference(&scalar(argument)),
            "Fn::GetAtt" => self.attribute(&attribute_name(argument)).map(Value::from),
            "Fn::Sub" => self.substitute(argument).map(Value::from),
            "Fn::Join" => {
                let items = self.texts(&argument[1])?;
                Ok(items.join(&scalar(&argument[0])).into())
            }
            "Fn::Split" => {
                let text = self.text(&argument[1])?;
                let delimiter = scalar(&argument[0]);
                Ok(text.split(delimiter.as_str()).map(Value::from).collect())
            }
            "Fn::Select" => {
                let items = self.texts(&argument[1])?;
                let index: Option<usize> = self.text(&argument[0])?.parse().ok();
                let item = index.and_then(|index| items.get(index));
                let item = item.ok_or_else(|| {
                    TemplateError(format!(
                        "{argument} selects an item that is not in the list"
                    ))
                });
                item.map(|item| item.clone().into())
            }
            _ => Err(TemplateError(format!(
                "{function} of {argument} is not supported; add it to \
                 tests/src/template/intrinsic.rs"
            ))),
        }
    }

    fn texts(&self, list: &Value) -> Resolved<Vec<String>> {
        match self.resolve(list)? {
            Some(Value::Array(items)) => Ok(items.iter().map(scalar).collect()),
            other => Err(TemplateError(format!("{list} is {other:?}, not a list"))),
        }
    }

    /// Replaces each `${name}` and `${resource.attribute}` in a text; `${!name}` stands for `${name}`. The argument can
    /// contain values of its own for names.
    fn substitute(&self, argument: &Value) -> Resolved<String> {
        let (text, own) = match argument {
            Value::Array(parts) => (scalar(&argument[0]), parts.get(1)),
            text => (scalar(text), None),
        };
        let mut pieces = text.split("${");
        let mut whole = pieces.next().unwrap_or_default().to_owned();
        for piece in pieces {
            let (name, rest) = piece
                .split_once('}')
                .ok_or_else(|| TemplateError(format!("{text} has a ${{ without an end")))?;
            match (name.strip_prefix('!'), own.and_then(|own| own.get(name))) {
                (Some(literal), _) => whole += &["${", literal, "}"].concat(),
                (None, Some(value)) => whole += &self.text(value)?,
                (None, None) if name.contains('.') => whole += &self.attribute(name)?,
                (None, None) => whole += &scalar(&self.reference(name)?),
            }
            whole += rest;
        }
        Ok(whole)
    }

    /// Returns `true` if a condition's expression is true.
    pub(super) fn test(&self, expression: &Value) -> Resolved<bool> {
        let mut parts = members(expression);
        let (function, argument) = parts
            .next()
            .ok_or_else(|| TemplateError(format!("{expression} is not a condition")))?;
        let all = || argument.as_array().into_iter().flatten();
        match function.as_str() {
            "Condition" => self.holds(&scalar(argument)),
            "Fn::Equals" => Ok(self.resolve(&argument[0])?.as_ref().map(scalar)
                == self.resolve(&argument[1])?.as_ref().map(scalar)),
            "Fn::Not" => Ok(!self.test(&argument[0])?),
            "Fn::And" => all().try_fold(true, |so_far, one| Ok(self.test(one)? && so_far)),
            "Fn::Or" => all().try_fold(false, |so_far, one| Ok(self.test(one)? || so_far)),
            _ => Err(TemplateError(format!(
                "it is not known when {expression} holds: teach it to tests/src/template/intrinsic.rs"
            ))),
        }
    }
}

/// Returns `resource.attribute`, from its short or its long form.
fn attribute_name(argument: &Value) -> String {
    match argument {
        Value::Array(parts) => parts.iter().map(scalar).collect::<Vec<_>>().join("."),
        name => scalar(name),
    }
}
