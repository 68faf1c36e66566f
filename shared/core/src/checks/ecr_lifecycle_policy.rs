//! ## What it checks
//!
//! An ECR repository should have a lifecycle policy with at least one rule. Any rule counts, whatever it selects, and a
//! rule that moves images to the archive storage class counts as well, since archived images can't be pulled. Empty
//! repositories are evaluated too, since the policy is for the images to come.
//!
//! ## Why it matters
//!
//! Old images have known vulnerabilities and remain available to whoever deploys them by mistake or on purpose. They
//! also cost storage, and images that Amazon Inspector scans continuously cost scans.
//!
//! ## How to fix it
//!
//! Add a lifecycle policy to the repository. Preview it first, since a wrong policy deletes images that are in use. An
//! image in a pull-through cache repository that is deployed by its digest has no tag, so a rule for untagged images
//! deletes it.

use crate::check::{Check, Evaluate, Remediation};
use crate::facts::repository::{EcrRepository, LifecyclePolicy};
use crate::need::Need;
use crate::parameters::ParameterValues;
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::Verdict;

pub(super) static CHECK: Check = Check {
    id: "ecr-lifecycle-policy",
    enabled: true,
    title: "ECR repositories should have a lifecycle policy",
    requirement: "A lifecycle policy should expire or archive the images that are no longer needed.",
    severities: &[(
        Severity::Low,
        "old images with known vulnerabilities stay available",
    )],
    remediation: Remediation {
        text: "Add a lifecycle policy. Preview it first with aws ecr start-lifecycle-policy-preview: images that are \
               deployed by digest may be untagged, and a rule for untagged images deletes them.",
        command: "aws ecr put-lifecycle-policy --region {region} --repository-name {name} --lifecycle-policy-text \
                  file://<policy>.json",
        url: "https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html",
    },
    parameters: &[],
    needs: &[Need::LifecyclePolicy],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(repository: &EcrRepository, _: &ParameterValues) -> Verdict {
    match &repository.lifecycle_policy {
        Ok(LifecyclePolicy::None) => Verdict::failed(
            Severity::Low,
            ReasonCode::LifecyclePolicyMissing,
            "The repository has no lifecycle policy.",
        ),
        Ok(LifecyclePolicy::WithoutRules) => Verdict::failed(
            Severity::Low,
            ReasonCode::LifecyclePolicyWithoutRules,
            "The lifecycle policy of the repository has no rules.",
        ),
        Ok(LifecyclePolicy::WithRules) => Verdict::passed(
            ReasonCode::LifecyclePolicyFound,
            "The repository has a lifecycle policy with rules.",
        ),
        Ok(LifecyclePolicy::NotUnderstood) => Verdict::warning(
            ReasonCode::LifecyclePolicyNotUnderstood,
            "The lifecycle policy of the repository is not JSON with a list of rules.",
        ),
        Err(unread) => Verdict::not_available(unread),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{repository, unread};
    use crate::verdict::Outcome;

    #[test]
    fn a_policy_must_have_rules() {
        const LOW: Outcome = Outcome::Failed(Severity::Low);
        for (lifecycle_policy, outcome, code) in [
            (Ok(LifecyclePolicy::None), LOW, "LIFECYCLE_POLICY_MISSING"),
            (
                Ok(LifecyclePolicy::WithoutRules),
                LOW,
                "LIFECYCLE_POLICY_WITHOUT_RULES",
            ),
            (
                Ok(LifecyclePolicy::WithRules),
                Outcome::Passed,
                "LIFECYCLE_POLICY_FOUND",
            ),
            (
                Ok(LifecyclePolicy::NotUnderstood),
                Outcome::Warning,
                "LIFECYCLE_POLICY_NOT_UNDERSTOOD",
            ),
            (Err(unread()), Outcome::NotAvailable, "ACCESS_DENIED"),
        ] {
            let repository = EcrRepository {
                lifecycle_policy,
                ..repository()
            };
            let verdict = evaluate(&repository, &ParameterValues::default());
            assert_eq!((verdict.outcome, verdict.codes()), (outcome, vec![code]));
        }
    }
}
