//! The parameters of checks. They are declared once, in the file of the check, and read once, where input enters the
//! program.

mod exceptions;
mod raw;
mod value_types;

use std::collections::BTreeMap;
use std::fmt::Debug;

pub use exceptions::{Exception, Exceptions};
pub use raw::Raw;
pub use value_types::{
    AccountIds, KeyArns, NamespaceLimit, NamespaceLimits, Organizations, Pinning, PodSecurityLevel,
    PortRanges, RequiredResource, RequiredResources, Texts, TrafficDirections,
};

/// A parameter of a check, with a value of type `T`.
#[derive(Debug)]
pub struct Parameter<T> {
    /// The name in AWS Config's `ruleParameters`, in documents of parameters and in `EKSENTRY_PARAMETERS`.
    pub name: &'static str,
    /// The meaning, in one sentence.
    pub description: &'static str,
    /// The value if the parameter is not set.
    pub default: T,
}

/// The texts that a parameter takes, as far as a schema can express them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Values {
    /// One of these texts.
    OneOf(&'static [&'static str]),
    /// Any number of these texts, including none.
    SomeOf(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
    /// A whole number that is not negative.
    Number,
    /// Any number of ports and ranges of ports, including none.
    Ports,
    /// Any number of texts that match this regular expression, including none.
    Matching(&'static str),
    /// Any number of exceptions, including none.
    Exceptions,
    /// Any number of texts in any form, including none.
    Texts,
}

/// A type of parameter values that can be read from and written as a list of texts.
pub trait ParameterValue: Clone + Debug + Send + Sync {
    /// The allowed values, for people.
    const FORM: &'static str;

    /// The allowed values, for a schema.
    const VALUES: Values;

    /// Returns the texts of a value in JSON or YAML.
    ///
    /// # Errors
    ///
    /// Returns the problem with the value, if no parameter of this type takes it.
    fn texts_of(raw: &Raw) -> Result<Vec<String>, String> {
        raw.texts()
    }

    /// Reads a value.
    ///
    /// # Errors
    ///
    /// Returns the problem with the texts.
    fn read(texts: &[String]) -> Result<Self, String>;

    /// Writes a value. An empty list means that nothing is set.
    fn write(&self) -> Vec<String>;

    /// Returns `true` if the value names KMS keys by aliases, so that the check needs the aliases of keys.
    fn names_aliases(&self) -> bool {
        false
    }

    /// Returns the ids of the checks that the value names.
    fn named_checks(&self) -> Vec<String> {
        Vec::new()
    }
}

/// A parameter with a value of any type, as the registry lists it.
pub trait AnyParameter: Debug + Sync {
    /// Returns the name.
    fn name(&self) -> &'static str;
    /// Returns the meaning.
    fn description(&self) -> &'static str;
    /// Returns the allowed values, for people.
    fn form(&self) -> &'static str;
    /// Returns the allowed values, for a schema.
    fn values(&self) -> Values;
    /// Returns the default as texts. An empty list means that nothing is set.
    fn default_texts(&self) -> Vec<String>;
    /// Returns the value as texts.
    fn texts(&self, settings: &ParameterValues) -> Vec<String>;
    /// Returns the texts of a value in JSON or YAML.
    ///
    /// # Errors
    ///
    /// Returns the problem with the value, if the parameter does not take it.
    fn texts_of(&self, raw: &Raw) -> Result<Vec<String>, String>;
    /// Checks that the texts are a valid value.
    ///
    /// # Errors
    ///
    /// Returns the problem with the texts.
    fn validate(&self, texts: &[String]) -> Result<(), String>;
    /// Returns `true` if the value names KMS keys by aliases.
    fn names_aliases(&self, settings: &ParameterValues) -> bool;
    /// Returns the ids of the checks that the value names.
    fn named_checks(&self, settings: &ParameterValues) -> Vec<String>;
}

impl<T: ParameterValue> AnyParameter for Parameter<T> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn description(&self) -> &'static str {
        self.description
    }

    fn form(&self) -> &'static str {
        T::FORM
    }

    fn values(&self) -> Values {
        T::VALUES
    }

    fn default_texts(&self) -> Vec<String> {
        self.default.write()
    }

    fn texts(&self, settings: &ParameterValues) -> Vec<String> {
        settings.get(self).write()
    }

    fn texts_of(&self, raw: &Raw) -> Result<Vec<String>, String> {
        T::texts_of(raw)
    }

    fn validate(&self, texts: &[String]) -> Result<(), String> {
        T::read(texts).map(drop)
    }

    fn names_aliases(&self, settings: &ParameterValues) -> bool {
        settings.get(self).names_aliases()
    }

    fn named_checks(&self, settings: &ParameterValues) -> Vec<String> {
        settings.get(self).named_checks()
    }
}

