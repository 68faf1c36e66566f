//! The limits of AWS that the stack must keep to, whatever its parameters are.

use eksentry_tests::template::{Stack, Template, members, scalar};
use serde_json::{Value, json};

use super::{documents, environments, stack, with_defaults};
use crate::architecture::read;

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

/// The greatest length of a stack's name with which the longest derived name, that of the queue of reports, fits in the
/// 80 characters that SQS allows.
const STACK_NAME: usize = 72;

/// The greatest length of a bucket's name, which CloudFormation generates.
const BUCKET_NAME: usize = 63;

/// The largest number of managed policies of a role, by the default quota.
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>.
const MANAGED_POLICIES: usize = 10;

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

/// Returns the parameters of a rule as AWS Config receives them.
fn rule_parameters(stack: &Stack, rule: &Value) -> Value {
    let parameters = stack.resolve(&rule["Properties"]["InputParameters"]);
    parameters
        .expect("the value can be evaluated")
        .expect("it has some")
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
