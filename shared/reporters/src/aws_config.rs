//! AWS Config: evaluations of custom rules.
//!
//! Limits: <https://docs.aws.amazon.com/config/latest/APIReference/API_PutEvaluations.html>.

use aws_sdk_config::types::{ComplianceType, Evaluation as SdkEvaluation};
use aws_smithy_types::DateTime;
use eksentry_aws::{Aws, client};
use eksentry_core::{Outcome, Resource, Verdict};
use jiff::Timestamp;

use crate::ReportError;
use crate::text::cut;

pub(crate) const ACTIONS: &[&str] = &[
    "config:PutEvaluations",
    "config:GetComplianceDetailsByConfigRule",
];

/// The most evaluations that a call takes.
const EVALUATIONS_A_CALL: usize = 100;

/// The most characters of an annotation.
const ANNOTATION: usize = 256;

/// The token with which Config tries a rule; nothing is recorded then.
const TEST_MODE: &str = "TESTMODE";

/// What Config is told of a resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compliance {
    /// It is as the rule wants it.
    Compliant,
    /// It is not.
    NonCompliant,
    /// The rule does not apply; an earlier result is cleaned up.
    NotApplicable,
}

impl Compliance {
    /// What an outcome means for Config; nothing is told of what is not known.
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

/// A rule's result about one resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evaluation {
    /// Config's resource type, `AWS::EKS::Cluster` for example.
    pub resource_type: String,
    /// Config's resource id: the cluster's or repository's name, the key's id; never the ARN.
    pub resource_id: String,
    /// The result.
    pub compliance: Compliance,
    /// Why, for people; cut to 256 characters.
    pub annotation: String,
    /// When the resource was as judged: the item's capture time, or the time of the periodic notification.
    pub ordering: Timestamp,
}

impl Evaluation {
    /// The evaluation of a verdict; `None` where Config is told nothing, or knows no such resource type.
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

/// The AWS Config sink.
#[derive(Debug, Clone)]
pub struct AwsConfig {
    client: aws_sdk_config::Client,
}

impl AwsConfig {
    /// The sink of that account and Region.
    pub fn new(aws: &Aws) -> Self {
        Self {
            client: client!(aws_sdk_config, aws),
        }
    }

    /// Records evaluations under the token of an invocation. What Config takes back is sent once more; a call that
    /// fails keeps no other back.
    ///
    /// # Errors
    ///
    /// When a call fails, or Config refuses an evaluation twice; the error names it.
    pub async fn put(&self, token: &str, evaluations: &[Evaluation]) -> Result<(), ReportError> {
        let mut problems = Vec::new();
        for chunk in evaluations.chunks(EVALUATIONS_A_CALL) {
            let chunk: Vec<&Evaluation> = chunk.iter().collect();
            let refused = match self.send(token, &chunk).await {
                Ok(refused) if !refused.is_empty() => self.send(token, &refused).await,
                other => other,
            };
            match refused {
                Ok(refused) if refused.is_empty() => {}
                Ok(refused) => {
                    let names: Vec<&str> = refused
                        .iter()
                        .map(|evaluation| evaluation.resource_id.as_str())
                        .collect();
                    problems.push(format!(
                        "Config refused the evaluations of {} twice",
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

    /// Sends evaluations; those that Config refuses come back.
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
        let answer = call
            .send()
            .await
            .map_err(|error| ReportError::of_call(PUT, error))?;
        let refused = answer.failed_evaluations();
        let is_refused = |evaluation: &&&Evaluation| {
            refused.iter().any(|refused| {
                refused.compliance_resource_type() == evaluation.resource_type
                    && refused.compliance_resource_id() == evaluation.resource_id
            })
        };
        let named: Vec<&Evaluation> = evaluations.iter().filter(is_refused).copied().collect();
        // What Config refuses without naming one of ours may be any of them.
        Ok(if named.len() < refused.len() {
            evaluations.to_vec()
        } else {
            named
        })
    }

    /// The resources, by type and id, of which a rule has a result that still counts.
    ///
    /// # Errors
    ///
    /// When a call fails.
    pub async fn results(&self, rule: &str) -> Result<Vec<(String, String)>, ReportError> {
        let call = self
            .client
            .get_compliance_details_by_config_rule()
            .config_rule_name(rule)
            .limit(100);
        let call = call
            .compliance_types(ComplianceType::Compliant)
            .compliance_types(ComplianceType::NonCompliant);
        let mut results = call.into_paginator().items().send();
        let mut resources = Vec::new();
        while let Some(result) = results.next().await {
            let result = result.map_err(|error| {
                ReportError::of_call("config:GetComplianceDetailsByConfigRule", error)
            })?;
            let qualifier = result
                .evaluation_result_identifier
                .and_then(|id| id.evaluation_result_qualifier);
            if let Some((kind, id)) =
                qualifier.and_then(|found| Some((found.resource_type?, found.resource_id?)))
            {
                resources.push((kind, id));
            }
        }
        Ok(resources)
    }
}

/// Whether a token is the one with which Config tries a rule.
pub fn is_test(token: &str) -> bool {
    token == TEST_MODE
}
