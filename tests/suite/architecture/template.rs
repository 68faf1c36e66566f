//! What template.yaml deploys and grants.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use eksentry_core::checks::CHECKS;
use eksentry_runtime::Settings;
use serde_json::{Map, Value, json};
use serde_yaml_ng::Value as Yaml;

use super::{names_in, read};

/// The most characters of a rule's parameters.
/// Source: <https://docs.aws.amazon.com/config/latest/APIReference/API_ConfigRule.html>.
const RULE_PARAMETERS: usize = 1024;

/// The most bytes of a function's environment.
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>.
const ENVIRONMENT: usize = 4096;

/// The most managed policies of a role, unless an account has asked for more.
/// Source: <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html>.
const MANAGED_POLICIES: usize = 10;

/// Why the template grants actions that no call of ours is behind.
const GRANTED_WITHOUT_A_CALL: [(&str, &[&str]); 7] = [
    (
        "ECR asks Inspector in the caller's name for the findings of an enhanced scan",
        &["inspector2:ListCoverage", "inspector2:ListFindings"],
    ),
    (
        "EventBridge Scheduler starts the sweep",
        &["lambda:InvokeFunction"],
    ),
    (
        "Lambda writes a function's logs in the function's role",
        &["logs:CreateLogStream", "logs:PutLogEvents"],
    ),
    (
        "Lambda sends traces to X-Ray in the function's role",
        &["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
    ),
    (
        "Lambda polls the queue of slices in the worker's role",
        &[
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ReceiveMessage",
        ],
    ),
    (
        "Lambda, EventBridge and its Scheduler send what failed to dead-letter queues",
        &["sqs:SendMessage"],
    ),
    (
        "Lambda and EventBridge Scheduler assume the roles",
        &["sts:AssumeRole"],
    ),
];

/// The template as it is deployed, with values for its parameters.
pub(super) struct Template {
    pub(super) body: Value,
    pub(super) values: BTreeMap<String, String>,
}

impl Template {
    /// The template with the defaults of its parameters.
    pub(super) fn with_defaults() -> Self {
        let yaml = serde_yaml_ng::from_str(&read("template.yaml")).expect("the template is YAML");
        let body = long_form(yaml);
        let values = members(&body["Parameters"])
            .map(|(name, parameter)| (name.clone(), scalar(&parameter["Default"])))
            .collect();
        Self { body, values }
    }

    /// The template with every parameter as long as it may be.
    fn with_longest_values() -> Self {
        let mut template = Self::with_defaults();
        for (name, parameter) in members(&template.body["Parameters"]) {
            if let Some(length) = parameter["MaxLength"].as_u64() {
                template
                    .values
                    .insert(name.clone(), (0..length).map(|_| 'x').collect());
            }
        }
        template
    }

    pub(super) fn resources(&self, of_type: &str) -> impl Iterator<Item = (&String, &Value)> {
        members(&self.body["Resources"]).filter(move |(_, resource)| resource["Type"] == of_type)
    }

    /// The environment of every function.
    fn environment(&self) -> BTreeMap<String, String> {
        let globals = &self.body["Globals"]["Function"];
        let functions = self
            .resources("AWS::Serverless::Function")
            .map(|(_, function)| &function["Properties"]);
        let variables = functions
            .chain([globals])
            .flat_map(|of| members(&of["Environment"]["Variables"]));
        variables
            .filter_map(|(name, value)| Some((name.clone(), self.text(value)?)))
            .collect()
    }

    /// A rule's parameters as AWS Config gets them.
    fn rule_parameters(&self, rule: &Value) -> Value {
        let parameters = members(&rule["Properties"]["InputParameters"]);
        parameters
            .filter_map(|(name, value)| Some((name.clone(), self.text(value)?.into())))
            .collect::<Map<_, _>>()
            .into()
    }

    /// What a value comes to; nothing for `AWS::NoValue`.
    pub(super) fn text(&self, value: &Value) -> Option<String> {
        let Some((function, argument)) = members(value).next() else {
            return Some(scalar(value));
        };
        match function.as_str() {
            "Ref" if argument == "AWS::NoValue" => None,
            // What is no parameter is a resource; a URL with its name stands for what it comes to.
            "Ref" => {
                let name = scalar(argument);
                let value = self.values.get(&name).cloned();
                Some(value.unwrap_or_else(|| format!("https://{name}")))
            }
            "Fn::If" if self.holds(&self.body["Conditions"][scalar(&argument[0])]) => {
                self.text(&argument[1])
            }
            "Fn::If" => self.text(&argument[2]),
            "Fn::Join" => {
                let parts = argument[1].as_array()?.iter();
                let parts: Option<Vec<_>> = parts.map(|part| self.text(part)).collect();
                Some(parts?.join(&scalar(&argument[0])))
            }
            "Fn::Sub" if argument.is_array() => {
                let own = members(&argument[1])
                    .map(|(name, value)| Some((name.clone(), self.text(value)?)))
                    .collect::<Option<BTreeMap<_, _>>>()?;
                Some(filled(&filled(&scalar(&argument[0]), &own), &self.values))
            }
            "Fn::Sub" => Some(filled(&scalar(argument), &self.values)),
            _ => panic!("this test should learn to evaluate {function}"),
        }
    }

    /// Whether a condition holds.
    fn holds(&self, condition: &Value) -> bool {
        match members(condition).next() {
            Some((function, argument)) if function == "Fn::Condition" => {
                self.holds(&self.body["Conditions"][scalar(argument)])
            }
            Some((function, argument)) if function == "Fn::And" => {
                let mut all = argument.as_array().into_iter().flatten();
                all.all(|condition| self.holds(condition))
            }
            Some((function, argument)) if function == "Fn::Not" => !self.holds(&argument[0]),
            Some((function, argument)) if function == "Fn::Equals" => {
                self.text(&argument[0]) == self.text(&argument[1])
            }
            _ => panic!("this test should learn to evaluate {condition}"),
        }
    }
}

#[test]
fn every_function_is_deployed() {
    let template = Template::with_defaults();
    let deployed: BTreeSet<_> = template
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
    let set: BTreeSet<_> = Template::with_defaults()
        .environment()
        .into_keys()
        .collect();
    assert_eq!(set, asked.into_inner());
}

#[test]
fn the_environment_has_the_checks_defaults() {
    let environment = Template::with_defaults().environment();
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
    let mut template = Template::with_defaults();
    let disabled = |template: &Template| -> Vec<&str> {
        let environment = template.environment();
        let settings = Settings::from_environment(|name| environment.get(name).cloned());
        let settings = settings.expect("the functions take it");
        let mut checks = CHECKS.to_vec();
        checks.retain(|check| !settings.is_enabled(check));
        checks.into_iter().map(|check| check.id).collect()
    };
    assert_eq!(disabled(&template), Vec::<&str>::new());
    for check in ["EcrScanOnPush", "KmsCmkRotation"] {
        let switch = template.values.get_mut(check);
        *switch.expect("each check has a switch") = "off".to_owned();
    }
    assert_eq!(
        disabled(&template),
        ["ecr-scan-on-push", "kms-cmk-rotation"]
    );
}

#[test]
fn the_environment_fits() {
    let environment = Template::with_defaults().environment();
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
    let template = Template::with_defaults();
    let rules: BTreeSet<_> = template
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
    let template = Template::with_longest_values();
    for (name, rule) in template.resources("AWS::Config::ConfigRule") {
        let parameters = template.rule_parameters(rule).to_string();
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
    for (name, role) in Template::with_defaults().resources("AWS::IAM::Role") {
        let policies = role["Properties"]["ManagedPolicyArns"].as_array();
        let count = policies.map_or(0, Vec::len);
        assert!(
            count <= MANAGED_POLICIES,
            "IAM takes {MANAGED_POLICIES} managed policies a role and {name} can have {count}"
        );
    }
}

#[test]
fn policies_grant_what_is_called_and_nothing_else() {
    let template = Template::with_defaults();
    let mut granted = BTreeSet::new();
    collect_granted(&template.body["Resources"], &mut granted);
    let without_a_call = GRANTED_WITHOUT_A_CALL
        .iter()
        .flat_map(|(_, actions)| *actions);
    let needed: BTreeSet<_> = eksentry_runtime::actions()
        .chain(without_a_call.copied())
        .map(str::to_owned)
        .collect();
    let missing: Vec<_> = needed.difference(&granted).collect();
    let unused: Vec<_> = granted.difference(&needed).collect();
    assert!(
        missing.is_empty() && unused.is_empty(),
        "template.yaml should also grant {missing:?}, and should not grant {unused:?}; actions stand beside the calls \
         that need them, in ACTIONS"
    );
}

/// The actions of every statement that allows, wherever it is.
fn collect_granted(value: &Value, granted: &mut BTreeSet<String>) {
    if value["Effect"] == "Allow" {
        granted.extend(match &value["Action"] {
            Value::Array(actions) => actions.iter().map(scalar).collect(),
            action => vec![scalar(action)],
        });
    }
    let children: Vec<_> = match value {
        Value::Array(items) => items.iter().collect(),
        Value::Object(members) => members.values().collect(),
        _ => Vec::new(),
    };
    for child in children {
        collect_granted(child, granted);
    }
}

/// Short forms like `!Ref x` written out, as `{"Ref": x}`.
pub(super) fn long_form(yaml: Yaml) -> Value {
    match yaml {
        Yaml::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            let function = match tag.trim_start_matches('!') {
                "Ref" => "Ref".to_owned(),
                other => format!("Fn::{other}"),
            };
            json!({function: long_form(tagged.value)})
        }
        Yaml::Mapping(mapping) => {
            let members = mapping.into_iter().map(|(key, value)| {
                (
                    key.as_str().expect("keys are texts").to_owned(),
                    long_form(value),
                )
            });
            Value::Object(members.collect())
        }
        Yaml::Sequence(items) => items.into_iter().map(long_form).collect(),
        plain => serde_json::to_value(plain).expect("what is left is a scalar"),
    }
}

/// A text with values in the place of names.
fn filled(text: &str, values: &BTreeMap<String, String>) -> String {
    values.iter().fold(text.to_owned(), |text, (name, value)| {
        text.replace(&format!("${{{name}}}"), value)
    })
}

/// The members of an object; none of anything else.
pub(super) fn members(value: &Value) -> impl Iterator<Item = (&String, &Value)> {
    value.as_object().into_iter().flatten()
}

/// A scalar as a text, which is how every one is deployed.
pub(super) fn scalar(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
