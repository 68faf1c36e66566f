//! Conditions on labels.
//!
//! Source: <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/label-selector/>.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::field::{Field, InvalidField, Object, all_true};

/// The labels of an object.
pub type Labels = BTreeMap<String, String>;

/// A condition on labels. An empty condition is met by all labels.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct LabelSelector {
    match_labels: Field<Labels>,
    match_expressions: Field<Vec<LabelExpression>>,
}

/// A condition on one label.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct LabelExpression {
    key: Field<String>,
    operator: Field<String>,
    values: Field<Vec<String>>,
}

impl Object for LabelSelector {}
impl Object for LabelExpression {}

impl LabelSelector {
    /// Returns `true` if labels meet the condition.
    ///
    /// # Errors
    ///
    /// Returns an error if a member that decides this has an unexpected type or value.
    pub fn matches(&self, labels: &Labels) -> Result<bool, InvalidField> {
        let has_labels = self.match_labels.read().map(|expected| {
            let mut expected = expected.into_iter().flatten();
            expected.all(|(key, value)| labels.get(key) == Some(value))
        });
        let meets_expressions = match self.match_expressions.items() {
            Ok(expressions) => all_true(expressions.iter().map(|one| one.matches(labels))),
            Err(error) => Err(error),
        };
        all_true([has_labels, meets_expressions])
    }

    /// Returns the names of the labels that the condition is about. No other label decides it.
    pub fn label_names(&self) -> impl Iterator<Item = &str> {
        let labels = self.match_labels.value().into_iter().flatten();
        let expressions = self.match_expressions.value().into_iter().flatten();
        let of_expressions = expressions.filter_map(|one| one.key.value());
        let names = labels.map(|(name, _)| name).chain(of_expressions);
        names.map(String::as_str)
    }

    /// Returns `true` if the condition is empty.
    ///
    /// # Errors
    ///
    /// Returns an error if a member that decides this has an unexpected type.
    pub fn is_empty(&self) -> Result<bool, InvalidField> {
        let labels = self.match_labels.read();
        let expressions = self.match_expressions.items();
        all_true([
            labels.map(|labels| labels.is_none_or(BTreeMap::is_empty)),
            expressions.map(<[_]>::is_empty),
        ])
    }
}

impl LabelExpression {
    fn matches(&self, labels: &Labels) -> Result<bool, InvalidField> {
        let (Some(key), Some(operator)) = (self.key.read()?, self.operator.read()?) else {
            return Err(InvalidField);
        };
        let values = self.values.items()?;
        let label = labels.get(key);
        let is_named = label.is_some_and(|label| values.contains(label));
        match operator.as_str() {
            "In" => Ok(is_named),
            "NotIn" => Ok(!is_named),
            "Exists" => Ok(label.is_some()),
            "DoesNotExist" => Ok(label.is_none()),
            _ => Err(InvalidField),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn selector(selector: &Value) -> LabelSelector {
        serde_json::from_value(selector.clone()).unwrap()
    }

    #[test]
    fn labels_meet_a_condition() {
        let labels = Labels::from([("app".to_owned(), "web".to_owned())]);
        let on = |key: &str, operator: &str, values: &[&str]| json!({"matchExpressions": [{"key": key, "operator": operator, "values": values}]});
        for (condition, expected) in [
            (json!({}), Ok(true)),
            (
                json!({"matchLabels": null, "matchExpressions": null}),
                Ok(true),
            ),
            (json!({"matchLabels": {"app": "web"}}), Ok(true)),
            (json!({"matchLabels": {"app": "api"}}), Ok(false)),
            (
                json!({"matchLabels": {"app": "web", "tier": "back"}}),
                Ok(false),
            ),
            (json!({"matchLabels": 7}), Err(InvalidField)),
            (json!({"matchLabels": {"app": 7}}), Err(InvalidField)),
            (json!({"matchExpressions": 7}), Err(InvalidField)),
            (on("app", "In", &["api", "web"]), Ok(true)),
            (on("app", "In", &["api"]), Ok(false)),
            (on("tier", "In", &["web"]), Ok(false)),
            (on("app", "NotIn", &["api"]), Ok(true)),
            (on("tier", "NotIn", &["api"]), Ok(true)),
            (on("app", "NotIn", &["web"]), Ok(false)),
            (on("app", "Exists", &[]), Ok(true)),
            (on("tier", "Exists", &[]), Ok(false)),
            (on("tier", "DoesNotExist", &[]), Ok(true)),
            (on("app", "DoesNotExist", &[]), Ok(false)),
            (on("app", "Gt", &["1"]), Err(InvalidField)),
            (
                json!({"matchExpressions": [{"operator": "Exists"}]}),
                Err(InvalidField),
            ),
            (
                json!({
                    "matchLabels": {"app": "web"},
                    "matchExpressions": [{"key": "app", "operator": "DoesNotExist"}],
                }),
                Ok(false),
            ),
            (
                json!({"matchLabels": {"app": "api"}, "matchExpressions": 7}),
                Ok(false),
            ),
        ] {
            let found = selector(&condition).matches(&labels);
            assert_eq!(found, expected, "{condition}");
        }
    }

    #[test]
    fn a_condition_is_about_the_labels_that_it_names() {
        let expressions = json!([{"key": "tier", "operator": "Exists"}, {"operator": "Exists"}]);
        for (condition, expected) in [
            (json!({}), vec![]),
            (
                json!({"matchLabels": {"app": "web"}, "matchExpressions": expressions}),
                vec!["app", "tier"],
            ),
            (
                json!({"matchLabels": 7, "matchExpressions": expressions}),
                vec!["tier"],
            ),
            (
                json!({"matchLabels": {"app": "web"}, "matchExpressions": 7}),
                vec!["app"],
            ),
        ] {
            let selector = selector(&condition);
            let found: Vec<_> = selector.label_names().collect();
            assert_eq!(found, expected, "{condition}");
        }
    }

    #[test]
    fn a_condition_may_be_empty() {
        let nearly_all = json!({"matchExpressions": [{"key": "x", "operator": "DoesNotExist"}]});
        for (condition, expected) in [
            (json!({}), Ok(true)),
            (json!({"matchLabels": {}, "matchExpressions": []}), Ok(true)),
            (json!({"matchLabels": {"app": "web"}}), Ok(false)),
            (nearly_all, Ok(false)),
            (json!({"matchLabels": 7}), Err(InvalidField)),
            (json!({"matchExpressions": [7]}), Err(InvalidField)),
            (
                json!({"matchLabels": {"app": "web"}, "matchExpressions": 7}),
                Ok(false),
            ),
        ] {
            let found = selector(&condition).is_empty();
            assert_eq!(found, expected, "{condition}");
        }
    }
}
