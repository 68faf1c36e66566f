//! The rules of AWS Config.

use std::collections::BTreeSet;

use eksentry_core::checks::CHECKS;
use eksentry_tests::template::{Stack, scalar};
use serde_json::json;

use super::{stack, with_defaults};

/// Lists the checks that have a rule in a stack.
fn rules(stack: &Stack) -> BTreeSet<String> {
    let made = stack.made("AWS::Config::ConfigRule");
    let rules = made.expect("the conditions can be evaluated").into_iter();
    rules
        .map(|(_, rule)| scalar(&rule["Properties"]["InputParameters"]["checkId"]))
        .collect()
}

#[test]
fn every_check_that_config_can_trigger_has_a_rule() {
    let stack = with_defaults();
    let rules: BTreeSet<_> = stack
        .template()
        .resources("AWS::Config::ConfigRule")
        .map(|(_, rule)| scalar(&rule["Properties"]["InputParameters"]["checkId"]))
        .collect();
    let checks = CHECKS
        .into_iter()
        .filter(|check| check.kind().config_type().is_some());
    assert_eq!(rules, checks.map(|check| check.id.to_owned()).collect());
}

#[test]
fn rules_have_the_resource_type_of_their_checks() {
    let stack = stack(&[("ConfigRules", "all"), ("ConfigFrequency", "One_Hour")]);
    for (name, rule) in stack.template().resources("AWS::Config::ConfigRule") {
        let properties = &rule["Properties"];
        let id = scalar(&properties["InputParameters"]["checkId"]);
        let check = CHECKS.iter().find(|check| check.id == id);
        let config_type = check.and_then(|check| check.kind().config_type());
        let triggers = stack.resolve(&properties["Source"]["SourceDetails"]);
        let triggers = triggers
            .expect("the value can be evaluated")
            .expect("it has some");
        let triggers: BTreeSet<_> = triggers
            .as_array()
            .into_iter()
            .flatten()
            .map(|trigger| scalar(&trigger["MessageType"]))
            .collect();
        assert!(triggers.contains("ScheduledNotification"), "{name}");
        // AWS Config records no changes of accounts.
        let by_change = config_type != Some("AWS::::Account");
        assert_eq!(
            triggers.contains("ConfigurationItemChangeNotification"),
            by_change,
            "{name}"
        );
        if by_change {
            let scope = &properties["Scope"]["ComplianceResourceTypes"];
            assert_eq!(*scope, json!([config_type]), "{name}");
        }
    }
}

#[test]
fn a_stack_has_the_selected_rules_of_enabled_checks() {
    let of = |parameters: &[(&str, &str)]| rules(&stack(parameters));
    let core = of(&[]);
    assert_eq!(core.len(), 8);
    assert_eq!(of(&[("ConfigRules", "none")]), BTreeSet::new());
    let everything = [("ConfigRules", "all"), ("ConfigFrequency", "One_Hour")];
    let expected = CHECKS
        .into_iter()
        .filter(|check| check.enabled && check.kind().config_type().is_some());
    let expected: BTreeSet<_> = expected.map(|check| check.id.to_owned()).collect();
    assert_eq!(of(&everything), expected);
    assert!(core.is_subset(&expected));
    for rules in ["core", "all", "none"] {
        assert_eq!(
            of(&[("ConfigRules", rules), ("AwsConfig", "off")]),
            BTreeSet::new()
        );
    }
    for (off, gone) in [
        ("kms-cmk-rotation", &["kms-cmk-rotation"][..]),
        (
            "ecr-scan-on-push,kms-cmk-rotation,eks-endpoint-private",
            &[
                "ecr-scan-on-push",
                "kms-cmk-rotation",
                "eks-endpoint-private",
            ],
        ),
        ("kms-cmk,rotation,cmk-rotation", &[]),
    ] {
        let left = of(&[("DisabledChecks", off)]);
        let gone: BTreeSet<_> = gone.iter().map(|id| (*id).to_owned()).collect();
        assert_eq!(left, core.difference(&gone).cloned().collect(), "{off}");
    }
}

#[test]
fn rules_are_periodic_only_if_a_frequency_is_set() {
    for (frequency, periodic) in [("Never", false), ("One_Hour", true)] {
        let stack = stack(&[("ConfigFrequency", frequency)]);
        for (name, rule) in stack
            .made("AWS::Config::ConfigRule")
            .expect("the conditions can be evaluated")
        {
            let details = stack.resolve(&rule["Properties"]["Source"]["SourceDetails"]);
            let details = details
                .expect("the value can be evaluated")
                .expect("it has some");
            let is_periodic = details.to_string().contains("ScheduledNotification");
            assert_eq!(is_periodic, periodic, "{name}");
        }
    }
    let parameter =
        |name| scalar(&with_defaults().template().body()["Parameters"][name]["Default"]);
    assert_eq!(
        (parameter("ConfigRules"), parameter("ConfigFrequency")),
        ("core".to_owned(), "Never".to_owned())
    );
}
