//! AWS Config: recorders, custom rules, and the evaluations that functions send.

mod recorders;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

pub(super) use self::recorders::{describe_recorder_status, describe_recorders};
use super::{faults::Hit, operation::CallContext, service::AwsError, state::State, wire::Request};
use crate::account::Account;

/// The ResultToken with which a function is tested, together with TestMode. No evaluation is stored.
const TEST_TOKEN: &str = "TESTMODE";
const MOST_EVALUATIONS: usize = 100;
const COMPLIANCE_TYPES: [&str; 3] = ["COMPLIANT", "NON_COMPLIANT", "NOT_APPLICABLE"];
/// The resource types of ECR, EFS, EKS and KMS that AWS Config records, and the type of an account.
const RESOURCE_TYPES: [&str; 15] = [
    // The type in evaluations of an account itself. AWS Config never records it.
    "AWS::::Account",
    "AWS::ECR::PublicRepository",
    "AWS::ECR::PullThroughCacheRule",
    "AWS::ECR::RegistryPolicy",
    "AWS::ECR::ReplicationConfiguration",
    "AWS::ECR::Repository",
    "AWS::ECR::RepositoryCreationTemplate",
    "AWS::EFS::AccessPoint",
    "AWS::EFS::FileSystem",
    "AWS::EKS::Addon",
    "AWS::EKS::Cluster",
    "AWS::EKS::FargateProfile",
    "AWS::EKS::IdentityProviderConfig",
    "AWS::KMS::Alias",
    "AWS::KMS::Key",
];

/// The known rules and their evaluations.
#[derive(Clone, Debug, Default)]
pub(super) struct Config {
    /// The rule of each token that was issued.
    tokens: BTreeMap<String, String>,
    rules: BTreeMap<String, BTreeMap<Resource, Evaluation>>,
}

#[derive(Clone, Debug, Eq, Ord, PartialEq, PartialOrd)]
struct Resource {
    kind: String,
    id: String,
}

/// The evaluation of a resource by a rule.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The rule's name.
    pub rule: String,
    /// The resource's type, such as `AWS::EKS::Cluster`.
    pub resource_type: String,
    /// The resource's id in AWS Config.
    pub resource_id: String,
    /// COMPLIANT, NON_COMPLIANT or NOT_APPLICABLE.
    pub compliance: String,
    /// The reason for the compliance.
    pub annotation: Option<String>,
    /// The time of the change or of the periodic run that the evaluation is about.
    pub ordering: Timestamp,
    /// The time at which AWS Config received the evaluation.
    pub recorded: Timestamp,
}

/// Stores evaluations. A fault may reject some of them.
pub(super) fn put_evaluations(
    state: &mut State,
    call: &CallContext<'_>,
) -> Result<Value, AwsError> {
    if state.is_at_home(call) {
        return state.config.put_evaluations(call.request, call.fault);
    }
    // Only the home account has rules; elsewhere every token and every rule is unknown.
    Config::default().put_evaluations(call.request, call.fault)
}

/// Returns the evaluations of a rule.
pub(super) fn get_compliance_details_by_config_rule(
    state: &mut State,
    call: &CallContext<'_>,
) -> Result<Value, AwsError> {
    let no_rules = Config::default();
    let config = if state.is_at_home(call) {
        &state.config
    } else {
        &no_rules
    };
    config.get_compliance_details_by_config_rule(state.home(), call.request)
}

impl Config {
    /// Returns a new token for an invocation of this rule.
    pub(super) fn result_token(&mut self, rule: &str) -> String {
        let token = format!("result-token-{:06}", self.tokens.len() + 1);
        self.register_result_token(&token, rule);
        token
    }

    /// Registers a token for this rule.
    pub(super) fn register_result_token(&mut self, token: &str, rule: &str) {
        self.tokens.insert(token.to_owned(), rule.to_owned());
        self.rules.entry(rule.to_owned()).or_default();
    }

    /// Returns all stored evaluations, in order of rule, type and id.
    pub(super) fn evaluations(&self) -> Vec<Evaluation> {
        self.rules
            .values()
            .flat_map(BTreeMap::values)
            .cloned()
            .collect()
    }

