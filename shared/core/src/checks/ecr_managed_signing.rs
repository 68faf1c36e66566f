//! ## What it checks
//!
//! The check fails when no rule of the registry's signing configuration covers the repository. A repository whose name
//! matches one of `signedByPipeline` passes. Where ECR has no managed signing, the check does not apply.
//!
//! The check is disabled by default, since a signature that no cluster verifies has no effect. The check
//! `ecr-image-signed` evaluates the images themselves.
//!
//! ## Why it matters
//!
//! With managed signing, ECR signs each image when it is pushed, with a key that no pipeline holds. Clusters can then
//! refuse images that were not pushed by a role that is allowed to sign.
//!
//! ## How to fix it
//!
//! Create a signing profile in AWS Signer and a signing rule for the repository in ECR.

use crate::check::{Check, Evaluate, Remediation};
use crate::facts::EcrRepository;
use crate::facts::repository::{Filter, ManagedSigning};
use crate::need::Need;
use crate::parameters::{Parameter, ParameterValues};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::Verdict;

static SIGNED_BY_PIPELINE: Parameter<Vec<String>> = Parameter {
    name: "signedByPipeline",
    description: "Repositories whose images a pipeline signs: names, in which * stands for any characters.",
    default: Vec::new(),
};

pub(super) static CHECK: Check = Check {
    id: "ecr-managed-signing",
    enabled: false,
    title: "ECR repositories should sign what is pushed",
    requirement: "ECR or a pipeline should sign the images in the repository.",
    severities: &[(
        Severity::Low,
        "a cluster can't verify where the images in the repository come from",
    )],
    remediation: Remediation {
        text: "Create a signing rule for the repository. The command replaces all rules: insert the current ones from \
               `aws ecr get-signing-configuration`.",
        command: "aws ecr put-signing-configuration --region {region} --signing-configuration file://<rules>.json",
        url: "https://docs.aws.amazon.com/AmazonECR/latest/userguide/managed-signing.html",
    },
    parameters: &[&SIGNED_BY_PIPELINE],
    needs: &[Need::ManagedSigning],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(repository: &EcrRepository, settings: &ParameterValues) -> Verdict {
    let patterns = settings.get(&SIGNED_BY_PIPELINE);
    let mut patterns = patterns.iter();
    if patterns.any(|pattern| Filter::new(pattern).matches(&repository.name)) {
        return Verdict::passed(
            ReasonCode::SignedByPipeline,
            "The parameter signedByPipeline covers the repository.",
        );
    }
    match &repository.managed_signing {
        Err(unread) => Verdict::not_available(unread),
        Ok(ManagedSigning::Unsupported) => Verdict::not_applicable(
            ReasonCode::SigningUnsupported,
            "ECR has no managed signing in this Region.",
        ),
        Ok(signing) if signing.covers(&repository.name) => Verdict::passed(
            ReasonCode::SignedByRegistryRule,
            "A rule of the registry's signing configuration covers the repository.",
        ),
        Ok(ManagedSigning::Rules(_)) => Verdict::failed(
            Severity::Low,
            ReasonCode::NotSignedOnPush,
            "No rule of the registry's signing configuration covers the repository.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{repository, settings, unread};
    use crate::facts::repository::SigningRule;
    use crate::verdict::Outcome;

    #[test]
    fn a_rule_or_a_pipeline_signs() {
        let rule = |filter: &str| {
            let filters = vec![filter.to_owned()];
            Ok(ManagedSigning::Rules(vec![SigningRule { filters }]))
        };
        let low = Outcome::Failed(Severity::Low);
        for (managed_signing, without, by_pipeline) in [
            (rule("cards/*"), Outcome::Passed, Outcome::Passed),
            (rule("card/*"), low, Outcome::Passed),
            (Ok(ManagedSigning::Rules(Vec::new())), low, Outcome::Passed),
            (
                Ok(ManagedSigning::Unsupported),
                Outcome::NotApplicable,
                Outcome::Passed,
            ),
            (Err(unread()), Outcome::NotAvailable, Outcome::Passed),
        ] {
            let repository = EcrRepository {
                managed_signing,
                ..repository()
            };
            for (parameters, expected) in [
                ("{}", without),
                (r#"{"signedByPipeline": ["card"]}"#, without),
                (r#"{"signedByPipeline": ["x", "*"]}"#, by_pipeline),
            ] {
                let verdict = evaluate(&repository, &settings(CHECK.parameters, parameters));
                assert_eq!(verdict.outcome, expected, "{repository:?} {parameters}");
            }
        }
    }
}
