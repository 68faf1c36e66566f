//! Event patterns of EventBridge.

use serde_json::Value;

/// Returns `true` if an event matches a pattern, for the features of EventBridge patterns that the template uses: values,
/// prefixes, members, and members that must be absent.
pub(crate) fn matches(pattern: &Value, event: &Value) -> bool {
    match pattern {
        Value::Object(members) => members
            .iter()
            .all(|(name, pattern)| matches(pattern, &event[name.as_str()])),
        Value::Array(options) => options.iter().any(|option| match option {
            Value::Object(test) if test.get("exists") == Some(&Value::Bool(false)) => {
                event.is_null()
            }
            Value::Object(test) => {
                assert!(test.len() == 1, "{test:?} is not supported");
                let prefix = test["prefix"].as_str().unwrap();
                event.as_str().is_some_and(|text| text.starts_with(prefix))
            }
            option => option == event,
        }),
        other => panic!("{other} is not a pattern"),
    }
}