    /// Stores evaluations; `fault` may reject some.
    fn put_evaluations(
        &mut self,
        request: &Request,
        fault: Option<&Hit>,
    ) -> Result<Value, AwsError> {
        let is_test = request
            .member("TestMode")
            .and_then(Value::as_bool)
            .unwrap_or_default();
        let rule = self.rule_of(request.required_text("ResultToken")?, is_test)?;
        let given = request.list("Evaluations")?.unwrap_or_default();
        if given.len() > MOST_EVALUATIONS {
            return Err(request.invalid(format!(
                "Evaluations has {} items, {MOST_EVALUATIONS} are allowed",
                given.len()
            )));
        }
        let rule_name = rule.clone().unwrap_or_default();
        let evaluations: Result<Vec<_>, _> = given
            .iter()
            .map(|given| evaluation(&rule_name, given, request.at))
            .collect();
        let evaluations = evaluations.map_err(|problem| request.invalid(problem))?;

        let mut failed = Vec::new();
        for (evaluation, given) in evaluations.into_iter().zip(given) {
            if fault.is_some_and(|fault| fault.rejects(&evaluation.resource_id).is_some()) {
                failed.push(given.clone());
            } else if rule.is_some() {
                self.keep_newest(evaluation);
            }
        }
        Ok(json!({"FailedEvaluations": failed}))
    }

    /// Returns the rule that a token belongs to; `None` for a test.
    fn rule_of(&self, token: &str, is_test: bool) -> Result<Option<String>, AwsError> {
        if is_test {
            return Ok(None);
        }
        let rule = self.tokens.get(token).cloned().map(Some);
        rule.ok_or_else(|| {
            let hint = if token == TEST_TOKEN {
                " without TestMode"
            } else {
                ""
            };
            AwsError::new(
                "InvalidResultTokenException",
                format!("The result token {token:?} is invalid{hint}"),
            )
            .violation()
        })
    }

    /// Stores an evaluation, unless the stored one is about a later time.
    fn keep_newest(&mut self, evaluation: Evaluation) {
        let results = self.rules.entry(evaluation.rule.clone()).or_default();
        let resource = Resource {
            kind: evaluation.resource_type.clone(),
            id: evaluation.resource_id.clone(),
        };
        let is_older = results
            .get(&resource)
            .is_some_and(|kept| evaluation.ordering < kept.ordering);
        if !is_older {
            results.insert(resource, evaluation);
        }
    }

    fn get_compliance_details_by_config_rule(
        &self,
        account: &Account,
        request: &Request,
    ) -> Result<Value, AwsError> {
        let name = request.required_text("ConfigRuleName")?;
        let results = self.rules.get(name).ok_or_else(|| {
            AwsError::new(
                "NoSuchConfigRuleException",
                format!("The ConfigRule {name} provided in the request is invalid."),
            )
        })?;
        let types = compliance_types(request)?;
        let wanted: Vec<&Evaluation> = results
            .values()
            .filter(|result| types.is_empty() || types.contains(&result.compliance.as_str()))
            .collect();
        let (range, token) = request.paging()?.page(account, request, wanted.len())?;
        let results: Vec<Value> = wanted[range]
            .iter()
            .map(|evaluation| described(evaluation))
            .collect();
        Ok(request.paging()?.response(results, token).into())
    }
}

fn compliance_types(request: &Request) -> Result<Vec<&str>, AwsError> {
    let types = request.list("ComplianceTypes")?.unwrap_or_default();
    let known: Option<Vec<&str>> = types
        .iter()
        .map(|kind| kind.as_str().filter(|kind| COMPLIANCE_TYPES.contains(kind)))
        .collect();
    known
        .filter(|known| known.len() <= COMPLIANCE_TYPES.len())
        .ok_or_else(|| {
            request.invalid(format!(
                "ComplianceTypes is {types:?}, not up to three of {}",
                COMPLIANCE_TYPES.join(", ")
            ))
        })
}

