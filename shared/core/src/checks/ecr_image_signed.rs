//! ## What it checks
//!
//! The check evaluates images that should be signed: those in a repository for which the registry's signing
//! configuration has a rule (managed signing), or whose name matches one of `repositories`. As long as neither applies
//! to a repository, the check does not apply to its images. It evaluates images and image indexes that have a tag;
//! tools sign the digest of the tag, and not the images for the platforms of an index.
//!
//! An image is signed if its repository holds a signature of AWS Signer or Notation, or of cosign, as an artifact that
//! refers to the image or under the tag `sha256-<digest>.sig`. Attestations and software bills of materials are not
//! signatures. If there is no signature, ECR's signing status decides what is reported: the check fails when ECR could
//! not sign the image, and when ECR never signed it. It results in a warning when ECR signed the image, but the
//! signature was deleted since. Nothing is reported while ECR signs the image, and in the first `graceMinutes` after
//! the push.
//!
//! The check does not verify signatures. Only the admission of a cluster can decide whose signatures are trusted.
//!
//! After an event, the repository is not listed. ECR's signing status and the tag of cosign are then requested for the
//! one image. If neither shows a signature, and ECR did not fail to sign it, nothing is reported until the next sweep:
//! only the list of the repository shows all signatures.
//!
//! Images that a pull through cache rule copies from another registry are not pushed, so ECR does not sign them. They
//! are evaluated only if one of `repositories` matches. A rule with the prefix `ROOT` may copy images to any repository:
//! with such a rule, an image is also evaluated if ECR tried to sign it.
//!
//! ## Why it matters
//!
//! A signature shows that an image comes from your own pipeline and was not replaced in the registry. A cluster that
//! verifies signatures does not start an image without one, and a cluster that does not is where replaced images run.
//!
//! ## How to fix it
//!
//! Push the image again with a role that may use the signing profile (`signer:SignPayload`), or sign it with Notation
//! or cosign. Managed signing signs only what is pushed after the rule was created.

use std::time::Duration;

use crate::check::{Check, Evaluate, Remediation};
use crate::evaluation::images::inactive;
use crate::facts::EcrImage;
use crate::facts::image::{Signature, SignedOnPush, SigningState, SigningStatus};
use crate::facts::repository::Filter;
use crate::need::Need;
use crate::parameters::{Parameter, ParameterValues};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::Verdict;

static REPOSITORIES: Parameter<Vec<String>> = Parameter {
    name: "repositories",
    description: "Repositories whose images should be signed, in addition to those that the registry's signing \
                  configuration covers: names, in which * stands for any characters.",
    default: Vec::new(),
};

static ACTIVE_DAYS: Parameter<u32> = Parameter {
    name: "activeDays",
    description: "Evaluate only images that were pushed or pulled within this number of days; 0 evaluates all images.",
    default: 0,
};

static GRACE_MINUTES: Parameter<u32> = Parameter {
    name: "graceMinutes",
    description: "The number of minutes after the push in which an image may be without a signature.",
    default: 60,
};