/// The parameters that are set for one check, all of them valid.
#[derive(Debug, Clone, Default)]
pub struct ParameterValues {
    texts: BTreeMap<&'static str, Vec<String>>,
}

/// The error for a parameter with a value that is not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the parameter {name} of {check} has the value {value:?}: {problem}; the value must be {form}"
)]
pub struct ParameterError {
    check: &'static str,
    name: &'static str,
    value: String,
    problem: String,
    form: &'static str,
}

impl ParameterError {
    /// Creates the error for a value of a check's parameter.
    pub(crate) fn new(
        check: &'static str,
        parameter: &dyn AnyParameter,
        value: &[String],
        problem: String,
    ) -> Self {
        Self {
            check,
            name: parameter.name(),
            value: value.join(",").chars().take(100).collect(),
            problem,
            form: parameter.form(),
        }
    }
}

impl ParameterValues {
    /// Reads the declared parameters from raw values. Parameters that are not declared are ignored: AWS Config passes
    /// `checkId` among them, and newer callers may pass others. A value without text (`""`, `[]`, `null`) is not set.
    ///
    /// # Errors
    ///
    /// Returns an error if the value of a parameter is not of its type.
    pub fn read(
        check: &'static str,
        declared: &[&'static dyn AnyParameter],
        raw: &BTreeMap<String, Raw>,
    ) -> Result<Self, ParameterError> {
        let mut texts = BTreeMap::new();
        for parameter in declared {
            let error =
                |value: &[String], problem| ParameterError::new(check, *parameter, value, problem);
            let given = raw
                .get(parameter.name())
                .map_or(Ok(Vec::new()), |raw| parameter.texts_of(raw));
            let given = given.map_err(|problem| error(&[], problem))?;
            if given.is_empty() {
                continue;
            }
            parameter
                .validate(&given)
                .map_err(|problem| error(&given, problem))?;
            texts.insert(parameter.name(), given);
        }
        Ok(Self { texts })
    }

    /// Returns these settings, completed by those of another source for parameters that are not set here.
    pub fn or(mut self, other: Self) -> Self {
        for (name, texts) in other.texts {
            self.texts.entry(name).or_insert(texts);
        }
        self
    }

    /// Returns these settings, with the items of a list of another check in addition.
    #[must_use]
    pub fn with_items_of<T: ParameterValue>(mut self, list: &Parameter<T>, other: &Self) -> Self {
        if let Some(items) = other.texts.get(list.name) {
            let own = self.texts.entry(list.name).or_default();
            for item in items {
                if !own.contains(item) {
                    own.push(item.clone());
                }
            }
        }
        self
    }

    /// Returns the value of the parameter, or its default if it is not set.
    pub fn get<T: ParameterValue>(&self, parameter: &Parameter<T>) -> T {
        self.texts
            .get(parameter.name)
            .and_then(|texts| T::read(texts).ok())
            .unwrap_or_else(|| parameter.default.clone())
    }
}

#[cfg(test)]
mod tests {
    use ipnet::IpNet;

    use super::*;

