//! Conditions on labels.

use std::collections::BTreeMap;

use eksentry_core::field::{Field, Object};
use serde::Deserialize;

/// A condition on labels.
///
/// Source: <https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/label-selector/>.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Selector {
    match_labels: Field<BTreeMap<String, String>>,
    match_expressions: Field<Vec<Expression>>,
}

/// A condition on one label.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
struct Expression {
    key: Field<String>,
    operator: Field<String>,
    values: Field<Vec<String>>,
}

impl Object for Selector {}
impl Object for Expression {}

impl Selector {
    /// Returns `true` if labels certainly meet the condition. An empty condition is met by all labels.
    pub(super) fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let (Ok(expected), Ok(expressions)) =
            (self.match_labels.read(), self.match_expressions.items())
        else {
            return false;
        };
        let mut expected = expected.into_iter().flatten();
        expected.all(|(key, value)| labels.get(key) == Some(value))
            && expressions.iter().all(|one| one.matches(labels))
    }
}

impl Expression {
    fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let (Some(key), Some(operator), Ok(values)) =
            (self.key.value(), self.operator.value(), self.values.items())
        else {
            return false;
        };
        let label = labels.get(key);
        let is_named = label.is_some_and(|label| values.contains(label));
        match operator.as_str() {
            "In" => is_named,
            "NotIn" => !is_named,
            "Exists" => label.is_some(),
            "DoesNotExist" => label.is_none(),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_meet_a_condition() {
        let labels = BTreeMap::from([("app".to_owned(), "web".to_owned())]);
        for (selector, expected) in [
            ("{}", true),
            (r#"{"matchLabels":null,"matchExpressions":null}"#, true),
            (r#"{"matchLabels":{"app":"web"}}"#, true),
            (r#"{"matchLabels":{"app":"api"}}"#, false),
            (r#"{"matchLabels":{"app":"web","tier":"back"}}"#, false),
            (r#"{"matchLabels":7}"#, false),
            (
                r#"{"matchExpressions":[{"key":"app","operator":"In","values":["api","web"]}]}"#,
                true,
            ),
            (
                r#"{"matchExpressions":[{"key":"app","operator":"In","values":["api"]}]}"#,
                false,
            ),
            (
                r#"{"matchExpressions":[{"key":"tier","operator":"In","values":["web"]}]}"#,
                false,
            ),
            (
                r#"{"matchExpressions":[{"key":"app","operator":"NotIn","values":["api"]}]}"#,
                true,
            ),
            (
                r#"{"matchExpressions":[{"key":"tier","operator":"NotIn","values":["api"]}]}"#,
                true,
            ),
            (
                r#"{"matchExpressions":[{"key":"app","operator":"NotIn","values":["web"]}]}"#,
                false,
            ),
            (
                r#"{"matchExpressions":[{"key":"app","operator":"Exists"}]}"#,
                true,
            ),
            (
                r#"{"matchExpressions":[{"key":"tier","operator":"Exists"}]}"#,
                false,
            ),
            (
                r#"{"matchExpressions":[{"key":"tier","operator":"DoesNotExist"}]}"#,
                true,
            ),
            (
                r#"{"matchExpressions":[{"key":"app","operator":"DoesNotExist"}]}"#,
                false,
            ),
            (
                r#"{"matchExpressions":[{"key":"app","operator":"Gt","values":["1"]}]}"#,
                false,
            ),
            (r#"{"matchExpressions":[{"operator":"Exists"}]}"#, false),
            (
                r#"{"matchLabels":{"app":"web"},"matchExpressions":[{"key":"app","operator":"DoesNotExist"}]}"#,
                false,
            ),
        ] {
            let found: Selector = serde_json::from_str(selector).unwrap();
            assert_eq!(found.matches(&labels), expected, "{selector}");
        }
    }
}
