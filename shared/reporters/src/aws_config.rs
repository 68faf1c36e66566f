//! AWS Config: evaluations of custom rules.
//!
//! Limits: <https://docs.aws.amazon.com/config/latest/APIReference/API_PutEvaluations.html>.

use aws_sdk_config::operation::put_evaluations::PutEvaluationsError;
use aws_sdk_config::types::{ComplianceType, Evaluation as SdkEvaluation};
use aws_smithy_types::DateTime;
use eksentry_aws::{Aws, Lazy, Pages, client};
use eksentry_core::{Outcome, Resource, Verdict};
use jiff::Timestamp;

use crate::ReportError;
use crate::text::cut;

pub(crate) const ACTIONS: &[&str] = &[
    "config:PutEvaluations",
    "config:GetComplianceDetailsByConfigRule",
];

/// The maximum number of evaluations in a call.
const EVALUATIONS_A_CALL: usize = 100;

/// The maximum number of characters of an annotation.
const ANNOTATION: usize = 256;

/// The token with which AWS Config tests a rule; nothing is recorded then.
const TEST_MODE: &str = "TESTMODE";

/// The compliance of a resource, as reported to AWS Config.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compliance {
    /// The resource complies with the rule.
    Compliant,
    /// The resource does not comply with the rule.
    NonCompliant,
    /// The rule does not apply to the resource; an earlier result is removed.
    NotApplicable,
}

impl Compliance {
    /// Returns the compliance for an outcome; `None` if the outcome is unknown, since it is not reported to AWS Config.
    pub const fn of(outcome: Outcome) -> Option<Self> {
        match outcome {
            Outcome::Passed => Some(Self::Compliant),
            Outcome::Failed(_) | Outcome::Warning => Some(Self::NonCompliant),
            Outcome::NotApplicable => Some(Self::NotApplicable),
            Outcome::NotAvailable | Outcome::Pending => None,
        }
    }

    const fn sdk(self) -> ComplianceType {
        match self {
            Self::Compliant => ComplianceType::Compliant,
            Self::NonCompliant => ComplianceType::NonCompliant,
            Self::NotApplicable => ComplianceType::NotApplicable,
        }
    }
}

/// A rule's evaluation of one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// The resource type in AWS Config, for example `AWS::EKS::Cluster`.
    pub resource_type: String,
    /// The resource id in AWS Config: the name of a cluster or repository, or the id of a key; never the ARN.
    pub resource_id: String,
    /// The result of the evaluation.
    pub compliance: Compliance,
    /// The explanation for people. It is cut to 256 characters when it is sent.
    pub annotation: String,
    /// The time at which the resource was in the evaluated state: the capture time of the configuration item, or the
    /// time of the periodic notification.
    pub ordering: Timestamp,
}

impl Evaluation {
    /// Returns the evaluation for a verdict; `None` if it is not reported to AWS Config, or if AWS Config has no such
    /// resource type.
    pub fn of(resource: &Resource, verdict: &Verdict, ordering: Timestamp) -> Option<Self> {
        Some(Self {
            resource_type: resource.kind().config_type()?.to_owned(),
            resource_id: resource.name().to_owned(),
            compliance: Compliance::of(verdict.outcome)?,
            annotation: verdict.explanation(),
            ordering,
        })
    }

    fn sdk(&self) -> Result<SdkEvaluation, ReportError> {
        SdkEvaluation::builder()
            .compliance_resource_type(&self.resource_type)
            .compliance_resource_id(&self.resource_id)
            .compliance_type(self.compliance.sdk())
            .annotation(cut(&self.annotation, ANNOTATION))
            .ordering_timestamp(DateTime::from_millis(self.ordering.as_millisecond()))
            .build()
            .map_err(|error| ReportError {
                action: PUT,
                problem: error.to_string(),
            })
    }
}

const PUT: &str = "config:PutEvaluations";

/// The operation whose response must contain a list, and the name of the list. If there are no results to remove, AWS
/// Config returns an empty list.
const REQUIRED: [(&str, &str); 1] = [("GetComplianceDetailsByConfigRule", "EvaluationResults")];

const INVALID_TOKEN: &str = "the event's result token is invalid or expired; events that you send yourself need the \
                             token TESTMODE";

