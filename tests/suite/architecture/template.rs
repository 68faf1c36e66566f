//! The resources of template.yaml, and the limits that they must keep to.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use eksentry_core::checks::CHECKS;
use eksentry_runtime::{Selection, Settings};
use eksentry_tests::template::{BY_HAND, Stack, Template, members, scalar};
use serde_json::{Value, json};

use super::{names_in, read};

/// The largest number of characters in a rule's parameters.
/// Source: <https://docs.aws.amazon.com/config/latest/APIReference/API_ConfigRule.html>.
const RULE_PARAMETERS: usize = 1024;

/// The largest number of bytes in a function's environment, as JSON, which is how Lambda measures it.
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>.
const ENVIRONMENT: usize = 4096;

/// The limits of CloudFormation: parameters, resources and bytes of a template in S3, bytes of a parameter's value, and
/// conditions that one condition can combine.
/// Source: <https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html>.
const PARAMETERS: usize = 200;
const RESOURCES: usize = 500;
const TEMPLATE: usize = 1_000_000;
const VALUE: usize = 4096;
const JOINED: usize = 10;

/// The largest number of bytes in a free parameter of Parameter Store.
/// Source: <https://docs.aws.amazon.com/general/latest/gr/ssm.html>.
const DOCUMENT: usize = 4096;

/// The greatest length of a stack's name with which the longest derived name, that of the queue of slices, fits in the
/// 80 characters that SQS allows.
const STACK_NAME: usize = 73;

/// The greatest length of a bucket's name, which CloudFormation generates.
const BUCKET_NAME: usize = 63;

/// The largest number of managed policies of a role, by the default quota.
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>.
const MANAGED_POLICIES: usize = 10;

/// Returns the stack with the defaults of its parameters.
pub(super) fn with_defaults() -> Stack {
    Stack::new(
        Template::of_eksentry().expect("the template is valid"),
        "111122223333",
        "eu-central-1",
    )
}

/// Returns the longest value that a parameter can have.
fn longest_value(name: &str, parameter: &Value) -> String {
    let allowed = parameter["AllowedValues"].as_array().into_iter().flatten();
    if let Some(longest) = allowed.map(scalar).max_by_key(String::len) {
        return longest;
    }
    if parameter["Type"] == "Number" {
        return scalar(&parameter["MaxValue"]);
    }
    let length = parameter["MaxLength"].as_u64();
    let length =
        length.unwrap_or_else(|| panic!("the template's parameter {name} needs a MaxLength"));
    (0..length).map(|_| 'x').collect()
}

/// Returns the stack with the longest value of every parameter, the longest name, and a Region with the longest name.
fn with_longest_values() -> Stack {
    let template = Template::of_eksentry().expect("the template is valid");
    let stack = Stack::new(template.clone(), "111122223333", "ap-southeast-1");
    let stack = stack.named(&"s".repeat(STACK_NAME));
    let longest = members(&template.body()["Parameters"])
        .map(|(name, parameter)| (name.as_str(), longest_value(name, parameter)));
    // With other values, the stack creates fewer resources.
    let on = ["SecurityHub", "AwsConfig"].map(|name| (name, "on".to_owned()));
    longest.chain(on).fold(stack, |stack, (name, value)| {
        let stack = stack.with(name, &value);
        stack.expect("the template has the parameter")
    })
}

/// Returns the environment of each function that the stack creates, by its logical ID: its own variables and the global
/// ones.
fn environments(stack: &Stack) -> BTreeMap<String, BTreeMap<String, String>> {
    let of_all = &stack.template().body()["Globals"]["Function"]["Environment"]["Variables"];
    let functions = stack.made("AWS::Serverless::Function");
    let functions = functions
        .expect("the conditions can be evaluated")
        .into_iter();
    functions
        .map(|(name, function)| {
            let own = &function["Properties"]["Environment"]["Variables"];
            let variables = members(of_all).chain(members(own));
            let set = variables.filter_map(|(name, value)| {
                let value = stack.resolve(value).expect("the value can be evaluated");
                Some((name.clone(), scalar(&value?)))
            });
            (name.clone(), set.collect())
        })
        .collect()
}

/// Returns the variables of all functions.
fn environment(stack: &Stack) -> BTreeMap<String, String> {
    environments(stack).into_values().flatten().collect()
}

/// Returns the texts of the documents that a stack writes, by their names.
fn documents(stack: &Stack) -> BTreeMap<String, String> {
    let made = stack.made("AWS::SSM::Parameter");
    let documents = made.expect("the conditions can be evaluated").into_iter();
    documents
        .map(|(_, document)| {
            let text = |name: &str| stack.text(&document["Properties"][name]);
            let (name, value) = (text("Name"), text("Value"));
            (name.expect("it has a name"), value.expect("it has a value"))
        })
        .collect()
}

