//! The page of the checks' parameters, and the JSON Schema of the documents that set them.

use eksentry_core::{
    Check,
    checks::CHECKS,
    parameters::{AnyParameter, Values},
};
use eksentry_runtime::{DISABLED_CHECKS, ENABLED_CHECKS};
use serde_json::{Map, Value, json};

use super::{Block, row};

/// The path of the page, relative to the repository's root. Everything outside of its block is written by hand.
pub(super) const PAGE: &str = "docs/parameters.md";

/// The path of the schema, relative to the repository's root.
pub(super) const SCHEMA: &str = "docs/parameters.schema.json";

/// Renders the parameters of every check that has any.
pub(super) fn block() -> Block {
    let checks = CHECKS.iter().filter(|check| !check.parameters.is_empty());
    let mut lines = vec![String::new()];
    for check in checks {
        let id = check.id;
        lines.push(format!("### [{id}](checks/{id}.md)\n\n{}\n", table(check)));
    }
    Block {
        begin: "<!-- derived: parameters (begin) -->".to_owned(),
        end: "<!-- derived: parameters (end) -->".to_owned(),
        lines,
    }
}

/// Renders the table of a check's parameters.
pub(super) fn table(check: &Check) -> String {
    let heads = ["Parameter", "Values", "Default", "Meaning"];
    let mut lines = vec![row(&heads), row(&["---"; 4])];
    lines.extend(check.parameters.iter().map(|&declared| parameter(declared)));
    lines.join("\n")
}

fn parameter(declared: &dyn AnyParameter) -> String {
    let default = declared.default_texts().join(",");
    let default = if default.is_empty() {
        "not set".to_owned()
    } else {
        format!("`{default}`")
    };
    row(&[
        &format!("`{}`", declared.name()),
        declared.form(),
        &default,
        declared.description(),
    ])
}

/// Renders the schema, for editors and for customers who keep documents in a repository. The functions accept
/// everything that it allows, and some other forms too, for example numbers in quotes.
pub(super) fn schema() -> String {
    let mut properties = Map::new();
    for (list, meaning) in [
        (
            ENABLED_CHECKS,
            "Checks to enable that are disabled by default.",
        ),
        (
            DISABLED_CHECKS,
            "Checks to disable. They run only if an event names them.",
        ),
    ] {
        let ids = CHECKS.map(|check| check.id).to_vec();
        let list_of_ids = json!({
            "description": meaning,
            "type": "array",
            "items": {"enum": ids},
            "uniqueItems": true,
        });
        properties.insert(list.to_owned(), list_of_ids);
    }
    for check in CHECKS {
        properties.insert(check.id.to_owned(), check_schema(check));
    }
    let schema = json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Parameters of the checks of eksentry, and lists of enabled and disabled checks",
        "$comment": format!("Derived from the registry of checks. To rewrite it: {}", super::BLESS),
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    });
    format!("{schema:#}\n")
}

fn check_schema(check: &Check) -> Value {
    let parameters = check.parameters.iter();
    let properties: Map<String, Value> = parameters
        .map(|parameter| (parameter.name().to_owned(), parameter_schema(*parameter)))
        .collect();
    json!({
        "description": format!("{}.", check.title),
        "type": ["object", "null"],
        "properties": properties,
        "additionalProperties": false,
    })
}

