//! The sample events, and folders that must match.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::{names_in, read};

#[test]
fn every_function_has_sample_events() {
    assert_eq!(
        names_in("events"),
        names_in("functions"),
        "each function must have a folder of sample events, events/<function>/"
    );
    for function in names_in("functions") {
        assert!(
            !events(&function).is_empty(),
            "events/{function} contains no events"
        );
    }
}

#[test]
fn sample_events_are_json() {
    for function in names_in("functions") {
        for path in events(&function) {
            assert!(
                path.extension()
                    .is_some_and(|extension| extension == "json"),
                "{} must be a .json file",
                path.display()
            );
            parse(&path, &read(&path));
        }
    }
}

#[test]
fn documents_in_config_events_are_json() {
    for path in events("config-rule") {
        let event = parse(&path, &read(&path));
        assert!(
            event["invokingEvent"].is_string(),
            "{} has no invokingEvent",
            path.display()
        );
        for member in ["invokingEvent", "ruleParameters"] {
            if let Some(text) = event[member].as_str() {
                parse(&path, text);
            }
        }
    }
}

fn events(function: &str) -> Vec<PathBuf> {
    let folder = Path::new("events").join(function);
    names_in(&folder)
        .into_iter()
        .map(|name| folder.join(name))
        .collect()
}

fn parse(path: &Path, text: &str) -> Value {
    serde_json::from_str(text)
        .unwrap_or_else(|error| panic!("{} is not JSON: {error}", path.display()))
}