    static DAYS: Parameter<u32> = Parameter {
        name: "days",
        description: "How many.",
        default: 365,
    };
    static BLOCKS: Parameter<Vec<IpNet>> = Parameter {
        name: "blocks",
        description: "",
        default: Vec::new(),
    };
    static STRICT: Parameter<bool> = Parameter {
        name: "strict",
        description: "",
        default: false,
    };

    fn read(json: &str) -> Result<ParameterValues, ParameterError> {
        ParameterValues::read(
            "check",
            &[&DAYS, &BLOCKS, &STRICT],
            &serde_json::from_str(json).unwrap(),
        )
    }

    #[test]
    fn values_are_read_typed_or_as_text() {
        for json in [
            r#"{"days": 90}"#,
            r#"{"days": 90.0, "more": {"of": "it"}}"#,
            r#"{"days": "90"}"#,
            r#"{"days": ["90"], "checkId": "check"}"#,
        ] {
            assert_eq!(read(json).unwrap().get(&DAYS), 90, "{json}");
        }
        for json in [
            r#"{"blocks": "10.0.0.0/8, ::/0"}"#,
            r#"{"blocks": ["10.0.0.0/8", "::/0"]}"#,
        ] {
            assert_eq!(
                read(json).unwrap().get(&BLOCKS).write(),
                ["10.0.0.0/8", "::/0"],
                "{json}"
            );
        }
        for (json, strict) in [
            (r#"{"strict": true}"#, true),
            (r#"{"strict": "true"}"#, true),
            (r#"{"strict": "True"}"#, true),
            (r#"{"strict": ["true"]}"#, true),
            (r#"{"strict": "false"}"#, false),
            (r#"{"strict": ""}"#, false),
        ] {
            assert_eq!(read(json).unwrap().get(&STRICT), strict, "{json}");
        }
    }

    #[test]
    fn a_parameter_that_is_not_set_has_its_default() {
        for json in [
            "{}",
            r#"{"days": null}"#,
            r#"{"days": ""}"#,
            r#"{"days": []}"#,
        ] {
            assert_eq!(read(json).unwrap().get(&DAYS), 365, "{json}");
        }
    }

    #[test]
    fn an_error_names_the_invalid_value() {
        for json in [
            r#"{"days": "soon"}"#,
            r#"{"days": -1}"#,
            r#"{"days": "1,2"}"#,
            r#"{"days": true}"#,
            r#"{"days": 0.5}"#,
            r#"{"days": {}}"#,
        ] {
            let error = read(json).unwrap_err().to_string();
            assert!(
                error.contains("days") && error.contains("a whole number"),
                "{error}"
            );
        }
        for json in [
            r#"{"strict": "yes"}"#,
            r#"{"strict": 1}"#,
            r#"{"strict": "true,false"}"#,
        ] {
            let error = read(json).unwrap_err().to_string();
            assert!(error.contains("true or false"), "{error}");
        }
        assert!(
            read(r#"{"blocks": "10.0.0.0/33"}"#)
                .unwrap_err()
                .to_string()
                .contains("10.0.0.0/33")
        );
    }

    #[test]
    fn a_parameter_describes_its_meaning_and_values() {
        let days: &dyn AnyParameter = &DAYS;
        assert_eq!(
            (days.name(), days.description(), days.form(), days.values()),
            ("days", "How many.", "a whole number", Values::Number)
        );
        assert_eq!(days.default_texts(), ["365"]);
        let blocks: &dyn AnyParameter = &BLOCKS;
        assert_eq!(blocks.default_texts(), [""; 0]);
    }

    #[test]
    fn another_source_sets_only_parameters_that_are_not_set() {
        let settings = read(r#"{"days": 90}"#).unwrap();
        let both = settings.or(read(r#"{"days": 7, "blocks": "::/0"}"#).unwrap());
        assert_eq!(both.get(&DAYS), 90);
        assert_eq!(both.get(&BLOCKS).write(), ["::/0"]);
    }
}
