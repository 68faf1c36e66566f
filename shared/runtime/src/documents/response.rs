//! The responses of Systems Manager, as far as they are needed.

use std::fmt;

use serde::Deserialize;

/// The type of a parameter that is encrypted.
pub(super) const SECURE_STRING: &str = "SecureString";

/// The response of GetParameter.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ParameterResponse {
    pub(super) parameter: Option<Parameter>,
}

/// A page of GetParametersByPath.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct ParameterPage {
    pub(super) parameters: Option<Vec<Parameter>>,
    pub(super) next_token: Option<String>,
}

/// A parameter. Its value is not shown for debugging, because the SDK's runtime writes responses to trace logs.
#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Parameter {
    pub(super) name: Option<String>,
    pub(super) value: Option<String>,
    pub(super) r#type: Option<String>,
}

impl fmt::Debug for Parameter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut parameter = formatter.debug_struct("Parameter");
        parameter.field("name", &self.name).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_value_of_a_parameter_is_not_shown() {
        let parameter = Parameter {
            name: Some("/a/b".to_owned()),
            value: Some("secret".to_owned()),
            r#type: None,
        };
        let shown = format!("{parameter:?}");
        assert_eq!(shown, r#"Parameter { name: Some("/a/b"), .. }"#);
    }
}