/// Returns the selection that a stack's documents contain.
fn selection(stack: &Stack) -> Selection {
    let documents = documents(stack);
    let parts = documents
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()));
    Selection::of_documents(parts).expect("the functions accept the documents of the template")
}

/// Lists the checks that have a rule in a stack.
fn rules(stack: &Stack) -> BTreeSet<String> {
    let made = stack.made("AWS::Config::ConfigRule");
    let rules = made.expect("the conditions can be evaluated").into_iter();
    rules
        .map(|(_, rule)| scalar(&rule["Properties"]["InputParameters"]["checkId"]))
        .collect()
}

fn stack(parameters: &[(&str, &str)]) -> Stack {
    let parameters = parameters.iter();
    parameters.fold(with_defaults(), |stack, (name, value)| {
        let stack = stack.with(name, value);
        stack.expect("the template has the parameter")
    })
}

/// Returns the parameters of a rule as AWS Config receives them.
fn rule_parameters(stack: &Stack, rule: &Value) -> Value {
    let parameters = stack.resolve(&rule["Properties"]["InputParameters"]);
    parameters
        .expect("the value can be evaluated")
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
fn the_template_sets_the_variables_that_functions_read() {
    let requested = RefCell::new(BTreeSet::new());
    Settings::from_environment(|name| {
        requested.borrow_mut().insert(name.to_owned());
        None
    })
    .expect("no variable is required");
    let set: BTreeSet<_> = environment(&with_defaults()).into_keys().collect();
    for name in BY_HAND {
        assert!(
            !set.contains(name),
            "the template must not set {name}: Lambda's environment is too small for it"
        );
        assert!(
            requested.borrow_mut().remove(name),
            "no function reads {name}"
        );
    }
    assert_eq!(set, requested.into_inner());
}

#[test]
fn by_default_no_documents_are_written_or_read() {
    let stack = with_defaults();
    assert!(documents(&stack).is_empty());
    let environment = environment(&stack);
    let settings = Settings::from_environment(|name| environment.get(name).cloned());
    let settings = settings.expect("the functions accept the environment of the template");
    assert_eq!(settings.parameters_paths, [""; 0]);
}

#[test]
fn documents_are_written_to_the_paths_that_functions_read() {
    const OWN: &str = "/eksentry/eksentry";
    for (parameters, paths) in [
        (&[("EnabledChecks", "kms-cmk-rotation")][..], &[OWN][..]),
        (&[("DisabledChecks", "kms-cmk-rotation")], &[OWN]),
        (&[("CheckParameters", "{}")], &[OWN]),
        (
            &[("CheckParametersPath", "/bank/checks")],
            &["/bank/checks"],
        ),
        (
            &[
                ("CheckParameters", "{}"),
                ("CheckParametersPath", "/bank/checks"),
            ],
            &[OWN, "/bank/checks"],
        ),
    ] {
        let stack = stack(parameters);
        let environments = environments(&stack);
        for (function, environment) in &environments {
            let settings = Settings::from_environment(|name| environment.get(name).cloned());
            let settings = settings.expect("the functions accept the environment of the template");
            assert_eq!(
                settings.parameters_paths, paths,
                "{function}, {parameters:?}"
            );
        }
        let documents = documents(&stack);
        let folders: BTreeSet<_> = documents
            .keys()
            .filter_map(|name| name.rsplit_once('/'))
            .map(|(folder, _)| folder)
            .collect();
        let written = parameters
            .iter()
            .any(|(name, _)| *name != "CheckParametersPath");
        assert_eq!(
            folders,
            written.then_some(OWN).into_iter().collect(),
            "{parameters:?}"
        );
    }
}

#[test]
fn documents_contain_the_parameters_of_the_stack() {
    let stack = stack(&[
        ("EnabledChecks", "kms-cmk-rotation,ecr-scan-on-push"),
        ("DisabledChecks", "ecr-scan-on-push,ecr-immutable-tags"),
        (
            "CheckParameters",
            "{kms-cmk-rotation: {maxRotationPeriodDays: 90}}",
        ),
    ]);
    let selection = selection(&stack);
    let off: Vec<_> = CHECKS
        .into_iter()
        .filter(|check| !selection.is_enabled(check))
        .map(|check| check.id)
        .collect();
    assert_eq!(off, ["ecr-immutable-tags", "ecr-scan-on-push"]);
    let rotation = CHECKS.iter().find(|check| check.id == "kms-cmk-rotation");
    let rotation = rotation.expect("there is this check");
    assert_eq!(
        rotation.effective_parameters(&selection.of(rotation)),
        [("maxRotationPeriodDays", vec!["90".to_owned()])]
    );
}

#[test]
fn the_environment_fits_with_the_longest_parameter_values() {
    let stack = with_longest_values();
    for (function, mut variables) in environments(&stack) {
        // CloudFormation generates the name; the one generated here is shorter.
        if let Some(bucket) = variables.get_mut("EKSENTRY_LEDGER_BUCKET") {
            *bucket = "x".repeat(BUCKET_NAME);
        }
        let size = json!(variables).to_string().len();
        assert!(
            size <= ENVIRONMENT,
            "the environment of {function} can have {size} bytes, but Lambda allows {ENVIRONMENT}; reduce MaxLength of a parameter"
        );
    }
}

#[test]
fn the_template_is_within_the_limits_of_cloudformation() {
    let text = read("template.yaml");
    assert!(
        text.len() <= TEMPLATE,
        "template.yaml has {} bytes; the maximum is {TEMPLATE}",
        text.len()
    );
    let stack = with_defaults();
    let body = stack.template().body();
    let parameters = members(&body["Parameters"]).count();
    assert!(
        parameters <= PARAMETERS,
        "template.yaml has {parameters} parameters; the maximum is {PARAMETERS}"
    );

    // SAM adds resources for each function and for each of its events: a rule, a schedule or an event source mapping, a
    // permission, and the destination of failed invocations.
    let functions: Vec<_> = stack
        .template()
        .resources("AWS::Serverless::Function")
        .collect();
    let events = functions
        .iter()
        .flat_map(|(_, function)| members(&function["Properties"]["Events"]));
    let resources = members(&body["Resources"]).count() + functions.len() + 2 * events.count();
    assert!(
        resources <= RESOURCES,
        "template.yaml has {resources} resources; the maximum is {RESOURCES}"
    );

    for (name, condition) in members(&body["Conditions"]) {
        for function in ["Fn::And", "Fn::Or"] {
            let joined = condition[function].as_array().map_or(2, Vec::len);
            assert!(
                (2..=JOINED).contains(&joined),
                "{name} combines {joined} conditions; the maximum is {JOINED}"
            );
        }
    }
}

#[test]
fn the_longest_values_are_within_the_limits_of_cloudformation_and_parameter_store() {
    let stack = with_longest_values();
    for (name, parameter) in members(&stack.template().body()["Parameters"]) {
        let length = longest_value(name, parameter).len();
        assert!(
            length <= VALUE,
            "{name} can have {length} characters; the maximum is {VALUE}"
        );
    }
    let documents = documents(&stack);
    assert_eq!(documents.len(), 3);
    for (name, text) in documents {
        assert!(
            text.len() <= DOCUMENT,
            "{name} can have {} bytes; the maximum is {DOCUMENT}",
            text.len()
        );
    }
}

/// The lists hold seventy ids of thirty characters each.
#[test]
fn lists_of_many_checks_fit() {
    let ids: Vec<String> = (0..70).map(|n| format!("{n:x>30}")).collect();
    let list = ids.join(",");
    let stack = stack(&[("EnabledChecks", &list), ("DisabledChecks", &list)]);
    let parameters = &stack.template().body()["Parameters"];
    for name in ["EnabledChecks", "DisabledChecks"] {
        let most = parameters[name]["MaxLength"].as_u64().expect("it has one");
        assert!(
            u64::try_from(list.len()).expect("it is short") <= most,
            "{name}"
        );
    }
    for (name, text) in documents(&stack) {
        assert!(
            text.len() <= DOCUMENT,
            "{name} has {} bytes; the maximum is {DOCUMENT}",
            text.len()
        );
    }
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

#[test]
fn rule_parameters_are_within_the_limit_of_config() {
    let stack = with_longest_values();
    for (name, rule) in stack.template().resources("AWS::Config::ConfigRule") {
        let parameters = rule_parameters(&stack, rule).to_string();
        assert!(
            parameters.len() <= RULE_PARAMETERS,
            "the parameters of {name} have {} characters; the maximum is {RULE_PARAMETERS}",
            parameters.len()
        );
    }
}

#[test]
fn roles_are_within_the_limit_of_managed_policies() {
    for (name, role) in with_defaults().template().resources("AWS::IAM::Role") {
        let policies = role["Properties"]["ManagedPolicyArns"].as_array();
        let count = policies.map_or(0, Vec::len);
        assert!(
            count <= MANAGED_POLICIES,
            "{name} can have {count} managed policies; the maximum is {MANAGED_POLICIES}"
        );
    }
}