/// The AWS Config sink.
#[derive(Debug, Clone)]
pub struct AwsConfig {
    client: Lazy<aws_sdk_config::Client>,
}

impl AwsConfig {
    /// Creates the sink of that account and Region.
    pub fn new(aws: &Aws) -> Self {
        Self {
            client: client!(aws_sdk_config, aws, None, &REQUIRED),
        }
    }

    /// Sends evaluations with the result token of an invocation. Evaluations that AWS Config rejects are sent once
    /// more. A failed call does not prevent the other calls.
    ///
    /// # Errors
    ///
    /// Returns an error if a call fails, or if AWS Config rejects an evaluation twice; the error names its resource.
    pub async fn put(&self, token: &str, evaluations: &[Evaluation]) -> Result<(), ReportError> {
        let mut problems = Vec::new();
        for chunk in evaluations.chunks(EVALUATIONS_A_CALL) {
            let chunk: Vec<&Evaluation> = chunk.iter().collect();
            let rejected = match self.send(token, &chunk).await {
                Ok(rejected) if !rejected.is_empty() => self.send(token, &rejected).await,
                other => other,
            };
            match rejected {
                Ok(rejected) if rejected.is_empty() => {}
                Ok(rejected) => {
                    let names: Vec<&str> = rejected
                        .iter()
                        .map(|evaluation| evaluation.resource_id.as_str())
                        .collect();
                    problems.push(format!(
                        "AWS Config rejected the evaluations of {} twice",
                        names.join(", ")
                    ));
                }
                Err(error) => problems.push(error.problem),
            }
        }
        if problems.is_empty() {
            Ok(())
        } else {
            Err(ReportError {
                action: PUT,
                problem: problems.join("; "),
            })
        }
    }

    /// Sends evaluations, and returns those that AWS Config rejects.
    async fn send<'a>(
        &self,
        token: &str,
        evaluations: &[&'a Evaluation],
    ) -> Result<Vec<&'a Evaluation>, ReportError> {
        let sent = evaluations
            .iter()
            .map(|evaluation| evaluation.sdk())
            .collect::<Result<_, _>>()?;
        let call = self
            .client
            .put_evaluations()
            .result_token(token)
            .set_evaluations(Some(sent));
        let call = if token == TEST_MODE {
            call.test_mode(true)
        } else {
            call
        };
        let response = call
            .send()
            .await
            .map_err(|error| match error.as_service_error() {
                // The service's message may quote the token, and a caller that has the token can send evaluations with
                // it.
                Some(PutEvaluationsError::InvalidResultTokenException(_)) => ReportError {
                    action: PUT,
                    problem: format!("InvalidResultTokenException: {INVALID_TOKEN}"),
                },
                _ => ReportError::of_call(PUT, error),
            })?;
        let rejected = response.failed_evaluations();
        let is_rejected = |evaluation: &&&Evaluation| {
            rejected.iter().any(|rejected| {
                rejected.compliance_resource_type() == evaluation.resource_type
                    && rejected.compliance_resource_id() == evaluation.resource_id
            })
        };
        let named: Vec<&Evaluation> = evaluations.iter().filter(is_rejected).copied().collect();
        // If AWS Config rejects evaluations without naming them, any of them may be rejected.
        Ok(if named.len() < rejected.len() {
            evaluations.to_vec()
        } else {
            named
        })
    }

    /// Returns the resources, by type and id, that have a COMPLIANT or NON_COMPLIANT result from a rule.
    ///
    /// # Errors
    ///
    /// Returns an error if a call fails.
    pub async fn results(&self, rule: &str) -> Result<Vec<(String, String)>, ReportError> {
        let call = self
            .client
            .get_compliance_details_by_config_rule()
            .config_rule_name(rule)
            .limit(100);
        let call = call
            .compliance_types(ComplianceType::Compliant)
            .compliance_types(ComplianceType::NonCompliant);
        let action = "config:GetComplianceDetailsByConfigRule";
        let mut pages = call.into_paginator().send();
        let (mut tokens, mut resources) = (Pages::default(), Vec::new());
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| ReportError::of_call(action, error))?;
            let noted = tokens.add_token(page.next_token());
            noted.map_err(|error| ReportError::of_call(action, error))?;
            let ids = page.evaluation_results.into_iter().flatten();
            let ids = ids.filter_map(|result| result.evaluation_result_identifier);
            let qualifiers = ids.filter_map(|id| id.evaluation_result_qualifier);
            resources.extend(
                qualifiers.filter_map(|found| Some((found.resource_type?, found.resource_id?))),
            );
        }
        Ok(resources)
    }
}

