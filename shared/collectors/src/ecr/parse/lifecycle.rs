//! Lifecycle policies.

use eksentry_core::facts::repository::LifecyclePolicy;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// The document of a policy. The contents of its rules don't matter.
#[derive(Deserialize)]
struct Document {
    rules: Vec<IgnoredAny>,
}

/// Returns the policy in a text; no policy if the text is absent or empty.
pub(in crate::ecr) fn lifecycle_policy(text: Option<&str>) -> LifecyclePolicy {
    let text = text.unwrap_or_default();
    if text.trim().is_empty() {
        return LifecyclePolicy::None;
    }
    match serde_json::from_str::<Document>(text) {
        Ok(Document { rules }) if rules.is_empty() => LifecyclePolicy::WithoutRules,
        Ok(_) => LifecyclePolicy::WithRules,
        Err(_) => LifecyclePolicy::NotUnderstood,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_existence_of_rules_matters() {
        use LifecyclePolicy::{None as Missing, NotUnderstood, WithRules, WithoutRules};
        for (text, expected) in [
            (None, Missing),
            (Some(""), Missing),
            (Some(" \n"), Missing),
            (Some(r#"{"rules": []}"#), WithoutRules),
            (Some(r#"{"rules": [{}]}"#), WithRules),
            (
                Some(r#"{"rules": [{"action": {"type": "transition"}}], "new": 1}"#),
                WithRules,
            ),
            (Some("{}"), NotUnderstood),
            (Some(r#"{"rules": null}"#), NotUnderstood),
            (Some(r#"{"rules": {"a": 1}}"#), NotUnderstood),
            (Some(r#"[{"rules": []}]"#), NotUnderstood),
            (Some("keep everything"), NotUnderstood),
            (Some(r#"{"rules": ["#), NotUnderstood),
        ] {
            assert_eq!(lifecycle_policy(text), expected, "{text:?}");
        }
    }
}
