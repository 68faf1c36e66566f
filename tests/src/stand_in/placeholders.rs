//! Placeholders in the texts of the table of operations.
//!
//! `{name}` stands for the value of that name. `{name:digest8}` stands for the first eight hexadecimal digits of a hash
//! of the value, and `{name:DIGEST8}` for the same in upper case.

use serde_json::Value;

use crate::account::digest;

/// Returns the value of a name; `None` if there is none.
type Values<'a> = &'a dyn Fn(&str) -> Option<Value>;

/// Fills the placeholders in a text. A value that is not text is written as JSON, a missing one is left out.
pub(super) fn fill_text(template: &str, values: Values<'_>) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (placeholder, after) = after.split_once('}').unwrap_or((after, ""));
        text.push_str(before);
        match value(placeholder, values) {
            Some(Value::String(value)) => text.push_str(&value),
            Some(other) => text.push_str(&other.to_string()),
            None => {}
        }
        rest = after;
    }
    text.push_str(rest);
    text
}

/// Fills the placeholders in all texts of a value. A text that is one placeholder becomes its value, of whatever type.
pub(super) fn fill(template: &mut Value, values: Values<'_>) {
    match template {
        Value::String(text) if text.contains('{') => {
            let placeholder = text
                .strip_prefix('{')
                .and_then(|rest| rest.strip_suffix('}'))
                .filter(|name| !name.contains('{'));
            *template = match placeholder {
                Some(placeholder) => value(placeholder, values).unwrap_or_default(),
                None => fill_text(text, values).into(),
            };
        }
        Value::Array(items) => items.iter_mut().for_each(|item| fill(item, values)),
        Value::Object(members) => members.values_mut().for_each(|member| fill(member, values)),
        _ => {}
    }
}

fn value(placeholder: &str, values: Values<'_>) -> Option<Value> {
    let Some((name, format)) = placeholder.split_once(':') else {
        return values(placeholder);
    };
    let hash = digest(values(name)?.as_str().unwrap_or_default());
    let (length, hash) = match format.strip_prefix("DIGEST") {
        Some(length) => (length, hash.to_uppercase()),
        None => (format.strip_prefix("digest")?, hash),
    };
    Some(hash.get(..length.parse().ok()?)?.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn placeholders_are_replaced_by_values_and_hashes() {
        let values = |name: &str| match name {
            "name" => Some(json!("a")),
            "count" => Some(json!(3)),
            _ => None,
        };
        let hash = &digest("a")[..8];
        let mut template = json!({
            "whole": "{count}",
            "none": "{missing}",
            "texts": ["{name}/{count}/{missing}", "{name:digest8}", "{name:DIGEST8}", "plain", 1],
        });
        fill(&mut template, &values);
        assert_eq!(
            template,
            json!({"whole": 3, "none": null, "texts": ["a/3/", hash, hash.to_uppercase(), "plain", 1]})
        );
        assert_eq!(fill_text("x-{name:digest8}", &values), format!("x-{hash}"));
    }
}
