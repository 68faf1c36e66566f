//! The event patterns of the rules in template.yaml.

use eksentry_tests::demo::Sample;
use eksentry_tests::template::{Stack, Template};
use serde_json::{Value, json};

use super::{action, inspector_event, scanning_changed};
use crate::event_patterns::{Bus, rules};
use crate::world::{ACCOUNT, REGION, repository_arn, workspace};

#[test]
fn event_patterns_match_the_events_that_the_function_processes() {
    let stack = Stack::new(Template::of_eksentry().unwrap(), ACCOUNT, REGION);
    let mut rules = rules(&stack, Bus::Default);
    rules.retain(|rule| rule.target == "ecr-event");
    let matches_a_pattern = |event: &Value| rules.iter().any(|rule| rule.matches(event));
    let samples = Sample::load_all(&workspace().join("events")).unwrap();
    let samples = samples
        .iter()
        .filter(|sample| sample.function == "ecr-event");
    for sample in samples {
        // The stack's rules do not match Inspector's scans of other resources; those reach the function only by other
        // rules.
        let of_other_things = sample.title().contains("inspector-scan-of-");
        assert_eq!(
            matches_a_pattern(&sample.payload),
            !of_other_things,
            "{}",
            sample.title()
        );
    }

    let own = inspector_event(json!({"repository-name": repository_arn("app")}));
    assert!(matches_a_pattern(&own));
    let member = "arn:aws:ecr:eu-central-1:444455556666:repository/app";
    assert!(!matches_a_pattern(&inspector_event(
        json!({"repository-name": member})
    )));
    for (name, value) in [("account", "444455556666"), ("region", "us-east-1")] {
        for mut event in [own.clone(), action("PUSH"), scanning_changed(&json!([]))] {
            assert!(matches_a_pattern(&event), "{event}");
            event[name] = json!(value);
            assert!(!matches_a_pattern(&event), "{event}");
        }
    }
}
