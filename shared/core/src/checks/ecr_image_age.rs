//! ## What it checks
//!
//! The check fails when an image was pulled within `usedDays` and was pushed more than `maxAgeDays` ago. Images without
//! a recorded pull and images that were last pulled longer ago are not evaluated. For an index, the images of its
//! platforms are evaluated. Charts, signatures and other artifacts, and archived images, are not evaluated.
//!
//! The check is disabled by default, because the age is only an indication: the time of the push is the time at which
//! the image came into this repository, by a push, replication or a pull through cache. ECR also counts the pulls of
//! scanners, unless a pull time update exclusion names their role.
//!
//! ## Why it matters
//!
//! An image contains the packages of the day on which it was built. If it is not rebuilt, it lacks all fixes since
//! then, including those for vulnerabilities that no scanner knows.
//!
//! ## How to fix it
//!
//! Rebuild the image from a current base image at regular intervals, and deploy it.

use std::time::Duration;

use crate::check::{Check, Evaluate, Remediation};
use crate::evaluation::images::index;
use crate::facts::{EcrImage, Unread};
use crate::parameters::{Parameter, ParameterValues};
use crate::reason_code::ReasonCode;
use crate::severity::Severity;
use crate::verdict::Verdict;

static MAX_AGE_DAYS: Parameter<u32> = Parameter {
    name: "maxAgeDays",
    description: "The number of days after its push at which an image in use is too old.",
    default: 180,
};

static USED_DAYS: Parameter<u32> = Parameter {
    name: "usedDays",
    description: "The number of days after its last pull in which an image is in use.",
    default: 30,
};

pub(super) static CHECK: Check = Check {
    id: "ecr-image-age",
    enabled: false,
    title: "ECR images in use should be rebuilt regularly",
    requirement: "An image that is in use should have been pushed within the last maxAgeDays.",
    severities: &[(
        Severity::Low,
        "the image lacks the fixes of the time since it was built",
    )],
    remediation: Remediation {
        text: "Rebuild the image from a current base image, deploy the new image, and delete this one. To list the \
               times of the image:",
        command: "aws ecr describe-images --region {region} --repository-name {repository} --image-ids \
                  imageDigest={name}",
        url: "https://docs.aws.amazon.com/eks/latest/best-practices/image-security.html",
    },
    parameters: &[&MAX_AGE_DAYS, &USED_DAYS],
    needs: &[],
    evaluate: &Evaluate(evaluate),
};

fn evaluate(image: &EcrImage, settings: &ParameterValues) -> Verdict {
    if let Some(verdict) = index(image) {
        return verdict;
    }
    if let Some(unread) = &image.undescribed {
        return Verdict::not_available(unread);
    }
    let used_days = settings.get(&USED_DAYS);
    // The texts contain no number of days, which would change every day.
    if image.pulled_days.is_none_or(|days| days > used_days) {
        return Verdict::not_applicable(
            ReasonCode::ImageNotActive,
            format!("The image was not pulled within {used_days} days."),
        );
    }
    let Some(age) = image.age else {
        return Verdict::not_available(&Unread {
            code: ReasonCode::PushTimeUnknown,
            text: "ECR does not report when the image was pushed.".to_owned(),
        });
    };
    let max_age_days = settings.get(&MAX_AGE_DAYS);
    let max_age = Duration::from_hours(24 * u64::from(max_age_days));
    if age > max_age {
        return Verdict::failed(
            Severity::Low,
            ReasonCode::ImageTooOld,
            format!(
                "The image was pulled within {used_days} days and was pushed more than {max_age_days} days ago."
            ),
        );
    }
    Verdict::passed(
        ReasonCode::ImageRecent,
        format!("The image was pushed within {max_age_days} days."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checks::samples::{image, settings, unread};
    use crate::verdict::Outcome;

    const DAY: Duration = Duration::from_hours(24);

    fn outcome(image: &EcrImage, parameters: &str) -> Outcome {
        evaluate(image, &settings(CHECK.parameters, parameters)).outcome
    }

    #[test]
    fn an_image_in_use_may_be_old_only_up_to_a_limit() {
        let old = Outcome::Failed(Severity::Low);
        let days = |days| Some(DAY * days);
        for (pulled_days, age, parameters, expected) in [
            (Some(1), days(200), "{}", old),
            (Some(1), days(179), "{}", Outcome::Passed),
            (Some(1), days(180), "{}", Outcome::Passed),
            (Some(1), Some(180 * DAY + Duration::from_secs(1)), "{}", old),
            (Some(30), days(200), "{}", old),
            (Some(31), days(200), "{}", Outcome::NotApplicable),
            (None, days(200), "{}", Outcome::NotApplicable),
            (Some(0), None, "{}", Outcome::NotAvailable),
            (None, None, "{}", Outcome::NotApplicable),
            (
                Some(1),
                days(200),
                r#"{"maxAgeDays": 200}"#,
                Outcome::Passed,
            ),
            (Some(31), days(200), r#"{"usedDays": 31}"#, old),
        ] {
            let image = EcrImage {
                age,
                pulled_days,
                ..image()
            };
            assert_eq!(outcome(&image, parameters), expected, "{image:?}");
        }
    }

    #[test]
    fn an_image_that_was_not_described_is_not_available() {
        let image = EcrImage {
            undescribed: Some(unread()),
            pulled_days: None,
            ..image()
        };
        assert_eq!(outcome(&image, "{}"), Outcome::NotAvailable);
    }
}
