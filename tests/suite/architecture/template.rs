//! What template.yaml deploys.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use eksentry_core::checks::CHECKS;
use eksentry_runtime::Settings;
use eksentry_tests::template::{Stack, Template, members, scalar};
use serde_json::{Value, json};

use super::names_in;

/// The most characters of a rule's parameters.
/// Source: <https://docs.aws.amazon.com/config/latest/APIReference/API_ConfigRule.html>.
const RULE_PARAMETERS: usize = 1024;

/// The most bytes of a function's environment.
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>.
const ENVIRONMENT: usize = 4096;

/// The most managed policies of a role, unless an account has asked for more.
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>.
const MANAGED_POLICIES: usize = 10;

/// The stack with the defaults of its parameters.
pub(super) fn with_defaults() -> Stack {
    Stack::new(
        Template::of_eksentry().expect("it is a template"),
        "111122223333",
        "eu-central-1",
    )
}

/// The stack with every parameter as long as it may be.
fn with_longest_values() -> Stack {
    let stack = with_defaults();
    let template = Template::of_eksentry().expect("it is a template");
    let lengths = members(&template.body()["Parameters"])
        .filter_map(|(name, parameter)| Some((name, parameter["MaxLength"].as_u64()?)));
    lengths.fold(stack, |stack, (name, length)| {
        let value: String = (0..length).map(|_| 'x').collect();
        stack.with(name, &value).expect("there is this parameter")
    })
}

/// The environment of every function.
fn environment(stack: &Stack) -> BTreeMap<String, String> {
    let variables = stack.template().variables();
    variables
        .filter_map(|(name, value)| {
            let value = stack.resolve(value).expect("it comes to something");
            Some((name.clone(), scalar(&value?)))
        })
        .collect()
}

/// A rule's parameters as AWS Config gets them.
fn rule_parameters(stack: &Stack, rule: &Value) -> Value {
    let parameters = stack.resolve(&rule["Properties"]["InputParameters"]);
    parameters
        .expect("they come to something")
        .expect("it has some")
}

#[test]
fn every_function_is_deployed() {
    let stack = with_defaults();
    let deployed: BTreeSet<_> = stack
        .template()
        .resources("AWS::Serverless::Function")
        .map(|(name, function)| {
            assert_eq!(
                function["Metadata"]["BuildMethod"], "rust-cargolambda",
                "{name}"
            );
            scalar(&function["Properties"]["CodeUri"])
        })
        .collect();
    let functions = names_in("functions")
        .iter()
        .map(|function| format!("functions/{function}"))
        .collect();
    assert_eq!(deployed, functions);
}

#[test]
fn the_environment_is_what_the_functions_read() {
    let asked = RefCell::new(BTreeSet::new());
    Settings::from_environment(|name| {
        asked.borrow_mut().insert(name.to_owned());
        None
    })
    .expect("nothing has to be set");
    let set: BTreeSet<_> = environment(&with_defaults()).into_keys().collect();
    assert_eq!(set, asked.into_inner());
}

#[test]
fn the_environment_has_the_checks_defaults() {
    let environment = environment(&with_defaults());
    let settings = Settings::from_environment(|name| environment.get(name).cloned())
        .expect("the functions take what the template sets");
    let unset = Settings::from_environment(|_| None).expect("nothing has to be set");
    for check in CHECKS {
        assert_eq!(
            check.effective_parameters(&settings.of(check)),
            check.effective_parameters(&unset.of(check)),
            "{}",
            check.id
        );
    }
}

#[test]
fn a_check_that_is_off_is_named_to_the_functions() {
    let disabled = |stack: &Stack| -> Vec<&str> {
        let environment = environment(stack);
        let settings = Settings::from_environment(|name| environment.get(name).cloned());
        let settings = settings.expect("the functions take it");
        let mut checks = CHECKS.to_vec();
        checks.retain(|check| !settings.is_enabled(check));
        checks.into_iter().map(|check| check.id).collect()
    };
    assert_eq!(disabled(&with_defaults()), Vec::<&str>::new());
    let switched = ["EcrScanOnPush", "KmsCmkRotation"]
        .into_iter()
        .fold(with_defaults(), |stack, check| {
            stack.with(check, "off").expect("each check has a switch")
        });
    assert_eq!(
        disabled(&switched),
        ["ecr-scan-on-push", "kms-cmk-rotation"]
    );
}

#[test]
fn the_environment_fits() {
    let environment = environment(&with_defaults());
    let size: usize = environment
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    assert!(
        size <= ENVIRONMENT,
        "Lambda takes {ENVIRONMENT} bytes of environment and the defaults need {size}: leave defaults out"
    );
}

#[test]
fn config_has_a_rule_for_each_check_that_it_can_trigger() {
    let stack = with_defaults();
    let rules: BTreeSet<_> = stack
        .template()
        .resources("AWS::Config::ConfigRule")
        .map(|(_, rule)| {
            let types = &rule["Properties"]["Scope"]["ComplianceResourceTypes"];
            (
                scalar(&rule["Properties"]["InputParameters"]["checkId"]),
                types.clone().to_string(),
            )
        })
        .collect();
    let checks = CHECKS
        .into_iter()
        .filter_map(|check| {
            Some((
                check.id.to_owned(),
                json!([check.kind().config_type()?]).to_string(),
            ))
        })
        .collect();
    assert_eq!(rules, checks);
}

#[test]
fn config_takes_the_parameters_of_every_rule() {
    let stack = with_longest_values();
    for (name, rule) in stack.template().resources("AWS::Config::ConfigRule") {
        let parameters = rule_parameters(&stack, rule).to_string();
        assert!(
            parameters.len() <= RULE_PARAMETERS,
            "AWS Config takes {RULE_PARAMETERS} characters of parameters and those of {name} can have {}: lessen \
             MAX_LENGTH in tests/src/derived/template.rs",
            parameters.len()
        );
    }
}

#[test]
fn roles_have_as_few_policies_as_iam_takes() {
    for (name, role) in with_defaults().template().resources("AWS::IAM::Role") {
        let policies = role["Properties"]["ManagedPolicyArns"].as_array();
        let count = policies.map_or(0, Vec::len);
        assert!(
            count <= MANAGED_POLICIES,
            "IAM takes {MANAGED_POLICIES} managed policies a role and {name} can have {count}"
        );
    }
}
