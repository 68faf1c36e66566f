//! Event patterns of EventBridge, and the rules that have them.

use eksentry_tests::template::{Stack, members, scalar};
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

/// The event bus that a rule is on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bus {
    /// The default event bus of the account and Region.
    Default,
    /// The event bus of the stack.
    Own,
}

/// A rule of a stack.
#[derive(Clone, Debug)]
pub(crate) struct Rule {
    /// The logical ID of the rule or, if SAM creates the rule, that of its function.
    pub(crate) id: String,
    pub(crate) pattern: Value,
    /// The ID of the target; that of a rule that SAM creates is the name of the function.
    pub(crate) target: String,
}

impl Rule {
    pub(crate) fn matches(&self, event: &Value) -> bool {
        matches(&self.pattern, event)
    }
}

/// Returns the rules that a stack creates on an event bus, including those that SAM creates for functions.
pub(crate) fn rules(stack: &Stack, bus: Bus) -> Vec<Rule> {
    let resolved = |value: &Value| stack.resolve(value).unwrap().unwrap();
    let mut rules = Vec::new();
    for (id, rule) in stack.made("AWS::Events::Rule").unwrap() {
        let rule = &rule["Properties"];
        if rule["EventBusName"].is_null() == (bus == Bus::Default) {
            rules.push(Rule {
                id: id.clone(),
                pattern: resolved(&rule["EventPattern"]),
                target: scalar(&rule["Targets"][0]["Id"]),
            });
        }
    }
    for (id, function) in stack.made("AWS::Serverless::Function").unwrap() {
        let events = members(&function["Properties"]["Events"]);
        let by_rules = events.filter(|(_, event)| event["Type"] == "EventBridgeRule");
        for (_, event) in by_rules.filter(|_| bus == Bus::Default) {
            let folder = scalar(&function["Properties"]["CodeUri"]);
            rules.push(Rule {
                id: id.clone(),
                pattern: resolved(&event["Properties"]["Pattern"]),
                target: folder.trim_start_matches("functions/").to_owned(),
            });
        }
    }
    rules
}