fn evaluation(rule: &str, given: &Value, at: Timestamp) -> Result<Evaluation, String> {
    let resource_type = given_text(given, "ComplianceResourceType", 256)?
        .ok_or("ComplianceResourceType is missing")?;
    if !RESOURCE_TYPES.contains(&resource_type) {
        return Err(format!(
            "ComplianceResourceType is {resource_type}, which Config does not record"
        ));
    }
    let compliance =
        given_text(given, "ComplianceType", 256)?.ok_or("ComplianceType is missing")?;
    if !COMPLIANCE_TYPES.contains(&compliance) {
        return Err(format!(
            "ComplianceType is {compliance}, not one of {}",
            COMPLIANCE_TYPES.join(", ")
        ));
    }
    let seconds = given.get("OrderingTimestamp").and_then(Value::as_f64);
    let ordering = seconds.and_then(|seconds| {
        let moment =
            Timestamp::from_duration(jiff::SignedDuration::try_from_secs_f64(seconds).ok()?);
        // The seconds are a binary fraction. Rounding restores the milliseconds that were meant.
        moment.ok()?.round(jiff::Unit::Millisecond).ok()
    });
    Ok(Evaluation {
        rule: rule.to_owned(),
        resource_type: resource_type.to_owned(),
        resource_id: given_text(given, "ComplianceResourceId", 768)?
            .ok_or("ComplianceResourceId is missing")?
            .to_owned(),
        compliance: compliance.to_owned(),
        annotation: given_text(given, "Annotation", 256)?.map(str::to_owned),
        ordering: ordering.ok_or("OrderingTimestamp is missing or no number of seconds")?,
        recorded: at,
    })
}

/// Returns a text member, which must have 1 to `most` characters if it is present.
fn given_text<'a>(given: &'a Value, name: &str, most: usize) -> Result<Option<&'a str>, String> {
    let Some(value) = given.get(name).filter(|value| !value.is_null()) else {
        return Ok(None);
    };
    let text = value
        .as_str()
        .ok_or_else(|| format!("{name} is {value}, not text"))?;
    match text.chars().count() {
        length if (1..=most).contains(&length) => Ok(Some(text)),
        length => Err(format!("{name} has {length} characters, not 1 to {most}")),
    }
}