/// Returns `true` if a token is the one with which AWS Config tests a rule.
pub fn is_test(token: &str) -> bool {
    token == TEST_MODE
}

#[cfg(test)]
mod tests {
    use eksentry_core::verdict::Reason;
    use eksentry_core::{ReasonCode, Severity};

    use super::*;

    const CLUSTER: &str = "arn:aws:eks:eu-central-1:111122223333:cluster/payments";
    const AT: &str = "2026-03-01T10:20:30.456Z";

    fn evaluation(arn: &str, verdict: &Verdict) -> Option<Evaluation> {
        Evaluation::of(&Resource::parse(arn).unwrap(), verdict, AT.parse().unwrap())
    }

    fn failed(text: &str) -> Verdict {
        Verdict::failed(Severity::Low, ReasonCode::RotationOff, text)
    }

    #[test]
    fn outcomes_map_to_compliance_types() {
        for (outcome, compliance_type) in [
            (Outcome::Passed, Some("COMPLIANT")),
            (
                Outcome::Failed(Severity::Informational),
                Some("NON_COMPLIANT"),
            ),
            (Outcome::Warning, Some("NON_COMPLIANT")),
            (Outcome::NotApplicable, Some("NOT_APPLICABLE")),
            (Outcome::NotAvailable, None),
            (Outcome::Pending, None),
        ] {
            let verdict = Verdict {
                outcome,
                ..failed("Seen.")
            };
            let sdk = evaluation(CLUSTER, &verdict).map(|evaluation| evaluation.sdk().unwrap());
            let sent = sdk.as_ref().map(|sdk| sdk.compliance_type().as_str());
            assert_eq!(sent, compliance_type, "{outcome:?}");
        }
    }

    #[test]
    fn resources_have_the_type_and_id_of_aws_config() {
        for (arn, expected) in [
            (CLUSTER, Some(("AWS::EKS::Cluster", "payments"))),
            (
                "arn:aws:ecr:eu-central-1:111122223333:repository/cards/api",
                Some(("AWS::ECR::Repository", "cards/api")),
            ),
            (
                "arn:aws:kms:eu-central-1:111122223333:key/1234abcd",
                Some(("AWS::KMS::Key", "1234abcd")),
            ),
            // AWS Config has no resource type for images.
            (
                "arn:aws:ecr:eu-central-1:111122223333:repository/cards/api/sha256:0a1b",
                None,
            ),
        ] {
            let sdk = evaluation(arn, &failed("Seen.")).map(|evaluation| evaluation.sdk().unwrap());
            let named = sdk
                .as_ref()
                .map(|sdk| (sdk.compliance_resource_type(), sdk.compliance_resource_id()));
            assert_eq!(named, expected);
        }
    }

    #[test]
    fn the_annotation_is_cut_to_256_characters() {
        let long = |count: usize| "ä".repeat(count);
        for (text, expected) in [
            ("Seen.".to_owned(), "Seen. Seen too.".to_owned()),
            (long(246), format!("{} Seen too.", long(246))),
            (long(247), format!("{} Seen to…", long(247))),
            (long(300), format!("{}…", long(255))),
        ] {
            let mut verdict = failed(&text);
            verdict
                .reasons
                .push(Reason::new(ReasonCode::RoleShared, "Seen too."));
            let sdk = evaluation(CLUSTER, &verdict).unwrap().sdk().unwrap();
            assert_eq!(sdk.annotation(), Some(expected.as_str()));
        }
    }

    #[test]
    fn an_evaluation_keeps_its_ordering_timestamp() {
        let sdk = evaluation(CLUSTER, &failed("Seen."))
            .unwrap()
            .sdk()
            .unwrap();
        assert_eq!(sdk.ordering_timestamp().to_string(), AT);
    }

    #[test]
    fn only_testmode_is_the_test_token() {
        assert!(is_test("TESTMODE"));
        assert!(!is_test("testmode") && !is_test("eyJlbmNyeXB0ZWREYXRhIjpbLTEyM119"));
    }
}
