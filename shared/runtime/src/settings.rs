//! The functions' settings, from the environment.

use std::collections::{BTreeMap, HashMap};

use eksentry_core::parameters::Raw;
use eksentry_core::{Check, Settings as CheckSettings, checks};

use crate::error::{Error, ErrorKind};

/// What the environment says.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Whether findings go to Security Hub (`EKSENTRY_SECURITY_HUB`).
    pub security_hub: bool,
    /// Whether evaluations go to AWS Config (`EKSENTRY_AWS_CONFIG`).
    pub aws_config: bool,
    parameters: HashMap<&'static str, CheckSettings>,
}

impl Settings {
    /// Reads the environment.
    ///
    /// # Errors
    ///
    /// Names the variable that has a value it can't have.
    pub fn from_environment(variable: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        Ok(Self {
            security_hub: switch("EKSENTRY_SECURITY_HUB", &variable)?,
            aws_config: switch("EKSENTRY_AWS_CONFIG", &variable)?,
            parameters: parameters("EKSENTRY_PARAMETERS", &variable)?,
        })
    }

    /// The parameters of a check that no Config rule parametrizes.
    pub fn of(&self, check: &Check) -> CheckSettings {
        self.parameters.get(check.id).cloned().unwrap_or_default()
    }
}

fn switch(name: &str, variable: &impl Fn(&str) -> Option<String>) -> Result<bool, Error> {
    let value = variable(name).unwrap_or_default();
    match value.trim().to_ascii_lowercase().as_str() {
        "" | "on" | "true" => Ok(true),
        "off" => Ok(false),
        _ => Err(invalid(name, "is neither on nor off")),
    }
}

fn parameters(
    name: &str,
    variable: &impl Fn(&str) -> Option<String>,
) -> Result<HashMap<&'static str, CheckSettings>, Error> {
    let value = variable(name).unwrap_or_default();
    if value.trim().is_empty() {
        return Ok(HashMap::new());
    }
    let raw: Option<BTreeMap<String, Option<BTreeMap<String, Raw>>>> =
        serde_json::from_str(&value).map_err(|error| {
        invalid(name, &format!(r#"is not JSON of the form {{"<checkId>": {{"<parameter>": <value>}}}}: {error}"#))
    })?;
    raw.unwrap_or_default()
        .into_iter()
        .map(|(id, values)| {
            let check = checks::find(&id)
                .map_err(|error| invalid(name, &format!("names an unknown check: {error}")))?;
            let settings =
                CheckSettings::read(check.id, check.parameters, &values.unwrap_or_default())
                    .map_err(|error| invalid(name, &format!("has a wrong value: {error}")))?;
            Ok((check.id, settings))
        })
        .collect()
}

fn invalid(name: &str, problem: &str) -> Error {
    Error::new(
        ErrorKind::InvalidSettings,
        format!("the environment variable {name} {problem}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(name: &str, value: &str) -> Result<Settings, Error> {
        Settings::from_environment(|asked| (asked == name).then(|| value.to_owned()))
    }

    #[test]
    fn sinks_are_on_unless_off() {
        for (value, on) in [
            ("", true),
            ("on", true),
            ("true", true),
            ("off", false),
            (" OFF ", false),
        ] {
            assert_eq!(
                read("EKSENTRY_SECURITY_HUB", value).unwrap().security_hub,
                on,
                "{value:?}"
            );
            assert_eq!(
                read("EKSENTRY_AWS_CONFIG", value).unwrap().aws_config,
                on,
                "{value:?}"
            );
        }
        let error = read("EKSENTRY_AWS_CONFIG", "no").unwrap_err();
        assert_eq!(error.kind, ErrorKind::InvalidSettings);
        assert!(error.message.contains("EKSENTRY_AWS_CONFIG"), "{error}");
    }

    #[test]
    fn parameters_are_checked_when_they_are_read() {
        let fine =
            r#"{"kms-cmk-rotation": {"maxRotationPeriodDays": "90"}, "ecr-immutable-tags": null}"#;
        assert!(read("EKSENTRY_PARAMETERS", fine).is_ok());
        for (value, mention) in [
            ("[]", "JSON of the form"),
            (r#"{"kms": {}}"#, "kms-cmk-rotation"),
            (
                r#"{"kms-cmk-rotation": {"maxRotationPeriodDays": "soon"}}"#,
                "maxRotationPeriodDays",
            ),
        ] {
            let error = read("EKSENTRY_PARAMETERS", value).unwrap_err();
            assert!(
                error.message.contains(mention) && error.message.contains("EKSENTRY_PARAMETERS"),
                "{error}"
            );
        }
    }
}