fn described(evaluation: &Evaluation) -> Value {
    let ordering = evaluation.ordering.as_duration().as_secs_f64();
    let mut result = json!({
        "EvaluationResultIdentifier": {
            "EvaluationResultQualifier": {
                "ConfigRuleName": evaluation.rule,
                "ResourceType": evaluation.resource_type,
                "ResourceId": evaluation.resource_id,
                "EvaluationMode": "DETECTIVE",
            },
            "OrderingTimestamp": ordering,
        },
        "ComplianceType": evaluation.compliance,
        "ResultRecordedTime": evaluation.recorded.as_duration().as_secs_f64(),
        "ConfigRuleInvokedTime": ordering,
    });
    if let Some(annotation) = &evaluation.annotation {
        result["Annotation"] = annotation.as_str().into();
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stand_in::{faults::FaultKind, wire::record};

    fn evaluation(members: Value) -> Value {
        let mut evaluation = record(json!({
            "ComplianceResourceType": "AWS::EKS::Cluster",
            "ComplianceResourceId": "a",
            "ComplianceType": "COMPLIANT",
            "Annotation": "fine",
            "OrderingTimestamp": 1_700_000_000.5,
        }));
        evaluation.extend(record(members));
        evaluation.into()
    }

    fn put(config: &mut Config, token: &str, evaluations: Vec<Value>) -> Result<Value, AwsError> {
        let members = json!({"ResultToken": token, "Evaluations": evaluations});
        config.put_evaluations(&Request::of("config.PutEvaluations", members), None)
    }

    fn read(config: &Config, members: Value) -> Result<Value, AwsError> {
        let account = Account::empty("123456789012", "eu-central-1");
        config.get_compliance_details_by_config_rule(
            &account,
            &Request::of("config.GetComplianceDetailsByConfigRule", members),
        )
    }

    #[test]
    fn a_token_leads_to_its_rule() {
        let mut config = Config::default();
        let token = config.result_token("one");
        config.result_token("other");
        put(&mut config, &token, vec![evaluation(json!({}))]).unwrap();

        let results = read(&config, json!({"ConfigRuleName": "one"})).unwrap();
        assert_eq!(
            results["EvaluationResults"][0]["ComplianceType"],
            "COMPLIANT"
        );
        assert_eq!(
            results["EvaluationResults"][0]["EvaluationResultIdentifier"]["OrderingTimestamp"],
            1_700_000_000.5
        );
        assert_eq!(
            read(&config, json!({"ConfigRuleName": "other"})).unwrap()["EvaluationResults"],
            json!([])
        );
        assert_eq!(
            read(&config, json!({"ConfigRuleName": "none"}))
                .unwrap_err()
                .code,
            "NoSuchConfigRuleException"
        );
    }

    #[test]
    fn unknown_tokens_are_rejected_and_tests_store_nothing() {
        let mut config = Config::default();
        for token in ["made up", "TESTMODE"] {
            let error = put(&mut config, token, vec![evaluation(json!({}))]).unwrap_err();
            assert_eq!(
                (error.code.as_str(), error.violation),
                ("InvalidResultTokenException", true)
            );
        }
        let members = json!({"ResultToken": "TESTMODE", "TestMode": true, "Evaluations": [evaluation(json!({}))]});
        assert!(
            config
                .put_evaluations(&Request::of("config.PutEvaluations", members), None)
                .is_ok()
        );
        assert!(config.evaluations().is_empty());
    }

    #[test]
    fn an_older_result_never_replaces_a_newer_one() {
        let mut config = Config::default();
        let token = config.result_token("rule");
        for (seconds, compliance, wanted) in [
            (2, "COMPLIANT", "COMPLIANT"),
            (1, "NON_COMPLIANT", "COMPLIANT"),
            (2, "NON_COMPLIANT", "NON_COMPLIANT"),
            (3, "NOT_APPLICABLE", "NOT_APPLICABLE"),
        ] {
            let given =
                evaluation(json!({"OrderingTimestamp": seconds, "ComplianceType": compliance}));
            put(&mut config, &token, vec![given]).unwrap();
            assert_eq!(config.evaluations()[0].compliance, wanted);
        }
    }

    #[test]
    fn invalid_evaluations_are_rejected() {
        for wrong in [
            json!({"ComplianceType": "INSUFFICIENT_DATA"}),
            json!({"ComplianceResourceType": "AWS::ECR::Image"}),
            json!({"ComplianceResourceId": ""}),
            json!({"ComplianceResourceId": "x".repeat(769)}),
            json!({"Annotation": ""}),
            json!({"Annotation": "x".repeat(257)}),
            json!({"OrderingTimestamp": null}),
            json!({"OrderingTimestamp": "2025-01-01T00:00:00Z"}),
        ] {
            let mut config = Config::default();
            let token = config.result_token("rule");
            let error = put(
                &mut config,
                &token,
                vec![evaluation(json!({})), evaluation(wrong.clone())],
            )
            .unwrap_err();
            assert_eq!(
                (error.code.as_str(), error.violation),
                ("InvalidParameterValueException", true),
                "{wrong}"
            );
            assert!(config.evaluations().is_empty());
        }
    }

    #[test]
    fn a_call_accepts_up_to_a_hundred_evaluations() {
        let many = |count: usize| {
            (0..count)
                .map(|number| evaluation(json!({"ComplianceResourceId": number.to_string()})))
                .collect()
        };
        let mut config = Config::default();
        let token = config.result_token("rule");
        assert!(put(&mut config, &token, Vec::new()).is_ok());
        assert!(put(&mut config, &token, many(101)).is_err());
        assert!(put(&mut config, &token, many(100)).is_ok());

        let all = read(&config, json!({"ConfigRuleName": "rule", "Limit": 100})).unwrap();
        assert_eq!(all["EvaluationResults"].as_array().unwrap().len(), 100);
        let page = read(&config, json!({"ConfigRuleName": "rule", "Limit": 0})).unwrap();
        assert_eq!(page["EvaluationResults"].as_array().unwrap().len(), 10);
        assert!(page["NextToken"].is_string());
    }

    #[test]
    fn a_partial_fault_returns_the_rejected_evaluations() {
        let mut config = Config::default();
        let token = config.result_token("rule");
        let given = [
            evaluation(json!({})),
            evaluation(json!({"ComplianceResourceId": "b"})),
        ];
        let fault = FaultKind::Partial {
            ids: vec!["b".to_owned()],
            code: String::new(),
        };
        let members = json!({"ResultToken": token, "Evaluations": given});
        let response = config
            .put_evaluations(
                &Request::of("config.PutEvaluations", members),
                Some(&fault.into()),
            )
            .unwrap();

        assert_eq!(response["FailedEvaluations"], json!([given[1]]));
        assert_eq!(config.evaluations().len(), 1);
    }
}