fn parameter_schema(parameter: &dyn AnyParameter) -> Value {
    let texts = parameter.default_texts();
    let (mut schema, default) = match parameter.values() {
        Values::OneOf(values) => (json!({"enum": values}), json!(texts.first())),
        Values::SomeOf(values) => (
            json!({"type": "array", "items": {"enum": values}, "uniqueItems": true}),
            json!(texts),
        ),
        Values::Flag => {
            let flag = texts.first().and_then(|text| text.parse::<bool>().ok());
            (json!({"type": "boolean"}), json!(flag))
        }
        Values::Number => {
            let number = texts.first().and_then(|text| text.parse::<u32>().ok());
            let whole = json!({"type": "integer", "minimum": 0, "maximum": u32::MAX});
            (whole, json!(number))
        }
        Values::Ports => {
            let port = json!({"type": "integer", "minimum": 0, "maximum": u16::MAX});
            let range = json!({"type": "string", "pattern": "^[0-9]{1,5}(-[0-9]{1,5})?$"});
            (
                json!({"type": "array", "items": {"anyOf": [port, range]}}),
                json!(texts),
            )
        }
        Values::Matching(pattern) => (
            json!({"type": "array", "items": {"type": "string", "pattern": pattern}}),
            json!(texts),
        ),
        Values::Exceptions => {
            let text = json!({"type": "string", "minLength": 1});
            let exception = json!({
                "type": "object",
                "properties": {"object": text, "reason": text},
                "required": ["object", "reason"],
                "additionalProperties": false,
            });
            (json!({"type": "array", "items": exception}), json!(texts))
        }
        Values::Texts => (
            json!({"type": "array", "items": {"type": "string", "minLength": 1}}),
            json!(texts),
        ),
    };
    schema["description"] = json!(format!(
        "{} The value is {}.",
        parameter.description(),
        parameter.form()
    ));
    schema["default"] = default;
    schema
}

#[cfg(test)]
mod tests {
    use super::*;
    use eksentry_runtime::Selection;

    fn read() -> Value {
        serde_json::from_str(&schema()).expect("it is JSON")
    }

    #[test]
    fn the_schema_has_every_parameter_and_allows_no_others() {
        let schema = read();
        assert_eq!(schema["additionalProperties"], false);
        let known = schema["properties"].as_object().expect("it has some");
        assert_eq!(known.len(), CHECKS.len() + 2);
        for check in CHECKS {
            let check_schema = &known[check.id];
            assert_eq!(check_schema["additionalProperties"], false, "{}", check.id);
            let parameters = check_schema["properties"].as_object().expect("it has some");
            let names: Vec<_> = check.parameters.iter().map(|one| one.name()).collect();
            assert_eq!(parameters.len(), names.len(), "{}", check.id);
            for name in names {
                let described = parameters[name]["description"].as_str();
                assert!(described.is_some(), "{} {name}", check.id);
            }
        }
    }

    /// Uses a document of values that the schema allows: the default and the enumerated values of each parameter.
    #[test]
    fn values_that_the_schema_allows_are_valid() {
        let schema = read();
        for check in CHECKS {
            for parameter in check.parameters {
                let described = &schema["properties"][check.id]["properties"][parameter.name()];
                let one_of = described["enum"].as_array().into_iter().flatten().cloned();
                let some_of = [json!([]), described["items"]["enum"].clone()];
                let mut values: Vec<Value> = one_of.collect();
                match parameter.values() {
                    Values::OneOf(_) => {}
                    Values::Flag => values.extend([json!(true), json!(false)]),
                    Values::SomeOf(_) => values.extend(some_of),
                    Values::Number => {
                        values.extend(["minimum", "maximum"].map(|end| described[end].clone()));
                    }
                    Values::Ports => {
                        values.extend([json!([]), json!([0, 65_535, "22", "8000-8100"])]);
                    }
                    Values::Exceptions => {
                        let object = "*:shop/Deployment/web";
                        let exception = json!({"object": object, "reason": "Why"});
                        values.extend([json!([]), json!([exception])]);
                    }
                    Values::Matching(_) | Values::Texts => values.push(json!([])),
                }
                values.push(described["default"].clone());
                for value in values {
                    let document = json!({check.id: {parameter.name(): value}}).to_string();
                    let read = Selection::of_documents([("document", document.as_str())]);
                    assert!(read.is_ok(), "{document}: {read:?}");
                }
            }
        }
        let ids = CHECKS.map(|check| check.id).to_vec();
        let switches = json!({ENABLED_CHECKS: ids, DISABLED_CHECKS: ids});
        let switches = switches.to_string();
        assert!(Selection::of_documents([("document", switches.as_str())]).is_ok());
    }
}