pub(super) static CHECK: Check = Check {
    id: "ecr-image-signed",
    enabled: true,
    title: "ECR images that should be signed should have a signature",
    requirement: "An image in a repository whose images should be signed should have a signature.",
    severities: &[(
        Severity::Medium,
        "nothing shows that the image comes from the pipeline that should have signed it",
    )],
    remediation: Remediation {
        text: "Create a signing rule for the repository, and push the image again with a role that is allowed \
               signer:SignPayload on the signing profile. The command replaces all rules:",
        command: "aws ecr put-signing-configuration --region {region} --signing-configuration file://<rules>.json",
        url: "https://docs.aws.amazon.com/AmazonECR/latest/userguide/managed-signing.html",
    },
    parameters: &[&REPOSITORIES, &ACTIVE_DAYS, &GRACE_MINUTES],
    needs: &[Need::ManagedSigning, Need::ImageSignature],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(image: &EcrImage, settings: &ParameterValues) -> Verdict {
    if let Some(verdict) = not_expected(image, settings) {
        return verdict;
    }
    let grace = Duration::from_mins(settings.get(&GRACE_MINUTES).into());
    let is_new = image.age.is_some_and(|age| age < grace);
    match &image.signature {
        Ok(Signature::Present) => Verdict::passed(
            ReasonCode::ImageSigned,
            "The repository holds a signature of the image.",
        ),
        _ if is_new => Verdict::pending(
            ReasonCode::SignatureAwaited,
            "The image was pushed recently and has no signature yet.",
        ),
        Err(unread) => Verdict::not_available(unread),
        Ok(Signature::NotFound(statuses)) if statuses.is_empty() => Verdict::pending(
            ReasonCode::SignatureAwaited,
            "Whether the repository holds a signature of the image is known after the next sweep.",
        ),
        // ECR tries to sign every image that is pushed.
        Ok(Signature::Absent(statuses))
            if statuses.is_empty()
                && image.signed_on_push == Ok(SignedOnPush::UnlessCopied)
                && !is_named(image, settings) =>
        {
            Verdict::not_applicable(
                ReasonCode::SignatureNotExpected,
                "ECR did not try to sign the image, which the pull through cache rule for all repositories may have \
                 copied.",
            )
        }
        // That ECR could not sign the image is certain, also without the list.
        Ok(Signature::Absent(statuses) | Signature::NotFound(statuses)) => {
            evaluate_statuses(statuses)
        }
    }
}

/// Returns `true` if the parameter covers the repository of an image.
fn is_named(image: &EcrImage, settings: &ParameterValues) -> bool {
    let patterns = settings.get(&REPOSITORIES);
    let mut patterns = patterns.iter();
    patterns.any(|pattern| Filter::new(pattern).matches(&image.repository))
}

/// Returns the verdict on an image that does not have to be signed, or of which it is not known whether it has to be.
fn not_expected(image: &EcrImage, settings: &ParameterValues) -> Option<Verdict> {
    match &image.signed_on_push {
        _ if is_named(image, settings) => {}
        Ok(SignedOnPush::Yes | SignedOnPush::UnlessCopied) => {}
        Ok(SignedOnPush::No) => {
            return Some(Verdict::not_applicable(
                ReasonCode::SignatureNotExpected,
                "No rule of the registry's signing configuration and no parameter covers the repository.",
            ));
        }
        Err(unread) => return Some(Verdict::not_available(unread)),
    }
    if let Some(unread) = &image.undescribed {
        return Some(Verdict::not_available(unread));
    }
    if image.tags.is_empty() {
        return Some(Verdict::not_applicable(
            ReasonCode::ImageNotTagged,
            "The image has no tag; what is signed is the digest of a tag.",
        ));
    }
    inactive(image, settings.get(&ACTIVE_DAYS))
}

/// Returns the verdict on an image without a known signature, by ECR's statuses of signing it.
fn evaluate_statuses(statuses: &[SigningStatus]) -> Verdict {
    let with = |state| statuses.iter().filter(move |status| status.state == state);
    if with(SigningState::UnderWay).next().is_some() {
        return Verdict::pending(ReasonCode::SignatureAwaited, "ECR is signing the image.");
    }
    let mut failed = with(SigningState::Failed).peekable();
    if failed.peek().is_some() {
        let problem = failed.find_map(|status| status.problem.as_deref());
        let problem =
            problem.map_or_else(String::new, |problem| format!(" ECR reports: {problem}."));
        return Verdict::failed(
            Severity::Medium,
            ReasonCode::SigningFailed,
            format!("ECR could not sign the image.{problem}"),
        );
    }
    if with(SigningState::Complete).next().is_some() {
        return Verdict::warning(
            ReasonCode::SignatureGone,
            "ECR signed the image, but the repository holds no signature of it: it was deleted.",
        );
    }
    Verdict::failed(
        Severity::Medium,
        ReasonCode::SignatureMissing,
        "The repository holds no signature of the image, and ECR did not try to sign it.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{image, settings, unread};
    use crate::facts::Fact;
    use crate::facts::image::Content;
    use crate::verdict::Outcome;

    const FAILED: Outcome = Outcome::Failed(Severity::Medium);
    const NAMED: &str = r#"{"repositories": ["cards/*"]}"#;

    fn verdict(image: &EcrImage, parameters: &str) -> Verdict {
        evaluate(image, &settings(CHECK.parameters, parameters))
    }

    #[test]
    fn only_images_that_should_be_signed_are_evaluated() {
        use SignedOnPush::{No, UnlessCopied, Yes};
        let none = r#"{"repositories": ["card/*", "cards"]}"#;
        for (signed_on_push, parameters, expected) in [
            (Ok(Yes), "{}", Outcome::Passed),
            (Ok(UnlessCopied), "{}", Outcome::Passed),
            (Ok(No), "{}", Outcome::NotApplicable),
            (Ok(No), none, Outcome::NotApplicable),
            (Ok(No), NAMED, Outcome::Passed),
            (Err(unread()), NAMED, Outcome::Passed),
            (Err(unread()), "{}", Outcome::NotAvailable),
        ] {
            let image = EcrImage {
                signed_on_push,
                ..image()
            };
            assert_eq!(verdict(&image, parameters).outcome, expected, "{image:?}");
        }
    }

    #[test]
    fn images_and_indexes_with_a_tag_are_evaluated() {
        for (content, tags, undescribed, expected) in [
            (
                Content::Image,
                vec!["1.0".to_owned()],
                None,
                Outcome::Passed,
            ),
            (
                Content::Index,
                vec!["1.0".to_owned()],
                None,
                Outcome::Passed,
            ),
            (Content::Image, vec![], None, Outcome::NotApplicable),
            (
                Content::Image,
                vec![],
                Some(unread()),
                Outcome::NotAvailable,
            ),
        ] {
            let image = EcrImage {
                undescribed,
                tags,
                content,
                ..image()
            };
            assert_eq!(verdict(&image, "{}").outcome, expected, "{image:?}");
        }
        let idle = EcrImage {
            idle_days: Some(31),
            ..image()
        };
        let active = verdict(&idle, r#"{"activeDays": 30}"#);
        assert_eq!(active.codes(), ["IMAGE_NOT_ACTIVE"]);
    }

    #[test]
    fn an_image_without_a_signature_is_evaluated_by_its_status() {
        use SigningState::{Complete, Failed, UnderWay};
        for (states, expected) in [
            (&[][..], FAILED),
            (&[Failed], FAILED),
            (&[UnderWay, Failed], Outcome::Pending),
            (&[Complete, Failed], FAILED),
            (&[Complete], Outcome::Warning),
        ] {
            let statuses = states.iter().map(|state| SigningStatus {
                state: *state,
                problem: Some("ACCESS_DENIED: Denied".to_owned()),
            });
            let image = EcrImage {
                signature: Ok(Signature::Absent(statuses.collect())),
                ..image()
            };
            let verdict = verdict(&image, "{}");
            assert_eq!(verdict.outcome, expected, "{image:?}");
            let names_problem = verdict.explanation().contains("ACCESS_DENIED: Denied.");
            assert_eq!(names_problem, verdict.codes() == ["SIGNING_FAILED"]);
        }
    }

    #[test]
    fn an_image_fails_only_by_the_list_of_its_repository_or_its_status() {
        let failed = SigningStatus {
            state: SigningState::Failed,
            problem: None,
        };
        for (signature, expected) in [
            (Ok(Signature::Absent(Vec::new())), FAILED),
            (Ok(Signature::NotFound(Vec::new())), Outcome::Pending),
            (Ok(Signature::NotFound(vec![failed])), FAILED),
            (Err(unread()), Outcome::NotAvailable),
        ] {
            for (signed_on_push, parameters) in
                [(SignedOnPush::Yes, "{}"), (SignedOnPush::No, NAMED)]
            {
                let image = EcrImage {
                    signed_on_push: Ok(signed_on_push),
                    signature: signature.clone(),
                    ..image()
                };
                assert_eq!(verdict(&image, parameters).outcome, expected, "{image:?}");
            }
        }
    }

    #[test]
    fn a_copy_is_not_signed_by_ecr() {
        let failed = SigningStatus {
            state: SigningState::Failed,
            problem: None,
        };
        for (statuses, parameters, expected) in [
            (vec![], "{}", Outcome::NotApplicable),
            (vec![], NAMED, FAILED),
            (vec![failed], "{}", FAILED),
        ] {
            let image = EcrImage {
                signed_on_push: Ok(SignedOnPush::UnlessCopied),
                signature: Ok(Signature::Absent(statuses)),
                ..image()
            };
            assert_eq!(verdict(&image, parameters).outcome, expected, "{image:?}");
        }
    }

    #[test]
    fn a_new_image_may_be_without_a_signature() {
        let minutes = |minutes| Some(Duration::from_mins(minutes));
        let absent: Fact<Signature> = Ok(Signature::Absent(Vec::new()));
        for (age, signature, parameters, expected) in [
            (minutes(59), absent.clone(), "{}", Outcome::Pending),
            (minutes(59), Err(unread()), "{}", Outcome::Pending),
            (minutes(59), Ok(Signature::Present), "{}", Outcome::Passed),
            (minutes(60), absent.clone(), "{}", FAILED),
            (None, absent.clone(), "{}", FAILED),
            (minutes(5), absent.clone(), r#"{"graceMinutes": 5}"#, FAILED),
            (minutes(0), absent, r#"{"graceMinutes": 0}"#, FAILED),
        ] {
            let image = EcrImage {
                age,
                signature,
                ..image()
            };
            assert_eq!(verdict(&image, parameters).outcome, expected, "{image:?}");
        }
    }
}
