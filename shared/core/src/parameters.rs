//! The parameters of checks. They are declared once, in the file of the check, and read once, where input enters the
//! program.

use core::net::IpAddr;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt::Debug;

use ipnet::IpNet;
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::facts::cluster::LogTypes;
use crate::severity::Severity;

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
    /// Any number of texts in any form, including none.
    Texts,
}

/// A type of parameter values that can be read from and written as a list of texts.
pub trait ParameterValue: Clone + Debug + Send + Sync {
    /// The allowed values, for people.
    const FORM: &'static str;

    /// The allowed values, for a schema.
    const VALUES: Values;

    /// Reads a value.
    ///
    /// # Errors
    ///
    /// Returns the problem with the texts.
    fn read(texts: &[String]) -> Result<Self, String>;

    /// Writes a value. An empty list means that nothing is set.
    fn write(&self) -> Vec<String>;
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
    /// Checks that the texts are a valid value.
    ///
    /// # Errors
    ///
    /// Returns the problem with the texts.
    fn validate(&self, texts: &[String]) -> Result<(), String>;
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

    fn validate(&self, texts: &[String]) -> Result<(), String> {
        T::read(texts).map(drop)
    }
}

/// The value of a parameter in JSON: typed, or as the text that AWS Config makes of it.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Raw {
    /// The parameter is not set.
    Null,
    /// `true` or `false`.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// A number that is written with a fraction, such as `365.0`.
    Decimal(f64),
    /// A text, or several texts that are joined by commas.
    Text(String),
    /// A list.
    List(Vec<Raw>),
    /// A value that no parameter takes.
    Other(IgnoredAny),
}

impl Raw {
    /// Returns the value as texts, or `None` if no parameter takes such a value.
    pub fn texts(&self) -> Option<Vec<String>> {
        match self {
            Self::Null => Some(Vec::new()),
            Self::Flag(flag) => Some(vec![flag.to_string()]),
            Self::Number(number) => Some(vec![number.to_string()]),
            Self::Decimal(number) => Some(vec![number.to_string()]),
            Self::Text(text) => {
                let parts = text
                    .split(',')
                    .map(str::trim)
                    .filter(|part| !part.is_empty());
                Some(parts.map(str::to_owned).collect())
            }
            Self::List(list) => Some(
                list.iter()
                    .map(Raw::texts)
                    .collect::<Option<Vec<_>>>()?
                    .concat(),
            ),
            Self::Other(_) => None,
        }
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
            let error = |value: &[String], problem| ParameterError {
                check,
                name: parameter.name(),
                value: value.join(",").chars().take(100).collect(),
                problem,
                form: parameter.form(),
            };
            let given = raw
                .get(parameter.name())
                .map_or(Some(Vec::new()), Raw::texts);
            let given = given.ok_or_else(|| error(&[], "that is an object".to_owned()))?;
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

    /// Returns the value of the parameter, or its default if it is not set.
    pub fn get<T: ParameterValue>(&self, parameter: &Parameter<T>) -> T {
        self.texts
            .get(parameter.name)
            .and_then(|texts| T::read(texts).ok())
            .unwrap_or_else(|| parameter.default.clone())
    }
}

fn single(texts: &[String]) -> Result<&str, String> {
    match texts {
        [text] => Ok(text),
        _ => Err("only one value is allowed".to_owned()),
    }
}

impl ParameterValue for u32 {
    const FORM: &'static str = "a whole number of days";
    const VALUES: Values = Values::Number;

    fn read(texts: &[String]) -> Result<Self, String> {
        single(texts)?
            .parse()
            .map_err(|_| "that is not a whole number".to_owned())
    }

    fn write(&self) -> Vec<String> {
        vec![self.to_string()]
    }
}

impl ParameterValue for bool {
    const FORM: &'static str = "true or false";
    const VALUES: Values = Values::Flag;

    fn read(texts: &[String]) -> Result<Self, String> {
        single(texts)?
            .to_ascii_lowercase()
            .parse()
            .map_err(|_| "that is neither true nor false".to_owned())
    }

    fn write(&self) -> Vec<String> {
        vec![self.to_string()]
    }
}

impl ParameterValue for Severity {
    const FORM: &'static str = "one of INFORMATIONAL, LOW, MEDIUM, HIGH, CRITICAL";
    const VALUES: Values = Values::OneOf(&["INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"]);

    fn read(texts: &[String]) -> Result<Self, String> {
        single(texts)?
            .parse()
            .map_err(|_| "that is not a severity".to_owned())
    }

    fn write(&self) -> Vec<String> {
        vec![self.label().to_owned()]
    }
}

impl ParameterValue for Vec<IpNet> {
    const FORM: &'static str = "a list of IPv4 and IPv6 CIDR blocks or addresses";
    const VALUES: Values = Values::Texts;

