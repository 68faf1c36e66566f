//! The `Condition` element.
//!
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition.html>

use std::collections::BTreeSet;
use std::str::FromStr;

use super::json::{Json, Members};

/// A comparison of one context key with values. All conditions of a statement must be met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// The condition operator.
    pub operator: Operator,
    /// The context key as it is written. Names of keys are not case-sensitive.
    pub key: String,
    /// The values, of which one must match. If the operator is negated, none may match.
    pub values: Vec<String>,
}

/// A condition operator, such as `ForAnyValue:StringLikeIfExists`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Operator {
    /// The set operator before the comparison, for keys with several values.
    pub qualifier: Option<SetOperator>,
    /// The comparison itself.
    pub comparison: Comparison,
    /// `true` if a request without the key meets the condition.
    pub if_exists: bool,
}

/// A condition set operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SetOperator {
    /// Every value of the key must match. A request without the key meets the condition.
    ForAllValues,
    /// One value of the key must match. A request without the key does not meet the condition.
    ForAnyValue,
}

macro_rules! comparisons {
    ($($name:ident),* $(,)?) => {
        /// A comparison of a condition operator, named as in policies.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Comparison {
            $(#[doc = concat!("`", stringify!($name), "`.")] $name,)*
        }

        impl Comparison {
            /// All comparisons with their names.
            pub const ALL: &[(&str, Self)] = &[$((stringify!($name), Self::$name),)*];
        }
    };
}

comparisons!(
    StringEquals,
    StringNotEquals,
    StringEqualsIgnoreCase,
    StringNotEqualsIgnoreCase,
    StringLike,
    StringNotLike,
    NumericEquals,
    NumericNotEquals,
    NumericLessThan,
    NumericLessThanEquals,
    NumericGreaterThan,
    NumericGreaterThanEquals,
    DateEquals,
    DateNotEquals,
    DateLessThan,
    DateLessThanEquals,
    DateGreaterThan,
    DateGreaterThanEquals,
    Bool,
    BinaryEquals,
    IpAddress,
    NotIpAddress,
    ArnEquals,
    ArnNotEquals,
    ArnLike,
    ArnNotLike,
    Null,
);

impl FromStr for Operator {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unknown = || format!("has the unknown condition operator {text}");
        let (qualifier, rest) = match text.split_once(':') {
            None => (None, text),
            Some((name, rest)) if name.eq_ignore_ascii_case("ForAllValues") => {
                (Some(SetOperator::ForAllValues), rest)
            }
            Some((name, rest)) if name.eq_ignore_ascii_case("ForAnyValue") => {
                (Some(SetOperator::ForAnyValue), rest)
            }
            Some(_) => return Err(unknown()),
        };
        let (name, if_exists) = without_if_exists(rest);
        let (_, comparison) = Comparison::ALL
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .ok_or_else(unknown)?;
        if *comparison == Comparison::Null && (if_exists || qualifier.is_some()) {
            return Err(unknown());
        }
        Ok(Self {
            qualifier,
            comparison: *comparison,
            if_exists,
        })
    }
}

fn without_if_exists(text: &str) -> (&str, bool) {
    const SUFFIX: &str = "IfExists";
    text.len()
        .checked_sub(SUFFIX.len())
        .and_then(|at| text.split_at_checked(at))
        .filter(|(_, end)| end.eq_ignore_ascii_case(SUFFIX))
        .map_or((text, false), |(name, _)| (name, true))
}

impl Condition {
    /// Returns `true` if the condition compares this context key.
    pub fn is_on(&self, key: &str) -> bool {
        self.key.eq_ignore_ascii_case(key)
    }

    /// Returns `true` if the condition requires that a request has the key: `Null` with `false`.
    pub(super) fn requires(&self, key: &str) -> bool {
        self.operator.comparison == Comparison::Null
            && self.is_on(key)
            && !self.values.is_empty()
            && self
                .values
                .iter()
                .all(|value| value.eq_ignore_ascii_case("false"))
    }
}

/// Reads a `Condition` element.
///
/// # Errors
///
/// Returns the part that is not understood. Names that differ only in case are the same name, and IAM does not define
/// which of them counts.
pub(super) fn conditions(json: Json) -> Result<Vec<Condition>, String> {
    let mut conditions = Vec::new();
    for (operator, keys) in distinct(json)? {
        let parsed: Operator = operator.parse()?;
        for (key, values) in distinct(keys)? {
            let values = self::values(values)
                .ok_or_else(|| format!("compares {key} with a value that is not a string"))?;
            conditions.push(Condition {
                operator: parsed,
                key,
                values,
            });
        }
    }
    Ok(conditions)
}

fn distinct(json: Json) -> Result<Vec<(String, Json)>, String> {
    let Json::Object(Members(members)) = json else {
        return Err("has a Condition that is not an object".to_owned());
    };
    let mut names = BTreeSet::new();
    for (name, _) in &members {
        if !names.insert(name.to_ascii_lowercase()) {
            return Err(format!("has {name} twice in its Condition"));
        }
    }
    Ok(members)
}

