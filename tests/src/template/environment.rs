//! The parameters of a stack, derived from the environment of its functions.

use std::sync::Arc;

use serde_json::Value;

use super::{Stack, TemplateError, intrinsic, scalar};

/// Variables that functions read and no stack sets, since Lambda's environment is too small for them: a stack writes
/// documents instead. No role depends on these variables.
pub const BY_HAND: [&str; 3] = [
    "EKSENTRY_DISABLED_CHECKS",
    "EKSENTRY_ENABLED_CHECKS",
    "EKSENTRY_PARAMETERS",
];

impl Stack {
    /// Returns the stack whose functions have this environment: each variable has the value to which the template's
    /// expression for it evaluates. An empty variable is not set. A parameter that no variable depends on keeps its
    /// default.
    pub fn with_environment(
        mut self,
        environment: &[(String, String)],
    ) -> Result<Self, TemplateError> {
        let template = Arc::clone(&self.template);
        let set = environment.iter().filter(|(_, value)| !value.is_empty());
        for (name, value) in set.filter(|(name, _)| !BY_HAND.contains(&name.as_str())) {
            let mut variables = template.variables();
            let Some((_, set_to)) = variables.find(|(variable, _)| *variable == name) else {
                return Err(TemplateError(format!(
                    "no function of the template has a variable {name}"
                )));
            };
            self = self.with_outcome(set_to, value)?;
        }
        Ok(self)
    }

    /// Returns the stack in which an expression evaluates to this value.
    fn with_outcome(mut self, expression: &Value, value: &str) -> Result<Self, TemplateError> {
        match intrinsic::call(expression) {
            Some(("Ref", name)) if name == "AWS::NoValue" => Ok(self),
            Some(("Ref", name)) if self.has_parameter(&scalar(name)) => {
                self.with(&scalar(name), value)
            }
            Some(("Ref", name)) => {
                self.references.insert(scalar(name), value.to_owned());
                Ok(self)
            }
            Some(("Fn::If", branches)) => {
                let branches = branches.as_array().into_iter().flatten().skip(1);
                branches
                    .filter(|branch| intrinsic::call(branch).is_some())
                    .try_fold(self, |stack, branch| stack.with_outcome(branch, value))
            }
            Some(("Fn::Sub", text)) => parts(&scalar(text), value)
                .into_iter()
                .flatten()
                .filter(|(name, _)| !name.contains(':'))
                .try_fold(self, |stack, (name, part)| stack.with(name, part)),
            Some(("Fn::Join", arguments)) => self.with_joined(arguments, value),
            _ => Err(TemplateError(format!(
                "the parameters with which {expression} evaluates to {value} can't be determined; extend \
                 tests/src/template/environment.rs"
            ))),
        }
    }

    /// Returns the stack in which `Fn::Join` evaluates to this value. One of the joined texts is a parameter; the
    /// others are literals that a condition can omit.
    fn with_joined(self, arguments: &Value, value: &str) -> Result<Self, TemplateError> {
        let items = || arguments[1].as_array().into_iter().flatten();
        let mut parts: Vec<&str> = value.split(&scalar(&arguments[0])).collect();
        parts.retain(|part| !part.is_empty());
        for item in items() {
            if let Some(("Fn::If", branches)) = intrinsic::call(item) {
                let literal = self.text(&branches[1])?;
                parts.retain(|part| *part != literal);
            }
        }
        let parameter = items().find(|item| matches!(intrinsic::call(item), Some(("Ref", _))));
        match (parameter, parts.as_slice()) {
            (_, []) => Ok(self),
            (Some(parameter), [part]) => self.with_outcome(parameter, part),
            _ => Err(TemplateError(format!(
                "the parameters with which {arguments} are joined to {value} can't be determined; extend \
                 tests/src/template/environment.rs"
            ))),
        }
    }

    fn has_parameter(&self, name: &str) -> bool {
        self.template.body["Parameters"].get(name).is_some()
    }
}

/// Returns the value of each `${name}` in a text that evaluates to `value`; `None` if the text can't evaluate to it.
/// Each value is as short as possible.
fn parts<'a>(text: &'a str, value: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
    let mut pieces = text.split("${");
    let mut rest = value.strip_prefix(pieces.next()?)?;
    let mut parts = Vec::new();
    for piece in pieces {
        let (name, behind) = piece.split_once('}')?;
        let end = match behind {
            "" => rest.len(),
            _ => rest.find(behind)?,
        };
        parts.push((name, &rest[..end]));
        rest = &rest[end + behind.len()..];
    }
    rest.is_empty().then_some(parts)
}