    fn read(texts: &[String]) -> Result<Self, String> {
        let read = |text: &String| {
            let address = |text: &str| text.parse::<IpAddr>().map(IpNet::from);
            text.parse()
                .or_else(|_| address(text))
                .map_err(|_| format!("{text:?} is not a CIDR block"))
        };
        texts.iter().map(read).collect()
    }

    fn write(&self) -> Vec<String> {
        self.iter().map(ToString::to_string).collect()
    }
}

impl ParameterValue for Vec<String> {
    const FORM: &'static str = "a list of texts";
    const VALUES: Values = Values::Texts;

    fn read(texts: &[String]) -> Result<Self, String> {
        Ok(texts.to_vec())
    }

    fn write(&self) -> Vec<String> {
        self.clone()
    }
}

/// A list of texts that can be the default of a parameter in a `static`.
pub type Texts = Cow<'static, [Cow<'static, str>]>;

impl ParameterValue for Texts {
    const FORM: &'static str = Vec::<String>::FORM;
    const VALUES: Values = Values::Texts;

    fn read(texts: &[String]) -> Result<Self, String> {
        Ok(texts.iter().cloned().map(Cow::Owned).collect())
    }

    fn write(&self) -> Vec<String> {
        self.iter().map(ToString::to_string).collect()
    }
}

impl ParameterValue for LogTypes {
    const FORM: &'static str = "a list of api, audit, authenticator, controllerManager, scheduler";
    const VALUES: Values = Values::SomeOf(&[
        "api",
        "audit",
        "authenticator",
        "controllerManager",
        "scheduler",
    ]);

    fn read(texts: &[String]) -> Result<Self, String> {
        texts.iter().try_fold(Self::NONE, |types, text| {
            Ok(types.with(
                text.parse()
                    .map_err(|_: strum::ParseError| format!("{text:?} is not a log type"))?,
            ))
        })
    }

    fn write(&self) -> Vec<String> {
        self.iter().map(|log| log.name().to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
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
    fn values_that_schemas_list_are_accepted() {
        let Values::OneOf(severities) = Severity::VALUES else {
            panic!("a severity is one of a few");
        };
        assert_eq!(severities, Severity::ALL.map(Severity::label));
        assert_eq!(Severity::FORM, format!("one of {}", severities.join(", ")));
        let Values::SomeOf(types) = LogTypes::VALUES else {
            panic!("log types are some of a few");
        };
        assert_eq!(types, LogTypes::ALL.write());
        assert_eq!(LogTypes::FORM, format!("a list of {}", types.join(", ")));
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
                error.contains("days") && error.contains("a whole number of days"),
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
            (
                "days",
                "How many.",
                "a whole number of days",
                Values::Number
            )
        );
        assert_eq!(days.default_texts(), ["365"]);
        let blocks: &dyn AnyParameter = &BLOCKS;
        assert_eq!(blocks.default_texts(), [""; 0]);
    }

    #[test]
    fn values_are_written_in_their_standard_form() {
        fn written<T: ParameterValue>(texts: &[&str]) -> Result<Vec<String>, String> {
            let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            T::read(&texts).map(|value| value.write())
        }
        let owned = |texts: &[&str]| Ok(texts.iter().map(|text| (*text).to_owned()).collect());
        assert_eq!(written::<u32>(&["90"]), owned(&["90"]));
        assert_eq!(written::<bool>(&["TRUE"]), owned(&["true"]));
        assert_eq!(written::<Severity>(&["high"]), owned(&["HIGH"]));
        assert_eq!(
            written::<Vec<IpNet>>(&["10.0.0.0/8", "203.0.113.7", "::1"]),
            owned(&["10.0.0.0/8", "203.0.113.7/32", "::1/128"])
        );
        assert_eq!(written::<Vec<String>>(&["b", "a"]), owned(&["b", "a"]));
        assert_eq!(
            written::<LogTypes>(&["scheduler", "api", "api"]),
            owned(&["api", "scheduler"])
        );
        for (result, problem) in [
            (
                written::<Severity>(&["UNTRIAGED"]),
                "that is not a severity",
            ),
            (
                written::<Severity>(&["LOW", "HIGH"]),
                "only one value is allowed",
            ),
            (
                written::<LogTypes>(&["api", "etcd"]),
                "\"etcd\" is not a log type",
            ),
        ] {
            assert_eq!(result, Err(problem.to_owned()));
        }
    }

    #[test]
    fn another_source_sets_only_parameters_that_are_not_set() {
        let settings = read(r#"{"days": 90}"#).unwrap();
        let both = settings.or(read(r#"{"days": 7, "blocks": "::/0"}"#).unwrap());
        assert_eq!(both.get(&DAYS), 90);
        assert_eq!(both.get(&BLOCKS).write(), ["::/0"]);
    }
}