fn values(json: Json) -> Option<Vec<String>> {
    let one = |json| match json {
        Json::Text(text) | Json::Literal(text) => Some(text),
        Json::Null | Json::List(_) | Json::Object(_) => None,
    };
    match json {
        Json::List(list) => list.into_iter().map(one).collect(),
        single => one(single).map(|text| vec![text]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Condition>, String> {
        conditions(serde_json::from_str(text).unwrap())
    }

    #[test]
    fn an_operator_has_a_set_operator_a_comparison_and_a_suffix() {
        use Comparison::{ArnNotLike, Bool, IpAddress, Null, StringLike};
        use SetOperator::{ForAllValues, ForAnyValue};
        for (text, qualifier, comparison, if_exists) in [
            ("StringLike", None, StringLike, false),
            ("stringlike", None, StringLike, false),
            ("BoolIfExists", None, Bool, true),
            ("IpAddressifexists", None, IpAddress, true),
            (
                "ForAnyValue:StringLike",
                Some(ForAnyValue),
                StringLike,
                false,
            ),
            (
                "forallvalues:ArnNotLikeIfExists",
                Some(ForAllValues),
                ArnNotLike,
                true,
            ),
            ("Null", None, Null, false),
        ] {
            let expected = Operator {
                qualifier,
                comparison,
                if_exists,
            };
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
    }

    #[test]
    fn every_comparison_is_read_by_its_name() {
        for (name, comparison) in Comparison::ALL {
            let operator: Operator = name.parse().unwrap();
            assert_eq!(operator.comparison, *comparison);
        }
        assert_eq!(Comparison::ALL.len(), 27);
    }

    #[test]
    fn an_unknown_operator_is_rejected() {
        for text in [
            "",
            "StringFoo",
            "String Like",
            "IfExists",
            "ForAnyValues:StringLike",
            "ForAnyValue:",
            "ForAnyValue:ForAnyValue:StringLike",
            ":StringLike",
            "NullIfExists",
            "ForAllValues:Null",
            "ß",
            "éIfExists",
        ] {
            let error = text.parse::<Operator>().unwrap_err();
            assert!(error.contains("unknown condition operator"), "{text}");
        }
    }

    #[test]
    fn values_are_one_or_several_texts_numbers_or_flags() {
        let read = read(
            r#"{
                "Bool": {"aws:SecureTransport": true},
                "StringLike": {"a:b": ["x", 7, false], "a:c": []},
                "NumericLessThan": {}
            }"#,
        );
        let values: Vec<(String, Vec<String>)> = read
            .unwrap()
            .into_iter()
            .map(|condition| (condition.key, condition.values))
            .collect();
        let expected = [
            ("aws:SecureTransport", vec!["true"]),
            ("a:b", vec!["x", "7", "false"]),
            ("a:c", vec![]),
        ];
        let expected = expected.map(|(key, values)| {
            let values = values.into_iter().map(str::to_owned).collect();
            (key.to_owned(), values)
        });
        assert_eq!(values, expected);
        assert_eq!(super::tests::read("{}"), Ok(Vec::new()));
    }

    #[test]
    fn ambiguous_conditions_are_rejected() {
        for text in [
            "null",
            r#""all""#,
            "[]",
            r#"{"StringLike": "a"}"#,
            r#"{"StringLike": {"a": null}}"#,
            r#"{"StringLike": {"a": [null]}}"#,
            r#"{"StringLike": {"a": [["b"]]}}"#,
            r#"{"StringLike": {"a": {"b": "c"}}}"#,
            r#"{"StringLike": {"a": "b"}, "StringLike": {"c": "d"}}"#,
            r#"{"StringLike": {"a": "b"}, "stringlike": {"c": "d"}}"#,
            r#"{"StringLike": {"aws:userid": "b", "aws:UserID": "c"}}"#,
            r#"{"Unlike": {"a": "b"}}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_null_with_false_requires_a_key() {
        for (text, required) in [
            (r#"{"Null": {"AWS:PrincipalOrgID": "false"}}"#, true),
            (r#"{"Null": {"aws:PrincipalOrgID": false}}"#, true),
            (r#"{"Null": {"aws:PrincipalOrgID": ["False"]}}"#, true),
            (r#"{"Null": {"aws:PrincipalOrgID": "true"}}"#, false),
            (
                r#"{"Null": {"aws:PrincipalOrgID": ["true", "false"]}}"#,
                false,
            ),
            (r#"{"Null": {"aws:PrincipalOrgID": []}}"#, false),
            (r#"{"Null": {"aws:PrincipalArn": "false"}}"#, false),
            (r#"{"Bool": {"aws:PrincipalOrgID": "false"}}"#, false),
        ] {
            let read = read(text).unwrap();
            assert_eq!(read[0].requires("aws:principalorgid"), required, "{text}");
        }
    }
}
